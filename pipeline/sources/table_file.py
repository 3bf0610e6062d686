"""Reading one downloaded file, without losing or inventing a cell."""

import csv
import errno
import hashlib
import io
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from pipeline.run.faults import InputFault

Columns = Callable[[tuple[str, ...]], set[str]]
"""Given all columns of a file, in capitals: the ones to keep."""
Rows = Callable[[tuple[str, ...]], Callable[[list[str]], bool]]
"""Given all columns of a file, in capitals: what tells of a row whether to keep it.

It is called again where a file turns out to be in Windows-1252, and then begins anew."""
Opened = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens a file for reading its bytes; it may be called more than once."""
MOST_COLUMNS = 16_384
"""As many as a spreadsheet has. The widest table known has some 500."""
_CHUNK = 1 << 18
_ARROW_BLOCK = 1 << 23
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class TableFile:
    """One file as read: text cells, and where they stood."""

    shown: str
    """Path as recorded: relative to the folder of sources."""
    sha256: str
    header: tuple[str, ...]
    """Every column of the file, in capitals and in its order; blank names as they are."""
    cells: pd.DataFrame
    """Cells of the columns that were asked for, as text, empty where a row is shorter
    than the header. Columns are in capitals, since their case changes between years; the
    index is the row as a spreadsheet counts it (the header is row 1)."""


def read(path: Path, shown: str, columns: Columns | None = None) -> TableFile:
    """Read a comma-separated file of text cells: all columns, or those asked for.

    The files come with and without a byte order mark, in UTF-8 and Windows-1252, with
    either line ending and often with none at the end; rows of schools without results
    are shorter than the header. A row that is longer, or a last row that stops where no
    other row does, raises InputFault: cells would stand in the wrong columns, or the
    file was cut off. So does what is no file: a pipe would be waited for, and a device
    may never end.
    """
    try:
        return read_part(lambda: open_file(path), shown, columns)
    except OSError as unreadable:
        raise cannot_read(shown, unreadable) from unreadable


def read_whole(file: IO[bytes]) -> bytes:
    """Read to the end in pieces: a zip's member may hold far more than its list says.

    Read in one go it would be unpacked whole before its true size is told.
    """
    return b"".join(iter(lambda: file.read(_CHUNK), b""))


def open_file(path: Path) -> IO[bytes]:
    """Open a file, or what a link leads to, for reading its bytes.

    Raises OSError for what cannot be opened, and for a folder, pipe or device.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    return path.open("rb")


def cannot_read(shown: str, unreadable: OSError) -> InputFault:
    """Tell that a file cannot be read at all."""
    return InputFault(
        shown,
        f"the file cannot be read ({unreadable.strerror})",
        expected="a file that you may read",
        mend="look whether it is a file, and give yourself the right to read it",
    )


def read_part(
    opened: Opened, shown: str, columns: Columns | None = None, rows: Rows | None = None
) -> TableFile:
    """Read some columns and rows of a comma-separated file as `read` reads them all.

    Every row is checked, and counted for its number, whether it is kept or not. What is
    not kept takes no memory.
    """
    if rows is None and columns is not None:
        with opened() as file:
            content = read_whole(file)
        simple = _read_by_arrow(content, shown, columns)
        if simple is not None:
            return simple
    try:
        return _read_by_csv(opened, "utf-8-sig", shown, columns, rows)
    except UnicodeDecodeError as undecoded:
        with opened() as file:
            refuse_half_utf_8(file.read(len(_BOM)), shown, undecoded)
        # SOURCE: some releases are in Windows-1252, which gives five byte values no
        # meaning; those must not stop the reading of a name.
        return _read_by_csv(opened, "cp1252", shown, columns, rows)


