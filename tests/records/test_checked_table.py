import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records.bounds import Bounds
from pipeline.records.cell_text import day_of, is_https_link, one_spelling, tidy
from pipeline.records.checked_table import CheckedTable, read_table
from pipeline.records.record_files import RecordFile
from pipeline.run.faults import InputFault

COLUMNS = ("programme", "item")


@pytest.fixture
def read(tmp_path):
    def read_content(content, name="made.csv"):
        (tmp_path / name).write_bytes(content)
        return read_table(tmp_path, "registers", "made.csv", COLUMNS)

    return read_content


def cells(**columns):
    frame = pd.DataFrame(columns, dtype=str)
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return CheckedTable(RecordFile("registers/made.csv", "made.csv", ""), frame, Bounds())


def test_a_byte_order_mark_capitals_and_padding_make_no_difference(read):
    table = read(b"\xef\xbb\xbfITEM, Programme ,names\r\n  Fee \xc2\xa0 for one ,A,Jo\r\n")
    assert table.cells.to_dict("index") == {2: {"programme": "A", "item": "Fee for one"}}


def test_a_name_in_windows_1252_keeps_its_accent(read):
    assert read("programme,item\na,Café\n".encode("cp1252")).cells["item"].item() == "Café"


def test_rows_are_counted_as_a_spreadsheet_does_blank_ones_too(read):
    table = read(b"programme,item\n,\na,x\n\nb,y\n")
    assert table.row.tolist() == [3, 5]


def test_a_formula_stays_a_text_and_its_guard_goes(read):
    table = read(b"programme,item\n=1+1,'=SUM(A1:A9)\n'@x,'tis\n")
    assert table.text("programme").tolist() == ["=1+1", "@x"]
    assert table.text("item").tolist() == ["=SUM(A1:A9)", "'tis"]


def test_a_file_that_is_not_there_is_not_supplied(tmp_path):
    assert read_table(tmp_path, "registers", "made.csv", COLUMNS) is None
    assert read_table(tmp_path / "none", "registers", "made.csv", COLUMNS) is None


def test_a_file_is_found_in_any_case(tmp_path):
    (tmp_path / "Made.CSV").write_text("programme,item\na,x\n")
    table = read_table(tmp_path, "registers", "made.csv", COLUMNS)
    assert table.file.file == "made.csv"


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods", "TSV"])
def test_a_workbook_does_not_count_as_not_supplied(read, ending):
    with pytest.raises(InputFault, match=f"registers/made.{ending}: .*no comma-separated"):
        read(b"PK", f"made.{ending}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"programme,item\r\n", "a header but no rows"),
        (b"programme,item\n,\n , \n", "a header but no rows"),
        (b"programme\na\n", "row 1: the column item is missing"),
        (b"programme;item\na;x\n", "row 1: the columns programme, item are missing"),
        (b"a,b\n1,2\n", "row 1: the columns programme, item are missing"),
        (b"programme,item,ITEM\na,x,y\n", "row 1: the column ITEM stands there twice"),
        (b"programme,item\na,x,y\n", "row 2: the row has 3 cells, the header 2"),
        (b"programme,item\na,x\0\nb,y\n", "bytes that no text file has"),
        (b'programme,item\na,"x\nb,y\n', "not readable as comma-separated values"),
    ],
)
def test_what_is_no_table_of_records_is_refused_in_words(read, content, said):
    with pytest.raises(InputFault) as fault:
        read(content)
    assert f"registers/made.csv{'' if said.startswith('row') else ':'}" in str(fault.value)
    assert said in str(fault.value)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "made.csv").mkdir()
    with pytest.raises(InputFault, match="cannot be read"):
        read_table(tmp_path, "registers", "made.csv", COLUMNS)


