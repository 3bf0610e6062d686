"""How schools changed after they joined, against schools that had not joined."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.estimators.event_study import GroupTimeATT, group_time_att
from pipeline.estimators.group_time_aggregate import Aggregate
from pipeline.estimators.power import PowerGate, detectable_after, power_gate
from pipeline.improvement.findings import Findings

QUESTION = "event study"
OVERALL = "mean change after joining"
BY_WAVE = "change by waves since joining"
COVARIATES = ("log_pupils", "disadvantaged_share")
DRAWS = 999
NO_YEAR_BEFORE = "no year before joining"


@dataclass(frozen=True)
class Joined:
    """The event study of one outcome, and whether schools are enough for an impact."""

    study: GroupTimeATT
    by_wave: Aggregate
    overall: Aggregate
    gate: PowerGate
    schools: tuple[int, int]
    frame: pd.DataFrame


def study_joining(found: Findings) -> Joined | None:
    """Estimate group-time effects, or add why that is not possible and give None.

    Only schools that joined between two years of results can show a change. Those that
    were members in the first year already are left out on both sides.
    """
    panel = found.panel
    if len(panel.years) < 2:
        found.cannot(QUESTION, OVERALL, "results of fewer than two years")
        return None
    frame = panel.frame.dropna(subset=["outcome"])
    schools = frame.drop_duplicates("school_key")
    if not (
        (schools["cohort"] > panel.years[0]) & (schools["cohort"] <= panel.years[-1])
    ).any():
        found.cannot(
            QUESTION,
            OVERALL,
            "no member joined between the first and the last year of results: there is "
            "no change at joining to see",
        )
        return None
    try:
        study = _att(frame, covariates=())
        by_wave = study.aggregate("dynamic", draws=DRAWS, clock="wave")
        overall = study.aggregate("group")
    except ValueError as refused:
        found.cannot(QUESTION, OVERALL, str(refused))
        return None
    own = int(study.cells.units_in_cohort.sum())
    rest = int((schools["cohort"] == 0).sum())
    gate = _gate(own, overall)
    return Joined(study, by_wave, overall, gate, (own, rest), frame)


def _att(frame: pd.DataFrame, covariates: tuple[str, ...]) -> GroupTimeATT:
    return group_time_att(
        frame,
        unit="school_key",
        time="year",
        cohort="cohort",
        outcome="outcome",
        covariates=covariates,
        control="not_yet",
        cluster="cluster",
    )


def _gate(own: int, overall: Aggregate) -> PowerGate:
    error, freedom = overall.standard_error, overall.degrees_of_freedom
    if not error or freedom is None:
        # Without an error nothing is detectable: the gate shuts by the number of schools.
        error, freedom = float("inf"), 1.0
    if not np.isfinite(error):
        return PowerGate(
            impact_allowed=False,
            schools=own,
            fewest_schools=power_gate(0, detectable_after(1.0, 1.0)).fewest_schools,
            detectable=detectable_after(1.0, 1.0),
            reason=f"No impact estimate: {own} schools in too few groups for any error.",
            show=("trajectory", "randomisation p", "detectable effect"),
        )
    return power_gate(own, detectable_after(error, freedom))


def add_event_study(found: Findings, joined: Joined) -> None:
    """Add the change by wave, and the mean change where schools are enough for it."""
    allowed = joined.gate.impact_allowed
    _add_overall(found, joined)
    for row in joined.by_wave.table.to_dict("records"):
        found.add(
            QUESTION,
            BY_WAVE,
            at=f"{int(row['event_time']):+d}",
            status="estimate" if allowed else "trajectory",
            estimate=row["estimate"],
            standard_error=row["standard_error"],
            low=row["band_low"],
            high=row["band_high"],
            schools=joined.schools,
            said=f"simultaneous band; {int(row['cohorts'])} cohorts",
        )
    _add_pre_trend(found, joined)


def _add_overall(found: Findings, joined: Joined) -> None:
    gate, overall = joined.gate, joined.overall
    left_out = "; ".join(
        f"{row['units']} schools left out: {row['reason']}"
        for row in joined.study.left_out.to_dict("records")
        if row["units"]
    )
    if not gate.impact_allowed:
        found.add(
            QUESTION, OVERALL, status="withheld", schools=joined.schools, said=gate.reason
        )
    else:
        found.add(
            QUESTION,
            OVERALL,
            estimate=overall.estimate,
            standard_error=overall.standard_error,
            low=overall.low,
            high=overall.high,
            schools=joined.schools,
            said="; ".join(filter(None, [left_out, *overall.without])),
        )
        _add_with_covariates(found, joined)
    found.add(
        "few schools",
        "smallest change found four times in five",
        status="diagnostic",
        estimate=gate.detectable.effect,
        schools=joined.schools,
        said=gate.reason,
    )


def _add_with_covariates(found: Findings, joined: Joined) -> None:
    quantity = f"{OVERALL}, for size and share of disadvantaged pupils"
    known = joined.frame.dropna(subset=list(COVARIATES))
    try:
        adjusted = _att(known, COVARIATES).aggregate("group")
    except ValueError as refused:
        found.cannot(QUESTION, quantity, str(refused))
        return
    found.add(
        QUESTION,
        quantity,
        status="diagnostic",
        estimate=adjusted.estimate,
        standard_error=adjusted.standard_error,
        low=adjusted.low,
        high=adjusted.high,
        schools=joined.schools,
        said="; ".join(["doubly robust", *adjusted.without]),
    )


def _add_pre_trend(found: Findings, joined: Joined) -> None:
    quantity = "movement before joining"
    tested = joined.study.pre_trend(over="event_times")
    if tested.reason is not None:
        found.cannot(QUESTION, quantity, tested.reason)
        return
    power = tested.power.iloc[-1]
    found.add(
        QUESTION,
        quantity,
        status="diagnostic",
        estimate=tested.wald,
        p_value=tested.few_clusters_p_value,
        schools=joined.schools,
        unit="Wald statistic",
        said=(
            f"a drift of {power['slope']:.3f} {found.panel.unit} a year is found with "
            f"{power['power']:.0%} power and would move the mean by {power['bias']:.3f}"
        ),
    )
