"""The cells of one item of context: numbers, reasons, and whether they fit each other."""

from typing import Any, NoReturn

import pandas as pd

from pipeline.measures.context import Item, ItemColumns
from pipeline.run.faults import InputFault
from pipeline.sources import suppression
from pipeline.sources.table_file import TableFile

NO_PUPILS = "no pupils to take a share of"
ABOVE_ALL = "published above 100%: more pupils counted than there are"
NO_PERCENTAGE = "no percentage published of this total"
MOST_PUPILS = 100_000_000


class Cells:
    """The cells of one item of one group of pupils, and what was found in them."""

    def __init__(
        self, file: TableFile, item: Item, columns: ItemColumns, *, is_school: pd.Series
    ) -> None:
        """Find the item's columns in a file; `is_school` tells schools from totals."""
        self.file = file
        self.item = item
        self.is_school = is_school
        self.were_fractions = False
        self.counts = {"disagreeing": 0, "above_all": 0}
        self.value = _first(columns.value, file)
        self.counted = _first(columns.counted, file)
        self.pupils = _first(columns.pupils, file)

    @property
    def has_both(self) -> bool:
        """Whether a percentage can be worked out, or checked."""
        return self.counted is not None and self.pupils is not None

    def tidy(self) -> pd.DataFrame:
        """Give value, pupils and reason of every row of the file.

        A zero beside a number that is a code, or beside no pupils at all, is no zero; a
        share above 100% of fewer pupils than it counts is none either. Each has its
        reason instead.
        """
        pupils = self._number(self.pupils, (0, MOST_PUPILS), whole=True)
        counted = self._number(self.counted, (0, MOST_PUPILS), whole=True)
        share = 100 * counted.value / pupils.value.where(pupils.value > 0)
        if self.value is None:
            # SOURCE: the row of special schools in england_census.csv of 2018/19 counts
            # pupils on roll in fewer schools than its other numbers.
            value = share.where(self.is_school)
            reason = counted.reason.fillna(pupils.reason)
            reason = reason.where(self.is_school, NO_PERCENTAGE)
        else:
            parsed = self._number(
                self.value,
                (0.0, MOST_PUPILS) if self.has_both else self.item.bounds,
                percent="%" in self.item.unit,
            )
            value, reason = parsed.value, parsed.reason
            if self.item.is_percentage:
                value = self._unfraction(value, share)
                # SOURCE: england_census.csv of 2024/25 gives '0.00%' where the number
                # itself is NA (schools that report none), and for schools without pupils.
                false_zero = (value == 0) & counted.reason.notna()
                if self.counted is not None:
                    reason = reason.where(~false_zero, counted.reason)
                    value = value.where(~false_zero)
        if self.item.is_percentage and self.pupils is not None:
            nobody = pupils.value == 0
            value, reason = value.where(~nobody), reason.where(~nobody, NO_PUPILS)
        if self.has_both and self.item.is_percentage:
            value, reason = self._within_all(value, reason, counted.value, pupils.value)
            if self.value is not None:
                self._compare(value, share)
        return pd.DataFrame(
            {"value": value, "pupils": pupils.value.astype("Int64"), "reason": reason}
        )

    def _number(
        self,
        column: str | None,
        bounds: tuple[float, float],
        *,
        whole: bool = False,
        percent: bool = False,
    ) -> suppression.Parsed:
        index = self.file.cells.index
        if column is None:
            blank = pd.Series("", index=index, dtype=object)
            return suppression.parse(blank)
        cells = self.file.cells[column]
        parsed = suppression.parse(cells, percent=percent, whole=whole)
        kind = "whole number" if whole else "number"
        # A total is of all schools: no number of pupils is too large for it.
        most = pd.Series(bounds[1], index=index).where(
            self.is_school | ("%" in self.item.unit), MOST_PUPILS
        )
        outside = (parsed.value < bounds[0]) | (parsed.value > most)
        expected = f"a {kind} from {bounds[0]:g} to {bounds[1]:g}, or a code such as SUPP"
        for row in index[parsed.unreadable | outside][:1]:
            refuse(self.file, row, column, cells[row], expected)
        return parsed

    def _unfraction(self, value: pd.Series, share: pd.Series) -> pd.Series:
        """Turn fractions of one into percentages, where the numbers show that they are.

        Only cells without a percent sign can be fractions; the numbers of schools decide
        for the whole column, since zero is zero in either.
        """
        if self.value is None:
            return value
        unsigned = ~self.file.cells[self.value].str.contains("%", regex=False)
        compared = self.is_school & unsigned
        as_percent = compared & ((value - share).abs() <= self._rounding)
        as_fraction = compared & ((100 * value - share).abs() <= 0.06)
        only_fraction = int((as_fraction & ~as_percent).sum())
        if only_fraction <= int((as_percent & ~as_fraction).sum()):
            return value
        self.were_fractions = True
        return value.where(~unsigned, 100 * value)

    def _within_all(
        self, value: pd.Series, reason: pd.Series, counted: pd.Series, pupils: pd.Series
    ) -> tuple[pd.Series, pd.Series]:
        high = self.item.bounds[1]
        above = value > high
        explained = above & (counted > pupils)
        column = self.value or self.counted
        for row in value.index[above & ~explained][:1]:
            found = self.file.cells[column].loc[row]
            refuse(self.file, row, str(column), found, f"a percentage up to {high:g}")
        self.counts["above_all"] = int((explained & self.is_school).sum())
        return value.where(~explained), reason.where(~explained, ABOVE_ALL)

    def _compare(self, value: pd.Series, share: pd.Series) -> None:
        """Count percentages that do not follow from their numbers; refuse if most do not.

        A column whose unit or place had changed would otherwise pass.
        """
        compared = self.is_school & value.notna() & share.notna()
        off = compared & ((value - share).abs() > self._rounding)
        self.counts["disagreeing"] = int(off.sum())
        if 2 * off.sum() > compared.sum():
            row = int(value.index[off][0])
            column = str(self.value)
            refuse(
                self.file,
                row,
                column,
                self.file.cells[column].loc[row],
                f"what follows from {self.counted} and {self.pupils}: {share[row]:.1f}%",
            )

    @property
    def _rounding(self) -> float:
        """Half a step of the last published place, and a little for binary fractions."""
        rounding: float = 0.5 * 10.0**-self.item.decimals + 1e-6
        return rounding


def _first(names: tuple[str, ...], file: TableFile) -> str | None:
    return next((name for name in names if name in file.cells.columns), None)


def refuse(file: TableFile, row: int, column: str, found: Any, expected: str) -> NoReturn:
    """Stop at one cell, with what was found in it and what was expected."""
    text = str(found)
    raise InputFault(
        file.shown,
        f"found {text[:40]!r}{'...' if len(text) > 40 else ''}",
        expected=expected,
        mend="download the file again; if it says the same, tell its publisher",
        row=int(row),
        column=column,
    )
