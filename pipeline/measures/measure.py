"""The form in which one published measure is described."""

from dataclasses import dataclass, field
from typing import Literal

KeyStage = Literal["ks2", "ks4"]
Group = Literal["all", "disadvantaged", "others"]

KEY_STAGES: tuple[KeyStage, ...] = ("ks2", "ks4")
GROUPS: tuple[Group, ...] = ("all", "disadvantaged", "others")

GROUP_LABELS: dict[Group, str] = {
    "all": "all pupils",
    "disadvantaged": "disadvantaged pupils",
    "others": "other pupils",
}
"""Disadvantaged is the department's FSM6CLA1A: free school meals in the last six
years, looked after for a day or more, or adopted from care."""


@dataclass(frozen=True)
class PublishedColumns:
    """Where one measure of one group of pupils stands in a performance table.

    Column names are matched whole and without regard to case: a prior year's figure
    carries a suffix (``READPROG_17``), so a match on the beginning of a name would
    pick the wrong year.
    """

    value: str
    pupils: tuple[str, ...]
    """Columns with the number of pupils, best first: the next is used where one is
    blank, and which one was used is counted."""
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True)
class Measure:
    """One published measure: what it is, where it stands and what it cannot say."""

    code: str
    label: str
    key_stage: KeyStage
    unit: str
    decimals: int
    bounds: tuple[float, float]
    columns: dict[Group, PublishedColumns]
    what_it_is: str
    cannot_say: str
    not_published: dict[int, str] = field(default_factory=dict)
    """Academic year (its end) to the reason why no school table holds the measure."""
    centred_on_national: bool = False
    """True for value added, whose national mean is fixed near zero in every year, so
    that a change over time is a change of relative position."""
    breaks: dict[int, str] = field(default_factory=dict)
    """Academic year (its end) from which figures are not comparable with earlier ones."""

    @property
    def unit_of_level(self) -> str:
        """Unit of a level: a percentage, where a gap is in percentage points."""
        return "% of pupils" if self.unit == "percentage points" else self.unit

    def why_not_published(self, year: int) -> str | None:
        """Give the reason why the department published none that year, or None."""
        return self.not_published.get(year)
