"""What taking part in a programme costs."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.records import COST_UNITS, COSTS, as_promised
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.checked_table import read_table
from pipeline.records.record_files import RecordFile

FILE = "costs.csv"
COLUMNS = ("programme", "cohort", "item", "per", "pounds")


@dataclass(frozen=True)
class Costs:
    """What one school, trust or cohort costs, by item."""

    rows: pd.DataFrame
    """As COSTS promises."""
    files: tuple[RecordFile, ...]


def read_costs(folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED) -> Costs | None:
    """Read `costs.csv`; None where it is not there.

    Raises InputFault for what is no amount or is below nothing, and for an item that
    would be counted twice: in two rows, or for every cohort and again for one of them.
    """
    table = read_table(folder, shown_folder, FILE, COLUMNS, bounds)
    if table is None:
        return None
    rows = pd.DataFrame(
        {
            "programme": table.programme(),
            "cohort": table.name("cohort", may_be_blank=True),
            "item": table.name("item"),
            "per": table.choice("per", COST_UNITS),
            "pounds": table.pounds("pounds"),
            "row": table.row,
        }
    )
    table.refuse_repeated(rows, ["programme", "cohort", "per", "item"], "the item")
    of_item = rows.groupby(["programme", "per", "item"])["row"]
    of_every = rows["cohort"].isna() & (of_item.transform("size") > 1)
    table.refuse(
        of_every,
        "cohort",
        problem="the item stands there for every cohort, and again for one",
        expected="either one row without a cohort, or one for each cohort",
        mend="give this row its cohort, or drop the others",
    )
    return Costs(rows=promise.check(as_promised(rows, COSTS), COSTS), files=(table.file,))
