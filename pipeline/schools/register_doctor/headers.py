"""Which column of a list is which, said in other words or misspelt."""

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from pipeline.run.faults import InputFault
from pipeline.schools.register_doctor.findings import Finding, visible

SYNONYMS: dict[str, tuple[str, ...]] = {
    "urn": (
        "urn",
        "school urn",
        "urn number",
        "urn no",
        "gias urn",
        "edubase urn",
        "unique reference number",
    ),
    "laestab": (
        "laestab",
        "la estab",
        "lea estab",
        "laestab number",
        "la estab number",
        "dfe number",
        "dfe no",
        "dfe",
        "dfe establishment number",
        "dfes number",
        "dcsf number",
    ),
    "la": (
        "la",
        "lea",
        "la code",
        "la number",
        "la no",
        "lea code",
        "local authority code",
    ),
    "estab": ("estab", "establishment number", "establishment no", "estab number"),
    "name": (
        "name",
        "school name",
        "school",
        "name of school",
        "establishment name",
        "establishmentname",
        "establishment",
        "schname",
        "partner school",
        "member school",
        "partner name",
        "partner",
        "academy name",
        "academy",
    ),
    "postcode": ("postcode", "post code", "school postcode"),
    "town": ("town", "city", "town or city"),
    "local authority": (
        "local authority",
        "local authority name",
        "la name",
        "authority",
        "local education authority",
    ),
    "programme": ("programme", "program", "programme name"),
    "cohort": ("cohort", "wave", "intake"),
    "joined": (
        "joined",
        "date joined",
        "joined date",
        "joined on",
        "date of joining",
        "joining date",
        "join date",
        "member since",
        "membership start date",
        "membership start",
        "start date",
        "date started",
        "started",
        "start",
        "from",
    ),
    "left": (
        "left",
        "date left",
        "left date",
        "left on",
        "date of leaving",
        "leaving date",
        "leave date",
        "membership end date",
        "membership end",
        "end date",
        "date ended",
        "ended",
        "end",
        "until",
        "to",
    ),
    "hub": ("hub", "hub name", "local hub", "partnership hub", "cluster"),
    "trio": ("trio", "trio name", "triad"),
}
"""Headers that are read as a column without asking; the first is the register's own."""

OF_CORRECTED_COPY = {"proposed urn", "accept", "because"}
IDENTIFYING = ("urn", "laestab", "estab", "name")
# ASSUME: a header that is 85 in 100 like a known one is worth asking about; nothing
# is read from it before a person has said so.
NEAR = 85
ROWS_SEARCHED = 60

Rows = list[tuple[int, list[str]]]
"""Rows that hold anything, each with its number as a spreadsheet counts."""


@dataclass(frozen=True)
class Header:
    """The row of headers, and which column each known one is."""

    row: int
    cells: list[str]
    columns: dict[str, int]
    findings: list[Finding]


def words_of(header: str) -> str:
    """A header in small letters, its words with one space between them."""
    return " ".join(re.findall(r"[a-z0-9]+", header.casefold()))


_KNOWN = {words: field for field, listed in SYNONYMS.items() for words in listed}


def recognised(cells: list[str]) -> int:
    """How many different columns a row of headers names in words that are known."""
    return len({_KNOWN[words] for cell in cells if (words := words_of(cell)) in _KNOWN})


def best(rows: Rows) -> tuple[int, int]:
    """The place among the rows of the likeliest header, and how many columns it names."""
    counts = [recognised(cells) for _, cells in rows[:ROWS_SEARCHED]]
    most = max(counts, default=0)
    return (counts.index(most) if most else -1), most


