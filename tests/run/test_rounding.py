import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.run.rounding import round_floats, round_tree, rounded


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1 / 3, 0.3333333333),
        (-200 / 3, -66.66666667),
        (123456789012.0, 123456789000.0),
        (0.1 + 0.2, 0.3),
        (0.0, 0.0),
        (math.inf, math.inf),
    ],
)
def test_ten_significant_digits_are_kept(number, written):
    assert rounded(number) == written


def test_not_a_number_stays_not_a_number():
    assert math.isnan(rounded(math.nan))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_twice_is_rounding_once(number):
    assert rounded(rounded(number)) == rounded(number)


@given(st.floats(1e-3, 1e6))
def test_the_last_digits_of_two_machines_do_not_show(number):
    assert rounded(number) == pytest.approx(number, rel=1e-9)


def test_only_columns_of_floats_are_rounded():
    table = pd.DataFrame({"a": [1 / 3, np.nan], "n": [10**12 + 1, 2], "t": ["x", "y"]})
    found = round_floats(table)
    assert found["a"][0] == 0.3333333333
    assert math.isnan(found["a"][1])
    assert found["n"].tolist() == [10**12 + 1, 2]


def test_a_tree_is_rounded_to_what_json_can_hold():
    tree = {"a": [1 / 3, math.nan, math.inf], "b": ({"c": np.float64(2 / 3)},), "n": 7}
    found = round_tree(tree)
    assert found == {"a": [0.3333333333, None, None], "b": [{"c": 0.6666666667}], "n": 7}
    assert json.loads(json.dumps(found, allow_nan=False)) == found
