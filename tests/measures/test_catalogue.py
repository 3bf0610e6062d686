import pytest

from pipeline.measures import ks2, ks4, ks5
from pipeline.measures.catalogue import MEASURES, academic_year, folder_of_year, measure
from pipeline.measures.measure import GROUPS, KEY_STAGES

ALL = [m for stage in KEY_STAGES for m in MEASURES[stage]]

# Columns of figures in the order of GROUPS: all, disadvantaged, others, girls, boys, low,
# middle and high prior attainment.
KS2_ENDINGS = ["", "_FSM6CLA1A", "_NotFSM6CLA1A", "_G", "_B", "_L", "_M", "_H"]
KS4_ENDINGS = ["", "_FSM6CLA1A", "_NFSM6CLA1A", "_GIRLS", "_BOYS", "_LO", "_AV", "_HI"]
FIGURES = {
    "reading_progress": [f"READPROG{e}" for e in KS2_ENDINGS],
    "writing_progress": [f"WRITPROG{e}" for e in KS2_ENDINGS],
    "maths_progress": [f"MATPROG{e}" for e in KS2_ENDINGS],
    "rwm_expected": [f"PTRWM_EXP{e}" for e in KS2_ENDINGS],
    "reading_score": [f"READ_AVERAGE{e}" for e in KS2_ENDINGS],
    "maths_score": [f"MAT_AVERAGE{e}" for e in KS2_ENDINGS],
    "progress_8": [f"P8MEA{e}" for e in KS4_ENDINGS],
    "attainment_8": [f"ATT8SCR{e}" for e in KS4_ENDINGS],
    "ebacc_points": [f"EBACCAPS{e}" for e in KS4_ENDINGS],
    "english_maths_5": [
        "PTL2BASICS_95",
        "PTFSM6CLA1ABASICS_95",
        "PTNOTFSM6CLA1ABASICS_95",
        "PGL2BASICS_95",
        "PBL2BASICS_95",
        "PTBASICSLO_95",
        "PTBASICSAV_95",
        "PTBASICSHI_95",
    ],
    "english_maths_4": [
        "PTL2BASICS_94",
        "PTFSM6CLA1ABASICS_94",
        "PTNOTFSM6CLA1ABASICS_94",
        "PGL2BASICS_94",
        "PBL2BASICS_94",
        "PTBASICSLO_94",
        "PTBASICSAV_94",
        "PTBASICSHI_94",
    ],
    "a_level_points": [
        "TALLPPE_ALEV_1618",
        "TALLPPE_ALEV_1618_DIS",
        "TALLPPE_ALEV_1618_NOTDIS",
    ],
    "academic_points": [
        "TALLPPE_ACAD_1618",
        "TALLPPE_ACAD_1618_DIS",
        "TALLPPE_ACAD_1618_NOTDIS",
    ],
    "applied_general_points": ["TALLPPE_AGEN", "TALLPPE_AGEN_DIS", "TALLPPE_AGEN_NOTDIS"],
    "a_level_value_added": ["VA_INS_ALEV", "VA_INS_ALEV_DIS", "VA_INS_ALEV_NOTDIS"],
    "best_3_a_levels": ["TB3PTSE"],
}
KS2_PUPILS = [
    "TELIG",
    "TFSM6CLA1A",
    "TNotFSM6CLA1A",
    "GELIG",
    "BELIG",
    "TKS1GROUP_L",
    "TKS1GROUP_M",
    "TKS1GROUP_H",
]
KS4_PUPILS = [
    "TPUP",
    "TFSM6CLA1A",
    "TNOTFSM6CLA1A",
    "GPUP",
    "BPUP",
    "TPRIORLO",
    "TPRIORAV",
    "TPRIORHI",
]
KS5_PUPILS = {
    "a_level_points": [
        "TALLPUP_ALEV_1618",
        "TALLPUP_ALEV_1618_DIS",
        "TALLPUP_ALEV_1618_NOTDIS",
    ],
    "academic_points": [
        "TALLPUP_ACAD_1618",
        "TALLPUP_ACAD_1618_DIS",
        "TALLPUP_ACAD_1618_NOTDIS",
    ],
    "applied_general_points": ["TALLPUP_AGEN", "TALLPUP_AGEN_DIS", "TALLPUP_AGEN_NOTDIS"],
    "a_level_value_added": ["ENTRIES_ALEV", "ENTRIES_ALEV_DIS", "ENTRIES_ALEV_NOTDIS"],
    "best_3_a_levels": ["TINCLUDE_B3"],
}


