import io
import os
import struct
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.run.faults import InputFault
from pipeline.sources import workbook


@pytest.fixture
def saved(tmp_path):
    """Save a workbook: saved({'Sheet': [[...], ...]}); bytes are saved as they are."""

    def save(content, name="register.xlsx"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
            return path
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in content.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(path)
        return path

    return save


@pytest.fixture
def cells(saved):
    """Read a workbook of one sheet."""
    return lambda rows, **asked: (
        workbook.read(saved({"Sheet": rows}), "register.xlsx", **asked).cells
    )


def rewritten(path, changes, added=None):
    """Give the bytes of a workbook with texts replaced in some parts, and parts added."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            for was, becomes in changes.get(name, []):
                assert was in content
                content = content.replace(was, becomes)
            new.writestr(name, content)
        for name, content in (added or {}).items():
            new.writestr(name, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_whole_number_has_no_decimals(cells):
    assert cells([["URN"], [100000.0]]).loc[2].tolist() == ["100000"]


def test_a_number_keeps_what_a_spreadsheet_shows(cells):
    assert cells([["X"], [0.1 + 0.2], [-1.25], [0]])["X"].tolist() == ["0.3", "-1.25", "0"]


def test_a_date_becomes_year_month_day(cells):
    found = cells([["OPENED"], [date(2018, 9, 1)], [datetime(2018, 9, 1, 10, 30)]])
    assert found["OPENED"].tolist() == ["2018-09-01", "2018-09-01 10:30:00"]


def test_other_cells_become_what_a_person_would_type(cells):
    found = cells([["A", "B", "C"], [True, time(9, 5), " NA "]])
    assert found.loc[2].tolist() == ["TRUE", "09:05:00", " NA "]


def test_a_text_stays_as_it_is(cells):
    names = ['=HYPERLINK("x")', "<b>St Zo\u00eb\u2019s</b>", "001234", 'a "quoted" name']
    rows = [["NAME"], *([name] for name in names[1:])]
    assert cells(rows)["NAME"].tolist() == names[1:]


def test_columns_are_in_capitals_without_padding(cells):
    assert list(cells([[" Urn ", "School name"], [1, "a"]]).columns) == [
        "URN",
        "SCHOOL NAME",
    ]


def test_rows_are_numbered_as_in_the_spreadsheet(cells):
    assert list(cells([["A"], [1], [], [2]]).index) == [2, 4]


def test_only_the_columns_that_are_wanted_are_kept(saved):
    path = saved({"Sheet": [["URN", "NAME", "TOWN"], [1, "a", "b"]]})
    read = workbook.read(path, "r.xlsx", columns=lambda found: {"TOWN", *found[:1]})
    assert read.header == ("URN", "NAME", "TOWN")
    assert read.cells.loc[2].to_dict() == {"URN": "1", "TOWN": "b"}


def test_titles_may_stand_above_the_header(cells):
    found = cells([["Schools of 2018"], [], ["URN", "NAME"], [1, "a"]], header="urn")
    assert list(found.columns) == ["URN", "NAME"]
    assert list(found.index) == [4]


def test_a_sheet_that_is_hidden_is_not_asked_for(saved):
    path = saved({"Schools": [["URN"], [1]], "Lists": [["x"], ["y"]]})
    book = openpyxl.load_workbook(path)
    book["Lists"].sheet_state = "hidden"
    book.save(path)
    assert workbook.sheets(path, "r.xlsx") == ["Schools"]
    assert workbook.read(path, "r.xlsx").cells["URN"].tolist() == ["1"]


def test_a_sheet_is_found_by_its_name(saved):
    path = saved({"Notes": [["x"], ["y"]], "Schools ": [["URN"], [7]]})
    assert workbook.read(path, "r.xlsx", sheet="schools").cells["URN"].tolist() == ["7"]


def test_of_several_sheets_one_has_to_be_named(saved):
    path = saved({"Notes": [["x"], ["y"]], "Schools": [["URN"], [7]]})
    with pytest.raises(InputFault, match="2 sheets: 'Notes', 'Schools'"):
        workbook.read(path, "r.xlsx")


def test_a_sheet_that_is_not_there_is_told_with_those_that_are(saved):
    path = saved({"Notes": [["x"], ["y"]]})
    with pytest.raises(InputFault, match="'Schools' is missing; there are: 'Notes'"):
        workbook.read(path, "r.xlsx", sheet="Schools")


def test_a_header_that_is_not_there_is_told(cells):
    with pytest.raises(InputFault, match="no row of sheet 'Sheet' holds the column URN"):
        cells([["NAME"], ["a"]], header="URN")


@pytest.mark.parametrize("rows", [[], [["URN"]], [["URN"], ["  "]]])
def test_a_sheet_without_rows_is_told(cells, rows):
    with pytest.raises(InputFault, match="has no rows below row 1"):
        cells(rows)


def test_a_column_that_stands_there_twice_is_told(cells):
    with pytest.raises(InputFault, match="row 1: the column URN stands there twice"):
        cells([["URN", "urn "], [1, 2]])


def test_a_formula_without_its_result_is_told_with_its_cell(cells):
    with pytest.raises(InputFault, match="the cell B2 of sheet 'Sheet' holds an error"):
        cells([["URN", "JOINED"], [1, "=TODAY()"]])


def test_a_formula_with_its_result_is_read(saved):
    path = saved({"Sheet": [["URN"], ["=99999+1"]]})
    solved = rewritten(path, {SHEET: [(b"<v />", b"<v>100000</v>")]})
    found = workbook.read(saved(solved, "solved.xlsx"), "r.xlsx")
    assert found.cells["URN"].tolist() == ["100000"]


def test_an_error_in_a_cell_is_told_and_not_taken_for_a_blank(saved):
    path = saved({"Sheet": [["URN", "X"], [1, 5]]})
    failed = rewritten(path, {SHEET: [(b't="n"><v>5</v>', b't="e"><v>#N/A</v>')]})
    with pytest.raises(InputFault, match="the cell B2"):
        workbook.read(saved(failed), "r.xlsx")


@pytest.mark.parametrize("content", [b"", b"URN,NAME\n1,a\n", b"\xd0\xcf\x11\xe0 locked"])
def test_what_is_no_workbook_is_told(saved, content):
    with pytest.raises(InputFault, match=r"r\.xlsx: (the file is empty|it is no workbook)"):
        workbook.read(saved(content), "r.xlsx")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputFault, match="cannot be read"):
        workbook.read(tmp_path / "none.xlsx", "none.xlsx")


def test_another_zip_is_no_workbook(saved):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("../../etc/passwd", "x")
    with pytest.raises(InputFault, match="the workbook cannot be read"):
        workbook.read(saved(out.getvalue()), "r.xlsx")


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(saved, monkeypatch):
    path = saved({"Sheet": [["NAME"], ["a" * 30_000]]})
    monkeypatch.setattr(workbook, "MOST_BYTES", 20_000)
    assert path.stat().st_size < 20_000
    with pytest.raises(InputFault, match="unpacked, it would have"):
        workbook.read(path, "r.xlsx")


def test_a_part_that_is_larger_than_it_says_is_told(saved):
    content = bytearray(saved({"Sheet": [["URN"], [1]]}).read_bytes())
    # The size of the first part once unpacked, in the list at the end of the file.
    at = content.index(b"PK\x01\x02") + 24
    assert struct.unpack_from("<I", content, at)[0] > 10
    struct.pack_into("<I", content, at, 10)
    with pytest.raises(InputFault, match="the workbook cannot be read"):
        workbook.read(saved(bytes(content)), "r.xlsx")


def test_a_cell_far_away_does_not_fill_the_memory(saved):
    path = saved({"Sheet": [["URN"], [1]]})
    far = rewritten(path, {SHEET: [(b'r="A2"', b'r="XFD1048576"')]})
    with pytest.raises(InputFault, match=r"reaches to row 1,048,576, column 16,384"):
        workbook.read(saved(far), "r.xlsx")


def test_a_coloured_cell_far_away_is_no_cell(saved):
    path = saved({"Sheet": [["URN"], [1]]})
    book = openpyxl.load_workbook(path)
    book.active["XFD1000000"].number_format = "0%"
    book.save(path)
    assert workbook.read(path, "r.xlsx").cells.shape == (1, 1)


def test_cells_without_an_address_are_told(saved):
    path = saved({"Sheet": [["URN"], [1]]})
    lost = rewritten(path, {SHEET: [(b' r="A2"', b"")]})
    with pytest.raises(InputFault, match="do not say where they stand"):
        workbook.read(saved(lost), "r.xlsx")


def test_one_long_text_in_many_cells_does_not_fill_the_memory(saved, monkeypatch):
    # One text of 30,000 characters, kept once in the file, shown in 100 cells.
    path = saved({"Sheet": [["NAME"], *([5] for _ in range(100))]})
    text = b"<sst><si><t>" + b"a" * 30_000 + b"</t></si></sst>"
    content = rewritten(
        path,
        {SHEET: [(b't="n"><v>5</v>', b't="s"><v>0</v>')]},
        {"xl/sharedStrings.xml": text},
    )
    read = workbook.read(saved(content), "r.xlsx")
    assert read.cells["NAME"].tolist() == ["a" * 30_000] * 100
    monkeypatch.setattr(workbook, "MOST_BYTES", 1_000_000)
    with pytest.raises(InputFault, match="the texts of sheet 'Sheet' are too long"):
        workbook.read(saved(content), "r.xlsx")


def test_a_sheet_of_endless_blanks_is_told_at_once(saved):
    path = saved({"Sheet": [["URN", "X"], [1, "=1+1"]]})
    blanks = b" " * 3_000_000
    endless = rewritten(
        path, {SHEET: [(b"</f>", b"</f>" + blanks), (b'"A2"', b'"A2"' + blanks)]}
    )
    with pytest.raises(InputFault, match="do not say where they stand"):
        workbook.read(saved(endless), "r.xlsx")


def test_a_part_that_stands_there_twice_is_told(saved):
    path = saved({"Sheet": [["URN"], [1]]})
    twice = rewritten(path, {}, {"XL/worksheets/sheet1.xml": b""})
    with pytest.raises(InputFault, match="stands in it twice"):
        workbook.read(saved(twice), "r.xlsx")


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_workbook_gives_a_fault_or_the_right_cells(
    tmp_path_factory, place, byte, cut
):
    folder = tmp_path_factory.mktemp("damaged", numbered=True)
    path = folder / "r.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["URN", "NAME"])
    book.active.append([100000, "A school"])
    book.save(path)
    content = bytearray(path.read_bytes())
    place %= len(content)
    if cut:
        del content[place:]
    else:
        content[place] = byte
    path.write_bytes(bytes(content))
    try:
        found = workbook.read(path, "r.xlsx").cells
    except InputFault:
        return
    assert found.loc[2].tolist() == ["100000", "A school"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("43344", date(2018, 9, 1)),
        ("61", date(1900, 3, 1)),
        ("60", None),
        ("73050", date(2099, 12, 31)),
        ("73051", None),
        ("100000", None),
        ("43344.5", None),
        ("2018-09-01", None),
        ("", None),
    ],
)
def test_a_serial_number_is_the_day_that_a_spreadsheet_shows(text, day):
    assert workbook.date_of_serial(text) == day


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "register.xlsx")
    with pytest.raises(InputFault, match="it is no file"):
        workbook.read(tmp_path / "register.xlsx", "register.xlsx")


def packed_again(path, target, change):
    """Change a workbook's sheet and pack its parts tightly."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == target else content)
    return out.getvalue()


def test_a_part_that_grows_a_hundred_times_is_not_unpacked(saved):
    path = saved({"Sheet": [["A"], [1]]})
    end = b"</sheetData>"
    bomb = packed_again(path, SHEET, lambda s: s.replace(end, b" " * 1_000_000 + end))
    assert len(bomb) < 20_000
    with pytest.raises(InputFault, match=r"'xl/worksheets/sheet1.xml' would grow from"):
        workbook.read(saved(bomb), "register.xlsx")


def test_a_sheet_of_one_number_all_over_is_read(saved):
    path = saved({"Sheet": [["A", "B", "C"], *[[0, 0, 0]] * 3_000]})
    tight = packed_again(path, "", bytes)
    assert len(workbook.read(saved(tight), "register.xlsx").cells) == 3_000


def test_sheets_of_one_workbook_are_read_from_one_unpacking(saved):
    path = saved({"One": [["A"], [1]], "Two": [["A"], [2]]})
    book = workbook.opened(path, "register.xlsx")
    path.unlink()
    assert book.sheets == ["One", "Two"]
    assert [book.read(name).cells.loc[2, "A"] for name in book.sheets] == ["1", "2"]
    assert book.named(" two") == "Two"


def test_two_sheets_with_one_content_are_refused(saved):
    path = saved({"One": [["A"], [1]], "Two": [["A"], [2]]})
    content = rewritten(
        path, {"xl/_rels/workbook.xml.rels": [(b"sheet2.xml", b"sheet1.xml")]}
    )
    with pytest.raises(InputFault, match="several sheets of the workbook have one content"):
        workbook.read(saved(content), "register.xlsx", "One")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(b"</row><row", b"<row"), (b"<sheetData>", b"<sheetData><>")],
    ids=["an end that is missing", "an element without a name"],
)
def test_a_sheet_whose_xml_is_broken_is_told_and_loses_no_cell(saved, was, becomes):
    whole = saved({"Sheet": [["URN"], ["first"], ["second"]]})
    broken = saved(rewritten(whole, {SHEET: [(was, becomes)]}), "broken.xlsx")
    with pytest.raises(InputFault, match="is broken"):
        workbook.read(broken, "broken.xlsx")


