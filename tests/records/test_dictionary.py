"""The data dictionary, the readers and the templates say the same."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from pipeline.contracts import records as contracts
from pipeline.records import (
    actions,
    contributions,
    costs,
    engagement,
    programme_members,
    stories,
    surveys,
    themes,
)
from pipeline.records.bounds import Bounds
from pipeline.run.faults import InputFault

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "data" / "templates"
PAGE = (ROOT / "data" / "cards" / "records.md").read_text(encoding="utf-8")
READERS = {
    "engagement.csv": engagement.read_engagement,
    "activities.csv": engagement.read_engagement,
    "surveys/example.csv": surveys.read_surveys,
    "contributions.csv": contributions.read_contributions,
    "programmes.csv": programme_members.read_programme_members,
    "themes.csv": themes.read_themes,
    "codebook.csv": themes.read_themes,
    "actions.csv": actions.read_actions,
    "costs.csv": costs.read_costs,
}
COLUMNS = {
    "engagement.csv": engagement.COLUMNS,
    "activities.csv": engagement.LIST_COLUMNS,
    "surveys/example.csv": surveys.COLUMNS,
    "contributions.csv": contributions.COLUMNS,
    "programmes.csv": ("programme", "urn", "trust", "cohort", "joined", "left", "trio"),
    "themes.csv": themes.COLUMNS,
    "codebook.csv": themes.LIST_COLUMNS,
    "actions.csv": actions.COLUMNS,
    "costs.csv": costs.COLUMNS,
}
WORDS = {
    ("engagement.csv", "role"): contracts.ROLES,
    ("activities.csv", "kind"): contracts.ACTIVITY_KINDS,
    ("activities.csv", "counts_as"): contracts.COUNTS_AS,
    ("contributions.csv", "kind"): contracts.CONTRIBUTION_KINDS,
    ("themes.csv", "source"): contracts.THEME_SOURCES,
    ("actions.csv", "at_6_months"): contracts.PROGRESS,
    ("actions.csv", "at_12_months"): contracts.PROGRESS,
    ("costs.csv", "per"): contracts.COST_UNITS,
}


def entries(name):
    """Give what the dictionary says of each column or key of a file, in its order."""
    section = PAGE.split(f"## `{name}`\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0]: dict(zip(("type", "blank", "expected", "example"), row[1:], strict=True))
            for row in rows}  # fmt: skip


CELLS = [(name, column) for name in COLUMNS for column in entries(name)]
KEYS = [("surveys/example.yaml", key) for key in entries("surveys/example.yaml")] + [
    (stories.FOLDER + "/example.md", key) for key in entries("stories/example.md")
]
EITHER = {("programmes.csv", "urn"), ("programmes.csv", "trust")}
"""One of them is needed: see test_programme_members."""


def template(name):
    """Give the template's one filled row."""
    header, row = (TEMPLATES / name).read_text(encoding="utf-8").splitlines()
    return dict(zip(header.split(","), row.split(","), strict=True))


def described(name):
    """Give the keys of a template and their values, as they are written."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    above = text.split("---\n")[1] if text.startswith("---") else text
    return dict(_flat(yaml.load(above, Loader=yaml.BaseLoader)))


def _flat(keys, place=""):
    for key, value in keys.items():
        if isinstance(value, list) and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, dict):
            yield from _flat(value, f"{place}{key}.")
        else:
            yield f"{place}{key}", ", ".join(value) if isinstance(value, list) else value


def keys_of(model, place=""):
    for name, field in model.model_fields.items():
        inner = [
            kind
            for kind in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        ]
        if inner:
            yield from keys_of(inner[0], f"{place}{name}.")
        else:
            yield f"{place}{name}"


def test_every_template_is_in_the_dictionary_and_the_other_way_round():
    files = {p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*.*")}
    assert files == set(re.findall(r"^## `(.+)`$", PAGE, flags=re.MULTILINE))


@pytest.mark.parametrize("reader", dict.fromkeys([*READERS.values(), stories.read_stories]))
def test_every_template_reads_without_a_fault(reader):
    known = Bounds(last_year=2020, programmes=frozenset({"trust-peer-review"}))
    assert reader(TEMPLATES, "templates", known) is not None


@pytest.mark.parametrize("name", COLUMNS)
def test_the_dictionary_has_the_columns_of_the_reader_and_of_the_template(name):
    assert tuple(entries(name)) == COLUMNS[name]
    assert tuple(template(name)) == COLUMNS[name]


def test_the_dictionary_has_the_keys_of_surveys_and_stories():
    assert list(entries("surveys/example.yaml")) == list(keys_of(surveys.Survey))
    assert list(entries("stories/example.md")) == list(keys_of(stories.FrontMatter))


@pytest.mark.parametrize(("name", "column"), CELLS)
def test_the_example_is_that_of_the_template(name, column):
    assert entries(name)[column]["example"] == template(name)[column]


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_the_example_of_a_key_is_that_of_the_template(name, key):
    assert entries(name)[key]["example"] == described(name)[key]


@pytest.mark.parametrize(("name", "column"), [c for c in CELLS if c not in EITHER])
def test_the_reader_refuses_a_blank_where_the_dictionary_says_needed(records, name, column):
    records.rows(name, ",".join((template(name) | {column: ""}).values()))
    if entries(name)[column]["blank"] == "may be blank":
        assert READERS[name](records.folder, "registers") is not None
        return
    with pytest.raises(InputFault, match=f"{name}, row 2, column {column}: found nothing"):
        READERS[name](records.folder, "registers")


def test_each_column_is_needed_or_may_be_blank():
    said = {cell: entries(cell[0])[cell[1]]["blank"] for cell in CELLS}
    assert {said[cell] for cell in EITHER} == {"urn or trust"}
    assert {said[cell] for cell in CELLS if cell not in EITHER} == {
        "needed",
        "may be blank",
    }


@pytest.mark.parametrize(("name", "column"), WORDS)
def test_the_words_that_the_dictionary_lists_are_those_of_the_contract(name, column):
    expected = entries(name)[column]["expected"]
    assert tuple(expected.split(";")[0].split(", ")) == WORDS[name, column]
