"""What one file holds: its form, its columns, its rows, its national figures."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from pipeline.drift import tables
from pipeline.drift.columns import ColumnProfile, describe
from pipeline.drift.tables import Identity
from pipeline.run.faults import InputFault
from pipeline.sources import suppression, table_file
from pipeline.sources.table_file import TableFile


@dataclass(frozen=True)
class Form:
    """How a file is written; any of it is read."""

    encoding: str
    byte_order_mark: bool
    line_ending: str


@dataclass(frozen=True)
class Profile:
    """One file as far as it can be compared with another."""

    shown: str
    identity: Identity
    form: Form
    rows: dict[str, int]
    """Number of rows by type of record."""
    columns: dict[str, ColumnProfile]
    """By name in capitals, in the order of the file."""
    national: dict[str, dict[str, float]]
    """By type of record, the figures of the columns that are read."""
    labels: dict[str, str] = field(default_factory=dict)
    """What the department's metadata say of a column, where a file of them is beside."""
    sha256: str = ""
    file: TableFile | None = None
    """The file as read; a kept layout has none."""
    cells: pd.DataFrame | None = None
    """Its cells as text, of the latest year where it holds several."""
    schools: pd.Series | None = None
    """The school numbers, by row of the file, of the rows of schools."""


def of_file(path: Path, shown: str) -> Profile:
    """Read a file and describe it.

    Raises InputFault for what cannot be read as a table.
    """
    file = table_file.read(path, shown)
    with table_file.open_file(path) as opened:
        content = opened.read()
    identity = tables.identify(shown, file.header)
    return _described(
        file,
        identity,
        _form(content),
        _names_as_written(content, file.header),
        _labels(path, identity.table, file.header),
    )


def corrected(profile: Profile, file: TableFile) -> Profile:
    """Describe the same file with its known errors corrected."""
    written = {name: column.name for name, column in profile.columns.items()}
    return _described(file, profile.identity, profile.form, written, profile.labels)


def _described(
    file: TableFile,
    identity: Identity,
    form: Form,
    written: dict[str, str],
    labels: dict[str, str],
) -> Profile:
    cells, period = tables.latest_period(_named(file.cells))
    if period is not None:
        identity = replace(identity, year=period)
    record = tables.records(cells)
    is_school = tables.is_school(cells, record, identity.table)
    of_schools, of_totals = cells[is_school], cells[~is_school]
    number = tables.school_column(cells)
    return Profile(
        shown=file.shown,
        identity=identity,
        form=form,
        rows={str(code): int(count) for code, count in record.value_counts().items()},
        columns={
            name: describe(written.get(name, name), of_schools[name], of_totals[name])
            for name in cells.columns
        },
        national=_national(cells, record, identity),
        labels=labels,
        sha256=file.sha256,
        file=file,
        cells=cells,
        schools=None if number is None else of_schools[number].str.strip(),
    )


def _names_as_written(content: bytes, header: tuple[str, ...]) -> dict[str, str]:
    """Give each column's name with its case, by its name in capitals."""
    start = content.removeprefix(b"\xef\xbb\xbf").decode("cp1252", errors="replace")
    line = re.split(r"[\r\n]", start, maxsplit=1)[0]
    names = [name.strip().strip('"').strip() for name in line.split(",")]
    said = {name.upper(): name for name in names}
    return {name: said.get(name, name) for name in header}


def _form(content: bytes) -> Form:
    try:
        content.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "Windows-1252"
    return Form(
        encoding=encoding,
        byte_order_mark=content.startswith(b"\xef\xbb\xbf"),
        line_ending="CRLF" if b"\r\n" in content else "LF",
    )


def _national(
    cells: pd.DataFrame, record: pd.Series, identity: Identity
) -> dict[str, dict[str, float]]:
    read = tables.uses(identity.table, identity.year)
    names = [name for name, use in read.items() if use.is_figure and name in cells.columns]
    found: dict[str, dict[str, float]] = {}
    for code in record.unique():
        rows = cells.loc[record == code, names]
        if tables.national_record(identity.table, str(code)) is None or len(rows) != 1:
            continue
        figures = (
            rows.apply(lambda column: suppression.parse(column).value).iloc[0].dropna()
        )
        found[str(code)] = {str(name): float(value) for name, value in figures.items()}
    return found


def _named(cells: pd.DataFrame) -> pd.DataFrame:
    """Leave out columns without a name, of which a file may have several."""
    return cells.loc[:, [bool(name) for name in cells.columns]]


def _labels(path: Path, table: str, header: tuple[str, ...]) -> dict[str, str]:
    """Read what the metadata beside a file say of its columns; without them, nothing.

    Their headings differ between tables and years: the names stand in the column that
    holds most of the file's, the words in the longest column beside it.
    """
    stem = (
        table.split("-")[0] if not (path.parent / f"{table}_meta.csv").exists() else table
    )
    try:
        beside = path.parent / f"{stem}_meta.csv"
        meta = _named(table_file.read(beside, beside.name).cells)
    except InputFault:
        return {}
    known = set(header)
    names = {c: meta[c].str.strip().str.upper() for c in meta.columns}
    matches = {c: int(said.isin(known).sum()) for c, said in names.items()}
    by = max(matches, key=lambda c: matches[c])
    others = {c: float(meta[c].str.len().mean()) for c in meta.columns if c != by}
    if 2 * matches[by] < len(meta) or not others:
        return {}
    words = meta[max(others, key=lambda c: others[c])].str.strip()
    return dict(zip(names[by], words, strict=True))
