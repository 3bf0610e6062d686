"""Every challenge to the findings about change of one evaluation."""

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement.event_study import study_joining
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.improve import withheld
from pipeline.improvement.panel import OutcomePanel
from pipeline.robustness.placebos import add_leave_one_out, add_placebos
from pipeline.robustness.sensitivity import add_sensitivity
from pipeline.robustness.specifications import add_specifications
from pipeline.run import locations

SEED = 2019
"""Of the placebo draws: fixed, so that a run can be repeated to the byte."""


def challenge(outcomes: list[OutcomePanel], *, suppress_pupils_up_to: int) -> pd.DataFrame:
    """Try to break what was found of every outcome that has an event study."""
    every = []
    for panel in outcomes:
        tried = Findings(panel)
        if withheld(tried, up_to=suppress_pupils_up_to):
            continue
        joined = study_joining(tried)
        # What the event study cannot answer is told where it is asked.
        tried.rows.clear()
        every.append(tried)
        add_specifications(tried, joined, seed=SEED)
        if joined is None:
            continue
        add_sensitivity(tried, joined)
        add_placebos(tried, joined, seed=SEED)
        add_leave_one_out(tried, joined)
    return as_promised(every)


def write(tried: pd.DataFrame, evaluation: str) -> None:
    """Write what the challenges came to, checked against their contract."""
    promise.write_together({locations.robustness(evaluation): (tried, FINDINGS)})
