"""What changed in schools after they joined, against schools that had not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.doubly_robust import Method, NotEstimable, change_on_change
from pipeline.estimators.group_time_aggregate import (
    Aggregate,
    Cells,
    Clock,
    Kind,
    aggregate,
)
from pipeline.estimators.influence_errors import ClusteredSides
from pipeline.estimators.multiplier_bootstrap import Multiplier
from pipeline.estimators.pre_trend import PreTrend, pre_trend
from pipeline.estimators.settings import column_names, finite_number
from pipeline.estimators.staggered_panel import StaggeredPanel, read_panel

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
ROUNDING = 1e-13
"""Contributions below this share of the largest outcome are rounding."""
Control = Literal["not_yet", "never"]
BasePeriod = Literal["varying", "universal"]


@dataclass(frozen=True)
class GroupTimeATT:
    """Average effects on the treated, one for each cohort and period.

    `table` has a row per cell: cohort, time, att, standard_error, low, high (95%),
    degrees_of_freedom, base (the period compared with), post (whether time is not before
    the cohort), treated and controls (units that the cell rests on), not_compared (units
    of either side that lack an outcome or a covariate in one of its two periods), and
    reason: empty, or why a number is not there. A cell that cannot be estimated has NaN
    in `att`; where one side is a single cluster there is an estimate and NaN in its errors,
    for one cluster does not show how clusters vary.

    `influence` is (cells, units): each unit's contribution to the error of each `att`
    (did's influence function over the number of units), units in the order of `units`.
    `left_out` counts the units and rows that no cell uses, with the reason. `covariance`
    is that of `att`, clustered, in the order of the table.
    """

    table: pd.DataFrame
    influence: FloatArray
    units: npt.NDArray[np.object_]
    clusters: int
    left_out: pd.DataFrame
    cells: Cells

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the cells' estimates (cells, cells)."""
        sums = self.cells.sides.sums(self.influence)
        return sums @ sums.T

    def aggregate(
        self,
        kind: Kind = "simple",
        draws: int = 0,
        seed: int = 0,
        level: float = 0.95,
        clock: Clock = "calendar",
        multiplier: Multiplier = "rademacher",
    ) -> Aggregate:
        """Bring the cells to one number and a table: see `group_time_aggregate`."""
        return aggregate(
            self.cells,
            kind,
            draws=draws,
            seed=seed,
            level=level,
            clock=clock,
            multiplier=multiplier,
        )

    def pre_trend(
        self,
        over: Literal["cells", "event_times"] = "cells",
        level: float = 0.05,
        powers: Sequence[float] = (0.5, 0.8),
    ) -> PreTrend:
        """Test that nothing moved before joining, and say what the test can see."""
        return pre_trend(self.cells, over=over, level=level, powers=powers)


def group_time_att(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    cohort: str,
    outcome: str,
    covariates: Sequence[str] = (),
    control: Control = "not_yet",
    method: Method = "dr",
    cluster: str | None = None,
    anticipation: float = 0,
    base_period: BasePeriod = "varying",
) -> GroupTimeATT:
    """Estimate ATT(g, t): the effect in period t on the units first treated in g.

    ATT(g, t) = E[Y_t(g) - Y_t(never) | G = g]: the change of cohort g from its base
    period to t, less the change of comparable units that are not treated (doubly robust,
    by regression or by weighting: `doubly_robust.change_on_change`). `control` is
    "never" for the never treated, or "not_yet" for these and all units that join after
    both periods and the anticipation. No treated unit ever serves as a control, which is
    what goes wrong in two-way fixed effects.

    `frame` is long, one row per unit and period. `time` and `cohort` are numbers on one
    scale (years); cohort 0, NaN or infinity is never treated. `anticipation` is how long
    before joining an effect may start, in the same unit. `covariates` are taken in the
    earlier of the two periods. `cluster` names a column of groups that hold whole units
    (a trust or hub); without it each unit is its own cluster.

    The base of a cell at or after treatment is the last observed period t with
    t + anticipation < g. Before that it is the period before (`base_period` "varying",
    R's default) or the same one as after ("universal", which a Rambachan-Roth
    sensitivity analysis needs; the base itself then has no cell).

    Periods are those with results. A year without results (2020, 2021) is no period; a
    cohort that joins in it is treated from the next period on and keeps its own label.
    A panel need not be balanced: a cell compares the units that are observed in both of
    its periods. did by default drops every unit that lacks a period; on a balanced panel
    the two are the same. The numbers not compared are in the table and in `left_out`.

    Raises ValueError for an unknown option and for what `read_panel` refuses. A cell
    that cannot be estimated is a row with its reason.

    Source: Callaway and Sant'Anna (2021), Difference-in-differences with multiple time
    periods, sections 2 to 4; R package did.
    """
    for name, chosen, known in (
        ("control", control, ("not_yet", "never")),
        ("method", method, ("dr", "reg", "ipw")),
        ("base_period", base_period, ("varying", "universal")),
    ):
        if chosen not in known:
            raise ValueError(f"{name} is one of {', '.join(known)}, not {chosen!r}")
    finite_number(anticipation, "anticipation")
    panel = read_panel(
        frame,
        unit=unit,
        time=time,
        cohort=cohort,
        outcome=outcome,
        covariates=column_names(covariates, "covariates"),
        cluster=cluster,
        anticipation=anticipation,
        never_treated_needed=control == "never",
    )
    plan = _plan(panel, anticipation, base_period)
    att, influence, used, counts, reasons = _estimate(
        panel, plan, control, method, anticipation
    )
    first = np.searchsorted(panel.cohorts, panel.cohort)
    sides = ClusteredSides(panel.cluster, first.astype(np.intp))
    cells = Cells(
        cohort=plan.cohort,
        time=plan.time,
        base=plan.base,
        att=att,
        influence=influence,
        used=used,
        reasons=tuple(reasons),
        periods=panel.periods,
        cohorts=panel.cohorts,
        units_in_cohort=np.bincount(first, minlength=len(panel.cohorts))[
            : len(panel.cohorts)
        ],
        treated_clusters=counts[:, 3],
        control_clusters=counts[:, 4],
        sides=sides,
        anticipation=anticipation,
    )
    return GroupTimeATT(
        table=_table(cells, counts),
        influence=influence,
        units=panel.units,
        clusters=sides.clusters,
        left_out=panel.left_out,
        cells=cells,
    )


@dataclass(frozen=True)
class _Plan:
    """Which cells there are: cohort, time and base, and the indices of the periods."""

    cohort: FloatArray
    time: FloatArray
    base: FloatArray
    time_at: npt.NDArray[np.intp]
    base_at: npt.NDArray[np.intp]


def _plan(panel: StaggeredPanel, anticipation: float, base_period: BasePeriod) -> _Plan:
    rows = []
    for g in panel.cohorts:
        # ASSUME: a school that joins in a year without results is first exposed in the
        # next year with results, and its last year before stays comparable over the gap.
        last = int(np.searchsorted(panel.periods + anticipation, g)) - 1
        for t, when in enumerate(panel.periods):
            before = when + anticipation < g
            base = t - 1 if before and base_period == "varying" else last
            if base >= 0 and base != t:
                rows.append((g, t, base))
    cohort = np.array([g for g, _, _ in rows])
    time_at = np.array([t for _, t, _ in rows], dtype=np.intp)
    base_at = np.array([b for _, _, b in rows], dtype=np.intp)
    return _Plan(cohort, panel.periods[time_at], panel.periods[base_at], time_at, base_at)


def _estimate(
    panel: StaggeredPanel,
    plan: _Plan,
    control: Control,
    method: Method,
    anticipation: float,
) -> tuple[FloatArray, FloatArray, BoolArray, npt.NDArray[np.intp], list[str]]:
    size = len(plan.cohort)
    att = np.full(size, np.nan)
    influence = np.zeros((size, len(panel.units)))
    used = np.zeros(influence.shape, dtype=bool)
    counts = np.zeros((size, 5), dtype=np.intp)
    reasons = [""] * size
    complete = panel.complete
    observed = np.isfinite(panel.outcome)
    rounding = ROUNDING * float(np.abs(panel.outcome[observed]).max(initial=0.0))
    described = np.asarray(np.isfinite(panel.design).all(axis=2))
    everyone = np.arange(len(panel.units))
    for g in panel.cohorts:
        begin, end = np.searchsorted(panel.cohort, [g, np.nextafter(g, np.inf)])
        # Cells with the same units and covariates share all but the outcome.
        batches: dict[tuple[int, int, bytes], list[int]] = {}
        for cell in np.flatnonzero(plan.cohort == g).tolist():
            t, base = int(plan.time_at[cell]), int(plan.base_at[cell])
            latest = panel.periods[max(t, base)] + anticipation
            if control == "never":
                latest = np.finfo(float).max
            first = int(np.searchsorted(panel.cohort, latest, side="right"))
            version = 0 if len(panel.design) == 1 else min(t, base)
            # ASSUME: a school counts in each comparison whose two years it has, and lacks
            # a year by chance given its covariates. Dropping whole schools for one year
            # would leave out most of those with small cohorts of pupils.
            seen = b""
            if not complete:
                seen = (observed[t] & observed[base] & described[version]).tobytes()
            batches.setdefault((first, version, seen), []).append(cell)
        start: FloatArray | None = None
        for (first, version, seen), batch in batches.items():
            treated = everyone[begin:end]
            controls = everyone[first:]
            if first <= begin:
                controls = np.concatenate([everyone[first:begin], everyone[end:]])
            wanted = len(treated) + len(controls)
            if seen:
                usable: npt.NDArray[np.bool_] = np.frombuffer(seen, dtype=np.bool_)
                treated = treated[usable[treated]]
                controls = controls[usable[controls]]
            counts[batch] = (
                len(treated),
                len(controls),
                wanted - len(treated) - len(controls),
                np.count_nonzero(np.bincount(panel.cluster[treated])),
                np.count_nonzero(np.bincount(panel.cluster[controls])),
            )
            ours, others = _as_slice(treated), _as_slice(controls)
            now = panel.outcome[plan.time_at[batch]]
            then = panel.outcome[plan.base_at[batch]]
            try:
                found = change_on_change(
                    now[:, ours] - then[:, ours],
                    now[:, others] - then[:, others],
                    panel.design[version][ours],
                    panel.design[version][others],
                    method,
                    start,
                )
            except NotEstimable as refusal:
                for cell in batch:
                    reasons[cell] = str(refusal)
                continue
            start = found.score_coefficients
            att[batch] = found.att
            for at, cell in enumerate(batch):
                used[cell, ours], used[cell, others] = True, found.controls_used
                # Changes that are all alike leave nothing but the rounding of outcomes,
                # and no error and no test can rest on that.
                if (
                    np.abs(found.treated[at]).max() * len(treated) <= rounding
                    and np.abs(found.controls[at]).max() * len(controls) <= rounding
                ):
                    continue
                influence[cell, ours] = found.treated[at]
                influence[cell, others] = found.controls[at]
    return att, influence, used, counts, reasons


def _as_slice(rows: npt.NDArray[np.intp]) -> slice | npt.NDArray[np.intp]:
    """Rows that stand side by side as a slice, which numpy reads without a copy."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _table(cells: Cells, counts: npt.NDArray[np.intp]) -> pd.DataFrame:
    errors = cells.sides.errors(cells.influence, used=cells.used)
    shown = np.isfinite(cells.att) & cells.variation_seen
    half = errors.half_width(0.95)
    return pd.DataFrame(
        {
            "cohort": cells.cohort,
            "time": cells.time,
            "att": cells.att,
            "standard_error": np.where(shown, errors.standard_error, np.nan),
            "low": np.where(shown, cells.att - half, np.nan),
            "high": np.where(shown, cells.att + half, np.nan),
            "degrees_of_freedom": np.where(shown, errors.degrees_of_freedom, np.nan),
            "base": cells.base,
            "post": cells.post,
            "treated": counts[:, 0],
            "controls": counts[:, 1],
            "not_compared": counts[:, 2],
            "reason": [
                said or _why_no_error(ours, others)
                for said, ours, others in zip(
                    cells.reasons,
                    cells.treated_clusters,
                    cells.control_clusters,
                    strict=True,
                )
            ],
        }
    )


def _why_no_error(treated_clusters: int, control_clusters: int) -> str:
    if min(treated_clusters, control_clusters) > 1:
        return ""
    side = "joiners" if treated_clusters < 2 else "controls"
    return f"the {side} are one cluster: no error can be told"
