"""Group-time effects brought to one number, by cohort, by event time or by period."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.influence_errors import ClusteredSides
from pipeline.estimators.multiplier_bootstrap import Multiplier, sup_t_critical_value
from pipeline.estimators.settings import share_of_one, whole_number

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]
Kind = Literal["simple", "group", "dynamic", "calendar"]
Clock = Literal["calendar", "wave"]
KEYS: dict[str, str] = {"group": "cohort", "dynamic": "event_time", "calendar": "time"}


@dataclass(frozen=True)
class Cells:
    """Group-time effects with what their aggregates need; c cells, n units, G cohorts.

    `influence` (c, n) is each unit's contribution to the error of each effect, `used`
    (c, n) whether the effect rests on the unit at all.
    `treated_clusters` and `control_clusters` (c,) count the clusters that each effect
    rests on.
    """

    cohort: FloatArray
    time: FloatArray
    base: FloatArray
    att: FloatArray
    influence: FloatArray
    used: BoolArray
    reasons: tuple[str, ...]
    periods: FloatArray
    cohorts: FloatArray
    units_in_cohort: IntArray
    treated_clusters: IntArray
    control_clusters: IntArray
    sides: ClusteredSides
    anticipation: float

    @property
    def cohort_at(self) -> IntArray:
        """Index of each cell's cohort."""
        return np.searchsorted(self.cohorts, self.cohort)

    @property
    def post(self) -> BoolArray:
        """Whether the cell's period is not before its cohort."""
        return np.asarray(self.cohort <= self.time)

    @property
    def variation_seen(self) -> BoolArray:
        """Whether both sides of the cell have the two clusters that an error needs."""
        return np.asarray((self.treated_clusters > 1) & (self.control_clusters > 1))

    def event_time(self, clock: Clock) -> FloatArray:
        """Time since joining: in the unit of time, or in observed periods.

        In observed periods, 0 is the first period in or after the cohort's own: for a
        school that joined in a year without results, the next year with results.
        """
        if clock == "calendar":
            return np.asarray(self.time - self.cohort)
        joined = np.searchsorted(self.periods, self.cohort)
        waves: FloatArray = (np.searchsorted(self.periods, self.time) - joined).astype(
            float
        )
        return waves


@dataclass(frozen=True)
class Aggregate:
    """An average of group-time effects, and the table that it averages.

    `table` has one row per cohort ("cohort"), event time ("event_time") or period
    ("time"), and one row without such a column for "simple". Beside it: estimate,
    standard_error, interval_error, low, high, band_low, band_high (NaN without draws),
    cells and cohorts (how many it averages: event times far from joining rest on few
    cohorts). `band` is
    the critical value of the simultaneous band over the rows, None without draws.
    `covariance` (rows, rows) is that of the rows; `influence` (rows, n) and
    `overall_influence` (n,) are each unit's contributions. `without` names the cells that
    could not be estimated and are not part of it. `interval_error` is the error that the
    interval has, with `degrees_of_freedom`: a p value that agrees with the interval rests
    on it, and not on `standard_error`, which is R's. `single_cluster_cohorts` are cohorts
    whose own variation the errors cannot show. Errors are None (NaN in the table) where
    all cohorts that enter are such.
    """

    kind: Kind
    clock: Clock
    level: float
    estimate: float
    standard_error: float | None
    low: float | None
    high: float | None
    degrees_of_freedom: float | None
    interval_error: float | None
    table: pd.DataFrame
    band: float | None
    covariance: FloatArray
    influence: FloatArray
    overall_influence: FloatArray
    without: tuple[str, ...]
    single_cluster_cohorts: tuple[float, ...]


