import pytest

from pipeline.measures.school_types import (
    CODES_OF_TYPE_GROUPS,
    COLLEGES,
    MAINSTREAM,
    NOT_STATE_FUNDED,
    STATE_FUNDED,
    code_of_type_group,
    is_state_funded,
    place_in_comparison,
    record_type_of,
)


@pytest.mark.parametrize("code", ["AC", "ACC", "CY", "VA", "VC", "FD", "CTC", "F", "UTC"])
@pytest.mark.parametrize("key_stage", ["ks2", "ks4", "ks5"])
def test_state_funded_mainstream_schools_are_compared(code, key_stage):
    assert place_in_comparison("1", code, key_stage) == MAINSTREAM


def test_a_blank_type_is_kept():
    assert place_in_comparison("1", "") == MAINSTREAM
    assert place_in_comparison("1", "  ") == MAINSTREAM
    assert is_state_funded("")


@pytest.mark.parametrize("code", ["IND", "ind", " IND ", "NMSS"])
@pytest.mark.parametrize("key_stage", ["ks4", "ks5"])
def test_independent_schools_are_left_out(code, key_stage):
    assert place_in_comparison("1", code, key_stage) == "independent or non-maintained"
    assert not is_state_funded(code)


@pytest.mark.parametrize("code", ["", "CYS", "AC", "IND"])
def test_record_type_2_is_a_special_school_whatever_its_type(code):
    assert place_in_comparison("2", code) == "special school"


@pytest.mark.parametrize("code", ["CYS", "ACS", "ACCS", "FDS", "FS"])
def test_special_schools_with_sixth_forms_are_known_by_their_type(code):
    assert place_in_comparison("1", code, "ks5") == "special school"


@pytest.mark.parametrize(
    "college", ["Sixth Form College", "General Further Education College", "F1619"]
)
def test_colleges_are_compared_at_key_stage_5_and_not_before(college):
    assert place_in_comparison("1", college, "ks5") == MAINSTREAM
    assert place_in_comparison("1", college, "ks4") == "college"
    assert is_state_funded(college)


def test_a_sixth_form_that_schools_share_is_compared():
    assert place_in_comparison("3", "CONSORTIUM", "ks5") == MAINSTREAM
    assert is_state_funded("CONSORTIUM")


@pytest.mark.parametrize("key_stage", ["ks4", "ks5"])
def test_an_unknown_type_is_left_out_and_says_so(key_stage):
    assert place_in_comparison("1", "XYZ", key_stage) == "school type not recognised"
    assert not is_state_funded("XYZ")


def test_no_type_stands_in_two_lists():
    lists = (STATE_FUNDED, NOT_STATE_FUNDED, COLLEGES)
    names = [code for codes in lists for code in codes]
    assert len(set(names)) == len(names)


def test_types_that_are_written_out_have_a_code_that_is_known():
    known = STATE_FUNDED | NOT_STATE_FUNDED | COLLEGES
    assert set(CODES_OF_TYPE_GROUPS.values()) <= known.keys()
    assert code_of_type_group(" Converter academies ") == "ACC"
    assert code_of_type_group("Moon school") == "Moon school"


@pytest.mark.parametrize(
    ("label", "record"),
    [
        ("Community school", "1"),
        ("Independent schools", "1"),
        ("Community special school", "2"),
        ("Independent special schools", "2"),
        ("Non-maintained special schools", "2"),
    ],
)
def test_a_special_school_is_known_by_the_type_that_is_written_out(label, record):
    assert record_type_of(code_of_type_group(label)) == record
