"""From which grade to which: members and, beside them always, schools like them."""

import numpy as np
import pandas as pd

from pipeline.contracts.inspections import CLOSED, GRADES, LEFT_OUT, TRANSITIONS
from pipeline.improvement.growth import LEAST_SCHOOLS
from pipeline.inspections.findings import SHARE, YEARS, Findings, typed, weighted_median
from pipeline.inspections.history import History
from pipeline.inspections.shares import share_difference
from pipeline.inspections.side_by_side import (
    NO_OTHER_SIDE,
    TOO_LATE,
    add_inspections,
    pair_up,
    weights_to_members,
)

QUESTION = "transitions"
TIMING = "timing"
MOVED_UP = "moved to a better grade"
STAYED = "kept the same grade"
MOVED_DOWN = "moved to a worse grade"
UP_OF_INSPECTED = "moved to a better grade, of those inspected since the start"
UP_AT_BOUND = "moved to a better grade, if schools not inspected since could have changed"
NOT_INSPECTED = "not inspected since the start"
BETWEEN = "median time between the two inspections within which a change lies"
FROM_JOINING = "followed from the day of joining"
MIX = "members' mix of grades"
WORST = "worst case"
BEST = "best case"
CELL = ["start", "phase", "from_grade"]
_DAYS_OF_A_YEAR = 365.25


def followed(
    history: History, members: pd.DataFrame, clusters: pd.Series, last: pd.Timestamp
) -> pd.DataFrame:
    """Follow every school from its starting day, with its grades then and on the last day.

    A member starts on the day it joined, or on the day of the first file where it joined
    before: one file tells each school's latest inspections only, so grades of earlier
    days are known of schools that were seldom inspected since, and those are not like
    the others. `clusters` gives the cluster of each school_key. Rows that cannot be
    compared say `why`.
    """
    first = pd.Timestamp(min(history.snapshots))
    start = members["joined"].where(members["joined"] >= first, first)
    rows = pair_up(history, members.assign(start=start), last)
    rows = add_inspections(rows, history.inspections, last)
    usable = rows["why"].isna()
    weight = weights_to_members(rows[usable], CELL)
    alone = usable.copy()
    alone[usable] = weight == 0
    rows["why"] = rows["why"].mask(alone, NO_OTHER_SIDE)
    return rows.assign(cluster=rows["school_key"].map(clusters))


def matrix(rows: pd.DataFrame) -> pd.DataFrame:
    """Count and share the schools of each starting grade by the grade they came to.

    `rows` is as `followed` gives it. The rest of a starting grade is what regression to
    the mean, and everything else that moves grades, does to schools outside the
    partnership: schools judged low by bad luck move up later without anybody's doing.
    """
    # ASSUME: grades of single schools are public, so cells of few schools are shown:
    # the rule on few pupils guards pupils, of whom no cell tells.
    usable = rows[rows["why"].isna()]
    usable = usable.assign(
        weight=weights_to_members(usable, CELL),
        to=usable["to_grade"].map(GRADES).mask(usable["closed"], CLOSED),
    )
    cells = []
    for grade, name in GRADES.items():
        of_grade = usable[usable["from_grade"] == grade]
        sides = [of_grade[of_grade["is_member"]], of_grade[~of_grade["is_member"]]]
        for to in (*GRADES.values(), CLOSED):
            counts = [side[side["to"] == to] for side in sides]
            cells.append(
                {
                    "from_grade": name,
                    "to": to,
                    "partner_schools": counts[0]["school_key"].nunique(),
                    "partner_share": _share(counts[0], sides[0]),
                    "rest_schools": counts[1]["school_key"].nunique(),
                    "rest_share": _share(counts[1], sides[1]),
                }
            )
    return typed(cells, TRANSITIONS)


def _share(some: pd.DataFrame, every: pd.DataFrame) -> float | None:
    return None if every.empty else float(some["weight"].sum() / every["weight"].sum())


def add_transitions(found: Findings, rows: pd.DataFrame, level: float) -> None:
    """Compare moves to a better or a worse grade, from each starting grade and from all.

    `rows` is as `followed` gives it. Schools that closed are in the matrix and in no
    difference: nobody knows what they would have come to.
    """
    usable = rows[rows["why"].isna()]
    here, alone = _like_for_like(usable[~usable["closed"]])
    gone = _schools(usable[usable["closed"]])
    said = f"closed and left out: {gone[0]} members, {gone[1]} other schools{alone}"
    up, down = here["to_grade"] < here["from_grade"], here["to_grade"] > here["from_grade"]
    for quantity, happened, barred, status in (
        (MOVED_UP, up, min(GRADES), "estimate"),
        (STAYED, ~up & ~down, None, "diagnostic"),
        (MOVED_DOWN, down, max(GRADES), "estimate"),
        (NOT_INSPECTED, here["inspected"].isna(), None, "diagnostic"),
    ):
        table = here.assign(happened=happened)[here["from_grade"] != barred]
        _add_one(found, quantity, table, MIX, status, level, said)
        for grade, name in GRADES.items():
            if grade == barred:
                side = "better" if quantity == MOVED_UP else "worse"
                found.cannot(QUESTION, quantity, f"no grade is {side} than {name}", at=name)
                continue
            of_grade = table[table["from_grade"] == grade]
            _add_one(found, quantity, of_grade, name, status, level, None)
    could = here.assign(happened=up)[here["from_grade"] > min(GRADES)]
    _add_of_inspected(found, could, level)
    _add_bounds(found, could)
    _add_timing(found, here)


