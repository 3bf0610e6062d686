import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from pipeline.estimators.nearest_neighbours import (
    NO_SCHOOL,
    NONE_WITHIN,
    match_nearest,
)


def match(partners, rest, strata=None, **settings):
    """Match schools given by one covariate; without a caliper unless one is given."""
    value = np.array([*partners, *rest], dtype=float)[:, None]
    own = np.arange(len(value)) < len(partners)
    return match_nearest(value, own, strata, **{"caliper": None, **settings})


def pairs(found):
    return list(zip(found.partner.tolist(), found.comparison.tolist(), strict=True))


def by_brute_force(values, own, neighbours):
    """Shares by scipy's own Mahalanobis distance, a partner at a time, ties shared."""
    within = sum(
        (values[s] - values[s].mean(0)).T @ (values[s] - values[s].mean(0))
        for s in (own, ~own)
    ) / (len(own) - 2)
    away = cdist(values[own], values[~own], "mahalanobis", VI=np.linalg.inv(within))
    weights = np.zeros(len(own))
    weights[own] = 1
    rest = np.flatnonzero(~own)
    for row in away:
        last = np.sort(row)[min(neighbours, len(row)) - 1]
        near, tied = row < last - 1e-8, np.abs(row - last) <= 1e-8
        places = min(neighbours, len(row))
        weights[rest[near]] += 1 / places
        weights[rest[tied]] += (places - near.sum()) / tied.sum() / places
    return weights


def test_each_partner_gets_the_school_that_is_nearest():
    found = match([1, 10], [0, 2.5, 9, 30], neighbours=1)
    assert pairs(found) == [(0, 2), (1, 4)]
    assert found.weights.tolist() == [1, 1, 1, 0, 1, 0]


def test_distance_is_in_pooled_standard_deviations_within_sides():
    # Deviations from the sides' means: 1, 1 and 2, 2, so the SD is sqrt(10/2).
    found = match([9, 11], [18, 22], neighbours=1)
    assert found.distance == pytest.approx([9 / np.sqrt(5), 7 / np.sqrt(5)])


def test_a_school_that_stands_for_two_partners_counts_twice():
    found = match([1, 1.5], [1, 40, 50], neighbours=1)
    assert found.weights.tolist() == [1, 1, 2, 0, 0]
    assert found.comparison_schools == 1
    assert found.effective_sample_size == 1
    assert found.largest_weight == 1


def test_shares_of_each_partner_add_up_to_one():
    found = match([1, 10], [0, 2, 9, 12, 13], neighbours=3)
    assert np.bincount(found.partner, weights=found.share)[:2] == pytest.approx([1, 1])
    assert found.weights[2:].sum() == pytest.approx(2)


def test_schools_that_are_equally_far_share_the_last_places():
    # The nearest has a place of its own; two at distance 2 share the other.
    found = match([10, 60], [10, 8, 12, 30, 60, 60], neighbours=2)
    assert found.weights[2:5] == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert found.weights[6:] == pytest.approx([1 / 2, 1 / 2])


def test_partners_are_matched_within_their_stratum_only():
    found = match([1, 1], [1, 5, 6], ["north", "south", "north", "south", "south"])
    assert pairs(found) == [(0, 2), (1, 3), (1, 4)]
    assert found.short == 2  # five were asked for


def test_a_partner_alone_in_its_stratum_is_told():
    found = match([1, 2], [1, 5], ["north", "isles", "north", "north"])
    assert found.unmatched == ((1, NO_SCHOOL),)
    assert found.left_out == {NO_SCHOOL: 1}
    assert found.weights[1] == 0
    assert found.matched_partners == 1


def test_a_partner_far_from_all_is_told():
    found = match([0, 100], [-1, 0, 1, 2], caliper=0.2)
    assert found.unmatched == ((1, NONE_WITHIN),)
    assert found.left_out == {NONE_WITHIN: 1}


def test_nobody_matched_is_a_result_and_not_an_error():
    found = match([100, 101], [0, 1], ["a", "a", "b", "b"])
    assert found.matched_partners == 0
    assert not found.weights.any()
    assert found.effective_sample_size == 0


