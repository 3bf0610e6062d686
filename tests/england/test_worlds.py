"""Each world holds what its name says, told by the plainest comparison there is."""

import numpy as np
import pytest

from pipeline.england import expected, truth, world
from pipeline.england.planted import PROGRESS, WORLDS

SIZE = {"primary_schools": 900, "secondary_schools": 300}
READING = PROGRESS["reading_progress"]
YEARS = (2016, 2017, 2018, 2019, 2023)
LUCK = "no-effect"


def reading(name, group="all", seed=3):
    """Every school's true reading progress, one row a year."""
    country = world.build(seed, **SIZE, world=name)
    figures = country.figures["ks2"]
    return np.array(
        [figures[y].value["reading_progress"][group] for y in range(2016, 2025)]
    )


@pytest.fixture(scope="module")
def plain():
    """The world in which members differ from others by nothing."""
    return world.build(3, **SIZE, world=LUCK)


@pytest.fixture(scope="module")
def added():
    """What each world adds to each school's reading progress, above pure luck.

    Worlds of one seed share their luck, so the difference is what was planted, but for
    the national centre, which is the same for all schools of a year.
    """
    luck = {group: reading(LUCK, group) for group in ("all", "disadvantaged", "others")}

    def of(name, group="all"):
        return reading(name, group) - luck[group]

    return of


def year(y):
    return y - 2016


def test_worlds_of_one_seed_share_schools_members_and_luck(plain):
    other = world.build(3, **SIZE, world="growing-effect")
    assert (other.schools["ks2"].urn == plain.schools["ks2"].urn).all()
    assert other.partners["ks2"].spells == plain.partners["ks2"].spells
    a, b = (w.figures["ks2"][2019].pupils["all"] for w in (plain, other))
    assert (a == b).all()


def step(apart, chosen, against, y):
    """How much more was added to the chosen schools than to others, in one year."""
    return np.nanmean(apart[year(y), chosen]) - np.nanmean(apart[year(y), against])


def sides(plain, y):
    partners = plain.partners["ks2"]
    members = partners.counted(y)
    never = plain.schools["ks2"].is_mainstream & ~partners.joins
    return members, never


def test_a_constant_effect_is_the_same_in_every_year_of_membership(plain, added):
    apart = added("constant-effect")
    for y in YEARS:
        assert step(apart, *sides(plain, y), y) == pytest.approx(READING.size)


def test_a_growing_effect_grows_for_five_years(plain, added):
    apart = added("growing-effect")
    exposure = plain.partners["ks2"].exposure(2019)
    _, never = sides(plain, 2019)
    by_year = [step(apart, exposure == e, never, 2019) for e in range(1, 8)]
    wanted = [0.4, 0.8, 1.2, 1.6, 2.0, 2.0, 2.0]
    assert by_year == pytest.approx([READING.size * w for w in wanted])


def test_an_effect_for_disadvantaged_pupils_leaves_the_others_alone(plain, added):
    members, never = sides(plain, 2019)
    some = added("disadvantaged-only", "disadvantaged")
    none = added("disadvantaged-only", "others")
    assert step(some, members, never, 2019) == pytest.approx(1.5 * READING.size)
    assert step(none, members, never, 2019) == pytest.approx(0, abs=1e-9)


def test_selection_on_level_is_there_before_schools_join(plain, added):
    apart = added("selection-on-level")
    partners = plain.partners["ks2"]
    _, never = sides(plain, 2016)
    later = partners.first_year > 2019
    for y in YEARS:
        assert step(apart, later, never, y) == pytest.approx(1.5 * READING.size)


def test_selection_on_trend_rises_by_the_same_each_year_and_ends_with_nobody(plain, added):
    apart = added("selection-on-trend")
    joins = plain.partners["ks2"].joins
    _, never = sides(plain, 2016)
    rise = [step(apart, joins, never, y) for y in range(2016, 2025)]
    assert np.diff(rise) == pytest.approx([0.25 * READING.size] * 8)


