"""The hybrid test against the linear programmes that define it."""

import numpy as np
import pytest
from scipy import optimize, stats

from pipeline.challenges.conditional_test import (
    Inequalities,
    accepted_ends,
    least_favourable_quantile,
    rejects,
)
from pipeline.challenges.honest_did import _check, _inequalities

SECOND_STAGE = (0.05 - 0.005) / (1 - 0.005)


def one_sided_pair(effect, error=1.0):
    """The effect is at most and at least a value: an ordinary two-sided question."""
    return Inequalities(
        slopes=np.array([[[1 / error, 0.0], [-1 / error, 0.0]]]),
        effect=effect,
        nuisance=np.zeros(1),
        covariance=np.array([[[error**2, 0.0], [0.0, 1.0]]]),
    )


def test_both_sides_of_one_effect_give_the_conventional_interval():
    low, high = accepted_ends(one_sided_pair(5.0, error=2.0), 0.05, 0.005)
    assert (low[0], high[0]) == pytest.approx((5 - 1.959964 * 2, 5 + 1.959964 * 2))


def test_the_first_stage_of_two_opposite_sides_is_the_two_sided_quantile():
    quantile = least_favourable_quantile(one_sided_pair(0.0), 0.005)
    assert quantile == pytest.approx(stats.norm.ppf(1 - 0.0025), abs=1e-9)


def test_an_inequality_that_holds_is_no_evidence_against_it():
    found = rejects(one_sided_pair(1.0), np.array([[1.0]]), np.array([2.8]), SECOND_STAGE)
    assert not found.any()


def test_a_set_that_no_value_can_meet_has_no_ends():
    sets = Inequalities(
        slopes=np.array([[[1.0, -1.0], [-1.0, -1.0], [0.0, -1.0]]]),
        effect=0.0,
        nuisance=np.array([-20.0]),  # its own row says it is not below zero
        covariance=np.eye(2)[None],
    )
    low, high = accepted_ends(sets, 0.05, 0.005)
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def study(seed):
    """Draw an event study and its inequalities, in units of the effect's error."""
    rng = np.random.default_rng(seed)
    pre, post = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    root = rng.normal(size=(pre + post + 4, pre + post))
    covariance = root.T @ root
    weights = rng.normal(size=post) if seed % 2 else np.eye(post)[0]
    late = covariance[pre:, pre:]
    covariance /= weights @ late @ weights
    betas = 1.5 * rng.normal(size=pre + post)
    m_bar = float(rng.choice([0.3, 1.0, 2.0]))
    checked = _check(betas, covariance, pre, post, weights, 0.95)
    sets = _inequalities(checked, m_bar, 1.0)
    return betas, covariance, pre, weights, m_bar, sets


@pytest.mark.parametrize("seed", range(4))
def test_the_integrated_quantile_is_that_of_many_draws(seed):
    *_, sets = study(seed)
    quantile = least_favourable_quantile(sets, 0.05)
    rng = np.random.default_rng(0)
    for slopes, covariance, found in zip(
        sets.slopes, sets.covariance, quantile, strict=True
    ):
        draws = rng.multivariate_normal(np.zeros(2), covariance, 200_000) @ slopes.T
        above = np.mean(draws.max(axis=1) > found)
        assert above == pytest.approx(0.05, abs=0.002)  # four standard errors


class Programmes:
    """The test as it is defined, moment by moment: nothing is known of its vertices."""

    def __init__(self, betas, covariance, pre, weights, m_bar, change):
        size = len(betas)
        steps = np.diff(np.eye(size + 1), axis=0)
        largest = steps[change] if change < pre else -steps[change - pre]
        rows = [side * step - m_bar * largest for step in steps[pre:] for side in (1, -1)]
        moments = np.delete(np.array(rows), pre, axis=1)
        # The effect in the first coordinate, all but one of the others in the rest.
        used = int(np.flatnonzero(weights)[0])
        basis = np.vstack([weights, np.delete(np.eye(len(weights)), used, axis=0)])
        late = moments[:, pre:] @ np.linalg.inv(basis)
        self.estimates, self.own, self.others = moments @ betas, late[:, 0], late[:, 1:]
        self.covariance = moments @ covariance @ moments.T
        self.spread = np.sqrt(np.diag(self.covariance))

    def largest(self, moments):
        """Largest standardised moment, the other effects chosen to make it small."""
        count = 1 + self.others.shape[1]
        answer = optimize.linprog(
            np.eye(count)[0],
            A_ub=-np.column_stack([self.spread, self.others]),
            b_ub=-moments,
            bounds=[(None, None)] * count,
            method="highs-ds",
        )
        return answer.fun, -answer.ineqlin.marginals

    def rejects(self, value, critical):
        moments = self.estimates - self.own * value
        statistic, dual = self.largest(moments)
        if statistic <= 0 or statistic >= critical:
            return statistic > 0
        variance = dual @ self.covariance @ dual
        direction = self.covariance @ dual / variance
        rest = moments - direction * (dual @ moments)

        def end(far):
            """How far the statistic can move while this dual solution stays the best."""
            near = statistic
            for _ in range(40):
                middle = (near + far) / 2
                best, _ = self.largest(rest + direction * middle)
                near, far = (middle, far) if abs(best - middle) < 1e-9 else (near, middle)
            return near

        error = np.sqrt(variance)
        low, high = end(statistic - 40), min(end(statistic + 40), critical)
        tail = stats.norm.sf(np.array([statistic, low, high]) / error)
        return (tail[0] - tail[2]) / (tail[1] - tail[2]) < SECOND_STAGE


@pytest.mark.parametrize("seed", range(10))
def test_it_decides_as_the_linear_programmes_do(seed):
    betas, covariance, pre, weights, m_bar, sets = study(seed)
    critical = least_favourable_quantile(sets, 0.005)
    change = seed % (2 * pre)
    programmes = Programmes(betas, covariance, pre, weights, m_bar, change)
    values = sets.effect + np.linspace(-4, 4, 5)
    found = rejects(sets, np.tile(values, (2 * pre, 1)), critical, SECOND_STAGE)[change]
    defined = [programmes.rejects(value, critical[change]) for value in values]
    assert found.tolist() == defined


def test_it_keeps_its_size_where_every_inequality_binds():
    """No drift before, none after, and no effect: the least favourable truth."""
    pre, post = 3, 2
    rng = np.random.default_rng(11)
    covariance = 0.4 * np.eye(5) + 0.6
    critical, refused = None, 0
    for betas in rng.multivariate_normal(np.zeros(5), covariance, 1500):
        checked = _check(betas, covariance, pre, post, [1.0, 0.0], 0.95)
        sets = _inequalities(checked, 1.0, checked.error)
        if critical is None:  # it depends on the covariance alone
            critical = least_favourable_quantile(sets, 0.005)
        out = rejects(sets, np.zeros((2 * pre, 1)), critical, SECOND_STAGE)
        refused += bool(out[0, 0])  # one change, known beforehand to be the largest
    assert refused / 1500 == pytest.approx(0.05, abs=0.02)
