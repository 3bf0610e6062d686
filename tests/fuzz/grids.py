"""Tables as grids of text, for spoiling them: to and from CSV and workbooks.

Nothing here is the pipeline's own: what reads a spoilt file for comparison must not share
the faults of what is tested.
"""

import csv
import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr, unescape

import openpyxl

Rows = list[list[str]]
_WIDE = 1 << 27


class UnreadableError(Exception):
    """No table can be had from these bytes."""


@contextmanager
def any_length() -> Iterator[None]:
    """Let the csv module read cells of any length, here and nowhere else."""
    before = csv.field_size_limit(_WIDE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@dataclass(frozen=True)
class Sheet:
    """A table of text and how it is written."""

    rows: Rows
    encoding: str = "utf-8"
    mark: bytes = b""
    line_end: str = "\r\n"
    ends: bool = True
    """Whether a line ending stands after the last row."""

    @property
    def header(self) -> list[str]:
        return [name.strip().upper() for name in self.rows[0]]

    def column(self, name: str) -> int:
        return self.header.index(name)

    def with_rows(self, rows: Rows) -> "Sheet":
        return replace(self, rows=rows)


def text_of(content: bytes) -> str:
    """Decode a table of text as published ones are: UTF-8, else Windows-1252."""
    if b"\x00" in content:
        raise UnreadableError("NUL bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def rows_of(text: str, delimiter: str = ",") -> Rows:
    """Split a table of text; quotation marks have to be in order."""
    with any_length():
        try:
            return list(
                csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            )
        except csv.Error as broken:
            raise UnreadableError(str(broken)) from broken


def sheet_of(content: bytes) -> Sheet:
    """Take a table of text apart; `bytes_of` puts it together again."""
    text = text_of(content)
    is_utf_8 = True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        is_utf_8 = False
    return Sheet(
        rows=rows_of(text),
        encoding="utf-8" if is_utf_8 else "cp1252",
        mark=b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b"",
        line_end="\r\n" if b"\r\n" in content else "\n",
        ends=content[-1:] in (b"\r", b"\n"),
    )


def bytes_of(sheet: Sheet, quoting: int = csv.QUOTE_MINIMAL, delimiter: str = ",") -> bytes:
    """Write a table of text; what the encoding lacks becomes a question mark."""
    written = io.StringIO(newline="")
    table = csv.writer(
        written, lineterminator=sheet.line_end, quoting=quoting, delimiter=delimiter
    )
    table.writerows(sheet.rows)
    text = written.getvalue()
    if not sheet.ends:
        text = text.removesuffix(sheet.line_end)
    return sheet.mark + text.encode(sheet.encoding, errors="replace")


def row_ends(content: bytes) -> list[int]:
    """Give the places after each row of a table of text, line endings in cells apart."""
    ends, quoted = [], False
    for match in re.finditer(rb'"|\r\n|\n|\r', content):
        if match[0] == b'"':
            quoted = not quoted
        elif not quoted:
            ends.append(match.end())
    return ends if ends and ends[-1] == len(content) else [*ends, len(content)]


# Workbooks ---------------------------------------------------------------------------

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
BOOK = "xl/workbook.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def parts_of(content: bytes) -> dict[str, bytes]:
    """Unpack a workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack a workbook or any zip, the same bytes each time."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, (2019, 9, 1, 0, 0, 0))
            entry.compress_type = method
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return written.getvalue()


def letters(column: int) -> str:
    """Name a column as spreadsheets do: 0 is A."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def sheet_name(content: bytes) -> str:
    """The name of a workbook's first sheet, which may say what the file is of."""
    found = re.search(rb'<sheet [^>]*?name="([^"]*)"', parts_of(content)[BOOK])
    return unescape(found[1].decode()) if found else "Sheet1"


def workbook_of(rows: Rows, sheet: str = "Sheet1", cells: str | None = None) -> bytes:
    """Write rows of text as a workbook; `cells` replaces the XML of its rows."""
    if cells is None:
        cells = "".join(_row_xml(number, row) for number, row in enumerate(rows, start=1))
    types = "".join(
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-'
        f'officedocument.spreadsheetml.{kind}+xml"/>'
        for part, kind in ((BOOK, "sheet.main"), (SHEET, "worksheet"))
    )
    return packed(
        {
            "[Content_Types].xml": (
                f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>'
            ).encode(),
            "_rels/.rels": _relations(("rId1", "officeDocument", BOOK)),
            BOOK: (
                f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet '
                f'name={quoteattr(sheet)} sheetId="1" r:id="rId1"/></sheets></workbook>'
            ).encode(),
            "xl/_rels/workbook.xml.rels": _relations(
                ("rId1", "worksheet", "worksheets/sheet1.xml")
            ),
            SHEET: (
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData>'
                "</worksheet>"
            ).encode(),
        }
    )


def _relations(*links: tuple[str, str, str]) -> bytes:
    listed = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in links
    )
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'
    ).encode()


def _row_xml(number: int, row: list[str]) -> str:
    cells = "".join(
        cell_xml(f"{letters(at)}{number}", text) for at, text in enumerate(row) if text
    )
    return f'<row r="{number}">{cells}</row>'


def cell_xml(place: str, text: str) -> str:
    """One cell of text."""
    return (
        f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">'
        f"{escape(_NOT_XML.sub('?', text))}</t></is></c>"
    )


def rows_of_workbook(content: bytes, sheet: str | None = None) -> Rows:
    """Read a workbook's one visible sheet, or a named one, by openpyxl."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        visible = [s for s in book.worksheets if s.sheet_state == "visible"]
        found = [s for s in visible if sheet in (None, s.title)]
        if len(found) != 1:
            raise UnreadableError(f"{len(found)} sheets")
        rows = [list(row) for row in found[0].iter_rows(values_only=True)]
    except UnreadableError:
        raise
    except Exception as broken:
        raise UnreadableError(repr(broken)) from broken
    return [[_cell_text(cell) for cell in row] for row in rows]


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) else f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        whole = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
        return cell.date().isoformat() if whole else cell.isoformat(" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def cut_workbook(content: bytes, rows: int) -> bytes:
    """Keep the first rows of a workbook's first sheet, in the XML of its own writer."""
    parts = parts_of(content)
    sheet = parts[SHEET]
    ends = [match.end() for match in re.finditer(rb"</row>", sheet)]
    if len(ends) > rows:
        sheet = sheet[: ends[rows - 1]] + sheet[sheet.index(b"</sheetData>") :]
    used = re.findall(rb't="s"[^>]*><v>(\d+)</v>', sheet)
    last = max(map(int, used), default=0)
    texts = parts.get(STRINGS, b"")
    closed = [match.end() for match in re.finditer(rb"</si>|<si\s*/>", texts)]
    if len(closed) > last + 1:
        texts = texts[: closed[last]] + b"</sst>"
        texts = re.sub(rb'\s(?:uniqueCount|count)="\d+"', b"", texts)
        parts[STRINGS] = texts
    parts[SHEET] = sheet
    # A list of the order of calculation names cells that are cut away.
    parts.pop("xl/calcChain.xml", None)
    for name in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
        parts[name] = re.sub(
            rb"<(?:Relationship|Override)[^>]*calcChain[^>]*/>", b"", parts[name]
        )
    return packed(parts)
