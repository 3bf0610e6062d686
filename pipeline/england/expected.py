"""What is expected of each school, chance aside: the drawing and the truth both use it."""

import numpy as np

from pipeline.england.arrays import Claims, Numbers
from pipeline.england.membership import Partners
from pipeline.england.planted import MIDDLE_YEAR, PlantedProgress, PlantedWorld
from pipeline.england.schools import Schools
from pipeline.measures.measure import Group

ByGroup = dict[Group, Numbers]
HALVES: tuple[Group, Group] = ("disadvantaged", "others")


def of_schools(
    plan: PlantedProgress,
    world: PlantedWorld,
    schools: Schools,
    partners: Partners,
    year: int,
) -> ByGroup:
    """Give each group's expected progress: base, selection and effect, without chance."""
    before = selection(plan, world, partners, year) + intake(plan, world, partners)
    added = effect(plan, world, schools, partners, year)
    return {group: plan.base[group] + before + added[group] for group in HALVES}


def selection(
    plan: PlantedProgress, world: PlantedWorld, partners: Partners, year: int
) -> Numbers:
    """Give what sets schools that ever join apart, whether or not they have joined yet.

    A school that was chosen for a year of bad luck is expected to have had part of that
    luck in the years around it: luck that fades to a share `fades` a year was on its
    way before, by the same share.
    """
    apart = world.level + world.trend * (year - MIDDLE_YEAR)
    from_baseline = np.abs(year - (partners.first_year - 1))
    luck = np.where(partners.first_year > 0, plan.fades**from_baseline, 0.0)
    return np.asarray(plan.size * (apart - world.dip * luck) * partners.joins)


def intake(plan: PlantedProgress, world: PlantedWorld, partners: Partners) -> Numbers:
    """Give what partners' larger share of disadvantaged pupils does to either group."""
    return np.asarray(plan.intake * world.more_disadvantaged * partners.joins)


def effect(
    plan: PlantedProgress,
    world: PlantedWorld,
    schools: Schools,
    partners: Partners,
    year: int,
) -> ByGroup:
    """Give what membership adds that year, to members and where planted to others."""
    exposure = partners.exposure(year)
    steps = np.array([0.0, *world.effect])
    size = steps[np.minimum(exposure, len(world.effect))]
    first = world.effect[0]
    near = spilled_on(world, schools, partners, year)
    size = np.where(near, world.spill * first, size)
    early = (partners.first_year == year + 1) & (world.anticipation != 0)
    size = np.where(early, world.anticipation * first, size)
    return {g: plan.size * world.reaches[g] * size for g in HALVES}


def spilled_on(
    world: PlantedWorld, schools: Schools, partners: Partners, year: int
) -> Claims:
    """Say which schools outside gain from a neighbour's membership that year."""
    near = partners.has_neighbour(schools, year) & schools.is_mainstream
    return near & (world.spill != 0)
