"""The department's key stage 4 figures: which are published, and how."""

import numpy as np

from pipeline.england import cells
from pipeline.england.arrays import Claims, Numbers, Words
from pipeline.england.cells import coded, fixed, follow, percent, share, small, whole
from pipeline.england.expected import HALVES
from pipeline.england.layout import Layout
from pipeline.england.planted import PROGRESS, in_year
from pipeline.england.results import PRIORS, SEXES, Figures
from pipeline.measures.measure import Group

Columns = dict[str, Words]
Rules = tuple[tuple[Claims, str], ...]

ENDINGS: dict[Group, str] = {
    "disadvantaged": "_FSM6CLA1A",
    "others": "_NFSM6CLA1A",
    "girls": "_GIRLS",
    "boys": "_BOYS",
    "low_prior": "_LO",
    "middle_prior": "_AV",
    "high_prior": "_HI",
}
COUNTS: dict[Group, str] = {
    "disadvantaged": "FSM6CLA1A",
    "others": "NOTFSM6CLA1A",
    "low_prior": "PRIORLO",
    "middle_prior": "PRIORAV",
    "high_prior": "PRIORHI",
}
"""Columns of the number of pupils in a group begin with T, of their share with PT."""
BASICS: dict[Group, str] = {
    "all": "PTL2BASICS",
    "disadvantaged": "PTFSM6CLA1ABASICS",
    "others": "PTNOTFSM6CLA1ABASICS",
    "girls": "PGL2BASICS",
    "boys": "PBL2BASICS",
    "low_prior": "PTBASICSLO",
    "middle_prior": "PTBASICSAV",
    "high_prior": "PTBASICSHI",
}


def figures_of(
    figures: Figures,
    layout: Layout,
    national: Figures,
    school_type: Words,
    decimals: int,
) -> Columns:
    """Write every figure of these schools (or authorities), suppressed where it must.

    Independent schools publish no progress and nothing of disadvantaged pupils or prior
    attainment (NP), non-maintained special schools nothing of the latter; a school
    without entries publishes NE. `national` holds the state-funded nation.
    """
    private = np.isin(school_type, ["IND", "INDSPEC"])
    not_state = private | (school_type == "NMSS")
    columns = _pupils(figures, not_state, decimals)
    columns |= _all_pupils(figures, layout, private, decimals)
    for group in ENDINGS:
        columns |= _group(figures, layout, group, decimals, private, not_state)
    return columns | _differences(figures, layout, national, columns)


def _pupils(figures: Figures, not_state: Claims, decimals: int) -> Columns:
    count = figures.pupils["all"]
    tiny = small(count)
    columns: Columns = {"TPUP": whole(count)}
    for group, letter in (("girls", "G"), ("boys", "B")):
        part = figures.pupils[group]  # type: ignore[index]
        none = (part == 0) & (count > 0)
        columns[f"{letter}PUP"] = coded(whole(part), (tiny, "SUPP"), (none, "NA"))
        columns[f"P{letter}PUP"] = coded(
            percent(share(part, count), 0), (tiny, "SUPP"), (none, "NA")
        )
    shown: Rules = ((not_state, "NP"), (tiny, "SUPP"))
    for group, name in COUNTS.items():
        part = figures.pupils[group]
        columns[f"T{name}"] = coded(whole(part), *shown)
        columns[f"PT{name}"] = coded(percent(share(part, count), decimals), *shown)
    return columns


def _all_pupils(
    figures: Figures, layout: Layout, private: Claims, decimals: int
) -> Columns:
    count, covered = figures.pupils["all"], figures.covered["progress_8"]["all"]
    tiny = small(count)
    entered: Rules = (
        (tiny, "SUPP"),
        (np.isnan(figures.value["attainment_8"]["all"]), "NE"),
    )
    columns = {
        name: coded(cell, *entered)
        for name, cell in _attained(figures, layout, "all", decimals).items()
    }
    columns["PTL2BASICS_LL_PTQ_EE"] = columns["PTL2BASICS_94"]
    rate = share(covered, count)
    none: Rules = ((private, "NP"), (tiny, "SUPP"), (covered == 0, "NE"))
    rules: Rules = (
        (private, "NP"),
        (tiny | small(covered), "SUPP"),
        (covered == 0, "NE"),
        (rate < 50, "LOWCOV"),
    )
    columns["P8PUP"] = coded(whole(covered), *none)
    columns["P8MEACOV"] = coded(percent(rate, 0), *none)
    for end, cell in _with_bounds(figures, layout, "all").items():
        columns[f"P8{end}"] = coded(cell, *rules)
    columns["P8_BANDING"] = _banding(figures, layout, rules)
    return columns


