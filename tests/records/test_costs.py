import pytest

from pipeline.records.costs import read_costs

ROW = "trust-peer-review,2018,Fee,trust,1500"


@pytest.fixture
def read(records):
    return lambda: read_costs(records.folder, "registers")


def test_costs_that_are_not_supplied_are_none(records, read):
    (records.folder / "costs.csv").unlink()
    assert read() is None


def test_a_cost_is_a_number_of_pounds(records, read):
    records.rows("costs.csv", ROW, 'trust-peer-review,,Travel,school,"£1,250.50"')
    assert read().rows["pounds"].tolist() == [1500, 1250.5]
    assert read().rows["cohort"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trust-peer-review", "", "column programme: found nothing"),
        ("Fee", "", "column item: found nothing"),
        (",trust,", ",head,", "column per: found 'head'"),
        ("1500", "", "column pounds: found nothing"),
        ("1500", "-1500", "column pounds: found '-1500'"),
        ("1500", "about 1500", "column pounds: found 'about 1500'"),
    ],
)
def test_a_cell_that_is_wrong_is_refused(records, refused, old, new, said):
    records.rows("costs.csv", ROW.replace(old, new))
    assert f"registers/costs.csv, row 2, {said}" in refused(read_costs)


def test_an_item_that_is_told_twice_is_refused(records, refused):
    records.rows("costs.csv", ROW, ROW.replace("Fee", "FEE").replace("1500", "1600"))
    assert "row 3, column item: the item stands there twice" in refused(read_costs)


def test_an_item_is_of_every_cohort_or_of_each(records, read, refused):
    second, every = ROW.replace("2018", "2019"), ROW.replace("2018", "")
    records.rows("costs.csv", ROW, second)
    assert len(read().rows) == 2
    records.rows("costs.csv", ROW, every)
    assert "row 3, column cohort: the item stands there for every cohort" in refused(
        read_costs
    )
    # What a trust pays and what a school pays are two items, whatever their name.
    records.rows("costs.csv", ROW, every.replace(",trust,", ",school,"))
    assert len(read().rows) == 2
