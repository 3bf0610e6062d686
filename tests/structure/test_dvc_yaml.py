"""What dvc.yaml promises: nothing stale, nothing written twice, notebooks as leaves."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ORDER = (
    "measures",
    "contracts",
    "run",
    "england",
    "sources",
    "schools",
    "quality",
    "drift",
    "acquire",
    "records",
    "estimators",
    "challenges",
    "comparison",
    "improvement",
    "inspections",
    "capacity",
    "contribution",
    "robustness",
    "evidence",
    "figures",
    "publication",
)


def body(stage: str) -> dict:
    return STAGES[stage].get("do", STAGES[stage])


def outs(stage: str) -> list[str]:
    listed = body(stage).get("outs", []) + body(stage).get("metrics", [])
    return [next(iter(out)) if isinstance(out, dict) else out for out in listed]


def imports_of(path: Path) -> set[str]:
    """Modules of this project that a module or notebook imports, directly."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    else:
        text = path.read_text(encoding="utf-8")
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline"):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("pipeline")}
    return found


def file_of(module: str) -> Path | None:
    path = ROOT / Path(*module.split("."))
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


def closure(start: Path) -> set[Path]:
    """Every file of this project that running `start` may import."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        for module in imports_of(waiting.pop()):
            path = file_of(module)
            if path is not None and path not in seen:
                seen.add(path)
                waiting.append(path)
    return seen


def starts() -> list[tuple[str, Path]]:
    entries = []
    for stage in STAGES:
        command = body(stage)["cmd"]
        notebook = re.search(r"notebooks/\S+\.ipynb", command)
        module = re.search(r"python -m (\S+)", command)
        if notebook:
            entries.append((stage, ROOT / notebook[0]))
        else:
            path = file_of(module[1])
            main = path.parent / "__main__.py" if path.name == "__init__.py" else path
            entries.append((stage, main))
    return entries


@pytest.mark.parametrize(("stage", "start"), starts(), ids=lambda value: str(value)[-30:])
def test_all_code_that_a_stage_imports_is_among_its_dependencies(stage, start):
    deps = [ROOT / dep for dep in body(stage)["deps"] if "${" not in dep]
    for path in {start, *closure(start)}:
        inside = any(path == dep or dep in path.parents for dep in deps)
        package = path.name == "__init__.py" and path.parent == ROOT / "pipeline"
        assert inside or package, f"{stage} does not depend on {path.relative_to(ROOT)}"


@pytest.mark.parametrize(("stage", "start"), starts(), ids=lambda value: str(value)[-30:])
def test_no_stage_depends_on_code_that_it_never_imports(stage, start):
    used = {start, *closure(start)}
    for dep in body(stage)["deps"]:
        folder = ROOT / dep
        if str(dep).startswith("pipeline/"):
            assert any(folder == path or folder in path.parents for path in used), (
                f"{stage} depends on {dep} for nothing"
            )


def test_each_folder_of_the_pipeline_imports_only_from_those_before_it():
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        parts = path.relative_to(ROOT / "pipeline").parts
        if len(parts) < 2:
            continue
        mine = ORDER.index(parts[0])
        for module in imports_of(path):
            if module.count(".") and module.split(".")[1] in ORDER:
                theirs = ORDER.index(module.split(".")[1])
                assert theirs <= mine, f"{path.relative_to(ROOT)} imports {module}"


def test_every_folder_of_the_pipeline_has_its_place_in_the_order():
    folders = {
        p.name for p in (ROOT / "pipeline").iterdir() if (p / "__init__.py").is_file()
    }
    assert folders == set(ORDER)


def test_every_stage_says_what_it_does_and_has_outputs():
    for stage in STAGES:
        assert body(stage)["desc"], stage
        assert outs(stage), stage


def test_every_stage_waits_for_the_check_of_the_parameters():
    reference = "reports/methods/parameters.md"
    assert outs("check") == [reference]
    for stage in STAGES:
        if stage != "check":
            assert reference in body(stage)["deps"], stage


def test_no_analysis_depends_on_an_executed_notebook():
    for stage in STAGES:
        if stage != "site":
            assert not any("reports/runs" in dep for dep in body(stage)["deps"]), stage


def test_notebooks_are_passed_one_key_and_no_value():
    for stage in STAGES:
        passed = re.findall(r"-r (\S+) (\S+)", body(stage)["cmd"])
        if "papermill" in body(stage)["cmd"]:
            assert len(passed) == ("foreach" in STAGES[stage]), stage
        if passed:
            assert passed[0][1] in ("${item}", "${key}"), stage


def test_every_notebook_is_run_by_a_stage():
    run = {path.name for _, path in starts()}
    assert {path.name for path in NOTEBOOKS} <= run


def test_generated_folders_are_ignored_once_in_the_root():
    # DVC writes a .gitignore beside every output that Git does not ignore yet.
    folders = {
        (ROOT / out.split("${")[0]).parent for stage in STAGES for out in outs(stage)
    }
    assert not [folder for folder in folders if (folder / ".gitignore").exists()]