def test_a_fault_tells_the_first_row_and_counts_the_others():
    table = cells(date=["2018-09-01", "1/9/2018", "", "2018-02-30"])
    with pytest.raises(InputFault) as fault:
        table.day("date")
    assert str(fault.value) == (
        "registers/made.csv, row 3, column date: found '1/9/2018' "
        "(2 further rows have such a fault: 4, 5)\n"
        "  expected: a date such as 2018-09-01 (year-month-day)\n"
        "  what to do: correct the file; a record that is wrong says nothing"
    )


def test_of_many_faults_ten_rows_are_named_and_all_are_counted():
    table = cells(date=["x"] * 30)
    with pytest.raises(InputFault, match=r"29 further rows .*: 3, 4, .*, 12, \.\.\.\)"):
        table.day("date")


@pytest.mark.parametrize(
    "text", ["2018-9-1", "01/09/2018", "2018-13-01", "2019-02-29", "1899-12-31", "0018-09-01",
             "2018-09-01T00:00", "43344", "２０１８-09-01", "today"],
)  # fmt: skip
def test_what_is_no_date_since_1900_is_none(text):
    assert day_of(text) is None
    with pytest.raises(InputFault, match="a date such as"):
        cells(date=[text]).day("date")


@given(st.dates(pd.Timestamp(1900, 1, 1).date(), pd.Timestamp(2260, 1, 1).date()))
def test_every_day_since_1900_is_read_as_written(day):
    assert day_of(day.isoformat()) == day


def test_no_clock_is_read_and_the_last_year_is_asked_only_if_known():
    ahead = {"date": ["2019-08-31", "2019-09-01", "2222-01-01"]}
    assert cells(**ahead).day("date").notna().all()
    table = CheckedTable(cells().file, cells(**ahead).cells, Bounds(last_year=2019))
    with pytest.raises(
        InputFault, match="row 3.*1 further row(.|\n)*no later than 2019-08-31"
    ):
        table.day("date")
    assert len(table.day("date", may_lie_ahead=True)) == 3


def test_an_apostrophe_before_a_number_a_date_or_a_word_is_a_spreadsheets():
    table = cells(urn=["'100001"], date=["'2018-09-01"], hours=["'6"], role=["'Senior"])
    assert table.urn("urn").item() == "100001"
    assert table.day("date").item() == pd.Timestamp(2018, 9, 1)
    assert table.hours("hours", 24).item() == 6
    assert table.choice("role", ["senior"]).item() == "senior"


@pytest.mark.parametrize("urn", ["", "10001", "1000011", "10000A", "１００００１", "Hill"])
def test_what_is_no_school_number_is_refused(urn):
    with pytest.raises(InputFault, match="six digits"):
        cells(urn=[urn]).urn("urn")


def test_a_trust_is_told_from_a_school_by_its_digits():
    assert cells(unit=["100001", "16123", "7"]).unit().tolist() == ["100001", "16123", "7"]
    with pytest.raises(InputFault, match="Group UID"):
        cells(trust=["TR00123"]).trust("trust")


@pytest.mark.parametrize("hours", ["", "0", "0.0", "24.01", "25", "-1", "1,5", "6h", "nan",
                                   "1e1", "inf", "1" * 400])  # fmt: skip
def test_hours_are_above_0_and_at_most_24(hours):
    with pytest.raises(InputFault, match="hours above 0 and up to 24"):
        cells(hours=[hours]).hours("hours", 24)


def test_hours_of_a_whole_day_and_of_a_minute_are_hours():
    assert cells(hours=["24", "0.02"]).hours("hours", 24).tolist() == [24, 0.02]


@pytest.mark.parametrize(
    ("written", "pounds"),
    [
        ("0", 0),
        ("1500", 1500),
        ("£1,500.00", 1500),
        ("£ 12.5", 12.5),
        ("1,250,000", 1.25e6),
    ],
)
def test_pounds_may_have_their_sign_and_commas(written, pounds):
    assert cells(pounds=[written]).pounds("pounds").item() == pounds


