"""Whether the same comparison finds something where there is nothing to find."""

import pandas as pd

from pipeline.challenges.leave_one_out import leave_one_out
from pipeline.challenges.placebo import placebo_partners, placebo_years
from pipeline.estimators.event_study import group_time_att
from pipeline.improvement.event_study import Joined
from pipeline.improvement.findings import Findings
from pipeline.improvement.panel import BY_SCHOOL

FALSE_YEARS = "mean change after a false year of joining"
FALSE_MEMBERS = "where the mean change lies among schools that never joined"
WITHOUT = "mean change without one hub or trust"
DRAWS = 99
WORTH_TWO_PROCESSES = 30_000
"""Rows from which a second process saves more time than it takes to start."""
SHIFTS = (1, 2)


def mean_change(table: pd.DataFrame) -> float:
    """Mean change after joining of such a table, as the event study has it."""
    return float(
        group_time_att(
            table,
            unit="school_key",
            time="year",
            cohort="cohort",
            outcome="outcome",
            control="not_yet",
        )
        .aggregate("group")
        .estimate
    )


def workers_for(table: pd.DataFrame) -> int:
    """Processes that pay for a table of this size."""
    return 2 if len(table) >= WORTH_TWO_PROCESSES else 1


def add_placebos(found: Findings, joined: Joined, *, seed: int) -> None:
    """Move the years of joining back, and let schools join that never did."""
    _years(found, joined.joiners)
    _partners(found, joined, seed)


def _years(found: Findings, table: pd.DataFrame) -> None:
    quantity = FALSE_YEARS
    try:
        moved = placebo_years(
            table, mean_change, shifts=SHIFTS, school="school_key", joined="cohort"
        )
    except ValueError as refused:
        found.cannot("placebo", quantity, str(refused))
        return
    rest = table.loc[table["cohort"] == 0, "school_key"].nunique()
    for year in moved:
        at = f"{year.shift} earlier"
        if year.estimate is None:
            found.cannot("placebo", quantity, str(year.why), at=at)
            continue
        found.add(
            "placebo",
            quantity,
            at=at,
            status="diagnostic",
            estimate=year.estimate,
            schools=(year.members, rest),
            said=f"{year.left_out} members without years on both sides",
        )


def _partners(found: Findings, joined: Joined, seed: int) -> None:
    quantity = FALSE_MEMBERS
    try:
        drawn = placebo_partners(
            joined.joiners,
            mean_change,
            school="school_key",
            treatment="cohort",
            draws=DRAWS,
            seed=seed,
            workers=workers_for(joined.frame),
        )
    except ValueError as refused:
        found.cannot("placebo", quantity, str(refused))
        return
    found.add(
        "placebo",
        quantity,
        status="diagnostic",
        estimate=drawn.share_below,
        p_value=drawn.p_value,
        schools=joined.schools,
        unit="share of draws below",
        said=(
            f"randomisation p; {drawn.draws} draws, of which 95% lie between "
            f"{drawn.low:.3f} and {drawn.high:.3f}"
        ),
    )


def add_leave_one_out(found: Findings, joined: Joined) -> None:
    """Estimate the mean change without each hub or trust of joiners in turn.

    A joiner with neither is left out alone; where schools are the clusters, all are.
    """
    quantity = WITHOUT
    if not joined.gate.impact_allowed:
        found.add("leave one out", quantity, status="withheld", said=joined.gate.reason)
        return
    try:
        left = leave_one_out(
            joined.joiners,
            mean_change,
            group="cluster",
            member="ever_member",
            workers=workers_for(joined.frame),
        )
    except ValueError as refused:
        found.cannot("leave one out", quantity, str(refused))
        return
    by_school = found.panel.clustered_by == BY_SCHOOL
    groups = "schools" if by_school else "groups (hubs, trusts, schools in neither)"
    for name, value in (("lowest", left.lowest), ("highest", left.highest)):
        found.add(
            "leave one out",
            quantity,
            at=name,
            status="diagnostic",
            estimate=value,
            schools=joined.schools,
            said=(
                f"{len(left.without)} {groups} left out in turn; without "
                f"{len(left.sign_changes)} of them the sign changes"
            ),
        )
