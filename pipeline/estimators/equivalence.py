"""Whether a difference is shown to be too small to matter, or no worse than that."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

# ASSUME: a difference below 0.05 of the pupil standard deviation is too small to matter:
# it is where EEF's trial reports begin to count a month of progress.
MARGIN_IN_PUPIL_SD = 0.05


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests of an estimate against a margin on either side of zero.

    `low` and `high` bound the interval that decides: at significance 0.05 it is the 90%
    interval. `smallest_margin` is the narrowest margin at which the same data would have
    shown equivalence. All in the unit of the estimate but the p values.
    """

    estimate: float
    margin: float
    low: float
    high: float
    p_not_below: float
    p_not_above: float
    p_value: float
    equivalent: bool
    non_inferior: bool
    smallest_margin: float
    significance: float


def equivalence(
    estimate: float,
    standard_error: float,
    degrees_of_freedom: float,
    *,
    pupil_sd: float = 1.0,
    margin: float = MARGIN_IN_PUPIL_SD,
    significance: float = 0.05,
) -> Equivalence:
    """Test that a difference lies within the margin, and that it is not below it.

    That no difference was found is not that there is none. Equivalence is shown when the
    estimate is significantly above minus the margin *and* significantly below the margin,
    each by a one-sided t test: the 1 - 2a interval then lies within the margins.
    Non-inferiority is the first of the two alone ("stayed at the top").

    `margin` is in pupil standard deviations and `pupil_sd` puts it into the estimate's
    unit. It works from an estimate with its cluster-robust error and degrees of freedom
    (infinite for the normal distribution); statsmodels' `ttost_ind` starts from
    independent raw values, which pupils of one school are not, and equals this on them.

    Raises ValueError for numbers that are missing, an error that is not positive, or a
    margin or SD that is not positive. Sources: Schuirmann (1987); Lakens (2017).
    """
    if not np.isfinite(estimate):
        raise ValueError("the estimate must be a finite number")
    if not (np.isfinite(standard_error) and standard_error > 0):
        raise ValueError(f"a positive standard error expected, found {standard_error}")
    if not degrees_of_freedom > 0:
        raise ValueError(
            f"positive degrees of freedom expected, found {degrees_of_freedom}"
        )
    if not (np.isfinite(margin * pupil_sd) and margin > 0 and pupil_sd > 0):
        raise ValueError(f"a positive margin and SD expected, found {margin}, {pupil_sd}")
    if not 0 < significance < 0.5:
        raise ValueError(f"a significance between 0 and 0.5 expected, found {significance}")
    width = margin * pupil_sd
    not_below, not_above = (
        float(stats.t.sf((width + sign * estimate) / standard_error, degrees_of_freedom))
        for sign in (1, -1)
    )
    half = float(stats.t.isf(significance, degrees_of_freedom)) * standard_error
    return Equivalence(
        estimate=estimate,
        margin=width,
        low=estimate - half,
        high=estimate + half,
        p_not_below=not_below,
        p_not_above=not_above,
        p_value=max(not_below, not_above),
        equivalent=max(not_below, not_above) < significance,
        non_inferior=not_below < significance,
        smallest_margin=abs(estimate) + half,
        significance=significance,
    )
