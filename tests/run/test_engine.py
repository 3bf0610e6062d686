import json

import click
import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from papermill.engines import papermill_engines

from pipeline.run import engine

PYTHON = {"language_info": {"name": "python"}}


def cell(source, name, tags=()):
    return new_code_cell(source, id=name, metadata={"tags": list(tags)})


@pytest.fixture
def run(project, monkeypatch):
    for name in engine.KERNEL_SETTINGS:
        monkeypatch.setenv(name, engine.KERNEL_SETTINGS[name])
    papermill_engines.register("partnership", engine.PartnershipEngine)

    def run_notebook(*sources, name="result", **passed):
        cells = [cell("evaluation = 'none'", "settings", ["parameters"])]
        cells += [cell(source, f"cell-{n}") for n, source in enumerate(sources)]
        asked = project.folder / "question.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata=PYTHON), asked)
        papermill.execute_notebook(
            str(asked),
            str(project.folder / f"{name}.ipynb"),
            parameters=passed,
            engine_name="partnership",
            kernel_name="python3",
        )
        return project.folder / f"{name}.ipynb"

    return run_notebook


def test_two_equal_runs_leave_equal_bytes(run):
    path = run("evaluation", "{'a', 'b', 'c'}", evaluation="x")
    first = path.read_bytes()
    path = run("evaluation", "{'a', 'b', 'c'}", evaluation="x")
    assert path.read_bytes() == first
    notebook = json.loads(first)
    assert "start_time" not in json.dumps(notebook["metadata"])
    assert notebook["cells"][1]["id"] == "injected-parameters"


def test_a_failing_notebook_names_cell_and_parameters_and_keeps_the_copy(run, project):
    path = run("1 + 1", name="result", evaluation="x")
    before = path.read_bytes()
    with pytest.raises(click.ClickException) as told:
        run("half = 'way'\nraise ValueError('broken')", name="result", evaluation="x")
    said = told.value.message
    assert "question.ipynb stopped in cell 3 (evaluation='x')" in said
    assert "half = 'way'" in said
    assert "ValueError: broken" in said
    assert "half-run copy kept: reports/failed/result.ipynb" in said
    assert "earlier results stay as they were" in said
    assert (project.folder / "reports" / "failed" / "result.ipynb").is_file()
    assert path.read_bytes() == before


def test_a_kernel_that_dies_names_the_cell_and_leaves_the_copy(run, project):
    with pytest.raises(click.ClickException) as told:
        run("1 + 1", "import os\nos._exit(1)", "'never reached'", evaluation="x")
    said = told.value.message
    assert "stopped in cell 4 (evaluation='x')" in said
    assert "import os" in said
    assert "the kernel died" in said
    assert (project.folder / "reports/failed/result.ipynb").is_file()


def test_a_parameter_that_the_notebook_does_not_declare_is_refused(run, project):
    with pytest.raises(click.ClickException) as told:
        run("1", evaluatoin="x")
    assert "declares no parameter 'evaluatoin'" in told.value.message
    assert "it declares 'evaluation'" in told.value.message
    assert not (project.folder / "result.ipynb").exists()


def test_what_differs_between_equal_runs_is_taken_out():
    made = cell("1", "a")
    made.metadata.update(papermill={"start_time": "now"}, execution={"iopub": "now"})
    notebook = new_notebook(cells=[made])
    notebook.metadata["papermill"] = {
        "start_time": "now",
        "duration": 1,
        "environment_variables": {},
        "input_path": "a.ipynb",
        "parameters": {"evaluation": "x"},
    }
    engine.strip_what_differs(notebook)
    assert notebook.metadata["papermill"] == {
        "input_path": "a.ipynb",
        "parameters": {"evaluation": "x"},
    }
    assert notebook.cells[0].metadata == {"tags": []}
