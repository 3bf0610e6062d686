"""Whether members' results rise by more whatever point their schools started from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.estimators.power import FEWEST_SCHOOLS
from pipeline.estimators.starting_point import (
    StartingPoint,
    by_inspection_grade,
    by_starting_point,
)
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import LEAST_SCHOOLS
from pipeline.improvement.panel import OutcomePanel

QUESTION = "starting point"
OF_FIFTHS = "by fifth of two earlier years"
OF_GRADES = "by inspection grade"
FIFTH = f"difference in change, {OF_FIFTHS}"
GRADE = f"difference in change, {OF_GRADES}"
OF_MEMBERS = "change of members"
OF_OTHERS = "change of other schools"
EXPECTED = "change expected of the starting point alone"
VERDICT = "ahead from every starting point"
VERDICT_BY_GRADE = "ahead in every inspection grade"
VARIES = "whether the difference varies"
SPREAD = "how far the difference may vary between fifths"
KEPT = "how far other schools keep their place"
PLACEBO = "change of other schools, by fifth of the year it starts from"
LEAST_YEARS = 4
GRADES = {1: "outstanding", 2: "good", 3: "requires improvement", 4: "inadequate"}


@dataclass(frozen=True)
class Changed:
    """The schools whose change is compared, and in words which they are."""

    schools: pd.DataFrame
    """By school_key: a column of outcomes for each year asked for, ever_member, cluster
    and cohort."""
    members: str
    """Which members these are, and how many had joined before the baseline ended."""
    left_out: str


def add_starting_points(found: Findings, grades: pd.DataFrame) -> None:
    """Compare changes within fifths of an earlier level, and by inspection grade.

    The two earliest years, the baseline, sort the schools and are not part of the change,
    which goes from the third year to the last. Schools need a figure in all four. With
    two or three years of results there are no fifths, and the change by grade goes over
    the last two.
    """
    years = found.panel.years
    if len(years) < LEAST_YEARS:
        found.cannot(
            QUESTION,
            VERDICT,
            f"{len(years)} years of results: two that sort schools and two that "
            "measure their change are needed",
        )
    else:
        _add_fifths(found)
    _add_grades(found, grades)


def waves_of(panel: OutcomePanel) -> tuple[list[int], int, int]:
    """Give the years of the baseline (none below four years), and of the change."""
    years = list(panel.years)
    if len(years) < LEAST_YEARS:
        return [], years[-2], years[-1]
    return years[:2], years[2], years[-1]


def baseline_ends(panel: OutcomePanel) -> int:
    """Give the last academic year of the baseline; it is over before the change starts."""
    earlier, before, _ = waves_of(panel)
    return earlier[-1] if earlier else before - 1


def changed_schools(panel: OutcomePanel, known: pd.Series | None = None) -> Changed:
    """Choose the schools with all figures, and of members those that joined afterwards.

    Where members that joined after the baseline are fewer than the power gate asks for, all
    members are taken. `known` limits the schools to its index (those with a grade).
    """
    earlier, before, after = waves_of(panel)
    asked, ended = [*earlier, before, after], baseline_ends(panel)
    frame = panel.frame
    wide = frame[frame["year"].isin(asked)].pivot_table(
        index="school_key", columns="year", values="outcome"
    )
    one = frame.drop_duplicates("school_key").set_index("school_key")
    wide = wide.reindex(columns=asked).dropna()
    wide = wide.join(one[["ever_member", "cluster", "cohort"]])
    listed = " and ".join(filter(None, [", ".join(map(str, asked[:-1])), str(after)]))
    left_out = [_left_out(len(one) - len(wide), f"no figure in one of {listed}")]
    later = wide["cohort"] > after
    left_out.append(_left_out(int(later.sum()), f"joined after {after}"))
    wide = wide[~later]
    if known is not None:
        graded = wide.index.isin(known.index)
        why = f"no grade known by {_first_of(ended).date()}, or none before they joined"
        left_out.append(_left_out(int((~graded).sum()), why))
        wide = wide[graded]
    of_old = wide["ever_member"] & (wide["cohort"] <= ended)
    new = wide["ever_member"] & ~of_old
    old, started = int(of_old.sum()), int((new & (wide["cohort"] <= before)).sum())
    many = int(new.sum())
    before_it_ended = f"had joined before the baseline ended in {ended}"
    then = f"{started} of them by {before}, from which the change goes"
    if many >= FEWEST_SCHOOLS:
        members = f"{many} members that joined after the baseline ended in {ended}, {then}"
        left_out.append(_left_out(old, before_it_ended))
        wide = wide[~of_old]
    elif many:
        members = f"members old and new: {old} {before_it_ended}, {many} after, {then}"
    else:
        members = f"members of old: all {old} {before_it_ended}"
    left_out.append(panel.left_out)
    return Changed(wide, members, "; ".join(filter(None, left_out)))


def _left_out(schools: int, why: str) -> str:
    return f"{schools:,} schools left out: {why}" if schools else ""


def _first_of(year: int) -> pd.Timestamp:
    """Give the first day after the results of an academic year: it ends on 31 August."""
    return pd.Timestamp(year, 9, 1)


def _add_fifths(found: Findings) -> None:
    (first, second), before, after = waves_of(found.panel)
    changed = changed_schools(found.panel)
    wide = changed.schools
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
        found.cannot(QUESTION, VERDICT, _said(str(refused), changed))
        return
    _add_strata(found, compared, OF_FIFTHS, changed)
    _add_verdict(found, compared, VERDICT, changed)
    _add_interaction(found, compared, "between fifths")
    schools = (compared.partner_schools, compared.rest_schools)
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
    panel = found.panel
    if len(panel.years) < 2:
        found.cannot(QUESTION, GRADE, "results of fewer than two years")
        return
    known = grades_before(panel, grades)
    if known.empty:
        found.cannot(
            QUESTION, GRADE, "no inspection outcomes known before the change were supplied"
        )
        return
    earlier, before, after = waves_of(panel)
    changed = changed_schools(panel, known)
    wide = changed.schools
    try:
        compared = by_inspection_grade(
            known.reindex(wide.index).map(GRADES).to_numpy(object),
            wide[before].to_numpy(float),
            wide[after].to_numpy(float),
            wide["ever_member"].to_numpy(bool),
            wide["cluster"].to_numpy(object),
            level=panel.level,
            baseline=wide[earlier].mean(axis=1).to_numpy(float) if earlier else None,
        )
    except ValueError as refused:
        found.cannot(QUESTION, GRADE, _said(str(refused), changed))
        return
    _add_strata(found, compared, OF_GRADES, changed)
    _add_verdict(found, compared, VERDICT_BY_GRADE, changed)
    _add_interaction(found, compared, "between grades")


def grades_before(panel: OutcomePanel, grades: pd.DataFrame) -> pd.Series:
    """Give each school's last grade that neither membership nor the change has touched.

    It was known before the baseline ended, as a later inspection would share the luck of
    the year from which the change goes; a member's also before it can have joined. A
    school whose first whole year of membership is that of 2018 joined after 1 September
    2016.
    """
    cohort = panel.frame.drop_duplicates("school_key").set_index("school_key")["cohort"]
    in_panel = grades[grades["school_key"].isin(cohort.index)]
    # A run without inspections has no school to map, and so no type of its own.
    first = in_panel["school_key"].map(cohort).astype(int)
    limit = pd.Series(_first_of(baseline_ends(panel)), index=in_panel.index)
    own = first > 0
    joined = pd.to_datetime((first[own] - 2).astype(str) + "-09-02")
    limit[own] = np.minimum(limit[own], joined)
    known = in_panel[in_panel["known_at"] < limit].sort_values(["known_at", "grade"])
    latest = known.drop_duplicates("school_key", keep="last").set_index("school_key")
    return latest["grade"].astype(int)


def _said(what: str, changed: Changed) -> str:
    return "; ".join(filter(None, [what, changed.members, changed.left_out]))


def _add_strata(
    found: Findings, compared: StartingPoint, strata: str, changed: Changed
) -> None:
    """Add each stratum's difference and beside it both changes and the one expected."""
    for stratum in compared.strata:
        schools = (stratum.partner_schools, stratum.rest_schools)
        difference = f"difference in change, {strata}"
        if stratum.difference is None or not np.isfinite(stratum.difference):
            why = stratum.not_tested or "no figure"
            found.cannot(QUESTION, difference, why, at=stratum.name)
        else:
            found.add(
                QUESTION,
                difference,
                at=stratum.name,
                estimate=stratum.difference,
                standard_error=stratum.standard_error,
                low=stratum.low,
                high=stratum.high,
                p_value=stratum.p_value,
                schools=schools,
                said=changed.members,
            )
        for name, change, of, said in (
            (OF_MEMBERS, stratum.partners_change, schools[0], ""),
            (
                OF_OTHERS,
                stratum.rest_change,
                schools[1],
                "what regression to the mean and England's change make of such schools",
            ),
            (
                EXPECTED,
                stratum.expected_of_start,
                schools[0],
                "of members' earlier level, by the line of other schools' change on theirs",
            ),
        ):
            quantity = f"{name}, {strata}"
            if change is None or of < LEAST_SCHOOLS:
                why = (
                    f"{of} schools, fewer than {LEAST_SCHOOLS}"
                    if of < LEAST_SCHOOLS
                    else "fewer than two years before the change"
                )
                found.cannot(QUESTION, quantity, why, at=stratum.name)
                continue
            found.add(
                QUESTION,
                quantity,
                at=stratum.name,
                status="diagnostic",
                estimate=change,
                schools=schools,
                said=said,
            )


def _add_verdict(
    found: Findings, compared: StartingPoint, quantity: str, changed: Changed
) -> None:
    p = compared.largest_one_sided_p
    tested = "" if p is None else "; p: the largest one-sided p of all strata"
    found.add(
        QUESTION,
        quantity,
        status="diagnostic",
        p_value=p,
        schools=(compared.partner_schools, compared.rest_schools),
        said=_said(f"{compared.verdict}{tested}", changed),
    )


def _add_interaction(found: Findings, compared: StartingPoint, between: str) -> None:
    quantity = f"{VARIES} {between}"
    if compared.interaction_p is None:
        found.cannot(QUESTION, quantity, "too few tested strata, or groups, for a test")
        return
    found.add(
        QUESTION,
        quantity,
        status="diagnostic",
        estimate=compared.interaction_statistic,
        p_value=compared.interaction_p,
        schools=(compared.partner_schools, compared.rest_schools),
        unit="F statistic",
        said="p: that the difference is the same in all strata that were tested",
    )
