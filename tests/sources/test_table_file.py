import csv
import hashlib
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.run.faults import InputFault
from pipeline.sources import table_file


@pytest.fixture
def saved(tmp_path):
    def save(content):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return table_file.read(path, "2018-2019/table.csv")

    return save


def test_cells_stay_text(saved):
    cells = saved("urn,code\n001234,NA\n").cells
    assert cells.loc[2].tolist() == ["001234", "NA"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(saved):
    assert list(saved(b"\xef\xbb\xbfURN,NAME\n1,a\n").cells.columns) == ["URN", "NAME"]


def test_windows_1252_names_keep_their_letters(saved):
    name = "St Zo\u00eb\u2019s"
    assert saved(f"URN,NAME\n1,{name}\n".encode("cp1252")).cells.loc[2, "NAME"] == name


def test_a_text_that_says_it_is_utf_8_and_is_not_all_the_way_is_refused(saved):
    with pytest.raises(
        InputFault, match=r"begins as a text in UTF-8, .*0xE9\) that is not"
    ):
        saved(b"\xef\xbb\xbfURN,NAME\n1,Zo\xe9\n")


def test_a_byte_without_meaning_does_not_stop_the_reading(saved):
    assert saved(b"URN,NAME\n1,Zo\xe9 \x81\n").cells.loc[2, "NAME"] == "Zo\u00e9 \ufffd"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "not ended"])
def test_every_line_ending_gives_the_same_cells(saved, ending, last):
    text = ending.join(["URN,NAME", "1,a", "2,b"]) + (ending if last else "")
    assert saved(text).cells.to_numpy().tolist() == [["1", "a"], ["2", "b"]]


def test_a_short_row_is_filled_with_empty_cells(saved):
    cells = saved("A,B,C\n1\n1,2,3\n").cells
    assert cells.loc[2].tolist() == ["1", "", ""]


def test_empty_cells_beyond_the_header_are_no_cells(saved):
    assert saved("A,B\n1,2,,\n").cells.loc[2].tolist() == ["1", "2"]


def test_rows_are_numbered_as_in_a_spreadsheet(saved):
    assert list(saved("A,B\n1,x\n2,y\n").cells.index) == [2, 3]


def test_an_empty_line_is_no_row_yet_counts_as_one(saved):
    assert list(saved("A,B\n1,x\n\n2,y\n").cells.index) == [2, 4]


def test_a_name_over_two_lines_is_one_row(saved):
    cells = saved('A,B\n1,"St\nAnne"\n2,y\n').cells
    assert cells.loc[2, "B"] == "St\nAnne"
    assert cells.loc[3, "B"] == "y"


def test_a_comma_in_quotes_parts_no_cells(saved):
    assert saved('A,B\n1,"Hill, The"\n').cells.loc[2, "B"] == "Hill, The"


def test_columns_are_in_capitals_since_their_case_drifts(saved):
    assert list(saved("urn, TNotFSM6CLA1A \n1,2\n").cells.columns) == [
        "URN",
        "TNOTFSM6CLA1A",
    ]


def test_the_hash_is_that_of_the_bytes_on_disk(saved):
    content = b"\xef\xbb\xbfA,B\r\n1,2\r\n"
    assert saved(content).sha256 == hashlib.sha256(content).hexdigest()


def test_a_last_row_that_stops_where_another_row_stops_too_is_whole(saved):
    assert saved("A,B,C\n1,2\n3,4").cells.loc[3].tolist() == ["3", "4", ""]


def test_a_last_row_that_stops_where_none_other_stops_was_cut_off(saved):
    with pytest.raises(InputFault, match=r"row 3: the last row stops after 2 of 3 cells"):
        saved("A,B,C\n1,2,3\n4,5")


def test_a_header_followed_by_empty_lines_has_no_rows(saved):
    with pytest.raises(InputFault, match="has a header but no rows"):
        saved("A,B\n\n\n")


def test_a_workbook_saved_as_csv_is_refused(saved):
    with pytest.raises(InputFault, match="bytes that no text file has"):
        saved("A,B\n1,2\n".encode("utf-16"))


cell = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8)


