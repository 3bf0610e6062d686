"""The organisation's own records: who is a partner, and who is in a programme."""

import csv
import io

from pipeline.england.membership import PROGRAMME, Spell, names_by_urn
from pipeline.england.world import World


def partners(world: World) -> str:
    """Write `partners.csv`: one row a spell, under the names of the tables."""
    rows: list[tuple[str, ...]] = []
    for key_stage, schools in world.schools.items():
        joined = world.partners[key_stage]
        names = names_by_urn(schools)
        urns = schools.urn.tolist()
        hubs = {urn: world.hubs[h] for urn, h in zip(urns, joined.hub, strict=True)}
        rows += [
            (str(spell.urn), names[spell.urn], *_dates(spell), hubs[spell.urn])
            for spell in joined.spells
        ]
    rows += [
        (str(spell.urn), name, *_dates(spell), hub) for spell, name, hub in world.unlisted
    ]
    return _csv(("urn", "name", "joined", "left", "hub"), sorted(rows))


def programmes(world: World) -> str:
    """Write `programmes.csv`: one row a school and cohort, with its trio."""
    rows: list[tuple[str, ...]] = [
        (
            PROGRAMME,
            str(place.spell.urn),
            str(place.cohort),
            *_dates(place.spell),
            place.trio,
        )
        for place in world.places
    ]
    return _csv(("programme", "urn", "cohort", "joined", "left", "trio"), rows)


def _dates(spell: Spell) -> tuple[str, str]:
    left = spell.left.isoformat() if spell.left else ""
    return spell.joined.isoformat(), left


def _csv(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
