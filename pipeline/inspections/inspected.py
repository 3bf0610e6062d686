"""Who has been inspected since joining, and in which years."""

from datetime import date

import numpy as np
import pandas as pd

from pipeline.contracts.inspections import INSPECTED
from pipeline.improvement.growth import LEAST_SCHOOLS
from pipeline.inspections.findings import Findings, typed
from pipeline.inspections.history import History
from pipeline.inspections.shares import share_difference
from pipeline.inspections.side_by_side import (
    TOO_LATE,
    add_inspections,
    pair_up,
    weights_to_members,
)

QUESTION = "inspected"
NEVER = "no graded inspection since joining"


def since_joining(
    history: History, members: pd.DataFrame, clusters: pd.Series, last: pd.Timestamp
) -> pd.DataFrame:
    """Follow every school from the day members joined, whatever is known of its grade.

    That a school was inspected since a day is known from the latest inspection alone, so
    one file is enough. Schools that closed, or that no file lists, are left out: that
    none tells of an inspection does not show that there was none.
    """
    rows = pair_up(history, members.assign(start=members["joined"]), last)
    rows = add_inspections(rows.assign(why=None), history.inspections, last).assign(
        why=rows["why"], cluster=rows["school_key"].map(clusters)
    )
    return rows[rows["why"].isna() & ~rows["closed"]]


def add_since_joining(
    found: Findings, rows: pd.DataFrame, members: pd.DataFrame, level: float
) -> None:
    """Compare the share without any inspection, the rest weighted to days and phases."""
    weight = weights_to_members(rows, ["start", "phase"])
    here = rows.assign(weight=weight)[weight > 0]
    own, rest = (
        here.loc[side, "school_key"].nunique()
        for side in (here["is_member"], ~here["is_member"])
    )
    lost = len(members) - own
    said = (
        f"{lost} of {len(members)} members left out: {TOO_LATE}, closed, or in no table "
        "of results or file of inspections; ungraded inspections let the grade stand and "
        "do not count"
    )
    if min(own, rest) < LEAST_SCHOOLS:
        why = f"{own} members and {rest} others; needed: {LEAST_SCHOOLS} of each; {said}"
        found.cannot(QUESTION, NEVER, why, schools=(own, rest))
        return
    difference = share_difference(
        here["inspected"].isna(),
        here["is_member"],
        here["weight"],
        here["phase"],
        here["cluster"],
        level=level,
    )
    found.add_difference(QUESTION, NEVER, difference, schools=(own, rest), said=said)


def by_year(
    history: History, members: pd.DataFrame, rows: pd.DataFrame, last: pd.Timestamp
) -> pd.DataFrame:
    """Count the schools inspected in each academic year, members when it began and others.

    `rows` is as `since_joining` gives it. Years go from the first in which a member had
    joined to that of the last day; schools are those still open then.
    """
    own = rows[rows["is_member"]]
    if own.empty:
        return typed([], INSPECTED)
    joined = own.set_index("school_key")["start"]
    others = history.schools[~history.schools.index.isin(members["school_key"])]
    others = others[others["is_listed"] & ~others["is_trust_mate"]]
    others = others[~(others["closed"] <= last).fillna(False)]
    told = history.inspections[history.inspections["day"] <= last]
    of_members = told[told["school_key"].isin(joined.index)]
    of_members = of_members[of_members["day"] > of_members["school_key"].map(joined)]
    years = []
    for year in range(joined.min().year + 1, last.year + (last.month > 8) + 1):
        begins, ends = pd.Timestamp(year - 1, 9, 1), min(pd.Timestamp(year, 8, 31), last)
        members_then = joined.index[joined <= begins]
        open_then = others.index[~(others["opened"] > begins).fillna(False)]
        this_year = told[told["day"].between(begins, ends)]["school_key"]
        ever = of_members.loc[of_members["day"] <= ends, "school_key"]
        inspected = members_then.isin(
            of_members.loc[of_members["day"].between(begins, ends), "school_key"]
        )
        rest = open_then.isin(this_year)
        years.append(
            {
                "year": year,
                "partner_schools": len(members_then),
                "partners_inspected": int(inspected.sum()),
                "partner_share": _share(inspected),
                "partners_since_joining": ever.nunique(),
                "rest_schools": len(open_then),
                "rest_inspected": int(rest.sum()),
                "rest_share": _share(rest),
                "at_least": not _told_in_full(ends.date(), history.snapshots),
            }
        )
    return typed(years, INSPECTED)


def _share(flags: np.ndarray) -> float | None:
    return float(flags.mean()) if len(flags) else None


def _told_in_full(ends: date, snapshots: tuple[date, ...]) -> bool:
    """Whether a file of the twelve months after a year tells of its inspections.

    It gives each school's latest inspection and mostly the one before.
    """
    # ASSUME: no school is inspected three times within two years, so a file of the twelve
    # months after an academic year tells of every inspection in it.
    a_year_on = ends.replace(year=ends.year + 1)
    return any(ends <= day <= a_year_on for day in snapshots)
