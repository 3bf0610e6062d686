"""Who took part in which activity of the partnership, when and for how long."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.records import (
    ACTIVITIES,
    ACTIVITY_KINDS,
    COUNTS_AS,
    ENGAGEMENT,
    LONGEST_DAY,
    ROLES,
    as_promised,
)
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.cell_text import MEND
from pipeline.records.checked_table import CheckedTable, read_table
from pipeline.records.known_names import as_listed, refuse_unlisted, with_list
from pipeline.records.record_files import RecordFile

FILE = "engagement.csv"
COLUMNS = ("person", "urn", "role", "activity", "date", "hours", "host", "programme")
LIST_FILE = "activities.csv"
LIST_COLUMNS = ("activity", "label", "kind", "counts_as")


@dataclass(frozen=True)
class Engagement:
    """Every part that a person took, and the list of what there is to take part in."""

    rows: pd.DataFrame
    """As ENGAGEMENT promises."""
    activities: pd.DataFrame
    """As ACTIVITIES promises."""
    files: tuple[RecordFile, ...]


def read_engagement(
    folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED
) -> Engagement | None:
    """Read `engagement.csv` with `activities.csv`; None where the first is not there.

    Raises InputFault for an activity that is not in the list, for hours that no day has
    (of one row, and of one person's rows of a day), and for a part that is told twice:
    the dose would be counted twice. Whether the school was a member on the day is a
    question of its own (`outside_membership`).
    """
    table = read_table(folder, shown_folder, FILE, COLUMNS, bounds)
    if table is None:
        return None
    listed = with_list(table, folder, shown_folder, LIST_FILE, LIST_COLUMNS, bounds)
    activities = _activities(listed)
    activity = table.name("activity")
    refuse_unlisted(table, "activity", activity, activities["activity"], LIST_FILE)
    rows = pd.DataFrame(
        {
            "person": table.pseudonym("person"),
            "urn": table.urn("urn"),
            "role": table.choice("role", ROLES),
            "activity": as_listed(activity, activities["activity"]),
            "date": table.day("date"),
            "hours": table.hours("hours", LONGEST_DAY),
            "host": table.urn("host", may_be_blank=True),
            "programme": table.programme(may_be_blank=True),
            "row": table.row,
        }
    )
    part = ["person", "urn", "date", "activity", "host", "programme"]
    table.refuse_repeated(rows, part, "this person's part in this activity on this day")
    _refuse_longer_days(table, rows)
    return Engagement(
        rows=promise.check(as_promised(rows, ENGAGEMENT), ENGAGEMENT),
        activities=promise.check(as_promised(activities, ACTIVITIES), ACTIVITIES),
        files=(table.file, listed.file),
    )


def _activities(listed: CheckedTable) -> pd.DataFrame:
    activities = pd.DataFrame(
        {
            "activity": listed.name("activity"),
            "label": listed.text("label"),
            "kind": listed.choice("kind", ACTIVITY_KINDS),
            "counts_as": listed.choice("counts_as", COUNTS_AS, may_be_blank=True),
            "row": listed.row,
        }
    )
    listed.refuse_repeated(activities, ["activity"], "the activity")
    return activities


def _refuse_longer_days(table: CheckedTable, rows: pd.DataFrame) -> None:
    of_day = rows.groupby(["person", "date"])["hours"].transform("sum")
    table.refuse(
        # Sums of tenths of hours miss the whole number by what no clock can tell.
        of_day > LONGEST_DAY + 1e-9,
        "hours",
        problem=lambda row: (
            f"the rows of this person on this day add up to {of_day[row]:g} hours"
        ),
        expected=f"at most {LONGEST_DAY} hours of one person on one day, in all its rows",
        mend=MEND,
    )
