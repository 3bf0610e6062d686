import pytest

from pipeline.measures import ks2, ks4
from pipeline.measures.catalogue import MEASURES, academic_year, folder_of_year, measure
from pipeline.measures.measure import GROUPS, KEY_STAGES

ALL = [m for stage in KEY_STAGES for m in MEASURES[stage]]

COLUMNS = {
    ("reading_progress", "all"): ("READPROG", ["TELIG"]),
    ("reading_progress", "disadvantaged"): ("READPROG_FSM6CLA1A", ["TFSM6CLA1A"]),
    ("reading_progress", "others"): ("READPROG_NotFSM6CLA1A", ["TNotFSM6CLA1A"]),
    ("writing_progress", "all"): ("WRITPROG", ["TELIG"]),
    ("writing_progress", "disadvantaged"): ("WRITPROG_FSM6CLA1A", ["TFSM6CLA1A"]),
    ("writing_progress", "others"): ("WRITPROG_NotFSM6CLA1A", ["TNotFSM6CLA1A"]),
    ("maths_progress", "all"): ("MATPROG", ["TELIG"]),
    ("maths_progress", "disadvantaged"): ("MATPROG_FSM6CLA1A", ["TFSM6CLA1A"]),
    ("maths_progress", "others"): ("MATPROG_NotFSM6CLA1A", ["TNotFSM6CLA1A"]),
    ("rwm_expected", "all"): ("PTRWM_EXP", ["TELIG"]),
    ("rwm_expected", "disadvantaged"): ("PTRWM_EXP_FSM6CLA1A", ["TFSM6CLA1A"]),
    ("rwm_expected", "others"): ("PTRWM_EXP_NotFSM6CLA1A", ["TNotFSM6CLA1A"]),
    ("progress_8", "all"): ("P8MEA", ["P8PUP", "TPUP"]),
    ("progress_8", "disadvantaged"): (
        "P8MEA_FSM6CLA1A",
        ["P8PUP_FSM6CLA1A", "TFSM6CLA1A"],
    ),
    ("progress_8", "others"): ("P8MEA_NFSM6CLA1A", ["P8PUP_NFSM6CLA1A", "TNOTFSM6CLA1A"]),
    ("attainment_8", "all"): ("ATT8SCR", ["TPUP"]),
    ("attainment_8", "disadvantaged"): ("ATT8SCR_FSM6CLA1A", ["TFSM6CLA1A"]),
    ("attainment_8", "others"): ("ATT8SCR_NFSM6CLA1A", ["TNOTFSM6CLA1A"]),
    ("english_maths_5", "all"): ("PTL2BASICS_95", ["TPUP"]),
    ("english_maths_5", "disadvantaged"): ("PTFSM6CLA1ABASICS_95", ["TFSM6CLA1A"]),
    ("english_maths_5", "others"): ("PTNOTFSM6CLA1ABASICS_95", ["TNOTFSM6CLA1A"]),
}


@pytest.mark.parametrize("about", ALL, ids=lambda m: m.code)
def test_each_measure_stands_in_its_own_column(about):
    for group in GROUPS:
        value, pupils = COLUMNS[about.code, group]
        assert about.columns[group].value == value
        assert list(about.columns[group].pupils) == pupils


def test_no_measure_is_forgotten_here():
    assert {(m.code, group) for m in ALL for group in GROUPS} == set(COLUMNS)


def test_bounds_of_progress_8_keep_the_group_at_the_end():
    columns = measure("ks4", "progress_8").columns["disadvantaged"]
    assert (columns.low, columns.high) == ("P8CILOW_FSM6CLA1A", "P8CIUPP_FSM6CLA1A")


def test_bounds_of_key_stage_2_progress_follow_the_group():
    columns = measure("ks2", "maths_progress").columns["disadvantaged"]
    assert columns.low == "MATPROG_FSM6CLA1A_LOWER"
    assert columns.high == "MATPROG_FSM6CLA1A_UPPER"


@pytest.mark.parametrize("about", ALL, ids=lambda m: m.code)
def test_no_column_is_a_prior_years_or_an_uncapped_one(about):
    for columns in about.columns.values():
        for name in (columns.value, *columns.pupils, columns.low or "", columns.high or ""):
            assert not name.endswith(("_16", "_17", "_18", "_19", "_ORIG"))


@pytest.mark.parametrize(
    ("stage", "code", "years"),
    [
        ("ks2", "rwm_expected", {2020, 2021, 2022}),
        ("ks2", "reading_progress", {2020, 2021, 2022, 2024, 2025}),
        ("ks4", "progress_8", {2020, 2021, 2025, 2026}),
        ("ks4", "attainment_8", {2020, 2021}),
        ("ks4", "english_maths_5", {2016, 2020, 2021}),
    ],
)
def test_years_that_were_not_published_say_why(stage, code, years):
    about = measure(stage, code)
    assert {y for y in range(2016, 2027) if about.why_not_published(y)} == years


def test_the_state_funded_row_is_5_at_key_stage_2_and_7_at_key_stage_4():
    assert ks2.STATE_FUNDED_RECORD == "5"
    assert ks4.STATE_FUNDED_RECORD == "7"
    assert ks2.AGGREGATE_RECORDS["5"] == ks4.AGGREGATE_RECORDS["7"]
    assert ks4.AGGREGATE_RECORDS["5"] == ks2.AGGREGATE_RECORDS["4"]


@pytest.mark.parametrize("table", [ks2, ks4])
def test_no_record_is_both_a_school_and_a_total(table):
    assert not table.SCHOOL_RECORDS.keys() & table.AGGREGATE_RECORDS.keys()


@pytest.mark.parametrize("about", ALL, ids=lambda m: m.code)
def test_each_measure_says_what_it_is_and_what_it_cannot_say(about):
    assert about.what_it_is.endswith(".")
    assert about.cannot_say.strip().endswith(".")
    assert about.bounds[0] < about.bounds[1]


def test_value_added_is_centred_and_attainment_is_not():
    centred = {m.code for m in ALL if m.centred_on_national}
    assert centred == {
        "reading_progress",
        "writing_progress",
        "maths_progress",
        "progress_8",
    }


def test_codes_are_not_shared_by_key_stages():
    assert len({m.code for m in ALL}) == len(ALL)


def test_an_unknown_measure_is_refused():
    with pytest.raises(KeyError, match="ks2 has no measure 'progress_8'"):
        measure("ks2", "progress_8")


def test_a_year_is_named_by_its_end():
    assert academic_year(2019) == "2018/19"
    assert academic_year(2000) == "1999/00"
    assert folder_of_year(2019) == "2018-2019"
