"""One outcome of every school over the years, as the estimators want it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import yaml

from pipeline.comparison.cells import Asked, KnownResults, usable_rows
from pipeline.comparison.strata import NO_REGION
from pipeline.contracts import promise
from pipeline.contracts.establishments import INSPECTIONS
from pipeline.measures.catalogue import academic_year
from pipeline.measures.measure import Group, Measure
from pipeline.quality.disclosure import are_too_few
from pipeline.quality.national_sd import national_sd
from pipeline.run import locations
from pipeline.run.parameters import Parameters
from pipeline.schools.known import read_known_schools

SUPPRESSED = "suppressed: every member has too few pupils in every year"
PUPIL_SD = "national SD of pupils"
SCHOOL_SD = "SD of schools"
BY_HUB_OR_TRUST = "hub or trust"
BY_SCHOOL = "school"
_OF_RESULTS = ["school_key", "urn", "year", "value", "pupils", "local_authority"]


@dataclass(frozen=True)
class Known:
    """What is known of schools beside their results."""

    trusts: pd.DataFrame
    """school_key, trust: the trust on 1 September of the last year, where one is known."""
    grades: pd.DataFrame
    """school_key, known_at, grade: Ofsted's overall effectiveness, 1 to 4."""


@dataclass(frozen=True)
class OutcomePanel:
    """One outcome of all schools of one population over the years.

    `frame` has one row per school and year with a figure: school_key, year, outcome (in
    SDs, see `unit`), value (as published), pupils, sd (of pupils, in the measure's
    unit; missing where none is known), is_member (that year), ever_member, cohort (the
    first year of membership; 0 for never), trust (missing where none is known), region,
    cluster, log_pupils (of the school's first wave) and disadvantaged_share (the first
    that is known: some years' files have none).
    """

    measure: Measure
    group: Group
    frame: pd.DataFrame
    unit: str
    """`PUPIL_SD`, or `SCHOOL_SD` where no SD of pupils is known for every year."""
    clustered_by: str
    years: tuple[int, ...]
    years_without: dict[int, str]
    """Years of the run in which nobody has this outcome, and why."""
    closed: str | None
    """Why nothing can be asked of this outcome; None where something can."""
    level: float
    """Of every interval."""
    trust_mates: int = 0
    """Schools that are not in `frame`: never members, in the trust of a member."""

    @property
    def left_out(self) -> str:
        """How many schools are no part of any comparison, in words; empty where none."""
        if not self.trust_mates:
            return ""
        return f"{self.trust_mates:,} schools left out: in the trust of a member"

    @property
    def label(self) -> dict[str, str]:
        """The columns by which every table names the outcome."""
        return {
            "key_stage": self.measure.key_stage,
            "measure": self.measure.code,
            "group": self.group,
        }


def known_of_schools(parameters: Parameters) -> Known:
    """Read trusts and inspection grades, empty where they were not supplied."""
    known = read_known_schools()
    trusts = known.trust_on(date(parameters.years.last - 1, 9, 1))
    inspections = promise.read(locations.school_table("inspections"), INSPECTIONS)
    graded = inspections[inspections["overall_effectiveness"].notna()]
    grades = pd.DataFrame(
        {
            "school_key": known.key_of(graded["urn"]),
            "known_at": graded["published"].fillna(graded["known_at"]),
            "grade": graded["overall_effectiveness"].astype(int),
        }
    )
    return Known(
        trusts.rename_axis("school_key").reset_index(), grades.reset_index(drop=True)
    )


