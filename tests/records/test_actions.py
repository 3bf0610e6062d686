from itertools import product

import pytest

from pipeline.contracts.records import PROGRESS
from pipeline.records.actions import read_actions
from pipeline.records.bounds import Bounds

ROW = "trust-peer-review,99001,Meet,2019-02-08,{},{}"


@pytest.fixture
def read(records):
    return lambda *bounds: read_actions(records.folder, "registers", *bounds)


def test_actions_that_are_not_supplied_are_none(records, read):
    (records.folder / "actions.csv").unlink()
    assert read() is None


def test_a_question_that_was_not_asked_is_blank(records, read):
    records.rows("actions.csv", ROW.format("", ""))
    assert read().rows.iloc[0][["at_6_months", "at_12_months"]].isna().all()


@pytest.mark.parametrize(("earlier", "later"), [*product(PROGRESS, PROGRESS)])
def test_an_action_is_never_further_back_than_it_was(
    records, read, refused, earlier, later
):
    records.rows("actions.csv", ROW.format(earlier, later))
    if PROGRESS.index(later) <= PROGRESS.index(earlier):
        assert read().rows["at_12_months"].item() == later
    else:
        said = f"column at_12_months: {later!r} at 12 months, and {earlier!r} at 6"
        assert said in refused(read_actions)


def test_who_was_not_asked_at_6_months_may_be_asked_at_12(records, read):
    records.rows("actions.csv", ROW.format("", "Not  begun"))
    assert read().rows["at_12_months"].item() == "not begun"


def test_an_answer_to_a_question_that_lies_ahead_is_refused(records, read, refused):
    # 12 months after 8 February 2019 lie after the academic year 2018/19, 6 months do not.
    records.rows("actions.csv", ROW.format("begun", ""))
    assert len(read(Bounds(last_year=2019)).rows) == 1
    records.rows("actions.csv", ROW.format("begun", "done"))
    assert len(read(Bounds(last_year=2020)).rows) == 1
    said = refused(read_actions, Bounds(last_year=2019))
    assert "at_12_months: an answer at 12 months to an action of 2019-02-08" in said


def test_a_question_may_be_asked_a_month_early(records, read, refused):
    row = ROW.format("begun", "done")
    records.rows("actions.csv", row.replace("2019-02-08", "2018-09-30"))
    assert len(read(Bounds(last_year=2019)).rows) == 1
    records.rows("actions.csv", row.replace("2019-02-08", "2018-10-01"))
    assert "at 12 months" in refused(read_actions, Bounds(last_year=2019))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trust-peer-review", "", "column programme: found nothing"),
        ("99001", "", "column unit: found nothing"),
        ("Meet", "", "column action: found nothing"),
        ("2019-02-08", "spring", "column agreed: found 'spring'"),
        ("done", "yes", "column at_6_months: found 'yes'"),
    ],
)
def test_a_cell_that_is_wrong_is_refused(records, refused, old, new, said):
    records.rows("actions.csv", ROW.format("done", "").replace(old, new))
    assert f"registers/actions.csv, row 2, {said}" in refused(read_actions)


def test_an_action_that_is_told_twice_is_refused(records, refused):
    records.rows("actions.csv", ROW.format("", ""), ROW.format("done", ""))
    assert "row 3, column action: the action stands there twice" in refused(read_actions)
