"""What becomes of the schools that are listed: from the register to the analysis."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.panel import FLOW, MEMBERS
from pipeline.contracts.results import RESULTS, SCHOOLS
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import KEY_STAGES, Group, KeyStage
from pipeline.measures.school_types import MAINSTREAM
from pipeline.run import locations
from pipeline.run.faults import Fault
from pipeline.run.parameters import Parameters
from pipeline.schools.known import KnownSchools, read_files, read_known_schools
from pipeline.schools.membership import Register, member_years, read_register
from pipeline.sources import suppression

COMPARED_GROUPS: tuple[Group, ...] = ("all", "disadvantaged")

LISTED = "listed in the register"
MEMBER = "member that year"
MATCHED = "matched to a school"
OPEN = "open that year"
IN_FILES = "in that year's table"
IN_POPULATION = "in the population compared"
OUTCOME = "has an outcome"
SHOWN = "not suppressed"
ANALYSED = "analysed"
STEPS = (
    LISTED,
    MEMBER,
    MATCHED,
    OPEN,
    IN_FILES,
    IN_POPULATION,
    OUTCOME,
    SHOWN,
    ANALYSED,
)

NOT_MATCHED = "number in none of these files"
NO_COLUMN = "its file has no such column"
BLANK_TYPE = "of these, with a blank school type"
"""No step of its own: it counts schools that are kept though their type is unknown."""

_WITHHELD = {suppression.REASONS[code] for code in ("SUPP", "C", "LOWCOV", "U", "RE")}
"""Reasons that stand in place of an outcome which there is."""
_AGE_AT_END: dict[KeyStage, int] = {"ks2": 11, "ks4": 16, "ks5": 18}
# SOURCE: GIAS holds schools of other countries too, as links of English ones.
_ELSEWHERE = {"Welsh establishment", "Offshore schools", "British schools overseas"}


@dataclass(frozen=True)
class Followed:
    """Members by year, and the flow from listed to analysed."""

    members: pd.DataFrame
    flow: pd.DataFrame
    summary: dict[str, Any]


def follow(evaluation: str, parameters: Parameters) -> Followed:
    """Follow the schools of one evaluation into the results.

    Raises Fault when no listed school stands in any file: then the register and the
    files do not belong together. A single school that stands in none is no fault; it is
    counted as 'not in these files'.
    """
    asked = parameters.evaluation(evaluation)
    folder = locations.root() / parameters.registers.folder
    register = read_register(folder, parameters.registers.folder, asked)
    summary: dict[str, Any] = {
        "evaluation": evaluation,
        "register_is_synthetic": locations.is_synthetic(folder),
        "sources_not_supplied": sorted(
            name for name, entry in read_files().items() if not entry["supplied"]
        ),
        "supplied": register is not None,
    }
    if register is None:
        summary["reason"] = (
            f"not supplied: the registers hold no rows of programme {asked.programme} "
            f"in {asked.members}"
        )
        return Followed(_empty(MEMBERS), _empty(FLOW), summary)
    known = read_known_schools()
    tables = {ks: _tables(ks) for ks in KEY_STAGES}
    listed = set(known.key_of(register.spells["urn"]))
    found = {ks: set(schools["school_key"]) for ks, (schools, _) in tables.items()}
    if not listed & set().union(*found.values()):
        raise Fault(
            f"{register.shown}: none of its {len(listed)} schools stands in the files of "
            f"{parameters.sources.folder}\n"
            "  expected: at least one school of the register in the results\n"
            "  what to do: check that the register and the files belong together"
        )
    members = member_years(register, parameters.years.all, known)
    flow = [
        _flow_of_cells(ks, *tables[ks], members, listed, found, known) for ks in KEY_STAGES
    ]
    summary |= _summary(register, listed, found, known)
    return Followed(members, pd.concat([_empty(FLOW), *flow], ignore_index=True), summary)


def write(followed: Followed, evaluation: str) -> None:
    """Write members, flow and summary, or none of them."""
    summary = json.dumps(followed.summary, indent=1, ensure_ascii=False) + "\n"
    promise.write_together(
        {
            locations.panel(evaluation): (followed.members, MEMBERS),
            locations.flow(evaluation): (followed.flow, FLOW),
        },
        {locations.register_summary(evaluation): summary},
    )


def read_summary(evaluation: str) -> dict[str, Any]:
    """Read what the register holds, as `follow` wrote it."""
    text = locations.register_summary(evaluation).read_text(encoding="utf-8")
    summary: dict[str, Any] = json.loads(text)
    return summary


def members_by_year(followed: Followed) -> pd.DataFrame:
    """Count the members of each year, and the hubs they belong to."""
    return followed.members.groupby("year").agg(
        schools=("school_key", "nunique"),
        hubs=("hub", "nunique"),
        trusts=("trust", "nunique"),
        mean_years_of_membership=("exposure", "mean"),
    )


def partner_flow(followed: Followed) -> pd.DataFrame:
    """Show the partners' flow by year: all pupils, each key stage's first measure."""
    first = [MEASURES[ks][0].code for ks in KEY_STAGES]
    flow = followed.flow
    shown = flow[
        flow["measure"].isin(first)
        & (flow["group"] == "all")
        & (flow["side"] == "partners")
    ]
    if shown.empty:
        return pd.DataFrame(columns=["key_stage", "step"])
    kinds = (*STEPS[: STEPS.index(OUTCOME)], BLANK_TYPE, *STEPS[STEPS.index(OUTCOME) :])
    said = shown.assign(
        order=shown["step"].map(kinds.index) * 2 + shown["reason"].isna(),
        step=shown["step"].where(shown["reason"].isna(), "lost: " + shown["reason"]),
    )
    counts = said.pivot_table(
        index=["key_stage", "order", "step"],
        columns="year",
        values="schools",
        aggfunc="sum",
    ).droplevel("order")
    # A year without a table has no flow; one with a table has lost none for most reasons.
    in_table = counts.groupby("key_stage").transform(lambda year: year.notna().any())
    return counts.fillna(0).astype(int).astype(object).where(in_table, "")


def _tables(key_stage: KeyStage) -> tuple[pd.DataFrame, pd.DataFrame]:
    schools = promise.read(locations.schools(key_stage), SCHOOLS)
    compared = {"group": COMPARED_GROUPS}
    results = promise.read(locations.results(key_stage), RESULTS, only=compared)
    return schools, results


def _empty(contract: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(dtype=c.dtype.type) for name, c in contract.columns.items()}
    )


def _summary(
    register: Register,
    listed: set[str],
    found: dict[KeyStage, set[str]],
    known: KnownSchools,
) -> dict[str, Any]:
    spells = register.spells
    everywhere = set().union(*found.values())
    numbers = spells.groupby(known.key_of(spells["urn"]))["urn"].nunique()
    return {
        "file": register.file,
        "sha256": register.sha256,
        "spells": len(spells),
        "schools": len(listed),
        "hubs": int(spells["hub"].nunique()),
        "cohorts": int(spells["cohort"].nunique()),
        "listed_under_several_numbers": int((numbers > 1).sum()),
        "register_of_schools_supplied": known.has_establishments,
        "not_in_these_files": len(listed - everywhere),
        "in_key_stage": {ks: len(listed & keys) for ks, keys in found.items()},
    }


@dataclass(frozen=True)
class _Year:
    """Who is where in one key stage's year, before any figure is looked at."""

    key_stage: KeyStage
    table: pd.DataFrame
    """The schools of that year's table, one row per school key: place, school_type."""
    member: set[str]
    listed: set[str]
    in_stage: set[str]
    elsewhere: set[str]
    register: set[str]
    """Every school of the register of schools."""
    open: pd.DataFrame | None
    """Schools open that year, by key: type and ages. None where that is not known."""


