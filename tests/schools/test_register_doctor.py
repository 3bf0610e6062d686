"""The register doctor finds what is wrong with a list, and never guesses."""

import csv
import io
from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pipeline.run.faults import Fault
from pipeline.schools.register_doctor import grid, listing, writing
from pipeline.schools.register_doctor.directory import Directory
from pipeline.schools.register_doctor.examine import examine
from pipeline.schools.register_doctor.findings import guarded, unguarded, visible

TODAY = date(2019, 6, 1)

SCHOOLS = [
    # urn, laestab, name, type, town, postcode, opened, closed
    (
        "100001",
        "8504123",
        "St Mary's CofE Primary School",
        "",
        "Gosport",
        "PO12 1AA",
        "",
        "",
    ),
    ("100002", "8504001", "Oak High School", "", "Fareham", "PO14 1AA", "", "2016-08-31"),
    (
        "100003",
        "8504001",
        "Oak High Academy",
        "Academy converter",
        "Fareham",
        "PO14 1AA",
        "2016-09-01",
        "",
    ),
    ("100004", "8504002", "Ash Infant School", "", "Havant", "PO9 1AA", "", ""),
    ("100005", "8504003", "Ash Junior School", "", "Havant", "PO9 1AA", "", ""),
    (
        "100006",
        "8506001",
        "Elm House School",
        "Other independent school",
        "Havant",
        "PO9 2AA",
        "",
        "",
    ),
    ("100007", "8504004", "Holly Primary School", "", "Andover", "SP10 1AA", "", ""),
    ("100008", "8504005", "Holly Primary School", "", "Romsey", "SO51 1AA", "", ""),
    ("100009", "8504006", "Beech School", "", "Alton", "GU34 1AA", "", "2012-08-31"),
    ("100020", "8504007", "Willow School", "", "Alton", "GU34 2AA", "2018-01-01", ""),
]
LINKS = [("100003", "100002", "Predecessor")]
ST_MARYS = "St Mary's CofE Primary School,PO12 1AA"


@pytest.fixture(scope="module")
def directory():
    columns = [
        "urn",
        "laestab",
        "name",
        "school_type",
        "town",
        "postcode",
        "opened",
        "closed",
    ]
    schools = pd.DataFrame(SCHOOLS, columns=columns)
    schools["local_authority"] = "850"
    for column in ("opened", "closed"):
        schools[column] = pd.to_datetime(schools[column])
    links = pd.DataFrame(LINKS, columns=["urn", "linked_urn", "kind"])
    return Directory(schools, links)


@pytest.fixture
def look(tmp_path, directory):
    """Examine a list of text: look('urn,joined', '100001,2015-09-01')."""

    def examined(*lines, order=None, told=None, schools=True, encoding="utf-8"):
        path = tmp_path / "list.csv"
        path.write_bytes("\n".join([*lines, ""]).encode(encoding))
        found = listing.from_grid(grid.read(path), told or {})
        return examine(found, directory if schools else None, today=TODAY, order=order)

    return examined


@pytest.fixture
def look_at_book(tmp_path, directory):
    """Examine a workbook's rows."""

    def examined(rows, *, sheet=None, merge=None, epoch=None, others=()):
        book = openpyxl.Workbook()
        if epoch:
            book.epoch = epoch
        page = book.active
        page.title = "Members"
        for row in rows:
            page.append(row)
        if merge:
            page.merge_cells(merge)
        for name, cells in others:
            other = book.create_sheet(name)
            for row in cells:
                other.append(row)
        path = tmp_path / "list.xlsx"
        book.save(path)
        found = listing.from_grid(grid.read(path, sheet), {})
        return examine(found, directory, today=TODAY)

    return examined


def told(diagnosis, severity, column=None):
    return [
        finding
        for finding in diagnosis.findings
        if finding.severity == severity and column in (None, finding.column)
    ]


def only(diagnosis, severity, column=None):
    (finding,) = told(diagnosis, severity, column)
    return finding


def values(diagnosis, column):
    return [entry.says[column] for entry in diagnosis.entries]


# --- what is in order


def test_a_register_in_order_is_left_alone(look):
    found = look(
        "urn,name,joined,left,hub", "100001,St Mary's CE Primary,2015-09-01,,North"
    )
    assert found.findings == []
    assert values(found, "urn") == ["100001"]


