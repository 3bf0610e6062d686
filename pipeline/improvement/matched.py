"""Whether members' results changed as those of schools that were like them before."""

import numpy as np
import pandas as pd

from pipeline.estimators.matched_comparison import MatchedComparison, change_on_change
from pipeline.estimators.wild_bootstrap import wild_cluster_bootstrap
from pipeline.improvement.event_study import Joined, between
from pipeline.improvement.few_schools import DRAWS, FEWEST_CLUSTERS, SEED
from pipeline.improvement.findings import Findings

QUESTION = "matched comparison"
CHANGE = "change on change, by entropy balancing"
WILD = "change on change, wild cluster bootstrap"
COVARIATES = ["level", "log_pupils", "disadvantaged_share"]


def add_matched(found: Findings, joined: Joined) -> MatchedComparison | None:
    """Compare joiners' change with that of schools weighted to be like them.

    Before is a school's mean over the years before its cohort joined, after its mean
    over the years from joining; other schools are split in the middle year of joining.
    As the years then differ between schools, the mean of the schools that never joined
    is taken off in each. Shown where the power gate lets an impact be shown, with the wild
    cluster bootstrap beside it where joiners stand in few groups. None where there is none.
    """
    if not joined.gate.impact_allowed:
        found.add(QUESTION, CHANGE, status="withheld", said=joined.gate.reason)
        return None
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
        return None
    _add(found, matched, lost)
    if matched.estimate is not None and matched.partner_clusters < FEWEST_CLUSTERS:
        _add_wild(found, matched, compared)
    return matched


def _add_wild(found: Findings, matched: MatchedComparison, rows: pd.DataFrame) -> None:
    used = matched.weights > 0
    own = rows["partner"].to_numpy(float)[used]
    change = (rows["after"] - rows["before"]).to_numpy(float)[used]
    try:
        drawn = wild_cluster_bootstrap(
            np.column_stack([np.ones(len(own)), own]),
            change,
            matched.weights[used],
            rows["cluster"].to_numpy(object)[used],
            np.array([0.0, 1.0]),
            draws=DRAWS,
            confidence_level=found.panel.level,
            seed=SEED,
        )
    except ValueError as refused:
        found.cannot(QUESTION, WILD, str(refused))
        return
    found.add(
        QUESTION,
        WILD,
        status="diagnostic",
        estimate=drawn.estimate,
        standard_error=drawn.standard_error,
        low=drawn.low,
        high=drawn.high,
        p_value=drawn.p_value,
        schools=(matched.partner_schools, matched.comparison_schools),
        said=(
            f"joiners in {matched.partner_clusters} of {drawn.clusters:,} groups; "
            f"{drawn.draws:,} draws; covariates held by the weights alone"
        ),
    )


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
    return before_and_after(frame).dropna()


def before_and_after(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the same, also of schools whose share is not known."""
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
    return table.dropna(subset=["before", "after"])


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
