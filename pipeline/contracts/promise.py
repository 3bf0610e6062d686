"""Keeping the promises of tables: checked when written and when read."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pyarrow.parquet as pq
from pandera.errors import SchemaErrors

from pipeline.contracts import telling


class BrokenPromise(Exception):
    """A table of the pipeline itself is not what it promises to be."""


def check(table: pd.DataFrame, promise: pa.DataFrameSchema) -> pd.DataFrame:
    """Check a table against its promise and return it.

    Raises BrokenPromise that tells every fault at once: how many schools it concerns, and
    one of them.
    """
    try:
        return promise.validate(table, lazy=True)
    except SchemaErrors:
        pass
    # Rows are found by their number: a stacked table numbers its parts anew.
    try:
        promise.validate(table.reset_index(drop=True), lazy=True)
    except SchemaErrors as faults:
        raise BrokenPromise(telling.tell(faults, promise)) from None
    return table


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


def read(
    path: Path,
    promise: pa.DataFrameSchema,
    *,
    only: Mapping[str, Collection[str]] | None = None,
) -> pd.DataFrame:
    """Read a table of an earlier stage and check that it is what was promised.

    `only` names, for columns of a Parquet file, the values whose rows are wanted: all
    of England's results need not stand in memory for a few groups of pupils.
    """
    if path.suffix == ".parquet":
        rows = [(column, "in", list(values)) for column, values in (only or {}).items()]
        if pq.read_metadata(path).num_rows == 0:
            # A column without cells has no type that a value could be looked for in.
            rows = []
        table = _with_empty_lists(pd.read_parquet(path, filters=rows or None), promise)
    else:
        # The promised types are used for reading, so that 'NA' stays a text and a
        # school number keeps its zeros.
        types = {name: column.dtype.type for name, column in promise.columns.items()}
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    return check(table, promise)


def _with_empty_lists(table: pd.DataFrame, promise: pa.DataFrameSchema) -> pd.DataFrame:
    """Give back its type to a column of listed texts in which nothing stands.

    Parquet keeps the list of a column only where the column uses it.
    """
    empty = {
        name: "category"
        for name, column in promise.columns.items()
        if str(column.dtype) == "category"
        and name in table.columns
        and table[name].isna().all()
    }
    return table.astype(empty)
