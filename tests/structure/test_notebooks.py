"""Notebooks tell the story and hold no logic."""

import ast
import itertools
import json
from pathlib import Path

import pytest

from pipeline.run.notebooks import stripped, unstripped

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OF_THE_WHOLE_RUN = ("0_link_schools", "2_check_quality")
FORBIDDEN = (
    ast.FunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.If,
    ast.Lambda,
    ast.ListComp,
    ast.DictComp,
)


def cells(path: Path, kind: str) -> list[dict]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def code(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in cells(path, "code")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestEachNotebook:
    def test_holds_no_outputs(self, path):
        assert path not in unstripped(path.parent)

    def test_asks_its_question_first(self, path):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        assert first["cell_type"] == "markdown"
        assert "**Question.**" in "".join(first["source"])

    def test_has_at_most_12_code_cells_of_10_lines(self, path):
        assert len(code(path)) <= 12
        assert max(len(cell.splitlines()) for cell in code(path)) <= 10

    def test_has_one_parameters_cell_with_one_key_or_is_of_the_whole_run(self, path):
        tagged = [
            c for c in cells(path, "code") if "parameters" in c["metadata"].get("tags", [])
        ]
        assert len(tagged) == (0 if path.stem in OF_THE_WHOLE_RUN else 1)
        for cell in tagged:
            assert len(ast.parse("".join(cell["source"])).body) == 1

    def test_says_before_each_code_cell_what_to_look_for(self, path):
        content = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for before, cell in itertools.pairwise(content):
            if cell["cell_type"] == "code":
                assert before["cell_type"] == "markdown", "".join(cell["source"])

    def test_holds_no_logic_no_numbers_and_no_paths(self, path):
        for cell in code(path):
            assert "%" not in cell
            assert "import *" not in cell
            for node in ast.walk(ast.parse(cell)):
                assert not isinstance(node, FORBIDDEN), cell
                if isinstance(node, ast.Constant):
                    assert not isinstance(node.value, (int, float)), cell
                    assert "/" not in str(node.value), cell


def test_stripping_takes_outputs_and_counts_and_keeps_ids_and_tags():
    cell = {
        "cell_type": "code",
        "id": "kept",
        "metadata": {"tags": ["parameters"], "execution": {"start": "now"}},
        "source": ["x = 1"],
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}],
        "execution_count": 3,
    }
    text = json.dumps({"cells": [cell], "metadata": {"widgets": 1}, "nbformat": 4})
    (after,) = json.loads(stripped(text))["cells"]
    assert (after["id"], after["metadata"]) == ("kept", {"tags": ["parameters"]})
    assert (after["outputs"], after["execution_count"]) == ([], None)


def test_stripping_twice_changes_nothing():
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        assert stripped(stripped(text)) == stripped(text)
