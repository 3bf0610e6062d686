"""The shortest interval of fixed length when a trend may bend a little each period."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import ndtr, ndtri

FloatArray = npt.NDArray[np.float64]
WORST_CONDITION = 1e14
"""Beyond this the covariance of the pre-period coefficients has lost all its digits."""


@dataclass(frozen=True)
class FixedLengthInterval:
    """Centre +/- half_length, from a linear estimator chosen before the data are seen.

    `pre_weights` (one for each pre-period, oldest first) is what the estimator takes of
    the coefficients before the reference period to correct the effect; `worst_bias` is
    what the allowed bends can still move it by, `standard_error` its sampling error.
    """

    centre: float
    half_length: float
    pre_weights: FloatArray
    worst_bias: float
    standard_error: float


def fixed_length_interval(
    betas: FloatArray,
    covariance: FloatArray,
    pre_periods: int,
    effect_weights: FloatArray,
    bound: float,
    level: float,
) -> FixedLengthInterval:
    """Find the shortest interval for `effect_weights @ effects` that covers at `level`.

    The difference in trends between the groups may be any straight line, and its slope
    may change by at most `bound` from one period to the next. `betas` has
    `pre_periods` coefficients before the reference period and one for each effect
    weight after it, oldest first, (n,); `covariance` is (n, n) and is taken as known.

    An estimator that takes `pre_weights` of the early coefficients is free of every
    straight line if those weights balance. Its bias is then a sum over the bends, and
    is largest when each bend is at its bound with the least welcome sign: the bound
    times the sum of the absolute exposures to the bends. The interval is
    s q(bias / s) long on each side, s its standard error and q the quantile of
    |N(bias / s, 1)|. For each price of bias the best exposures solve a lasso, and its
    dual is least squares in a box, which is solved exactly; the price is then the root
    of the first-order condition, which is unique since the length is convex.

    Raises ValueError where the covariance of the early coefficients is singular, or
    where the estimator would have no variance.

    Source: Rambachan and Roth (2023), A more credible approach to parallel trends,
    section 4 and appendix; Armstrong and Kolesar (2020).
    """
    scale = float(
        np.sqrt(effect_weights @ covariance[pre_periods:, pre_periods:] @ effect_weights)
    )
    if not scale > 0:
        raise ValueError("the effect has no variance: an interval cannot be given")
    cov, limit = covariance / scale**2, bound / scale
    to_weights, fixed, constant = _exposures(pre_periods, effect_weights)
    early, across = cov[:pre_periods, :pre_periods], cov[:pre_periods, pre_periods:]
    base = to_weights[:, 0] * fixed
    free = to_weights[:, 1:]
    curvature = free.T @ early @ free
    pull = free.T @ (early @ base + across @ effect_weights)
    if len(pull) and np.linalg.cond(curvature) > WORST_CONDITION:
        raise ValueError(
            "the covariance of the pre-period coefficients is singular: use fewer "
            "pre-periods or more clusters"
        )

    def at(price: float) -> tuple[FloatArray, float, float]:
        """Weights, standard error and worst bias where a unit of bias costs `price`."""
        exposure = _lasso(curvature, pull, price)
        weights = np.concatenate([base + free @ exposure, effect_weights])
        error = float(np.sqrt(max(weights @ cov @ weights, 0.0)))
        return weights, error, limit * (constant + float(np.abs(exposure).sum()))

    def condition(price: float) -> float:
        """Below zero where a little less bias would shorten the interval."""
        _, error, bias = at(price)
        shift = bias / error
        quantile = folded_normal_quantile(shift, level)
        gradient = np.tanh(quantile * shift)
        return float(price * (quantile - shift * gradient) - limit * error * gradient)

    highest = float(np.abs(pull).max()) if len(pull) else 0.0
    if not at(0.0)[1] > np.sqrt(np.finfo(float).eps):
        raise ValueError(
            "the covariance is singular: a combination of the coefficients has no "
            "variance. Use fewer periods or more clusters"
        )
    if limit == 0.0 or highest == 0.0:
        price = 0.0
    elif condition(highest) <= 0:
        price = highest
    else:
        price = float(optimize.brentq(condition, 0.0, highest, xtol=1e-14 * highest))
    weights, error, bias = at(price)
    half = error * folded_normal_quantile(bias / error, level)
    return FixedLengthInterval(
        centre=float(weights @ betas),
        half_length=half * scale,
        pre_weights=weights[:pre_periods],
        worst_bias=bias * scale,
        standard_error=error * scale,
    )


def folded_normal_quantile(shift: float, level: float) -> float:
    """Return the `level` quantile of |N(shift, 1)|, for a shift of 0 or more."""

    def excess(quantile: float) -> float:
        return float(ndtr(quantile - shift) - ndtr(-quantile - shift)) - level

    # One tail alone gives the lower end, two full tails the upper.
    low, high = shift + float(ndtri(level)), shift + float(ndtri(0.5 + level / 2))
    if excess(low) >= 0:
        return low
    return float(optimize.brentq(excess, low, high + 1e-12, xtol=1e-13))


def _exposures(
    pre_periods: int, effect_weights: FloatArray
) -> tuple[FloatArray, float, float]:
    """Relate weights on the early coefficients to exposures to bends of the trend.

    Column j of the matrix is what one unit of exposure to the bend j periods before the
    reference adds to the weights. The exposure to the bend at the reference is fixed by
    the balance of straight lines. The last number is the exposure that no choice of
    weights can change: the bends at the reference and after it.
    """
    to_weights = np.zeros((pre_periods, pre_periods))
    for period in range(1, pre_periods + 1):  # periods before the reference
        row = to_weights[pre_periods - period]
        row[period - 1] = 1.0
        if period < pre_periods:
            row[period] = -2.0
        if period + 1 < pre_periods:
            row[period + 1] = 1.0
    ahead = np.arange(1, len(effect_weights) + 1)
    late = np.clip(ahead[:, None] - ahead[None, :], 0, None)
    fixed = float(ahead @ effect_weights)
    return to_weights, fixed, abs(fixed) + float(np.abs(effect_weights @ late).sum())


def _lasso(curvature: FloatArray, pull: FloatArray, price: float) -> FloatArray:
    """Minimise c' curvature c / 2 + pull' c + price * sum |c|, through its dual."""
    if not len(pull):
        return pull
    if price == 0.0:
        return np.asarray(-np.linalg.solve(curvature, pull), dtype=float)
    root = np.linalg.cholesky(curvature)
    whiten = np.linalg.inv(root)
    # The gradient of the smooth part lies in a box, as near to `pull` as it can.
    gradient = optimize.lsq_linear(
        whiten, whiten @ pull, (-price, price), method="bvls", tol=1e-15, max_iter=500
    ).x
    exposure: FloatArray = whiten.T @ (whiten @ (gradient - pull))
    exposure[np.abs(gradient) < price * (1 - 1e-12)] = 0.0
    return exposure
