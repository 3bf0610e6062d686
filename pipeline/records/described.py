"""Reading what describes a survey or a story: keys and values, as YAML."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from pipeline.records.cell_text import (
    DAY_EXPECTED,
    MEND,
    URN_EXPECTED,
    day_of,
    found_words,
    tidy_text,
)
from pipeline.records.record_files import RecordFile
from pipeline.run.faults import InputFault
from pipeline.run.parameters import EVALUATION_NAME
from pipeline.sources import table_file

NOTES = {"readme.md", "synthetic.md"}
"""Files about a folder, which are no records."""
_BLANK = {"", "null", "~"}


class Described(BaseModel):
    """Keys of a file, each of which is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _text(found: Any) -> str:
    if not isinstance(found, str) or not tidy_text(found):
        raise PydanticCustomError("expected", "a text")
    return tidy_text(found)


def _day(found: Any) -> date:
    day = day_of(found.strip()) if isinstance(found, str) else None
    if day is None:
        raise PydanticCustomError("expected", "{said}", {"said": DAY_EXPECTED})
    return day


def _urn(found: str) -> str:
    if not (len(found) == 6 and found.isascii() and found.isdigit()):
        raise PydanticCustomError("expected", "{said}", {"said": URN_EXPECTED})
    return found


def _none_if_blank(found: Any) -> Any:
    return None if isinstance(found, str) and found.strip() in _BLANK else found


Text = Annotated[str, BeforeValidator(_text)]
"""A text that is not blank, without padding and line breaks."""
TextOrNone = Annotated[Text | None, BeforeValidator(_none_if_blank)]
Day = Annotated[date, BeforeValidator(_day)]
Urn = Annotated[Text, AfterValidator(_urn)]

_Kind = TypeVar("_Kind", bound=Described)


def read_text(path: Path, shown: str) -> tuple[str, RecordFile]:
    """Read a text in UTF-8, with every line ending as one; raises InputFault for others."""
    try:
        with table_file.open_file(path) as file:
            content = table_file.read_whole(file)
    except OSError as unreadable:
        raise table_file.cannot_read(shown, unreadable) from unreadable
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as undecoded:
        raise InputFault(
            shown,
            f"it holds a byte (0x{undecoded.object[undecoded.start]:02X}) that is not UTF-8",
            expected="a text in UTF-8",
            mend="save it anew as UTF-8",
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    digest = hashlib.sha256(content).hexdigest()
    return text, RecordFile(shown, f"{path.parent.name}/{path.name}", digest)


def read_keys(text: str, shown: str) -> dict[str, Any]:
    """Read keys and values; every value is the text that was written.

    YAML would make a truth value of the answer `no`, and 1.1 of a figure of 1.10. The
    fault of a text that is no YAML tells the line only: it may be of a private story.
    """
    try:
        keys = yaml.load(text, Loader=_AsWritten)
    except (yaml.YAMLError, RecursionError) as broken:
        mark = getattr(broken, "problem_mark", None)
        problem = getattr(broken, "problem", None) or "it cannot be read"
        raise InputFault(
            shown,
            f"not readable as YAML ({problem})",
            expected="keys and values such as 'title: A title'",
            mend="put texts that hold a colon or a quotation mark in quotation marks",
            row=mark.line + 1 if mark else None,
        ) from None
    if not isinstance(keys, dict):
        raise InputFault(
            shown,
            "it holds no keys",
            expected="keys and values such as 'title: A title'",
            mend="copy the template of data/templates and fill it in",
        )
    return keys


def check_keys(keys: dict[str, Any], kind: type[_Kind], shown: str) -> _Kind:
    """Check keys against what is known of them: the first fault is told, all are named."""
    try:
        return kind.model_validate(keys)
    except ValidationError as faults:
        first, *others = faults.errors()
    known = ", ".join(kind.model_fields)
    raise InputFault(
        f"{shown}, key {_place(first)}",
        _problem(first) + _and_others(others),
        expected=f"no other keys than {known}"
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1
        else _expected(first),
        mend=MEND,
    )


def record_id(path: Path, shown: str) -> str:
    """The id that a file gives its record by its name: it becomes part of addresses."""
    name = path.stem.casefold()
    if not EVALUATION_NAME.fullmatch(name):
        raise InputFault(
            shown,
            f"found the name {path.stem[:40]!r}",
            expected="a name of letters, digits and hyphens, such as leaders-2019",
            mend="rename the file",
        )
    return name


def _place(fault: ErrorDetails) -> str:
    """Say where a key is as a person counts: 'items 2, scale'."""
    words = ""
    for part in fault["loc"]:
        words += f" {part + 1}" if isinstance(part, int) else f", {part}"
    return words.removeprefix(", ")


def _problem(fault: ErrorDetails) -> str:
    if fault["type"] == "missing":
        return "the key is missing"
    if fault["type"] == "extra_forbidden":
        return "the key is not known"
    found = fault["input"]
    return found_words(found) if isinstance(found, str) else "found no single text"


def _expected(fault: ErrorDetails) -> str:
    if fault["type"] == "missing":
        return "the key with its value, as in data/templates"
    if fault["type"] == "extra_forbidden":
        return "the keys of data/templates and no others"
    said = fault["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _and_others(faults: list[ErrorDetails]) -> str:
    if not faults:
        return ""
    return "; also at fault: " + "; ".join(_place(fault) for fault in faults)


class _AsWritten(yaml.BaseLoader):
    """Leaves every value the text it is, and refuses a key that stands there twice."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key stands there twice or is no text", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)
