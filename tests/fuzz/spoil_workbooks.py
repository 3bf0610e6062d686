"""Workbooks whose parts were spoilt, and hostile ones."""

import re
import zipfile
from collections.abc import Callable
from random import Random

from tests.fuzz.cases import Changed, Expect, Start, content_of, is_workbook, mutation
from tests.fuzz.columns import read_places, sheet, top
from tests.fuzz.grids import (
    BOOK,
    SHEET,
    STRINGS,
    bytes_of,
    cell_xml,
    letters,
    packed,
    parts_of,
    sheet_name,
    workbook_of,
)
from tests.fuzz.spoil_bytes import deleted, flipped, inserted, moved
from tests.fuzz.spoil_tables import all_rows

BOOKS = "workbook"
_BOMB = 490_000_000


def _with(start: Start, expects: Expect | None = None, **changed: bytes) -> Changed:
    return content_of(start, packed(parts_of(start.content) | changed), expects)


def _edited(
    start: Start, part: str, old: bytes, new: bytes, expects: Expect | None = None
) -> Changed:
    parts = parts_of(start.content)
    parts[part] = parts[part].replace(old, new, 1)
    return content_of(start, packed(parts), expects)


@mutation(
    "bytes of a workbook changed",
    BOOKS,
    Expect.SAME_OR_FAULT,
    applies=is_workbook,
    weight=25,
)
def _(start: Start, rng: Random) -> Changed:
    return content_of(
        start, rng.choice((flipped, inserted, deleted, moved))(start.content, rng)
    )


@mutation("a workbook cut off", BOOKS, Expect.FAULT, applies=is_workbook, weight=8)
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, start.content[: rng.randrange(len(start.content))])


@mutation(
    "letters of a workbook's parts changed",
    BOOKS,
    Expect.TOLD,
    applies=is_workbook,
    weight=60,
)
def _(start: Start, rng: Random) -> Changed:
    parts = parts_of(start.content)
    wanted = [name for name in (SHEET, SHEET, SHEET, STRINGS, BOOK) if name in parts]
    name = rng.choice([*wanted, rng.choice(list(parts))])
    change = rng.choice((flipped, flipped, inserted, deleted, moved))
    parts[name] = change(parts[name] or b" ", rng)
    return content_of(start, packed(parts))


@mutation("a part of a workbook cut off, lost or twice", BOOKS, Expect.SAME_OR_FAULT,
          applies=is_workbook, weight=12)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    parts = parts_of(start.content)
    name = rng.choice([SHEET, BOOK, *parts])
    kind = rng.randrange(3)
    if kind == 0:
        parts[name] = parts[name][: rng.randrange(len(parts[name]) + 1)]
        return content_of(start, packed(parts), Expect.TOLD)
    if kind == 1:
        del parts[name]
        return content_of(start, packed(parts), Expect.TOLD)
    from tests.fuzz.spoil_zips import _archive

    twice = [*parts.items(), (name, parts[name] if rng.random() < 0.5 else b"<x/>")]
    return content_of(start, _archive(*twice), Expect.FAULT)


@mutation(
    "outside and endless entities",
    BOOKS,
    Expect.SAME_OR_FAULT,
    applies=is_workbook,
    weight=6,
)
def _(start: Start, rng: Random) -> Changed:
    parts = parts_of(start.content)
    name = rng.choice(
        [n for n in (SHEET, STRINGS, BOOK, "xl/_rels/workbook.xml.rels") if n in parts]
    )
    laughs = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    entity = rng.choice(
        (
            b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
            b'<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>',
            b'<!DOCTYPE x SYSTEM "file:///dev/random">',
            f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}<!ENTITY e "&l9;">]>'.encode(),
        )
    )
    xml = re.sub(
        rb"^(\xef\xbb\xbf)?(<\?xml[^>]*\?>)?", lambda m: m[0] + entity, parts[name], count=1
    )
    if rng.random() < 0.7:
        xml = re.sub(rb"(<t[^>]*>|<v>|name=\")", lambda m: m[0] + b"&e;", xml, count=1)
    parts[name] = xml
    return content_of(start, packed(parts))


@mutation(
    "a workbook that is a bomb", BOOKS, Expect.SAME_OR_FAULT, applies=is_workbook, weight=6
)
def _(start: Start, rng: Random) -> Changed:
    make = rng.choice(_BOMBS)
    return make(start)


