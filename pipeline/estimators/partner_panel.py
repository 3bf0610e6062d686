"""The table behind a comparison of yearly rises: one row per school and time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.grouped_moments import FloatArray, first_redundant, numbers

VALUE, UNIT, CLUSTER, TIME = "value", "unit", "cluster", "time"
PARTNER, PARTNER_BY_TIME, VARIANCE = "partner", "partner by time", "sampling variance"
OWN_NAMES = (VALUE, UNIT, CLUSTER, TIME, PARTNER, PARTNER_BY_TIME, VARIANCE)


@dataclass(frozen=True, eq=False)
class PartnerPanel:
    """Complete rows in the columns of the growth model, and what was left out.

    `table` has value (in SD where a national SD was given), unit, cluster, time (less
    `centred_at`), partner, partner by time, a column of 0 and 1 for each time but the
    first, the covariates and, where pupils are known, the sampling variance. `fixed`
    names the fixed columns in order, partner by time last; `times` and `covariates` are
    those among them.
    """

    table: pd.DataFrame
    times: tuple[str, ...]
    covariates: tuple[str, ...]
    centred_at: float
    left_out: dict[str, int]

    @property
    def fixed(self) -> tuple[str, ...]:
        """Fixed columns of the two-level model, the one that is asked about last."""
        return (*self.times, *self.covariates, PARTNER, PARTNER_BY_TIME)


@dataclass(frozen=True, eq=False)
class WithinSchools:
    """The rows less the mean of their school, for schools seen more than once.

    `design` (n, k) has the columns `names` (partner by time last); those that do not
    vary within schools, or repeat others there, are in `absorbed`.
    """

    design: FloatArray
    value: FloatArray
    cluster: npt.NDArray[np.object_]
    names: tuple[str, ...]
    absorbed: tuple[str, ...]


def partner_panel(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    partner: str,
    national_sd: float | str | None = None,
    covariates: Sequence[str] = (),
    pupils: str | None = None,
    cluster: str | None = None,
) -> PartnerPanel:
    """Make the columns of the growth model; arguments as `growth.partner_slope` has them.

    Raises ValueError as said there.
    """
    if clash := sorted(set(covariates) & set(OWN_NAMES) - {partner}):
        raise ValueError(f"rename the covariates {clash}: the model has columns so named")
    if repeated := sorted(set(covariates) & {outcome, unit, time, partner}):
        raise ValueError(f"{repeated} are in the model already, not covariates")
    sd_column = [national_sd] if isinstance(national_sd, str) else []
    numeric = [
        outcome,
        time,
        partner,
        *covariates,
        *sd_column,
        *([pupils] if pupils else []),
    ]
    labels = [unit, *([cluster] if cluster else [])]
    for name in (*numeric, *labels):
        if (found := int((frame.columns == name).sum())) != 1:
            raise ValueError(f"column {name!r} is in the frame {found} times, not once")
    columns = {name: numbers(frame, name) for name in numeric}
    keep = np.ones(len(frame), dtype=bool)
    left_out: dict[str, int] = {}
    for name in (*labels, *numeric):
        if name in columns and np.isinf(columns[name]).any():
            raise ValueError(f"column {name!r} is infinite in some rows")
        gap = frame[name].isna().to_numpy() & keep
        if gap.any():
            left_out[f"no {name}"] = int(gap.sum())
            keep &= ~gap
    if not keep.any():
        raise ValueError(f"no row has all of {[*labels, *numeric]}: {left_out}")
    columns = {name: column[keep] for name, column in columns.items()}
    codes, schools = pd.factorize(frame[unit][keep])
    is_partner = columns[partner]
    _refuse(codes, np.asarray(schools), columns[time], is_partner)
    divisor: FloatArray | float = 1.0
    if national_sd is not None:
        divisor = columns[national_sd] if isinstance(national_sd, str) else national_sd
        if not np.all(np.asarray(divisor) > 0):
            raise ValueError("a national SD is above zero: some of those given are not")
    moments = np.unique(columns[time])
    centre = float(moments.mean())
    since = columns[time] - centre
    table: dict[str, npt.NDArray[np.generic]] = {
        VALUE: columns[outcome] / divisor,
        UNIT: codes,
        CLUSTER: codes if cluster is None else frame[cluster][keep].to_numpy(dtype=object),
        TIME: since,
        PARTNER: is_partner,
        PARTNER_BY_TIME: is_partner * since,
    }
    times = tuple(f"time = {moment:.12g}" for moment in moments[1:])
    for name, moment in zip(times, moments[1:], strict=True):
        table[name] = (columns[time] == moment).astype(float)
    if clash := sorted(set(covariates) & set(times)):
        raise ValueError(f"rename the covariates {clash}: the model has columns so named")
    if pupils is not None:
        if not (columns[pupils] > 0).all():
            raise ValueError(f"{int((columns[pupils] <= 0).sum())} rows have no pupils")
        table[VARIANCE] = 1 / columns[pupils]
    table |= {name: columns[name] for name in covariates}
    return PartnerPanel(pd.DataFrame(table), times, tuple(covariates), centre, left_out)


def within_schools(panel: PartnerPanel) -> WithinSchools:
    """Take school means off, as fixed effects of schools do.

    Raises ValueError where times and covariates leave nothing of partner by time.
    """
    unit = panel.table[UNIT].to_numpy()
    often = np.bincount(unit)
    again = often[unit] > 1
    names = [*panel.times, *panel.covariates, PARTNER_BY_TIME]

    def less_its_mean(name: str) -> FloatArray:
        column = panel.table[name].to_numpy(dtype=float)
        rest: FloatArray = (column - (np.bincount(unit, column) / often)[unit])[again]
        return rest

    design = np.column_stack([less_its_mean(name) for name in names])
    sizes = np.array([np.abs(panel.table[name]).max() for name in names])
    varies = np.abs(design).max(axis=0) > 1e-10 * sizes
    kept = np.flatnonzero(varies)
    while (at := first_redundant(design[:, kept].T @ design[:, kept])) is not None:
        kept = np.delete(kept, at)
    if len(names) - 1 not in kept:
        raise ValueError(
            "within schools, times and covariates determine partner by time: there is no "
            "difference of slopes to be told from them"
        )
    return WithinSchools(
        design=design[:, kept],
        value=less_its_mean(VALUE),
        cluster=panel.table[CLUSTER].to_numpy(dtype=object)[again],
        names=tuple(names[j] for j in kept),
        absorbed=tuple(name for j, name in enumerate(names) if j not in kept),
    )


def _refuse(
    unit: npt.NDArray[np.int64],
    schools: npt.NDArray[np.generic],
    time: FloatArray,
    is_partner: FloatArray,
) -> None:
    if not np.isin(is_partner, (0.0, 1.0)).all():
        raise ValueError("partner is 0 or 1 in every row: some rows have another number")
    first = np.empty(len(schools))
    first[unit] = is_partner
    changed = first[unit] != is_partner
    if changed.any():
        school = schools[unit[int(np.argmax(changed))]]
        raise ValueError(
            f"school {str(school)!r} is a partner in some rows and not in others: a rise is "
            "compared between schools; for joining in mid-course see the event study"
        )
    _, moment = np.unique(time, return_inverse=True)
    cell = unit * (int(moment.max()) + 1) + moment
    seen = np.bincount(cell)
    if seen.max() > 1:
        at = int(np.flatnonzero(seen[cell] > 1)[0])
        raise ValueError(
            f"school {str(schools[unit[at]])!r} has two rows at time {time[at]:.12g}"
        )
    # Rows are single by school and time here, so two rows are two times.
    sloped = np.bincount(unit) > 1
    for side, wanted in (("partner", 1.0), ("other", 0.0)):
        if int((sloped & (first == wanted)).sum()) < 2:
            raise ValueError(
                f"fewer than two {side} schools are seen at two times: slopes of partners "
                "and others cannot be compared"
            )
