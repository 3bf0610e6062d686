"""Challenges, as the stage `break` runs them, but for how many are drawn."""

from collections.abc import Iterator

import numpy as np

from pipeline.challenges.honest_did import relative_magnitudes, smoothness
from pipeline.challenges.placebo import placebo_partners, placebo_years
from pipeline.robustness.placebos import mean_change
from pipeline.robustness.sensitivity import coefficients
from tests.calibration.panels import LEVEL, Drawn
from tests.calibration.said import Said, of_p

DRAWS = 39
"""The fewest with which a p of 5% can be reached: twice 1 in 40."""
DRIFTS = (0.5, 1.0)


def honest(drawn: Drawn) -> Iterator[Said]:
    """Intervals for limited drift, in worlds where membership adds nothing."""
    joined = drawn.joined
    if joined is None:
        return
    betas, covariance, before, after = coefficients(joined.frame)
    weights = np.full(after, 1 / after)
    estimate = float(weights @ betas[before:])
    study = (betas, covariance, before, after)
    for drift in DRIFTS:
        bound = relative_magnitudes(*study, drift, weights, level=LEVEL)
        name = f"drift of at most {drift:g} times that before"
        yield Said(name, 0.0, estimate, bound.low, bound.high)
    line = smoothness(*study, 0.0, weights, level=LEVEL)
    middle = (line.low + line.high) / 2
    yield Said("a straight drift taken out", 0.0, middle, line.low, line.high)


def false_years(drawn: Drawn) -> Iterator[Said]:
    """Mean change as if members had joined a year earlier, on years before they did."""
    joined = drawn.joined
    if joined is None:
        return
    (moved,) = placebo_years(
        joined.joiners, mean_change, shifts=(1,), school="school_key", joined="cohort"
    )
    if moved.estimate is not None:
        name = "placebo: joined a year earlier"
        yield Said(name, 0.0, moved.estimate, np.nan, np.nan)


def false_members(drawn: Drawn) -> Iterator[Said]:
    """Where the mean change lies among sets of schools that never joined."""
    joined = drawn.joined
    if joined is None:
        return
    placed = placebo_partners(
        joined.joiners,
        mean_change,
        school="school_key",
        treatment="cohort",
        draws=DRAWS,
        seed=drawn.seed,
    )
    truth = float(drawn.frame.loc[drawn.frame["is_member"], "effect"].mean())
    name = "placebo: schools that never joined"
    yield of_p(name, truth, placed.real, placed.p_value)
