import pytest

from pipeline.capacity import dose as asked
from pipeline.capacity.dose import dose

ALL = {"dimension": "all", "group": "all"}


def quartiles(made, table, of, **keys):
    rows = [
        made.one(table, quantity=f"{name} {of}", **(ALL | keys))
        for name in ("lower quartile", "median", "upper quartile")
    ]
    return [row["value"] for row in rows]


def test_hours_of_leaders_are_those_of_the_year(made):
    # Seven leaders with 1 to 7 hours, the last of them in two parts.
    hours = [1, 2, 3, 4, 5, 6, 4]
    parts = [made.part(f"P{n}", hours=h) for n, h in enumerate(hours, start=1)]
    parts.append(made.part("P7", hours=3, date="2019-02-01"))
    table = dose(made.taken([made.member()], parts)).table
    assert quartiles(made, table, asked.OF_LEADERS) == [2.5, 4.0, 5.5]


def test_a_school_without_a_part_counts_as_no_hours(made):
    members = [made.member(made.A), made.member(made.B), made.member(made.C)]
    parts = made.people(6, made.A, hours=2.0) + made.people(
        6, made.B, first=20, hours=1.0
    )  # 12 hours and 6 hours, and none
    table = dose(made.taken(members, parts)).table
    assert quartiles(made, table, asked.OF_SCHOOLS) == [3.0, 6.0, 9.0]
    row = made.one(table, quantity=asked.NO_HOURS, **ALL)
    assert (row["numerator"], row["denominator"]) == (1, 3)


def test_hours_that_rest_on_three_leaders_are_hidden_also_as_those_of_schools(made):
    members = [made.member(made.A), made.member(made.B, hub="South")]
    parts = made.people(17) + made.people(3, made.B, first=30)
    table = dose(made.taken(members, parts)).table
    of_south = table[table["group"] == "South"].set_index("quantity")["status"]
    assert of_south[f"median {asked.OF_SCHOOLS}"] == "suppressed"
    assert of_south[f"median {asked.OF_LEADERS}"] == "suppressed"
    assert of_south[asked.NO_HOURS] == "shown"


def test_how_many_leaders_gave_no_hour_nobody_knows(made):
    table = dose(made.taken([made.member()], made.people(6))).table
    row = made.one(table, quantity=asked.NO_LEADERS, **ALL)
    assert (row["status"], row["said"]) == ("not possible", asked.NONE_KNOWN)


def test_schools_that_nobody_came_from_have_no_hours_and_no_leaders(made):
    members = [made.member(made.A), made.member(made.B, hub="South")]
    table = dose(made.taken(members, made.people(6))).table
    south = {"dimension": "hub", "group": "South"}
    assert quartiles(made, table, asked.OF_SCHOOLS, **south) == [0, 0, 0]
    row = made.one(table, quantity=f"median {asked.OF_LEADERS}", **south)
    assert (row["status"], row["said"]) == ("not possible", asked.NOBODY)


def test_a_year_without_any_record_has_no_hours(made):
    members = [made.member(year=2019), made.member(year=2020)]
    table = dose(made.taken(members, made.people(6))).table
    row = made.one(table, year=2020, quantity=asked.NO_HOURS)
    assert row["status"] == "not possible"


def test_records_that_were_not_supplied_are_said_to_be():
    assert dose(None).table["status"].tolist() == ["not supplied"]


def test_an_hour_given_by_one_person_alone_never_shows(made):
    table = dose(made.taken([made.member()], made.people(1, hours=3.25))).table
    assert not table["value"].eq(3.25).any()
    assert not table["denominator"].where(table["counted_of"] == "leaders").eq(1).any()


@pytest.mark.parametrize("number", [5, 6])
def test_six_leaders_are_shown_and_five_are_not(made, number):
    table = dose(made.taken([made.member()], made.people(number))).table
    row = made.one(table, quantity=f"median {asked.OF_LEADERS}", **ALL)
    assert row["status"] == ("shown" if number == 6 else "suppressed")
