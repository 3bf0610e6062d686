import pytest

from pipeline.drift.names import lasting, of_this_year, years_back


@pytest.mark.parametrize(
    ("earlier", "year", "later", "year_later"),
    [
        ("READPROG_17", 2018, "READPROG_18", 2019),
        ("READPROG_LOWER_16", 2018, "READPROG_LOWER_17", 2019),
        ("PTEBACC_94_17", 2018, "PTEBACC_94_18", 2019),
        ("PTL2BASICS_16_PTQ_EE", 2017, "PTL2BASICS_17_PTQ_EE", 2018),
        ("PT5EM_94_17", 2017, "PT5EM_94_18", 2018),
        ("TNotFSM6CLA1A", 2017, "TNOTFSM6CLA1A", 2018),
    ],
)
def test_the_roll_of_the_years_and_case_leave_a_name_as_it_was(
    earlier, year, later, year_later
):
    assert lasting(earlier, year) == lasting(later, year_later)


@pytest.mark.parametrize(
    ("one", "other", "year"),
    [
        ("READPROG", "READPROG_17", 2018),
        ("READPROG_17", "READPROG_16", 2018),
        ("PTL2BASICS_94", "PTL2BASICS_95", 2019),
        ("TALLPUP_1618", "TALLPUP", 2019),
        ("ADMPOL_2017", "ADMPOL", 2018),
    ],
)
def test_another_year_another_grade_and_an_age_are_no_roll(one, other, year):
    assert lasting(one, year) != lasting(other, year)


def test_a_name_says_of_how_many_years_ago_its_figures_are():
    assert years_back("READPROG", 2018) == 0
    assert years_back("READPROG_17", 2018) == 1
    assert years_back("PTEBACC_94_16", 2018) == 2
    assert years_back("PTL2BASICS_95", 2018) == 0
    assert of_this_year("PTEBACC_94_16", 2018) == "PTEBACC_94"


def test_without_a_year_a_name_is_only_itself():
    assert lasting("readprog_17", None) == "READPROG_17"
