"""How far a difference in trends could go before a finding is no longer one.

An event study takes it that partners and comparison schools would have moved alike.
Before the reference period that can be looked at; after it, it cannot. Rambachan and
Roth (2023) let the two groups drift apart by a stated amount and give the interval that
still covers the effect: in multiples of the largest drift seen before
(`relative_magnitudes`), or by how much the drift may bend from one period to the next
(`smoothness`). `breakdown` turns the question round: how much drift a finding bears.

All coefficients must be measured from one common reference period. Group-time effects
with a base period that varies before treatment are changes from one period to the next:
add them up first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import ndtri

from pipeline.challenges.conditional_test import Inequalities, accepted_ends
from pipeline.challenges.fixed_length_interval import fixed_length_interval

FloatArray = npt.NDArray[np.float64]
Periods = int | Sequence[int]
Method = Literal["relative_magnitudes", "smoothness"]

FIRST_STAGE = 0.1
"""Share of the error rate spent on the first stage: alpha / 10, as in the paper."""
SEARCH_STEP = 1.25
"""Ratio between the bounds that the search for the breakdown looks at."""
LARGEST_MULTIPLE = 1e6
"""A finding that bears this multiple of the largest change bears any."""


@dataclass(frozen=True)
class SensitivityInterval:
    """The effects that the data leave standing under a stated limit to the drift.

    In the unit of the coefficients. Both ends are always finite. Where the values left
    standing fall apart into pieces, `low` and `high` are the outermost.
    """

    low: float
    high: float
    bound: float
    level: float
    method: Method

    @property
    def excludes_zero(self) -> bool:
        """Whether zero is among the values ruled out."""
        return self.low > 0.0 or self.high < 0.0

    @property
    def centre(self) -> float | None:
        """The estimate in the middle of `smoothness`: what drifted in a line is taken out.

        None of `relative_magnitudes`, whose interval has no estimate in its middle.
        """
        if self.method != "smoothness":
            return None
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Breakdown:
    """The drift at which a finding is lost.

    `value` is the limit up to which the interval excludes zero: in multiples of the
    largest change before the reference period, or as a change of slope per period in
    the unit of the coefficients. None where the interval of limit zero holds zero
    already: there is no finding to lose. Infinite where no limit ever undoes it, which
    takes coefficients before the reference period that are known without error.

    `estimate`, `low` and `high` are the original interval, which allows no drift;
    `low_at_zero` and `high_at_zero` the method's own with its limit at zero. For
    relative magnitudes these are the same; smoothness first takes a straight line out.
    """

    value: float | None
    estimate: float
    low: float
    high: float
    low_at_zero: float
    high_at_zero: float
    level: float
    method: Method


@dataclass(frozen=True)
class _EventStudy:
    betas: FloatArray
    covariance: FloatArray
    pre_periods: int
    weights: FloatArray
    level: float

    @property
    def effect(self) -> float:
        return float(self.weights @ self.betas[self.pre_periods :])

    @property
    def error(self) -> float:
        late = self.covariance[self.pre_periods :, self.pre_periods :]
        return float(np.sqrt(self.weights @ late @ self.weights))


def relative_magnitudes(
    betas: npt.ArrayLike,
    covariance: npt.ArrayLike,
    pre_periods: Periods,
    post_periods: Periods,
    m_bar: float,
    effect_weights: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> SensitivityInterval:
    """Interval when drift after the reference is at most `m_bar` times that before.

    From one period to the next, the difference in trends may change by at most `m_bar`
    times its largest change between neighbouring periods up to the reference. `betas`
    (n,) are the event study's coefficients, oldest first, the reference period left
    out; `covariance` is (n, n). `pre_periods` and `post_periods` are numbers of
    periods, or their event times, which must be consecutive with one reference period
    in between. The effect is the sum of `effect_weights` (one for each post-period)
    times the effects after the reference.

    The largest change before is one of the pre-periods', up or down: for each, the
    values that the conditional least favourable hybrid test does not reject are found,
    and the interval spans them all. As in the authors' R package, only inequalities
    that involve a post-period are used. Their inequalities come in pairs, one for each
    direction of a change, and in pairs the dual has no more vertices than the number of
    post-periods plus two. They are written down here, and the least favourable value is
    integrated, where the package solves programmes on a grid and simulates. At `m_bar`
    of zero it is the conventional interval.

    Raises ValueError for arrays that do not fit together or are not finite, a
    covariance that is not one, no pre-period, a negative `m_bar`, weights that are all
    zero, and event times with a gap: there a change would span several periods.

    Source: Rambachan and Roth (2023), A more credible approach to parallel trends,
    sections 2.4.2 and 3; Andrews, Roth and Pakes (2023).
    """
    study = _check(betas, covariance, pre_periods, post_periods, effect_weights, level)
    bound = _check_bound(m_bar, "m_bar")
    low, high = _relative_magnitudes(study, bound)
    return SensitivityInterval(low, high, bound, level, "relative_magnitudes")


def smoothness(
    betas: npt.ArrayLike,
    covariance: npt.ArrayLike,
    pre_periods: Periods,
    post_periods: Periods,
    m: float,
    effect_weights: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> SensitivityInterval:
    """Interval when the slope of the drift changes by at most `m` in each period.

    Arguments as for `relative_magnitudes`; `m` is in the unit of the coefficients, per
    period and period. At zero the groups may drift apart along a straight line, which
    the pre-periods show and the interval takes out. It is the shortest interval of
    fixed length around a linear estimator (`fixed_length_interval`).

    Raises ValueError as `relative_magnitudes` does, for a negative `m`, and where the
    covariance is singular.

    Source: Rambachan and Roth (2023), sections 2.4.1 and 4.
    """
    study = _check(betas, covariance, pre_periods, post_periods, effect_weights, level)
    bound = _check_bound(m, "m")
    low, high = _smoothness(study, bound)
    return SensitivityInterval(low, high, bound, level, "smoothness")


def breakdown(
    betas: npt.ArrayLike,
    covariance: npt.ArrayLike,
    pre_periods: Periods,
    post_periods: Periods,
    effect_weights: npt.ArrayLike,
    *,
    method: Method = "relative_magnitudes",
    level: float = 0.95,
) -> Breakdown:
    """Find the largest `m_bar` or `m` up to which the interval excludes zero.

    Arguments as for `relative_magnitudes`. An interval may move as well as grow, so
    that it could leave zero again: the value is the first limit that reaches zero, and
    every smaller one excludes it. Limits are looked at in steps of a quarter and the
    crossing found as a root.

    Raises ValueError as the two methods do, and for another method's name.
    """
    if method not in ("relative_magnitudes", "smoothness"):
        raise ValueError(
            f"no method {method!r}: choose 'relative_magnitudes' or 'smoothness'"
        )
    study = _check(betas, covariance, pre_periods, post_periods, effect_weights, level)
    interval = _relative_magnitudes if method == "relative_magnitudes" else _smoothness
    half = study.error * float(ndtri(0.5 + level / 2))
    start_low, start_high = interval(study, 0.0)
    unit, farthest = 1.0, LARGEST_MULTIPLE
    if method == "smoothness":  # its length grows without end, so that the search ends
        unit, farthest = study.error, float("inf")

    def margin(bound: float) -> float:
        """Distance of the nearer end from zero, on the side where it started."""
        low, high = interval(study, bound)
        return low if start_low > 0 else -high

    value: float | None = None
    if start_low > 0.0 or start_high < 0.0:
        value = _first_root(margin, unit, farthest)
    return Breakdown(
        value=value,
        estimate=study.effect,
        low=study.effect - half,
        high=study.effect + half,
        low_at_zero=start_low,
        high_at_zero=start_high,
        level=level,
        method=method,
    )


def _first_root(margin: Callable[[float], float], unit: float, farthest: float) -> float:
    """Where a margin that is positive at zero is first used up."""
    low, high = 0.0, 0.05 * unit
    while margin(high) > 0.0:
        low, high = high, high * SEARCH_STEP
        if high > farthest:
            return float("inf")
    return float(optimize.brentq(margin, low, high, xtol=1e-10 * unit))


def _smoothness(study: _EventStudy, bound: float) -> tuple[float, float]:
    found = fixed_length_interval(
        study.betas,
        study.covariance,
        study.pre_periods,
        study.weights,
        bound,
        study.level,
    )
    return found.centre - found.half_length, found.centre + found.half_length


def _relative_magnitudes(study: _EventStudy, m_bar: float) -> tuple[float, float]:
    alpha = 1.0 - study.level
    scale = study.error
    low, high = accepted_ends(
        _inequalities(study, m_bar, scale), alpha, FIRST_STAGE * alpha
    )
    # The estimate itself is never rejected: its set has one end below, one above.
    return float(np.nanmin(low)) * scale, float(np.nanmax(high)) * scale


def _inequalities(study: _EventStudy, m_bar: float, scale: float) -> Inequalities:
    """Write the drift's limit as inequalities for the effect and one change before it.

    For a change before the reference of `nuisance` (one period's, up or down, taken for
    the largest), every change after it is at most `m_bar * nuisance` up or down. With
    the other effects free, these pairs of inequalities imply, and are implied by: the
    weighted drift is at most its greatest sum of changes, up; the same down; and no
    pair contradicts itself. Each row is divided by the standard deviations of the
    inequalities that it adds up, which makes it a vertex of the dual.
    """
    pre, weights = study.pre_periods, study.weights
    betas, cov = study.betas / scale, study.covariance / scale**2
    count = len(betas)
    steps = _changes(pre, count - pre)
    late = steps[pre:]
    before = np.concatenate([steps[:pre], -steps[:pre]])
    target = np.concatenate([np.zeros(pre), weights])
    # Exposure of the weighted effect to each later change: all effects from then on.
    exposure = np.cumsum(weights[::-1])[::-1]
    reach = m_bar * float(np.abs(exposure).sum())

    variance_late = np.einsum("ti,ij,tj->t", late, cov, late)[None, :]
    variance_before = np.einsum("si,ij,sj->s", before, cov, before)
    across = m_bar * before @ cov @ late.T
    added = variance_late + (m_bar**2 * variance_before)[:, None]
    up = np.sqrt(np.clip(added - 2 * across, 0.0, None))
    down = np.sqrt(np.clip(added + 2 * across, 0.0, None))
    if min(up.min(), down.min()) < 1e-9:
        raise ValueError(
            "the covariance is singular: a change after the reference period has no "
            "variance. Use fewer periods or more clusters"
        )
    rising = np.where(exposure > 0, up, down) @ np.abs(exposure)
    falling = np.where(exposure > 0, down, up) @ np.abs(exposure)
    slopes = np.zeros((len(before), 2 + len(late), 2))
    slopes[:, 0, 0], slopes[:, 0, 1] = 1 / rising, -reach / rising
    slopes[:, 1, 0], slopes[:, 1, 1] = -1 / falling, -reach / falling
    slopes[:, 2:, 1] = -2 * m_bar / (up + down)

    pairs = np.stack([np.broadcast_to(target, before.shape), before], axis=1)
    return Inequalities(
        slopes=slopes,
        effect=float(target @ betas),
        nuisance=before @ betas,
        covariance=pairs @ cov @ pairs.transpose(0, 2, 1),
    )


def _changes(pre: int, post: int) -> FloatArray:
    """Changes between neighbouring periods, the reference being zero: (pre + post, n)."""
    with_reference = np.diff(np.eye(pre + post + 1), axis=0)
    changes: FloatArray = np.delete(with_reference, pre, axis=1)
    return changes


def _check_bound(bound: float, name: str) -> float:
    told = f"{name} must be a finite number of zero or more, found {bound!r}"
    try:
        number = float(bound)
    except (TypeError, ValueError) as error:
        raise ValueError(told) from error
    if not 0 <= number < np.inf:
        raise ValueError(told)
    return number


def _numbers(values: npt.ArrayLike, name: str) -> FloatArray:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the {name} must be numbers, found {values!r}") from error


def _check(
    betas: npt.ArrayLike,
    covariance: npt.ArrayLike,
    pre_periods: Periods,
    post_periods: Periods,
    effect_weights: npt.ArrayLike,
    level: float,
) -> _EventStudy:
    beta = _numbers(betas, "coefficients")
    cov = _numbers(covariance, "covariance")
    weights = _numbers(effect_weights, "effect weights")
    pre, post = _count(pre_periods, post_periods)
    if not 0.5 <= level < 1:
        raise ValueError(f"the level must lie between 0.5 and 1, found {level}")
    if pre < 1:
        raise ValueError(
            "no period before the reference period: sensitivity cannot be computed, "
            "since nothing shows how the groups drifted apart"
        )
    if post < 1:
        raise ValueError("no period after the reference period: there is no effect")
    if beta.shape != (pre + post,):
        raise ValueError(
            f"{pre} pre-periods and {post} post-periods need {pre + post} coefficients "
            f"(without the reference period), found an array of shape {beta.shape}"
        )
    if cov.shape != (pre + post, pre + post):
        raise ValueError(
            f"the covariance must be {pre + post} by {pre + post}, found {cov.shape}"
        )
    if weights.shape != (post,):
        raise ValueError(
            f"one effect weight for each of {post} post-periods expected, found an "
            f"array of shape {weights.shape}"
        )
    for name, array in (
        ("coefficients", beta),
        ("covariance", cov),
        ("effect weights", weights),
    ):
        if not np.isfinite(array).all():
            raise ValueError(f"the {name} hold a value that is missing or not finite")
    if not weights.any():
        raise ValueError("the effect weights are all zero: there is no effect to bound")
    largest = float(np.abs(cov).max())
    if not np.allclose(cov, cov.T, rtol=0.0, atol=1e-8 * largest):
        raise ValueError("the covariance is not symmetric")
    cov = (cov + cov.T) / 2
    if float(np.linalg.eigvalsh(cov)[0]) < -1e-8 * largest:
        raise ValueError(
            "the covariance is not positive semidefinite: some combination of the "
            "coefficients would have a negative variance"
        )
    # ASSUME: the coefficients are normal around the truth and their covariance is known,
    # as the paper takes it. With few clusters neither holds, and intervals are too short.
    study = _EventStudy(beta, cov, pre, weights, level)
    if not study.error > 1e-12 * float(np.sqrt(largest)):
        raise ValueError("the effect has no variance: an interval cannot be given")
    return study


def _count(pre_periods: Periods, post_periods: Periods) -> tuple[int, int]:
    """Numbers of periods, from numbers or from event times without a gap."""
    # ASSUME: every period counts alike for the drift. Where years are missing the caller
    # counts in waves, and a change across the gap is then bounded as a single change.
    if isinstance(pre_periods, int | np.integer) and isinstance(
        post_periods, int | np.integer
    ):
        return int(pre_periods), int(post_periods)
    if isinstance(pre_periods, int | np.integer) or isinstance(
        post_periods, int | np.integer
    ):
        raise ValueError("give pre-periods and post-periods both as numbers or as times")
    before, after = np.asarray(pre_periods), np.asarray(post_periods)
    if before.ndim != 1 or after.ndim != 1:
        raise ValueError(
            "pre-periods and post-periods are whole numbers of periods or lists of event "
            f"times, found {pre_periods!r} and {post_periods!r}"
        )
    times = np.concatenate([before, after]).astype(float)
    if len(before) and len(after):
        expected = np.arange(len(times)) + times[0]
        expected[len(before) :] += 1  # the reference period stands in between
        if not np.array_equal(times, expected):
            raise ValueError(
                "event times must be consecutive, oldest first, with one reference "
                f"period left out between {before[-1]} and {after[0]}: found "
                f"{times.tolist()}. Count in waves where years are missing"
            )
    return len(before), len(after)
