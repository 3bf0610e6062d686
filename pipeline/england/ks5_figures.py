"""The department's key stage 5 figures: which are published, and how."""

import numpy as np

from pipeline.england import cells
from pipeline.england.arrays import Claims, Counts, Numbers, Words, words
from pipeline.england.cells import coded, fixed, percent, small, whole
from pipeline.england.expected import HALVES
from pipeline.england.layout import Layout
from pipeline.england.planted import PROGRESS, in_year
from pipeline.england.results import ACADEMIC, APPLIED, BEST_3, Figures
from pipeline.measures.measure import Group

Columns = dict[str, Words]

VALUE_ADDED = "a_level_value_added"
HALF_ENDINGS: dict[Group, str] = {"disadvantaged": "_DIS", "others": "_NOTDIS"}
POINTS: dict[str, tuple[str, str, str]] = {
    "ALEV_1618": ("a_level_points", "ALEV_1618", "ALEV"),
    "ACAD_1618": (ACADEMIC, "ACAD_1618", "ACAD"),
    "AGEN": (APPLIED, "AGEN", "AGEN"),
}
"""By the end of the columns of one kind of qualification: its measure, and the stems of
its points and of its grades for the two halves."""
_STUDENTS_ON_ROLL = {"college": 6.0, "special": 2.2}


def figures_of(figures: Figures, layout: Layout, kind: Words) -> Columns:
    """Write every figure of these schools (or authorities), suppressed where it must.

    Independent schools publish nothing of disadvantaged students (NA). The number of
    students is published whatever it is, points only from six students on; of the two
    halves neither where one of them has 1 to 5 students.
    """
    private = kind == "independent"
    taken = figures.pupils["all"]
    roll = np.where(kind == "college", 1.6, 1.12)
    every = np.maximum(np.round(taken * roll), taken * 1.0)
    columns: Columns = {
        "TPUP1618": on_roll(figures, kind),
        "TALLPUP_1618": fixed(every, 0, trailing_zeros=True),
    }
    for end, (measure, _, grade) in POINTS.items():
        columns |= _points(figures, layout, measure, end, grade, private)
    best = figures.value[BEST_3]["all"]
    counted = figures.covered[BEST_3]["all"]
    rules = _rules(best, counted)
    columns["TINCLUDE_B3"] = coded(whole(counted), (counted == 0, "NE"))
    columns["TB3PTSE"] = coded(_two(best, layout), *rules)
    columns["TB3PTSE_GRD"] = coded(grades(best), *rules)
    top = 100 / (1 + np.exp(-(np.nan_to_num(best) - 46.5) / 7.0))
    columns["PTAAB_2FAC"] = coded(percent(top, layout.percent_decimals), *rules)
    if layout.value_added:
        columns |= _value_added(figures, layout, private)
    return columns


def on_roll(figures: Figures, kind: Words) -> Words:
    """Write the number of students aged 16 to 18, in all years and of all kinds."""
    each = np.array([_STUDENTS_ON_ROLL.get(k, 2.1) for k in kind])
    return fixed(np.round(each * figures.pupils["all"]), 0, trailing_zeros=True)


def _two(value: Numbers, layout: Layout) -> Words:
    return fixed(value, 2, trailing_zeros=layout.trailing_zeros)


def _rules(value: Numbers, counted: Counts) -> tuple[tuple[Claims, str], ...]:
    return (((counted == 0) | np.isnan(value), "NE"), (small(counted), "SUPP"))


