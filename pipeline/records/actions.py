"""What was agreed after a review, and what had come of it half a year and a year on."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.records import ACTIONS, PROGRESS, as_promised
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.cell_text import MEND, written
from pipeline.records.checked_table import CheckedTable, read_table
from pipeline.records.record_files import RecordFile

FILE = "actions.csv"
COLUMNS = ("programme", "unit", "action", "agreed", "at_6_months", "at_12_months")
# ASSUME: whoever is asked at 6 or 12 months may be asked a month early, no earlier.
EARLY_MONTHS = 1


@dataclass(frozen=True)
class Actions:
    """Agreed actions and their follow-through."""

    rows: pd.DataFrame
    """As ACTIONS promises."""
    files: tuple[RecordFile, ...]


def read_actions(
    folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED
) -> Actions | None:
    """Read `actions.csv`; None where it is not there.

    Raises InputFault for an action that was further on at 6 months than at 12, and,
    where the last day that is asked of is known, for an answer to a question that could
    not have been asked by then.
    """
    table = read_table(folder, shown_folder, FILE, COLUMNS, bounds)
    if table is None:
        return None
    rows = pd.DataFrame(
        {
            "programme": table.programme(),
            "unit": table.unit(),
            "action": table.text("action"),
            "agreed": table.day("agreed"),
            "at_6_months": table.choice("at_6_months", PROGRESS, may_be_blank=True),
            "at_12_months": table.choice("at_12_months", PROGRESS, may_be_blank=True),
            "row": table.row,
        }
    )
    table.refuse_repeated(rows, ["programme", "unit", "agreed", "action"], "the action")
    _refuse_steps_back(table, rows)
    for months in (6, 12):
        _refuse_answers_ahead(table, rows, months, bounds)
    return Actions(
        rows=promise.check(as_promised(rows, ACTIONS), ACTIONS), files=(table.file,)
    )


def _refuse_steps_back(table: CheckedTable, rows: pd.DataFrame) -> None:
    far = {said: -place for place, said in enumerate(PROGRESS)}
    earlier, later = rows["at_6_months"].map(far), rows["at_12_months"].map(far)
    table.refuse(
        later < earlier,
        "at_12_months",
        problem=lambda row: (
            f"{rows.loc[row, 'at_12_months']!r} at 12 months, and "
            f"{rows.loc[row, 'at_6_months']!r} at 6"
        ),
        expected="an action that is no further back than it was half a year before",
        mend="ask which of the two is meant",
    )


def _refuse_answers_ahead(
    table: CheckedTable, rows: pd.DataFrame, months: int, bounds: Bounds
) -> None:
    last = bounds.last_day
    if last is None:
        return
    column = f"at_{months}_months"
    asked = rows["agreed"] + pd.DateOffset(months=months - EARLY_MONTHS)
    agreed = written(rows["agreed"])
    table.refuse(
        rows[column].notna() & (asked > last),
        column,
        problem=lambda row: f"an answer at {months} months to an action of {agreed[row]}",
        expected=f"nothing where {months} months end after {last:%Y-%m-%d}, the last day "
        "that is asked of",
        mend=MEND,
    )
