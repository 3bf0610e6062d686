import pytest

from pipeline.run import locations
from pipeline.run.faults import Fault, InputFault


def test_a_fault_names_file_row_and_column_what_was_expected_and_what_to_do():
    fault = InputFault(
        "2018-2019/x.csv",
        "found 'A'",
        expected="six digits",
        mend="correct it",
        row=7,
        column="URN",
    )
    assert str(fault) == (
        "2018-2019/x.csv, row 7, column URN: found 'A'\n"
        "  expected: six digits\n"
        "  what to do: correct it"
    )
    assert isinstance(fault, Fault)


def test_a_fault_of_a_whole_file_names_the_file_alone():
    fault = InputFault("x.csv", "the file is empty", expected="rows", mend="again")
    assert str(fault).startswith("x.csv: the file is empty\n")


def test_the_project_is_the_nearest_folder_above_with_a_pipeline(project, monkeypatch):
    below = project.folder / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.setenv("PARTNERSHIP_ROOT", str(below))
    locations.root.cache_clear()
    assert locations.root() == project.folder.resolve()


def test_outside_a_project_there_is_no_root(tmp_path, monkeypatch):
    monkeypatch.setenv("PARTNERSHIP_ROOT", str(tmp_path))
    locations.root.cache_clear()
    with pytest.raises(FileNotFoundError, match=r"no dvc\.yaml"):
        locations.root()
    locations.root.cache_clear()


def test_a_path_is_shown_as_seen_from_the_project(project):
    inside = project.folder / "data" / "x.csv"
    beside = project.folder.parent / "shared" / "x.csv"
    assert locations.shown(inside) == "data/x.csv"
    assert locations.shown(beside) == "../shared/x.csv"


def test_what_cannot_be_printed_is_told_in_letters():
    fault = InputFault(
        "a\nb\x1b[31m.csv",
        "found \x07 and \u202e",
        expected="caf\u00e9 & \u2019",
        mend="look at '\udcff'",
        column="P8\r",
    )
    assert str(fault) == (
        "a\\nb\\x1b[31m.csv, column P8\\r: found \\x07 and \\u202e\n"
        "  expected: caf\u00e9 & \u2019\n"
        "  what to do: look at '\\udcff'"
    )


def test_a_problem_that_is_a_list_keeps_its_lines():
    fault = InputFault("x.csv", "2 left\n    row 2\n    row\n3", expected="", mend="")
    assert str(fault).startswith("x.csv: 2 left\n    row 2\n    row\\n3\n  expected")


def test_a_fault_of_several_lines_keeps_them_and_nothing_else_that_cannot_be_printed():
    assert str(Fault("a\tb\x1b.zip:\n  what to do")) == "a\\tb\\x1b.zip:\n  what to do"
