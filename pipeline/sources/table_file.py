"""Reading one downloaded file, without losing or inventing a cell."""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.run.faults import InputFault


@dataclass(frozen=True)
class TableFile:
    """One file as read: text cells, and where they stood."""

    shown: str
    """Path as recorded: relative to the folder of sources."""
    sha256: str
    cells: pd.DataFrame
    """Every cell as text, empty where a row is shorter than the header. Columns are in
    capitals, since their case changes between years; the index is the row as a
    spreadsheet counts it (the header is row 1)."""


def read(path: Path, shown: str) -> TableFile:
    """Read a comma-separated file of text cells.

    The files come with and without a byte order mark, in UTF-8 and Windows-1252, with
    either line ending and often with none at the end; rows of schools without results
    are shorter than the header. A row that is longer, or a last row that stops where no
    other row does, raises InputFault: cells would stand in the wrong columns, or the
    file was cut off.
    """
    try:
        content = path.read_bytes()
    except OSError as unreadable:
        raise InputFault(
            shown,
            f"the file cannot be read ({unreadable.strerror})",
            expected="a file that you may read",
            mend="look whether it is a file, and give yourself the right to read it",
        ) from unreadable
    text = _decode(content, shown)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as broken:
        raise InputFault(
            shown,
            f"not readable as comma-separated values ({broken})",
            expected="a CSV file as downloaded, with every quotation mark closed",
            mend="download the file again; it may have been cut off",
        ) from broken
    header = [name.strip().upper() for name in rows[0]] if rows else []
    body = rows[1:]
    if not any(body):
        raise InputFault(
            shown,
            "the file has a header but no rows" if header else "the file is empty",
            expected="a header and one row for each school",
            mend="download the file again",
        )
    _refuse_repeated_columns(header, shown)
    _refuse_wrong_lengths(header, body, shown, ends_with_newline=text[-1] in "\r\n")
    width = len(header)
    return TableFile(
        shown=shown,
        sha256=hashlib.sha256(content).hexdigest(),
        cells=pd.DataFrame(
            [row + [""] * (width - len(row)) for row in body],
            columns=header,
            index=pd.RangeIndex(2, len(body) + 2, name="row"),
            dtype=object,
        ).loc[[any(cell.strip() for cell in row) for row in body]],
    )


def _decode(content: bytes, shown: str) -> str:
    if b"\x00" in content:
        raise InputFault(
            shown,
            "the file holds bytes that no text file has",
            expected="a CSV file in UTF-8 or Windows-1252",
            mend="save it as CSV (not as a workbook), or download it again",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # SOURCE: some releases are in Windows-1252, which gives five byte values no
        # meaning; those must not stop the reading of a name.
        return content.decode("cp1252", errors="replace")


def _refuse_repeated_columns(header: list[str], shown: str) -> None:
    named = [name for name in header if name]
    repeated = sorted({name for name in named if named.count(name) > 1})
    if repeated:
        raise InputFault(
            shown,
            f"the column {repeated[0]} stands there twice",
            expected="every column once",
            mend="download the file again; do not join tables by hand",
            row=1,
        )


def _refuse_wrong_lengths(
    header: list[str], body: list[list[str]], shown: str, *, ends_with_newline: bool
) -> None:
    for number, row in enumerate(body, start=2):
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            raise InputFault(
                shown,
                f"the row has {len(row)} cells, the header {len(header)}",
                expected="no more cells than columns",
                mend="download the file again; a comma may stand in an unquoted name",
                row=number,
            )
        del row[len(header) :]
    # SOURCE: the department's files end without a line ending, and rows drop empty cells
    # at their end, the last one too (850_ks4final.csv of 2017/18): 495 of 496 cells, like
    # 42 others. A row that was cut off stops where no other row stops.
    lengths = {len(row) for row in body[:-1]} | {len(header)}
    if len(body[-1]) not in lengths and not ends_with_newline:
        raise InputFault(
            shown,
            f"the last row stops after {len(body[-1])} of {len(header)} cells",
            expected="a whole last row",
            mend="download the file again; it was cut off",
            row=len(body) + 1,
        )
