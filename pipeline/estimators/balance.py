"""How alike partners and their comparison schools were before, by the WWC's thresholds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.partner_flags import partner_flags

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
FINE, ADJUST, REFUSE = "fine", "adjust", "refuse"
MOST_FINE = 0.05
MOST_ADJUSTED = 0.25
"""Largest standardised differences that need nothing, and that adjustment may mend."""
COX = 1.65
"""A log odds ratio divided by this is on the scale of Hedges' g (Cox index)."""
ROUNDING = 1e-9
"""A difference that is a threshold but for rounding has not crossed it."""


@dataclass(frozen=True)
class CovariateBalance:
    """One covariate on both sides, before and after weighting.

    `before` and `after` are standardised differences, partners minus comparison schools:
    Hedges' g, or the Cox index where the covariate has only the values 0 and 1 (`scale`
    says which). Both are None where nothing varies on either side and the sides differ.
    `variance_ratio` is the partners' variance over that of the weighted comparison
    schools, None where either is 0. `inside` is the share of partners that lie within
    the range of the comparison schools that have weight.
    """

    name: str
    scale: str
    partners: float
    comparison_before: float
    comparison_after: float
    before: float | None
    after: float | None
    verdict_before: str
    verdict: str
    variance_ratio: float | None
    inside: float


@dataclass(frozen=True)
class Balance:
    """The balance of all covariates, and what has to be done about it.

    `overlap` is the share of partners whose discriminant score lies within the range of
    the comparison schools' scores: None where there are no covariates or their
    within-side covariance is singular. `verdict` is the worst of the covariates.
    """

    covariates: tuple[CovariateBalance, ...]
    overlap: float | None

    @property
    def verdict(self) -> str:
        """fine, adjust or refuse: what the worst covariate asks for."""
        found = {row.verdict for row in self.covariates}
        return next((v for v in (REFUSE, ADJUST) if v in found), FINE)

    @property
    def to_adjust(self) -> tuple[str, ...]:
        """Covariates that a regression must hold fixed (0.05 < |difference| <= 0.25)."""
        return tuple(row.name for row in self.covariates if row.verdict == ADJUST)

    @property
    def beyond_repair(self) -> tuple[str, ...]:
        """Covariates on which the sides are too far apart to be compared."""
        return tuple(row.name for row in self.covariates if row.verdict == REFUSE)

    @property
    def largest(self) -> float | None:
        """The largest |difference| after weighting; None where one is undefined."""
        after = [row.after for row in self.covariates]
        if not after or None in after:
            return None if after else 0.0
        return max(abs(value) for value in after if value is not None)


def balance(
    covariates: pd.DataFrame, is_partner: BoolArray, weights: FloatArray | None = None
) -> Balance:
    """Standardised differences before and after weighting, with a verdict for each.

    `covariates` has a row per school and a column per covariate; `weights`, one per
    school, are those of the matched design on both sides (0: not used; only their
    proportions within a side matter). Without weights, before and after are the same.

    A difference is divided by the pooled SD of schools BEFORE weighting, on both
    occasions: a weighting that shrinks the SD would else look as if it made balance
    worse. It is the SD of schools, which is smaller than the SD of pupils that the WWC
    has in mind, so the thresholds are stricter here. A covariate of zeros and ones is
    judged by the Cox index; where a side has only zeros or only ones its odds do not
    exist, and Hedges' g of the share stands in (`scale` says so).

    Raises ValueError for a frame without rows, a missing or infinite value, weights that
    are negative, missing or zero throughout a side, or a side without two schools.

    Sources: What Works Clearinghouse, Procedures Handbook 4.1, appendix E (Hedges' g, Cox
    index), and Standards Handbook, baseline equivalence (0.05, 0.25); Stuart (2010),
    Matching methods for causal inference, section 4.1 (one SD before and after).
    """
    values = covariate_values(covariates)
    own = partner_flags(is_partner)
    weight = _weights(weights, own)
    if values.shape[0] != own.size:
        raise ValueError(f"{values.shape[0]} rows of covariates for {own.size} schools")
    rows = tuple(
        _row(str(name), values[:, column], own, weight)
        for column, name in enumerate(covariates.columns)
    )
    return Balance(rows, _overlap(values, own, weight))


def covariate_values(covariates: pd.DataFrame) -> FloatArray:
    """Covariates as an array (schools, covariates); refuses what is not a finite number."""
    if not isinstance(covariates, pd.DataFrame):
        raise ValueError("covariates come as a table (DataFrame) with a name per column")
    names = [str(name) for name in covariates.columns]
    if len(set(names)) != len(names):
        raise ValueError("two covariates have the same name: rename one")
    for name, kind in zip(names, covariates.dtypes, strict=True):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)):
            raise ValueError(
                f"covariate {name!r} is no number: code its categories as 0 and 1"
            )
    values = covariates.to_numpy(dtype=float, na_value=np.nan)
    missing = ~np.isfinite(values)
    if missing.any():
        where = ", ".join(
            f"{name} {count}"
            for name, count in zip(names, missing.sum(axis=0), strict=True)
            if count
        )
        raise ValueError(
            f"covariates are missing or infinite ({where} schools): leave those schools "
            "out and count them, or fill them in and say how"
        )
    return values


