"""Panels of schools drawn from the worlds of the synthetic England, with the truth beside.

Nothing is written to a file and no notebook runs: a panel is what the stages `clean` and
`follow` would have made of the same England, laid out as the stage `improve` lays it out.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pipeline.england import expected
from pipeline.england.calibration import REGIONS
from pipeline.england.planted import PROGRESS, in_year
from pipeline.england.truth import published_years
from pipeline.england.world import build
from pipeline.improvement.event_study import Joined, study_joining
from pipeline.improvement.findings import Findings
from pipeline.improvement.panel import BY_HUB_OR_TRUST, PUPIL_SD, OutcomePanel
from pipeline.measures.catalogue import measure as measure_of
from pipeline.measures.measure import KeyStage
from pipeline.quality.disclosure import are_too_few
from pipeline.run.parameters import WorldName

MEASURE = "progress_8"
PRIMARY = 60
"""The fewest that an England may have: the panel is of its secondary schools."""
FEW_PUPILS = 5
"""Up to so many are withheld, as `params.yaml` has it."""
LEVEL = 0.95


@dataclass(frozen=True)
class Drawn:
    """One panel and what is true of it."""

    frame: pd.DataFrame
    """school, year, outcome (in SDs of pupils), pupils, cohort (first year of membership,
    0 for never), ever_member, is_member, region, cluster (hub or school), log_pupils and
    disadvantaged_share (of the school's first year), effect (what membership adds to this
    school this year, in the same unit), expected (its outcome, chance aside)."""
    world: WorldName
    seed: int

    @cached_property
    def joined(self) -> Joined | None:
        """The event study of the stage, on which others rest; None where it has none."""
        return study_joining(Findings(laid_out(self.frame)))


def draw(
    world: WorldName, seed: int, *, schools: int = 400, measure: str = MEASURE
) -> Drawn:
    """Draw one England and lay its mainstream schools out by school and year."""
    key_stage: KeyStage = PROGRESS[measure].key_stage
    counts = {"primary_schools": PRIMARY, "secondary_schools": PRIMARY}
    counts["primary_schools" if key_stage == "ks2" else "secondary_schools"] = schools
    england = build(seed, **counts, world=world)
    plan, every = PROGRESS[measure], england.schools[key_stage]
    partners = england.partners[key_stage]
    cluster = np.where(
        partners.joins,
        np.char.add("hub ", partners.hub.astype(str)),
        np.char.add("school ", every.urn.astype(str)),
    )
    regions = np.array([region.name for region in REGIONS], dtype=object)
    parts = []
    for year in published_years(measure):
        figures = england.figures[key_stage][year]
        sd = in_year(plan.pupil, year)
        by_half = expected.effect(plan, england.planted, every, partners, year)
        weights = {g: figures.weights(measure, g) for g in ("all", *expected.HALVES)}
        of_schools = expected.of_schools(plan, england.planted, every, partners, year)
        many = np.maximum(weights["all"], 1)
        effect = sum(by_half[g] * weights[g] for g in expected.HALVES) / many
        mean = sum(of_schools[g] * weights[g] for g in expected.HALVES) / many
        value = figures.value[measure]["all"]
        few = are_too_few(pd.Series(weights["all"]), up_to=FEW_PUPILS).to_numpy()
        keep = every.is_mainstream & np.isfinite(value) & (weights["all"] > 0) & ~few
        parts.append(
            pd.DataFrame(
                {
                    "school": every.urn,
                    "year": year,
                    "outcome": value / sd,
                    "pupils": weights["all"].astype(float),
                    "cohort": partners.first_year,
                    "ever_member": partners.first_year > 0,
                    "is_member": partners.counted(year),
                    "region": regions[every.region],
                    "cluster": cluster,
                    "disadvantaged_share": weights["disadvantaged"] / many,
                    "effect": effect / sd,
                    "expected": mean / sd,
                }
            )[keep]
        )
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.sort_values(["school", "year"], ignore_index=True)
    by_school = frame.groupby("school")
    frame["log_pupils"] = np.log(by_school["pupils"].transform("first"))
    frame["disadvantaged_share"] = by_school["disadvantaged_share"].transform("first")
    return Drawn(frame, world, seed)


def laid_out(frame: pd.DataFrame, measure: str = MEASURE) -> OutcomePanel:
    """Give rows of a drawn panel as the stages `improve` and `break` take them."""
    of_stage = frame.rename(columns={"school": "school_key"}).assign(
        urn=frame["school"], value=frame["outcome"], sd=1.0
    )
    return OutcomePanel(
        measure=measure_of(PROGRESS[measure].key_stage, measure),
        group="all",
        frame=of_stage,
        unit=PUPIL_SD,
        clustered_by=BY_HUB_OR_TRUST,
        years=tuple(sorted(frame["year"].unique().tolist())),
        years_without={},
        closed=None,
        level=LEVEL,
    )
