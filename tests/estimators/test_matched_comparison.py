from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from pipeline.estimators.cluster_robust import weighted_least_squares
from pipeline.estimators.matched_comparison import change_on_change, entropy_balance


@pytest.fixture(scope="module")
def lalonde():
    """185 trainees and 429 others, as in R's MatchIt (Dehejia and Wahba 1999)."""
    people = pd.read_csv(Path(__file__).parent / "lalonde.csv")
    for race in ("black", "hispan"):
        people[race] = (people["race"] == race).astype(float)
    return people.drop(columns="race")


def covariates_of(people):
    return people.drop(columns=["treat", "re78"])


# Entropy balancing


def test_lalonde_has_the_published_effect_and_effective_sample_size(lalonde):
    # R: weightit(treat ~ age + educ + race + married + nodegree + re74 + re75,
    #             data = lalonde, method = "ebal", estimand = "ATT")
    # Its summary gives an effective sample of 98.46; the difference in re78 is 1273.26.
    treated = lalonde["treat"] == 1
    x = covariates_of(lalonde)
    found = entropy_balance(x[~treated], x[treated].mean())
    effect = lalonde["re78"][treated].mean() - found.weights @ lalonde["re78"][~treated]
    assert effect == pytest.approx(1273.26, abs=0.005)
    assert found.effective_sample_size == pytest.approx(98.46, abs=0.005)
    assert found.max_imbalance < 7e-9
    assert found.weights.sum() == pytest.approx(1)


def test_one_covariate_is_exponential_tilting_that_can_be_done_in_the_head():
    # Weights are proportional to 1, t, t^2 at 0, 1, 2; at t = 2: 1, 2, 4 of 7, mean 10/7.
    found = entropy_balance([[0], [1], [2]], [10 / 7])
    assert found.weights == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    assert found.effective_sample_size == pytest.approx(49 / 21)
    assert found.largest_weight == pytest.approx(4 / 7)


def test_targets_that_are_met_already_leave_the_base_weights():
    found = entropy_balance([[0], [1], [2]], [1.25], base_weights=[1, 1, 2])
    assert found.weights == pytest.approx([0.25, 0.25, 0.5])


def test_a_school_without_base_weight_gets_none():
    found = entropy_balance([[0], [1], [0.9]], [0.5], base_weights=[1, 1, 0])
    assert found.weights == pytest.approx([0.5, 0.5, 0])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_it_is_the_minimum_that_scipy_finds(seed, covariates):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(12, covariates))
    base = rng.uniform(0.5, 2, 12)
    base /= base.sum()
    target = rng.dirichlet(np.full(12, 2.0)) @ x  # inside what they can reach
    found = entropy_balance(x, target, base)
    bound = [{"type": "eq", "fun": lambda w: np.r_[w.sum() - 1, w @ x - target]}]
    peer = optimize.minimize(
        lambda w: w @ np.log(w / base),
        base,
        jac=lambda w: np.log(w / base) + 1,
        bounds=[(1e-12, 1)] * 12,
        constraints=bound,
        options={"maxiter": 500, "ftol": 1e-14},
    )
    assert found.weights @ np.log(found.weights / base) <= peer.fun + 1e-9
    assert found.weights @ x == pytest.approx(target, abs=1e-9)
    if peer.success:
        assert found.weights == pytest.approx(peer.x, abs=1e-4)


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3), st.floats(-100, 100))
@settings(max_examples=20, deadline=None)
def test_units_order_and_doubling_do_not_matter(seed, scale, shift):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, 2))
    target = np.array([0.2, -0.1])
    first = entropy_balance(x, target).weights
    order = rng.permutation(30)
    again = entropy_balance(x[order] * scale + shift, target * scale + shift).weights
    assert again == pytest.approx(first[order], rel=1e-6, abs=1e-9)
    doubled = entropy_balance(np.vstack([x, x]), target).weights
    assert doubled[:30] + doubled[30:] == pytest.approx(first, rel=1e-6, abs=1e-9)


def test_a_column_given_twice_changes_nothing():
    rng = np.random.default_rng(3)
    x, target = rng.normal(size=(40, 2)), np.array([0.3, 0.1])
    plain = entropy_balance(x, target).weights
    extra = np.column_stack([x, x @ [1.0, 2.0], np.ones(40)])
    bound = entropy_balance(extra, [*target, 0.5, 1.0])
    assert bound.weights == pytest.approx(plain)
    with pytest.raises(ValueError, match="bound together"):
        entropy_balance(extra, [*target, 0.7, 1.0])
    with pytest.raises(ValueError, match="covariate 4: 2 is not between 1 and 1"):
        entropy_balance(extra, [*target, 0.5, 2.0])


