"""Which findings were registered as primaries, and what many questions leave of a p."""

import numpy as np
import pandas as pd

from pipeline.challenges.multiple_testing import adjust_families
from pipeline.improvement.event_study import OVERALL
from pipeline.improvement.event_study import QUESTION as EVENT_STUDY
from pipeline.improvement.growth import QUESTION as GROWTH
from pipeline.improvement.growth import SLOPE
from pipeline.improvement.panel import OutcomePanel
from pipeline.measures.measure import Group, KeyStage
from pipeline.run.rounding import round_floats

# ASSUME: one outcome of each phase is its registered primary: the one of all pupils that
# most years' tables have. Fixed here, before any result is seen, as the headlines are.
PRIMARIES: tuple[tuple[KeyStage, str, Group], ...] = (
    ("ks4", "progress_8", "all"),
    ("ks2", "rwm_expected", "all"),
)
CLAIMS = ((GROWTH, SLOPE), (EVENT_STUDY, OVERALL))
"""The quantities of them that are registered: one of growth, one of joining."""
METHODS = {
    "holm": "Holm, registered primaries",
    "benjamini-hochberg": "Benjamini and Hochberg, other estimates",
}


def is_primary(panel: OutcomePanel) -> bool:
    """Say whether an outcome is the registered primary of its phase."""
    return (panel.measure.key_stage, panel.measure.code, panel.group) in PRIMARIES


def adjusted(found: pd.DataFrame) -> pd.DataFrame:
    """Put beside each p of an estimate what is left of it among all that were asked.

    All registered primaries of an evaluation are one family (Holm), all its other
    estimates another (Benjamini and Hochberg). A diagnostic is no claim: it tests what a
    claim rests on, or the same claim by another way, and counts in neither.
    """
    tested = ((found["status"] == "estimate") & found["p_value"].notna()).to_numpy(bool)
    if not tested.any():
        return found
    outcome = zip(found["key_stage"], found["measure"], found["group"], strict=True)
    claim = zip(found["question"], found["quantity"], strict=True)
    registered = np.array(
        [o in PRIMARIES and c in CLAIMS for o, c in zip(outcome, claim, strict=True)]
    )
    left = adjust_families(found.loc[tested, "p_value"], registered[tested])
    p, by = found["adjusted_p"].copy(), found["adjusted_by"].copy()
    p[tested] = [one.adjusted for one in left]
    by[tested] = [_of(one.tests, METHODS[one.method]) for one in left]
    return round_floats(found.assign(adjusted_p=p, adjusted_by=by))


def _of(tests: int, method: str) -> str:
    return f"{method}: {tests} test{'' if tests == 1 else 's'}"
