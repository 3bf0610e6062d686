"""What is wrong with a table, told as a person would who knows schools."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from pipeline.measures.catalogue import MEASURES

_NOUNS = {
    "urn": "school number (URN)",
    "linked_urn": "school number (URN) of the linked school",
    "school_key": "school key",
    "laestab": "number of authority and establishment (LAESTAB)",
    "year": "year",
    "group": "group of pupils",
    "low": "lower bound",
    "high": "upper bound",
    "pupils": "number of pupils",
    "schools": "number of schools",
    "row": "row of its file",
    "source": "file",
}
_KINDS = {
    "int": "whole numbers",
    "uint": "whole numbers",
    "float": "numbers",
    "datetime": "dates",
    "bool": "yes or no",
    "category": "texts of a list",
    "str": "texts",
    "object": "texts",
}
_PERCENTAGES = {
    measure.code
    for measures in MEASURES.values()
    for measure in measures
    if measure.unit == "percentage points"
}


def tell(faults: SchemaErrors, promise: pa.DataFrameSchema) -> str:
    """Tell every fault of a table, one sentence each, with a row to look at.

    `faults` come from a lazy check of a table whose rows are numbered from 0.
    """
    table: pd.DataFrame = faults.data
    lines = [f"the table {promise.name} breaks its promise:"]
    lines += _of_header(faults)
    lines += [
        f"  {_of_cells(fault, table, promise)}"
        for fault in faults.schema_errors
        if fault.reason_code not in _HEADER
    ]
    return "\n".join(lines)


_HEADER = {
    SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME: "missing columns",
    SchemaErrorReason.COLUMN_NOT_IN_SCHEMA: "columns not promised",
    SchemaErrorReason.COLUMN_NOT_ORDERED: "columns out of their order",
}


def _of_header(faults: SchemaErrors) -> list[str]:
    lines = []
    for reason, words in _HEADER.items():
        of_reason = [f for f in faults.schema_errors if f.reason_code is reason]
        names = [str(f.failure_cases) for f in of_reason]
        if names:
            lines.append(f"  {words}: {', '.join(names)}")
    return lines


def _of_cells(fault: SchemaError, table: pd.DataFrame, promise: pa.DataFrameSchema) -> str:
    cases = fault.failure_cases
    column = str(fault.schema.name)
    if fault.reason_code is SchemaErrorReason.WRONG_DATATYPE:
        held = _kind(str(table[column].dtype))
        expected = _kind(str(promise.columns[column].dtype))
        return f"the column {column} holds {held} ({table[column].dtype}), not {expected}"
    if not isinstance(cases, pd.DataFrame) or cases["index"].isna().all():
        return f"{column}: the rule {fault.check} could not be checked ({cases})"
    rows = sorted({int(row) for row in cases["index"].dropna()})
    place = _place(table, rows[0])
    if fault.reason_code is SchemaErrorReason.DUPLICATES:
        same = ", ".join(promise.unique or [])
        return f"{len(rows):,} rows have the same {same}, such as {place}"
    who, many = _who(table, rows)
    if isinstance(fault.schema, pa.DataFrameSchema):
        breaks = "break" if many else "breaks"
        return f"{who} {breaks} the rule '{fault.check.name}', such as {place}"
    have = "have" if many else "has"
    noun = _noun(column, table, rows)
    if fault.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS:
        return f"{who} {have} no {noun}, such as {place}"
    found = cases["failure_case"].iloc[0]
    shown = found.item() if isinstance(found, np.generic) else found
    article = "an" if noun[0] in "aeio" else "a"
    return (
        f"{who} {have} {article} {noun} {_breach(fault.check)}, such as {shown!r} ({place})"
    )


def _kind(dtype: str) -> str:
    return _KINDS.get(dtype.lower().rstrip("0123456789").split("[")[0], dtype)


def _who(table: pd.DataFrame, rows: list[int]) -> tuple[str, bool]:
    """Count the schools concerned, or the rows where no school is named."""
    of_rows = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    if "urn" not in table.columns or not table["urn"].iloc[rows].notna().all():
        return of_rows, len(rows) > 1
    count = table["urn"].iloc[rows].nunique()
    schools = f"{count:,} school{'' if count == 1 else 's'}"
    return (schools if count == len(rows) else f"{schools} ({of_rows})"), count > 1


def _noun(column: str, table: pd.DataFrame, rows: list[int]) -> str:
    if column == "value" and "measure" in table.columns:
        measures = set(table["measure"].iloc[rows].astype(str))
        return "percentage" if measures <= _PERCENTAGES else "value"
    return _NOUNS.get(column, column.replace("_", " "))


def _breach(check: pa.Check) -> str:
    """Say how a value breaks a rule: 'above 100'."""
    limits: Mapping[str, Any] = check.statistics or {}
    if check.name == "greater_than_or_equal_to":
        return f"below {limits['min_value']}"
    if check.name == "less_than_or_equal_to":
        return f"above {limits['max_value']}"
    # A rule without words of its own is called after itself: in_range(0, 100).
    if check.error and not str(check.error).startswith(f"{check.name}("):
        return f"that is not {check.error}"
    if check.name == "in_range":
        return f"outside {limits['min_value']} to {limits['max_value']}"
    if check.name == "isin":
        return f"that is none of {', '.join(map(repr, limits['allowed_values']))}"
    return f"that breaks the rule {check.error or check.name}"


def _place(table: pd.DataFrame, row: int) -> str:
    """Say where a row is: 'URN 100001 in 2019, progress_8, girls (row 12 of ...)'."""
    held = table.iloc[row].dropna()
    words = []
    if "urn" in held:
        words.append(f"URN {held['urn']}")
    elif "trust" in held:
        words.append(f"trust {held['trust']}")
    if "year" in held:
        in_year = f"in {held['year']}"
        words = [f"{words[0]} {in_year}"] if words else [in_year]
    words += [str(held[key]) for key in ("measure", "item", "group") if key in held]
    if "source" in held and "row" in held:
        words.append(f"row {held['row']} of {held['source']}")
    return ", ".join(words) or f"row {row + 1} of the table"
