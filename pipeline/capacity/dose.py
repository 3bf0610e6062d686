"""How many hours schools and their leaders give to the partnership."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.capacity.participation import Participation
from pipeline.capacity.reach import hidden_leaders, leader_counts
from pipeline.capacity.tidy_rows import (
    Row,
    as_promised,
    cannot,
    not_supplied,
    number,
    share,
    suppressed,
)
from pipeline.contracts.capacity import ANY_ROLE, DOSE, FEW_PERSONS
from pipeline.records.engagement import FILE

QUARTILES = {"lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75}
OF_SCHOOLS = "of hours per member school"
OF_LEADERS = "of hours per leader who took part"
NO_HOURS = "member schools without an hour"
NO_LEADERS = "leaders without an hour"
NONE_KNOWN = "only leaders who took part are on record: how many did not is not known"
NONE_COUNTS = "a member school without a part counts as 0 hours"
NOBODY = "nobody took part"


@dataclass(frozen=True)
class Dose:
    """Hours of schools and leaders, by year and kind of school."""

    table: pd.DataFrame
    """As DOSE promises."""


def dose(found: Participation | None, *, up_to: int = FEW_PERSONS) -> Dose:
    """Give median and quartiles of hours, and the share of schools without any.

    Hours of a school are those of all its leaders' parts in the year; a school without a
    part counts, as 0. Hours of a leader are those of the leader's parts in the year.
    Quartiles are interpolated as numpy does by default. Hours that rest on 1 to `up_to`
    leaders, or on a number of them that is hidden, are not shown, also those of schools:
    in a school from which one leader comes they are that leader's.
    """
    if found is None:
        return Dose(as_promised([not_supplied(FILE)], DOSE))
    rows: list[Row] = []
    counts = leader_counts(found)
    schools, leaders = _school_hours(found), _leader_hours(found)
    for year in found.years:
        why = found.why_no_record(year)
        if why is not None:
            keys = {"year": year, "dimension": "all", "group": "all"}
            quantities = [f"{name} {OF_SCHOOLS}" for name in QUARTILES] + [NO_HOURS]
            rows += [keys | {"quantity": quantity} | cannot(why) for quantity in quantities]
            continue
        hidden = hidden_leaders(counts[year], up_to=up_to)
        for place in counts[year]:
            dimension, group, role = place
            if role != ANY_ROLE:
                continue
            keys = {"year": year, "dimension": dimension, "group": group}
            key = (year, dimension, group)
            is_hidden = place in hidden
            rows += [keys | row for row in _of_schools(schools[key], is_hidden)]
            own = leaders.get(key, np.array([]))
            rows += [keys | row for row in _of_leaders(own, is_hidden)]
    return Dose(as_promised(rows, DOSE))


def _of_schools(hours: np.ndarray, is_hidden: bool) -> list[Row]:
    rows: list[Row] = []
    for name, at in QUARTILES.items():
        figure = (
            suppressed("schools")
            if is_hidden
            else number(_at(hours, at), "schools", len(hours), said=NONE_COUNTS)
        )
        rows.append({"quantity": f"{name} {OF_SCHOOLS}"} | figure)
    none = int((hours == 0).sum())
    return [*rows, {"quantity": NO_HOURS} | share("schools", none, "schools", len(hours))]


def _of_leaders(hours: np.ndarray, is_hidden: bool) -> list[Row]:
    rows: list[Row] = []
    for name, at in QUARTILES.items():
        if is_hidden:
            figure = suppressed("leaders")
        elif len(hours) == 0:
            figure = cannot(NOBODY)
        else:
            figure = number(_at(hours, at), "leaders", len(hours))
        rows.append({"quantity": f"{name} {OF_LEADERS}"} | figure)
    return [*rows, {"quantity": NO_LEADERS} | cannot(NONE_KNOWN)]


def _at(hours: np.ndarray, at: float) -> float:
    return float(np.quantile(hours, at))


def _school_hours(found: Participation) -> dict[tuple[int, str, str], np.ndarray]:
    """Hours of every member school of each place; 0 where it took no part."""
    own = found.parts.groupby(["year", "school_key"], as_index=False)["hours"].sum()
    placed = found.places.merge(own, on=["year", "school_key"], how="left")
    return _by_place(placed.fillna({"hours": 0.0}))


def _leader_hours(found: Participation) -> dict[tuple[int, str, str], np.ndarray]:
    own = found.leaders[["year", "school_key", "hours"]]
    return _by_place(found.places.merge(own, on=["year", "school_key"]))


def _by_place(hours: pd.DataFrame) -> dict[tuple[int, str, str], np.ndarray]:
    by_place = hours.groupby(["year", "dimension", "group"])["hours"]
    return {
        (int(str(year)), str(dimension), str(group)): own.to_numpy(dtype=float)
        for (year, dimension, group), own in by_place
    }