def outcome_panel(
    measure: Measure,
    group: Group,
    known: KnownResults,
    of_schools: Known,
    parameters: Parameters,
) -> OutcomePanel:
    """Lay one measure of one group of pupils out by school and year.

    The population is that of the comparison of gaps: state-funded mainstream schools
    with a figure and pupils. A school's year with pupils too few to be shown is left out,
    as the department leaves them out: then no group of schools, however cut by years and
    cohorts, can be of so few. So is a year in which all schools have the same figure:
    it has no SD of schools. So, in every year, is a school that never was a member and
    stands in the trust of one, and the panel counts it: what its trust-mates do may
    reach it, and no group of schools then stands on both sides.

    Each year's figures are divided by that year's national SD of pupils where one is known
    for all years, else by the SD of schools in that year, weighted by pupils (of all
    schools, before any is left out): the scale of a measure changes between years, and a
    change in points would then be partly a change of the scale.
    """
    parts, few_pupils, without = [], set(), {}
    for year in parameters.years.all:
        asked = Asked(measure, group, year)
        usable = usable_rows(known.rows(asked))
        few = are_too_few(usable["pupils"], up_to=known.suppress_pupils_up_to)
        few_pupils |= set(usable.loc[few, "school_key"])
        rows = usable[~few]
        if rows["value"].nunique() < 2:
            without[year] = _why_empty(asked, known, usable, rows)
            continue
        parts.append(rows.assign(year=year).reindex(columns=_OF_RESULTS))
    level = known.confidence_level
    if not parts:
        why = _why_closed(known, few_pupils) or "; ".join(dict.fromkeys(without.values()))
        return OutcomePanel(
            measure, group, _empty(), SCHOOL_SD, BY_SCHOOL, (), without, why, level
        )
    frame = pd.concat(parts, ignore_index=True)
    frame["pupils"] = frame["pupils"].astype(float)
    unit = _standardise(frame, measure)
    _add_membership(frame, known.members)
    _add_trust_and_region(frame, of_schools.trusts)
    mates = _trust_mates(frame, known.members, of_schools.trusts)
    left_out = frame.loc[mates, "school_key"].nunique()
    frame = frame[~mates].reset_index(drop=True)
    clustered_by = _add_clusters(frame, known.members)
    _add_covariates(frame, measure, group, known)
    frame = frame.sort_values(["school_key", "year"], ignore_index=True)
    years = tuple(sorted(frame["year"].unique().tolist()))
    closed: str | None = None
    if not frame["ever_member"].any():
        closed = _why_closed(known, few_pupils) or "no member has this outcome"
    elif frame["ever_member"].all():
        closed = "every school with this outcome is a member, or in the trust of one"
    return OutcomePanel(
        measure, group, frame, unit, clustered_by, years, without, closed, level, left_out
    )


def _why_closed(known: KnownResults, few_pupils: set[str]) -> str | None:
    if not known.register["supplied"]:
        return str(known.register["reason"])
    if known.members.empty:
        return "no school was a member in these years"
    if not few_pupils.isdisjoint(known.members["school_key"]):
        return SUPPRESSED
    return None


def _why_empty(
    asked: Asked, known: KnownResults, usable: pd.DataFrame, rows: pd.DataFrame
) -> str:
    if not rows.empty:
        return f"all schools have the same figure in {academic_year(asked.year)}"
    if not usable.empty:
        return f"every school has too few pupils in {academic_year(asked.year)}"
    reason = asked.measure.why_not_published(asked.year, asked.group)
    if reason is not None:
        return f"not published: {reason}"
    state: dict[str, Any] = known.year(asked.year)
    if state["state"] != "supplied":
        return str(state["reason"])
    return f"no school has a figure in {academic_year(asked.year)}"


def _standardise(frame: pd.DataFrame, measure: Measure) -> str:
    sds = {
        year: national_sd(measure.code, year, centred=measure.centred_on_national).sd
        for year in frame["year"].unique().tolist()
    }
    frame["sd"] = frame["year"].map(sds).astype(float)
    if all(sd is not None for sd in sds.values()):
        frame["outcome"] = frame["value"].astype(float) / frame["sd"]
        return PUPIL_SD
    # ASSUME: where the SD of pupils is not known in every year, a year's schools differ by
    # their own SD; the change of a school is then its change of place among schools.
    weighted = frame["value"].astype(float) * frame["pupils"]
    by_year = frame.groupby("year")
    total = by_year["pupils"].transform("sum")
    mean = weighted.groupby(frame["year"]).transform("sum") / total
    squares = (frame["value"].astype(float) - mean) ** 2 * frame["pupils"]
    spread = np.sqrt(squares.groupby(frame["year"]).transform("sum") / total)
    frame["outcome"] = (frame["value"].astype(float) - mean) / spread
    return SCHOOL_SD


