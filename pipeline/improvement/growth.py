"""Whether members' results rise by more each year than those of other schools."""

import pandas as pd

from pipeline.estimators.growth import PartnerSlope, SlopeEstimate, partner_slope
from pipeline.improvement.findings import Findings
from pipeline.improvement.panel import PUPIL_SD

QUESTION = "growth"
SLOPE = "difference in yearly rise"
LEAST_SCHOOLS = 6
"""Fewer schools with two years of results are named by their number, not estimated: a
slope of theirs would be that of a school or two."""


def add_growth(found: Findings) -> None:
    """Estimate the difference in yearly rise of schools that are or were ever members.

    Schools keep their side in all years, also before they joined: the question is of the
    schools, and a comparison that they entered and left would move with who is in it.
    """
    frame = found.panel.frame
    seen = frame.groupby("school_key")["year"].transform("size") > 1
    own = frame.loc[seen & frame["ever_member"], "school_key"].nunique()
    if frame["year"].nunique() < 3:
        found.cannot(QUESTION, SLOPE, "results of fewer than three years")
        return
    if own < LEAST_SCHOOLS:
        found.cannot(
            QUESTION,
            SLOPE,
            f"{own} members have results of two years or more; needed: {LEAST_SCHOOLS}",
        )
        return
    try:
        slope = _slope(frame, found)
    except ValueError as refused:
        found.cannot(QUESTION, SLOPE, str(refused))
        return
    _add(found, slope)


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
            ("the fit did not reach its optimum", not slope.at_optimum),
            ("a variance lies at its bound", slope.on_boundary),
            ("a cross-check differs by more than its error", not slope.agreed),
        )
        if holds
    ]
    by = found.panel.clustered_by
    _of(found, SLOPE, slope.clustered, schools, said="; ".join(warnings), at=f"by {by}")
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
        said="two-level model (REML); p by likelihood ratio",
    )
    for name, check in (
        ("school and year effects", slope.fixed_effects),
        ("slopes as outcomes", slope.slopes_as_outcomes),
    ):
        _of(found, f"difference in yearly rise, {name}", check, schools, diagnostic=True)


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
