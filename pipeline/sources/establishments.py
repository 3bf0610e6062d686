"""The department's register of schools (GIAS): establishments, links and trusts."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandera.pandas import DataFrameSchema

from pipeline.contracts.establishments import DAY, ESTABLISHMENTS, LINKS, TRUST_SPELLS
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import table_file, workbook
from pipeline.sources.table_file import TableFile

OUTSIDE_ENGLAND = (
    "Welsh establishment",
    "Offshore schools",
    "British schools overseas",
    "Service child",
)
"""How the types of establishment begin, in the register's own words, that lie elsewhere.
The last is spelled in two ways: "Service children's education", and without apostrophe."""

# SOURCE: EstablishmentStatus of the register has the same numbers as ICLOSE of the spine:
# in 2017-2018_england_spine.xlsx the 2,146 rows with a 2 are those with a closing date.
STATUS = {
    "1": "Open",
    "2": "Closed",
    "3": "Open, but proposed to close",
    "4": "Proposed to open",
}

LATEST_YEAR = 2100
MEND = "download the file again from get-information-schools.service.gov.uk"


@dataclass(frozen=True)
class RegisterOfSchools:
    """What the register of schools holds, one table a kind of file.

    A kind that was not supplied is an empty table; `inventory` says so, which files
    were read, what was left out of them and why.
    """

    establishments: pd.DataFrame
    links: pd.DataFrame
    trust_spells: pd.DataFrame
    inventory: dict[str, Any]


@dataclass(frozen=True)
class _Kind:
    """One kind of file: how its name begins, and which columns it is known by."""

    told: str
    name: re.Pattern[str]
    columns: dict[str, tuple[str, ...]]
    """Each wanted column and the names it has had, in capitals."""
    needed: tuple[str, ...]


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# SOURCE: names of files as on the register's page of downloads; the columns stand in
# public code that reads them, such as DFE-Digital's tests of schools_data:import.
_KINDS = {
    "establishments": _Kind(
        "establishments (edubasealldata)",
        _named(r"edubasealldata[-_]?(?P<day>[0-9]{8})?\.csv"),
        {
            "urn": ("URN",),
            "authority": ("LA (CODE)",),
            "number": ("ESTABLISHMENTNUMBER",),
            "name": ("ESTABLISHMENTNAME",),
            "school_type": ("TYPEOFESTABLISHMENT (NAME)",),
            "town": ("TOWN",),
            "postcode": ("POSTCODE",),
            "lowest_age": ("STATUTORYLOWAGE",),
            "highest_age": ("STATUTORYHIGHAGE",),
            "opened": ("OPENDATE",),
            "closed": ("CLOSEDATE",),
            "status": ("ESTABLISHMENTSTATUS (NAME)",),
        },
        ("urn", "name", "school_type", "opened", "closed"),
    ),
    "spine": _Kind(
        "schools of one year's performance tables (england_spine)",
        _named(
            r"(?:(?P<years>[0-9]{4}-[0-9]{4})_)?england_(?:spine|school_information)"
            r"\.(?:csv|xlsx)"
        ),
        {
            "urn": ("URN",),
            "authority": ("LA", "LEA"),
            "number": ("ESTAB",),
            "name": ("SCHNAME",),
            "school_type": ("NFTYPE", "SCHOOLTYPE"),
            "town": ("TOWN",),
            "postcode": ("POSTCODE",),
            "lowest_age": ("AGEL", "AGELOW"),
            "highest_age": ("AGEH", "AGEHIGH"),
            "opened": ("OPENDATE",),
            "closed": ("CLOSEDATE",),
            "status": ("ICLOSE", "SCHSTATUS"),
        },
        ("urn", "name", "school_type"),
    ),
    "links": _Kind(
        "links between establishments (links_edubasealldata)",
        _named(r"links_edubasealldata[-_]?(?P<day>[0-9]{8})?\.csv"),
        {
            "urn": ("URN",),
            "linked_urn": ("LINKURN",),
            "kind": ("LINKTYPE",),
            "established": ("LINKESTABLISHEDDATE",),
        },
        ("urn", "linked_urn", "kind", "established"),
    ),
    "trusts": _Kind(
        "schools of trusts, with those that left (academiesmatmembership)",
        _named(r"academiesmatmembership[-_]?(?P<day>[0-9]{8})?\.csv"),
        {
            "urn": ("URN",),
            "trust": ("GROUP UID", "GROUP ID"),
            "trust_name": ("GROUP NAME",),
            "trust_kind": ("GROUP TYPE",),
            "joined": ("DATE JOINED GROUP",),
            "left": ("DATE LEFT GROUP",),
            "ended": ("GROUP CLOSED DATE",),
        },
        ("urn", "trust", "trust_name", "trust_kind", "joined", "left"),
    ),
    "trusts of one day": _Kind(
        "schools of trusts on one day (alllinksdata, trust_links)",
        _named(
            r"(?:trust_links|alllinksdata|grouplinks_edubaseallacademiesandfree)"
            r"[-_]?(?P<day>[0-9]{8})?\.csv"
        ),
        {
            "urn": ("URN",),
            "trust": ("GROUP UID", "GROUP ID"),
            "trust_name": ("GROUP NAME",),
            "trust_kind": ("GROUP TYPE",),
            "joined": ("JOINED DATE",),
            "ended": ("CLOSED DATE",),
        },
        ("urn", "trust", "trust_name", "trust_kind", "joined"),
    ),
}


@dataclass(frozen=True, order=True)
class _Found:
    """A file of a known kind, ordered by the day it is of; undated ones come first."""

    as_at: str
    shown: str
    path: Path = field(compare=False)
    kind: str = field(compare=False)


def read(folder: Path, shown_from: str) -> RegisterOfSchools:
    """Read the newest file of each kind in a folder, or below it.

    Two kinds tell of establishments: the register of today, and the spine of one year's
    performance tables. Where both are there, the spine adds the schools that the
    register lacks. Two tell of trusts: the history of memberships, and the schools that
    trusts hold on one day. The history is read where it is there, since the other has
    lost every school that left.

    Raises Fault for a folder that is not there or holds no such file, and for two files
    of one kind and day; InputFault for a number that is no school's number, a date or
    age that is not one, a missing column, and a school that stands there twice.
    """
    found, left_out = _find(folder, shown_from)
    newest: dict[str, _Found] = {}
    for file in sorted(found):
        earlier = newest.get(file.kind)
        if earlier is not None:
            _refuse_two_of_a_day(earlier, file)
            why = f"older than {file.shown.rpartition('/')[2]}"
            left_out.append({"file": earlier.shown, "why": why})
        newest[file.kind] = file
    if "trusts" in newest and "trusts of one day" in newest:
        file = newest.pop("trusts of one day")
        why = "the history of memberships is there, which also holds schools that left"
        left_out.append({"file": file.shown, "why": why})
    newest = {kind: newest[kind] for kind in _KINDS if kind in newest}
    files = {kind: _cells(file) for kind, file in newest.items()}
    establishments, added = _all_establishments(files)
    links = _links(files["links"]) if "links" in files else _empty(LINKS)
    trusts = files.get("trusts", files.get("trusts of one day"))
    spells, without_school = _trust_spells(trusts)
    return RegisterOfSchools(
        establishments=establishments,
        links=links,
        trust_spells=spells,
        inventory={
            "files": [
                {
                    "file": file.shown,
                    "sha256": files[kind].sha256,
                    "holds": _KINDS[kind].told,
                    "as_at": file.as_at or "not said by its name",
                    "rows": len(files[kind].cells),
                }
                for kind, file in newest.items()
            ],
            "left_out": sorted(left_out, key=lambda entry: entry["file"]),
            "not_supplied": [
                _KINDS[kind].told
                for kind, others in (
                    ("establishments", {"spine"}),
                    ("links", set()),
                    ("trusts", {"trusts of one day"}),
                )
                if not {kind, *others} & files.keys()
            ],
            "establishments": len(establishments),
            "establishments_from_the_spine_alone": added,
            "establishments_outside_england": int(outside_england(establishments).sum()),
            "links": len(links),
            "links_without_a_date": int(links["established"].isna().sum()),
            "trust_spells": len(spells),
            "rows_of_trusts_without_a_school": without_school,
            "spells_that_end_before_they_begin": int(
                (spells["left"] < spells["joined"]).sum()
            ),
        },
    )


def outside_england(establishments: pd.DataFrame) -> pd.Series:
    """Say of each establishment whether it lies outside England, by number or by type."""
    welsh = establishments["urn"].str.startswith("4")
    types = establishments["school_type"]
    return welsh | types.str.startswith(OUTSIDE_ENGLAND, na=False)


def _find(folder: Path, shown_from: str) -> tuple[list[_Found], list[dict[str, str]]]:
    if not folder.is_dir():
        raise Fault(
            f"{shown_from}: no such folder\n"
            "  expected: a folder with the department's register of schools\n"
            "  what to do: correct sources.gias in params.yaml, or leave it empty"
        )
    found: list[_Found] = []
    left_out: list[dict[str, str]] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix.lower() not in (".csv", ".xlsx"):
            continue
        shown = path.relative_to(folder).as_posix()
        for kind, how in _KINDS.items():
            if match := how.name.fullmatch(path.name):
                found.append(_Found(_as_at(match, path), shown, path, kind))
                break
        else:
            left_out.append(
                {"file": shown, "why": "its name is not one of the register's files"}
            )
    if not found:
        raise Fault(
            f"{shown_from}: none of its files belongs to the register of schools\n"
            "  expected: files such as edubasealldata20240901.csv, "
            "links_edubasealldata20240901.csv, academiesmatmembership20240901.csv\n"
            "  what to do: save them there under the names that the department gives them"
        )
    return found, left_out


def _as_at(match: re.Match[str], path: Path) -> str:
    """Day, or academic year, that a file is of by its name or its folder's name."""
    said: dict[str, str | None] = match.groupdict()
    if "years" in said:
        folder = path.parent.name
        in_folder = folder if re.fullmatch(r"[0-9]{4}-[0-9]{4}", folder) else None
        return said["years"] or in_folder or ""
    day = said["day"]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else ""


