"""The school performance tables of key stages 2 and 4, from download to tidy rows."""

import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pandas as pd

from pipeline.measures.catalogue import TABLES, academic_year, folder_of_year
from pipeline.measures.measure import KeyStage, Measure, PublishedColumns
from pipeline.measures.school_types import place_in_comparison
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import suppression, table_file
from pipeline.sources.table_file import TableFile

FILE_NAME = re.compile(
    r"(?P<area>england|[0-9]{3})_(?P<key_stage>ks[24])(?P<release>final|revised|provisional)\.csv",
    re.IGNORECASE,
)
FOLDER_NAME = re.compile(r"(?P<start>20[0-9]{2})-(?P<end>20[0-9]{2})")
URN = re.compile(r"[0-9]{6}")
LAST_UNBROKEN = 2019
"""Last year up to which every year had its table."""


@dataclass(frozen=True)
class Download:
    """One file of the department's download layout."""

    path: Path
    shown: str
    year: int
    area: str
    key_stage: KeyStage
    release: str


@dataclass(frozen=True)
class Table:
    """One performance table as tidy rows, nothing left out."""

    download: Download
    sha256: str
    rows: dict[str, int]
    """Number of rows by kind of record; together they are all rows of the file."""
    absent: tuple[str, ...]
    """Columns that the catalogue knows for this year and the file lacks."""
    schools: pd.DataFrame
    results: pd.DataFrame
    aggregates: pd.DataFrame


def find(folder: Path, shown_from: str) -> list[Download]:
    """List the performance tables in a folder of downloads, whatever their release.

    Raises Fault when there is no such folder or no table in it, and InputFault for a
    table that stands in a folder which names no academic year.
    """
    if not folder.is_dir():
        raise Fault(
            f"{shown_from}: no such folder\n"
            "  expected: the folder of downloads, with one folder for each academic "
            "year\n  what to do: correct sources.folder in params.yaml"
        )
    found = []
    for path in _files_by_year(folder):
        name = FILE_NAME.fullmatch(path.name)
        if name is None:
            continue
        shown = path.relative_to(folder).as_posix()
        found.append(
            Download(
                path=path,
                shown=shown,
                year=_year_of(path.parent.name, shown),
                area=name["area"].lower(),
                key_stage="ks2" if name["key_stage"].lower() == "ks2" else "ks4",
                release=name["release"].lower(),
            )
        )
    if not found:
        raise Fault(
            f"{shown_from}: no performance table in this folder\n"
            "  expected: files such as 2018-2019/england_ks4final.csv\n"
            "  what to do: save the downloads there, or correct sources.folder"
        )
    return found


def overlooked(folder: Path, key_stage: KeyStage) -> list[str]:
    """List files that look like tables of a key stage and are not where or how named."""
    tables = {path for path in _files_by_year(folder) if FILE_NAME.fullmatch(path.name)}
    near = re.compile(rf".*_{key_stage}(final|revised|provisional).*", re.IGNORECASE)
    listed = [*_files_by_year(folder), *sorted(p for p in folder.iterdir() if p.is_file())]
    return [
        path.relative_to(folder).as_posix()
        for path in listed
        if near.fullmatch(path.name) and path not in tables
    ]


def _files_by_year(folder: Path) -> list[Path]:
    """List what stands in the folders of years; one that cannot be read is a fault.

    A folder that is silently passed over would read as a year that was not supplied.
    """
    found: list[Path] = []
    for year in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            found += sorted(year.iterdir())
        except OSError as unreadable:
            raise InputFault(
                year.name,
                f"the folder cannot be read ({unreadable.strerror})",
                expected="a folder of downloads that you may read",
                mend="give yourself the right to read it",
            ) from unreadable
    return found


def _year_of(folder: str, shown: str) -> int:
    years = FOLDER_NAME.fullmatch(folder)
    if years is None or int(years["end"]) != int(years["start"]) + 1:
        raise InputFault(
            shown,
            f"the folder {folder!r} names no academic year",
            expected="a folder such as 2018-2019",
            mend="rename the folder",
        )
    return int(years["end"])


