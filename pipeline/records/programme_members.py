"""Which trusts were in which programme, where a programme's members are trusts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.records import DISSOLVED_TRUSTS, PROGRAMME_TRUSTS, as_promised
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.cell_text import written
from pipeline.records.checked_table import CheckedTable, read_table
from pipeline.records.record_files import RecordFile, find
from pipeline.sources import table_file

FILE = "programmes.csv"
COLUMNS = ("programme", "trust", "cohort", "joined", "left")
UNKNOWN = "the register of schools knows no school of the trust"
DISSOLVED_BEFORE = "its last school had left when it joined the programme"
DISSOLVED_DURING = "its last school left while it was in the programme"


@dataclass(frozen=True)
class ProgrammeTrusts:
    """Spells of trusts in programmes."""

    rows: pd.DataFrame
    """As PROGRAMME_TRUSTS promises."""
    files: tuple[RecordFile, ...]


def read_programme_members(
    folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED
) -> ProgrammeTrusts | None:
    """Read the rows of `programmes.csv` whose member is a trust; None without any.

    Rows whose member is a school are read with the register of schools
    (`pipeline.schools.membership`). Raises InputFault for a row with both or neither,
    for a programme with members of both kinds, since its reports count one kind, for a
    row without a date of joining, and for spells of one trust that overlap.
    """
    path = find(folder, shown_folder, FILE)
    header = _header(path, shown_folder) if path else ()
    if "TRUST" not in header:
        return None
    has_urn = "URN" in header
    columns = (*COLUMNS, "urn") if has_urn else COLUMNS
    table = read_table(folder, shown_folder, FILE, columns, bounds)
    if table is None:
        return None
    if has_urn:
        _refuse_other_than_one(table)
    is_trust = table.cells["trust"] != ""
    if not is_trust.any():
        return None
    trusts = CheckedTable(table.file, table.cells[is_trust], bounds)
    rows = pd.DataFrame(
        {
            "programme": trusts.programme(),
            "trust": trusts.trust("trust"),
            "cohort": trusts.name("cohort", may_be_blank=True),
            "joined": trusts.day("joined", may_lie_ahead=True),
            "left": trusts.day("left", may_be_blank=True, may_lie_ahead=True),
            "row": trusts.row,
        }
    )
    _refuse_left_too_early(trusts, rows)
    _refuse_overlaps(trusts, rows)
    return ProgrammeTrusts(
        rows=promise.check(as_promised(rows, PROGRAMME_TRUSTS), PROGRAMME_TRUSTS),
        files=(trusts.file,),
    )


def dissolved_trusts(trusts: pd.DataFrame, trust_spells: pd.DataFrame) -> pd.DataFrame:
    """List the spells in a programme during which a trust ran no school, and why.

    `trusts` is as PROGRAMME_TRUSTS promises, `trust_spells` as TRUST_SPELLS does. A
    school whose leaving is not dated is in its trust still. Where no trust has spells,
    the register of schools was not supplied and nothing can be said: the answer is
    empty. Gives the contract DISSOLVED_TRUSTS; a trust with DISSOLVED_DURING was a
    member until `last_school_left`, the others ran no school on any day of the spell.
    """
    lasting = pd.Timestamp.max.as_unit("ms")
    last = trust_spells["left"].fillna(lasting).groupby(trust_spells["trust"]).max()
    left = last.reindex(trusts["trust"]).set_axis(trusts.index)
    reason = np.select(
        [
            left.isna(),
            left <= trusts["joined"],
            left < trusts["left"].fillna(lasting),
        ],
        [UNKNOWN, DISSOLVED_BEFORE, DISSOLVED_DURING],
        "",
    )
    listed = trusts.assign(last_school_left=left, reason=reason)
    listed = listed[(listed["reason"] != "") & (not trust_spells.empty)]
    return promise.check(as_promised(listed, DISSOLVED_TRUSTS), DISSOLVED_TRUSTS)


def _header(path: Path, shown_folder: str) -> tuple[str, ...]:
    try:
        with table_file.open_file(path) as file:
            return table_file.first_columns(table_file.read_whole(file))
    except OSError as unreadable:
        raise table_file.cannot_read(f"{shown_folder}/{FILE}", unreadable) from unreadable


def _refuse_other_than_one(table: CheckedTable) -> None:
    has_urn, has_trust = table.cells["urn"] != "", table.cells["trust"] != ""
    expected = "either a school (urn) or a trust"
    table.refuse(
        has_urn & has_trust,
        "trust",
        problem="the row has both a school and a trust",
        expected=expected,
        mend="keep the one that is the programme's member",
    )
    table.refuse(
        ~(has_urn | has_trust),
        "trust",
        problem="the row has neither a school nor a trust",
        expected=expected,
        mend="say who the member is, or drop the row",
    )
    programme = table.cells["programme"].str.casefold()
    is_mixed = has_trust.groupby(programme).transform("nunique") > 1
    table.refuse(
        is_mixed & has_trust,
        "trust",
        problem="some members of this programme are schools, and this one is a trust",
        expected="members of one kind in one programme",
        mend="list the trust's schools, or the other schools' trusts",
    )


def _refuse_left_too_early(trusts: CheckedTable, rows: pd.DataFrame) -> None:
    joined, left = written(rows["joined"]), written(rows["left"])
    trusts.refuse(
        rows["left"] <= rows["joined"],
        "left",
        problem=lambda row: (
            f"the trust {rows['trust'][row]} left on {left[row]}, no later than it "
            f"joined ({joined[row]})"
        ),
        expected="a date of leaving after the date of joining, or none",
        mend="correct the register; earlier results stay as they were",
    )


def _refuse_overlaps(trusts: CheckedTable, rows: pd.DataFrame) -> None:
    in_order = rows.sort_values(["joined", "row"])
    before = in_order.groupby(["programme", "trust"])[["left", "row"]].shift()
    lasted = before["left"].isna() | (before["left"] > in_order["joined"])
    trusts.refuse(
        (before["row"].notna() & lasted).reindex(rows.index),
        "joined",
        problem=lambda row: (
            f"the trust {rows['trust'][row]} is a member twice at once: by this row "
            f"and by row {before['row'][row]:.0f}"
        ),
        expected="spells of one trust that follow each other",
        mend="give the earlier spell its date of leaving, or drop one",
    )
