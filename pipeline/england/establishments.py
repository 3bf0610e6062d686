"""Every number that a school has or had, as the register of schools lists them."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from pipeline.england.lives import YEARS, Change
from pipeline.england.schools import Schools, day_before
from pipeline.england.tables import YEARS_IN_SCHOOL
from pipeline.england.world import World
from pipeline.measures.measure import KEY_STAGES, KeyStage

_AGES: dict[str, tuple[int, int]] = {
    "ks2": (4, 11),
    "ks4": (11, 16),
    "ks5": (16, 19),
    "infant": (4, 7),
    "junior": (7, 11),
}


@dataclass(frozen=True)
class Establishment:
    """One number of the register, and the school that had it."""

    urn: int
    name: str
    school_type: str
    """The department's code of the type (NFTYPE)."""
    kind: str
    key_stage: KeyStage
    place: int
    """Place of the school among those of its key stage."""
    estab: int
    opened: date | None
    closed: date | None
    why_opened: str
    why_closed: str
    ages: tuple[int, int]
    pupils: int
    """On roll; 0 where it is closed."""

    @property
    def is_open(self) -> bool:
        """Whether it is open on the day of the register."""
        return self.closed is None


def draw(world: World) -> list[Establishment]:
    """List every establishment, each number once."""
    listed: list[Establishment] = []
    for key_stage in KEY_STAGES:
        schools = world.schools[key_stage]
        amalgamated = {
            urn: change
            for change in schools.changes
            if change.kind == "amalgamated"
            for urn in change.before
        }
        rolls = schools.sizes(YEARS[-1]) * YEARS_IN_SCHOOL[key_stage]
        for place in range(len(schools)):
            if key_stage == "ks5" and schools.kind[place] != "college":
                continue
            pupils = round(float(rolls[place]))
            listed += _of_school(schools, place, amalgamated, pupils)
    return sorted(listed, key=lambda establishment: establishment.urn)


def _of_school(
    schools: Schools, k: int, amalgamated: dict[int, Change], pupils: int
) -> list[Establishment]:
    urn, academy, former = (
        int(numbers[k])
        for numbers in (schools.urn, schools.academy_urn, schools.former_urn)
    )
    first_type, kind = str(schools.first_type[k]), str(schools.kind[k])
    name, ends = str(schools.name[k]), _day(schools.ends[k])
    converts, was = _day(schools.converts[k]), _day(schools.was_converted[k])
    begins = was or _day(schools.begins[k])
    change = amalgamated.get(urn)
    ages = _ages(schools, k, junior=change is not None)

    def entry(
        number: int,
        code: str,
        opened: date | None,
        closed: date | None,
        why: tuple[str, str],
        ages: tuple[int, int] = ages,
    ) -> Establishment:
        on_roll = 0 if closed else pupils
        return Establishment(
            number,
            name,
            code,
            kind,
            schools.key_stage,
            k,
            int(schools.estab[k]),
            opened,
            closed,
            *why,
            ages,
            on_roll,
        )

    why_closed = "Closure" if ends and not schools.goes_on[k] else ""
    why_closed = "Result of Amalgamation/Merger" if change else why_closed
    why_opened = "Academy Converter" if was and first_type in ("ACC", "ACCS") else ""
    entries = []
    if converts:
        last = day_before(converts)
        entries.append(
            entry(urn, first_type, begins, last, (why_opened, "Academy Converter"))
        )
        new_type = "ACCS" if kind == "special" else "ACC"
        entries.append(
            entry(academy, new_type, converts, ends, ("Academy Converter", why_closed))
        )
    else:
        entries.append(entry(urn, first_type, begins, ends, (why_opened, why_closed)))
    if was:
        reason = "Academy Converter" if first_type in ("ACC", "ACCS") else "For Academy"
        before = "CYS" if kind == "special" else ("CY", "VA", "VC", "FD")[urn % 4]
        entries.append(entry(former, before, None, day_before(was), ("", reason)))
    if change is not None and schools.key_stage == "ks2":
        infant = entry(
            change.before[-1],
            "CY",
            None,
            day_before(change.on),
            ("", "Result of Amalgamation/Merger"),
            _AGES["infant"],
        )
        name = f"{schools.town[k]} Infant School"
        entries.append(replace(infant, name=name, estab=infant.estab + 1000))
    return entries


def _day(day: np.datetime64) -> date | None:
    return None if np.isnat(day) else day.astype(date)


def _ages(schools: Schools, k: int, *, junior: bool) -> tuple[int, int]:
    if junior and schools.key_stage == "ks2":
        return _AGES["junior"]
    low, high = _AGES[schools.key_stage]
    return (
        (low, 18) if schools.key_stage == "ks4" and schools.sixth_form[k] else (low, high)
    )