def _refuse_two_of_a_day(first: _Found, second: _Found) -> None:
    if first.as_at == second.as_at:
        when = f"of {first.as_at}" if first.as_at else "without a date in their names"
        raise Fault(
            f"{first.shown} and {second.shown}: two files of one kind {when}\n"
            "  expected: one, or two of different days\n"
            "  what to do: keep the one that you downloaded last"
        )


def _cells(file: _Found) -> TableFile:
    """Read the wanted columns of a file under this project's names for them."""
    kind = _KINDS[file.kind]
    known: dict[str, str] = {}

    def wanted(columns: tuple[str, ...]) -> set[str]:
        for ours, theirs in kind.columns.items():
            for name in theirs:
                if name in columns:
                    known[name] = ours
                    break
        return set(known)

    if file.path.suffix.lower() == ".xlsx":
        table = workbook.read(file.path, file.shown, columns=wanted)
    else:
        try:
            table = table_file.read_part(
                lambda: table_file.open_file(file.path), file.shown, wanted
            )
        except OSError as unreadable:
            raise table_file.cannot_read(file.shown, unreadable) from unreadable
    for ours in kind.needed:
        if ours not in known.values():
            raise InputFault(
                file.shown,
                f"the column {kind.columns[ours][0]} is missing",
                expected=f"a file of {kind.told}",
                mend=MEND,
                row=1,
            )
    cells = table.cells.rename(columns=known)
    for ours in kind.columns.keys() - set(cells.columns):
        cells[ours] = ""
    # A name may hold tabs or line breaks, which a person cannot see in a table.
    tidy = cells.apply(lambda column: column.str.split().str.join(" "))
    return TableFile(table.shown, table.sha256, table.header, tidy)