def find(rows: Rows, shown: str, told: dict[str, str]) -> Header:
    """Find the row of headers and say which column is which.

    `told` gives columns as a person named them: their header to the register's. A
    header that is only near to a known one is asked about and not read. Raises
    InputFault where no row looks like a header, and where `told` names none.
    """
    place, most = best(rows)
    asked = {words_of(theirs): _field(ours, shown) for theirs, ours in told.items()}
    if asked:
        place, most = max(
            (
                (at, 2 * len(asked.keys() & set(map(words_of, cells))) + recognised(cells))
                for at, (_, cells) in enumerate(rows[:ROWS_SEARCHED])
            ),
            key=lambda entry: (entry[1], -entry[0]),
            default=(-1, 0),
        )
    if most == 0:
        raise InputFault(
            shown,
            f"none of the first {min(len(rows), ROWS_SEARCHED)} rows looks like a header",
            expected="a row with headers such as urn (or DfE number, or school name and "
            "postcode), joined, left, hub",
            mend="write such a row above the list, or say which column is which: "
            "--column 'Their words=joined'",
        )
    number, cells = rows[place]
    if {words_of(cell.replace("_", " ")) for cell in cells} >= OF_CORRECTED_COPY:
        raise InputFault(
            shown,
            "it is a corrected copy that the doctor wrote",
            expected="a list of members",
            mend="give it with --accept, or give the list that it was made from",
            row=number,
        )
    columns, findings = _assign(cells, number, asked)
    absent = sorted(asked.keys() - set(map(words_of, cells)))
    if absent:
        raise InputFault(
            shown,
            f"no column {absent[0]!r}, which --column names",
            expected="one of " + ", ".join(repr(visible(c)) for c in cells if c.strip()),
            mend="write the header as it stands in the list",
            row=number,
        )
    findings += _lacking(columns, number)
    return Header(number, cells, columns, findings)


def _field(ours: str, shown: str) -> str:
    if ours in SYNONYMS:
        return ours
    raise InputFault(
        shown,
        f"--column names {ours!r}, which is no column of a register",
        expected="one of " + ", ".join(SYNONYMS),
        mend="write --column 'Their words=joined'",
    )


def _assign(
    cells: list[str], number: int, asked: dict[str, str]
) -> tuple[dict[str, int], list[Finding]]:
    named: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        words = words_of(cell)
        field = asked.get(words) or _KNOWN.get(words)
        if field and (words in asked or field not in asked.values()):
            named.setdefault(field, []).append(at)
    columns: dict[str, int] = {}
    findings: list[Finding] = []
    for field, places in named.items():
        # The register's own word is surer than another: 'name' beside 'school'.
        own = [at for at in places if words_of(cells[at]) == field]
        chosen = own if len(own) == 1 else places
        if len(chosen) == 1:
            columns[field] = chosen[0]
            findings += [
                _unread(cells[at], number, field) for at in places if at != chosen[0]
            ]
        else:
            shown = " and ".join(repr(visible(cells[at])) for at in places)
            findings.append(
                Finding(
                    row=number,
                    column=field,
                    found=shown,
                    severity="must mend",
                    why=f"{len(places)} columns could be {field}; none of them was read. "
                    f"Give them different headers, or say which: --column 'Its words={field}'",
                )
            )
    taken = {at for places in named.values() for at in places}
    for at, cell in enumerate(cells):
        if at not in taken and words_of(cell):
            findings.append(_near(cell, number, columns))
    return columns, findings


def _unread(cell: str, number: int, field: str) -> Finding:
    return Finding(
        row=number,
        column=visible(cell),
        found=visible(cell),
        severity="look at it",
        why=f"not read: the column {field} is there under its own name",
    )


def _near(cell: str, number: int, columns: dict[str, int]) -> Finding:
    words = words_of(cell)
    score, field = max(
        (fuzz.ratio(words, known), field)
        for known, field in _KNOWN.items()
        if field not in columns or known == SYNONYMS[field][0]
    )
    if score >= NEAR and field not in columns:
        return Finding(
            row=number,
            column=visible(cell),
            found=visible(cell),
            severity="proposed",
            proposed=field,
            score=round(score, 1),
            why=f"not read. If it is the column {field}, run again with "
            f"--column '{visible(cell)}={field}'",
        )
    return Finding(
        row=number,
        column=visible(cell),
        found=visible(cell),
        severity="look at it",
        why="not read: no column of a register. It stays in your list",
    )


def _lacking(columns: dict[str, int], number: int) -> list[Finding]:
    findings = []
    if not set(IDENTIFYING) & set(columns):
        findings.append(
            Finding(
                row=number,
                column="urn",
                found="",
                severity="must mend",
                why="no column says which school it is: expected urn, DfE number or name",
            )
        )
    if "joined" not in columns:
        findings.append(
            Finding(
                row=number,
                column="joined",
                found="",
                severity="must mend",
                why="no column of dates of joining",
            )
        )
    if "left" not in columns:
        findings.append(
            Finding(
                row=number,
                column="left",
                found="",
                severity="look at it",
                why="no column of dates of leaving: every school is taken to be a member "
                "still",
            )
        )
    return findings
