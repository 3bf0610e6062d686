from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts import promise
from pipeline.contracts.establishments import INSPECTIONS
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import inspections

LATEST = "latest inspections as at {}.csv"
AUGUST_2022 = LATEST.format("31 Aug 2022")


@pytest.fixture
def save(tmp_path, as_csv):
    def save_one(shown, rows, title=""):
        text = as_csv(rows) if isinstance(rows, list) else rows
        path = tmp_path / shown
        path.write_bytes((title + text).encode("cp1252"))
        return path

    return save_one


@pytest.fixture
def read(tmp_path):
    def read_all():
        found = inspections.read(tmp_path, "ofsted")
        promise.check(found.table, INSPECTIONS)
        return found

    return read_all


def school(urn=100001, **cells):
    """One row of a file of latest inspections, as Ofsted names its columns."""
    about = {
        "URN": urn,
        "Inspection start date": "14/05/2019",
        "Publication date": "20/06/2019",
        "Overall effectiveness": 2,
        "URN at time of latest full inspection": urn,
    }
    return about | cells


BEFORE = {
    "Previous inspection start date": "03/02/2015",
    "Previous publication date": "10/03/2015",
    "Previous full inspection overall effectiveness": 3,
    "URN at time of previous full inspection": 100001,
}
LATER_FORM = {
    "URN": 100001,
    "Inspection start date of latest OEIF graded inspection": "14/05/2022",
    "Publication date of latest OEIF graded inspection": "20/06/2022",
    "URN at time of latest OEIF graded inspection": 100001,
    "Latest OEIF overall effectiveness": 2,
    "Inspection start date": "NULL",
    "Publication date": "NULL",
    "Date of latest ungraded inspection": "NULL",
}


def grades(found):
    table = found.table
    return dict(
        zip(
            table["inspected"].dt.strftime("%Y-%m-%d"),
            table["overall_effectiveness"],
            strict=True,
        )
    )


def grade_on(found, day, urn="100001"):
    rows = inspections.as_at(found.table, day)
    return rows[rows["urn"] == urn].iloc[0]


def test_a_file_gives_the_latest_inspection_and_the_one_before(save, read):
    save(AUGUST_2022, [school(**BEFORE)])
    assert grades(read()) == {"2015-02-03": 3, "2019-05-14": 2}


def test_an_earlier_grade_without_a_date_is_counted_and_of_no_use(save, read):
    gone = {"Previous inspection start date": "NULL", "Previous publication date": "NULL"}
    save(AUGUST_2022, [school(**BEFORE | gone)])
    found = read()
    assert grades(found) == {"2019-05-14": 2}
    assert found.inventory["files"][0]["earlier_grades_without_a_date"] == 1


def test_an_earlier_inspection_without_a_grade_says_so(save, read):
    save(
        AUGUST_2022,
        [school(**BEFORE | {"Previous full inspection overall effectiveness": "NULL"})],
    )
    early = grade_on(read(), date(2016, 1, 1))
    assert early["reason"] == "inspected and not judged overall"


