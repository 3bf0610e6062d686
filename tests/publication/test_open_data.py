"""What anyone else is given: the department's own layout, and nothing of few pupils."""

import hashlib
import json

import frictionless
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.contracts import promise
from pipeline.contracts.results import RESULTS
from pipeline.measures.catalogue import MEASURES
from pipeline.publication import open_data
from pipeline.publication.open_data import is_small, open_table, resources
from pipeline.run import locations
from pipeline.schools import link
from pipeline.sources import clean

KS4 = "2018-2019/england_ks4final.csv"


def cells(*rows):
    """Results of one school, year and measure: (group, pupils)."""
    table = pd.DataFrame(rows, columns=["group", "pupils"])
    return table.assign(urn="100001", year=2019, measure="progress_8")


def withheld(*rows):
    found = cells(*rows)
    return found.loc[is_small(found, 5), "group"].tolist()


def test_a_group_of_one_to_five_pupils_is_withheld_with_its_partner():
    rows = [("all", 90), ("disadvantaged", 5), ("others", 85)]
    assert withheld(*rows) == ["disadvantaged", "others"]


def test_a_group_of_six_pupils_is_shown():
    assert withheld(("all", 90), ("disadvantaged", 6), ("others", 84)) == []


def test_a_group_is_withheld_where_it_leaves_as_few_others():
    assert withheld(("all", 90), ("disadvantaged", 87)) == ["disadvantaged"]


def test_three_groups_of_prior_attainment_give_each_other_away():
    rows = [("all", 90), ("low_prior", 3), ("middle_prior", 47), ("high_prior", 40)]
    assert withheld(*rows) == ["low_prior", "middle_prior", "high_prior"]


def test_a_small_school_is_withheld_as_a_whole():
    assert withheld(("all", 4), ("girls", 4), ("boys", 0)) == ["all", "girls", "boys"]


def test_one_schools_few_pupils_withhold_nothing_of_another():
    table = pd.concat(
        [cells(("all", 90), ("girls", 2)), cells(("girls", 45)).assign(urn="100002")],
        ignore_index=True,
    )
    assert is_small(table, 5).tolist() == [False, True, False]


@pytest.fixture
def written(project, school, monkeypatch):
    project.download(
        KS4,
        [
            school(100001, P8MEA=0.12, P8PUP=90, P8CILOW=-0.1, P8CIUPP=0.3, ATT8SCR=50.25),
            school(100002, P8MEA="SUPP", P8PUP="SUPP", ATT8SCR="NE"),
            school(100003, P8MEA=0.5, P8PUP=4, SCHNAME="=HYPERLINK(1)"),
            school(100004, PTL2BASICS_95="43%", TPUP=90),
            school(100005, PTL2BASICS_95="65%", TPUP=90, EBACCAPS=4.0),
            school(100006, PTL2BASICS_95="50%", TPUP=90, EBACCAPS=3.85),
        ],
    )
    for name in ("ks2", "ks4", "ks5"):
        clean.write(project.clean(name), name)
    asked = project.parameters
    monkeypatch.setattr(open_data.parameters, "load", lambda: asked)
    project.link()
    open_data.write()
    path = locations.open_table("ks4")
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("school_urn")


def test_a_figure_stands_with_its_decimals_and_a_gap_with_its_symbol(written):
    assert written.loc["100001", "progress_8"] == "0.12"
    assert written.loc["100001", "progress_8_low"] == "-0.10"
    assert written.loc["100001", "progress_8_pupils"] == "90"
    assert written.loc["100002", ["progress_8", "attainment_8"]].tolist() == ["c", "z"]


def test_a_figure_is_written_with_the_decimals_it_was_published_with(written):
    """Grade 5 stands there in whole per cents, the average point score in hundredths."""
    assert written.loc["100004", "english_maths_5"] == "43"
    assert written.loc["100005", "ebacc_points"] == "4.00"
    about = pd.read_csv(locations.open_table("ks4").with_suffix(".meta.csv"))
    places = about.set_index("col_name")["indicator_dp"]
    assert (places["english_maths_5"], places["ebacc_points"]) == (0, 2)
    assert places["english_maths_5_pupils"] == 0


