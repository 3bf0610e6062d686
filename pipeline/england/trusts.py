"""Which academies belong to which trust, and since when."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipeline.england.calibration import SINGLE_ACADEMY_TRUSTS, TRUST_SIZES
from pipeline.england.membership import REGISTERED
from pipeline.england.world import World

AS_AT = date(2024, 9, 1)
"""The day of the register of schools."""
FIRST_UID = 90_000
"""The register's own numbers of groups end far below."""
MULTI, SINGLE, FOUNDATION = "Multi-academy trust", "Single-academy trust", "Trust"


@dataclass(frozen=True)
class TrustSchool:
    """One school of one trust, on the day of the register."""

    urn: int
    uid: int
    trust: str
    kind: str
    joined: date
    name: str
    authority: int


@dataclass(frozen=True)
class _Academy:
    urn: int
    name: str
    authority: int
    region: int
    since: date | None


def draw(world: World) -> list[TrustSchool]:
    """Put the academies that are open into trusts as large as real ones.

    Trusts are made of neighbours: most lie within one authority, some reach over a
    region. Schools that left a trust, or closed, are in none: the file is of one day.
    """
    rng = np.random.default_rng([world.seed, 60])
    academies, foundations = _academies(world), _foundation_schools(world)
    place = np.array([a.region * 1000 + a.authority for a in academies], dtype=float)
    order = np.argsort(place + rng.normal(0, 0.8, len(academies)), kind="stable")
    alone = rng.random(len(academies)) < SINGLE_ACADEMY_TRUSTS
    sizes = np.array(list(TRUST_SIZES))
    chances = np.array(list(TRUST_SIZES.values()))
    told: list[TrustSchool] = []
    uid, left, name = FIRST_UID, 0, ""
    for k in order.tolist():
        academy = academies[k]
        if alone[k]:
            single = FIRST_UID + 5000 + k
            joined = academy.since or date(2012, 9, 1)
            told.append(_member(academy, single, academy.name.upper(), SINGLE, joined))
            continue
        if left == 0:
            left = int(rng.choice(sizes, p=chances / chances.sum()))
            uid += 1
            first = academy.name.split(" ")[0].strip(",")
            name = (
                f"{first.upper()} {('LEARNING', 'ACADEMIES', 'EDUCATION')[uid % 3]} TRUST"
            )
        left -= 1
        joined = _joined(rng, academy)
        told.append(_member(academy, uid, name, MULTI, joined))
    for k, school in enumerate(foundations):
        if rng.random() < 0.4:
            trust = f"{school.name} Trust"
            told.append(
                _member(
                    school, FIRST_UID + 9000 + k // 3, trust, FOUNDATION, date(2012, 4, 1)
                )
            )
    return sorted(told, key=lambda school: school.urn)


def _member(academy: _Academy, uid: int, trust: str, kind: str, on: date) -> TrustSchool:
    return TrustSchool(academy.urn, uid, trust, kind, on, academy.name, academy.authority)


def _joined(rng: np.random.Generator, academy: _Academy) -> date:
    """Join on the first day as an academy, or some years later."""
    since = academy.since or date(2014, 9, 1)
    if rng.random() < 0.6:
        return since
    later = date(
        min(since.year + int(rng.integers(1, 8)), 2024), int(rng.integers(1, 9)), 1
    )
    return max(since, later)


def _academies(world: World) -> list[_Academy]:
    found = []
    for key_stage in REGISTERED:
        schools = world.schools[key_stage]
        converts = ~np.isnat(schools.converts)
        is_one = np.isin(
            schools.first_type, ["ACC", "AC", "F", "FUTC", "FSS", "ACS", "ACCS"]
        )
        stays = np.isnat(schools.ends)
        for k in np.flatnonzero((is_one | converts) & stays).tolist():
            day = schools.converts[k] if converts[k] else schools.was_converted[k]
            day = schools.begins[k] if np.isnat(day) else day
            found.append(
                _Academy(
                    int(schools.academy_urn[k] or schools.urn[k]),
                    str(schools.name[k]),
                    int(schools.authority[k]),
                    int(schools.region[k]),
                    None if np.isnat(day) else day.astype(date),
                )
            )
    return found


def _foundation_schools(world: World) -> list[_Academy]:
    found = []
    for key_stage in REGISTERED:
        schools = world.schools[key_stage]
        is_one = (schools.first_type == "FD") & np.isnat(schools.converts)
        for k in np.flatnonzero(is_one & np.isnat(schools.ends)).tolist():
            found.append(
                _Academy(
                    int(schools.urn[k]),
                    str(schools.name[k]),
                    int(schools.authority[k]),
                    int(schools.region[k]),
                    None,
                )
            )
    return found
