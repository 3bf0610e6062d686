import pytest

from pipeline.capacity import reach as asked
from pipeline.capacity.participation import NO_MEMBER, NO_MEMBERS, participation
from pipeline.capacity.reach import reach
from pipeline.contracts.promise import BrokenPromise

ALL = {"dimension": "all", "group": "all", "role": "any"}


def test_half_of_two_member_schools_took_part(made):
    found = made.taken([made.member(made.A), made.member(made.B)], made.people(7))
    row = made.one(reach(found).table, quantity=asked.SCHOOLS_REACHED, **ALL)
    assert (row["numerator"], row["denominator"], row["value"]) == (1, 2, 0.5)
    assert row["status"] == "shown"


def test_seven_leaders_of_two_member_schools_are_three_and_a_half_a_school(made):
    found = made.taken([made.member(made.A), made.member(made.B)], made.people(7))
    row = made.one(reach(found).table, quantity=asked.LEADERS_PER_SCHOOL, **ALL)
    assert (row["numerator"], row["denominator"], row["value"]) == (7, 2, 3.5)
    assert row["said"] == asked.UNKNOWN_LEADERS


def test_a_person_counts_once_however_many_parts(made):
    parts = made.people(6) + made.people(6, date="2019-03-01")
    table = reach(made.taken([made.member()], parts)).table
    assert made.one(table, quantity=asked.LEADERS, **ALL)["numerator"] == 6


def test_leaders_and_the_schools_that_send_them_are_counted_by_role(made):
    seniors = made.people(8)
    middle = made.people(9, made.B, first=20, role="middle")
    members = [made.member(made.A), made.member(made.B), made.member(made.C)]
    table = reach(made.taken(members, seniors + middle)).table
    for role, leaders in (("senior", 8), ("middle", 9)):
        at = ALL | {"role": role}
        assert made.one(table, quantity=asked.LEADERS, **at)["numerator"] == leaders
        row = made.one(table, quantity=asked.SCHOOLS_REACHED, **at)
        assert (row["numerator"], row["denominator"]) == (1, 3)


def test_who_changed_role_in_the_year_counts_in_the_last_one(made):
    parts = made.people(6) + made.people(6, date="2019-03-01", role="middle")
    table = reach(made.taken([made.member()], parts)).table
    numbers = {
        role: made.one(table, quantity=asked.LEADERS, **ALL | {"role": role})["numerator"]
        for role in ("any", "senior", "middle")
    }
    assert numbers == {"any": 6, "senior": 0, "middle": 6}


@pytest.mark.parametrize(
    ("dimension", "groups"),
    [
        ("phase", {"primary": (0, 1), "secondary": (1, 2)}),
        ("hub", {"North": (1, 2), "unknown": (0, 1)}),
        ("deprivation_fifth", {"1": (0, 1), "5": (1, 2)}),
        ("starting_fifth", {"1": (1, 2), "unknown": (0, 1)}),
    ],
)
def test_every_kind_of_school_has_its_denominator_and_the_unknown_are_stated(
    made, dimension, groups
):
    other = made.member(
        made.C, phase="primary", hub=None, deprivation_fifth=1, starting_fifth=None
    )
    members = [made.member(made.A), made.member(made.B), other]
    table = reach(made.taken(members, made.people(6))).table
    for group, counts in groups.items():
        at = {"dimension": dimension, "group": group, "role": "any"}
        row = made.one(table, quantity=asked.SCHOOLS_REACHED, **at)
        assert (row["numerator"], row["denominator"]) == counts
        assert ("is not known" in str(row["said"])) == (group == "unknown")


def test_three_leaders_of_a_hub_are_hidden_with_the_hub_that_would_give_them_away(made):
    members = [made.member(made.A), made.member(made.B, hub="South")]
    parts = made.people(17) + made.people(3, made.B, first=30)
    table = reach(made.taken(members, parts)).table
    for hub in ("North", "South"):
        at = {"dimension": "hub", "group": hub, "role": "any"}
        row = made.one(table, quantity=asked.LEADERS, **at)
        assert row["status"] == "suppressed"
        assert row[["value", "numerator"]].isna().all()
    assert made.one(table, quantity=asked.LEADERS, **ALL)["numerator"] == 20
    at = {"dimension": "hub", "group": "South", "role": "any"}
    assert made.one(table, quantity=asked.SCHOOLS_REACHED, **at)["numerator"] == 1


def test_a_part_of_september_belongs_to_the_year_that_begins(made):
    parts = made.people(6, date="2019-08-31") + made.people(6, date="2019-09-01")
    members = [made.member(year=2019), made.member(year=2020)]
    table = reach(made.taken(members, parts)).table
    for year in (2019, 2020):
        row = made.one(table, quantity=asked.LEADERS, year=year, **ALL)
        assert row["numerator"] == 6


def test_a_year_without_any_record_is_not_a_year_of_nobody(made):
    members = [made.member(year=2019), made.member(year=2020)]
    table = reach(made.taken(members, made.people(6))).table
    row = made.one(table, quantity=asked.SCHOOLS_REACHED, year=2020, **ALL)
    assert (row["status"], row["said"]) == (
        "not possible",
        "nothing is on record of 2019/20",
    )


def test_parts_of_schools_that_are_no_members_are_left_out_and_counted(made):
    parts = [
        *made.people(6),
        made.part("P7", made.D),
        made.part("P8", date="2014-11-01"),
        made.part("P9", date="2014-11-01"),
    ]
    found = made.taken([made.member()], parts)
    counted = dict(
        found.exclusions[["reason", "excluded"]].itertuples(index=False, name=None)
    )
    assert counted == {NO_MEMBER: 1, NO_MEMBERS: 2}
    row = made.one(reach(found).table, quantity=asked.LEADERS, **ALL)
    assert row["numerator"] == 6


def test_an_academy_counts_under_the_key_that_it_has_in_the_register(made):
    academy = made.member(made.A, urn=made.D)
    table = reach(made.taken([academy], made.people(6, made.D))).table
    row = made.one(table, quantity=asked.SCHOOLS_REACHED, **ALL)
    assert (row["numerator"], row["denominator"]) == (1, 1)


def test_other_numbers_of_a_school_are_known_by_its_key(made):
    def key_of(urns):
        return urns.replace({made.D: made.A})

    found = made.taken([made.member()], made.people(6, made.D), key_of=key_of)
    assert found.exclusions.empty


def test_records_that_were_not_supplied_are_said_to_be(made):
    table = reach(None).table
    assert table["status"].tolist() == ["not supplied"]
    assert "engagement.csv" in table["said"].iloc[0]


def test_a_school_that_stands_twice_in_a_year_is_refused(made):
    with pytest.raises(BrokenPromise):
        made.taken([made.member(), made.member()], made.people(6))


def test_schools_may_come_with_further_columns_in_any_order(made):
    members = made.schools([made.member()]).iloc[:, ::-1].assign(name="Sea School")
    found = participation(made.engagement(made.people(6)), members)
    assert "name" not in found.schools


def test_the_same_records_in_another_order_give_the_same_table(made):
    parts = made.people(8) + made.people(7, made.B, first=20)
    members = [made.member(made.A), made.member(made.B, hub="South")]
    one = made.taken(members, parts)
    other = made.taken(members[::-1], parts)
    assert reach(one).table.equals(reach(other).table)