def read(download: Download) -> Table:
    """Read one performance table into tidy rows.

    Every school row stands in `schools`, every published cell of the catalogue in
    `results`; rows of local authorities and of England stand in `aggregates`, since
    they are totals of schools and no schools. Raises InputFault for a file of another
    table or year, for a cell that is neither a number nor a known code, and for a
    school without a six-digit URN.
    """
    key_stage = download.key_stage
    table = TABLES[key_stage]
    file = table_file.read(download.path, download.shown)
    _refuse_another_table(file, key_stage)
    _refuse_another_year(file, download.year)
    cells = file.cells
    kind = cells["RECTYPE"].str.strip()
    known = table.SCHOOL_RECORDS | table.AGGREGATE_RECORDS
    for row, value in kind[~kind.isin(list(known))].items():
        _refuse_cell(file, int(str(row)), "RECTYPE", value, _expected_records(known))
    is_school = kind.isin(list(table.SCHOOL_RECORDS))
    urns = cells.loc[is_school, "URN"].str.strip()
    for row, value in urns[~urns.str.fullmatch(URN)].items():
        _refuse_cell(file, int(str(row)), "URN", value, "six digits")
    _refuse_repeated_urns(urns, file)
    published, absent = _published(file, table, download)
    return Table(
        download=download,
        sha256=file.sha256,
        rows={name: int((kind == code).sum()) for code, name in known.items()},
        absent=absent,
        schools=_schools(cells[is_school], kind[is_school], urns, download),
        results=_for_schools(published, urns),
        aggregates=_for_aggregates(published, cells, kind, table),
    )


