"""Census, absence, inspections and the new layout are the government's in form."""

from datetime import datetime

import numpy as np
import pytest

from pipeline.england import context, ees_tables, establishments, ofsted, tables
from pipeline.sources import absence, census, inspections, performance_tables
from tests.england.published import england, number, school_rows, table, text_of


@pytest.fixture(scope="module")
def files():
    return {(year, name): content for year, name, content in context.downloads(england())}


@pytest.fixture(scope="module")
def outcomes():
    listed = establishments.draw(england())
    return {snapshot.day.year: content for snapshot, content in outcomes_of(listed)}


def outcomes_of(listed):
    return ofsted.outcomes(england(), listed)


def test_a_percent_sign_and_a_misspelled_column_come_with_the_later_census(files):
    early, late = table(files[2019, "census"]), table(files[2024, "census"])
    assert not early[0]["PNORG"].endswith("%") and late[0]["PNORG"].endswith("%")
    assert "PNUMUNCFL" in early[0] and "PNUMUNCLF" in late[0]
    assert "NORFSMEVER" in late[0] and "NORFSMEVER" not in early[0]


def test_shares_of_the_census_follow_from_its_numbers(files):
    for row in table(files[2019, "census"]):
        girls, roll = number(row["NORG"]), number(row["NOR"])
        assert number(row["PNORG"]) == pytest.approx(100 * girls / roll, abs=0.051)
        assert girls + number(row["NORB"]) == roll


def test_totals_of_the_census_are_the_sums_of_its_schools(files):
    rows = table(files[2019, "census"])
    kinds = ("State-funded primary", "State-funded secondary")
    for kind in kinds:
        own = [number(r["NOR"]) for r in rows if r["SCHOOLTYPE"] == kind]
        assert rows and sum(own[:-1]) == own[-1]


def test_census_and_absence_use_the_numbers_of_their_year(files):
    for name in ("census", "abs"):
        urns = {row["URN"] for row in table(files[2019, name])}
        for key_stage in ("ks2", "ks4"):
            state = {
                row["URN"]
                for row in school_rows(key_stage, 2019)
                if row["NFTYPE"].strip() not in ("IND", "INDSPEC", "NMSS")
            }
            assert state <= urns


def test_persistent_absence_of_few_pupils_is_suppressed(files):
    cells = [row["PPERSABS10"] for row in table(files[2019, "abs"])]
    assert 0 < cells.count("SUPP") < len(cells) / 5


def test_absence_is_higher_since_the_pandemic_and_missing_in_it(files):
    means = {
        year: np.mean([number(r["PERCTOT"]) for r in table(files[year, "abs"])])
        for year in context.ABSENCE_YEARS
    }
    assert means[2023] > 1.2 * means[2019]
    assert (2020, "abs") not in files and (2020, "census") in files


def test_the_readers_take_census_and_absence(files, tmp_path):
    for (year, name), content in files.items():
        path = tmp_path / f"{year - 1}-{year}/england_{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    years = range(2016, 2025)
    about = census.read(tmp_path, "context", years)
    assert all(not entry["disagreeing"] for entry in about.inventory["files"])
    assert len(absence.read(tmp_path, "context", years).table) > 1000


def test_no_grade_is_of_an_inspection_after_grades_ended(outcomes):
    for row in table(outcomes[2024]):
        if row["OVERALL EFFECTIVENESS"] != "NULL":
            day = datetime.strptime(row["INSPECTION START DATE"], "%d/%m/%Y").date()
            assert day < ofsted.END_OF_GRADES and day.month != 8


def test_the_word_for_a_graded_inspection_changed(outcomes):
    early, late = (text_of(outcomes[year]).splitlines()[0] for year in (2019, 2024))
    assert "latest full inspection" in early and "latest graded inspection" in late
    assert "graded" not in early


def test_grades_are_spread_as_real_ones(outcomes):
    rows = table(outcomes[2024])
    grades = [
        row["OVERALL EFFECTIVENESS"] for row in rows if row["OFSTED PHASE"] == "Primary"
    ]
    share = {g: grades.count(g) / len(grades) for g in "1234"}
    # The real file of 2018: 18%, 69%, 10% and 3%.
    assert share["2"] == pytest.approx(0.67, abs=0.12)
    assert share["1"] > share["3"] > share["4"]


def test_an_academy_keeps_the_grade_of_its_former_number(outcomes):
    older = [
        row
        for row in table(outcomes[2019])
        if row["URN AT TIME OF LATEST FULL INSPECTION"] not in ("NULL", row["URN"])
    ]
    assert older
    question = "DOES THE LATEST FULL INSPECTION RELATE TO THE URN OF THE CURRENT SCHOOL?"
    assert {row[question] for row in older} == {"No"}


def test_the_reader_takes_the_outcomes(tmp_path):
    listed = establishments.draw(england())
    for snapshot, content in outcomes_of(listed):
        (tmp_path / snapshot.name).write_bytes(content)
    found = inspections.read(tmp_path, "ofsted")
    assert found.table["overall_effectiveness"].notna().sum() > 200


def test_the_new_layout_holds_the_figures_of_the_old_one(tmp_path):
    old = dict(tables.download(england(), "ks4"))[ees_tables.YEAR]
    layouts = {
        "old": {"england_ks4final.csv": old},
        "new": ees_tables.key_stage_4(england()),
    }
    read = {}
    for name, made in layouts.items():
        folder = tmp_path / name / "2023-2024"
        folder.mkdir(parents=True)
        for file, content in made.items():
            (folder / file).write_bytes(content)
        (found,) = performance_tables.find(tmp_path / name, name)
        key = ["urn", "measure", "group"]
        read[name] = performance_tables.read(found).results.set_index(key)
    both = read["new"].index
    for column in ("value", "pupils", "low", "high"):
        old_one, new_one = (read[name].loc[both, column] for name in ("old", "new"))
        assert new_one.equals(old_one)
    # What the new one lacks are rows of schools without a cohort.
    left = read["old"].drop(both)
    assert left["value"].isna().all()
