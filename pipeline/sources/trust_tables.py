"""The department's own figures for groups of schools: multi-academy trusts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from pipeline.contracts.establishments import TRUST_RESULTS
from pipeline.measures.catalogue import academic_year, folder_of_year, measure
from pipeline.measures.measure import Group, KeyStage
from pipeline.run.faults import InputFault
from pipeline.sources import context_files, suppression, table_file
from pipeline.sources.table_file import TableFile

FILE_NAME = re.compile(
    r"(?:(20[0-9]{2}-20[0-9]{2})_)?england_(ks[24])-mats-performance\.csv", re.IGNORECASE
)
NEAR = re.compile(r"(?<![a-z])mats?(?![a-z])", re.IGNORECASE)
TRUST = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class TrustColumns:
    """Where one measure of one group of pupils stands in a table of trusts."""

    value: str
    coverage: str | None = None
    """Percentage of pupils that the figure rests on; all of them where there is none."""
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True)
class TrustTable:
    """The columns of the trusts' table of one key stage."""

    pupils: str
    columns: dict[tuple[str, Group], TrustColumns]


_SHARES: dict[Group, str] = {
    "disadvantaged": "PFSM6CLA1A_MATPTINC",
    "others": "PNOTFSM6CLA1A_MATPTINC",
}
_KS4_ENDS: dict[Group, str] = {
    "all": "",
    "disadvantaged": "_FSM6CLA1A",
    "others": "_NFSM6CLA1A",
}
_KS2_ENDS: dict[Group, str] = _KS4_ENDS | {"others": "_NOTFSM6CLA1A"}

# SOURCE: ks4-mats-performance_meta.csv of 2022/23. ATT8SCR_WGTAVG and its like are
# averages of academies, weighted by pupils and by years in the trust.
_KS4 = TrustTable(
    pupils="TPUP_MATPTINC",
    columns={
        (code, group): columns
        for group, end in _KS4_ENDS.items()
        for code, columns in {
            "progress_8": TrustColumns(
                f"P8MEA_WGTAVG{end}", f"P8MEACOV{end}", f"P8CILOW{end}", f"P8CIUPP{end}"
            ),
            "attainment_8": TrustColumns(f"ATT8SCR_WGTAVG{end}"),
            "english_maths_5": TrustColumns(f"PTL2BASICS_95_WGTAVG{end}"),
        }.items()
    },
)
# SOURCE: no file of key stage 2 could be had. Its columns were learnt from an open
# program that reads england_ks2-mats-performance.csv of 2022/23.
_KS2 = TrustTable(
    pupils="TELIG_MATPTINC",
    columns={
        (code, group): columns
        for group, end in _KS2_ENDS.items()
        for code, columns in {
            f"{subject}_progress": TrustColumns(
                f"{short}_PROGSCORE_EM_ADJ_WGTAVG{end}",
                low=f"{short}_PROGSCORE_ADJ_LOWER{end}",
                high=f"{short}_PROGSCORE_ADJ_UPPER{end}",
            )
            for subject, short in (
                ("reading", "READ"),
                ("writing", "WRIT"),
                ("maths", "MAT"),
            )
        }.items()
    }
    | {
        ("rwm_expected", group): TrustColumns(f"PRWM_EXP_WGTAVG{end}")
        for group, end in _KS2_ENDS.items()
    },
)
TABLES: Mapping[KeyStage, TrustTable] = {"ks2": _KS2, "ks4": _KS4}
_NEEDED = ("TIME_PERIOD", "TRUST_NAME", "TRUST_UID", "NUMINST_MATPTINC")


@dataclass(frozen=True)
class TrustTables:
    """All supplied tables of trusts, tidy, and what was found in them."""

    table: pd.DataFrame
    inventory: dict[str, Any]