def aggregate(
    cells: Cells,
    kind: Kind,
    *,
    draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
    clock: Clock = "calendar",
    multiplier: Multiplier = "rademacher",
) -> Aggregate:
    """Average group-time effects, cohorts weighted by their number of units.

    "simple": all cells after joining, each weighted by its cohort's units. "group": the
    mean of each cohort's cells after joining; overall, cohorts weighted by units: the
    effect that a unit of any cohort has on average (the summary that Callaway and
    Sant'Anna recommend). "dynamic": by time since joining; overall, the plain mean from
    event time 0 on. "calendar": by period; overall, the plain mean of the periods.

    The weights are shares in a sample and have an error of their own, which is part of
    each unit's contribution, as in did's `aggte`. `clock` sets what event time counts:
    "calendar" the unit of time (a cohort of 2019 is 3 in 2022), "wave" the observed
    periods (it is 1 when 2020 and 2021 have no results).

    Errors are analytic and clustered. `draws` above 0 adds a band that covers all rows
    of the table at once; it is nowhere narrower than the interval of its row.

    Raises ValueError for an unknown kind or clock, a level outside 0 to 1, draws below
    0, where no cell after joining could be estimated, and for draws where no row has an
    error above 0 (a constant outcome, or cohorts of one cluster each): there is no band.

    Source: Callaway and Sant'Anna (2021), section 3 (estimands) and 4 (inference).
    """
    if kind != "simple" and kind not in KEYS:
        raise ValueError(f"kind is simple, group, dynamic or calendar, not {kind!r}")
    if clock not in ("calendar", "wave"):
        raise ValueError(f"clock is 'calendar' or 'wave', not {clock!r}")
    share_of_one(level, "level")
    whole_number(draws, "draws")
    whole_number(seed, "seed")
    known = np.isfinite(cells.att)
    post = known & cells.post
    if not post.any():
        reason = next((said for said in cells.reasons if said), "there is no such period")
        raise ValueError(f"no effect after joining could be estimated: {reason}")

    sets, keys, headline = _sets(cells, kind, known, post, clock)
    weights, moves = weights_of(cells, sets)
    if kind == "group":
        at = np.searchsorted(cells.cohorts, keys)
        share = cells.units_in_cohort[at] / cells.units_in_cohort[at].sum()
        weight, move = share @ weights, np.tensordot(share, moves, 1)
        move[at] += (weights - weight) / cells.units_in_cohort[at].sum()
    else:
        weight, move = weights[headline].mean(axis=0), moves[headline].mean(axis=0)
    weights, moves = np.vstack([weights, weight]), np.concatenate([moves, move[None]])
    estimates = weights @ np.where(known, cells.att, 0.0)
    influence = influence_of(cells, weights, moves)
    sums = cells.sides.sums(influence)
    errors = cells.sides.errors(
        influence,
        weights @ cells.influence,
        _variance_of_shares(cells, moves),
        (weights != 0).astype(np.float32) @ cells.used.astype(np.float32) > 0,
    )
    seen = ((weights != 0) & cells.variation_seen).any(axis=1)
    half = np.where(seen, errors.half_width(level), np.nan)
    error = np.where(seen, errors.standard_error, np.nan)
    band = None
    wide = np.full(len(sets), np.nan)
    if draws:
        band = sup_t_critical_value(
            sums[:-1],
            error[:-1],
            draws=draws,
            seed=seed,
            level=level,
            multiplier=multiplier,
        )
        wide = np.maximum(band * errors.interval_error[:-1], half[:-1])
    table = pd.DataFrame(
        {
            **({} if kind == "simple" else {KEYS[kind]: keys}),
            "estimate": estimates[:-1],
            "standard_error": error[:-1],
            "interval_error": np.where(seen, errors.interval_error, np.nan)[:-1],
            "low": estimates[:-1] - half[:-1],
            "high": estimates[:-1] + half[:-1],
            "band_low": estimates[:-1] - wide,
            "band_high": estimates[:-1] + wide,
            "cells": [int(chosen.sum()) for chosen in sets],
            "cohorts": [len(np.unique(cells.cohort[chosen])) for chosen in sets],
        }
    )
    gone = ~known & (cells.post | (kind == "dynamic"))
    lone = (weights[-1] != 0) & (cells.treated_clusters == 1)
    covariance = sums[:-1] @ sums[:-1].T
    covariance[~seen[:-1], :] = np.nan
    covariance[:, ~seen[:-1]] = np.nan
    total = bool(seen[-1])
    return Aggregate(
        kind=kind,
        clock=clock,
        level=level,
        estimate=float(estimates[-1]),
        standard_error=float(error[-1]) if total else None,
        low=float(estimates[-1] - half[-1]) if total else None,
        high=float(estimates[-1] + half[-1]) if total else None,
        degrees_of_freedom=float(errors.degrees_of_freedom[-1]) if total else None,
        interval_error=float(errors.interval_error[-1]) if total else None,
        table=table,
        band=band,
        covariance=covariance,
        influence=influence[:-1],
        overall_influence=influence[-1],
        without=tuple(
            f"cohort {cells.cohort[at]:g} in {cells.time[at]:g}: {cells.reasons[at]}"
            for at in np.flatnonzero(gone)
        ),
        single_cluster_cohorts=tuple(np.unique(cells.cohort[lone]).tolist()),
    )


