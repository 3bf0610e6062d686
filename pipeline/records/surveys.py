"""What people who were asked in a survey answered, and how many did."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pipeline.contracts import promise
from pipeline.contracts.records import (
    ANSWERS,
    EXCLUSIONS,
    ITEMS,
    OPTIONS,
    SURVEYS,
    as_promised,
)
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.checked_table import CheckedTable, read_table
from pipeline.records.described import (
    NOTES,
    Day,
    Described,
    Text,
    TextOrNone,
    check_keys,
    read_keys,
    read_text,
    record_id,
)
from pipeline.records.known_names import as_listed, refuse_unlisted
from pipeline.records.record_files import RecordFile, refuse_workbooks
from pipeline.run.faults import InputFault

FOLDER = "surveys"
COLUMNS = ("respondent", "item", "answer")
BLANK = "the item was left without an answer"


class Item(Described):
    """One question of a survey, with what may be answered in the order of its scale."""

    id: Text
    text: Text
    scale: tuple[Text, ...] = Field(min_length=2)
    favourable: tuple[Text, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_a_scale(self) -> "Item":
        scale, favourable = _folded(self.scale), _folded(self.favourable)
        if len(set(scale)) < len(scale):
            raise PydanticCustomError("expected", "every answer of the scale once")
        if not set(favourable) < set(scale):
            raise PydanticCustomError(
                "expected", "favourable answers that are some of the scale, not all"
            )
        return self


class Survey(Described):
    """What a survey's YAML file says of it."""

    title: Text
    programme: TextOrNone
    date: Day
    invited: int = Field(ge=1, le=1_000_000)
    items: tuple[Item, ...] = Field(min_length=1)

    @field_validator("items")
    @classmethod
    def _are_different(cls, items: tuple[Item, ...]) -> tuple[Item, ...]:
        if len(set(_folded([item.id for item in items]))) < len(items):
            raise PydanticCustomError("expected", "items with different ids")
        return items


@dataclass(frozen=True)
class Surveys:
    """All surveys: what was asked, of how many, and what was answered."""

    surveys: pd.DataFrame
    """As SURVEYS promises."""
    items: pd.DataFrame
    """As ITEMS promises."""
    options: pd.DataFrame
    """As OPTIONS promises."""
    answers: pd.DataFrame
    """As ANSWERS promises."""
    exclusions: pd.DataFrame
    """As EXCLUSIONS promises: rows without an answer, by survey."""
    files: tuple[RecordFile, ...]


def read_surveys(
    folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED
) -> Surveys | None:
    """Read `surveys/<id>.yaml` and `surveys/<id>.csv`; None where there is no survey.

    Raises InputFault for a survey that lacks one of its two files, for an answer that is
    not on the scale, for one who answers an item twice, and where more people answered
    than were invited: then no response rate can be had. A row without an answer is left
    out and counted.
    """
    shown = f"{shown_folder}/{FOLDER}"
    read = [
        _read_survey(name, files, shown, bounds)
        for name, files in _by_survey(folder / FOLDER, shown).items()
    ]
    if not read:
        return None
    tables = {
        name: promise.check(
            pd.concat([one.tables[name] for one in read], ignore_index=True), contract
        )
        for name, contract in _TABLES.items()
    }
    return Surveys(
        **tables,
        exclusions=_exclusions(tables["surveys"]),
        files=tuple(file for one in read for file in one.files),
    )


_TABLES = {"surveys": SURVEYS, "items": ITEMS, "options": OPTIONS, "answers": ANSWERS}


@dataclass(frozen=True)
class _One:
    tables: dict[str, pd.DataFrame]
    files: tuple[RecordFile, ...]


def _by_survey(folder: Path, shown: str) -> dict[str, dict[str, Path]]:
    """Give the files of each survey by their endings, in the order of the surveys' ids."""
    listed = sorted(folder.iterdir()) if folder.is_dir() else []
    paths = [
        path
        for path in listed
        if not path.name.startswith(".") and path.name.casefold() not in NOTES
    ]
    refuse_workbooks(paths, shown)
    surveys: dict[str, dict[str, Path]] = {}
    for path in paths:
        ending, name = path.suffix.casefold(), record_id(path, f"{shown}/{path.name}")
        files = surveys.setdefault(name, {})
        if ending not in {".csv", ".yaml"} or ending in files:
            raise InputFault(
                f"{shown}/{path.name}",
                "the file is no part of a survey, or another has its name",
                expected="for each survey one <id>.yaml and one <id>.csv",
                mend="rename it, or take it away",
            )
        files[ending] = path
    for name, files in surveys.items():
        for lacking in {".csv", ".yaml"} - set(files):
            raise InputFault(
                f"{shown}/{name}{lacking}",
                "no such file",
                expected=f"the questions in {name}.yaml and the answers in {name}.csv",
                mend="save it there, or take the other away",
            )
    return surveys


