"""What an honest analysis of the synthetic England should find."""

from typing import Any

import numpy as np

from pipeline.england.membership import PROGRAMME
from pipeline.england.planted import PROGRESS, PlantedProgress
from pipeline.england.results import HALVES, ByGroup, expected_progress
from pipeline.england.schools import PUBLISHED, Claims, Counts, Numbers
from pipeline.england.world import World
from pipeline.measures.measure import GROUPS, Group


def planted(world: World) -> dict[str, Any]:
    """Tell the planted truth: selection, effects and the gaps to be expected.

    A gap between partners and the rest holds both what joining schools were like
    beforehand and what membership does: a report may print the gap, and is wrong where
    it calls it the effect.
    """
    return {
        "made_up": "every school, pupil and figure; see SYNTHETIC.md",
        "seed": world.seed,
        "planted": {
            key_stage: {
                measure: {"selection": plan.selection, "effect": plan.effect}
                for measure, plan in PROGRESS.items()
                if plan.key_stage == key_stage
            }
            for key_stage in world.schools
        },
        "programmes": {
            PROGRAMME: {
                "effect": 0.0,
                "chosen": "members in the upper half by lasting progress",
            }
        },
        "expected_gaps": expected_gaps(world),
    }


def expected_gaps(world: World) -> list[dict[str, Any]]:
    """Give every expected gap, of members minus the rest, weighted by pupils.

    Expected over school effects, shocks and the luck of pupils, for the cohorts as
    they are: joining schools' lasting progress lies higher by the selection on
    average. The rest holds schools that joined later or had left, with the selection
    of joining schools and no effect. Schools whose figures are suppressed count.
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
        for year in PUBLISHED[plan.key_stage]
        for group, gap in _gaps(world, measure, year).items()
    ]


def _gaps(world: World, measure: str, year: int) -> dict[Group, dict[str, float]]:
    plan = PROGRESS[measure]
    schools = world.schools[plan.key_stage]
    partners = world.partners[plan.key_stage]
    figures = world.figures[plan.key_stage][year]
    counted = partners.counted(schools, year)
    members = schools.is_mainstream & counted
    rest = schools.is_mainstream & ~counted
    weight = {group: figures.weights(measure, group) for group in GROUPS}
    expected = expected_progress(plan, schools, partners, year)
    gaps: dict[Group, dict[str, float]] = {}
    for group in GROUPS:
        if weight[group][members].sum() == 0:
            continue
        value = _of_group(expected, group, weight)
        part = _of_group(_effect(plan, counted), group, weight)
        gap = _mean(value, weight[group], members) - _mean(value, weight[group], rest)
        gaps[group] = {
            "gap": round(gap, 6),
            "effect_part": round(_mean(part, weight[group], members), 6),
        }
    return gaps


def _effect(plan: PlantedProgress, counted: Claims) -> ByGroup:
    return {g: np.where(counted, plan.effect[g], 0.0) for g in HALVES}


def _of_group(value: ByGroup, group: Group, weight: dict[Group, Counts]) -> Numbers:
    if group != "all":
        return value[group]
    total = sum((value[g] * weight[g] for g in HALVES), np.zeros(len(weight["all"])))
    return total / np.maximum(weight["all"], 1)


def _mean(value: Numbers, weight: Counts, chosen: Claims) -> float:
    return float(np.average(value[chosen], weights=weight[chosen]))
