"""Whether the same comparison finds something where there is nothing to find."""

import pandas as pd

from pipeline.challenges.leave_one_out import leave_one_out
from pipeline.challenges.placebo import PlaceboPartners, placebo_partners, placebo_years
from pipeline.estimators.event_study import group_time_att
from pipeline.estimators.group_time_aggregate import Aggregate
from pipeline.estimators.starting_point import equal_groups
from pipeline.improvement.event_study import Joined, group_time_effects
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
    rest = table.loc[table["cohort"] == 0, "school_key"].nunique()
    for shift in SHIFTS:
        at, fitted = f"{shift} earlier", list[Aggregate]()

        def estimate(moved: pd.DataFrame, kept: list[Aggregate] = fitted) -> float:
            study = group_time_effects(moved)
            kept.append(study.aggregate("group", level=found.panel.level))
            return kept[-1].estimate

        try:
            (year,) = placebo_years(
                table, estimate, shifts=(shift,), school="school_key", joined="cohort"
            )
        except ValueError as refused:
            found.cannot("placebo", FALSE_YEARS, str(refused), at=at)
            continue
        if year.estimate is None:
            found.cannot("placebo", FALSE_YEARS, str(year.why), at=at)
            continue
        overall = fitted[-1]
        no_error = "" if overall.interval_error else "; too few groups for any error"
        found.add(
            "placebo",
            FALSE_YEARS,
            at=at,
            status="diagnostic",
            estimate=year.estimate,
            standard_error=overall.interval_error,
            low=overall.low,
            high=overall.high,
            schools=(year.members, rest),
            said=f"{year.left_out} members without years on both sides{no_error}",
        )


def _partners(found: Findings, joined: Joined, seed: int) -> None:
    quantity = FALSE_MEMBERS
    try:
        drawn, exchanged = false_members(joined, draws=DRAWS, seed=seed)
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
            f"{drawn.low:.3f} and {drawn.high:.3f}; {exchanged}"
        ),
    )


def false_members(joined: Joined, *, draws: int, seed: int) -> tuple[PlaceboPartners, str]:
    """Let as many schools join that never did, and say in words which could be drawn.

    Schools are drawn one by one within the fifths of first results that joiners stand in:
    whole hubs have no others to change places with, since others stand in none and the
    joiners of a hub joined in different years. Where a fifth has fewer other schools than
    joiners, all of them are drawn from. Raises ValueError as `placebo_partners` does.
    """
    table = joined.joiners
    one = table.sort_values("year", kind="stable").drop_duplicates("school_key")
    one = one.sort_values("school_key")
    # ASSUME: within a fifth of first results any school that never joined could as well
    # have joined; schools are drawn one by one, also where joiners stand in hubs.
    fifth = pd.Series(equal_groups(one["outcome"].to_numpy(float)), index=one["school_key"])
    member = one["ever_member"].to_numpy(bool)
    spare = fifth[~member].value_counts().reindex(range(5), fill_value=0)
    narrow = fifth[member].value_counts().reindex(range(5), fill_value=0) > spare
    exchanged = "drawn one by one, also where joiners stand in hubs, "
    if narrow.any():
        fifth[:] = 0
        exchanged += (
            "from all schools: a fifth of first results has more joiners than others"
        )
    else:
        exchanged += "from the same fifth of first results"
    drawn = placebo_partners(
        table.assign(fifth=table["school_key"].map(fifth)),
        mean_change,
        school="school_key",
        treatment="cohort",
        strata="fifth",
        draws=draws,
        seed=seed,
        workers=workers_for(joined.frame),
    )
    return drawn, exchanged


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
