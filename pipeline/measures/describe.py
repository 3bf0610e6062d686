"""The reference of all measures as Markdown, so that it cannot drift from the code."""

import sys
from types import ModuleType

from pipeline.measures.catalogue import (
    KEY_STAGE_LABELS,
    MEASURES,
    TABLES,
    academic_year,
)
from pipeline.measures.ees import LAYOUTS, Layout
from pipeline.measures.measure import (
    GROUP_LABELS,
    KEY_STAGES,
    Group,
    Measure,
    PublishedColumns,
)

_PREAMBLE = """# Measures

Written from `pipeline/measures/`; change it there, then run
`python -m pipeline.measures.describe > reports/methods/measures.md`.

A measure is named `<key stage>.<code>`. Column names are matched whole and without regard
to case: an earlier year's figure carries a suffix (`READPROG_17`) and is never read.
Where several columns hold a number of pupils, the first that has a number is used, school
by school. A year is an academic year.

The tables of the download site come first; below each key stage stand the columns of the
school-level tables of explore-education-statistics, which have a row for each group of
pupils (`data/cards/ees-school-tables.md`).
"""


def describe() -> str:
    """Write what each measure is, where it is published and what it cannot say."""
    parts = [_PREAMBLE]
    for key_stage in KEY_STAGES:
        parts.append(f"## {KEY_STAGE_LABELS[key_stage]}\n")
        parts.append(_records(TABLES[key_stage]))
        parts += [_measure(measure) for measure in MEASURES[key_stage]]
        parts += [_ees(layout) for layout in LAYOUTS if layout.key_stage == key_stage]
    return "\n".join(parts)


def _records(table: ModuleType) -> str:
    lines = ["| record type (RECTYPE) | what the row is |", "| --- | --- |"]
    for code, name in table.SCHOOL_RECORDS.items():
        kind = f"{name} school" if name in ("mainstream", "special") else name
        lines.append(f"| {code} | {kind} |")
    for code, name in table.AGGREGATE_RECORDS.items():
        lines.append(f"| {code} | {name}: a total, no school |")
    return "\n".join(lines) + "\n"


def _measure(measure: Measure) -> str:
    low, high = measure.bounds
    places = f"{measure.decimals} decimal place{'' if measure.decimals == 1 else 's'}"
    lines = [
        f"### {measure.label}",
        "",
        f"`{measure.key_stage}.{measure.code}`, in {measure.unit}, shown to {places}. "
        f"A published figure below {low:g} or above {high:g} is refused.",
        "",
        f"**What it is.** {measure.what_it_is}",
        "",
        f"**What it cannot say.** {measure.cannot_say}",
        "",
    ]
    if measure.centred_on_national:
        lines += [
            "Its national mean is set anew each year, so a change over time is a change "
            "of relative position.",
            "",
        ]
    lines += [
        f"| pupils | figure | number of {measure.counted}, best first | published bounds |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {GROUP_LABELS[group]} | {_cells(columns)} |"
        for group, columns in measure.columns.items()
    ]
    lines += _years("Not published school by school", measure.not_published)
    for said, groups in _groups_by_years(measure).items():
        named = ", ".join(GROUP_LABELS[group] for group in groups)
        lines += _years(f"Nor, for {named}", dict(said))
    lines += _years("Not comparable with the years before", measure.breaks)
    return "\n".join(lines) + "\n"


def _groups_by_years(measure: Measure) -> dict[tuple[tuple[int, str], ...], list[Group]]:
    said: dict[tuple[tuple[int, str], ...], list[Group]] = {}
    for group, years in measure.group_not_published.items():
        said.setdefault(tuple(sorted(years.items())), []).append(group)
    return said


def _ees(layout: Layout) -> str:
    part = f" and `{layout.part.lower()}`" if layout.part else ""
    markers = " and ".join(f"`{name.lower()}`" for name in sorted(layout.markers))
    lines = [
        f"### Tables of explore-education-statistics with {markers}",
        "",
        f"Rows are told apart by the group of pupils{part}.",
        "",
        "| measure | rows | figure | number of pupils, best first | published bounds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for code, columns in layout.columns.items():
        named = columns.as_written()
        cells = PublishedColumns(named.value, named.pupils, named.low, named.high)
        rows = columns.part or "all"
        lines.append(f"| `{layout.key_stage}.{code}` | {rows} | {_cells(cells)} |")
    return "\n".join(lines) + "\n"


def _cells(columns: PublishedColumns) -> str:
    bounds = [f"`{name}`" for name in (columns.low, columns.high) if name is not None]
    otherwise = [
        f"`{name}` in {academic_year(year)}" for year, name in columns.value_in.items()
    ]
    return " | ".join(
        [
            ", ".join([f"`{columns.value}`", *otherwise]),
            ", ".join(f"`{name}`" for name in columns.pupils) or "none",
            ", ".join(bounds) or "none",
        ]
    )


def _years(title: str, said: dict[int, str]) -> list[str]:
    if not said:
        return []
    lines = [f"- {academic_year(year)}: {said[year]}" for year in sorted(said)]
    return ["", f"{title}:", "", *lines]


if __name__ == "__main__":
    sys.stdout.write(describe())
