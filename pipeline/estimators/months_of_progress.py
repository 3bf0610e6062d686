"""How many months of progress the EEF would call an effect."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

import numpy as np

from pipeline.estimators.causal_design import require_causal_design

Table = Literal["trial", "toolkit"]

_FROM_TWO_MONTHS = (
    ("0.10", "0.18", 2),
    ("0.19", "0.26", 3),
    ("0.27", "0.35", 4),
    ("0.36", "0.44", 5),
    ("0.45", "0.52", 6),
    ("0.53", "0.61", 7),
    ("0.62", "0.69", 8),
    ("0.70", "0.78", 9),
    ("0.79", "0.87", 10),
    ("0.88", "0.95", 11),
    ("0.96", "1.00", 12),
)
# ASSUME: in reports of single trials an effect of 0.02 to 0.04 is no month of progress
# (one such report prints 0.03 as 0 months); all other rows are those of the Toolkit.
MONTHS: dict[Table, tuple[tuple[str, str, int], ...]] = {
    "trial": (("0.00", "0.04", 0), ("0.05", "0.09", 1), *_FROM_TWO_MONTHS),
    "toolkit": (("0.00", "0.01", 0), ("0.02", "0.09", 1), *_FROM_TWO_MONTHS),
}
"""From, to (effect sizes to two decimals, both included), months. Below nil the same months
are lost. Source: EEF, Teaching and Learning Toolkit, "Attainment": additional months'
progress; EEF, "The EEF's months of additional progress measure"."""


@dataclass(frozen=True)
class MonthsOfProgress:
    """Months for an effect and for the ends of its interval.

    None stands for an effect beyond 1.00, for which the EEF's tables have no months.
    """

    months: int | None
    low: int | None
    high: int | None
    table: Table


def months_of_progress(
    effect_size: float,
    low: float,
    high: float,
    *,
    design: str,
    table: Table = "trial",
) -> MonthsOfProgress:
    """Translate an effect in pupil standard deviations by a table of the EEF.

    `effect_size`, `low` and `high` are an effect and its interval, as `hedges_g` gives
    them. They are rounded to two decimals, halves away from nil, as the tables are. The
    table of reports of single trials is the default; the Toolkit's, for averages of many
    studies, calls 0.02 a month.

    Months are a way of speaking of an effect, so `design` must be causal. For a gap
    between partners and the rest there are no months: pupils differ on arrival.

    The tables are constants here, with their source: an estimator reads no files, and they
    are as much a definition as 1.96 is.

    Raises ValueError for another design or table, a number that is not finite, or an
    effect outside its interval.
    """
    require_causal_design(design, "months of progress")
    if table not in get_args(Table):
        raise ValueError(f"the table is trial or toolkit, found {table!r}")
    if not np.isfinite([effect_size, low, high]).all():
        raise ValueError("the effect and its interval must be finite numbers")
    if not low <= effect_size <= high:
        raise ValueError(f"{effect_size} lies outside its interval {low} to {high}")
    return MonthsOfProgress(
        months=_months(effect_size, table),
        low=_months(low, table),
        high=_months(high, table),
        table=table,
    )


def _months(effect_size: float, table: Table) -> int | None:
    # Ten decimals first: 0.3 * 0.15 is 0.045 to a reader, and a little less to a machine.
    shown = Decimal(f"{abs(effect_size):.10f}").quantize(Decimal("0.01"), ROUND_HALF_UP)
    for least, most, months in MONTHS[table]:
        if Decimal(least) <= shown <= Decimal(most):
            return months if effect_size >= 0 else -months
    return None
