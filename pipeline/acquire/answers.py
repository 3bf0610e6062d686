"""What the EES interface answers about a data set, as far as it is used here."""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from pipeline.acquire.service import Service
from pipeline.run.faults import Fault

# SOURCE: ViewModels of the public interface in the department's repository
# explore-education-statistics; a page of versions holds at most 20.
PAGE_SIZE = 20
MOST_PAGES = 50
ACADEMIC_YEARS = re.compile(r"(20\d\d)/\d{2,4}")
Answer = TypeVar("Answer", bound="_Answer")


class _Answer(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, coerce_numbers_to_str=True
    )


class DataSet(_Answer):
    """A data set as a whole."""

    title: str
    status: str
    superseding_data_set_id: str | None = None


class _Periods(_Answer):
    start: str
    end: str


class Version(_Answer):
    """One version of a data set."""

    version: str = Field(pattern=r"^\d{1,4}(\.\d{1,4}){1,2}$")
    type: str
    status: str
    notes: str | None = None
    time_periods: _Periods

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers, so that 1.10 comes after 1.9, and 1.0.1 after 1.0."""
        return numbers(self.version)

    @property
    def is_major(self) -> bool:
        """Whether it took something away that earlier versions had."""
        return self.type == "Major"

    @property
    def is_usable(self) -> bool:
        """Whether it can be fetched: it was published and not withdrawn since."""
        return self.status in ("Published", "Deprecated")

    def covers(self, year: int) -> bool:
        """Whether the academic year that ends in `year` lies within its periods.

        Periods that are not written as academic years say nothing; the rows of the
        file are looked at in any case.
        """
        start = ACADEMIC_YEARS.match(self.time_periods.start)
        end = ACADEMIC_YEARS.match(self.time_periods.end)
        if start is None or end is None:
            return True
        return int(start[1]) < year <= int(end[1]) + 1


class _Paging(_Answer):
    total_pages: int


class _Versions(_Answer):
    paging: _Paging
    results: list[Version]


class Facet(_Answer):
    """Anything that a version may add, remove or name anew."""

    id: str | None = None
    column: str | None = None
    label: str | None = None
    code: str | None = None
    period: str | None = None
    level: Any = None

    @property
    def named(self) -> str:
        """The facet as a person would name it, with its column where it has one."""
        level = self.level.get("label") if isinstance(self.level, dict) else self.level
        name = self.label or self.period or level or self.code or self.id or "unnamed"
        return f"{name} ({self.column})" if self.column else str(name)


class Change(_Answer):
    """A facet before and after; nothing before if it is new, nothing after if it went."""

    previous_state: Facet | None = None
    current_state: Facet | None = None


class OptionChanges(_Answer):
    """Changes of the options of one filter, or of the places of one level."""

    filter: Facet | None = None
    level: Facet | None = None
    options: list[Change]


class ChangeSet(_Answer):
    """Changes of one weight, by kind of facet."""

    filters: list[Change] | None = None
    filter_options: list[OptionChanges] | None = None
    geographic_levels: list[Change] | None = None
    indicators: list[Change] | None = None
    location_groups: list[Change] | None = None
    location_options: list[OptionChanges] | None = None
    time_periods: list[Change] | None = None


class Changes(_Answer):
    """What a version changed, relative to the one before it."""

    major_changes: ChangeSet
    minor_changes: ChangeSet


def numbers(version: str) -> tuple[int, ...]:
    """Read a version as numbers: 1.10 is newer than 1.9."""
    return tuple(int(part) for part in version.split("."))


def data_set(service: Service, identifier: str) -> DataSet:
    """Ask for a data set. Raises Fault for an answer of another form."""
    return _asked(service, DataSet, f"data-sets/{identifier}")


def versions(service: Service, identifier: str) -> list[Version]:
    """List every version of a data set, the oldest first."""
    listed: list[Version] = []
    for page in range(1, MOST_PAGES + 1):
        path = f"data-sets/{identifier}/versions?page={page}&pageSize={PAGE_SIZE}"
        answer = _asked(service, _Versions, path)
        listed += answer.results
        if page >= answer.paging.total_pages:
            break
    return sorted(listed, key=lambda version: version.number)


def version(service: Service, identifier: str, number: str) -> Version:
    """Ask for one version, which the list may leave out once it has a patch."""
    return _asked(service, Version, f"data-sets/{identifier}/versions/{number}")


def changes(service: Service, identifier: str, number: str) -> Changes:
    """Ask what a version changed, relative to the one before it."""
    return _asked(service, Changes, f"data-sets/{identifier}/versions/{number}/changes")


def _asked(service: Service, form: type[Answer], path: str) -> Answer:
    address = f"{service.root}/{path}"
    try:
        return form.model_validate_json(service.json(address))
    except ValidationError as otherwise:
        first = otherwise.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise Fault(
            f"{address}: {place}: {first['msg'].lower()}\n"
            "  expected: the answer that the department's documentation describes\n"
            "  what to do: tell those who keep this project that the interface has "
            "changed; fetch nothing until it is known how"
        ) from None
