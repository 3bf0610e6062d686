"""Whether a figure computed again agrees with the published one, and if not, why."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipeline.contracts.quality import (
    AGREES,
    DIFFERS,
    EXPLAINED,
    NOT_PUBLISHED,
    NOT_RECOMPUTABLE,
    WITHHELD,
)
from pipeline.measures.measure import Measure
from pipeline.quality.digits import NEARLY
from pipeline.quality.disclosure import are_too_few, coverage_in_steps, gives_few_away

TOO_FEW = "so few pupils are in no school's figure that theirs could be worked out"
NO_PUPILS = "the row gives no number of pupils: how many the schools lack is not known"
BY_WEIGHTS = "how many pupils have a score is not published for every school"
BY_MISSING = "some of its pupils are in no school's figure"
BY_BOTH = f"{BY_MISSING}, and {BY_WEIGHTS}"
BY_TWICE = "some pupils are counted at two schools"
BEYOND = "further off than rounding and the pupils in no school's figure can explain"

_FURTHER_DIGITS = 2
"""What we make again is shown to so many digits more than the published figure."""
_KNOWN_WITHIN = 0.05
"""What the missing pupils would have is shown where rounding leaves it this well known,
as a share of the measure's whole range."""


def judge(
    made: pd.DataFrame, measures: Mapping[str, Measure], *, up_to: int
) -> pd.DataFrame:
    """Judge each row: agrees, is explained, differs, cannot be computed again, is withheld.

    A difference is explained when the published figure lies between the least and the
    most that it could be: with the pupils that no school's figure counts anywhere
    between the bounds of the measure, and the pupils with a score anywhere between half
    of a cohort and all of it where their number is not published.
    """
    table = _rounded(made, measures)
    table = _with_range(table, measures)
    is_national = table["record"].str.startswith("national").to_numpy()
    withheld = gives_few_away(table, up_to=up_to)
    table["verdict"], table["reason"] = _verdicts(table, withheld)
    table["coverage"] = [
        coverage_in_steps(used, published, up_to=up_to)
        for used, published in zip(
            table["made_pupils"], table["pupils"].astype(float), strict=True
        )
    ]
    table.loc[~table["is_alike"], "coverage"] = None
    # Bounds, the mean of the rest and numbers of schools would tell of a small authority
    # how many pupils are left over, and with them what they have.
    table["schools"] = table["schools"].where(is_national).astype("Int64")
    few = are_too_few(table["lacking"].abs(), up_to=up_to).to_numpy()
    closely = ["possible_low", "possible_high", "rest_would_hold"]
    table.loc[~is_national | few, closely] = np.nan
    ours = ["recomputed", "difference", "rounding", "coverage", "schools", *closely]
    shows_none = table["verdict"].isin([NOT_PUBLISHED, WITHHELD]) | table["why_not"].notna()
    table.loc[shows_none.to_numpy(), ours] = None
    return table.rename(columns={"value": "published"})


def _rounded(made: pd.DataFrame, measures: Mapping[str, Measure]) -> pd.DataFrame:
    """Write our figure with two more digits than the published one has, and compare."""
    digits = made["measure"].map({c: m.decimals for c, m in measures.items()})
    tenth = 10.0 ** (digits.astype(float) + _FURTHER_DIGITS)
    recomputed = (made["mean"] * tenth).round() / tenth
    rounding = np.ceil((made["half"] + made["rounding"]) * tenth * 10 - NEARLY) / tenth / 10
    return made.assign(
        school_rounding=made["rounding"],
        recomputed=recomputed,
        difference=(recomputed - made["value"]).round(10),
        rounding=rounding.round(10),
    )


