"""Parts that member schools took, by academic year, and the leaders who took them."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.capacity import DIMENSIONS, MEMBER_SCHOOLS, UNKNOWN
from pipeline.contracts.records import EXCLUSIONS, as_promised
from pipeline.measures.catalogue import academic_year
from pipeline.records.engagement import FILE

KeyOf = Callable[[pd.Series], pd.Series]
NO_MEMBERS = "no school counts as a member in that year"
NO_MEMBER = "the school does not count as a member in that year"


@dataclass(frozen=True)
class Participation:
    """Who took part, of the schools that could have."""

    schools: pd.DataFrame
    """As MEMBER_SCHOOLS promises: the denominators, by year."""
    parts: pd.DataFrame
    """Rows of engagement of these schools in these years, with `school_key`, `host_key`
    (blank without a host) and `year`."""
    recorded_years: frozenset[int]
    """Years of which anything is on record, of members or not."""
    exclusions: pd.DataFrame
    """As EXCLUSIONS promises: rows that are left out, and why."""

    @property
    def years(self) -> list[int]:
        """Years in which any school counts as a member."""
        return sorted(int(year) for year in self.schools["year"].unique())

    @property
    def places(self) -> pd.DataFrame:
        """Each school of a year under every dimension: year, dimension, group, school_key.

        A school of which a dimension is not known stands in the group 'unknown'.
        """
        own = self.schools.assign(all="all")
        parts = [
            own[["year", "school_key"]].assign(
                dimension=dimension,
                group=own[dimension].astype(object).map(str, na_action="ignore"),
            )
            for dimension in DIMENSIONS
        ]
        places = pd.concat(parts, ignore_index=True)
        return places.fillna({"group": UNKNOWN})

    @property
    def leaders(self) -> pd.DataFrame:
        """One row a leader and year: person, year, school_key, role, hours of the year."""
        # ASSUME: a leader who changed school or role within a year counts once in it, at
        # the school and in the role of the last part taken: parts then add up to all.
        last = self.parts.sort_values(["date", "row"], kind="stable")
        rows = last.groupby(["year", "person"], as_index=False, sort=True)
        return rows.agg(
            school_key=("school_key", "last"),
            role=("role", "last"),
            hours=("hours", "sum"),
        )

    def why_no_record(self, year: int) -> str | None:
        """Say why nothing can be counted in a year; None where something can.

        A year without a row may be one in which nobody wrote anything down.
        """
        if year in self.recorded_years:
            return None
        return f"nothing is on record of {academic_year(year)}"


def participation(
    engagement: pd.DataFrame, schools: pd.DataFrame, key_of: KeyOf | None = None
) -> Participation:
    """Set records of engagement against the schools that counted as members.

    `engagement` is as ENGAGEMENT promises, `schools` has the columns of MEMBER_SCHOOLS.
    The academic year of a part is the one that it was taken in. Rows of a school that
    does not count in that year are left out and counted: a share of members must not have
    others in its numerator. `key_of` gives the numbers of one school one key
    (`KnownSchools.key_of`); without it only the numbers in `schools` are known.
    """
    schools = promise.check(schools, MEMBER_SCHOOLS).reset_index(drop=True)
    listed = schools.drop_duplicates("urn", keep="last").set_index("urn")["school_key"]
    known = key_of or (lambda urns: urns.map(listed).fillna(urns))
    parts = engagement.assign(
        school_key=known(engagement["urn"]),
        host_key=known(engagement["host"]).where(engagement["host"].notna()),
        year=academic_years(engagement["date"]),
    )
    members = pd.MultiIndex.from_frame(schools[["school_key", "year"]])
    is_inside = pd.MultiIndex.from_frame(parts[["school_key", "year"]]).isin(members)
    has_members = parts["year"].isin(schools["year"].unique())
    return Participation(
        schools=schools,
        parts=parts[is_inside].reset_index(drop=True),
        recorded_years=frozenset(int(year) for year in parts["year"].unique()),
        exclusions=_exclusions(
            {
                NO_MEMBERS: int((~has_members).sum()),
                NO_MEMBER: int((has_members & ~is_inside).sum()),
            }
        ),
    )


def academic_years(days: pd.Series) -> pd.Series:
    """The academic years that days lie in, each by its end: from 1 September on the next."""
    years: pd.Series = days.dt.year + (days.dt.month >= 9).astype(int)
    return years.astype(int)


def _exclusions(counts: dict[str, int]) -> pd.DataFrame:
    some = {reason: number for reason, number in counts.items() if number}
    table = pd.DataFrame({"reason": list(some), "excluded": list(some.values())})
    return promise.check(as_promised(table.assign(file=FILE), EXCLUSIONS), EXCLUSIONS)
