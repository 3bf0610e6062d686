import numpy as np
import pytest
from scipy import stats

from pipeline.estimators.multiplier_bootstrap import sup_t_critical_value


def estimates(count, clusters=400, seed=0):
    """Contributions of `count` independent estimates and their standard errors."""
    contributions = np.random.default_rng(seed).normal(size=(count, clusters))
    contributions -= contributions.mean(axis=1, keepdims=True)
    return contributions, np.sqrt((contributions**2).sum(axis=1))


@pytest.mark.parametrize("multiplier", ["rademacher", "mammen"])
def test_one_estimate_needs_the_normal_quantile(multiplier):
    found = sup_t_critical_value(*estimates(1), draws=20_000, seed=1, multiplier=multiplier)
    assert found == pytest.approx(1.96, abs=0.04)


@pytest.mark.parametrize("multiplier", ["rademacher", "mammen"])
def test_ten_independent_estimates_need_sidaks_quantile(multiplier):
    found = sup_t_critical_value(
        *estimates(10), draws=20_000, seed=1, multiplier=multiplier
    )
    assert found == pytest.approx(stats.norm.ppf((1 + 0.95 ** (1 / 10)) / 2), abs=0.06)


def test_the_same_estimate_twice_needs_no_more_than_once():
    contributions, errors = estimates(1)
    once = sup_t_critical_value(contributions, errors, draws=999, seed=3)
    twice = sup_t_critical_value(
        np.vstack([contributions] * 2), np.repeat(errors, 2), draws=999, seed=3
    )
    assert once == pytest.approx(twice)


def test_two_clusters_can_only_add_or_cancel():
    # Contributions 1 and 1, error sqrt(2): each draw gives 2 or 0, so sqrt(2) or 0.
    found = sup_t_critical_value(np.ones((1, 2)), np.array([np.sqrt(2)]), draws=99, seed=0)
    assert found == pytest.approx(np.sqrt(2))


def test_the_seed_decides_and_the_unit_does_not():
    contributions, errors = estimates(5)
    found = sup_t_critical_value(contributions, errors, draws=199, seed=7)
    again = sup_t_critical_value(contributions * 1e3, errors * 1e3, draws=199, seed=7)
    assert found == pytest.approx(again, rel=1e-12)
    assert found != sup_t_critical_value(contributions, errors, draws=199, seed=8)


def test_blocks_of_draws_are_the_same_draws(monkeypatch):
    found = sup_t_critical_value(*estimates(3), draws=99, seed=2)
    monkeypatch.setattr("pipeline.estimators.multiplier_bootstrap.BLOCK", 4 * 400)
    assert sup_t_critical_value(*estimates(3), draws=99, seed=2) == pytest.approx(found)


def test_an_estimate_without_an_error_is_no_part_of_the_band():
    contributions, errors = estimates(2)
    alone = sup_t_critical_value(contributions[:1], errors[:1], draws=99, seed=0)
    with_nan = sup_t_critical_value(
        contributions, np.array([errors[0], np.nan]), draws=99, seed=0
    )
    assert with_nan == pytest.approx(alone)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"draws": 0}, "needs draws"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"multiplier": "webb"}, "'rademacher' or 'mammen'"),
    ],
)
def test_it_refuses_settings_that_make_no_band(change, message):
    with pytest.raises(ValueError, match=message):
        sup_t_critical_value(*estimates(1), **{"draws": 9, "seed": 0, **change})
    with pytest.raises(ValueError, match="nothing to band"):
        sup_t_critical_value(np.zeros((1, 3)), np.zeros(1), draws=9, seed=0)
