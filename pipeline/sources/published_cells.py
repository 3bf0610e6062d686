"""Published cells as tidy rows: one for each school, year, measure and group."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import GROUPS, Group, Measure
from pipeline.run.faults import InputFault
from pipeline.sources.corrections import Applied
from pipeline.sources.downloads import RELEASES, Download
from pipeline.sources.suppression import EXPLANATIONS, Meanings
from pipeline.sources.table_file import TableFile

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
_URN = re.compile(r"[0-9]{6}")
_MOST_PUPILS = 10_000_000


@dataclass(frozen=True)
class Table:
    """One table of one year as tidy rows, nothing left out."""

    download: Download
    sha256: str
    rows: dict[str, int]
    """Number of rows by kind of record; together they are all rows of the file, or of
    the year and release in a file of several."""
    absent: tuple[str, ...]
    """Columns that the catalogue knows for this year and the file lacks."""
    schools: pd.DataFrame
    results: pd.DataFrame
    aggregates: pd.DataFrame
    corrected: tuple[Applied, ...] = ()
    """What declared corrections did to the file."""


@dataclass(frozen=True)
class Numbers:
    """One column of published cells, read."""

    value: Floats
    explanation: NDArray[np.int8]
    """Place in `EXPLANATIONS`, -1 where there is a number."""


@dataclass(frozen=True)
class Block:
    """One measure of one group of pupils, for some rows of a file."""

    measure: str
    group: Group
    place: Places
    """Which rows, by their place among the file's cells."""
    value: Floats
    explanation: NDArray[np.int8]
    pupils: Floats
    pupils_column: NDArray[np.int16]
    """Place in the cells' `pupils_columns`, -1 where there is no number."""
    low: Floats
    high: Floats


class Cells:
    """The cells of one file, each distinct one read once, each fault told in its place."""

    def __init__(self, file: TableFile) -> None:
        """Take a file; no cell of it is read yet."""
        self.file = file
        self._meanings = Meanings()
        self._found: dict[str, NDArray[np.int32]] = {}
        self._pupils: dict[tuple[str, ...], tuple[Floats, NDArray[np.int16]]] = {}
        self.pupils_columns: list[str] = []
        """Columns with numbers of pupils that were asked for so far."""

    def __contains__(self, column: str) -> bool:
        """Say whether the file has a column, whatever its case."""
        return column.upper() in self.file.cells.columns

    def texts(self, *columns: str) -> pd.Series:
        """Give the first of these columns that the file has, without padding."""
        cells = self.file.cells
        for column in columns:
            if column in cells.columns:
                stripped = [cell.strip() for cell in cells[column].tolist()]
                return pd.Series(stripped, index=cells.index, dtype=object)
        return pd.Series("", index=cells.index, dtype=object)

    def measured(self, column: str, measure: Measure) -> Numbers:
        """Read the figures of a measure, none outside its bounds."""
        is_percentage = measure.unit == "percentage points"
        return self._numbers(column, measure.bounds, percent=is_percentage)

    def bounds(self, column: str | None) -> Floats:
        """Read published confidence bounds; none where the file has no such column."""
        if column is None or column not in self:
            return np.full(len(self.file.cells), np.nan)
        return self._numbers(column, (-200.0, 200.0)).value

    def pupils(self, columns: tuple[str, ...]) -> tuple[Floats, NDArray[np.int16]]:
        """Read numbers of pupils: of the first of these columns that has one.

        Beside each number stands the place of its column in `pupils_columns`, or -1.
        """
        if columns in self._pupils:
            return self._pupils[columns]
        pupils = np.full(len(self.file.cells), np.nan)
        source = np.full(len(pupils), -1, dtype=np.int16)
        for column in columns:
            if column not in self.pupils_columns:
                self.pupils_columns.append(column)
            if column in self:
                counted = self._numbers(column, (0, _MOST_PUPILS), whole=True).value
                fills = np.isnan(pupils) & ~np.isnan(counted)
                pupils[fills] = counted[fills]
                source[fills] = self.pupils_columns.index(column)
        self._pupils[columns] = pupils, source
        return pupils, source

    def _numbers(
        self,
        column: str,
        bounds: tuple[float, float],
        *,
        percent: bool = False,
        whole: bool = False,
    ) -> Numbers:
        name = column.upper()
        if name not in self._found:
            cells = self.file.cells[name].tolist()
            self._found[name] = self._meanings.look_up(cells)
        value, explanation, unreadable = self._meanings.of(
            self._found[name], percent=percent, whole=whole
        )
        wrong = unreadable | (value < bounds[0]) | (value > bounds[1])
        if wrong.any():
            kind = "whole number" if whole else "percentage" if percent else "number"
            self.refuse(
                int(wrong.argmax()),
                column,
                f"a {kind} from {bounds[0]:,.10g} to {bounds[1]:,.10g}, or a code such as "
                "SUPP or NE",
            )
        return Numbers(value, explanation)

    def refuse(self, place: int, column: str, expected: str) -> NoReturn:
        """Stop at one cell, telling its row, its column and what was expected there."""
        text = str(self.file.cells[column.upper()].iloc[place])
        raise InputFault(
            self.file.shown,
            f"found {text[:40]!r}{'...' if len(text) > 40 else ''}",
            expected=expected,
            mend="download the file again; if it says the same, tell its publisher",
            row=int(self.file.cells.index[place]),
            column=column,
        )


