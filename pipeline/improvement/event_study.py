"""How schools changed after they joined, against schools that had not joined."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.contracts.improvement import BY_WAVE
from pipeline.estimators.event_study import GroupTimeATT, group_time_att
from pipeline.estimators.group_time_aggregate import Aggregate
from pipeline.estimators.power import (
    FEWEST_SCHOOLS,
    INSTEAD,
    DetectableEffect,
    PowerGate,
    detectable_after,
    power_gate,
)
from pipeline.estimators.pre_trend import PreTrend
from pipeline.improvement.few_schools import QUESTION as FEW_SCHOOLS
from pipeline.improvement.few_schools import add_against_margin
from pipeline.improvement.findings import Findings

QUESTION = "event study"
OVERALL = "mean change after joining"
COVARIATES = ("log_pupils", "disadvantaged_share")
PRE_TREND = "movement before joining"
DETECTABLE = "smallest change found four times in five"
COUNTED = "schools with results before and after they joined"
DRAWS = 999
FAILS = 0.05
"""The p of the test of movement before joining below which the test fails."""


@dataclass(frozen=True)
class Joined:
    """The event study of one outcome, and whether schools are enough for an impact."""

    study: GroupTimeATT
    by_wave: Aggregate
    overall: Aggregate
    gate: PowerGate
    """Its `reason` counts schools alone: other questions that are withheld say it too."""
    schools: tuple[int, int]
    """Members with results before and after they joined, of cohorts with an estimate;
    schools that never joined."""
    frame: pd.DataFrame
    """All rows but those of members that joined without a result before or after."""
    one_sided: int
    """Members that joined between two years of results and have none before or after."""

    @property
    def joiners(self) -> pd.DataFrame:
        """Rows of members seen before and after they joined, and of non-members.

        Those that were members in the first year already show no change at joining.
        """
        return between(self.frame)


def between(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the rows of schools that joined between two years of results, or never did."""
    cohort, year = frame["cohort"], frame["year"]
    inside = (cohort > year.min()) & (cohort <= year.max())
    kept: pd.DataFrame = frame[(cohort == 0) | inside]
    return kept


def study_joining(found: Findings) -> Joined | None:
    """Estimate group-time effects, or add why that is not possible and give None.

    Only schools with results before and after they joined can show a change. Those that
    were members in the first year already, and those seen on one side of joining alone,
    are left out on both sides: they would count in a cohort's weight without a change.
    """
    panel = found.panel
    if len(panel.years) < 2:
        found.cannot(QUESTION, OVERALL, "results of fewer than two years")
        return None
    frame = panel.frame
    if not between(frame)["ever_member"].any():
        found.cannot(
            QUESTION,
            OVERALL,
            "no member joined between the first and the last year of results: there is "
            "no change at joining to see",
        )
        return None
    one_sided = _one_sided(frame)
    frame = frame[~frame["school_key"].isin(one_sided)]
    if not between(frame)["ever_member"].any():
        found.cannot(
            QUESTION,
            OVERALL,
            f"none of the {len(one_sided)} members that joined between two years of "
            "results has a result both before and after it joined",
        )
        return None
    try:
        study = group_time_effects(frame)
        # Where joiners are one cluster there is no error, and no band to draw.
        draws = DRAWS if study.cells.variation_seen.any() else 0
        by_wave = study.aggregate("dynamic", draws=draws, clock="wave", level=panel.level)
        overall = study.aggregate("group", level=panel.level)
    except ValueError as refused:
        found.cannot(QUESTION, OVERALL, str(refused))
        return None
    schools = schools_fitted(frame, study)
    gate = _gate(schools[0], overall, panel.unit)
    return Joined(study, by_wave, overall, gate, schools, frame, len(one_sided))


def _one_sided(frame: pd.DataFrame) -> pd.Index:
    """List members that joined between two years and lack results on one side of it."""
    own = between(frame).query("ever_member")
    sides = (own["year"] >= own["cohort"]).groupby(own["school_key"]).nunique()
    return sides.index[sides < 2]


