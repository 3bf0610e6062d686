"""The form in which one published measure is described."""

from dataclasses import dataclass, field
from typing import Literal

KeyStage = Literal["ks2", "ks4", "ks5"]
Group = Literal[
    "all",
    "disadvantaged",
    "others",
    "girls",
    "boys",
    "low_prior",
    "middle_prior",
    "high_prior",
]

KEY_STAGES: tuple[KeyStage, ...] = ("ks2", "ks4", "ks5")
GROUP_LABELS: dict[Group, str] = {
    "all": "all pupils",
    "disadvantaged": "disadvantaged pupils",
    "others": "other pupils",
    "girls": "girls",
    "boys": "boys",
    "low_prior": "pupils with low prior attainment",
    "middle_prior": "pupils with middle prior attainment",
    "high_prior": "pupils with high prior attainment",
}
GROUPS: tuple[Group, ...] = tuple(GROUP_LABELS)
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
    value_in: dict[int, str] = field(default_factory=dict)
    """The figure's column in the years (by their end) whose tables name it otherwise."""

    def value_of(self, year: int) -> str:
        """Give the column of the figure in the table of an academic year (its end)."""
        return self.value_in.get(year, self.value)


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
    counted: str = "pupils"
    """What the number beside a figure counts: of pupils, or of their entries."""
    group_not_published: dict[Group, dict[int, str]] = field(default_factory=dict)
    """The same as `not_published`, for groups that fewer years were published of."""

    @property
    def unit_of_level(self) -> str:
        """Unit of a level: a percentage, where a gap is in percentage points."""
        return "% of pupils" if self.unit == "percentage points" else self.unit

    def why_not_published(self, year: int, group: Group = "all") -> str | None:
        """Give the reason why the department published none that year, or None."""
        of_group = self.group_not_published.get(group, {})
        return self.not_published.get(year) or of_group.get(year)
