"""Which school a name, a postcode and a place stand for, if that can be told."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipeline.schools.register_doctor.directory import Directory, School, plain_postcode

# Chosen on 500 real schools whose names were spoilt, and measured on 500 others:
# reports/methods/register-doctor.md.
# ASSUME: names of real lists are spoilt much as those were: then at most 1 in 100 schools
# that the register lacks is taken for another at its place, 3 in 100 by name alone.
LEAST = {"postcode": 60.0, "place": 85.0, "name": 92.0}
"""How like the names must be where the postcode agrees, where only the town or the
authority does, and where nothing but the name is known."""
MARGIN = 8.0
"""How far the best must be ahead of the next."""
QUITE_DIFFERENT = 60.0
"""Two names less like than this are hardly of one school."""
_WORDS = {
    "postcode": "at the same postcode",
    "place": "in the same town or authority",
    "name": "by its name alone, in all of England",
}


@dataclass(frozen=True)
class Verdict:
    """What the comparison of names says: a school, or why none can be proposed."""

    school: School | None
    score: float | None
    why: str
    by_name_alone: bool = False


def find(
    directory: Directory,
    name: str,
    *,
    postcode: str = "",
    places: tuple[str, ...] = (),
    day: date | None = None,
) -> Verdict:
    """Look for the school that a row means.

    Where a postcode is given, the schools there are compared first, then those of the
    town or authority; all of England only where the row says of no place that the
    register knows. Only schools that were open on the day of joining count. Two schools
    whose names are nearly as like make no proposal, and end the search.
    """
    if not name:
        return _without_name(directory, postcode, day)
    nearest: tuple[float, School] | None = None
    there = directory.in_places(places)
    pools: dict[str, list[int] | None] = {
        "postcode": directory.at_postcode(postcode) if postcode else [],
        "place": there,
        "name": None,
    }
    for level, pool in pools.items():
        best = _best(directory, name, pool, day)
        if not best:
            continue
        nearest = max(nearest or best[0], best[0], key=lambda entry: entry[0])
        # What a row says of its place and does not fit speaks against the name.
        elsewhere = level == "name" and (postcode or there)
        verdict = None if elsewhere else _judged(best, level, postcode)
        if verdict:
            return verdict
    if nearest is None:
        return Verdict(None, None, "no school of the register was open on that day")
    return Verdict(
        None,
        nearest[0],
        f"no school {_where(postcode, there)}is like enough; nearest is "
        f"{nearest[1].told} ({nearest[0]:.0f})",
    )


def _where(postcode: str, there: list[int]) -> str:
    return "of that postcode or place " if postcode or there else ""


def _best(
    directory: Directory, name: str, pool: list[int] | None, day: date | None
) -> list[tuple[float, School]]:
    """The two schools whose names are most like, among those open on the day."""
    if pool == []:
        return []
    scores = directory.likeness(name, pool)
    best: list[tuple[float, School]] = []
    for at in np.argsort(-scores, kind="stable"):
        school = directory.schools[at if pool is None else pool[at]]
        if day is None or school.open_on(day):
            best.append((round(float(scores[at]), 1), school))
        if len(best) == 2:
            break
    return best


def _judged(best: list[tuple[float, School]], level: str, postcode: str) -> Verdict | None:
    (score, school), *others = best
    if score < LEAST[level]:
        return None
    if others and score - others[0][0] < MARGIN:
        return Verdict(
            None,
            score,
            f"cannot tell: {school.told} ({score:.0f}) and {others[0][1].told} "
            f"({others[0][0]:.0f}) are nearly as like, {_WORDS[level]}",
        )
    why = f"{school.name}, {_WORDS[level]}"
    if postcode and level != "postcode":
        theirs = school.postcode or "not known"
        why += f"; its postcode is {theirs}, not {plain_postcode(postcode)}"
    why += (
        f"; next is {others[0][1].told} ({others[0][0]:.0f})"
        if others
        else "; no other school there"
    )
    return Verdict(school, score, why, by_name_alone=level == "name")


def _without_name(directory: Directory, postcode: str, day: date | None) -> Verdict:
    there = [directory.schools[at] for at in directory.at_postcode(postcode)]
    there = [school for school in there if day is None or school.open_on(day)]
    told = ", ".join(school.told for school in there[:3])
    return Verdict(
        None,
        None,
        f"no name to compare; at the postcode: {told}" if told else "no name to compare",
    )
