"""A mean over pupils computed again from schools, and how far off it can be."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

COLUMNS = [
    "value",
    "pupils",
    "weight",
    "least",
    "most",
    "half",
    "column",
    "suppressed",
    "no_entries",
]
"""What is needed of each school's figure."""

# ASSUME: roundings of schools' figures are independent and even over the last digit, so
# that their sum lies within three of its standard deviations; it never exceeds all of them.
ROUNDINGS_WITHIN = 3.0
_MOST_ROUNDS = 60


def recompute(rows: pd.DataFrame, place: Places, places: int) -> pd.DataFrame:
    """Average the figures of schools by pupils, for each of a number of places.

    `rows` holds value, pupils, weight, least, most, half (of the last digit), column (a
    code of where pupils stand, -1 for none), suppressed and no_entries; `place` says where
    each row counts. A place where no school has a figure has a missing mean.

    `mean_low` and `mean_high` are what the mean could be if the pupils with a score were
    anything from `least` to `most`; `rounding` is what the rounding of schools' figures
    can explain. `left_pupils` are those of schools without a figure, as far as their
    number is known; `left_unknown` counts the schools among them whose figure nobody can
    know: it is none of those without pupils, and none without entries, who have nothing.
    """
    used = (rows["value"].notna() & (rows["weight"] > 0)).to_numpy()
    at = place[used]
    value, weight, least, most, half, pupils = (
        rows.loc[used, name].to_numpy(dtype=float)
        for name in ("value", "weight", "least", "most", "half", "pupils")
    )

    def total(amount: Any) -> Numbers:
        return np.bincount(at, weights=amount, minlength=places).astype(float)

    whole = total(weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total(weight * value) / whole
        all_of_them = total(weight * half) / whole
        likely = ROUNDINGS_WITHIN * np.sqrt(total((weight * half) ** 2) / 3) / whole
    low, high = (_furthest(value, least, most, at, mean, sign) for sign in (-1.0, 1.0))
    left = rows[~used]
    left_pupils = left["pupils"].fillna(0).to_numpy(dtype=float)
    suppressed = left["suppressed"].to_numpy(dtype=bool)
    unknown = suppressed | ((left_pupils > 0) & ~left["no_entries"].to_numpy(dtype=bool))
    column = rows["column"].to_numpy()[used]
    return pd.DataFrame(
        {
            "mean": mean,
            "mean_low": low,
            "mean_high": high,
            "rounding": np.minimum(likely, all_of_them),
            "pupils": total(pupils),
            "least": total(least),
            "most": total(most),
            "schools": np.bincount(at, minlength=places),
            "left_pupils": np.bincount(place[~used], left_pupils, places),
            "left_unknown": np.bincount(place[~used][unknown], minlength=places),
            "left_suppressed": np.bincount(place[~used][suppressed], minlength=places),
            "suppressed_pupils": np.bincount(
                place[~used][suppressed], left_pupils[suppressed], places
            ),
            "column": _only(column, at, places),
        }
    )


def _furthest(
    value: Numbers, least: Numbers, most: Numbers, at: Places, mean: Numbers, sign: float
) -> Numbers:
    """Find the lowest or highest mean that weights between two bounds can give.

    It is reached with the most weight on every figure beyond the mean, and the least on
    the others: each round takes that of the mean before, until nothing moves (Dinkelbach
    1967, On nonlinear fractional programming).
    """
    furthest = mean.copy()
    if not (least < most).any():
        return furthest
    for _ in range(_MOST_ROUNDS):
        weight = np.where(sign * (value - furthest[at]) > 0, most, least)
        with np.errstate(invalid="ignore", divide="ignore"):
            moved = np.bincount(at, weight * value, len(mean)) / np.bincount(
                at, weight, len(mean)
            )
        if np.allclose(moved, furthest, rtol=0, atol=1e-12, equal_nan=True):
            break
        furthest = moved
    return furthest


def _only(codes: npt.NDArray[Any], at: Places, places: int) -> Places:
    """Give the one code of each place, or -1 where there are several or none."""
    least = np.full(places, np.iinfo(np.int64).max, dtype=np.int64)
    most = np.full(places, -1, dtype=np.int64)
    np.minimum.at(least, at, codes)
    np.maximum.at(most, at, codes)
    return np.where(least == most, most, -1)