def _with_range(table: pd.DataFrame, measures: Mapping[str, Measure]) -> pd.DataFrame:
    """Add from where to where the figure may lie given who is in no school's figure."""
    low, high = (
        table["measure"].map({c: m.bounds[end] for c, m in measures.items()}).astype(float)
        for end in (0, 1)
    )
    published = table["pupils"].astype(float)
    lacking = published - table["made_pupils"]
    is_alike = (table["column"] == table["made_column"]) & (table["column"] >= 0)
    missing, twice = _shares(table, published, lacking, is_alike)
    possible_low = (1 - missing) * table["mean_low"] + missing * low
    possible_high = (1 - missing) * table["mean_high"] + missing * high
    possible_low = possible_low + twice * (table["mean_low"] - high)
    possible_high = possible_high + twice * (table["mean_high"] - low)
    # What is left for the pupils in no school's figure, and how far rounding blurs it.
    left = published * table["value"] - table["made_pupils"] * table["mean"]
    slack = table["half"] * published + table["school_rounding"] * table["made_pupils"]
    clear = is_alike & (lacking > 0) & (slack / lacking < _KNOWN_WITHIN * (high - low))
    digits = table["measure"].map({c: m.decimals for c, m in measures.items()})
    tenth = 10.0 ** digits.astype(float)
    return table.assign(
        is_alike=is_alike,
        lacking=lacking,
        slack=slack,
        possible_low=np.floor(possible_low * tenth * 10) / tenth / 10,
        possible_high=np.ceil(possible_high * tenth * 10) / tenth / 10,
        rest_would_hold=((left / lacking * tenth).round() / tenth).where(clear),
    )


def _shares(
    table: pd.DataFrame, published: pd.Series, lacking: pd.Series, is_alike: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Give the largest share of pupils that may be missing, and that may count twice.

    Where the row and its schools count different pupils (whole cohorts here, those with a
    score there), neither share is known, and the largest possible is taken.
    """
    fewest = lacking.where(is_alike, published - table["made_most"])
    most = lacking.where(is_alike, published - table["made_least"])
    # SOURCE: england_ks4provisional.csv of 2015/16: schools without entries (NE) have more
    # pupils than the number of their authority leaves, and its mean counts them at nothing.
    missing = most.clip(lower=table["left_pupils"].where(published.notna(), 0))
    # Where whole cohorts weigh, the missing may all have a score, and half of the others.
    missing /= table["made_least"] + missing
    twice = (-fewest).clip(lower=0) / published
    return missing.fillna(0).clip(upper=1), twice.fillna(0)


def _verdicts(table: pd.DataFrame, withheld: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Give each row its verdict and the reason, the first that applies."""
    near = table["rounding"] + NEARLY
    by_weights = (table["value"] >= table["mean_low"] - near) & (
        table["value"] <= table["mean_high"] + near
    )
    explained = (table["value"] >= table["possible_low"] - near) & (
        table["value"] <= table["possible_high"] + near
    )
    uncertain = table["mean_low"] < table["mean_high"] - NEARLY
    cases: list[tuple[pd.Series, str, str | pd.Series | None]] = [
        (table["value"].isna(), NOT_PUBLISHED, table["reason"]),
        (table["why_not"].notna(), NOT_RECOMPUTABLE, table["why_not"]),
        (withheld, WITHHELD, TOO_FEW),
        (table["difference"].abs() <= table["rounding"] + NEARLY, AGREES, None),
        (uncertain & by_weights, EXPLAINED, BY_WEIGHTS),
        (explained & (table["lacking"] < 0), EXPLAINED, BY_TWICE),
        (explained & uncertain, EXPLAINED, BY_BOTH),
        (explained, EXPLAINED, BY_MISSING),
        (table["lacking"].isna(), NOT_RECOMPUTABLE, NO_PUPILS),
    ]
    verdict = pd.Series(DIFFERS, index=table.index, dtype=object)
    reason = pd.Series(BEYOND, index=table.index, dtype=object)
    for applies, said, why in reversed(cases):
        verdict = verdict.mask(applies, said)
        reason = reason.mask(applies, why)
    return verdict, reason
