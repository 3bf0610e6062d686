"""One change of parameters makes the run real: downloads and a register of real schools."""

import csv
import json
from pathlib import Path

import pytest

from tests.whole_pipeline.project import ROOT, Project, copy_of_project

DATA = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="real downloads are not beside this checkout"
    ),
]


def register_of_trust(folder: Path, trust: str) -> Path:
    """Write the register of a real trust from the published list of trusts."""
    links = (DATA / "gias/trust_links.csv").read_text(
        encoding="utf-8-sig", errors="replace"
    )
    rows = [row for row in csv.DictReader(links.splitlines()) if row["Group Name"] == trust]
    folder.mkdir()
    with (folder / "partners.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["urn", "name", "joined", "left", "hub"])
        for row in rows:
            joined, left = row["Joined date"], row["Closed Date"]
            writer.writerow([row["URN"], row["EstablishmentName"], joined, left, ""])
    return folder


def real_run(
    folder: Path, sources: str, register: Path = DATA / "registers/united-learning"
) -> Project:
    project = copy_of_project(folder)
    done = project.run(
        "dvc",
        "exp",
        "run",
        "-S",
        f"sources.folder={DATA / sources}",
        "-S",
        f"registers.folder={register}",
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return project


def facts_of(project: Project) -> dict[str, dict]:
    results = json.loads(project.read("reports/rendered/annual-impact/results.json"))
    return {fact["id"]: fact for fact in results["facts"]}


@pytest.fixture(scope="module")
def england(tmp_path_factory) -> Project:
    return real_run(tmp_path_factory.mktemp("england") / "project", "dfe_national")


def test_the_progress_of_a_real_trust_stands_as_partners_rest_and_gap(england):
    facts = facts_of(england)
    for group in ("all", "disadvantaged"):
        partners, rest, gap = (
            facts[f"ks4.progress_8.{group}.2019.{q}"] for q in ("partners", "rest", "gap")
        )
        assert gap["value"] == pytest.approx(partners["value"] - rest["value"], abs=1e-9)
        assert gap["low"] < gap["value"] < gap["high"]
        assert partners["schools"] + rest["schools"] == gap["schools"]
        assert gap["sources"][0]["file"] == "2018-2019/england_ks4final.csv"
        assert "clustered by school" in gap["interval"]


def test_what_the_files_lack_is_a_fact_without_a_value_and_with_a_reason(england):
    facts = facts_of(england)
    for lacking in (
        "ks2.reading_progress.all.2019.gap",
        "ks2.rwm_expected.disadvantaged.2018.partners",
        "ks4.progress_8.disadvantaged.2018.rest",
        "ks4.english_maths_5.all.2019.gap",
    ):
        assert facts[lacking]["value"] is None
        assert facts[lacking]["reason"].startswith("not supplied")


def test_a_programme_without_a_register_reads_not_supplied(england):
    results = json.loads(england.read("reports/rendered/growing-the-top/results.json"))
    assert all(fact["value"] is None for fact in results["facts"])
    page = england.read("reports/rendered/growing-the-top/index.html").decode()
    assert "not supplied" in page


def test_real_schools_are_not_marked_synthetic_nor_given_a_partnership_they_did_not_join(
    england,
):
    for page in (england.folder / "reports/rendered").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "SYNTHETIC" not in text, page


def test_what_is_known_of_a_programme_is_not_said_where_it_has_no_members(england):
    for evaluation in ("annual-impact", "growing-the-top"):
        page = england.read(f"reports/rendered/{evaluation}/index.html").decode()
        assert "invited to Growing the Top" not in page


def test_no_path_of_the_sources_or_registers_is_recorded(england):
    for path in (england.folder / "reports/rendered").rglob("*"):
        if path.is_file():
            assert str(DATA) not in path.read_text(encoding="utf-8"), path


def test_files_of_two_authorities_are_not_called_england(tmp_path):
    register = register_of_trust(tmp_path / "register", "THE HOWARD PARTNERSHIP TRUST")
    project = real_run(tmp_path / "project", "dfe", register)
    page = project.read("reports/rendered/annual-impact/index.html").decode()
    assert "other schools in these files" in page
    results = json.loads(project.read("reports/rendered/annual-impact/results.json"))
    # Only the tables of 16 to 18 in this folder are of all England.
    assert results["compared_with"] == {
        "ks2": "other schools in these files",
        "ks4": "other schools in these files",
        "ks5": "the rest of England",
    }
    # The national row of the local authorities' files is used for what it is.
    national = {
        (n["measure"], n["group"], n["year"]): n["published"] for n in results["national"]
    }
    assert national["rwm_expected", "disadvantaged", 2019] == 51
    assert national["progress_8", "all", 2019] == -0.03
    of_authorities = [n for n in results["national"] if n["key_stage"] != "ks5"]
    assert all(n["recomputed"] is None for n in of_authorities)
    facts = {fact["id"]: fact for fact in results["facts"]}
    assert facts["ks4.progress_8.all.2019.gap"]["value"] is not None
