"""What the organisation gave to research and policy, and what shows that it did."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.records import CONTRIBUTION_KINDS, CONTRIBUTIONS, as_promised
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.cell_text import MEND, written
from pipeline.records.checked_table import read_table
from pipeline.records.record_files import RecordFile

FILE = "contributions.csv"
COLUMNS = ("id", "kind", "title", "started", "ended", "partners", "evidence", "said")


@dataclass(frozen=True)
class Contributions:
    """The contributions, each with its evidence or shown to have none."""

    rows: pd.DataFrame
    """As CONTRIBUTIONS promises."""
    files: tuple[RecordFile, ...]


def read_contributions(
    folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED
) -> Contributions | None:
    """Read `contributions.csv`; None where it is not there.

    Raises InputFault for an id that stands there twice, an end before the start and
    evidence that is no link. A blank `evidence` is no fault: the entry is unevidenced.
    """
    table = read_table(folder, shown_folder, FILE, COLUMNS, bounds)
    if table is None:
        return None
    rows = pd.DataFrame(
        {
            "id": table.name("id"),
            "kind": table.choice("kind", CONTRIBUTION_KINDS),
            "title": table.text("title"),
            "started": table.day("started"),
            "ended": table.day("ended", may_be_blank=True, may_lie_ahead=True),
            "partners": table.text("partners", may_be_blank=True),
            "evidence": table.link("evidence"),
            "said": table.text("said", may_be_blank=True),
            "row": table.row,
        }
    )
    table.refuse_repeated(rows, ["id"], "the contribution")
    started, ended = written(rows["started"]), written(rows["ended"])
    table.refuse(
        rows["ended"] < rows["started"],
        "ended",
        problem=lambda row: f"it ended on {ended[row]}, before it started ({started[row]})",
        expected="an end no earlier than the start, or none",
        mend=MEND,
    )
    return Contributions(
        rows=promise.check(as_promised(rows, CONTRIBUTIONS), CONTRIBUTIONS),
        files=(table.file,),
    )
