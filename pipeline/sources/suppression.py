"""What the department writes in place of a number, and what it means."""

from typing import NamedTuple

import numpy as np
import pandas as pd

# SOURCE: abbreviations.xlsx and the metadata files of the performance tables; the
# letters z, c, u, x, k and low are those of explore-education-statistics.
REASONS: dict[str, str] = {
    "SUPP": "suppressed: few pupils, or to protect such a figure",
    "C": "suppressed: few pupils, or to protect such a figure",
    "NE": "no entries",
    "NA": "not applicable",
    "Z": "not applicable",
    "NP": "not published",
    "X": "not available",
    "UNAVAIL": "not available",
    "NR": "not reported",
    "NEW": "new school",
    "LOWCOV": "fewer than half of the pupils covered",
    "U": "low reliability",
    "RE": "redacted by the department",
    "SP": "small: rounds to zero",
    "K": "small: rounds to zero",
    "LOW": "small: rounds to zero",
}
BLANK = "blank in the file"


class Parsed(NamedTuple):
    """A column of cells as numbers, beside the reason where there is none."""

    value: pd.Series
    reason: pd.Series
    unreadable: pd.Series
    """True where a cell is neither a number nor a known code."""


def parse(cells: pd.Series, *, percent: bool = True, whole: bool = False) -> Parsed:
    """Turn published cells into numbers and reasons.

    Cells may be padded and may end in a percent sign: `'45.4% '` is 45.4. A code never
    becomes a number, and `'NA'` is a code here, not a gap that a reader may drop.
    A percent sign is unreadable where `percent` is false, a fraction where `whole` is
    true: a number of pupils of '12%' or 12.6 stands in the wrong column.
    Every distinct cell is converted once: a column of thousands of schools holds a few
    hundred different ones.
    """
    codes, distinct = pd.factorize(cells, use_na_sentinel=False)
    values = np.full(len(distinct), np.nan)
    reasons: list[str | None] = [None] * len(distinct)
    unreadable = np.zeros(len(distinct), dtype=bool)
    for place, cell in enumerate(distinct):
        text = cell.strip() if isinstance(cell, str) else ""
        if text == "":
            reasons[place] = BLANK
        elif text.upper() in REASONS:
            reasons[place] = REASONS[text.upper()]
        else:
            number = _number(text, percent=percent)
            if number is None or (whole and not number.is_integer()):
                unreadable[place] = True
            else:
                values[place] = number
    return Parsed(
        value=pd.Series(values[codes], index=cells.index),
        reason=pd.Series(np.array(reasons, dtype=object)[codes], index=cells.index),
        unreadable=pd.Series(unreadable[codes], index=cells.index),
    )


def _number(text: str, *, percent: bool) -> float | None:
    # Python reads more as a number than a table may hold: 'nan', 'inf', '1_000'.
    digits = text.removesuffix("%").strip() if percent else text
    if not digits or set(digits) - set("+-.0123456789"):
        return None
    try:
        return float(digits)
    except ValueError:
        return None
