"""Names of columns from one year to the next."""

import re

_YEAR = re.compile(r"_([0-9]{2})(?=_|$)")
_YEARS_BACK = range(5)
"""A table repeats the figures of up to four years before it, under names that say which:
READPROG_17. `_94` and `_95` are grades, and lie in no such year."""


def lasting(name: str, year: int | None) -> str:
    """Write a column's name so that it is the same in the table of every year.

    In the table of 2018 `READPROG_17` is `READPROG@-1`, which is what `READPROG_18` is in
    that of 2019: the normal roll of the years. Case does not count.
    """

    def back(match: re.Match[str]) -> str:
        years = (year or 0) - 2000 - int(match[1])
        return f"@-{years}" if year and years in _YEARS_BACK else match[0]

    return _YEAR.sub(back, name.strip().upper())


def years_back(name: str, year: int | None) -> int:
    """Say of how many years ago a column's figures are; 0 for those of its own year."""
    found = re.findall(r"@-([0-9])", lasting(name, year))
    return max((int(years) for years in found), default=0)


def of_this_year(name: str, year: int | None) -> str:
    """Give the lasting name of the same figure of the file's own year."""
    return re.sub(r"@-[0-9]", "", lasting(name, year))
