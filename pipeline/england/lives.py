"""How schools open, close, become academies, merge and split, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np

from pipeline.england.arrays import NO_DAY, Claims, Counts, Days, Numbers, Words, words
from pipeline.england.calibration import (
    AMALGAMATED,
    CONVERSION_MONTHS,
    CONVERTED,
    MERGED,
    SPLIT,
    SPONSORED,
)
from pipeline.measures.measure import KeyStage

YEARS = tuple(range(2016, 2025))
"""Academic years, by the year in which they end, in which schools live and teach."""
PUBLISHED: dict[KeyStage, tuple[int, ...]] = {
    "ks2": (2016, 2017, 2018, 2019, 2023, 2024),
    "ks4": (2016, 2017, 2018, 2019, 2022, 2023, 2024),
    "ks5": (2016, 2017, 2018, 2019, 2022, 2023, 2024),
}
EVER, NEVER = 1990, 2100
"""Years that stand for 'long before the first table' and 'after the last one'."""
MAINTAINED = ("CY", "VA", "VC", "FD")

Kind = Literal["converted", "sponsored", "merged", "amalgamated", "split"]


@dataclass(frozen=True)
class Change:
    """One event after which a school goes by another number."""

    kind: Kind
    before: tuple[int, ...]
    after: tuple[int, ...]
    on: date
    """First day under the new number, or of the larger school."""


@dataclass(frozen=True)
class Successor:
    """A school that begins where another one ended."""

    of: int
    """Place of the school that it goes on from."""
    kind: Kind
    school_type: str
    on: date
    size: float = 1.0
    """Size, with that of the school before it for one."""


@dataclass
class Lives:
    """What becomes of each school, one entry per school in each array."""

    opened: Counts
    """Year of the first table that lists it."""
    first_cohort: Counts
    last_year: Counts
    """Year of the last table that lists it."""
    ends: Days
    """Last day, where it closes."""
    goes_on: Claims
    """Whether it closes into another school."""
    converts: Days
    """First day as an academy of its own making, where it becomes one."""
    grows: Counts
    """Year of the first table in which it holds another school's pupils as well."""
    takes: Counts
    """Place of the school whose pupils it takes, where it grows."""
    successors: list[Successor] = field(default_factory=list)
    together: list[tuple[Kind, tuple[int, ...], int | None, date]] = field(
        default_factory=list
    )
    """Mergers and amalgamations: kind, places of the schools before, place of the one
    that stays (None: the next successor), day."""


def first_table(day: date) -> int:
    """Say which year's table is the first to list a school under a number of this day.

    SOURCE: the tables list academies that opened by 12 September before the school year;
    a school that converts later stands there under its former number.
    """
    return day.year + (1 if (day.month, day.day) <= (9, 12) else 2)