def test_a_target_on_the_edge_is_met_by_the_schools_on_the_edge():
    # No partner is selective: selective schools get no weight.
    found = entropy_balance([[0, 1], [0, 3], [1, 1], [1, 3]], [0, 1.5])
    assert found.weights == pytest.approx([0.75, 0.25, 0, 0], abs=1e-9)


def test_a_target_outside_what_controls_can_reach_is_refused():
    corner = [[0, 0], [1, 0], [0, 1]]
    with pytest.raises(ValueError, match="covariate 1: 2 is not between 0 and 1"):
        entropy_balance(corner, [2, 0.5])
    # Each within its range; together outside the triangle.
    with pytest.raises(ValueError, match="all 2 covariates together"):
        entropy_balance(corner, [0.6, 0.6])
    with pytest.raises(ValueError):
        entropy_balance(corner, [0.5 + 1e-6, 0.5 + 1e-6])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.booleans())
def test_it_refuses_exactly_where_linear_programming_finds_no_weights(seed, columns, whole):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rng.integers(columns + 1, 15), columns))
    target = 0.6 * rng.normal(size=columns)
    if whole:  # many ties, targets on edges and corners
        x, target = np.round(x), np.round(target)
    bound = np.vstack([(x - target).T, np.ones(len(x))])
    peer = optimize.linprog(
        np.zeros(len(x)), A_eq=bound, b_eq=np.r_[np.zeros(columns), 1], method="highs"
    )
    if peer.status == 0:
        assert entropy_balance(x, target).weights @ x == pytest.approx(target, abs=1e-7)
    else:
        with pytest.raises(ValueError, match="reach|bound together"):
            entropy_balance(x, target)


def test_weights_that_rest_on_a_few_schools_are_said_to_collapse():
    found = entropy_balance(np.arange(100.0)[:, None], [95])
    assert "one comparison school carries 20%" in found.collapsed(1)
    assert "fewer than 40 for 20 partners" in found.collapsed(20)
    assert entropy_balance(np.arange(100.0)[:, None], [50]).collapsed(40) is None


@pytest.mark.parametrize(
    ("controls", "target", "base", "why"),
    [
        ([[1.0], [np.nan]], [1], None, "1 controls"),
        ([[1.0], [2.0]], [np.inf], None, "a target have a missing or infinite"),
        ([[1.0], [2.0]], [1, 2], None, "a mean for each of its columns"),
        (np.empty((0, 2)), [1, 2], None, "no controls"),
        ([["a"], ["b"]], [1], None, "numbers expected"),
        ([[1.0], [2.0]], [1.5], [1], "1 base weights for 2"),
        ([[1.0], [2.0]], [1.5], [1, -1], "not negative"),
        ([[1.0], [2.0]], [1.5], [0, 0], "not all zero"),
    ],
)
def test_what_cannot_be_weighted_is_refused(controls, target, base, why):
    with pytest.raises(ValueError, match=why):
        entropy_balance(controls, target, base)


# Change on change


def schools(
    seed=0, partners=60, others=1_500, effect=0.0, lean=0.3, noise=0.1, trusts=False
):
    """Partners start higher on x by `lean`; change rises with x and by the effect."""
    rng = np.random.default_rng(seed)
    own = np.arange(partners + others) < partners
    x = rng.normal(size=(own.size, 3)) + lean * own[:, None]
    before = rng.normal(size=own.size)
    change = x @ [0.2, -0.1, 0.3] + effect * own + noise * rng.normal(size=own.size)
    cluster = np.arange(own.size) // 3 + 10_000 * own if trusts else np.arange(own.size)
    frame = pd.DataFrame(x, columns=["prior", "deprivation", "size"])
    return before, before + change, own, cluster, frame


def test_a_difference_that_covariates_make_vanishes_and_the_planted_one_is_found():
    before, after, own, cluster, x = schools(effect=0.5, noise=0.0)
    change = after - before
    assert change[own].mean() - change[~own].mean() > 0.55
    found = change_on_change(before, after, own, cluster, x)
    assert found.estimate == pytest.approx(0.5)
    assert found.refused is None
    assert found.adjusted_for == ("prior", "deprivation", "size")
    assert found.partner_schools == 60
    assert found.comparison_schools == 1_500
    assert found.balance.largest < 1e-9
    assert "ATT of the matched design" in found.estimand


