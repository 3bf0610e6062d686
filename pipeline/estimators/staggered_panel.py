"""Schools by years where schools join at different times, ready for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import infer_dtype, is_complex_dtype, is_numeric_dtype

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
NUMBERS = {"integer", "floating", "mixed-integer-float", "boolean", "empty"}
"""What a column of mixed objects may hold, as pandas names it."""
COLLINEAR = 1e-10
"""Smallest share of its own variation that a covariate must keep given the others."""


@dataclass(frozen=True)
class StaggeredPanel:
    """One row per unit, ordered by cohort and then by label; one entry per period.

    `periods` (T,) are those in which at least one outcome is there: a year without
    results is no period. `cohort` (n,) is infinite for a unit that is never treated
    within the periods; `cohorts` are the finite ones. `outcome` is (T, n), not a number
    where missing. `design` is (V, n, k + 1): the intercept and the covariates, centred
    and scaled over all rows; V is 1 where no covariate changes within a unit, else T.
    `cluster` (n,) holds codes from 0 in the order of the labels. `left_out` says how
    many units and rows are not used, and why.
    """

    units: npt.NDArray[np.object_]
    periods: FloatArray
    cohorts: FloatArray
    cohort: FloatArray
    outcome: FloatArray
    design: FloatArray
    cluster: IntArray
    left_out: pd.DataFrame

    @property
    def complete(self) -> bool:
        """Whether each unit has an outcome and its covariates in each period."""
        return bool(np.isfinite(self.outcome).all() and np.isfinite(self.design).all())


def read_panel(
    frame: pd.DataFrame,
    *,
    unit: str,
    time: str,
    cohort: str,
    outcome: str,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    anticipation: float = 0,
    never_treated_needed: bool = False,
) -> StaggeredPanel:
    """Arrange a long frame, one row per unit and period.

    A cohort of 0, NaN or infinity is never treated; so is one that joins after the last
    period and its anticipation, as in R's did. Left out and counted: rows without an
    outcome, units that are treated at or before the first period (no year before), and
    units with fewer than two periods (no change). Where nobody is never treated, the last
    cohort serves as comparison only, and the periods from its own treatment on, in which
    no comparison remains, are left out, as in R's did.

    Raises ValueError for a column that is not there or not numeric, a row twice, a
    cohort or cluster that changes within a unit, an infinite outcome, collinear
    covariates, fewer than two periods, and for a panel without a cohort to estimate or
    without the never-treated units that are needed.
    """
    names = [unit, time, cohort, outcome, *covariates, *([cluster] if cluster else [])]
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ValueError(f"no column {absent[0]!r} in the frame; it has {list(frame)}")
    twice = [name for name in names if (frame.columns == name).sum() > 1]
    if twice:
        raise ValueError(f"more than one column {twice[0]!r} in the frame: keep one")
    if anticipation < 0 or not np.isfinite(anticipation):
        raise ValueError(f"anticipation is a time from 0 up, not {anticipation}")
    code, labels = _codes(frame, unit)
    when = _numbers(frame, time)
    if not np.isfinite(when).all():
        raise ValueError(f"{int((~np.isfinite(when)).sum())} rows have no {time}")
    joined = _numbers(frame, cohort)
    joined = np.where(np.isnan(joined) | (joined == 0), np.inf, joined)
    value = _numbers(frame, outcome)
    if np.isinf(value).any():
        raise ValueError(f"{int(np.isinf(value).sum())} rows have an infinite {outcome}")
    given = np.column_stack(
        [np.empty((len(frame), 0)), *(_numbers(frame, name) for name in covariates)]
    )
    if np.isinf(given).any():
        raise ValueError("a covariate is infinite: leave the row empty or mend it")
    cohort_of = _one_per_unit(code, joined, len(labels), cohort)
    group = code if cluster is None else _codes(frame, cluster)[0]
    cluster_of = _one_per_unit(code, group, len(labels), cluster or unit)

    at, every = pd.factorize(when, sort=True)
    if np.bincount(code * len(every) + at).max(initial=0) > 1:
        raise ValueError(f"a {unit} has two rows in one {time}: keep one row of each")
    left_out: list[tuple[str, int, int]] = []
    keep = np.isfinite(value)
    left_out.append(_counted("the outcome is missing", code, ~keep))
    if not keep.any():
        raise ValueError(f"no row has a {outcome}")

    observed = every[np.bincount(at[keep], minlength=len(every)) > 0]
    early = keep & (cohort_of <= observed[0] + anticipation)[code]
    left_out.append(_counted("treated in or before the first period", code, early))
    keep &= ~early
    cohort_of = np.where(cohort_of > observed[-1] + anticipation, np.inf, cohort_of)
    present = np.bincount(code[keep], minlength=len(labels)) > 0
    if not np.isinf(cohort_of[present]).any():
        if never_treated_needed:
            raise ValueError("nobody is never treated: compare with control='not_yet'")
        last = np.max(cohort_of[present], initial=-np.inf)
        late = keep & (when >= last - anticipation)
        left_out.append(_counted("everyone is treated in the period", code, late))
        keep &= ~late
        cohort_of = np.where(cohort_of == last, np.inf, cohort_of)
    single = keep & (np.bincount(code[keep], minlength=len(labels)) < 2)[code]
    left_out.append(_counted("observed in one period only", code, single))
    keep &= ~single
    if not keep.any():
        raise ValueError("no unit is observed in two periods before everyone is treated")

    present = np.bincount(code[keep], minlength=len(labels)) > 0
    units = np.flatnonzero(present)
    units = units[np.argsort(cohort_of[units], kind="stable")]
    row_of = np.full(len(labels), -1)
    row_of[units] = np.arange(len(units))
    held = np.bincount(at[keep], minlength=len(every)) > 0
    periods, at = every[held], (np.cumsum(held) - 1)[at[keep]]
    row = row_of[code[keep]]
    wide = np.full((len(periods), len(units)), np.nan)
    wide[at, row] = value[keep]
    cohorts = np.unique(cohort_of[units])
    cohorts = cohorts[np.isfinite(cohorts)]
    if not len(cohorts):
        raise ValueError(
            "no unit is treated after the first period and before the last: there is no "
            "change to compare"
        )
    return StaggeredPanel(
        units=np.asarray(labels, dtype=object)[units],
        periods=periods,
        cohorts=cohorts,
        cohort=cohort_of[units],
        outcome=wide,
        design=_design(given[keep], at, row, wide.shape, covariates),
        cluster=np.unique(cluster_of[units], return_inverse=True)[1].astype(np.intp),
        left_out=pd.DataFrame(left_out, columns=["reason", "units", "rows"]),
    )


def holds_numbers(column: pd.Series) -> bool:
    """Whether a column can be read as real numbers: no text, dates or categories."""
    if is_numeric_dtype(column):
        return not is_complex_dtype(column)
    return infer_dtype(column, skipna=True) in NUMBERS


def _numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    column = frame[name]
    if not holds_numbers(column):
        raise ValueError(f"{name!r} must hold numbers, not {column.dtype}")
    return column.to_numpy(dtype=float, na_value=np.nan)


def _codes(frame: pd.DataFrame, name: str) -> tuple[IntArray, npt.NDArray[np.object_]]:
    codes, labels = pd.factorize(frame[name], sort=True)
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} rows have no {name!r}: give each one")
    return codes.astype(np.intp), np.asarray(labels)


def _one_per_unit(
    code: IntArray, values: npt.NDArray[Any], units: int, name: str
) -> npt.NDArray[Any]:
    first = np.empty(units, dtype=values.dtype)
    first[code] = values
    changing = np.unique(code[first[code] != values])
    if len(changing):
        raise ValueError(
            f"{name!r} changes within {len(changing)} units: give each unit one, such as "
            "that of its joining"
        )
    return first


def _counted(
    reason: str, code: IntArray, rows: npt.NDArray[np.bool_]
) -> tuple[str, int, int]:
    return reason, int((np.bincount(code[rows]) > 0).sum()), int(rows.sum())


def _design(
    given: FloatArray,
    at: IntArray,
    row: IntArray,
    shape: tuple[int, int],
    names: Sequence[str],
) -> FloatArray:
    periods, units = shape
    if not names:
        return np.ones((1, units, 1))
    whole = np.isfinite(given).all(axis=1)
    if not whole.any():
        raise ValueError("no row has all covariates")
    first = np.full((units, len(names)), np.nan)
    first[row] = given
    constant = bool(whole.all()) and bool((first[row] == given).all())
    values = first if constant else given
    known = values if constant else values[whole]
    centre, spread = known.mean(axis=0), known.std(axis=0)
    still = spread <= 1e-12 * np.abs(known).max(axis=0)
    if still.any():
        name = np.asarray(names, dtype=object)[still][0]
        raise ValueError(f"the covariate {name!r} is the same everywhere: leave it out")
    scaled = (values - centre) / spread
    known = (known - centre) / spread
    if np.linalg.eigvalsh(known.T @ known / len(known))[0] < COLLINEAR:
        raise ValueError("the covariates are collinear: leave out one that others give")
    if constant:
        return np.concatenate([np.ones((units, 1)), scaled], axis=1)[None]
    design = np.full((periods, units, len(names) + 1), np.nan)
    design[at, row, 0] = 1.0
    design[at, row, 1:] = scaled
    return design
