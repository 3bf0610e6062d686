import random

import pandas as pd
import pytest

from pipeline.run.faults import Fault, InputFault
from pipeline.sources import corrections, performance_tables


@pytest.fixture
def read(project):
    def read_one(shown, rows):
        project.download(shown, rows)
        (download,) = performance_tables.find(project.folder / "downloads", "downloads")
        return performance_tables.read(download)

    return read_one


def cell(table, measure, group="all"):
    found = table.results
    found = found[(found["measure"] == measure) & (found["group"] == group)]
    return found.iloc[0]


KS4 = "2018-2019/england_ks4final.csv"
KS2 = "2018-2019/850_ks2final.csv"


def test_a_download_is_known_by_its_folder_and_name(project):
    project.download("2016-2017/850_ks2final.csv", "URN\n1\n")
    project.download("2018-2019/england_KS4provisional.csv", "URN\n1\n")
    project.download("2018-2019/england_census.csv", "URN\n1\n")
    found = performance_tables.find(project.folder / "downloads", "downloads")
    assert [(d.year, d.area, d.key_stage, d.release) for d in found] == [
        (2017, "850", "ks2", "final"),
        (2019, "england", "ks4", "provisional"),
    ]
    assert found[0].shown == "2016-2017/850_ks2final.csv"


def test_a_name_in_capitals_is_the_same_download(project):
    project.download("2018-2019/850_KS4FINAL.CSV", "URN\n1\n")
    (found,) = performance_tables.find(project.folder / "downloads", "downloads")
    assert (found.area, found.key_stage) == ("850", "ks4")


@pytest.mark.parametrize("seed", range(5))
def test_a_prior_years_column_is_never_picked_wherever_it_stands(read, school, seed):
    columns = {
        "READPROG": 1.0,
        "READPROG_17": 9.0,
        "READPROG_18": 9.0,
        "READPROG_UNADJUSTED": 9.0,
        "READPROG_B": 9.0,
        "READPROG_LOWER": 0.5,
        "READPROG_LOWER_18": 9.0,
        "READPROG_UPPER": 1.5,
        "READPROG_UPPER_18": 9.0,
        "TELIG": 30,
        "TELIG_18": 99,
    }
    shuffled = random.Random(seed).sample(list(columns.items()), len(columns))
    found = cell(read(KS2, [school(100001, **dict(shuffled))]), "reading_progress")
    assert (found["value"], found["low"], found["high"]) == (1.0, 0.5, 1.5)
    assert found["pupils"] == 30


@pytest.mark.parametrize("seed", range(3))
def test_the_uncapped_progress_8_is_never_picked(read, school, seed):
    columns = {
        "P8MEA": 0.1,
        "P8MEA_ORIG": -2.0,
        "P8CILOW": -0.1,
        "P8CILOW_ORIG": -2.2,
        "P8CIUPP": 0.3,
        "P8CIUPP_ORIG": -1.8,
        "P8MEAENG": 3.0,
        "P8MEA_FSM6CLA1A": -0.5,
        "P8MEA_FSM6CLA1A_ORIG": -3.0,
        "P8PUP": 100,
        "P8PUP_FSM6CLA1A": 20,
    }
    shuffled = random.Random(seed).sample(list(columns.items()), len(columns))
    table = read(KS4, [school(100001, **dict(shuffled))])
    found = cell(table, "progress_8")
    assert (found["value"], found["low"], found["high"]) == (0.1, -0.1, 0.3)
    assert cell(table, "progress_8", "disadvantaged")["value"] == -0.5


def test_a_file_with_a_prior_years_column_only_lacks_the_measure(read, school):
    table = read(KS2, [school(100001, READPROG_18=1.0, PTRWM_EXP="60%", TELIG=30)])
    assert "READPROG" in table.absent
    assert "reading_progress" not in set(table.results["measure"])


@pytest.mark.parametrize("name", ["TNotFSM6CLA1A", "TNOTFSM6CLA1A", "tnotfsm6cla1a"])
def test_the_case_of_a_column_may_drift(read, school, name):
    cells = {name: 25, "PTRWM_EXP_NotFSM6CLA1A": "70%"}
    found = cell(read(KS2, [school(100001, **cells)]), "rwm_expected", "others")
    assert (found["value"], found["pupils"]) == (70.0, 25)


def test_pupils_with_a_score_are_taken_first_and_the_cohort_where_they_are_blank(
    read, school
):
    table = read(
        KS4,
        [
            school(100001, TPUP=100, P8PUP=90, P8MEA=0.1),
            school(100002, TPUP=80, P8PUP="", P8MEA=0.2),
            school(100003, TPUP=70, P8PUP="NP", P8MEA=0.3),
        ],
    )
    found = table.results[
        (table.results["measure"] == "progress_8") & (table.results["group"] == "all")
    ].set_index("urn")
    assert found["pupils"].to_dict() == {"100001": 90, "100002": 80, "100003": 70}
    assert found["pupils_column"].to_dict() == {
        "100001": "P8PUP",
        "100002": "TPUP",
        "100003": "TPUP",
    }


