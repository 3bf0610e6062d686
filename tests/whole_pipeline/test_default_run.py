"""The whole pipeline on a small synthetic England, through DVC and Papermill."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.whole_pipeline.project import ROOT, Project, copy_of_project, rerun

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    copy = copy_of_project(tmp_path_factory.mktemp("default") / "project")
    copy.repro()
    return copy


def outputs(project: Project) -> dict[str, bytes]:
    folders = (
        "data/england",
        "data/schools",
        "data/quality",
        "data/open",
        "data/results",
        "data/estimates",
        "data/facts",
        "reports/rendered",
        "reports/runs",
    )
    return {
        path.relative_to(project.folder).as_posix(): path.read_bytes()
        for folder in folders
        for path in sorted((project.folder / folder).rglob("*"))
        if path.is_file()
    }


def test_a_second_run_finds_nothing_to_do(project):
    assert rerun(project.repro()) == set()


def test_everything_again_gives_the_same_bytes_and_changes_no_file_of_the_project(
    project,
):
    project.commit("The run")
    lock, before = project.read("dvc.lock"), outputs(project)
    project.repro("--force")
    assert project.read("dvc.lock") == lock
    assert outputs(project) == before
    assert project.run("git", "status", "--porcelain").stdout == ""


def test_a_clone_without_data_knows_that_nothing_is_stale(project, tmp_path):
    project.commit("The run")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(project.folder), str(clone)], check=True)
    said = Project(clone).repro("--dry", "--allow-missing")
    assert rerun(said) == set()


def test_a_changed_parameter_of_one_evaluation_leaves_the_other_alone(project):
    with project.parameters_changed("title: Growing the Top", "title: GtT"):
        said = project.repro("--dry")
    assert "'report@growing-the-top'" in said.split("Running", 1)[1]
    assert "Running stage 'report@annual-impact'" not in said


def test_every_fact_asked_for_is_there_with_a_value_or_a_reason(project):
    results = json.loads(project.read("reports/rendered/annual-impact/results.json"))
    # 16 measures x 2 groups (one is of all pupils only) x 9 years x (partners, rest, gap)
    assert len(results["facts"]) == (16 * 2 - 1) * 9 * 3
    for fact in results["facts"]:
        assert (fact["value"] is None) == (fact["reason"] is not None), fact["id"]
        assert (fact["low"] is None) == fact["interval"].startswith("none"), fact["id"]
        assert (fact["low"] is None) == (fact["high"] is None), fact["id"]
        if fact["value"] is not None:
            assert fact["sources"], fact["id"]
            assert all(re.fullmatch("[0-9a-f]{64}", s["sha256"]) for s in fact["sources"])


def test_years_without_tables_say_that_none_was_published(project):
    results = json.loads(project.read("reports/rendered/annual-impact/results.json"))
    facts = {fact["id"]: fact for fact in results["facts"]}
    assert facts["ks4.progress_8.all.2020.gap"]["reason"].startswith("not published")
    assert facts["ks2.rwm_expected.all.2022.gap"]["reason"].startswith("not published")
    assert facts["ks4.english_maths_5.all.2016.gap"]["reason"].startswith("not published")
    assert facts["ks4.progress_8.all.2023.gap"]["value"] is not None


def test_the_facts_in_git_are_those_of_the_report(project):
    kept = json.loads(project.read("reports/metrics/facts.json"))["annual-impact"]
    results = json.loads(project.read("reports/rendered/annual-impact/results.json"))
    shown = {f["id"]: f["value"] for f in results["facts"] if f["value"] is not None}
    assert {name: fact["value"] for name, fact in kept.items()} == shown


def test_floats_are_written_with_ten_significant_digits(project):
    text = project.read("reports/rendered/annual-impact/results.json").decode()
    digits = [
        number.replace("-", "").replace(".", "").lstrip("0").rstrip("0")
        for number in re.findall(r"-?\d+\.\d+(?=[,\n])", text)
    ]
    assert digits and max(map(len, digits)) <= 10


def test_no_output_holds_a_clock_time_a_commit_or_a_path_of_this_machine(project):
    commit = project.run("git", "rev-parse", "HEAD").stdout.strip()
    for name, content in outputs(project).items():
        text = content.decode("utf-8", errors="ignore")
        assert commit not in text, name
        assert str(project.folder) not in text, name
        assert " at 0x" not in text, name
        if name.endswith((".html", ".json", ".ipynb", ".csv")):
            assert not re.search(r"\b\d{2}:\d{2}:\d{2}\b", text), name


def test_every_page_is_marked_synthetic(project):
    pages = sorted((project.folder / "reports/rendered").rglob("*.html"))
    assert len(pages) >= 10
    for page in pages:
        assert "SYNTHETIC" in page.read_text(encoding="utf-8").split("<main")[0], page.name


def test_every_fit_beside_a_report_is_marked_synthetic(project):
    fits = "reports/rendered/{}/specifications.csv"
    for evaluation, least in (("annual-impact", 96), ("growing-the-top", 0)):
        with (project.folder / fits.format(evaluation)).open(encoding="utf-8") as file:
            marks = [row["figures"] for row in csv.DictReader(file)]
        assert len(marks) >= least
        assert set(marks) <= {"SYNTHETIC"}


def test_every_executed_notebook_is_kept_and_rendered(project):
    runs = sorted((project.folder / "reports/runs").glob("*.ipynb"))
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    evaluations = yaml.safe_load((ROOT / "params.yaml").read_text())["evaluations"]
    keys = {"${evaluations}": len(evaluations)}
    notebooks = [
        keys[entry["foreach"]]
        if isinstance(entry["foreach"], str)
        else len(entry["foreach"])
        for entry in stages.values()
        if "foreach" in entry and "notebooks/" in entry["do"]["cmd"]
    ]
    of_the_whole_run = [
        name for name, entry in stages.items() if "notebooks/" in entry.get("cmd", "")
    ]
    assert len(runs) == sum(notebooks) + len(of_the_whole_run)
    for run in runs:
        page = project.folder / "reports/rendered/notebooks" / f"{run.stem}.html"
        assert page.is_file(), run.stem


def test_a_broken_file_stops_the_run_and_leaves_the_earlier_report(project):
    table = next(
        (project.folder / "data/england/downloads").glob("2018-2019/*ks4final.csv")
    )
    whole, before = table.read_bytes(), outputs(project)
    elsewhere = project.folder / "downloads"
    shutil.copytree(table.parents[1], elsewhere)
    broken = elsewhere / table.relative_to(table.parents[1])
    lines = whole.split(b"\n")
    lines[4] = lines[4].replace(b"9", b"x")
    broken.write_bytes(b"\n".join(lines))
    with project.parameters_changed("folder: data/england/downloads", "folder: downloads"):
        done = project.run("dvc", "repro")
    shutil.rmtree(elsewhere)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "notebooks/1_clean_results.ipynb stopped in cell" in said
    assert "key_stage='ks4'" in said
    assert "2018-2019/england_ks4final.csv, row 5" in said
    assert "expected:" in said
    assert "what to do:" in said
    assert "reports/failed/1_clean_results-ks4.ipynb" in said
    assert "Traceback" not in said
    assert (project.folder / "reports/failed/1_clean_results-ks4.ipynb").is_file()
    after = outputs(project)
    kept = [
        n for n in before if "ks4" in n or n.startswith(("reports/rendered", "data/facts"))
    ]
    assert kept
    assert {n: after[n] for n in kept} == {n: before[n] for n in kept}


def test_an_unknown_parameter_stops_the_run_before_anything_runs(project):
    with project.parameters_changed("suppress_pupils_up_to: 5", "supress_pupils_up_to: 5"):
        done = project.run("dvc", "repro")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "did you mean 'suppress_pupils_up_to'" in said
    assert "Running stage 'clean" not in said


def test_a_parameter_that_a_notebook_does_not_declare_is_refused(project, tmp_path):
    done = project.run(
        "papermill",
        "--engine",
        "partnership",
        "notebooks/1_clean_results.ipynb",
        str(tmp_path / "out.ipynb"),
        "-p",
        "keystage",
        "ks2",
    )
    assert done.returncode != 0
    assert "declares no parameter 'keystage'; it declares 'key_stage'" in done.stderr
    assert not (tmp_path / "out.ipynb").exists()


def test_an_experiment_without_a_git_identity_is_told_what_to_type(project):
    for part in ("name", "email"):
        project.run("git", "config", "--unset", f"user.{part}")
    try:
        done = project.run("dvc", "exp", "run", "-S", "sources.folder=elsewhere")
    finally:
        project.run("git", "config", "user.name", "A Tester")
        project.run("git", "config", "user.email", "tester@example.org")
    assert done.returncode == 1
    assert 'git config user.email "you@example.org"' in done.stderr
    assert "elsewhere" not in Path(project.folder / "params.yaml").read_text()
