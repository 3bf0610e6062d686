"""Whether members' results rise by more each year than those of other schools."""

import pandas as pd

from pipeline.estimators.growth import (
    PartnerSlope,
    SlopeEstimate,
    partner_panel,
    partner_slope,
)
from pipeline.estimators.partner_panel import PartnerPanel
from pipeline.improvement.findings import Findings
from pipeline.improvement.panel import PUPIL_SD

QUESTION = "growth"
SLOPE = "difference in yearly rise"
LEAST_SCHOOLS = 6
"""Fewer schools with two years of results are named by their number, not estimated: a
slope of theirs would be that of a school or two."""
NO_OPTIMUM = (
    "NO OPTIMUM: the fit of the two-level model did not reach it, so it is no finding; the "
    "other ways below do not rest on it"
)
NO_RATIO = "; no p: a fit behind the ratio did not reach its optimum"


def add_growth(found: Findings) -> PartnerSlope | None:
    """Estimate the difference in yearly rise of schools that are or were ever members.

    Schools keep their side in all years, also before they joined: the question is of the
    schools, and a comparison that they entered and left would move with who is in it.
    Gives None where there is no difference to show.
    """
    frame = found.panel.frame
    seen = frame.groupby("school_key")["year"].transform("size") > 1
    own = frame.loc[seen & frame["ever_member"], "school_key"].nunique()
    if frame["year"].nunique() < 3:
        found.cannot(QUESTION, SLOPE, "results of fewer than three years")
        return None
    if own < LEAST_SCHOOLS:
        found.cannot(
            QUESTION,
            SLOPE,
            f"{own} members have results of two years or more; needed: {LEAST_SCHOOLS}",
        )
        return None
    try:
        slope = _slope(frame, found)
    except ValueError as refused:
        found.cannot(QUESTION, SLOPE, str(refused))
        return None
    _add(found, slope)
    return slope


def growth_panel(found: Findings) -> PartnerPanel:
    """Lay out the columns of the growth model, schools and years in order."""
    frame = found.panel.frame.sort_values(["school_key", "year"])
    return partner_panel(
        frame.assign(partner=frame["ever_member"].astype(int)),
        outcome="outcome",
        unit="school_key",
        time="year",
        partner="partner",
        cluster="cluster",
    )


def _slope(frame: pd.DataFrame, found: Findings) -> PartnerSlope:
    known = frame.assign(partner=frame["ever_member"].astype(int))
    return partner_slope(
        known,
        outcome="outcome",
        unit="school_key",
        time="year",
        partner="partner",
        pupils="pupils" if found.panel.unit == PUPIL_SD else None,
        cluster="cluster",
        level=found.panel.level,
    )


def _add(found: Findings, slope: PartnerSlope) -> None:
    schools = (slope.partner_schools, slope.rest_schools)
    warnings = [
        said
        for said, holds in (
            (f"{slope.without_slope} schools have one year only", slope.without_slope),
            ("BOUNDARY: a variance of the fit lies at its bound", slope.on_boundary),
            ("a cross-check differs by more than its error", not slope.agreed),
            (found.panel.left_out, found.panel.trust_mates),
        )
        if holds
    ]
    by = f"by {found.panel.clustered_by}"
    if slope.at_optimum:
        _of(found, SLOPE, slope.clustered, schools, said="; ".join(warnings), at=by)
        _add_independent(found, slope, schools)
    else:
        found.cannot(QUESTION, SLOPE, "; ".join([NO_OPTIMUM, *warnings]), at=by)
    for name, check in (
        ("school and year effects", slope.fixed_effects),
        ("slopes as outcomes", slope.slopes_as_outcomes),
    ):
        _of(found, f"difference in yearly rise, {name}", check, schools, diagnostic=True)


def _add_independent(
    found: Findings, slope: PartnerSlope, schools: tuple[int, int]
) -> None:
    at_bound = "; BOUNDARY: a variance lies at its bound" if slope.on_boundary else ""
    no_ratio = "" if slope.likelihood_ratio_p is not None else NO_RATIO
    found.add(
        QUESTION,
        "difference in yearly rise, schools independent",
        status="diagnostic",
        estimate=slope.difference,
        standard_error=slope.standard_error,
        low=slope.low,
        high=slope.high,
        p_value=slope.likelihood_ratio_p,
        schools=schools,
        said=f"two-level model (REML); p by likelihood ratio{at_bound}{no_ratio}",
    )


def _of(
    found: Findings,
    quantity: str,
    by: SlopeEstimate,
    schools: tuple[int, int],
    *,
    said: str = "",
    at: str = "",
    diagnostic: bool = False,
) -> None:
    alone = "one cluster alone fixes it: no interval" if by.low is None else ""
    found.add(
        QUESTION,
        quantity,
        at=at,
        status="diagnostic" if diagnostic else "estimate",
        estimate=by.estimate,
        standard_error=by.standard_error,
        low=by.low,
        high=by.high,
        p_value=by.p_value,
        schools=schools,
        said="; ".join(filter(None, [said, alone])),
    )
