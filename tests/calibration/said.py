"""What one method says of one panel, beside what is true of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.improvement.findings import Findings
from tests.calibration.panels import Drawn

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Said:
    """One estimate, and the truth. A method without an interval has NaN for both ends.

    `finds` says whether the method found something: without an interval, or where its
    own rule and not the interval says so. None where the interval tells. `refused` says
    why there is no figure.
    """

    method: str
    truth: float
    estimate: float
    low: float
    high: float
    finds: bool | None = None
    refused: str | None = None


Method = Callable[[Drawn], Iterator[Said]]


def row_of(found: Findings, quantity: str, at: str | None = None) -> dict[str, Any]:
    """Give the stage's row of one quantity. Raises ValueError where it has none."""
    for row in found.rows:
        if row["quantity"] == quantity and at in (None, row["at"]):
            return row
    raise ValueError(f"the stage has no row {quantity!r}")


def of_interval(method: str, truth: float, row: dict[str, Any]) -> Said:
    """Say what a row with an interval says, or why the stage refuses it."""
    if row["estimate"] is None or row["low"] is None:
        nothing = (np.nan, np.nan, np.nan)
        return Said(method, truth, *nothing, refused=row["said"] or "no interval")
    return Said(method, truth, row["estimate"], row["low"], row["high"])


def of_p(method: str, truth: float, estimate: float, p: float) -> Said:
    """Say what a test without an interval says at the 5% level."""
    return Said(method, truth, estimate, np.nan, np.nan, p <= SIGNIFICANCE)
