"""Ofsted's outcomes at 31 July 2018, against the file read plainly and the register."""

from datetime import date

import openpyxl
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.establishments import INSPECTIONS
from pipeline.sources import inspections, workbook

FILE = "england_ofsted-schools.xlsx"
GRADES = {1: 4_498, 2: 14_114, 3: 2_338, 4: 789}


@pytest.fixture(scope="module")
def found(shared_data):
    return inspections.read(shared_data / "ofsted", "ofsted")


@pytest.fixture(scope="module")
def rows(shared_data):
    """The sheet read by another library, without the pipeline's own code."""
    sheet = openpyxl.load_workbook(shared_data / "ofsted" / FILE, read_only=True).active
    return list(sheet.iter_rows(min_row=2, values_only=True))


def test_every_school_has_its_grade_and_its_dates(found, rows):
    promise.check(found.table, INSPECTIONS)
    table = found.table.set_index("urn")
    assert len(table) == len(rows) == 21_739
    for urn, _, _, inspected, published, grade, _ in rows:
        ours = table.loc[str(urn)]
        assert (ours["inspected"], ours["published"]) == (inspected, published)
        assert ours["overall_effectiveness"] == grade


def test_the_date_of_the_file_is_that_of_its_sheet(found):
    assert found.inventory["newest"] == "2018-07-31"
    assert set(found.table["known_at"]) == {pd.Timestamp(2018, 7, 31)}


def test_grades_are_counted_as_the_sheet_has_them(found):
    known = inspections.as_at(found.table, date(2018, 7, 31))
    assert known["overall_effectiveness"].value_counts().to_dict() == GRADES


def test_one_file_tells_little_of_earlier_days_and_only_of_some_schools(found):
    """Grades known at the start of 2010 are those of schools never inspected again."""
    early = inspections.as_at(found.table, date(2010, 1, 1))
    assert len(early) == 21_739
    assert early["overall_effectiveness"].value_counts().to_dict() == {1: 1_149}
    assert (early["reason"] == inspections.NOT_TOLD).sum() == 21_739 - 1_149


def test_dates_are_last_days_of_inspections(found):
    """Inspections of two days begin on Monday and end on Friday more often than not."""
    days = found.table["inspected"].dt.day_name().value_counts()
    assert days["Monday"] == 87
    assert days["Friday"] == 2_411


def test_new_academies_stand_there_with_the_grade_of_their_predecessor(found, shared_data):
    spine = workbook.read(shared_data / "gias" / "2017-2018_england_spine.xlsx", "spine")
    opened = pd.to_datetime(spine.cells.set_index("URN")["OPENDATE"], errors="coerce")
    table = found.table.assign(opened=found.table["urn"].map(opened))
    known = table.dropna(subset=["opened"])
    assert len(known) == 773
    assert (known["inspected"] < known["opened"]).sum() == 772