def read(folder: Path, shown_from: str, years: range) -> TrustTables:
    """Read the published figures of every trust in the given academic years.

    Files are `<year>/england_ks4-mats-performance.csv` (and ks2). Only trusts with three
    academies or more that had been in them for three years are there; `schools` counts
    those academies. `pupils` are those that a figure rests on: of all pupils as
    published, of a group worked out from its published share, and for Progress 8 from
    its published coverage; both are whole percentages, so the last digits are rounded.

    A key stage and year without a file is said to be not supplied. Raises Fault where
    there is no such folder, InputFault for a file of another table or year, a trust
    twice or without its number, and a cell that is neither a number nor a known code.
    """
    files = context_files.files_below(folder, shown_from)
    parts, entries, left_out = [], [], []
    known: set[Path] = set()
    supplied: set[tuple[KeyStage, int]] = set()
    for path in files:
        shown = path.relative_to(folder).as_posix()
        name = FILE_NAME.fullmatch(path.name)
        year = context_files.year_named(path, name[1]) if name else None
        if name is None or year is None:
            continue
        known.add(path)
        if year not in years:
            why = f"{academic_year(year)} lies outside the years of this run"
            left_out.append({"file": shown, "why": why})
            continue
        key_stage: KeyStage = "ks2" if name[2].lower() == "ks2" else "ks4"
        rows, entry = _read_file(path, shown, key_stage, year)
        parts.append(rows)
        entries.append(entry)
        supplied.add((key_stage, year))
    rows = pd.concat(parts, ignore_index=True) if parts else _no_rows()
    return TrustTables(
        table=_typed(rows).sort_values(
            ["year", "key_stage", "trust", "measure", "group"], ignore_index=True
        ),
        inventory={
            "table": "trusts",
            "files": entries,
            "left_out": left_out + context_files.overlooked(files, known, folder, NEAR),
            "years": {
                key_stage: {
                    str(year): _state(key_stage, year, (key_stage, year) in supplied)
                    for year in years
                }
                for key_stage in TABLES
            },
        },
    )


def _state(key_stage: KeyStage, year: int, is_supplied: bool) -> dict[str, str]:
    if is_supplied:
        return {"state": "supplied"}
    where = f"{folder_of_year(year)}/england_{key_stage}-mats-performance.csv"
    return {
        "state": "not supplied",
        "reason": f"not supplied: no table of trusts of {academic_year(year)} ({where})",
    }