def test_every_row_comes_back_in_its_place(look):
    found = look("urn,joined,left", "?,2015-09-01,", ",,x", "", "100001,2015-09-01,")
    assert [entry.number for entry in found.entries] == [2, 3, 5]
    assert values(found, "urn") == ["?", "", "100001"]
    assert values(found, "left") == ["", "x", ""]
    assert found.blank_rows == 1


# --- numbers


@pytest.mark.parametrize(
    "text",
    [
        " 100001",
        "100001.0",
        "URN100001",
        "URN: 100001",
        "100 001",
        '="100001"',
        "1.00001E+05",
        "\u202a100001\u202c",
        "100001\u200b",
    ],
)
def test_a_number_in_another_dress_is_the_number(look, text):
    quoted = text.replace('"', '""')
    found = look("urn,joined,left", f'"{quoted}",2015-09-01,')
    assert values(found, "urn") == ["100001"]
    assert not told(found, "must mend") + told(found, "proposed")


def test_a_letter_o_for_a_nought_is_proposed_with_the_name_s_likeness(look):
    found = look(
        "urn,name,joined,left", "1OOOO1,St Mary's C of E Primary School,2015-09-01,"
    )
    finding = only(found, "proposed", "urn")
    assert (finding.proposed, finding.score) == ("100001", 100)
    assert values(found, "urn") == ["1OOOO1"]


@pytest.mark.parametrize(
    ("text", "why"),
    [("10001", "six digits"), ("10012345", "UKPRN"), ("1E+05", "six digits"), ("x", "six")],
)
def test_a_number_that_is_none_must_be_mended(look, text, why):
    found = look("urn,joined,left", f"{text},2015-09-01,")
    assert why in only(found, "must mend", "urn").why
    assert values(found, "urn") == [text]


@pytest.mark.parametrize(
    "text", ["850/4001", "8504001", "850 4001", "850-4001", "8504001.0"]
)
def test_a_dfe_number_becomes_the_school_that_had_it_on_the_day_of_joining(look, text):
    found = look(
        "DfE Number,joined,left", f"{text},2015-09-01,2016-08-31", f"{text},2016-09-01,"
    )
    assert values(found, "urn") == ["100002", "100003"]
    assert not told(found, "must mend") + told(found, "proposed")


def test_authority_and_school_in_two_columns_are_a_dfe_number(look):
    found = look("LA (code),Establishment number,joined,left", "850,4123,2015-09-01,")
    assert values(found, "urn") == ["100001"]


def test_a_dfe_number_without_a_certain_date_is_only_proposed(look):
    found = look("laestab,joined,left", "8504123,2015/16,")
    assert only(found, "proposed", "urn").proposed == "100001"
    assert values(found, "urn") == [""]


def test_a_dfe_number_of_two_schools_and_no_date_cannot_be_told(look):
    found = look("laestab,joined,left", "8504001,,")
    assert "cannot tell: 2 establishments" in only(found, "must mend", "urn").why
    assert not told(found, "proposed", "urn")


def test_a_dfe_number_in_the_column_of_urns_is_only_proposed(look):
    found = look("urn,joined,left", "8504123,2015-09-01,")
    assert only(found, "proposed", "urn").proposed == "100001"


def test_a_dfe_number_of_a_school_with_quite_another_name_is_only_proposed(look):
    found = look("laestab,name,joined,left", "8504123,Willow School,2015-09-01,")
    finding = only(found, "proposed", "urn")
    assert finding.proposed == "100001"
    assert "quite unlike" in finding.why


def test_a_urn_in_the_column_of_dfe_numbers_is_only_proposed(look):
    found = look("laestab,name,joined,left", "100003,Oak High,2017-09-01,")
    finding = only(found, "proposed", "urn")
    assert finding.proposed == "100003"
    assert "a URN, in the column of DfE numbers: 100003 Oak High Academy" in finding.why
    assert values(found, "urn") == [""]


def test_a_urn_among_dfe_numbers_that_had_closed_says_so(look):
    found = look("laestab,joined,left", "100002,2017-09-01,")
    assert "closed 2016-08-31" in only(found, "proposed", "urn").why


def test_a_urn_among_dfe_numbers_is_not_proposed_for_quite_another_school(look):
    found = look("laestab,name,postcode,joined,left", f"100003,{ST_MARYS},2015-09-01,")
    finding = only(found, "proposed", "urn")
    assert finding.proposed == "100001"
    assert "'100003' is no DfE number" in finding.why


