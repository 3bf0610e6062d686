"""How far members may have drifted apart from others before the finding is lost."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from pipeline.challenges.honest_did import breakdown, relative_magnitudes, smoothness
from pipeline.estimators.event_study import group_time_att
from pipeline.estimators.group_time_aggregate import Aggregate
from pipeline.improvement.event_study import Joined
from pipeline.improvement.findings import Findings

FloatArray = npt.NDArray[np.float64]

QUESTION = "sensitivity"
DRIFTS = (0.5, 1.0, 2.0)
"""Multiples of the largest change before joining that the drift after may reach."""
MEAN = "plain mean of waves since joining"
BOUND = f"{MEAN}, drift at most so many times that before"
LINE = f"{MEAN}, a straight drift taken out"
LOST = f"drift from which on the {MEAN} may be zero"


def add_sensitivity(found: Findings, joined: Joined) -> None:
    """Give the plain mean of waves, its interval for stated drifts, and the breakdown.

    The bounds hold for a sum of effects by wave, so they are of the plain mean of the
    waves since joining and not of the headline, which weights by cohort: that mean stands
    first, with an interval that allows no drift. Shown where the power gate lets an impact
    be shown. Event times count waves: the change over the years without results is one
    change. Only event times that rest on every step from the first to the last are used,
    as the bounds ask for.
    """
    if not joined.gate.impact_allowed:
        found.add(QUESTION, LOST, status="withheld", said=joined.gate.reason)
        return
    level = found.panel.level
    try:
        study = _from_one_base(joined.frame)
        betas, covariance, before, after = _used(study)
        weights = np.full(after, 1 / after)
        mean = float(weights @ betas[before:])
        waves = f"of the {after} waves from joining on"
        _add_mean(found, joined, study, mean, covariance[before:, before:], waves)
        for drift in DRIFTS:
            bound = relative_magnitudes(
                betas, covariance, before, after, drift, weights, level=level
            )
            found.add(
                QUESTION,
                BOUND,
                at=drift,
                estimate=mean,
                low=bound.low,
                high=bound.high,
                schools=joined.schools,
                said=f"plain mean {waves}",
            )
        line = smoothness(betas, covariance, before, after, 0.0, weights, level=level)
        found.add(
            QUESTION,
            LINE,
            estimate=line.centre,
            low=line.low,
            high=line.high,
            schools=joined.schools,
            said=f"plain mean {waves}, less the straight line seen before joining",
        )
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


def coefficients(frame: pd.DataFrame) -> tuple[FloatArray, FloatArray, int, int]:
    """Give effects by wave from one base, their covariance, and how many are before.

    The base is the last wave before joining. The covariance has the event study's errors
    for intervals squared on its diagonal, with their correction for few clusters. Raises
    ValueError where a wave between the first and the last has none, or where there is no
    wave before the base.
    """
    return _used(_from_one_base(frame))


def _from_one_base(frame: pd.DataFrame) -> Aggregate:
    return group_time_att(
        frame,
        unit="school_key",
        time="year",
        cohort="cohort",
        outcome="outcome",
        control="not_yet",
        cluster="cluster",
        base_period="universal",
    ).aggregate("dynamic", clock="wave")


def _used(study: Aggregate) -> tuple[FloatArray, FloatArray, int, int]:
    wave = study.table["event_time"].to_numpy(int)
    error = study.table["standard_error"].to_numpy(float)
    known = np.isfinite(error)
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
    # ASSUME: few clusters make the errors of all waves too small and leave what waves
    # share as it is: errors are made larger one by one, correlations kept.
    larger = np.ones(len(use))
    corrected = study.table["interval_error"].to_numpy(float)[use]
    np.divide(corrected, error[use], out=larger, where=error[use] > 0)
    covariance = study.covariance[np.ix_(use, use)] * np.outer(larger, larger)
    return betas, covariance, before, len(used) - before


def _add_mean(
    found: Findings,
    joined: Joined,
    study: Aggregate,
    mean: float,
    covariance: FloatArray,
    waves: str,
) -> None:
    """Add the plain mean with the interval by t that no drift gives by the normal."""
    error = float(np.sqrt(covariance.mean()))
    points = stats.t.ppf(0.5 + found.panel.level / 2, study.degrees_of_freedom)
    found.add(
        QUESTION,
        MEAN,
        estimate=mean,
        standard_error=error,
        low=mean - points * error,
        high=mean + points * error,
        schools=joined.schools,
        said=(
            f"no drift allowed; plain mean {waves}, cohorts seen at each weighted by their "
            "schools: not the mean change after joining, which weights by cohort"
        ),
    )
