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
from pipeline.schools.follow import read_summary
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
        return self.measure.columns[self.group].value


@dataclass(frozen=True)
class KnownResults:
    """What the earlier stages know of one key stage and of the members."""

    results: pd.DataFrame
    aggregates: pd.DataFrame
    inventory: dict[str, Any]
    members: pd.DataFrame
    register: dict[str, Any]
    confidence_level: float
    suppress_pupils_up_to: int

    def rows(self, asked: Asked) -> pd.DataFrame:
        """The published rows of one cell, whatever kind of school they are of."""
        table = self.results
        return table[
            (table["measure"] == asked.measure.code)
            & (table["group"] == asked.group)
            & (table["year"] == asked.year)
        ]

    def year(self, year: int) -> dict[str, Any]:
        """Whether a year was supplied, and if not, why."""
        state: dict[str, Any] = self.inventory["years"][str(year)]
        return state


def read_known(
    key_stage: KeyStage, evaluation: str, parameters: Parameters
) -> KnownResults:
    """Read what the earlier stages wrote of one key stage and of the members."""
    schools = promise.read(locations.schools(key_stage), SCHOOLS)
    results = promise.read(locations.results(key_stage), RESULTS)
    about = schools[["urn", "year", "place", "school_type"]]
    return KnownResults(
        results=results.merge(about, on=["urn", "year"], validate="many_to_one"),
        aggregates=promise.read(locations.aggregates(key_stage), AGGREGATES),
        inventory=read_inventory(key_stage),
        members=promise.read(locations.panel(evaluation), MEMBERS),
        register=read_summary(evaluation),
        confidence_level=parameters.comparison.confidence_level,
        suppress_pupils_up_to=parameters.disclosure.suppress_pupils_up_to,
    )


def is_usable(rows: pd.DataFrame) -> pd.Series:
    """Say which rows a comparison may use: mainstream, with a figure and pupils."""
    return (rows["place"] == MAINSTREAM) & rows["value"].notna() & (rows["pupils"] > 0)
