import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.disadvantaged_gap import disadvantaged_gap, split_gap

D = [-0.5, -0.2, -0.8, 0.1, -0.6, -0.3, -0.9, -0.4]
O = [0.2, 0.3, -0.1, 0.6, 0.1, 0.4, -0.2, 0.5]  # noqa: E741
N = [40, 25, 60, 10, 50, 30, 80, 20]
M = [120, 150, 70, 190, 90, 140, 60, 170]
PARTNER = np.arange(8) < 3
HUBS = ["A", "A", "B", "c", "d", "e", "f", "g"]


def test_groups_apart_in_every_school_alike_are_apart_within():
    # Everywhere 1 behind, and both groups in the same schools: all of it is within.
    split = split_gap([0, 2], [1, 3], [10, 10], [30, 30])
    assert (split.gap, split.within_schools, split.between_schools) == pytest.approx(
        (-1, -1, 0)
    )


def test_groups_alike_in_every_school_are_apart_between():
    # Both groups have 0 in one school and 4 in the other, to which a quarter of the
    # disadvantaged and three quarters of the others go: 1 against 3.
    split = split_gap([0, 4], [0, 4], [30, 10], [10, 30])
    assert (split.gap, split.within_schools, split.between_schools) == pytest.approx(
        (-2, 0, -2)
    )


def test_the_two_parts_can_be_done_in_the_head():
    # Shares 3/4, 1/4 and 1/4, 3/4; both schools weigh a half within: (-1 - 3)/2 = -2.
    # Between: 1/2 * (0 + 1)/2 - 1/2 * (1 + 4)/2 = 1/4 - 5/4 = -1. Gap: 1/4 - 13/4 = -3.
    split = split_gap([0, 1], [1, 4], [30, 10], [10, 30])
    assert (split.gap, split.within_schools, split.between_schools) == pytest.approx(
        (-3, -2, -1)
    )


def test_a_school_with_one_group_counts_between_schools_only():
    # The second school has no disadvantaged pupils: what stands as their figure is
    # not looked at. Others: (1 + 5)/2 = 3, so the gap is -3.
    for unseen in (np.nan, 99.0):
        split = split_gap([0, unseen], [1, 5], [10, 0], [10, 10])
        assert split.gap == pytest.approx(-3)
        assert split.within_schools == pytest.approx((1 + 1 / 2) / 2 * -1)
        assert split.between_schools == pytest.approx(1 / 2 * (0 + 1) / 2 - 1 / 2 * 5)


@st.composite
def schools(draw, least=1):
    size = draw(st.integers(least, 12))

    def column(low, high):
        return np.array(
            draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
        )

    return column(-300, 300) / 100, column(-300, 300) / 100, column(1, 90), column(1, 90)


@given(schools())
def test_the_parts_add_up_to_the_gap_exactly(given_schools):
    d, o, n, m = given_schools
    split = split_gap(d, o, n, m)
    assert split.gap == split.within_schools + split.between_schools
    gap = np.average(d, weights=n) - np.average(o, weights=m)
    assert split.gap == pytest.approx(gap, abs=1e-12)


@given(schools())
def test_exchanging_the_groups_turns_both_signs(given_schools):
    d, o, n, m = given_schools
    before, after = split_gap(d, o, n, m), split_gap(o, d, m, n)
    assert after.within_schools == pytest.approx(-before.within_schools, abs=1e-12)
    assert after.between_schools == pytest.approx(-before.between_schools, abs=1e-12)


@given(schools(), st.sampled_from([-2.0, 10.0]))
def test_level_changes_neither_part_and_unit_both(given_schools, unit):
    d, o, n, m = given_schools
    before, after = split_gap(d, o, n, m), split_gap(unit * d + 7, unit * o + 7, n, 3 * m)
    assert after.within_schools == pytest.approx(unit * before.within_schools, abs=1e-9)
    assert after.between_schools == pytest.approx(unit * before.between_schools, abs=1e-9)


@given(schools())
def test_splitting_a_school_into_two_alike_changes_neither_part(given_schools):
    d, o, n, m = given_schools
    twice = [np.concatenate([column, column[:1]]).astype(float) for column in (d, o, n, m)]
    for column in twice[2:]:
        column[0] /= 2
        column[-1] /= 2
    before, after = split_gap(d, o, n, m), split_gap(*twice)
    assert after.within_schools == pytest.approx(before.within_schools, abs=1e-12)
    assert after.between_schools == pytest.approx(before.between_schools, abs=1e-12)


def test_gaps_and_errors_are_those_of_clubsandwich():
    """One fit of both groups: f <- lm(y ~ dis * partner, weights = pupils), by hub.

    coef_test(f, vcovCR(f, hub, "CR2"), test = "Satterthwaite") of clubSandwich 0.5.8: dis is
    the gap of the rest, dis:partner how much wider or narrower partners' is.
    """
    found = disadvantaged_gap(D, O, N, M, PARTNER, HUBS)
    own, rest, apart = found.partners.gap, found.rest.gap, found.partners_less_rest
    assert own.difference == pytest.approx(-0.7663529411765)
    assert own.standard_error == pytest.approx(0.1089888211553, rel=1e-10)
    assert own.degrees_of_freedom == pytest.approx(1.161516428247, rel=1e-9)
    assert rest.difference == pytest.approx(-1.0087449392713)
    assert rest.standard_error == pytest.approx(0.1474655653562, rel=1e-10)
    assert apart.difference == pytest.approx(0.2423919980948)
    assert apart.standard_error == pytest.approx(0.1833702704984, rel=1e-10)
    assert apart.degrees_of_freedom == pytest.approx(2.853048649769, rel=1e-9)
    assert apart.low < apart.difference < apart.high


