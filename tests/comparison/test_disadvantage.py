"""The gap of disadvantaged pupils on both sides, its two parts, and what is withheld."""

import math

import pytest

from pipeline.comparison.disadvantage import ALL_LESS_DISADVANTAGED, PUBLISHED

KS4 = "2018-2019/england_ks4final.csv"
# URN: disadvantaged, others, and the pupils of each. Among members every school has the
# same gap of 1; in the rest no school has one, and the groups go to different schools.
SCHOOLS = {
    100001: (-0.1, 0.9, 10, 10),
    100002: (0.1, 1.1, 10, 10),
    100003: (0, 0, 30, 10),
    100004: (1, 1, 10, 30),
}


def cells(d, o, n, m, *, with_others=True):
    """Make the cells of one school; all pupils are the two groups together."""
    of_all = ((d * n if n else 0) + (o * m if m else 0)) / (n + m)
    row = {"P8MEA": of_all, "P8PUP": n + m, "P8MEA_FSM6CLA1A": d, "P8PUP_FSM6CLA1A": n}
    if with_others:
        row |= {"P8MEA_NFSM6CLA1A": o, "P8PUP_NFSM6CLA1A": m}
    return row


@pytest.fixture
def split(project, school):
    """Compare schools and give the row of Progress 8."""

    def make(schools=SCHOOLS, *more, with_others=True, members=(100001, 100002)):
        rows = [
            school(urn, **cells(*about, with_others=with_others))
            for urn, about in schools.items()
        ]
        project.download(KS4, [*rows, *more])
        project.register(*(f"{urn},,2015-09-01,," for urn in members))
        found = project.compare()
        table = found.disadvantage
        return table[table["measure"] == "progress_8"].iloc[0], found

    return make


def test_the_gap_of_each_side_is_split_within_and_between_schools(split):
    row, _ = split()
    assert row["partners_gap"] == pytest.approx(-1)
    assert row["partners_within_schools"] == pytest.approx(-1)
    assert row["partners_between_schools"] == pytest.approx(0)
    # A quarter of the rest's disadvantaged and three quarters of its others are at 1.
    assert row["rest_gap"] == pytest.approx(0.25 - 0.75)
    assert row["rest_within_schools"] == pytest.approx(0)
    assert row["rest_between_schools"] == pytest.approx(-0.5)


def test_the_difference_is_the_gap_of_members_less_that_of_others(split):
    row, _ = split()
    assert row["difference"] == pytest.approx(-1 - -0.5)
    assert row["low"] < row["difference"] < row["high"]
    # Others of the nation: 20 pupils at 1 on average among members, 40 at 0.75.
    assert row["to_others_nationally"] == pytest.approx(0 - (20 * 1 + 40 * 0.75) / 60)


def test_pupils_and_schools_are_counted_by_side(split):
    row, _ = split()
    assert (row["partners_schools"], row["rest_schools"]) == (2, 2)
    assert (row["partners_disadvantaged_pupils"], row["partners_other_pupils"]) == (20, 20)
    assert (row["rest_disadvantaged_pupils"], row["rest_other_pupils"]) == (40, 40)


def test_other_pupils_are_what_is_left_of_all_where_the_file_has_no_column_of_them(split):
    published, _ = split()
    assert published["others_from"] == PUBLISHED
    made, _ = split(with_others=False)
    assert made["others_from"] == ALL_LESS_DISADVANTAGED
    for name in ("partners_gap", "rest_gap", "rest_between_schools", "low", "high"):
        assert made[name] == pytest.approx(published[name])


def test_a_school_whose_disadvantaged_pupils_are_suppressed_is_left_out_and_counted(
    split, school
):
    hidden = cells(0, 5, 10, 90) | {"P8MEA_FSM6CLA1A": "SUPP"}
    row, _ = split(SCHOOLS, school(100005, **hidden))
    assert row["rest_gap"] == pytest.approx(-0.5)
    assert (row["partners_schools_left_out"], row["rest_schools_left_out"]) == (0, 1)


def test_a_school_with_one_group_only_counts_between_schools(split, school):
    single = cells(0, 0.75, 0, 40) | {"P8MEA_FSM6CLA1A": "NE"}
    row, _ = split(SCHOOLS, school(100005, **single))
    assert (row["rest_schools"], row["rest_schools_with_one_group"]) == (3, 1)
    assert row["rest_others"] == pytest.approx(0.75)


@pytest.mark.parametrize("with_others", [True, False])
def test_it_is_withheld_where_a_group_of_a_side_has_one_to_five_pupils(split, with_others):
    few = {100001: (-0.1, 0.9, 10, 2), 100002: (0.1, 1.1, 10, 3)}
    row, _ = split(SCHOOLS | few, with_others=with_others)
    assert row["reason"].startswith("suppressed")
    shown = row.drop(["key_stage", "measure", "year", "reason"])
    assert shown.isna().all()


def test_it_is_withheld_where_subtraction_would_leave_one_to_five_pupils(split, school):
    # The gap of disadvantaged pupils holds four more than the split: a school whose
    # other pupils are suppressed.
    hidden = cells(0, 5, 4, 90) | {"P8MEA_NFSM6CLA1A": "SUPP"}
    row, found = split(SCHOOLS, school(100005, **hidden))
    gaps = found.gaps.set_index(["measure", "group"])
    assert math.isnan(gaps.loc[("progress_8", "disadvantaged"), "reason"])
    assert row["reason"].startswith("suppressed")


def test_schools_with_few_pupils_left_over_are_left_out_and_not_worked_out(split, school):
    # Three others of a hundred pupils: their figure would be made from three others.
    tiny = cells(0, 5, 97, 3, with_others=False)
    two = [school(urn, **tiny) for urn in (100005, 100006)]
    row, _ = split(SCHOOLS, *two, with_others=False)
    assert (row["rest_schools"], row["rest_schools_left_out"]) == (2, 2)
    # One alone could be had: all, less the disadvantaged, less the others shown.
    row, _ = split(SCHOOLS, two[0], with_others=False)
    assert row["reason"].startswith("suppressed")


def test_members_that_are_all_alike_have_no_interval(split):
    alike = {100001: (0, 1, 10, 10), 100002: (0, 1, 10, 10)}
    row, _ = split(SCHOOLS | alike)
    assert row["difference"] == pytest.approx(-0.5)
    assert math.isnan(row["low"]) and math.isnan(row["partners_low"])
    assert row["interval_reason"].startswith("no interval: all members")


def test_one_member_has_a_gap_and_no_interval(split):
    row, _ = split(members=(100001,))
    assert row["partners_gap"] == pytest.approx(-1)
    assert math.isnan(row["low"])
    assert row["interval_reason"].startswith("no interval: fewer than two")


def test_every_measure_of_both_groups_has_a_row_for_each_year(split):
    _, found = split()
    table = found.disadvantage
    assert len(table) == 15  # of 16 measures; one is of all pupils only
    assert (table["difference"].isna() == table["reason"].notna()).all()


def test_the_rows_of_other_pupils_stand_in_the_lineage(split):
    _, found = split()
    lineage = found.lineage[found.lineage["group"] == "others"]
    assert lineage[["partner_rows", "rest_rows"]].to_numpy().tolist() == [[2, 2]]
