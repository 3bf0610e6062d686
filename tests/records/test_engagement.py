import pytest

from pipeline.records.bounds import Bounds
from pipeline.records.engagement import read_engagement

ROW = "P001,900001,senior,review-led,2018-11-13,6.5,900002,trust-peer-review"


@pytest.fixture
def read(records):
    return lambda *bounds: read_engagement(records.folder, "registers", *bounds)


def test_a_part_is_read_as_written(records, read):
    (row,) = read().rows.to_dict("records")
    assert f"{row.pop('date'):%Y-%m-%d}" == "2018-11-13"
    assert row == {
        "person": "P001",
        "urn": "900001",
        "role": "senior",
        "activity": "review-led",
        "hours": 6.5,
        "host": "900002",
        "programme": "trust-peer-review",
        "row": 2,
    }
    assert [file.file for file in read().files] == ["engagement.csv", "activities.csv"]


def test_engagement_that_is_not_supplied_is_none(records, read):
    (records.folder / "engagement.csv").unlink()
    assert read() is None


def test_a_blank_host_and_a_blank_programme_are_none(records, read):
    records.rows("engagement.csv", "P001,900001,middle,Review-Led,2018-11-13,1,,")
    row = read().rows.iloc[0]
    assert row[["host", "programme"]].isna().all()
    assert row["activity"] == "review-led"


def test_one_person_keeps_one_spelling(records, read):
    records.rows("engagement.csv", ROW, ROW.replace("P001", " p001 ").replace("13", "14"))
    assert read().rows["person"].tolist() == ["P001", "P001"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("P001", "", "column person: found nothing"),
        ("900001", "9001", "column urn: found '9001'"),
        ("senior", "head", "column role: found 'head'"),
        ("review-led", "", "column activity: found nothing"),
        ("review-led", "review-leed", "column activity: found 'review-leed', which "
         "activities.csv does not list; did you mean 'review-led'?"),
        ("2018-11-13", "", "column date: found nothing"),
        ("2018-11-13", "13/11/2018", "column date: found '13/11/2018'"),
        ("6.5", "0", "column hours: found '0'"),
        ("6.5", "24.5", "column hours: found '24.5'"),
        ("900002", "Hill School", "column host: found 'Hill School'"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_is_refused(records, refused, old, new, said):
    records.rows("engagement.csv", ROW.replace(old, new, 1))
    assert f"registers/engagement.csv, row 2, {said}" in refused(read_engagement)


def test_a_part_that_is_told_twice_is_refused(records, refused):
    other = ROW.replace("senior", "middle").replace("6.5", "2").replace("P001", "p001")
    records.rows("engagement.csv", ROW, ROW.replace("11-13", "11-14"), other)
    said = refused(read_engagement)
    assert "row 4" in said
    assert "stands there twice, first in row 2" in said


def test_one_person_on_one_day_has_24_hours_in_all_rows(records, read, refused):
    parts = [ROW.replace("900002", host) for host in ("900002", "900003", "900004")]
    eights = [part.replace("6.5", "8") for part in parts]
    records.rows("engagement.csv", *eights)
    assert read().rows["hours"].sum() == 24
    records.rows("engagement.csv", *eights[:2], parts[2].replace("6.5", "8.1"))
    said = refused(read_engagement)
    assert "the rows of this person on this day add up to 24.1 hours" in said
    assert "2 further rows have such a fault: 3, 4" in said


def test_activities_have_to_be_there(records, refused):
    (records.folder / "activities.csv").unlink()
    said = refused(read_engagement)
    assert "registers/engagement.csv: it is there, and activities.csv is not" in said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("visit,A visit,trip,", "row 2, column kind: found 'trip'"),
        ("visit,,visit,", "row 2, column label: found nothing"),
        ("visit,A visit,visit,reviewer", "row 2, column counts_as: found 'reviewer'"),
        ("visit,A visit,visit,\nVisit,Again,visit,", "row 3, column activity: the activity "
         "stands there twice, first in row 2"),
    ],
)  # fmt: skip
def test_an_activity_that_is_wrong_is_refused(records, refused, row, said):
    records.rows("activities.csv", row)
    assert f"registers/activities.csv, {said}" in refused(read_engagement)


def test_a_part_after_the_last_year_is_refused_where_that_is_known(records, read, refused):
    assert len(read(Bounds(last_year=2019)).rows) == 1
    assert "no later than 2018-08-31" in refused(read_engagement, Bounds(last_year=2018))


def test_a_thousand_parts_are_read_in_the_order_of_the_file(records, read):
    rows = [ROW.replace("P001", f"P{number:04}") for number in range(1000)]
    records.rows("engagement.csv", *reversed(rows))
    found = read().rows
    assert found["row"].tolist() == list(range(2, 1002))
    assert found["person"].iloc[0] == "P0999"