def test_a_code_is_a_reason_beside_an_empty_value(read, school):
    table = read(KS4, [school(100001, P8MEA="SUPP", P8PUP=4, TPUP=5, ATT8SCR="NE")])
    found = cell(table, "progress_8")
    assert found["value"] != found["value"]
    assert found["reason"] == "suppressed: few pupils, or to protect such a figure"
    assert cell(table, "attainment_8")["reason"] == "no entries"


def test_rows_by_kind_add_up_to_the_file(read, school):
    table = read(
        KS4,
        [
            school(100001),
            school(100002),
            school(100003, RECTYPE=2),
            school("", RECTYPE=4),
            school("", RECTYPE=7),
            school("", RECTYPE=5),
        ],
    )
    assert table.rows == {
        "mainstream": 2,
        "special": 1,
        "local authority": 1,
        "national, all schools": 1,
        "national, state-funded": 1,
    }
    assert len(table.schools) == 3


@pytest.mark.parametrize(
    ("shown", "rectype", "column"),
    [
        (KS2, 5, "PTRWM_EXP"),
        ("2018-2019/850_ks4final.csv", 7, "ATT8SCR"),
        ("2018-2019/england_ks5final.csv", 7, "TALLPPE_ALEV_1618"),
    ],
    ids=["5 at key stage 2", "7 at key stage 4", "7 at key stage 5"],
)
def test_the_state_funded_row_is_found(read, school, shown, rectype, column):
    kinds = [3, 4, 5] if "_ks2" in shown else [4, 5, 7]
    value = {k: {column: k} for k in kinds}
    rows = [school("", RECTYPE=k, **value[k]) for k in kinds]
    table = read(shown, [school(100001), *rows])
    state = table.aggregates[table.aggregates["record"] == "national, state-funded"]
    assert set(state["value"].dropna()) == {float(rectype)}


def test_no_total_stands_among_the_schools(read, school):
    table = read(KS4, [school("", RECTYPE=7, ATT8SCR=50), school(100001, ATT8SCR=40)])
    assert set(table.results["urn"]) == {"100001"}
    assert set(table.schools["urn"]) == {"100001"}


def test_each_row_says_where_it_stood(read, school):
    table = read(KS4, [school("", RECTYPE=7), school(100001), school(100002)])
    assert table.schools["row"].tolist() == [3, 4]
    assert set(table.results["row"]) == {3, 4}
    assert set(table.aggregates["row"]) == {2}


def test_a_measure_that_was_not_published_that_year_is_not_looked_for(read, school):
    table = read("2015-2016/england_ks4final.csv", [school(100001, PTL2BASICS_95="50%")])
    assert "english_maths_5" not in set(table.results["measure"])
    assert "PTL2BASICS_95" not in table.absent


def test_a_file_without_school_types_is_read(read):
    table = read(KS4, "RECTYPE,URN,TPUP,ATT8SCR\n1,100001,100,50\n")
    assert table.schools.iloc[0]["school_type"] == ""
    assert table.schools.iloc[0]["place"] == "state-funded mainstream"


def test_figures_of_sexes_and_of_prior_attainment_are_read(read, school):
    girls = {"P8MEA_GIRLS": 0.3, "P8PUP_GIRLS": 40, "P8CILOW_GIRLS": 0.1}
    low = {"ATT8SCR_LO": 25.5, "TPRIORLO": 12}
    table = read(KS4, [school(100001, **girls, **low)])
    of_girls = cell(table, "progress_8", "girls")
    assert (of_girls["value"], of_girls["low"], of_girls["pupils"]) == (0.3, 0.1, 40)
    of_low = cell(table, "attainment_8", "low_prior")
    assert (of_low["value"], of_low["pupils"]) == (25.5, 12)
    assert of_low["pupils_column"] == "TPRIORLO"


def test_a_figure_is_found_under_the_name_of_its_year(read, school):
    cells = {"PTL2BASICS_LL_PTQ_EE": "61%", "PTL2BASICS_94": "99%"}
    table = read("2015-2016/england_ks4provisional.csv", [school(100001, **cells)])
    assert cell(table, "english_maths_4")["value"] == 61
    later = [school(100001, PTL2BASICS_94="99%")]
    table = read("2015-2016/england_ks4provisional.csv", later)
    assert "PTL2BASICS_LL_PTQ_EE" in table.absent


KS5 = "2016-2017/england_ks5final.csv"


