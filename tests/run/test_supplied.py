import json

import pytest

from pipeline.run import locations, supplied
from pipeline.run.supplied import list_supplied

A_HASH = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
"""SHA-256 of the letter a, as every table of test vectors has it."""


@pytest.fixture
def gias(project):
    folder = project.folder / "gias"
    folder.mkdir()
    project.settings["sources"]["gias"] = "gias"
    return folder


def test_a_source_that_no_folder_is_named_for_is_not_supplied(project):
    assert list_supplied(project.parameters) == {
        "gias": None,
        "ofsted": None,
        "context": None,
    }


def test_a_file_is_listed_by_its_content(project, gias):
    (gias / "links.csv").write_text("a")
    assert list_supplied(project.parameters)["gias"] == [
        {"file": "links.csv", "bytes": 1, "sha256": A_HASH}
    ]


def test_a_file_that_changes_comes_or_goes_changes_the_list(project, gias):
    file = gias / "links.csv"
    lists = []
    for content in ("a", "ab", None):
        file.unlink() if content is None else file.write_text(content)
        lists.append(json.dumps(list_supplied(project.parameters)))
    assert len(set(lists)) == 3


def test_a_file_of_the_same_name_and_size_is_told_from_the_one_before(project, gias):
    (gias / "links.csv").write_text("a")
    before = list_supplied(project.parameters)
    beside = gias / "beside"
    beside.write_text("b")
    beside.replace(gias / "links.csv")
    assert list_supplied(project.parameters) != before


def test_hashes_that_were_spoilt_are_made_again(project, gias):
    (gias / "links.csv").write_text("a")
    list_supplied(project.parameters)
    (project.folder / ".dvc" / "tmp" / "supplied.json").write_text("{")
    assert list_supplied(project.parameters)["gias"][0]["sha256"] == A_HASH


def test_the_list_is_written_where_the_next_stage_looks(project, gias, monkeypatch):
    asked = project.parameters
    monkeypatch.setattr(supplied.parameters, "load", lambda: asked)
    supplied.supply()
    assert json.loads(locations.supplied().read_text()) == {
        "gias": [],
        "ofsted": None,
        "context": None,
    }