def _sets(
    cells: Cells, kind: Kind, known: BoolArray, post: BoolArray, clock: Clock
) -> tuple[Sequence[BoolArray], FloatArray, BoolArray]:
    """The cells of each row, the rows' keys, and the rows that the headline averages."""
    if kind == "simple":
        return [post], np.zeros(1), np.ones(1, dtype=bool)
    among, values = post, {"group": cells.cohort, "calendar": cells.time}.get(kind)
    if values is None:
        among, values = known, cells.event_time(clock)
    keys = np.unique(values[among])
    headline = keys >= 0 if kind == "dynamic" else np.ones(len(keys), dtype=bool)
    return [among & (values == key) for key in keys], keys, headline


def weights_of(cells: Cells, sets: Sequence[BoolArray]) -> tuple[FloatArray, FloatArray]:
    """Weights (rows, c) of sets of cells, and how each cohort's size moves the mean.

    With N_k the units of cell k's cohort, S their sum over the cells and m the weighted
    mean, one unit more in cohort g moves m by the sum over g's cells of (att - m)/S. That
    is linear in the effects: the second answer, (rows, G, c), is to be multiplied by them.
    """
    chosen = np.array(sets, dtype=float)
    size = chosen * cells.units_in_cohort[cells.cohort_at]
    total = size.sum(axis=1, keepdims=True)
    weights = size / total
    own = chosen[:, None, :] * (cells.cohort_at == np.arange(len(cells.cohorts))[:, None])
    of_mean = own.sum(axis=2, keepdims=True) * weights[:, None, :]
    moves: FloatArray = (own - of_mean) / total[:, :, None]
    return weights, moves


def influence_of(cells: Cells, weights: FloatArray, moves: FloatArray) -> FloatArray:
    """Each unit's contribution to weighted means: through the cells and the weights."""
    influence = weights @ cells.influence
    # The never treated, last in the order of units, carry no share of a cohort.
    treated = int(cells.units_in_cohort.sum())
    tilts = moves @ np.where(np.isfinite(cells.att), cells.att, 0.0)
    influence[:, :treated] += np.repeat(tilts, cells.units_in_cohort, axis=1)
    return influence


def _variance_of_shares(cells: Cells, moves: FloatArray) -> FloatArray:
    """Variance (rows,) that the cohorts' shares, being those of a sample, add to means.

    It rests on how far the cohorts' effects lie apart, and so do estimates of effects
    that are all the same: what their own errors put into it is taken off. With ten
    schools in a cohort that is a tenth of the whole variance, counted twice otherwise.
    """
    found = np.zeros(len(moves))
    moving = np.flatnonzero(np.abs(moves).max(axis=(1, 2)) > 0)
    if not len(moving):
        return found
    cohort = np.arange(len(cells.cohorts))[:, None]
    together = cells.sides.sums((cells.sides.side == cohort).astype(float))
    shared = together @ together.T
    sums = cells.sides.sums(cells.influence)
    att = np.where(np.isfinite(cells.att), cells.att, 0.0)
    apart = np.outer(att, att) - sums @ sums.T
    for row in moving.tolist():
        found[row] = np.einsum("gh,gh->", shared, moves[row] @ apart @ moves[row].T)
    return np.maximum(found, 0.0)
