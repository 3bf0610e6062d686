"""Whether one year's tables follow from the year before: schools and their figures."""

from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline.contracts.quality import CONTINUITY, JUMPS
from pipeline.quality.promised import as_promised
from pipeline.quality.published import Published

# ASSUME: a change of six times the usual one (median absolute deviation, scaled to an SD)
# in a school of 30 pupils or more is rarer than a wrong column or unit would make it.
JUMP = 6.0
FEWEST_PUPILS = 30
FEWEST_SCHOOLS = 30
_TO_SD = 1.4826
"""The median absolute deviation of a normal distribution times this is its SD."""


def continuity(table: Published) -> pd.DataFrame:
    """Count the schools that one year's tables share with those of the year before.

    Years are compared over the areas that both have files of: two authorities in one
    year and one in the next is no loss of schools. Schools are told by their stable key,
    so that one that became an academy stays.
    """
    entries = []
    for before, year in pairwise(sorted({int(f["year"]) for f in table.files})):
        earlier, later = _keys(table, before, year), _keys(table, year, before)
        entries.append(
            {
                "key_stage": table.key_stage,
                "year": year,
                "before": before,
                "schools": len(later),
                "stayed": len(later & earlier),
                "came": len(later - earlier),
                "went": len(earlier - later),
            }
        )
    return as_promised(entries, CONTINUITY)


def _keys(table: Published, year: int, other: int) -> set[str]:
    """Give the schools of a year, in the areas that the other year has files of too."""
    schools = table.schools[table.schools["year"] == year]
    areas = {f["area"] for f in table.files if f["year"] == other}
    if "england" not in areas:
        schools = schools[schools["local_authority"].isin(areas)]
    return set(schools["school_key"])


def jumps(table: Published) -> pd.DataFrame:
    """Say how much the figures of the same schools moved from year to year.

    A wrong column, unit or year shows as a correlation that falls, a median that moves or
    many jumps. Schools are counted and never named.
    """
    cell = ["year", "measure", "group"]
    entries = [
        dict(zip(cell, key, strict=True)) | _moved(pairs)
        for key, pairs in _pairs(table).groupby(cell, observed=True)
        if len(pairs) >= FEWEST_SCHOOLS
    ]
    return as_promised(({"key_stage": table.key_stage} | e for e in entries), JUMPS)


def _pairs(table: Published) -> pd.DataFrame:
    """Put the figure of the year before beside each figure of a large enough school."""
    rows = table.results
    large = rows["value"].notna() & (rows["pupils"] >= FEWEST_PUPILS).fillna(value=False)
    series = ["measure", "group", "school_key"]
    kept = rows.loc[large.to_numpy(dtype=bool), [*series, "year", "value"]]
    # A school under two numbers in one year has no one figure of that year.
    kept = kept.drop_duplicates([*series, "year"], keep=False)
    kept = kept.sort_values([*series, "year"], kind="stable")
    years = sorted(kept["year"].unique())
    kept["before"] = kept["year"].map(dict(zip(years[1:], years, strict=False)))
    kept["value_before"] = kept["value"].shift()
    follows = (kept[series] == kept[series].shift()).all(axis=1)
    return kept[follows & (kept["year"].shift() == kept["before"])]


def _moved(pairs: pd.DataFrame) -> dict[str, object]:
    change = pairs["value"] - pairs["value_before"]
    median = float(change.median())
    usual = _TO_SD * float((change - median).abs().median())
    beyond = (change - median).abs() > JUMP * usual
    spread = pairs[["value", "value_before"]].std()
    return {
        "before": int(pairs["before"].iloc[0]),
        "schools": len(pairs),
        "correlation": (
            float(np.corrcoef(pairs["value"], pairs["value_before"])[0, 1])
            if (spread > 0).all()
            else None
        ),
        "median_change": median,
        "usual_change": usual,
        "jumps": int(beyond.sum()) if usual > 0 else 0,
    }
