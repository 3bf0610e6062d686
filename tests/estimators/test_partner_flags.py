import numpy as np
import pandas as pd
import pytest

from pipeline.estimators.balance import balance
from pipeline.estimators.matched_comparison import change_on_change
from pipeline.estimators.nearest_neighbours import match_nearest
from pipeline.estimators.partner_flags import partner_flags
from pipeline.estimators.starting_point import by_starting_point


@pytest.mark.parametrize(
    "given",
    [
        [True, False],
        [1, 0],
        np.array([1.0, 0.0]),
        np.array([True, 0], dtype=object),
        pd.Series([True, False], dtype="boolean", index=[7, 3]),
        pd.Series([1, 0], dtype="Int64"),
    ],
)
def test_truth_values_and_numbers_of_0_and_1_say_who_is_a_partner(given):
    assert partner_flags(given).tolist() == [True, False]


@pytest.mark.parametrize(
    "given",
    [
        [1.0, np.nan],
        [2, 0],
        ["yes", "no"],
        [True, None],
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["yes", "no"], dtype="category"),
    ],
)
def test_what_is_no_truth_value_is_refused_and_not_taken_for_a_partner(given):
    with pytest.raises(ValueError, match="true or false"):
        partner_flags(given)


def test_no_comparison_counts_a_school_of_unknown_membership_as_a_partner():
    table = pd.DataFrame({"size": np.arange(8.0)})
    known = np.array([1, 1, 1, 0, 0, 0, 0, np.nan])
    waves = [np.arange(8.0) ** power for power in (1, 2, 3, 4)]
    for call in (
        lambda: balance(table, known),
        lambda: match_nearest(table.to_numpy(), known),
        lambda: change_on_change(waves[0], waves[1], known, np.arange(8), table),
        lambda: by_starting_point(*waves, known, np.arange(8)),
    ):
        with pytest.raises(ValueError, match="true or false"):
            call()
