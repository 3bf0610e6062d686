"""What a change at joining could be told from: known without looking at the change."""

import numpy as np
import numpy.typing as npt

from pipeline.estimators.effect_size import one_way_intracluster_correlation
from pipeline.estimators.power import detectable_before
from pipeline.estimators.randomisation import Statistic, randomise_join_dates
from pipeline.improvement.event_study import Joined
from pipeline.improvement.few_schools import DRAWS, QUESTION, SEED
from pipeline.improvement.findings import Findings
from pipeline.improvement.matched import before_and_after

PLANNED = "smallest change that so many joiners could show, by other schools' spread"
DATES = "change at joining among exchanged dates of joining"
FloatArray = npt.NDArray[np.float64]


def add_what_joining_could_show(found: Findings, joined: Joined) -> None:
    """Give the detectable change as a plan would, and the p by exchanging dates."""
    _add_planned(found, joined)
    _add_dates(found, joined)


def _add_planned(found: Findings, joined: Joined) -> None:
    table = before_and_after(joined.joiners)
    own = table["partner"].to_numpy(bool)
    change = (table["after"] - table["before"]).to_numpy(float)
    groups = table.loc[own, "cluster"].value_counts()
    others = table.loc[~own, "cluster"]
    shared = others.duplicated(keep=False).to_numpy(bool)
    try:
        alike = 0.0
        if shared.any():
            correlated = one_way_intracluster_correlation(
                change[~own][shared], others[shared].to_numpy(object)
            )
            alike = max(0.0, correlated.correlation)
        planned = detectable_before(
            int(own.sum()),
            int((~own).sum()),
            float(np.std(change[~own], ddof=1)),
            cluster_size=float(groups.mean()),
            intraclass_correlation=alike,
            size_variation=float(groups.std(ddof=0) / groups.mean()),
        )
    except ValueError as refused:
        found.cannot(QUESTION, PLANNED, str(refused))
        return
    found.add(
        QUESTION,
        PLANNED,
        status="diagnostic",
        estimate=planned.effect,
        schools=(int(own.sum()), int((~own).sum())),
        said=(
            f"joiners in {len(groups)} groups; changes of schools of one trust correlate "
            f"by {alike:.2f}; 80% power at the 5% level; members' own results are not used"
        ),
    )


def _add_dates(found: Findings, joined: Joined) -> None:
    frame = joined.joiners
    others = frame[frame["cohort"] == 0].groupby("year")["outcome"].mean()
    own = frame[frame["ever_member"]]
    above = own.assign(outcome=own["outcome"] - own["year"].map(others))
    wide = above.pivot_table(index="school_key", columns="year", values="outcome").dropna()
    cohort = own.drop_duplicates("school_key").set_index("school_key")["cohort"]
    cohorts = cohort.reindex(wide.index).to_numpy(float)
    if len(np.unique(cohorts)) < 2:
        why = "no two joiners with results in every year joined at different times"
        found.cannot(QUESTION, DATES, why)
        return
    drawn = randomise_join_dates(
        cohorts,
        _mean_change(wide.to_numpy(float), wide.columns.to_numpy(float), cohorts),
        draws=DRAWS,
        seed=SEED,
    )
    ways = "all that there are" if drawn.enumerated else "drawn"
    lost = own["school_key"].nunique() - len(wide)
    found.add(
        QUESTION,
        DATES,
        status="diagnostic",
        p_value=drawn.p_value,
        schools=(len(wide), joined.schools[1]),
        said=(
            f"randomisation p; {drawn.draws:,} orders of joining, {ways}; {lost} joiners "
            "left out: a year without results"
        ),
    )


def _mean_change(above: FloatArray, years: FloatArray, cohorts: FloatArray) -> Statistic:
    """Make the statistic: members' mean change, if each had joined when it is told."""
    known = np.unique(cohorts)
    change = np.column_stack(
        [
            above[:, years >= joined].mean(axis=1) - above[:, years < joined].mean(axis=1)
            for joined in known
        ]
    )
    rows = np.arange(len(above))

    def statistic(assigned: FloatArray) -> FloatArray:
        found: FloatArray = change[rows, np.searchsorted(known, assigned)].mean(axis=1)
        return found

    return statistic