def _points(
    figures: Figures,
    layout: Layout,
    measure: str,
    end: str,
    grade: str,
    private: Claims,
) -> Columns:
    value = figures.value[measure]
    count = {g: figures.weights(measure, g) for g in ("all", *HALVES)}
    rules = _rules(value["all"], count["all"])
    year_end = end.removesuffix("_1618")
    columns = {
        f"TALLPUP_{end}": coded(whole(count["all"]), (count["all"] == 0, "NE")),
        f"TALLPPE_{end}": coded(_two(value["all"], layout), *rules),
        f"TALLPPEGRD_{end}": coded(grades(value["all"]), *rules),
    }
    hidden = small(*(count[g] for g in HALVES))
    for group, half in HALF_ENDINGS.items():
        own = (
            (private, "NA"),
            ((count[group] == 0) | np.isnan(value[group]), "NE"),
            (hidden, "SUPP"),
        )
        columns[f"TALLPUP_{end}{half}"] = coded(whole(count[group]), *own)
        columns[f"TALLPPE_{end}{half}"] = coded(_two(value[group], layout), *own)
        columns[f"TALLPPEGRD_{year_end}{half}"] = coded(grades(value[group]), *own)
    return columns


def _value_added(figures: Figures, layout: Layout, private: Claims) -> Columns:
    value, entries = figures.value[VALUE_ADDED], figures.covered[VALUE_ADDED]
    spread = in_year(PROGRESS[VALUE_ADDED].pupil, layout.year)
    hidden = small(*(entries[g] for g in HALVES))
    columns: Columns = {}
    groups: dict[Group, str] = {"all": ""}
    for group, end in (groups | HALF_ENDINGS).items():
        low, high = cells.bounds(value[group], entries[group], spread)
        rules = (
            ((private & (group != "all")), "NA"),
            (entries[group] == 0, "NE"),
            (small(entries["all"]) if group == "all" else hidden, "SUPP"),
        )
        columns[f"ENTRIES_ALEV{end}"] = coded(whole(entries[group]), *rules)
        for stem, number in (("VA", value[group]), ("UCI", high), ("LCI", low)):
            columns[f"{stem}_INS_ALEV{end}"] = coded(_two(number, layout), *rules)
    return columns


def grades(points: Numbers) -> Words:
    """Write points as the grade they are worth: 30 is C, 33.4 C+, 50 A.

    SOURCE: the grades beside the points in england_ks5final.csv: thirds of a grade, in
    the middle of which stands 10, 20, ... 60 points.
    """
    third = np.floor((np.nan_to_num(points) + 5.0) / 10 * 3).astype(np.int64)
    names = words(
        [
            f"{letter}{sign}"
            for letter in ("U", "E", "D", "C", "B", "A", "A*")
            for sign in ("-", "", "+")
        ]
    )
    written = names[np.clip(third, 0, len(names) - 2)]
    return np.where(np.isnan(points), "", written).astype(object)


def national_figures(columns: Columns, layout: Layout) -> Columns:
    """Leave out of the national rows what the department leaves out.

    The first row is all schools and colleges: nothing of disadvantaged students. In the
    years to 2019 no number of students stands in either row, but numbers of entries do.
    """
    kept = {name: cell.copy() for name, cell in columns.items()}
    for name, cell in kept.items():
        half = name.endswith(("_DIS", "_NOTDIS"))
        bound = name.startswith(("UCI_", "LCI_"))
        if half and not name.startswith("TALLPUP"):
            cell[0] = "NA"
        if bound:
            cell[:] = "NA"
        number = name.startswith(("TALLPUP", "TINCLUDE", "TPUP"))
        if number and (layout.year <= 2019 or name == "TPUP1618"):
            cell[:] = ""
        elif number and half:
            cell[0] = ""
    return kept


def authority_figures(columns: Columns, layout: Layout) -> Columns:
    """Leave out of authorities' rows what the department leaves out: value added."""
    kept = dict(columns)
    for name, cell in columns.items():
        if "_INS_ALEV" in name or name.startswith("ENTRIES"):
            kept[name] = words(["NA"] * len(cell))
        if layout.year <= 2019 and name.startswith(("TALLPUP", "TINCLUDE")):
            kept[name] = words([""] * len(cell))
    kept["TPUP1618"] = words([""] * len(columns["TPUP1618"]))
    return kept
