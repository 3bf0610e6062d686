"""How far schools without a later result could change what those with one show."""

import pandas as pd

from pipeline.challenges.attrition import LeeBounds, lee_bounds, worst_case_bounds
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import LEAST_SCHOOLS

QUESTION = "attrition"
LOST = "schools without a later result"
TRIMMED = "difference in change, bounds whichever schools have a later result"
COVERED = "difference in change, interval about those bounds"
WORST = "difference in change, bounds whatever the missing results are"


def add_attrition(found: Findings) -> None:
    """Bound the difference in change from the first year to the last.

    Of schools with a result in the first year; those that ever were members against all
    others, each school counting once, as in growth.
    """
    years = found.panel.years
    if len(years) < 2:
        found.cannot(QUESTION, TRIMMED, "results of fewer than two years")
        return
    table = changes_and_gaps(found.panel.frame, years[0], years[-1])
    own = table["ever_member"].to_numpy(bool)
    change = table["change"].to_numpy(float)
    kept = int(table.loc[own, "change"].notna().sum())
    if kept < LEAST_SCHOOLS:
        found.cannot(
            QUESTION,
            TRIMMED,
            f"{kept} members have results in both {years[0]} and {years[-1]}; needed: "
            f"{LEAST_SCHOOLS}",
        )
        return
    try:
        bounds = lee_bounds(
            change,
            own,
            cluster=table["cluster"].to_numpy(object),
            confidence_level=found.panel.level,
        )
        worst = worst_case_bounds(
            change, own, float(table["change"].min()), float(table["change"].max())
        )
    except ValueError as refused:
        found.cannot(QUESTION, TRIMMED, str(refused))
        return
    schools = (bounds.partners, bounds.rest)
    _add_lost(found, bounds)
    _add(found, TRIMMED, bounds.low, bounds.high, bounds, schools, _trimmed(bounds))
    if bounds.interval_low is not None and bounds.interval_high is not None:
        _add(
            found,
            COVERED,
            bounds.interval_low,
            bounds.interval_high,
            bounds,
            schools,
            "covers the difference wherever it lies between the bounds",
        )
    _add(
        found,
        WORST,
        worst.low,
        worst.high,
        bounds,
        schools,
        "each missing change the smallest or the largest of any school's",
    )


def changes_and_gaps(frame: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Give the change of each school of the first year; missing where none in the last."""
    start = frame[frame["year"] == first].set_index("school_key")
    end = frame[frame["year"] == last].set_index("school_key")["outcome"]
    table = start[["ever_member", "cluster"]].sort_index()
    return table.assign(change=end.reindex(table.index) - start["outcome"])


def _add_lost(found: Findings, bounds: LeeBounds) -> None:
    for at, lost, of in (
        ("members", bounds.missing_partners, bounds.partners),
        ("others", bounds.missing_rest, bounds.rest),
    ):
        found.add(
            QUESTION,
            LOST,
            at=at,
            status="diagnostic",
            estimate=lost / of,
            schools=(bounds.partners, bounds.rest),
            unit="share of schools",
            said=f"{lost:,} of {of:,} have closed, or have no figure or too few pupils",
        )


def _add(
    found: Findings,
    quantity: str,
    low: float,
    high: float,
    bounds: LeeBounds,
    schools: tuple[int, int],
    said: str,
) -> None:
    found.add(
        QUESTION,
        quantity,
        status="diagnostic",
        estimate=bounds.untrimmed,
        low=low,
        high=high,
        schools=schools,
        said=said,
    )


def _trimmed(bounds: LeeBounds) -> str:
    if bounds.side is None:
        return "both sides kept the same share: nothing is trimmed"
    side = "members" if bounds.side == "partners" else "others"
    return f"{bounds.trimmed:.1%} of the {side}' results trimmed, from either end in turn"