def test_the_caliper_is_in_standard_deviations_of_the_score():
    # One covariate is its own score. Deviations 0, 0 and 2, 0, 2 over 5 - 2: variance 8/3.
    value, sd = np.array([0.0, 0, 1, 3, 5]), np.sqrt(8 / 3)
    own = np.array([True, True, False, False, False])
    for caliper, reached in ((0.99 / sd, 0), (1.0 / sd, 1), (2.99 / sd, 1), (3.0 / sd, 2)):
        found = match_nearest(value[:, None], own, neighbours=3, caliper=caliper)
        assert len(found.partner) == 2 * reached
    # On another score it is that score's own SD: 4 times as wide.
    found = match_nearest(
        value[:, None], own, caliper=1.0 / sd, caliper_on=4 * value + 7, neighbours=3
    )
    assert len(found.partner) == 2
    assert found.caliper_width == pytest.approx(4)


@pytest.mark.parametrize("covariates", [1, 3, 12])
@pytest.mark.parametrize("neighbours", [1, 5])
def test_it_is_brute_force_at_any_size(covariates, neighbours):
    rng = np.random.default_rng(covariates)
    values = rng.normal(size=(3_000, covariates)) @ rng.normal(
        size=(covariates, covariates)
    )
    values *= 10.0 ** rng.integers(-3, 4, covariates)
    values[7] *= 50  # one school far outside must not blur the others
    own = rng.random(3_000) < 0.05
    found = match_nearest(values, own, neighbours=neighbours, caliper=None)
    assert found.weights == pytest.approx(by_brute_force(values, own, neighbours))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=8, max_size=24),
    st.integers(1, 4),
    st.sampled_from([None, 0.5]),
    st.randoms(use_true_random=False),
)
def test_no_order_of_rows_decides_between_ties(points, neighbours, caliper, chance):
    values = np.array(points, dtype=float)
    own = np.arange(len(points)) % 3 == 0
    order = list(range(len(points)))
    chance.shuffle(order)
    try:
        first = match_nearest(values, own, neighbours=neighbours, caliper=caliper)
    except ValueError as refused:
        assert "does not vary" in str(refused) or "combination" in str(refused)
        return
    again = match_nearest(values[order], own[order], neighbours=neighbours, caliper=caliper)
    assert again.weights == pytest.approx(first.weights[order], abs=1e-9)
    if caliper is None:
        assert first.weights == pytest.approx(by_brute_force(values, own, neighbours))


def test_units_of_covariates_do_not_matter():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(200, 3))
    own = np.arange(200) < 20
    first = match_nearest(values, own)
    mixed = values @ rng.normal(size=(3, 3)) * 1000 + 5
    assert match_nearest(mixed, own).weights == pytest.approx(first.weights)


def test_what_cannot_be_matched_is_refused():
    rng = np.random.default_rng(1)
    own = np.arange(20) < 5
    values = rng.normal(size=(20, 2))
    twice = np.column_stack([values, values @ [2.0, -1.0]])
    still = np.column_stack([values, np.full(20, 0.1)])
    gone = values.copy()
    gone[3, 1] = np.nan
    for wrong, settings_, why in (
        (twice, {}, "covariate 3 is a combination"),
        (still, {}, "covariate 3 does not vary"),
        (gone, {}, "1 schools lack a covariate"),
        (values[:, :0], {}, "a column or more"),
        (values[:19], {}, "19 rows of covariates for 20"),
        (values, {"neighbours": 0}, "neighbours: a whole number from 1"),
        (values, {"neighbours": 2.5}, "neighbours: a whole number from 1"),
        (values, {"caliper": -1.0}, "positive"),
        (values, {"strata": ["a"] * 19}, "19 strata"),
        (values, {"strata": [None, *["a"] * 19]}, "1 schools have no stratum"),
        (values, {"caliper_on": np.ones(20)}, "does not vary"),
        (values, {"caliper_on": np.full(20, np.nan)}, "one finite number"),
    ):
        with pytest.raises(ValueError, match=why):
            match_nearest(wrong, own, **settings_)
    with pytest.raises(ValueError, match="two on each side"):
        match_nearest(values, np.arange(20) < 1)