def stack(
    blocks: list[Block], cells: Cells, keep: NDArray[np.bool_], download: Download
) -> tuple[pd.DataFrame, Places]:
    """Put blocks under each other, for the rows of the file to keep.

    Beside the table comes the place of each of its rows among the file's cells, for
    whatever else is known of a row. Texts that repeat are categories: a table of England
    has hundreds of thousands of rows.
    """
    codes = [measure.code for measure in MEASURES[download.key_stage]]
    chosen = [keep[block.place] for block in blocks]
    lengths = [int(mask.sum()) for mask in chosen]
    place = _joined([b.place for b in blocks], chosen, np.int64)
    pupils = _joined([b.pupils for b in blocks], chosen, np.float64)
    unknown = np.isnan(pupils)
    release = np.full(len(place), RELEASES.index(download.release), dtype=np.int8)
    table = pd.DataFrame(
        {
            "year": np.full(len(place), download.year, dtype=np.int64),
            "measure": _words(
                _repeated([codes.index(b.measure) for b in blocks], lengths), codes
            ),
            "group": _words(
                _repeated([GROUPS.index(b.group) for b in blocks], lengths), GROUPS
            ),
            "value": _joined([b.value for b in blocks], chosen, np.float64),
            "pupils": pd.arrays.IntegerArray(
                np.where(unknown, 0, pupils).astype(np.int64), unknown
            ),
            "low": _joined([b.low for b in blocks], chosen, np.float64),
            "high": _joined([b.high for b in blocks], chosen, np.float64),
            "reason": _words(
                _joined([b.explanation for b in blocks], chosen, np.int8), EXPLANATIONS
            ),
            "release": _words(release, RELEASES),
            "source": _words(np.zeros(len(place), dtype=np.int8), [download.shown]),
            "row": cells.file.cells.index.to_numpy()[place],
            "pupils_column": _words(
                _joined([b.pupils_column for b in blocks], chosen, np.int16),
                cells.pupils_columns,
            ),
        }
    )
    return table, place


def is_urn(urns: pd.Series) -> NDArray[np.bool_]:
    """Say of each cell whether it is the number of a school: six digits."""
    return np.array([_URN.fullmatch(urn) is not None for urn in urns.tolist()])


def spread(words: pd.Series, place: Places) -> pd.api.extensions.ExtensionArray:
    """Give the text of each place: a few texts, in many rows."""
    return pd.array(words.to_numpy(), dtype="str").take(place)


def _joined(arrays: list[Any], chosen: list[NDArray[np.bool_]], kind: Any) -> NDArray[Any]:
    parts = [array[mask] for array, mask in zip(arrays, chosen, strict=True)]
    return np.concatenate([*parts, np.empty(0, dtype=kind)], dtype=kind)


def _repeated(each: list[int], lengths: list[int]) -> NDArray[np.int16]:
    return np.repeat(np.array(each, dtype=np.int16), lengths)


def _words(codes: NDArray[Any], words: Sequence[str]) -> pd.Categorical:
    """Make a column of texts from their places in a list; -1 is no text."""
    categories = pd.CategoricalDtype(list(words))
    return pd.Categorical.from_codes(codes, dtype=categories)
