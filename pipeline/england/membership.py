"""Who joined the partnership, when, and who took part in a programme."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipeline.england.schools import Claims, Counts, Numbers, Schools, Words

SHARE_OF_PARTNERS = 0.12
FIRST_UNLISTED_URN = 960_000
COHORTS = (2018, 2019, 2021, 2022)
"""Autumns in which a cohort of Growing the Top began; the pandemic left one out."""
PROGRAMME = "growing-the-top"


@dataclass(frozen=True)
class Spell:
    """One unbroken time of one school in the partnership or in a programme."""

    urn: int
    joined: date
    left: date | None

    def counts_in(self, year: int) -> bool:
        """Say whether the school was a member for the whole academic year."""
        stayed = self.left is None or self.left >= date(year, 8, 31)
        return self.joined <= date(year - 1, 9, 1) and stayed


@dataclass(frozen=True)
class Place:
    """One school's place in a cohort of a programme, with the trio it worked in."""

    spell: Spell
    cohort: int
    trio: str


@dataclass(frozen=True)
class Partners:
    """Which schools of one key stage ever joined, and in which hub they are."""

    joins: Claims
    hub: Counts
    """Number of the school's hub, for every school; only partners belong to it."""
    spells: tuple[Spell, ...]

    def counted(self, schools: Schools, year: int) -> Claims:
        """Say which schools were members for the whole academic year."""
        members = [spell.urn for spell in self.spells if spell.counts_in(year)]
        return np.isin(schools.urn, members)


def hub_names(authorities: dict[int, str], rng: np.random.Generator) -> list[str]:
    """Name the hubs: one to an authority, and two in every eighth one."""
    hubs = [f"{name.removesuffix('shire')} Hub" for name in authorities.values()]
    split = rng.permutation(len(hubs))[: len(hubs) // 8]
    return hubs + [hubs[k].replace(" Hub", " East Hub") for k in sorted(split)]


def draw_partners(rng: np.random.Generator, schools: Schools, hubs: list[str]) -> Partners:
    """Draw the partners among the established mainstream schools, and their dates.

    Who joins, when and for how long hangs on nothing else: the higher progress that
    partners have before they join is added to them afterwards (see `results`), so that
    selection and effect can be told apart exactly.
    """
    able = np.flatnonzero(schools.is_mainstream & schools.is_established)
    mainstream = int((schools.kind == "mainstream").sum())
    chosen = rng.permutation(able)[: round(SHARE_OF_PARTNERS * mainstream)]
    joins = np.zeros(len(schools.urn), dtype=bool)
    joins[chosen] = True
    spells: list[Spell] = []
    for turn, school in enumerate(chosen):
        urn = int(schools.urn[school])
        if turn < max(2, len(chosen) // 50):
            spells += _two_spells(rng, urn)
        else:
            spells.append(draw_spell(rng, urn))
    return Partners(joins, _hubs(rng, schools, hubs), tuple(spells))


def draw_spell(rng: np.random.Generator, urn: int) -> Spell:
    """Draw one spell: joined from 2011 to 2022, seven of eight still members."""
    joined = _joining(rng, int(rng.integers(2011, 2023)))
    if rng.random() >= 0.12:
        return Spell(urn, joined, None)
    year = min(joined.year + int(rng.integers(1, 6)), 2023)
    if year == joined.year or rng.random() < 0.6:
        return Spell(urn, joined, date(max(year, joined.year + 1), 8, 31))
    return Spell(urn, joined, date(year, int(rng.integers(2, 8)), 15))


def _two_spells(rng: np.random.Generator, urn: int) -> list[Spell]:
    left = date(int(rng.integers(2015, 2018)), 8, 31)
    again = date(int(rng.integers(2018, 2021)), 9, 1)
    return [
        Spell(urn, _joining(rng, int(rng.integers(2011, 2014))), left),
        Spell(urn, again, None),
    ]


def _joining(rng: np.random.Generator, year: int) -> date:
    if rng.random() < 0.85:
        return date(year, 9, 1)
    # Joined in the middle of a school year: that year does not count.
    return date(year, int(rng.choice([1, 2, 4, 6, 11])), int(rng.integers(2, 28)))


def _hubs(rng: np.random.Generator, schools: Schools, hubs: list[str]) -> Counts:
    authorities = list(schools.authority_names)
    own = np.searchsorted(np.array(authorities), schools.authority)
    hub = own.copy()
    for number, name in enumerate(hubs[len(authorities) :], start=len(authorities)):
        split = hubs.index(name.replace(" East Hub", " Hub"))
        east = (own == split) & (rng.random(len(own)) < 0.5)
        hub[east] = number
    return hub


def draw_places(
    rng: np.random.Generator, spells: list[Spell], underlying: dict[int, float]
) -> list[Place]:
    """Choose the cohorts of Growing the Top: trios of partners with high progress.

    Chosen from the upper half of the members by their lasting progress, which no
    report can see but their heads' reputation can. The programme itself changes
    nothing here: whoever finds an effect of it has found this choice.
    """
    places: list[Place] = []
    free = sorted(underlying, key=lambda urn: -underlying[urn])
    free = free[: len(free) // 2]
    for number, year in enumerate(COHORTS):
        start, one, two = date(year, 9, 1), date(year + 1, 8, 31), date(year + 2, 8, 31)
        able = [urn for urn in free if _is_member(spells, urn, start, two)]
        fair = len(able) // 3 // min(3, len(COHORTS) - number)
        trios = min(int(rng.integers(6, 9)), max(fair, min(1, len(able) // 3)))
        chosen = [able[k] for k in rng.permutation(len(able))[: 3 * trios]]
        for place, urn in enumerate(chosen):
            trio = place // 3
            left = one if (trio + number) % 3 else two
            name = f"{year}-{trio + 1:02d}"
            places.append(Place(Spell(urn, start, left), year, name))
        free = [urn for urn in free if urn not in set(chosen)]
    return places


def _is_member(spells: list[Spell], urn: int, first: date, last: date) -> bool:
    return any(
        spell.urn == urn
        and spell.joined <= first
        and (spell.left is None or spell.left >= last)
        for spell in spells
    )


def unlisted(
    rng: np.random.Generator, hubs: list[str], count: int
) -> list[tuple[Spell, str, str]]:
    """Make up members that no table holds: spell, name and hub of each.

    An organisation's records hold nurseries, schools abroad and slips of the pen.
    """
    drawn = []
    for number in range(count):
        spell = draw_spell(rng, FIRST_UNLISTED_URN + 7 * number)
        hub = hubs[int(rng.integers(0, len(hubs)))]
        drawn.append((spell, f"{hub.removesuffix(' Hub')} Nursery School", hub))
    return drawn


def hub_shock(z: Numbers, partners: Partners) -> Numbers:
    """Give every partner its hub's common fortune, and every other school none.

    Schools of a hub work together and rise and fall together, so they are no
    independent evidence: errors that are not clustered by hub come out too small.
    """
    shock: Numbers = np.where(partners.joins, z[partners.hub], 0.0)
    return shock


def names_by_urn(schools: Schools) -> dict[int, str]:
    """Look up the name under which the tables list a school."""
    names: Words = schools.name
    return {int(urn): str(n) for urn, n in zip(schools.urn, names, strict=True)}
