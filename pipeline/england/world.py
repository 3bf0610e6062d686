"""The synthetic England as a whole: schools, partners, and what pupils achieved."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from pipeline.england import (
    country,
    membership,
    names,
    schools,
)
from pipeline.england.arrays import Numbers
from pipeline.england.country import Country
from pipeline.england.lives import YEARS
from pipeline.england.membership import REGISTERED, Partners, Place, Spell, WrittenNumber
from pipeline.england.planted import DEFAULT_WORLD, WORLDS, PlantedWorld
from pipeline.england.results import Drawing, Figures
from pipeline.england.schools import Schools
from pipeline.measures.measure import KEY_STAGES, KeyStage
from pipeline.run.parameters import WorldName

_FIRST_URN: dict[KeyStage, int] = {"ks2": 900_000, "ks4": 930_000, "ks5": 939_000}
_FIRST_NEW_URN: dict[KeyStage, int] = {"ks2": 940_000, "ks4": 975_000}
"""Numbers of schools that are new, or that were other schools before the first table."""


@dataclass(frozen=True)
class World:
    """Everything that is true of this England, before anything is published."""

    seed: int
    name: WorldName
    country: Country
    schools: dict[KeyStage, Schools]
    """Those of key stage 5 stand at key stage 4 too, but for the colleges."""
    partners: dict[KeyStage, Partners]
    figures: dict[KeyStage, dict[int, Figures]]
    standing: dict[KeyStage, Numbers]
    """Each school's lasting standing, in standard deviations."""
    hubs: list[str]
    places: list[Place]
    unlisted: list[tuple[Spell, str, str]]
    """Members that stand in no table: spell, name and hub."""
    written: dict[int, WrittenNumber]
    """Under which number and name the organisation's records list each partner."""

    @property
    def planted(self) -> PlantedWorld:
        """What is planted in it."""
        return WORLDS[self.name]


def build(
    seed: int,
    *,
    primary_schools: int,
    secondary_schools: int,
    world: WorldName = DEFAULT_WORLD,
) -> World:
    """Draw an England of so many state-funded mainstream schools.

    Each part has its own stream of random numbers, made from the seed and the part's
    number: a change in one part leaves the others as they were. Worlds of one seed
    differ by what is planted alone.
    """
    count: dict[KeyStage, int] = {"ks2": primary_schools, "ks4": secondary_schools}
    places = names.places(_stream(seed, 0))
    land = country.draw(
        places, primary_schools=primary_schools, secondary_schools=secondary_schools
    )
    towns = places[len(land.authorities) :]
    hubs = membership.hub_names(land.authorities, _stream(seed, 1))
    hub_z = _stream(seed, 2).normal(size=(len(hubs), 1 + len(YEARS)))
    every: dict[KeyStage, Schools] = {
        key_stage: schools.draw(
            _stream(seed, 10 + part),
            key_stage,
            mainstream=count[key_stage],
            country=land,
            towns=towns,
            first_urn=_FIRST_URN[key_stage],
            first_new_urn=_FIRST_NEW_URN[key_stage],
        )
        for part, key_stage in enumerate(REGISTERED)
    }
    partners: dict[KeyStage, Partners] = {
        key_stage: membership.draw_partners(
            _stream(seed, 20 + part), every[key_stage], hubs
        )
        for part, key_stage in enumerate(REGISTERED)
    }
    every["ks5"] = schools.sixth_forms(
        _stream(seed, 12), every["ks4"], land, _FIRST_URN["ks5"]
    )
    partners["ks5"] = membership.of_sixth_forms(partners["ks4"], every["ks5"])
    drawings = {
        key_stage: Drawing(
            partial(_stream, seed, 30 + part),
            every[key_stage],
            partners[key_stage],
            hub_z,
            WORLDS[world],
        )
        for part, key_stage in enumerate(KEY_STAGES)
    }
    figures = {key_stage: drawing.years() for key_stage, drawing in drawings.items()}
    standing = {key_stage: drawing.common for key_stage, drawing in drawings.items()}
    spells = [spell for key_stage in REGISTERED for spell in partners[key_stage].spells]
    written: dict[int, WrittenNumber] = {}
    for part, key_stage in enumerate(REGISTERED):
        written |= membership.written_numbers(
            _stream(seed, 42 + part), every[key_stage], partners[key_stage]
        )
    return World(
        seed=seed,
        name=world,
        country=land,
        schools=every,
        partners=partners,
        figures=figures,
        standing=standing,
        hubs=hubs,
        places=membership.draw_places(
            _stream(seed, 40), spells, _standing_of_members(every, partners, standing)
        ),
        unlisted=membership.unlisted(_stream(seed, 41), hubs, max(3, len(spells) // 60)),
        written=written,
    )


def _standing_of_members(
    every: dict[KeyStage, Schools],
    partners: dict[KeyStage, Partners],
    standing: dict[KeyStage, Numbers],
) -> dict[int, float]:
    """Give lasting standing by number, of partners that do not close."""
    found: dict[int, float] = {}
    for key_stage in REGISTERED:
        stays = partners[key_stage].joins & (every[key_stage].last_year > YEARS[-1])
        for school in np.flatnonzero(stays):
            urn = int(every[key_stage].urn[school])
            found[urn] = float(standing[key_stage][school])
    return found


def _stream(seed: int, *part: int) -> np.random.Generator:
    return np.random.default_rng([seed, *part])
