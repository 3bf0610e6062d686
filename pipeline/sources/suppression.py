"""What the department writes in place of a number, and what it means."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
EXPLANATIONS: tuple[str, ...] = (BLANK, *sorted(set(REASONS.values())))
"""Every reason why a published cell holds no number."""


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
    """
    meanings = Meanings()
    found = meanings.look_up(cells.tolist())
    value, explanation, unreadable = meanings.of(found, percent=percent, whole=whole)
    words = np.array([*EXPLANATIONS, None], dtype=object)
    return Parsed(
        value=pd.Series(value, index=cells.index),
        reason=pd.Series(words[explanation], index=cells.index, dtype=object),
        unreadable=pd.Series(unreadable, index=cells.index),
    )


class Meanings:
    """What each distinct cell of a file means, found out once.

    A file of millions of cells holds a few thousand different ones.
    """

    def __init__(self) -> None:
        """Begin with no cell known."""
        self._seen = _Seen()
        self._table = _Table.of(self._seen)

    def look_up(self, cells: Iterable[object]) -> NDArray[np.int32]:
        """Give each cell's number among the distinct ones."""
        found = np.fromiter(map(self._seen.__getitem__, cells), dtype=np.int32)
        if len(self._seen) != len(self._table.value):
            self._table = _Table.of(self._seen)
        return found

    def of(
        self, found: NDArray[np.int32], *, percent: bool, whole: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.bool_]]:
        """Give numbers, places in `EXPLANATIONS` (-1 for a number), and what is neither."""
        table = self._table
        value = table.value[found]
        unreadable = table.is_unreadable[found]
        if not percent:
            unreadable = unreadable | table.is_percentage[found]
        if whole:
            unreadable = unreadable | table.is_fraction[found]
        return (
            np.where(unreadable, np.nan, value),
            table.explanation[found],
            unreadable,
        )


class _Seen(dict[object, int]):
    """Distinct cells by their number; a new one is read when it is first met."""

    def __init__(self) -> None:
        super().__init__()
        self.value: list[float] = []
        self.explanation: list[int] = []
        self.is_percentage: list[bool] = []
        self.is_unreadable: list[bool] = []

    def __missing__(self, cell: object) -> int:
        text = cell.strip() if isinstance(cell, str) else ""
        reason = BLANK if text == "" else REASONS.get(text.upper())
        number = None if reason is not None else _number(text)
        self.value.append(float("nan") if number is None else number)
        self.explanation.append(-1 if reason is None else EXPLANATIONS.index(reason))
        self.is_percentage.append(number is not None and text.endswith("%"))
        self.is_unreadable.append(number is None and reason is None)
        self[cell] = len(self)
        return len(self) - 1


class _Table(NamedTuple):
    """The distinct cells side by side."""

    value: NDArray[np.float64]
    explanation: NDArray[np.int8]
    is_percentage: NDArray[np.bool_]
    is_unreadable: NDArray[np.bool_]
    is_fraction: NDArray[np.bool_]

    @classmethod
    def of(cls, seen: "_Seen") -> "_Table":
        value = np.array(seen.value, dtype=np.float64)
        return cls(
            value=value,
            explanation=np.array(seen.explanation, dtype=np.int8),
            is_percentage=np.array(seen.is_percentage, dtype=np.bool_),
            is_unreadable=np.array(seen.is_unreadable, dtype=np.bool_),
            is_fraction=~np.isnan(value) & (value != np.round(value)),
        )


def _number(text: str) -> float | None:
    # Python reads more as a number than a table may hold: 'nan', 'inf', '1_000'.
    digits = text.removesuffix("%").strip()
    if not digits or set(digits) - set("+-.0123456789"):
        return None
    try:
        return float(digits)
    except ValueError:
        return None
