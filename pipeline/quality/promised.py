"""Tables of the quality checks in the columns and types that their contracts promise."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from pandera.pandas import DataFrameSchema

from pipeline.run.rounding import round_floats


def as_promised(
    rows: pd.DataFrame | Iterable[Mapping[str, Any]], contract: DataFrameSchema
) -> pd.DataFrame:
    """Bring rows into the promised order and types, and round as everything written."""
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    types = {name: column.dtype.type for name, column in contract.columns.items()}
    return round_floats(table.reindex(columns=list(types)).astype(types))


def stacked(parts: Iterable[pd.DataFrame], contract: DataFrameSchema) -> pd.DataFrame:
    """Put the same table of several key stages under each other."""
    having = [part for part in parts if len(part)]
    if not having:
        return as_promised([], contract)
    return as_promised(pd.concat(having, ignore_index=True), contract)
