"""Known errors in published files: what, where, why, and how to tell that one is mended.

A correction is declared in `data/reference/corrections.yaml`, never in code. It states
what the file is expected to say wrongly; where the publisher has mended it, the run stops
until the correction is removed, so that no correction outlives its cause.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, NoReturn

import pandas as pd

from pipeline.run import locations
from pipeline.run.faults import InputFault
from pipeline.sources import suppression
from pipeline.sources.declared_corrections import (
    FILE_NAME,
    CellCorrection,
    Correction,
    FractionCorrection,
    HeaderCorrection,
    check,
    load,
)
from pipeline.sources.table_file import TableFile

__all__ = ["Applied", "Correction", "apply", "check", "load", "not_met", "widen"]

Columns = Callable[[tuple[str, ...]], set[str]]
"""Given all columns of a file, in capitals: the ones to keep (as in `table_file`)."""


@dataclass(frozen=True)
class Applied:
    """What one correction did to one file."""

    name: str
    file: str
    cells: int
    """Number of cells changed; a header is one."""
    said: str


def for_folder(folder: Path) -> tuple[Correction, ...]:
    """Load the corrections for a folder of downloads.

    The synthetic England has its publisher's codes and layout and none of its mistakes.
    """
    return () if locations.is_synthetic(folder) else load()


def apply(
    file: TableFile, corrections: Iterable[Correction]
) -> tuple[TableFile, list[Applied]]:
    """Correct what is known to be wrong in one file, in the order of the list.

    A correction of another file is passed over without a word. Where the file, the
    column or the row of one is not there, or holds nothing, that is told and nothing
    changes. Raises InputFault where the expected wrong value is no longer there: the
    publisher has mended it, and the correction has to go.
    """
    applied = []
    for correction in corrections:
        if correction.is_of(file):
            file, done = _apply_one(file, correction)
            applied.append(done)
    return file, applied


def widen(wanted: Columns, shown: str, corrections: Iterable[Correction]) -> Columns:
    """Let a reader that asks for some columns also read what their corrections need.

    The reader asks for names as they should be. A column that stands under a misprinted
    name is read under it, and so are the columns that say which rows a correction means.
    """
    of_file = [c for c in corrections if c.names(shown)]
    misprints = {
        c.instead.upper(): c.found.upper()
        for c in of_file
        if isinstance(c, HeaderCorrection)
    }

    def widened(header: tuple[str, ...]) -> set[str]:
        right = {name for name, wrong in misprints.items() if wrong in header}
        names = set(wanted((*header, *right)))
        for correction in of_file:
            if _targets(correction, names):
                names |= _needs(correction)
        return {misprints[n] if n in right and n not in header else n for n in names}

    return widened


def not_met(corrections: Iterable[Correction], files: Iterable[str]) -> list[str]:
    """Name the corrections whose file was not among those that a run read."""
    read = list(files)
    return [
        f"{c.name}: no file {c.file} of {c.year} was read"
        for c in corrections
        if not any(c.names(shown) for shown in read)
    ]


def _targets(correction: Correction, names: set[str]) -> bool:
    """Say whether a correction changes one of these columns."""
    if isinstance(correction, HeaderCorrection):
        return False
    if isinstance(correction, FractionCorrection):
        return correction.column.upper() in names
    return any(_matches(name, correction.columns) for name in names)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern.upper()) for pattern in patterns)


def _needs(correction: Correction) -> set[str]:
    if isinstance(correction, FractionCorrection):
        return {correction.part.upper(), correction.whole.upper()}
    if isinstance(correction, CellCorrection) and correction.rows != "all":
        return {name.upper() for name in correction.rows}
    return set()


def _apply_one(file: TableFile, correction: Correction) -> tuple[TableFile, Applied]:
    if isinstance(correction, HeaderCorrection):
        return _correct_header(file, correction)
    if isinstance(correction, CellCorrection):
        return _correct_cells(file, correction)
    return _correct_fractions(file, correction)


def _correct_header(
    file: TableFile, correction: HeaderCorrection
) -> tuple[TableFile, Applied]:
    found, instead = correction.found.upper(), correction.instead.upper()
    if instead in file.header:
        _refuse_mended(file, correction, f"the column {instead} stands there", row=1)
    if found not in file.header:
        return file, _nothing(file, correction, f"there is no column {found}")
    header = tuple(instead if name == found else name for name in file.header)
    cells = file.cells.rename(columns={found: instead})
    said = f"the column {found} is read as {instead}"
    corrected = replace(file, header=header, cells=cells)
    return corrected, Applied(correction.name, file.shown, 1, said)


def _correct_cells(
    file: TableFile, correction: CellCorrection
) -> tuple[TableFile, Applied]:
    columns = [name for name in file.cells.columns if _matches(name, correction.columns)]
    if not columns:
        wanted = ", ".join(correction.columns)
        return file, _nothing(file, correction, f"no column {wanted} is read")
    rows = _rows(file, correction.rows)
    if rows is None or not rows.any():
        return file, _nothing(file, correction, "there is no such row")
    before = pd.DataFrame({name: _column(file, name) for name in columns})
    held = before[rows].apply(lambda column: column.str.strip())
    wrong = held.isin([value.strip() for value in correction.found])
    blank = held == ""
    if blank.to_numpy().all():
        return file, _nothing(file, correction, "the cells are blank")
    code = held.apply(lambda column: column.str.upper().isin(list(suppression.REASONS)))
    # A code beside wrong values is a school without a figure. Codes alone are a mend.
    other = ~(wrong | blank | code) if wrong.to_numpy().any() else ~blank
    for column in columns:
        for row, value in held.loc[other[column], column].items():
            said = f"found {value[:40]!r}"
            _refuse_mended(file, correction, said, row=int(str(row)), column=column)
    after = before.mask(wrong.reindex(before.index, fill_value=False), correction.instead)
    count = int(wrong.to_numpy().sum())
    found = " or ".join(repr(value) for value in correction.found)
    said = f"{count:,} cells of {_few(columns)} that say {found}: {correction.instead!r}"
    changed = {name: after[name] for name in columns}
    return _with(file, changed), Applied(correction.name, file.shown, count, said)


def _correct_fractions(
    file: TableFile, correction: FractionCorrection
) -> tuple[TableFile, Applied]:
    name = correction.column.upper()
    needed = [name, correction.part.upper(), correction.whole.upper()]
    for column in needed:
        if column not in file.cells.columns:
            return file, _nothing(file, correction, f"no column {column} is read")
    held = _column(file, name).str.strip()
    value, part, whole = (suppression.parse(_column(file, c)).value for c in needed)
    if value.isna().all():
        return file, _nothing(file, correction, "there are no figures")
    unsigned = value.notna() & ~held.str.endswith("%")
    if not unsigned.any():
        _refuse_mended(file, correction, "every figure has a percent sign", column=name)
    # A fraction of three decimals is at most half of a thousandth away.
    other = unsigned & ((value > 1) | ((value - part / whole).abs() > 0.000501))
    for row in held.index[other][:1]:
        _refuse_mended(file, correction, f"found {held[row]!r}", row=int(row), column=name)
    changed = held.where(~unsigned, held[unsigned].map(_as_percentage))
    count = int(unsigned.sum())
    said = f"{count:,} fractions of {name} are read as percentages"
    return _with(file, {name: changed}), Applied(correction.name, file.shown, count, said)


def _column(file: TableFile, name: str) -> pd.Series:
    cells: pd.Series = file.cells[name].astype(object)
    return cells


def _with(file: TableFile, changed: Mapping[str, pd.Series]) -> TableFile:
    """Give the file with other cells in some columns."""
    return replace(file, cells=file.cells.assign(**changed))


def _as_percentage(fraction: str) -> str:
    return f"{Decimal(fraction).scaleb(2) + 0:f}%"


def _rows(
    file: TableFile, meant: Literal["all"] | Mapping[str, tuple[str, ...]]
) -> pd.Series | None:
    """Mark the rows meant; None where a column that names them is not there."""
    rows = pd.Series(True, index=file.cells.index)
    if meant == "all":
        return rows
    for column, values in meant.items():
        if column.upper() not in file.cells.columns:
            return None
        rows &= _column(file, column.upper()).str.strip().isin(list(values))
    return rows


def _nothing(file: TableFile, correction: Correction, why: str) -> Applied:
    return Applied(correction.name, file.shown, 0, f"nothing to correct: {why}")


def _refuse_mended(
    file: TableFile,
    correction: Correction,
    said: str,
    *,
    row: int | None = None,
    column: str | None = None,
) -> NoReturn:
    raise InputFault(
        file.shown,
        f"{said}: the publisher has mended what {FILE_NAME} corrects",
        expected=f"the error of the correction {correction.name!r}",
        mend=f"remove the correction {correction.name!r} from data/reference/{FILE_NAME}",
        row=row,
        column=column,
    )


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
