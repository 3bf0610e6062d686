"""The schools of the synthetic England: where, of what type, how large, since when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.england import names
from pipeline.measures import school_types
from pipeline.measures.measure import KeyStage

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
Claims = NDArray[np.bool_]
Words = NDArray[np.object_]

YEARS = tuple(range(2016, 2024))
"""Academic years, by the year in which they end, in which schools live and teach."""
PUBLISHED: dict[KeyStage, tuple[int, ...]] = {
    "ks2": (2016, 2017, 2018, 2019, 2023),
    "ks4": (2016, 2017, 2018, 2019, 2022, 2023),
}
FIRST_AUTHORITY = 400
"""The department uses no code from 400 to 439."""

_TYPES: dict[str, dict[str, float]] = {
    "ks2": {"CY": 45, "VA": 15, "VC": 12, "ACC": 15, "AC": 8, "FD": 3, "F": 2},
    "ks4": {
        "ACC": 45,
        "AC": 20,
        "CY": 14,
        "VA": 9,
        "FD": 5,
        "F": 5,
        "FUTC": 1,
        "FSS": 1,
    },
    "special": {"CYS": 58, "ACS": 15, "ACCS": 10, "FDS": 5, "FS": 2, "NMSS": 10},
    "independent": {"IND": 85, "INDSPEC": 15},
}
_SIZES = {
    "ks2": (15, 90),
    "ks4": (90, 280),
    "special": (3, 22),
    "independent": (4, 130),
}
_MIDDLE_SIZE = {"ks2": (38, 0.45), "ks4": (165, 0.26), "special": (9, 0.5)}
_FIRST_ESTAB = {"ks2": 2000, "ks4": 4000, "special": 7000, "independent": 6000}


@dataclass(frozen=True)
class Schools:
    """Every school of one key stage, one entry per school in each array."""

    key_stage: KeyStage
    urn: Counts
    alphaind: Counts
    authority: Counts
    estab: Counts
    name: Words
    town: Words
    postcode: Words
    kind: Words
    """`mainstream`, `special` or `independent`."""
    school_type: Words
    """The department's code of the type (NFTYPE)."""
    record: Words
    """RECTYPE: 1 mainstream and independent, 2 special."""
    opened: Counts
    first_cohort: Counts
    last_year: Counts
    size: Numbers
    """Usual number of pupils at the end of the key stage."""
    share: Numbers
    """Usual share of disadvantaged pupils, before any difference of partner schools."""
    authority_names: dict[int, str]

    @property
    def is_mainstream(self) -> Claims:
        """State-funded and mainstream: the schools that a comparison may hold."""
        place = school_types.place_in_comparison
        held = [
            place(record, kind) == school_types.MAINSTREAM
            for record, kind in zip(self.record, self.school_type, strict=True)
        ]
        return np.array(held, dtype=bool)

    @property
    def is_state_funded(self) -> Claims:
        """Counted in the national row of state-funded schools."""
        held = [school_types.is_state_funded(kind) for kind in self.school_type]
        return np.array(held, dtype=bool)

    @property
    def is_established(self) -> Claims:
        """Open, with pupils at the end of the key stage, before the first table."""
        return self.first_cohort < YEARS[0]

    def is_listed(self, year: int) -> Claims:
        """Tell which schools stand in the tables of that year, with results or not."""
        return (self.opened <= year) & (year <= self.last_year)

    def has_cohort(self, year: int) -> Claims:
        """Tell which schools had pupils at the end of the key stage that year."""
        return (self.first_cohort <= year) & (year <= self.last_year)


