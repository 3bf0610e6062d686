"""Whether members' results changed as those of schools that were like them before."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.matched_comparison import MatchedComparison, change_on_change
from pipeline.estimators.wild_bootstrap import wild_cluster_bootstrap
from pipeline.improvement.event_study import Joined, between, too_few
from pipeline.improvement.few_schools import DRAWS, FEWEST_CLUSTERS, SEED
from pipeline.improvement.findings import Findings

QUESTION = "matched comparison"
CHANGE = "change on change, by entropy balancing"
WILD = "change on change, wild cluster bootstrap"
COVARIATES = ["level", "log_pupils", "disadvantaged_share"]
_LEFT_OUT = {
    "no partner school in the stratum": "no member in the region",
    "no comparison school in the stratum": "no other school in the region",
}


def add_matched(found: Findings, joined: Joined) -> MatchedComparison | None:
    """Compare joiners' change with that of schools weighted to be like them.

    Before is a school's mean over the years before it joined, after its mean over the
    years from joining. Each other school is split in every year of joining in turn, and
    its means are averaged as those years are among joiners: both sides are then split
    alike. What the mean of the schools that never joined does in a year is taken off, so
    that a school without results of a year is not moved by England's change.

    Regions have the same mix on both sides where weights for that exist and are worth
    enough schools; else weights are without region, and the words say why. The power gate
    is asked twice: of the schools that joined, and of those that were fitted. The wild
    cluster bootstrap stands beside where joiners are in few groups. None where no
    comparison is shown.
    """
    if not joined.gate.impact_allowed:
        found.add(QUESTION, CHANGE, status="withheld", said=joined.gate.reason)
        return None
    frame = joined.joiners
    compared = changes(_off_the_others(frame))
    lost = frame["school_key"].nunique() - len(compared)
    try:
        matched, without_region = _balanced(compared, found.panel.level)
    except ValueError as refused:
        found.cannot(QUESTION, CHANGE, str(refused))
        return None
    if matched.refused is not None:
        found.cannot(QUESTION, CHANGE, f"refused: {matched.refused}")
        return None
    left_out = [_LEFT_OUT.get(why, why) for why in matched.left_out]
    words = [
        *(
            f"{n:,} left out: {why}"
            for why, n in sorted(zip(left_out, matched.left_out.values(), strict=True))
        ),
        f"{lost:,} left out: a year before or after, or a share, not known" if lost else "",
        found.panel.left_out,
    ]
    why = too_few(matched.partner_schools)
    if why is not None:
        said = "; ".join(filter(None, [why, *words]))
        found.add(QUESTION, CHANGE, status="withheld", said=said)
        return None
    sample = f"effective sample of {matched.effective_sample_size:.0f} comparison schools"
    _add(found, matched, "; ".join(filter(None, [sample, without_region, *words])))
    if matched.partner_clusters < FEWEST_CLUSTERS:
        _add_wild(found, matched, compared)
    return matched


def _balanced(compared: pd.DataFrame, level: float) -> tuple[MatchedComparison, str]:
    """Balance with the mix of regions where that can be done, and say where it cannot."""

    def weighted(strata: npt.NDArray[np.object_] | None) -> MatchedComparison:
        return change_on_change(
            compared["before"].to_numpy(float),
            compared["after"].to_numpy(float),
            compared["partner"].to_numpy(bool),
            compared["cluster"].to_numpy(object),
            compared[COVARIATES].reset_index(drop=True),
            strata=strata,
            level=level,
        )

    if compared["region"].nunique() < 2:
        return weighted(None), "regions not balanced: one region, or none is known"
    with_regions = weighted(compared["region"].to_numpy(object))
    if with_regions.refused is None:
        return with_regions, "regions balanced"
    return weighted(None), f"regions not balanced: {with_regions.refused}"


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

    A member's years are split where it joined. Another school's are split in each year of
    joining in turn, and its means averaged as members with a row have joined in those
    years. `level` is the outcome in the school's first year of results, a part of
    `before`: what luck it holds is balanced too, and fades after (see the page
    `matched-comparison`). Schools without a year on either side of a split, or without a
    share of disadvantaged pupils, have no row.
    """
    usable = between(frame)
    own = usable["cohort"] > 0
    members = _table(usable[own], _means(usable[own], usable.loc[own, "cohort"])).dropna()
    joined = members["cohort"].value_counts(normalize=True).sort_index()
    rest = usable[~own]
    means = pd.DataFrame(
        0.0, index=pd.Index(rest["school_key"].unique()), columns=["before", "after"]
    )
    for cohort, share in joined.items():
        means += share * _means(rest, pd.Series(cohort, index=rest.index))
    return pd.concat([members, _table(rest, means).dropna()]).sort_index()


def before_and_after(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the same, other schools split once, in the middle year of joining.

    So another school's change varies by chance as a member's does, which the mean of
    several splits does not. Schools whose share is not known have a row too.
    """
    usable = between(frame)
    inside = usable[usable["cohort"] > 0]
    middle = int(np.median(inside.drop_duplicates("school_key")["cohort"]))
    split = usable["cohort"].where(usable["cohort"] > 0, middle)
    return _table(usable, _means(usable, split)).dropna(subset=["before", "after"])


def _means(rows: pd.DataFrame, split: pd.Series) -> pd.DataFrame:
    keys, early = rows["school_key"], rows["year"] < split
    of_schools = {
        name: rows.loc[side, "outcome"].groupby(keys[side]).mean()
        for name, side in (("before", early), ("after", ~early))
    }
    return pd.DataFrame(of_schools).reindex(keys.unique())


def _table(rows: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    one = rows.sort_values("year").drop_duplicates("school_key").set_index("school_key")
    return pd.DataFrame(
        {
            "partner": one["ever_member"],
            "cohort": one["cohort"],
            "region": one["region"],
            "cluster": one["cluster"],
            "level": one["outcome"],
            "log_pupils": one["log_pupils"],
            "disadvantaged_share": one["disadvantaged_share"],
            "before": means["before"],
            "after": means["after"],
        }
    ).sort_index()


def _add(found: Findings, matched: MatchedComparison, said: str) -> None:
    found.add(
        QUESTION,
        CHANGE,
        estimate=matched.estimate,
        standard_error=matched.standard_error,
        low=matched.low,
        high=matched.high,
        p_value=matched.p_value,
        schools=(matched.partner_schools, matched.comparison_schools),
        said=said,
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
