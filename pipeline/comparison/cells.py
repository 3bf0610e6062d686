"""One cell of a comparison, and the rows that it may rest on."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.panel import MEMBERS
from pipeline.contracts.results import AGGREGATES, RESULTS, SCHOOLS
from pipeline.measures.measure import Group, KeyStage, Measure
from pipeline.measures.school_types import MAINSTREAM
from pipeline.run import locations
from pipeline.run.parameters import Parameters
from pipeline.schools.follow import COMPARED_GROUPS, read_summary
from pipeline.sources.clean import read_inventory


@dataclass(frozen=True)
class Asked:
    """One cell of the comparison."""

    measure: Measure
    group: Group
    year: int

    @property
    def cell(self) -> dict[str, str | int]:
        """The columns by which every table of estimates names the cell."""
        return {
            "key_stage": self.measure.key_stage,
            "measure": self.measure.code,
            "group": self.group,
            "year": self.year,
        }

    @property
    def column(self) -> str:
        """The published column that the cell is made from."""
        return self.measure.columns[self.group].value_of(self.year)


SUPPRESSED = (
    "suppressed: one side rests on too few pupils, or too few others would be left over"
)
READ_GROUPS: tuple[Group, ...] = (*COMPARED_GROUPS, "others")
"""Members are compared for the first two; all others stand beside the disadvantaged."""
_OF_SCHOOLS = ["place", "school_type", "local_authority"]
_NO_ROWS = pd.DataFrame(columns=[*RESULTS.columns, *_OF_SCHOOLS])


@dataclass(frozen=True)
class KnownResults:
    """What the earlier stages know of one key stage and of the members."""

    results: dict[tuple[int, str, str], pd.DataFrame]
    """Published rows by year, measure and group."""
    aggregates: pd.DataFrame
    inventory: dict[str, Any]
    members: pd.DataFrame
    register: dict[str, Any]
    confidence_level: float
    suppress_pupils_up_to: int

    def rows(self, asked: Asked) -> pd.DataFrame:
        """The published rows of one cell, whatever kind of school they are of."""
        cell = (asked.year, asked.measure.code, asked.group)
        return self.results.get(cell, _NO_ROWS)

    def year(self, year: int) -> dict[str, Any]:
        """Whether a year was supplied, and if not, why."""
        state: dict[str, Any] = self.inventory["years"][str(year)]
        return state


@dataclass(frozen=True)
class GapCell:
    """What became of one cell of the gaps: the schools it used, or why there is none."""

    used: pd.DataFrame | None
    """The rows used, with `is_partner`."""
    reason: str | None


def read_known(
    key_stage: KeyStage, evaluation: str, parameters: Parameters
) -> KnownResults:
    """Read what the earlier stages wrote of one key stage and of the members."""
    schools = promise.read(locations.schools(key_stage), SCHOOLS)
    groups = {"group": READ_GROUPS}
    results = promise.read(locations.results(key_stage), RESULTS, only=groups)
    about = schools[["urn", "year", *_OF_SCHOOLS]]
    merged = results.merge(about, on=["urn", "year"], validate="many_to_one")
    by_cell = merged.groupby(["year", "measure", "group"], observed=True)
    return KnownResults(
        results={(int(str(y)), str(m), str(g)): rows for (y, m, g), rows in by_cell},
        aggregates=promise.read(locations.aggregates(key_stage), AGGREGATES),
        inventory=read_inventory(key_stage),
        members=promise.read(locations.panel(evaluation), MEMBERS),
        register=read_summary(evaluation),
        confidence_level=parameters.comparison.confidence_level,
        suppress_pupils_up_to=parameters.disclosure.suppress_pupils_up_to,
    )


def usable_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the rows a comparison may use: mainstream, with a figure and pupils.

    A school that stands in a table under two numbers, since it closed under the one and
    opened under the other that year, is one school: its figures are averaged by pupils.
    """
    used = rows[is_usable(rows)]
    twice = used["school_key"].duplicated(keep=False)
    if not twice.any():
        return used
    halves = used[twice].sort_values(["school_key", "urn"])
    pupils = halves["pupils"].astype(float)
    keys = halves["school_key"]
    total = pupils.groupby(keys).sum()
    joined = halves.drop_duplicates("school_key").set_index("school_key", drop=False)
    joined["value"] = (halves["value"] * pupils).groupby(keys).sum() / total
    joined["pupils"] = total.astype("Int64")
    return pd.concat([used[~twice], joined], ignore_index=True)


def is_usable(rows: pd.DataFrame) -> pd.Series:
    """Say which rows a comparison may use: mainstream, with a figure and pupils."""
    return (rows["place"] == MAINSTREAM) & rows["value"].notna() & (rows["pupils"] > 0)


def why_absent(rows: pd.DataFrame, asked: Asked, known: KnownResults) -> str | None:
    """Say why no comparison of a cell can be made, or None where there are figures."""
    not_published = asked.measure.why_not_published(asked.year, asked.group)
    if not_published is not None:
        return f"not published: {not_published}"
    if not known.register["supplied"]:
        return str(known.register["reason"])
    state = known.year(asked.year)
    if state["state"] != "supplied":
        return str(state["reason"])
    if rows.empty:
        return f"not supplied: that year's files have no column {asked.column}"
    if rows["value"].isna().all():
        return f"not supplied: the column {asked.column} holds no figure that year"
    return None
