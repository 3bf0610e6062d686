"""All that is known of pupils and of trusts beside schools' own results, in one place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.sources import absence, census, destinations, trust_tables


@dataclass(frozen=True)
class Context:
    """What the files of one folder say of pupils and of trusts."""

    table: pd.DataFrame
    """Schools: the contract CONTEXT."""
    aggregates: pd.DataFrame
    """Published totals of the same items: CONTEXT_AGGREGATES."""
    trust_results: pd.DataFrame
    """The department's figures for trusts: TRUST_RESULTS."""
    inventory: list[dict[str, Any]]
    """For each table: which files were read, what each lacks, what was left out and why,
    and which years were not supplied."""


def read(folder: Path, shown_from: str, years: range) -> Context:
    """Read census, absence, destinations and trusts' tables of the given years.

    No table has to be there: one that is missing is said to be not supplied, and its
    part of the result is empty. Raises Fault where there is no such folder, and
    InputFault for a file that is there and cannot be right.
    """
    read_tables = [
        census.read(folder, shown_from, years),
        absence.read(folder, shown_from, years),
        *destinations.read(folder, shown_from, years),
    ]
    trusts = trust_tables.read(folder, shown_from, years)
    return Context(
        table=pd.concat([part.table for part in read_tables], ignore_index=True),
        aggregates=pd.concat([part.aggregates for part in read_tables], ignore_index=True),
        trust_results=trusts.table,
        inventory=[*(part.inventory for part in read_tables), trusts.inventory],
    )
