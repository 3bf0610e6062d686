"""The schools of the synthetic England: where, of what type, how large, since when."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.england import lives, names
from pipeline.england.arrays import NO_DAY, Claims, Counts, Days, Numbers, Words, words
from pipeline.england.calibration import (
    COLLEGE_TYPES,
    COLLEGES,
    CONSORTIA,
    REGIONS,
    SELECTIVE,
    SINGLE_SEX,
    SIXTH_FORM,
    SIXTH_FORMS_CLOSED,
    SIZE_QUANTILES,
    TYPES,
)
from pipeline.england.country import Country
from pipeline.england.lives import EVER, NEVER, Change, Lives, Successor
from pipeline.measures import school_types
from pipeline.measures.measure import KeyStage

_SIZES = {"special": (9, 0.5, 3, 22), "independent": (45, 0.8, 4, 130)}
"""Middle, spread, least and most pupils at the end of the key stage."""
_FIRST_ESTAB = {"ks2": 2000, "ks4": 4000, "special": 7000, "independent": 6000}
_LETTERS = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))


@dataclass(frozen=True)
class Schools:
    """Every school of one key stage, one entry per school in each array.

    A school that becomes an academy of its own making is one school with two numbers;
    one that ends and goes on under a sponsor, or in a merger, ends here, and what comes
    after it is another school.
    """

    key_stage: KeyStage
    urn: Counts
    """Number in the first table, or the only one."""
    authority: Counts
    region: Counts
    """Place of its region in `REGIONS`."""
    district: Counts
    """Number of the district in the authority."""
    ward: Counts
    """Number of the ward in the authority."""
    estab: Counts
    name: Words
    town: Words
    postcode: Words
    kind: Words
    """`mainstream`, `special`, `independent` or, at key stage 5, `college`."""
    first_type: Words
    """The department's code of the type (NFTYPE) under the first number."""
    record: Words
    """RECTYPE: 1 mainstream and independent, 2 special, 3 (key stage 5) consortium."""
    gender: Words
    selective: Claims
    sixth_form: Claims
    opened: Counts
    first_cohort: Counts
    last_year: Counts
    begins: Days
    ends: Days
    goes_on: Claims
    converts: Days
    """First day as an academy, where it becomes one in these years."""
    academy_urn: Counts
    """Number from then on; 0 without one."""
    former_urn: Counts
    """Number before the first table, of schools that were academies by then; 0 if none."""
    was_converted: Days
    """First day as an academy, where that was before the first table."""
    size: Numbers
    """Usual number of pupils at the end of the key stage."""
    grows: Counts
    takes: Counts
    share: Numbers
    """Usual share of disadvantaged pupils, before any difference of partner schools."""
    authority_names: dict[int, str]
    changes: tuple[Change, ...] = ()

    def __len__(self) -> int:
        """Count the schools."""
        return len(self.urn)

    @cached_property
    def is_mainstream(self) -> Claims:
        """State-funded and mainstream: the schools that a comparison may hold."""
        place = school_types.place_in_comparison
        pairs = {
            pair: place(*pair, self.key_stage) == school_types.MAINSTREAM
            for pair in set(zip(self.record, self.first_type, strict=True))
        }
        return np.array(
            [pairs[pair] for pair in zip(self.record, self.first_type, strict=True)],
            dtype=bool,
        )

    @cached_property
    def is_state_funded(self) -> Claims:
        """Counted in the national row of state-funded schools."""
        held = {t: school_types.is_state_funded(t) for t in set(self.first_type)}
        return np.array([held[t] for t in self.first_type], dtype=bool)

    @property
    def is_established(self) -> Claims:
        """Open, with pupils at the end of the key stage, before the first table."""
        return self.first_cohort < lives.YEARS[0]

    @cached_property
    def academy_from(self) -> Counts:
        """Year of the first table under the number of the academy."""
        return lives.tables_after(self.converts)

    def numbers(self, year: int) -> Counts:
        """Give the number under which that year's table lists each school."""
        return np.where(self.academy_from <= year, self.academy_urn, self.urn)

    def types(self, year: int) -> Words:
        """Give the type of each school in that year's table."""
        converter = np.where(self.kind == "special", "ACCS", "ACC")
        return np.where(self.academy_from <= year, converter, self.first_type)

    def sizes(self, year: int) -> Numbers:
        """Give the usual number of pupils, with those of a school taken over."""
        more = np.where((self.takes >= 0) & (self.grows <= year), self.size[self.takes], 0)
        return self.size + more

    def is_listed(self, year: int) -> Claims:
        """Tell which schools stand in the tables of that year, with results or not."""
        return (self.opened <= year) & (year <= self.last_year)

    def has_cohort(self, year: int) -> Claims:
        """Tell which schools had pupils at the end of the key stage that year."""
        return (self.first_cohort <= year) & (year <= self.last_year)


