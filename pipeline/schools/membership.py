"""Who is a member when: the organisation's dated register, read and checked."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.contracts.panel import MEMBERS
from pipeline.run.faults import Fault, InputFault
from pipeline.run.parameters import Evaluation
from pipeline.schools.known import KnownSchools
from pipeline.schools.register_doctor.findings import unguarded
from pipeline.sources import table_file

URN = re.compile(r"[0-9]{6}")
EARLIEST_YEAR = 1900
COLUMNS = {"PROGRAMME", "URN", "NAME", "JOINED", "LEFT", "HUB", "TRIO", "COHORT"}
"""What is read of a register; a list kept for other ends may hold much more."""
MEND_REGISTER = "correct the register; earlier results stay as they were"


@dataclass(frozen=True)
class Register:
    """Spells of membership, one row each, beside where they were read."""

    shown: str
    """Path for a person to find it by."""
    file: str
    """Name as recorded: without the folder, which differs between machines."""
    sha256: str
    spells: pd.DataFrame
    """urn, name, joined, left (None while it lasts), hub and cohort (None where there is
    none), row."""


def read_register(
    folder: Path, shown_folder: str, evaluation: Evaluation
) -> Register | None:
    """Read the members of one evaluation; None where a programme has no register.

    The list of partners has to be there; that of programmes need not. Raises InputFault
    for a school number that is not six digits, a date that is not one, a school that
    left before it joined, and for spells of one school that overlap: then nobody could
    say in which hub it was.
    """
    path = folder / evaluation.members
    shown = f"{shown_folder}/{evaluation.members}"
    if not path.is_file():
        if evaluation.programme is not None:
            return None
        raise Fault(
            f"{shown}: no such file\n"
            "  expected: the list of members with the columns urn, name, joined, left, "
            "hub\n  what to do: save it there, or correct registers.folder in params.yaml"
        )
    file = table_file.read(path, shown, lambda header: COLUMNS & set(header))
    _refuse_missing_columns(file.cells, shown, evaluation)
    cells = file.cells.apply(_tidy)
    if evaluation.programme is not None:
        asked = evaluation.programme.casefold()
        cells = cells[cells["PROGRAMME"].str.casefold() == asked]
        if cells.empty:
            return None
    spells = pd.DataFrame([_spell(shown, *entry) for entry in cells.iterrows()])
    _refuse_overlaps(spells, shown)
    spells["hub"] = _one_spelling(spells["hub"])
    return Register(shown=shown, file=path.name, sha256=file.sha256, spells=spells)


def _tidy(column: pd.Series) -> pd.Series:
    """Cells without padding, line breaks or double spaces, which a person cannot see.

    The apostrophe before a text that a spreadsheet would run belongs to no name.
    """
    return column.str.split().str.join(" ").map(unguarded)


def _one_spelling(hubs: pd.Series) -> pd.Series:
    """Give hubs that differ in capitals only the spelling that comes first.

    'North Hub' and 'North hub' would be two clusters, and errors too small.
    """
    named = hubs.dropna()
    first = named.groupby(named.str.casefold()).transform("first")
    return hubs.where(hubs.isna(), first)


def _refuse_missing_columns(
    cells: pd.DataFrame, shown: str, evaluation: Evaluation
) -> None:
    needed = ["URN", "JOINED", "LEFT"]
    if evaluation.programme is not None:
        needed.insert(0, "PROGRAMME")
    lacking = [name for name in needed if name not in cells.columns]
    if lacking:
        raise InputFault(
            shown,
            f"the column {lacking[0].lower()} is missing",
            expected="the columns "
            + ", ".join(name.lower() for name in needed)
            + ", with commas between them",
            mend="add it to the header; dates are written 2018-09-01",
            row=1,
        )


def _spell(shown: str, row: object, cells: pd.Series) -> dict[str, object]:
    number = int(str(row))
    urn = cells["URN"]
    if not URN.fullmatch(urn):
        raise InputFault(
            shown,
            f"found {urn[:40]!r}",
            expected="a school's unique reference number: six digits",
            mend="look it up at get-information-schools.service.gov.uk",
            row=number,
            column="urn",
        )
    joined = _date(shown, number, "joined", cells["JOINED"])
    left = _date(shown, number, "left", cells["LEFT"]) if cells["LEFT"] else None
    if left is not None and left <= joined:
        raise InputFault(
            shown,
            f"the school {urn} left on {left}, no later than it joined ({joined})",
            expected="a date of leaving after the date of joining, or none",
            mend=MEND_REGISTER,
            row=number,
            column="left",
        )
    # A programme's schools meet in trios, a partnership's in hubs: either is a group
    # of schools that are not independent of each other.
    hub = cells.get("HUB") or cells.get("TRIO") or None
    return {
        "urn": urn,
        "name": cells.get("NAME", ""),
        "joined": joined,
        "left": left,
        "hub": hub,
        "cohort": cells.get("COHORT") or None,
        "row": number,
    }


def _date(shown: str, row: int, column: str, text: str) -> date:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        found = date.fromisoformat(text)
        if found.year < EARLIEST_YEAR:
            raise ValueError
        return found
    except ValueError:
        raise InputFault(
            shown,
            f"found {text[:40]!r}" if text else "found no date",
            expected="a date such as 2018-09-01 (year-month-day)",
            mend=MEND_REGISTER,
            row=row,
            column=column,
        ) from None


def _refuse_overlaps(spells: pd.DataFrame, shown: str) -> None:
    for urn, of_school in spells.sort_values("joined").groupby("urn", sort=True):
        entries = list(of_school.to_dict("records"))
        for earlier, later in pairwise(entries):
            if earlier["left"] is None or earlier["left"] > later["joined"]:
                until = earlier["left"] or "today"
                raise InputFault(
                    shown,
                    f"the school {urn} is a member twice at once: from "
                    f"{earlier['joined']} to {until} (row {earlier['row']}) and from "
                    f"{later['joined']}",
                    expected="spells of one school that follow each other",
                    mend="give the earlier spell its date of leaving, or drop one",
                    row=int(later["row"]),
                    column="joined",
                )


def member_years(register: Register, years: range, known: KnownSchools) -> pd.DataFrame:
    """Say in which academic years each listed school counts as a member.

    A school counts in an academic year when it had joined by 1 September, its first
    day, and had not left before its end: pupils' results of that year then follow a
    whole year of membership (reports/methods/method.md). Spells that touch are one
    membership: a school that changes its hub in March was a member all year, in the hub
    it was in on 1 September. Spells are those of the school, whatever number it had:
    one that became an academy and is listed under both numbers is one member.

    Returns a table as the contract MEMBERS promises it: hub, cohort and trust are those
    of 1 September; exposure counts the years of membership, this one included, and
    those before the first year of the run too.
    """
    spells = register.spells.assign(school_key=known.key_of(register.spells["urn"]))
    rows: list[dict[str, Any]] = []
    for key, of_school in spells.groupby("school_key", sort=True):
        in_order = of_school.sort_values("joined").to_dict("records")
        counted = sorted(
            {
                year
                for joined, left in _memberships(in_order)
                for year in range(min(years.start, joined.year), years.stop)
                if counts_in(year, joined=joined, left=left)
            }
        )
        for exposure, year in enumerate(counted, start=1):
            begun = [s for s in in_order if s["joined"] <= date(year - 1, 9, 1)][-1]
            rows.append(
                {
                    "school_key": key,
                    "urn": begun["urn"],
                    "year": year,
                    "hub": begun["hub"],
                    "cohort": begun["cohort"],
                    "first_year": counted[0],
                    "exposure": exposure,
                }
            )
    members = pd.DataFrame(rows, columns=[c for c in MEMBERS.columns if c != "trust"])
    members = members[members["year"] >= years.start]
    members["trust"] = _trusts(members, known)
    types: dict[str, Any] = {n: c.dtype.type for n, c in MEMBERS.columns.items()}
    return (
        members[list(MEMBERS.columns)]
        .astype(types)
        .sort_values(["year", "school_key"], ignore_index=True)
    )


def _trusts(members: pd.DataFrame, known: KnownSchools) -> pd.Series:
    trusts = pd.Series(None, index=members.index, dtype=object)
    for year, of_year in members.groupby("year"):
        trust = known.trust_on(date(int(str(year)) - 1, 9, 1))
        trusts[of_year.index] = of_year["school_key"].map(trust)
    return trusts


def _memberships(spells: list[dict[Hashable, Any]]) -> list[tuple[date, date | None]]:
    """Join spells that touch: one ends on the day the next begins, or the day before.

    Spells of one number never overlap (see `read_register`); those of two numbers of
    one school may, where the list keeps the old one.
    """
    # ASSUME: a school whose spells touch only changed its hub, and never left.
    joined: list[tuple[date, date | None]] = []
    for spell in spells:
        if joined:
            first, last = joined[-1]
            if last is None or spell["joined"] <= last + timedelta(days=1):
                ends = (last, spell["left"])
                until = None if None in ends else max(d for d in ends if d is not None)
                joined[-1] = (first, until)
                continue
        joined.append((spell["joined"], spell["left"]))
    return joined


def counts_in(year: int, *, joined: date, left: date | None) -> bool:
    """Say whether one membership counts in the academic year that ends in `year`."""
    # ASSUME: an academic year runs from 1 September to 31 August, as the department's
    # own rules for groups of schools have it.
    first_day, last_day = date(year - 1, 9, 1), date(year, 8, 31)
    return joined <= first_day and (left is None or left >= last_day)