def test_what_is_no_dfe_number_is_told(look):
    found = look("laestab,joined,left", "850-41,2015-09-01,")
    assert (
        "'850-41' is no DfE number of seven digits" in only(found, "must mend", "urn").why
    )


# --- schools and dates


def test_a_school_that_had_closed_is_told_with_its_successor(look):
    found = look("urn,joined,left", "100002,2017-09-01,")
    finding = only(found, "proposed", "urn")
    assert finding.proposed == "100003"
    assert "closed 2016-08-31" in finding.why
    assert "successor 100003 Oak High Academy (Academy converter)" in finding.why
    assert "opened 2016-09-01" in finding.why
    assert values(found, "urn") == ["100002"]


def test_a_school_that_had_closed_without_successor_is_told(look):
    found = look("urn,joined,left", "100009,2017-09-01,")
    assert "no school that followed it was open" in only(found, "look at it", "urn").why


def test_a_school_that_closes_as_a_member_is_told_unless_another_followed(look):
    found = look("urn,joined,left", "100009,2011-09-01,", "100002,2015-09-01,")
    finding = only(found, "look at it", "left")
    assert finding.row == 2
    assert "no date of leaving" in finding.why


def test_a_school_that_opened_after_joining_is_told_with_its_forerunner(look):
    finding = only(look("urn,joined,left", "100003,2015-09-01,"), "look at it")
    assert "opened on 2016-09-01" in finding.why
    assert "100002 Oak High School" in finding.why


def test_both_numbers_of_one_school_are_told(look):
    found = look("urn,joined,left", "100002,2015-09-01,2016-08-31", "100003,2016-09-01,")
    assert "followed 100002, which is in row 2" in only(found, "look at it").why


def test_an_independent_school_is_told(look):
    assert (
        "independent"
        in only(look("urn,joined,left", "100006,2015-09-01,"), "look at it").why
    )


def test_a_number_younger_than_the_register_of_schools_is_told(look):
    assert (
        "younger" in only(look("urn,joined,left", "123456,2015-09-01,"), "look at it").why
    )


def test_a_number_of_a_school_with_quite_another_name_is_told(look):
    found = look("urn,name,joined,left", "100001,Willow School,2018-09-01,")
    finding = only(found, "look at it", "name")
    assert "St Mary's" in finding.why
    assert "Willow School" in finding.why
    assert values(found, "urn") == ["100001"]


def test_a_number_one_slip_from_that_of_the_school_so_named_is_proposed(look):
    # 100007 is Holly in Andover; Ash Infant has 100004.
    found = look("urn,name,postcode,joined,left", "100007,Ash Infants,PO9 1AA,2015-09-01,")
    finding = only(found, "proposed", "urn")
    assert finding.proposed == "100004"
    assert "one slip" in finding.why


def test_left_before_joined_must_be_mended(look):
    assert (
        "no later"
        in only(look("urn,joined,left", "100001,2016-09-01,2015-09-01"), "must mend").why
    )


def test_dates_to_come_are_told(look):
    assert (
        "not come yet"
        in only(look("urn,joined,left", "100001,2030-09-01,"), "look at it").why
    )


def test_a_doubtful_date_is_settled_by_a_person_proposed_by_a_row_or_asked(look):
    rows = ("urn,joined,left", "100001,03/04/2015,", "100004,13/04/2015,")
    assert values(look(*rows[:2], order="day-first"), "joined") == ["2015-04-03"]
    assert only(look(*rows), "proposed", "joined").proposed == "2015-04-03"
    assert "--dates" in only(look(*rows[:2]), "must mend", "joined").why


def test_an_order_that_the_column_contradicts_makes_proposals_only(look):
    found = look(
        "urn,joined,left", "100001,03/04/2015,", "100004,04/13/2015,", order="day-first"
    )
    assert only(found, "proposed", "joined").proposed == "2015-04-03"
    assert values(found, "joined") == ["03/04/2015", "2015-04-13"]
    assert "can only be written otherwise" in only(found, "look at it", "joined").why


def test_dates_that_a_spreadsheet_may_have_swapped_are_told(look_at_book):
    rows = [["urn", "joined", "left"], [100001, date(2015, 4, 3)], [100004, "13/03/2015"]]
    finding = only(look_at_book(rows), "look at it", "joined")
    assert (finding.row, finding.found) == (None, "1 dates")


# --- names and places


