"""The regression on school and year effects, and what its coefficient is made of.

Where schools join in different years, the coefficient of two-way fixed effects also
compares late joiners with schools that joined before them. It is shown as a diagnostic
beside the group-time effects, never as the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtr, stdtrit

from pipeline.estimators.demeaning import singletons, two_way_projection
from pipeline.estimators.staggered_panel import holds_numbers

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ABSORBED = 1e-8
"""Share of a column's length that must be left beyond the fixed effects."""
COLLINEAR = 1e-11
"""Share of a regressor's variance that must be left beyond the other regressors."""

FORBIDDEN = ("later against earlier treated", "treated against always treated")
"""Comparisons whose control schools are treated themselves the whole time."""


@dataclass(frozen=True)
class TwoWayFixedEffects:
    """Coefficients beyond unit and period effects, with clustered errors.

    Arrays have one entry for each regressor, in the order asked for. Intervals and p are
    by t with one degree of freedom less than there are clusters. Where the regressors
    fit the outcome perfectly the standard errors are 0 and the p-values not a number:
    `perfect_fit` says so.
    """

    regressors: tuple[str, ...]
    coefficients: FloatArray
    standard_errors: FloatArray
    low: FloatArray
    high: FloatArray
    p_values: FloatArray
    covariance: FloatArray
    degrees_of_freedom: int
    rows: int
    units: int
    times: int
    clusters: int
    components: int
    """Parts of the panel that share no unit and no period; 1 in a connected panel."""
    left_out: dict[str, int]
    """Rows that were not used, by reason; only singletons are left out."""
    repeated: int
    """Rows beyond the first of a unit in a period."""
    perfect_fit: bool

    @property
    def table(self) -> pd.DataFrame:
        """One row per regressor: coefficient, standard error, interval and p."""
        return pd.DataFrame(
            {
                "coefficient": self.coefficients,
                "standard_error": self.standard_errors,
                "low": self.low,
                "high": self.high,
                "p_value": self.p_values,
            },
            index=pd.Index(self.regressors, name="regressor"),
        )


def two_way_fixed_effects(
    frame: pd.DataFrame,
    outcome: str,
    regressors: str | Sequence[str],
    unit: str,
    time: str,
    cluster: str,
    *,
    weights: str | None = None,
    confidence_level: float = 0.95,
) -> TwoWayFixedEffects:
    """Regress an outcome on regressors, unit effects and period effects.

    y_it = x_it'b + a_i + d_t + e_it, by (weighted) least squares. `frame` has one row
    for each unit and period seen; the other arguments name its columns. Errors are
    clustered (CR1): the sum over clusters of squared scores, times G/(G-1) and
    (N-1)/(N-K). K counts the regressors and the fixed effects that are not nested in
    clusters, as R's fixest does: clustered by school, the thousands of school effects
    are no parameters, because the clustered scores allow for them already.

    Rows alone in their unit or period (singletons) are left out and counted, as Stata's
    reghdfe and pyfixest do; they never change a coefficient. A unit seen twice in a
    period is two rows of evidence within its cluster and is counted in `repeated`.

    Raises ValueError for columns that are not there, not numbers or have missing values,
    weights that are not positive, fewer than two clusters, clusters whose scores are
    all zero by construction (two schools: each is the mirror of the other), an outcome
    or a regressor that fixed effects explain in full, regressors that explain one
    another, or a level that is not between 0 and 1: the sentence names the column.

    Sources: Cameron and Miller (2015), sections II and III; Berge, Butts and McDermott
    (2026), fixest, standard errors; Correia (2015) on singletons.
    """
    names = (regressors,) if isinstance(regressors, str) else tuple(regressors)
    refuse_level(confidence_level)
    if not names:
        raise ValueError("no regressor is named: give at least one column")
    if len(set(names)) < len(names):
        raise ValueError("a regressor is named twice: name each column once")
    units, times = codes_of(frame, unit), codes_of(frame, time)
    group = units if cluster == unit else codes_of(frame, cluster)
    columns = [numbers_of(frame, name) for name in (outcome, *names)]
    weight = None if weights is None else weights_of(frame, weights)
    alone = singletons(units, times)
    if alone.any():
        if alone.all():
            raise ValueError(
                "no unit and period is seen twice: unit and period effects fit every row"
            )
        keep = ~alone
        group = _recoded(group[keep])
        units, times = _recoded(units[keep]), _recoded(times[keep])
        columns = [column[keep] for column in columns]
        weight = None if weight is None else weight[keep]
    clusters = int(group.max()) + 1
    if clusters < 2:
        raise ValueError(
            f"{cluster!r} has one cluster: an error needs at least two, better forty"
        )
    projection = two_way_projection(units, times, weight)
    left = projection.residuals_of_all(columns)
    refuse_absorbed(columns, left, (outcome, *names))
    found = clustered_fit(
        left,
        names,
        group,
        weight,
        len(names) + effects_counted((units, times), group),
    )
    if found.without_error.any():
        name = names[int(found.without_error.argmax())]
        raise ValueError(
            f"the {clusters} clusters of {cluster!r} show no error of {name!r}: their "
            "scores are zero by construction. More clusters are needed"
        )
    half = stdtrit(clusters - 1, 0.5 + confidence_level / 2) * found.standard_errors
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(found.coefficients) / found.standard_errors
    return TwoWayFixedEffects(
        regressors=names,
        coefficients=found.coefficients,
        standard_errors=found.standard_errors,
        low=found.coefficients - half,
        high=found.coefficients + half,
        p_values=np.where(found.perfect_fit, np.nan, 2 * stdtr(clusters - 1, -statistic)),
        covariance=found.covariance,
        degrees_of_freedom=clusters - 1,
        rows=len(left),
        units=int(units.max()) + 1,
        times=int(times.max()) + 1,
        clusters=clusters,
        components=projection.components,
        left_out={"alone in their unit or period": int(alone.sum())},
        repeated=len(left) - projection.occupied_cells,
        perfect_fit=found.perfect_fit,
    )


