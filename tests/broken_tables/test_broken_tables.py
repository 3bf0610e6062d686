"""One tiny file for each fault: the name says what is wrong, the table below what is told.

Each message has to name the file, the row and the column where there are any, what was
expected there and what to do; and no earlier result may change.
"""

import shutil
from pathlib import Path

import pytest

from pipeline.run.faults import Fault

HERE = Path(__file__).parent
MEND = ("expected: ", "what to do: ")

TABLES = {
    "ks4_empty": ["the file is empty", "a header and one row for each school"],
    "ks4_only_a_byte_order_mark": ["the file is empty"],
    "ks4_header_only": ["the file has a header but no rows"],
    "ks4_header_and_empty_lines": ["the file has a header but no rows"],
    "ks4_cut_off_in_last_row": [
        "row 3",
        "the last row stops after 6 of 10 cells",
        "cut off",
    ],
    "ks4_is_a_ks2_table": ["row 1", "this is the table of ks2", "ATT8SCR, TPUP"],
    "ks4_is_a_census_table": ["row 1", "no ks4 performance table", "URN, LA, NOR"],
    "ks4_is_a_web_page": ["row 1", "no ks4 performance table", "<!DOCTYPE HTML>"],
    "ks4_urn_of_five_digits": ["row 3, column URN", "'10002'", "six digits"],
    "ks4_urn_blank": ["row 3, column URN", "found ''", "six digits"],
    "ks4_progress_8_is_text": [
        "row 3, column P8MEA",
        "'about zero'",
        "a number from -7 to 7, or a code such as SUPP",
    ],
    "ks4_progress_8_is_nan": ["row 3, column P8MEA", "'nan'"],
    "ks4_progress_8_beyond_seven": ["row 3, column P8MEA", "'70.2'", "from -7 to 7"],
    "ks4_percentage_above_100": [
        "row 3, column PTL2BASICS_95",
        "'146%'",
        "from 0 to 100",
    ],
    "ks4_unknown_code": ["row 3, column ATT8SCR", "'XXX'", "or a code such as SUPP or NE"],
    "ks4_pupils_below_zero": ["row 3, column P8PUP", "'-90'"],
    "ks4_same_school_twice": ["row 4, column URN", "rows 2 and 4", "every school once"],
    "ks4_same_column_twice": ["row 1", "the column P8MEA stands there twice"],
    "ks4_row_longer_than_header": ["row 3", "11 cells, the header 10", "unquoted name"],
    "ks4_unclosed_quote": ["not readable as comma-separated values", "quotation mark"],
    "ks4_of_a_later_year": ["row 1", "figures of 2019", "2019-2020"],
    "ks4_of_an_earlier_year": ["row 1", "figures of 2016", "2016-2017"],
    "ks4_unknown_record_type": ["row 3, column RECTYPE", "'9'", "1 (mainstream)"],
    "ks4_record_type_blank": ["row 3, column RECTYPE", "found ''"],
    "ks4_holds_nul_bytes": ["bytes that no text file has", "not as a workbook"],
    "ks4_in_utf_16": ["bytes that no text file has", "UTF-8 or Windows-1252"],
    "ks2_progress_is_a_date": ["row 2, column READPROG", "'01/09/2018'"],
    "ks2_is_a_ks4_table": ["row 1", "this is the table of ks4", "PTRWM_EXP, TELIG"],
    "ks2_percentage_below_zero": ["row 2, column PTRWM_EXP", "'-6%'", "from 0 to 100"],
    "ks2_scaled_score_of_200": ["row 2, column READ_AVERAGE", "'200'", "from 80 to 120"],
    "ks4_separated_by_semicolons": ["row 1", "no ks4 performance table", "RECTYPE;URN"],
    "ks4_girls_progress_8_is_text": ["row 3, column P8MEA_GIRLS", "'higher'"],
    "ks4_pupils_of_a_group_are_a_percentage": [
        "row 3, column TPRIORLO",
        "'12%'",
        "a whole number from 0 to 10,000,000",
    ],
    "ks5_unknown_record_type": ["row 3, column RECTYPE", "'2'", "3 (consortium)"],
    "ks5_points_above_sixty": ["row 3, column TALLPPE_ALEV_1618", "'311'", "0 to 60"],
    "ks5_points_are_a_grade": ["row 3, column TALLPPE_ALEV_1618", "'B+'"],
    "ks5_value_added_beyond_six": ["row 3, column VA_INS_ALEV", "'-11'", "from -6 to 6"],
    "ks5_entries_are_a_fraction": ["row 3, column ENTRIES_ALEV", "'24.5'", "whole number"],
    "ks5_is_a_ks4_table": ["row 1", "this is the table of ks4", "TALLPPE_ALEV_1618"],
    "ks5_of_a_later_year": ["row 1", "figures of 2020", "2020-2021"],
}