def authorities_for(mainstream: int) -> int:
    """Say how many local authorities there are: 40 in a country of the usual size."""
    return int(np.clip(mainstream // 40, 6, 40))


def draw(
    rng: np.random.Generator,
    key_stage: KeyStage,
    *,
    mainstream: int,
    authorities: dict[int, str],
    towns: list[str],
    first_urn: int,
) -> Schools:
    """Draw the schools of one key stage, special and independent ones among them."""
    kind = _kinds(key_stage, mainstream)
    count = len(kind)
    school_type = _types(rng, key_stage, kind)
    town = [towns[k] for k in rng.integers(0, len(towns), count)]
    opened, first_cohort, last_year = _lives(rng, key_stage, kind)
    special = np.isin(school_type, ["INDSPEC"]) | (kind == "special")
    return Schools(
        key_stage=key_stage,
        urn=first_urn + rng.permutation(count),
        alphaind=2 * rng.permutation(count) + (100 if key_stage == "ks2" else 20_100),
        authority=rng.choice(np.array(list(authorities)), count),
        estab=_estabs(key_stage, kind),
        name=np.array(names.school_names(key_stage, list(kind), town), dtype=object),
        town=np.array(town, dtype=object),
        postcode=np.array([_postcode(rng) for _ in range(count)], dtype=object),
        kind=kind,
        school_type=school_type,
        record=np.where(special, "2", "1").astype(object),
        opened=opened,
        first_cohort=first_cohort,
        last_year=last_year,
        size=_sizes(rng, key_stage, kind),
        share=np.clip(rng.beta(2.6, 7.4, count), 0.0, 0.85),
        authority_names=authorities,
    )


def _kinds(key_stage: KeyStage, mainstream: int) -> Words:
    special = max(6, mainstream // (20 if key_stage == "ks2" else 8))
    independent = 0 if key_stage == "ks2" else max(8, mainstream // 6)
    kinds = ["mainstream"] * mainstream
    kinds += ["special"] * special + ["independent"] * independent
    return np.array(kinds, dtype=object)


def _types(rng: np.random.Generator, key_stage: KeyStage, kind: Words) -> Words:
    drawn = np.empty(len(kind), dtype=object)
    for name in ("mainstream", "special", "independent"):
        at = np.flatnonzero(kind == name)
        shares = _TYPES[key_stage if name == "mainstream" else name]
        chance = np.array(list(shares.values())) / sum(shares.values())
        drawn[at] = rng.choice(np.array(list(shares), dtype=object), len(at), p=chance)
    # The national rows of all and of state-funded schools differ in any country.
    drawn[np.flatnonzero(kind == "special")[0]] = "NMSS"
    return drawn


def _sizes(rng: np.random.Generator, key_stage: KeyStage, kind: Words) -> Numbers:
    sizes = np.empty(len(kind))
    for name in ("mainstream", "special", "independent"):
        at = np.flatnonzero(kind == name)
        code = key_stage if name == "mainstream" else name
        middle, spread = _MIDDLE_SIZE.get(code, (45, 0.8))
        drawn = middle * np.exp(rng.normal(0, spread, len(at)))
        sizes[at] = np.clip(drawn, *_SIZES[code])
    if key_stage == "ks2":
        # Village schools: their figures are suppressed in one year and not in another.
        village = (rng.random(len(kind)) < 0.06) & (kind == "mainstream")
        sizes[village] = rng.uniform(4, 12, int(village.sum()))
    return sizes


def _lives(
    rng: np.random.Generator, key_stage: KeyStage, kind: Words
) -> tuple[Counts, Counts, Counts]:
    count = len(kind)
    opened = np.full(count, 1990)
    first = np.full(count, 1990)
    last = np.full(count, 2100)
    mainstream = rng.permutation(np.flatnonzero(kind == "mainstream"))
    each = max(1, round(0.004 * len(mainstream)))
    for turn, year in enumerate(PUBLISHED[key_stage]):
        new = mainstream[turn * each : (turn + 1) * each]
        opened[new] = year
        first[new] = year + rng.integers(1, 5, len(new))
    closing = mainstream[len(PUBLISHED[key_stage]) * each :][: max(2, count // 70)]
    last[closing] = rng.choice(YEARS[1:-1], len(closing))
    return opened, first, last


def _estabs(key_stage: KeyStage, kind: Words) -> Counts:
    estabs = np.empty(len(kind), dtype=np.int64)
    for name in ("mainstream", "special", "independent"):
        at = np.flatnonzero(kind == name)
        code = key_stage if name == "mainstream" else name
        # The number runs through the country, so it is the only one in its authority.
        estabs[at] = _FIRST_ESTAB[code] + np.arange(len(at)) % 1990
    return estabs


def _postcode(rng: np.random.Generator) -> str:
    """Make up a postcode in the area ZZ, which does not exist."""
    one, two, three, four = rng.integers(0, 20, 4)
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return f"ZZ{one + 1} {two % 10}{letters[three]}{letters[four]}"
