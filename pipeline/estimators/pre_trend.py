"""Whether joiners moved before they joined, and what the test of it could have seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from pipeline.estimators.group_time_aggregate import (
    Cells,
    aggregate,
    influence_of,
    weights_of,
)

FloatArray = npt.NDArray[np.float64]
POWER = ["power", "slope", "bias", "bias_given_pass"]
BIAS = ["power", "event_time", "bias", "bias_given_pass"]


@dataclass(frozen=True)
class PreTrend:
    """Joint Wald test of the effects before joining, and its power.

    `wald` is judged by chi-squared with `restrictions` degrees of freedom (`p_value`,
    R's did), and by Hotelling's F with the clusters of the cohorts tested less one for
    each cohort (`few_clusters_p_value`): an approximation, and the one to read below
    about 50 such clusters. `wald` and both p-values are None, with `reason` saying why,
    where nothing can be tested; the second also where those clusters are too few for F.

    `power` has one row per power asked for: `slope` per unit of time, of a straight line
    by which the treated would leave the others with or without joining, that the test
    finds with this `power`; `bias`, what the line adds to the average effect from event
    time 0 on; and `bias_given_pass`, what it adds among the samples in which the test
    finds nothing. `bias_by_event_time` has both for each event time. They are the line's
    own numbers and apply in either direction. Where no effect after joining could be
    estimated there is no bias of it: the columns are not numbers and the second table
    is empty. `not_tested` names the cohorts left out.
    """

    wald: float | None
    restrictions: int
    p_value: float | None
    few_clusters_p_value: float | None
    level: float
    power: pd.DataFrame
    bias_by_event_time: pd.DataFrame
    not_tested: tuple[str, ...]
    reason: str | None


def pre_trend(
    cells: Cells,
    *,
    over: Literal["cells", "event_times"] = "cells",
    level: float = 0.05,
    powers: Sequence[float] = (0.5, 0.8),
) -> PreTrend:
    """Test jointly that effects before joining (and its anticipation) are zero.

    W = b' V^-1 b over all cells before treatment, as R's did, or over the event times
    before it, cohorts averaged. A cohort takes part
    only if it has more clusters than numbers to test: with fewer, V is singular by
    construction or close to it, and W is huge by accident. Those cohorts are named.

    A test that finds nothing says little where it could find nothing. Against a
    straight line of slope s each number b_j moves by s times d_j, the time from its base
    to its period, and W is non-central chi-squared with s^2 d' V^-1 d: the slope found
    with a given power follows. Passing the test also selects: with q restrictions and
    critical value c, the mean of b among samples that pass is s d times
    F(c; q + 2, lambda) / F(c; q, lambda), F the non-central chi-squared distribution
    (the mean of a normal vector inside an ellipsoid), and the effects after joining move
    with b by their regression on it.

    Raises ValueError for a level or power out of range and an unknown `over`.

    Source: Roth (2022), Pretest with caution, sections II and III (there each number is
    tested alone; here the joint test that did prints); Callaway and Sant'Anna (2021).
    """
    if over not in ("cells", "event_times"):
        raise ValueError(f"over is 'cells' or 'event_times', not {over!r}")
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")
    if not all(level < power < 1 for power in powers):
        raise ValueError(f"a power lies between the level {level} and 1")
    known = np.isfinite(cells.att)
    before = known & (cells.time + cells.anticipation < cells.cohort)
    numbers = np.array([int((before & (cells.cohort == g)).sum()) for g in cells.cohorts])
    clusters = np.array(
        [
            np.min(cells.treated_clusters[before & (cells.cohort == g)], initial=2**31)
            for g in cells.cohorts
        ]
    )
    enough = (numbers > 0) & (clusters > np.maximum(numbers, 1))
    refused = tuple(
        f"cohort {cells.cohorts[g]:g}: {clusters[g]} clusters for {numbers[g]} numbers"
        for g in np.flatnonzero(~enough & (numbers > 0))
    )
    tested = before & enough[cells.cohort_at] & (cells.control_clusters > 1)
    if not tested.any():
        reason = "no cohort has two periods before it is treated"
        if (cells.time + cells.anticipation < cells.cohort).any():
            reason = "no effect before joining could be estimated"
        if before.any():
            reason = "each cohort has too few clusters"
        return _untested(level, refused, reason)

    if over == "cells":
        combine = np.eye(len(cells.att))[tested]
        influence = cells.influence[tested]
    else:
        combine, moves = weights_of(cells, _by_event_time(cells, tested))
        influence = influence_of(cells, combine, moves)
    estimate = combine @ np.where(known, cells.att, 0.0)
    distance = combine @ (cells.time - cells.base)
    sums = cells.sides.sums(influence)
    covariance = sums @ sums.T
    scale = np.sqrt(np.diag(covariance))
    count = len(estimate)
    correlation = covariance / np.outer(scale, scale) if (scale > 0).all() else None
    if correlation is None or np.linalg.eigvalsh(correlation)[0] < 1e-10:
        return _untested(level, refused, "the covariance of the effects is singular")
    inverse = np.linalg.inv(correlation) / np.outer(scale, scale)
    wald = float(estimate @ inverse @ estimate)
    freedom = int((clusters[enough] - 1).sum())
    hotelling = None
    if freedom > count - 1:
        ratio = (freedom - count + 1) / (freedom * count)
        hotelling = float(stats.f.sf(wald * ratio, count, freedom - count + 1))

    power, by_event = _power(cells, powers, level, distance, inverse, sums)
    return PreTrend(
        wald=wald,
        restrictions=count,
        p_value=float(stats.chi2.sf(wald, count)),
        few_clusters_p_value=hotelling,
        level=level,
        power=power,
        bias_by_event_time=by_event,
        not_tested=refused,
        reason=None,
    )


def _power(
    cells: Cells,
    powers: Sequence[float],
    level: float,
    distance: FloatArray,
    inverse: FloatArray,
    sums: FloatArray,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What line is found with each power, and what it does to effects after joining.

    Of the q numbers tested: `distance` (q,) from base to period, `inverse` (q, q) of the
    covariance, and `sums` (q, clusters) of the contributions.
    """
    count = len(distance)
    critical = float(stats.chi2.ppf(1 - level, count))
    per_slope = float(distance @ inverse @ distance)
    if not (np.isfinite(cells.att) & cells.post).any():
        slopes = [np.sqrt(_non_centrality(critical, count, p) / per_slope) for p in powers]
        alone = pd.DataFrame({"power": powers, "slope": slopes})
        return alone.reindex(columns=POWER), pd.DataFrame(columns=BIAS)
    after = aggregate(cells, "dynamic")
    late = after.table["event_time"].to_numpy() >= 0
    events = after.table["event_time"].to_numpy()[late]
    weights, _ = weights_of(
        cells, _by_event_time(cells, np.isfinite(cells.att) & cells.post)
    )
    height = weights @ (cells.time - cells.base)
    height = np.append(height, height.mean())
    later = cells.sides.sums(np.vstack([after.influence[late], after.overall_influence]))
    follows = later @ sums.T @ inverse @ distance
    rows, by_event = [], []
    for power in powers:
        push = _non_centrality(critical, count, power)
        slope = float(np.sqrt(push / per_slope))
        passing = stats.ncx2.cdf(critical, [count, count + 2], push)
        kept = float(passing[1] / passing[0])
        bias = slope * height
        given_pass = bias - slope * (1 - kept) * follows
        rows.append((power, slope, bias[-1], given_pass[-1]))
        by_event += [
            (power, *row) for row in zip(events, bias[:-1], given_pass[:-1], strict=True)
        ]
    return (
        pd.DataFrame(rows, columns=POWER),
        pd.DataFrame(by_event, columns=BIAS),
    )


def _by_event_time(
    cells: Cells, among: npt.NDArray[np.bool_]
) -> list[npt.NDArray[np.bool_]]:
    event = cells.event_time("calendar")
    return [among & (event == e) for e in np.unique(event[among])]


def _non_centrality(critical: float, count: int, power: float) -> float:
    def short(push: float) -> float:
        return float(stats.ncx2.sf(critical, count, push)) - power

    high = 1.0
    while short(high) < 0:
        high *= 2
    return float(optimize.brentq(short, 1e-12, high, xtol=1e-12, rtol=1e-12))


def _untested(level: float, refused: tuple[str, ...], reason: str) -> PreTrend:
    return PreTrend(
        wald=None,
        restrictions=0,
        p_value=None,
        few_clusters_p_value=None,
        level=level,
        power=pd.DataFrame(columns=POWER),
        bias_by_event_time=pd.DataFrame(columns=BIAS),
        not_tested=refused,
        reason=reason,
    )
