"""What a comparison found: written, read again and shown without estimating anew."""

from dataclasses import dataclass, field

import pandas as pd
from pandera.pandas import DataFrameSchema

from pipeline.contracts import promise
from pipeline.contracts.estimates import (
    DISADVANTAGE,
    GAPS,
    LINEAGE,
    NATIONAL,
    SIDES,
    SPREAD,
)
from pipeline.measures.measure import Group
from pipeline.run import locations

BY_HUB = "hub"
BY_SCHOOL = "school"


@dataclass(frozen=True)
class Compared:
    """Gaps and what stands beside them, the national check, and the files of each."""

    gaps: pd.DataFrame
    national: pd.DataFrame
    lineage: pd.DataFrame
    disadvantage: pd.DataFrame = field(default_factory=lambda: _none_of(DISADVANTAGE))
    """The gap of disadvantaged pupils on each side, within schools and between them."""
    spread: pd.DataFrame = field(default_factory=lambda: _none_of(SPREAD))
    """What a typical school of each side shows, and how schools differ."""


def _none_of(contract: DataFrameSchema) -> pd.DataFrame:
    columns = contract.columns.items()
    return pd.DataFrame({name: pd.Series(dtype=c.dtype.type) for name, c in columns})


def names_england(files: pd.Series) -> bool:
    """Say whether a file of all England is among these, by the department's names."""
    return bool(files.str.rpartition("/")[2].str.lower().str.startswith("england").any())


def write(compared: Compared, evaluation: str) -> None:
    """Write all tables of a comparison, or none of them."""
    promise.write_together(
        {
            locations.estimates(evaluation): (compared.gaps, GAPS),
            locations.national_check(evaluation): (compared.national, NATIONAL),
            locations.lineage(evaluation): (compared.lineage, LINEAGE),
            locations.disadvantage(evaluation): (compared.disadvantage, DISADVANTAGE),
            locations.spread(evaluation): (compared.spread, SPREAD),
        }
    )


def read(evaluation: str) -> Compared:
    """Read what `compare` wrote."""
    return Compared(
        gaps=promise.read(locations.estimates(evaluation), GAPS),
        national=promise.read(locations.national_check(evaluation), NATIONAL),
        lineage=promise.read(locations.lineage(evaluation), LINEAGE),
        disadvantage=promise.read(locations.disadvantage(evaluation), DISADVANTAGE),
        spread=promise.read(locations.spread(evaluation), SPREAD),
    )


def cells_with_and_without_figures(compared: Compared) -> pd.DataFrame:
    """Count the cells that have a gap, and those that have none by the reason."""
    reasons = compared.gaps["reason"].fillna("a figure")
    return pd.crosstab(reasons, compared.gaps["group"]).rename_axis(index="cell holds")


def gaps_of(compared: Compared, group: Group) -> pd.DataFrame:
    """Show the gaps of one group of pupils with their intervals."""
    shown = compared.gaps[compared.gaps["gap"].notna() & (compared.gaps["group"] == group)]
    columns = ["measure", "year", "partners", "rest", "gap", "low", "high"]
    counts = ["partner_schools", "partner_pupils"]
    return shown[columns + counts].round(2).reset_index(drop=True)


def national_differences(compared: Compared) -> pd.DataFrame:
    """Show published national figures beside ours."""
    columns = ["measure", "group", "year", "published", "recomputed", "difference"]
    return compared.national[columns].round(3)


def beside_the_gaps(compared: Compared) -> pd.DataFrame:
    """Show what stands beside each gap's own interval: CR3, randomisation, convention."""
    shown = compared.gaps[compared.gaps["gap"].notna()]
    columns = ["measure", "group", "year", "gap", "low", "high", "cr3_low", "cr3_high"]
    more = ["randomisation_p", "randomisation_reason", "dfe_low", "dfe_high"]
    return shown[columns + more].round(3).reset_index(drop=True)


def disadvantaged_gaps(compared: Compared) -> pd.DataFrame:
    """Show the gap of disadvantaged pupils on each side, its parts and the difference."""
    shown = compared.disadvantage[compared.disadvantage["reason"].isna()]
    parts = ["gap", "within_schools", "between_schools"]
    columns = [f"{side}_{part}" for side in SIDES for part in parts]
    ends = ["difference", "low", "high"]
    return shown[["measure", "year", *columns, *ends]].round(2).reset_index(drop=True)


def typical_schools(compared: Compared) -> pd.DataFrame:
    """Show the mean of schools on each side, and where another such school would lie."""
    shown = compared.spread[compared.spread["reason"].isna()]
    cell = ["measure", "group", "year", "side"]
    found = ["mean", "low", "high", "prediction_low", "prediction_high"]
    more = ["share_above_national", "schools"]
    return shown[cell + found + more].round(2).reset_index(drop=True)
