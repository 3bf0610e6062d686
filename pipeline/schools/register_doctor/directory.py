"""The register of schools, to look schools up by number, place and name."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz import fuzz, process

from pipeline.schools.register_doctor import names

LONGEST_NAME = 200


@dataclass(frozen=True)
class School:
    """One establishment of the register of schools."""

    urn: str
    name: str
    laestab: str | None
    school_type: str
    postcode: str
    places: frozenset[str]
    opened: date | None
    closed: date | None

    def open_on(self, day: date) -> bool:
        """Whether it was open; one whose opening date is not known is old."""
        return (self.opened is None or self.opened <= day) and (
            self.closed is None or self.closed > day
        )

    @property
    def told(self) -> str:
        """Number and name, as findings give them."""
        return f"{self.urn} {self.name}"


class Directory:
    """Every establishment, and which of them followed which."""

    def __init__(self, establishments: pd.DataFrame, links: pd.DataFrame) -> None:
        """Index the tables that the contracts ESTABLISHMENTS and LINKS promise."""
        self.schools = [_school(row) for row in establishments.to_dict("records")]
        self._by_urn = {school.urn: at for at, school in enumerate(self.schools)}
        self._plain = [names.plain(school.name) for school in self.schools]
        self._core = [names.core(plain) for plain in self._plain]
        self._kinds = np.array(
            [names.kinds(plain) for plain in self._plain], dtype=np.int64
        ).reshape(-1, 2)
        self._by_laestab: dict[str, list[int]] = defaultdict(list)
        self._by_postcode: dict[str, list[int]] = defaultdict(list)
        self._by_place: dict[str, list[int]] = defaultdict(list)
        for at, school in enumerate(self.schools):
            if school.laestab:
                self._by_laestab[school.laestab].append(at)
            if school.postcode:
                self._by_postcode[school.postcode].append(at)
            for place in school.places:
                self._by_place[place].append(at)
        self._next: dict[str, set[str]] = defaultdict(set)
        self._before: dict[str, set[str]] = defaultdict(set)
        for urn, linked, kind in zip(
            links["urn"], links["linked_urn"], links["kind"], strict=True
        ):
            # SOURCE: the register gives a link from one side: what `kind` says, the
            # linked school is to this one.
            if str(kind).casefold().startswith("successor"):
                self._link(urn, linked)
            elif str(kind).casefold().startswith("predecessor"):
                self._link(linked, urn)

    def _link(self, earlier: str, later: str) -> None:
        self._next[earlier].add(later)
        self._before[later].add(earlier)

    def is_linked(self, urn: str) -> bool:
        """Whether a link names a number, be it among the establishments or not."""
        return urn in self._next or urn in self._before

    @property
    def last_urn(self) -> str:
        """The youngest number that the register of schools knows."""
        return max(self._by_urn, default="")

    def get(self, urn: str) -> School | None:
        """Find a school by its unique reference number."""
        at = self._by_urn.get(urn)
        return None if at is None else self.schools[at]

    def places_of(self, school: School) -> list[int]:
        """The place in `schools` of one of them, as a pool for `likeness`."""
        return [self._by_urn[school.urn]]

    def with_laestab(self, laestab: str) -> list[School]:
        """All establishments that have had one of the department's own numbers."""
        return [self.schools[at] for at in self._by_laestab.get(laestab, [])]

    def at_postcode(self, postcode: str) -> list[int]:
        """Places in `schools` of those at a postcode."""
        return self._by_postcode.get(plain_postcode(postcode), [])

    def in_places(self, places: Iterable[str]) -> list[int]:
        """Places in `schools` of those in any of these towns and authorities."""
        found = {
            at for place in places for at in self._by_place.get(plain_place(place), [])
        }
        return sorted(found)

    def followers(self, urn: str) -> set[str]:
        """Numbers of all schools that came after one, by the register's links."""
        return _reached(urn, self._next)

    def forerunners(self, urn: str) -> set[str]:
        """Numbers of all schools that came before one."""
        return _reached(urn, self._before)

    def likeness(
        self, name: str, among: list[int] | None = None
    ) -> npt.NDArray[np.float64]:
        """How like a name is to the names of schools, 0 to 100 each.

        The mean of two scores: of all words in alphabetical order, and of those words
        that are not said of many schools; 0 where the two are of different kinds. The
        first alone is lost on 'Primary School' written short, the second alone cannot
        tell an infant school from the nursery beside it
        (reports/methods/register-doctor.md).
        """
        plain = names.plain(name[:LONGEST_NAME])
        if not plain:
            return np.zeros(len(self.schools) if among is None else len(among))
        whole, core, kinds = self._plain, self._core, self._kinds
        if among is not None:
            whole, core = [whole[at] for at in among], [core[at] for at in among]
            kinds = kinds[among]
        scores: npt.NDArray[np.float64] = (
            process.cdist([plain], whole, scorer=fuzz.ratio, dtype=np.float64)[0]
            + process.cdist([names.core(plain)], core, scorer=fuzz.ratio, dtype=np.float64)[
                0
            ]
        ) / 2
        said = np.array(names.kinds(plain))
        others = (said != 0) & (kinds != 0) & (said & kinds == 0)
        scores[others.any(axis=1)] = 0
        return scores


def plain_postcode(postcode: str) -> str:
    """A postcode in capitals without spaces."""
    return "".join(postcode.split()).upper()


def plain_place(place: str) -> str:
    """A town or authority in one form: 'Bury St. Edmunds' is 'bury edmunds st'."""
    return names.plain(place)


def _school(row: dict[str, object] | dict[object, object]) -> School:
    laestab = _text(row, "laestab")
    places = [_text(row, "town"), _text(row, "local_authority"), laestab[:3]]
    return School(
        urn=_text(row, "urn"),
        name=" ".join(_text(row, "name").split()),
        laestab=laestab or None,
        school_type=_text(row, "school_type"),
        postcode=plain_postcode(_text(row, "postcode")),
        places=frozenset(plain for place in places if (plain := plain_place(place))),
        opened=_day(row, "opened"),
        closed=_day(row, "closed"),
    )


def _text(row: object, name: str) -> str:
    value = row[name]  # type: ignore[index]
    return "" if pd.isna(value) else str(value)


def _day(row: object, name: str) -> date | None:
    value = row[name]  # type: ignore[index]
    return None if pd.isna(value) else pd.Timestamp(value).date()


def _reached(urn: str, links: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [urn]
    while waiting:
        for other in links.get(waiting.pop(), ()):
            if other not in seen and other != urn:
                seen.add(other)
                waiting.append(other)
    return seen
