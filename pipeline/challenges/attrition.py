"""How far schools without a result could change what those with one show."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeeBounds:
    """Bounds on the difference among schools that would have a result on either side.

    `trimmed` is the share taken from the results of the side that kept more, `side` is
    "partners" or "rest", or None where both kept the same share and nothing is trimmed.
    `interval_low` and `interval_high` are the 95% interval (or as asked) of the difference
    itself, not of its bounds; it and the errors are None where one side has fewer than
    two clusters.
    """

    low: float
    high: float
    low_error: float | None
    high_error: float | None
    interval_low: float | None
    interval_high: float | None
    untrimmed: float
    trimmed: float
    side: str | None
    partners_observed: float
    rest_observed: float
    partners: int
    rest: int
    missing_partners: int
    missing_rest: int


@dataclass(frozen=True)
class WorstCase:
    """Bounds on the difference whatever the missing results are."""

    low: float
    high: float
    partners_observed: float
    rest_observed: float
    missing_partners: int
    missing_rest: int


def lee_bounds(
    outcome: npt.ArrayLike,
    is_partner: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> LeeBounds:
    """Bound the difference by trimming the side that has more results.

    If 90% of partners and 80% of the rest have a result, one in nine of the partners'
    results belongs to schools that would not have one in the rest. Which, is not known:
    at worst the best ninth, at best the worst ninth. Taking either away bounds the
    difference for schools that have a result wherever they are. It rests on one
    assumption: membership moves schools only one way, into having a result or out of it
    (monotonicity). It also rests on what the difference itself rests on: without a design
    for cause these are bounds on a description.

    `outcome` (n,) is NaN where there is no result, `is_partner` (n,), `weights` (n,) known
    for all, also for those without a result (default 1). The result at the edge of the
    trimming is trimmed in part, so bounds do not jump. Errors are clustered by `cluster`
    (default each school) with G/(G-1), through the influence function that includes the
    estimated share; with one school per cluster it is Lee's variance. The interval covers
    the difference, wherever it lies between the bounds (Imbens and Manski).

    Raises ValueError for lengths that differ, an infinite outcome, a weight that is not
    positive, or a side without any result. Sources: Lee (2009), Training, wages, and
    sample selection, propositions 1a and 3; Imbens and Manski (2004), equations 6 and 7.
    """
    y, own, weight, labels = _checked(outcome, is_partner, weights, cluster)
    if not 0 < confidence_level < 1:
        raise ValueError("a confidence level between 0 and 1 expected")
    kept = {
        side: float(np.average(np.isfinite(y[rows]), weights=weight[rows]))
        for side, rows in ((True, own), (False, ~own))
    }
    more = kept[True] > kept[False]
    first, second = own == more, own != more
    share = 1 - kept[not more] / kept[more]
    untouched, flat = _influence_of_mean(y, weight, second)
    sign = 1.0 if more else -1.0
    ends = []
    for from_below in (False, True):
        mean, influence, slope = _trimmed_mean(y, weight, first, share, from_below)
        # The share is estimated: more results on either side move the edge.
        seen = np.isfinite(y)
        influence += slope * (
            _of_rate(seen, weight, first) * kept[not more] / kept[more] ** 2
            - _of_rate(seen, weight, second) / kept[more]
        )
        error = _error(influence - flat, labels, own)
        ends.append((sign * (mean - untouched), error))
    (low, low_error), (high, high_error) = sorted(ends, key=lambda end: end[0])
    interval = _imbens_manski(low, high, low_error, high_error, confidence_level)
    finite = np.isfinite(y)
    side = "partners" if more else "rest"
    return LeeBounds(
        low=low,
        high=high,
        low_error=low_error,
        high_error=high_error,
        interval_low=interval[0],
        interval_high=interval[1],
        untrimmed=_mean(y, weight, own & finite) - _mean(y, weight, ~own & finite),
        trimmed=share,
        side=side if share > 0 else None,
        partners_observed=kept[True],
        rest_observed=kept[False],
        partners=int(own.sum()),
        rest=int((~own).sum()),
        missing_partners=int((own & ~finite).sum()),
        missing_rest=int((~own & ~finite).sum()),
    )


def worst_case_bounds(
    outcome: npt.ArrayLike,
    is_partner: npt.ArrayLike,
    lowest: float,
    highest: float,
    *,
    weights: npt.ArrayLike | None = None,
) -> WorstCase:
    """Bound the difference with the worst and the best that missing results could be.

    The low bound gives every partner without a result the lowest value and every other
    school the highest; the high bound the reverse. Nothing is assumed but that outcomes
    lie from `lowest` to `highest`, and nothing can be ruled out inside the bounds. Their
    width is (highest - lowest) times the sum of the two missing shares.

    Raises ValueError as `lee_bounds` does, or for an outcome outside the range. Source:
    Horowitz and Manski (2000), Nonparametric analysis of randomized experiments with
    missing covariate and outcome data, section 2.
    """
    y, own, weight, _ = _checked(outcome, is_partner, weights, None, need_result=False)
    if not (np.isfinite(lowest) and np.isfinite(highest) and lowest < highest):
        raise ValueError(f"a range of outcomes expected, found {lowest} to {highest}")
    seen = np.isfinite(y)
    outside = int(((y < lowest) | (y > highest)).sum())
    if outside:
        raise ValueError(f"{outside} outcomes lie outside {lowest} to {highest}")

    def difference(partners: float, rest: float) -> float:
        filled = np.where(seen, y, np.where(own, partners, rest))
        return _mean(filled, weight, own) - _mean(filled, weight, ~own)

    return WorstCase(
        low=difference(lowest, highest),
        high=difference(highest, lowest),
        partners_observed=float(np.average(seen[own], weights=weight[own])),
        rest_observed=float(np.average(seen[~own], weights=weight[~own])),
        missing_partners=int((own & ~seen).sum()),
        missing_rest=int((~own & ~seen).sum()),
    )


def missing_pattern(
    table: pd.DataFrame,
    *,
    outcome: str = "value",
    side: str = "is_partner",
    year: str = "year",
    reason: str | None = None,
) -> pd.DataFrame:
    """Count schools with and without a result, by side and year, and the reasons given.

    One row for each side and year that occur: `schools`, `observed`, `missing`,
    `missing_share`, and with `reason` one further column `missing: <reason>` for each,
    "no reason given" where there is none. Raises ValueError for columns that are not
    there, or a side or year that is missing.
    """
    columns = [name for name in (outcome, side, year, reason) if name is not None]
    absent = [name for name in columns if name not in table]
    if absent:
        raise ValueError(f"no column {', '.join(absent)} in the table")
    if table[[side, year]].isna().any(axis=None):
        raise ValueError(f"a row has no {side} or {year}")
    seen = np.isfinite(table[outcome].to_numpy(float, na_value=np.nan))
    rows = table[[side, year]].assign(observed=seen.astype(int), missing=~seen)
    found = rows.groupby([side, year], sort=True, observed=True).agg(
        schools=("observed", "size"),
        observed=("observed", "sum"),
        missing=("missing", "sum"),
    )
    found["missing_share"] = found["missing"] / found["schools"]
    if reason is not None and not seen.all():
        lost = table.loc[~seen, [side, year]].copy()
        given = table.loc[~seen, reason].astype(object)
        lost["why"] = "missing: " + given.where(given.notna(), "no reason given").astype(
            str
        )
        counts = lost.groupby([side, year, "why"], observed=True).size()
        counts = counts.unstack("why", fill_value=0)  # noqa: PD010
        found = found.join(counts.reindex(found.index, fill_value=0))
    return found.reset_index()


def _checked(
    outcome: npt.ArrayLike,
    is_partner: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    cluster: npt.ArrayLike | None,
    *,
    need_result: bool = True,
) -> tuple[FloatArray, npt.NDArray[np.bool_], FloatArray, npt.NDArray[np.int_]]:
    y, own = np.asarray(outcome, dtype=float), np.asarray(is_partner)
    weight = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    named = np.arange(len(y)) if cluster is None else np.asarray(cluster)
    if own.dtype != np.bool_:
        raise ValueError("is_partner must be true or false for every school")
    if not y.shape == own.shape == weight.shape == named.shape:
        raise ValueError("one entry per school expected in every array")
    if np.isinf(y).any():
        raise ValueError("an outcome is infinite: a missing result is NaN")
    if not (np.isfinite(weight) & (weight > 0)).all():
        raise ValueError("every weight must be a positive number")
    for rows, side in ((own, "partners"), (~own, "rest")):
        if not rows.any():
            raise ValueError(f"no school among the {side}")
        if need_result and not np.isfinite(y[rows]).any():
            raise ValueError(f"no result among the {side}: nothing can be bounded")
    if pd.isna(named).any():
        raise ValueError("a school has no cluster: give it one of its own")
    return y, own, weight, np.unique(named.astype(str), return_inverse=True)[1]


def _mean(y: FloatArray, weight: FloatArray, rows: npt.NDArray[np.bool_]) -> float:
    return float(np.average(y[rows], weights=weight[rows]))


def _influence_of_mean(
    y: FloatArray, weight: FloatArray, rows: npt.NDArray[np.bool_]
) -> tuple[float, FloatArray]:
    used = rows & np.isfinite(y)
    mean = _mean(y, weight, used)
    return mean, np.where(used, weight * (y - mean), 0.0) / weight[used].sum()


def _of_rate(
    seen: npt.NDArray[np.bool_], weight: FloatArray, rows: npt.NDArray[np.bool_]
) -> FloatArray:
    rate = float(np.average(seen[rows], weights=weight[rows]))
    found: FloatArray = np.where(rows, weight * (seen - rate), 0.0) / weight[rows].sum()
    return found


def _trimmed_mean(
    y: FloatArray,
    weight: FloatArray,
    rows: npt.NDArray[np.bool_],
    share: float,
    from_below: bool,
) -> tuple[float, FloatArray, float]:
    """Mean without a share at one end, its influence by row, its slope in the share."""
    used = np.flatnonzero(rows & np.isfinite(y))
    order = used[np.argsort(y[used] if from_below else -y[used], kind="stable")]
    values, each = y[order], weight[order]
    total = float(each.sum())
    reached = np.cumsum(each)
    kept = each - np.clip(share * total - (reached - each), 0.0, each)
    mean = float(kept @ values / kept.sum())
    edge = float(values[np.argmax(kept > 0)])
    inside = values >= edge if from_below else values <= edge
    influence = np.zeros(len(y))
    influence[order] = (
        each
        * (np.where(inside, values - edge, 0.0) - (1 - share) * (mean - edge))
        / ((1 - share) * total)
    )
    return mean, influence, (mean - edge) / (1 - share)


def _error(
    influence: FloatArray, labels: npt.NDArray[np.int_], own: npt.NDArray[np.bool_]
) -> float | None:
    total = np.zeros(int(labels.max()) + 1)
    for rows in (own, ~own):
        groups = len(np.unique(labels[rows]))
        if groups < 2:
            return None
        total += np.sqrt(groups / (groups - 1)) * np.bincount(
            labels[rows], influence[rows], len(total)
        )
    return float(np.sqrt(total @ total))


def _imbens_manski(
    low: float, high: float, low_error: float | None, high_error: float | None, level: float
) -> tuple[float | None, float | None]:
    """Interval for the difference: between 1.64 errors beyond wide bounds and 1.96."""
    if low_error is None or high_error is None:
        return None, None
    largest = max(low_error, high_error)
    if largest == 0:
        return low, high
    width = (high - low) / largest
    most = float(stats.norm.ppf(0.5 + level / 2))

    def excess(reach: float) -> float:
        return float(stats.norm.cdf(reach + width) - stats.norm.cdf(-reach)) - level

    reach = most if excess(most) <= 0 else float(optimize.brentq(excess, 0.0, most))
    return low - reach * low_error, high + reach * high_error
