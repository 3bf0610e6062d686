"""Where pupils went after they left: education, apprenticeships, employment, nothing."""

from pathlib import Path

from pipeline.measures.context import DESTINATIONS_AFTER_16, DESTINATIONS_AFTER_18
from pipeline.sources import context_table


def read(folder: Path, shown_from: str, years: range) -> list[context_table.Read]:
    """Read destinations after age 16 and after age 18, each as one table.

    Files are `<year>/england_ks4-pupdest.csv` and `<year>/england_ks5-studest.csv`, or
    with a local authority's code. The year of a row is the one in which its pupils left,
    two years before that of the folder. Columns that end in a year (`COHORT_18`) repeat
    earlier leavers and are not read.
    """
    return [
        context_table.read(folder, shown_from, years, DESTINATIONS_AFTER_16),
        context_table.read(folder, shown_from, years, DESTINATIONS_AFTER_18),
    ]