def test_a_text_whose_xml_is_broken_is_told_and_not_taken_for_a_blank(saved):
    whole = saved({"Sheet": [["URN"], ["first"]]})
    texts = {"xl/sharedStrings.xml": b"<sst><si><><t>first</t></si></sst>"}
    broken = saved(rewritten(whole, {}, added=texts), "broken.xlsx")
    with pytest.raises(InputFault, match="is broken"):
        workbook.read(broken, "broken.xlsx")


def test_a_workbook_with_abbreviations_of_its_own_is_refused(saved):
    whole = saved({"Sheet": [["URN"], ["first"]]})
    defined = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><worksheet '
    broken = saved(rewritten(whole, {SHEET: [(b"<worksheet ", defined)]}), "broken.xlsx")
    with pytest.raises(InputFault, match="document type"):
        workbook.read(broken, "broken.xlsx")


def test_a_workbook_in_an_encoding_that_nobody_knows_is_refused(saved):
    whole = saved({"Sheet": [["URN"], ["first"]]})
    texts = {"xl/sharedStrings.xml": b'<?xml version="1.0" encoding="UTF-98"?><sst/>'}
    broken = saved(rewritten(whole, {}, added=texts), "broken.xlsx")
    with pytest.raises(InputFault, match="is broken"):
        workbook.read(broken, "broken.xlsx")
