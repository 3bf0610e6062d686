"""The mean of schools that differ in truth, not only by the luck of their pupils."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

FloatArray = npt.NDArray[np.float64]
Method = Literal["paule_mandel", "reml", "dersimonian_laird"]

GRID = 60
"""Points at which the restricted likelihood is looked at before the best is refined."""
EXACT = 1e-12
"""Relative precision of the variance between schools."""


@dataclass(frozen=True)
class RandomEffectsMean:
    """Mean of the true values of schools, and how those are spread about it.

    `mean`, its error and all intervals are in the unit of the estimates;
    `between_variance` (tau squared) in its square. `degrees_of_freedom` are k - 1 with
    Hartung and Knapp's interval, None where the normal distribution is used. `q` is
    Cochran's, `q_p_value` that of no difference between schools. `i_squared` is the share
    of the variation that is not sampling, in per cent. `prediction_low` and
    `prediction_high` hold the true value of another such school; None with fewer than
    three schools.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: int | None
    between_variance: float
    q: float
    q_p_value: float
    i_squared: float
    prediction_low: float | None
    prediction_high: float | None
    schools: int
    method: Method

    def share_above(self, value: float = 0.0) -> float | None:
        """Share of schools whose true value lies above `value`, between 0 and 1.

        It takes true values for normal about the mean: a share of such schools, not a
        count of these. None where the spread is nil and the mean is `value` itself.
        Source: Mathur and VanderWeele (2019), New metrics for meta-analyses of
        heterogeneous effects.
        """
        if not np.isfinite(value):
            raise ValueError("the value to be above is not a finite number")
        if self.between_variance == 0:
            return None if self.mean == value else float(self.mean > value)
        return float(stats.norm.sf((value - self.mean) / np.sqrt(self.between_variance)))


def random_effects_mean(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    method: Method = "paule_mandel",
    hartung_knapp: bool = True,
    level: float = 0.95,
) -> RandomEffectsMean:
    """Average `estimates` (k,) of schools with known sampling `variances` (k,).

    School i's figure is its true value plus luck of variance v_i (the national pupil
    variance over its pupils), and true values differ by the variance tau squared. Each
    school weighs 1 / (tau^2 + v_i). The mean is that of schools, not of pupils: it
    answers what a typical partner school shows. The gap to the rest, by pupils, is another
    question.

    tau squared is by Paule and Mandel (1982; the default: right for any distribution of
    true values, and best at few schools in Veroniki et al. 2016), by restricted maximum
    likelihood, or by DerSimonian and Laird (1986; in one step and too small where schools
    differ much). It is never negative. The likelihood can have two tops: the higher is
    taken.

    The error is by Hartung and Knapp (2001), with t on k - 1, which holds its level with few
    schools; `hartung_knapp=False` gives 1 / sqrt(sum of weights) and the normal
    distribution, as papers before 2001 print. Prediction: t on k - 2 (Higgins, Thompson and
    Spiegelhalter 2009, section 4). I squared is (Q - df) / Q (Higgins and Thompson 2002)
    whatever the method; R's metafor makes it of tau squared instead.

    Why not `statsmodels.stats.meta_analysis.combine_effects`: it has no REML and no
    prediction interval, and stops Paule and Mandel's iteration at 1e-5 of the scale of
    the data or after 50 steps. What it has agrees with this (tests).

    Raises ValueError for fewer than two schools, arrays of different length, estimates that
    are missing, variances that are not positive, an unknown method or a wrong level.
    """
    y, v = _checked(estimates, variances)
    if method not in get_args(Method):
        raise ValueError(f"one of {', '.join(get_args(Method))} expected, found {method!r}")
    if not 0 < level < 1:
        raise ValueError(f"a level between 0 and 1 expected, found {level}")
    # In units of the typical sampling error from a middle, nothing under- or overflows.
    middle, unit = float(np.median(y)), float(np.sqrt(np.median(v)))
    y, v = (y - middle) / unit, v / unit**2
    k = len(y)
    q = _spread_about_mean(y, v, 0.0)
    between = _METHODS[method](y, v)
    weights = 1 / (between + v)
    mean = float(weights @ y / weights.sum())
    plain = 1 / float(weights.sum())
    error = np.sqrt(plain)
    if hartung_knapp:
        error = np.sqrt(float(weights @ (y - mean) ** 2) / (k - 1) * plain)
    times = stats.t.ppf(0.5 + level / 2, k - 1) if hartung_knapp else _normal(level)
    half = float(times * error)
    reach = (
        None
        if k < 3
        else float(stats.t.ppf(0.5 + level / 2, k - 2) * np.sqrt(between + error**2))
    )
    return RandomEffectsMean(
        mean=middle + mean * unit,
        standard_error=float(error) * unit,
        low=middle + (mean - half) * unit,
        high=middle + (mean + half) * unit,
        degrees_of_freedom=k - 1 if hartung_knapp else None,
        between_variance=between * unit**2,
        q=q,
        q_p_value=float(stats.chi2.sf(q, k - 1)),
        i_squared=0.0 if q <= k - 1 else 100 * (q - (k - 1)) / q,
        prediction_low=None if reach is None else middle + (mean - reach) * unit,
        prediction_high=None if reach is None else middle + (mean + reach) * unit,
        schools=k,
        method=method,
    )


