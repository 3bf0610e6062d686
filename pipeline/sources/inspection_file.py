"""One of Ofsted's files of outcomes, of whatever form, as the inspections it tells of."""

import hashlib
import io
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from pipeline.run.faults import InputFault
from pipeline.sources import table_file, workbook

# SOURCE: state-funded schools inspected from September 2024 on get no overall grade
# (announced by the government on 2 September 2024).
END_OF_OVERALL_GRADES = pd.Timestamp(2024, 9, 1)
EARLIEST = pd.Timestamp(1992, 9, 1)
"""Ofsted began in this month."""

NOT_INSPECTED = "not inspected yet"
NO_OVERALL_GRADE = "not judged: overall grades ended in September 2024"
NOT_JUDGED = "inspected and not judged overall"
NOT_IN_THIS_FILE = "last graded before 2019, and the file holds later grades only"
_NULL = ("", "NULL", "NA", "N/A")
_GRADES = ("1", "2", "3", "4")
_NOT_JUDGED = ("NOT JUDGED", "9", "0")

URN = re.compile(r"[0-9]{6}")
_MONTHS = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_DAY_IN_NAME = re.compile(
    rf"(?<![0-9])([0-9]{{1,2}})[ _-]+({'|'.join(_MONTHS)})[a-z]*[ _-]+(20[0-9]{{2}})",
    re.IGNORECASE,
)
_BRITISH_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: 0?0:00(?::00)?)?")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]00:00:00)?")


@dataclass(frozen=True)
class InspectionColumns:
    """Where one inspection of a row stands; each entry lists the names it has had."""

    urn: tuple[str, ...]
    inspected: tuple[str, ...]
    published: tuple[str, ...]
    grade: tuple[str, ...]


# SOURCE: england_ofsted-schools.xlsx (31 July 2018) has 'Inspection date'. All other
# names are those of Ofsted's management information, learnt from open programs that read
# it; no such file could be had (data/cards/inspections.md).
LATEST = InspectionColumns(
    urn=(
        "URN AT TIME OF LATEST FULL INSPECTION",
        "URN AT TIME OF LATEST GRADED INSPECTION",
    ),
    inspected=("INSPECTION START DATE", "INSPECTION DATE", "INSPECTION END DATE"),
    published=("PUBLICATION DATE",),
    grade=("OVERALL EFFECTIVENESS",),
)
PREVIOUS = InspectionColumns(
    urn=(
        "URN AT TIME OF PREVIOUS FULL INSPECTION",
        "URN AT TIME OF PREVIOUS GRADED INSPECTION",
    ),
    inspected=(
        "PREVIOUS INSPECTION START DATE",
        "PREVIOUS FULL INSPECTION DATE",
        "PREVIOUS INSPECTION END DATE",
    ),
    published=("PREVIOUS PUBLICATION DATE",),
    grade=(
        "PREVIOUS FULL INSPECTION OVERALL EFFECTIVENESS",
        "PREVIOUS GRADED INSPECTION OVERALL EFFECTIVENESS",
    ),
)
LATEST_GRADED = InspectionColumns(
    urn=("URN AT TIME OF LATEST OEIF GRADED INSPECTION",),
    inspected=("INSPECTION START DATE OF LATEST OEIF GRADED INSPECTION",),
    published=("PUBLICATION DATE OF LATEST OEIF GRADED INSPECTION",),
    grade=("LATEST OEIF OVERALL EFFECTIVENESS",),
)
_UNGRADED_DAY = "DATE OF LATEST UNGRADED INSPECTION"
# In a list of all inspections this tells one graded in parts from an ungraded one.
_PART_GRADE = "QUALITY OF EDUCATION"
_OF_A_LIST = "INSPECTION NUMBER"


@dataclass(frozen=True)
class OutcomesFile:
    """A file of outcomes, and the date whose knowledge it holds."""

    shown: str
    sha256: str
    cells: pd.DataFrame
    """Text cells; columns in capitals, the index is the row as a spreadsheet counts it."""
    known_at: date

    @property
    def is_list(self) -> bool:
        """Whether one row is one inspection, and not one school."""
        return _OF_A_LIST in self.cells.columns