def _flow_of_cells(
    key_stage: KeyStage,
    schools: pd.DataFrame,
    results: pd.DataFrame,
    members: pd.DataFrame,
    listed: set[str],
    found: dict[KeyStage, set[str]],
    known: KnownSchools,
) -> pd.DataFrame:
    """Count the flow of every measure, group and year that the files hold."""
    rows: list[dict[str, Any]] = []
    elsewhere = set().union(*(keys for ks, keys in found.items() if ks != key_stage))
    register = set(known.key_of(known.establishments["urn"]))
    cells = dict(iter(results.groupby(["year", "measure", "group"], observed=True)))
    for year, of_year in schools.groupby("year"):
        ending = int(str(year))
        fates = _fates_before_results(
            _Year(
                key_stage=key_stage,
                table=_one_row_per_school(of_year),
                member=set(members.loc[members["year"] == year, "school_key"]),
                listed=listed,
                in_stage=found[key_stage],
                elsewhere=elsewhere,
                register=register,
                open=_open_schools(known, ending) if known.has_establishments else None,
            )
        )
        before = _losses(fates)
        here = fates[fates["lost_at"].isna()]
        for measure in MEASURES[key_stage]:
            for group in COMPARED_GROUPS:
                cell = cells.get((year, measure.code, group))
                if cell is None:
                    continue
                about = {
                    "key_stage": key_stage,
                    "year": year,
                    "measure": measure.code,
                    "group": group,
                }
                lost = before + _losses(_fates_with_results(here, cell))
                counted = _count(fates, lost, known.has_establishments)
                rows += [about | entry for entry in counted]
    return pd.DataFrame(rows, columns=list(FLOW.columns)).astype(
        {name: c.dtype.type for name, c in FLOW.columns.items()}
    )


