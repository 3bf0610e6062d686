"""Stories of change: told by schools, kept only where consent was given."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from pipeline.contracts import promise
from pipeline.contracts.records import EXCLUSIONS, STORIES, STORY_EVIDENCE, as_promised
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.described import (
    NOTES,
    Day,
    Described,
    Text,
    Urn,
    check_keys,
    read_keys,
    read_text,
    record_id,
)
from pipeline.records.record_files import RecordFile
from pipeline.run.faults import InputFault

FOLDER = "stories"
WITHOUT_CONSENT = "the story has no consent"
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


class Consent(Described):
    """Who agreed, by their role, and when."""

    given: str
    date: Day
    by_role: Text


class Evidence(Described):
    """A fact that the story cites, and its value as the story has it."""

    fact: Text
    value: Text


class FrontMatter(Described):
    """What stands above a story."""

    title: Text
    consent: Consent
    date: Day
    urn: Urn
    claim: Text
    evidence: tuple[Evidence, ...] = Field(min_length=1)

    @field_validator("evidence")
    @classmethod
    def _are_different(cls, cited: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        if len({one.fact for one in cited}) < len(cited):
            raise PydanticCustomError("expected", "each fact once")
        return cited


@dataclass(frozen=True)
class Stories:
    """The stories with consent, and how many there are without."""

    stories: pd.DataFrame
    """As STORIES promises."""
    evidence: pd.DataFrame
    """As STORY_EVIDENCE promises."""
    exclusions: pd.DataFrame
    """As EXCLUSIONS promises."""
    files: tuple[RecordFile, ...]
    """The files of the stories with consent: the name of another one may tell of whom."""


def read_stories(
    folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED
) -> Stories | None:
    """Read `stories/<id>.md`; None where there is no story, with consent or without.

    Of a story without consent nothing is kept but that it is there. Raises InputFault
    for a story with consent that lacks a date, a claim or evidence, and for consent
    that is neither true nor false: somebody meant one of the two.
    """
    shown = f"{shown_folder}/{FOLDER}"
    paths = _story_paths(folder / FOLDER, shown)
    if not paths:
        return None
    read = [_read_story(name, path, shown, bounds) for name, path in paths.items()]
    kept = [story for story in read if story is not None]
    rows = [row for row, _, _ in kept]
    cited = [row for _, rows, _ in kept for row in rows]
    without = len(read) - len(kept)
    withheld = {"file": FOLDER, "reason": WITHOUT_CONSENT, "excluded": without}
    return Stories(
        stories=_table(rows, STORIES),
        evidence=_table(cited, STORY_EVIDENCE),
        exclusions=_table([withheld] if without else [], EXCLUSIONS),
        files=tuple(file for _, _, file in kept),
    )


_Story = tuple[dict[str, Any], list[dict[str, Any]], RecordFile]


def _table(rows: list[dict[str, Any]], contract: Any) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(contract.columns))
    return promise.check(as_promised(table, contract), contract)


def _story_paths(folder: Path, shown: str) -> dict[str, Path]:
    listed = sorted(folder.iterdir()) if folder.is_dir() else []
    paths: dict[str, Path] = {}
    for path in listed:
        if path.name.startswith(".") or path.name.casefold() in NOTES:
            continue
        name = record_id(path, f"{shown}/{path.name}")
        if path.suffix.casefold() != ".md" or name in paths:
            raise InputFault(
                f"{shown}/{path.name}",
                "the file is no story, or another has its name",
                expected="one file <id>.md for each story",
                mend="save it as Markdown under a name of its own, or take it away",
            )
        paths[name] = path
    return paths


def _read_story(name: str, path: Path, folder: str, bounds: Bounds) -> _Story | None:
    """Read one story; None where it has no consent, and then nothing else is looked at."""
    shown = f"{folder}/{path.name}"
    whole, file = read_text(path, shown)
    above = _FRONT_MATTER.match(whole)
    if above is None:
        raise InputFault(
            shown,
            "nothing stands above the story between two lines of ---",
            expected="title, consent, date, urn, claim and evidence, above the text",
            mend="copy the template of data/templates and fill it in",
            row=1,
        )
    # The lines of the fault are those of the file, whose first is the line of hyphens.
    keys = read_keys("\n" + above[1], shown)
    if not _has_consent(keys.get("consent"), shown):
        return None
    front = check_keys(keys, FrontMatter, shown)
    bounds.refuse_later(front.date, shown)
    text = whole[above.end() :].strip()
    if not text:
        raise InputFault(
            shown,
            "there is no story below the second line of ---",
            expected="the story, as Markdown",
            mend="write it, or take the file away",
        )
    row = {
        "story": name,
        "title": front.title,
        "date": pd.Timestamp(front.date),
        "urn": front.urn,
        "claim": front.claim,
        "consent_date": pd.Timestamp(front.consent.date),
        "by_role": front.consent.by_role,
        "text": text,
    }
    cited = [
        {"story": name, "fact": one.fact, "value": one.value} for one in front.evidence
    ]
    return row, cited, file


def _has_consent(consent: Any, shown: str) -> bool:
    """Say whether consent was given; what was left blank was not."""
    given = consent.get("given") if isinstance(consent, dict) else consent
    said = given.strip().casefold() if isinstance(given, str) else given
    if said in (None, "", "false", "no", "null", "~"):
        return False
    if said in ("true", "yes") and isinstance(consent, dict):
        return True
    raise InputFault(
        f"{shown}, key consent, given",
        "what is said of consent is neither true nor false",
        expected="given: true or given: false, below consent, with date and by_role",
        mend="ask the school; as long as nobody knows, it is false",
    )