def open_file(path: Path, shown: str) -> OutcomesFile | str:
    """Open a file of outcomes, or say in words why it is none.

    The header may stand below titles. The date comes from the name of the sheet or of
    the file; of two ('1 September 2015 to 31 August 2019') it is the later. Raises
    InputFault for a file of outcomes whose name holds no date, or one that there is not.
    """
    named = path.stem
    if path.suffix.lower() == ".csv":
        cells, sha256 = _read_below_titles(path, shown)
    elif path.suffix.lower() == ".xlsx":
        sheets = workbook.sheets(path, shown)
        if len(sheets) > 1:
            sheets = [s for s in sheets if "most recent" in s.lower().replace("_", " ")]
        if len(sheets) != 1:
            return "a workbook of several sheets, and not one of most recent inspections"
        sheet = workbook.read(path, shown, sheet=sheets[0], header="URN")
        cells, sha256 = sheet.cells, sheet.sha256
        named = f"{named} {sheets[0]}"
    else:
        return "neither .csv nor .xlsx"
    tidy_names = [" ".join(str(name).split()) for name in cells.columns]
    cells = cells.set_axis(tidy_names, axis="columns")
    grades = {*LATEST.grade, *PREVIOUS.grade, *LATEST_GRADED.grade}
    if "URN" not in tidy_names or not grades & set(tidy_names):
        return "it holds no overall effectiveness of schools"
    days = [_day_of_name(*parts) for parts in _DAY_IN_NAME.findall(named)]
    known = [day for day in days if day]
    if not known:
        raise InputFault(
            shown,
            "its name does not say of which date it is",
            expected="a name such as 'latest inspections as at 31 Aug 2024.csv'",
            mend="keep the name that it was published under",
        )
    return OutcomesFile(shown, sha256, cells, max(known))


def told_in(file: OutcomesFile) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Give every inspection that a file tells of, and what was found in the file.

    Rows may repeat each other; `own` is true for what the file gives as the latest, and
    false for what it repeats as the one before. Schools not inspected yet have one row
    without dates. Raises InputFault for a school without a six-digit number, twice where
    a row is a school, a date that is none or cannot be, a grade that is none or has no
    date, and an overall grade of an inspection after they ended.
    """
    file, notes = _without_notes(file)
    urns = _urns(file)
    latest = _inspections(file, LATEST, urns)
    ungraded = pd.Series(False, index=urns.index)
    if file.is_list:
        ungraded = _leaves_the_grade(file, latest)
        latest = latest[~ungraded.reindex(latest.index)]
    own = pd.concat([latest, _inspections(file, LATEST_GRADED, urns)])
    previous = _inspections(file, PREVIOUS, urns)
    parts = [own.assign(own=True), previous.assign(own=False)]
    if not file.is_list:
        parts.append(_not_inspected(file, urns[~urns.index.isin(own.index)]))
    rows = pd.concat(parts)
    early = (rows["published"] < rows["inspected"]).fillna(False)
    rows["published"] = rows["published"].where(~early)
    rows["known_at"] = pd.Series(
        pd.Timestamp(file.known_at), index=rows.index, dtype="datetime64[ms]"
    )
    rows = rows.assign(source=file.shown, row=rows.index).reset_index(drop=True)
    dated = rows[rows["inspected"].notna() | rows["published"].notna()]
    return rows, {
        "file": file.shown,
        "sha256": file.sha256,
        "known_at": file.known_at.isoformat(),
        "one_row_is": "an inspection" if file.is_list else "a school",
        "rows": len(urns),
        "notes": notes,
        "inspections": len(dated),
        "without_dates": len(rows) - len(dated),
        "ungraded": int(ungraded.sum()),
        "earlier_grades_without_a_date": _graded(file, PREVIOUS)
        - int(previous["overall_effectiveness"].notna().sum()),
        "under_another_number": int(
            (dated["urn"] != dated["row"].map(urns)).sum(),
        ),
        "published_before_inspected": int(early.sum()),
    }


def _read_below_titles(path: Path, shown: str) -> tuple[pd.DataFrame, str]:
    """Read a CSV file whose header may stand below titles.

    The header is put first and the lines of the titles are left empty, so that every row
    keeps the number that a person sees.
    """
    try:
        with table_file.open_file(path) as opened:
            content = opened.read()
    except OSError:
        return _plainly(path, shown)
    lines = content.split(b"\n")
    place = next(
        (
            number
            for number, line in enumerate(lines[:20])
            if b"URN"
            in (name.strip(b' "\r\xef\xbb\xbf').upper() for name in line.split(b","))
        ),
        0,
    )
    if place == 0:
        return _plainly(path, shown)
    below = b"\n".join([lines[place], *[b""] * place, *lines[place + 1 :]])
    file = table_file.read_part(lambda: io.BytesIO(below), shown)
    return file.cells, hashlib.sha256(content).hexdigest()


def _plainly(path: Path, shown: str) -> tuple[pd.DataFrame, str]:
    file = table_file.read(path, shown)
    return file.cells, file.sha256


def _day_of_name(day: str, month: str, year: str) -> date | None:
    try:
        return date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
    except ValueError:
        return None


def _without_notes(file: OutcomesFile) -> tuple[OutcomesFile, int]:
    """Leave out lines of text below the table: one cell, and no school's number."""
    numbers = file.cells["URN"].str.strip()
    doubtful = file.cells[~numbers.str.fullmatch(URN)]
    alone = doubtful.apply(lambda row: sum(bool(cell.strip()) for cell in row), axis=1) <= 1
    notes = doubtful.index[alone.astype(bool)] if len(doubtful) else doubtful.index
    return replace(file, cells=file.cells.drop(index=notes)), len(notes)