def _one_row_per_school(of_year: pd.DataFrame) -> pd.DataFrame:
    """Keep one row of a school that stands in a table under two numbers.

    It closed under the one and opened under the other in that year: where either row
    belongs to the population compared, the school does.
    """
    outside = of_year["place"] != MAINSTREAM
    kept = of_year.assign(outside=outside).sort_values(["outside", "urn"], kind="stable")
    return kept.drop_duplicates("school_key").set_index("school_key")


def _open_schools(known: KnownSchools, year: int) -> pd.DataFrame:
    table = known.open_in(year)
    table = table[~table["school_type"].isin(_ELSEWHERE)]
    keyed = table.assign(key=known.key_of(table["urn"])).sort_values(["key", "urn"])
    columns = ["school_type", "lowest_age", "highest_age"]
    return keyed.drop_duplicates("key", keep="last").set_index("key")[columns]


def _fates_before_results(of: _Year) -> pd.DataFrame:
    """Say for each school how far it comes before any figure is looked at.

    One row per school, indexed by its key: side, lost_at (a step or None) and reason.
    """
    fates: list[tuple[str, str, str | None, str | None]] = []
    place = dict(zip(of.table.index, of.table["place"], strict=True))
    is_open = set() if of.open is None else set(of.open.index)
    anywhere = of.in_stage | of.elsewhere | of.register
    for key in sorted(of.listed - of.member):
        fates.append((key, "partners", MEMBER, "not a member that year"))
    for key in sorted(of.member - place.keys()):
        if key not in anywhere:
            lost: tuple[str, str] = (MATCHED, NOT_MATCHED)
        elif of.open is not None and key in of.register and key not in is_open:
            lost = (OPEN, "closed, or not open yet")
        elif key in of.in_stage:
            lost = (IN_FILES, "in the tables of other years only")
        elif key in of.elsewhere:
            stage = of.key_stage.upper()
            lost = (IN_FILES, f"no {stage} pupils: in other key stages only")
        else:
            lost = (IN_FILES, "open, in no table of the files supplied")
        fates.append((key, "partners", *lost))
    for key, where in place.items():
        side = "partners" if key in of.member else "rest"
        if where == MAINSTREAM:
            fates.append((key, side, None, None))
        else:
            fates.append((key, side, IN_POPULATION, where))
    fates += [
        (key, "rest", IN_FILES, reason)
        for key, reason in _rest_not_in_table(of)
        if key not in place and key not in of.member
    ]
    followed = pd.DataFrame(fates, columns=["key", "side", "lost_at", "reason"])
    blank = set(of.table.index[of.table["school_type"] == ""])
    followed["blank_type"] = followed["key"].isin(blank) & followed["lost_at"].isna()
    # A listed school that is no member that year may stand in the table with the rest.
    return followed.set_index("key")


