"""What the text of one cell says: a day, a link, a name."""

import re
import unicodedata
from datetime import date
from urllib.parse import urlsplit

import pandas as pd

from pipeline.schools.register_doctor.findings import unguarded

MEND = "correct the file; a record that is wrong says nothing"
DAY_EXPECTED = "a date such as 2018-09-01 (year-month-day)"
URN_EXPECTED = "a school's unique reference number: six digits"
TRUST_EXPECTED = (
    "a trust's number in the register of schools (Group UID): up to five digits"
)
_EARLIEST = pd.Timestamp(1900, 1, 1)
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
"""Signs that come along when a text is copied from a page, and that nobody sees."""
# ASSUME: a pseudonym is one word or holds a digit; two words of letters are a name.
_WORD = r"[^\W\d_]+(?:[-'\u2019.][^\W\d_]+)*\.?"
_NAMES_A_PERSON = re.compile(rf".*@.*|{_WORD}(?:,? {_WORD})+")
_SHOWN = 40


def tidy(cells: pd.Series) -> pd.Series:
    """Cells without what a person cannot see, and letters with accents in one way.

    The apostrophe before a text that a spreadsheet would run belongs to no text.
    """
    return cells.map(tidy_text).astype(str)


def tidy_text(text: str) -> str:
    """One text without what a person cannot see; see `tidy`."""
    seen = text.translate(_UNSEEN)
    return unguarded(unicodedata.normalize("NFC", " ".join(seen.split())))


def one_spelling(names: pd.Series) -> pd.Series:
    """Give names that differ in capitals only the spelling that comes first."""
    named = names.dropna()
    first = named.groupby(named.str.casefold()).transform("first")
    return names.where(names.isna(), first)


def days_of(cells: pd.Series) -> pd.Series:
    """The days that texts name; none (NaT) where a text names none since 1900."""
    written = cells.where(cells.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), None)
    days = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")
    return days.where(days >= _EARLIEST)


def written(days: pd.Series) -> pd.Series:
    """Days as they are written in the files: 2018-09-01."""
    texts: pd.Series = days.dt.strftime("%Y-%m-%d")
    return texts


def day_of(text: str) -> date | None:
    """The day that one text names; None where it names none since 1900."""
    (day,) = days_of(pd.Series([text], dtype=str))
    return None if pd.isna(day) else day.date()


def is_https_link(text: str) -> bool:
    """Say whether a text is one address that begins with https:// and names a host."""
    if not re.fullmatch(r"[!-~]+", text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        named = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_host = re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", host)
    is_alone = "@" not in parts.netloc and not re.search(r"[\"'<>\\^`{|}]", text)
    return parts.scheme == "https" and bool(is_host) and named and is_alone


def names_a_person(text: str) -> bool:
    """Say whether a text looks like somebody's own name or e-mail address."""
    return bool(_NAMES_A_PERSON.fullmatch(text))


def found_words(text: object) -> str:
    """Say what stands in a cell, at most its beginning."""
    return f"found {str(text)[:_SHOWN]!r}" if str(text) else "found nothing"