def _urns(file: OutcomesFile) -> pd.Series:
    urns = file.cells["URN"].str.strip()
    for row in urns.index[~urns.str.fullmatch(URN)][:1]:
        _refuse(file, row, "URN", "six digits")
    if not file.is_list:
        for row in urns.index[urns.duplicated()][:1]:
            _refuse(file, row, "URN", "every school once, where a row is a school")
    return urns


def _inspections(
    file: OutcomesFile, columns: InspectionColumns, urns: pd.Series
) -> pd.DataFrame:
    """Give one inspection of each row that tells of one with a date."""
    known_at = pd.Timestamp(file.known_at)
    inspected = _days(file, _first(columns.inspected, file), known_at)
    # A file 'as at' a date also holds reports published in the months after.
    published = _days(
        file, _first(columns.published, file), known_at + pd.DateOffset(years=1)
    )
    grades = _grades(file, _first(columns.grade, file))
    column = _first(columns.grade, file) or "URN"
    dated = inspected.notna() | published.notna()
    ended = inspected >= END_OF_OVERALL_GRADES
    for row in grades.index[grades.notna() & ended][:1]:
        when = inspected[row].date()
        _refuse(
            file,
            row,
            column,
            f"none for an inspection of {when}: overall grades of state schools ended in "
            "September 2024",
            mend="look whether the file is of state-funded schools",
        )
    # Only of an earlier inspection may the date be missing: it is counted, and of no use.
    if columns is not PREVIOUS:
        for row in grades.index[grades.notna() & ~dated][:1]:
            _refuse(file, row, column, "a date of inspection beside a grade")
    reason = pd.Series(NOT_JUDGED, index=urns.index).where(~ended, NO_OVERALL_GRADE)
    rows = pd.DataFrame(
        {
            "urn": _numbers_at_the_time(file, _first(columns.urn, file), urns),
            "inspected": inspected,
            "published": published,
            "overall_effectiveness": grades,
            "reason": reason.where(grades.isna()),
        }
    )
    return rows[dated]


