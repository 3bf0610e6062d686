from functools import partial

import numpy as np
import pandas as pd
import pytest

from pipeline.challenges.leave_one_out import leave_one_out
from pipeline.estimators.gap_to_rest import gap_to_rest


def gap(table, *, by="value"):
    """The real estimator as a function of a table."""
    found = gap_to_rest(
        table[by].to_numpy(float),
        np.ones(len(table)),
        table["is_partner"].to_numpy(),
        table["trust"].to_numpy(object),
    )
    return found.gap


def schools(**trusts):
    """Partner trusts by name, and two schools of the rest with the value 0."""
    rows = [(name, v, True) for name, values in trusts.items() for v in values]
    rows += [("x", 0.0, False), ("y", 0.0, False)]
    return pd.DataFrame(rows, columns=["trust", "value", "is_partner"])


def test_a_gap_that_is_one_trusts_is_found_out():
    # Mean of -1, -1 and 8 is 2; without "star" it is -1, without either other 3.5.
    found = leave_one_out(schools(low=[-1], star=[8], weak=[-1]), gap)
    assert found.estimate == pytest.approx(2)
    assert [(one.group, one.rows) for one in found.without] == [
        ("low", 1), ("star", 1), ("weak", 1)
    ]  # fmt: skip
    assert [one.estimate for one in found.without] == pytest.approx([3.5, -1, 3.5])
    assert [one.change for one in found.without] == pytest.approx([1.5, -3, 1.5])
    assert found.most_influential == "star"
    assert found.sign_changes == ("star",)
    assert (found.lowest, found.highest) == pytest.approx((-1, 3.5))


def test_the_changes_are_those_of_a_jackknife_by_hand():
    rng = np.random.default_rng(1)
    table = schools(**{name: rng.normal(size=3) for name in "abcdef"})
    own = table[table["is_partner"]]
    found = leave_one_out(table, gap)
    for one in found.without:
        expected = own.loc[own["trust"] != one.group, "value"].mean()
        assert one.estimate == pytest.approx(expected)
    assert found.sign_changes == tuple(
        one.group for one in found.without if one.estimate * found.estimate <= 0
    )


def test_every_year_of_a_trust_goes_with_it():
    table = pd.concat([schools(a=[1], b=[2]).assign(year=year) for year in (2018, 2019)])
    assert {one.rows for one in leave_one_out(table, gap).without} == {2}


def test_all_groups_can_be_left_out():
    found = leave_one_out(schools(a=[1], b=[2]), gap, member=None)
    assert [one.group for one in found.without] == ["a", "b", "x", "y"]


def test_an_estimator_that_refuses_is_reported_with_its_reason():
    def only_with_a(table):
        if "a" not in set(table["trust"]):
            raise ValueError("trust a is needed")
        return gap(table)

    found = leave_one_out(schools(a=[1], b=[2]), only_with_a)
    assert found.not_estimated == ("a",)
    assert found.without[0].why == "trust a is needed"
    assert (found.without[0].estimate, found.without[0].change) == (None, None)
    assert found.most_influential == "b"


def test_the_order_of_rows_does_not_matter():
    table = schools(a=[1, 2], b=[5], c=[0, 1])
    turned, found = leave_one_out(table[::-1], gap), leave_one_out(table, gap)
    assert [(one.group, one.rows) for one in turned.without] == [
        (one.group, one.rows) for one in found.without
    ]
    assert [one.estimate for one in turned.without] == pytest.approx(
        [one.estimate for one in found.without]
    )
    assert turned.most_influential == found.most_influential


def test_two_processes_give_what_one_gives():
    table = schools(a=[1, 2], b=[5], c=[0, 1])
    estimator = partial(gap_of_column, by="value")
    assert leave_one_out(table, estimator, workers=2) == leave_one_out(table, estimator)


def gap_of_column(table, *, by):
    own = table["is_partner"].to_numpy()
    return table[by].to_numpy()[own].mean() - table[by].to_numpy()[~own].mean()


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (schools(a=[1]), "1 groups to leave out"),
        (schools(a=[1], b=[1]).drop(columns="trust"), "no column trust"),
        (schools(a=[1], b=[1]).assign(trust=["a", "b", None, "y"]), "1 rows have no trust"),
        (schools(a=[np.nan], b=[1]), "1 schools have no value"),
    ],
)
def test_what_has_nothing_to_leave_out_is_refused(table, sentence):
    with pytest.raises(ValueError, match=sentence):
        leave_one_out(table, gap)


def test_an_estimate_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not a finite number"):
        leave_one_out(schools(a=[1], b=[1]), lambda table: float("nan"))
    with pytest.raises(ValueError, match="at least one worker"):
        leave_one_out(schools(a=[1], b=[1]), gap, workers=0)
