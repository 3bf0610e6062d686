"""Corrections as they are declared in `data/reference/corrections.yaml`, and checked."""

import difflib
import re
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.run import locations
from pipeline.run.faults import Fault
from pipeline.sources.table_file import TableFile

FILE_NAME = "corrections.yaml"
_YEAR = re.compile(r"20[0-9]{2}-(20[0-9]{2})")
_YEAR_IN_NAME = re.compile(rf"{_YEAR.pattern}_")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="A name to find the correction by.")
    file: str = Field(
        min_length=1,
        description="The file's name; `*` stands for any area: '*_ks2final.csv'.",
    )
    year: int = Field(ge=2000, le=2100, description="Academic year (its end).")
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="Only the file with this hash, where others may be right.",
    )
    why: str = Field(min_length=1, description="How it is known to be wrong.")
    source: str = Field(min_length=1, description="What says the right value.")
    since: date = Field(description="Day on which the error was seen.")
    reported: date | None = Field(description="Day on which its publisher was told.")

    def names(self, shown: str) -> bool:
        """Say whether a file of this name and folder is the one meant.

        The year stands in the folder's name, or at the beginning of the file's own.
        """
        *folders, name = PurePosixPath(shown).parts
        in_name = _YEAR_IN_NAME.match(name)
        years = [m[1] for part in folders if (m := _YEAR.fullmatch(part))]
        year = in_name[1] if in_name else years[-1] if years else ""
        name = name[in_name.end() :] if in_name else name
        return year == str(self.year) and fnmatchcase(name.lower(), self.file.lower())

    def is_of(self, file: TableFile) -> bool:
        """Say whether the correction is about this file."""
        return self.is_of_file(file.shown, file.sha256)

    def is_of_file(self, shown: str, sha256: str) -> bool:
        """Say whether the correction is about the file of this name and this hash."""
        return self.names(shown) and self.sha256 in (None, sha256)


class HeaderCorrection(_Entry):
    """A column whose name is misprinted."""

    what: Literal["header"]
    found: str = Field(min_length=1, description="The name as misprinted.")
    instead: str = Field(min_length=1, description="The name that was meant.")


class CellCorrection(_Entry):
    """Cells that hold a wrong value, in the same columns of some rows or of all."""

    what: Literal["cells"]
    columns: tuple[str, ...] = Field(
        min_length=1, description="Columns; `*` stands for any letters."
    )
    rows: Literal["all"] | dict[str, tuple[str, ...]] = Field(
        description="'all', or columns and what they hold in the rows meant: {URN: ['1']}."
    )
    found: tuple[str, ...] = Field(min_length=1, description="What the cells hold.")
    instead: str = Field(description="What they should hold: a value or a code.")


class FractionCorrection(_Entry):
    """A percentage that stands there as a fraction: 0.002 in place of 0.2%.

    Cells with a percent sign are right. Each other number has to be `part` divided by
    `whole`, to the third decimal, where the row holds both.
    """

    what: Literal["fractions"]
    column: str = Field(min_length=1)
    part: str = Field(min_length=1)
    whole: str = Field(min_length=1)


Correction = HeaderCorrection | CellCorrection | FractionCorrection
_READER: TypeAdapter[Correction] = TypeAdapter(
    Annotated[Correction, Field(discriminator="what")]
)
_KINDS: dict[str, type[_Entry]] = {
    "header": HeaderCorrection,
    "cells": CellCorrection,
    "fractions": FractionCorrection,
}


def load(path: Path | None = None) -> tuple[Correction, ...]:
    """Read the declared corrections.

    Raises Fault that tells every entry which cannot be read, with the nearest known key.
    """
    path = path or locations.reference(FILE_NAME)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Fault(
            f"{path.name}: not found\n  expected: the corrections of published files\n"
            f"  what to do: restore it (git checkout data/reference/{path.name})"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as broken:
        raise Fault(
            f"{path.name}: cannot be read ({broken})\n  expected: a YAML list in UTF-8\n"
            "  what to do: correct it, or restore it with git"
        ) from broken
    return check(content, name=path.name)


def check(content: Any, *, name: str = FILE_NAME) -> tuple[Correction, ...]:
    """Check the content of a file of corrections; see `load`."""
    if not isinstance(content, list):
        raise Fault(f"{name}: expected a list of corrections, found {content!r:.60}")
    entries: list[Correction] = []
    told: list[str] = []
    for number, entry in enumerate(content, start=1):
        try:
            entries.append(_READER.validate_python(_listed(entry)))
        except ValidationError as faults:
            called = entry.get("name", "") if isinstance(entry, dict) else "no keys"
            told += [
                f"entry {number} ({called}): {_tell(f, entry)}" for f in faults.errors()
            ]
    names = [entry.name for entry in entries]
    told += [
        f"two corrections are named {n!r}" for n in sorted({*names}) if names.count(n) > 1
    ]
    if told:
        raise Fault(f"{name}:\n" + "\n".join(f"  {line}" for line in told))
    return tuple(entries)


def _listed(entry: Any) -> Any:
    """Let a single value stand for a list of one."""
    if not isinstance(entry, dict):
        return entry
    listed = dict(entry)
    for key in ("columns", "found") if entry.get("what") == "cells" else ():
        if isinstance(entry.get(key), str):
            listed[key] = [entry[key]]
    if isinstance(entry.get("rows"), dict):
        listed["rows"] = {
            key: [value] if isinstance(value, str) else value
            for key, value in entry["rows"].items()
        }
    return listed


def _tell(fault: Any, entry: Any) -> str:
    place = ".".join(str(p) for p in fault["loc"] if p not in _KINDS)
    if fault["type"] == "extra_forbidden":
        known = list(_KINDS[entry["what"]].model_fields)
        return f"{place}: unknown key" + _nearest(str(fault["loc"][-1]), known)
    if fault["type"] == "missing":
        return f"{place}: missing"
    if fault["type"] in (
        "union_tag_invalid",
        "union_tag_not_found",
        "model_attributes_type",
    ):
        return "what: one of 'header', 'cells', 'fractions'"
    if fault["type"] == "string_type":
        found = f"{fault['input']!r}"
        return f"{place}: found {found}; put it in quotation marks, as the file says it"
    return f"{place}: {fault['msg']} (found {fault['input']!r:.60})"


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
