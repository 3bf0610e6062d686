"""The department's key stage 2 figures: which are published, and how."""

import numpy as np

from pipeline.england import cells
from pipeline.england.cells import coded, fixed, follow, percent, share, small, whole
from pipeline.england.layout import SUBJECTS, Layout
from pipeline.england.results import Figures
from pipeline.england.schools import Claims, Words
from pipeline.measures.measure import Group

Columns = dict[str, Words]

# SOURCE: 2017 and 2018 are found from the bounds published for Hampshire's schools; the
# values of 2019 reproduce theirs. 2016 is given those of 2017, 2023 those of 2019.
_SPREAD: dict[str, dict[int, float]] = {
    "READ": {2016: 6.25, 2017: 6.25, 2018: 5.98, 2019: 6.17358373, 2023: 6.2},
    "WRIT": {2016: 6.05, 2017: 6.05, 2018: 5.74, 2019: 5.69410663, 2023: 5.7},
    "MAT": {2016: 5.62, 2017: 5.62, 2018: 5.43, 2019: 5.38985717, 2023: 5.4},
}
_HALVES: dict[Group, str] = {
    "disadvantaged": "_FSM6CLA1A",
    "others": "_NOTFSM6CLA1A",
}


def figures_of(figures: Figures, layout: Layout, national: Figures) -> Columns:
    """Write every figure of these schools (or authorities), suppressed where it must.

    `national` holds the state-funded nation, from which DIFFN_ columns are counted.
    """
    count = figures.pupils["all"]
    tiny = small(count)
    columns: Columns = {"TPUPYEAR": whole(count), "TELIG": whole(count)}
    for group, name in _HALVES.items():
        part = figures.pupils[group]
        rate = percent(share(part, count), 0)
        columns[f"T{name[1:]}"] = coded(whole(part), (tiny, "SUPP"))
        columns[f"PT{name[1:]}"] = coded(rate, (tiny, "SUPP"))
    columns |= _attainment(figures, layout, national, tiny)
    for subject in SUBJECTS:
        columns |= _progress(figures, layout, national, subject, tiny)
    return columns


def _attainment(
    figures: Figures, layout: Layout, national: Figures, tiny: Claims
) -> Columns:
    value = figures.value["rwm_expected"]
    columns = {"PTRWM_EXP": coded(percent(value["all"], 0), (tiny, "SUPP"))}
    either = small(*(figures.pupils[g] for g in _HALVES))
    for group, name in _HALVES.items():
        none = figures.pupils[group] == 0
        other: Group = "others" if group == "disadvantaged" else "disadvantaged"
        alone = figures.pupils[other] == 0
        # SOURCE: up to 2018 a group that is the whole school is published; the table
        # of 2019 suppresses it.
        hidden = either | (alone & (layout.year >= 2019))
        columns[f"PTRWM_EXP{name}"] = coded(
            percent(value[group], 0), (none, ""), (hidden, "SUPP")
        )
    apart = value["disadvantaged"] - national.value["rwm_expected"]["others"][0]
    columns["DIFFN_RWM_EXP"] = follow(
        columns["PTRWM_EXP_FSM6CLA1A"], fixed(apart, 0, trailing_zeros=True)
    )
    return columns


def _progress(
    figures: Figures, layout: Layout, national: Figures, subject: str, tiny: Claims
) -> Columns:
    measure = f"{SUBJECTS[subject]}_progress"
    value, covered = figures.value[measure], figures.covered[measure]
    rate = share(covered["all"], figures.pupils["all"])
    low = rate < 50
    hidden = tiny | small(covered["all"])
    rules = ((covered["all"] == 0, "NA"), (hidden, "SUPP"), (low, "LOWCOV"))
    name = f"{subject}PROG"
    columns = {f"{subject}COV": coded(percent(rate, 0), *rules)}
    for end, cell in _with_bounds(figures, layout, subject, "all").items():
        columns[f"{name}{end}"] = coded(cell, *rules)
    # SOURCE: from 2017/18 extreme scores of pupils are limited; the figure without
    # the limit stands beside it under a name that begins alike.
    limit = np.where(value["all"] < 0, 0.04 * value["all"], 0.0)
    unadjusted = fixed(value["all"] + limit, 1, trailing_zeros=layout.trailing_zeros)
    columns[f"{name}_UNADJUSTED"] = coded(unadjusted, *rules)
    halves = [figures.pupils[g] for g in _HALVES] + [covered[g] for g in _HALVES]
    lone = (figures.pupils["disadvantaged"] == 0) | (figures.pupils["others"] == 0)
    for group, half in _HALVES.items():
        own = (
            (figures.pupils[group] == 0, ""),
            (small(*halves) | lone | tiny, "SUPP"),
            (covered[group] == 0, "NA"),
            (low, "LOWCOV"),
        )
        for end, cell in _with_bounds(figures, layout, subject, group).items():
            columns[f"{name}{half}{end}"] = coded(cell, *own)
    apart = value["disadvantaged"] - national.value[measure]["others"][0]
    columns[f"DIFFN_{name}"] = follow(
        columns[f"{name}_FSM6CLA1A"],
        fixed(apart, 1, trailing_zeros=layout.trailing_zeros),
    )
    return columns


def _with_bounds(figures: Figures, layout: Layout, subject: str, group: Group) -> Columns:
    measure = f"{SUBJECTS[subject]}_progress"
    value = figures.value[measure][group]
    pupils = figures.covered[measure][group]
    low, high = cells.bounds(value, pupils, _SPREAD[subject][layout.year])
    return {
        end: fixed(number, 1, trailing_zeros=layout.trailing_zeros)
        for end, number in (("", value), ("_LOWER", low), ("_UPPER", high))
    }


def national_figures(columns: Columns) -> Columns:
    """Make the national rows as odd as the department's.

    SOURCE: progress of all pupils is left out there (it is nought by definition); that
    of the two groups is published, with bounds and differences that read 0.
    """
    odd = dict(columns)
    for subject in SUBJECTS:
        name = f"{subject}PROG"
        blank = np.full(len(columns[name]), "", dtype=object)
        nought = np.full(len(columns[name]), "0", dtype=object)
        for end in ("", "_LOWER", "_UPPER"):
            odd[f"{name}{end}"] = blank
        odd[f"{subject}COV"] = blank
        for half in _HALVES.values():
            odd[f"{name}{half}_LOWER"] = odd[f"{name}{half}_UPPER"] = nought
        odd[f"DIFFN_{name}"] = odd[f"{name}_UNADJUSTED"] = nought
        odd["DIFFN_RWM_EXP"] = nought
    return odd