def _spaces(start: Start) -> Changed:
    sheet_xml = parts_of(start.content)[SHEET]
    at = sheet_xml.index(b"</sheetData>")
    return _with(start, **{SHEET: sheet_xml[:at] + b" " * _BOMB + sheet_xml[at:]})


def _media(start: Start) -> Changed:
    return _with(start, **{"xl/media/image1.png": b"\x00" * _BOMB})


def _styled(start: Start) -> Changed:
    """Cells that are only coloured, far and wide."""
    row = "".join(f'<c r="{letters(at)}{{0}}" s="0"/>' for at in range(16_384))
    rows = "".join(f'<row r="{n}">{row.format(n)}</row>' for n in range(100_000, 100_040))
    sheet_xml = parts_of(start.content)[SHEET]
    at = sheet_xml.index(b"</sheetData>")
    return _with(start, **{SHEET: sheet_xml[:at] + rows.encode() + sheet_xml[at:]})


def _far(start: Start) -> Changed:
    sheet_xml = parts_of(start.content)[SHEET]
    at = sheet_xml.index(b"</sheetData>")
    cell = f'<row r="1048576">{cell_xml("XFD1048576", "x")}</row>'.encode()
    return _with(start, Expect.FAULT, **{SHEET: sheet_xml[:at] + cell + sheet_xml[at:]})


def _long_texts(start: Start) -> Changed:
    """One text of a megabyte, in every cell."""
    parts = parts_of(start.content)
    cells = "".join(
        f'<row r="{n}">'
        + "".join(f'<c r="{letters(at)}{n}" t="s"><v>0</v></c>' for at in range(40))
        + "</row>"
        for n in range(2, 2_000)
    )
    parts[SHEET] = re.sub(
        rb"<sheetData>.*</sheetData>", b"<sheetData>" + cells.encode() + b"</sheetData>",
        parts[SHEET], flags=re.DOTALL,
    )  # fmt: skip
    parts[STRINGS] = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
        + b"x" * 1_000_000 + b"</t></si></sst>"
    )  # fmt: skip
    return content_of(start, packed(parts))


def _many_sheets(start: Start) -> Changed:
    parts = parts_of(start.content)
    listed = b"".join(
        b'<sheet name="s%d" sheetId="%d" r:id="rId1"/>' % (k, k + 5) for k in range(20_000)
    )
    parts[BOOK] = parts[BOOK].replace(b"</sheets>", listed + b"</sheets>")
    return content_of(start, packed(parts), Expect.FAULT)


_BOMBS: tuple[Callable[[Start], Changed], ...] = (
    _spaces, _media, _styled, _far, _long_texts, _many_sheets
)  # fmt: skip


@mutation("rows and cells that say wrongly where they stand", BOOKS, Expect.TOLD,
          applies=is_workbook, weight=12)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    sheet_xml = parts_of(start.content)[SHEET]
    rows = list(re.finditer(rb"<row .*?</row>", sheet_xml, re.DOTALL))
    one, other = (rows[rng.randrange(1, min(len(rows), 10))] for _ in range(2))
    kind = rng.randrange(6)
    if kind == 0:
        new = sheet_xml.replace(b"<dimension ", b'<dimension ref="A1:XFD1048576" x', 1)
        return _with(start, Expect.SAME_OR_FAULT, **{SHEET: new})
    changes: tuple[Callable[[bytes], bytes], ...] = (
        lambda row: row + other[0],
        lambda row: re.sub(rb'\br="[A-Z]*\d+"', b"", row),
        lambda row: re.sub(rb'(<c r="[A-Z]+)\d+', rb"\g<1>2", row),
        lambda row: row.replace(b'r="', b'r="9999999', 1),
        lambda row: re.sub(
            rb"(<c .*?(?:/>|</c>))", rb"\1\1", row, count=3, flags=re.DOTALL
        ),
    )
    row = changes[kind - 1](one[0])
    return _with(start, **{SHEET: sheet_xml[: one.start()] + row + sheet_xml[one.end() :]})


