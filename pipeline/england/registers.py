"""The organisation's own records: who is a partner, and who is in a programme."""

import csv
import io

from pipeline.england.membership import PROGRAMME, REGISTERED, Spell
from pipeline.england.world import World


def partners(world: World) -> str:
    """Write `partners.csv`: one row a spell, under the names of the tables."""
    rows: list[tuple[str, ...]] = []
    for key_stage in REGISTERED:
        joined = world.partners[key_stage]
        hubs = dict(zip(joined.urn.tolist(), joined.hub.tolist(), strict=True))
        for spell in joined.spells:
            written = world.written[spell.urn]
            hub = world.hubs[hubs[spell.urn]]
            rows.append((str(written.urn), written.name, *_dates(spell), hub))
    rows += [
        (str(spell.urn), name, *_dates(spell), hub) for spell, name, hub in world.unlisted
    ]
    return _csv(("urn", "name", "joined", "left", "hub"), sorted(rows))


def programmes(world: World) -> str:
    """Write `programmes.csv`: one row a school and cohort, with its trio."""
    rows: list[tuple[str, ...]] = [
        (
            PROGRAMME,
            str(world.written[place.spell.urn].urn),
            str(place.cohort),
            *_dates(place.spell),
            place.trio,
        )
        for place in world.places
    ]
    return _csv(("programme", "urn", "cohort", "joined", "left", "trio"), rows)


def _dates(spell: Spell) -> tuple[str, str]:
    left = spell.left.isoformat() if spell.left and spell.told else ""
    return spell.joined.isoformat(), left


def _csv(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
