"""Which table a file is, what its rows are, and which of its columns are read."""

import re
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from pipeline.measures import ees
from pipeline.measures.catalogue import MEASURES, TABLES, academic_year
from pipeline.measures.catalogue import measure as measure_of
from pipeline.measures.context import TABLES as CONTEXT_TABLES
from pipeline.measures.context import ContextTable
from pipeline.measures.measure import GROUP_LABELS, KEY_STAGES, KeyStage, Measure

_DEPARTMENT = re.compile(
    r"(?:20[0-9]{2}-(?P<year>20[0-9]{2})_)?(?P<area>england|[0-9]{3})_(?P<table>[a-z0-9-]+?)"
    r"(?P<release>final|revised|provisional)?\.csv",
    re.IGNORECASE,
)
_FOLDER = re.compile(r"20[0-9]{2}-(20[0-9]{2})")
_EXPLORE = {ees.PERIOD, ees.LEVEL}
_WHO = ("URN", "LA", "LEA", "ESTAB")
_URN = r"[0-9]{6}"


@dataclass(frozen=True)
class Use:
    """What the project reads a column for."""

    said: str
    bounds: tuple[float, float] | None = None
    """Between which numbers a figure lies; another is refused."""
    is_percentage: bool = False
    is_figure: bool = False
    """It is the figure itself, not a number of pupils or a bound beside it."""
    breaks: dict[int, str] = field(default_factory=dict)
    """Academic year from which it is not comparable with earlier ones, and why."""


@dataclass(frozen=True)
class Identity:
    """Which table of which year, area and release a file is."""

    table: str
    """Its part of the department's file names, such as 'ks4' or 'census'."""
    year: int | None
    area: str
    release: str
    is_explore: bool = False
    """It has the layout of explore-education-statistics: one line for each school, names
    in small letters, codes such as z and c."""

    @property
    def said(self) -> str:
        """Name the table for a reader: 'ks4 final of 2018/19, 936'."""
        words = " ".join(word for word in (self.table, self.release) if word)
        year = f" of {academic_year(self.year)}" if self.year else ""
        return f"{words}{year}" + (f", {self.area}" if self.area else "")


def identify(shown: str, header: tuple[str, ...]) -> Identity:
    """Tell by its name, and by its columns where the name is another's, what a file is."""
    *folders, name = shown.replace("\\", "/").split("/")
    years = [int(m[1]) for part in folders if (m := _FOLDER.fullmatch(part))]
    year = years[-1] if years else None
    columns = {column.strip().upper() for column in header}
    if columns >= _EXPLORE:
        return Identity(_of_explore(columns, name), year, "england", "", is_explore=True)
    found = _DEPARTMENT.fullmatch(name)
    if found is not None:
        release = (found["release"] or "").lower()
        year = int(found["year"]) if found["year"] else year
        return Identity(found["table"].lower(), year, found["area"].lower(), release)
    by_columns = [
        code for code, markers in _markers().items() if {"URN", *markers} <= columns
    ]
    return Identity(by_columns[0] if by_columns else "", year, "", "")


def _of_explore(columns: set[str], name: str) -> str:
    """Name a table of explore-education-statistics by its columns, else by its file."""
    layout = ees.layout_of(frozenset(columns))
    if layout is not None:
        return f"ees-{layout.key_stage}"
    information = ees.information_of(frozenset(columns))
    if information is not None:
        return f"ees-{information.key_stage}-information"
    return re.sub(r"[_-]?(?:20)?[0-9]{2,6}$", "", name.rsplit(".", 1)[0].lower())


def _markers() -> dict[str, tuple[str, ...]]:
    stages: dict[str, tuple[str, ...]] = {ks: TABLES[ks].TABLE_MARKERS for ks in KEY_STAGES}
    return stages | {table.file: table.markers for table in CONTEXT_TABLES}


@cache
def uses(table: str, year: int | None) -> dict[str, Use]:
    """List the columns that are read from a table of a year, in capitals, and for what.

    A measure that the catalogue says was not published that year needs no column.
    """
    for key_stage in KEY_STAGES:
        if table == key_stage:
            return _of_key_stage(key_stage, year)
    for about in CONTEXT_TABLES:
        if table == about.file:
            return _of_context(about)
    if table.startswith("ees-"):
        return _of_ees(table, year)
    return {}


def _of_ees(table: str, year: int | None) -> dict[str, Use]:
    found = {
        ees.PERIOD: Use("the academic year"),
        ees.LEVEL: Use("says whether a row is a school"),
        ees.VERSION: Use("the release"),
        ees.URN: Use("the school's number"),
        ees.TYPE: Use("the school's type"),
    }
    for information in ees.INFORMATION:
        if table == f"ees-{information.key_stage}-information":
            for group, name in information.pupils.items():
                said = f"number of pupils, {GROUP_LABELS[group]}"
                found[name.upper()] = Use(said, (0, 1e7))
    for layout in ees.LAYOUTS:
        if table != f"ees-{layout.key_stage}":
            continue
        parts = (layout.part,) if layout.part else ()
        for name in (ees.TOPIC, ees.BREAKDOWN, *ees.FILTERS, *parts):
            found[name] = Use("says which pupils a row is about")
        for code, columns in layout.columns.items():
            about = measure_of(layout.key_stage, code)
            if year is not None and about.why_not_published(year):
                continue
            for name in columns.pupils:
                found.setdefault(name, Use(f"{about.label}: number of pupils", (0, 1e7)))
            for name in filter(None, (columns.low, columns.high)):
                found[name] = Use(f"{about.label}: published bound", (-200.0, 200.0))
            found[columns.value] = Use(
                about.label,
                about.bounds,
                is_percentage=about.unit == "percentage points",
                is_figure=True,
                breaks=about.breaks,
            )
    return found