@dataclass(frozen=True)
class ClusteredFit:
    """Least squares on columns from which fixed effects are already taken out."""

    coefficients: FloatArray
    standard_errors: FloatArray
    covariance: FloatArray
    residuals: FloatArray
    perfect_fit: bool
    without_error: BoolArray
    """Coefficients whose error is nothing but rounding although the fit is not perfect."""


def clustered_fit(
    left: FloatArray,
    names: Sequence[str],
    cluster: IntArray,
    weights: FloatArray | None,
    parameters: int,
) -> ClusteredFit:
    """Regress the first column of `left` on the others, with CR1 errors.

    `left` is (n, 1 + k), cleared of fixed effects; `cluster` codes from 0; `parameters`
    the number K of regressors and fixed effects to count. Raises ValueError, naming the
    column, where regressors are collinear, and where rows are too few for K.
    """
    rows = len(left)
    if rows <= parameters:
        raise ValueError(
            f"{rows} rows cannot bear {parameters} parameters: take fewer regressors"
        )
    weighted = left if weights is None else left * weights[:, None]
    gram = left.T @ weighted
    refuse_collinear(gram[1:, 1:], names)
    inverse = inverse_of(gram[1:, 1:])
    coefficients = inverse @ gram[1:, 0]
    residuals = left[:, 0] - left[:, 1:] @ coefficients
    clusters = int(cluster.max()) + 1
    scores = np.empty((clusters, len(names)))
    for place in range(len(names)):
        scores[:, place] = np.bincount(
            cluster, weighted[:, place + 1] * residuals, clusters
        )
    correction = clusters / (clusters - 1) * (rows - 1) / (rows - parameters)
    covariance = correction * inverse @ (scores.T @ scores) @ inverse
    # What rounding leaves of a perfect fit is no evidence of how schools vary.
    perfect = bool(np.abs(residuals).max() <= 1e-12 * np.abs(left[:, 0]).max())
    if perfect:
        covariance = np.zeros_like(covariance)
    errors = np.sqrt(np.diag(covariance))
    squares = residuals @ (residuals if weights is None else weights * residuals)
    usual = np.sqrt(squares * np.diag(inverse))
    return ClusteredFit(
        coefficients,
        errors,
        covariance,
        residuals,
        perfect,
        np.asarray(errors <= 1e-10 * usual) & (not perfect),
    )


def effects_counted(codes: Sequence[IntArray], cluster: IntArray) -> int:
    """Fixed effects that count as parameters: those not nested in clusters.

    As in R's fixest: all levels, less one for each factor after the first, less the
    levels of factors nested in clusters, plus one for each of those factors.
    """
    levels = [int(code.max()) + 1 for code in codes]
    nested = [_nested(code, cluster) for code in codes]
    kept = sum(level for level, inside in zip(levels, nested, strict=True) if not inside)
    return kept - (len(codes) - 1) + sum(nested)


def refuse_absorbed(
    columns: Sequence[FloatArray], left: FloatArray, names: Sequence[str]
) -> None:
    """Raise ValueError, naming the column, where fixed effects explain all of it."""
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        spread = column - column.mean()
        remains = left[:, place] @ left[:, place]
        size = max(spread @ spread, (1e-8 * np.abs(column).max()) ** 2 * len(column))
        if remains <= ABSORBED**2 * size:
            raise ValueError(
                f"{name!r} has nothing left once unit and period effects are taken out: "
                "it is constant, or is the sum of a part fixed for each unit and a part "
                "common to each period. Leave it out"
            )


