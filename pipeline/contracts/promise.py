"""Keeping the promises of tables: checked when written and when read."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
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


def write_together(
    tables: Mapping[Path, tuple[pd.DataFrame, pa.DataFrameSchema]],
    texts: Mapping[Path, str] | None = None,
) -> None:
    """Write all files of a stage or none: as CSV or Parquet by their names, and texts.

    All tables are checked before the first is written, and all files are written beside
    their places before the first takes its place: a stage that fails leaves no mixture
    of new and old.
    """
    checked = {path: check(table, promise) for path, (table, promise) in tables.items()}
    ready = [(_beside(path, table), path) for path, table in checked.items()]
    for path, text in (texts or {}).items():
        ready.append((_text_beside(path, text), path))
    for beside, path in ready:
        beside.replace(path)


def write(table: pd.DataFrame, path: Path, promise: pa.DataFrameSchema) -> None:
    """Check a table and write it whole or not at all."""
    write_together({path: (table, promise)})


def write_text(text: str, path: Path) -> None:
    """Write a text file whole or not at all."""
    write_together({}, {path: text})


def _beside(path: Path, table: pd.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    if path.suffix == ".parquet":
        table.to_parquet(beside, index=False)
    else:
        table.to_csv(beside, index=False, lineterminator="\n")
    return beside


def _text_beside(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return beside


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
    """Tell every fault in words: which column, or which rows as a whole."""
    lines = [f"the table {promise.name} breaks its promise:"]
    for rule, cases in faults.failure_cases.groupby("check", sort=False):
        of_rows = (cases["schema_context"] == "DataFrameSchema") & cases["index"].notna()
        if rule == "multiple_fields_uniqueness":
            lines.append(f"  two rows for {_row(cases, cases['index'].min())}")
        elif rule == "column_in_dataframe":
            lines.append(f"  missing columns: {', '.join(cases['failure_case'])}")
        elif rule == "column_in_schema":
            lines.append(f"  columns not promised: {', '.join(cases['failure_case'])}")
        elif of_rows.all():
            first, count = cases["index"].min(), len(cases["index"].unique())
            lines.append(f"  {rule}: fails in {count} rows, such as {_row(cases, first)}")
        else:
            for column, of_column in cases.groupby("column", dropna=False):
                lines.append(_tell_of_column(rule, column, of_column))
    return "\n".join(lines)


def _tell_of_column(rule: object, column: object, cases: pd.DataFrame) -> str:
    found = ", ".join(repr(_plain(v)) for v in cases["failure_case"].unique()[:3])
    return f"  {column}: {rule}: fails in {len(cases)} rows, such as {found}"


def _row(cases: pd.DataFrame, index: object) -> dict[str, object]:
    of_row = cases[cases["index"] == index]
    return {
        str(name): _plain(value)
        for name, value in zip(of_row["column"], of_row["failure_case"], strict=True)
    }


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
