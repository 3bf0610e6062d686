"""Reading one sheet of a workbook (xlsx), without losing or inventing a cell."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
import pandas as pd
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipeline.run.faults import InputFault
from pipeline.sources.table_file import (
    Columns,
    TableFile,
    cannot_read,
    open_file,
    read_whole,
)

MOST_BYTES = 500_000_000
"""Of everything in the workbook once unpacked. The spine of 2018 holds 29 million."""
MOST_SHRUNK = 100
"""How many times a part may grow when unpacked. A sheet in which every cell holds the
same grows 23 times, those of the department 8 to 9 times."""
_SMALL = 65_536
"""A part of so many bytes may grow as it likes."""
MOST_CELLS = 20_000_000
"""From the first cell of a sheet to its last. The spine of 2018 holds 0.8 million."""

MEND = "open it in a spreadsheet program and save it again as .xlsx, or as .csv"

# A cell that holds something has an end of its own; one that is only coloured has none.
# Lengths are bounded, so that no text makes the search slow.
_CELL = re.compile(
    rb'<(?:\w{1,20}:)?c\s(?:[^<>]{0,500}?\s)?r=["\']([A-Za-z]{1,3})([0-9]{1,9})["\']'
    rb"[^<>]{0,500}(?<!/)>"
)
_CELL_END = re.compile(rb"</(?:\w{1,20}:)?c\s{0,20}>")
_TEXT_CELL = re.compile(
    rb'<(?:\w{1,20}:)?c\s[^<>]{0,500}t=["\']s["\'][^<>]{0,500}>\s{0,20}'
    rb"<(?:\w{1,20}:)?v>(\d{1,9})<"
)
_ERROR_CELL = re.compile(
    rb'<(?:\w{1,20}:)?c(?=\s[^<>]{0,500}\bt=["\']e["\'])[^<>]{0,500}\sr=["\'](\w{1,20})["\']'
)
_TEXT = re.compile(rb"<(?:\w{1,20}:)?si[\s>/]")
_NO_RESULT = re.compile(
    rb'<(?:\w{1,20}:)?c\s[^<>]{0,500}r=["\'](\w{1,20})["\'][^<>]{0,500}>\s{0,20}'
    rb"<(?:\w{1,20}:)?f(?:\s[^<>]{0,500})?(?:/>|>[^<>]{0,20000}</(?:\w{1,20}:)?f>)\s{0,20}"
    rb"(?:<(?:\w{1,20}:)?v\s{0,20}/>|<(?:\w{1,20}:)?v></(?:\w{1,20}:)?v>)?\s{0,20}</"
)


def read(
    path: Path,
    shown: str,
    sheet: str | None = None,
    header: str | None = None,
    columns: Columns | None = None,
) -> TableFile:
    """Read one sheet as text cells, as `table_file.read` reads a CSV file.

    `sheet` may be left out where only one is visible. `header` names a column that the
    header must have, where titles may stand above it; without it, the header is row 1.
    `columns` is given all columns and says which to keep; all are kept without it.
    A cell becomes the text that a person would type: `100000` and not 100000.0, a date
    as `2018-09-01`, a time of day after a space. Numbers keep the 15 digits that a
    spreadsheet keeps. A number that is a date only by its look is left as the number it
    is: `date_of_serial` reads it.

    Raises InputFault for what is no workbook or is cut off, locked or too large to
    read, for a sheet that is not there, and for cells that hold an error (`#N/A`) or a
    formula without its result: the library would give those as empty.
    """
    return opened(path, shown).read(sheet, header, columns)


def sheets(path: Path, shown: str) -> list[str]:
    """Names of the sheets that a person sees when opening the workbook."""
    return opened(path, shown).sheets


@dataclass(frozen=True)
class Workbook:
    """A workbook that was unpacked once, for reading several of its sheets."""

    shown: str
    sha256: str
    sheets: list[str]
    """Names of the sheets that a person sees."""
    parts: dict[str, bytes]
    """The texts of the workbook by name in small letters, such as `xl/workbook.xml`."""
    book: CalamineWorkbook

    def read(
        self,
        sheet: str | None = None,
        header: str | None = None,
        columns: Columns | None = None,
    ) -> TableFile:
        """Read one sheet, as the function of this name reads it."""
        name = self.named(sheet)
        part = self._part_of(name)
        _refuse_unreadable(part, self.parts, name, self.shown)
        with _refusals(self.shown):
            rows = self.book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        top = _header_row(rows, header, name, self.shown)
        named = _columns(rows, top, self.shown)
        return TableFile(
            shown=self.shown,
            sha256=self.sha256,
            header=named,
            cells=_as_text(rows, top, named, columns, name, self.shown),
        )

    def _part_of(self, sheet: str) -> bytes:
        with _refusals(self.shown):
            if sheet in self._targets:
                return self.parts[self._targets[sheet]]
        raise InputFault(
            self.shown,
            f"the sheet {sheet!r} is listed in the workbook and not there",
            expected="a workbook as a spreadsheet program saves it",
            mend=MEND,
        )

    @cached_property
    def _targets(self) -> dict[str, str]:
        """Which part of the workbook holds each sheet, by the workbook's own index."""
        return _targets(self.parts, self.shown)

    def named(self, sheet: str | None) -> str:
        """Give the name of a sheet as it stands there; a person may write it otherwise.

        None stands for the only sheet there is. Raises InputFault where it is not there.
        """
        return _chosen(self.sheets, sheet, self.shown)