def draw(
    rng: np.random.Generator,
    key_stage: KeyStage,
    *,
    mainstream: int,
    country: Country,
    towns: list[str],
    first_urn: int,
    first_new_urn: int,
) -> Schools:
    """Draw the schools of one key stage, special and independent ones among them."""
    kind = _kinds(key_stage, mainstream)
    count = len(kind)
    first_type = _types(rng, key_stage, kind)
    codes = np.array(list(country.authorities))
    authority = rng.choice(codes, count, p=country.chances(key_stage))
    region = country.regions_of(authority)
    district = rng.integers(0, country.districts, count)
    share = _shares(rng, key_stage, region)
    size = _sizes(rng, key_stage, kind, share)
    fates = lives.draw(rng, key_stage, kind, first_type, authority, size)
    gender = _genders(rng, key_stage, kind)
    special = (first_type == "INDSPEC") | (kind == "special")
    base = Schools(
        key_stage=key_stage,
        urn=np.zeros(count, dtype=np.int64),
        authority=authority,
        region=region,
        district=district,
        ward=district * country.wards + rng.integers(0, country.wards, count),
        estab=np.zeros(count, dtype=np.int64),
        name=words([""] * count),
        town=np.array(towns, dtype=object)[rng.integers(0, len(towns), count)],
        postcode=_postcodes(rng, count),
        kind=kind,
        first_type=first_type,
        record=np.where(special, "2", "1").astype(object),
        gender=gender,
        selective=_selective(rng, key_stage, kind, first_type),
        sixth_form=_sixth_forms(rng, key_stage, first_type),
        opened=fates.opened,
        first_cohort=fates.first_cohort,
        last_year=fates.last_year,
        begins=_begins(fates.opened),
        ends=fates.ends,
        goes_on=fates.goes_on,
        converts=fates.converts,
        academy_urn=np.zeros(count, dtype=np.int64),
        former_urn=np.zeros(count, dtype=np.int64),
        was_converted=_was_converted(rng, kind, first_type),
        size=size,
        grows=fates.grows,
        takes=fates.takes,
        share=share,
        authority_names=country.authorities,
    )
    grown = _with_successors(base, fates.successors)
    named = replace(
        grown,
        estab=_estabs(grown),
        name=words(names.school_names(key_stage, list(grown.kind), list(grown.town))),
    )
    # Enough for every school, for what it was before, and for infant schools.
    low = iter((first_urn + rng.permutation(count + len(fates.together))).tolist())
    return _numbered(named, fates, low, first_new_urn, start=count)


def _kinds(key_stage: KeyStage, mainstream: int) -> Words:
    # SOURCE: england_ks2final.csv and england_ks4final.csv of 2016 to 2018, by type.
    special = max(6, round((0.045 if key_stage == "ks2" else 0.23) * mainstream))
    independent = 0 if key_stage == "ks2" else max(8, round(0.36 * mainstream))
    kinds = ["mainstream"] * mainstream
    kinds += ["special"] * special + ["independent"] * independent
    return words(kinds)


def _types(rng: np.random.Generator, key_stage: KeyStage, kind: Words) -> Words:
    drawn = np.empty(len(kind), dtype=object)
    for name in ("mainstream", "special", "independent"):
        at = np.flatnonzero(kind == name)
        shares = TYPES[key_stage if name == "mainstream" else name]
        chance = np.array(list(shares.values())) / sum(shares.values())
        drawn[at] = rng.choice(words(list(shares)), len(at), p=chance)
    # The national rows of all and of state-funded schools differ in any country.
    drawn[np.flatnonzero(kind == "special")[0]] = "NMSS"
    return drawn


