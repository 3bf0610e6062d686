"""One thing that a new file does otherwise, and how much it matters."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How much a finding matters; the highest of a file is the command's exit code."""

    NOTE = 0
    """Read alike, or not read at all."""
    LOOK = 1
    """Worth a look before the file is used."""
    BREAKING = 2
    """A column, a row or a figure that the project reads is not as it reads it."""


TOPICS = {
    "file": "The file itself",
    "renamed": "Columns that are likely to have a new name",
    "gone": "Columns that are gone",
    "new": "New columns",
    "units": "Units, and how numbers are written (the middle one shown)",
    "types": "Numbers and words",
    "codes": "Codes in place of a number",
    "kinds": "Kinds that a column tells",
    "ranges": "Ranges of numbers",
    "blanks": "Rows without a figure",
    "rows": "Rows",
    "schools": "Schools",
    "bounds": "Bounds and the figures between them",
    "repeated": "Figures of earlier years, told again",
    "national": "National figures",
}


@dataclass(frozen=True)
class Finding:
    """One difference between a file and its reference."""

    level: Level
    topic: str
    """A key of `TOPICS`."""
    about: str
    """The column, or the kind of row."""
    before: str
    now: str
    said: str
    """What it means."""
    use: str = ""
    """What the project reads the column for; empty if it does not."""
