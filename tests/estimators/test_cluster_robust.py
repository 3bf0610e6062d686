import math
import time

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.cluster_robust import weighted_least_squares

# The answers of R's clubSandwich 0.5.8 for
#   f <- lm(y ~ p + x, data = d, weights = w); v <- vcovCR(f, d$g, type)
#   coef_test(f, v, test = "Satterthwaite"); Wald_test(f, constrain_zero(2:3), v, test = "HTZ")
Y = [1.2, 0.7, 2.1, 1.9, 0.3, 1.1, 2.8, 0.9, 1.6, 2.2, 0.4, 1.3, 2.5, 1.0, 1.8, 0.6]
X = [0.5, 1.1, 0.2, 1.7, 0.9, 1.4, 0.1, 2.0, 0.7, 1.2, 1.9, 0.3, 0.8, 1.5, 0.6, 1.0]
P = [1.0] * 6 + [0.0] * 10
W = [30, 120, 60, 210, 45, 90, 180, 75, 150, 24, 99, 33, 270, 51, 66, 84]
G = list("aaabccddefgggghi")
DESIGN = np.column_stack([np.ones(16), P, X])


def test_cr1_is_that_of_clubsandwich():
    fit = weighted_least_squares(DESIGN, Y, W, G, correction="CR1")
    expected = [0.1277417506159, 0.1760883774294, 0.0882450255309]
    assert np.diag(fit.covariance) == pytest.approx(expected, rel=1e-11)
    assert fit.covariance[0, 1] == pytest.approx(-0.0492098238212, rel=1e-11)
    assert fit.degrees_of_freedom.tolist() == [8, 8, 8]


def test_cr2_and_its_degrees_of_freedom_are_those_of_clubsandwich():
    fit = weighted_least_squares(DESIGN, Y, W, G)
    assert fit.coefficients == pytest.approx(
        [2.436737293089, -0.168656972321, -0.734482898207], rel=1e-11
    )
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(
        [0.439236458095, 0.543016958085, 0.392770729566], rel=1e-11
    )
    assert fit.covariance[0, 1:] == pytest.approx(
        [-0.104566825372, -0.163959705965], rel=1e-11
    )
    assert fit.degrees_of_freedom == pytest.approx(
        [2.36435323058, 3.11479315979, 2.22424036935], rel=1e-11
    )
    assert fit.interval([1, 0, 0]).p_value == pytest.approx(0.0210576385566, rel=1e-10)
    assert fit.clusters == 9


def test_cr3_is_that_of_clubsandwich():
    fit = weighted_least_squares(DESIGN, Y, W, G, correction="CR3")
    expected = [0.304710799931, 0.501247741823, 0.245068077832]
    assert np.diag(fit.covariance) == pytest.approx(expected, rel=1e-11)


def test_without_weights_it_is_that_of_clubsandwich():
    fit = weighted_least_squares(DESIGN, Y, None, G)  # lm(y ~ p + x, data = d)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(
        [0.322698377477, 0.339511447495, 0.255742399291], rel=1e-11
    )
    assert fit.degrees_of_freedom == pytest.approx(
        [4.12978453587, 3.68884946796, 2.94090822393], rel=1e-11
    )


def test_several_restrictions_at_once_are_tested_as_by_clubsandwich():
    fit = weighted_least_squares(DESIGN, Y, W, G)
    found = fit.wald([[0, 1, 0], [0, 0, 1]])  # constrain_zero(2:3): df 2 and 2.06416
    assert found.statistic == pytest.approx(1.32596143438, rel=1e-10)
    assert found.p_value == pytest.approx(0.426236275533, rel=1e-10)
    # constrain_equal(2:3): df 2.64444818691
    statistic, p_value = fit.wald([[0, 1, -1]])
    assert statistic == pytest.approx(1.30468721605, rel=1e-10)
    assert p_value == pytest.approx(0.346163728769, rel=1e-10)
    assert fit.interval([0, 1, -1]).degrees_of_freedom == pytest.approx(2.64444818691)


