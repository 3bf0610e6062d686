"""Whether one year's tables follow from the year before: schools and their figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline.contracts.quality import CONTINUITY, JUMPS
from pipeline.measures.measure import KeyStage
from pipeline.quality.promised import as_promised
from pipeline.quality.published import Published

# ASSUME: a change of six times the usual one (median absolute deviation, scaled to an SD)
# in a school of 30 pupils or more is rarer than a wrong column or unit would make it.
JUMP = 6.0
FEWEST_PUPILS = 30
FEWEST_SCHOOLS = 30
_TO_SD = 1.4826
"""The median absolute deviation of a normal distribution times this is its SD."""


@dataclass(frozen=True)
class Year:
    """What one year leaves for the next to be held against."""

    key_stage: KeyStage
    year: int
    areas: frozenset[str]
    schools: pd.DataFrame
    figures: pd.DataFrame
    """Figures of schools that are large enough, one for each school, measure, group."""


_SERIES = ["measure", "group", "school_key"]


def of_year(table: Published) -> Year:
    """Keep what the next year is held against, and let the rest go."""
    rows = table.results
    large = rows["value"].notna() & (rows["pupils"] >= FEWEST_PUPILS).fillna(value=False)
    kept = rows.loc[large.to_numpy(dtype=bool), [*_SERIES, "value"]]
    return Year(
        key_stage=table.key_stage,
        year=table.year,
        areas=frozenset(file["area"] for file in table.files),
        schools=table.schools[["school_key", "local_authority", "place"]],
        # A school under two numbers in one year has no one figure of that year.
        figures=kept.drop_duplicates(_SERIES, keep=False).astype({"measure": "str"}),
    )


def continuity(years: Iterable[Year]) -> pd.DataFrame:
    """Count the schools that one year's tables share with those of the year before.

    Years are compared over the areas that both have files of: two authorities in one
    year and one in the next is no loss of schools. Schools are followed by their stable
    key, so that one that became an academy stays. Each kind of school is counted by
    itself: a file without independent schools is no closure of them.
    """
    entries = []
    for before, after in pairwise(years):
        earlier, later = _places(before, after.areas), _places(after, before.areas)
        stayed = later[later.index.isin(earlier.index)]
        came = later[~later.index.isin(earlier.index)]
        went = earlier[~earlier.index.isin(later.index)]
        for place in sorted({*later, *earlier}):
            entries.append(
                {
                    "key_stage": after.key_stage,
                    "year": after.year,
                    "before": before.year,
                    "place": place,
                    "schools": int((later == place).sum()),
                    "stayed": int((stayed == place).sum()),
                    "came": int((came == place).sum()),
                    "went": int((went == place).sum()),
                }
            )
    return as_promised(entries, CONTINUITY)


def _places(of: Year, areas: frozenset[str]) -> pd.Series:
    """Give what each school of a year is, in the areas that the other year has too."""
    schools = of.schools
    if "england" not in areas:
        schools = schools[schools["local_authority"].isin(areas)]
    # A school may stand there under two numbers in the year in which it changes.
    return schools.drop_duplicates("school_key").set_index("school_key")["place"]


def jumps(years: Iterable[Year]) -> pd.DataFrame:
    """Say how much the figures of the same schools moved from year to year.

    A wrong column, unit or year shows as a correlation that falls, a median that moves or
    many jumps. Schools are counted and never named.
    """
    entries = []
    for before, after in pairwise(years):
        both = after.figures.merge(
            before.figures, on=_SERIES, suffixes=("", "_before"), validate="one_to_one"
        )
        for (code, group), pairs in both.groupby(["measure", "group"], observed=True):
            if len(pairs) >= FEWEST_SCHOOLS:
                entries.append(
                    {
                        "key_stage": after.key_stage,
                        "year": after.year,
                        "measure": code,
                        "group": group,
                        "before": before.year,
                        **_moved(pairs),
                    }
                )
    return as_promised(entries, JUMPS)


def _moved(pairs: pd.DataFrame) -> dict[str, object]:
    change = pairs["value"] - pairs["value_before"]
    median = float(change.median())
    usual = _TO_SD * float((change - median).abs().median())
    beyond = (change - median).abs() > JUMP * usual
    spread = pairs[["value", "value_before"]].std()
    return {
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
