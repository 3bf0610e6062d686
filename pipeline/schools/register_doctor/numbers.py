"""Numbers of schools as people type them: URN and LAESTAB."""

import re
from dataclasses import dataclass
from decimal import Decimal

LIKE_DIGITS = str.maketrans({"o": "0", "l": "1", "i": "1", "|": "1"})
_SCIENTIFIC = re.compile(r"\d\.\d{5}e\+?0?5")


@dataclass(frozen=True)
class Reading:
    """What a cell of a column of URNs says."""

    urn: str | None = None
    proposed: str | None = None
    laestab: str | None = None
    """Where the number is a LAESTAB by its form."""
    why: str = ""
    """Empty where the cell is a URN as a register writes it, or is blank."""


def read_urn(text: str) -> Reading:
    """Read a school's unique reference number, six digits, in any dress.

    A prefix, spaces and a decimal point that a spreadsheet added are taken off: that
    guesses nothing. A letter that looks like a digit only makes a proposal.
    """
    if re.fullmatch(r"[0-9]{6}", text):
        return Reading(urn=text)
    plain = re.sub(r"^urn|[\s:#]+", "", text.casefold())
    plain = re.sub(r"\.0+$", "", re.sub(r"^urn(?:no\.?)?", "", plain))
    if _SCIENTIFIC.fullmatch(plain):
        plain = str(int(Decimal(plain)))
    plain = re.sub(r"^([0-9]{3}),([0-9]{3})$", r"\1\2", plain)
    if re.fullmatch(r"[0-9]{6}", plain):
        return Reading(urn=plain, why="six digits, written otherwise")
    if laestab := read_laestab(text):
        return Reading(laestab=laestab, why="seven digits: a DfE number (LAESTAB), no URN")
    if re.fullmatch(r"10[0-9]{6}", plain):
        return Reading(why="eight digits: a UKPRN, no URN")
    likely = plain.translate(LIKE_DIGITS)
    if re.fullmatch(r"[0-9]{6}", likely):
        return Reading(proposed=likely, why="a letter that looks like a digit")
    return Reading(why="no URN: expected six digits" if text else "no URN")


def read_laestab(text: str) -> str | None:
    """Read the department's own number of a school: authority (3) and school (4 digits)."""
    plain = re.sub(r"^(?:dfe|laestab|dcsf)[\s:]*", "", text.casefold().strip())
    found = re.fullmatch(r"([2-9][0-9]{2})\s*[/\\ -]?\s*([0-9]{4})(?:\.0+)?", plain)
    return found[1] + found[2] if found else None