def refuse_half_utf_8(start: bytes, shown: str, undecoded: UnicodeDecodeError) -> None:
    """Refuse what says by its first bytes that it is UTF-8, and is not all the way.

    Read as Windows-1252 every name outside English would come out wrong, silently.
    """
    if not start.startswith(_BOM):
        return
    found = undecoded.object[undecoded.start]
    raise InputFault(
        shown,
        f"it begins as a text in UTF-8, and holds a byte (0x{found:02X}) that is not",
        expected="one encoding from end to end: UTF-8, or Windows-1252 without the mark",
        mend="download it again, or save it anew as 'CSV UTF-8' where it was edited",
    )


def first_columns(start: bytes) -> tuple[str, ...]:
    """Give the columns of a file from its first bytes, in capitals; none if it is no table.

    It is meant for looking at files that may be anything: it raises no fault.
    """
    lines = start.removeprefix(b"\xef\xbb\xbf").splitlines()
    if not lines or b"\x00" in start:
        return ()
    try:
        row = next(csv.reader([lines[0].decode("utf-8", errors="replace")]), [])
    except csv.Error:
        return ()
    return tuple(name.strip().upper() for name in row)


def _kept(header: tuple[str, ...], columns: Columns | None) -> list[int]:
    if columns is None:
        return list(range(len(header)))
    names = columns(header)
    return [place for place, name in enumerate(header) if name in names]


def _refuse_header(header: tuple[str, ...], shown: str) -> None:
    if len(header) > MOST_COLUMNS:
        raise InputFault(
            shown,
            f"it has {len(header):,} columns",
            expected=f"a table of at most {MOST_COLUMNS:,} columns",
            mend="download the file again; rows may have been saved as columns",
            row=1,
        )
    seen: set[str] = set()
    for name in header:
        if name and name in seen:
            raise InputFault(
                shown,
                f"the column {name} stands there twice",
                expected="every column once",
                mend="download the file again; do not join tables by hand",
                row=1,
            )
        seen.add(name)


# Reading by the csv module: any file, every fault told -----------------------------------


class _Watched(io.RawIOBase):
    """Passes bytes on, and keeps their hash and the last of them."""

    def __init__(self, file: IO[bytes], shown: str) -> None:
        self._file, self._shown = file, shown
        self.sha256 = hashlib.sha256()
        self.last = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        chunk = self._file.read(len(buffer))
        if b"\x00" in chunk:
            raise InputFault(
                self._shown,
                "the file holds bytes that no text file has",
                expected="a CSV file in UTF-8 or Windows-1252",
                mend="save it as CSV (not as a workbook), or download it again",
            )
        self.sha256.update(chunk)
        self.last = chunk[-1:] or self.last
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _read_by_csv(
    opened: Opened, encoding: str, shown: str, columns: Columns | None, rows: Rows | None
) -> TableFile:
    with opened() as file:
        watched = _Watched(file, shown)
        text = io.TextIOWrapper(
            io.BufferedReader(watched, _CHUNK),
            encoding=encoding,
            errors="strict" if encoding == "utf-8-sig" else "replace",
            newline="",
        )
        reader = csv.reader(text, strict=True)
        try:
            header = tuple(name.strip().upper() for name in next(reader, []))
            _refuse_header(header, shown)
            kept = _kept(header, columns)
            body = _Body(header, shown)
            cells = list(body.rows(reader, kept, rows(header) if rows else None))
        except csv.Error as broken:
            raise InputFault(
                shown,
                f"not readable as comma-separated values ({broken})",
                expected="a CSV file as downloaded, with every quotation mark closed",
                mend="download the file again; it may have been cut off",
            ) from broken
        body.refuse_cut_off(ended=watched.last in (b"\r", b"\n"))
        block = np.empty((len(cells), len(kept)), dtype=object)
        if cells and kept:
            block[:] = cells
        return TableFile(
            shown=shown,
            sha256=watched.sha256.hexdigest(),
            header=header,
            cells=_as_frame(block, [header[place] for place in kept], body.numbers),
        )