def test_a_workbook_has_its_date_in_the_name_of_its_sheet(read, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "DFE_data_31_July_2018_SON"
    book.active.append(
        [
            "URN",
            "School name",
            "Inspection date",
            "Publication date",
            "Overall effectiveness",
        ]
    )
    book.active.append([100001, "A", datetime(2013, 4, 19), datetime(2013, 5, 14), 1])
    book.save(tmp_path / "england_ofsted-schools.xlsx")
    found = read()
    assert found.table["known_at"].tolist() == [pd.Timestamp(2018, 7, 31)]
    assert grades(found) == {"2013-04-19": 1}


def test_titles_above_the_header_do_not_shift_the_rows(save, read):
    title = "Inspections of schools\nPublished, 2022\n"
    save(AUGUST_2022, [school()], title=title)
    assert read().table["row"].tolist() == [4]
    save(AUGUST_2022, [school(**{"Overall effectiveness": "5"})], title=title)
    with pytest.raises(InputFault, match="row 4, column Overall effectiveness: found '5'"):
        read()


def test_the_date_of_a_period_is_its_end(save, read):
    save("schools_1_September_2015_to_31_August_2019.csv", [school()])
    assert read().inventory["newest"] == "2019-08-31"


def test_an_inspection_that_several_files_tell_of_is_kept_once(save, read):
    save(LATEST.format("31 Aug 2019"), [school()])
    save(AUGUST_2022, [school()])
    found = read()
    assert grades(found) == {"2019-05-14": 2}
    assert found.table["known_at"].tolist() == [pd.Timestamp(2022, 8, 31)]
    assert found.inventory["told_more_than_once"] == 1


def test_the_first_and_the_last_day_of_one_inspection_are_one_inspection(save, read):
    save(LATEST.format("31 Aug 2019"), [school(**{"Inspection start date": "15/05/2019"})])
    save(AUGUST_2022, [school()])
    assert grades(read()) == {"2019-05-14": 2}


def test_a_later_inspection_of_the_same_school_is_another(save, read):
    save(LATEST.format("31 Aug 2019"), [school()])
    again = {"Inspection start date": "02/03/2022", "Publication date": "20/04/2022"}
    save(AUGUST_2022, [school(**again | {"Overall effectiveness": 1})])
    assert grades(read()) == {"2019-05-14": 2, "2022-03-02": 1}


def test_where_files_differ_on_a_grade_the_newest_is_followed_and_it_is_told(save, read):
    save(LATEST.format("31 Aug 2019"), [school(**{"Overall effectiveness": 3})])
    save(AUGUST_2022, [school()])
    found = read()
    assert grades(found) == {"2019-05-14": 2}
    assert found.inventory["grades_that_differ"] == [
        {
            "urn": "100001",
            "inspected": "2019-05-14",
            "grades": {LATEST.format("31 Aug 2019"): 3, AUGUST_2022: 2},
        }
    ]


def test_a_files_own_latest_is_preferred_to_what_a_later_one_repeats(save, read):
    save(LATEST.format("31 Aug 2015"), [school(
        **{"Inspection start date": "03/02/2015", "Publication date": "11/03/2015",
           "Overall effectiveness": 3})])  # fmt: skip
    save(AUGUST_2022, [school(**BEFORE | {"Previous publication date": "20/06/2019"})])
    table = read().table
    assert table["published"].tolist() == [
        pd.Timestamp(2015, 3, 11),
        pd.Timestamp(2019, 6, 20),
    ]


def test_a_grade_belongs_to_the_school_that_was_inspected(save, read):
    """The school became an academy, with a new number, after its inspection."""
    cells = {"URN at time of latest full inspection": 100001}
    save(AUGUST_2022, [school(140001, **cells)])
    found = read()
    assert found.table["urn"].tolist() == ["100001"]
    assert found.inventory["files"][0]["under_another_number"] == 1


def test_a_grade_holds_from_the_day_on_which_it_was_published(save, read):
    save(AUGUST_2022, [school(**BEFORE)])
    found = read()
    assert grade_on(found, date(2019, 6, 19))["overall_effectiveness"] == 3
    assert grade_on(found, date(2019, 6, 20))["overall_effectiveness"] == 2


def test_what_no_file_tells_of_is_not_guessed(save, read):
    save(AUGUST_2022, [school()])
    early = grade_on(read(), date(2016, 1, 1))
    assert pd.isna(early["overall_effectiveness"])
    assert early["reason"] == inspections.NOT_TOLD
    assert pd.isna(early["inspected"])


def test_each_school_is_there_once_on_any_day(save, read):
    save(AUGUST_2022, [school(**BEFORE), school(100002)])
    for day in (date(2000, 1, 1), date(2016, 1, 1), date(2022, 9, 1)):
        known = inspections.as_at(read().table, day)
        assert known["urn"].tolist() == ["100001", "100002"]
        promise.check(known, INSPECTIONS)


def test_a_school_that_was_not_inspected_yet_says_so(save, read):
    nothing = dict.fromkeys(
        ["Inspection start date", "Publication date", "Overall effectiveness"], "NULL"
    )
    save(AUGUST_2022, [school(), school(100002, **nothing)])
    found = read()
    assert grade_on(found, date(2022, 9, 1), "100002")["reason"] == "not inspected yet"
    assert found.inventory["files"][0]["without_dates"] == 1


def test_a_school_first_inspected_later_was_not_inspected_before(save, read):
    nothing = dict.fromkeys(
        ["Inspection start date", "Publication date", "Overall effectiveness"], "NULL"
    )
    save(LATEST.format("31 Aug 2018"), [school(**nothing)])
    save(AUGUST_2022, [school()])
    found = read()
    assert grade_on(found, date(2019, 1, 1))["reason"] == "not inspected yet"
    assert grade_on(found, date(2020, 1, 1))["overall_effectiveness"] == 2


def test_ungraded_inspections_let_the_old_grade_stand(save, read):
    rows = [
        school(**{"Inspection number": 1}),
        school(**{"Inspection number": 2, "Inspection start date": "02/03/2022",
                  "Publication date": "20/04/2022", "Overall effectiveness": "NULL"}),
    ]  # fmt: skip
    save("all inspections published by 31 Aug 2022.csv", rows)
    found = read()
    assert grade_on(found, date(2022, 8, 31))["overall_effectiveness"] == 2
    assert found.inventory["files"][0]["ungraded"] == 1


def test_an_inspection_after_overall_grades_ended_has_none_and_says_why(save, read):
    cells = {"Inspection start date": "12/11/2024", "Publication date": "10/12/2024"}
    save(
        LATEST.format("31 Dec 2024"),
        [school(**cells | {"Overall effectiveness": "Not judged"})],
    )
    found = grade_on(read(), date(2024, 12, 31))
    assert pd.isna(found["overall_effectiveness"])
    assert "ended in September 2024" in found["reason"]


def test_an_overall_grade_after_they_ended_is_refused(save, read):
    cells = {"Inspection start date": "03/09/2024", "Publication date": "10/10/2024"}
    save(LATEST.format("31 Dec 2024"), [school(**cells)])
    with pytest.raises(
        InputFault, match="(?s)row 2, .*2024-09-03.*ended in September 2024"
    ):
        read()


def test_the_last_grades_were_published_after_the_end_and_are_kept(save, read):
    cells = {"Inspection start date": "16/07/2024", "Publication date": "10/10/2024"}
    save(LATEST.format("31 Dec 2024"), [school(**cells)])
    assert grades(read()) == {"2024-07-16": 2}


def test_the_later_form_has_the_graded_inspection_in_its_own_columns(save, read):
    save(LATEST.format("30 Apr 2026"), [LATER_FORM])
    assert grades(read()) == {"2022-05-14": 2}


def test_a_report_card_has_no_overall_grade_and_follows_the_graded_one(save, read):
    card = {"Inspection start date": "02/12/2025", "Publication date": "20/01/2026"}
    save(LATEST.format("30 Apr 2026"), [LATER_FORM | card])
    found = read()
    assert grade_on(found, date(2025, 12, 31))["overall_effectiveness"] == 2
    assert pd.isna(grade_on(found, date(2026, 4, 30))["overall_effectiveness"])


def test_a_grade_older_than_the_later_form_is_kept_from_an_earlier_file(save, read):
    gone = {name: "NULL" for name in LATER_FORM if "OEIF" in name} | {
        "Date of latest ungraded inspection": "03/05/2023"
    }
    save(LATEST.format("30 Apr 2026"), [LATER_FORM | gone])
    assert "before 2019" in read().table["reason"].iloc[0]
    save(AUGUST_2022, [school(**{"Inspection start date": "14/05/2012",
                                 "Publication date": "20/06/2012"})])  # fmt: skip
    found = read()
    assert grades(found) == {"2012-05-14": 2}
    assert grade_on(found, date(2026, 4, 30))["overall_effectiveness"] == 2


def test_a_report_dated_before_its_inspection_is_known_from_the_file_on(save, read):
    save(AUGUST_2022, [school(**{"Publication date": "01/05/2019"})])
    found = read()
    assert found.table["published"].isna().all()
    assert found.inventory["files"][0]["published_before_inspected"] == 1
    assert grade_on(found, date(2022, 8, 30))["reason"] == inspections.NOT_TOLD
    assert grade_on(found, date(2022, 8, 31))["overall_effectiveness"] == 2


def test_a_note_below_the_table_is_counted_and_is_no_school(save, read):
    save(AUGUST_2022, [school(), {"URN": "Source: Ofsted"}])
    found = read()
    assert found.table["urn"].tolist() == ["100001"]
    assert found.inventory["files"][0]["notes"] == 1


def test_files_that_hold_no_outcomes_are_listed(save, read, tmp_path):
    save(AUGUST_2022, [school()])
    save("providers as at 31 Aug 2022.csv", "URN,Provider\n1,2\n")
    (tmp_path / "latest inspections as at 31 Aug 2021.ods").write_bytes(b"x")
    left_out = {e["file"]: e["why"] for e in read().inventory["left_out"]}
    assert set(left_out) == {
        "providers as at 31 Aug 2022.csv",
        "latest inspections as at 31 Aug 2021.ods",
    }


def test_an_empty_folder_is_an_empty_history(read):
    found = read()
    assert found.table.empty
    assert found.inventory["newest"] is None


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(Fault, match=r"sources\.ofsted"):
        inspections.read(tmp_path / "nowhere", "ofsted")


@pytest.mark.parametrize("name", ["latest.csv", "as at 31 Feb 2022.csv", "as at 2022.csv"])
def test_a_file_whose_name_holds_no_date_is_refused(save, read, name):
    save(name, [school()])
    with pytest.raises(InputFault, match="does not say of which date"):
        read()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"URN": "10001"}, "column URN: found '10001'"),
        ({"Overall effectiveness": "Good!"}, "found 'Good!'"),
        ({"Overall effectiveness": "2.5"}, "found '2.5'"),
        ({"Inspection start date": "05/14/2019"}, "found '05/14/2019'"),
        ({"Inspection start date": "14/05/19"}, "found '14/05/19'"),
        ({"Inspection start date": "43599"}, "found '43599'"),
        ({"Inspection start date": "14/05/1919"}, "found '14/05/1919'"),
        ({"Inspection start date": "01/09/2022"}, "to 2022-08-31"),
        ({"Publication date": "31/12/2023"}, "to 2023-08-31"),
        (
            {"Inspection start date": "NULL", "Publication date": "NULL"},
            "a date of inspection",
        ),
        ({"URN at time of latest full inspection": "=A1"}, "found '=A1'"),
    ],
)
def test_a_cell_that_cannot_be_right_is_refused_with_its_place(save, read, cells, said):
    save(AUGUST_2022, [school(**cells)])
    with pytest.raises(InputFault, match="row 2, column") as fault:
        read()
    assert said in str(fault.value)


