"""Whether the figures of one school agree with each other: groups with all pupils."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline.contracts.quality import FAULT, NOTE, RESERVATION
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import Group, Measure
from pipeline.quality.digits import NEARLY
from pipeline.quality.published import Published
from pipeline.quality.weights import BOUNDED

FAMILIES: dict[str, tuple[Group, ...]] = {
    "disadvantaged and other pupils": ("disadvantaged", "others"),
    "girls and boys": ("girls", "boys"),
}
"""Groups that together are all pupils. Those by prior attainment are not: pupils without
earlier results are in none of the three."""


def checks_of_figures(table: Published) -> Iterator[dict[str, Any]]:
    """Examine every figure of a school by itself, and groups against all pupils.

    Counts are given and never schools or the size of a difference: a school whose groups
    fall short of all pupils by three would show three pupils.
    """
    measures = {m.code: m for m in MEASURES[table.key_stage]}
    for code, rows in table.results.groupby("measure", observed=True):
        about = measures[str(code)]
        for found in (*_by_itself(rows, about), *_against_all(rows)):
            yield from _by_file(found, table, about)
    totals = table.aggregates[table.aggregates["low"].notna()]
    for code, rows in totals.groupby("measure"):
        # SOURCE: 850_ks2final.csv: the progress of groups nationally has 0.0 for either
        # bound, which is no interval of -0.6.
        said = "bounds of totals do not hold their own figure"
        found = _bounds("totals within their own bounds", rows, RESERVATION, said)
        yield from _by_file(found, table, measures[str(code)])


_Found = tuple[str, pd.Series, pd.Series, str, str]
"""A check: its name, to which file each examined case belongs, whether it failed, its
weight, and what a failure says."""


def _by_file(found: _Found, table: Published, measure: Measure) -> Iterator[dict[str, Any]]:
    check, source, failed, weight, said = found
    counts = failed.groupby(source.astype("str")).agg(["size", "sum"])
    years = {file["file"]: file["year"] for file in table.files}
    for file, (examined, failures) in counts.iterrows():
        yield {
            "key_stage": table.key_stage,
            "year": years[str(file)],
            "file": str(file),
            "check": check,
            "about": measure.label,
            "examined": int(examined),
            "failed": int(failures),
            "weight": weight,
            "said": said,
        }


def _by_itself(rows: pd.DataFrame, measure: Measure) -> Iterator[_Found]:
    shown = rows[rows["value"].notna()]
    source, value = shown["source"], shown["value"]
    yield (
        "figures the measure can have",
        source,
        ~value.between(*measure.bounds),
        FAULT,
        f"figures lie outside {measure.bounds[0]:g} to {measure.bounds[1]:g}",
    )
    yield (
        "figures with a number of pupils",
        source,
        ~(shown["pupils"] > 0).fillna(value=False),
        RESERVATION,
        "figures have no number of pupils and cannot weigh",
    )
    if measure.centred_on_national:
        yield (
            "figures with the number of pupils who have a score",
            source,
            shown["pupils_from"] == BOUNDED,
            RESERVATION,
            "whole cohorts stand in for the pupils with a score",
        )
    said = "figures lie outside their own published bounds"
    yield _bounds("figures within their own bounds", shown, FAULT, said)


def _bounds(check: str, rows: pd.DataFrame, weight: str, said: str) -> _Found:
    bounded = rows[rows[["value", "low", "high"]].notna().all(axis=1)]
    inside = bounded["value"].between(bounded["low"], bounded["high"])
    return check, bounded["source"], ~inside, weight, said


def _against_all(rows: pd.DataFrame) -> Iterator[_Found]:
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
        yield from _of_family(joined.reset_index(), family)


_TYPES = {"pupils_from": object}


def _of_family(joined: pd.DataFrame, family: str) -> Iterator[_Found]:
    ends = ("all", "0", "1")
    alike = joined["pupils_from_all"] == joined["pupils_from_0"]
    counted = joined[joined[[f"pupils_{e}" for e in ends]].notna().all(axis=1) & alike]
    if len(counted):
        yield (
            f"{family} add up to all pupils",
            counted["source"],
            counted["pupils_0"] + counted["pupils_1"] != counted["pupils_all"],
            RESERVATION,
            f"{family} do not add up to all pupils",
        )
    valued = joined[joined[[f"value_{e}" for e in ends]].notna().all(axis=1)]
    if valued.empty:
        return
    slack = valued["half_all"] + valued[["half_0", "half_1"]].max(axis=1) + NEARLY
    sides = valued[["value_0", "value_1"]]
    yield (
        f"all pupils lie between {family}",
        valued["source"],
        (valued["value_all"] > sides.max(axis=1) + slack)
        | (valued["value_all"] < sides.min(axis=1) - slack),
        RESERVATION,
        f"the figure of all pupils does not lie between those of {family}",
    )
    known = ~valued[[f"pupils_from_{e}" for e in ends]].isin([BOUNDED]).any(axis=1) & (
        valued["weight_0"] + valued["weight_1"] == valued["weight_all"]
    )
    exact = valued[known]
    if len(exact):
        mean = np.average(
            exact[["value_0", "value_1"]], weights=exact[["weight_0", "weight_1"]], axis=1
        )
        yield (
            f"{family} average to all pupils",
            exact["source"],
            (exact["value_all"] - mean).abs() > slack[known],
            NOTE,
            f"the mean of {family} is not that of all pupils, to rounding",
        )
