"""A list of members as it was found: rows, columns and cells, cleaned of what hides."""

import re
import unicodedata
from dataclasses import dataclass, field

from pipeline.schools.register_doctor import headers
from pipeline.schools.register_doctor.findings import Finding, unguarded
from pipeline.schools.register_doctor.grid import Grid

# Excel writes ="012345" into a CSV file to keep a text a text.
_AS_TEXT = re.compile(r'=\s*"((?:[^"]|"")*)"')
_HYPERLINK = re.compile(
    r'=\s*hyperlink\s*\(\s*"[^"]*"\s*[,;]\s*"((?:[^"]|"")*)"\s*\)', re.IGNORECASE
)


@dataclass(frozen=True)
class ListedRow:
    """One row of a list: its number as a spreadsheet counts, its cells by column."""

    number: int
    raw: dict[str, str]
    cells: dict[str, str]
    """The same without padding and signs that cannot be seen."""
    beyond: list[str] = field(default_factory=list)
    """Cells that stand to the right of the last header."""
    header_again: bool = False

    def get(self, column: str) -> str:
        """A cell; empty where the list has no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Listing:
    """Every row below the header that holds anything."""

    shown: str
    columns: frozenset[str]
    rows: list[ListedRow]
    findings: list[Finding]
    rows_above: int
    blank_rows: int
    counts_from_1904: bool = False

    @property
    def is_of_programmes(self) -> bool:
        """Whether it lists the members of programmes and not those of the partnership."""
        return "programme" in self.columns


def from_grid(grid: Grid, told: dict[str, str]) -> Listing:
    """Find the header and read every row below it."""
    header = headers.find(grid.rows, grid.shown, told)
    width = len(header.cells)
    words = [headers.words_of(cell) for cell in header.cells]
    rows = []
    for number, cells in grid.rows:
        if number <= header.row:
            continue
        raw = {
            column: cells[at] if at < len(cells) else ""
            for column, at in header.columns.items()
        }
        again = [headers.words_of(cell) for cell in cells[:width]]
        rows.append(
            ListedRow(
                number=number,
                raw=raw,
                cells={column: cleaned(cell) for column, cell in raw.items()},
                beyond=[text for cell in cells[width:] if (text := cleaned(cell))],
                header_again=again == words[: len(again)] and sum(map(bool, again)) > 1,
            )
        )
    last = rows[-1].number if rows else header.row
    return Listing(
        shown=grid.shown,
        columns=frozenset(header.columns),
        rows=rows,
        findings=[*grid.findings, *header.findings],
        rows_above=header.row - 1,
        blank_rows=last - header.row - len(rows),
        counts_from_1904=grid.counts_from_1904,
    )


def cleaned(cell: str) -> str:
    """A cell without padding, line breaks, and signs that take no room.

    Control characters, marks that turn the direction of writing, and spaces of no width
    go; every other space becomes a plain one, and two of them one. A formula that only
    says a text is that text.
    """
    text = unguarded(cell.strip())
    found = _AS_TEXT.fullmatch(text) or _HYPERLINK.fullmatch(text)
    if found:
        text = found[1].replace('""', '"')
    text = unicodedata.normalize("NFC", text)
    kept = (
        " " if sign.isspace() else sign
        for sign in text
        if sign.isspace() or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join("".join(kept).split())