@pytest.mark.parametrize("about", ALL, ids=lambda m: m.code)
def test_each_measure_stands_in_its_own_column(about):
    groups = GROUPS[: len(FIGURES[about.code])]
    assert tuple(about.columns) == groups
    assert [about.columns[group].value for group in groups] == FIGURES[about.code]


def test_no_measure_is_forgotten_here():
    assert {m.code for m in ALL} == set(FIGURES)


@pytest.mark.parametrize("about", ALL, ids=lambda m: m.code)
def test_each_figure_rests_on_the_pupils_of_its_own_group(about):
    counted = {"ks2": KS2_PUPILS, "ks4": KS4_PUPILS}.get(about.key_stage)
    if counted is None:
        counted = KS5_PUPILS[about.code]
    last = [columns.pupils[-1] for columns in about.columns.values()]
    assert last == counted


def test_progress_8_rests_on_pupils_with_a_score_where_they_are_given():
    first = [columns.pupils[0] for columns in measure("ks4", "progress_8").columns.values()]
    assert first == [f"P8PUP{ending}" for ending in KS4_ENDINGS]
    others = [m for m in ALL if m.code != "progress_8"]
    assert all(len(c.pupils) == 1 for m in others for c in m.columns.values())


def test_bounds_of_progress_8_keep_the_group_at_the_end():
    columns = measure("ks4", "progress_8").columns["disadvantaged"]
    assert (columns.low, columns.high) == ("P8CILOW_FSM6CLA1A", "P8CIUPP_FSM6CLA1A")


def test_bounds_of_key_stage_2_progress_follow_the_group():
    columns = measure("ks2", "maths_progress").columns["disadvantaged"]
    assert columns.low == "MATPROG_FSM6CLA1A_LOWER"
    assert columns.high == "MATPROG_FSM6CLA1A_UPPER"


def test_bounds_of_value_added_name_the_side_first():
    columns = measure("ks5", "a_level_value_added").columns["others"]
    assert (columns.low, columns.high) == ("LCI_INS_ALEV_NOTDIS", "UCI_INS_ALEV_NOTDIS")


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
        ("ks4", "english_maths_4", {2020, 2021}),
        ("ks4", "ebacc_points", {2016, 2017, 2020, 2021}),
        ("ks5", "a_level_points", {2020, 2021}),
        ("ks5", "a_level_value_added", {2020, 2021, 2022, 2023}),
    ],
)
def test_years_that_were_not_published_say_why(stage, code, years):
    about = measure(stage, code)
    assert {y for y in range(2016, 2027) if about.why_not_published(y)} == years


@pytest.mark.parametrize(
    ("stage", "code", "group", "years"),
    [
        ("ks2", "rwm_expected", "low_prior", {2020, 2021, 2022, 2024, 2025}),
        ("ks2", "rwm_expected", "girls", {2020, 2021, 2022}),
        ("ks4", "attainment_8", "high_prior", {2020, 2021, 2025, 2026}),
        ("ks4", "attainment_8", "boys", {2020, 2021}),
        ("ks5", "a_level_points", "disadvantaged", {2016, 2020, 2021}),
    ],
)
def test_groups_that_were_published_in_fewer_years_say_why(stage, code, group, years):
    about = measure(stage, code)
    assert {y for y in range(2016, 2027) if about.why_not_published(y, group)} == years


def test_a_column_that_was_named_otherwise_in_one_year_is_known():
    columns = measure("ks4", "english_maths_4").columns["all"]
    assert columns.value_of(2016) == "PTL2BASICS_LL_PTQ_EE"
    assert columns.value_of(2017) == "PTL2BASICS_94"


def test_scale_breaks_are_named():
    assert 2018 in measure("ks4", "progress_8").breaks  # extreme scores limited
    assert 2017 in measure("ks4", "english_maths_4").breaks  # grade 4 for grade C
    assert 2018 in measure("ks2", "writing_progress").breaks  # new framework


def test_the_state_funded_row_is_5_at_key_stage_2_and_7_at_key_stage_4():
    assert ks2.STATE_FUNDED_RECORD == "5"
    assert ks4.STATE_FUNDED_RECORD == "7"
    assert ks2.AGGREGATE_RECORDS["5"] == ks4.AGGREGATE_RECORDS["7"]
    assert ks4.AGGREGATE_RECORDS["5"] == ks2.AGGREGATE_RECORDS["4"]
    assert ks5.AGGREGATE_RECORDS == ks4.AGGREGATE_RECORDS


@pytest.mark.parametrize("table", [ks2, ks4, ks5])
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
        "a_level_value_added",
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