def _rest_not_in_table(of: _Year) -> list[tuple[str, str]]:
    """List the open schools of that age that the table does not hold."""
    if of.open is None:
        return []
    age = _AGE_AT_END[of.key_stage]
    ages = of.open[(of.open["lowest_age"] < age) & (of.open["highest_age"] >= age)]
    private = ages["school_type"].str.contains("independent", case=False).fillna(False)
    said = private.map({True: "independent, not in the table", False: "not in the table"})
    return list(zip(said.index, said, strict=True))


def _fates_with_results(here: pd.DataFrame, cell: pd.DataFrame) -> pd.DataFrame:
    """Go on with what the published cells say: no figure, or no number of pupils.

    `here` holds the schools that came as far as the figures, one row each.
    """
    has_value = cell["value"].notna().to_numpy()
    has_pupils = (cell["pupils"].fillna(0) > 0).to_numpy()
    said = np.array(cell["reason"], dtype=object)
    # Of two files of one year, one may lack a column that the other has.
    step = np.full(len(here), OUTCOME, dtype=object)
    reason = np.full(len(here), NO_COLUMN, dtype=object)
    place = here.index.get_indexer(pd.Index(cell["school_key"]))
    # Of two rows of one school, the one that comes further is written last.
    order = np.argsort(has_value.astype(int) + (has_value & has_pupils), kind="stable")
    order = order[place[order] >= 0]
    withheld = np.isin(said, list(_WITHHELD))
    steps = np.where(withheld, SHOWN, OUTCOME).astype(object)
    steps[has_value] = ANALYSED
    steps[has_value & has_pupils] = None
    step[place[order]] = steps[order]
    said[has_value] = "number of pupils not published"
    reason[place[order]] = said[order]
    return pd.DataFrame({"side": here["side"], "lost_at": step, "reason": reason})


def _losses(fates: pd.DataFrame) -> Counter[tuple[str, str, str]]:
    """Count who is lost by side, step and reason."""
    lost = fates[fates["lost_at"].notna()]
    return Counter(zip(lost["side"], lost["lost_at"], lost["reason"], strict=True))


def _count(
    fates: pd.DataFrame, lost: Counter[tuple[str, str, str]], open_is_known: bool
) -> list[dict[str, Any]]:
    """Count who remains at each step, and who is lost before it and why.

    The rest of England is not listed anywhere: its flow begins with the schools open
    that year, or with that year's table where the register of schools is not supplied.
    """
    entries: list[dict[str, Any]] = []
    known = [step for step in STEPS if open_is_known or step != OPEN]
    first = {"partners": LISTED, "rest": OPEN if open_is_known else IN_FILES}
    for side in ("partners", "rest"):
        of_side = fates["side"] == side
        remaining = int(of_side.sum())
        for step in known[known.index(first[side]) :]:
            here = sorted(
                (r, n) for (s, at, r), n in lost.items() if (s, at) == (side, step)
            )
            entries += [_entry(side, step, reason, schools) for reason, schools in here]
            remaining -= sum(schools for _, schools in here)
            entries.append(_entry(side, step, None, remaining))
            if step == IN_POPULATION:
                blank = int((fates["blank_type"] & of_side).sum())
                entries.append(_entry(side, BLANK_TYPE, None, blank))
    return entries


def _entry(side: str, step: str, reason: str | None, schools: int) -> dict[str, Any]:
    return {"side": side, "step": step, "reason": reason or np.nan, "schools": schools}
