"""What one column holds: numbers or words, in which unit, how many blanks, which codes."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.sources import suppression

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\s*%?")
_LONGEST_NUMBER = 30
_MOST_WORDS = 30
"""A column of words with more different ones holds names, not kinds."""
POINTS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class ColumnProfile:
    """One column, over the rows of schools."""

    name: str
    """As the file writes it."""
    kind: str
    """'numbers', 'words', or 'nothing' where no cell holds either."""
    signed: bool
    """The numbers end in a percent sign; zeros are not counted, many have none."""
    decimals: int
    """Decimal places that nine in ten of the numbers do not go beyond."""
    held: float
    """Share of rows with a number or a word: neither blank nor a code."""
    codes: tuple[str, ...]
    """Codes in place of a number, in capitals; in a column of numbers, all words are."""
    words: tuple[str, ...]
    """The different words of a column that holds few."""
    points: tuple[float, ...]
    """Lowest number, 5%, 25%, 50%, 75%, 95% and highest; none without numbers."""
    typical: float
    """Median size of the numbers that are not zero; 0 without such a number."""
    totals_signed: bool | None = None
    """The same as `signed`, of the rows that are no schools; None where they have none."""

    @property
    def example(self) -> str:
        """Write the middle number as the file writes its numbers: '44.98%'."""
        if self.kind != "numbers":
            return self.kind
        return f"{self.points[3]:.{self.decimals}f}" + ("%" if self.signed else "")


def describe(name: str, schools: pd.Series, totals: pd.Series) -> ColumnProfile:
    """Describe one column of text cells; each different cell is looked at once."""
    numbers, others = _split(schools)
    codes = Counter(
        {t.upper(): n for t, n in others.items() if t.upper() in suppression.REASONS}
    )
    words = Counter({t: n for t, n in others.items() if t.upper() not in codes})
    of_numbers = sum(n.cells for n in numbers)
    is_number = of_numbers > 0 and of_numbers >= words.total()
    if is_number:
        codes.update({word.upper(): count for word, count in words.items()})
        words.clear()
    elif words:
        # SP is a school type too: among words, a word is a word.
        words.update(codes)
        codes.clear()
    held = of_numbers + words.total()
    return ColumnProfile(
        name=name,
        kind="numbers" if is_number else "words" if words else "nothing",
        signed=bool(_signed(numbers)),
        decimals=_decimals(numbers),
        held=round(held / len(schools), 3) if len(schools) else 0.0,
        codes=tuple(sorted(codes)),
        words=tuple(sorted(words)) if len(words) <= _MOST_WORDS else (),
        points=_points(numbers) if is_number else (),
        typical=_typical(numbers),
        totals_signed=_signed(_split(totals)[0]),
    )


class _Number(NamedTuple):
    """One number as it stands in some cells."""

    value: float
    decimals: int
    signed: bool
    cells: int


def _split(cells: pd.Series) -> tuple[list[_Number], dict[str, int]]:
    """Part the different cells into numbers and other texts, and count them."""
    numbers: list[_Number] = []
    others: dict[str, int] = {}
    for cell, count in cells.value_counts().items():
        text = str(cell).strip()
        # A number of hundreds of digits is none: it has no finite value.
        if _NUMBER.fullmatch(text) and len(text) <= _LONGEST_NUMBER:
            digits = text.rstrip("%").strip()
            places = len(digits.partition(".")[2])
            signed = text.endswith("%")
            numbers.append(_Number(float(digits), places, signed, int(count)))
        elif text:
            others[text] = others.get(text, 0) + int(count)
    return numbers, others


def _signed(numbers: list[_Number]) -> bool | None:
    with_sign = sum(n.cells for n in numbers if n.value and n.signed)
    without = sum(n.cells for n in numbers if n.value and not n.signed)
    return None if with_sign + without == 0 else with_sign > without


def _decimals(numbers: list[_Number]) -> int:
    places: Counter[int] = Counter()
    for number in numbers:
        places[number.decimals] += number.cells
    below = 0
    for decimals in sorted(places):
        below += places[decimals]
        if below >= 0.9 * places.total():
            return decimals
    return 0


def _points(numbers: list[_Number]) -> tuple[float, ...]:
    values = np.repeat([n.value for n in numbers], [n.cells for n in numbers])
    return tuple(float(f"{point:.4g}") for point in np.quantile(values, POINTS))


def _typical(numbers: list[_Number]) -> float:
    counted = [n for n in numbers if n.value]
    if not counted:
        return 0.0
    values = np.repeat([abs(n.value) for n in counted], [n.cells for n in counted])
    return float(f"{np.median(values):.4g}")
