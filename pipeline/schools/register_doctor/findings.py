"""What the doctor found: where, what, how grave, and what it proposes."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Severity = Literal["must mend", "proposed", "look at it", "mended"]
SEVERITIES: tuple[Severity, ...] = ("must mend", "proposed", "look at it", "mended")
LONGEST_SHOWN = 120
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know.

    `must mend`: no register can be made as long as it stands. `proposed`: the doctor
    says what was probably meant, and waits for a yes. `look at it`: it may be right.
    `mended`: the form was changed and nothing was guessed.
    """

    row: int | None
    """As a spreadsheet counts; None where the finding concerns the whole list."""
    column: str
    found: str
    severity: Severity
    why: str
    proposed: str = ""
    score: float | None = None
    """Likeness of two names, 0 to 100; None where no names were compared."""


def visible(text: str) -> str:
    """A text as it can safely be printed: signs that cannot be seen as their numbers."""
    shown = "".join(
        f"\\u{ord(sign):04x}" if unicodedata.category(sign)[0] == "C" else sign
        for sign in text[: LONGEST_SHOWN + 1]
    )
    return shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 3] + "..."


def guarded(text: str) -> str:
    """A text that no spreadsheet program runs as a formula.

    An apostrophe goes before `=`, `+`, `-`, `@`, tab and carriage return, and before
    apostrophes that lead to one of them, so that `unguarded` always gives the text back.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given; any other text as it is."""
    return text[1:] if _GUARDED.match(text) else text
