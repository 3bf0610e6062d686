"""To which digit a published figure is rounded, so what its rounding can explain."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.measures.measure import Measure

Numbers = npt.NDArray[np.float64]

MOST_DIGITS = 4
ENOUGH_FIGURES = 4
"""So many different figures with one decimal would all be whole once in ten thousand."""
ENOUGH_IN_ALL = 2
"""So many in all files together would be whole once in a hundred."""
NEARLY = 1e-9
"""Numbers nearer than this are the same: decimals are not exact in a computer."""


def half_a_digit(rows: pd.DataFrame, measures: Mapping[str, Measure]) -> pd.Series:
    """Give half of the last published digit of each figure, in the measure's unit.

    It is read off the figures of one measure in one file, since the same measure is
    published to another digit in other years, and of authorities to another than of
    schools (`65%`, `43.2`; scaled scores of `104`). Few figures may all be whole by
    chance: then those of all files tell, and where they are few too, a measure in points
    has the decimals of the catalogue. A percentage is taken for the whole one that it is.
    """
    half = np.full(len(rows), np.nan)
    values = rows["value"].to_numpy(dtype=float)
    by_measure: Any = rows.groupby("measure", observed=True).indices
    for code, of_measure in by_measure.items():
        by_file: Any = (
            rows["source"].iloc[of_measure].groupby(rows["source"], observed=True)
        )
        different = {
            file: (of_measure[at], _different(values[of_measure[at]]))
            for file, at in by_file.indices.items()
        }
        in_all = _different(np.concatenate([found for _, found in different.values()]))
        about = measures[str(code)]
        usual = 0 if about.unit == "percentage points" else about.decimals
        if len(in_all) >= ENOUGH_IN_ALL:
            usual = _decimals(in_all)
        for at, found in different.values():
            least = usual if len(found) < ENOUGH_FIGURES else 0
            half[at] = 0.5 * 10.0 ** -max(_decimals(found), least)
    return pd.Series(half, index=rows.index)


def _different(values: Numbers) -> Numbers:
    return np.unique(values[~np.isnan(values)])


def _decimals(values: Numbers) -> int:
    """Count the decimals that some of the numbers need; none where there is no number."""
    for digits in range(MOST_DIGITS):
        if (np.abs(values - np.round(values, digits)) <= NEARLY).all():
            return digits
    return MOST_DIGITS
