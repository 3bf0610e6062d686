"""Reading one of the organisation's own tables: every cell is checked, every fault told."""

from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from pipeline.records.bounds import (
    MEND_LATER,
    MEND_PROGRAMME,
    UNBOUNDED,
    Bounds,
    no_later_than,
)
from pipeline.records.cell_text import (
    DAY_EXPECTED,
    MEND,
    TRUST_EXPECTED,
    URN_EXPECTED,
    days_of,
    found_words,
    is_https_link,
    names_a_person,
    one_spelling,
    tidy,
)
from pipeline.records.record_files import RecordFile, find, refuse_without_rows
from pipeline.run.faults import InputFault
from pipeline.sources import table_file

_URN = r"[0-9]{6}"
_TRUST = r"[0-9]{1,5}"
_LOOK_UP = "look it up at get-information-schools.service.gov.uk"
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_POUNDS = r"£? ?(?:[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.[0-9]{1,2})?"
_MOST_ROWS = 10


class CheckedTable:
    """The cells of one file; each question gives a checked column or raises InputFault.

    The fault tells the first row that is wrong and counts the others of its kind.
    """

    def __init__(self, file: RecordFile, cells: pd.DataFrame, bounds: Bounds) -> None:
        """Take cells under lower-case names, indexed by their row in the file."""
        self.file, self.cells, self._bounds = file, cells, bounds

    @property
    def row(self) -> pd.Series:
        """The row of each record, as a spreadsheet counts it."""
        return self.cells.index.to_series()

    def text(self, column: str, *, may_be_blank: bool = False) -> pd.Series:
        """Texts as written, without padding and line breaks; None where blank."""
        cells = self.cells[column]
        if not may_be_blank:
            self.refuse(cells == "", column, expected=f"a text: {column}", mend=MEND)
        return cells.where(cells != "", None)

    def name(self, column: str, *, may_be_blank: bool = False) -> pd.Series:
        """Texts by which rows belong together: those alike but for capitals are one.

        'Cohort 1' and 'cohort 1' would be two cohorts, each with half of its schools.
        """
        return one_spelling(self.text(column, may_be_blank=may_be_blank))

    def pseudonym(self, column: str) -> pd.Series:
        """Names that stand for persons and do not say who they are.

        What looks like a person's own name or address is refused, and is not repeated
        in the fault: a screen or a log would keep it.
        """
        found = self.name(column)
        self.refuse(
            found.map(names_a_person),
            column,
            problem="found what looks like a person's own name or address",
            expected="a pseudonym, such as P001, the same in every row of that person",
            mend="replace it here, and keep the key to the pseudonyms elsewhere",
        )
        return found

    def choice(
        self, column: str, known: Collection[str], *, may_be_blank: bool = False
    ) -> pd.Series:
        """One of several words, in any case."""
        cells = self._typed(column).str.casefold()
        right = cells.isin(list(known)) | (may_be_blank & (cells == ""))
        words = ", ".join(known) + (", or nothing" if may_be_blank else "")
        self.refuse(~right, column, expected=f"one of {words}", mend=MEND)
        return cells.where(cells != "", None)

    def programme(self, *, may_be_blank: bool = False) -> pd.Series:
        """Ids of programmes, in small letters."""
        found = self.text("programme", may_be_blank=may_be_blank).str.casefold()
        self.refuse(
            ~self._bounds.is_known(found),
            "programme",
            expected=self._bounds.expected_programme,
            mend=MEND_PROGRAMME,
        )
        return found

    def urn(self, column: str, *, may_be_blank: bool = False) -> pd.Series:
        """Numbers of schools."""
        return self._matching(
            column, _URN, may_be_blank, expected=URN_EXPECTED, mend=_LOOK_UP
        )

    def trust(self, column: str) -> pd.Series:
        """Numbers of groups of schools."""
        return self._matching(column, _TRUST, False, expected=TRUST_EXPECTED, mend=_LOOK_UP)

    def unit(self, *, may_be_blank: bool = False) -> pd.Series:
        """Numbers of schools or of trusts, which their lengths tell apart."""
        return self._matching(
            "unit",
            f"{_URN}|{_TRUST}",
            may_be_blank,
            expected=f"{URN_EXPECTED}, or {TRUST_EXPECTED}",
            mend=_LOOK_UP,
        )

    def day(
        self, column: str, *, may_be_blank: bool = False, may_lie_ahead: bool = False
    ) -> pd.Series:
        """Dates, none before 1900 and none after the last day that is asked of."""
        cells = self._typed(column)
        days = days_of(cells)
        wrong = days.isna() & ~(may_be_blank & (cells == ""))
        self.refuse(wrong, column, expected=DAY_EXPECTED, mend=MEND)
        last = self._bounds.last_day
        if last is not None and not may_lie_ahead:
            self.refuse(
                days > last,
                column,
                expected=no_later_than(last),
                mend=MEND_LATER,
            )
        return days

    def hours(self, column: str, most: int) -> pd.Series:
        """Hours above 0, of one day at most."""
        cells = self._typed(column)
        found = pd.to_numeric(cells.where(cells.str.fullmatch(_NUMBER), None))
        self.refuse(
            ~((found > 0) & (found <= most)),
            column,
            expected=f"hours above 0 and up to {most}, such as 6 or 1.5",
            mend="one row is one day: give each day its row",
        )
        return found.astype(float)

    def pounds(self, column: str) -> pd.Series:
        """Amounts of money, none below nothing, with or without the sign and commas."""
        cells = self._typed(column)
        self.refuse(
            ~cells.str.fullmatch(_POUNDS),
            column,
            expected="pounds, 0 or more, such as 1500 or 1500.00",
            mend="give the number alone; what costs nothing is 0",
        )
        return pd.to_numeric(cells.str.replace(r"[£, ]", "", regex=True)).astype(float)

    def link(self, column: str) -> pd.Series:
        """Addresses that begin with https://; None where blank."""
        found = self.text(column, may_be_blank=True)
        wrong = found.notna() & ~found.map(is_https_link, na_action="ignore").eq(True)
        self.refuse(
            wrong,
            column,
            expected="one link that begins with https://, or nothing",
            mend="give the address of a page or file that anybody can open; leave the "
            "cell blank where there is none: the entry is then shown as unevidenced",
        )
        return found

    def refuse_repeated(self, table: pd.DataFrame, columns: list[str], what: str) -> None:
        """Refuse rows that say the same in these columns as a row before them."""
        alike = table.groupby(columns, dropna=False, sort=False).ngroup()
        first = self.row.groupby(alike.to_numpy()).transform("first")
        self.refuse(
            alike.duplicated(),
            columns[-1],
            problem=lambda row: f"{what} stands there twice, first in row {first[row]}",
            expected="each once",
            mend="drop the one that is not meant",
        )

    def refuse(
        self,
        wrong: pd.Series,
        column: str,
        *,
        expected: str,
        mend: str,
        problem: str | Callable[[int], str] | None = None,
    ) -> None:
        """Raise InputFault where any row is wrong: the first is told, all are counted.

        `problem` says what is wrong, in the same words for all or given the row; the
        cell as found where it is not given.
        """
        if not wrong.any():
            return
        rows = [int(row) for row in self.cells.index[wrong.to_numpy(dtype=bool)]]
        first = rows[0]
        if problem is None:
            problem = found_words(self.cells.loc[first, column])
        told = problem if isinstance(problem, str) else problem(first)
        raise InputFault(
            self.file.shown,
            told + _and_more(rows[1:]),
            expected=expected,
            mend=mend,
            row=first,
            column=column,
        )

    def _typed(self, column: str) -> pd.Series:
        """Cells that are numbers, dates or known words, without a spreadsheet's sign.

        An apostrophe before such a cell tells a spreadsheet to keep it as text.
        """
        return self.cells[column].str.removeprefix("'")

    def _matching(
        self, column: str, pattern: str, may_be_blank: bool, *, expected: str, mend: str
    ) -> pd.Series:
        cells = self._typed(column)
        right = cells.str.fullmatch(pattern) | (may_be_blank & (cells == ""))
        self.refuse(~right, column, expected=expected, mend=mend)
        return cells.where(cells != "", None)