def _numbers_at_the_time(
    file: OutcomesFile, column: str | None, urns: pd.Series
) -> pd.Series:
    if column is None:
        return urns
    numbers = file.cells[column].str.strip()
    numbers = numbers.where(~numbers.str.upper().isin(_NULL), urns)
    for row in numbers.index[~numbers.str.fullmatch(URN)][:1]:
        _refuse(file, row, column, "six digits, or NULL")
    return numbers


def _graded(file: OutcomesFile, columns: InspectionColumns) -> int:
    return int(_grades(file, _first(columns.grade, file)).notna().sum())


def _grades(file: OutcomesFile, column: str | None) -> pd.Series:
    if column is None:
        return pd.Series(pd.NA, index=file.cells.index, dtype="Int64")
    texts = file.cells[column].str.strip().str.upper().str.removesuffix(".0")
    known = texts.isin([*_GRADES, *_NOT_JUDGED, *_NULL])
    for row in texts.index[~known][:1]:
        _refuse(file, row, column, "1, 2, 3, 4, 'Not judged' or NULL")
    return texts.where(texts.isin(_GRADES)).astype("Int64")


def _days(file: OutcomesFile, column: str | None, latest: pd.Timestamp) -> pd.Series:
    """Read a column of days, each distinct text once."""
    index = file.cells.index
    if column is None:
        return pd.Series(pd.NaT, index=index, dtype="datetime64[ms]")
    texts = file.cells[column].str.strip()
    known = {text: _day(text) for text in texts.unique()}
    days = texts.map(known).astype("datetime64[ms]")
    bad = days.isna() & ~texts.str.upper().isin(_NULL)
    bad |= (days < EARLIEST) | (days > latest)
    for row in index[bad][:1]:
        _refuse(
            file,
            row,
            column,
            f"a day such as 31/08/2018, from {EARLIEST.date()} to {latest.date()}, or NULL",
        )
    return days


def _day(text: str) -> date | None:
    try:
        if found := _BRITISH_DAY.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := _ISO_DAY.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    return None


def _leaves_the_grade(file: OutcomesFile, latest: pd.DataFrame) -> pd.Series:
    """Say which rows of a list of inspections let the grade of before stand."""
    judged = latest["overall_effectiveness"].notna()
    in_parts = pd.Series(True, index=latest.index)
    if _PART_GRADE in file.cells.columns:
        in_parts = file.cells[_PART_GRADE].str.strip().isin(_GRADES).reindex(latest.index)
    return ~(judged | (latest["reason"].eq(NO_OVERALL_GRADE) & in_parts))


def _not_inspected(file: OutcomesFile, urns: pd.Series) -> pd.DataFrame:
    reason = pd.Series(NOT_INSPECTED, index=urns.index)
    if _UNGRADED_DAY in file.cells.columns:
        visited = file.cells[_UNGRADED_DAY].str.strip().str.upper().reindex(urns.index)
        reason = reason.where(visited.isin(_NULL), NOT_IN_THIS_FILE)
    no_day = pd.Series(pd.NaT, index=urns.index, dtype="datetime64[ms]")
    return pd.DataFrame(
        {
            "urn": urns,
            "inspected": no_day,
            "published": no_day,
            "overall_effectiveness": pd.Series(pd.NA, index=urns.index, dtype="Int64"),
            "reason": reason,
            "own": True,
        }
    )


def _first(names: tuple[str, ...], file: OutcomesFile) -> str | None:
    return next((name for name in names if name in file.cells.columns), None)


def _refuse(
    file: OutcomesFile,
    row: int,
    column: str,
    expected: str,
    mend: str = "download the file again; if it says the same, tell its publisher",
) -> NoReturn:
    text = str(file.cells[column].loc[row])
    raise InputFault(
        file.shown,
        f"found {text[:40]!r}{'...' if len(text) > 40 else ''}",
        expected=expected,
        mend=mend,
        row=int(row),
        column=column.capitalize() if column != "URN" else column,
    )