def _published(
    file: TableFile, table: ModuleType, download: Download
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Stack every published cell of the catalogue; the index is the row of the file."""
    stacked: list[pd.DataFrame] = []
    absent: list[str] = []
    measure: Measure
    for measure in table.MEASURES:
        if measure.why_not_published(download.year):
            continue
        for group, columns in measure.columns.items():
            if columns.value.upper() not in file.cells.columns:
                absent.append(columns.value)
                continue
            block = _one_measure(file, measure, columns)
            stacked.append(block.assign(measure=measure.code, group=group))
    if not stacked and not absent:
        raise InputFault(
            file.shown,
            f"no school-level table of {academic_year(download.year)} was published",
            expected="a table of a year in which the department published one",
            mend="look which year the file is of, and save it in that year's folder",
        )
    if not stacked:
        raise InputFault(
            file.shown,
            "the file holds none of the measures of its key stage",
            expected=f"columns such as {', '.join(table.TABLE_MARKERS)}",
            mend="download the whole table",
        )
    published = pd.concat(stacked)
    published["year"] = download.year
    published["release"] = download.release
    published["source"] = download.shown
    return published, tuple(absent)


def _one_measure(
    file: TableFile, measure: Measure, columns: PublishedColumns
) -> pd.DataFrame:
    is_percentage = measure.unit == "percentage points"
    value = _numbers(file, columns.value, bounds=measure.bounds, percent=is_percentage)
    pupils = pd.Series(float("nan"), index=file.cells.index)
    pupils_column = pd.Series(None, index=file.cells.index, dtype=object)
    for name in columns.pupils:
        if name.upper() in file.cells.columns:
            counted = _numbers(file, name, bounds=(0, 10_000_000), whole=True).value
            fills = pupils.isna() & counted.notna()
            pupils = pupils.where(~fills, counted)
            pupils_column = pupils_column.where(~fills, name)
    bound = {
        side: (
            _numbers(file, name, bounds=(-200.0, 200.0)).value
            if name and name.upper() in file.cells.columns
            else float("nan")
        )
        for side, name in (("low", columns.low), ("high", columns.high))
    }
    return pd.DataFrame(
        {
            "value": value.value,
            "pupils": pupils.round().astype("Int64"),
            "low": bound["low"],
            "high": bound["high"],
            "reason": value.reason,
            "pupils_column": pupils_column,
        }
    )


def _numbers(
    file: TableFile,
    column: str,
    *,
    bounds: tuple[float, float],
    percent: bool = False,
    whole: bool = False,
) -> suppression.Parsed:
    cells = file.cells[column.upper()]
    parsed = suppression.parse(cells, percent=percent, whole=whole)
    kind = "whole number" if whole else "percentage" if percent else "number"
    expected = f"a {kind} from {bounds[0]:g} to {bounds[1]:g}, or a code such as SUPP or NE"
    for row in cells.index[parsed.unreadable][:1]:
        _refuse_cell(file, row, column, cells[row], expected)
    outside = (parsed.value < bounds[0]) | (parsed.value > bounds[1])
    for row in cells.index[outside][:1]:
        _refuse_cell(file, row, column, cells[row], expected)
    return parsed


def _schools(
    cells: pd.DataFrame, kind: pd.Series, urns: pd.Series, download: Download
) -> pd.DataFrame:
    types = _text(cells, "NFTYPE")
    pairs = pd.DataFrame({"record": kind, "type": types})
    places = {
        pair: place_in_comparison(*pair)
        for pair in pairs.drop_duplicates().itertuples(index=False, name=None)
    }
    return pd.DataFrame(
        {
            "urn": urns,
            "year": download.year,
            "name": _text(cells, "SCHNAME"),
            "local_authority": _text(cells, "LEA"),
            "record_type": kind,
            "school_type": types,
            "place": [places[pair] for pair in pairs.itertuples(index=False, name=None)],
            "release": download.release,
            "source": download.shown,
            "row": cells.index,
        }
    ).reset_index(drop=True)


def _text(cells: pd.DataFrame, column: str) -> pd.Series:
    if column not in cells.columns:
        return pd.Series("", index=cells.index)
    return cells[column].str.strip()


def _for_schools(published: pd.DataFrame, urns: pd.Series) -> pd.DataFrame:
    rows = published[published.index.isin(urns.index)].copy()
    rows["urn"] = urns.reindex(rows.index).to_numpy()
    rows["row"] = rows.index
    return rows.reset_index(drop=True)


def _for_aggregates(
    published: pd.DataFrame, cells: pd.DataFrame, kind: pd.Series, table: ModuleType
) -> pd.DataFrame:
    names = kind.map(table.AGGREGATE_RECORDS).dropna()
    rows = published[published.index.isin(names.index)].copy()
    rows["record"] = names.reindex(rows.index).to_numpy()
    rows["local_authority"] = _text(cells, "LEA").reindex(rows.index).to_numpy()
    rows["row"] = rows.index
    return rows.reset_index(drop=True)


def _refuse_another_table(file: TableFile, key_stage: KeyStage) -> None:
    def holds(stage: KeyStage) -> bool:
        needed = {"RECTYPE", "URN", *TABLES[stage].TABLE_MARKERS}
        return needed <= set(file.cells.columns)

    if holds(key_stage):
        return
    other: KeyStage = "ks4" if key_stage == "ks2" else "ks2"
    needed = ", ".join(("RECTYPE", "URN", *TABLES[key_stage].TABLE_MARKERS))
    found = ", ".join(list(file.cells.columns)[:6])
    raise InputFault(
        file.shown,
        f"this is the table of {other}"
        if holds(other)
        else f"this is no {key_stage} performance table (its columns: {found}, ...)",
        expected=f"the columns {needed}",
        mend="save the right download under this name",
        row=1,
    )


def _refuse_another_year(file: TableFile, year: int) -> None:
    # A table repeats figures of earlier years under names that end in the year
    # (READPROG_17), so those names tell that a table stands in the folder of another.
    prior = {
        2000 + int(match[1])
        for name in file.cells.columns
        if (match := re.fullmatch(r"(?:P8MEA|READPROG|PTRWM_EXP|ATT8SCR)_([0-9]{2})", name))
    }
    # From 2021/22 the year before is not always repeated, since it was not published.
    latest = max(prior, default=year - 1)
    if latest >= year or latest < min(year, LAST_UNBROKEN + 1) - 1:
        raise InputFault(
            file.shown,
            f"the file repeats figures of {latest} as the latest earlier year's",
            expected=f"the table of {academic_year(year)}",
            mend=f"save it in {folder_of_year(latest + 1)}, if it is that year's",
            row=1,
        )


def _refuse_repeated_urns(urns: pd.Series, file: TableFile) -> None:
    repeated = urns[urns.duplicated(keep=False)]
    if not repeated.empty:
        urn = repeated.iloc[0]
        rows = [int(str(row)) for row in repeated.index[repeated == urn]]
        raise InputFault(
            file.shown,
            f"the school {urn} stands in rows {' and '.join(map(str, rows))}",
            expected="every school once",
            mend="download the file again; do not join tables by hand",
            row=rows[-1],
            column="URN",
        )


def _refuse_cell(
    file: TableFile, row: int, column: str, found: Any, expected: str
) -> NoReturn:
    text = str(found)
    raise InputFault(
        file.shown,
        f"found {text[:40]!r}{'...' if len(text) > 40 else ''}",
        expected=expected,
        mend="download the file again; if it says the same, tell its publisher",
        row=row,
        column=column,
    )


def _expected_records(known: dict[str, str]) -> str:
    return ", ".join(f"{code} ({name})" for code, name in known.items())