def _read_file(
    path: Path, shown: str, key_stage: KeyStage, year: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    file = table_file.read(path, shown)
    about = TABLES[key_stage]
    _refuse_another_table(file, about, key_stage, year)
    trusts = file.cells["TRUST_UID"].str.strip()
    _refuse_bad_numbers(file, trusts)
    all_pupils = _numbers(file, about.pupils, whole=True).value
    schools = _numbers(file, "NUMINST_MATPTINC", whole=True).value
    blocks, absent = [], []
    for (code, group), columns in about.columns.items():
        if columns.value not in file.cells.columns:
            absent.append(columns.value)
            continue
        unit, bounds = measure(key_stage, code).unit, measure(key_stage, code).bounds
        value = _numbers(file, columns.value, bounds, percent=unit == "percentage points")
        block = pd.DataFrame(
            {
                "value": value.value,
                "pupils": all_pupils * _part(file, group, columns),
                "low": _bound(file, columns.low),
                "high": _bound(file, columns.high),
                "reason": value.reason,
            }
        )
        blocks.append(block.assign(measure=code, group=group, schools=schools))
    if not blocks:
        raise InputFault(
            shown,
            f"the file holds no figure of {key_stage} that is known here",
            expected=f"columns such as {next(iter(about.columns.values())).value}",
            mend="download the whole table",
            row=1,
        )
    rows = pd.concat(blocks)
    rows["trust"] = trusts.reindex(rows.index)
    rows["trust_name"] = file.cells["TRUST_NAME"].str.strip().reindex(rows.index)
    rows["pupils"] = rows["pupils"].round()
    rows["row"] = rows.index
    rows = rows.assign(year=year, key_stage=key_stage, source=shown)
    return rows, {
        "file": shown,
        "sha256": file.sha256,
        "year": year,
        "key_stage": key_stage,
        "rows": {"trusts": len(trusts)},
        "columns_absent": absent,
    }


def _part(file: TableFile, group: Group, columns: TrustColumns) -> pd.Series | float:
    """Which part of all pupils a figure rests on: the group's, and of it the covered."""
    part: pd.Series | float = 1.0
    for column in (_SHARES.get(group), columns.coverage):
        if column is not None:
            part = part * _numbers(file, column, (0, 100), percent=True).value / 100
    return part


def _bound(file: TableFile, column: str | None) -> pd.Series | float:
    if column is None or column not in file.cells.columns:
        return float("nan")
    return _numbers(file, column, (-200, 200)).value


def _numbers(
    file: TableFile,
    column: str,
    bounds: tuple[float, float] = (0, 10_000_000),
    *,
    percent: bool = False,
    whole: bool = False,
) -> suppression.Parsed:
    if column not in file.cells.columns:
        raise InputFault(
            file.shown,
            f"the column {column} is missing",
            expected=f"the column {column}, without which no number of pupils is known",
            mend="download the whole table",
            row=1,
        )
    # SOURCE: england_ks4-mats-performance.csv of 2022/23 writes SUPPMAT for disadvantaged
    # and other pupils of four trusts.
    cells = file.cells[column].str.strip().replace("SUPPMAT", "SUPP")
    parsed = suppression.parse(cells, percent=percent, whole=whole)
    outside = (parsed.value < bounds[0]) | (parsed.value > bounds[1])
    for row in cells.index[parsed.unreadable | outside][:1]:
        kind = "whole number" if whole else "percentage" if percent else "number"
        expected = f"a {kind} from {bounds[0]:g} to {bounds[1]:g}, or a code such as SUPP"
        _refuse(file, row, column, expected)
    return parsed


def _refuse_another_table(
    file: TableFile, about: TrustTable, key_stage: KeyStage, year: int
) -> None:
    lacking = [n for n in (*_NEEDED, about.pupils) if n not in file.cells.columns]
    if lacking:
        raise InputFault(
            file.shown,
            f"this is no table of trusts of {key_stage}: the column {lacking[0]} is missing",
            expected=f"the columns {', '.join((*_NEEDED, about.pupils))}",
            mend="save the right download under this name",
            row=1,
        )
    period = file.cells["TIME_PERIOD"].str.strip()
    asked = f"{year - 1}{year % 100:02d}"
    for row in period.index[period != asked][:1]:
        _refuse(file, row, "TIME_PERIOD", f"{asked}, the academic year of its folder")


def _refuse_bad_numbers(file: TableFile, trusts: pd.Series) -> None:
    for row in trusts.index[~trusts.str.fullmatch(TRUST)][:1]:
        _refuse(file, row, "TRUST_UID", "the trust's number in the register (Group UID)")
    for row in trusts.index[trusts.duplicated()][:1]:
        _refuse(file, row, "TRUST_UID", "every trust once")
    names = file.cells["TRUST_NAME"].str.strip()
    for row in names.index[names == ""][:1]:
        _refuse(file, row, "TRUST_NAME", "the name of the trust")


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in TRUST_RESULTS.columns})


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    types: dict[str, Any] = {
        "year": int,
        "value": float,
        "pupils": "Int64",
        "schools": "Int64",
        "low": float,
        "high": float,
        "row": int,
    }
    columns = list(TRUST_RESULTS.columns)
    return rows[columns].astype({name: types.get(name, "str") for name in columns})


def _refuse(file: TableFile, row: int, column: str, expected: str) -> NoReturn:
    text = str(file.cells[column].loc[row])
    raise InputFault(
        file.shown,
        f"found {text[:40]!r}{'...' if len(text) > 40 else ''}",
        expected=expected,
        mend="download the file again; if it says the same, tell its publisher",
        row=int(row),
        column=column,
    )
