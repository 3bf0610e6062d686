import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from pipeline.challenges.fixed_length_interval import (
    fixed_length_interval,
    folded_normal_quantile,
)


def event_study(seed, pre, post):
    """Draw coefficients and a covariance of full rank."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(pre + post + 5, pre + post))
    return rng.normal(size=pre + post), root.T @ root, rng.normal(size=post)


studies = st.builds(
    lambda seed, pre, post: (*event_study(seed, pre, post), pre),
    st.integers(0, 10_000),
    st.integers(1, 5),
    st.integers(1, 4),
)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0, 4.0, 60.0])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_the_quantile_is_that_of_the_folded_normal(shift, level):
    quantile = folded_normal_quantile(shift, level)
    inside = stats.norm.cdf(quantile - shift) - stats.norm.cdf(-quantile - shift)
    assert inside == pytest.approx(level, abs=1e-12)


def test_without_a_shift_the_quantile_is_the_two_sided_one():
    assert folded_normal_quantile(0.0, 0.95) == pytest.approx(stats.norm.ppf(0.975))


def test_one_early_coefficient_is_carried_forward_along_a_line():
    # The gap was 3 one period before the reference, so it falls by 3 a period: one
    # period after, -3 of the 10 are drift and 13 are the effect. A bend of at most 2 at
    # the reference leaves 2 either way; the variance is 1 + 1.
    found = fixed_length_interval(
        np.array([3.0, 10.0]), np.eye(2), 1, np.array([1.0]), 2.0, 0.95
    )
    assert found.centre == pytest.approx(13)
    assert found.worst_bias == pytest.approx(2)
    assert found.standard_error == pytest.approx(np.sqrt(2))
    expected = np.sqrt(2) * stats.foldnorm.ppf(0.95, np.sqrt(2))
    assert found.half_length == pytest.approx(expected)


def test_without_sampling_error_the_second_effect_is_known_up_to_three_bends():
    # Two periods on, a bend at the reference has moved the line by 2, one after it by 1.
    found = fixed_length_interval(
        np.array([5.0, 3.0, 0.0, 10.0]), 1e-12 * np.eye(4), 2, np.array([0, 1.0]), 0.5, 0.95
    )
    assert found.centre == pytest.approx(10 + 2 * 3, abs=1e-4)
    assert found.half_length == pytest.approx(3 * 0.5, abs=1e-4)


@given(studies)
@settings(max_examples=25)
def test_without_bends_it_is_the_effect_beyond_a_line_by_least_squares(study):
    betas, covariance, weights, pre = study
    post = len(weights)
    time = np.concatenate([np.arange(-pre, 0), np.arange(1, post + 1)])
    design = np.column_stack([time, np.eye(pre + post)[:, pre:]])
    fit = sm.GLS(betas, design, sigma=covariance).fit()
    contrast = np.concatenate([[0.0], weights])
    error = np.sqrt(contrast @ fit.normalized_cov_params @ contrast)
    found = fixed_length_interval(betas, covariance, pre, weights, 0.0, 0.9)
    assert found.centre == pytest.approx(contrast @ fit.params, abs=1e-8)
    assert found.half_length == pytest.approx(stats.norm.ppf(0.95) * error, rel=1e-8)


def worst_drift(pre, weights, bound):
    """Largest bias over all drifts with bends of at most `bound`, by linear programming."""
    size = len(weights)
    bends = np.diff(np.eye(size + 1), n=2, axis=0)
    bends = np.delete(bends, pre, axis=1)  # no drift at the reference
    answer = optimize.linprog(
        -weights,
        A_ub=np.vstack([bends, -bends]),
        b_ub=np.full(2 * len(bends), bound),
        bounds=[(None, None)] * size,
    )
    return -answer.fun


@given(studies, st.sampled_from([0.01, 0.3, 2.0]))
@settings(max_examples=25)
def test_the_worst_bias_is_that_of_a_linear_programme(study, bound):
    betas, covariance, weights, pre = study
    found = fixed_length_interval(betas, covariance, pre, weights, bound, 0.95)
    every = np.concatenate([found.pre_weights, weights])
    assert worst_drift(pre, every, bound) == pytest.approx(found.worst_bias, rel=1e-6)
    variance = every @ covariance @ every
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert found.centre == pytest.approx(every @ betas, abs=1e-9)


@given(studies, st.sampled_from([0.01, 0.3, 2.0]), st.integers(0, 1000))
@settings(max_examples=25)
def test_no_other_balanced_weights_are_shorter(study, bound, seed):
    betas, covariance, weights, pre = study
    found = fixed_length_interval(betas, covariance, pre, weights, bound, 0.95)
    rng = np.random.default_rng(seed)
    line = np.arange(-pre, 0.0)
    for size in (1e-3, 0.1, 1.0):
        other = size * rng.normal(size=pre)
        other -= line * (line @ other) / (line @ line)  # still free of straight lines
        every = np.concatenate([found.pre_weights + other, weights])
        error = np.sqrt(every @ covariance @ every)
        bias = worst_drift(pre, every, bound)
        half = error * stats.foldnorm.ppf(0.95, bias / error)
        assert half >= found.half_length * (1 - 1e-7)


def test_equal_variances_that_tie_are_no_trouble():
    found = fixed_length_interval(
        np.zeros(8), np.eye(8), 6, np.array([1.0, 0.0]), 0.1, 0.95
    )
    assert found.centre == 0
    assert 1.96 < found.half_length < np.sqrt(2) * stats.foldnorm.ppf(0.95, 0.1)


def test_it_covers_when_the_drift_is_the_worst_it_may_be():
    rng = np.random.default_rng(3)
    covariance = np.linalg.inv(np.eye(5) + 0.3)
    weights, bound = np.array([0.0, 1.0]), 0.4
    probe = fixed_length_interval(np.zeros(5), covariance, 3, weights, bound, 0.95)
    # Every bend at the bound, with the sign that the estimator dislikes most.
    every = np.concatenate([probe.pre_weights, weights])
    bends = np.delete(np.diff(np.eye(6), n=2, axis=0), 3, axis=1)
    drift = optimize.linprog(
        -every,
        A_ub=np.vstack([bends, -bends]),
        b_ub=np.full(2 * len(bends), bound),
        bounds=[(None, None)] * 5,
    ).x
    estimates = rng.multivariate_normal(drift, covariance, 4000) @ every
    covered = np.mean(np.abs(estimates) <= probe.half_length)
    assert covered == pytest.approx(0.95, abs=0.012)  # three and a half standard errors


def test_early_coefficients_that_determine_each_other_are_refused():
    covariance = np.eye(4)
    covariance[:3, :3] = 1.0
    with pytest.raises(ValueError, match="pre-period coefficients is singular"):
        fixed_length_interval(np.ones(4), covariance, 3, np.array([1.0]), 0.1, 0.95)
    with pytest.raises(ValueError, match="a combination of the coefficients has no"):
        fixed_length_interval(
            np.ones(2),
            np.array([[1.0, -1.0], [-1.0, 1.0]]),
            1,
            np.array([1.0]),
            0.1,
            0.95,
        )


def test_an_effect_without_variance_is_refused():
    with pytest.raises(ValueError, match="no variance"):
        fixed_length_interval(
            np.ones(2), np.diag([1.0, 0.0]), 1, np.array([1.0]), 0.1, 0.95
        )