def test_with_an_effect_for_each_cluster_the_slope_is_that_of_clubsandwich():
    """lm(y ~ 0 + g + x): clusters leave no residual in one direction each."""
    dummies = (np.array(G)[:, None] == np.unique(G)).astype(float)
    fit = weighted_least_squares(np.column_stack([dummies, X]), Y, W, G)
    assert math.sqrt(fit.covariance[-1, -1]) == pytest.approx(0.153975578348, rel=1e-9)
    assert fit.degrees_of_freedom[-1] == pytest.approx(1.39302591505, rel=1e-9)
    # An effect of one cluster is fixed by that cluster alone.
    assert fit.degrees_of_freedom[:-1].tolist() == [0] * 9


def dense(x, y, w, g):
    """CR2 and Satterthwaite by their definitions, with n x n matrices."""
    n = len(y)
    bread = np.linalg.inv(x.T @ (w[:, None] * x))
    rest = np.eye(n) - x @ bread @ (x * w[:, None]).T
    residuals = rest @ y
    columns = []
    for name in np.unique(g):
        own = g == name
        values, vectors = np.linalg.eigh(rest[own] @ rest[own].T)
        roots = np.where(values > 1e-10, 1 / np.sqrt(np.maximum(values, 1e-300)), 0)
        columns.append(
            rest[own].T @ (vectors * roots) @ vectors.T @ (w[own, None] * x[own]) @ bread
        )
    p = np.array(columns)  # (G, n, k): p_g'y is the share of cluster g in the variance
    covariance = np.einsum("gni,gmj,n,m->ij", p, p, y, y)
    assert np.einsum("gni,gmj,n,m->ij", p, p, residuals, residuals) == pytest.approx(
        covariance
    )
    freedom = []
    for i in range(x.shape[1]):
        products = p[:, :, i] @ p[:, :, i].T
        freedom.append(np.trace(products) ** 2 / (products**2).sum())
    return covariance, freedom


def some_clusters(seed, sizes, k=3):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(len(sizes)), sizes)
    x = np.column_stack([np.ones(len(g)), rng.normal(size=(len(g), k - 1))])
    x[:, 1] = rng.permutation(len(sizes))[g] % 2  # a column that is one for whole clusters
    return x, rng.normal(size=len(g)), rng.uniform(1, 30, len(g)), g


@pytest.mark.parametrize("sizes", [[1] * 9, [1, 2, 2, 5, 6, 7, 30, 8], [20, 20, 40, 7]])
def test_it_equals_the_definition_for_clusters_small_and_large(sizes):
    x, y, w, g = some_clusters(4, sizes)
    fit = weighted_least_squares(x, y, w, g)
    covariance, freedom = dense(x, y, w, g)
    assert fit.covariance == pytest.approx(covariance, rel=1e-9, abs=1e-12)
    assert fit.degrees_of_freedom == pytest.approx(freedom, rel=1e-8)


def test_the_coefficients_and_cr1_are_those_of_statsmodels():
    x, y, w, g = some_clusters(5, [1, 2, 2, 5, 6, 7, 30, 8])
    fit = weighted_least_squares(x, y, w, g, correction="CR1")
    keywords = {"groups": g, "use_correction": True}
    peer = sm.WLS(y, x, weights=w).fit(cov_type="cluster", cov_kwds=keywords)
    n, k = x.shape
    assert fit.coefficients == pytest.approx(peer.params, rel=1e-10)
    assert fit.covariance * (n - 1) / (n - k) == pytest.approx(peer.cov_params(), rel=1e-9)
    assert fit.residuals == pytest.approx(peer.resid, abs=1e-12)


def test_cr3_is_what_leaving_each_cluster_out_changes():
    x, y, w, g = some_clusters(6, [1, 2, 2, 5, 6, 7, 30, 8])
    fit = weighted_least_squares(x, y, w, g, correction="CR3")
    total = np.zeros((3, 3))
    for name in np.unique(g):
        kept = g != name
        root = np.sqrt(w[kept])
        without = np.linalg.lstsq(x[kept] * root[:, None], y[kept] * root, rcond=None)[0]
        total += np.outer(without - fit.coefficients, without - fit.coefficients)
    assert fit.covariance == pytest.approx(total, rel=1e-9)


