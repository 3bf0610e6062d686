"""What becomes of the schools that are listed: from the register to the analysis."""

import json
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
from pipeline.schools.membership import Register, member_years, read_register
from pipeline.sources.clean import SYNTHETIC_MARK

COMPARED_GROUPS: tuple[Group, ...] = ("all", "disadvantaged")

LISTED = "listed in the register"
MEMBER = "member that year"
IN_FILES = "in that year's table"
IN_POPULATION = "state-funded mainstream"
PUBLISHED = "figure published"
ANALYSED = "analysed"
STEPS = (LISTED, MEMBER, IN_FILES, IN_POPULATION, PUBLISHED, ANALYSED)

NOT_IN_FILES = "not in these files"
NO_COLUMN = "its file has no such column"
BLANK_TYPE = "of these, with a blank school type"
"""No step of its own: it counts schools that are kept though their type is unknown."""


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
        "register_is_synthetic": (folder / SYNTHETIC_MARK).is_file(),
        "supplied": register is not None,
    }
    if register is None:
        summary["reason"] = (
            f"not supplied: the registers hold no rows of programme {asked.programme} "
            f"in {asked.members}"
        )
        return Followed(_empty(MEMBERS), _empty(FLOW), summary)
    tables = {ks: _tables(ks) for ks in KEY_STAGES}
    listed = set(register.spells["urn"])
    found = {ks: set(schools["urn"]) for ks, (schools, _) in tables.items()}
    if not listed & set().union(*found.values()):
        raise Fault(
            f"{register.shown}: none of its {len(listed)} schools stands in the files of "
            f"{parameters.sources.folder}\n"
            "  expected: at least one school of the register in the results\n"
            "  what to do: check that the register and the files belong together"
        )
    members = member_years(register, parameters.years.all)
    flow = [_flow_of_cells(ks, *tables[ks], members, listed, found) for ks in KEY_STAGES]
    summary |= _summary(register, listed, found)
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
        schools=("urn", "nunique"), hubs=("hub", "nunique")
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
    kinds = (*STEPS[: STEPS.index(PUBLISHED)], BLANK_TYPE, PUBLISHED, ANALYSED)
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
    results = promise.read(locations.results(key_stage), RESULTS)
    return schools, results


def _empty(contract: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(dtype=c.dtype.type) for name, c in contract.columns.items()}
    )


def _summary(
    register: Register, listed: set[str], found: dict[KeyStage, set[str]]
) -> dict[str, Any]:
    spells = register.spells
    everywhere = set().union(*found.values())
    return {
        "file": register.file,
        "sha256": register.sha256,
        "spells": len(spells),
        "schools": len(listed),
        "hubs": int(spells["hub"].nunique()),
        "not_in_these_files": len(listed - everywhere),
        "in_key_stage": {ks: len(listed & urns) for ks, urns in found.items()},
    }


def _flow_of_cells(
    key_stage: KeyStage,
    schools: pd.DataFrame,
    results: pd.DataFrame,
    members: pd.DataFrame,
    listed: set[str],
    found: dict[KeyStage, set[str]],
) -> pd.DataFrame:
    """Count the flow of every measure, group and year that the files hold."""
    rows: list[dict[str, Any]] = []
    elsewhere = set().union(*(urns for ks, urns in found.items() if ks != key_stage))
    for year, of_year in schools.groupby("year"):
        member = set(members.loc[members["year"] == year, "urn"])
        fates = _fates_before_results(
            of_year, member, listed, found[key_stage], elsewhere, key_stage
        )
        in_year = results[results["year"] == year]
        for measure in MEASURES[key_stage]:
            for group in COMPARED_GROUPS:
                cell = in_year[
                    (in_year["measure"] == measure.code) & (in_year["group"] == group)
                ]
                if cell.empty:
                    continue
                counted = _count(_fates_with_results(fates, cell))
                rows += [
                    {
                        "key_stage": key_stage,
                        "year": year,
                        "measure": measure.code,
                        "group": group,
                        **entry,
                    }
                    for entry in counted
                ]
    return pd.DataFrame(rows, columns=list(FLOW.columns)).astype(
        {name: c.dtype.type for name, c in FLOW.columns.items()}
    )


