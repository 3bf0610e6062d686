"""Whether the figures of one school agree with each other: groups with all pupils."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.contracts.quality import FAULT, NOTE, RESERVATION
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import Group, Measure
from pipeline.quality.digits import NEARLY
from pipeline.quality.published import Published
from pipeline.quality.weights import BOUNDED, MEANS_OVER_ENTRIES

FAMILIES: dict[str, tuple[Group, ...]] = {
    "disadvantaged and other pupils": ("disadvantaged", "others"),
    "girls and boys": ("girls", "boys"),
}
"""Groups that together are all pupils. Those by prior attainment are not: pupils without
earlier results are in none of the three."""
MORE_THAN_ALL = "count no more than all pupils"
FEWER_THAN_ALL = "count no fewer than all pupils"
# ASSUME: what 30 schools or more lack together, as a share, tells of none of them.
FEWEST_SHORT = 30


def checks_of_figures(table: Published) -> Iterator[dict[str, Any]]:
    """Examine every figure of a school by itself, and groups against all pupils.

    Counts are given and never schools or the size of one difference: a school whose
    groups fall short of all pupils by three would show three pupils. By which share of
    their pupils many schools fall short together is given.
    """
    measures = {m.code: m for m in MEASURES[table.key_stage]}
    for code, rows in table.results.groupby("measure", observed=True):
        about = measures[str(code)]
        for found in (*_by_itself(rows, about), *_against_all(rows, about)):
            yield from _by_file(found, table, about)
    totals = table.aggregates[table.aggregates["low"].notna()]
    for code, rows in totals.groupby("measure"):
        # SOURCE: 850_ks2final.csv: the progress of groups nationally has 0.0 for either
        # bound, which is no interval of -0.6.
        said = "bounds of totals do not hold their own figure"
        found = _bounds("totals within their own bounds", rows, RESERVATION, said)
        yield from _by_file(found, table, measures[str(code)])


class _Found(NamedTuple):
    """A check, and of each examined case whether it failed."""

    check: str
    source: pd.Series
    """To which file each case belongs."""
    failed: pd.Series
    weight: str
    if_failed: str
    lacking: pd.Series | None = None
    """Pupils whom each case lacks, where that is what was examined..."""
    pupils: pd.Series | None = None
    """...of so many."""


def _by_file(found: _Found, table: Published, measure: Measure) -> Iterator[dict[str, Any]]:
    file_of = found.source.astype("str")
    counts = found.failed.groupby(file_of).agg(["size", "sum"])
    years = {file["file"]: file["year"] for file in table.files}
    short = _share_short(found, file_of)
    for file, (examined, failures) in counts.iterrows():
        yield {
            "key_stage": table.key_stage,
            "year": years[str(file)],
            "file": str(file),
            "check": found.check,
            "about": measure.label,
            "examined": int(examined),
            "failed": int(failures),
            "share_short": short[str(file)] if failures >= FEWEST_SHORT else None,
            "weight": found.weight,
            "if_failed": found.if_failed,
        }


def _share_short(found: _Found, file_of: pd.Series) -> dict[str, float | None]:
    """Give the share of the pupils of all cases that the failed ones lack, by file."""
    if found.lacking is None or found.pupils is None:
        return dict.fromkeys(file_of.unique())
    lacking = found.lacking.astype(float).groupby(file_of).sum()
    whole = found.pupils.astype(float).groupby(file_of).sum()
    return {str(file): float(share) for file, share in (lacking / whole).round(3).items()}


def _by_itself(rows: pd.DataFrame, measure: Measure) -> Iterator[_Found]:
    shown = rows[rows["value"].notna()]
    source, value = shown["source"], shown["value"]
    yield _Found(
        "figures the measure can have",
        source,
        ~value.between(*measure.bounds),
        FAULT,
        f"figures lie outside {measure.bounds[0]:g} to {measure.bounds[1]:g}",
    )
    yield _Found(
        "figures with a number of pupils",
        source,
        ~(shown["pupils"] > 0).fillna(value=False),
        RESERVATION,
        "figures have no number of pupils and cannot weigh",
    )
    if measure.centred_on_national:
        yield _Found(
            "figures with the number of pupils who have a score",
            source,
            shown["pupils_from"] == BOUNDED,
            RESERVATION,
            "all pupils are counted in place of those with a score, whose number is blank",
        )
    said = "figures lie outside their own published bounds"
    yield _bounds("figures within their own bounds", shown, FAULT, said)


def _bounds(check: str, rows: pd.DataFrame, weight: str, said: str) -> _Found:
    bounded = rows[rows[["value", "low", "high"]].notna().all(axis=1)]
    inside = bounded["value"].between(bounded["low"], bounded["high"])
    return _Found(check, bounded["source"], ~inside, weight, said)


def _against_all(rows: pd.DataFrame, about: Measure) -> Iterator[_Found]:
    """Hold the groups of each school against all its pupils, family by family."""
    key = ["urn", "year"]
    everyone = rows[rows["group"] == "all"].set_index(key)
    for family, groups in FAMILIES.items():
        parts = [rows[rows["group"] == group].set_index(key) for group in groups]
        joined = everyone[["source", "half"]].copy()
        for name in ("value", "pupils", "weight", "pupils_from", "half"):
            joined[f"{name}_all"] = everyone[name].astype(_TYPES.get(name, float))
            for number, part in enumerate(parts):
                joined[f"{name}_{number}"] = part[name].astype(_TYPES.get(name, float))
        joined = joined.reset_index()
        yield from _pupils_of_family(joined, family)
        yield from _values_of_family(joined, family, about)


_TYPES = {"pupils_from": object}


_ENDS = ("all", "0", "1")


def _pupils_of_family(joined: pd.DataFrame, family: str) -> Iterator[_Found]:
    """Hold the pupils of two groups against all: too many and too few are two faults."""
    alike = joined["pupils_from_all"] == joined["pupils_from_0"]
    counted = joined[joined[[f"pupils_{e}" for e in _ENDS]].notna().all(axis=1) & alike]
    if counted.empty:
        return
    together = counted["pupils_0"] + counted["pupils_1"]
    more = together - counted["pupils_all"]
    for check, off, said in (
        (MORE_THAN_ALL, more, "count more than all pupils"),
        (FEWER_THAN_ALL, -more, "count fewer than all pupils"),
    ):
        yield _Found(
            f"{family} {check}",
            counted["source"],
            off > 0,
            RESERVATION,
            f"{family} together {said}",
            off.clip(lower=0),
            counted["pupils_all"],
        )


def _values_of_family(
    joined: pd.DataFrame, family: str, about: Measure
) -> Iterator[_Found]:
    """Hold the figures of two groups against that of all pupils."""
    valued = joined[joined[[f"value_{e}" for e in _ENDS]].notna().all(axis=1)]
    if valued.empty:
        return
    slack = valued["half_all"] + valued[["half_0", "half_1"]].max(axis=1) + NEARLY
    sides = valued[["value_0", "value_1"]]
    yield _Found(
        f"all pupils lie between {family}",
        valued["source"],
        (valued["value_all"] > sides.max(axis=1) + slack)
        | (valued["value_all"] < sides.min(axis=1) - slack),
        RESERVATION,
        f"the figure of all pupils does not lie between those of {family}",
    )
    # Weighted by students, whose number is published, a mean over entries cannot hold.
    if about.code in MEANS_OVER_ENTRIES:
        return
    known = ~valued[[f"pupils_from_{e}" for e in _ENDS]].isin([BOUNDED]).any(axis=1) & (
        valued["weight_0"] + valued["weight_1"] == valued["weight_all"]
    )
    exact = valued[known]
    if len(exact):
        mean = np.average(
            exact[["value_0", "value_1"]], weights=exact[["weight_0", "weight_1"]], axis=1
        )
        yield _Found(
            f"{family} average to all pupils",
            exact["source"],
            (exact["value_all"] - mean).abs() > slack[known],
            NOTE,
            f"the mean of {family} is not that of all pupils, to rounding",
        )