def _group(
    figures: Figures,
    layout: Layout,
    group: Group,
    decimals: int,
    private: Claims,
    not_state: Claims,
) -> Columns:
    """Write one group's figures.

    SOURCE: a school without girls (or boys) has NA there, and NE for their grades in
    English and maths; groups by sex and prior attainment are suppressed for their own
    number alone, whatever can be had by subtraction.
    """
    pupils, covered = figures.pupils, figures.covered["progress_8"]
    low = share(covered["all"], pupils["all"]) < 50
    own = [pupils[group], covered[group]]
    if group in HALVES:
        own = [c[g] for c in (pupils, covered) for g in HALVES]
    hidden = small(pupils["all"], *own)
    unshown = private & False if group in SEXES else not_state
    absent = "NA" if group in SEXES else "NE"
    rules: Rules = (
        (unshown, "NP"),
        (hidden, "SUPP"),
        ((pupils[group] == 0) & (pupils["all"] > 0), absent),
        (np.isnan(figures.value["attainment_8"][group]), "NE"),
    )
    progress: Rules = (
        (private if group in SEXES else unshown, "NP"),
        (hidden, "SUPP"),
        ((covered[group] == 0) & (group in SEXES) & (pupils[group] == 0), "NA"),
        (covered[group] == 0, "NE"),
    )
    columns: Columns = {}
    for name, cell in _attained(figures, layout, group, decimals).items():
        basics = (np.isnan(figures.value["english_maths_5"][group]), "NE")
        shown = (*rules[:2], basics) if "BASICS" in name else rules
        columns[name] = coded(cell, *shown)
    ending = ENDINGS[group]
    columns[f"P8PUP{ending}"] = coded(whole(covered[group]), *progress)
    for end, cell in _with_bounds(figures, layout, group).items():
        stem, _, orig = end.partition("_")
        column = f"P8{stem}{ending}" + ("_ORIG" if orig else "")
        columns[column] = coded(cell, *progress, (low, "LOWCOV"))
    return columns


def _attained(figures: Figures, layout: Layout, group: Group, decimals: int) -> Columns:
    value = {m: by[group] for m, by in figures.value.items()}
    ending = ENDINGS.get(group, "")
    zeros = layout.trailing_zeros
    return {
        f"ATT8SCR{ending}": fixed(value["attainment_8"], 1, trailing_zeros=zeros),
        f"EBACCAPS{ending}": fixed(value["ebacc_points"], 2, trailing_zeros=zeros),
        f"{BASICS[group]}_94": percent(value["english_maths_4"], decimals),
        f"{BASICS[group]}_95": percent(value["english_maths_5"], decimals),
    }


def _differences(
    figures: Figures, layout: Layout, national: Figures, columns: Columns
) -> Columns:
    """Give how far disadvantaged pupils lie behind other pupils nationally."""
    written: Columns = {}
    for end, measure, stem, places in (
        ("ATT8", "attainment_8", "ATT8SCR", 1),
        ("P8MEA", "progress_8", "P8MEA", 2),
    ):
        apart = figures.value[measure]["disadvantaged"]
        apart = apart - national.value[measure]["others"][0]
        number = fixed(apart, places, trailing_zeros=layout.trailing_zeros)
        written[f"DIFFN_{end}"] = follow(columns[f"{stem}_FSM6CLA1A"], number)
    return written


def _with_bounds(figures: Figures, layout: Layout, group: Group) -> Columns:
    value = figures.value["progress_8"][group]
    # SOURCE: from 2017/18 extreme scores of pupils are limited; the figures without
    # the limit stand beside the others as `_ORIG`.
    free = value - 0.01 - 0.01 * np.abs(value)
    pupils = figures.covered["progress_8"][group]
    spread = in_year(PROGRESS["progress_8"].pupil, layout.year)
    written: Columns = {}
    for end, middle in (("", value), ("_ORIG", free)):
        if end and not layout.capped:
            continue
        low, high = cells.bounds(middle, pupils, spread)
        for stem, number in (("MEA", middle), ("CILOW", low), ("CIUPP", high)):
            written[stem + end] = fixed(number, 2, trailing_zeros=layout.trailing_zeros)
    return written


def _banding(figures: Figures, layout: Layout, rules: Rules) -> Words:
    value: Numbers = figures.value["progress_8"]["all"]
    pupils = figures.covered["progress_8"]["all"]
    spread = in_year(PROGRESS["progress_8"].pupil, layout.year)
    low, high = cells.bounds(value, pupils, spread)
    above = np.where(value >= 0.5, "1", "2")
    below = np.where(value < -0.5, "5", "4")
    band = np.where(low > 0, above, np.where(high < 0, below, "3")).astype(object)
    return coded(band, *((where, "") for where, _ in rules))


def national_figures(columns: Columns) -> Columns:
    """Leave out of the national rows what the department leaves out.

    The first row is all schools: no progress and no groups but girls and boys, since
    independent schools have neither. The second is state-funded schools: no bounds for
    all pupils.
    """
    kept = {name: cell.copy() for name, cell in columns.items()}
    everywhere = {"TPUP", "ATT8SCR", "EBACCAPS", "PTL2BASICS_94", "PTL2BASICS_95"}
    everywhere |= {"PTL2BASICS_LL_PTQ_EE", "GPUP", "BPUP", "PGPUP", "PBPUP"}
    for group in SEXES:
        everywhere |= {f"{stem}{ENDINGS[group]}" for stem in ("ATT8SCR", "EBACCAPS")}
        everywhere |= {f"{BASICS[group]}_9{grade}" for grade in (4, 5)}
    bounds_of_all = ("P8CILOW", "P8CIUPP", "P8CILOW_ORIG", "P8CIUPP_ORIG")
    for name, cell in kept.items():
        if name not in everywhere:
            cell[0] = ""
        if name in bounds_of_all or name.startswith("DIFFN") or name == "P8_BANDING":
            cell[1] = ""
    return kept


__all__ = ["BASICS", "COUNTS", "ENDINGS", "PRIORS", "figures_of", "national_figures"]