def test_the_estimate_is_the_difference_of_weighted_means_with_cluster_robust_errors():
    before, after, own, cluster, x = schools(effect=0.2, trusts=True)
    found = change_on_change(before, after, own, cluster, x, adjust="required")
    assert found.adjusted_for == ()
    weights = entropy_balance(x[~own], x[own].mean()).weights
    change = after - before
    assert found.estimate == pytest.approx(change[own].mean() - weights @ change[~own])
    assert found.partners_change - found.comparison_change == pytest.approx(found.estimate)
    whole = np.ones(own.size)
    whole[~own] = weights * 60
    fit = weighted_least_squares(
        np.column_stack([np.ones(own.size), own]), change, whole, cluster
    )
    low, high = fit.interval([0, 1])[2:4]
    assert (found.low, found.high) == pytest.approx((low, high))
    assert (found.partner_clusters, found.comparison_clusters) == (20, 500)


def test_holding_balanced_covariates_fixed_changes_the_error_and_not_the_estimate():
    before, after, own, cluster, x = schools(effect=0.2)
    region = np.arange(own.size) % 4
    x["twice"] = x["prior"] * 2 + 1  # a combination adds nothing and does no harm
    wide = change_on_change(
        before, after, own, cluster, x, strata=region, adjust="required"
    )
    narrow = change_on_change(before, after, own, cluster, x, strata=region)
    assert narrow.estimate == pytest.approx(wide.estimate)
    assert narrow.standard_error < 0.5 * wide.standard_error


def test_nearest_neighbours_find_the_planted_difference_too():
    before, after, own, cluster, x = schools(effect=0.5, noise=0.05, others=6_000)
    found = change_on_change(before, after, own, cluster, x, method="nearest")
    assert found.refused is None
    assert found.low < 0.5 < found.high
    assert found.weights[own].max() == 1
    assert found.weights[~own].sum() == pytest.approx(found.partner_schools)
    assert (
        found.partner_schools
        + found.left_out.get("no comparison school within the caliper", 0)
        == own.sum()
    )


def test_what_is_still_apart_by_a_little_is_held_fixed_in_the_regression():
    # One-to-one neighbours from a small pool leave differences of 0.05 to 0.25.
    before, after, own, cluster, x = schools(seed=4, others=300, effect=0.2)
    found = change_on_change(
        before,
        after,
        own,
        cluster,
        x,
        method="nearest",
        neighbours=2,
        caliper=None,
        adjust="required",
    )
    assert found.refused is None
    assert found.adjusted_for
    assert found.adjusted_for == found.balance.to_adjust
    used = found.weights > 0
    design = sm.add_constant(
        np.column_stack([own, x[list(found.adjusted_for)]]).astype(float)[used]
    )
    peer = sm.WLS((after - before)[used], design, weights=found.weights[used]).fit()
    assert found.estimate == pytest.approx(peer.params[1])


def test_sides_too_far_apart_give_no_estimate_and_the_balance_table():
    before, after, own, cluster, x = schools(lean=2.0, others=200)
    found = change_on_change(
        before, after, own, cluster, x, method="nearest", caliper=None, neighbours=20
    )
    assert found.refused.startswith("too far apart after weighting")
    assert found.estimate is None
    assert found.p_value is None
    assert found.balance.verdict == "refuse"


def test_partners_beyond_all_others_are_refused_with_the_reason():
    before, after, own, cluster, x = schools(lean=9.0)
    found = change_on_change(before, after, own, cluster, x)
    assert "no comparison school reaches the partners' mean (prior" in found.refused
    assert found.estimate is None
    assert found.balance is None


def test_lalonde_is_refused_since_few_comparison_people_carry_the_weight(lalonde):
    found = change_on_change(
        lalonde["re75"].to_numpy(),
        lalonde["re78"].to_numpy(),
        lalonde["treat"].to_numpy() == 1,
        np.arange(len(lalonde)),
        covariates_of(lalonde),
    )
    assert "worth 98.5 comparison schools, fewer than 370" in found.refused
    assert found.effective_sample_size == pytest.approx(98.46, abs=0.005)
    assert found.estimate is None


