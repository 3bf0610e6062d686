import json
import re

import pytest
import yaml

from pipeline.publication import quality_report
from pipeline.quality import check
from pipeline.run import locations

GIAS = {
    "supplied": True,
    "files": [{"file": "links.csv", "sha256": "b" * 64, "rows": 17}],
    "lineage": {"keys": 44000, "pairs_by_kind": {"conversion": 4012}},
}
NOT_SUPPLIED = {"supplied": False, "reason": "sources.ofsted names no folder"}


@pytest.fixture
def report(tables, project):
    """Write a report on a few schools; give its page and the folder it stands in."""

    def write(*, schools=None, **about):
        made = tables(**about).school(0.15, 1000).school(0.25, 1000)
        made.school(0.11, 300, group="disadvantaged", urn="100001")
        made.total(0.1, 2100).total(0.11, 300, group="disadvantaged")
        made.total(0.9, 2000, record="local authority")
        found = made.check()
        check.write(found)
        stages = {"stages": {"quality": {"cmd": "", "deps": ["pipeline/quality"]}}}
        (project.folder / "dvc.yaml").write_text(yaml.safe_dump(stages))
        files = schools or {"gias": GIAS, "ofsted": NOT_SUPPLIED}
        locations.school_inventory().write_text(json.dumps(files))
        quality_report.write(quality_report.assemble(project.parameters))
        folder = locations.report("data-quality")
        return (folder / "index.html").read_text(encoding="utf-8"), folder

    return write


def test_says_that_it_is_synthetic_and_unsigned(report):
    page, _ = report()
    assert "<title>SYNTHETIC: Data quality</title>" in page
    assert "not signed by a person" in page


def test_every_headline_leads_to_its_number(report):
    page, _ = report()
    targets = re.findall(r'href="#(quality\.[a-z]+)"', page)
    assert len(targets) == 6
    for target in targets:
        assert f'id="{target}"' in page


def test_no_two_places_have_one_id(report):
    page, _ = report()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_shows_each_total_with_what_explains_it(report):
    page, _ = report()
    assert "explained by missing pupils" in page
    assert "95.2%" in page or "95%" in page
    assert "Published totals that differ" in page


def test_every_table_has_a_caption_and_heads_with_scope(report):
    page, _ = report()
    tables = re.findall(r"<table>.*?</table>", page, flags=re.DOTALL)
    assert len(tables) > 8
    for table in tables:
        assert "<caption>" in table
        heads = re.findall(r"<th\b[^>]*>", table)
        assert all("scope=" in head for head in heads)
        assert not re.search(r'<th scope="col"[^>]*></th>', table)


def test_needs_no_network_and_no_script(report):
    page, _ = report()
    assert "<script" not in page
    linked = re.findall(r'(?:href|src)="(?!#)([^"]+)"', page)
    assert not [link for link in linked if "//" in link]


def test_the_chart_says_in_words_what_it_shows(report):
    page, _ = report()
    (alt,) = re.findall(r'<svg role="img" aria-label="([^"]+)"', page)
    assert alt.startswith("Dot chart of 2 figures of state-funded schools in England")
    assert "1 lie within rounding, 1 within what pupils" in alt


def test_other_sources_are_supplied_or_the_reason_is_given(report):
    page, _ = report()
    assert "sources.ofsted names no folder" in page
    assert "links.csv" in page
    assert "4,012" in page


def test_known_errors_of_published_files_are_listed(report):
    page, _ = report()
    assert "Known errors in published files" in page
    assert "No file of this run had to be corrected." in page


def test_what_was_corrected_is_told(report):
    done = GIAS | {"corrected": ["84 cells that say 0.0: NA"]}
    page, _ = report(schools={"gias": done})
    assert "84 cells that say 0.0: NA" in page


def test_no_corrections_are_said_to_be_none(report, project):
    (project.folder / "data" / "reference" / "corrections.yaml").unlink()
    page, _ = report()
    assert "None: no error of a published file is declared" in page


def test_words_from_files_cannot_become_markup(report):
    hostile = NOT_SUPPLIED | {"reason": "<img src=x onerror=alert(1)>"}
    page, _ = report(schools={"gias": hostile})
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_every_table_stands_beside_the_page_as_it_was_checked(report):
    page, folder = report()
    for name in check.TABLES:
        assert (folder / f"{name}.csv").read_bytes() == check.table_path(name).read_bytes()
        assert f'href="{name}.csv"' in page


def test_the_facts_for_machines_are_those_of_the_page(report):
    page, folder = report()
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert len(content["facts"]) == 6
    for fact in content["facts"]:
        assert fact["sentence"] in page


def test_the_same_tables_give_the_same_bytes(report):
    first, folder = report()
    facts = (folder / "results.json").read_bytes()
    again, _ = report()
    assert first == again
    assert facts == (folder / "results.json").read_bytes()


def test_names_no_folder_of_this_machine(report, project):
    page, _ = report()
    assert str(project.folder) not in page
    assert project.parameters.sources.folder not in page


def test_labels_keep_their_capitals(report):
    page, _ = report()
    assert "Key stage 4 (GCSEs, age 16): supplied 2018/19." in page
