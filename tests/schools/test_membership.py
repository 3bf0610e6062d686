from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.run.faults import Fault, InputFault
from pipeline.schools import link, membership
from pipeline.schools.known import KnownSchools
from pipeline.schools.membership import counts_in, member_years, read_register

NOTHING_KNOWN = KnownSchools(
    *(link.empty(link.TABLES[n]) for n in ("establishments", "lineage", "trust_spells"))
)
YEAR = 2019
"""The academic year 2018/19: 1 September 2018 to 31 August 2019."""


@pytest.fixture
def register(project):
    def read(*rows, evaluation="annual-impact"):
        name = project.parameters.evaluation(evaluation).members
        project.register(*rows, name=name)
        folder = project.folder / "registers"
        return read_register(folder, "registers", project.parameters.evaluation(evaluation))

    return read


def years_of(register, years=range(2016, 2021)):
    return member_years(register, years, NOTHING_KNOWN)["year"].tolist()


def test_a_school_that_joined_on_the_first_day_counts():
    assert counts_in(YEAR, joined=date(2018, 9, 1), left=None)


def test_a_school_that_joined_on_the_second_day_does_not():
    assert not counts_in(YEAR, joined=date(2018, 9, 2), left=None)
    assert counts_in(YEAR + 1, joined=date(2018, 9, 2), left=None)


def test_a_school_that_left_on_the_last_day_counts():
    assert counts_in(YEAR, joined=date(2010, 9, 1), left=date(2019, 8, 31))


def test_a_school_that_left_the_day_before_does_not():
    assert not counts_in(YEAR, joined=date(2010, 9, 1), left=date(2019, 8, 30))


def test_a_school_that_joined_and_left_within_the_year_never_counts():
    joined, left = date(2018, 9, 2), date(2019, 8, 30)
    assert not any(counts_in(year, joined=joined, left=left) for year in range(2015, 2025))


days = st.dates(date(2010, 1, 1), date(2024, 12, 31))


@given(joined=days, left=days, year=st.integers(2012, 2024))
def test_leaving_never_adds_a_year(joined, left, year):
    if counts_in(year, joined=joined, left=left):
        assert counts_in(year, joined=joined, left=None)


@given(joined=days, earlier=days, year=st.integers(2012, 2024))
def test_joining_earlier_never_loses_a_year(joined, earlier, year):
    if counts_in(year, joined=max(joined, earlier), left=None):
        assert counts_in(year, joined=min(joined, earlier), left=None)


@given(days)
def test_the_years_of_a_lasting_member_follow_each_other_without_a_break(joined):
    counted = [y for y in range(2008, 2028) if counts_in(y, joined=joined, left=None)]
    assert counted == list(range(counted[0], 2028))
    assert counted[0] - joined.year in (1, 2)


def test_a_school_that_left_and_came_back_counts_before_and_after(register):
    spells = register(
        "100001,Hill,2015-09-01,2017-08-31,North", "100001,Hill,2018-09-01,,South"
    )
    members = member_years(spells, range(2016, 2021), NOTHING_KNOWN)
    assert members["year"].tolist() == [2016, 2017, 2019, 2020]
    assert members["hub"].tolist() == ["North", "North", "South", "South"]
    assert set(members["first_year"]) == {2016}


def test_a_school_may_change_its_hub_on_the_first_day_of_a_year(register):
    spells = register(
        "100001,Hill,2015-09-01,2018-09-01,North", "100001,Hill,2018-09-01,,South"
    )
    members = member_years(spells, range(2018, 2020), NOTHING_KNOWN).set_index("year")[
        "hub"
    ]
    assert members.to_dict() == {2018: "North", 2019: "South"}


def test_the_first_year_may_lie_before_the_years_of_the_run(register):
    members = member_years(
        register("100001,Hill,2006-09-01,,"), range(2019, 2020), NOTHING_KNOWN
    )
    assert members[["urn", "year", "first_year"]].to_numpy().tolist() == [
        ["100001", 2019, 2007]
    ]
    assert members["hub"].isna().all()


def test_a_school_that_joins_after_the_years_of_the_run_is_no_member(register):
    assert years_of(register("100001,Hill,2030-09-01,,")) == []


def test_an_empty_hub_is_no_hub(register):
    members = member_years(
        register("100001,Hill,2015-09-01,, "), range(2019, 2020), NOTHING_KNOWN
    )
    assert members["hub"].isna().all()