def schools_fitted(frame: pd.DataFrame, study: GroupTimeATT) -> tuple[int, int]:
    """Count the members and the schools never in that an event study rests on.

    Members seen before and after they joined, of the cohorts with an estimate after
    joining: a cohort that no controls could stand for is no part of the mean.
    """
    cells = study.table
    estimated = cells.loc[cells["post"] & cells["att"].notna(), "cohort"]
    own = frame[frame["ever_member"] & frame["cohort"].isin(estimated)]
    has_joined = own["year"] >= own["cohort"]
    sides = has_joined.groupby(own["school_key"]).nunique()
    return int((sides == 2).sum()), frame.loc[frame["cohort"] == 0, "school_key"].nunique()


def too_few(schools: int) -> str | None:
    """Say why a sample of so many members shows no impact; None where it may."""
    if schools >= FEWEST_SCHOOLS:
        return None
    return (
        f"No impact estimate: of {COUNTED}, {schools} are in this fit, and an impact "
        f"estimate needs at least {FEWEST_SCHOOLS}."
    )


def group_time_effects(
    frame: pd.DataFrame, covariates: tuple[str, ...] = ()
) -> GroupTimeATT:
    """Fit the event study of the headline to such a frame."""
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


def _gate(own: int, overall: Aggregate, unit: str) -> PowerGate:
    error, freedom = overall.interval_error, overall.degrees_of_freedom
    if not error or freedom is None:
        # Without an error no change, however large, could have been told from chance.
        never = DetectableEffect(np.inf, np.inf, 1.0, 0.8, 0.05, None)
        return PowerGate(
            impact_allowed=False,
            schools=own,
            fewest_schools=FEWEST_SCHOOLS,
            detectable=never,
            reason=f"No impact estimate: {own} schools in too few groups for any error.",
            would_find=None,
            show=INSTEAD,
        )
    detectable = detectable_after(error, freedom)
    return power_gate(own, detectable, counted=COUNTED, unit=unit)


def add_event_study(found: Findings, joined: Joined) -> None:
    """Add the change by wave, and the mean change where schools are enough for it."""
    allowed = joined.gate.impact_allowed
    tested = joined.study.pre_trend(over="event_times")
    _add_overall(found, joined, tested)
    members = _members_by_wave(joined.study)
    for row in joined.by_wave.table.to_dict("records"):
        banded = "simultaneous band" if np.isfinite(row["band_low"]) else "no error"
        found.add(
            QUESTION,
            BY_WAVE,
            at=f"{int(row['event_time']):+d}",
            status="estimate" if allowed else "trajectory",
            estimate=row["estimate"],
            standard_error=row["interval_error"],
            low=row["band_low"],
            high=row["band_high"],
            schools=(members[row["event_time"]], joined.schools[1]),
            said=f"{banded}; cohorts: {int(row['cohorts'])}",
        )
    _add_pre_trend(found, joined, tested)


def _members_by_wave(study: GroupTimeATT) -> dict[float, int]:
    """Count the members that each wave rests on: far waves rest on few."""
    counted = study.table["treated"].where(study.table["att"].notna(), 0)
    by_wave = counted.groupby(study.cells.event_time("wave")).sum()
    return {float(str(wave)): int(n) for wave, n in by_wave.items()}