def opened(path: Path, shown: str) -> Workbook:
    """Open a workbook, for reading several of its sheets from one unpacking.

    Raises InputFault as `read` does for a workbook that cannot be read.
    """
    content = _bytes(path, shown)
    parts = _unpack(content, shown)
    with _refusals(shown):
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = _visible(book)
    sha256 = hashlib.sha256(content).hexdigest()
    return Workbook(shown, sha256, visible, parts, book)


def date_of_serial(text: str) -> date | None:
    """Day that a spreadsheet's serial number stands for; None where it stands for none.

    `43344` is 1 September 2018. Only whole numbers from 1 March 1900 to the end of 2099
    are days here. Workbooks that count from 1904 (old ones of the Mac) are not told
    apart from others; dates of theirs would come out four years early.
    """
    # SOURCE: spreadsheets count 29 February 1900, which never was, so that from 1 March
    # 1900 (number 61) on a day's number is its distance from 30 December 1899.
    if not re.fullmatch(r"[0-9]{2,5}", text):
        return None
    number = int(text)
    return date(1899, 12, 30) + timedelta(days=number) if 61 <= number <= 73050 else None


def _bytes(path: Path, shown: str) -> bytes:
    try:
        with open_file(path) as file:
            if path.stat().st_size > MOST_BYTES:
                raise _too_large(shown, f"the file has {path.stat().st_size:,} bytes")
            return file.read()
    except OSError as unreadable:
        raise cannot_read(shown, unreadable) from unreadable


def _unpack(content: bytes, shown: str) -> dict[str, bytes]:
    """Read the parts of the workbook that matter, after checking that all are whole.

    The size that a part declares is checked first: unpacking never yields more than it,
    and a part that holds more or less than it declares fails its checksum.
    """
    if not content.startswith(b"PK"):
        raise InputFault(
            shown,
            "it is no workbook in the form of .xlsx" if content else "the file is empty",
            expected="a workbook saved as .xlsx, without a password",
            mend=MEND,
        )
    parts: dict[str, bytes] = {}
    with _refusals(shown), zipfile.ZipFile(io.BytesIO(content)) as packed:
        total = sum(part.file_size for part in packed.infolist())
        if total > MOST_BYTES:
            raise _too_large(shown, f"unpacked, it would have {total:,} bytes")
        for part in packed.infolist():
            name = part.filename.replace("\\", "/").lower()
            if part.file_size > MOST_SHRUNK * max(part.compress_size, 1) + _SMALL:
                raise _too_large(
                    shown,
                    f"its part {name[:60]!r} would grow from {part.compress_size:,} bytes "
                    f"to {part.file_size:,}",
                )
            if name in parts:
                raise InputFault(
                    shown,
                    "a part of the workbook stands in it twice",
                    expected="a workbook as a spreadsheet program saves it",
                    mend=MEND,
                )
            with packed.open(part) as file:
                content_of = read_whole(file)
            parts[name] = content_of if name.endswith((".xml", ".rels")) else b""
    return parts


