"""The department's key stage 2 figures: which are published, and how."""

from pipeline.england import cells
from pipeline.england.arrays import Claims, Words, words
from pipeline.england.cells import coded, fixed, follow, percent, share, small, whole
from pipeline.england.expected import HALVES
from pipeline.england.layout import SUBJECTS, Layout
from pipeline.england.planted import PROGRESS, in_year
from pipeline.england.results import PRIORS, SEXES, Figures
from pipeline.measures.measure import Group

Columns = dict[str, Words]
Rules = tuple[tuple[Claims, str], ...]

ENDINGS: dict[Group, str] = {
    "disadvantaged": "_FSM6CLA1A",
    "others": "_NOTFSM6CLA1A",
    "girls": "_G",
    "boys": "_B",
    "low_prior": "_L",
    "middle_prior": "_M",
    "high_prior": "_H",
}
SCORES = {"READ_AVERAGE": "reading_score", "MAT_AVERAGE": "maths_score"}
_COUNTS: dict[Group, tuple[str, str]] = {
    "disadvantaged": ("TFSM6CLA1A", "PTFSM6CLA1A"),
    "others": ("TNOTFSM6CLA1A", "PTNOTFSM6CLA1A"),
    "girls": ("GELIG", "PGELIG"),
    "boys": ("BELIG", "PBELIG"),
    "low_prior": ("TKS1GROUP_L", "PTKS1GROUP_L"),
    "middle_prior": ("TKS1GROUP_M", "PTKS1GROUP_M"),
    "high_prior": ("TKS1GROUP_H", "PTKS1GROUP_H"),
}
"""Columns of the number of pupils in a group, and of their share."""


def figures_of(figures: Figures, layout: Layout, national: Figures) -> Columns:
    """Write every figure of these schools (or authorities), suppressed where it must.

    `national` holds the state-funded nation, from which DIFFN_ columns are counted.
    """
    count = figures.pupils["all"]
    tiny = small(count)
    columns: Columns = {"TPUPYEAR": whole(count), "TELIG": whole(count)}
    for group, (number, rate) in _COUNTS.items():
        part = figures.pupils[group]
        columns[number] = coded(whole(part), (tiny, "SUPP"))
        columns[rate] = coded(percent(share(part, count), 0), (tiny, "SUPP"))
    without = count - sum(figures.pupils[group] for group in PRIORS)
    columns["TKS1GROUP_NA"] = coded(whole(without), (tiny, "SUPP"))
    expected = figures.value["rwm_expected"]
    columns |= _attainment(
        figures,
        layout,
        "PTRWM_EXP",
        {group: percent(value, 0) for group, value in expected.items()},
    )
    apart = expected["disadvantaged"] - national.value["rwm_expected"]["others"][0]
    columns["DIFFN_RWM_EXP"] = follow(
        columns["PTRWM_EXP_FSM6CLA1A"], fixed(apart, 0, trailing_zeros=True)
    )
    for name, measure in SCORES.items():
        written = {
            group: fixed(value, 0, trailing_zeros=True)
            for group, value in figures.value[measure].items()
        }
        columns |= _attainment(figures, layout, name, written)
    for subject in SUBJECTS:
        columns |= _progress(figures, layout, national, subject, tiny)
    return columns


def _attainment(
    figures: Figures, layout: Layout, name: str, written: dict[Group, Words]
) -> Columns:
    pupils = figures.pupils
    tiny = small(pupils["all"])
    columns = {name: coded(written["all"], (tiny, "SUPP"))}
    either = small(*(pupils[g] for g in HALVES))
    for group in HALVES:
        other: Group = "others" if group == "disadvantaged" else "disadvantaged"
        # SOURCE: up to 2018 a group that is the whole school is published; the table
        # of 2019 suppresses it.
        hidden = either | ((pupils[other] == 0) & (layout.year >= 2019))
        columns[name + ENDINGS[group]] = coded(
            written[group], (pupils[group] == 0, ""), (hidden, "SUPP")
        )
    # SOURCE: groups by sex and prior attainment are suppressed for their own number
    # alone, whatever can be had by subtraction.
    for group in (*SEXES, *PRIORS):
        columns[name + ENDINGS[group]] = coded(
            written[group], (pupils[group] == 0, ""), (tiny | small(pupils[group]), "SUPP")
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
    for end, cell in _with_bounds(figures, layout, measure, "all").items():
        columns[f"{name}{end}"] = coded(cell, *rules)
    # SOURCE: from 2017/18 extreme scores of pupils are limited; the figure without
    # the limit stands beside it under a name that begins alike.
    limit = (value["all"] < 0) * 0.04 * value["all"]
    unadjusted = fixed(value["all"] + limit, 1, trailing_zeros=layout.trailing_zeros)
    columns[f"{name}_UNADJUSTED"] = coded(unadjusted, *rules)
    halves = [figures.pupils[g] for g in HALVES] + [covered[g] for g in HALVES]
    lone = (figures.pupils["disadvantaged"] == 0) | (figures.pupils["others"] == 0)
    for group, ending in ENDINGS.items():
        if group in HALVES:
            own: Rules = (
                (figures.pupils[group] == 0, ""),
                (small(*halves) | lone | tiny, "SUPP"),
                (covered[group] == 0, "NA"),
                (low, "LOWCOV"),
            )
        else:
            own = (
                (covered[group] == 0, "NA"),
                (small(figures.pupils[group], covered[group]) | tiny, "SUPP"),
                (low, "LOWCOV"),
            )
        for end, cell in _with_bounds(figures, layout, measure, group).items():
            columns[f"{name}{ending}{end}"] = coded(cell, *own)
    apart = value["disadvantaged"] - national.value[measure]["others"][0]
    columns[f"DIFFN_{name}"] = follow(
        columns[f"{name}_FSM6CLA1A"],
        fixed(apart, 1, trailing_zeros=layout.trailing_zeros),
    )
    return columns


def _with_bounds(figures: Figures, layout: Layout, measure: str, group: Group) -> Columns:
    value = figures.value[measure][group]
    pupils = figures.covered[measure][group]
    spread = in_year(PROGRESS[measure].pupil, layout.year)
    low, high = cells.bounds(value, pupils, spread)
    return {
        end: fixed(number, 1, trailing_zeros=layout.trailing_zeros)
        for end, number in (("", value), ("_LOWER", low), ("_UPPER", high))
    }


def national_figures(columns: Columns) -> Columns:
    """Make the national rows as odd as the department's.

    SOURCE: progress of all pupils is left out there (it is nought by definition); that
    of groups is published, with bounds and differences that read 0.
    """
    odd = dict(columns)
    for subject in SUBJECTS:
        name = f"{subject}PROG"
        blank = words([""] * len(columns[name]))
        nought = words(["0"] * len(columns[name]))
        for end in ("", "_LOWER", "_UPPER"):
            odd[f"{name}{end}"] = blank
        odd[f"{subject}COV"] = blank
        for ending in ENDINGS.values():
            odd[f"{name}{ending}_LOWER"] = odd[f"{name}{ending}_UPPER"] = nought
        odd[f"DIFFN_{name}"] = odd[f"{name}_UNADJUSTED"] = nought
        odd["DIFFN_RWM_EXP"] = nought
    return odd