def test_cr2_is_right_on_average_where_schools_are_alike_in_spread():
    """Summed over unit outcomes the estimate is its expectation for errors of variance 1."""
    x, _, w, g = some_clusters(7, [1, 2, 2, 5, 6])
    n = len(g)
    bread = np.linalg.inv(x.T @ (w[:, None] * x))
    truth = bread @ (x.T * w**2) @ x @ bread
    unit = [weighted_least_squares(x, e, w, g).covariance for e in np.eye(n)]
    assert sum(unit) == pytest.approx(truth, rel=1e-9)


def test_the_mean_of_two_schools_can_be_done_in_the_head():
    # Values 4 and 6: each residual 1 has leverage 1/2, so counts as 1 / (1/2) = 2; each
    # school weighs a half: (1/4) 2 + (1/4) 2 = 1. One degree of freedom.
    fit = weighted_least_squares([[1], [1]], [4, 6], None, ["a", "b"])
    assert fit.coefficients == pytest.approx([5])
    assert fit.covariance == pytest.approx(np.array([[1.0]]))
    assert fit.degrees_of_freedom == pytest.approx([1])


def test_few_partner_clusters_count_as_few_beside_thousands_of_others():
    n = 3005
    x = np.column_stack([np.ones(n), np.arange(n) < 5])
    y = np.sin(np.arange(n))
    fit = weighted_least_squares(x, y, None, np.arange(n))
    assert fit.degrees_of_freedom[1] == pytest.approx(4, abs=0.02)  # five less one


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_order_unit_and_constant_behave_as_algebra_says(seed, random):
    x, y, w, g = some_clusters(seed, [1, 2, 4, 7, 3])
    fit = weighted_least_squares(x, y, w, g)
    order = list(range(len(y)))
    random.shuffle(order)
    again = weighted_least_squares(x[order], 10 * y[order] + 3, 5 * w[order], g[order])
    assert again.coefficients == pytest.approx(10 * fit.coefficients + [3, 0, 0], abs=1e-8)
    assert again.covariance == pytest.approx(100 * fit.covariance, rel=1e-6, abs=1e-9)
    assert again.degrees_of_freedom == pytest.approx(fit.degrees_of_freedom, rel=1e-6)
    assert again.residuals == pytest.approx(10 * fit.residuals[order], abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-6, 1e7]))
def test_the_scale_of_a_covariate_does_not_matter(seed, factor):
    x, y, w, g = some_clusters(seed, [1, 2, 4, 7, 3])
    fit = weighted_least_squares(x, y, w, g)
    again = weighted_least_squares(x * [1, 1, factor], y, w, g)
    assert again.covariance[2, 2] * factor**2 == pytest.approx(fit.covariance[2, 2])
    assert again.degrees_of_freedom == pytest.approx(fit.degrees_of_freedom, rel=1e-6)


def test_labels_of_clusters_are_only_labels():
    numbered = weighted_least_squares(DESIGN, Y, W, [ord(name) for name in G])
    assert (
        numbered.covariance.tolist()
        == weighted_least_squares(DESIGN, Y, W, np.array(G, object)).covariance.tolist()
    )


def test_splitting_a_cluster_whose_parts_do_not_go_together_changes_cr1_by_its_factor():
    # Two schools of one cluster with opposite residuals cancel; apart, both count.
    y, one = [1.0, -1.0, 1.0, -1.0], np.ones((4, 1))
    together = weighted_least_squares(one, y, None, list("aabb"), correction="CR1")
    apart = weighted_least_squares(one, y, None, list("abcd"), correction="CR1")
    assert together.covariance[0, 0] == pytest.approx(0, abs=1e-15)
    assert apart.covariance[0, 0] == pytest.approx(4 / 3 * 4 / 16)


