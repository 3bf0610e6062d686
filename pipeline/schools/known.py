"""What is known of schools from one year to the next, as the stage `link` wrote it."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.establishments import ESTABLISHMENTS, LINEAGE, TRUST_SPELLS
from pipeline.run import locations

# SOURCE: the register's groups are also federations, sponsors and foundation trusts,
# which run no school; a school may be in one of those and in a trust.
_TRUSTS = ("Multi-academy trust", "Single-academy trust")


@dataclass(frozen=True)
class KnownSchools:
    """The register of schools, as far as it was supplied."""

    establishments: pd.DataFrame
    lineage: pd.DataFrame
    trust_spells: pd.DataFrame

    @cached_property
    def keys(self) -> dict[str, str]:
        """The stable key of each known number of a school."""
        return dict(zip(self.lineage["urn"], self.lineage["school_key"], strict=True))

    @property
    def has_establishments(self) -> bool:
        """Whether it is known which schools were open when."""
        return not self.establishments.empty

    def key_of(self, urns: pd.Series) -> pd.Series:
        """Give each school its stable key: its own number where no link is known."""
        keys = [self.keys.get(urn, urn) for urn in urns]
        return pd.Series(keys, index=urns.index, dtype=urns.dtype)

    def open_in(self, year: int) -> pd.DataFrame:
        """List the establishments that were open for some of an academic year."""
        first, last = pd.Timestamp(year - 1, 9, 1), pd.Timestamp(year, 8, 31)
        table = self.establishments
        begun = table["opened"].isna() | (table["opened"] <= last)
        lasts = table["closed"].isna() | (table["closed"] > first)
        return table[begun & lasts]

    def trust_on(self, day: date) -> pd.Series:
        """Say to which academy trust each school belonged on a day, by school key."""
        when = pd.Timestamp(day)
        spells = self.trust_spells[self.trust_spells["trust_kind"].isin(_TRUSTS)]
        begun = spells[spells["joined"] <= when]
        held = begun[begun["left"].isna() | (begun["left"] > when)]
        latest = held.assign(key=self.key_of(held["urn"])).sort_values(
            ["key", "joined", "trust"], kind="stable"
        )
        return latest.drop_duplicates("key", keep="last").set_index("key")["trust"]


def read_known_schools() -> KnownSchools:
    """Read what the stage `link` wrote: empty tables where a source was not supplied."""
    return KnownSchools(
        establishments=promise.read(
            locations.school_table("establishments"), ESTABLISHMENTS
        ),
        lineage=promise.read(locations.school_table("lineage"), LINEAGE),
        trust_spells=promise.read(locations.school_table("trust_spells"), TRUST_SPELLS),
    )


def read_files() -> dict[str, Any]:
    """Read which files of schools there were, and which sources were not supplied."""
    text = locations.school_inventory().read_text(encoding="utf-8")
    files: dict[str, Any] = json.loads(text)
    return files
