import pytest

from pipeline.measures.school_types import (
    COLLEGES,
    MAINSTREAM,
    NOT_STATE_FUNDED,
    STATE_FUNDED,
    is_state_funded,
    place_in_comparison,
)


@pytest.mark.parametrize("code", ["AC", "ACC", "CY", "VA", "VC", "FD", "CTC", "F", "UTC"])
def test_state_funded_mainstream_schools_are_compared(code):
    assert place_in_comparison("1", code) == MAINSTREAM


def test_a_blank_type_is_kept():
    assert place_in_comparison("1", "") == MAINSTREAM
    assert place_in_comparison("1", "  ") == MAINSTREAM
    assert is_state_funded("")


@pytest.mark.parametrize("code", ["IND", "ind", " IND ", "NMSS"])
def test_independent_schools_are_left_out(code):
    assert place_in_comparison("1", code) == "independent or non-maintained"
    assert not is_state_funded(code)


@pytest.mark.parametrize("code", ["", "CYS", "AC", "IND"])
def test_record_type_2_is_a_special_school_whatever_its_type(code):
    assert place_in_comparison("2", code) == "special school"


def test_a_college_is_left_out_though_the_state_funds_it():
    assert place_in_comparison("1", "General further education college") == "college"
    assert is_state_funded("General further education college")


def test_an_unknown_type_is_left_out_and_says_so():
    assert place_in_comparison("1", "XYZ") == "school type not recognised"
    assert not is_state_funded("XYZ")


def test_no_type_stands_in_two_lists():
    lists = (STATE_FUNDED, NOT_STATE_FUNDED, COLLEGES)
    names = [code for codes in lists for code in codes]
    assert len(set(names)) == len(names)