def read_table(
    folder: Path,
    shown_folder: str,
    name: str,
    columns: tuple[str, ...],
    bounds: Bounds = UNBOUNDED,
) -> CheckedTable | None:
    """Read the named columns of a file, all of which it has to have; None without a file.

    Columns that are not asked for are not read: a list may hold persons' names beside.
    """
    path = find(folder, shown_folder, name)
    if path is None:
        return None
    shown = f"{shown_folder}/{name}"
    wanted = {column.upper() for column in columns}
    refuse_without_rows(path, shown, columns)
    file = table_file.read(path, shown, lambda header: wanted & set(header))
    lacking = [column for column in columns if column.upper() not in file.header]
    if lacking:
        raise InputFault(
            shown,
            f"the columns {', '.join(lacking)} are missing"
            if len(lacking) > 1
            else f"the column {lacking[0]} is missing",
            expected=f"the columns {', '.join(columns)}, with commas between them",
            mend="add what is missing to the header; cells may be blank where the data "
            "dictionary says so",
            row=1,
        )
    cells = file.cells.apply(tidy).rename(columns=str.lower)[list(columns)]
    cells = cells.rename_axis(index=None)
    return CheckedTable(RecordFile(shown, name, file.sha256), cells, bounds)


def _and_more(rows: list[int]) -> str:
    """Count the further rows with the same fault, and name the first of them."""
    if not rows:
        return ""
    named = ", ".join(map(str, rows[:_MOST_ROWS]))
    more = ", ..." if len(rows) > _MOST_ROWS else ""
    count = "1 further row has" if len(rows) == 1 else f"{len(rows):,} further rows have"
    return f" ({count} such a fault: {named}{more})"
