"""Who the pupils of each school are: the January school census."""

from pathlib import Path

from pipeline.measures.context import CENSUS
from pipeline.sources import context_table


def read(folder: Path, shown_from: str, years: range) -> context_table.Read:
    """Read the census of each year: pupils on roll, and shares of them.

    Files are `<year>/england_census.csv` and `<year>/<LA code>_census.csv`. Between
    2018/19 and 2024/25 `49.5` became `44.98%`: the writing changed and the unit did not,
    but for one column that is a fraction of one in the rows of schools. So every
    percentage is checked against the two numbers it is made of, where both are there.
    """
    return context_table.read(folder, shown_from, years, CENSUS)