def test_a_contrast_that_one_cluster_fixes_has_no_interval():
    x = np.column_stack([np.ones(6), [1, 1, 0, 0, 0, 0]])
    fit = weighted_least_squares(x, [1, 2, 3, 4, 6, 5], None, list("aabbcd"))
    assert fit.degrees_of_freedom[1] == 0
    assert fit.rests_on_one_cluster([0, 1])
    assert not fit.rests_on_one_cluster([1, 0])
    with pytest.raises(ValueError, match="one cluster alone fixes this contrast"):
        fit.interval([0, 1])
    assert fit.degrees_of_freedom[0] > 0  # the others still tell of their own mean
    assert fit.interval([1, 0]).standard_error > 0


def test_an_exact_fit_has_no_error_and_no_test():
    x = np.column_stack([np.ones(4), [1, 1, 0, 0]])
    found = weighted_least_squares(x, [5, 5, 2, 2], None, list("abcd")).interval([0, 1])
    assert (found.estimate, found.standard_error) == (pytest.approx(3), 0)
    assert found.p_value is None
    assert found.low == found.high == found.estimate


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"design": np.column_stack([DESIGN, 2 * np.array(P) + 1])},
            "column 3 .* combination",
        ),
        ({"design": np.column_stack([DESIGN, np.zeros(16)])}, "column 3 .* zeros only"),
        ({"design": np.array([["a"]] * 16)}, "numbers expected"),
        ({"design": np.eye(16)}, "16 rows cannot carry 16 coefficients"),
        ({"outcome": [np.nan, *Y[1:]]}, "1 rows have a missing or infinite value"),
        ({"outcome": [np.inf, *Y[1:]]}, "1 rows have a missing or infinite value"),
        ({"outcome": Y[1:]}, "one entry per row expected"),
        ({"weights": [0, *W[1:]]}, "1 rows have no positive weight"),
        ({"weights": [np.nan, *W[1:]]}, "1 rows have no positive weight"),
        ({"cluster": [None, *G[1:]]}, "1 rows have no cluster"),
        ({"cluster": ["a"] * 16}, "one cluster only"),
        ({"correction": "CR9"}, "CR1, CR2 or CR3 expected"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_sentence(change, sentence):
    asked = {"design": DESIGN, "outcome": Y, "weights": W, "cluster": G} | change
    with pytest.raises(ValueError, match=sentence):
        weighted_least_squares(**asked)


@pytest.mark.parametrize(
    ("contrast", "level", "sentence"),
    [
        ([1, 0], 0.95, "one number for each of 3"),
        ([0, 0, 0], 0.95, "not all zeros"),
        ([1, 0, 0], 1.0, "a level between 0 and 1"),
    ],
)
def test_a_contrast_that_makes_no_sense_is_refused(contrast, level, sentence):
    fit = weighted_least_squares(DESIGN, Y, W, G)
    with pytest.raises(ValueError, match=sentence):
        fit.interval(contrast, level)


def test_restrictions_that_repeat_each_other_are_refused():
    fit = weighted_least_squares(DESIGN, Y, W, G)
    with pytest.raises(ValueError, match="not independent"):
        fit.wald([[0, 1, 0], [0, 2, 0]])


def test_more_restrictions_than_clusters_can_carry_are_refused():
    x, y, w, g = some_clusters(8, [9, 9, 9], k=5)
    x[:, 1] = np.cos(np.arange(27))
    with pytest.raises(ValueError, match="too few"):
        weighted_least_squares(x, y, w, g).wald(np.eye(5)[1:])


def test_all_schools_of_england_take_a_moment():
    rng = np.random.default_rng(1)
    n = 16_000
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    # One trust of 3,000 schools beside 10,000 small ones.
    g = np.where(np.arange(n) < 3000, -1, rng.integers(0, 10_000, n))
    start = time.process_time()
    weighted_least_squares(x, rng.normal(size=n), rng.uniform(1, 300, n), g)
    assert time.process_time() - start < 1  # some 0.02 s: the margin is for a busy machine
