import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.estimators.gap_to_rest import gap_to_rest, leave_out_gap
from pipeline.estimators.randomisation import randomise_members, weighted_gap
from pipeline.estimators.shuffled_gaps import shuffled_gaps


def gap(partners, rest, *, pupils=None, hubs=None, **settings):
    """Compare schools given as lists of values; each has 10 pupils and its own cluster."""
    value = np.array([*partners, *rest], dtype=float)
    size = len(value)
    return gap_to_rest(
        value,
        np.full(size, 10.0) if pupils is None else np.array(pupils, dtype=float),
        np.arange(size) < len(partners),
        np.array([f"school {n}" for n in range(size)] if hubs is None else hubs, object),
        **settings,
    )


def test_the_gap_is_partners_minus_rest():
    found = gap([4, 6], [1, 3])  # partners 5 on average, the rest 2
    assert (found.partners, found.rest, found.gap) == pytest.approx((5, 2, 3))


def test_a_school_counts_as_often_as_it_has_pupils():
    found = gap([0, 4], [1, 1], pupils=[30, 10, 5, 5])  # a quarter of the pupils has 4
    assert found.partners == pytest.approx(1)
    assert found.partner_pupils == 40
    assert found.rest_pupils == 10


def test_the_variance_of_two_equal_schools_can_be_done_in_the_head():
    # Each partner weighs a half and lies 1 from the mean of 5. Its leverage of a half
    # doubles (0.5 * 1)^2 + (0.5 * 1)^2 = 0.5 to 1. The rest likewise: 1 + 1 = 2.
    found = gap([4, 6], [1, 3])
    assert found.standard_error == pytest.approx(math.sqrt(2))
    # Two sides with one degree of freedom and equal variances have two together.
    assert found.degrees_of_freedom == pytest.approx(2)
    half = stats.t.ppf(0.975, 2) * math.sqrt(2)
    assert (found.low, found.high) == pytest.approx((3 - half, 3 + half))


def test_each_side_has_its_own_interval_with_its_clusters_less_one():
    found = gap([4, 6], [1, 2, 3])
    half = stats.t.ppf(0.975, 1) * 1.0
    assert (found.partners_low, found.partners_high) == pytest.approx((5 - half, 5 + half))
    half = stats.t.ppf(0.975, 2) * math.sqrt(1 / 3)  # (1/9 + 0 + 1/9) / (1 - 1/3)
    assert (found.rest_low, found.rest_high) == pytest.approx((2 - half, 2 + half))


def closed_form(value, pupils, cluster):
    """CR2 of a mean, with q = n / sum n: B_g = I - 1 q' - q 1' + (sum of q^2) 1 1'."""
    q = pupils / pupils.sum()
    mean = (q * value).sum()
    variance = 0.0
    for name in set(cluster):
        own = cluster == name
        one = np.ones(own.sum())
        b = np.eye(own.sum()) - np.outer(one, q[own]) - np.outer(q[own], one)
        values, vectors = np.linalg.eigh(b + (q**2).sum() * np.outer(one, one))
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        variance += (q[own] @ root @ (value[own] - mean)) ** 2
    return mean, variance, len(set(cluster))


@st.composite
def sides(draw):
    """Draw two sides of schools in hubs, none of which stands on both."""
    parts = []
    for side in ("partners", "rest"):
        hubs = draw(st.lists(st.integers(1, 4), min_size=2, max_size=6))
        cluster = [f"{side} {n}" for n, schools in enumerate(hubs) for _ in range(schools)]
        size = len(cluster)
        value = draw(st.lists(st.integers(-300, 300), min_size=size, max_size=size))
        pupils = draw(st.lists(st.integers(1, 300), min_size=size, max_size=size))
        parts.append((np.array(value) / 100, np.array(pupils, float), np.array(cluster)))
    (v, n, c), (v2, n2, c2) = parts
    is_partner = np.arange(len(v) + len(v2)) < len(v)
    return (
        np.concatenate([v, v2]),
        np.concatenate([n, n2]),
        is_partner,
        np.concatenate([c, c2]).astype(object),
    )


def numbers(found):
    return [np.nan if v is None else v for v in dataclasses.astuple(found)]


