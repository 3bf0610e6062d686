"""Rows of what inspections show: a figure for each quantity, or the reason why none."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from pipeline.contracts.inspections import FINDINGS
from pipeline.inspections.shares import ShareDifference
from pipeline.run.rounding import round_floats

SHARE = "share of schools"
YEARS = "years"


@dataclass
class Findings:
    """What is found of one evaluation, row by row."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        question: str,
        quantity: str,
        *,
        at: str | None = None,
        status: str = "diagnostic",
        unit: str = SHARE,
        partners: float | None = None,
        rest: float | None = None,
        schools: tuple[int, int] | None = None,
        said: str | None = None,
    ) -> None:
        """Add two sides' figures and their difference, without an interval."""
        both = partners is not None and rest is not None
        self.rows.append(
            dict.fromkeys(FINDINGS.columns)
            | {
                "question": question,
                "quantity": quantity,
                "at": at,
                "status": status,
                "unit": unit,
                "partners": partners,
                "rest": rest,
                "estimate": partners - rest if both else None,  # type: ignore[operator]
                "partner_schools": None if schools is None else schools[0],
                "rest_schools": None if schools is None else schools[1],
                "said": said,
            }
        )

    def add_difference(
        self,
        question: str,
        quantity: str,
        found: ShareDifference,
        *,
        at: str | None = None,
        status: str = "diagnostic",
        schools: tuple[int, int],
        said: str | None = None,
    ) -> None:
        """Add a difference of two shares with what is known of its doubt."""
        told = "; ".join(text for text in (found.no_interval, said) if text)
        self.add(
            question,
            quantity,
            at=at,
            status=status,
            partners=found.partners,
            rest=found.rest,
            schools=schools,
            said=told or None,
        )
        self.rows[-1] |= {
            "standard_error": found.standard_error,
            "low": found.low,
            "high": found.high,
            "p_value": found.p_value,
        }

    def cannot(
        self,
        question: str,
        quantity: str,
        why: str,
        *,
        at: str | None = None,
        schools: tuple[int, int] | None = None,
    ) -> None:
        """Add a quantity that cannot be had, and why."""
        self.add(
            question, quantity, at=at, status="not possible", schools=schools, said=why
        )

    def say_of_errors(self, said: str) -> None:
        """Say beside every interval what its error rests on."""
        for row in self.rows:
            if row["standard_error"] is not None:
                row["said"] = "; ".join(text for text in (row["said"], said) if text)

    def as_promised(self) -> pd.DataFrame:
        """Give all rows as the contract promises them."""
        return typed(self.rows, FINDINGS)


def typed(rows: list[dict[str, Any]], contract: pa.DataFrameSchema) -> pd.DataFrame:
    """Lay rows out as a contract has its columns, figures to ten digits."""
    types = {name: column.dtype.type for name, column in contract.columns.items()}
    return round_floats(pd.DataFrame(rows, columns=list(types)).astype(types))


def weighted_median(values: pd.Series, weights: pd.Series) -> float:
    """Give the least value that half of the weight does not exceed."""
    found = np.quantile(
        values.to_numpy(float), 0.5, weights=weights.to_numpy(float), method="inverted_cdf"
    )
    return float(found)