def _of_key_stage(key_stage: KeyStage, year: int | None) -> dict[str, Use]:
    found = {
        "RECTYPE": Use("says whether a row is a school"),
        "URN": Use("the school's number"),
        "NFTYPE": Use("the school's type"),
    }
    if key_stage == "ks5":
        found["NFTYPE/FESITYPE"] = found.pop("NFTYPE")
    for measure in MEASURES[key_stage]:
        found = _of_measure(measure, year) | found
    return found


def _of_measure(measure: Measure, year: int | None) -> dict[str, Use]:
    found: dict[str, Use] = {}
    for group, columns in measure.columns.items():
        if year is not None and measure.why_not_published(year, group):
            continue
        about = f"{measure.label}, {GROUP_LABELS[group]}"
        for name in columns.pupils:
            found.setdefault(name.upper(), Use(f"{about}: number of pupils", (0, 1e7)))
        for name in filter(None, (columns.low, columns.high)):
            found[name.upper()] = Use(f"{about}: published bound", (-200.0, 200.0))
        value = columns.value if year is None else columns.value_of(year)
        found[value.upper()] = Use(
            about,
            measure.bounds,
            is_percentage=measure.unit == "percentage points",
            is_figure=True,
            breaks=measure.breaks,
        )
    return found


def _of_context(about: ContextTable) -> dict[str, Use]:
    found = {"URN": Use("the school's number")}
    for item in about.items:
        for group, columns in item.columns.items():
            said = f"{item.label}, {GROUP_LABELS[group]}"
            for name in (*columns.counted, *columns.pupils):
                found.setdefault(name.upper(), Use(f"{said}: number of pupils", (0, 1e8)))
            for name in columns.value:
                found[name.upper()] = Use(
                    said,
                    item.bounds,
                    is_percentage="%" in item.unit,
                    is_figure="%" in item.unit,
                )
    return found


def alternatives(table: str) -> list[tuple[str, ...]]:
    """List the names of columns of which a table needs one: each year has had its own."""
    return [
        tuple(name.upper() for name in names)
        for about in CONTEXT_TABLES
        if about.file == table
        for item in about.items
        for columns in item.columns.values()
        for names in (columns.value, columns.counted, columns.pupils)
        if len(names) > 1
    ]


def school_column(cells: pd.DataFrame) -> str | None:
    """Find the column of school numbers."""
    return next((name for name in ("URN", ees.URN) if name in cells.columns), None)


def records(cells: pd.DataFrame) -> pd.Series:
    """Say of each row what it is: its type of record, in the file's own words."""
    for name in ("RECTYPE", ees.LEVEL):
        if name in cells.columns:
            return cells[name].str.strip()
    named = [name for name in _WHO if name in cells.columns]
    if not named:
        return pd.Series("row", index=cells.index)
    said = cells[named].apply(lambda column: column.str.strip())
    words = said.where(~said.apply(lambda column: column.str.fullmatch("[0-9]*")), "")
    record: pd.Series = words.agg(lambda row: " ".join(filter(None, row)), axis=1)
    return record.replace("", "school")


def is_school(cells: pd.DataFrame, record: pd.Series, table: str) -> pd.Series:
    """Mark the rows of schools."""
    known: dict[str, str] = _records_of(table, "SCHOOL_RECORDS")
    if known:
        return record.isin(list(known))
    if ees.LEVEL in cells.columns:
        return record.str.lower().isin(ees.SCHOOL_LEVELS)
    column = school_column(cells)
    if column is None:
        return pd.Series(True, index=cells.index)
    return cells[column].str.strip().str.fullmatch(_URN)


def national_record(table: str, record: str) -> str | None:
    """Say of whom in England a type of record is the total, or None."""
    said = _records_of(table, "AGGREGATE_RECORDS").get(record, "")
    if said.startswith("national"):
        return said
    if record.upper().startswith("NAT"):
        return f"national, {record.upper().removeprefix('NAT').strip() or 'all'}"
    return None


def known_records(table: str) -> dict[str, str]:
    """List the types of record that are read from a table; empty where any will do."""
    return _records_of(table, "SCHOOL_RECORDS") | _records_of(table, "AGGREGATE_RECORDS")


def _records_of(table: str, which: str) -> dict[str, str]:
    module = next((TABLES[ks] for ks in KEY_STAGES if ks == table), None)
    found: dict[str, str] = getattr(module, which, {})
    return found


def bounded(table: str) -> list[tuple[str, str, str]]:
    """List the figures that are published with bounds: figure, lower and upper."""
    return [
        (columns.value.upper(), columns.low.upper(), columns.high.upper())
        for key_stage in KEY_STAGES
        if table == key_stage
        for measure in MEASURES[key_stage]
        for columns in measure.columns.values()
        if columns.low and columns.high
    ]


def latest_period(cells: pd.DataFrame) -> tuple[pd.DataFrame, int | None]:
    """Keep the rows of the latest academic year, where a file holds several."""
    if ees.PERIOD not in cells.columns:
        return cells, None
    period = cells[ees.PERIOD].str.strip()
    last = period[period.str.fullmatch("20[0-9]{4}")].max()
    if not isinstance(last, str):
        return cells, None
    return cells[period == last], int(last[:4]) + 1


def shares(table: str) -> list[tuple[str, str, str]]:
    """List the percentages whose two numbers a table holds: share, part and whole."""
    return [
        (value.upper(), columns.counted[0].upper(), columns.pupils[0].upper())
        for about in CONTEXT_TABLES
        if about.file == table
        for item in about.items
        for columns in item.columns.values()
        for value in columns.value
        if columns.counted and columns.pupils
    ]