def _add_overall(found: Findings, joined: Joined, tested: PreTrend) -> None:
    gate, overall = joined.gate, joined.overall
    why = [
        (joined.one_sided, "no result before, or none after, they joined"),
        *joined.study.left_out[["units", "reason"]].itertuples(index=False),
    ]
    left_out = "; ".join(
        f"{units} schools left out: {reason}" for units, reason in why if units
    )
    if not gate.impact_allowed:
        said = " ".join(filter(None, [gate.reason, gate.would_find]))
        found.add(QUESTION, OVERALL, status="withheld", schools=joined.schools, said=said)
    else:
        found.add(
            QUESTION,
            OVERALL,
            estimate=overall.estimate,
            standard_error=overall.interval_error,
            low=overall.low,
            high=overall.high,
            p_value=_p_value(overall),
            schools=joined.schools,
            said="; ".join(filter(None, [_fails(tested), left_out, *overall.without])),
        )
        _add_with_covariates(found, joined)
        if overall.interval_error and overall.degrees_of_freedom:
            add_against_margin(
                found,
                OVERALL,
                overall.estimate,
                overall.interval_error,
                overall.degrees_of_freedom,
                joined.schools,
            )
    if not np.isfinite(gate.detectable.effect):
        found.cannot(FEW_SCHOOLS, DETECTABLE, gate.reason)
        return
    found.add(
        FEW_SCHOOLS,
        DETECTABLE,
        status="diagnostic",
        estimate=gate.detectable.effect,
        schools=joined.schools,
        said=gate.reason,
    )


def _fails(tested: PreTrend) -> str:
    """Words for a test of movement before joining that fails; none for one that does not.

    A mean change stands beside others that would have moved alike: where the two moved
    apart before joining already, the number itself must say so.
    """
    p = tested.few_clusters_p_value
    if p is None or p >= FAILS:
        return ""
    shown = "below 0.001" if p < 0.001 else f"{p:.3f}"
    return (
        f"the test of movement before joining fails (p {shown}): members and others moved "
        "apart before joining already, and this change may be that one going on"
    )


def _p_value(overall: Aggregate) -> float | None:
    """Two-sided p of the t that the interval has; None where there is no error."""
    error, freedom = overall.interval_error, overall.degrees_of_freedom
    if not error or freedom is None:
        return None
    return float(2 * stats.t.sf(abs(overall.estimate) / error, freedom))


def _add_with_covariates(found: Findings, joined: Joined) -> None:
    quantity = f"{OVERALL}, for size and share of disadvantaged pupils"
    known = joined.frame.dropna(subset=list(COVARIATES))
    without = joined.frame["school_key"].nunique() - known["school_key"].nunique()
    try:
        study = group_time_effects(known, COVARIATES)
        adjusted = study.aggregate("group", level=found.panel.level)
    except ValueError as refused:
        found.cannot(QUESTION, quantity, str(refused))
        return
    left_out = f"{without} schools left out: size or share not known"
    schools = schools_fitted(known, study)
    why = too_few(schools[0])
    if why is not None:
        found.add(
            QUESTION,
            quantity,
            status="withheld",
            schools=schools,
            said="; ".join([why, left_out, *adjusted.without]),
        )
        return
    found.add(
        QUESTION,
        quantity,
        status="diagnostic",
        estimate=adjusted.estimate,
        standard_error=adjusted.interval_error,
        low=adjusted.low,
        high=adjusted.high,
        schools=schools,
        said="; ".join(["doubly robust", left_out, *adjusted.without]),
    )


def _add_pre_trend(found: Findings, joined: Joined, tested: PreTrend) -> None:
    skipped = ""
    if tested.not_tested:
        skipped = f"; not tested, too few groups: {'; '.join(tested.not_tested)}"
    if tested.reason is not None:
        found.cannot(QUESTION, PRE_TREND, tested.reason + skipped)
        return
    power = tested.power.iloc[-1]
    few = "too few groups for a p; " if tested.few_clusters_p_value is None else ""
    found.add(
        QUESTION,
        PRE_TREND,
        status="diagnostic",
        estimate=tested.wald,
        p_value=tested.few_clusters_p_value,
        schools=joined.schools,
        unit="Wald statistic",
        said=(
            f"{few}a drift of {power['slope']:.3f} {found.panel.unit} a year is found with "
            f"{power['power']:.0%} power and would move the mean by {power['bias']:.3f}"
            f"{skipped}"
        ),
    )
