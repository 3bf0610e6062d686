"""Which share of member schools, and how many of their leaders, take part."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.capacity.few_persons import Sum, hidden_cells
from pipeline.capacity.participation import Participation
from pipeline.capacity.tidy_rows import (
    Row,
    as_promised,
    cannot,
    count,
    not_supplied,
    share,
)
from pipeline.contracts.capacity import (
    ANY_ROLE,
    DIMENSIONS,
    FEW_PERSONS,
    REACH,
    REACH_ROLES,
    UNKNOWN,
)
from pipeline.records.engagement import FILE

SCHOOLS_REACHED = "member schools that took part"
LEADERS = "leaders who took part"
LEADERS_PER_SCHOOL = "leaders who took part, per member school"
UNKNOWN_LEADERS = "how many leaders a school has is not on record"
Place = tuple[str, str, str]
"""Dimension, group and role."""
_PLACE = ["year", "dimension", "group"]


@dataclass(frozen=True)
class Reach:
    """Who took part, with the schools that could have as denominators."""

    table: pd.DataFrame
    """As REACH promises."""


def reach(found: Participation | None, *, up_to: int = FEW_PERSONS) -> Reach:
    """Count schools and leaders who took part, by year and kind of school.

    A school took part in a year where at least one of its leaders did. Its denominator
    is every member school of the year; nothing is estimated, so there is no interval. Of
    leaders only those are on record who took part: they are counted, and set against
    member schools. Counts of 1 to `up_to` leaders are hidden, with what would give them
    away. None stands for records that were not supplied.
    """
    if found is None:
        return Reach(as_promised([not_supplied(FILE)], REACH))
    rows: list[Row] = []
    schools, leaders = _school_counts(found), leader_counts(found)
    for year in found.years:
        why = found.why_no_record(year)
        if why is None:
            of_year = _schools(schools[year])
            of_year += _leaders(leaders[year], schools[year], up_to)
        else:
            quantities = (SCHOOLS_REACHED, LEADERS, LEADERS_PER_SCHOOL)
            keys = _keys(("all", "all", ANY_ROLE))
            of_year = [keys | {"quantity": q} | cannot(why) for q in quantities]
        rows += [{"year": year} | row for row in of_year]
    return Reach(as_promised(rows, REACH))


def _schools(counts: dict[Place, tuple[int, int]]) -> list[Row]:
    return [
        _keys(place)
        | {"quantity": SCHOOLS_REACHED}
        | share("schools", reached, "schools", members, said=_unknown(place))
        for place, (reached, members) in counts.items()
    ]


def _leaders(
    counts: dict[Place, int], schools: dict[Place, tuple[int, int]], up_to: int
) -> list[Row]:
    hidden = hidden_leaders(counts, up_to=up_to)
    rows: list[Row] = []
    for place, number in counts.items():
        _, members = schools[(*place[:2], ANY_ROLE)]
        is_hidden, said = place in hidden, _unknown(place)
        both = UNKNOWN_LEADERS if said is None else f"{said}; {UNKNOWN_LEADERS}"
        figures = {
            LEADERS: count("leaders", number, hidden=is_hidden, said=said),
            LEADERS_PER_SCHOOL: share(
                "leaders", number, "schools", members, hidden=is_hidden, said=both
            ),
        }
        rows += [_keys(place) | {"quantity": q} | row for q, row in figures.items()]
    return rows


def leader_counts(found: Participation) -> dict[int, dict[Place, int]]:
    """Count leaders by year, and in each by kind of school; by role among all schools.

    By kind of school there is one count for both roles: two ways to split the same few
    persons at once would have nearly all hidden.
    """
    leaders = found.leaders
    placed = found.places.merge(leaders, on=["year", "school_key"], how="left")
    by_place = placed.groupby(_PLACE)["person"].count()
    by_role = leaders.groupby(["year", "role"]).size()
    counts: dict[int, dict[Place, int]] = {year: {} for year in found.years}
    for (year, dimension, group), number in _in_order(by_place).items():
        counts[year][dimension, group, ANY_ROLE] = int(number)
    for year, own in counts.items():
        for role in REACH_ROLES[1:]:
            own["all", "all", role] = int(by_role.get((year, role), 0))
    return counts


def hidden_leaders(counts: dict[Place, int], *, up_to: int) -> frozenset[Place]:
    """Say which of a year's counts of leaders must not be shown."""
    total = ("all", "all", ANY_ROLE)
    roles = tuple(("all", "all", role) for role in REACH_ROLES[1:])
    sums = [Sum(total, roles)]
    for dimension in DIMENSIONS[1:]:
        sums.append(Sum(total, tuple(place for place in counts if place[0] == dimension)))
    return hidden_cells(counts, sums, up_to=up_to, kept={total})


def _school_counts(found: Participation) -> dict[int, dict[Place, tuple[int, int]]]:
    """Count the schools that took part, and the member schools, in the same order."""
    took = found.parts[["year", "school_key", "role"]].drop_duplicates()
    places = found.places
    own = pd.MultiIndex.from_frame(places[["year", "school_key"]])
    counts: dict[int, dict[Place, tuple[int, int]]] = {year: {} for year in found.years}
    for role in REACH_ROLES:
        of_role = took if role == ANY_ROLE else took[took["role"] == role]
        is_reached = own.isin(pd.MultiIndex.from_frame(of_role[["year", "school_key"]]))
        by_place = places.assign(is_reached=is_reached).groupby(_PLACE)["is_reached"]
        reached, members = _in_order(by_place.sum()), _in_order(by_place.size())
        for (year, dimension, group), number in reached.items():
            at = (year, dimension, group)
            counts[year][dimension, group, role] = (int(number), int(members[at]))
    return counts


def _in_order(by_place: pd.Series) -> dict[tuple[int, str, str], Any]:
    """Dimensions in their order, groups by name, what is not known last."""
    rows = by_place.rename("number").reset_index().itertuples(index=False)
    found = {(int(r[0]), str(r[1]), str(r[2])): r[3] for r in rows}
    return dict(
        sorted(
            found.items(),
            key=lambda item: (
                item[0][0],
                DIMENSIONS.index(item[0][1]),
                item[0][2] == UNKNOWN,
                item[0][2],
            ),
        )
    )


def _keys(place: Place) -> Row:
    dimension, group, role = place
    return {"dimension": dimension, "group": group, "role": role}


def _unknown(place: Place) -> str | None:
    dimension, group, _ = place
    if group != UNKNOWN:
        return None
    return f"schools whose {dimension.replace('_', ' ')} is not known"
