"""Turning a corrected copy and a person's answers into the final register."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.run.faults import InputFault
from pipeline.schools.register_doctor import grid
from pipeline.schools.register_doctor.dates import Order
from pipeline.schools.register_doctor.diagnosis import (
    LEAVE_OUT,
    PARTNERS,
    PROGRAMMES,
    Diagnosis,
)
from pipeline.schools.register_doctor.examine import examine
from pipeline.schools.register_doctor.findings import visible
from pipeline.schools.register_doctor.headers import Rows
from pipeline.schools.register_doctor.listing import ListedRow, Listing, cleaned
from pipeline.schools.register_doctor.writing import as_csv, header_of_copy, proposable

MOST_TOLD = 20
_YES = {"yes", "y"}
_NO = {"no", "n", ""}


@dataclass(frozen=True)
class Accepted:
    """The final register, and what became of every row and proposal."""

    name: str
    """`partners.csv` or `programmes.csv`."""
    text: str
    rows_in: int
    rows_out: int
    changes: list[str]
    """What was accepted, row by row."""
    unanswered: list[str]
    """Proposals without an answer: those rows stay as they were."""


def accept(
    path: Path, *, today: date, order: Order | None = None, sheet: str | None = None
) -> Accepted:
    """Read a corrected copy, follow its answers, and make the final register.

    Where `accept` says `yes`, all proposals of that row are taken; where it names
    columns (`urn joined`), those; where it says `no` or nothing, none. Cells may also
    have been corrected by hand. Raises InputFault, with every place, while anything
    remains that a register cannot hold.
    """
    found = grid.read(path, sheet)
    columns, at, header_row = _columns(found.rows, found.shown)
    changes: list[str] = []
    unanswered: list[str] = []
    rows: list[ListedRow] = []
    below = [(number, cells) for number, cells in found.rows if number > header_row]
    for number, cells in below:
        row = {
            name: cleaned(cells[place]) if place < len(cells) else ""
            for name, place in at.items()
        }
        kept = _answered(row, number, columns, found.shown, changes, unanswered)
        if kept is not None:
            rows.append(ListedRow(number=number, raw=kept, cells=kept))
    diagnosis = examine(
        Listing(
            shown=found.shown,
            columns=frozenset(columns),
            rows=rows,
            findings=[],
            rows_above=0,
            blank_rows=0,
            counts_from_1904=found.counts_from_1904,
        ),
        None,
        today=today,
        order=order,
    )
    _refuse_open(diagnosis, found.shown)
    return Accepted(
        name="programmes.csv" if columns == PROGRAMMES else "partners.csv",
        text=as_csv(columns, [[e.says[c] for c in columns] for e in diagnosis.entries]),
        rows_in=len(below),
        rows_out=len(diagnosis.entries),
        changes=changes,
        unanswered=unanswered,
    )


def _columns(rows: Rows, shown: str) -> tuple[tuple[str, ...], dict[str, int], int]:
    number, cells = rows[0] if rows else (1, [])
    header = [cleaned(cell).casefold() for cell in cells]
    for columns in (PROGRAMMES, PARTNERS):
        needed = header_of_copy(columns)
        if set(needed) <= set(header) and len(set(needed)) == len(needed):
            repeated = [name for name in needed if header.count(name) > 1]
            if not repeated:
                return columns, {name: header.index(name) for name in needed}, number
    lacking = sorted(set(header_of_copy(PARTNERS)) - set(header))
    raise InputFault(
        shown,
        "it is no corrected copy of the doctor's: "
        + (f"the column {lacking[0]} is missing" if lacking else "a column is there twice"),
        expected="the file partners.corrected.csv that the doctor wrote, with answers",
        mend="give the list without --accept first; then answer in the copy",
        row=number,
    )


def _answered(
    row: dict[str, str],
    number: int,
    columns: tuple[str, ...],
    shown: str,
    changes: list[str],
    unanswered: list[str],
) -> dict[str, str] | None:
    """A row with the accepted proposals in their places; None where it is left out."""
    open_ = {
        column: row[f"proposed_{column}"]
        for column in proposable(columns)
        if row[f"proposed_{column}"]
    }
    if row["leave_out"].casefold() in _YES:
        open_[LEAVE_OUT] = "yes"
    taken = _taken(row["accept"], set(open_), shown, number)
    if open_ and not row["accept"]:
        unanswered.append(f"row {number}: {', '.join(open_)}")
    if LEAVE_OUT in taken:
        changes.append(f"row {number}: left out ({visible(row['because'])})")
        return None
    kept = {column: row[column] for column in columns}
    for column in open_:
        if column in taken:
            changes.append(
                f"row {number}, {column}: '{visible(row[column])}' -> "
                f"'{visible(open_[column])}'"
            )
            kept[column] = open_[column]
    return kept


def _taken(answer: str, proposed: set[str], shown: str, number: int) -> set[str]:
    said = answer.casefold().replace("leave_out", LEAVE_OUT)
    if said in _NO:
        return set()
    if said in _YES:
        return proposed
    rest = said
    named = {column for column in proposed if column in rest}
    for column in sorted(named, key=len, reverse=True):
        rest = rest.replace(column, " ")
    if named and not rest.replace(",", " ").replace(";", " ").split():
        return named
    raise InputFault(
        shown,
        f"found {visible(answer)!r}",
        expected="yes, no, nothing, or the columns whose proposals you accept"
        + (f": {', '.join(sorted(proposed))}" if proposed else "; none is proposed here"),
        mend="correct the answer",
        row=number,
        column="accept",
    )


def _refuse_open(diagnosis: Diagnosis, shown: str) -> None:
    """Stop while any cell is not what a register may hold, and tell every one."""
    told = [
        f"row {f.row}, {f.column}: found '{visible(f.found)}': {f.why}"
        for f in diagnosis.findings
        if f.severity == "must mend"
    ]
    for entry in diagnosis.entries:
        told += [
            f"row {entry.number}, {column}: found '{visible(entry.says.get(column, ''))}'"
            f": {proposal.why}"
            for column, proposal in entry.proposals.items()
            if column in ("urn", "joined", "left", LEAVE_OUT)
        ]
    if not diagnosis.entries:
        told = ["no row is left"]
    if told:
        more = len(told) - MOST_TOLD
        raise InputFault(
            shown,
            f"{len(told)} left to mend\n    "
            + "\n    ".join(told[:MOST_TOLD])
            + (f"\n    and {more} more" if more > 0 else ""),
            expected="six digits, a date of joining such as 2018-09-01, and spells of a "
            "school that follow each other",
            mend="answer yes where a proposal is right, or write the right value into the "
            "cell; where a spreadsheet program has rewritten the dates (01/09/2018), add "
            "--dates day-first. Nothing was written",
        )
