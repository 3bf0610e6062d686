from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.estimators.slopes_as_outcomes import own_slopes, paule_mandel

VALIDATION = Path(__file__).parents[2].parent / "shared" / "data" / "validation"


@pytest.fixture(scope="module")
def bcg():
    """Thirteen trials of the BCG vaccine: log relative risks and their variances."""
    if not (VALIDATION / "bcg.csv").is_file():
        pytest.skip("data of the published answers are not beside this checkout")
    frame = pd.read_csv(VALIDATION / "bcg.csv")
    return frame["yi"].to_numpy(), frame["vi"].to_numpy()


def slopes(rows, variance=None):
    group, time, value = (np.array(column) for column in zip(*rows, strict=True))
    return own_slopes(
        value.astype(float),
        time.astype(float),
        group,
        None if variance is None else np.full(len(rows), variance),
    )


def test_a_school_seen_twice_rises_by_the_difference():
    found = slopes([(0, 2018, 1), (0, 2019, 4), (1, 2019, 5)], variance=0.5)
    assert found.slope == pytest.approx([3])
    assert found.variance == pytest.approx([1])  # 0.5 + 0.5 for a difference of two
    assert found.group.tolist() == [0]
    assert found.without == 1


def test_a_gap_in_time_counts_as_the_years_it_lasts():
    found = slopes([(0, 2019, 0), (0, 2022, 3)], variance=0.5)
    assert found.slope == pytest.approx([1])
    assert found.variance == pytest.approx([1 / 9])


def test_without_variances_the_lines_own_residuals_tell():
    # 0, 3, 0 about a flat line at 1: squares 1 + 4 + 1 on one degree of freedom; S is 2.
    found = slopes([(0, 0, 0), (0, 1, 3), (0, 2, 0), (1, 0, 5), (1, 1, 6)])
    assert found.slope == pytest.approx([0, 1])
    assert found.variance == pytest.approx([6 / 2, 6 / 0.5])


def test_two_years_alone_tell_no_residual():
    with pytest.raises(ValueError, match="no group is seen at three times"):
        slopes([(0, 0, 0), (0, 1, 3)])


def test_one_year_alone_tells_no_slope():
    with pytest.raises(ValueError, match="no group is seen at two times"):
        slopes([(0, 0, 0), (1, 0, 3)], variance=1.0)


def test_the_mean_of_the_vaccine_trials_is_metafors(bcg):
    # metafor: rma(yi, vi, method = "PM", control = list(tol = 1e-14))
    estimate, variance = bcg
    found = paule_mandel(estimate, variance, np.ones((13, 1)))
    assert found.between_variance == pytest.approx(0.3180684522, abs=1e-9)
    assert found.fit.coefficients == pytest.approx([-0.7149681535], abs=1e-9)


def test_a_regression_of_the_vaccine_trials_is_metafors(bcg):
    # metafor: r <- rma(yi, vi, mods = ~ m, method = "PM", control = list(tol = 1e-14))
    # with m = 1, ..., 13; clubSandwich: coef_test(r, vcov = "CR2", cluster = 1:13)
    estimate, variance = bcg
    found = paule_mandel(
        estimate, variance, np.column_stack([np.ones(13), np.arange(1, 14)])
    )
    assert found.between_variance == pytest.approx(0.2100467129, abs=1e-9)
    assert found.fit.coefficients == pytest.approx([-1.4464710211, 0.1017636182], abs=1e-9)
    assert np.sqrt(np.diag(found.fit.covariance)) == pytest.approx(
        [0.2893872568, 0.0336479113], abs=1e-8
    )
    assert found.fit.degrees_of_freedom == pytest.approx([6.03555025, 6.29776733], abs=1e-6)


def test_estimates_that_differ_by_chance_alone_have_no_variance_between():
    found = paule_mandel(np.array([1.0, 1.1, 0.9]), np.ones(3), np.ones((3, 1)))
    assert found.between_variance == 0
    assert found.fit.coefficients == pytest.approx([1])


def test_equal_variances_make_it_the_variance_less_the_known():
    # Values 0, 4, 8: variance 16, of which 1 is known.
    found = paule_mandel(np.array([0.0, 4.0, 8.0]), np.ones(3), np.ones((3, 1)))
    assert found.between_variance == pytest.approx(15)


def test_two_groups_of_equal_variance_are_compared_as_welch_does():
    draw = np.random.default_rng(1)
    estimate = draw.standard_normal(20) * np.repeat([1.0, 3.0], [8, 12])
    side = np.repeat([1.0, 0.0], [8, 12])
    found = paule_mandel(estimate, np.full(20, 0.01), np.column_stack([np.ones(20), side]))
    welch = stats.ttest_ind(estimate[:8], estimate[8:], equal_var=False)
    assert found.fit.interval([0, 1]).p_value == pytest.approx(welch.pvalue, rel=0.02)
    assert found.fit.coefficients[1] == pytest.approx(
        estimate[:8].mean() - estimate[8:].mean()
    )


def test_a_variance_of_zero_is_refused():
    with pytest.raises(ValueError, match="1 estimates have no positive"):
        paule_mandel(np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.ones((2, 1)))
