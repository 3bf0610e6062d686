"""The event study by regression that keeps joiners apart by the year they joined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from pipeline.estimators.demeaning import singletons, two_way_projection
from pipeline.estimators.two_way import (
    clustered_fit,
    codes_of,
    effects_counted,
    numbers_of,
    refuse_absorbed,
    refuse_level,
    weights_of,
)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InteractionWeighted:
    """Effects by cohort and period, averaged with the cohorts' shares.

    `att` is the mean over all rows of joiners from the joining period on. `table` has
    one row per period relative to joining (relative, estimate, standard_error, low,
    high, rows), `cells` one per cohort and period (cohort, time, relative, estimate,
    standard_error, rows), `covariates` one per covariate (covariate, coefficient,
    standard_error). `left_out` counts the rows not used, by reason.
    """

    att: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: int
    table: pd.DataFrame
    cells: pd.DataFrame
    covariates: pd.DataFrame
    rows: int
    clusters: int
    left_out: dict[str, int]
    control: str
    """"never treated", or "last treated" where every unit joins in the end."""


def interaction_weighted(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    cohort: str,
    outcome: str,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    weights: str | None = None,
    confidence_level: float = 0.95,
) -> InteractionWeighted:
    """Estimate effects by cohort and relative period in one regression.

    y_it = sum over cohorts g and periods t of b_gt 1[cohort of i = g, period = t]
    + x_it'c + a_i + d_t + e_it. Each cohort's reference is its last period seen before
    joining. Unlike two-way fixed effects with one coefficient, no cohort serves as
    control once it is treated. The mean over cohorts for one relative period weighs each
    cohort by its rows (or their `weights`); `att` does so over all periods from joining.
    Shares count as known, as in R's fixest; the paper adds the variance of the shares.

    `frame` has one row per unit and period, `cohort` the period of joining, the same in
    all rows of a unit; 0, NaN, infinity, or later than the last period is never treated.
    Cohorts that joined before or in the first period have no row before joining: they
    are left out and counted. Without a never-treated unit, the last cohort is the
    control and periods from its joining on are left out and counted (section 4.1 of the
    paper). Errors are clustered by `cluster`, or by unit (CR1, see `two_way`).

    Raises ValueError for missing values (name the column), a unit with two cohorts or
    two rows in a period, no joiner or no control, or a cell that cannot be told from
    unit effects because its cohort has no unit seen both then and at the reference.

    Source: Sun and Abraham (2021), Estimating dynamic treatment effects in event studies
    with heterogeneous treatment effects, Journal of Econometrics 225(2).
    """
    refuse_level(confidence_level)
    covariates = (covariates,) if isinstance(covariates, str) else tuple(covariates)
    units = codes_of(frame, unit)
    codes_of(frame, time)
    period = numbers_of(frame, time)
    joined = _cohorts(frame, cohort)
    columns = [numbers_of(frame, name) for name in (outcome, *covariates)]
    weight = None if weights is None else weights_of(frame, weights)
    groups = units if cluster is None or cluster == unit else codes_of(frame, cluster)
    _refuse_panel(units, period, joined, unit, cohort)

    joined = np.where(joined > period.max(), np.inf, joined)
    always = joined <= period.min()
    last = joined[~always].max(initial=-np.inf)
    after = np.zeros(len(joined), dtype=bool)
    control = "never treated"
    if np.isfinite(last):
        control = "last treated"
        after = ~always & (period >= last)
        joined = np.where(joined == last, np.inf, joined)
    kept = ~always & ~after
    codes, labels = _coded(units[kept]), _coded(period[kept])
    alone = np.zeros(len(units), dtype=bool)
    if kept.any():
        alone[kept] = singletons(codes, labels)
    kept &= ~alone
    left_out = {
        "treated in their first period": int(always.sum()),
        "once the last cohort, the only control, is treated": int(after.sum()),
        "alone in their unit or period": int(alone.sum()),
    }
    treated = np.isfinite(joined) & kept
    if not treated.any() or not (kept & ~treated).any():
        raise ValueError(
            f"no comparison: {int(treated.sum())} rows of cohorts that join within the "
            f"periods and {int((kept & ~treated).sum())} of controls, after leaving out "
            f"{left_out}"
        )
    columns = [column[kept] for column in columns]
    weight = None if weight is None else weight[kept]
    codes, labels, groups = _coded(units[kept]), _coded(period[kept]), _coded(groups[kept])
    joined, period = joined[kept], period[kept]
    if int(groups.max()) < 1:
        raise ValueError("one cluster: an error needs at least two, better forty")

    cells = _cells(joined, period, weight)
    names = [
        *covariates,
        *(
            f"cohort {row.cohort:g} in {row.time:g}"
            for row in cells.itertuples(index=False)
        ),
    ]
    columns += [
        ((joined == row.cohort) & (period == row.time)).astype(float)
        for row in cells.itertuples(index=False)
    ]
    left = two_way_projection(codes, labels, weight).residuals_of_all(columns)
    refuse_absorbed(columns, left, [outcome, *names])
    fit = clustered_fit(
        left, names, groups, weight, len(names) + effects_counted((codes, labels), groups)
    )
    first = len(covariates)
    cells["estimate"] = fit.coefficients[first:]
    cells["standard_error"] = fit.standard_errors[first:]
    freedom = int(groups.max())
    critical = float(stdtrit(freedom, 0.5 + confidence_level / 2))
    # ASSUME: the shares of cohorts are those of the schools seen and no estimates, for
    # these schools are all there are; the paper adds the error of shares in a sample.
    share, covariance = cells["weight"].to_numpy(), fit.covariance[first:, first:]

    def mean_of(chosen: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
        contrast = np.where(chosen, share, 0.0) / share[chosen].sum()
        estimate = float(contrast @ fit.coefficients[first:])
        error = float(np.sqrt(contrast @ covariance @ contrast))
        return estimate, error, estimate - critical * error, estimate + critical * error

    relative = cells["relative"].to_numpy()
    if not (relative >= 0).any():
        raise ValueError("no row of a joiner from its joining on: there is no effect")
    table = pd.DataFrame(
        [
            (step, *mean_of(relative == step), int(cells.rows[relative == step].sum()))
            for step in np.unique(relative)
        ],
        columns=["relative", "estimate", "standard_error", "low", "high", "rows"],
    )
    att, error, low, high = mean_of(relative >= 0)
    return InteractionWeighted(
        att=att,
        standard_error=error,
        low=low,
        high=high,
        degrees_of_freedom=freedom,
        table=table,
        cells=cells.drop(columns="weight"),
        covariates=pd.DataFrame(
            {
                "covariate": list(covariates),
                "coefficient": fit.coefficients[:first],
                "standard_error": fit.standard_errors[:first],
            }
        ),
        rows=len(left),
        clusters=freedom + 1,
        left_out=left_out,
        control=control,
    )


def _coded(labels: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    return pd.factorize(labels)[0].astype(np.int64, copy=False)


def _cohorts(frame: pd.DataFrame, name: str) -> FloatArray:
    if name not in frame.columns:
        raise ValueError(f"no column {name!r} in the frame")
    try:
        joined = frame[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise ValueError(f"{name!r} must be the period of joining, a number") from None
    return np.where(np.isnan(joined) | (joined == 0), np.inf, joined)


def _refuse_panel(
    units: npt.NDArray[np.int64],
    period: FloatArray,
    joined: FloatArray,
    unit: str,
    cohort: str,
) -> None:
    first = np.empty(int(units.max()) + 1)
    first[units] = joined
    changing = len(np.unique(units[first[units] != joined]))
    if changing:
        raise ValueError(f"{changing} of {unit!r} have more than one {cohort!r}")
    twice = int(pd.DataFrame({"unit": units, "time": period}).duplicated().sum())
    if twice:
        raise ValueError(f"{twice} rows repeat a {unit!r} in a period: keep one of each")


def _cells(
    joined: FloatArray, period: FloatArray, weight: FloatArray | None
) -> pd.DataFrame:
    """Cohorts in periods that get a coefficient, with their rows and weight."""
    rows = pd.DataFrame({"cohort": joined, "time": period, "weight": weight})
    rows["weight"] = 1.0 if weight is None else weight
    rows = rows[np.isfinite(joined)]
    cells = (
        rows.groupby(["cohort", "time"])["weight"]
        .agg(rows="size", weight="sum")
        .reset_index()
    )
    before = cells[cells.time < cells.cohort]
    reference = before.groupby("cohort")["time"].max()
    unseen = sorted(set(cells.cohort) - set(reference.index))
    if unseen:
        raise ValueError(f"cohort {unseen[0]:g} has no row before it joined: leave it out")
    cells = cells[cells.time != cells.cohort.map(reference)].reset_index(drop=True)
    cells.insert(2, "relative", cells.time - cells.cohort)
    return cells
