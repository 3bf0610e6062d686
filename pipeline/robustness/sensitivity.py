"""How far members may have drifted apart from others before the finding is lost."""

import numpy as np
import pandas as pd

from pipeline.challenges.honest_did import breakdown, relative_magnitudes, smoothness
from pipeline.estimators.event_study import group_time_att
from pipeline.improvement.event_study import Joined
from pipeline.improvement.findings import Findings

QUESTION = "sensitivity"
DRIFTS = (0.5, 1.0, 2.0)
"""Multiples of the largest change before joining that the drift after may reach."""
LINE = "mean change after joining, a straight drift taken out"
BOUND = "mean change after joining, drift at most so many times that before"
LOST = "drift at which the finding is lost"


def add_sensitivity(found: Findings, joined: Joined) -> None:
    """Give the interval of the mean change for stated drifts, and the breakdown value.

    Shown where the power gate lets an impact be shown. Event times count waves: the
    change over the years without results is one change. Only event times that rest on
    every step from the first to the last are used, as the bounds ask for.
    """
    if not joined.gate.impact_allowed:
        found.add(QUESTION, LOST, status="withheld", said=joined.gate.reason)
        return
    level = found.panel.level
    try:
        betas, covariance, before, after = coefficients(joined.frame)
        weights = np.full(after, 1 / after)
        for drift in DRIFTS:
            bound = relative_magnitudes(
                betas, covariance, before, after, drift, weights, level=level
            )
            _add(found, BOUND, bound.low, bound.high, betas, before, weights, joined, drift)
        line = smoothness(betas, covariance, before, after, 0.0, weights, level=level)
        _add(found, LINE, line.low, line.high, betas, before, weights, joined, "")
        lost = breakdown(betas, covariance, before, after, weights, level=level)
    except ValueError as refused:
        found.cannot(QUESTION, LOST, str(refused))
        return
    if lost.value is None:
        found.cannot(QUESTION, LOST, "the interval holds zero without any drift")
    elif not np.isfinite(lost.value):
        found.cannot(QUESTION, LOST, "no drift in multiples of that before loses it")
    else:
        found.add(
            QUESTION,
            LOST,
            status="diagnostic",
            estimate=lost.value,
            schools=joined.schools,
            unit="times the largest change before",
        )


def coefficients(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Give effects by wave from one base, their covariance, and how many are before.

    The base is the last wave before joining. Raises ValueError where a wave between the
    first and the last has none, or where there is no wave before the base.
    """
    study = group_time_att(
        frame,
        unit="school_key",
        time="year",
        cohort="cohort",
        outcome="outcome",
        control="not_yet",
        cluster="cluster",
        base_period="universal",
    ).aggregate("dynamic", clock="wave")
    wave = study.table["event_time"].to_numpy(int)
    known = np.isfinite(study.table["standard_error"].to_numpy(float))
    steps = [w for w in range(wave.min(), wave.max() + 1) if w != -1]
    use = [int(np.flatnonzero(wave == w)[0]) for w in steps if (known & (wave == w)).any()]
    used = wave[use].tolist()
    inside = [w for w in steps if used and used[0] <= w <= used[-1]]
    if used != inside or not used or used[0] >= -1 or used[-1] < 0:
        raise ValueError(
            "effects of neighbouring waves before and after joining are needed, with one "
            f"more before the base; there are {used}"
        )
    betas = study.table["estimate"].to_numpy(float)[use]
    before = sum(w < 0 for w in used)
    return betas, study.covariance[np.ix_(use, use)], before, len(used) - before


def _add(
    found: Findings,
    quantity: str,
    low: float,
    high: float,
    betas: np.ndarray,
    before: int,
    weights: np.ndarray,
    joined: Joined,
    at: object,
) -> None:
    found.add(
        QUESTION,
        quantity,
        at=at,
        estimate=float(weights @ betas[before:]),
        low=low,
        high=high,
        schools=joined.schools,
        said=f"plain mean of the {len(betas) - before} waves from joining on",
    )
