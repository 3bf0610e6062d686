import itertools

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.wild_bootstrap import POINTS, wild_cluster_bootstrap

Y = np.array([2.1, 3.4, 1.9, 4.2, 5.0, 3.1, 2.2, 4.8, 5.5, 3.9, 2.7, 4.4, 6.1, 3.0])
X = np.array([0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0.0])
Z = np.array([1, 2, 3, 4, 5, 6, 7] * 2) / 2
W = np.array([10, 20, 30, 15, 25, 10, 5, 40, 20, 10, 30, 15, 25, 20.0])
G = np.array([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 6, 4])
DESIGN = np.column_stack([np.ones(14), X, Z])
ON_X = np.array([0.0, 1.0, 0.0])


def boot(design=DESIGN, outcome=Y, weights=W, cluster=G, contrast=ON_X, **settings):
    return wild_cluster_bootstrap(design, outcome, weights, cluster, contrast, **settings)


def refitted(design, outcome, weights, cluster, hypothesis, points):
    """Share of draws at least as extreme, each draw refitted by statsmodels."""
    labels = np.unique(cluster, return_inverse=True)[1]
    weights = np.ones(len(outcome)) if weights is None else weights

    def t(values):
        fit = sm.WLS(values, design, weights=weights).fit(
            cov_type="cluster", cov_kwds={"groups": labels, "use_correction": True}
        )
        return (fit.params[1] - hypothesis) / fit.bse[1]

    others = np.delete(design, 1, axis=1)
    null = sm.WLS(outcome - hypothesis * design[:, 1], others, weights=weights).fit()
    fitted = null.fittedvalues + hypothesis * design[:, 1]
    found = abs(t(outcome)) * (1 - 1e-9)
    signs = itertools.product(points, repeat=labels.max() + 1)
    return np.mean(
        [abs(t(fitted + np.array(s)[labels] * null.resid)) >= found for s in signs]
    )


def test_it_gives_what_r_gives_when_every_draw_is_refitted():
    # R 4.2, sandwich: m <- lm(y ~ x + z, weights = w); vcovCL(m, cluster = g, "HC1");
    # r, f of lm(y ~ z, weights = w); t of lm(f + s[g] * r ~ x + z, weights = w) for all
    # 64 rows s of expand.grid(c(-1, 1), ...): mean(abs(t) >= abs(t0)).
    found = boot(distribution="rademacher")
    assert found.estimate == pytest.approx(1.604188857892, abs=1e-11)
    assert found.standard_error == pytest.approx(0.699595603021, abs=1e-11)
    assert found.t == pytest.approx(2.293023, abs=1e-6)
    assert found.p_value == 0.1875
    assert (found.draws, found.enumerated, found.clusters) == (64, True, 6)


@pytest.mark.parametrize("hypothesis", [0.0, 1.0, -2.5])
def test_scores_of_clusters_stand_in_for_refitting(hypothesis):
    found = boot(hypothesis=hypothesis, distribution="rademacher")
    expected = refitted(DESIGN, Y, W, G, hypothesis, POINTS["rademacher"])
    assert found.p_value == pytest.approx(expected)


def test_webbs_six_points_are_enumerated_for_three_clusters():
    cluster = np.array([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2])
    found = boot(weights=None, cluster=cluster)
    assert (found.distribution, found.draws) == ("webb", 6**3)
    expected = refitted(DESIGN, Y, None, cluster, 0.0, POINTS["webb"])
    assert found.p_value == pytest.approx(expected)


def test_all_draws_of_the_fit_without_a_hypothesis_have_the_clusters_own_variance():
    # The mean of n(v)^2 over all sign vectors is the CR0 variance: what R's
    # vcovBS(m, cluster = g, type = "wild") draws at random (0.4990 with R = 20000 for
    # these data without weights) and vcovCL(type = "HC0", cadjust = FALSE) is (0.49734).
    bread = np.linalg.inv(DESIGN.T @ DESIGN)
    residual = Y - DESIGN @ bread @ DESIGN.T @ Y
    scores = [(bread @ DESIGN[g == G].T @ residual[g == G])[1] for g in range(1, 7)]
    draws = np.array(list(itertools.product([-1, 1], repeat=6))) @ scores
    assert np.sqrt(np.mean(draws**2)) == pytest.approx(0.4973404, abs=1e-6)
    found = boot(weights=None)
    assert found.standard_error == pytest.approx(0.4973404 * np.sqrt(6 / 5 * 13 / 11))


def test_random_draws_come_near_the_enumeration():
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(13), 4)
    design = np.column_stack([np.ones(52), cluster % 2])
    outcome = rng.normal(size=52) + rng.normal(size=13)[cluster] + 0.8 * design[:, 1]
    exact = boot(design, outcome, None, cluster, [0, 1.0], draws=99_999)
    again = boot(design, outcome, None, cluster, [0, 1.0], draws=99_999, seed=1)
    assert not exact.enumerated
    assert exact.p_value == pytest.approx(again.p_value, abs=0.01)
    # Two seeds agree, and neither is the ordinary t's answer.
    assert exact.low == pytest.approx(again.low, abs=0.05)


def test_the_interval_holds_what_is_not_rejected():
    found = boot()
    inside, outside = found.high - 1e-3, found.high + 1e-3
    assert boot(hypothesis=inside).p_value > 0.05
    assert boot(hypothesis=outside).p_value <= 0.05
    assert boot(hypothesis=found.low + 1e-3).p_value > 0.05
    assert boot(hypothesis=found.low - 1e-3).p_value <= 0.05


