"""Rows of findings: one for each quantity asked for, with a figure or with the reason."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement.panel import OutcomePanel
from pipeline.run import locations
from pipeline.run.rounding import round_floats


@dataclass
class Findings:
    """What is found of one outcome, row by row."""

    panel: OutcomePanel
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        question: str,
        quantity: str,
        *,
        at: object = "",
        status: str = "estimate",
        estimate: float | None = None,
        standard_error: float | None = None,
        low: float | None = None,
        high: float | None = None,
        p_value: float | None = None,
        schools: tuple[int, int] | None = None,
        unit: str | None = None,
        said: str = "",
    ) -> None:
        """Add one quantity. A figure that is no finite number is no figure.

        An interval with one end is none.
        """
        own, rest = schools if schools is not None else (None, None)
        if _finite(low) is None or _finite(high) is None:
            low = high = None
        figures = {
            "estimate": estimate,
            "standard_error": standard_error,
            "low": low,
            "high": high,
            "p_value": p_value,
        }
        self.rows.append(
            self.panel.label
            | {
                "question": question,
                "quantity": quantity,
                "at": str(at) or None,
                "status": status,
            }
            | {name: _finite(value) for name, value in figures.items()}
            | {
                "partner_schools": own,
                "rest_schools": rest,
                "unit": self.panel.unit if unit is None else unit,
                "said": said or None,
                # Known once every estimate of the evaluation is there.
                "adjusted_p": None,
                "adjusted_by": None,
            }
        )

    def cannot(self, question: str, quantity: str, why: str, *, at: object = "") -> None:
        """Add a quantity that cannot be had, and why."""
        self.add(question, quantity, at=at, status="not possible", said=why)


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def as_promised(found: list[Findings]) -> pd.DataFrame:
    """Give the rows of all outcomes as the contract promises them."""
    rows = [row for findings in found for row in findings.rows]
    types = {name: c.dtype.type for name, c in FINDINGS.columns.items()}
    return round_floats(pd.DataFrame(rows, columns=list(types)).astype(types))


def read(evaluation: str) -> pd.DataFrame:
    """Read what the stage `improve` wrote."""
    return promise.read(locations.improvement(evaluation), FINDINGS)
