"""The school performance tables, from download to tidy rows: key stages 2, 4 and 5."""

import re
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import pandas as pd

from pipeline.measures.catalogue import TABLES, academic_year, folder_of_year
from pipeline.measures.measure import (
    KEY_STAGES,
    Group,
    KeyStage,
    Measure,
    PublishedColumns,
)
from pipeline.measures.school_types import place_in_comparison
from pipeline.run.faults import InputFault
from pipeline.sources import corrections, ees_tables, table_file
from pipeline.sources.corrections import Correction
from pipeline.sources.downloads import Download, find, opened, overlooked
from pipeline.sources.published_cells import Block, Cells, Table, is_urn, spread, stack
from pipeline.sources.table_file import TableFile

__all__ = ["Download", "Table", "find", "overlooked", "read"]

LAST_UNBROKEN = 2019
"""Last year up to which every year had its table."""
# SOURCE: the tables of key stage 5 name the types of schools and of colleges in one.
TYPE_COLUMNS = ("NFTYPE", "NFTYPE/FESITYPE")
_ABOUT = {"RECTYPE", "URN", "SCHNAME", "LEA", *TYPE_COLUMNS}
_LATEST = re.compile(
    r"(?:P8MEA|READPROG|PTRWM_EXP|ATT8SCR|TALLPPE_ALEV_1618)_(?P<year>[0-9]{2})"
)


def read(download: Download, declared: Sequence[Correction] = ()) -> Table:
    """Read one performance table into tidy rows, with the corrections declared for it.

    Every school row stands in `schools`, every published cell of the catalogue in
    `results`; rows of local authorities and of England stand in `aggregates`, since
    they are totals of schools and no schools. Raises InputFault for a file of another
    table or year, for a cell that is neither a number nor a known code, and for a
    school without a six-digit URN.
    """
    if download.is_ees:
        return ees_tables.read(download)
    table = TABLES[download.key_stage]
    known_columns = _ABOUT | _columns_of(download)
    wanted = corrections.widen(
        lambda header: known_columns & set(header), download.shown, declared
    )
    file = table_file.read_part(lambda: opened(download), download.shown, wanted)
    file, corrected = corrections.apply(file, declared)
    _refuse_another_table(file, download.key_stage)
    _refuse_another_year(file, download.year)
    cells = Cells(file)
    kind = cells.texts("RECTYPE")
    known: dict[str, str] = table.SCHOOL_RECORDS | table.AGGREGATE_RECORDS
    for place in np.flatnonzero(~kind.isin(list(known)))[:1]:
        cells.refuse(int(place), "RECTYPE", _expected_records(known))
    is_school = kind.isin(list(table.SCHOOL_RECORDS)).to_numpy()
    urns = cells.texts("URN")
    for place in np.flatnonzero(is_school & ~is_urn(urns))[:1]:
        cells.refuse(int(place), "URN", "six digits")
    refuse_repeated(urns[is_school], file.shown)
    blocks, absent = _blocks(cells, download, table)
    results, of_schools = stack(blocks, cells, is_school, download)
    aggregates, of_totals = stack(blocks, cells, ~is_school, download)
    return Table(
        download=download,
        sha256=file.sha256,
        rows={name: int((kind == code).sum()) for code, name in known.items()},
        absent=absent,
        schools=_schools(cells, kind, urns, download)[is_school].reset_index(drop=True),
        results=results.assign(urn=spread(urns, of_schools)),
        aggregates=aggregates.assign(
            record=kind.map(table.AGGREGATE_RECORDS).to_numpy()[of_totals],
            local_authority=cells.texts("LEA").to_numpy()[of_totals],
        ),
        corrected=tuple(corrected),
    )


def _columns_of(download: Download) -> set[str]:
    """List every column of the catalogue for a year, in capitals."""
    return {
        name.upper()
        for _, _, columns in _published(download)
        for name in (
            columns.value_of(download.year),
            *columns.pupils,
            columns.low,
            columns.high,
        )
        if name is not None
    }


def _published(download: Download) -> list[tuple[Measure, Group, PublishedColumns]]:
    return [
        (measure, group, columns)
        for measure in TABLES[download.key_stage].MEASURES
        for group, columns in measure.columns.items()
        if not measure.why_not_published(download.year, group)
    ]