def test_partners_disadvantaged_against_all_others_of_the_nation():
    # lm(y ~ dis) of partners' disadvantaged and everyone's others, weights = pupils.
    found = disadvantaged_gap(D, O, N, M, PARTNER, HUBS).to_others_nationally
    assert found.difference == pytest.approx(-0.9011717171717)
    assert found.standard_error == pytest.approx(0.21135329030829, rel=1e-10)
    assert found.degrees_of_freedom == pytest.approx(1.667563253291, rel=1e-9)


def test_means_counts_and_parts_stand_beside():
    found = disadvantaged_gap(D, O, N, M, PARTNER, HUBS).partners
    assert found.disadvantaged == pytest.approx(np.average(D[:3], weights=N[:3]))
    assert found.others == pytest.approx(np.average(O[:3], weights=M[:3]))
    assert found.within_schools + found.between_schools == found.gap.difference
    assert (found.schools, found.clusters, found.schools_with_one_group) == (3, 2, 0)
    assert (found.disadvantaged_pupils, found.other_pupils) == (125, 340)


def test_a_school_lifts_both_groups_so_that_their_gap_is_surer_than_their_means():
    rng = np.random.default_rng(1)
    level = rng.normal(size=60)
    noise = rng.normal(size=60) / 100
    member = np.arange(60) < 30
    found = disadvantaged_gap(
        level - 1 + noise, level, np.full(60, 20), np.full(60, 80), member, np.arange(60)
    )
    assert found.partners.gap.standard_error < 0.01
    assert found.to_others_nationally.standard_error > 0.1


@settings(max_examples=25, deadline=None)
@given(schools(least=4), st.randoms(use_true_random=False))
def test_order_and_level_of_schools_do_not_matter(given_schools, random):
    columns = [*given_schools, np.arange(len(given_schools[0])) < 2]
    names = np.arange(len(columns[0]))
    before = disadvantaged_gap(*columns, names)
    order = list(range(len(names)))
    random.shuffle(order)
    d, o, *others = (column[order] for column in columns)
    after = disadvantaged_gap(d + 5, o + 5, *others, names[order])
    for name in ("partners_less_rest", "to_others_nationally"):
        one, two = getattr(before, name), getattr(after, name)
        assert two.difference == pytest.approx(one.difference, abs=1e-9)
        assert two.standard_error == pytest.approx(one.standard_error, rel=1e-5, abs=1e-7)


def test_one_hub_gives_a_gap_and_no_interval():
    found = disadvantaged_gap(D, O, N, M, PARTNER, ["A", "A", "A", *HUBS[3:]])
    assert found.partners.gap.difference == pytest.approx(-0.7663529411765)
    assert found.partners.gap.standard_error is None
    assert found.partners_less_rest.low is None
    assert found.to_others_nationally.low is None
    assert found.rest.gap.low is not None


def test_a_group_in_one_hub_alone_gives_no_interval():
    pupils = [40, 25, 0, *N[3:]]
    found = disadvantaged_gap(D, O, pupils, M, PARTNER, HUBS)
    assert found.partners.gap.low is None
    assert found.partners.schools_with_one_group == 1


def test_schools_with_one_group_have_no_row_for_the_other():
    pupils, figures = [*N[:3], 0, *N[4:]], [*D[:3], np.nan, *D[4:]]
    found = disadvantaged_gap(figures, O, pupils, M, PARTNER, HUBS)
    assert found.rest.schools_with_one_group == 1
    assert found.rest.disadvantaged == pytest.approx(np.average(D[4:], weights=N[4:]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"disadvantaged": [np.nan, *D[1:]]},
            "1 schools have pupils of a group and no figure",
        ),
        ({"others": [np.inf, *O[1:]]}, "1 schools have pupils of a group and no figure"),
        ({"disadvantaged_pupils": [-1, *N[1:]]}, "1 schools have no number of pupils"),
        ({"disadvantaged_pupils": [0] * 8}, "no disadvantaged pupils: nothing"),
        ({"other_pupils": [0] * 8}, "no other pupils: nothing"),
        ({"disadvantaged_pupils": [0] * 3 + N[3:]}, "no pupils among partners or among"),
        ({"others": O[1:]}, "one entry per school"),
        ({"others": ["a"] * 8}, "numbers expected"),
        ({"is_partner": [True] * 8}, "no school among the rest"),
        ({"is_partner": [False] * 8}, "no school among the partners"),
        ({"is_partner": [1] * 8}, "true or false"),
        ({"is_partner": PARTNER[1:]}, "one entry per school"),
        ({"cluster": [None, *HUBS[1:]]}, "1 schools have no cluster"),
        ({"cluster": ["A", "A", "B", "A", *HUBS[4:]]}, "1 clusters stand on both sides"),
        ({"confidence_level": 0}, "a level between 0 and 1"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_sentence(change, sentence):
    asked = {
        "disadvantaged": D,
        "others": O,
        "disadvantaged_pupils": N,
        "other_pupils": M,
        "is_partner": PARTNER,
        "cluster": np.array(HUBS, dtype=object),
    }
    with pytest.raises(ValueError, match=sentence):
        disadvantaged_gap(**asked | change)
