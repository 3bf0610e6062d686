"""Everything that is known of schools: gathered, linked over time and written down."""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandera.pandas import DataFrameSchema

from pipeline.contracts import promise
from pipeline.contracts.establishments import (
    CONTEXT,
    CONTEXT_AGGREGATES,
    ESTABLISHMENTS,
    INSPECTIONS,
    LINEAGE,
    LINKS,
    TRUST_RESULTS,
    TRUST_SPELLS,
)
from pipeline.run import locations
from pipeline.run.parameters import Parameters
from pipeline.schools.lineage import Rules, follow_chains
from pipeline.sources import context, establishments, inspections

TABLES: dict[str, DataFrameSchema] = {
    "establishments": ESTABLISHMENTS,
    "links": LINKS,
    "trust_spells": TRUST_SPELLS,
    "lineage": LINEAGE,
    "inspections": INSPECTIONS,
    "context": CONTEXT,
    "context_aggregates": CONTEXT_AGGREGATES,
    "trust_results": TRUST_RESULTS,
}


Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Linked:
    """Every table of schools, by its name; empty where its source was not supplied."""

    tables: dict[str, pd.DataFrame]
    files: dict[str, Any]


def link(parameters: Parameters) -> Linked:
    """Read the optional sources and give every school one key for all its numbers.

    A source that is not supplied leaves its tables empty and says so in `files`;
    without the register of schools each number is a school of its own. The synthetic
    England's register is never read beside real results.
    """
    tables = {name: empty(contract) for name, contract in TABLES.items()}
    files: dict[str, Any] = {}
    for name, folder in parameters.sources.optional.items():
        reason = _why_not_read(name, folder, parameters.sources.folder)
        if reason is not None or folder is None:
            files[name] = {"supplied": False, "reason": reason}
            continue
        found, told = _READERS[name](folder, parameters)
        tables |= found
        files[name] = {"supplied": True, "synthetic": _is_synthetic(folder)} | told
    return Linked(tables, files)


def _is_synthetic(folder: str) -> bool:
    return locations.is_synthetic(locations.root() / folder)


def _why_not_read(name: str, folder: str | None, downloads: str) -> str | None:
    if folder is None:
        return f"sources.{name} names no folder"
    if _is_synthetic(folder) and not _is_synthetic(downloads):
        return f"sources.{name} is made up, and the results are not"
    return None


def _read_gias(folder: str, parameters: Parameters) -> tuple[Tables, dict[str, Any]]:
    register = establishments.read(locations.root() / folder, folder)
    rules = Rules(**parameters.lineage.model_dump())
    chains = follow_chains(register.links, register.establishments, rules)
    tables = {
        "establishments": register.establishments,
        "links": register.links,
        "trust_spells": register.trust_spells,
        "lineage": chains.table,
    }
    return tables, register.inventory | {"lineage": chains.told}


def _read_ofsted(folder: str, _: Parameters) -> tuple[Tables, dict[str, Any]]:
    outcomes = inspections.read(locations.root() / folder, folder)
    return {"inspections": outcomes.table}, outcomes.inventory


def _read_context(folder: str, parameters: Parameters) -> tuple[Tables, dict[str, Any]]:
    about = context.read(locations.root() / folder, folder, parameters.years.all)
    tables = {
        "context": about.table,
        "context_aggregates": about.aggregates,
        "trust_results": about.trust_results,
    }
    return tables, {"tables": about.inventory}


_READERS = {"gias": _read_gias, "ofsted": _read_ofsted, "context": _read_context}


def write(linked: Linked) -> None:
    """Write all tables of schools, or none."""
    promise.write_together(
        {
            locations.school_table(name): (table, TABLES[name])
            for name, table in linked.tables.items()
        },
        {
            locations.school_inventory(): json.dumps(
                linked.files, indent=1, ensure_ascii=False
            )
            + "\n"
        },
    )


def empty(contract: DataFrameSchema) -> pd.DataFrame:
    """A table without rows, as its contract promises it."""
    return pd.DataFrame(
        {name: pd.Series(dtype=c.dtype.type) for name, c in contract.columns.items()}
    )


def rows_read(linked: Linked) -> pd.DataFrame:
    """Count the rows of each table; none where its source was not supplied."""
    return pd.DataFrame(
        [{"table": name, "rows": len(table)} for name, table in linked.tables.items()]
    )


def ways_to_belong(linked: Linked) -> pd.DataFrame:
    """Count how establishments came to share a key with an earlier one."""
    kinds = linked.tables["lineage"]["kind"].value_counts().sort_index()
    return kinds.rename_axis("kind").reset_index(name="establishments")
