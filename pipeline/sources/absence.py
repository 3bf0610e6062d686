"""How much school pupils missed, school by school and year by year."""

from pathlib import Path

from pipeline.measures.context import ABSENCE
from pipeline.sources import context_table


def read(folder: Path, shown_from: str, years: range) -> context_table.Read:
    """Read overall and persistent absence of each year, as published.

    Files are `<year>/england_abs.csv` and `<year>/<LA code>_abs.csv`; they are of the year
    of their folder. They hold no number of pupils, so nothing can be recomputed from
    them alone, and `pupils` is blank.
    """
    return context_table.read(folder, shown_from, years, ABSENCE)