def test_a_register_without_hubs_or_names_is_enough(project):
    (project.folder / "registers").mkdir()
    path = project.folder / "registers" / "partners.csv"
    path.write_text("left,urn,joined\n,100001,2015-09-01\n")
    found = read_register(
        path.parent, "registers", project.parameters.evaluation("annual-impact")
    )
    assert years_of(found) == [2016, 2017, 2018, 2019, 2020]


def test_a_programme_counts_its_own_rows_and_its_trio_is_a_group(register):
    found = register(
        "growing-the-top,100001,1,2015-09-01,,Trio A",
        "another,100002,1,2015-09-01,,Trio B",
        evaluation="growing-the-top",
    )
    assert found.spells[["urn", "hub"]].to_numpy().tolist() == [["100001", "Trio A"]]


def test_a_programme_without_a_register_is_not_supplied_and_no_fault(project):
    (project.folder / "registers").mkdir()
    evaluation = project.parameters.evaluation("growing-the-top")
    assert read_register(project.folder / "registers", "registers", evaluation) is None


def test_a_programme_without_rows_is_not_supplied_and_no_fault(register):
    row = "another,100002,1,2015-09-01,,"
    assert register(row, evaluation="growing-the-top") is None


def test_a_partnership_without_a_register_is_a_fault(project):
    (project.folder / "registers").mkdir()
    evaluation = project.parameters.evaluation("annual-impact")
    with pytest.raises(Fault, match=r"registers/partners.csv: no such file(.|\n)*expected"):
        read_register(project.folder / "registers", "registers", evaluation)


@pytest.mark.parametrize(
    "text", ["2018-9-1", "01/09/2018", "2018-02-30", "20180901", "2018", "soon", ""]
)
def test_a_date_is_written_year_month_day(register, text):
    with pytest.raises(InputFault, match="row 2, column joined"):
        register(f"100001,Hill,{text},,")


@pytest.mark.parametrize("urn", ["12345", "1234567", "12345A", "", "123 456", "١٢٣٤٥٦"])
def test_a_school_number_has_six_digits(register, urn):
    with pytest.raises(InputFault, match=r"row 2, column urn(.|\n)*six digits"):
        register(f"{urn},Hill,2015-09-01,,")


def test_two_spells_at_once_are_refused_whatever_their_order(register):
    earlier, later = "100001,,2015-09-01,2018-09-02,", "100001,,2018-09-01,,"
    for rows in ([earlier, later], [later, earlier]):
        with pytest.raises(InputFault, match="100001 is a member twice at once"):
            register(*rows)


def test_the_same_row_twice_is_two_spells_at_once(register):
    with pytest.raises(InputFault, match=r"row 3.*twice at once"):
        register("100001,,2015-09-01,,", "100001,,2015-09-01,,")


def spells(*entries):
    """A register of (urn, joined, left, hub); see `member_years`."""
    rows = [
        {
            "urn": urn,
            "name": "",
            "joined": date.fromisoformat(joined),
            "left": date.fromisoformat(left) if left else None,
            "hub": hub,
            "cohort": None,
            "row": row,
        }
        for row, (urn, joined, left, hub) in enumerate(entries, start=2)
    ]
    return membership.Register("partners.csv", "partners.csv", "0" * 64, pd.DataFrame(rows))


def test_a_school_that_changes_its_hub_in_march_was_a_member_all_year():
    moved = spells(
        ("100001", "2010-09-01", "2019-03-01", "North"),
        ("100001", "2019-03-01", None, "South"),
    )
    members = membership.member_years(moved, range(2018, 2021), NOTHING_KNOWN)
    assert members["year"].tolist() == [2018, 2019, 2020]
    assert members["hub"].tolist() == ["North", "North", "South"]


def test_a_school_that_rejoins_after_a_term_was_no_member_all_year():
    away = spells(
        ("100001", "2010-09-01", "2018-12-31", "North"),
        ("100001", "2019-04-01", None, "North"),
    )
    members = membership.member_years(away, range(2018, 2021), NOTHING_KNOWN)
    assert members["year"].tolist() == [2018, 2020]


def test_hubs_that_differ_in_capitals_only_are_one_hub():
    hubs = pd.Series(["North Hub", "north hub", None, "South"])
    one = membership._one_spelling(hubs)
    assert one[[0, 1, 3]].tolist() == ["North Hub", "North Hub", "South"]
    assert pd.isna(one[2])