def verdict_of(difference: float | None) -> str:
    """The WWC's verdict on a standardised difference; undefined is refused."""
    if difference is None:
        return REFUSE
    size = abs(difference) - ROUNDING
    return FINE if size <= MOST_FINE else ADJUST if size <= MOST_ADJUSTED else REFUSE


def discriminant_score(values: FloatArray, is_partner: BoolArray) -> FloatArray | None:
    """Linear score that separates partners from the rest best, with a pooled SD of 1.

    It is the log odds of being a partner, up to scale, where covariates are normal with
    one covariance (linear discriminant analysis). Unlike a fitted propensity it exists
    when the sides can be told apart completely. None where the within-side covariance is
    singular or there are no covariates; zeros where the sides have the same means.
    """
    if values.shape[1] == 0:
        return None
    own, rest = values[is_partner], values[~is_partner]
    within = pooled_covariance(values, is_partner)
    scale = np.sqrt(np.diag(within))
    if not (scale > 0).all():
        return None
    correlation = within / np.outer(scale, scale)
    if np.linalg.eigvalsh(correlation)[0] < 1e-10:
        return None
    gap = (own.mean(axis=0) - rest.mean(axis=0)) / scale
    direction = np.linalg.solve(correlation, gap)
    size = np.sqrt(gap @ direction)
    if size < 1e-12:
        return np.zeros(len(values))
    score: FloatArray = (values - values.mean(axis=0)) / scale @ (direction / size)
    return score


def pooled_covariance(values: FloatArray, is_partner: BoolArray) -> FloatArray:
    """Covariance within sides, pooled over partners and the rest (covariates squared)."""
    scatter = np.zeros((values.shape[1], values.shape[1]))
    for side in (is_partner, ~is_partner):
        centred = values[side] - values[side].mean(axis=0)
        scatter += centred.T @ centred
    return scatter / max(len(values) - 2, 1)


def _row(
    name: str, value: FloatArray, own: BoolArray, weight: FloatArray
) -> CovariateBalance:
    partners_before, rest_before = _means(value, own, np.ones(own.size))
    partners, rest = _means(value, own, weight)
    binary = bool(np.isin(value, (0.0, 1.0)).all())
    shares = (partners_before, rest_before, partners, rest)
    cox = binary and all(ROUNDING < share < 1 - ROUNDING for share in shares)
    size = value.size
    # Hedges' correction for the bias of small samples.
    small = 1 - 3 / (4 * size - 9)
    spread = np.sqrt(_pooled_variance(value, own))

    def difference(a: float, b: float) -> float | None:
        if cox:
            return small * (_log_odds(a) - _log_odds(b)) / COX
        if spread <= ROUNDING * max(abs(a), abs(b)):
            return 0.0 if abs(a - b) <= ROUNDING * max(abs(a), abs(b)) else None
        return float(small * (a - b) / spread)

    before, after = difference(partners_before, rest_before), difference(partners, rest)
    own_variance, rest_variance = (
        _weighted_variance(value[side], weight[side]) for side in (own, ~own)
    )
    used = value[~own & (weight > 0)]
    return CovariateBalance(
        name=name,
        scale="Cox index" if cox else "Hedges g",
        partners=partners,
        comparison_before=rest_before,
        comparison_after=rest,
        before=before,
        after=after,
        verdict_before=verdict_of(before),
        verdict=verdict_of(after),
        variance_ratio=(
            own_variance / rest_variance if min(own_variance, rest_variance) > 0 else None
        ),
        inside=_share_inside(value[own & (weight > 0)], used),
    )


def _means(value: FloatArray, own: BoolArray, weight: FloatArray) -> tuple[float, float]:
    return (
        float(np.average(value[own], weights=weight[own])),
        float(np.average(value[~own], weights=weight[~own])),
    )


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _pooled_variance(value: FloatArray, own: BoolArray) -> float:
    # ASSUME: the spread of schools, not that of pupils, is the yardstick of differences
    # at baseline; pupils spread more, so theirs would let larger differences pass
    return float(
        sum(((value[s] - value[s].mean()) ** 2).sum() for s in (own, ~own))
        / (value.size - 2)
    )


def _weighted_variance(value: FloatArray, weight: FloatArray) -> float:
    mean = np.average(value, weights=weight)
    return float(np.average((value - mean) ** 2, weights=weight))


def _share_inside(own: FloatArray, used: FloatArray) -> float:
    edge = ROUNDING * max(float(np.abs(used).max()), 1.0)
    return float(((own >= used.min() - edge) & (own <= used.max() + edge)).mean())


def _overlap(values: FloatArray, own: BoolArray, weight: FloatArray) -> float | None:
    score = discriminant_score(values, own)
    if score is None:
        return None
    return _share_inside(score[own & (weight > 0)], score[~own & (weight > 0)])


def _weights(weights: FloatArray | None, own: BoolArray) -> FloatArray:
    for side, name in ((own, "partners"), (~own, "comparison schools")):
        if side.sum() < 2:
            raise ValueError(f"{int(side.sum())} {name}: balance needs two on each side")
    if weights is None:
        return np.ones(own.size)
    weight = np.asarray(weights, dtype=float)
    if weight.shape != own.shape:
        raise ValueError(f"{weight.size} weights for {own.size} schools")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("a weight is negative, missing or infinite")
    if not weight[own].any() or not weight[~own].any():
        raise ValueError("no school of a side has weight: there is nothing to compare")
    return weight
