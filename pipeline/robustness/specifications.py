"""The same question put in every defensible way, side by side."""

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.challenges.specification_curve import curve, grid, permutation_test
from pipeline.challenges.specification_sample import Estimand, Specification
from pipeline.improvement.event_study import Joined
from pipeline.improvement.findings import Findings
from pipeline.robustness.placebos import workers_for

QUESTION = "specification curve"
MEDIAN = "median of all specifications"
DRAWS = 99
ESTIMANDS: dict[Estimand, str] = {
    "two_way": "difference in change",
    "gap": "difference in level",
}


CURVES = tuple(f"{MEDIAN}, {words}" for words in ESTIMANDS.values())


def add_specifications(found: Findings, joined: Joined | None, *, seed: int) -> None:
    """Fit every specification and test each curve as a whole.

    The difference in change is asked for only where the power gate lets an impact be
    shown; the difference in level always, as a description.
    """
    for estimand, quantity in zip(ESTIMANDS, CURVES, strict=True):
        if estimand == "two_way" and joined is None:
            found.cannot(QUESTION, quantity, "no event study of this outcome")
        elif estimand == "two_way" and joined and not joined.gate.impact_allowed:
            found.add(QUESTION, quantity, status="withheld", said=joined.gate.reason)
        else:
            _fit(found, quantity, estimand, seed)


def _fit(found: Findings, quantity: str, estimand: Estimand, seed: int) -> None:
    frame = laid_out(found.panel.frame)
    asked = specifications(frame, estimand)
    try:
        fitted = curve(frame, asked, unit="school_key", time="year", cluster="cluster")
        tested = permutation_test(
            frame,
            asked,
            unit="school_key",
            time="year",
            # ASSUME: members' dates are exchanged school by school in the permutation test
            # of the curve, since a trust has few others of its size to change places with.
            cluster=None,
            draws=DRAWS,
            seed=seed,
            workers=workers_for(frame),
        )
    except ValueError as refused:
        found.cannot(QUESTION, quantity, str(refused))
        return
    p = tested.table.set_index("statistic")["p_value"]["size of the median"]
    found.add(
        QUESTION,
        quantity,
        estimate=fitted.median,
        low=fitted.smallest,
        high=fitted.largest,
        p_value=float(p),
        schools=(tested.partners, tested.schools - tested.partners),
        said=(
            f"{fitted.fitted} of {len(asked)} specifications; from the smallest to the "
            f"largest, {fitted.share_positive:.0%} above zero; p: {tested.draws} "
            "exchanges of members' dates with other schools, one by one"
        ),
    )


def laid_out(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns between which the specifications choose."""
    rank = frame.groupby("year")["outcome"].rank(pct=False)
    count = frame.groupby("year")["outcome"].transform("size")
    last = frame.sort_values("year").drop_duplicates("school_key", keep="last")
    stays = last.loc[last["is_member"], "school_key"]
    start = frame.sort_values("year").drop_duplicates("school_key")
    own = start.loc[start["ever_member"], "outcome"]
    low, high = own.quantile([0.05, 0.95])
    near = start.loc[start["outcome"].between(low, high), "school_key"]
    cohort = frame["cohort"].astype(float)
    return frame.assign(
        rank=stats.norm.ppf((rank - 0.5) / count),
        joined=cohort,
        a_year_later=np.where(cohort > 0, cohort + 1, 0.0),
        still_members=np.where(frame["school_key"].isin(stays), cohort, 0.0),
        never_members=~frame["ever_member"],
        like_at_the_start=frame["school_key"].isin(near) & ~frame["ever_member"],
        size=np.log(frame["pupils"]),
    )


def specifications(frame: pd.DataFrame, estimand: Estimand) -> list[Specification]:
    """List the choices: outcome, weights, comparison schools, covariates, years, rule."""
    years = sorted(frame["year"].unique().tolist())
    spans: list[tuple[float, ...] | None] = [None]
    for chosen in (years[1:], [y for y in years if y <= 2019]):
        span = tuple(map(float, chosen))
        if 2 <= len(span) < len(years) and span not in spans:
            spans.append(span)
    return grid(
        outcome=["outcome", "rank"],
        members=["joined", "a_year_later", "still_members"],
        estimand=[estimand],
        weights=[None, "pupils"],
        # A member that left is no comparison where only those that stayed are members.
        controls=["never_members", "like_at_the_start"],
        covariates=[(), ("size",)],
        years=spans,
    )
