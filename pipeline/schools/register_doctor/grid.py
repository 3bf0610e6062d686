"""Reading any list as rows of text cells: workbook, comma, semicolon or tab."""

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.run.faults import InputFault
from pipeline.schools.register_doctor import headers
from pipeline.schools.register_doctor.findings import Finding
from pipeline.schools.register_doctor.headers import Rows
from pipeline.sources import table_file, workbook
from pipeline.sources.workbook import Workbook

MOST_BYTES = 50_000_000
MOST_ROWS = 20_000
"""There are about 24,000 open schools in England."""
MOST_SHEETS = 50
"""So many are looked through for the list, where no sheet is named."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
_MAC_EPOCH = re.compile(rb"""\bdate1904=["'](?:1|true)["']""")


@dataclass(frozen=True)
class Grid:
    """The cells of a list, before anything is known of its columns."""

    shown: str
    rows: Rows
    counts_from_1904: bool = False
    """Whether the workbook counts its days from 1904, as old ones of the Mac do."""
    findings: list[Finding] = field(default_factory=list)


def read(path: Path, sheet: str | None = None) -> Grid:
    """Read a list, whatever it is, by what it holds and not by its name.

    Raises InputFault for what is no table, is cut off inside a quotation, or is far
    larger than a list of schools; and where a workbook has several sheets that could
    be meant and none is named.
    """
    shown = path.as_posix()
    try:
        size = path.stat().st_size
        start = path.open("rb").read(8) if path.is_file() else b""
    except OSError as unreadable:
        raise InputFault(
            shown,
            f"it cannot be read ({unreadable.strerror})",
            expected="a list of members: a workbook (.xlsx) or a table of text (.csv)",
            mend="look whether the name is right and whether you may read it",
        ) from unreadable
    if not path.is_file() or size == 0 or size > MOST_BYTES:
        raise InputFault(
            shown,
            "it is no file"
            if not path.is_file()
            else f"it has {size:,} bytes"
            if size
            else "it is empty",
            expected=f"a list of members, at most {MOST_BYTES:,} bytes",
            mend="give the workbook or table that holds the list",
        )
    if start.startswith(b"PK") or start.startswith(b"\xd0\xcf\x11\xe0"):
        grid = _of_workbook(path, shown, sheet)
    else:
        grid = _of_text(path.read_bytes(), shown)
    if len(grid.rows) > MOST_ROWS:
        raise InputFault(
            shown,
            f"it has {len(grid.rows):,} rows",
            expected=f"a list of members, at most {MOST_ROWS:,} rows",
            mend="delete what is not the list",
        )
    return grid


def _of_workbook(path: Path, shown: str, sheet: str | None) -> Grid:
    findings: list[Finding] = []
    book = workbook.opened(path, shown)
    if sheet is None:
        sheet, others = _likeliest_sheet(book, shown)
        if others:
            findings.append(
                Finding(
                    row=None,
                    column="",
                    found=", ".join(others),
                    severity="look at it",
                    why=f"only the sheet {sheet!r} was read; the others have no header of "
                    "a list of schools",
                )
            )
    table = book.read(sheet)
    sheet = book.named(sheet)
    rows = {1: [str(name) for name in table.cells.columns]}
    rows |= {
        int(str(number)): [str(cell) for cell in cells]
        for number, cells in zip(
            table.cells.index, table.cells.to_numpy().tolist(), strict=True
        )
    }
    findings += _fill_merged(book, sheet, rows)
    return Grid(
        shown=f"{shown}, sheet {sheet!r}",
        rows=[(n, c) for n, c in sorted(rows.items()) if any(x.strip() for x in c)],
        counts_from_1904=bool(_MAC_EPOCH.search(book.parts["xl/workbook.xml"])),
        findings=findings,
    )


def _likeliest_sheet(book: Workbook, shown: str) -> tuple[str, list[str]]:
    names = book.sheets
    if len(names) == 1:
        return names[0], []
    if len(names) > MOST_SHEETS:
        raise InputFault(
            shown,
            f"the workbook has {len(names):,} sheets",
            expected=f"a workbook of at most {MOST_SHEETS} sheets, or the name of the sheet "
            "with the list of schools",
            mend="say which it is: --sheet NAME",
        )
    fit: list[str] = []
    faults: list[InputFault] = []
    for name in names:
        try:
            cells = book.read(name).cells
        except InputFault as fault:
            faults.append(fault)
            continue
        rows = [list(map(str, cells.columns)), *cells.to_numpy().astype(str).tolist()]
        if headers.best(list(enumerate(rows)))[1] >= 2:
            fit.append(name)
    if len(fit) == 1:
        return fit[0], [name for name in names if name != fit[0]]
    if not fit and faults:
        raise faults[0]
    raise InputFault(
        shown,
        f"the workbook has {len(names)} sheets, of which {len(fit)} could be the list",
        expected="one sheet with the list of schools",
        mend="say which: --sheet " + " or --sheet ".join(repr(n) for n in (fit or names)),
    )


def _fill_merged(book: Workbook, sheet: str, rows: dict[int, list[str]]) -> list[Finding]:
    """Give every row of a merged cell what the cell shows, as a person would read it."""
    ranges = book.book.get_sheet_by_name(sheet).merged_cell_ranges
    findings = []
    for (top, left), (bottom, _) in ranges or []:
        text = rows.get(top + 1, [])[left : left + 1]
        if bottom == top or not text or not text[0].strip():
            continue
        for number in range(top + 2, bottom + 2):
            if number in rows and not rows[number][left].strip():
                rows[number][left] = text[0]
                findings.append(
                    Finding(
                        row=number,
                        column="",
                        found="",
                        severity="mended",
                        proposed=text[0].strip(),
                        why=f"the cell is merged over rows {top + 1} to {bottom + 1}",
                    )
                )
    return findings


def _of_text(content: bytes, shown: str) -> Grid:
    text, encoding = _decode(content, shown)
    findings = []
    if encoding:
        findings.append(
            Finding(
                row=None,
                column="",
                found=encoding,
                severity="look at it",
                why=f"the list is in {encoding}; look whether accents are right",
            )
        )
    tables = {sep: rows for sep in SEPARATORS if (rows := _split(text, sep)) is not None}
    known = {sep: headers.best(rows)[1] for sep, rows in tables.items()}
    separator = max(tables, key=lambda sep: (known[sep], _width(tables[sep])), default=",")
    if separator not in tables or ("," not in tables and known[separator] == 0):
        raise InputFault(
            shown,
            "a quotation mark is opened and not closed, or a cell is huge",
            expected="a table of text with every quotation mark closed",
            mend="save the list again as .xlsx or .csv; it may have been cut off",
        )
    rows = tables[separator]
    if separator != ",":
        findings.append(
            Finding(
                row=None,
                column="",
                found=SEPARATORS[separator],
                severity="mended",
                why=f"cells are separated by {SEPARATORS[separator]}; the corrected copy "
                "has commas",
            )
        )
    if rows and not text.endswith(("\n", "\r")) and 1 < len(rows[-1][1]) < _width(rows):
        findings.append(
            Finding(
                row=rows[-1][0],
                column="",
                found=f"{len(rows[-1][1])} of {_width(rows)} cells",
                severity="look at it",
                why="the last row is shorter than the others and no line ends it: the file "
                "may have been cut off",
            )
        )
    return Grid(shown=shown, rows=rows, findings=findings)


def _decode(content: bytes, shown: str) -> tuple[str, str]:
    """Decode the text; name the encoding where it is not the usual one."""
    wide = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}.get(content[:2])
    if wide is None and content[1:2] == b"\x00" and content[3:4] == b"\x00":
        wide = "utf-16-le"
    try:
        if wide:
            text, told = content.decode(wide), "UTF-16"
        else:
            text, told = content.decode("utf-8-sig"), ""
    except UnicodeDecodeError as undecoded:
        table_file.refuse_half_utf_8(content[:3], shown, undecoded)
        text, told = content.decode("cp1252", errors="replace"), "Windows-1252"
    if "\x00" in text:
        raise InputFault(
            shown,
            "it holds bytes that no table of text has",
            expected="a workbook (.xlsx) or a table of text (.csv)",
            mend="open it in a spreadsheet program and save it as .xlsx",
        )
    return text, told


def _split(text: str, separator: str) -> Rows | None:
    try:
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        )
    except csv.Error:
        return None
    return [(n, row) for n, row in enumerate(rows, start=1) if any(c.strip() for c in row)]


def _width(rows: Rows) -> int:
    """How many cells most rows have."""
    lengths = [len(cells) for _, cells in rows]
    return max(lengths, key=lengths.count) if lengths else 0
