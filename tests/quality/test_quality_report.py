import json
import re

import pandas as pd
import pytest
import yaml

from pipeline.contracts import promise
from pipeline.publication import quality_report, quality_sources
from pipeline.publication.quality_sources import Matched
from pipeline.quality import check
from pipeline.run import locations
from pipeline.schools import link

NO_DAY = "not said by its name"
GIAS = {
    "supplied": True,
    "files": [
        {"file": "spine.xlsx", "sha256": "c" * 64, "rows": 9, "as_at": "2017-2018"},
        {"file": "links.csv", "sha256": "b" * 64, "rows": 17, "as_at": NO_DAY},
    ],
    "left_out": [{"file": "lookup.csv", "why": "its name is not one of the register's"}],
    "lineage": {
        "pairs": 5012,
        "pairs_recorded_by_one_side_only": 521,
        "pairs_without_a_date": 416,
        "pairs_with_an_establishment_not_in_the_register": 1525,
        "pairs_by_kind": {"conversion": 4012, "amalgamation": 1000},
        "pairs_carried_by_kind": {"conversion": 4012},
        "establishments": 48000,
        "keys": 44000,
        "keys_of_several_establishments": 3940,
        "keys_with_two_open_at_once": 0,
    },
}
OFSTED = {
    "supplied": True,
    "table": "inspections",
    "files": [
        {"file": "ofsted.xlsx", "sha256": "d" * 64, "rows": 2, "known_at": "2018-07-31"}
    ],
    "left_out": [],
}
NOT_SUPPLIED = {"supplied": False, "reason": "sources.ofsted names no folder"}


@pytest.fixture
def report(tables, project):
    """Write a report on a few schools; give its page and the folder it stands in."""

    def write(*, schools=None, reason=None, **about):
        made = tables(**about).school(0.15, 1000).school(0.25, 1000)
        if reason is not None:
            made.school(None, 4, reason=reason)
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
    tables = re.findall(r"<table\b.*?</table>", page, flags=re.DOTALL)
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
    assert "not supplied: sources.ofsted names no folder" in page
    assert "links.csv" in page


def test_an_optional_source_says_as_at_when_and_whom_it_holds(report):
    """Two schools, and neither stands in the outcomes of inspections."""
    page, _ = report(schools={"gias": GIAS, "ofsted": OFSTED})
    assert "31 July 2018" in page
    assert "2017/18" in page


def test_how_many_schools_stand_in_a_source_is_counted_by_key_and_key_stage():
    matched = Matched(
        schools={"ks2": {"100001"}, "ks4": {"100002", "100003"}, "ks5": set()},
        files={"a.csv": {"100002"}, "b.csv": {"100003", "100009"}},
    )
    assert matched.share(["a.csv"], ["ks2", "ks4"]) == "1 of 3 (33.3%)"
    assert matched.share(["a.csv", "b.csv"], ["ks4"]) == "2 of 2 (100.0%)"
    assert matched.share(["a.csv"], ["ks5"]) == "no schools to match"
    assert matched.share(["trusts.csv"], ["ks4"]) == "no schools in it"


def test_a_school_is_matched_under_any_number_that_it_had(tables, project):
    made = tables().school(0.1, 100, urn="140001", school_key="100001")
    made.school(0.2, 90, urn="100002", school_key="100002").check()
    lineage = [
        {"urn": "100001", "school_key": "100001", "kind": "first of its chain"},
        {"urn": "140001", "school_key": "100001", "kind": "conversion"},
    ]
    inspected = {
        "urn": "100001",
        "known_at": pd.Timestamp(2018, 7, 31),
        "overall_effectiveness": 2,
        "source": "ofsted.xlsx",
        "row": 2,
    }
    for name, rows in (("lineage", lineage), ("inspections", [inspected])):
        contract = link.TABLES[name]
        types = {n: column.dtype.type for n, column in contract.columns.items()}
        table = pd.DataFrame(rows).reindex(columns=list(types)).astype(types)
        promise.write(table, locations.school_table(name), contract)
    found = quality_sources.matched()
    assert found.share(["ofsted.xlsx"], ["ks4"]) == "1 of 2 (50.0%)"
    assert quality_sources.conversions_to_unknown_types() == (1, 1)


def test_a_source_without_a_usable_file_is_not_called_supplied(report):
    empty = {"supplied": True, "tables": [
        {"table": "census", "files": [], "left_out": [], "years": {
            "2019": {"state": "not supplied", "reason": "no such file"}}}]}  # fmt: skip
    page, _ = report(schools={"gias": GIAS, "ofsted": NOT_SUPPLIED, "context": empty})
    assert "none usable: its folder holds no file of a kind that is read" in page
    assert "<td>supplied</td>" not in page
    assert "none of 2018/19" in page


def test_every_file_that_was_not_read_is_told_with_the_reason(report):
    page, _ = report()
    assert "Files found and not read, and why" in page
    assert "lookup.csv" in page


def test_links_between_numbers_are_told_in_sentences(report):
    page, _ = report()
    assert "The links join 5,012 pairs of an earlier and a later number." in page
    assert "not stand in the register of schools that was supplied (as at 2017/18)" in page
    assert "4,012 pairs carry a school\u2019s history on (conversion 4,012)" in page
    assert "1,000 do not (amalgamation 1,000)" in page
    assert "It is assumed that none of these is a sponsored academy" in page


def test_schools_of_one_authority_are_named_by_it(report):
    page, _ = report(area="850")
    assert "850_ks4final.csv: Hampshire (850)" in page
    assert "Key stage 4 is that of Hampshire (850) alone." in page


def test_files_are_said_to_be_named_final_and_not_to_be_it(report):
    page, _ = report()
    assert "All files are named final" in page
    assert "are of the final release" not in page


def test_figures_of_files_without_codes_are_not_said_to_be_unsuppressed(
    tables, project, report
):
    page, _ = report(reason="blank in the file")
    assert "stand blank in files that hold no code of suppression" in page
    assert '<td class="n">not known</td>' in page
    assert "suppressed 0.0%" not in page


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
