"""To which digit a published figure is rounded, so what its rounding can explain."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.measures.measure import Measure

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
    if rows.empty:
        return pd.Series(dtype=float, index=rows.index)
    by = [rows["source"], rows["measure"]]
    found = pd.Series(_decimals(rows["value"].to_numpy(dtype=float)), index=rows.index)
    most = found.groupby(by, observed=True).transform("max")
    different = rows["value"].groupby(by, observed=True).transform("nunique")
    usual = rows["measure"].map(
        {
            code: 0 if about.unit == "percentage points" else about.decimals
            for code, about in measures.items()
        }
    )
    of_all_files = [rows["measure"]]
    in_all = found.groupby(of_all_files, observed=True).transform("max")
    few = rows["value"].groupby(of_all_files, observed=True).transform("nunique")
    known = usual.astype(float).where(few < ENOUGH_IN_ALL, in_all)
    at_least = known.where(different < ENOUGH_FIGURES, 0)
    digits = most.where(most >= at_least, at_least)
    return 0.5 * 10.0 ** (-digits)


def _decimals(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Count the decimals that each number needs; none for one that is missing."""
    needed = np.zeros(len(values), dtype=np.int64)
    for digits in range(MOST_DIGITS):
        more = np.abs(values - np.round(values, digits)) > NEARLY
        needed[more] = digits + 1
    return needed