@contextmanager
def _refusals(shown: str) -> Iterator[None]:
    """Tell whatever the library says of a broken workbook in one way."""
    try:
        yield
    except (InputFault, KeyboardInterrupt, SystemExit):
        raise
    # A panic in the library's own language arrives as no Exception.
    except BaseException as broken:
        raise InputFault(
            shown,
            f"the workbook cannot be read ({str(broken)[:80] or type(broken).__name__})",
            expected="a whole workbook (.xlsx) without a password",
            mend="download it again, or " + MEND,
        ) from broken


def _too_large(shown: str, problem: str) -> InputFault:
    return InputFault(
        shown,
        problem,
        expected=f"at most {MOST_BYTES:,} bytes and {MOST_CELLS:,} cells",
        mend="delete what stands far below or beside the table, or save the table as .csv",
    )


def _visible(book: CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
        and sheet.visible == SheetVisibleEnum.Visible
    ]


def _chosen(visible: list[str], asked: str | None, shown: str) -> str:
    named = ", ".join(repr(name[:40]) for name in visible[:20])
    if asked is None:
        if len(visible) == 1:
            return visible[0]
        raise InputFault(
            shown,
            f"the workbook has {len(visible)} sheets: {named}",
            expected="one sheet",
            mend="delete or hide the other sheets, or save the right one as .csv",
        )
    for name in visible:
        if name.strip().casefold() == asked.strip().casefold():
            return name
    raise InputFault(
        shown,
        f"the sheet {asked!r} is missing; there are: {named}",
        expected=f"a sheet named {asked!r}",
        mend="look whether it is the right workbook, and download it again",
    )


def _targets(parts: dict[str, bytes], shown: str) -> dict[str, str]:
    index = parts.get("xl/workbook.xml", b"")
    if len(index) > MOST_BYTES // 100:
        raise _too_large(shown, "its list of sheets is too long")
    found: dict[str, str] = {}
    with _refusals(shown):
        book = ElementTree.fromstring(index)
        links = ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"])
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        for entry in book.iter():
            if entry.tag.endswith("}sheet"):
                link = next((entry.get(k) for k in entry.attrib if k.endswith("}id")), None)
                target = targets.get(link, "").replace("\\", "/").lower()
                part = target[1:] if target.startswith("/") else f"xl/{target}"
                found.setdefault(entry.get("name", ""), part)
    # A workbook of few bytes would else be read as many times as it lists one sheet.
    if len(set(found.values())) < len(found):
        raise InputFault(
            shown,
            "several sheets of the workbook have one content",
            expected="a workbook as a spreadsheet program saves it",
            mend=MEND,
        )
    return found