def _read_survey(name: str, files: dict[str, Path], shown: str, bounds: Bounds) -> _One:
    of_keys = f"{shown}/{files['.yaml'].name}"
    text, keys_file = read_text(files[".yaml"], of_keys)
    survey = check_keys(read_keys(text, of_keys), Survey, of_keys)
    bounds.refuse_later(survey.date, of_keys)
    table = read_table(files[".csv"].parent, shown, f"{name}.csv", COLUMNS, bounds)
    assert table is not None
    items, options = _items(name, survey), _options(name, survey)
    rows, blank = _answers(name, table, items, options)
    _refuse_more_than_invited(table, survey)
    about = pd.DataFrame(
        {
            "survey": [name],
            "title": survey.title,
            "programme": bounds.known_programme(survey.programme, of_keys),
            "date": pd.Timestamp(survey.date),
            "invited": survey.invited,
            "respondents": rows["respondent"].nunique(),
            "blank_answers": blank,
        }
    )
    tables = {"surveys": about, "items": items, "options": options, "answers": rows}
    answers_file = RecordFile(
        table.file.shown, f"{FOLDER}/{table.file.file}", table.file.sha256
    )
    return _One(
        {n: as_promised(tables[n], contract) for n, contract in _TABLES.items()},
        (keys_file, answers_file),
    )


def _items(name: str, survey: Survey) -> pd.DataFrame:
    rows = [
        {"survey": name, "item": item.id, "text": item.text, "place": place}
        for place, item in enumerate(survey.items, start=1)
    ]
    return pd.DataFrame(rows)


def _options(name: str, survey: Survey) -> pd.DataFrame:
    rows = [
        {
            "survey": name,
            "item": item.id,
            "answer": answer,
            "place": place,
            "is_favourable": answer.casefold() in _folded(item.favourable),
        }
        for item in survey.items
        for place, answer in enumerate(item.scale, start=1)
    ]
    return pd.DataFrame(rows)


def _answers(
    name: str, table: CheckedTable, items: pd.DataFrame, options: pd.DataFrame
) -> tuple[pd.DataFrame, int]:
    """Give the answers, and how many rows were left out for having none."""
    item = table.name("item")
    refuse_unlisted(table, "item", item, items["item"], f"{name}.yaml")
    rows = pd.DataFrame(
        {
            "survey": name,
            "respondent": table.pseudonym("respondent"),
            "item": as_listed(item, items["item"]),
            "answer": table.text("answer", may_be_blank=True),
            "row": table.row,
        }
    )
    table.refuse_repeated(rows, ["respondent", "item"], "this respondent's answer")
    asked = options.assign(folded=options["answer"].str.casefold())
    spelt = asked.set_index(["item", "folded"])["answer"]
    given = pd.MultiIndex.from_arrays([rows["item"], rows["answer"].str.casefold()])
    on_scale = spelt.reindex(given).set_axis(rows.index)
    scales = options.groupby("item")["answer"].agg(", ".join)
    for one, scale in scales.items():
        table.refuse(
            (rows["item"] == one) & rows["answer"].notna() & on_scale.isna(),
            "answer",
            expected=f"an answer of the scale of {one}: {scale}; or nothing",
            mend=f"correct the answer, or the scale in {name}.yaml",
        )
    answered = rows.assign(answer=on_scale)[rows["answer"].notna()]
    return answered, len(rows) - len(answered)


def _refuse_more_than_invited(table: CheckedTable, survey: Survey) -> None:
    people = table.name("respondent")
    count = people.nunique()
    if count > survey.invited:
        raise InputFault(
            table.file.shown,
            f"{count:,} people answered, and {survey.invited:,} were invited",
            expected="no more people than invited",
            mend="correct `invited` in the survey's YAML file; look for one person "
            "under two pseudonyms",
            column="respondent",
        )


def _exclusions(surveys: pd.DataFrame) -> pd.DataFrame:
    some = surveys[surveys["blank_answers"] > 0]
    table = pd.DataFrame(
        {
            "file": FOLDER + "/" + some["survey"] + ".csv",
            "reason": BLANK,
            "excluded": some["blank_answers"],
        }
    )
    return promise.check(as_promised(table, EXCLUSIONS), EXCLUSIONS)


def _folded(words: Sequence[str]) -> list[str]:
    return [word.casefold() for word in words]
