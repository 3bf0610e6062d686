"""The department's key stage 4 figures: which are published, and how."""

import numpy as np

from pipeline.england import cells
from pipeline.england.cells import coded, fixed, follow, percent, share, small, whole
from pipeline.england.layout import Layout
from pipeline.england.results import Figures
from pipeline.england.schools import Claims, Numbers, Words
from pipeline.measures.measure import Group

Columns = dict[str, Words]
Rules = tuple[tuple[Claims, str], ...]

# SOURCE: 2022 and 2023 as in the department's ready reckoner; the years before are
# found from the bounds published for the schools of Hampshire and Surrey.
_SPREAD = {
    2016: 1.06,
    2017: 1.23,
    2018: 1.26,
    2019: 1.28,
    2022: 1.408359,
    2023: 1.414023,
}
_HALVES: dict[Group, tuple[str, str]] = {
    "disadvantaged": ("FSM6CLA1A", "FSM6CLA1A"),
    "others": ("NFSM6CLA1A", "NOTFSM6CLA1A"),
}
"""Two spellings of each group: in the names of results, and of numbers of pupils."""


def figures_of(
    figures: Figures,
    layout: Layout,
    national: Figures,
    school_type: Words,
    decimals: int,
) -> Columns:
    """Write every figure of these schools (or authorities), suppressed where it must.

    Independent schools publish no progress and nothing of disadvantaged pupils (NP),
    non-maintained special schools nothing of the latter; a school without entries
    publishes NE. `national` holds the state-funded nation.
    """
    count = figures.pupils["all"]
    private = np.isin(school_type, ["IND", "INDSPEC"])
    not_state = private | (school_type == "NMSS")
    tiny = small(count)
    columns: Columns = {"TPUP": whole(count)}
    attained: Rules = (
        (tiny, "SUPP"),
        (np.isnan(figures.value["attainment_8"]["all"]), "NE"),
    )
    columns |= _attainment(figures, layout, decimals, attained)
    columns |= _progress(figures, layout, private)
    shown: Rules = ((not_state, "NP"), (tiny, "SUPP"))
    for group, (_, name) in _HALVES.items():
        part = figures.pupils[group]
        columns[f"T{name}"] = coded(whole(part), *shown)
        columns[f"PT{name}"] = coded(percent(share(part, count), decimals), *shown)
        columns |= _half(figures, layout, group, decimals, not_state)
    return columns | _differences(figures, layout, national, columns)


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


def _attainment(figures: Figures, layout: Layout, decimals: int, rules: Rules) -> Columns:
    points = fixed(
        figures.value["attainment_8"]["all"], 1, trailing_zeros=layout.trailing_zeros
    )
    strong = figures.value["english_maths_5"]["all"]
    standard = 100 * (strong / 100) ** 0.55
    return {
        "ATT8SCR": coded(points, *rules),
        "PTL2BASICS_95": coded(percent(strong, decimals), *rules),
        "PTL2BASICS_94": coded(percent(standard, decimals), *rules),
        "PTL2BASICS_LL_PTQ_EE": coded(percent(standard, decimals), *rules),
    }


def _progress(figures: Figures, layout: Layout, private: Claims) -> Columns:
    count, covered = figures.pupils["all"], figures.covered["progress_8"]["all"]
    tiny = small(count)
    rate = share(covered, count)
    none: Rules = ((private, "NP"), (tiny, "SUPP"), (covered == 0, "NE"))
    rules: Rules = (
        (private, "NP"),
        (tiny | small(covered), "SUPP"),
        (covered == 0, "NE"),
        (rate < 50, "LOWCOV"),
    )
    columns: Columns = {
        "P8PUP": coded(whole(covered), *none),
        "P8MEACOV": coded(percent(rate, 0), *none),
    }
    for end, cell in _with_bounds(figures, layout, "all").items():
        columns[f"P8{end}"] = coded(cell, *rules)
    columns["P8_BANDING"] = _banding(figures, layout, rules)
    return columns


def _half(
    figures: Figures, layout: Layout, group: Group, decimals: int, not_state: Claims
) -> Columns:
    name, other_name = _HALVES[group]
    covered = figures.covered["progress_8"]
    counts = [figures.pupils[g] for g in _HALVES] + [covered[g] for g in _HALVES]
    value = {m: figures.value[m][group] for m in ("attainment_8", "english_maths_5")}
    low = share(covered["all"], figures.pupils["all"]) < 50
    hidden: Rules = (
        (not_state, "NP"),
        (small(figures.pupils["all"], *counts), "SUPP"),
    )
    rules: Rules = (*hidden, (np.isnan(value["attainment_8"]), "NE"))
    progress: Rules = (*hidden, (covered[group] == 0, "NE"))
    points = fixed(value["attainment_8"], 1, trailing_zeros=layout.trailing_zeros)
    strong = percent(value["english_maths_5"], decimals)
    columns: Columns = {
        f"ATT8SCR_{name}": coded(points, *rules),
        f"PT{other_name}BASICS_95": coded(strong, *rules),
        f"P8PUP_{name}": coded(whole(covered[group]), *progress),
    }
    for end, cell in _with_bounds(figures, layout, group).items():
        stem, _, orig = end.partition("_")
        column = f"P8{stem}_{name}" + ("_ORIG" if orig else "")
        columns[column] = coded(cell, *progress, (low, "LOWCOV"))
    return columns


def _with_bounds(figures: Figures, layout: Layout, group: Group) -> Columns:
    value = figures.value["progress_8"][group]
    # SOURCE: from 2017/18 extreme scores of pupils are limited; the figures without
    # the limit stand beside the others as `_ORIG`.
    free = value - 0.01 - 0.01 * np.abs(value)
    pupils = figures.covered["progress_8"][group]
    written: Columns = {}
    for end, middle in (("", value), ("_ORIG", free)):
        low, high = cells.bounds(middle, pupils, _SPREAD[layout.year])
        for stem, number in (("MEA", middle), ("CILOW", low), ("CIUPP", high)):
            written[stem + end] = fixed(number, 2, trailing_zeros=layout.trailing_zeros)
    return written


def _banding(figures: Figures, layout: Layout, rules: Rules) -> Words:
    value: Numbers = figures.value["progress_8"]["all"]
    pupils = figures.covered["progress_8"]["all"]
    low, high = cells.bounds(value, pupils, _SPREAD[layout.year])
    above = np.where(value >= 0.5, "1", "2")
    below = np.where(value < -0.5, "5", "4")
    band = np.where(low > 0, above, np.where(high < 0, below, "3")).astype(object)
    return coded(band, *((where, "") for where, _ in rules))


def national_figures(columns: Columns) -> Columns:
    """Leave out of the national rows what the department leaves out.

    The first row is all schools: no progress and no groups, since independent schools
    have neither. The second is state-funded schools: no bounds for all pupils.
    """
    kept = {name: cell.copy() for name, cell in columns.items()}
    everywhere = {"TPUP", "ATT8SCR", "PTL2BASICS_94", "PTL2BASICS_95"}
    for name, cell in kept.items():
        if name not in everywhere | {"PTL2BASICS_LL_PTQ_EE"}:
            cell[0] = ""
        bounds_of_all = name.startswith("P8CI") and "FSM6" not in name
        if bounds_of_all or name.startswith("DIFFN") or name == "P8_BANDING":
            cell[1] = ""
    return kept
