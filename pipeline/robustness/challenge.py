"""Every challenge to the findings about change of one evaluation."""

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement.event_study import study_joining
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.improve import is_closed
from pipeline.improvement.panel import OutcomePanel
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
ASKED = (*(("specification curve", curve) for curve in CURVES), *OF_JOINING)


def challenge(outcomes: list[OutcomePanel]) -> pd.DataFrame:
    """Try to break what was found of every outcome; what cannot be tried says why."""
    every = []
    for panel in outcomes:
        tried = Findings(panel)
        every.append(tried)
        if is_closed(tried, ASKED):
            continue
        joined = study_joining(tried)
        if joined is None:
            why = str(tried.rows.pop()["said"])
            add_specifications(tried, joined, seed=SEED)
            for question, quantity in OF_JOINING:
                tried.cannot(question, quantity, why)
            continue
        add_specifications(tried, joined, seed=SEED)
        add_sensitivity(tried, joined)
        add_placebos(tried, joined, seed=SEED)
        add_leave_one_out(tried, joined)
    return as_promised(every)


def write(tried: pd.DataFrame, evaluation: str) -> None:
    """Write what the challenges came to, checked against their contract."""
    promise.write_together({locations.robustness(evaluation): (tried, FINDINGS)})