def _as_frame(
    block: NDArray[Any], names: list[str], numbers: Sequence[int]
) -> pd.DataFrame:
    rows = pd.Index(np.array(numbers, dtype=np.int64), name="row")
    return pd.DataFrame(block, columns=names, index=rows, dtype=object, copy=False)


class _Body:
    """The rows below a header, checked one by one."""

    def __init__(self, header: tuple[str, ...], shown: str) -> None:
        self._width, self._shown = len(header), shown
        self.numbers: list[int] = []
        """Which rows were kept, as a spreadsheet counts them."""
        self._lengths = {self._width}
        self._last = (1, self._width)
        self._has_rows = False

    def rows(
        self,
        reader: Iterator[list[str]],
        kept: list[int],
        is_wanted: Callable[[list[str]], bool] | None,
    ) -> Iterator[tuple[str, ...]]:
        """Give the kept cells of every row that says anything and is wanted."""
        width, lengths = self._width, self._lengths
        pick = itemgetter(*kept) if len(kept) > 1 else _picker_of_few(kept)
        same: dict[str, str] = {}
        last = (1, width)
        for number, row in enumerate(reader, start=2):
            lengths.add(last[1])
            length = len(row)
            if length != width:
                if length > width:
                    self._refuse_longer(row, number)
                    length = width
                else:
                    row += [""] * (width - length)
            last = (number, length)
            if not (row and row[0].strip()) and not any(map(str.strip, row)):
                continue
            self._has_rows = True
            if is_wanted is None or is_wanted(row):
                self.numbers.append(number)
                # Millions of rows repeat few words: each is kept once.
                cells = pick(row)
                yield tuple(map(same.setdefault, cells, cells))
        self._last = last

    def refuse_cut_off(self, *, ended: bool) -> None:
        """Stop at a file without rows, and at one whose last row is not whole."""
        if not self._has_rows:
            raise InputFault(
                self._shown,
                "the file has a header but no rows" if self._width else "the file is empty",
                expected="a header and one row for each school",
                mend="download the file again",
            )
        # SOURCE: the department's files end without a line ending, and rows drop empty
        # cells at their end, the last one too (850_ks4final.csv of 2017/18): 495 of 496
        # cells, like 42 others. A row that was cut off stops where no other row stops.
        number, length = self._last
        if length not in self._lengths and not ended:
            raise InputFault(
                self._shown,
                f"the last row stops after {length} of {self._width} cells",
                expected="a whole last row",
                mend="download the file again; it was cut off",
                row=number,
            )

    def _refuse_longer(self, row: list[str], number: int) -> None:
        if any(cell.strip() for cell in row[self._width :]):
            raise InputFault(
                self._shown,
                f"the row has {len(row)} cells, the header {self._width}",
                expected="no more cells than columns",
                mend="download the file again; a comma may stand in an unquoted name",
                row=number,
            )