def test_the_mix_of_strata_is_balanced_too():
    before, after, own, cluster, x = schools()
    region = np.where(np.arange(own.size) % np.where(own, 2, 5) == 0, "north", "south")
    found = change_on_change(before, after, own, cluster, x, strata=region)
    share = np.average(region[~own] == "north", weights=found.weights[~own])
    assert share == pytest.approx((region[own] == "north").mean())


def test_schools_that_cannot_be_compared_are_counted_with_the_reason():
    before, after, own, cluster, x = schools()
    region = np.full(own.size, "north", dtype=object)
    region[:2] = "isles"  # two partners, and nobody else
    region[100:110] = "abroad"  # no partner there
    cluster = cluster.copy()
    cluster[200:203] = cluster[5]  # three others in the trust of a partner
    expected = {
        "in the cluster of a partner school": 3,
        "no comparison school in the stratum": 2,
        "no partner school in the stratum": 10,
    }
    for method in ("entropy", "nearest"):
        found = change_on_change(
            before, after, own, cluster, x, strata=region, method=method, caliper=None
        )
        assert found.left_out == expected
        assert found.partner_schools == 58
        assert not found.weights[:2].any()
        assert not found.weights[200:203].any()


def test_results_before_are_compared_whether_or_not_they_are_matched_on():
    before, after, own, cluster, x = schools()
    found = change_on_change(before + 2 * own, after, own, cluster, x)
    assert found.baseline.after > 1.5
    assert "before" not in [row.name for row in found.balance.covariates]


def test_order_units_and_a_constant_behave_as_algebra_says():
    before, after, own, cluster, x = schools(effect=0.2, trusts=True)
    order = np.random.default_rng(1).permutation(own.size)
    for method in ("entropy", "nearest"):
        first = change_on_change(before, after, own, cluster, x, method=method)
        mixed = change_on_change(
            10 * before[order] + 3,
            10 * after[order] + 8,
            own[order],
            cluster[order],
            x.iloc[order] * 7,
            method=method,
        )
        assert mixed.estimate == pytest.approx(10 * first.estimate)
        assert mixed.standard_error == pytest.approx(10 * first.standard_error)
        assert mixed.p_value == pytest.approx(first.p_value)
        assert mixed.weights == pytest.approx(first.weights[order], abs=1e-9)


def test_intervals_hold_the_planted_difference_about_as_often_as_they_say():
    # 120 draws: 95% covered is 114, and fewer than 106 or more than 119 is one in 500.
    covered = 0
    for seed in range(120):
        before, after, own, cluster, x = schools(
            seed, partners=40, others=400, effect=0.1, noise=0.5, trusts=True
        )
        found = change_on_change(before, after, own, cluster, x)
        covered += found.low < 0.1 < found.high
    assert 106 <= covered <= 119


def test_what_cannot_be_compared_is_refused():
    before, after, own, cluster, x = schools()
    gone = after.copy()
    gone[:3] = np.nan
    with pytest.raises(ValueError, match="3 schools lack a result"):
        change_on_change(before, gone, own, cluster, x)
    with pytest.raises(ValueError, match="entropy or nearest"):
        change_on_change(before, after, own, cluster, x, method="best")
    with pytest.raises(ValueError, match="all or required"):
        change_on_change(before, after, own, cluster, x, adjust="none")
    with pytest.raises(ValueError, match="one entry per school"):
        change_on_change(before[1:], after, own, cluster, x)
    with pytest.raises(ValueError, match="no covariates"):
        change_on_change(before, after, own, cluster, x[[]])
    with pytest.raises(ValueError, match="0 partner schools"):
        change_on_change(before, after, ~np.ones_like(own), cluster, x)
    with pytest.raises(ValueError, match="1 schools have no cluster"):
        change_on_change(before, after, own, [None, *cluster[1:]], x)
    with pytest.raises(ValueError, match="partners stand in one cluster"):
        change_on_change(before, after, own, np.where(own, -1, cluster), x)
    alone = change_on_change(
        before, after, own, cluster, x, strata=np.where(own, "here", "there")
    )
    assert alone.refused == "fewer than two comparable schools on a side"
    assert alone.left_out == {
        "no comparison school in the stratum": 60,
        "no partner school in the stratum": 1_500,
    }


def test_a_change_that_is_alike_everywhere_is_a_difference_of_nought_without_a_test():
    before, _, own, cluster, x = schools()
    found = change_on_change(before, before + 1, own, cluster, x)
    assert found.estimate == pytest.approx(0, abs=1e-12)
    assert found.standard_error == pytest.approx(0, abs=1e-12)
