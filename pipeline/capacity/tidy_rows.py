"""Rows of an answer: a figure with what it was counted from, or why there is none."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from pipeline.contracts import promise
from pipeline.contracts.capacity import (
    BOUNDED,
    NOT_POSSIBLE,
    NOT_SUPPLIED,
    SHOWN,
    SUPPRESSED,
)
from pipeline.run.rounding import round_floats

Row = dict[str, Any]
TOO_FEW = "suppressed: it rests on few persons, or would tell of few persons by subtraction"


def share(
    counted: str,
    numerator: int,
    counted_of: str,
    denominator: int,
    *,
    hidden: bool = False,
    hide_denominator: bool = False,
    said: str | None = None,
) -> Row:
    """One count over another; nothing of the first where it is `hidden`.

    Over no denominator it is undefined, and the row says so.
    """
    row: Row = {"counted": counted, "counted_of": counted_of}
    if not hide_denominator:
        row["denominator"] = denominator
    if hidden or hide_denominator:
        return row | {"status": SUPPRESSED, "said": _both(TOO_FEW, said)}
    if denominator == 0:
        why = f"there are no {counted_of} to take a share of"
        return row | {"status": NOT_POSSIBLE, "said": _both(why, said)}
    value = numerator / denominator
    return row | {"value": value, "numerator": numerator, "status": SHOWN, "said": said}


def count(
    counted: str, numerator: int, *, hidden: bool = False, said: str | None = None
) -> Row:
    """A plain count, which has no denominator."""
    if hidden:
        return {"counted": counted, "status": SUPPRESSED, "said": _both(TOO_FEW, said)}
    return {
        "value": float(numerator),
        "counted": counted,
        "numerator": numerator,
        "status": SHOWN,
        "said": said,
    }


def number(
    value: float | None, counted_of: str, denominator: int, *, said: str | None = None
) -> Row:
    """A number that is no quotient of counts, of so many; None is undefined and said."""
    row: Row = {"counted_of": counted_of, "denominator": denominator, "said": said}
    if value is None:
        return row | {"status": NOT_POSSIBLE}
    return row | {"value": float(value), "status": SHOWN}


def bounds(
    counted: str, numerator: int, counted_of: str, low: float, high: float, said: str
) -> Row:
    """What lies between two ends that may be known, where the value may not."""
    return {
        "counted": counted,
        "numerator": numerator,
        "counted_of": counted_of,
        "low": low,
        "high": high,
        "status": BOUNDED,
        "said": said,
    }


def suppressed(counted_of: str, said: str | None = None) -> Row:
    """A figure of few persons."""
    return {
        "counted_of": counted_of,
        "status": SUPPRESSED,
        "said": _both(TOO_FEW, said),
    }


def cannot(why: str) -> Row:
    """A figure that cannot be had, and why."""
    return {"status": NOT_POSSIBLE, "said": why}


def not_supplied(file: str) -> Row:
    """The one row of a question whose records were not supplied."""
    return {
        "quantity": "every quantity",
        "status": NOT_SUPPLIED,
        "said": f"not supplied: {file}",
    }


def as_promised(rows: Iterable[Row], contract: pa.DataFrameSchema) -> pd.DataFrame:
    """Give rows the columns and types that a contract promises, and check them."""
    types = {name: column.dtype.type for name, column in contract.columns.items()}
    given = list(rows)
    # Built column by column: a column that no row fills keeps the promised type.
    table = pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in given], dtype=object)
            .map(_none_as_nan)
            .astype(kind)
            for name, kind in types.items()
        }
    )
    return promise.check(round_floats(table), contract)


def _none_as_nan(cell: object) -> object:
    return np.nan if cell is None else cell


def _both(first: str, second: str | None) -> str:
    return first if second is None else f"{first}; {second}"