def _picker_of_few(kept: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    return lambda row: tuple(row[place] for place in kept)


# Reading by Arrow: a file without faults, five times as fast -----------------------------


def _read_by_arrow(content: bytes, shown: str, columns: Columns) -> TableFile | None:
    """Read a file in which nothing is out of order; None for any other.

    What is not certain to be read just as the csv module reads it is left to that module,
    which also tells every fault. A table of 400 columns is split without making a text
    of each cell; only the columns that are kept become texts, each different one once.
    """
    start = len(_BOM) if content.startswith(_BOM) else 0
    end = _first_line_ends(content)
    body = end + (2 if content[end : end + 2] == b"\r\n" else 1)
    if b"\x00" in content or b'"' in content[:end] or not _is_utf_8(content):
        return None
    if content.startswith(_BOM, body) or _has_longer_cells(content):
        return None
    if b'"' in content and not _is_well_quoted(content[body:]):
        return None
    first = content[start:end].decode()
    header = tuple(name.strip().upper() for name in first.split(","))
    _refuse_header(header, shown)
    kept = _kept(header, columns)
    rest = pa.py_buffer(content).slice(min(body, len(content)))
    short = _ShortRows()
    table = _split(rest, len(header), kept, short)
    if table is None or not short.can_be_used(ended=content[-1:] in (b"\r", b"\n")):
        return None
    count = table.num_rows + len(short.rows)
    block = np.empty((count, len(kept)), dtype=object, order="F")
    for at, (place, column) in enumerate(zip(kept, table.columns, strict=True)):
        block[:, at] = short.put_among(column.chunk(0), place)
    if _has_blank_row(block):
        return None
    return TableFile(
        shown=shown,
        sha256=hashlib.sha256(content).hexdigest(),
        header=header,
        cells=_as_frame(block, [header[place] for place in kept], range(2, count + 2)),
    )


def _first_line_ends(content: bytes) -> int:
    ends = [content.find(end) for end in (b"\r", b"\n")]
    return min((end for end in ends if end >= 0), default=len(content))


def _is_utf_8(content: bytes) -> bool:
    try:
        return content.isascii() or bool(content.decode())
    except UnicodeDecodeError:
        return False


def _has_longer_cells(content: bytes) -> bool:
    """Say whether there may be a cell that is longer than the csv module accepts."""
    most = csv.field_size_limit()
    in_lines = any(len(line) > most for line in content.split(b"\n"))
    return in_lines or any(len(part) > most for part in content.split(b'"')[1::2])


def _is_well_quoted(content: bytes) -> bool:
    """Say whether each quotation mark opens a cell, closes one or is doubled in one."""
    outside = content.split(b'"')[::2]
    return (
        content.count(b'"') % 2 == 0
        and all(part[:1] in b",\r\n" for part in outside[1:])
        and all(part[-1:] in b",\r\n" for part in outside[:-1])
    )


def _split(
    content: pa.Buffer, width: int, kept: list[int], short: "_ShortRows"
) -> pa.Table | None:
    names = [str(place) for place in range(width)]
    word = pa.dictionary(pa.int32(), pa.string())
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_ARROW_BLOCK, column_names=names
            ),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=short.note,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, word),
                include_columns=[names[place] for place in kept],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows == 0 or not kept:
        return None
    return table.unify_dictionaries().combine_chunks()


class _ShortRows:
    """Rows with fewer cells than the header: their places and their cells."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._place: list[int] = []
        self._is_clear = True

    def note(self, row: arrow_csv.InvalidRow) -> str:
        """Keep one row; Arrow swallows an error that is raised here, and goes on."""
        was_clear, self._is_clear = self._is_clear, False
        try:
            cells = next(csv.reader(io.StringIO(row.text, newline=""), strict=True), [])
        except csv.Error:
            return "skip"
        self.rows.append(cells)
        self._place.append(row.number - 1)
        self._is_clear = was_clear and row.actual_columns < row.expected_columns
        return "skip"

    def can_be_used(self, *, ended: bool) -> bool:
        """Say whether these rows are short, and the last row was not cut off.

        A last row that is short may have been: the csv module's reading decides it.
        """
        return self._is_clear and (ended or not self.rows)

    def put_among(self, whole: pa.DictionaryArray, column: int) -> NDArray[np.object_]:
        """Put the cells of the short rows of one column among those of the others."""
        words = np.array([*whole.dictionary.to_pylist(), None], dtype=object)
        cells: NDArray[np.object_] = words[whole.indices.to_numpy()]
        if not self.rows:
            return cells
        before = np.array(self._place) - np.arange(len(self.rows))
        of_short = [row[column] if column < len(row) else "" for row in self.rows]
        return np.insert(cells, before, np.array(of_short, dtype=object))


def _has_blank_row(block: NDArray[np.object_]) -> bool:
    """Say whether any row has nothing in the columns that were kept."""
    maybe: Sequence[int] = range(len(block))
    for column in block.T:
        maybe = [row for row in maybe if not column[row].strip()]
        if not maybe:
            return False
    return True
