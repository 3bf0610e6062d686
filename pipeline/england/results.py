"""What pupils achieved: the true figures, before anything is rounded or suppressed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.england import expected
from pipeline.england.arrays import Claims, Counts, Numbers
from pipeline.england.calibration import COHORT_CHANGE, PRIOR, REGIONS
from pipeline.england.expected import HALVES, ByGroup
from pipeline.england.lives import YEARS
from pipeline.england.membership import Partners, hub_shock
from pipeline.england.planted import (
    ATTAINMENT,
    PROGRESS,
    PlantedAttainment,
    PlantedWorld,
    in_year,
)
from pipeline.england.schools import Schools
from pipeline.measures.measure import Group

CountsByGroup = dict[Group, Counts]
SEXES: tuple[Group, Group] = ("girls", "boys")
PRIORS: tuple[Group, Group, Group] = ("low_prior", "middle_prior", "high_prior")
A_LEVEL, BEST_3, ACADEMIC = "a_level_points", "best_3_a_levels", "academic_points"
APPLIED = "applied_general_points"
# ASSUME: key stage 2 progress weighs by all pupils at the end of the key stage, the only
# count that the tables give; the department weighs by those with a score. Progress 8
# weighs by P8PUP, there and here.
_WEIGH_BY_ALL = ("reading_progress", "writing_progress", "maths_progress")
# SOURCE: ks4_mainstream_2017_2019.csv: correlation between schools of prior attainment
# with the share of disadvantaged pupils and, as far as that leaves it, with progress.
_INTAKE_WITH_SHARE, _INTAKE_WITH_STANDING = -0.62, 0.35
_SELECTED = 2.2
"""How much more the pupils of selective schools bring with them, in standard deviations."""


@dataclass(frozen=True)
class Figures:
    """The figures of one year, one entry per school (or per authority, or nation)."""

    pupils: CountsByGroup
    """At the end of the key stage (TELIG, TPUP; students with A levels)."""
    covered: dict[str, CountsByGroup]
    """Of them, with a progress score, by measure (READCOV, P8PUP); at key stage 5, the
    entries or students that a measure counts."""
    value: dict[str, ByGroup]
    """By measure; NaN where a school has none."""

    def weights(self, measure: str, group: Group) -> Counts:
        """Count the pupils by whom a figure weighs in a pooled one."""
        if measure in self.covered and measure not in _WEIGH_BY_ALL:
            return self.covered[measure][group]
        return self.pupils[group]

    def pooled(self, unit: Counts, count: int) -> "Figures":
        """Pool schools into units (authorities, nation), weighted by pupils.

        `unit` holds the number of each school's unit, -1 where it is in none.
        """
        inside = unit >= 0
        place = unit[inside]

        def add(counts: Counts) -> Counts:
            total = np.bincount(place, counts[inside], count)
            return np.round(total).astype(np.int64)

        def mean(measure: str, group: Group) -> Numbers:
            value = self.value[measure][group][inside]
            weight = self.weights(measure, group)[inside]
            has = ~np.isnan(value) & (weight > 0)
            total = np.bincount(place[has], weight[has], count)
            summed = np.bincount(place[has], value[has] * weight[has], count)
            return np.where(total > 0, summed / np.maximum(total, 1), np.nan)

        return Figures(
            {g: add(counts) for g, counts in self.pupils.items()},
            {m: {g: add(c) for g, c in by.items()} for m, by in self.covered.items()},
            {m: {g: mean(m, g) for g in by} for m, by in self.value.items()},
        )


def weighted_mean(value: Numbers, weight: Counts) -> float:
    """Pool figures by pupils, leaving out schools without one; NaN where none has."""
    has = ~np.isnan(value) & (weight > 0)
    return float(np.average(value[has], weights=weight[has])) if has.any() else np.nan


class Drawing:
    """Draws the figures of one key stage, year after year."""

    def __init__(
        self,
        stream: Callable[..., np.random.Generator],
        schools: Schools,
        partners: Partners,
        hub_z: Numbers,
        world: PlantedWorld,
    ) -> None:
        """Draw what lasts; `hub_z` has one row a hub: what lasts, then each year.

        `stream` gives a stream of random numbers for each part and year. Numbers of
        pupils and passes take as many random numbers as their chances ask for, so each
        has a stream of its own: then what is planted moves nothing else.
        """
        self.stream, self.rng = stream, stream(0)
        self.schools, self.partners = schools, partners
        self.hub_z, self.world = hub_z, world
        self.plans = {
            m: plan for m, plan in PROGRESS.items() if plan.key_stage == schools.key_stage
        }
        more = world.more_disadvantaged * partners.joins
        self.share = np.clip(schools.share + more, 0.0, 0.95)
        self.common = self._spread()
        """Each school's lasting standing in all subjects, in standard deviations."""
        self.lasting = self._apart(self.common)
        self.passing = self._apart(self._spread())
        self.own = {m: self._spread() for m in self.plans}
        self.sexes = {m: self._spread() for m in self.plans}
        self.intake = self._intake()
        self.girls = self._girls()
        self.entered, self.elsewhere = self._who_enters()

    def years(self) -> dict[int, Figures]:
        """Draw every year's figures."""
        return {year: self._year(year) for year in YEARS}

    def _spread(self) -> Numbers:
        return self.rng.normal(size=len(self.schools))

    def _apart(self, common: Numbers) -> dict[str, Numbers]:
        """Give each measure what it has in common with the others, and its own."""
        return {
            m: plan.common * common + np.sqrt(1 - plan.common**2) * self._spread()
            for m, plan in self.plans.items()
        }

    def _intake(self) -> Numbers:
        """Draw what pupils bring with them, in standard deviations between schools."""
        share = self.schools.share
        apart = (share - share.mean()) / share.std()
        known = _INTAKE_WITH_SHARE**2 + _INTAKE_WITH_STANDING**2
        free = np.sqrt(1 - known) * self._spread()
        return np.asarray(
            _INTAKE_WITH_SHARE * apart
            + _INTAKE_WITH_STANDING * self.common
            + free
            + _SELECTED * self.schools.selective
        )

    def _girls(self) -> Numbers:
        share = np.clip(0.49 + 0.03 * self._spread(), 0.3, 0.7)
        share = np.where(self.schools.kind == "special", 0.28, share)
        share = np.where(self.schools.gender == "GIRLS", 1.0, share)
        return np.asarray(np.where(self.schools.gender == "BOYS", 0.0, share))

    def _who_enters(self) -> tuple[Claims, Numbers]:
        """Draw which schools enter anybody, and how far independent ones lie apart.

        Some special schools enter nobody; some independent ones sit other papers, which
        count as nothing in Attainment 8.
        """
        key_stage, kind = self.schools.key_stage, self.schools.kind
        of_special = {"ks2": 0.9, "ks4": 0.65, "ks5": 0.1}[key_stage]
        chance = np.where(kind == "special", of_special, 1.0)
        chance = np.where(kind == "independent", 0.9, chance)
        entered = self.rng.random(len(kind)) < chance
        special = np.flatnonzero(kind == "special")
        entered[special[-1:]] = False
        abroad = self.rng.random(len(kind)) < 0.4
        sits_others = abroad & (key_stage == "ks4")
        apart = np.where(sits_others, -38.0, 8.0) * (kind == "independent")
        if key_stage == "ks5":
            # SOURCE: england_ks5final.csv: large sixth forms have the better results,
            # and colleges weaker ones than schools.
            size = np.log(self.schools.size)
            apart += 2.5 * (size - size.mean()) / size.std() - 5.0 * (kind == "college")
        return entered, np.asarray(apart)

    def _year(self, year: int) -> Figures:
        self.rng = self.stream(1, year)
        figures = Figures(self._pupils(year), {}, {})
        for measure in self.plans:
            figures.covered[measure] = self._covered(figures.pupils)
        self.rng = self.stream(2, year)
        once, fresh = self._apart(self._spread()), self._apart(self._spread())
        luck = {group: self._apart(self._spread()) for group in HALVES}
        for measure, plan in self.plans.items():
            keep = plan.fades
            passing = keep * self.passing[measure] + np.sqrt(1 - keep**2) * fresh[measure]
            self.passing[measure] = passing
            standing = in_year(plan.spread, year) * (
                np.sqrt(plan.lasting) * self.lasting[measure]
                + np.sqrt(plan.passing) * passing
                + np.sqrt(1 - plan.lasting - plan.passing) * once[measure]
            )
            own_luck = {group: luck[group][measure] for group in HALVES}
            figures.value[measure] = self._halves(
                measure, year, figures.covered[measure], standing, own_luck
            )
            self._pool(figures, measure)
            pupil = in_year(plan.pupil, year)
            gap = plan.sex + 0.1 * pupil * self.sexes[measure]
            self._split_by_sex(figures, measure, gap, pupil)
            if self.schools.key_stage != "ks5":
                self._split_by_prior(figures, measure, plan.prior, pupil)
            centre = self._national(figures, measure) - plan.national
            for group, value in figures.value[measure].items():
                figures.value[measure][group] = value - centre
        for part, (measure, attained) in enumerate(ATTAINMENT.items(), start=3):
            if attained.key_stage == self.schools.key_stage:
                self.rng = self.stream(part, year)
                self._attain(measure, attained, year, figures)
        if self.schools.key_stage == "ks5":
            self._attain_alike(figures, year)
        return figures

    def _pupils(self, year: int) -> CountsByGroup:
        change = 1 + COHORT_CHANGE[self.schools.key_stage] * self._spread()
        usual = self.schools.sizes(year) * change
        count = np.maximum(1, np.round(usual)).astype(np.int64)
        count[~self.schools.has_cohort(year)] = 0
        share = np.clip(self.share + 0.02 * self._spread(), 0.0, 0.95)
        disadvantaged = self.rng.binomial(count, share)
        girls = self.rng.binomial(count, self.girls)
        pupils: CountsByGroup = {
            "all": count,
            "disadvantaged": disadvantaged,
            "others": count - disadvantaged,
            "girls": girls,
            "boys": count - girls,
        }
        if self.schools.key_stage != "ks5":
            drawn = self._by_prior_attainment(count, year)
            pupils |= dict(zip(PRIORS, drawn, strict=True))
        return pupils

    def _by_prior_attainment(self, count: Counts, year: int) -> Counts:
        """Count pupils by prior attainment; those without any are in no group."""
        chance = np.clip(0.965 + 0.025 * self._spread(), 0.8, 1.0)
        chance = np.where(self._low_coverage(), 0.35, chance)
        chance = np.where(self.schools.kind == "special", 0.8, chance)
        known = self.rng.binomial(count, np.where(self.entered, chance, 0.0))
        low, middle, high = in_year(PRIOR[self.schools.key_stage], year)
        # One step of intake makes the odds of high to middle 1.5 times as high.
        odds = 1.5**self.intake
        parts = np.stack([low / odds, np.full(len(count), middle), high * odds])
        special = np.array([0.9, 0.09, 0.01])[:, None]
        parts = np.where(self.schools.kind == "special", special, parts)
        return self.rng.multinomial(known, (parts / parts.sum(axis=0)).T).T

    def _low_coverage(self) -> Claims:
        """Choose the few schools where under half of the pupils have prior results."""
        large = np.flatnonzero((self.schools.size > 25) & self.schools.is_mainstream)
        chosen = self.rng.permutation(large)[: max(1, len(large) // 400)]
        low = np.zeros(len(self.schools), dtype=bool)
        low[chosen] = True
        return low

    def _covered(self, pupils: CountsByGroup) -> CountsByGroup:
        """Count the pupils of each group who have a score, or their entries."""
        if self.schools.key_stage == "ks5":
            return self._entries(pupils)
        kept = 0.99 if self.schools.key_stage == "ks2" else 1.0
        by_prior = {g: self.rng.binomial(pupils[g], kept) for g in PRIORS}
        every = sum(by_prior.values(), np.zeros_like(pupils["all"]))
        lost = pupils["all"] - every
        covered: CountsByGroup = {"all": every, **by_prior}
        for one, other in (HALVES, SEXES):
            gone = self.rng.hypergeometric(pupils[one], pupils[other], lost)
            covered[one] = pupils[one] - gone
            covered[other] = pupils[other] - (lost - gone)
        return covered

    def _entries(self, pupils: CountsByGroup) -> CountsByGroup:
        # SOURCE: england_ks5final.csv of 2016/17: 3.1 A level entries a student.
        each = np.where(self.entered, np.clip(3.1 + 0.5 * self._spread(), 1, 4.5), 0)
        two = {g: np.round(pupils[g] * each).astype(np.int64) for g in HALVES}
        two |= {"girls": np.round(pupils["girls"] * each).astype(np.int64)}
        every = two["disadvantaged"] + two["others"]
        two["girls"] = np.minimum(two["girls"], every)
        return {"all": every, **two, "boys": every - two["girls"]}

    def _halves(
        self,
        measure: str,
        year: int,
        covered: CountsByGroup,
        standing: Numbers,
        luck: ByGroup,
    ) -> ByGroup:
        plan, schools = self.plans[measure], self.schools
        in_this_year = self.hub_z[:, 1 + year - YEARS[0]]
        hub = plan.hub * (self.hub_z[:, 0] + in_this_year / 2)
        region = np.array([region.standing.get(measure, 0.0) for region in REGIONS])
        standing = (
            standing
            + region[schools.region]
            + plan.intake * (schools.share - schools.share.mean())
            + hub_shock(hub, self.partners)
            + plan.special * (schools.kind == "special")
        )
        planted = expected.of_schools(plan, self.world, schools, self.partners, year)
        value: ByGroup = {}
        for group in HALVES:
            apart = plan.disadvantaged * self.own[measure] * (group == "disadvantaged")
            error = in_year(plan.pupil, year) / np.sqrt(np.maximum(covered[group], 1))
            figure = planted[group] + standing + apart + error * luck[group]
            value[group] = np.where(covered[group] > 0, figure, np.nan)
        return value

    def _pool(self, figures: Figures, measure: str) -> None:
        """Make the figure of all pupils the mean of the two halves, by pupils."""
        value = figures.value[measure]
        weight = {g: figures.weights(measure, g) for g in HALVES}
        total = sum(np.where(np.isnan(value[g]), 0.0, value[g] * weight[g]) for g in HALVES)
        count = sum(np.where(np.isnan(value[g]), 0, weight[g]) for g in HALVES)
        value["all"] = np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def _split_by_sex(
        self, figures: Figures, measure: str, gap: Numbers | float, pupil: float
    ) -> None:
        """Part the figure of all pupils into girls' and boys', whose mean it stays."""
        girls, boys = (figures.weights(measure, g) for g in SEXES)
        both = np.maximum(girls + boys, 1)
        error = np.sqrt(1 / np.maximum(girls, 1) + 1 / np.maximum(boys, 1))
        apart = gap + pupil * error * self._spread()
        apart = np.where((girls > 0) & (boys > 0), apart, 0.0)
        value = figures.value[measure]
        value["girls"] = np.where(girls > 0, value["all"] + apart * boys / both, np.nan)
        value["boys"] = np.where(boys > 0, value["all"] - apart * girls / both, np.nan)

    def _split_by_prior(
        self,
        figures: Figures,
        measure: str,
        levels: tuple[float, float, float],
        pupil: float,
    ) -> None:
        """Part the figure of all pupils by prior attainment, at the given distances."""
        count = np.stack([figures.weights(measure, g) for g in PRIORS])
        luck = pupil * self.rng.normal(size=count.shape) / np.sqrt(np.maximum(count, 1))
        apart = np.array(levels)[:, None] + luck
        middle = (apart * count).sum(axis=0) / np.maximum(count.sum(axis=0), 1)
        value = figures.value[measure]
        for group, own, pupils in zip(PRIORS, apart, count, strict=True):
            value[group] = np.where(pupils > 0, value["all"] + own - middle, np.nan)

    def _attain(
        self, measure: str, plan: PlantedAttainment, year: int, figures: Figures
    ) -> None:
        if measure == APPLIED:
            self._count_applied(figures)
        school = (
            plan.intake * self.intake
            + plan.special * (self.schools.kind == "special")
            + self.elsewhere
        )
        count = {g: figures.weights(measure, g) for g in HALVES}
        sits = self.entered | (self.schools.key_stage == "ks2")
        level: ByGroup = {}
        for group in HALVES:
            progress = [
                np.nan_to_num(figures.value[m][group] - PROGRESS[m].base[group])
                for m in plan.follows
            ]
            side = 0.27 if group == "others" else -0.73
            level[group] = (
                plan.gap * side
                + school
                + plan.per_progress * sum(progress) / len(plan.follows)
            )
        # Papers of a year without a table count for nothing; they are drawn all the
        # same, so that leaving a table out moves no other number.
        shift = plan.national.get(year, plan.national[2019]) - self._state_mean(
            level, count
        )
        value: ByGroup = {}
        for group in HALVES:
            drawn = self._luck_of_pupils(plan, level[group] + shift, count[group])
            value[group] = np.where(sits & (count[group] > 0), drawn, np.nan)
        figures.value[measure] = value
        self._pool(figures, measure)
        within = 0.0 if plan.pupil is None else plan.pupil
        self._split_by_sex(figures, measure, plan.sex, within)
        if plan.prior is not None:
            self._split_by_prior(figures, measure, plan.prior, within)
        for group in (*SEXES, *PRIORS):
            if group in value:
                held = np.clip(value[group], *plan.bounds)
                value[group] = (
                    _of_whole_pupils(held, figures.weights(measure, group))
                    if plan.pupil is None
                    else held
                )

    def _luck_of_pupils(
        self, plan: PlantedAttainment, level: Numbers, count: Counts
    ) -> Numbers:
        if plan.pupil is None:
            chance = np.clip(level / 100, 0.005, 0.995)
            passed = self.rng.binomial(count, chance)
            return np.asarray(100 * passed / np.maximum(count, 1))
        drawn = level + plan.pupil / np.sqrt(np.maximum(count, 1)) * self._spread()
        return np.asarray(np.clip(drawn, *plan.bounds))

    def _count_applied(self, figures: Figures) -> None:
        """Count the students who took applied general qualifications, in most schools."""
        offers = self.rng.random(len(self.schools)) < np.where(
            self.schools.kind == "independent", 0.2, 0.8
        )
        part = 0.28 * np.exp(0.6 * self._spread()) * offers
        taken = {
            g: self.rng.binomial(figures.pupils[g], np.clip(part, 0, 0.95)) for g in HALVES
        }
        every = taken["disadvantaged"] + taken["others"]
        girls = self.rng.binomial(every, np.clip(self.girls, 0.0, 1.0))
        figures.covered[APPLIED] = {
            "all": every,
            **taken,
            "girls": girls,
            "boys": every - girls,
        }

    def _attain_alike(self, figures: Figures, year: int) -> None:
        """Draw the measures that follow A level points closely, of nearly the same pupils.

        SOURCE: england_ks5final.csv: the best three A levels of three in four students
        lie 2.9 points above in 2016/17 and 0.5 in 2022/23, and correlate at 0.93;
        academic entries hardly differ.
        """
        points = figures.value[A_LEVEL]
        above = 2.9 if year <= 2019 else 0.5
        kin = ((BEST_3, above, 2.0, 0.75), (ACADEMIC, 0.1, 0.4, 1.0))
        for measure, apart, error, part in kin:
            luck = error * self._spread()
            figures.covered[measure] = {
                g: np.floor(counts * part).astype(np.int64)
                for g, counts in figures.pupils.items()
            }
            figures.value[measure] = {
                g: np.where(
                    figures.covered[measure][g] > 0,
                    np.clip(value + apart + luck, 1.0, 60.0),
                    np.nan,
                )
                for g, value in points.items()
            }

    def _state_mean(self, level: ByGroup, count: CountsByGroup) -> float:
        state = self.schools.is_state_funded & self.entered
        total = sum((count[g][state] for g in HALVES), np.zeros(int(state.sum())))
        summed = sum(float((level[g] * count[g])[state].sum()) for g in HALVES)
        return summed / max(float(total.sum()), 1.0)

    def _national(self, figures: Figures, measure: str) -> float:
        state = self.schools.is_state_funded
        value, weight = figures.value[measure]["all"], figures.weights(measure, "all")
        return weighted_mean(value[state], weight[state])


def _of_whole_pupils(rate: Numbers, count: Counts) -> Numbers:
    """Make a percentage one that so many pupils can have."""
    passed = np.round(np.nan_to_num(rate) * count / 100)
    share = 100 * passed / np.maximum(count, 1)
    return np.asarray(np.where(np.isnan(rate), np.nan, share))