def _normal(level: float) -> float:
    return float(stats.norm.ppf(0.5 + level / 2))


def _spread_about_mean(y: FloatArray, v: FloatArray, between: float) -> float:
    weights = 1 / (between + v)
    mean = weights @ y / weights.sum()
    return float(weights @ (y - mean) ** 2)


def _upper(y: FloatArray, v: FloatArray) -> float:
    """No estimate of the variance between schools lies above this."""
    return float(((y - y.mean()) ** 2).sum() + 2 * v.max())


def _paule_mandel(y: FloatArray, v: FloatArray) -> float:
    """Where the weighted spread of schools is what it should be, k - 1; it falls in tau."""
    if _spread_about_mean(y, v, 0.0) <= len(y) - 1:
        return 0.0
    return float(
        optimize.brentq(
            lambda between: _spread_about_mean(y, v, between) - (len(y) - 1),
            0.0,
            _upper(y, v),
            xtol=EXACT,
            rtol=EXACT,
        )
    )


def _dersimonian_laird(y: FloatArray, v: FloatArray) -> float:
    weights = 1 / v
    surplus = _spread_about_mean(y, v, 0.0) - (len(y) - 1)
    total = weights.sum()
    return max(0.0, float(surplus / (total - (weights @ weights) / total)))


def _reml(y: FloatArray, v: FloatArray) -> float:
    """Top of the restricted likelihood over tau squared from nil upwards."""

    def minus_two_loglik(between: float) -> float:
        weights = 1 / (between + v)
        mean = weights @ y / weights.sum()
        fit = weights @ (y - mean) ** 2
        return float(fit + np.log(between + v).sum() + np.log(weights.sum()))

    def slope(between: float) -> float:
        weights = 1 / (between + v)
        total = weights.sum()
        mean = weights @ y / total
        squares = weights @ weights
        return float(
            total - squares / total - (weights * (y - mean)) @ (weights * (y - mean))
        )

    # Every valley of the likelihood begins at nil or where its slope turns upwards.
    grid = np.concatenate([[0.0], np.geomspace(1e-6, _upper(y, v), GRID)])
    slopes = np.array([slope(between) for between in grid])
    tops = [0.0] if slopes[0] >= 0 else []
    for place in np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0)).tolist():
        found = optimize.brentq(slope, *grid[place : place + 2], xtol=EXACT, rtol=EXACT)
        tops.append(float(found))
    return min(tops, key=minus_two_loglik)


_METHODS: dict[Method, Callable[[FloatArray, FloatArray], float]] = {
    "paule_mandel": _paule_mandel,
    "reml": _reml,
    "dersimonian_laird": _dersimonian_laird,
}


def _checked(
    estimates: npt.ArrayLike, variances: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    try:
        y, v = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError("numbers expected as estimates and variances") from error
    if y.ndim != 1 or y.shape != v.shape:
        raise ValueError("one estimate and one variance for each school expected")
    if len(y) < 2:
        raise ValueError(f"{len(y)} schools cannot show how schools differ: two expected")
    missing = int((~np.isfinite(y)).sum())
    if missing:
        raise ValueError(
            f"{missing} schools have no estimate: leave them out and count them"
        )
    wrong = int((~(np.isfinite(v) & (v > 0))).sum())
    if wrong:
        raise ValueError(f"{wrong} schools have no positive sampling variance")
    return y, v