def _add_membership(frame: pd.DataFrame, members: pd.DataFrame) -> None:
    """Say who is a member, who ever was, and from which year on.

    A school that leaves stays in the cohort that it joined with: who leaves may leave
    because of its results.
    """
    first = members.groupby("school_key")["first_year"].min()
    frame["cohort"] = frame["school_key"].map(first).fillna(0).astype(int)
    frame["ever_member"] = frame["cohort"] > 0
    spells = set(zip(members["school_key"], members["year"], strict=True))
    pairs = zip(frame["school_key"], frame["year"], strict=True)
    frame["is_member"] = [pair in spells for pair in pairs]


def _add_trust_and_region(frame: pd.DataFrame, trusts: pd.DataFrame) -> None:
    trust = frame["school_key"].map(trusts.set_index("school_key")["trust"])
    frame["trust"] = trust.astype(object)
    path = locations.reference("regions.yaml")
    regions: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    of_authority = {code: name for name, codes in regions.items() for code in codes}
    latest = frame.sort_values("year").drop_duplicates("school_key", keep="last")
    authority = latest.set_index("school_key")["local_authority"]
    region = authority.map(of_authority).fillna(NO_REGION)
    frame["region"] = frame["school_key"].map(region).astype(object)
    del frame["local_authority"]


def _trust_mates(
    frame: pd.DataFrame, members: pd.DataFrame, trusts: pd.DataFrame
) -> pd.Series:
    """Say which rows are of schools that never were members, in the trust of one.

    The member may be of another phase: trusts have primary and secondary schools.
    """
    # ASSUME: what a member school does may reach others of its trust, as they share leaders
    # and teachers: a school in the trust of a member is no comparison for one.
    own = trusts["school_key"].isin(members["school_key"])
    in_trust_of_one: pd.Series = frame["trust"].isin(trusts.loc[own, "trust"])
    return in_trust_of_one & ~frame["ever_member"]


def _add_clusters(frame: pd.DataFrame, members: pd.DataFrame) -> str:
    """Say which schools are not independent of each other, over all years.

    A partner's cluster is its latest hub, else its trust; another school's is its trust;
    a school with neither is its own. No cluster stands on both sides, as trust-mates of
    partners are left out before. Where that leaves all partners in one cluster, nothing
    can be inferred: then each school is its own, and the result says so.
    """
    hubs = members.dropna(subset=["hub"]).sort_values("year")
    hub = frame["school_key"].map(
        hubs.drop_duplicates("school_key", keep="last").set_index("school_key")["hub"]
    )
    trust = frame["trust"]
    own = "school " + frame["school_key"].astype(object)
    label = ("hub " + hub.astype(object)).where(
        hub.notna(), ("trust " + trust).where(trust.notna(), own)
    )
    if label[frame["ever_member"]].nunique() < 2 or (label == own).all():
        frame["cluster"] = own
        return BY_SCHOOL
    frame["cluster"] = label
    return BY_HUB_OR_TRUST


def _add_covariates(
    frame: pd.DataFrame, measure: Measure, group: Group, known: KnownResults
) -> None:
    """Add a school's size and its share of disadvantaged pupils, once for all years."""
    ordered = frame.sort_values("year")
    first = ordered.drop_duplicates("school_key").set_index("school_key")
    frame["log_pupils"] = frame["school_key"].map(np.log(first["pupils"]))
    shares = []
    for year in sorted(frame["year"].unique().tolist()):
        pupils = {
            name: usable_rows(known.rows(Asked(measure, name, year)))
            .set_index("school_key")["pupils"]
            .astype(float)
            for name in ("all", "disadvantaged")
            if name in measure.columns
        }
        if len(pupils) == 2:
            share = pupils["disadvantaged"] / pupils["all"]
            shares.append(share.dropna().rename("share").reset_index())
    found = pd.concat(shares) if shares else pd.DataFrame(columns=["school_key", "share"])
    share_of = found.drop_duplicates("school_key").set_index("school_key")["share"]
    frame["disadvantaged_share"] = frame["school_key"].map(share_of).astype(float)


def _empty() -> pd.DataFrame:
    columns = {
        "school_key": object,
        "urn": object,
        "year": int,
        "value": float,
        "pupils": float,
        "sd": float,
        "outcome": float,
        "is_member": bool,
        "ever_member": bool,
        "cohort": int,
        "trust": object,
        "region": object,
        "cluster": object,
        "log_pupils": float,
        "disadvantaged_share": float,
    }
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