def _fates_before_results(
    of_year: pd.DataFrame,
    member: set[str],
    listed: set[str],
    in_stage: set[str],
    elsewhere: set[str],
    key_stage: KeyStage,
) -> pd.DataFrame:
    """Say for each school how far it comes before any figure is looked at.

    One row per school, indexed by urn: side, lost_at (a step or None) and reason.
    """
    fates: list[tuple[str, str, str | None, str | None]] = []
    place = dict(zip(of_year["urn"], of_year["place"], strict=True))
    for urn in sorted(listed - member):
        fates.append((urn, "partners", MEMBER, "not a member that year"))
    for urn in sorted(member - place.keys()):
        if urn in in_stage:
            reason = "in the tables of other years only"
        elif urn in elsewhere:
            reason = f"no {key_stage.upper()} pupils: in the other key stage only"
        else:
            reason = NOT_IN_FILES
        fates.append((urn, "partners", IN_FILES, reason))
    for urn, where in place.items():
        side = "partners" if urn in member else "rest"
        if where == MAINSTREAM:
            fates.append((urn, side, None, None))
        else:
            fates.append((urn, side, IN_POPULATION, where))
    followed = pd.DataFrame(fates, columns=["urn", "side", "lost_at", "reason"])
    blank = set(of_year.loc[of_year["school_type"] == "", "urn"])
    followed["blank_type"] = followed["urn"].isin(blank) & followed["lost_at"].isna()
    return followed.set_index("urn")


def _fates_with_results(fates: pd.DataFrame, cell: pd.DataFrame) -> pd.DataFrame:
    """Go on with what the published cells say: no figure, or no number of pupils."""
    by_urn = cell.set_index("urn")
    value = by_urn["value"].reindex(fates.index)
    pupils = by_urn["pupils"].reindex(fates.index)
    said = by_urn["reason"].reindex(fates.index).astype(object)
    here = fates["lost_at"].isna().to_numpy()
    no_value = here & value.isna().to_numpy()
    no_pupils = here & ~no_value & ~(pupils.fillna(0) > 0).to_numpy()
    going = fates.astype(object)
    going.loc[no_value, "lost_at"] = PUBLISHED
    # Of two files of one year, one may lack a column that the other has.
    going.loc[no_value, "reason"] = said[no_value].fillna(NO_COLUMN)
    going.loc[no_pupils, "lost_at"] = ANALYSED
    going.loc[no_pupils, "reason"] = "number of pupils not published"
    return going


def _count(fates: pd.DataFrame) -> list[dict[str, Any]]:
    """Count who remains at each step, and who is lost before it and why.

    The rest of England is not listed anywhere: its flow begins in that year's table.
    """
    entries: list[dict[str, Any]] = []
    for side in ("partners", "rest"):
        of_side = fates[fates["side"] == side]
        remaining = len(of_side)
        steps = STEPS if side == "partners" else STEPS[STEPS.index(IN_FILES) :]
        for step in steps:
            lost = of_side.loc[of_side["lost_at"] == step, "reason"]
            if step == LISTED:
                lost = lost.iloc[:0]
            for reason, schools in lost.value_counts().sort_index().items():
                entries.append(_entry(side, step, str(reason), int(schools)))
            remaining -= len(lost)
            entries.append(_entry(side, step, None, remaining))
            if step == IN_POPULATION:
                blank = int(of_side["blank_type"].sum())
                entries.append(_entry(side, BLANK_TYPE, None, blank))
    return entries


def _entry(side: str, step: str, reason: str | None, schools: int) -> dict[str, Any]:
    return {"side": side, "step": step, "reason": reason or np.nan, "schools": schools}
