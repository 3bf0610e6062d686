from datetime import date

import pandas as pd
import pytest

from pipeline.schools import link
from pipeline.schools.known import KnownSchools
from pipeline.schools.membership import Register, member_years


def known(lineage=(), establishments=(), trusts=()):
    """What is known of schools: (urn, key), (urn, opened, closed), (urn, trust, joined)."""

    def table(name, rows, columns):
        contract = link.TABLES[name]
        made = pd.DataFrame(rows, columns=columns).reindex(columns=list(contract.columns))
        if name == "trust_spells":
            made["trust_kind"] = "Multi-academy trust"
        types = {n: c.dtype.type for n, c in contract.columns.items() if n != "row"}
        return made.astype(types)

    return KnownSchools(
        table("establishments", establishments, ["urn", "opened", "closed"]),
        table("lineage", lineage, ["urn", "school_key"]),
        table("trust_spells", trusts, ["urn", "trust", "joined", "left"]),
    )


def register(*spells):
    """A register of spells: (urn, joined, left, hub)."""
    columns = ["urn", "joined", "left", "hub"]
    rows = pd.DataFrame(spells, columns=columns).astype(object)
    rows = rows.where(rows.notna(), None).assign(cohort=None, name="", row=2)
    return Register("partners.csv", "partners.csv", "0" * 64, rows)


def test_a_number_without_a_link_is_its_own_key():
    links = known(lineage=[("100002", "100001")])
    keys = links.key_of(pd.Series(["100001", "100002", "100003"]))
    assert keys.tolist() == ["100001", "100001", "100003"]


@pytest.mark.parametrize(
    ("opened", "closed", "is_open"),
    [
        (None, None, True),
        ("2019-08-31", None, True),
        ("2019-09-01", None, False),
        ("2010-09-01", "2018-08-31", False),
        ("2010-09-01", "2018-09-02", True),
    ],
)
def test_a_school_is_open_in_a_year_of_which_it_was_open_a_day(opened, closed, is_open):
    schools = known(establishments=[("100001", opened, closed)])
    assert (len(schools.open_in(2019)) == 1) is is_open


def test_the_trust_is_that_of_the_day_whatever_number_the_school_had():
    schools = known(
        lineage=[("100001", "100001"), ("100002", "100001")],
        trusts=[
            ("100001", "77", "2012-09-01", "2016-08-31"),
            ("100002", "88", "2016-09-01", None),
        ],
    )
    assert schools.trust_on(date(2015, 9, 1)).to_dict() == {"100001": "77"}
    assert schools.trust_on(date(2016, 8, 31)).empty
    assert schools.trust_on(date(2018, 9, 1)).to_dict() == {"100001": "88"}


def test_a_school_listed_under_its_old_number_stays_a_member_under_the_new_one():
    schools = known(lineage=[("100001", "100001"), ("100002", "100001")])
    listed = register(("100002", date(2016, 9, 1), None, "North"))
    members = member_years(listed, range(2016, 2019), schools)
    assert members[["school_key", "urn", "year"]].to_numpy().tolist() == [
        ["100001", "100002", 2017],
        ["100001", "100002", 2018],
    ]


def test_a_school_listed_under_both_numbers_is_one_member():
    schools = known(lineage=[("100001", "100001"), ("100002", "100001")])
    listed = register(
        ("100001", date(2014, 9, 1), None, "North"),
        ("100002", date(2016, 9, 1), None, "South"),
    )
    members = member_years(listed, range(2016, 2018), schools)
    assert members["school_key"].tolist() == ["100001", "100001"]
    assert members["hub"].tolist() == ["North", "South"]


def test_exposure_counts_the_years_of_membership_and_not_those_between():
    listed = register(
        ("100001", date(2014, 9, 1), date(2016, 8, 31), "North"),
        ("100001", date(2018, 9, 1), None, "North"),
    )
    members = member_years(listed, range(2016, 2021), known())
    assert members[["year", "exposure", "first_year"]].to_numpy().tolist() == [
        [2016, 2, 2015],
        [2019, 3, 2015],
        [2020, 4, 2015],
    ]


def test_the_trust_of_a_member_is_that_of_the_first_of_september():
    schools = known(trusts=[("100001", "88", "2017-09-02", None)])
    listed = register(("100001", date(2016, 9, 1), None, None))
    members = member_years(listed, range(2018, 2020), schools)
    assert members["trust"].fillna("none").tolist() == ["none", "88"]


def test_a_federation_is_no_trust():
    schools = known(trusts=[("100001", "88", "2010-09-01", None)])
    schools.trust_spells["trust_kind"] = "Federation"
    assert schools.trust_on(date(2018, 9, 1)).empty
