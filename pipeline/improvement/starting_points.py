"""Whether members' results rise by more whatever point their schools started from."""

import numpy as np
import pandas as pd

from pipeline.estimators.starting_point import (
    StartingPoint,
    by_inspection_grade,
    by_starting_point,
)
from pipeline.improvement.findings import Findings

QUESTION = "starting point"
FIFTH = "difference in change, by fifth of two earlier years"
GRADE = "difference in change, by inspection grade"
VERDICT = "ahead from every starting point"
SPREAD = "how far the difference may vary between fifths"
KEPT = "how far other schools keep their place"
PLACEBO = "change of other schools, by fifth of the year it starts from"
LEAST_YEARS = 4
GRADES = {1: "outstanding", 2: "good", 3: "requires improvement", 4: "inadequate"}


def add_starting_points(found: Findings, grades: pd.DataFrame) -> None:
    """Compare changes within fifths of an earlier level, and by inspection grade.

    The two earliest years sort the schools and are not part of the change, which goes
    from the third year to the last. Schools need a figure in all four.
    """
    panel = found.panel
    if len(panel.years) < LEAST_YEARS:
        found.cannot(
            QUESTION,
            VERDICT,
            f"{len(panel.years)} years of results: two that sort schools and two that "
            "measure their change are needed",
        )
    else:
        _add_fifths(found)
    _add_grades(found, grades)


def _wide(found: Findings, years: list[int]) -> pd.DataFrame:
    frame = found.panel.frame
    wide = frame[frame["year"].isin(years)].pivot_table(
        index="school_key", columns="year", values="outcome"
    )
    schools = frame.drop_duplicates("school_key").set_index("school_key")
    return wide.dropna().join(schools[["ever_member", "cluster"]])


def _add_fifths(found: Findings) -> None:
    first, second, before, *_, after = found.panel.years
    wide = _wide(found, [first, second, before, after])
    try:
        compared = by_starting_point(
            wide[first].to_numpy(float),
            wide[second].to_numpy(float),
            wide[before].to_numpy(float),
            wide[after].to_numpy(float),
            wide["ever_member"].to_numpy(bool),
            wide["cluster"].to_numpy(object),
            level=found.panel.level,
        )
    except ValueError as refused:
        found.cannot(QUESTION, VERDICT, str(refused))
        return
    _add(found, compared, FIFTH)
    schools = (compared.partner_schools, compared.rest_schools)
    alike = (
        ""
        if compared.interaction_p is None
        else "p: that the difference is the same in every fifth; "
    )
    lost = found.panel.frame["school_key"].nunique() - len(wide)
    found.add(
        QUESTION,
        VERDICT,
        status="diagnostic",
        p_value=compared.interaction_p,
        schools=schools,
        said=(
            f"{compared.verdict}; {alike}{lost} schools left out: no figure in one of "
            f"{first}, {second}, {before} and {after}"
        ),
    )
    if compared.largest_spread is not None:
        found.add(
            QUESTION,
            SPREAD,
            status="diagnostic",
            estimate=compared.largest_spread,
            schools=schools,
            said="any two tested fifths are shown to differ by no more than this",
        )
    found.add(
        QUESTION,
        KEPT,
        status="diagnostic",
        estimate=compared.rest_correlation,
        schools=(0, compared.rest_schools),
        unit="correlation",
        said=f"of their figures in {before} and {after}: the farther below 1, the more "
        "luck fades",
    )
    for fifth in compared.placebo:
        found.add(
            QUESTION,
            PLACEBO,
            at=fifth.name,
            status="diagnostic",
            estimate=fifth.spurious_gain,
            schools=(0, fifth.rest_schools),
            said="regression to the mean: what luck alone gives where one year sorts",
        )


def _add_grades(found: Findings, grades: pd.DataFrame) -> None:
    years = found.panel.years
    if len(years) < 2:
        found.cannot(QUESTION, GRADE, "results of fewer than two years")
        return
    # The grade was known before the year whose results begin the change: an inspection
    # within that year would share its luck.
    day = pd.Timestamp(years[-2] - 1, 9, 1)
    known = grades[grades["known_at"] < day]
    if known.empty:
        found.cannot(
            QUESTION, GRADE, "no inspection outcomes known before the change were supplied"
        )
        return
    latest = known.sort_values(["known_at", "grade"]).drop_duplicates(
        "school_key", keep="last"
    )
    wide = _wide(found, [years[-2], years[-1]])
    grade = wide.index.to_series().map(latest.set_index("school_key")["grade"])
    wide = wide[grade.notna()]
    names = grade.dropna().astype(int).map(GRADES)
    try:
        compared = by_inspection_grade(
            names.to_numpy(object),
            wide[years[-2]].to_numpy(float),
            wide[years[-1]].to_numpy(float),
            wide["ever_member"].to_numpy(bool),
            wide["cluster"].to_numpy(object),
            level=found.panel.level,
        )
    except ValueError as refused:
        found.cannot(QUESTION, GRADE, str(refused))
        return
    lost = len(grade) - len(wide)
    _add(found, compared, GRADE, f"{lost} schools left out: no grade known by {day.date()}")


def _add(
    found: Findings, compared: StartingPoint, quantity: str, left_out: str = ""
) -> None:
    for stratum in compared.strata:
        schools = (stratum.partner_schools, stratum.rest_schools)
        if stratum.difference is None or not np.isfinite(stratum.difference):
            found.cannot(
                QUESTION, quantity, stratum.not_tested or "no figure", at=stratum.name
            )
            continue
        found.add(
            QUESTION,
            quantity,
            at=stratum.name,
            estimate=stratum.difference,
            standard_error=stratum.standard_error,
            low=stratum.low,
            high=stratum.high,
            p_value=stratum.p_value,
            schools=schools,
            said=left_out,
        )