def test_a_name_at_its_postcode_is_proposed_with_score_and_runner_up(look):
    found = look("School,Post code,Date joined,left", "Ash Inf. Sch,po91aa,2015-09-01,")
    finding = only(found, "proposed", "urn")
    assert (finding.proposed, finding.score) == ("100004", 100)
    assert "next is 100005 Ash Junior School (0)" in finding.why
    assert values(found, "urn") == [""]


@pytest.mark.parametrize(
    "name",
    [
        "Saint Mary's Church of England Primary School",
        "ST MARYS C.E. PRIMARY",
        "St. Mary’s C of E",
        "St Mâry's CofE Primary Academy",
    ],
)
def test_a_school_is_known_by_other_ways_to_write_its_name(look, name):
    found = look("name,postcode,joined,left", f"{name},PO12 1AA,2015-09-01,")
    assert only(found, "proposed", "urn").proposed == "100001"


def test_two_schools_of_one_name_in_one_authority_cannot_be_told(look):
    found = look("name,LA,joined,left", "Holly Primary,850,2015-09-01,")
    why = only(found, "must mend", "urn").why
    assert "cannot tell" in why
    assert "100007" in why
    assert "100008" in why
    assert not told(found, "proposed", "urn")


def test_the_town_tells_two_schools_of_one_name_apart(look):
    found = look("name,town,joined,left", "Holly Primary,Romsey,2015-09-01,")
    assert only(found, "proposed", "urn").proposed == "100008"


def test_a_school_that_was_not_open_on_the_day_is_not_proposed(look):
    found = look(
        "name,postcode,joined,left",
        "Oak High,PO14 1AA,2015-09-01,",
        "Oak High,PO14 1AA,2016-09-01,",
    )
    assert [f.proposed for f in told(found, "proposed", "urn")] == ["100002", "100003"]


def test_a_name_that_no_school_at_the_postcode_has_is_not_sought_elsewhere(look):
    found = look("name,postcode,joined,left", "Willow School,PO12 1AA,2018-09-01,")
    finding = only(found, "must mend", "urn")
    assert "100020 Willow School (100)" in finding.why
    assert not told(found, "proposed", "urn")


def test_without_a_register_of_schools_it_says_so_and_does_the_rest(look):
    found = look(
        "urn,name,joined,left",
        " 100001,,1 Sep 2015,",
        ",Oak Academy,2015-09-01,",
        schools=False,
    )
    assert values(found, "urn") == ["100001", ""]
    assert values(found, "joined")[0] == "2015-09-01"
    assert "--schools" in only(found, "must mend", "urn").why
    assert "no register of schools" in found.general[0].why


# --- rows beside each other


def test_spells_that_overlap_must_be_mended(look):
    found = look("urn,joined,left", "100001,2015-09-01,", "100001,2017-09-01,")
    finding = only(found, "must mend")
    assert finding.row == 3
    assert "row 2 from 2015-09-01 to today" in finding.why


def test_spells_that_follow_each_other_are_in_order(look):
    found = look("urn,joined,left", "100001,2015-09-01,2016-08-31", "100001,2017-09-01,")
    assert found.findings == []


def test_one_school_in_two_programmes_is_no_overlap(look):
    rows = ["programme,urn,cohort,joined,left,trio", "A,100001,1,2015-09-01,,T1"]
    assert not told(look(*rows, "B,100001,1,2015-09-01,,T1"), "must mend")
    found = look(*rows, "a,100001,1,2016-09-01,,T1")
    assert "twice at once" in only(found, "must mend").why
    assert found.columns[0] == "programme"


def test_a_row_that_says_the_same_again_is_proposed_to_be_left_out(look):
    found = look(
        "urn,name,joined,left",
        "100001,St Mary's CE Primary,2015-09-01,",
        "100001.0,St Mary's CE Primary,1 Sept 2015,",
    )
    assert "says the same as row 2" in only(found, "proposed", "leave out").why
    assert len(found.entries) == 2


def test_one_school_under_two_names_is_told(look):
    found = look(
        "urn,name,joined,left",
        "123456,Yew Primary School,2015-09-01,2016-08-31",
        "123456,The Croft,2017-09-01,",
        schools=False,
    )
    assert "another name in row 2" in only(found, "look at it", "name").why


def test_two_numbers_with_one_name_are_told(look):
    found = look(
        "urn,name,joined,left",
        "100007,Holly Primary School,2015-09-01,",
        "100008,Holly Primary Sch.,2015-09-01,",
    )
    assert "two schools, or one under two numbers" in only(found, "look at it", "name").why