def test_a_school_twice_in_a_file_of_latest_inspections_is_refused(save, read):
    save(AUGUST_2022, [school(), school()])
    with pytest.raises(InputFault, match="row 3, column URN"):
        read()


ANY_CELL = st.one_of(
    st.sampled_from(["", "NULL", "1", "4", "9", "Not judged", "14/05/2019", "2019-05-14",
                     "100001", "14/05/2025"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
)  # fmt: skip
COLUMNS = list(school(**BEFORE))


@given(
    rows=st.lists(
        st.lists(ANY_CELL, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=3
    )
)
def test_whatever_the_cells_hold_it_ends_in_a_fault_or_in_what_was_promised(
    tmp_path_factory, rows
):
    folder = tmp_path_factory.mktemp("any")
    lines = [",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in row) for row in rows]
    whole = ",".join(str(cell) for cell in school(**BEFORE).values())
    text = "\n".join([",".join(COLUMNS), whole, *lines]) + "\n"
    (folder / LATEST.format("31 Dec 2024")).write_bytes(text.encode())
    try:
        found = inspections.read(folder, "ofsted")
    except Fault as fault:
        assert "what to do" in str(fault)
        return
    promise.check(found.table, INSPECTIONS)
    assert not found.table.duplicated(["urn", "inspected"]).any()
