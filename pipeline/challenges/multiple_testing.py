"""What is left of p values when many questions are asked at once."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.stats.multitest import multipletests

FloatArray = npt.NDArray[np.float64]
Method = Literal["holm", "hommel", "benjamini-hochberg", "benjamini-yekutieli"]

NAMES: dict[Method, str] = {
    "holm": "holm",
    "hommel": "hommel",
    "benjamini-hochberg": "fdr_bh",
    "benjamini-yekutieli": "fdr_by",
}
"""What statsmodels calls each."""


@dataclass(frozen=True)
class AdjustedTest:
    """One p value, adjusted within its family."""

    family: str
    registered: bool
    method: Method
    tests: int
    p_value: float
    adjusted: float
    rejected: bool


def adjust(p_values: npt.ArrayLike, method: Method) -> FloatArray:
    """Adjust the p values of one family; R's `p.adjust` by statsmodels' `multipletests`.

    (m,) in and out, in the same order. Raises ValueError for no value, a value that is
    missing or outside 0 to 1, or a method that is not one of `NAMES`.
    """
    found = np.asarray(p_values, dtype=float)
    if method not in NAMES:
        raise ValueError(f"no method {method!r}: one of {', '.join(NAMES)}")
    if found.ndim != 1 or not len(found):
        raise ValueError("a list of at least one p value expected")
    outside = int((~((found >= 0) & (found <= 1))).sum())
    if outside:
        raise ValueError(
            f"{outside} p values are missing or outside 0 to 1: a test that could not be "
            "done belongs to no family; leave it out and count it"
        )
    adjusted: FloatArray = multipletests(found, method=NAMES[method])[1]
    return adjusted


def adjust_families(
    p_values: npt.ArrayLike,
    registered: npt.ArrayLike,
    families: npt.ArrayLike | None = None,
    *,
    significance: float = 0.05,
) -> tuple[AdjustedTest, ...]:
    """Holm for tests registered before results were seen, Benjamini and Hochberg for others.

    A registered primary is a claim, and no false claim is wanted at all: Holm keeps the
    chance of *any* false one in the family at the significance level, whatever depends on
    what. Exploratory tests point at what to look at next: there the share of false ones
    among those found is kept (Benjamini and Hochberg; for independent or positively
    dependent tests).

    `p_values`, `registered` and `families` have one entry per test; a family is a
    question asked in several ways, such as an aim at a key stage, and both its kinds are
    adjusted apart from each other and from other families. Without `families` all is one.
    The answer is in the order of `p_values`.

    Raises ValueError as `adjust` does, for lengths that differ and a family that is
    missing. Sources: Holm (1979); Benjamini and Hochberg (1995).
    """
    found, primary = np.asarray(p_values, dtype=float), np.asarray(registered)
    if primary.dtype != np.bool_:
        raise ValueError("registered must be true or false for every test")
    family = np.full(len(found), "all") if families is None else np.asarray(families)
    if not found.shape == primary.shape == family.shape:
        raise ValueError("one p value, registration and family per test expected")
    if pd.isna(family).any():
        raise ValueError("a test has no family")
    if not 0 < significance < 1:
        raise ValueError("a significance between 0 and 1 expected")
    family = family.astype(str)
    adjusted, sizes = np.empty(len(found)), np.empty(len(found), dtype=int)
    for name in np.unique(family):
        for kind in (True, False):
            rows = (family == name) & (primary == kind)
            if rows.any():
                adjusted[rows] = adjust(found[rows], _method(kind))
                sizes[rows] = rows.sum()
    return tuple(
        AdjustedTest(
            family=str(family[n]),
            registered=bool(primary[n]),
            method=_method(bool(primary[n])),
            tests=int(sizes[n]),
            p_value=float(found[n]),
            adjusted=float(adjusted[n]),
            rejected=bool(adjusted[n] <= significance),
        )
        for n in range(len(found))
    )


def _method(registered: bool) -> Method:
    return "holm" if registered else "benjamini-hochberg"