def test_hubs_that_differ_by_a_slip_are_proposed_to_be_one(look):
    found = look(
        "urn,joined,left,hub",
        "100001,2015-09-01,,Fairholme Hub",
        "100004,2015-09-01,,Fairholme  Hub",
        "100005,2015-09-01,,Fairhome hub",
        "100007,2015-09-01,,Hub 1",
        "100008,2015-09-01,,Hub 2",
    )
    finding = only(found, "proposed", "hub")
    assert (finding.row, finding.proposed) == (4, "Fairholme Hub")
    assert values(found, "hub")[2] == "Fairhome hub"


def test_two_near_hubs_that_are_both_common_are_told_and_nothing_is_proposed(look):
    hubs = ["Wexton", "Wixton"] * 3
    rows = [f"{100101 + n},2015-09-01,,{hub}" for n, hub in enumerate(hubs)]
    found = look("urn,joined,left,hub", *rows, schools=False)
    assert "two, or one spelt in two ways" in only(found, "look at it", "hub").why
    assert not told(found, "proposed")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("North East", "North West"),
        ("Trio 1001", "Trio 1002"),
        ("Kent", "Bath"),
        ("Hub A", "Hub B"),
    ],
)
def test_hubs_that_only_look_alike_stay_two(look, one, other):
    found = look(
        "urn,joined,left,hub", f"100001,2015-09-01,,{one}", f"100004,2015-09-01,,{other}"
    )
    assert found.findings == []


# --- the list itself


def test_headers_in_other_words_are_known(look):
    found = look(
        "School URN,Establishment,Date joined,End date,Cluster",
        "100001,St Mary's CE Primary,2015-09-01,2018-08-31,North",
    )
    assert found.findings == []
    assert values(found, "left") == ["2018-08-31"]
    assert values(found, "hub") == ["North"]


def test_a_misspelt_header_is_asked_about_and_not_read(look):
    rows = ("urn,Date joind,left", "100001,2015-09-01,")
    finding = only(look(*rows), "proposed")
    assert finding.proposed == "joined"
    assert "--column 'Date joind=joined'" in finding.why
    assert values(look(*rows), "joined") == [""]
    assert values(look(*rows, told={"Date joind": "joined"}), "joined") == ["2015-09-01"]


def test_two_columns_that_could_be_one_are_asked_about(look):
    found = look("urn,Start date,Date joined,left", "100001,2015-09-01,2016-09-01,")
    assert "2 columns could be joined" in told(found, "must mend", "joined")[0].why


def test_the_register_s_own_header_goes_before_another_word_for_it(look):
    found = look("urn,name,school,joined,left", "100001,St Mary's CE Primary,x,2015-09-01,")
    assert values(found, "name") == ["St Mary's CE Primary"]
    assert "not read" in only(found, "look at it").why


def test_a_column_that_no_register_has_is_told(look):
    found = look("urn,joined,left,Head's e-mail", "100001,2015-09-01,,a@example.org")
    assert only(found, "look at it").column == "Head's e-mail"


def test_titles_above_the_header_and_blank_rows_are_counted(look):
    found = look("Our schools", "", "urn,joined,left", "", "100001,2015-09-01,")
    assert (found.rows_above, found.blank_rows, len(found.entries)) == (2, 1, 1)


def test_the_header_again_and_headings_are_proposed_to_be_left_out(look):
    found = look(
        "hub,urn,joined,left", ",100001,2015-09-01,", "hub,urn,joined,left", "South hub"
    )
    assert [f.row for f in told(found, "proposed", "leave out")] == [3, 4]
    assert len(found.entries) == 3


def test_a_row_with_more_cells_than_the_header_must_be_mended(look):
    found = look("urn,name,joined,left", "100001,St Mary's, Gosport,2015-09-01,2016-08-31")
    assert "to the right of the last header" in told(found, "must mend", "")[0].why


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_known_and_told(look, separator):
    found = look(
        separator.join(["urn", "joined", "left"]),
        separator.join(["100001", "2015-09-01", ""]),
    )
    assert values(found, "joined") == ["2015-09-01"]
    assert "separated by" in only(found, "mended").why


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]
)
def test_accents_survive_every_usual_encoding(look, encoding):
    found = look("urn,name,joined,left", "123456,Zoë's,2015-09-01,", encoding=encoding)
    assert values(found, "name") == ["Zoë's"]