def _all_establishments(files: dict[str, TableFile]) -> tuple[pd.DataFrame, int]:
    """Establishments of the register and those of the spine that it lacks, and how many."""
    parts = [_establishments(files[k]) for k in ("establishments", "spine") if k in files]
    if not parts:
        return _empty(ESTABLISHMENTS), 0
    if len(parts) == 1:
        alone = len(parts[0]) if "spine" in files else 0
        return parts[0].sort_values("urn", ignore_index=True), alone
    added = parts[1][~parts[1]["urn"].isin(parts[0]["urn"])]
    both = pd.concat([parts[0], added], ignore_index=True)
    return both.sort_values("urn", ignore_index=True), len(added)


def _establishments(file: TableFile) -> pd.DataFrame:
    cells = file.cells
    urns = _urns(file, "urn")
    twice = urns.duplicated()
    if twice.any():
        raise InputFault(
            file.shown,
            f"the school {urns[twice].iloc[0]} stands there twice",
            expected="one row for each school",
            mend=MEND,
            row=int(urns.index[twice][0]),
            column="URN",
        )
    status = cells["status"].map(lambda text: STATUS.get(text, text))
    return _promised(
        {
            "urn": urns,
            "laestab": _laestab(cells["authority"], cells["number"]),
            "name": cells["name"],
            "school_type": _text(cells["school_type"]),
            "local_authority": _text(cells["authority"]),
            "town": _text(cells["town"]),
            "postcode": _text(cells["postcode"]),
            "lowest_age": _ages(file, "lowest_age"),
            "highest_age": _ages(file, "highest_age"),
            "opened": _days(file, "opened"),
            "closed": _days(file, "closed"),
            "status": _text(status),
        },
        file,
        ESTABLISHMENTS,
    )


def _links(file: TableFile) -> pd.DataFrame:
    return _promised(
        {
            "urn": _urns(file, "urn"),
            "linked_urn": _urns(file, "linked_urn"),
            "kind": file.cells["kind"],
            "established": _days(file, "established"),
        },
        file,
        LINKS,
    )


