"""Whether members' results changed as those of schools that were like them before."""

import numpy as np
import pandas as pd

from pipeline.estimators.matched_comparison import MatchedComparison, change_on_change
from pipeline.improvement.event_study import Joined, between
from pipeline.improvement.findings import Findings

QUESTION = "matched comparison"
CHANGE = "change on change, by entropy balancing"
COVARIATES = ["level", "log_pupils", "disadvantaged_share"]


def add_matched(found: Findings, joined: Joined) -> None:
    """Compare joiners' change with that of schools weighted to be like them.

    Before is a school's mean over the years before its cohort joined, after its mean
    over the years from joining; other schools are split in the middle year of joining.
    As the years then differ between schools, the mean of the schools that never joined
    is taken off in each. Shown where the power gate lets an impact be shown.
    """
    if not joined.gate.impact_allowed:
        found.add(QUESTION, CHANGE, status="withheld", said=joined.gate.reason)
        return
    frame = joined.joiners
    compared = changes(_off_the_others(frame))
    lost = frame["school_key"].nunique() - len(compared)
    own = compared["partner"].to_numpy(bool)
    try:
        matched = change_on_change(
            compared["before"].to_numpy(float),
            compared["after"].to_numpy(float),
            own,
            compared["cluster"].to_numpy(object),
            compared[COVARIATES].reset_index(drop=True),
            level=found.panel.level,
        )
    except ValueError as refused:
        found.cannot(QUESTION, CHANGE, str(refused))
        return
    _add(found, matched, lost)


def _off_the_others(frame: pd.DataFrame) -> pd.DataFrame:
    others = frame[frame["cohort"] == 0].groupby("year")["outcome"].mean()
    return frame.assign(outcome=frame["outcome"] - frame["year"].map(others))


def changes(frame: pd.DataFrame) -> pd.DataFrame:
    """Give each school's mean before and after, one row per school.

    A member's years are split where it joined, another school's in the middle year of
    joining. `level` is the outcome in the school's first year of results, a part of
    `before`: what luck it holds is balanced too, and fades after (see the page
    `matched-comparison`). Schools without a year on either side of the split, or without
    a share of disadvantaged pupils, have no row.
    """
    usable = between(frame)
    inside = usable[usable["cohort"] > 0]
    middle = int(np.median(inside.drop_duplicates("school_key")["cohort"]))
    split = usable["cohort"].where(usable["cohort"] > 0, middle)
    keys = usable["school_key"]
    early = usable[usable["year"] < split]
    late = usable[usable["year"] >= split]
    one = usable.sort_values("year").drop_duplicates("school_key").set_index("school_key")
    table = pd.DataFrame(
        {
            "partner": one["ever_member"],
            "cluster": one["cluster"],
            "level": one["outcome"],
            "log_pupils": one["log_pupils"],
            "disadvantaged_share": one["disadvantaged_share"],
            "before": early.groupby(keys[early.index])["outcome"].mean(),
            "after": late.groupby(keys[late.index])["outcome"].mean(),
        }
    )
    return table.dropna()


def _add(found: Findings, matched: MatchedComparison, lost: int) -> None:
    if matched.refused is not None:
        found.cannot(QUESTION, CHANGE, f"refused: {matched.refused}")
        return
    left_out = [f"{n} left out: {why}" for why, n in sorted(matched.left_out.items()) if n]
    if lost:
        left_out.append(f"{lost} left out: a year before or after, or a share, not known")
    sample = f"effective sample of {matched.effective_sample_size:.0f} comparison schools"
    found.add(
        QUESTION,
        CHANGE,
        estimate=matched.estimate,
        standard_error=matched.standard_error,
        low=matched.low,
        high=matched.high,
        p_value=matched.p_value,
        schools=(matched.partner_schools, matched.comparison_schools),
        said="; ".join([sample, *left_out]),
    )
    for covariate in matched.balance.covariates if matched.balance else ():
        found.add(
            QUESTION,
            "difference before, after weighting",
            at=str(covariate.name),
            status="diagnostic",
            estimate=covariate.after,
            unit="SD of schools",
            said=str(covariate.verdict),
        )