REGISTERS = {
    "partners_empty": ["the file is empty"],
    "partners_header_only": ["the file has a header but no rows"],
    "partners_date_is_not_one": [
        "row 3, column joined",
        "'2015-02-30'",
        "a date such as 2018-09-01",
    ],
    "partners_date_in_british_order": ["row 3, column joined", "'01/09/2015'"],
    "partners_date_missing": ["row 3, column joined", "found no date"],
    "partners_date_of_leaving_is_not_one": ["row 3, column left", "'soon'"],
    "partners_urn_not_six_digits": ["row 3, column urn", "'10000'", "six digits"],
    "partners_urn_is_a_name": ["row 3, column urn", "'Dale School'"],
    "partners_spells_overlap": [
        "row 4, column joined",
        "100001 is a member twice at once",
        "from 2015-09-01 to 2018-01-31 (row 2) and from 2017-09-01",
    ],
    "partners_same_row_twice": ["row 3, column joined", "twice at once"],
    "partners_left_before_joined": [
        "row 3, column left",
        "100002 left on 2014-08-31, no later than it joined (2015-09-01)",
    ],
    "partners_left_the_day_they_joined": ["row 3, column left", "no later than"],
    "partners_without_joined_column": ["row 1", "the column joined is missing"],
    "partners_without_urn_column": ["row 1", "the column urn is missing"],
    "partners_row_longer_than_header": ["row 3", "6 cells, the header 5"],
    "partners_is_a_workbook": ["bytes that no text file has", "not as a workbook"],
    "partners_none_in_the_files": [
        "none of its 2 schools stands in the files of downloads",
        "at least one school",
    ],
    "programmes_without_programme_column": ["row 1", "the column programme is missing"],
    "programmes_date_is_not_one": ["row 2, column joined", "'September 2015'"],
}


@pytest.fixture(scope="module")
def healthy_folder(make_project, school, tmp_path_factory):
    """Run a project in order once, so that there are earlier results."""
    with make_project(tmp_path_factory.mktemp("healthy")) as project:
        cells = {"P8MEA": 0.1, "P8PUP": 90}
        rows = [school(100001, **cells), school(100002, **cells)]
        project.download("2018-2019/england_ks4final.csv", rows)
        cells = {"READPROG": 1, "TELIG": 30}
        rows = [school(100003, **cells), school(100004, **cells)]
        project.download("2018-2019/england_ks2final.csv", rows)
        project.register("100001,Hill,2015-09-01,,", "100003,Dale,2015-09-01,,")
        project.compare()
        return project.folder


@pytest.fixture
def healthy(project, healthy_folder):
    """Work in a copy of a project that has run."""
    shutil.copytree(healthy_folder, project.folder, dirs_exist_ok=True)
    return project


def results_of(project):
    """Give every file of results with its bytes."""
    data = project.folder / "data"
    return {p: p.read_bytes() for p in sorted(data.rglob("*")) if p.is_file()}


def told_by(run, healthy):
    """Run what must stop, see that nothing changed, and give the message."""
    before = results_of(healthy)
    with pytest.raises(Fault) as told:
        run()
    assert results_of(healthy) == before
    return str(told.value)


def test_each_file_here_is_tested_and_each_test_has_its_file():
    assert {p.stem for p in HERE.glob("*.csv")} == TABLES.keys() | REGISTERS.keys()


@pytest.mark.parametrize("name", TABLES)
def test_a_broken_download_says_where_what_and_what_to_do(healthy, name):
    stage = name[:3]
    shown = f"2018-2019/england_{stage}final.csv"
    healthy.download(shown, (HERE / f"{name}.csv").read_bytes())
    message = told_by(lambda: healthy.clean(stage), healthy)
    assert message.startswith(shown)
    for part in (*TABLES[name], *MEND):
        assert part in message


@pytest.mark.parametrize("name", REGISTERS)
def test_a_broken_register_says_where_what_and_what_to_do(healthy, name):
    register = name.split("_")[0] + ".csv"
    path = healthy.folder / "registers" / register
    path.write_bytes((HERE / f"{name}.csv").read_bytes())
    evaluation = "growing-the-top" if register == "programmes.csv" else "annual-impact"
    message = told_by(lambda: healthy.follow(evaluation), healthy)
    assert message.startswith(f"registers/{register}")
    for part in (*REGISTERS[name], *MEND):
        assert part in message


def test_a_message_is_one_fault_and_at_most_three_lines(healthy):
    for name in TABLES:
        shown = f"2018-2019/england_{name[:3]}final.csv"
        healthy.download(shown, (HERE / f"{name}.csv").read_bytes())
        with pytest.raises(Fault) as told:
            healthy.clean(name[:3])
        assert len(str(told.value).splitlines()) == 3


def test_a_missing_folder_of_downloads(healthy):
    healthy.settings["sources"]["folder"] = "nowhere"
    message = told_by(healthy.clean, healthy)
    for part in ("nowhere: no such folder", "correct sources.folder", *MEND):
        assert part in message


def test_a_folder_of_downloads_without_tables(healthy):
    (healthy.folder / "bare" / "2018-2019").mkdir(parents=True)
    healthy.settings["sources"]["folder"] = "bare"
    message = told_by(healthy.clean, healthy)
    for part in ("bare: no performance table", "2018-2019/england_ks4final.csv", *MEND):
        assert part in message


def test_a_folder_that_names_no_year(healthy, school):
    healthy.download("new/england_ks4final.csv", [school(100001)])
    message = told_by(healthy.clean, healthy)
    for part in ("new/england_ks4final.csv", "names no academic year", "2018-2019", *MEND):
        assert part in message


def test_two_files_that_contradict_each_other(healthy, school):
    healthy.download("2018-2019/850_ks4final.csv", [school(100001, P8MEA=0.2, P8PUP=90)])
    message = told_by(healthy.clean, healthy)
    for part in (
        "2018-2019/850_ks4final.csv and 2018-2019/england_ks4final.csv",
        "100001 has two values of progress_8 (all) in 2019",
        *MEND,
    ):
        assert part in message


def test_a_missing_folder_of_registers(healthy):
    healthy.settings["registers"]["folder"] = "nowhere"
    message = told_by(healthy.follow, healthy)
    for part in ("nowhere/partners.csv: no such file", "correct registers.folder", *MEND):
        assert part in message
