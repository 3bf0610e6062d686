"""What inspections show of one evaluation: transitions, timing and who was inspected."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.inspections import FINDINGS, INSPECTED, LEFT_OUT, TRANSITIONS
from pipeline.contracts.panel import MEMBERS
from pipeline.inspections import inspected, transitions
from pipeline.inspections.findings import Findings, typed
from pipeline.inspections.history import LAST_DAY_OF_GRADES, History, read_history
from pipeline.inspections.side_by_side import clusters_of, members_of, with_trust_mates
from pipeline.run import locations
from pipeline.run.parameters import Parameters
from pipeline.schools.follow import read_summary
from pipeline.schools.known import read_files, read_known_schools

ASKED = (
    (transitions.QUESTION, transitions.MOVED_UP),
    (transitions.TIMING, transitions.BETWEEN),
    (inspected.QUESTION, inspected.NEVER),
)
"""The questions, each with its main quantity."""
FILES = {
    "findings": FINDINGS,
    "transitions": TRANSITIONS,
    "inspected": INSPECTED,
    "left_out": LEFT_OUT,
}
"""The tables that are written, by the name of their file."""
ONE_SNAPSHOT = (
    "one snapshot of inspection outcomes in the years evaluated, as at {}: no transition "
    "can be seen, for that needs the grades of two days; the grades that one snapshot "
    "gives for earlier days are those of schools not inspected since"
)


@dataclass(frozen=True)
class Examined:
    """Everything that is found, each table as its contract promises it."""

    findings: pd.DataFrame
    transitions: pd.DataFrame
    inspected: pd.DataFrame
    left_out: pd.DataFrame


def examine(evaluation: str, parameters: Parameters) -> Examined:
    """Compare the members' grades with the rest's, as far as inspections are told of.

    Reads `data/panel/<evaluation>`, `data/schools` and `data/results`. Where something
    was not supplied, each question says so.
    """
    members = members_of(promise.read(locations.panel(evaluation), MEMBERS))
    known, files = read_known_schools(), read_files()
    ofsted = files.get("ofsted", {"supplied": False, "reason": "not linked"})
    summary = read_summary(evaluation)
    why = None
    if not ofsted["supplied"]:
        why = f"no inspection outcomes: {ofsted['reason']}"
    elif not summary["supplied"]:
        why = str(summary["reason"])
    history = read_history(known, files)
    last = history.last_day(parameters.years.last)
    trusts = pd.Series(dtype=object) if last is None else known.trust_on(last)
    level = parameters.comparison.confidence_level
    return examined(history, members, trusts, parameters.years.last, level, why)


def examined(
    history: History,
    members: pd.DataFrame,
    trusts: pd.Series,
    last_year: int,
    level: float,
    why_not: str | None = None,
) -> Examined:
    """Ask every question; one that cannot be answered says why.

    `members` has school_key, joined and hub; `trusts` gives the trust by school_key; the
    years evaluated end with `last_year`. With `why_not` nothing can be asked at all. One
    snapshot shows no transition: grades of two days are needed.
    """
    found = Findings()
    last_day = history.last_day(last_year)
    matrix, lost, years = typed([], TRANSITIONS), typed([], LEFT_OUT), typed([], INSPECTED)
    why_not = why_not or _why_nothing(last_day, members, last_year)
    if why_not is not None or last_day is None:
        for question, quantity in ASKED:
            found.cannot(question, quantity, str(why_not))
        return Examined(found.as_promised(), matrix, years, lost)
    last = pd.Timestamp(last_day)
    history = with_trust_mates(history, members, trusts)
    clustered_by, clusters = clusters_of(history, members, trusts)
    if min(history.snapshots) < last_day:
        rows = transitions.followed(history, members, clusters, last)
        matrix, lost = transitions.matrix(rows), transitions.left_out(rows)
        transitions.add_transitions(found, rows, level)
        transitions.add_from_joining(found, rows, members)
        transitions.add_left_out(found, lost, history.of_predecessors)
    else:
        for question, quantity in ASKED[:2]:
            found.cannot(question, quantity, ONE_SNAPSHOT.format(last_day))
    since = inspected.since_joining(history, members, clusters, last)
    inspected.add_since_joining(found, since, members, level)
    years = inspected.by_year(history, members, since, last)
    found.say_of_errors(f"errors by {clustered_by}")
    return Examined(found.as_promised(), matrix, years, lost)


def _why_nothing(
    last_day: date | None, members: pd.DataFrame, last_year: int
) -> str | None:
    if last_day is None:
        end = min(LAST_DAY_OF_GRADES, date(last_year, 8, 31))
        return f"no file of inspection outcomes is as at a day up to {end}"
    return "no school was a member in these years" if members.empty else None


def write(found: Examined, folder: Path) -> None:
    """Write all tables into a folder, checked against their contracts, or none."""
    promise.write_together(
        {
            folder / f"{name}.csv": (getattr(found, name), contract)
            for name, contract in FILES.items()
        }
    )


def shown(found: Examined, question: str) -> pd.DataFrame:
    """Show what was found of one question."""
    rows = found.findings[found.findings["question"] == question]
    columns = ["quantity", "at", "partners", "rest", "estimate", "low", "high"]
    columns += ["partner_schools", "rest_schools", "status", "said"]
    return rows[columns].round(3).reset_index(drop=True)