def test_a_number_of_entries_is_not_called_one_of_pupils():
    about = open_data._about_columns(MEASURES["ks5"], pd.Series(dtype=int))
    labels = about.set_index("col_name")["label"]
    assert labels["a_level_value_added_entries"].endswith("number of entries")
    assert "a_level_value_added_pupils" not in labels
    assert labels["a_level_points_pupils"].endswith("number of pupils")


def test_a_key_stage_without_results_has_no_empty_table(written):
    assert not locations.open_table("ks5").exists()
    assert not locations.open_table("ks5").with_suffix(".meta.csv").exists()


def test_the_package_names_its_sources_and_how_long_each_table_is(written):
    package = json.loads(locations.data_package().read_text())
    assert any(KS4 in source["title"] for source in package["sources"])
    for resource in package["resources"]:
        content = (locations.data_package().parent / resource["path"]).read_bytes()
        if resource["format"] == "csv":
            assert resource["bytes"] == len(content)
        assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()


def test_every_table_of_the_stage_link_is_in_the_package(written):
    package = json.loads(locations.data_package().read_text())
    paths = {resource["path"] for resource in package["resources"]}
    assert {f"schools/{name}.parquet" for name in link.TABLES} <= paths


def test_a_published_figure_of_four_pupils_is_withheld(written):
    row = written.loc["100003", ["progress_8", "progress_8_pupils"]]
    assert row.tolist() == ["c", "c"]


def test_a_name_that_a_spreadsheet_would_run_is_text(written):
    assert written.loc["100003", "school_name"] == "'=HYPERLINK(1)"


def test_the_year_is_written_as_the_department_does(written):
    assert set(written["time_period"]) == {"201819"}


def test_the_second_file_names_every_column_that_is_no_identifier(written):
    about = pd.read_csv(locations.open_table("ks4").with_suffix(".meta.csv"))
    known = {"school_urn", *written.columns} - set(open_data._IDENTIFIERS)
    assert set(about["col_name"]) == known
    assert set(about["col_type"]) == {"Filter", "Indicator"}


def test_the_package_is_valid_and_its_open_tables_are_what_it_says(written):
    package = frictionless.Package(str(locations.data_package()))
    assert package.to_descriptor()["name"] == "partnership-evaluation-results"
    opened = [r for r in package.resources if r.name.endswith("-open")]
    assert [r.name for r in opened] == ["ks4-open"]
    for resource in opened:
        report = frictionless.validate(resource)
        assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])


def test_every_table_of_the_package_is_valid_to_frictionless(written):
    """Days, blank authorities of England's rows, and all: not the open tables alone."""
    report = frictionless.validate(str(locations.data_package()))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


def test_the_schema_says_which_columns_hold_days(written):
    package = json.loads(locations.data_package().read_text())
    kinds = {
        (r["name"], f["name"]): f["type"]
        for r in package["resources"]
        for f in r["schema"]["fields"]
    }
    assert kinds["establishments", "opened"] == "datetime"
    assert kinds["trust-spells", "joined"] == "datetime"
    assert kinds["inspections", "known_at"] == "datetime"


def test_every_table_of_the_package_is_there_with_the_columns_it_says(written):
    package = json.loads(locations.data_package().read_text())
    described = {r["name"]: r for r in package["resources"]}
    for name, held in resources().items():
        path = locations.data_package().parent / held.path
        said = [field["name"] for field in described[name]["schema"]["fields"]]
        assert pq.read_schema(path).names == said, name


def test_the_schema_says_what_the_contract_checks(written):
    package = json.loads(locations.data_package().read_text())
    (results,) = [r for r in package["resources"] if r["name"] == "ks4-results"]
    fields = {f["name"]: f for f in results["schema"]["fields"]}
    assert fields["urn"]["constraints"]["pattern"] == "^[0-9]{6}$"
    assert fields["value"]["type"] == "number"
    assert "girls" in fields["group"]["constraints"]["enum"]
    assert results["schema"]["primaryKey"] == list(RESULTS.unique)


def test_the_schema_says_in_words_what_every_column_holds(written):
    package = json.loads(locations.data_package().read_text())
    fields = [field for r in package["resources"] for field in r["schema"]["fields"]]
    assert not [field["name"] for field in fields if not field["description"].strip()]


def test_withheld_cells_are_counted(written):
    assert open_table("ks4", suppress_up_to=5).withheld == 1
    assert promise.read(locations.results("ks4"), RESULTS)["value"].notna().sum() == 8
