"""Whether the finding rests on how years without results are counted."""

import numpy as np
import pandas as pd

from pipeline.contracts.improvement import BY_YEAR
from pipeline.improvement.event_study import (
    DRAWS,
    Joined,
    group_time_effects,
    schools_fitted,
    too_few,
)
from pipeline.improvement.findings import Findings
from pipeline.measures.catalogue import year_spans

WITHOUT_STEP = "mean change without members that joined over years without results"


def absent(years: tuple[int, ...]) -> list[int]:
    """List the years between the first and the last that have no results."""
    return sorted(set(range(min(years), max(years) + 1)) - set(years))


def add_missing_years(found: Findings, joined: Joined) -> None:
    """Count time in calendar years, and leave out who joined while nothing was measured.

    The event study counts waves: 2018/19 and 2021/22 are neighbours where the two years
    between have no results. A school that joined in between has its change measured over
    three years of which it was a member for some only. Nothing is added where every year
    has results. Shown as an estimate where the power gate lets an impact be shown, and
    lets it again for the fewer members that are left.
    """
    without = absent(found.panel.years)
    if not without:
        return
    allowed = joined.gate.impact_allowed
    study = joined.study
    draws = DRAWS if study.cells.variation_seen.any() else 0
    level = found.panel.level
    by_year = study.aggregate("dynamic", draws=draws, clock="calendar", level=level)
    since = study.cells.event_time("calendar")
    treated = study.table["treated"].where(study.table["att"].notna(), 0)
    for row in by_year.table.to_dict("records"):
        banded = "simultaneous band" if np.isfinite(row["band_low"]) else "no error"
        own = int(treated[since == row["event_time"]].sum())
        found.add(
            "event study",
            BY_YEAR,
            at=f"{int(row['event_time']):+d}",
            status="diagnostic" if allowed else "trajectory",
            estimate=row["estimate"],
            standard_error=row["interval_error"],
            low=row["band_low"],
            high=row["band_high"],
            schools=(own, joined.schools[1]),
            said=f"{banded}; cohorts: {int(row['cohorts'])}",
        )
    _without_step(found, joined, without)


def _without_step(found: Findings, joined: Joined, without: list[int]) -> None:
    if not joined.gate.impact_allowed:
        found.add("sensitivity", WITHOUT_STEP, status="withheld", said=joined.gate.reason)
        return
    frame = joined.joiners
    over = joined_over(frame, found.panel.years)
    left_out = frame.loc[over, "school_key"].nunique()
    said = f"{left_out} members left out; no results in {year_spans(without)}"
    try:
        study = group_time_effects(frame[~over])
        overall = study.aggregate("group", level=found.panel.level)
    except ValueError as refused:
        found.cannot("sensitivity", WITHOUT_STEP, f"{said}: {refused}")
        return
    schools = schools_fitted(frame[~over], study)
    why = too_few(schools[0])
    if why is not None:
        found.add(
            "sensitivity",
            WITHOUT_STEP,
            status="withheld",
            schools=schools,
            said=f"{why} {said}",
        )
        return
    found.add(
        "sensitivity",
        WITHOUT_STEP,
        status="diagnostic",
        estimate=overall.estimate,
        standard_error=overall.interval_error,
        low=overall.low,
        high=overall.high,
        schools=schools,
        said=said,
    )


def joined_over(frame: pd.DataFrame, years: tuple[int, ...]) -> pd.Series:
    """Say which rows are of members whose first year with results follows on a gap."""
    after = {year for year in years if year - 1 not in years and year > min(years)}
    waves = np.array(sorted(years))
    cohort = frame["cohort"].to_numpy()
    first = waves[np.searchsorted(waves, cohort).clip(max=len(waves) - 1)]
    return pd.Series((cohort > 0) & np.isin(first, list(after)), index=frame.index)