def _like_for_like(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Weigh rows to the members' mix, and say how many members have none like them."""
    weight = weights_to_members(rows, CELL)
    kept = rows.assign(weight=weight)[weight > 0]
    lost = int(rows["is_member"].sum() - kept["is_member"].sum())
    return kept, f"; {lost} members without a school like them" if lost else ""


def _sides(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return rows["is_member"], ~rows["is_member"]


def _schools(rows: pd.DataFrame) -> tuple[int, int]:
    own, rest = (rows.loc[side, "school_key"].nunique() for side in _sides(rows))
    return own, rest


def _add_one(
    found: Findings,
    quantity: str,
    rows: pd.DataFrame,
    at: str,
    status: str,
    level: float,
    said: str | None,
) -> None:
    own, rest = schools = _schools(rows)
    if min(own, rest) < LEAST_SCHOOLS:
        why = f"{own} members and {rest} others; needed: {LEAST_SCHOOLS} of each"
        found.cannot(QUESTION, quantity, why, at=at, schools=schools)
        return
    difference = share_difference(
        rows["happened"],
        rows["is_member"],
        rows["weight"],
        rows["from_grade"],
        rows["cluster"],
        level=level,
    )
    found.add_difference(
        QUESTION, quantity, difference, at=at, status=status, schools=schools, said=said
    )


def _add_of_inspected(found: Findings, could: pd.DataFrame, level: float) -> None:
    seen = could[could["inspected"].notna()]
    seen, alone = _like_for_like(seen)
    said = (
        "who is inspected, and when, is no chance: weak schools sooner; so this is no "
        f"rate of all schools{alone}"
    )
    _add_one(found, UP_OF_INSPECTED, seen, MIX, "diagnostic", level, said)


def _add_bounds(found: Findings, could: pd.DataFrame) -> None:
    """Give the difference if no unseen school, or every one, has moved up since.

    A school that was not inspected keeps its grade on paper. Worst for the members: none
    of theirs has changed, and all such others have; best: the other way round. No
    interval: these are ends of what cannot be known, not of chance.
    """
    schools = _schools(could)
    if min(schools) < LEAST_SCHOOLS:
        why = f"{schools[0]} members and {schools[1]} others could move up"
        for case in (WORST, BEST):
            found.cannot(QUESTION, UP_AT_BOUND, why, at=case, schools=schools)
        return
    at_most = could["happened"] | could["inspected"].isna()
    least, most = (
        [
            float(np.average(happened[side], weights=could.loc[side, "weight"]))
            for side in _sides(could)
        ]
        for happened in (could["happened"], at_most)
    )
    for case, partners, rest, said in (
        (
            WORST,
            least[0],
            most[1],
            "no member not inspected since moved up, every other did",
        ),
        (
            BEST,
            most[0],
            least[1],
            "every member not inspected since moved up, no other did",
        ),
    ):
        found.add(
            QUESTION,
            UP_AT_BOUND,
            at=case,
            partners=partners,
            rest=rest,
            schools=schools,
            said=f"{said}; a bound on what is not seen, with no interval for chance",
        )


def _add_timing(found: Findings, here: pd.DataFrame) -> None:
    """Say how nearly the time of a change is known: between two inspections."""
    seen = here[here["inspected"].notna()]
    years = (seen["inspected"] - seen["stood_since"]).dt.days / _DAYS_OF_A_YEAR
    schools = _schools(seen)
    if min(schools) == 0:
        found.cannot(
            TIMING,
            BETWEEN,
            f"inspected since the start: {schools[0]} members, {schools[1]} others",
            schools=schools,
        )
    else:
        medians = [weighted_median(years[m], seen.loc[m, "weight"]) for m in _sides(seen)]
        found.add(
            TIMING,
            BETWEEN,
            unit=YEARS,
            partners=medians[0],
            rest=medians[1],
            schools=schools,
            said=(
                "from the inspection that gave the grade at the start to the first one "
                "since; a school changed some time between, and no nearer is known"
            ),
        )


def add_from_joining(found: Findings, rows: pd.DataFrame, members: pd.DataFrame) -> None:
    """Say what share of the members compared started on the day they joined.

    The others had joined before the first file, and start on its day.
    """
    own = rows[rows["is_member"] & rows["why"].isna()]
    joined = own["school_key"].map(members.set_index("school_key")["joined"])
    since = int((joined == own["start"]).sum())
    said = (
        f"{since} of {len(own)} members; the others had joined before the first file "
        "of inspections, and are followed from its day with the grade of that day"
    )
    share = since / len(own) if len(own) else None
    found.add(
        TIMING, FROM_JOINING, partners=share, unit=SHARE, schools=(len(own), 0), said=said
    )


def left_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Name every school that no transition holds, and why: of its last starting day."""
    # A school of the rest may be followed from one day and not from another.
    inside = set(rows.loc[rows["why"].isna(), "school_key"])
    lost = rows[~rows["school_key"].isin(inside)].sort_values(["school_key", "start"])
    lost = lost.drop_duplicates("school_key", keep="last")
    side = np.where(lost["is_member"], "partners", "rest")
    types = {name: column.dtype.type for name, column in LEFT_OUT.columns.items()}
    return lost.assign(side=side)[list(types)].astype(types).reset_index(drop=True)


def add_left_out(found: Findings, lost: pd.DataFrame, of_predecessors: int) -> None:
    """Count the schools left out of transitions, for each reason, and inspections."""
    found.add(
        "left out",
        "inspections before the school opened",
        unit="inspections",
        said=f"{of_predecessors}: they are those of its predecessor",
    )
    for why, of_reason in lost.groupby("why"):
        own = int((of_reason["side"] == "partners").sum())
        found.add(
            "left out",
            "schools in no transition",
            at=str(why),
            unit="schools",
            schools=(own, len(of_reason) - own),
            said=(
                "joined too late for any change to be known by the last day"
                if why == TOO_LATE
                else f"left out: {why}"
            ),
        )