def _genders(rng: np.random.Generator, key_stage: KeyStage, kind: Words) -> Words:
    draw_of = rng.random(len(kind))
    girls = SINGLE_SEX["GIRLS"] * (key_stage != "ks2")
    boys = girls + SINGLE_SEX["BOYS"] * (key_stage != "ks2")
    single = np.where(draw_of < girls, "GIRLS", np.where(draw_of < boys, "BOYS", "MIXED"))
    return np.where(kind == "special", "MIXED", single).astype(object)


def _selective(
    rng: np.random.Generator, key_stage: KeyStage, kind: Words, first_type: Words
) -> Claims:
    share = SELECTIVE / 0.385 if key_stage == "ks4" else 0.0
    chosen = rng.random(len(kind)) < share
    is_one: Claims = chosen & (kind == "mainstream") & (first_type == "ACC")
    return is_one


def _sixth_forms(
    rng: np.random.Generator, key_stage: KeyStage, first_type: Words
) -> Claims:
    chance = np.array([SIXTH_FORM.get(code, 0.03) for code in first_type])
    return (rng.random(len(chance)) < chance) & (key_stage == "ks4")


def _begins(opened: Counts) -> Days:
    days = np.full(len(opened), NO_DAY)
    for place in np.flatnonzero(opened > EVER):
        days[place] = np.datetime64(date(int(opened[place]) - 1, 9, 1))
    return days


def _was_converted(rng: np.random.Generator, kind: Words, first_type: Words) -> Days:
    """Date the conversions before the first table; most academies had another number."""
    days = np.full(len(kind), NO_DAY)
    was = (rng.random(len(kind)) < 0.95) & np.isin(first_type, ["ACC", "AC"])
    for place in np.flatnonzero(was):
        year = int(rng.integers(2010, 2015))
        days[place] = np.datetime64(date(year, int(rng.choice([1, 4, 8, 9, 9, 9])), 1))
    return days


def _sizes(
    rng: np.random.Generator, key_stage: KeyStage, kind: Words, share: Numbers
) -> Numbers:
    chance, pupils = zip(*SIZE_QUANTILES[key_stage], strict=True)
    sizes = np.interp(rng.random(len(kind)), chance, pupils)
    if key_stage == "ks4":
        # SOURCE: ks4_mainstream_2017_2019.csv: 27.3% of a school's pupils are
        # disadvantaged, 25.9% of all pupils: such schools are smaller.
        sizes *= 1 - 0.6 * (share - share.mean())
    for name, (middle, spread, least, most) in _SIZES.items():
        at = np.flatnonzero(kind == name)
        sizes[at] = np.clip(middle * np.exp(rng.normal(0, spread, len(at))), least, most)
    return np.asarray(sizes, dtype=np.float64)


def _shares(rng: np.random.Generator, key_stage: KeyStage, region: Counts) -> Numbers:
    """Draw shares of disadvantaged pupils with the mean and the spread of the region."""
    mean, spread = (
        np.array([r.share[key_stage][part] for r in REGIONS])[region] for part in (0, 1)
    )
    both = mean * (1 - mean) / spread**2 - 1
    drawn = rng.beta(mean * both, (1 - mean) * both)
    return np.asarray(np.clip(drawn, 0.0, 0.9), dtype=np.float64)


def _postcodes(rng: np.random.Generator, count: int) -> Words:
    """Make up postcodes in the area ZZ, which does not exist."""
    drawn = rng.integers(0, 20, (count, 4))
    return words(
        [f"ZZ{a + 1} {b % 10}{_LETTERS[c]}{_LETTERS[d]}" for a, b, c, d in drawn.tolist()]
    )


def _with_successors(base: Schools, successors: list[Successor]) -> Schools:
    """Put the schools that begin where others end behind the others."""
    if not successors:
        return base
    of = np.array([after.of for after in successors])
    count = len(of)
    new = subset(base, of)
    first = np.array([lives.first_table(after.on) for after in successors])
    new = replace(
        new,
        urn=np.zeros(count, dtype=np.int64),
        first_type=words([after.school_type for after in successors]),
        opened=first,
        first_cohort=first.copy(),
        last_year=np.full(count, NEVER),
        begins=np.array([after.on for after in successors], dtype="datetime64[D]"),
        ends=np.full(count, NO_DAY),
        goes_on=np.zeros(count, dtype=bool),
        converts=np.full(count, NO_DAY),
        was_converted=np.full(count, NO_DAY),
        size=np.maximum(new.size * np.array([after.size for after in successors]), 3.0),
        grows=np.full(count, NEVER),
        takes=np.full(count, -1),
    )
    return joined([base, new])


