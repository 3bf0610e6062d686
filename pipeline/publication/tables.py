"""Tables as a page shows them: caption, column heads with scope, row heads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    title: str
    is_number: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and an id where links lead to it."""

    text: str
    id: str | None = None
    is_why: bool = False
    """The cell says why there is no figure."""
    span: int = 1


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is the row's head."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    stacks: bool = False
    """On a narrow screen each row becomes a card, for tables whose cells hold sentences:
    beside each other they would be a word wide, or out of sight."""


def table(
    caption: str, heads: dict[str, bool], rows: list[list[str]], *, stacks: bool = False
) -> Table:
    """Make a table of plain texts; `heads` says which columns hold numbers."""
    return Table(
        caption=caption,
        columns=tuple(Column(title, is_number) for title, is_number in heads.items()),
        rows=tuple(tuple(Cell(text) for text in row) for row in rows),
        stacks=stacks,
    )
