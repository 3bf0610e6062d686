import dataclasses
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.estimators.gap_to_rest import gap_to_rest


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
    # Each partner weighs a half and lies 1 from the mean of 5; two clusters double
    # (0.5 * 1)^2 + (0.5 * 1)^2 = 0.5 to 1. The rest likewise: 1 + 1 = 2.
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
    half = stats.t.ppf(0.975, 2) * math.sqrt(1 / 3)  # 3/2 * (1/9 + 0 + 1/9)
    assert (found.rest_low, found.rest_high) == pytest.approx((2 - half, 2 + half))


def closed_form(value, pupils, cluster):
    """V = G/(G-1) * the sum over clusters of (sum of w * (y - mean))^2, w = n / sum n."""
    weights = pupils / pupils.sum()
    mean = (weights * value).sum()
    scores = [
        (weights * (value - mean))[cluster == name].sum() ** 2 for name in set(cluster)
    ]
    count = len(scores)
    return mean, count / (count - 1) * sum(scores), count


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
def test_one_cluster_for_each_school_is_the_heteroskedastic_case(schools):
    value, pupils, is_partner, _ = schools
    found = gap_to_rest(value, pupils, is_partner, np.arange(len(value)).astype(object))
    variance = 0.0
    for side in (is_partner, ~is_partner):
        # HC1 is HC0 times N/(N-K); with a constant alone K is 1, and G is N.
        fit = sm.WLS(value[side], np.ones(side.sum()), weights=pupils[side])
        variance += float(fit.fit(cov_type="HC1").bse[0]) ** 2
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-6, abs=1e-9)


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
    # Four schools 1 from the mean: 4/3 * 4 * (1/4)^2 = 1/3. Two hubs: 2 * 2 * (1/2)^2 = 1.
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