@given(sides())
def test_it_equals_the_closed_form(schools):
    value, pupils, is_partner, cluster = schools
    found = gap_to_rest(*schools)
    own, own_variance, own_clusters = closed_form(
        value[is_partner], pupils[is_partner], cluster[is_partner]
    )
    rest, rest_variance, rest_clusters = closed_form(
        value[~is_partner], pupils[~is_partner], cluster[~is_partner]
    )
    assert found.gap == pytest.approx(own - rest, abs=1e-9)
    error = math.sqrt(own_variance + rest_variance)
    assert found.standard_error == pytest.approx(error, rel=1e-6, abs=1e-9)
    assert (found.partner_clusters, found.rest_clusters) == (own_clusters, rest_clusters)


@given(sides())
def test_one_cluster_for_each_school_divides_by_what_leverage_leaves(schools):
    value, pupils, is_partner, _ = schools
    found = gap_to_rest(value, pupils, is_partner, np.arange(len(value)).astype(object))
    variance = 0.0
    for side in (is_partner, ~is_partner):
        q = pupils[side] / pupils[side].sum()
        residual = value[side] - (q * value[side]).sum()
        variance += (q**2 * residual**2 / (1 - 2 * q + (q**2).sum())).sum()
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-6, abs=1e-9)


def test_unequal_schools_give_the_answer_of_clubsandwich():
    """The gap, SE and df as clubSandwich 0.5.8 has them, here of ten schools.

    f <- lm(v ~ p, weights = n); coef_test(f, vcovCR(f, g, "CR2")), and "CR3" for the last.
    """
    value = [0.31, -0.12, 0.44, 0.05, 0.27, -0.20, 0.11, 0.02, -0.35, 0.08]
    pupils = [180, 95, 210, 60, 150, 120, 240, 33, 170, 99]
    hubs = ["A", "A", "B", "C", "d", "e", "e", "f", "g", "h"]
    found = gap(value[:4], value[4:], pupils=pupils, hubs=hubs)
    assert found.gap == pytest.approx(0.2663906087585303, rel=1e-10)
    assert found.standard_error == pytest.approx(0.154566323097683, rel=1e-10)
    assert found.degrees_of_freedom == pytest.approx(2.6146717349217, rel=1e-10)
    assert found.cr3_standard_error == pytest.approx(0.18899911028110, rel=1e-10)


def test_the_interval_by_cr3_has_its_own_error_and_the_same_degrees_of_freedom():
    # A school with leverage 1/2 moves the mean by 1 when it is left out: 1 + 1, twice.
    found = gap([4, 6], [1, 3])
    assert found.cr3_standard_error == pytest.approx(2)
    half = stats.t.ppf(0.975, 2) * 2
    assert (found.cr3_low, found.cr3_high) == pytest.approx((3 - half, 3 + half))


@given(sides())
def test_cr3_is_not_narrower_than_cr2_where_each_school_is_a_cluster(schools):
    value, pupils, is_partner, _ = schools
    equal = np.full(len(pupils), 10.0)
    found = gap_to_rest(value, equal, is_partner, np.arange(len(value)).astype(object))
    assert found.cr3_low <= found.low + 1e-12
    assert found.cr3_high >= found.high - 1e-12


def test_five_partners_beside_thousands_have_four_degrees_of_freedom():
    value = np.sin(np.arange(3005))
    found = gap(value[:5], value[5:])
    assert found.degrees_of_freedom == pytest.approx(4, abs=0.02)


@given(sides(), st.randoms(use_true_random=False))
def test_the_order_of_schools_does_not_matter(schools, random):
    order = list(range(len(schools[0])))
    random.shuffle(order)
    again = gap_to_rest(*(column[order] for column in schools))
    assert numbers(again) == pytest.approx(
        numbers(gap_to_rest(*schools)), rel=1e-6, abs=1e-9, nan_ok=True
    )


@given(sides(), st.integers(-50, 50))
def test_the_same_for_all_schools_changes_no_gap(schools, constant):
    value, *others = schools
    before, after = gap_to_rest(*schools), gap_to_rest(value + constant, *others)
    assert after.partners == pytest.approx(before.partners + constant, abs=1e-9)
    assert after.gap == pytest.approx(before.gap, abs=1e-9)
    assert after.standard_error == pytest.approx(before.standard_error, rel=1e-5, abs=1e-7)


