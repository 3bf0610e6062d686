"""The published figure of all state-funded schools, computed again from the rows of schools."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.comparison.cells import Asked, KnownResults
from pipeline.comparison.compared import names_england
from pipeline.measures.catalogue import TABLES
from pipeline.measures.school_types import is_state_funded
from pipeline.quality.disclosure import too_few


def check_national(
    rows: pd.DataFrame, asked: Asked, known: KnownResults
) -> list[dict[str, Any]]:
    """Recompute the published figure of all state-funded schools, where there is one."""
    table = TABLES[asked.measure.key_stage]
    aggregates = known.aggregates
    published = aggregates[
        (aggregates["record"] == table.AGGREGATE_RECORDS[table.STATE_FUNDED_RECORD])
        & (aggregates["measure"] == asked.measure.code)
        & (aggregates["group"] == asked.group)
        & (aggregates["year"] == asked.year)
        & aggregates["value"].notna()
    ]
    if published.empty:
        return []
    first = published.iloc[0]
    entry = {
        "published": first["value"],
        "published_pupils": first["pupils"],
        "source": first["source"],
    }
    counted = rows[
        rows["value"].notna()
        & (rows["pupils"] > 0)
        & rows["school_type"].map(is_state_funded)
    ]
    if counted.empty or not names_england(counted["source"]):
        return [entry]
    first_choice = asked.measure.columns[asked.group].pupils[0]
    by_other = bool((counted["pupils_column"] != first_choice).any())
    weights = counted["pupils"].to_numpy(dtype=float)
    pupils = int(weights.sum())
    if pd.notna(first["pupils"]) and too_few(
        (abs(int(first["pupils"]) - pupils),), up_to=known.suppress_pupils_up_to
    ):
        # Published less recomputed would show the few pupils who are in no row.
        return [entry]
    recomputed = float(np.average(counted["value"].to_numpy(dtype=float), weights=weights))
    return [
        entry
        | {
            "recomputed": recomputed,
            "difference": recomputed - first["value"],
            "schools": len(counted),
            # Whole cohorts stand in for some schools' pupils with a score: their sum is
            # no share of the published number.
            "pupils": None if by_other else pupils,
        }
    ]
