"""What records may say at most, where a run knows it."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from pipeline.records.cell_text import found_words
from pipeline.run.faults import InputFault

MEND_LATER = "correct the date, or evaluate later years"
MEND_PROGRAMME = "correct the id, or add the programme to the settings"


@dataclass(frozen=True)
class Bounds:
    """What records may say at most, as far as a run knows it. No clock is read."""

    last_year: int | None = None
    """Last academic year (its end): no record is of a day after its 31 August."""
    programmes: frozenset[str] | None = None
    """Ids of all programmes: a record of another one would be lost without a word."""

    @property
    def last_day(self) -> pd.Timestamp | None:
        """The last day on which anything can have been recorded."""
        return None if self.last_year is None else pd.Timestamp(self.last_year, 8, 31)

    def refuse_later(self, day: date, shown: str, key: str = "date") -> None:
        """Refuse one day that lies after the last day."""
        last = self.last_day
        if last is not None and pd.Timestamp(day) > last:
            raise InputFault(
                f"{shown}, key {key}",
                f"found {day}",
                expected=no_later_than(last),
                mend=MEND_LATER,
            )

    def known_programme(self, name: str | None, shown: str) -> str | None:
        """Give the id of one programme in small letters; refuse one that is not known."""
        if name is None or self.programmes is None or name.casefold() in self._folded:
            return None if name is None else name.casefold()
        raise InputFault(
            f"{shown}, key programme",
            found_words(name),
            expected=self.expected_programme,
            mend=MEND_PROGRAMME,
        )

    def is_known(self, programmes: pd.Series) -> pd.Series:
        """Say of ids in small letters which are of a known programme, or blank."""
        if self.programmes is None:
            return pd.Series(True, index=programmes.index)
        return programmes.isna() | programmes.isin(self._folded)

    @property
    def expected_programme(self) -> str:
        """What is expected where a programme is named."""
        return "a programme of the settings: " + ", ".join(sorted(self._folded))

    @property
    def _folded(self) -> set[str]:
        return {name.casefold() for name in self.programmes or ()}


UNBOUNDED = Bounds()


def no_later_than(last: pd.Timestamp) -> str:
    """Say what is expected of a date where the last day is known."""
    return f"a day no later than {last.date()}, the last that is asked of"
