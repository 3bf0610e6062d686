"""National SDs of pupils' scores, recovered from published bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.contracts.quality import EVERY_GROUP, RECOVERED_SDS
from pipeline.measures.catalogue import measure
from pipeline.quality.bounds import STANDARD_ERRORS, Numbers
from pipeline.quality.digits import NEARLY
from pipeline.quality.national_sd import national_sd
from pipeline.quality.promised import as_promised
from pipeline.quality.weights import BOUNDED

FEWEST_INTERVALS = 10
"""Fewer intervals than this tell more of their rounding than of the SD."""
# SOURCE: england_ks5final.csv of 2016/17: the SD that fits the bounds of A level value added
# best gives 77 in 100 of them to rounding, and 39 in 100 of those of disadvantaged students.
KEY_STAGES_WITH_ONE_SD = ("ks2", "ks4")


@dataclass(frozen=True)
class RecoveredSD:
    """An SD recovered from intervals, and the SDs that their rounding allows."""

    sd: float
    low: float
    high: float
    within: float
    """Share of intervals that every SD from `low` to `high` meets."""
    intervals: int


def recover_sd(
    least_pupils: Numbers, most_pupils: Numbers, shortest: Numbers, longest: Numbers
) -> RecoveredSD:
    """Recover the one SD behind many intervals of value +/- 1.96 SD / sqrt(pupils).

    The estimate is a regression of widths on 2 * 1.96 / sqrt(pupils) through the origin.
    Each interval allows a range of SDs, from its rounding and from how well its pupils are
    known; `low` to `high` is where most of these ranges overlap. Raises ValueError where
    there is no interval.
    """
    if len(shortest) == 0:
        raise ValueError("no interval to recover an SD from")
    root = np.sqrt((least_pupils + most_pupils) / 2)
    x = 2 * STANDARD_ERRORS / root
    width = shortest + longest
    low, high, most = _where_most_overlap(
        shortest * np.sqrt(least_pupils) / STANDARD_ERRORS,
        longest * np.sqrt(most_pupils) / STANDARD_ERRORS,
    )
    return RecoveredSD(
        sd=float(np.sum(x * width) / np.sum(x * x)),
        low=low,
        high=high,
        within=most / len(shortest),
        intervals=len(shortest),
    )


def _where_most_overlap(low: Numbers, high: Numbers) -> tuple[float, float, int]:
    """Find the stretch that most of the given ranges cover, and how many do."""
    ends = np.concatenate([low, high + NEARLY])
    steps = np.concatenate([np.ones(len(low), int), -np.ones(len(high), int)])
    order = np.lexsort((-steps, ends))
    covering = np.cumsum(steps[order])
    best = int(np.argmax(covering))
    return float(ends[order][best]), float(ends[order][best + 1]), int(covering[best])


def recovered_sds(bounds: pd.DataFrame) -> pd.DataFrame:
    """Recover the SD of every measure and year, beside the one that is known.

    It is recovered from each group of pupils by itself, and from every group together,
    since the department uses one SD for all of them (METHODS, finding 2). Where pupils
    are only known to lie between half and all of a cohort, nothing can be recovered; nor
    from few intervals.
    """
    exact = bounds[
        (bounds["pupils_from"] != BOUNDED)
        & bounds["key_stage"].isin(KEY_STAGES_WITH_ONE_SD)
        & (bounds["shortest"] <= bounds["longest"])
    ]
    every = np.full(len(exact), EVERY_GROUP)
    entries = [
        dict(zip((*_CELL, "group"), map(_plain, key), strict=True)) | _entry(rows)
        for groups in (exact["group"].astype("str").to_numpy(), every)
        for key, rows in _parted(exact, groups)
        if len(rows) >= FEWEST_INTERVALS
    ]
    names = ("key_stage", "year", "measure", "group", "pupils_from")
    entries.sort(key=lambda entry: [str(entry[name]) for name in names])
    return as_promised(entries, RECOVERED_SDS)


def _parted(
    bounds: pd.DataFrame, groups: npt.NDArray[Any]
) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    cells: Any = bounds.groupby([*_CELL, groups], observed=True).indices
    for key, places in cells.items():
        yield key, bounds.iloc[places]


_CELL = ["key_stage", "year", "measure", "pupils_from"]


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else str(value)


def _entry(rows: pd.DataFrame) -> dict[str, object]:
    arms = (
        rows[name].to_numpy(dtype=float)
        for name in ("least_pupils", "most_pupils", "shortest", "longest")
    )
    found = recover_sd(*arms)
    first = rows.iloc[0]
    about = measure(first["key_stage"], first["measure"])
    known = national_sd(about.code, int(first["year"]), centred=about.centred_on_national)
    return {
        "intervals": found.intervals,
        "regression": found.sd,
        "low": found.low,
        "high": found.high,
        "within": found.within,
        "known": known.sd,
        "known_from": None if known.sd is None else known.said,
    }