@pytest.mark.parametrize("written", ["", "-1", "free", "1.500,00", "15,00", "£", "NaN", "1e3",
                                     "10 per head", "$5", "1.234"])  # fmt: skip
def test_what_is_no_amount_is_refused(written):
    with pytest.raises(InputFault, match="pounds, 0 or more"):
        cells(pounds=[written]).pounds("pounds")


@pytest.mark.parametrize(
    "link", ["https://www.example.org/a.pdf", "https://example.org", "HTTPS://example.org/x",
             "https://example.org:443/a?b=c&d=%20#e"],
)  # fmt: skip
def test_an_https_link_is_one(link):
    assert is_https_link(link)


@pytest.mark.parametrize(
    "link",
    [
        "http://example.org/a.pdf",
        "www.example.org",
        "https://",
        "https:///a.pdf",
        "https://localhost/a.pdf",
        "https://example.org/a b",
        "https://example.org/a https://example.org/b",
        "https://user:secret@example.org/",
        'https://example.org/"onclick="x',
        "https://example.org/<script>",
        "https://example.org:x/",
        "https://[::1/",
        "https://exämple.org/",
        "javascript:alert(1)",
        "see our website",
    ],
)
def test_what_is_no_https_link_is_refused(link):
    assert not is_https_link(link)
    with pytest.raises(InputFault, match="https://, or nothing"):
        cells(evidence=[link]).link("evidence")


@pytest.mark.parametrize("name", ["Jo Smith", "Zoë Ångström", "O'Neill, Mary-Ann", "J. Smith",
                                  "jo@example.org", "Mary Ann Smith"])  # fmt: skip
def test_a_persons_own_name_is_refused_and_not_repeated(name):
    with pytest.raises(InputFault) as fault:
        cells(person=["P001", name]).pseudonym("person")
    assert "row 3, column person" in str(fault.value)
    assert name not in str(fault.value)


@pytest.mark.parametrize("pseudonym", ["P001", "p 12", "anna", "middle leader 7", "3f-9a"])
def test_a_pseudonym_is_one_word_or_holds_a_digit(pseudonym):
    assert cells(person=[pseudonym]).pseudonym("person").item() == pseudonym


def test_an_unknown_word_is_told_with_the_known_ones():
    with pytest.raises(InputFault) as fault:
        cells(role=["SENIOR", "Head"]).choice("role", ("senior", "middle"))
    assert "row 3, column role: found 'Head'" in str(fault.value)
    assert "expected: one of senior, middle" in str(fault.value)


def test_a_long_cell_and_one_that_commands_a_screen_are_shown_safely():
    with pytest.raises(InputFault) as fault:
        cells(role=["\x1b[31m" + "x" * 99]).choice("role", ("senior",))
    assert "found '\\x1b[31m" + "x" * 35 + "'\n" in str(fault.value)


def test_names_that_differ_in_capitals_are_one():
    names = pd.Series(["Cohort 1", None, "cohort 1", "COHORT 2"], dtype=str)
    assert one_spelling(names).dropna().tolist() == ["Cohort 1", "Cohort 1", "COHORT 2"]


def test_a_letter_with_an_accent_is_the_same_however_it_is_made_up():
    assert tidy(pd.Series(["Cafe\u0301", "Café"])).unique().tolist() == ["Café"]


def test_a_programme_has_small_letters_and_is_a_known_one():
    table = cells(programme=["Growing-the-Top", ""])
    assert table.programme(may_be_blank=True).tolist()[:1] == ["growing-the-top"]
    known = Bounds(programmes=frozenset({"trust-peer-review"}))
    with pytest.raises(InputFault, match="a programme of the settings: trust-peer-review"):
        CheckedTable(table.file, table.cells, known).programme(may_be_blank=True)


def test_signs_that_nobody_sees_are_no_text():
    assert tidy(pd.Series(["\u200b", "Fee\u00ad for\ufeff one"])).tolist() == [
        "",
        "Fee for one",
    ]
