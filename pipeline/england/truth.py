"""What an honest analysis of the synthetic England should find."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.england import expected
from pipeline.england.arrays import Claims, Counts, Numbers
from pipeline.england.expected import HALVES, ByGroup
from pipeline.england.lives import PUBLISHED
from pipeline.england.membership import PROGRAMME
from pipeline.england.planted import PROGRESS, PlantedProgress
from pipeline.england.results import PRIORS, SEXES, Figures
from pipeline.england.world import World
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import KEY_STAGES, Group

NO_EFFECT_BEFORE = 2016
"""First year of the tables: schools that were members by then have no year before."""


def planted(world: World) -> dict[str, Any]:
    """Tell the planted truth: selection, effects and the gaps to be expected.

    A gap between partners and the rest holds both what joining schools were like
    beforehand and what membership does: a report may print the gap, and is wrong where
    it calls it the effect.
    """
    return {
        "made_up": "every school, pupil and figure; see SYNTHETIC.md",
        "seed": world.seed,
        "world": world.name,
        "lesson": world.planted.lesson,
        "planted": {
            "in_sizes_of_the_measure": {
                name: value
                for name, value in asdict(world.planted).items()
                if name != "lesson"
            },
            "size_of_the_measure": {
                f"{plan.key_stage}.{measure}": plan.size
                for measure, plan in PROGRESS.items()
            },
            "effect_in_a_year_of_membership": {
                f"{plan.key_stage}.{measure}": _by_exposure(world, plan)
                for measure, plan in PROGRESS.items()
            },
        },
        "programmes": {
            PROGRAMME: {
                "effect": 0.0,
                "chosen": "members in the upper half by lasting progress",
            }
        },
        "schools_affected": schools_affected(world),
        "expected_gaps": expected_gaps(world),
        "effect_on_members": effect_on_members(world),
        "effect_by_cohort": effect_by_cohort(world),
        "changes_of_number": changes_of_number(world),
    }


def _by_exposure(world: World, plan: PlantedProgress) -> dict[str, list[float]]:
    """Give the effect in the first, second, ... year; the last entry stays."""
    return {
        group: [
            round(plan.size * world.planted.reaches[group] * step, 6)
            for step in world.planted.effect
        ]
        for group in HALVES
    }


def schools_affected(world: World) -> list[dict[str, Any]]:
    """Count by year the mainstream schools with an effect, by why they have one."""
    told: list[dict[str, Any]] = []
    for key_stage in KEY_STAGES:
        schools, partners = world.schools[key_stage], world.partners[key_stage]
        for year in PUBLISHED[key_stage]:
            present = schools.is_mainstream & schools.has_cohort(year)
            members = partners.counted(year)
            soon = (partners.first_year == year + 1) & bool(world.planted.anticipation)
            near = expected.spilled_on(world.planted, schools, partners, year)
            told.append(
                {
                    "ks": key_stage,
                    "year": year,
                    "schools": int(present.sum()),
                    "members": int((present & members).sum()),
                    "before_joining": int((present & soon & ~members).sum()),
                    "neighbours": int((present & near & ~soon).sum()),
                }
            )
    return told


def expected_gaps(world: World) -> list[dict[str, Any]]:
    """Give every expected gap, of members minus the rest, weighted by pupils.

    Expected over school effects, shocks and the luck of pupils, for the cohorts as
    they are. The rest holds schools that joined later or had left, with the selection
    of joining schools and without the effect. Schools whose figures are suppressed
    count. The parts of a gap, `selection_part` and so on, are what each makes of it; what
    is left is the mix of pupils.
    """
    return [
        {
            "ks": plan.key_stage,
            "measure": measure,
            "group": group,
            "year": year,
            **gap,
        }
        for measure, plan in PROGRESS.items()
        for year in published_years(measure)
        for group, gap in _gaps(world, measure, year).items()
    ]


def published_years(measure: str) -> list[int]:
    """List the years in which the tables hold a measure of progress."""
    key_stage = PROGRESS[measure].key_stage
    about = next(m for m in MEASURES[key_stage] if m.code == measure)
    return [year for year in PUBLISHED[key_stage] if not about.why_not_published(year)]


def _groups(measure: str) -> tuple[Group, ...]:
    if PROGRESS[measure].key_stage == "ks5":
        return ("all", *HALVES)
    return ("all", *HALVES, *SEXES, *PRIORS)


def _gaps(world: World, measure: str, year: int) -> dict[Group, dict[str, float]]:
    plan, key_stage = PROGRESS[measure], PROGRESS[measure].key_stage
    schools, partners = world.schools[key_stage], world.partners[key_stage]
    figures = world.figures[key_stage][year]
    counted = partners.counted(year)
    members = schools.is_mainstream & counted
    rest = schools.is_mainstream & ~counted
    about = (plan, world.planted, schools, partners, year)
    effect = expected.effect(*about)
    apart = {
        "gap": expected.of_schools(*about),
        "effect_part": effect,
        "selection_part": dict.fromkeys(
            HALVES, expected.selection(plan, world.planted, partners, year)
        ),
        "intake_part": dict.fromkeys(
            HALVES, expected.intake(plan, world.planted, partners)
        ),
    }
    gaps: dict[Group, dict[str, float]] = {}
    for group in _groups(measure):
        weight = figures.weights(measure, group)
        if weight[members].sum() == 0 or weight[rest].sum() == 0:
            continue
        gaps[group] = {}
        for name, by_half in apart.items():
            value = _of_group(plan, by_half, group, figures, measure, name == "gap")
            gap = _mean(value, weight, members) - _mean(value, weight, rest)
            gaps[group][name] = round(gap, 6)
    return gaps


def _of_group(
    plan: PlantedProgress,
    value: ByGroup,
    group: Group,
    figures: Figures,
    measure: str,
    apart: bool,
) -> Numbers:
    """Give what is expected of a group where something is expected of the two halves.

    `apart` adds what sets the sexes and the levels of prior attainment apart.
    """
    if group in HALVES:
        return value[group]
    weight = {g: figures.weights(measure, g) for g in ("all", *HALVES)}
    total = sum((value[g] * weight[g] for g in HALVES), np.zeros(len(weight["all"])))
    every: Numbers = total / np.maximum(weight["all"], 1)
    if group == "all" or not apart:
        return every
    own = figures.weights(measure, group)
    if group in SEXES:
        other = figures.weights(measure, "boys" if group == "girls" else "girls")
        side = 1 if group == "girls" else -1
        mixed = (own > 0) & (other > 0)
        away = side * plan.sex * other / np.maximum(own + other, 1)
        return np.asarray(every + np.where(mixed, away, 0.0))
    counts = [figures.weights(measure, g) for g in PRIORS]
    middle = sum(
        level * count for level, count in zip(plan.prior, counts, strict=True)
    ) / np.maximum(sum(counts), 1)
    return np.asarray(every + plan.prior[PRIORS.index(group)] - middle)


def effect_on_members(world: World) -> list[dict[str, Any]]:
    """Give the true mean effect on members in each year, by how long they are members.

    The effect of treatment on the treated: over schools alike, and by pupils. `exposure`
    counts whole academic years of membership, this one among them; 'all' is every
    member of the year.
    """
    rows: list[dict[str, Any]] = []
    for measure, plan in PROGRESS.items():
        schools, partners = world.schools[plan.key_stage], world.partners[plan.key_stage]
        for year in published_years(measure):
            figures = world.figures[plan.key_stage][year]
            exposure = partners.exposure(year)
            effect = expected.effect(plan, world.planted, schools, partners, year)
            inside = schools.is_mainstream & (exposure > 0)
            steps: list[tuple[int | str, Claims]] = [("all", inside)]
            last = len(world.planted.effect) + 1
            steps += [(step, inside & (exposure == step)) for step in range(1, last)]
            steps.append((f"{last} or more", inside & (exposure >= last)))
            rows += [
                {
                    "ks": plan.key_stage,
                    "measure": measure,
                    "group": group,
                    "year": year,
                    "exposure": step,
                    **told,
                }
                for group in ("all", *HALVES)
                for step, chosen in steps
                if (told := _att(plan, effect, group, figures, measure, chosen))
            ]
    return rows


def effect_by_cohort(world: World) -> list[dict[str, Any]]:
    """Give the true effect on each cohort in each year: ATT(g, t) of an event study.

    A cohort is the schools whose first whole academic year of membership is g; it keeps
    the schools that have left since, which no longer have an effect. Years before g hold
    what is planted there: anticipation. `not_identified` marks cohorts that were members
    in the first table or before, and so have no year to be compared with.
    """
    rows: list[dict[str, Any]] = []
    for measure, plan in PROGRESS.items():
        schools, partners = world.schools[plan.key_stage], world.partners[plan.key_stage]
        first = np.where(schools.is_mainstream, partners.first_year, 0)
        for year in published_years(measure):
            figures = world.figures[plan.key_stage][year]
            effect = expected.effect(plan, world.planted, schools, partners, year)
            for cohort in sorted(set(first[first > 0].tolist())):
                chosen = first == cohort
                rows += [
                    {
                        "ks": plan.key_stage,
                        "measure": measure,
                        "group": group,
                        "cohort": cohort,
                        "year": year,
                        "not_identified": cohort <= NO_EFFECT_BEFORE,
                        **told,
                    }
                    for group in ("all", *HALVES)
                    if (told := _att(plan, effect, group, figures, measure, chosen))
                ]
    return rows


def _att(
    plan: PlantedProgress,
    effect: ByGroup,
    group: Group,
    figures: Figures,
    measure: str,
    chosen: Claims,
) -> dict[str, float]:
    weight = figures.weights(measure, group)
    chosen = chosen & (weight > 0)
    if not chosen.any():
        return {}
    value = _of_group(plan, effect, group, figures, measure, apart=False)
    return {
        "schools": int(chosen.sum()),
        "att": round(float(value[chosen].mean()), 6),
        "att_by_pupils": round(_mean(value, weight, chosen), 6),
    }


def changes_of_number(world: World) -> dict[str, Any]:
    """List every change of a school's number, by kind: old numbers, new ones, first day."""
    changes = [
        change
        for key_stage in ("ks2", "ks4")
        for change in world.schools[key_stage].changes
    ]
    counts = Counter(change.kind for change in changes)
    return {
        "schools": dict(sorted(counts.items())),
        "changes": [
            [change.kind, list(change.before), list(change.after), change.on.isoformat()]
            for change in sorted(changes, key=lambda c: (c.on, c.before, c.after))
        ],
    }


def _mean(value: Numbers, weight: Counts, chosen: Claims) -> float:
    return float(np.average(value[chosen], weights=weight[chosen]))