@mutation(
    "errors and formulas without results",
    BOOKS,
    Expect.FAULT,
    applies=is_workbook,
    weight=5,
)
def _(start: Start, rng: Random) -> Changed:
    rows = [*sheet(start).rows[: top(start)], *all_rows(start)]
    at = rng.randrange(top(start) + 1, len(rows))
    column = rng.choice(read_places(start))
    place = f"{letters(column)}{at + 1}"
    xml = rng.choice(
        (
            f'<c r="{place}" t="e"><v>#N/A</v></c>',
            f'<c t="e" r="{place}"><f>1/0</f><v>#DIV/0!</v></c>',
            f'<c r="{place}"><f>A1+1</f></c>',
            f'<c r="{place}"><f>A1+1</f><v></v></c>',
            f'<c r="{place}" t="str"><f>A1&amp;"x"</f><v/></c>',
        )
    )
    cells = []
    for number, row in enumerate(rows, start=1):
        placed = [
            xml
            if (number == at + 1 and k == column)
            else cell_xml(f"{letters(k)}{number}", text)
            for k, text in enumerate(row)
            if text or (number == at + 1 and k == column)
        ]
        cells.append(f'<row r="{number}">{"".join(placed)}</row>')
    name = sheet_name(start.content)
    return content_of(start, workbook_of([], name, cells="".join(cells)))


@mutation(
    "other sheets, hidden or in front",
    BOOKS,
    Expect.SAME_OR_FAULT,
    applies=is_workbook,
    weight=6,
)
def _(start: Start, rng: Random) -> Changed:
    parts = parts_of(start.content)
    state = rng.choice((b"", b' state="hidden"', b' state="veryHidden"'))
    added = b'<sheet name="Notes" sheetId="77" r:id="rIdX"%b/>' % state
    in_front = rng.random() < 0.5
    parts[BOOK] = (
        parts[BOOK].replace(b"<sheets>", b"<sheets>" + added, 1)
        if in_front
        else parts[BOOK].replace(b"</sheets>", added + b"</sheets>", 1)
    )
    links = "xl/_rels/workbook.xml.rels"
    parts[links] = parts[links].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        b'relationships/worksheet" Target="worksheets/sheet77.xml"/></Relationships>',
    )
    parts["xl/worksheets/sheet77.xml"] = parts_of(workbook_of([["a note"], ["100001"]]))[
        SHEET
    ]
    return content_of(start, packed(parts))


_TARGETS = (
    b"../../../../../etc/passwd", b"/etc/passwd", b"http://127.0.0.1:9/x.xml", b"",
    b"worksheets", b"..\\..\\x.xml", b"file:///etc/passwd", b"worksheets/sheet1.xml",
    b"/xl/worksheets/sheet1.xml",
)  # fmt: skip


@mutation("parts of a workbook that point elsewhere", BOOKS, Expect.SAME_OR_FAULT,
          applies=is_workbook, weight=5)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    links = "xl/_rels/workbook.xml.rels"
    target = rng.choice(_TARGETS)
    parts = parts_of(start.content)
    pointed = b'Target="' + target.replace(b"\\", b"\\\\") + b'"'
    named = rb'Target="/?(?:xl/)?worksheets/sheet1.xml"'
    parts[links] = re.sub(named, pointed, parts[links])
    return content_of(start, packed(parts))


@mutation("a workbook's cells as text", BOOKS, Expect.SAME, applies=is_workbook, weight=2)
def _(start: Start, rng: Random) -> Changed:
    name = f"{sheet_name(start.content)} & <1>"
    return content_of(start, workbook_of(sheet(start).rows, name))


@mutation(
    "a workbook packed otherwise",
    BOOKS,
    Expect.SAME_OR_FAULT,
    applies=is_workbook,
    weight=2,
)
def _(start: Start, rng: Random) -> Changed:
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    return content_of(start, packed(parts_of(start.content), method))


@mutation(
    "what is no workbook under its name", BOOKS, Expect.FAULT, applies=is_workbook, weight=4
)
def _(start: Start, rng: Random) -> Changed:
    kind = rng.randrange(5)
    content = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + rng.randbytes(5_000)
        if kind == 0
        else packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"})
        if kind == 1
        else packed({"a.txt": b"x"})
        if kind == 2
        else rng.choice((b"", b"PK", b"PK\x03\x04", b"PK\x05\x06" + b"\x00" * 18))
        if kind == 3
        else b"<html><table><tr><td>URN</td></tr></table></html>"
    )
    return content_of(start, content)


@mutation("a table of text under a workbook's name", BOOKS, Expect.SAME_OR_FAULT,
          applies=is_workbook, weight=1)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, bytes_of(sheet(start)))
