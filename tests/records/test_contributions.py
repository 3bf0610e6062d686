import pytest

from pipeline.records.contributions import read_contributions

ROW = "a,pilot,A pilot,2018-09-01,2019-08-31,NFER; two trusts,https://example.org/a,Said"


@pytest.fixture
def read(records):
    return lambda: read_contributions(records.folder, "registers")


def test_contributions_that_are_not_supplied_are_none(records, read):
    (records.folder / "contributions.csv").unlink()
    assert read() is None


def test_a_contribution_is_read_as_written(records, read):
    records.rows("contributions.csv", ROW)
    row = read().rows.iloc[0]
    assert row[["id", "kind", "title", "partners", "evidence", "said"]].tolist() == [
        "a", "pilot", "A pilot", "NFER; two trusts", "https://example.org/a", "Said",
    ]  # fmt: skip
    assert (row["ended"] - row["started"]).days == 364


def test_an_entry_without_evidence_end_and_partners_is_no_fault(records, read):
    records.rows("contributions.csv", "a,role,A role,2018-09-01,,,,")
    row = read().rows.iloc[0]
    assert row[["ended", "partners", "evidence", "said"]].isna().all()


def test_one_day_is_an_end_on_the_day_of_the_start(records, read):
    records.rows("contributions.csv", "a,event,An event,2018-09-01,2018-09-01,,,")
    assert len(read().rows) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a,pilot", ",pilot", "column id: found nothing"),
        (",pilot,", ",book,", "column kind: found 'book'"),
        ("A pilot", "", "column title: found nothing"),
        ("2018-09-01", "", "column started: found nothing"),
        ("2018-09-01", "2018", "column started: found '2018'"),
        ("2019-08-31", "2018-08-31", "column ended: it ended on 2018-08-31, before it "
         "started (2018-09-01)"),
        ("2019-08-31", "ongoing", "column ended: found 'ongoing'"),
        ("https:", "http:", "column evidence: found 'http://example.org/a'"),
        ("https://example.org/a", "on request", "column evidence: found 'on request'"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_is_refused(records, refused, old, new, said):
    records.rows("contributions.csv", ROW.replace(old, new, 1))
    assert f"registers/contributions.csv, row 2, {said}" in refused(read_contributions)


def test_a_contribution_that_is_told_twice_is_refused(records, refused):
    records.rows("contributions.csv", ROW, ROW.replace("a,", "A,", 1))
    said = refused(read_contributions)
    assert "row 3, column id: the contribution stands there twice, first in row 2" in said


def test_a_title_that_is_a_formula_or_a_tag_stays_the_text_it_is(records, read):
    row = ROW.replace("A pilot", '"=HYPERLINK(""x"") <b>"')
    records.rows("contributions.csv", row)
    assert read().rows["title"].item() == '=HYPERLINK("x") <b>'