def _blocks(
    cells: Cells, download: Download, table: ModuleType
) -> tuple[list[Block], tuple[str, ...]]:
    """Read every published cell of the catalogue, and list the columns that lack."""
    published = _published(download)
    if not published:
        raise InputFault(
            download.shown,
            f"no school-level table of {academic_year(download.year)} was published",
            expected="a table of a year in which the department published one",
            mend="look which year the file is of, and save it in that year's folder",
        )
    blocks: list[Block] = []
    absent: list[str] = []
    everywhere = np.arange(len(cells.file.cells))
    for measure, group, columns in published:
        name = columns.value_of(download.year)
        if name not in cells:
            absent.append(name)
            continue
        figures = cells.measured(name, measure)
        pupils, pupils_column = cells.pupils(columns.pupils)
        blocks.append(
            Block(
                measure=measure.code,
                group=group,
                place=everywhere,
                value=figures.value,
                explanation=figures.explanation,
                pupils=pupils,
                pupils_column=pupils_column,
                low=cells.bounds(columns.low),
                high=cells.bounds(columns.high),
            )
        )
    if not blocks:
        raise InputFault(
            download.shown,
            "the file holds none of the measures of its key stage",
            expected=f"columns such as {', '.join(table.TABLE_MARKERS)}",
            mend="download the whole table",
        )
    return blocks, tuple(absent)


def _schools(
    cells: Cells, kind: pd.Series, urns: pd.Series, download: Download
) -> pd.DataFrame:
    types = cells.texts(*TYPE_COLUMNS)
    if download.key_stage == "ks5":
        # SOURCE: england_ks5final.csv of 2016/17 and 2022/23: a consortium's type is
        # blank, and once the number of another school (310 4900 of 2016/17).
        types = types.mask(kind == "3", "CONSORTIUM")
    pairs = list(zip(kind, types, strict=True))
    places = {
        pair: place_in_comparison(*pair, key_stage=download.key_stage)
        for pair in set(pairs)
    }
    return pd.DataFrame(
        {
            "urn": urns,
            "year": download.year,
            "name": cells.texts("SCHNAME"),
            "local_authority": cells.texts("LEA"),
            "record_type": kind,
            "school_type": types,
            "place": [places[pair] for pair in pairs],
            "release": download.release,
            "source": download.shown,
            "row": cells.file.cells.index,
        }
    )


def _refuse_another_table(file: TableFile, key_stage: KeyStage) -> None:
    columns = set(file.header)

    def holds(stage: KeyStage) -> bool:
        return {"RECTYPE", "URN", *TABLES[stage].TABLE_MARKERS} <= columns

    if holds(key_stage):
        return
    other = next((stage for stage in KEY_STAGES if holds(stage)), None)
    needed = ", ".join(("RECTYPE", "URN", *TABLES[key_stage].TABLE_MARKERS))
    found = ", ".join(name[:40] for name in file.header[:6])
    raise InputFault(
        file.shown,
        f"this is the table of {other}"
        if other
        else f"this is no {key_stage} performance table (its columns: {found}, ...)",
        expected=f"the columns {needed}",
        mend="save the right download under this name",
        row=1,
    )


def _refuse_another_year(file: TableFile, year: int) -> None:
    # A table repeats figures of earlier years under names that end in the year
    # (READPROG_17), so those names tell that a table stands in the folder of another.
    prior = {
        2000 + int(match["year"])
        for name in file.header
        if (match := _LATEST.fullmatch(name))
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


def refuse_repeated(urns: pd.Series, shown: str) -> None:
    """Stop where a school stands twice; the index of `urns` is the row of the file."""
    repeated = urns[urns.duplicated(keep=False)]
    if not repeated.empty:
        urn = repeated.iloc[0]
        rows = [int(str(row)) for row in repeated.index[repeated == urn]]
        raise InputFault(
            shown,
            f"the school {urn} stands in rows {' and '.join(map(str, rows[:5]))}",
            expected="every school once",
            mend="download the file again; do not join tables by hand",
            row=rows[-1],
            column="URN",
        )


def _expected_records(known: dict[str, str]) -> str:
    return ", ".join(f"{code} ({name})" for code, name in known.items())
