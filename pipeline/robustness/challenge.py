"""Every challenge to the findings about change of one evaluation."""

from dataclasses import dataclass

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.contracts.specifications import SPECIFICATIONS
from pipeline.improvement.event_study import study_joining
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.improve import is_closed
from pipeline.improvement.panel import OutcomePanel
from pipeline.robustness import specifications
from pipeline.robustness.attrition import TRIMMED, add_attrition
from pipeline.robustness.missing_years import add_missing_years
from pipeline.robustness.placebos import (
    FALSE_MEMBERS,
    FALSE_YEARS,
    WITHOUT,
    add_leave_one_out,
    add_placebos,
)
from pipeline.robustness.sensitivity import LOST, add_sensitivity
from pipeline.robustness.specifications import CURVES, add_specifications
from pipeline.run import locations

SEED = 2019
"""Of the placebo draws: fixed, so that a run can be repeated to the byte."""
OF_JOINING = (
    ("sensitivity", LOST),
    ("placebo", FALSE_YEARS),
    ("placebo", FALSE_MEMBERS),
    ("leave one out", WITHOUT),
)
"""What can be asked of a change at joining only."""
ASKED = (
    *(("specification curve", curve) for curve in CURVES),
    ("attrition", TRIMMED),
    *OF_JOINING,
)


@dataclass(frozen=True)
class Challenged:
    """What the challenges came to, and every fit of the specification curves."""

    findings: pd.DataFrame
    specifications: pd.DataFrame


def challenge(outcomes: list[OutcomePanel]) -> Challenged:
    """Try to break what was found of every outcome; what cannot be tried says why."""
    every, fits = [], []
    for panel in outcomes:
        tried = Findings(panel)
        every.append(tried)
        if is_closed(tried, ASKED):
            continue
        joined = study_joining(tried)
        if joined is None:
            why = str(tried.rows.pop()["said"])
            fits += add_specifications(tried, joined, seed=SEED)
            add_attrition(tried)
            for question, quantity in OF_JOINING:
                tried.cannot(question, quantity, why)
            continue
        fits += add_specifications(tried, joined, seed=SEED)
        add_attrition(tried)
        add_missing_years(tried, joined)
        add_sensitivity(tried, joined)
        add_placebos(tried, joined, seed=SEED)
        add_leave_one_out(tried, joined)
    return Challenged(as_promised(every), specifications.as_promised(fits))


def write(tried: Challenged, evaluation: str) -> None:
    """Write what the challenges came to, checked against their contracts."""
    promise.write_together(
        {
            locations.robustness(evaluation): (tried.findings, FINDINGS),
            locations.specifications(evaluation): (tried.specifications, SPECIFICATIONS),
        }
    )