def _trust_spells(file: TableFile | None) -> tuple[pd.DataFrame, int]:
    """Spells of schools in trusts, and how many rows name a trust without a school."""
    if file is None:
        return _empty(TRUST_SPELLS), 0
    has_school = file.cells["urn"] != ""
    left_out = int((~has_school).sum())
    file = TableFile(file.shown, file.sha256, file.header, file.cells[has_school])
    ended = _days(file, "ended")
    left = _days(file, "left") if "left" in file.cells else pd.Series(pd.NaT, ended.index)
    return _promised(
        {
            "urn": _urns(file, "urn"),
            "trust": file.cells["trust"],
            "trust_name": file.cells["trust_name"],
            "trust_kind": file.cells["trust_kind"],
            "joined": _days(file, "joined"),
            # A school does not outlast its trust in it.
            "left": left.fillna(ended),
        },
        file,
        TRUST_SPELLS,
    ), left_out


def _urns(file: TableFile, column: str) -> pd.Series:
    cells = file.cells[column]
    wrong = ~cells.str.fullmatch("[0-9]{6}")
    if wrong.any():
        raise InputFault(
            file.shown,
            f"found {cells[wrong].iloc[0][:40]!r}",
            expected="a school's unique reference number: six digits",
            mend=MEND,
            row=int(cells.index[wrong][0]),
            column=_name(file, column),
        )
    return cells


def _days(file: TableFile, column: str) -> pd.Series:
    """Dates in any of the forms that the register has had; blank where it knows none."""

    def day(text: str) -> np.datetime64 | None:
        if not text:
            return np.datetime64("NaT", "D")
        try:
            return np.datetime64(_date(text))
        except ValueError:
            return None

    return _once_each(file, column, day, "a date such as 31-08-2018", DAY)


def _date(text: str) -> date:
    # SOURCE: the register writes 31-08-2018 or 31/08/2018, its histories of trusts
    # 2018-08-31, some with a time of day after it.
    match = re.fullmatch(r"([0-9]{2})[-/]([0-9]{2})[-/]([0-9]{4})(?: [0-9:.]+)?", text)
    if match:
        day, month, year = (int(part) for part in match.groups())
        found = date(year, month, day)
    else:
        match = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T][0-9:.]+)?", text)
        found = date.fromisoformat(match[1] if match else "")
    if found.year > LATEST_YEAR:
        raise ValueError
    return found


def _ages(file: TableFile, column: str) -> pd.Series:
    def age(text: str) -> float | None:
        if not text:
            return np.nan
        return float(text) if re.fullmatch("[0-9]{1,2}", text) else None

    return _once_each(file, column, age, "an age in years", "Int64")


def _once_each(
    file: TableFile,
    column: str,
    convert: Callable[[str], Any],
    expected: str,
    kind: Any,
) -> pd.Series:
    """Convert each distinct cell once; raises InputFault for the first that cannot be."""
    cells = file.cells[column]
    codes, distinct = pd.factorize(cells)
    values = [convert(text) for text in distinct]
    for code, value in enumerate(values):
        if value is None:
            raise InputFault(
                file.shown,
                f"found {distinct[code][:40]!r}",
                expected=f"{expected}, or nothing",
                mend=MEND,
                row=int(cells.index[codes == code][0]),
                column=_name(file, column),
            )
    plain = np.array(values, dtype=DAY if kind == DAY else float)
    return pd.Series(plain[codes], index=cells.index).astype(kind)


def _name(file: TableFile, column: str) -> str:
    """The name that the file itself gives a column."""
    for kind in _KINDS.values():
        for name in kind.columns.get(column, ()):
            if name in file.header:
                return name
    return column


def _laestab(authority: pd.Series, number: pd.Series) -> pd.Series:
    """The authority's three digits and the school's four; blank where either is not known."""
    whole = authority.str.fullmatch("[0-9]{3}") & number.str.fullmatch("[0-9]{4}")
    return (authority + number).where(whole)


def _text(cells: pd.Series) -> pd.Series:
    return cells.where(cells != "")


def _promised(
    columns: dict[str, pd.Series], file: TableFile, contract: DataFrameSchema
) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    table["source"] = file.shown
    table["row"] = table.index
    return table.reset_index(drop=True).astype(_types(contract))


def _types(contract: DataFrameSchema) -> dict[str, Any]:
    # The contract checks that a day is one, whatever its unit: in nanoseconds, schools
    # that opened before 1677 would have none.
    days = [name for name, c in contract.columns.items() if "datetime" in str(c.dtype)]
    return {name: c.dtype.type for name, c in contract.columns.items()} | dict.fromkeys(
        days, DAY
    )


def _empty(contract: DataFrameSchema) -> pd.DataFrame:
    columns: Iterable[tuple[str, Any]] = _types(contract).items()
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns})
