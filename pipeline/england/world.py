"""The synthetic England as a whole: schools, partners, and what pupils achieved."""

from dataclasses import dataclass

import numpy as np

from pipeline.england import membership, names, results, schools
from pipeline.england.membership import Partners, Place, Spell
from pipeline.england.results import Figures
from pipeline.england.schools import Numbers, Schools
from pipeline.measures.measure import KEY_STAGES, KeyStage

_FIRST_URN: dict[KeyStage, int] = {"ks2": 900_000, "ks4": 930_000}


@dataclass(frozen=True)
class World:
    """Everything that is true of this England, before anything is published."""

    seed: int
    schools: dict[KeyStage, Schools]
    partners: dict[KeyStage, Partners]
    figures: dict[KeyStage, dict[int, Figures]]
    hubs: list[str]
    places: list[Place]
    unlisted: list[tuple[Spell, str, str]]
    """Members that stand in no table: spell, name and hub."""


@dataclass(frozen=True)
class _Stage:
    """One key stage of the world."""

    schools: Schools
    partners: Partners
    figures: dict[int, Figures]
    standing: dict[int, float]
    """Partners' lasting standing by URN, of those that do not close."""


def build(seed: int, *, primary_schools: int, secondary_schools: int) -> World:
    """Draw an England of so many state-funded mainstream schools.

    Each part has its own stream of random numbers, made from the seed and the part's
    number: a change in one part leaves the others as they were.
    """
    count: dict[KeyStage, int] = {"ks2": primary_schools, "ks4": secondary_schools}
    places = names.places(_stream(seed, 0))
    authorities = {
        schools.FIRST_AUTHORITY + k: names.authority_name(places[k])
        for k in range(schools.authorities_for(primary_schools + secondary_schools))
    }
    towns = places[len(authorities) :]
    hubs = membership.hub_names(authorities, _stream(seed, 1))
    hub_z = _stream(seed, 2).normal(size=(len(hubs), 1 + len(schools.YEARS)))
    stages = {
        key_stage: _stage(
            seed, key_stage, count[key_stage], authorities, towns, hubs, hub_z
        )
        for key_stage in KEY_STAGES
    }
    spells = [spell for stage in stages.values() for spell in stage.partners.spells]
    standing = {u: z for stage in stages.values() for u, z in stage.standing.items()}
    return World(
        seed=seed,
        schools={k: stage.schools for k, stage in stages.items()},
        partners={k: stage.partners for k, stage in stages.items()},
        figures={k: stage.figures for k, stage in stages.items()},
        hubs=hubs,
        places=membership.draw_places(_stream(seed, 40), spells, standing),
        unlisted=membership.unlisted(_stream(seed, 41), hubs, max(3, len(spells) // 60)),
    )


def _stage(
    seed: int,
    key_stage: KeyStage,
    mainstream: int,
    authorities: dict[int, str],
    towns: list[str],
    hubs: list[str],
    hub_z: Numbers,
) -> _Stage:
    part = KEY_STAGES.index(key_stage)
    drawn = schools.draw(
        _stream(seed, 10 + part),
        key_stage,
        mainstream=mainstream,
        authorities=authorities,
        towns=towns,
        first_urn=_FIRST_URN[key_stage],
    )
    partners = membership.draw_partners(_stream(seed, 20 + part), drawn, hubs)
    drawing = results.Drawing(_stream(seed, 30 + part), drawn, partners, hub_z)
    staying = np.flatnonzero(partners.joins & (drawn.last_year > schools.YEARS[-1]))
    standing = {int(drawn.urn[k]): float(drawing.common[k]) for k in staying}
    return _Stage(drawn, partners, drawing.years(), standing)


def _stream(seed: int, part: int) -> np.random.Generator:
    return np.random.default_rng([seed, part])
