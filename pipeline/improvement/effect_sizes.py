"""An estimate in SDs of pupils, in months and in padlocks: of a causal design alone."""

import numpy as np
import pandas as pd

from pipeline.estimators.causal_design import Design
from pipeline.estimators.effect_size import EffectSize, hedges_g
from pipeline.estimators.matched_comparison import MatchedComparison
from pipeline.estimators.months_of_progress import months_of_progress
from pipeline.estimators.security_rating import security_rating
from pipeline.improvement.event_study import Joined, between
from pipeline.improvement.findings import Findings
from pipeline.improvement.panel import PUPIL_SD

QUESTION = "effect size"
SIZE = "Hedges g"
MONTHS = "months of progress"
PADLOCKS = "padlocks"
NO_PUPIL_SD = "sizes are in SDs of pupils, and none is known for every year"


def add_effect_sizes(
    found: Findings, joined: Joined, matched: MatchedComparison | None
) -> None:
    """Give the size of what the event study and the matched comparison estimate.

    Refused where the power gate is shut, and where figures are in SDs of schools. Growth,
    starting points and gaps describe and have none.
    """
    if not joined.gate.impact_allowed:
        found.add(QUESTION, SIZE, status="withheld", said=joined.gate.reason)
        return
    if found.panel.unit != PUPIL_SD:
        found.cannot(QUESTION, SIZE, NO_PUPIL_SD)
        return
    overall = joined.overall
    _add(
        found,
        joined,
        "event study",
        "difference in differences",
        overall.estimate,
        overall.interval_error,
    )
    if matched is None or matched.estimate is None:
        found.cannot(
            QUESTION, SIZE, "there is no matched comparison", at="matched comparison"
        )
        return
    _add(
        found,
        joined,
        "matched comparison",
        "matched difference in differences",
        matched.estimate,
        matched.standard_error,
    )


def _add(
    found: Findings,
    joined: Joined,
    at: str,
    design: Design,
    difference: float,
    error: float | None,
) -> None:
    try:
        size = _size(joined, design, difference, error, found.panel.level)
        months = months_of_progress(size.g, size.low, size.high, design=design)
        lost = pupils_lost(between(found.panel.frame))
        rating = security_rating(
            design=design,
            detectable_effect=joined.gate.detectable.effect,
            attrition=lost,
        )
    except ValueError as refused:
        found.cannot(QUESTION, SIZE, str(refused), at=at)
        return
    found.add(
        QUESTION,
        SIZE,
        at=at,
        estimate=size.g,
        standard_error=size.standard_error,
        low=size.low,
        high=size.high,
        schools=joined.schools,
        said=(
            f"{design}; intracluster correlation {size.intracluster_correlation:.2f}; "
            f"{size.pupils:,} pupils in {size.clusters:,} schools"
        ),
    )
    if months.months is None:
        found.cannot(QUESTION, MONTHS, "beyond the EEF's table", at=at)
    else:
        open_ended = None in (months.low, months.high)
        found.add(
            QUESTION,
            MONTHS,
            at=at,
            estimate=months.months,
            low=None if open_ended else months.low,
            high=None if open_ended else months.high,
            schools=joined.schools,
            unit="months",
            said="the EEF's table for reports of single trials"
            + ("; an end of the interval is beyond it" if open_ended else ""),
        )
    found.add(
        QUESTION,
        PADLOCKS,
        at=at,
        status="diagnostic",
        estimate=rating.padlocks,
        schools=joined.schools,
        unit="padlocks, 0 to 5",
        said=(
            f"by design {rating.by_design}, by the smallest change that could be found "
            f"{rating.by_detectable_effect}, by attrition {rating.by_attrition} ({lost:.0f}% "
            "of joiners' pupils, counted by school); threats are for a reader to judge"
        ),
    )


def _size(
    joined: Joined, design: Design, difference: float, error: float | None, level: float
) -> EffectSize:
    frame = joined.joiners
    last = frame.sort_values("year").drop_duplicates("school_key", keep="last")
    own = last["ever_member"].to_numpy(bool)
    pupils = np.round(last["pupils"].to_numpy(float))
    between = between_schools(last["outcome"].to_numpy(float), pupils)
    return hedges_g(
        difference,
        pupils[own],
        pupils[~own],
        between_variance=between,
        within_variance=1 - between,
        design=design,
        difference_error=error,
        level=level,
    )


def between_schools(outcome: np.ndarray, pupils: np.ndarray) -> float:
    """Variance between schools, where that of all pupils is 1.

    Schools' means vary by b and, by the luck of who is in them, by (1 - b) / pupils: with
    S the variance of means and m the mean of 1 / pupils, b = (S - m) / (1 - m), not
    below 0 nor above 1.
    """
    spread, luck = float(np.var(outcome, ddof=1)), float(np.mean(1 / pupils))
    return float(np.clip((spread - luck) / (1 - luck), 0.0, 1.0))


def pupils_lost(frame: pd.DataFrame) -> float:
    """Per cent of joiners' pupils whose schools have results before joining and none after.

    Counted by the pupils of each school's last year before it joined: nothing is known of
    pupils one by one.
    """
    own = frame[frame["ever_member"]].sort_values("year")
    before = own[own["year"] < own["cohort"]].drop_duplicates("school_key", keep="last")
    after = own.loc[own["year"] >= own["cohort"], "school_key"]
    gone = ~before["school_key"].isin(after)
    return float(100 * before.loc[gone, "pupils"].sum() / before["pupils"].sum())