@given(rows=st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=6))
def test_no_cell_is_lost_or_invented(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([["A", "B", "C"], *rows])
    # Spreadsheets leave rows of commas at the end: rows without a word are no rows.
    said = [row for row in rows if any(cell.strip() for cell in row)]
    if said:
        assert table_file.read(path, "t").cells.to_numpy().tolist() == said


# Some columns and rows --------------------------------------------------------------------


def part(content, columns=frozenset, rows=None):
    content = content if isinstance(content, bytes) else content.encode()
    return table_file.read_part(lambda: io.BytesIO(content), "t.csv", columns, rows)


def outcome(run):
    """What a reading gives: every cell, or what is told of the fault."""
    try:
        file = run()
    except InputFault as fault:
        return str(fault)
    rows = file.cells.index.tolist()
    return file.header, file.sha256, rows, file.cells.to_numpy().tolist()


def test_only_the_columns_that_are_asked_for_are_kept():
    file = part("A,B,C\n1,2,3\n4,5,6\n", lambda header: {"C", "A", "Z"})
    assert file.header == ("A", "B", "C")
    assert list(file.cells.columns) == ["A", "C"]
    assert file.cells.to_numpy().tolist() == [["1", "3"], ["4", "6"]]


def test_only_the_rows_that_are_asked_for_are_kept_with_their_numbers():
    file = part("A,B\n1,x\n2,y\n\n3,x\n", set, lambda header: lambda row: row[1] == "x")
    assert file.cells.index.tolist() == [2, 5]
    assert file.cells["A"].tolist() == ["1", "3"]


def test_a_row_that_is_not_kept_is_checked_all_the_same():
    with pytest.raises(InputFault, match="row 3: the row has 3 cells, the header 2"):
        part("A,B\n1,x\n2,y,z\n", set, lambda header: lambda row: row[0] == "1")


def test_a_fault_in_a_column_that_is_not_kept_is_told_all_the_same():
    with pytest.raises(InputFault, match="not readable as comma-separated values"):
        part('A,B\n1,"x\n', lambda header: {"A"})


def test_a_short_row_among_whole_ones_keeps_its_place():
    file = part("A,B,C\n1,2,3\n4,5\n7,8,9\n1,2\n", set)
    assert file.cells.index.tolist() == [2, 3, 4, 5]
    assert file.cells["A"].tolist() == ["1", "4", "7", "1"]
    assert file.cells["C"].tolist() == ["3", "", "9", ""]


def test_a_row_whose_kept_cells_are_blank_is_a_row():
    file = part("A,B\n,x\n1,y\n", lambda header: {"A"})
    assert file.cells["A"].tolist() == ["", "1"]


piece = st.sampled_from(
    [*'AB12 ,,,\n\n\r"', "\r\n", '"a,b"', '"q""q"', '""', "\ufeff", "\u00e9", "SUPP"]
)


@given(st.lists(piece, max_size=40), st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]))
def test_the_fast_reading_gives_what_the_csv_module_gives(pieces, encoding):
    """Arrow splits files in which nothing is out of order; for no file may it matter."""
    content = "".join(["A,B,C\n", *pieces]).encode(encoding, errors="replace")
    fast = outcome(lambda: part(content, set))
    assert fast == outcome(lambda: part(content, set, lambda header: lambda row: True))
    assert fast == outcome(lambda: part(content, None))


@given(
    rows=st.lists(st.lists(cell, min_size=1, max_size=3), min_size=1, max_size=5),
    end=st.sampled_from(["\n", "\r\n", ""]),
)
def test_the_fast_reading_gives_ragged_rows_as_the_csv_module_does(rows, end):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["A", "B", "C"], *rows])
    content = (text.getvalue().rstrip("\n") + end).encode()
    assert outcome(lambda: part(content, set)) == outcome(lambda: part(content, None))


def test_a_file_in_order_is_read_the_fast_way():
    """The other tests would pass if every file were left to the csv module."""
    content = b'A,B,C\n1,"x, y",3\n4,5\n7,8,9\n'
    assert table_file._read_by_arrow(content, "t.csv", set) is not None


def test_columns_are_known_from_the_first_bytes():
    assert table_file.first_columns(b"\xef\xbb\xbfa, B ,c\r\n1,2,3") == ("A", "B", "C")
    assert table_file.first_columns(b'"time_period","x, y"\n') == ("TIME_PERIOD", "X, Y")


@pytest.mark.parametrize("start", [b"", b"\n", b"\x00\x01", b'"\n', b"PK\x03\x04"])
def test_bytes_that_are_no_table_have_no_columns_and_raise_nothing(start):
    assert len(table_file.first_columns(start)) <= 1


@pytest.mark.parametrize("what", ["pipe", "folder", "endless device"])
def test_what_is_no_file_is_not_waited_for(tmp_path, what):
    path = tmp_path / "table.csv"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputFault, match=r"^table.csv: .*\(it is no file\)"):
        table_file.read(path, "table.csv")


def test_a_link_to_a_file_is_read_as_the_file(tmp_path):
    (tmp_path / "kept.csv").write_text("A\n1\n")
    (tmp_path / "table.csv").symlink_to("kept.csv")
    assert table_file.read(tmp_path / "table.csv", "table.csv").cells.loc[2, "A"] == "1"


def test_a_link_that_leads_nowhere_or_to_itself_is_refused(tmp_path):
    for name, target in (("a.csv", "gone.csv"), ("b.csv", "b.csv")):
        (tmp_path / name).symlink_to(target)
        with pytest.raises(InputFault, match="the file cannot be read"):
            table_file.read(tmp_path / name, name)


@pytest.mark.parametrize("columns", [None, lambda header: {"C1"}])
def test_a_table_has_no_more_columns_than_a_spreadsheet(columns):
    def read(width):
        header = ",".join(f"C{n}" for n in range(width))
        row = ",".join(["1"] * width)
        content = f"{header}\n{row}\n".encode()
        return table_file.read_part(lambda: io.BytesIO(content), "x.csv", columns)

    assert read(16_384).cells.loc[2, "C1"] == "1"
    with pytest.raises(InputFault, match="it has 16,385 columns"):
        read(16_385)