def test_signs_that_cannot_be_seen_are_taken_off_and_told(look):
    found = look("urn,name,joined,left", "123456,A\u202eB\x07 \u00a0C,2015-09-01,")
    assert values(found, "name") == ["AB C"]
    assert "cannot be seen" in only(found, "mended", "name").why


def test_a_very_long_cell_is_told_and_kept(look):
    found = look("urn,name,joined,left", f"123456,{'x' * 50_000},2015-09-01,")
    assert any("50000 characters" in f.why for f in told(found, "look at it", "name"))
    assert len(values(found, "name")[0]) == 50_000


def test_a_formula_that_shows_a_number_is_the_number(look):
    found = look("urn,joined,left", '"=HYPERLINK(""http://x"",""100001"")",2015-09-01,')
    assert values(found, "urn") == ["100001"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"one\ntwo\n", "header"),
        (b'urn,joined,left\n100001,"2015', "quotation mark"),
        (b"\x00\x01\x02\x03\x04\x05", "no table of text"),
        (b"PK\x03\x04 cut", "workbook"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "workbook"),
        (b"\xff\xfeu", "header"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(tmp_path, content, said):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(Fault, match=said) as fault:
        listing.from_grid(grid.read(path), {})
    assert "what to do" in str(fault.value)


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(Fault, match="what to do"):
            grid.read(path)


# --- workbooks


def test_a_workbook_s_numbers_dates_and_serials_are_read(look_at_book):
    found = look_at_book(
        [
            ["Members"],
            ["URN", "Joined", "Left"],
            [100001.0, date(2015, 9, 1), datetime(2018, 9, 1)],
            [100004, 42248, "present"],
        ]
    )
    assert values(found, "urn") == ["100001", "100004"]
    assert values(found, "joined") == ["2015-09-01", "2015-09-01"]
    assert values(found, "left") == ["2018-09-01", ""]


def test_an_old_workbook_of_the_mac_has_its_own_count_of_days(look_at_book):
    rows = [
        ["URN", "Joined", "Left"],
        [100001, 40786, None],
        [100004, date(2015, 9, 1), None],
    ]
    found = look_at_book(rows, epoch=CALENDAR_MAC_1904)
    assert values(found, "joined") == ["2015-09-01", "2015-09-01"]
    assert "1904" in only(found, "mended", "joined").why


def test_a_merged_cell_counts_for_all_its_rows(look_at_book):
    rows = [
        ["urn", "joined", "left", "hub"],
        [100001, date(2015, 9, 1), None, "North"],
        [100004, date(2015, 9, 1)],
        [100005, date(2015, 9, 1)],
    ]
    found = look_at_book(rows, merge="D2:D3")
    assert values(found, "hub") == ["North", "North", ""]
    assert "merged over rows 2 to 3" in only(found, "mended").why


def test_the_one_sheet_with_a_list_is_found_and_told(look_at_book):
    rows = [["urn", "joined", "left"], [100001, date(2015, 9, 1)]]
    found = look_at_book(rows, others=[("Notes", [["Written by"], ["nobody"]])])
    assert values(found, "urn") == ["100001"]
    assert only(found, "look at it").found == "Notes"


def test_two_sheets_that_could_be_the_list_are_asked_about(look_at_book):
    rows = [["urn", "joined", "left"], [100001, date(2015, 9, 1)]]
    with pytest.raises(Fault, match="--sheet 'Members' or --sheet 'Old'"):
        look_at_book(rows, others=[("Old", rows)])
    assert values(look_at_book(rows, others=[("Old", rows)], sheet="old"), "urn") == [
        "100001"
    ]


# --- what is written


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\tx",
        "\r=x",
        "'=1",
        "''=1",
        "'quoted'",
        "O'Brien",
        "",
        "a=b",
    ],
)
def test_a_guarded_text_runs_no_formula_and_reads_back_the_same(text):
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(guarded(text)) == text


def test_the_corrected_copy_holds_no_formula_and_reads_back_the_same(look, tmp_path):
    found = look(
        "urn,name,joined,left,hub", "123456,\"=cmd|' /C calc'!A0\",2015-09-01,,@hub"
    )
    text = writing.corrected(found)
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert row["name"] == "'=cmd|' /C calc'!A0"
    assert row["hub"] == "'@hub"
    path = tmp_path / "again.csv"
    path.write_text(text.replace(",accept", ",answer"), encoding="utf-8")
    again = listing.from_grid(grid.read(path), {})
    assert again.rows[0].get("name") == "=cmd|' /C calc'!A0"
    assert again.rows[0].get("hub") == "@hub"


