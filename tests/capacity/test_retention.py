from pipeline.capacity import retention as asked
from pipeline.capacity.retention import retention

SCHOOLS, LEADERS = {"unit": "schools"}, {"unit": "leaders"}


def members(made, *years, but=()):
    return [
        made.member(school, year)
        for year in years
        for school in (made.A, made.B, made.C)
        if (school, year) not in but
    ]


def test_one_of_two_schools_took_part_again(made):
    parts = [made.part("P1", made.A, "2018-11-01"), made.part("P2", made.B, "2018-11-01")]
    parts += [made.part("P1", made.A, "2019-11-01")]
    table = retention(made.taken(members(made, 2019, 2020), parts)).table
    row = made.one(table, year=2019, quantity=asked.AGAIN, **SCHOOLS)
    assert (row["numerator"], row["denominator"], row["value"]) == (1, 2, 0.5)


def test_a_school_that_left_is_told_apart_from_one_that_stayed_away(made):
    parts = [made.part("P1", made.A, "2018-11-01"), made.part("P2", made.B, "2018-11-01")]
    parts += [made.part("P3", made.C, "2019-11-01")]
    own = members(made, 2019, 2020, but={(made.B, 2020)})
    table = retention(made.taken(own, parts)).table
    again = made.one(table, year=2019, quantity=asked.AGAIN, **SCHOOLS)
    left = made.one(table, year=2019, quantity=asked.NO_LONGER_MEMBER, **SCHOOLS)
    assert (again["numerator"], left["numerator"], left["denominator"]) == (0, 1, 2)


def test_a_school_comes_back_after_a_year_without_a_part(made):
    # A and B took part in 2019, C in 2020; in 2021 A was there again, and B was not.
    parts = [made.part("P1", made.A, "2018-11-01"), made.part("P2", made.B, "2018-11-01")]
    parts += [made.part("P3", made.C, "2019-11-01"), made.part("P1", made.A, "2020-11-01")]
    table = retention(made.taken(members(made, 2019, 2020, 2021), parts)).table
    row = made.one(table, year=2021, quantity=asked.CAME_BACK, **SCHOOLS)
    assert (row["numerator"], row["denominator"]) == (1, 2)
    first = made.one(table, year=2020, quantity=asked.CAME_BACK, **SCHOOLS)
    assert (first["status"], first["said"]) == ("not possible", asked.FIRST)


def test_the_last_year_and_a_year_without_record_have_no_next(made):
    parts = [made.part("P1", made.A, "2018-11-01")]
    table = retention(made.taken(members(made, 2019, 2020), parts)).table
    for year, said in (
        (2019, "nothing is on record of 2019/20"),
        (2020, "nothing is on record of 2019/20"),
    ):
        row = made.one(table, year=year, quantity=asked.AGAIN, **SCHOOLS)
        assert (row["status"], row["said"]) == ("not possible", said)


def test_ten_of_twenty_leaders_took_part_again(made):
    parts = made.people(20, date="2018-11-01") + made.people(10, date="2019-11-01")
    table = retention(made.taken(members(made, 2019, 2020), parts)).table
    row = made.one(table, year=2019, quantity=asked.AGAIN, **LEADERS)
    assert (row["numerator"], row["denominator"], row["value"]) == (10, 20, 0.5)


def test_leaders_who_did_not_come_again_are_protected(made):
    # 18 of 20 came again: that 2 did not would be left by subtraction.
    parts = made.people(20, date="2018-11-01") + made.people(18, date="2019-11-01")
    table = retention(made.taken(members(made, 2019, 2020), parts)).table
    row = made.one(table, year=2019, quantity=asked.AGAIN, **LEADERS)
    assert row["status"] == "suppressed"
    assert row["denominator"] == 20


def test_new_leaders_are_protected_too(made):
    # All 10 who came again and 3 new ones are the 13 that reach shows of the next year.
    parts = made.people(20, date="2018-11-01") + made.people(
        13, first=11, date="2019-11-01"
    )
    table = retention(made.taken(members(made, 2019, 2020), parts)).table
    row = made.one(table, year=2019, quantity=asked.AGAIN, **LEADERS)
    assert row["status"] == "suppressed"


def test_leaders_come_back_after_a_gap(made):
    parts = made.people(16, date="2018-11-01")
    parts += made.people(8, first=40, date="2019-11-01")
    parts += made.people(8, date="2020-11-01")
    table = retention(made.taken(members(made, 2019, 2020, 2021), parts)).table
    row = made.one(table, year=2021, quantity=asked.CAME_BACK, **LEADERS)
    assert (row["numerator"], row["denominator"]) == (8, 16)


def test_a_leader_who_changed_school_is_the_same_person(made):
    parts = made.people(12, made.A, date="2018-11-01")
    parts += made.people(12, made.B, date="2019-11-01")
    table = retention(made.taken(members(made, 2019, 2020), parts)).table
    row = made.one(table, year=2019, quantity=asked.AGAIN, **LEADERS)
    assert (row["numerator"], row["denominator"]) == (12, 12)
    row = made.one(table, year=2019, quantity=asked.AGAIN, **SCHOOLS)
    assert (row["numerator"], row["denominator"]) == (0, 1)


def test_nobody_who_might_have_come_again_has_no_share(made):
    parts = [made.part("P1", made.D, "2018-11-01"), made.part("P1", made.A, "2019-11-01")]
    table = retention(made.taken(members(made, 2019, 2020), parts)).table
    row = made.one(table, year=2019, quantity=asked.AGAIN, **SCHOOLS)
    assert row["status"] == "not possible"
    assert "no schools to take a share of" in row["said"]


def test_records_that_were_not_supplied_are_said_to_be():
    assert retention(None).table["status"].tolist() == ["not supplied"]
