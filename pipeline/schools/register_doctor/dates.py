"""Dates as people type them: which are certain, which are only likely, which are not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pipeline.sources import workbook

Order = Literal["day-first", "month-first"]
Column = Literal["joined", "left"]

OPEN_ENDED = {
    "present",
    "to present",
    "to date",
    "ongoing",
    "current",
    "currently a member",
    "current member",
    "still a member",
    "still member",
    "member",
    "now",
    "n/a",
    "na",
    "none",
    "not left",
    "-",
    "\u2013",
    "\u2014",
}
"""What is written in place of a date of leaving by those whose school has not left."""

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
# SOURCE: an old workbook of the Mac counts days from 1 January 1904, 1,462 days later
# than others do.
MAC_DAYS = 1462
# ASSUME: a number of five digits in a column of dates counts days, where that makes it a
# day from 1990 to 2049; partnerships of schools are no older.
_SERIALS = range(32874, 54789)
_TIME = re.compile(r"[t ]([0-2]?\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(?:z|[+-]\d\d:?\d\d)?$")
_WEEKDAY = re.compile(r"^(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)? ")
_MIDNIGHT = re.compile(r"0?0:00(?::00(?:\.0+)?)?")


@dataclass(frozen=True)
class Reading:
    """What a cell says: a day, a proposal of one, neither, or that there is none."""

    day: date | None = None
    proposed: date | None = None
    why: str = ""
    """Empty where the cell is the day as a register writes it, or is blank."""
    blank: bool = False
    doubtful: bool = False
    """A day that may be right, and that a person should look at."""


def read(
    text: str,
    column: Column,
    *,
    order: Order | None,
    said: bool,
    from_1904: bool,
    this_year: int,
) -> Reading:
    """Read one cell of a column of dates.

    `order` is what is known of the order of day and month, and `said` whether a person
    said so; where the column's other rows show it, it makes a proposal and no fact.
    """
    plain = text.casefold().strip()
    if not plain:
        return Reading(blank=True)
    if any(sign.isdigit() and not sign.isascii() for sign in plain):
        return _unread("digits of another script")
    if column == "left" and plain in OPEN_ENDED:
        return Reading(blank=True, why="no date of leaving: a member still")
    if re.fullmatch(r"\d{4}-\d\d-\d\d", plain):
        day = _day(int(plain[:4]), int(plain[5:7]), int(plain[8:]))
        return Reading(day=day) if day else _unread()
    timed = _TIME.search(plain)
    if timed:
        read_day = read(
            plain[: timed.start()],
            column,
            order=order,
            said=said,
            from_1904=from_1904,
            this_year=this_year,
        )
        if _MIDNIGHT.fullmatch(timed[1]) or read_day.day is None:
            return Reading(read_day.day, read_day.proposed, read_day.why or "time of day")
        return Reading(
            read_day.day, None, f"the time of day ({timed[1]}) is left out", doubtful=True
        )
    serial = re.fullmatch(r"(\d{5})(?:\.\d+)?", plain)
    if serial:
        return _of_serial(int(serial[1]), from_1904=from_1904)
    plain = _WEEKDAY.sub("", re.sub(r"\s+", " ", plain.replace(",", " ")))
    plain = re.sub(r"(?<=\d)(?:st|[nr]d|th)\b(?: of)?", "", plain).strip()
    numbers = re.fullmatch(r"(\d{1,4})([/. -])(\d{1,2})\2(\d{1,4})", plain)
    if numbers:
        return _of_numbers(numbers, order=order, said=said, this_year=this_year)
    if re.fullmatch(r"\d{8}", plain):
        return _of_eight_digits(plain, order=order, said=said)
    return _of_month_name(plain, this_year) or _of_part(plain, column, this_year)


def orders_shown(texts: Iterable[str]) -> set[Order]:
    """Say which orders of day and month a column shows, by days above 12."""
    shown: set[Order] = set()
    for text in texts:
        found = re.match(r"\s*(\d{1,2})([/. -])(\d{1,2})\2(\d{4}|\d{2})\b", text)
        if found:
            first, second = int(found[1]), int(found[3])
            if first > 12 >= second and first <= 31 and not _year_may_lead(found):
                shown.add("day-first")
            if second > 12 >= first and second <= 31:
                shown.add("month-first")
    return shown


def perhaps_swapped(texts: Iterable[str]) -> int:
    """How many dates a spreadsheet program may have read with day and month swapped.

    Where it expects the month first, it makes 3 April of a typed 04/03/2018 and leaves
    13/04/2018 a text: then no true date of the column has a day above 12, and no text
    has one below. 0 where the column does not look like that.
    """
    days = [text.strip()[:10] for text in texts]
    dated = [day for day in days if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day)]
    typed = [found for day in days if (found := re.match(r"(\d{1,2})/(\d{1,2})/", day))]
    if not typed or any(int(found[1]) <= 12 for found in typed):
        return 0
    if any(int(day[8:]) > 12 for day in dated):
        return 0
    return sum(day[5:7] != day[8:] for day in dated)


def _year_may_lead(found: re.Match[str]) -> bool:
    """'15-09-01' may be 1 September 2015."""
    return found[2] == "-" and len(found[4]) == 2


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year <= 2100 else None
    except ValueError:
        return None


def _unread(why: str = "no date that can be read") -> Reading:
    return Reading(why=f"{why}; expected one such as 2018-09-01")


def _of_serial(number: int, *, from_1904: bool) -> Reading:
    if from_1904:
        number += MAC_DAYS
    day = workbook.date_of_serial(str(number))
    if day is None or number not in _SERIALS:
        return _unread("a number that counts no day from 1990 to 2049")
    epoch = " from 1904, as this workbook does" if from_1904 else ""
    return Reading(day=day, why=f"a spreadsheet's count of days{epoch}")


def _of_numbers(
    found: re.Match[str], *, order: Order | None, said: bool, this_year: int
) -> Reading:
    first, second, third = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == 4:
        day = _day(first, second, third)
        return Reading(day=day, why="year, month, day") if day else _unread()
    if len(found[1]) > 2 or len(found[4]) not in (2, 4):
        return _unread()
    short = len(found[4]) == 2
    if short and (_year_may_lead(found) or first > 31):
        return _unread("which of the three numbers is the year cannot be told")
    year = _whole_year(third, this_year) if short else third
    readings: dict[Order, date] = {}
    if by_day := _day(year, second, first):
        readings["day-first"] = by_day
    if by_month := _day(year, first, second):
        readings["month-first"] = by_month
    return _decided(readings, order=order, said=said, short=short)


def _decided(
    readings: dict[Order, date], *, order: Order | None, said: bool, short: bool
) -> Reading:
    """Choose between the two orders of day and month, if anything can."""
    if not readings:
        return _unread("no such day")
    days = set(readings.values())
    if len(days) == 2 and order is None:
        return _unread(
            f"{readings['day-first']} or {readings['month-first']}: which of the two "
            "cannot be told. Say --dates day-first or --dates month-first"
        )
    if len(days) == 1:
        day, why = days.pop(), f"written {' and '.join(readings)}"
        if len(readings) == 2:
            why = "day and month are the same number"
    else:
        assert order is not None
        day = readings[order]
        why = f"read {order}, as " + ("you said" if said else "other rows show")
    if short:
        return Reading(proposed=day, why=f"{why}; the year has two digits")
    if len(readings) == 2 and len(set(readings.values())) == 2 and not said:
        return Reading(proposed=day, why=why)
    return Reading(day=day, why=why)


def _whole_year(short: int, this_year: int) -> int:
    return 2000 + short if 2000 + short <= this_year + 5 else 1900 + short


def _of_eight_digits(digits: str, *, order: Order | None, said: bool) -> Reading:
    if _day(int(digits[:4]), int(digits[4:6]), int(digits[6:])):
        day = _day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        return Reading(day=day, why="year, month, day")
    spaced = f"{digits[:2]}/{digits[2:4]}/{digits[4:]}"
    found = re.fullmatch(r"(\d{2})(/)(\d{2})/(\d{4})", spaced)
    assert found is not None
    return _of_numbers(found, order=order, said=said, this_year=2000)


def _of_month_name(plain: str, this_year: int) -> Reading | None:
    """'1 Sept 2015', 'September 1 2015', '2015 Sep 1', '1-Sep-15'."""
    found = re.fullmatch(r"(\d{1,2})[ ./-]*([a-z]+)[ ./-]*'?(\d{4}|\d{2})", plain)
    parts = (found[3], found[2], found[1]) if found else None
    if not parts and (found := re.fullmatch(r"([a-z]+)[. ]+(\d{1,2})[ ]+(\d{4})", plain)):
        parts = (found[3], found[1], found[2])
    if not parts and (found := re.fullmatch(r"(\d{4})[ -]([a-z]+)[ -](\d{1,2})", plain)):
        parts = (found[1], found[2], found[3])
    if not parts or (month := _month(parts[1])) is None:
        return None
    short = len(parts[0]) == 2
    year = _whole_year(int(parts[0]), this_year) if short else int(parts[0])
    day = _day(year, month, int(parts[2]))
    if day is None:
        return _unread("no such day")
    if short:
        return Reading(proposed=day, why="the year has two digits")
    return Reading(day=day, why="the month is written in letters")


def _month(word: str) -> int | None:
    if word == "sept":
        return 9
    fit = [
        n for n, name in enumerate(MONTHS, 1) if len(word) >= 3 and name.startswith(word)
    ]
    return fit[0] if len(fit) == 1 else None


def _of_part(plain: str, column: Column, this_year: int) -> Reading:
    """A month, a term or an academic year: something is missing, so only proposals."""
    plain = re.sub(r"^(?:ay|academic year|school year) ", "", plain)
    found = re.fullmatch(r"(\d{4}) ?[/\u2013\u2014-] ?(\d{2}|\d{4})", plain)
    if found:
        return _of_two_years(found, column)
    if found := re.fullmatch(r"([a-z]+)[ ./'\u2019-]*(\d{4}|\d{2})", plain):
        month = _month(found[1])
        short = len(found[2]) == 2
        year = _whole_year(int(found[2]), this_year) if short else int(found[2])
        if month and 1900 <= year <= 2100:
            lacks = "no day" + (", and a year of two digits" if short else "")
            return _of_month(year, month, column, lacks)
    if found := re.fullmatch(r"(\d{1,2})[/.-](\d{4})", plain):
        return _of_month(int(found[2]), int(found[1]), column, "no day")
    if found := re.fullmatch(r"autumn(?: term)? (\d{4})", plain):
        if column == "joined":
            return _of_academic_year(int(found[1]), column, "a term, and no day")
        return _unread("a term, and no day")
    if re.fullmatch(r"(?:19|20)\d\d", plain):
        year = int(plain) - (column == "left")
        return _of_academic_year(year, column, "a year, and no day")
    return _unread()


def _of_two_years(found: re.Match[str], column: Column) -> Reading:
    first, second = int(found[1]), found[2]
    follows = str(first + 1)[-len(second) :] == second
    may_be_month = len(second) == 2 and 1 <= int(second) <= 12
    if follows and may_be_month:
        return _unread("an academic year or a month, which of the two cannot be told")
    if follows:
        return _of_academic_year(first, column, "an academic year")
    if may_be_month:
        return _of_month(first, int(second), column, "no day")
    return _unread()


def _of_academic_year(first: int, column: Column, lacks: str) -> Reading:
    # ASSUME: who joins in an academic year joins on its first day, 1 September, and who
    # leaves in one leaves on its last; both are proposed and never taken as said.
    day = _day(first, 9, 1) if column == "joined" else _day(first + 1, 8, 31)
    if day is None:
        return _unread()
    which = "first" if column == "joined" else "last"
    return Reading(proposed=day, why=f"{lacks}: the {which} day of the academic year")


def _of_month(year: int, month: int, column: Column, lacks: str) -> Reading:
    first = _day(year, month, 1)
    if first is None:
        return _unread()
    if column == "joined":
        return Reading(proposed=first, why=f"{lacks}: the first day of the month")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Reading(proposed=last, why=f"{lacks}: the last day of the month")
