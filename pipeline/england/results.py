"""What pupils achieved: the true figures, before anything is rounded or suppressed."""

from dataclasses import dataclass

import numpy as np

from pipeline.england.membership import Partners, hub_shock
from pipeline.england.planted import (
    ATTAINMENT,
    PROGRESS,
    PlantedAttainment,
    PlantedProgress,
)
from pipeline.england.schools import YEARS, Claims, Counts, Numbers, Schools
from pipeline.measures.measure import Group

ByGroup = dict[Group, Numbers]
HALVES: tuple[Group, Group] = ("disadvantaged", "others")
EXTRA_SHARE = 0.05
"""Partner schools' share of disadvantaged pupils lies higher by this much."""


@dataclass(frozen=True)
class Figures:
    """The figures of one year, one entry per school (or per authority, or nation)."""

    pupils: dict[Group, Counts]
    """At the end of the key stage (TELIG, TPUP)."""
    covered: dict[str, dict[Group, Counts]]
    """Of them, with a progress score, by measure (READCOV, P8PUP)."""
    value: dict[str, ByGroup]
    """By measure; NaN where a school has none."""

    def weights(self, measure: str, group: Group) -> Counts:
        """Count the pupils by whom a figure weighs in a pooled one."""
        # ASSUME: key stage 2 progress weighs by all pupils at the end of the key stage,
        # the only count that the tables give; the department weighs by those with a
        # score. Progress 8 weighs by P8PUP, there and here.
        if measure == "progress_8":
            return self.covered[measure][group]
        return self.pupils[group]

    def pooled(self, units: list[Claims]) -> "Figures":
        """Pool schools into authorities or the nation, weighted by pupils."""

        def add(counts: Counts) -> Counts:
            return np.array([counts[unit].sum() for unit in units], dtype=np.int64)

        def mean(measure: str, group: Group) -> Numbers:
            value, weight = self.value[measure][group], self.weights(measure, group)
            return np.array([weighted_mean(value[u], weight[u]) for u in units])

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
        rng: np.random.Generator,
        schools: Schools,
        partners: Partners,
        hub_z: Numbers,
    ) -> None:
        """Draw what lasts; `hub_z` has one row a hub: what lasts, then each year."""
        self.rng, self.schools, self.partners = rng, schools, partners
        self.hub_z = hub_z
        self.common = self._spread()
        """Each school's lasting standing in all subjects, in standard deviations."""
        key_stage = schools.key_stage
        plans = [m for m, plan in PROGRESS.items() if plan.key_stage == key_stage]
        self.lasting = {m: 0.8 * self.common + 0.6 * self._spread() for m in plans}
        self.passing = {m: self._spread() for m in plans}
        self.own = {m: self._spread() for m in plans}
        self.intake = self._spread()
        # Some special schools enter nobody, some independent ones sit other papers.
        chance = {"special": 0.9 if key_stage == "ks2" else 0.65, "independent": 0.9}
        enter = np.array([chance.get(k, 1.0) for k in schools.kind])
        self.entered = self.rng.random(len(enter)) < enter
        self.entered[np.flatnonzero(schools.kind == "special")[-1]] = False
        abroad = self.rng.random(len(enter)) < 0.4
        self.elsewhere = np.where(abroad, -38.0, 8.0) * (schools.kind == "independent")

    def years(self) -> dict[int, Figures]:
        """Draw every year's figures."""
        return {year: self._year(year) for year in YEARS}

    def _spread(self) -> Numbers:
        return self.rng.normal(size=len(self.schools.urn))

    def _year(self, year: int) -> Figures:
        figures = Figures(self._pupils(year), {}, {})
        low = self._low_coverage()
        for measure in self.lasting:
            plan = PROGRESS[measure]
            covered = self._covered(figures.pupils, low)
            figures.covered[measure] = _with_all(covered)
            value = self._progress(measure, plan, year, covered)
            figures.value[measure] = value
            self._pool_halves(figures, measure)
            centre = self._national(figures, measure) - plan.national
            for group in value:
                value[group] = value[group] - centre
        for measure, attained in ATTAINMENT.items():
            if attained.key_stage == self.schools.key_stage:
                figures.value[measure] = self._attained(attained, year, figures)
                self._pool_halves(figures, measure)
        return figures

    def _pupils(self, year: int) -> dict[Group, Counts]:
        change = 1 + 0.07 * self._spread()
        count = np.maximum(1, np.round(self.schools.size * change)).astype(np.int64)
        count[~self.schools.has_cohort(year)] = 0
        share = self.schools.share + EXTRA_SHARE * self.partners.joins
        share = np.clip(share + 0.02 * self._spread(), 0.0, 0.95)
        disadvantaged = self.rng.binomial(count, share)
        return _with_all({"disadvantaged": disadvantaged, "others": count - disadvantaged})

    def _low_coverage(self) -> Claims:
        """Choose the few schools where under half of the pupils have prior results."""
        large = np.flatnonzero((self.schools.size > 25) & self.schools.is_mainstream)
        chosen = self.rng.permutation(large)[: max(1, len(large) // 400)]
        low = np.zeros(len(self.schools.urn), dtype=bool)
        low[chosen] = True
        return low

    def _covered(self, pupils: dict[Group, Counts], low: Claims) -> dict[Group, Counts]:
        chance = np.clip(0.965 + 0.025 * self._spread(), 0.8, 1.0)
        chance = np.where(low, 0.35, chance)
        chance = np.where(self.schools.kind == "independent", 0.0, chance)
        chance = np.where(self.entered, chance, 0.0)
        return {g: self.rng.binomial(pupils[g], chance) for g in HALVES}

    def _progress(
        self,
        measure: str,
        plan: PlantedProgress,
        year: int,
        covered: dict[Group, Counts],
    ) -> ByGroup:
        fading = 0.5 * self.passing[measure] + np.sqrt(0.75) * self._spread()
        self.passing[measure] = fading
        in_year = self.hub_z[:, 1 + year - YEARS[0]]
        standing = (
            plan.lasting * self.lasting[measure]
            + plan.passing * fading
            + hub_shock(plan.hub * (self.hub_z[:, 0] + in_year / 2), self.partners)
            + plan.special * (self.schools.kind == "special")
        )
        planted = expected_progress(plan, self.schools, self.partners, year)
        value: ByGroup = {}
        for group in HALVES:
            apart = plan.disadvantaged * self.own[measure] * (group == "disadvantaged")
            noise = plan.pupil / np.sqrt(np.maximum(covered[group], 1)) * self._spread()
            figure = planted[group] + standing + apart + noise
            value[group] = np.where(covered[group] > 0, figure, np.nan)
        return value

    def _attained(self, plan: PlantedAttainment, year: int, figures: Figures) -> ByGroup:
        school = (
            plan.intake * self.intake
            + plan.special * (self.schools.kind == "special")
            + self.elsewhere
        )
        value: ByGroup = {}
        # Papers of a year without a table count for nothing; they are drawn all the
        # same, so that leaving a table out moves no other number.
        national = plan.national.get(year, 50.0)
        for group in HALVES:
            count = figures.pupils[group]
            progress = np.zeros(len(school))
            for measure in self.lasting:
                base = PROGRESS[measure].base[group]
                progress += np.nan_to_num(figures.value[measure][group] - base)
            progress /= len(self.lasting)
            expected = national + plan.gap * (0.27 if group == "others" else -0.73)
            figure = expected + school + plan.per_progress * progress
            if plan.pupil is None:
                chance = np.clip(figure / 100, 0.005, 0.995)
                figure = 100 * self.rng.binomial(count, chance) / np.maximum(count, 1)
            else:
                figure += plan.pupil / np.sqrt(np.maximum(count, 1)) * self._spread()
                figure = np.clip(figure, 0.5, plan.top)
            has = (count > 0) & (self.entered | (self.schools.key_stage == "ks2"))
            value[group] = np.where(has, figure, np.nan)
        return value

    def _pool_halves(self, figures: Figures, measure: str) -> None:
        """Make the figure of all pupils the mean of the two groups, by pupils."""
        value = figures.value[measure]
        weight = {g: figures.weights(measure, g) for g in HALVES}
        total = sum(np.where(np.isnan(value[g]), 0.0, value[g] * weight[g]) for g in HALVES)
        count = sum(np.where(np.isnan(value[g]), 0, weight[g]) for g in HALVES)
        value["all"] = np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def _national(self, figures: Figures, measure: str) -> float:
        state = self.schools.is_state_funded
        value, weight = figures.value[measure]["all"], figures.weights(measure, "all")
        return weighted_mean(value[state], weight[state])


def expected_progress(
    plan: PlantedProgress, schools: Schools, partners: Partners, year: int
) -> ByGroup:
    """Give each group's expected progress: base, selection and effect, without chance.

    The drawing adds chance to this and the planted truth is computed from it: one
    formula for both.
    """
    counted = partners.counted(schools, year)
    return {
        group: plan.base[group]
        + plan.selection * partners.joins
        + plan.effect[group] * counted
        for group in HALVES
    }


def _with_all(halves: dict[Group, Counts]) -> dict[Group, Counts]:
    return {"all": halves["disadvantaged"] + halves["others"], **halves}