@given(sides(), st.sampled_from([-2.0, 0.1, 10.0]))
def test_another_unit_rescales_everything(schools, factor):
    value, *others = schools
    before, after = gap_to_rest(*schools), gap_to_rest(value * factor, *others)
    assert after.gap == pytest.approx(before.gap * factor, abs=1e-9)
    assert after.standard_error == pytest.approx(
        before.standard_error * abs(factor), rel=1e-6, abs=1e-9
    )


@given(sides(), st.sampled_from([2.0, 7.0]))
def test_more_pupils_in_every_school_are_no_further_evidence(schools, factor):
    value, pupils, *others = schools
    before, after = gap_to_rest(*schools), gap_to_rest(value, pupils * factor, *others)
    assert after.gap == pytest.approx(before.gap, abs=1e-9)
    assert after.standard_error == pytest.approx(before.standard_error, rel=1e-6, abs=1e-9)


@given(sides())
def test_exchanging_the_sides_turns_the_sign(schools):
    value, pupils, is_partner, cluster = schools
    before, after = gap_to_rest(*schools), gap_to_rest(value, pupils, ~is_partner, cluster)
    assert after.gap == pytest.approx(-before.gap, abs=1e-12)
    assert (after.low, after.high) == pytest.approx(
        (-before.high, -before.low), rel=1e-6, abs=1e-9
    )


@given(sides())
def test_a_wider_level_holds_the_narrower(schools):
    narrow = gap_to_rest(*schools, confidence_level=0.8)
    wide = gap_to_rest(*schools, confidence_level=0.99)
    assert wide.low <= narrow.low <= narrow.gap <= narrow.high <= wide.high


@given(sides())
def test_leaving_partners_out_stretches_the_gap_by_their_share(schools):
    """The gap to the rest is the gap to the nation divided by 1 - share of pupils."""
    value, pupils, is_partner, _ = schools
    found = gap_to_rest(*schools)
    national = (value * pupils).sum() / pupils.sum()
    share = pupils[is_partner].sum() / pupils.sum()
    assert found.gap == pytest.approx((found.partners - national) / (1 - share), abs=1e-8)


def test_schools_of_one_hub_are_one_piece_of_evidence():
    apart = gap([4, 4, 6, 6], [1, 3])
    together = gap([4, 4, 6, 6], [1, 3], hubs=["A", "A", "B", "B", "x", "y"])
    # Four schools 1 from the mean: 4 * (1/4)^2 / (3/4) = 1/3. Two hubs: 2 (1/2)^2 / (1/2).
    assert apart.standard_error == pytest.approx(math.sqrt(1 / 3 + 1))
    assert together.standard_error == pytest.approx(math.sqrt(1 + 1))
    assert together.partner_clusters == 2
    assert together.gap == apart.gap


def test_one_cluster_gives_a_gap_and_no_interval():
    found = gap([4, 6], [1, 3], hubs=["A", "A", "x", "y"])
    assert found.gap == pytest.approx(3)
    assert (found.low, found.high, found.standard_error) == (None, None, None)
    assert (found.partners_low, found.partners_high) == (None, None)
    assert found.rest_low is not None


def test_one_other_school_gives_a_gap_and_no_interval():
    found = gap([4, 6], [2])
    assert found.gap == pytest.approx(3)
    assert (found.low, found.rest_low) == (None, None)
    assert found.partners_low is not None


def test_schools_that_are_all_alike_leave_no_doubt():
    found = gap([5, 5], [2, 2])
    assert (found.low, found.gap, found.high) == pytest.approx((3, 3, 3))
    assert found.standard_error == pytest.approx(0, abs=1e-12)


def test_the_departments_interval_by_hand():
    # 100 partner pupils and 300 others: sqrt(1/100 + 1/300) = 0.11547; 1.96 * 1.2 * that.
    found = gap([1, 1], [0, 0], pupils=[50, 50, 100, 200], pupil_sd=1.2)
    half = 1.96 * 1.2 * math.sqrt(1 / 100 + 1 / 300)
    assert (found.dfe_low, found.dfe_high) == pytest.approx((1 - half, 1 + half))
    assert half == pytest.approx(0.2716, abs=1e-4)


def test_the_departments_interval_does_not_know_other_levels():
    wide = gap([1, 2], [0, 1], pupil_sd=1.2, confidence_level=0.99)
    narrow = gap([1, 2], [0, 1], pupil_sd=1.2, confidence_level=0.8)
    assert (wide.dfe_low, wide.dfe_high) == (narrow.dfe_low, narrow.dfe_high)