def test_bad_luck_before_joining_comes_back_by_itself(plain, added):
    apart = added("regression-to-the-mean")
    partners = plain.partners["ks2"]
    _, never = sides(plain, 2016)
    cohort = partners.first_year == 2019
    luck = [step(apart, cohort, never, y) / READING.size for y in range(2016, 2020)]
    # The year before joining is 2018: the luck fades by 0.7 a year on either side.
    assert luck == pytest.approx([-1.5 * f for f in (0.49, 0.7, 1, 0.7)])


def test_anticipation_shows_in_the_year_before_membership_and_no_earlier(plain, added):
    apart = added("anticipation")
    partners = plain.partners["ks2"]
    _, never = sides(plain, 2016)
    cohort = partners.first_year == 2019
    steps = [step(apart, cohort, never, y) / READING.size for y in (2017, 2018)]
    assert steps == pytest.approx([0, 0.5])


def test_neighbours_of_members_gain_half_and_others_nothing(plain, added):
    apart = added("spill-over")
    schools, partners = plain.schools["ks2"], plain.partners["ks2"]
    near = partners.has_neighbour(schools, 2019) & schools.is_mainstream
    far = schools.is_mainstream & ~near & ~partners.counted(2019)
    assert 0.15 < near.sum() / schools.is_mainstream.sum() < 0.6
    assert step(apart, near, far, 2019) == pytest.approx(0.5 * READING.size)
    members = partners.counted(2019)
    assert step(apart, members, far, 2019) == pytest.approx(READING.size)


def test_true_effects_by_cohort_are_those_that_were_planted(plain):
    country = world.build(3, **SIZE, world="growing-effect")
    found = {
        (row["cohort"], row["year"]): row["att"]
        for row in truth.effect_by_cohort(country)
        if (row["measure"], row["group"]) == ("reading_progress", "others")
    }
    partners = country.partners["ks2"]
    stays = {s.urn for s in partners.spells if s.left is None}
    # Cohorts hold schools that have left since, so the mean is at most what was planted.
    for (cohort, y), att in found.items():
        planted = 0.4 * min(max(y - cohort + 1, 0), 5) * READING.size
        assert 0 <= att <= planted + 1e-9
    assert found[2019, 2019] == pytest.approx(0.4 * READING.size)
    assert stays


def test_true_effects_on_members_follow_their_years_of_membership():
    country = world.build(3, **SIZE, world="growing-effect")
    found = {
        row["exposure"]: row["att"]
        for row in truth.effect_on_members(country)
        if (row["measure"], row["group"], row["year"]) == ("progress_8", "all", 2023)
    }
    size = PROGRESS["progress_8"].size
    assert found[1] == pytest.approx(0.4 * size) and found[3] == pytest.approx(1.2 * size)
    assert found["6 or more"] == pytest.approx(2.0 * size)


def test_cohorts_that_were_members_from_the_first_table_on_are_marked(plain):
    for row in truth.effect_by_cohort(plain):
        assert row["not_identified"] == (row["cohort"] <= 2016)


def test_schools_affected_are_counted_by_why(plain):
    spill = world.build(3, **SIZE, world="spill-over")
    told = {(row["ks"], row["year"]): row for row in truth.schools_affected(spill)}
    row = told["ks2", 2019]
    assert row["members"] == int(
        (plain.partners["ks2"].counted(2019) & plain.schools["ks2"].has_cohort(2019)).sum()
    )
    assert row["neighbours"] > row["members"] and row["before_joining"] == 0
    assert all(r["neighbours"] == 0 for r in truth.schools_affected(plain))


def test_nothing_is_expected_of_members_where_nothing_was_planted(plain):
    for planned in truth.expected_gaps(plain):
        for part in ("effect_part", "selection_part", "intake_part"):
            assert planned[part] == 0
        if planned["group"] in ("disadvantaged", "others"):
            assert planned["gap"] == 0


def test_one_formula_serves_the_drawing_and_the_truth(plain):
    # Whoever is no member and lies in no neighbourhood is expected at the base.
    planted = expected.of_schools(
        READING, WORLDS["spill-over"], plain.schools["ks2"], plain.partners["ks2"], 2019
    )
    base = READING.base["others"]
    values = {round(float(v), 9) for v in planted["others"]}
    assert values == {base, round(base + 0.25, 9), round(base + 0.5, 9)}
