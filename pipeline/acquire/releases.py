"""What can be brought, as declared, and what was brought before, as pinned."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.contracts import promise
from pipeline.measures.catalogue import academic_year, folder_of_year
from pipeline.run import locations
from pipeline.run.faults import Fault

DECLARED = "releases.yaml"
PINNED = "releases.lock.yaml"
HEADER = (
    "# Which version and content of each file is used. Written by `make acquire`: read the\n"
    "# difference, then commit it. releases.yaml says what can be brought.\n"
)
# A place is made of plain names only: nothing that a server or a typing error says can
# lead out of the folder.
PLACE = r"^[a-z]+(/\{folder\})?/[a-z0-9_-]+\.csv$"
SECURE = r"^https://[^/@\s]+(/\S*)?$"
Model = TypeVar("Model", bound=BaseModel)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Years(_Entry):
    """Academic years, by their end, for which a source exists."""

    first: int
    last: int | None = None
    without: dict[int, str] = {}

    def why_not(self, year: int) -> str | None:
        """Say why a year is not there; None if it is."""
        if year in self.without:
            return self.without[year]
        if year < self.first:
            return f"it begins with {academic_year(self.first)}"
        if self.last is not None and year > self.last:
            return f"it ends with {academic_year(self.last)}"
        return None


class _Source(_Entry):
    title: str
    licence: str
    page: str = Field(pattern=SECURE)

    def page_of(self, year: int) -> str:
        """Address of the page where a person finds the file."""
        return self.page.replace("{folder}", folder_of_year(year))


class _OneFile(_Source):
    years: Years
    save_as: str = Field(pattern=PLACE)
    columns: tuple[str, ...] = ()
    """Columns that it has to have."""
    reader: Literal["performance-tables"] | None = None
    """What of `pipeline.sources` has to be able to read it whole."""

    @model_validator(mode="after")
    def _is_checked(self) -> "_OneFile":
        if not self.columns and self.reader is None:
            raise ValueError("name the columns that it has to have, or its reader")
        return self

    def place(self, year: int) -> str:
        """Where the file is put, below the folder of sources."""
        return self.save_as.replace("{folder}", folder_of_year(year))


class EesDataSet(_OneFile):
    """A data set of explore education statistics, in numbered versions."""

    kind: Literal["ees"]
    data_set: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    columns: tuple[str, ...] = Field(min_length=1)


class DropIn(_OneFile):
    """A file that a person saves, since its site refuses scripts."""

    kind: Literal["drop-in"]
    choose: tuple[str, ...] = Field(min_length=1)


class GiasDay(_Source):
    """Files of the register of schools, all of one day, which their names say."""

    kind: Literal["gias"]
    files: tuple[Annotated[str, Field(pattern=r"^[a-z_]+$")], ...] = Field(min_length=1)


Source = EesDataSet | GiasDay | DropIn


class Releases(_Entry):
    """Everything that can be brought."""

    services: dict[Literal["ees", "gias"], Annotated[str, Field(pattern=SECURE)]]
    largest_megabytes: int = Field(ge=1)
    sources: dict[str, Annotated[Source, Field(discriminator="kind")]]

    @property
    def largest(self) -> int:
        """Bytes beyond which nothing is accepted."""
        return self.largest_megabytes * 1_000_000


class Pin(_Entry):
    """The content of one file that results rest on."""

    source: str
    version: str | None
    """Version of the data set, or day of the register; none for a file saved by hand."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)


class _Pins(_Entry):
    files: dict[str, Pin] = {}


def load() -> Releases:
    """Read what can be brought. Raises Fault that names every faulty entry."""
    return _validated(Releases, DECLARED, _content(DECLARED))


def load_pins() -> dict[str, Pin]:
    """Read what is pinned, by place; nothing where nothing was brought yet."""
    if not locations.reference(PINNED).is_file():
        return {}
    return dict(_validated(_Pins, PINNED, {"files": _content(PINNED) or {}}).files)


def write_pins(pins: Mapping[str, Pin]) -> None:
    """Write all pins in the order of their places, whole or not at all."""
    listed = {place: pins[place].model_dump() for place in sorted(pins)}
    text = yaml.safe_dump(listed, sort_keys=False, allow_unicode=True, width=1000)
    promise.write_text(HEADER + text, locations.reference(PINNED))


def of_year(releases: Releases, year: int, only: tuple[str, ...]) -> Iterator[str]:
    """Name the sources to bring for a year: all that have it, or those asked for.

    Raises Fault for a source that is not declared, and for one asked for by name that
    has nothing of that year.
    """
    for name in only:
        if name not in releases.sources:
            raise Fault(
                f"{name}: no such source in {DECLARED}\n"
                f"  expected: one of {', '.join(releases.sources)}\n"
                "  what to do: correct the name after --only"
            )
    for name, source in releases.sources.items():
        if only and name not in only:
            continue
        why_not = None if isinstance(source, GiasDay) else source.years.why_not(year)
        if why_not is None:
            yield name
        elif only:
            raise Fault(
                f"{name}: there is none of {academic_year(year)} ({why_not})\n"
                f"  expected: a year that this source has\n"
                "  what to do: ask for another year or source"
            )


def _content(name: str) -> Any:
    shown = locations.shown(locations.reference(name))
    try:
        return yaml.safe_load(locations.reference(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as unreadable:
        reason = re.sub(r"\s+", " ", str(unreadable))
        raise Fault(
            f"{shown}: cannot be read ({reason})\n"
            "  expected: the file as it stands in git\n"
            f"  what to do: git checkout {shown}"
        ) from unreadable


def _validated(model: type[Model], name: str, content: Any) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as faults:
        told = [
            f"  {'.'.join(map(str, fault['loc']))}: {fault['msg']} "
            f"(found {str(fault['input'])[:60]!r})"
            for fault in faults.errors()
        ]
        raise Fault(
            "\n".join(
                [
                    f"{locations.shown(locations.reference(name))}: not as it should be",
                    *told,
                    "  what to do: correct these entries; its comments say what they are",
                ]
            )
        ) from None