def test_without_a_pupil_sd_there_is_no_departments_interval():
    found = gap([1, 2], [0, 1])
    assert (found.dfe_low, found.dfe_high) == (None, None)


def test_schools_without_a_value_are_refused():
    with pytest.raises(ValueError, match="1 schools have no value"):
        gap([4, np.nan], [1, 3])


@pytest.mark.parametrize("pupils", [0, -1, np.nan])
def test_schools_without_pupils_are_refused(pupils):
    with pytest.raises(ValueError, match="1 schools have no pupils"):
        gap([4, 6], [1, 3], pupils=[10, 10, 10, pupils])


def test_a_side_without_schools_is_refused():
    with pytest.raises(ValueError, match="no school among the rest"):
        gap([4, 6], [])
    with pytest.raises(ValueError, match="no school among the partners"):
        gap([], [1, 3])


def test_a_cluster_on_both_sides_is_refused():
    with pytest.raises(ValueError, match="1 clusters stand on both sides, such as 'A'"):
        gap([4, 6], [1, 3], hubs=["A", "B", "A", "C"])


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one entry per school expected"):
        gap([4, 6], [1, 3], pupils=[10, 10, 10])


def test_an_infinite_value_is_refused():
    with pytest.raises(ValueError, match="1 schools have no value"):
        gap([4, np.inf], [1, 3])


def test_the_gap_to_the_nation_is_stretched_to_the_gap_to_the_rest():
    # Partners 5 with a quarter of the pupils, the rest 1: nation 2, 3 ahead of it.
    assert leave_out_gap(3, 0.25) == pytest.approx(4)
    assert leave_out_gap(3, 0) == 3


@pytest.mark.parametrize("share", [1, -0.1, 2, np.nan])
def test_partners_that_are_the_nation_have_no_rest(share):
    with pytest.raises(ValueError, match="from 0 to below 1"):
        leave_out_gap(3, share)
    with pytest.raises(ValueError, match="not a finite number"):
        leave_out_gap(np.nan, 0.5)


def test_without_draws_there_is_no_randomisation_p():
    assert gap([4, 6], [1, 3]).randomisation_p is None


def test_randomisation_p_of_the_two_best_of_four_can_be_counted():
    # 6 pairs of 4 schools; one has a gap as high: a tail of 1/6, twice is 1/3.
    found = gap([4, 6], [1, 3], draws=20_000)
    assert found.randomisation_p == pytest.approx(1 / 3, abs=0.02)


def test_randomisation_p_is_never_zero():
    # No random set of 10 in 1,000 will be the 10 best: one added to no draw and to 99.
    found = gap(range(990, 1000), range(990), draws=99)
    assert found.randomisation_p == pytest.approx(2 * 1 / 100)