def test_what_is_printed_holds_no_sign_that_moves_the_screen(look):
    found = look("urn,name,joined,left", "1\x1b[2J,A\u202eB,2015-09-01,")
    printed = writing.told(found)
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert visible("\x1b") == "\\u001b"


def test_a_copy_that_is_there_is_never_written_over(tmp_path):
    path = tmp_path / "partners.corrected.csv"
    path.write_text("answers")
    with pytest.raises(Fault, match="may hold your answers"):
        writing.write({tmp_path / "partners.findings.csv": "x", path: "y"})
    assert path.read_text() == "answers"
    assert not (tmp_path / "partners.findings.csv").exists()


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "100001",
            "850/4123",
            "2015-09-01",
            "03/04/2015",
            "43344",
            "2015/16",
            "present",
            "urn",
            "joined",
            "left",
            "name",
            "hub",
            "St Mary's",
            "PO12 1AA",
            "=1+1",
            '"',
            "\n",
        ]
    ),
)


@settings(max_examples=150)
@given(st.lists(st.lists(CELLS, max_size=7), max_size=9), st.sampled_from(",;\t"))
def test_any_table_ends_in_a_fault_or_in_as_many_rows_with_every_change_told(
    tmp_path_factory, directory, rows, sep
):
    path = tmp_path_factory.mktemp("any") / "list.csv"
    written = io.StringIO()
    csv.writer(written, delimiter=sep).writerows([["urn", "name", "joined", "left"], *rows])
    path.write_text(written.getvalue(), encoding="utf-8", errors="ignore")
    try:
        read = grid.read(path)
        found = listing.from_grid(read, {})
    except Fault:
        return
    diagnosis = examine(found, directory, today=TODAY)
    header = read.rows.index(next(r for r in read.rows if r[0] == found.rows_above + 1))
    assert len(diagnosis.entries) == len(read.rows) - header - 1
    for entry in diagnosis.entries:
        told_of = {finding.column for finding in entry.findings}
        left_out = "leave out" in entry.proposals
        for column, raw in entry.listed.raw.items():
            unchanged = entry.says.get(column, raw) == raw
            assert unchanged or column in told_of or left_out, (column, raw, entry.says)
    writing.corrected(diagnosis)
    writing.told(diagnosis)


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_fault_or_in_a_list(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("any") / "list.csv"
    path.write_bytes(b"urn,joined,left\n100001,2015-09-01,\n" + noise)
    try:
        found = listing.from_grid(grid.read(path), {})
    except Fault:
        return
    examine(found, None, today=TODAY)


@pytest.fixture(scope="module")
def book_bytes():
    book = openpyxl.Workbook()
    for row in [["urn", "joined", "left"], [100001, date(2015, 9, 1), None], ["x", "", ""]]:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@settings(max_examples=80)
@given(st.data())
def test_any_broken_workbook_ends_in_a_fault_or_in_a_list(
    tmp_path_factory, book_bytes, data
):
    broken = bytearray(book_bytes)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("any") / "list.xlsx"
    path.write_bytes(broken[: data.draw(st.integers(1, len(broken)))])
    try:
        found = listing.from_grid(grid.read(path), {})
    except Fault:
        return
    examine(found, None, today=TODAY)


def test_a_column_of_hundreds_of_hubs_is_told_and_not_compared(look):
    rows = [f"{100001 + n},2015-09-01,,Hub of place {n}x" for n in range(401)]
    found = look("urn,joined,left,hub", *rows, schools=False)
    assert "401 different ones" in only(found, "look at it", "hub").why


def test_a_workbook_of_very_many_sheets_is_refused_unless_one_is_named(tmp_path):
    book = openpyxl.Workbook()
    for number in range(2, 52):
        book.create_sheet(f"Sheet{number}")
    for sheet in book.worksheets:
        sheet.append(["URN", "School name"])
        sheet.append([100001, "Oak"])
    path = tmp_path / "list.xlsx"
    book.save(path)
    with pytest.raises(Fault, match="the workbook has 51 sheets"):
        grid.read(path)
    assert grid.read(path, "sheet7").rows[1][1] == ["100001", "Oak"]
