"""One table of what is known of pupils, from the department's layout to tidy rows."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.contracts.establishments import CONTEXT, CONTEXT_AGGREGATES
from pipeline.measures.catalogue import academic_year, folder_of_year
from pipeline.measures.context import ContextTable
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import context_files, corrections, table_file
from pipeline.sources.context_cells import Cells, refuse
from pipeline.sources.context_files import Download
from pipeline.sources.declared_corrections import Correction
from pipeline.sources.table_file import TableFile

URN = re.compile(r"[0-9]{6}")
# Columns that say of whom a row is, in the order in which they are read out.
_WHO = ("RECTYPE", "URN", "LA", "LEA", "ESTAB")
_TOTAL_WORDS = frozenset({"NAT", "LA", "ENG", "PRI", "SEC", "SPE"})


@dataclass(frozen=True)
class Read:
    """All supplied files of one table, tidy, and what was found in them."""

    table: pd.DataFrame
    aggregates: pd.DataFrame
    inventory: dict[str, Any]


def read(folder: Path, shown_from: str, years: range, about: ContextTable) -> Read:
    """Read every file of one table whose pupils are of the given academic years.

    A year without a file is said to be not supplied; files that look like the table and
    are not named or placed as the department does are listed. A school that stands in
    England's file and in its local authority's is kept once if both say the same.

    Raises Fault where they do not, where one file stands in two years and where there
    is no such folder; InputFault for a file of another table, for a row of nobody, for
    a cell that is neither a number nor a known code or lies outside the bounds of its
    item, and for percentages that do not follow from the numbers beside them.
    """
    files = context_files.files_below(folder, shown_from)
    found = [d for d in (context_files.find(path, folder, about) for path in files) if d]
    near = re.compile(rf"(?<![a-z]){about.file.split('-')[-1]}(?![a-z])", re.IGNORECASE)
    chosen = [download for download in found if download.year in years]
    declared = corrections.for_folder(folder)
    parts, entries = [], []
    for download in chosen:
        rows, entry = _read_file(download, about, declared)
        parts.append(rows)
        entries.append(entry)
    _refuse_copies(entries)
    rows = pd.concat(parts, ignore_index=True) if parts else _no_rows()
    schools = rows[rows["urn"].notna()]
    key = ["year", "urn", "item", "group"]
    repeated = _refuse_contradictions(schools, key)
    schools = schools.drop_duplicates(key).sort_values(key, ignore_index=True)
    totals = rows[rows["urn"].isna()].reset_index(drop=True)
    return Read(
        table=_typed(schools, list(CONTEXT.columns)),
        aggregates=_typed(totals, list(CONTEXT_AGGREGATES.columns)),
        inventory={
            "table": about.name,
            "files": entries,
            "left_out": [
                {
                    "file": download.shown,
                    "why": f"its pupils are of {academic_year(download.year)}, outside the "
                    "years of this run",
                }
                for download in found
                if download not in chosen
            ]
            + context_files.overlooked(files, {d.path for d in found}, folder, near),
            "schools_in_two_files": repeated,
            "years": {str(year): _year_entry(year, chosen, about) for year in years},
        },
    )


def _year_entry(year: int, chosen: list[Download], about: ContextTable) -> dict[str, str]:
    if any(download.year == year for download in chosen):
        return {"state": "supplied"}
    where = f"{folder_of_year(year + about.years_behind)}/england_{about.file}.csv"
    return {
        "state": "not supplied",
        "reason": f"not supplied: no {about.name} of {academic_year(year)} ({where})",
    }


def _read_file(
    download: Download, about: ContextTable, declared: tuple[Correction, ...]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    file, corrected = corrections.apply(
        table_file.read(download.path, download.shown), declared
    )
    _refuse_another_table(file, about)
    urns, records = _who(file)
    told: dict[str, Any] = {"columns_absent": [], "worked_out": [], "fractions": []}
    counts: dict[str, dict[str, int]] = {"disagreeing": {}, "above_all": {}}
    blocks = []
    for item in about.items:
        for group, columns in item.columns.items():
            cells = Cells(file, item, columns, is_school=urns.notna())
            if cells.value is None and not cells.has_both:
                told["columns_absent"].append(columns.value[0])
                continue
            block = cells.tidy()
            label = item.code if group == "all" else f"{item.code} ({group})"
            if cells.value is None:
                told["worked_out"].append(label)
            if cells.were_fractions:
                told["fractions"].append(label)
            for name, number in cells.counts.items():
                if number:
                    counts[name][label] = number
            blocks.append(block.assign(item=item.code, group=group))
    if not blocks:
        raise InputFault(
            file.shown,
            f"the file holds none of the figures of {about.name}",
            expected=f"columns such as {', '.join(about.markers)}",
            mend="download the whole table",
        )
    rows = pd.concat(blocks)
    rows["urn"] = urns.reindex(rows.index)
    rows["record"] = records.reindex(rows.index)
    rows["year"] = download.year
    rows["source"] = download.shown
    rows["row"] = rows.index
    entry = {
        "file": download.shown,
        "sha256": file.sha256,
        "year": download.year,
        "area": download.area,
        "rows": {
            "schools": int(urns.notna().sum()),
            "totals": int(records.notna().sum()),
        },
        "corrected": [vars(applied) for applied in corrected],
        **told,
        **counts,
    }
    return rows.reset_index(drop=True), entry


def _who(file: TableFile) -> tuple[pd.Series, pd.Series]:
    """Say of each row which school it is of, or of what it is a total.

    Totals are told by words in columns meant for numbers: URN 'NAT' and ESTAB 'PRI' in a
    census, LA 'NAT' in a table of absence, RECTYPE 'LA' in one of destinations.
    """
    cells = file.cells
    urns = cells["URN"].str.strip()
    is_school = urns.str.fullmatch(URN)
    said = cells[[name for name in _WHO if name in cells.columns]].apply(
        lambda column: column.str.strip()
    )
    words = said.apply(lambda column: column.str.upper().isin(_TOTAL_WORDS)).any(axis=1)
    for row in cells.index[~is_school & ~words][:1]:
        refuse(file, row, "URN", urns[row], "six digits, or NAT or LA for a total")
    for row in cells.index[is_school & words][:1]:
        refuse(file, row, "URN", urns[row], "no school's number in the row of a total")
    repeated = urns[is_school & urns.duplicated(keep=False)]
    if not repeated.empty:
        rows = repeated.index[repeated == repeated.iloc[0]]
        raise InputFault(
            file.shown,
            f"the school {repeated.iloc[0]} stands in rows "
            f"{' and '.join(str(row) for row in rows)}",
            expected="every school once",
            mend="download the file again; do not join tables by hand",
            row=int(rows[-1]),
            column="URN",
        )
    records = said[~is_school].agg(lambda row: " ".join(filter(None, row)), axis=1)
    if records.empty:
        records = pd.Series(index=cells.index[:0], dtype=object)
    return urns.where(is_school), records.reindex(cells.index)


def _refuse_another_table(file: TableFile, about: ContextTable) -> None:
    if set(about.markers) <= set(file.cells.columns):
        return
    found = ", ".join(list(file.cells.columns)[:6])
    raise InputFault(
        file.shown,
        f"this is no table of {about.name} (its columns: {found}, ...)",
        expected=f"the columns {', '.join(about.markers)}",
        mend="save the right download under this name",
        row=1,
    )


def _refuse_copies(entries: list[dict[str, Any]]) -> None:
    """Stop where one file stands in two years: one of them is in a wrong folder."""
    first: dict[str, dict[str, Any]] = {}
    for entry in entries:
        earlier = first.setdefault(entry["sha256"], entry)
        if earlier["year"] != entry["year"]:
            raise Fault(
                f"{earlier['file']} and {entry['file']}: the two files are the same\n"
                "  expected: one table for each year\n"
                "  what to do: look which year the file is of, and remove the other"
            )


def _refuse_contradictions(schools: pd.DataFrame, key: list[str]) -> int:
    """Stop where two files say different things of a school; count those in two files."""
    twice = schools[schools.duplicated(key, keep=False)]
    if twice.empty:
        return 0
    said = twice.groupby(key)[["value", "pupils"]].nunique(dropna=False)
    if (said > 1).any(axis=None):
        year, urn, item, group = said.index[(said > 1).any(axis=1)][0]
        same = (twice[key] == [year, urn, item, group]).all(axis=1)
        raise Fault(
            f"{' and '.join(twice.loc[same, 'source'])}: the school {urn} has two values of "
            f"{item} ({group}) in {year}\n"
            "  expected: one, or the same in both files\n"
            "  what to do: keep the files of one release, downloaded on one day"
        )
    return int(twice[["year", "urn"]].drop_duplicates().shape[0])


def _no_rows() -> pd.DataFrame:
    names = dict.fromkeys([*CONTEXT.columns, *CONTEXT_AGGREGATES.columns])
    return pd.DataFrame({name: pd.Series(dtype=object) for name in names})


def _typed(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    types: dict[str, Any] = {"year": int, "value": float, "pupils": "Int64", "row": int}
    return table[columns].astype({name: types.get(name, "str") for name in columns})
