"""What a typical school shows, and how schools differ beyond the luck of their pupils."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.comparison.cells import Asked, GapCell
from pipeline.contracts.estimates import SIDES
from pipeline.estimators.random_effects import random_effects_mean
from pipeline.quality.national_sd import NationalSD

FEWEST_SCHOOLS = 3
"""A prediction interval takes t on k - 2."""
# ASSUME: fewer than ten schools show too little of the form of their true values for a
# share of them above a value (Mathur and VanderWeele 2019 ask for ten).
FEWEST_FOR_SHARE = 10
NATIONAL = 0.0
"""Progress measures are centred on the nation every year."""

TOO_FEW = f"fewer than {FEWEST_SCHOOLS} schools cannot show how schools differ"
TOO_FEW_FOR_SHARE = f"fewer than {FEWEST_FOR_SHARE} schools"
ALL_ALIKE = "all schools of the side have the same figure"
NO_MORE_THAN_LUCK = "schools differ by no more than the luck of their pupils"


def spread_of_schools(
    asked: Asked,
    gap: GapCell,
    sd: NationalSD,
    *,
    confidence_level: float,
) -> list[dict[str, Any]]:
    """Give a row for each side of one cell of a progress measure.

    The schools are those of the `gap`; what is withheld there is withheld here. A
    school's figure holds the luck of its pupils, whose variance is that of the nation's
    pupils over their number. Without the national SD nothing tells luck from a
    difference of schools.
    """
    if gap.used is None:
        return [asked.cell | {"side": side, "reason": gap.reason} for side in SIDES]
    if sd.sd is None:
        return [asked.cell | {"side": side, "reason": sd.said} for side in SIDES]
    own = gap.used["is_partner"]
    sides = dict(zip(SIDES, (gap.used[own], gap.used[~own]), strict=True))
    return [
        asked.cell | {"side": side} | _side(rows, sd.sd, confidence_level)
        for side, rows in sides.items()
    ]


def _side(rows: pd.DataFrame, sd: float, level: float) -> dict[str, Any]:
    if len(rows) < FEWEST_SCHOOLS:
        return {"reason": TOO_FEW}
    if rows["value"].min() == rows["value"].max():
        return {"reason": ALL_ALIKE}
    found = random_effects_mean(
        rows["value"].to_numpy(dtype=float),
        sd**2 / rows["pupils"].to_numpy(dtype=float),
        level=level,
    )
    share, why = None, None
    if len(rows) < FEWEST_FOR_SHARE:
        why = TOO_FEW_FOR_SHARE
    elif found.between_variance == 0:
        # All of such schools, or none, would be above: the mean is not known that well.
        why = NO_MORE_THAN_LUCK
    else:
        share = found.share_above(NATIONAL)
    return {
        "mean": found.mean,
        "standard_error": found.standard_error,
        "low": found.low,
        "high": found.high,
        "between_schools_sd": float(np.sqrt(found.between_variance)),
        "i_squared": found.i_squared,
        "q_p_value": found.q_p_value,
        "prediction_low": found.prediction_low,
        "prediction_high": found.prediction_high,
        "share_above_national": share,
        "schools": found.schools,
        "share_reason": why,
    }