def subset(schools: Schools, chosen: Any) -> Schools:
    """Take some of the schools, in the order in which they are asked for."""
    parts = {
        name: value[chosen] for name, value in _arrays(schools).items() if name != "takes"
    }
    return replace(schools, **parts, takes=np.full(len(parts["urn"]), -1))


def joined(parts: list[Schools]) -> Schools:
    """Put several lists of schools one behind the other."""
    every = [_arrays(part) for part in parts]
    whole: dict[str, Any] = {
        name: np.concatenate([part[name] for part in every]) for name in every[0]
    }
    return replace(parts[0], **whole)


def _arrays(schools: Schools) -> dict[str, Any]:
    values = {f.name: getattr(schools, f.name) for f in fields(schools)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _estabs(schools: Schools) -> Counts:
    """Number the schools of each authority, each kind from a number of its own on."""
    estabs = np.zeros(len(schools), dtype=np.int64)
    for name in set(schools.kind):
        first = _FIRST_ESTAB[schools.key_stage if name == "mainstream" else name]
        for code in schools.authority_names:
            at = np.flatnonzero((schools.kind == name) & (schools.authority == code))
            estabs[at] = first + np.arange(len(at))
    return estabs


def _numbered(
    schools: Schools, fates: Lives, low: Iterator[int], first_new_urn: int, *, start: int
) -> Schools:
    """Give numbers to the schools, and tell every change that one of them made.

    `low` yields the numbers of schools that were there before all others; what begins
    later is numbered in the order in which it began, as in the register of schools.
    Successors stand behind `start`, in the order of `fates.successors`.
    """
    was, converts = ~np.isnat(schools.was_converted), ~np.isnat(schools.converts)
    begun = sorted(
        [(schools.was_converted[k], "was", k) for k in np.flatnonzero(was).tolist()]
        + [(schools.converts[k], "converts", k) for k in np.flatnonzero(converts).tolist()]
        + [
            (schools.begins[k], "begins", k)
            for k in np.flatnonzero(~np.isnat(schools.begins)).tolist()
        ]
    )
    number = {
        (what, place): first_new_urn + rank for rank, (_, what, place) in enumerate(begun)
    }
    urn = np.array(
        [
            number.get(("was", k)) or number.get(("begins", k)) or next(low)
            for k in range(len(schools))
        ]
    )
    former, academy = np.zeros_like(urn), np.zeros_like(urn)
    changes: list[Change] = []
    for k in np.flatnonzero(was).tolist():
        former[k] = next(low)
        kind: lives.Kind = "sponsored" if schools.first_type[k] == "AC" else "converted"
        on = schools.was_converted[k].astype(date)
        changes.append(Change(kind, (int(former[k]),), (int(urn[k]),), on))
    for k in np.flatnonzero(converts).tolist():
        academy[k] = number["converts", k]
        on = schools.converts[k].astype(date)
        changes.append(Change("converted", (int(urn[k]),), (int(academy[k]),), on))
    changes += _together(schools.key_stage, fates, urn, start, low)
    return replace(
        schools,
        urn=urn,
        academy_urn=academy,
        former_urn=former,
        changes=tuple(changes),
    )


def _together(
    key_stage: KeyStage, fates: Lives, urn: Counts, start: int, low: Iterator[int]
) -> list[Change]:
    changes: list[Change] = []
    splits: dict[int, list[int]] = {}
    formed = []
    for place, after in enumerate(fates.successors, start=start):
        if after.kind == "sponsored":
            changes.append(
                Change("sponsored", (int(urn[after.of]),), (int(urn[place]),), after.on)
            )
        elif after.kind == "split":
            splits.setdefault(after.of, []).append(place)
        else:
            formed.append(place)
    for of, places in splits.items():
        on = fates.successors[places[0] - start].on
        numbers = tuple(int(urn[place]) for place in places)
        changes.append(Change("split", (int(urn[of]),), numbers, on))
    for kind, before, stays, on in fates.together:
        old = tuple(int(urn[place]) for place in before)
        if stays is not None:
            changes.append(Change(kind, old, (int(urn[stays]),), on))
        else:
            # An infant school joins the junior school at key stage 2.
            old += (next(low),) if key_stage == "ks2" else ()
            changes.append(Change(kind, old, (int(urn[formed.pop(0)]),), on))
    return changes


def sixth_forms(
    rng: np.random.Generator, schools: Schools, country: Country, first_urn: int
) -> Schools:
    """Give the schools and colleges of key stage 5: sixth forms, and those without GCSEs.

    Schools keep their numbers and all that is said of them at key stage 4.
    """
    inside = subset(schools, np.flatnonzero(schools.sixth_form))
    closes = (rng.random(len(inside)) < SIXTH_FORMS_CLOSED) & (inside.kind == "mainstream")
    last = np.where(closes, rng.integers(2017, 2023, len(inside)), NEVER)
    usual = inside.size * np.exp(rng.normal(-0.62, 0.5, len(inside)))
    usual = np.where(inside.kind == "independent", inside.size * 1.2, usual)
    inside = replace(
        inside,
        key_stage="ks5",
        record=words(["1"] * len(inside)),
        size=np.clip(usual, 4, 320),
        share=inside.share * 0.6,
        first_cohort=np.maximum(
            inside.first_cohort,
            np.where((inside.opened > EVER) & ~_continues(inside), inside.opened + 2, EVER),
        ),
        last_year=np.minimum(inside.last_year, last),
        changes=(),
    )
    state = int((schools.kind == "mainstream").sum())
    return joined([inside, _colleges(rng, inside, country, state, first_urn)])


def _continues(schools: Schools) -> Claims:
    """Tell which of the new schools took over pupils of another one."""
    at_once: Claims = schools.first_cohort == schools.opened
    return at_once


def _colleges(
    rng: np.random.Generator,
    like: Schools,
    country: Country,
    secondary_schools: int,
    first_urn: int,
) -> Schools:
    colleges = max(3, round(COLLEGES * secondary_schools))
    consortia = max(1, round(CONSORTIA * secondary_schools))
    count = colleges + consortia
    base = subset(like, rng.integers(0, len(like), count))
    chance = np.array(list(COLLEGE_TYPES.values()))
    codes = rng.choice(words(list(COLLEGE_TYPES)), count, p=chance / chance.sum())
    is_college = np.arange(count) < colleges
    endings = {"General Further Education College": "College", "F1619": "Sixth Form"}
    kinds = [endings.get(code, "Sixth Form College") for code in codes]
    kinds[colleges:] = ["Joint Sixth Form"] * consortia
    none = np.zeros(count, dtype=np.int64)
    authority = rng.choice(
        np.array(list(country.authorities)), count, p=country.chances("ks4")
    )
    return replace(
        base,
        urn=first_urn + rng.permutation(count),
        authority=authority,
        region=country.regions_of(authority),
        estab=8000 + np.arange(count),
        name=words([f"{town} {end}" for town, end in zip(base.town, kinds, strict=True)]),
        kind=words(["college"] * count),
        first_type=np.where(is_college, codes, ""),
        record=np.where(is_college, "1", "3").astype(object),
        gender=words(["MIXED"] * count),
        selective=np.zeros(count, dtype=bool),
        sixth_form=np.ones(count, dtype=bool),
        opened=np.full(count, EVER),
        first_cohort=np.full(count, EVER),
        last_year=np.full(count, NEVER),
        begins=np.full(count, NO_DAY),
        ends=np.full(count, NO_DAY),
        goes_on=np.zeros(count, dtype=bool),
        converts=np.full(count, NO_DAY),
        academy_urn=none,
        former_urn=none.copy(),
        was_converted=np.full(count, NO_DAY),
        size=np.clip(np.exp(rng.normal(5.1, 1.15, count)), 6, 1600),
        grows=np.full(count, NEVER),
        share=np.clip(rng.normal(0.2, 0.06, count), 0.05, 0.5),
    )


def day_before(day: date) -> date:
    """Give the last day under the former number."""
    return day - timedelta(days=1)
