"""Every number of an evaluation, with what it rests on and where it comes from."""

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from pipeline.comparison.compared import Compared
from pipeline.measures.catalogue import measure
from pipeline.measures.measure import GROUP_LABELS, Group, KeyStage, Measure

Quantity = Literal["partners", "rest", "gap"]
QUANTITIES: tuple[Quantity, ...] = ("partners", "rest", "gap")


@dataclass(frozen=True)
class Source:
    """A file that a number was made from, and how many of its rows."""

    file: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Convention:
    """The department's own interval, or why there is none: a convention, not a test."""

    low: float | None
    high: float | None
    said: str


@dataclass(frozen=True)
class Fact:
    """One number, or the reason why there is none."""

    key_stage: KeyStage
    measure: str
    group: Group
    year: int
    quantity: Quantity
    value: float | None
    low: float | None
    high: float | None
    unit: str
    schools: int | None
    pupils: int | None
    interval: str
    reason: str | None
    sources: tuple[Source, ...]
    convention: Convention | None = None
    standard_error: float | None = None
    degrees_of_freedom: float | None = None
    cr3_low: float | None = None
    cr3_high: float | None = None
    """The interval of a gap by CR3, which errs on the wide side."""
    randomisation_p: float | None = None
    """How usual so large a gap is among random sets of schools."""
    randomisation_reason: str | None = None
    """Why there is no such p."""
    partner_clusters: int | None = None
    """Independent groups among the partners of the cell."""
    clustered_by: str | None = None
    schools_by_other_pupils: int = 0

    @property
    def id(self) -> str:
        """Name of the fact: `ks4.progress_8.disadvantaged.2019.gap`."""
        return f"{self.key_stage}.{self.measure}.{self.group}.{self.year}.{self.quantity}"

    @property
    def about(self) -> Measure:
        """The measure the fact is about."""
        return measure(self.key_stage, self.measure)

    @property
    def label(self) -> str:
        """What the fact is about, in words."""
        return f"{self.about.label}, {GROUP_LABELS[self.group]}"

    def as_record(self) -> dict[str, Any]:
        """The fact as it stands in `results.json`."""
        record: dict[str, Any] = {
            "id": self.id,
            "label": self.label,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "schools": self.schools,
            "pupils": self.pupils,
            "pupils_counts": self.about.counted,
            "interval": self.interval,
            "reason": self.reason,
            "sources": [vars(source) for source in self.sources],
        }
        if self.quantity == "gap":
            record |= {
                "standard_error": self.standard_error,
                "degrees_of_freedom": self.degrees_of_freedom,
                "cr3_low": self.cr3_low,
                "cr3_high": self.cr3_high,
                "randomisation_p": self.randomisation_p,
                "randomisation_reason": self.randomisation_reason,
                "partner_clusters": self.partner_clusters,
                "schools_weighted_by_whole_cohort": self.schools_by_other_pupils,
                "department_convention": (
                    None if self.convention is None else vars(self.convention)
                ),
            }
        return record


def collect(compared: Compared, *, confidence_level: float) -> list[Fact]:
    """Make facts of estimates: three for each measure, group and year."""
    lineage = dict(
        iter(compared.lineage.groupby(["key_stage", "measure", "group", "year"]))
    )
    gaps = compared.gaps.astype(object).where(compared.gaps.notna(), None)
    facts: list[Fact] = []
    for row in gaps.to_dict("records"):
        used = lineage.get((row["key_stage"], row["measure"], row["group"], row["year"]))
        entry = {str(name): value for name, value in row.items()}
        facts += [_fact(entry, quantity, used, confidence_level) for quantity in QUANTITIES]
    return facts


def _fact(
    row: dict[str, Any],
    quantity: Quantity,
    used: pd.DataFrame | None,
    confidence_level: float,
) -> Fact:
    about = measure(row["key_stage"], row["measure"])
    get = row.get
    counts: dict[str, tuple[Any, Any]] = {
        "partners": (get("partner_schools"), get("partner_pupils")),
        "rest": (get("rest_schools"), get("rest_pupils")),
    }
    counts["gap"] = (_sum("schools", row), _sum("pupils", row))
    bounds = {
        "partners": ("partners_low", "partners_high"),
        "rest": ("rest_low", "rest_high"),
        "gap": ("low", "high"),
    }[quantity]
    is_gap = quantity == "gap"
    return Fact(
        key_stage=row["key_stage"],
        measure=row["measure"],
        group=row["group"],
        year=int(row["year"]),
        quantity=quantity,
        value=get(quantity),
        low=get(bounds[0]),
        high=get(bounds[1]),
        unit=about.unit if is_gap else about.unit_of_level,
        schools=counts[quantity][0],
        pupils=counts[quantity][1],
        interval=_interval(row, get(bounds[0]), confidence_level),
        reason=get("reason"),
        sources=_sources(used, quantity),
        convention=(
            Convention(get("dfe_low"), get("dfe_high"), str(get("dfe_said")))
            if is_gap and get("reason") is None
            else None
        ),
        standard_error=get("standard_error") if is_gap else None,
        degrees_of_freedom=get("degrees_of_freedom") if is_gap else None,
        cr3_low=get("cr3_low") if is_gap else None,
        cr3_high=get("cr3_high") if is_gap else None,
        randomisation_p=get("randomisation_p") if is_gap else None,
        randomisation_reason=get("randomisation_reason") if is_gap else None,
        partner_clusters=get("partner_clusters"),
        clustered_by=get("clustered_by"),
        schools_by_other_pupils=get("schools_by_other_pupils") or 0,
    )


def _sum(what: str, row: dict[str, Any]) -> int | None:
    own, rest = row.get(f"partner_{what}"), row.get(f"rest_{what}")
    return None if own is None or rest is None else int(own) + int(rest)


def _interval(row: dict[str, Any], low: float | None, confidence_level: float) -> str:
    if row.get("reason") is not None:
        return "none"
    if low is None:
        return f"none: {row.get('interval_reason')}"
    return (
        f"{confidence_level:.0%} confidence interval, cluster-robust, partners "
        f"clustered by {row['clustered_by']}"
    )


def _sources(used: pd.DataFrame | None, quantity: Quantity) -> tuple[Source, ...]:
    if used is None:
        return ()
    entries = []
    for file in used.sort_values("file").to_dict("records"):
        own, rest = int(file["partner_rows"]), int(file["rest_rows"])
        rows = {"partners": own, "rest": rest, "gap": own + rest}[quantity]
        if rows:
            entries.append(Source(file["file"], file["sha256"], rows))
    return tuple(entries)
