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
    chance: then those of all files tell; where they are few too, those of every measure
    in the same unit (reading and maths scores); and where even these are few, a measure
    in points has the decimals that it is shown with. A percentage is taken for the whole
    one that it is.
    """
    half = np.full(len(rows), np.nan)
    values = rows["value"].to_numpy(dtype=float)
    in_unit = _of_each_unit(rows["measure"], values, measures)
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
        alike = in_unit[_unit(about)]
        if len(in_all) >= ENOUGH_IN_ALL:
            usual = _decimals(in_all)
        elif about.unit != "percentage points" and len(alike) >= ENOUGH_IN_ALL:
            usual = _decimals(alike)
        for at, found in different.values():
            least = usual if len(found) < ENOUGH_FIGURES else 0
            half[at] = 0.5 * 10.0 ** -max(_decimals(found), least)
    return pd.Series(half, index=rows.index)


def published_decimals(rows: pd.DataFrame, measures: Mapping[str, Measure]) -> pd.Series:
    """Say with how many decimals each figure is published, to write it as it stands.

    As `half_a_digit`, but several percentages of one file that are all whole are written
    whole, though they are too few to reckon with that. No figure gets more decimals than
    its measure is shown with.
    """
    places = (-np.log10(2 * half_a_digit(rows, measures))).round()
    figure = rows["value"].astype(float)
    is_share = rows["measure"].map(
        {c: m.unit == "percentage points" for c, m in measures.items()}
    )
    cell = [rows["measure"].astype("str"), rows["source"].astype("str")]
    all_whole = (figure.mod(1).fillna(0) <= NEARLY).groupby(cell).transform("all")
    several = figure.groupby(cell).transform("nunique") > 1
    places = places.mask(is_share.astype(bool) & all_whole & several, 0).fillna(0)
    most = rows["measure"].map({c: m.decimals for c, m in measures.items()}).astype(int)
    return pd.Series(np.minimum(places.astype(int), most), index=rows.index)


def _unit(measure: Measure) -> tuple[str, bool]:
    # Progress in scaled score points has a decimal, scores have none.
    return measure.unit, measure.centred_on_national


def _of_each_unit(
    measure: pd.Series, values: Numbers, measures: Mapping[str, Measure]
) -> dict[tuple[str, bool], Numbers]:
    """Gather the different figures of all measures that are published in one unit."""
    found: dict[tuple[str, bool], list[Numbers]] = {}
    by_measure: Any = measure.groupby(measure, observed=True).indices
    for code, at in by_measure.items():
        found.setdefault(_unit(measures[str(code)]), []).append(_different(values[at]))
    return {unit: _different(np.concatenate(parts)) for unit, parts in found.items()}


def _different(values: Numbers) -> Numbers:
    return np.unique(values[~np.isnan(values)])


def _decimals(values: Numbers) -> int:
    """Count the decimals that some of the numbers need; none where there is no number."""
    for digits in range(MOST_DIGITS):
        if (np.abs(values - np.round(values, digits)) <= NEARLY).all():
            return digits
    return MOST_DIGITS
