"""Who joined the partnership, when, and who took part in a programme."""

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np

from pipeline.england.arrays import Claims, Counts, Numbers
from pipeline.england.lives import YEARS
from pipeline.england.schools import Schools
from pipeline.measures.measure import KeyStage

SHARE_OF_PARTNERS = 0.12
FIRST_UNLISTED_URN = 990_000
FIRST_JOINING, LAST_JOINING = 2011, 2023
"""Years in which a school can join."""
COHORTS = (2018, 2019, 2021, 2022)
"""Autumns in which a cohort of Growing the Top began; the pandemic left one out."""
PROGRAMME = "growing-the-top"


@dataclass(frozen=True)
class Spell:
    """One unbroken time of one school in the partnership or in a programme."""

    urn: int
    joined: date
    left: date | None
    told: bool = True
    """Whether the organisation's own records know that it left."""

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

    urn: Counts
    """Number of every school, by which spells name it."""
    joins: Claims
    hub: Counts
    """Number of the school's hub, for every school; only partners belong to it."""
    spells: tuple[Spell, ...]
    _years: tuple[int, ...] = field(default=tuple(range(FIRST_JOINING + 1, YEARS[-1] + 1)))

    @cached_property
    def _member(self) -> Claims:
        """Membership for the whole year: one row a school, one column a year."""
        place = {urn: k for k, urn in enumerate(self.urn.tolist())}
        member = np.zeros((len(self.urn), len(self._years)), dtype=bool)
        for spell in self.spells:
            for column, year in enumerate(self._years):
                member[place[spell.urn], column] |= spell.counts_in(year)
        return member

    def counted(self, year: int) -> Claims:
        """Say which schools were members for the whole academic year."""
        member: Claims = self._member[:, year - self._years[0]]
        return member

    def exposure(self, year: int) -> Counts:
        """Count the years of membership up to this one, if the school is a member then."""
        upto = self._member[:, : year - self._years[0] + 1].sum(axis=1)
        return np.where(self.counted(year), upto, 0)

    @cached_property
    def first_year(self) -> Counts:
        """Give the first academic year of membership, 0 for schools without any."""
        first = np.array(self._years)[self._member.argmax(axis=1)]
        return np.where(self._member.any(axis=1), first, 0)

    def has_neighbour(self, schools: Schools, year: int) -> Claims:
        """Say which schools outside have a member in their neighbourhood that year.

        A neighbourhood is a ward for primary schools and a district for others.
        """
        area = schools.ward if schools.key_stage == "ks2" else schools.district
        place = schools.authority * 10_000 + area
        return np.isin(place, place[self.counted(year)]) & ~self.counted(year)


def hub_names(authorities: dict[int, str], rng: np.random.Generator) -> list[str]:
    """Name the hubs: one to an authority, and two in every eighth one."""
    hubs = [f"{name.removesuffix('shire')} Hub" for name in authorities.values()]
    split = rng.permutation(len(hubs))[: len(hubs) // 8]
    return hubs + [hubs[k].replace(" Hub", " East Hub") for k in sorted(split)]


def draw_partners(rng: np.random.Generator, schools: Schools, hubs: list[str]) -> Partners:
    """Draw the partners among the established mainstream schools, and their dates.

    Who joins, when and for how long hangs on nothing else: what sets partners apart
    before they join is added to them afterwards (see `results`), so that selection and
    effect can be told apart exactly.
    """
    able = np.flatnonzero(schools.is_mainstream & schools.is_established)
    mainstream = int((schools.kind == "mainstream").sum())
    chosen = rng.permutation(able)[: round(SHARE_OF_PARTNERS * mainstream)]
    joins = np.zeros(len(schools), dtype=bool)
    joins[chosen] = True
    spells: list[Spell] = []
    for turn, school in enumerate(chosen):
        urn = int(schools.urn[school])
        comes_back = turn < max(2, len(chosen) // 50)
        own = _two_spells(rng, urn) if comes_back else [draw_spell(rng, urn)]
        if schools.goes_on[school]:
            own = _until(rng, own[:1], schools.ends[school].astype(date))
        spells += own
    return Partners(schools.urn, joins, _hubs(rng, schools, hubs), tuple(spells))


def of_sixth_forms(partners: Partners, schools: Schools) -> Partners:
    """Give the partners of key stage 5: secondary schools that have a sixth form."""
    place = {urn: k for k, urn in enumerate(partners.urn.tolist())}
    at = np.array([place.get(urn, -1) for urn in schools.urn.tolist()])
    inside = set(schools.urn.tolist())
    return Partners(
        schools.urn,
        np.where(at >= 0, partners.joins[at], False),
        np.where(at >= 0, partners.hub[at], 0),
        tuple(spell for spell in partners.spells if spell.urn in inside),
    )


def draw_spell(rng: np.random.Generator, urn: int) -> Spell:
    """Draw one spell: joined from 2011 to 2023, seven of eight still members."""
    joined = _joining(rng, int(rng.integers(FIRST_JOINING, LAST_JOINING + 1)))
    if rng.random() >= 0.12:
        return Spell(urn, joined, None)
    year = min(joined.year + int(rng.integers(1, 6)), LAST_JOINING + 1)
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


def _until(rng: np.random.Generator, spells: list[Spell], last: date) -> list[Spell]:
    """End membership where the school ends; half of the records never hear of it."""
    told = bool(rng.random() < 0.5)
    joined = min(spells[0].joined, date(last.year - 2, 9, 1))
    left = spells[0].left
    if left is not None and joined < left < last:
        return [replace(spells[0], joined=joined)]
    return [Spell(spells[0].urn, joined, last, told=told)]


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
    by_urn: dict[int, list[Spell]] = {}
    for spell in spells:
        by_urn.setdefault(spell.urn, []).append(spell)
    places: list[Place] = []
    free = sorted(underlying, key=lambda urn: -underlying[urn])
    free = free[: len(free) // 2]
    for number, year in enumerate(COHORTS):
        start, one, two = date(year, 9, 1), date(year + 1, 8, 31), date(year + 2, 8, 31)
        able = [urn for urn in free if _is_member(by_urn.get(urn, []), start, two)]
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


def _is_member(spells: list[Spell], first: date, last: date) -> bool:
    return any(
        spell.joined <= first and (spell.left is None or spell.left >= last)
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


REGISTERED: tuple[KeyStage, ...] = ("ks2", "ks4")
"""Key stages whose schools the organisation's records list; sixth forms are among them."""


@dataclass(frozen=True)
class WrittenNumber:
    """Under which number the organisation's records name a school."""

    urn: int
    name: str


def written_numbers(
    rng: np.random.Generator, schools: Schools, partners: Partners
) -> dict[int, WrittenNumber]:
    """Say how the records name each partner: under its old or its new number.

    Nobody tells them when a school becomes an academy. Records that were brought up to
    date since hold the new number, even where the school joined under the old one.
    """
    flip = rng.random(len(schools)) < 0.5
    joined = {spell.urn: spell.joined for spell in partners.spells}
    written = {}
    for place in np.flatnonzero(partners.joins):
        urn, academy = int(schools.urn[place]), int(schools.academy_urn[place])
        is_new = academy and (
            flip[place] or joined[urn] >= schools.converts[place].astype(date)
        )
        written[urn] = WrittenNumber(academy if is_new else urn, str(schools.name[place]))
    return written
