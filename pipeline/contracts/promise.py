"""Keeping the promises of tables: checked when written and when read."""

import os
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors


class BrokenPromise(Exception):
    """A table of the pipeline itself is not what it promises to be."""


def check(table: pd.DataFrame, promise: pa.DataFrameSchema) -> pd.DataFrame:
    """Check a table against its promise and return it.

    Raises BrokenPromise that tells every fault at once, with the rows it concerns.
    """
    try:
        return promise.validate(table, lazy=True)
    except SchemaErrors as faults:
        raise BrokenPromise(_tell(faults, promise)) from None


def write(table: pd.DataFrame, path: Path, promise: pa.DataFrameSchema) -> None:
    """Check a table and write it whole or not at all, as CSV or Parquet by its name."""
    checked = check(table, promise)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    if path.suffix == ".parquet":
        checked.to_parquet(beside, index=False)
    else:
        checked.to_csv(beside, index=False, lineterminator="\n")
    beside.replace(path)


def write_text(text: str, path: Path) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read(path: Path, promise: pa.DataFrameSchema) -> pd.DataFrame:
    """Read a table of an earlier stage and check that it is what was promised."""
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
    else:
        # The promised types are used for reading, so that 'NA' stays a text and a
        # school number keeps its zeros.
        types = {name: column.dtype.type for name, column in promise.columns.items()}
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    return check(table, promise)


def _tell(faults: SchemaErrors, promise: pa.DataFrameSchema) -> str:
    cases = faults.failure_cases
    lines = [f"the table {promise.name} breaks its promise:"]
    for (column, rule), group in cases.groupby(["column", "check"], dropna=False):
        found = ", ".join(repr(v) for v in group["failure_case"].unique()[:3])
        lines.append(f"  {column}: {rule} fails in {len(group)} places, such as {found}")
    return "\n".join(lines)