def test_schools_are_exchanged_within_strata_only():
    """Partners are secondaries, which are all 10 ahead: among their like they are usual."""
    value = [10, 12, 11, 13, 9, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    strata = ["secondary"] * 5 + ["primary"] * 10
    usual = gap(value[:2], value[2:], draws=4000, strata=strata)
    assert usual.randomisation_p > 0.5
    assert gap(value[:2], value[2:], draws=4000).randomisation_p < 0.25


def test_strata_without_another_school_leave_nothing_to_exchange():
    found = gap([4, 6], [1, 3], draws=9, strata=["a", "a", "b", "b"])
    assert found.randomisation_p is None


def england(size, partners, seed):
    rng = np.random.default_rng(seed)
    is_partner = np.zeros(size, dtype=bool)
    is_partner[rng.choice(size, partners, replace=False)] = True
    strata = rng.choice(["n", "s", "e"], size)
    return rng.normal(size=size), rng.integers(5, 300, size) * 1.0, is_partner, strata


@pytest.mark.parametrize("partners", [40, 160])  # fewer and more than half
def test_the_draws_are_those_of_shuffled_labels(partners):
    value, pupils, is_partner, strata = england(200, partners, 3)
    drawn = shuffled_gaps(value, pupils, is_partner, strata, draws=20_000, seed=1)
    peer = randomise_members(
        is_partner, weighted_gap(value, pupils), strata=strata, draws=20_000, seed=2
    )
    points = [0.025, 0.25, 0.5, 0.75, 0.975]
    spread = drawn.std()
    assert np.quantile(drawn, points) == pytest.approx(
        np.quantile(peer.null, points), abs=0.05 * spread
    )
    found = gap_to_rest(
        value, pupils, is_partner, np.arange(200), draws=20_000, strata=strata
    )
    assert found.randomisation_p == pytest.approx(peer.p_value, abs=0.02)


def test_the_same_seed_gives_the_same_p_whatever_the_order():
    value, pupils, is_partner, strata = england(300, 60, 4)
    names = np.arange(300)
    settings_of = {"draws": 500, "seed": 7}
    first = gap_to_rest(value, pupils, is_partner, names, strata=strata, **settings_of)
    order = np.random.default_rng(5).permutation(300)
    again = gap_to_rest(
        value[order],
        pupils[order],
        is_partner[order],
        names[order],
        strata=strata[order],
        **settings_of,
    )
    assert again.randomisation_p == first.randomisation_p
    other = gap_to_rest(value, pupils, is_partner, names, strata=strata, draws=500, seed=8)
    assert other.randomisation_p != first.randomisation_p


def test_every_set_of_schools_is_as_likely_to_be_drawn():
    value = np.array([1.0, 2, 4, 8, 16])
    member = np.array([True, True, False, False, False])
    drawn = shuffled_gaps(value, np.ones(5), member, None, draws=50_000, seed=0)
    times = np.unique(drawn.round(6), return_counts=True)[1]
    assert len(times) == 10  # each pair of the five has its own gap
    assert times / 50_000 == pytest.approx(np.full(10, 0.1), abs=0.007)


@settings(max_examples=20, deadline=None)
@given(sides())
def test_unit_and_level_do_not_change_randomisation_p(schools):
    value, *others = schools
    before = gap_to_rest(*schools, draws=200).randomisation_p
    after = gap_to_rest(4 * value + 16, *others, draws=200).randomisation_p
    assert after == pytest.approx(before)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"strata": ["a", "b"], "draws": 9}, "one stratum label per school"),
        ({"strata": ["a", None, "b", "b"], "draws": 9}, "1 schools have no stratum"),
        ({"draws": -1}, "draws: a whole number from 0"),
        ({"draws": 1.5}, "draws: a whole number from 0"),
        ({"draws": 9, "seed": -1}, "seed: a whole number from 0"),
        ({"pupil_sd": "1.2"}, "pupil SD must be positive"),
        ({"pupil_sd": 0.0}, "pupil SD must be positive"),
        ({"pupil_sd": np.nan}, "pupil SD must be positive"),
        ({"confidence_level": 95}, "confidence_level: a number between 0 and 1"),
        ({"hubs": ["a", None, "c", "d"]}, "1 schools have no cluster"),
        ({"pupils": [10, 10, 10, np.inf]}, "1 schools have no pupils"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        gap([4, 6], [1, 3], **change)


@pytest.mark.parametrize(
    ("value", "is_partner", "sentence"),
    [
        (["a", "b", "c"], [True, False, False], "value must hold numbers only"),
        ([[1.0], [2.0], [3.0]], [True, False, False], "one entry per school"),
        (1.0, True, "one entry per school"),
        ([1.0, 2.0, 3.0], [1.0, 0.0, np.nan], "membership is not known"),
        ([1.0, 2.0, 3.0], [2, 0, 0], "membership is not known"),
    ],
)
def test_what_is_no_list_of_schools_is_refused(value, is_partner, sentence):
    with pytest.raises(ValueError, match=sentence):
        gap_to_rest(value, [10, 10, 10], is_partner, ["a", "b", "c"])


@pytest.mark.parametrize("level", [0.1, 0.7, 55.5])
def test_schools_that_are_all_alike_have_no_gap_and_a_p_of_one(level):
    pupils = np.random.default_rng(0).integers(10, 200, 60)
    found = gap_to_rest(
        np.full(60, level), pupils, np.arange(60) < 20, np.arange(60), draws=99
    )
    assert found.gap == 0
    assert found.randomisation_p == 1


def test_adding_a_constant_leaves_the_randomisation_p_as_it_is():
    value, member = np.array([1, 2, 3, 4, 5, 6.3]), np.array([1, 1, 1, 0, 0, 0], bool)
    pupils = np.array([7, 11, 13, 17, 19, 23.0])
    found = {
        gap_to_rest(value + far, pupils, member, np.arange(6), draws=999).randomisation_p
        for far in (0, 0.1, 1e6, 1e9)
    }
    assert len(found) == 1
