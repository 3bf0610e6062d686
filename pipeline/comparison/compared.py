"""What a comparison found: written, read again and shown without estimating anew."""

from dataclasses import dataclass

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.estimates import GAPS, LINEAGE, NATIONAL
from pipeline.measures.measure import Group
from pipeline.run import locations

BY_HUB = "hub"
BY_SCHOOL = "school"


@dataclass(frozen=True)
class Compared:
    """Gaps, the check against published national figures, and what each was made from."""

    gaps: pd.DataFrame
    national: pd.DataFrame
    lineage: pd.DataFrame


def names_england(files: pd.Series) -> bool:
    """Say whether a file of all England is among these, by the department's names."""
    return bool(files.str.rpartition("/")[2].str.lower().str.startswith("england").any())


def write(compared: Compared, evaluation: str) -> None:
    """Write gaps, national check and lineage, or none of them."""
    promise.write_together(
        {
            locations.estimates(evaluation): (compared.gaps, GAPS),
            locations.national_check(evaluation): (compared.national, NATIONAL),
            locations.lineage(evaluation): (compared.lineage, LINEAGE),
        }
    )


def read(evaluation: str) -> Compared:
    """Read what `compare` wrote."""
    return Compared(
        gaps=promise.read(locations.estimates(evaluation), GAPS),
        national=promise.read(locations.national_check(evaluation), NATIONAL),
        lineage=promise.read(locations.lineage(evaluation), LINEAGE),
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