def draw(
    rng: np.random.Generator,
    key_stage: KeyStage,
    kind: Words,
    school_type: Words,
    authority: Counts,
    size: Numbers,
) -> Lives:
    """Draw what becomes of the mainstream schools of one key stage.

    No school has more than one of these fates, so that a chain of numbers has at most
    three links. Each fate happens at least once in any country.
    """
    count = len(kind)
    lives = Lives(
        opened=np.full(count, EVER),
        first_cohort=np.full(count, EVER),
        last_year=np.full(count, NEVER),
        ends=np.full(count, NO_DAY),
        goes_on=np.zeros(count, dtype=bool),
        converts=np.full(count, NO_DAY),
        grows=np.full(count, NEVER),
        takes=np.full(count, -1),
    )
    order = rng.permutation(np.flatnonzero(kind == "mainstream"))
    mainstream = len(order)
    queue = iter(order.tolist())
    published = PUBLISHED[key_stage]
    for year in published:
        for school in _next(queue, max(1, round(0.004 * mainstream))):
            lives.opened[school] = year
            lives.first_cohort[school] = year + rng.integers(1, 5)
    for school in _next(queue, max(2, mainstream // 70)):
        last = int(rng.choice(YEARS[1:-1]))
        lives.last_year[school] = last
        lives.ends[school] = np.datetime64(date(last, 8, 31))
    # Small schools merge, and large ones split.
    middle = float(np.median(size[order]))
    rest = sorted(queue, key=lambda school: size[school] > middle)
    rest = _merge(rng, lives, rest, authority, mainstream)
    rest = _amalgamate(rng, lives, key_stage, rest, authority, mainstream)
    split = max(1, round(SPLIT * mainstream))
    for school in rest[len(rest) - split :]:
        day = _autumn(rng)
        _end(lives, school, day)
        lives.successors += [
            Successor(school, "split", str(school_type[school]), day, size)
            for size in (0.55, 0.45)
        ]
    _become_academies(
        rng,
        lives,
        key_stage,
        rng.permutation(rest[: len(rest) - split]).tolist(),
        school_type,
        mainstream,
    )
    return lives


def _next(queue: Iterator[int], count: int) -> list[int]:
    return [school for _, school in zip(range(count), queue, strict=False)]


def _end(lives: Lives, school: int, day: date) -> None:
    """Close a school on the day before its successor begins."""
    lives.ends[school] = np.datetime64(day - timedelta(days=1))
    lives.last_year[school] = first_table(day) - 1
    lives.goes_on[school] = True


def _pairs(rest: list[int], authority: Counts, count: int) -> list[tuple[int, int]]:
    """Find pairs of schools of one authority, first come first served."""
    waiting: dict[int, int] = {}
    pairs: list[tuple[int, int]] = []
    for school in rest:
        code = int(authority[school])
        if len(pairs) == count:
            break
        if code in waiting:
            pairs.append((waiting.pop(code), school))
        else:
            waiting[code] = school
    return pairs


def _merge(
    rng: np.random.Generator,
    lives: Lives,
    rest: list[int],
    authority: Counts,
    mainstream: int,
) -> list[int]:
    pairs = _pairs(rest, authority, max(1, round(MERGED * mainstream)))
    for stays, closes in pairs:
        day = _autumn(rng)
        _end(lives, closes, day)
        lives.grows[stays] = first_table(day)
        lives.takes[stays] = closes
        lives.together.append(("merged", (closes,), stays, day))
    return _without(rest, pairs)


def _amalgamate(
    rng: np.random.Generator,
    lives: Lives,
    key_stage: KeyStage,
    rest: list[int],
    authority: Counts,
    mainstream: int,
) -> list[int]:
    """Make new schools of old ones: of a junior and an infant school, or of two.

    An infant school has no pupils at the end of key stage 2, so it stands in no table,
    and only the register of schools knows of it.
    """
    wanted = max(1, round(AMALGAMATED * mainstream))
    chosen: Sequence[tuple[int, ...]] = _pairs(rest, authority, wanted)
    size = 1.9
    if key_stage == "ks2":
        chosen, size = [(school,) for school in rest[:wanted]], 1.0
    for schools in chosen:
        day = _autumn(rng)
        for school in schools:
            _end(lives, school, day)
        lives.together.append(("amalgamated", tuple(schools), None, day))
        lives.successors.append(Successor(schools[0], "amalgamated", "CY", day, size))
    return _without(rest, chosen)


def _without(rest: list[int], taken: Sequence[tuple[int, ...]]) -> list[int]:
    gone = {school for schools in taken for school in schools}
    return [school for school in rest if school not in gone]


def _become_academies(
    rng: np.random.Generator,
    lives: Lives,
    key_stage: KeyStage,
    rest: list[int],
    school_type: Words,
    mainstream: int,
) -> None:
    able = iter([school for school in rest if school_type[school] in MAINTAINED])
    for year in YEARS[1:]:
        for school in _next(able, max(1, round(SPONSORED[key_stage][year] * mainstream))):
            day = _in_table_of(rng, year)
            _end(lives, school, day)
            lives.successors.append(Successor(school, "sponsored", "AC", day))
        for school in _next(able, max(1, round(CONVERTED[key_stage][year] * mainstream))):
            lives.converts[school] = np.datetime64(_in_table_of(rng, year))


def _in_table_of(rng: np.random.Generator, year: int) -> date:
    """Draw a first day as an academy that this year's table is the first to know."""
    month = int(rng.choice(list(CONVERSION_MONTHS), p=_month_chances()))
    return date(year - 1 if month <= 9 else year - 2, month, 1)


def _month_chances() -> list[float]:
    total = sum(CONVERSION_MONTHS.values())
    return [chance / total for chance in CONVERSION_MONTHS.values()]


def _autumn(rng: np.random.Generator) -> date:
    return date(int(rng.choice(YEARS[:-1])), 9, 1)


def tables_after(days: Days) -> Counts:
    """Give the year of the first table after each of these days, `NEVER` without one."""
    years = np.full(len(days), NEVER)
    for place in np.flatnonzero(~np.isnat(days)):
        years[place] = first_table(days[place].astype(date))
    return years


def day_text(days: Days) -> Words:
    """Write days as the register of schools does, 31-08-2019, and nothing for none."""
    return words(["" if np.isnat(day) else f"{day.astype(date):%d-%m-%Y}" for day in days])
