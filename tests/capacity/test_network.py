import itertools

import pytest

from pipeline.capacity import network as asked
from pipeline.capacity.network import network

YEAR = {"year": 2019}


def visit(made, school, host, date="2018-11-13", person="P1"):
    return made.part(person, school, date, host=host)


@pytest.fixture
def chain(made):
    """A visits B, B visits C; C and A visit nobody else, and D stands apart."""
    members = [made.member(school) for school in (made.A, made.B, made.C, made.D)]
    return members, [visit(made, made.A, made.B), visit(made, made.B, made.C)]


def test_a_chain_of_three_and_one_apart(made, chain):
    table = network(made.taken(*chain)).table
    numbers = {
        quantity: tuple(
            made.one(table, quantity=quantity, **YEAR)[["numerator", "denominator"]]
        )
        for quantity in (asked.TIES, asked.ISOLATED, asked.RECIPROCATED, asked.LARGEST)
    }
    assert numbers == {
        asked.TIES: (2, 4),
        asked.ISOLATED: (1, 4),
        asked.RECIPROCATED: (0, 2),
        asked.LARGEST: (3, 4),
    }
    assert made.one(table, quantity=asked.COMPONENTS, **YEAR)["value"] == 2


def test_within_two_steps_the_first_reaches_the_third(made, chain):
    table = network(made.taken(*chain)).table
    pairs = table[table["quantity"] == asked.WITHIN].set_index("steps")
    # A to B and B to C in one step; A to C in two; of 4 x 3 ordered pairs.
    assert pairs["numerator"].to_dict() == {1: 2, 2: 3, 3: 3}
    assert (pairs["denominator"] == 12).all()


def test_each_school_has_its_degrees_and_its_group(made, chain):
    table = network(made.taken(*chain)).schools.set_index("school_key")
    assert table["visited"].to_dict() == {made.A: 1, made.B: 1, made.C: 0, made.D: 0}
    assert table["visited_by"].to_dict() == {made.A: 0, made.B: 1, made.C: 1, made.D: 0}
    assert table["component"].tolist() == [1, 1, 1, 2]
    assert table["is_isolated"].tolist() == [False, False, False, True]


def test_two_schools_that_visit_each_other_tie_both_ways(made):
    members = [made.member(made.A), made.member(made.B)]
    parts = [visit(made, made.A, made.B), visit(made, made.B, made.A)]
    table = network(made.taken(members, parts)).table
    row = made.one(table, quantity=asked.RECIPROCATED, **YEAR)
    assert (row["numerator"], row["denominator"]) == (2, 2)


def test_many_visitors_on_many_days_are_one_tie(made):
    members = [made.member(made.A), made.member(made.B)]
    parts = [
        visit(made, made.A, made.B, date, person)
        for date, person in itertools.product(("2018-11-13", "2019-03-01"), ("P1", "P2"))
    ]
    table = network(made.taken(members, parts)).table
    assert made.one(table, quantity=asked.TIES, **YEAR)["numerator"] == 1


def test_visits_outside_and_at_home_are_no_ties_and_are_counted(made):
    parts = [visit(made, made.A, "999999"), visit(made, made.A, made.A)]
    table = network(made.taken([made.member(made.A)], parts)).table
    assert made.one(table, quantity=asked.ELSEWHERE, **YEAR)["value"] == 1
    assert made.one(table, quantity=asked.AT_HOME, **YEAR)["value"] == 1
    assert made.one(table, quantity=asked.TIES, **YEAR)["value"] == 0


def test_ties_between_hubs_leave_out_schools_whose_hub_is_unknown(made):
    members = [
        made.member(made.A),
        made.member(made.B, hub="South"),
        made.member(made.C),
        made.member(made.D, hub=None),
    ]
    parts = [visit(made, made.A, host) for host in (made.B, made.C, made.D)]
    found = network(made.taken(members, parts))
    row = made.one(found.table, quantity=asked.BETWEEN_HUBS, **YEAR)
    assert (row["numerator"], row["denominator"]) == (1, 2)
    ties = found.hubs[["visiting_hub", "host_hub", "ties"]]
    assert list(ties.itertuples(index=False, name=None)) == [
        ("North", "North", 1),
        ("North", "South", 1),
        ("North", "unknown", 1),
    ]


def test_where_nobody_visits_every_school_is_isolated(made):
    members = [made.member(made.A), made.member(made.B)]
    found = network(made.taken(members, made.people(6)))
    assert made.one(found.table, quantity=asked.ISOLATED, **YEAR)["value"] == 1
    row = made.one(found.table, quantity=asked.RECIPROCATED, **YEAR)
    assert (row["status"], row["said"]) == ("not possible", asked.NO_TIES)
    assert found.hubs.empty


def test_a_single_member_school_reaches_no_pair(made):
    table = network(made.taken([made.member()], made.people(6))).table
    rows = table[table["quantity"] == asked.WITHIN]
    assert (rows["status"] == "not possible").all()


def test_the_same_visits_in_another_order_give_the_same_tables(made, chain):
    members, parts = chain
    one = network(made.taken(members, parts))
    other = network(made.taken(members[::-1], parts[::-1]))
    assert one.table.equals(other.table)
    assert one.schools.equals(other.schools)
    assert one.hubs.equals(other.hubs)


def test_a_year_without_record_and_records_not_supplied_are_said_to_be(made):
    members = [made.member(year=2019), made.member(year=2020)]
    table = network(made.taken(members, made.people(6))).table
    of_2020 = table[table["year"] == 2020]
    assert (of_2020["status"] == "not possible").all()
    found = network(None)
    assert found.table["status"].tolist() == ["not supplied"]
    assert found.schools.empty
    assert found.hubs.empty