def test_key_stage_5_is_read_with_its_colleges_and_consortia(read, school):
    figures = {"TALLPPE_ALEV_1618": 31.1, "TALLPUP_ALEV_1618": 80}
    types = ["ACC", "Sixth Form College", "IND", "CYS", "Wizard school"]
    rows = [
        school(100001 + n, **{"NFTYPE/FESITYPE": kind, "NFTYPE": ""}, **figures)
        for n, kind in enumerate(types)
    ]
    shared = school(100009, RECTYPE=3, NFTYPE="", **{"NFTYPE/FESITYPE": 3104027}, **figures)
    table = read(KS5, [without(row, "NFTYPE") for row in (*rows, shared)])
    assert table.rows["consortium"] == 1
    assert dict(zip(table.schools["school_type"], table.schools["place"], strict=True)) == {
        "ACC": "state-funded mainstream",
        "Sixth Form College": "state-funded mainstream",
        "IND": "independent or non-maintained",
        "CYS": "special school",
        "Wizard school": "school type not recognised",
        "CONSORTIUM": "state-funded mainstream",
    }
    assert cell(table, "a_level_points")["pupils"] == 80


def without(row, column):
    return {name: value for name, value in row.items() if name != column}


def test_value_added_rests_on_entries_and_keeps_its_bounds(read, school):
    cells = {"VA_INS_ALEV": -0.3, "LCI_INS_ALEV": -0.45, "UCI_INS_ALEV": -0.14}
    table = read(KS5, [school(100001, **cells, ENTRIES_ALEV=202)])
    found = cell(table, "a_level_value_added")
    assert (found["low"], found["value"], found["high"]) == (-0.45, -0.3, -0.14)
    assert (found["pupils"], found["pupils_column"]) == (202, "ENTRIES_ALEV")


def test_value_added_of_a_year_without_any_is_not_looked_for(read, school):
    table = read("2022-2023/england_ks5final.csv", [school(100001, VA_INS_ALEV=0.1)])
    assert "a_level_value_added" not in set(table.results["measure"])


@pytest.mark.parametrize("stage", ["ks2", "ks4", "ks5"])
def test_the_table_of_another_key_stage_is_refused_and_named(read, school, project, stage):
    other = {"ks2": "ks4", "ks4": "ks5", "ks5": "ks2"}[stage]
    project.download(f"2018-2019/england_{other}final.csv", [school(100001)])
    made = project.folder / f"downloads/2018-2019/england_{other}final.csv"
    made.rename(made.with_name(f"england_{stage}final.csv"))
    (download,) = performance_tables.find(project.folder / "downloads", "downloads")
    with pytest.raises(InputFault, match=f"row 1: this is the table of {other}"):
        performance_tables.read(download)


def test_texts_that_repeat_are_kept_once(read, school):
    table = read(KS4, [school(100001, ATT8SCR=50), school(100002, ATT8SCR="SUPP")])
    for name in ("measure", "group", "reason", "release", "source", "pupils_column"):
        assert isinstance(table.results[name].dtype, pd.CategoricalDtype)


def test_a_school_is_listed_once_for_each_figure_of_its_table(read, school):
    table = read(KS4, [school(100001, ATT8SCR=50, ATT8SCR_BOYS=48), school(100002)])
    assert len(table.results) == 2 * 2
    assert not table.results.duplicated(["urn", "measure", "group"]).any()


def test_a_declared_correction_changes_what_is_read_and_is_told(project, school):
    project.download(KS4, [school(100001, ATT8SCR=467), school(100002, ATT8SCR=40)])
    (download,) = performance_tables.find(project.folder / "downloads", "downloads")
    about = {"name": "a point is missing", "file": "england_ks4final.csv", "year": 2019}
    why = {"why": "its page says 46.7", "source": "its page", "reported": None}
    what = {"what": "cells", "columns": "ATT8SCR", "rows": {"URN": "100001"}}
    cells = {"found": "467", "instead": "46.7", "since": "2026-11-01"}
    declared = corrections.check([about | why | what | cells])
    with pytest.raises(InputFault, match="found '467'"):
        performance_tables.read(download)
    table = performance_tables.read(download, declared)
    assert cell(table, "attainment_8")["value"] == 46.7
    assert [done.cells for done in table.corrected] == [1]


def test_a_folder_that_is_not_there_says_which_parameter_to_correct(project):
    with pytest.raises(Fault, match=r"downloads: no such folder(.|\n)*sources\.folder"):
        performance_tables.find(project.folder / "downloads", "downloads")


def test_a_folder_without_tables_says_what_it_should_hold(project):
    project.download("2018-2019/england_census.csv", "URN\n1\n")
    with pytest.raises(Fault, match=r"no performance table(.|\n)*england_ks4final\.csv"):
        performance_tables.find(project.folder / "downloads", "downloads")


@pytest.mark.parametrize("folder", ["latest", "2018-2020", "2018-19", "2019-2018"])
def test_a_folder_that_names_no_academic_year_is_refused(project, school, folder):
    project.download(f"{folder}/england_ks4final.csv", [school(100001)])
    with pytest.raises(InputFault, match=f"the folder '{folder}' names no academic year"):
        performance_tables.find(project.folder / "downloads", "downloads")
