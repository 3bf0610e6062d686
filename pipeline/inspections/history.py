"""Which graded inspections each school had, and from when to when grades can be told."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.establishments import DAY, INSPECTIONS
from pipeline.contracts.results import SCHOOLS
from pipeline.measures.measure import KeyStage
from pipeline.measures.school_types import MAINSTREAM
from pipeline.run import locations
from pipeline.schools.known import KnownSchools
from pipeline.sources.inspection_file import END_OF_OVERALL_GRADES
from pipeline.sources.inspections import ONE_INSPECTION

LAST_DAY_OF_GRADES = (END_OF_OVERALL_GRADES - pd.Timedelta(days=1)).date()
PHASES: dict[KeyStage, str] = {"ks2": "primary", "ks4": "secondary"}


@dataclass(frozen=True)
class History:
    """The graded inspections of every school, under the one key of all its numbers.

    `inspections` has school_key, day (the first of the inspection) and grade (1 to 4), in
    order of schools and days. `schools` is the population, by school_key: phase, opened
    and closed (missing: old, and open) and is_listed (a file of inspections has it, if
    only to say that it was not inspected yet). `snapshots` are the days of the files.
    """

    inspections: pd.DataFrame
    schools: pd.DataFrame
    snapshots: tuple[date, ...]
    of_predecessors: int = 0
    """Inspections before the school opened: its predecessor's, and left out."""

    def last_day(self, last_year: int) -> date | None:
        """Give the last day on which the grades of all schools are known.

        It is no later than the end of the years evaluated and of overall grades. The
        grades of 31 August 2024 stand in any later file too, since none came after.
        """
        end = min(LAST_DAY_OF_GRADES, date(last_year, 8, 31))
        if end == LAST_DAY_OF_GRADES and any(day >= end for day in self.snapshots):
            return end
        return max((day for day in self.snapshots if day <= end), default=None)


def history_of(
    table: pd.DataFrame,
    known: KnownSchools,
    phases: pd.Series,
    snapshots: tuple[date, ...],
) -> History:
    """Put every school's graded inspections under its key.

    `table` is as INSPECTIONS promises it; `phases` gives the phase of each school of the
    population by school_key. Rows without a grade are no inspection here: the grade of
    before stands. The day is that of the inspection, not of its report: what inspectors
    saw before a school joined is no change since, whenever it was printed. A school's
    inspections within 14 days of each other are one, since its two numbers may both tell
    of it; the later report counts.
    """
    lives = _lives(known)
    graded = table[table["overall_effectiveness"].notna()]
    told = pd.DataFrame(
        {
            "school_key": known.key_of(graded["urn"]),
            "day": graded["inspected"].fillna(graded["published"]).dt.as_unit("ms"),
            "grade": graded["overall_effectiveness"].astype(int),
        }
    ).dropna(subset=["day"])
    opened = lives["opened"].reindex(told["school_key"]).to_numpy()
    # SOURCE: the file of July 2018 has the predecessor's grade under an academy's new
    # number (data/cards/inspections.md).
    early = told["day"] < opened
    told = told[~early].sort_values(["school_key", "day"], kind="stable")
    again = told["school_key"].eq(told["school_key"].shift(-1))
    again &= told["day"].diff(-1).abs() <= ONE_INSPECTION
    schools = pd.DataFrame({"phase": phases}).join(lives)
    schools["is_listed"] = schools.index.isin(known.key_of(table["urn"]))
    return History(
        inspections=told[~again].reset_index(drop=True),
        schools=schools.astype({"opened": DAY, "closed": DAY}),
        snapshots=tuple(sorted(set(snapshots))),
        of_predecessors=int(early.sum()),
    )


def read_history(known: KnownSchools, files: dict[str, Any]) -> History:
    """Read the inspections, and the population of all comparisons with its phases.

    The population is that of the other questions: state-funded mainstream schools in the
    results of key stage 2 or 4, in any year of the run. One that has both is secondary.
    `files` is the inventory of sources: it says of which days Ofsted's files are, which
    the table of inspections, each told once, does not.
    """
    phases: dict[str, str] = {}
    for key_stage, phase in PHASES.items():
        table = promise.read(locations.schools(key_stage), SCHOOLS)
        inside = table.loc[table["place"] == MAINSTREAM, "school_key"]
        phases |= dict.fromkeys(inside.unique().tolist(), phase)
    entries = files.get("ofsted", {}).get("files", [])
    return history_of(
        promise.read(locations.school_table("inspections"), INSPECTIONS),
        known,
        pd.Series(phases, dtype="str").rename_axis("school_key"),
        tuple(date.fromisoformat(entry["known_at"]) for entry in entries),
    )


def _lives(known: KnownSchools) -> pd.DataFrame:
    """Say when the school of each key opened and closed, as far as the register knows.

    It opened when the first of its numbers did, and closed when the last one did.
    """
    table = known.establishments.assign(
        school_key=known.key_of(known.establishments["urn"])
    )
    first = table[table["urn"] == table["school_key"]].set_index("school_key")["opened"]
    by_key = table.groupby("school_key")["closed"]
    closed = by_key.max().where(by_key.count() == by_key.size())
    return pd.DataFrame({"opened": first, "closed": closed}).astype(
        {"opened": DAY, "closed": DAY}
    )