def _refuse_unreadable(
    sheet: bytes, parts: dict[str, bytes], name: str, shown: str
) -> None:
    """Stop at what the library would lose, and at what would fill the memory.

    The library lays a sheet out whole, from the first cell to the last: one cell far
    away makes millions. It repeats a text in every cell that refers to it.
    """
    for part in (sheet, parts.get("xl/sharedstrings.xml")):
        _refuse_broken_xml(part, name, shown)
    failed = None
    # A plain search comes first, since few sheets hold errors or formulas.
    if b'"e"' in sheet or b"'e'" in sheet:
        failed = _ERROR_CELL.search(sheet)
    if not failed and any(mark in sheet for mark in (b"<f", b":f")):
        failed = _NO_RESULT.search(sheet)
    if failed:
        raise InputFault(
            shown,
            f"the cell {failed[1].decode()} of sheet {name!r} holds an error, or a formula "
            "without its result",
            expected="cells that hold what they show",
            mend="open it, mend the cell, copy the table and paste it as values only",
        )
    placed = _CELL.findall(sheet)
    if b"\x00" in sheet or len(placed) != len(_CELL_END.findall(sheet)):
        raise InputFault(
            shown,
            f"the sheet {name!r} has cells that do not say where they stand",
            expected="a workbook as a spreadsheet program saves it",
            mend=MEND,
        )
    last_row = max(map(int, {row for _, row in placed}), default=0)
    last_column = max(map(_column_number, {letters for letters, _ in placed}), default=0)
    if last_row * last_column > MOST_CELLS:
        raise _too_large(
            shown, f"sheet {name!r} reaches to row {last_row:,}, column {last_column:,}"
        )
    texts = _TEXT.split(parts.get("xl/sharedstrings.xml", b""))
    sizes = np.array([len(text) for text in texts[1:]], dtype=np.int64)
    if len(sizes) and int(sizes.max()) * len(placed) > MOST_BYTES:
        used = np.array([int(text) for text in _TEXT_CELL.findall(sheet)], dtype=np.int64)
        if int(sizes[used[used < len(sizes)]].sum()) > MOST_BYTES:
            raise _too_large(shown, f"the texts of sheet {name!r} are too long")


def _refuse_broken_xml(part: bytes | None, name: str, shown: str) -> None:
    """Stop at XML that is not whole: the library reads on and leaves cells out.

    A document type is refused too. Spreadsheet programs write none, and it may define
    abbreviations that grow without end.
    """

    def refuse(problem: str) -> NoReturn:
        raise InputFault(
            shown,
            f"the text of sheet {name!r} is broken ({problem})",
            expected="a workbook as a spreadsheet program saves it",
            mend="download it again, or " + MEND,
        )

    if part is None:
        return
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: refuse("it has a document type")
    try:
        parser.Parse(part, True)
    # A declared encoding that nobody knows is another kind of error.
    except (expat.ExpatError, LookupError, ValueError) as broken:
        refuse(str(broken))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _header_row(rows: list[list[Any]], asked: str | None, name: str, shown: str) -> int:
    if asked is None:
        return 0
    for place, row in enumerate(rows):
        if any(isinstance(c, str) and c.strip().upper() == asked.upper() for c in row):
            return place
    raise InputFault(
        shown,
        f"no row of sheet {name!r} holds the column {asked}",
        expected=f"a header with the column {asked}",
        mend="look whether it is the right workbook, and download it again",
    )


def _columns(rows: list[list[Any]], top: int, shown: str) -> tuple[str, ...]:
    columns = tuple(_text(cell).strip().upper() for cell in rows[top]) if rows else ()
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        raise InputFault(
            shown,
            f"the column {repeated[0]} stands there twice",
            expected="every column once",
            mend="give every column of the table a name of its own",
            row=top + 1,
        )
    return columns


def _as_text(
    rows: list[list[Any]],
    top: int,
    named: tuple[str, ...],
    columns: Columns | None,
    name: str,
    shown: str,
) -> pd.DataFrame:
    asked = set(named) if columns is None else columns(named)
    kept = [place for place, column in enumerate(named) if column in asked]
    body = rows[top + 1 :]
    filled = [any(_text(cell).strip() for cell in row) for row in body]
    if not any(filled):
        raise InputFault(
            shown,
            f"sheet {name!r} has no rows below row {top + 1}",
            expected="a header and one row for each school",
            mend="look whether it is the right sheet, and download the workbook again",
        )
    return pd.DataFrame(
        [[_text(row[place]) for place in kept] for row in body],
        columns=[named[place] for place in kept],
        index=pd.RangeIndex(top + 2, top + 2 + len(body), name="row"),
        dtype=object,
    ).loc[filled]


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < 1e15
        return str(int(cell)) if whole else format(cell, ".15g")
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)