def test_four_clusters_with_two_signs_bound_nothing():
    # Of 16 sign vectors all pluses and all minuses always give the t found: p >= 1/8.
    cluster = np.array([1, 1, 2, 2, 3, 3, 4, 4, 1, 2, 3, 4, 1, 2])
    found = boot(cluster=cluster, distribution="rademacher")
    assert found.p_value >= 1 / 8
    assert (found.low, found.high) == (None, None)


def test_distribution_follows_the_number_of_clusters():
    rows = np.arange(60)
    design, outcome = np.column_stack([np.ones(60), rows % 2]), np.sin(rows * 7.0)
    taken = {
        g: boot(design, outcome, None, rows % g if g % 2 else rows // 2 % g, [0, 1.0])
        for g in (11, 12, 13)
    }
    assert {g: one.distribution for g, one in taken.items()} == {
        11: "webb",
        12: "rademacher",
        13: "rademacher",
    }
    assert {g: one.enumerated for g, one in taken.items()} == {
        11: False,
        12: True,
        13: False,
    }


def numbers(found):
    return [found.t, found.p_value, found.low, found.high]


@settings(max_examples=10)
@given(st.permutations(range(14)))
def test_the_order_of_rows_does_not_matter(order):
    order = np.array(order)
    again = boot(DESIGN[order], Y[order], W[order], G[order], draws=199)
    assert numbers(again) == pytest.approx(numbers(boot(draws=199)), rel=1e-7)


@settings(max_examples=10)
@given(st.floats(-50, 50), st.sampled_from([0.01, 3.0, -1.0, 100.0]))
def test_another_unit_moves_the_estimate_and_not_the_evidence(constant, factor):
    before = boot(draws=199)
    after = boot(outcome=constant + factor * Y, draws=199)
    assert after.estimate == pytest.approx(factor * before.estimate, rel=1e-6)
    assert after.p_value == before.p_value
    ends = sorted([factor * before.low, factor * before.high])
    assert [after.low, after.high] == pytest.approx(ends, rel=1e-5, abs=1e-6 * abs(factor))


def test_schools_split_in_two_halves_of_their_weight_are_the_same_evidence():
    twice = np.concatenate
    split = boot(
        twice([DESIGN, DESIGN]), twice([Y, Y]), twice([W, W]) / 2, twice([G, G]), draws=199
    )
    whole = boot(draws=199)
    assert split.p_value == whole.p_value
    assert [split.low, split.high] == pytest.approx([whole.low, whole.high])


def test_a_difference_of_two_coefficients_can_be_asked_for():
    # x less z is the coefficient of x where z + x takes the place of z.
    turned = np.column_stack([np.ones(14), X, Z + X])
    one = boot(contrast=[0, 1.0, -1.0], draws=199)
    other = boot(design=turned, contrast=ON_X, draws=199)
    assert numbers(one) == pytest.approx(numbers(other))


def test_the_bootstrap_finds_little_where_there_is_nothing():
    # Twelve hubs, half of them partners, no effect: 5% of 200 worlds, give or take.
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(12), 5)
    design = np.column_stack([np.ones(60), cluster < 6])
    rejected = 0
    for _ in range(200):
        outcome = rng.normal(size=60) + rng.normal(size=12)[cluster]
        rejected += boot(design, outcome, None, cluster, [0, 1.0]).p_value <= 0.05
    assert 2 <= rejected <= 20


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"outcome": np.where(X == 1, np.nan, Y)}, "7 rows have no number"),
        ({"outcome": np.full(14, 3.0)}, "estimated without error"),
        ({"cluster": np.zeros(14)}, "fewer than two clusters"),
        ({"weights": W - 5}, "every weight must be a positive number"),
        ({"design": np.column_stack([DESIGN, X]), "contrast": [0, 1, 0, 0]}, "depend on"),
        ({"contrast": [0.0, 0.0, 0.0]}, "asks for nothing"),
        ({"contrast": [0.0, 1.0]}, "a contrast of 3"),
        ({"outcome": Y[:5]}, "one row of design"),
        ({"distribution": "mammen"}, "no distribution 'mammen'"),
        ({"hypothesis": np.inf}, "finite number"),
        ({"draws": 0}, "draws: a whole number from 1"),
    ],
)
def test_what_cannot_be_judged_is_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        boot(**change)


def test_rows_without_a_cluster_are_not_one_cluster():
    design = np.column_stack([np.ones(6), [0, 1, 0, 1, 0, 1]])
    cluster = [1, 2, 3, np.nan, np.nan, np.nan]
    with pytest.raises(ValueError, match="3 rows have no cluster"):
        wild_cluster_bootstrap(design, np.arange(6.0), None, cluster, [0, 1], draws=9)


def test_a_year_and_its_square_cost_no_figure():
    random = np.random.default_rng(3)
    year, member = 2000 + np.arange(60) % 9.0, np.arange(60) % 2.0
    outcome = random.normal(size=60)
    found = [
        wild_cluster_bootstrap(
            np.column_stack([np.ones(60), member, when, when**2]),
            outcome,
            None,
            np.arange(60) // 4,
            [0, 1, 0, 0],
            draws=99,
        )
        for when in (year, year - 2004)
    ]
    assert found[0].estimate == pytest.approx(found[1].estimate, rel=1e-7)
    assert found[0].p_value == found[1].p_value
