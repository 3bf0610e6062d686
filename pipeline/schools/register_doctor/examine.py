"""Looking at every row of a list, and at rows beside each other."""

from collections.abc import Iterable
from datetime import date

from pipeline.schools.register_doctor import dates, together
from pipeline.schools.register_doctor.dates import Order
from pipeline.schools.register_doctor.diagnosis import (
    LEAVE_OUT,
    PARTNERS,
    PROGRAMMES,
    Diagnosis,
    Entry,
)
from pipeline.schools.register_doctor.directory import Directory
from pipeline.schools.register_doctor.findings import Finding, visible
from pipeline.schools.register_doctor.identify import identify
from pipeline.schools.register_doctor.listing import ListedRow, Listing

LONG_CELL = 200
# Cells that a person cannot see the change of are changed without a guess.
_PLAIN_TEXT = ("programme", "name", "cohort", "hub", "trio")


def examine(
    listing: Listing,
    directory: Directory | None,
    *,
    today: date,
    order: Order | None = None,
) -> Diagnosis:
    """Say what is wrong with a list, mend its form, and propose the rest.

    A cell is changed only where nothing is guessed. `order` is the order of day and
    month where a person has said it. Every row of the list is an entry of the answer.
    """
    columns = PROGRAMMES if listing.is_of_programmes else PARTNERS
    orders = {column: _order_of(listing, column, order) for column in ("joined", "left")}
    general = list(listing.findings)
    general += [finding for column in ("joined", "left") for finding in orders[column][2]]
    general += _swapped(listing)
    if directory is None:
        general.append(
            Finding(
                row=None,
                column="",
                found="",
                severity="look at it",
                why="there is no register of schools: names, DfE numbers, and whether a "
                "school was open on the day, were not looked at. Give its folder with "
                "--schools or sources.gias in params.yaml; the synthetic England's is not "
                "used for other lists",
            )
        )
    entries = []
    for listed in listing.rows:
        entry = Entry(
            listed, {column: _text(listed, column, columns) for column in columns}
        )
        entries.append(entry)
        if _is_no_school(entry):
            continue
        for column in ("joined", "left"):
            known, said, _ = orders[column]
            _read_date(entry, column, known, said, listing, today)
        identify(entry, directory)
        _look_at_text(entry, listing)
        _look_at_dates(entry, today)
        if "programme" in columns and not entry.says["programme"]:
            entry.tell("must mend", "programme", "no programme")
    together.compare(entries, directory)
    return Diagnosis(
        shown=listing.shown,
        columns=columns,
        entries=entries,
        general=general,
        rows_above=listing.rows_above,
        blank_rows=listing.blank_rows,
    )


def _text(listed: ListedRow, column: str, columns: Iterable[str]) -> str:
    if column in ("hub", "trio"):
        other = "trio" if column == "hub" else "hub"
        return listed.get(column) or ("" if other in columns else listed.get(other))
    return listed.get(column)


def _order_of(
    listing: Listing, column: str, order: Order | None
) -> tuple[Order | None, bool, list[Finding]]:
    """The order of day and month in a column, whether a person said it, and doubts."""
    shown = dates.orders_shown(row.get(column) for row in listing.rows)
    if order is None:
        return (next(iter(shown)) if len(shown) == 1 else None), False, []
    if shown <= {order}:
        return order, True, []
    return (
        order,
        False,
        [
            Finding(
                row=None,
                column=column,
                found=", ".join(sorted(shown)),
                severity="look at it",
                why=f"you said {order}, and some days here can only be written otherwise; "
                "the doubtful ones are proposed only",
            )
        ],
    )


def _swapped(listing: Listing) -> list[Finding]:
    findings = []
    for column in ("joined", "left"):
        count = dates.perhaps_swapped(row.get(column) for row in listing.rows)
        if count:
            findings.append(
                Finding(
                    row=None,
                    column=column,
                    found=f"{count} dates",
                    severity="look at it",
                    why="days above 12 stand here as text only, and days up to 12 as dates "
                    "only: a spreadsheet program may have swapped day and month of the "
                    "latter. Look at some that you know",
                )
            )
    return findings


def _is_no_school(entry: Entry) -> bool:
    """A row that repeats the header, or a heading among the rows of schools."""
    cells = {column: text for column, text in entry.listed.cells.items() if text}
    if entry.listed.header_again:
        entry.propose(LEAVE_OUT, "yes", "the header again")
        return True
    said = " ".join(cells.values()) or " ".join(entry.listed.beyond)
    # One word in the column of names may be a school whose other cells are missing.
    if len(cells) > 1 or "name" in cells or any(sign.isdigit() for sign in said):
        return False
    entry.propose(LEAVE_OUT, "yes", f"one cell, and no school by its look: {visible(said)}")
    return True


def _read_date(
    entry: Entry,
    column: str,
    known: Order | None,
    said: bool,
    listing: Listing,
    today: date,
) -> None:
    text = entry.listed.get(column)
    reading = dates.read(
        text,
        "joined" if column == "joined" else "left",
        order=known,
        said=said,
        from_1904=listing.counts_from_1904,
        this_year=today.year,
    )
    if reading.day:
        entry.settle(column, reading.day.isoformat())
        if reading.why:
            entry.tell(
                "look at it" if reading.doubtful else "mended",
                column,
                reading.why,
                proposed=reading.day.isoformat(),
            )
    elif reading.proposed:
        entry.propose(column, reading.proposed.isoformat(), reading.why)
    elif column == "left" and reading.blank:
        entry.settle(column, "")
        if reading.why:
            entry.tell("mended", column, reading.why)
    elif reading.blank:
        # A column that is not there at all is told once, with the header.
        if column in listing.columns:
            entry.tell("must mend", column, "no date of joining")
    else:
        entry.tell("must mend", column, reading.why)


def _look_at_text(entry: Entry, listing: Listing) -> None:
    for column, raw in entry.listed.raw.items():
        text = entry.listed.cells[column]
        if len(text) > LONG_CELL:
            entry.tell("look at it", column, f"a cell of {len(text)} characters")
        told = any(finding.column == column for finding in entry.findings)
        if raw != text and (column in _PLAIN_TEXT or (column in entry.says and not told)):
            entry.tell("mended", column, _what_went(raw, text), proposed=text)
    if entry.listed.beyond:
        entry.tell(
            "must mend",
            "",
            "cells stand to the right of the last header: a separator in a name may have "
            "moved them",
            found=" | ".join(entry.listed.beyond),
        )


def _what_went(raw: str, text: str) -> str:
    if raw.strip() == text:
        return "spaces around it"
    if raw.lstrip("' \t").startswith("="):
        return "a formula that only says this"
    return "signs that cannot be seen, or more spaces than one"


def _look_at_dates(entry: Entry, today: date) -> None:
    joined, left = entry.likely("joined"), entry.likely("left")
    for column, day in (("joined", joined), ("left", left)):
        if day and day > today.isoformat():
            entry.tell("look at it", column, f"{day} has not come yet")
    if joined and left and left <= joined:
        certain = {"joined", "left"} <= entry.settled
        entry.tell(
            "must mend" if certain else "look at it",
            "left",
            f"left on {left}, no later than joined ({joined})",
        )