def inverse_of(gram: FloatArray) -> FloatArray:
    """The inverse of a (k, k) table of cross products."""
    # Regressors may differ by powers of ten in size; the correlations do not.
    scale = 1 / np.sqrt(np.diag(gram))
    both: FloatArray = np.outer(scale, scale)
    return np.asarray(np.linalg.inv(gram * both) * both, dtype=np.float64)


def refuse_collinear(gram: FloatArray, names: Sequence[str]) -> None:
    """Raise ValueError, naming the column, where columns before it explain a column."""
    scale = np.sqrt(np.diag(gram))
    left: FloatArray = gram / np.outer(scale, scale)
    for place, name in enumerate(names):
        pivot = left[place, place]
        if not pivot > COLLINEAR:
            raise ValueError(
                f"{name!r} is a linear combination of the fixed effects and "
                + ", ".join(repr(other) for other in names[:place])
                + ": leave it out"
            )
        left -= np.outer(left[:, place], left[place]) / pivot


def refuse_level(level: float) -> None:
    """Raise ValueError for a confidence level that is not between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a level between 0 and 1 expected, found {level}")


def _nested(code: IntArray, cluster: IntArray) -> bool:
    if code is cluster:
        return True
    first = np.empty(int(code.max()) + 1, dtype=np.int64)
    first[code] = cluster
    return bool((first[code] == cluster).all())


def _recoded(code: IntArray) -> IntArray:
    return pd.factorize(code)[0].astype(np.int64, copy=False)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise ValueError(f"no column {name!r} in the frame")
    column = frame[name]
    if column.ndim > 1:
        raise ValueError(f"more than one column {name!r} in the frame: keep one")
    if len(column) == 0:
        raise ValueError("the frame has no row")
    return column


def codes_of(frame: pd.DataFrame, name: str) -> IntArray:
    """Codes from 0 for the labels of a column; ValueError where a label is missing."""
    codes = pd.factorize(_column(frame, name))[0].astype(np.int64, copy=False)
    missing = int((codes < 0).sum())
    if missing:
        raise ValueError(f"{missing} rows have no {name!r}: leave them out and count them")
    return codes


def _in_order(frame: pd.DataFrame, name: str) -> tuple[IntArray, list[object]]:
    """Codes of the periods in the order of time, and the periods."""
    codes_of(frame, name)
    codes, levels = pd.factorize(frame[name], sort=True)
    return codes.astype(np.int64, copy=False), levels.tolist()


def numbers_of(frame: pd.DataFrame, name: str) -> FloatArray:
    """A column of finite numbers; ValueError counts the rows that have none."""
    column = _column(frame, name)
    if not holds_numbers(column):
        raise ValueError(f"{name!r} is not a column of numbers: it holds {column.dtype}")
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    missing = int((~np.isfinite(numbers)).sum())
    if missing:
        raise ValueError(
            f"{missing} rows have no value of {name!r}: leave them out and count them"
        )
    return numbers


def weights_of(frame: pd.DataFrame, name: str) -> FloatArray:
    """A column of positive weights; ValueError names it where one is not positive."""
    weights = numbers_of(frame, name)
    wrong = int((weights <= 0).sum())
    if wrong:
        raise ValueError(f"{wrong} rows have a weight {name!r} that is not positive")
    return weights


@dataclass(frozen=True)
class GoodmanBacon:
    """The comparisons of two groups in two periods behind one coefficient.

    `table` has one row for each: kind, treated_cohort and control_cohort (the period of
    joining, "never" or "always"), weight and estimate. Weights add up to 1, and weight
    times estimate to `estimate`, the coefficient of two-way fixed effects.
    """

    table: pd.DataFrame
    estimate: float
    forbidden_weight: float
    """Weight of comparisons with schools that are treated the whole time compared."""

    @property
    def by_kind(self) -> pd.DataFrame:
        """Weight and weighted mean estimate of each kind of comparison."""
        product = self.table.assign(product=self.table.weight * self.table.estimate)
        summed = product.groupby("kind", sort=True)[["weight", "product"]].sum()
        summed["estimate"] = summed["product"] / summed["weight"]
        return summed[["weight", "estimate"]]


def goodman_bacon(
    frame: pd.DataFrame, outcome: str, treatment: str, unit: str, time: str
) -> GoodmanBacon:
    """Take the two-way coefficient apart into comparisons of two groups.

    With n_k the share of units that join in period k and D_k the share of periods that
    they are treated, in a balanced panel the coefficient is a weighted mean of

    - joiners against never treated (or always treated): weight n_k n_u D_k (1 - D_k),
    - earlier joiners k against later l, before l joins: n_k n_l (D_k - D_l) (1 - D_k),
    - later joiners l against earlier k, after k joined: n_k n_l (D_k - D_l) D_l,

    each divided by their sum. The last kind, and the always treated as controls, take
    the change of treated schools away as if it were a trend common to all: where effects
    grow with time it turns their sign. `forbidden_weight` is the share of these.

    `treatment` is 0 or 1 (or a truth value) for each unit and period, and stays 1 once
    it is 1. Time-varying covariates and weights are not allowed for.

    Raises ValueError where a value is missing, the panel is not balanced (a unit without
    a row in some period, or with two), treatment is not 0 or 1 or is taken back, no unit
    is treated, or all join at the same time so that there is no comparison.

    Source: Goodman-Bacon (2021), Difference-in-differences with variation in treatment
    timing, theorem 1.
    """
    units = codes_of(frame, unit)
    times, levels = _in_order(frame, time)
    value, treated = numbers_of(frame, outcome), numbers_of(frame, treatment)
    count, periods = int(units.max()) + 1, len(levels)
    seen = np.bincount(units * periods + times, minlength=count * periods)
    if not (seen == 1).all():
        raise ValueError(
            f"the panel is not balanced: {int((seen == 0).sum())} of {len(seen)} units in "
            f"periods have no row and {int((seen > 1).sum())} more than one. Keep the "
            "units seen once in every period, and count the others"
        )
    order = np.argsort(units * periods + times)
    exposed = treated[order].reshape(count, periods)
    outcomes = value[order].reshape(count, periods)
    if not np.isin(exposed, (0.0, 1.0)).all():
        raise ValueError(f"{treatment!r} must be 0 or 1 in every row")
    taken_back = int((np.diff(exposed, axis=1) < 0).any(axis=1).sum())
    if taken_back:
        raise ValueError(
            f"{taken_back} units have {treatment!r} 1 and later 0: the decomposition is "
            "for a treatment that stays"
        )
    # The position of the first treated period: 0 is always, the number of periods never.
    joined = periods - exposed.sum(axis=1).astype(np.int64)
    cohorts, cohort = np.unique(joined, return_inverse=True)
    sizes = np.bincount(cohort)
    centred = outcomes - outcomes.mean()
    sums = np.stack(
        [np.bincount(cohort, centred[:, place]) for place in range(periods)], axis=1
    )
    means = sums / sizes[:, None]
    share = sizes / count
    rows: list[dict[str, Any]] = []

    def label(position: int) -> object:
        if position == periods:
            return "never"
        return "always" if position == 0 else levels[position]

    def compare(kind: str, own: int, other: int, window: slice, weight: float) -> None:
        start = int(cohorts[own]) - (window.start or 0)
        gap = (means[own] - means[other])[window]
        rows.append(
            {
                "kind": kind,
                "treated_cohort": label(int(cohorts[own])),
                "control_cohort": label(int(cohorts[other])),
                "weight": float(share[own] * share[other] * weight),
                "estimate": float(gap[start:].mean() - gap[:start].mean()),
            }
        )

    of_periods = (periods - cohorts) / periods
    for own, joins in enumerate(cohorts):
        if joins in (0, periods):
            continue
        lone = of_periods[own]
        for other, theirs in enumerate(cohorts):
            gap = abs(lone - of_periods[other])
            if theirs == periods:
                kind = "treated against never treated"
                compare(kind, own, other, slice(0, periods), lone * (1 - lone))
            elif theirs == 0:
                kind = "treated against always treated"
                compare(kind, own, other, slice(0, periods), lone * (1 - lone))
            elif theirs > joins:
                kind = "earlier against later treated"
                compare(kind, own, other, slice(0, int(theirs)), gap * (1 - lone))
            elif theirs < joins:
                kind = "later against earlier treated"
                compare(kind, own, other, slice(int(theirs), periods), gap * lone)
    if not rows:
        raise ValueError(
            f"{treatment!r} gives nothing to compare: "
            + (
                "no unit changes from 0 to 1"
                if not set(cohorts.tolist()) - {0, periods}
                else "all units join in the same period"
            )
        )
    table = pd.DataFrame(rows)
    table["weight"] /= table["weight"].sum()
    forbidden = table.loc[table["kind"].isin(FORBIDDEN), "weight"].sum()
    projection = two_way_projection(
        np.repeat(np.arange(count), periods), np.tile(np.arange(periods), count)
    )
    exposure = projection.residuals(exposed.ravel())
    return GoodmanBacon(
        table=table,
        estimate=float(exposure @ centred.ravel() / (exposure @ exposure)),
        forbidden_weight=float(forbidden),
    )
