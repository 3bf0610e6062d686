"""Who has been inspected since joining, and in which years."""

from datetime import date

import pytest

from pipeline.contracts import promise
from pipeline.inspections import examine
from pipeline.inspections.inspected import NEVER
from tests.inspections.made_histories import NO_TRUSTS, made_history, members

OWN = [f"{100001 + n}" for n in range(8)]
OTHERS = [f"{200001 + n}" for n in range(16)]


def ask(history, joined, last_year=2024):
    found = examine.examined(history, joined, NO_TRUSTS, last_year, 0.95)
    for name, contract in examine.FILES.items():
        promise.check(getattr(found, name), contract)
    return found


def never(found):
    return found.findings.set_index("quantity").loc[NEVER]


@pytest.fixture
def one_file():
    """All were seen in 2014; two members and twelve others again in November 2017."""
    told = [(key, "2014-05-05", 2) for key in [*OWN, *OTHERS]]
    told += [(key, "2017-11-11", 2) for key in OWN[:2] + OTHERS[:12]]
    return made_history(*told, files=(date(2018, 7, 31),))


def test_one_file_tells_who_was_not_inspected_since_joining(one_file):
    share = never(ask(one_file, members(*OWN, joined="2016-09-01")))
    assert (share["partners"], share["rest"], share["estimate"]) == (0.75, 0.25, 0.5)
    assert (share["partner_schools"], share["rest_schools"]) == (8, 16)


def test_years_count_schools_inspected_and_members_inspected_so_far(one_file):
    years = ask(one_file, members(*OWN, joined="2016-09-01")).inspected.set_index("year")
    assert list(years.index) == [2017, 2018]
    assert years["at_least"].tolist() == [False, False]
    assert years.loc[2017, "partners_inspected"] == 0
    assert years.loc[2018, "partners_inspected"] == 2
    assert years.loc[2018, "partners_since_joining"] == 2
    assert (years.loc[2018, "rest_inspected"], years.loc[2018, "rest_share"]) == (12, 0.75)


def test_a_year_with_no_file_within_twelve_months_is_a_least_count():
    told = [(key, "2014-05-05", 2) for key in [*OWN, *OTHERS]]
    years = ask(made_history(*told), members(*OWN, joined="2016-09-01")).inspected
    at_least = years.set_index("year")["at_least"].to_dict()
    assert at_least == {
        2017: True,
        2018: False,
        2019: False,
        2020: True,
        2021: True,
        2022: True,
        2023: False,
        2024: False,
    }


def test_a_school_that_no_file_lists_is_not_taken_for_one_that_was_not_inspected(one_file):
    one_file.schools.loc[OTHERS[12:], "is_listed"] = False
    share = never(ask(one_file, members(*OWN, joined="2016-09-01")))
    assert (share["rest"], share["rest_schools"]) == (0, 12)


def test_inspections_before_joining_are_not_since_joining(one_file):
    late = ask(one_file, members(*OWN, joined="2017-12-01"))
    assert never(late)["partners"] == 1


def test_few_members_are_counted_and_not_compared(one_file):
    few = never(ask(one_file, members(*OWN[:3], joined="2016-09-01")))
    assert few["status"] == "not possible"
    assert few["said"].startswith("3 members and 21 others; needed: 6 of each")


def test_members_left_out_are_counted(one_file):
    found = ask(one_file, members(*OWN, "999999", joined="2016-09-01"))
    assert never(found)["said"].startswith("1 of 9 members left out")
