import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.drift import header
from pipeline.drift.columns import describe
from pipeline.drift.renames import LIKELY, agreement


def likely(folder, ks4_rows, **changes):
    before = folder.profile("2017-2018/england_ks4final.csv", ks4_rows(2018))
    now = folder.profile("2018-2019/england_ks4final.csv", ks4_rows(2019, **changes))
    return {m.gone: m for m in header.compare(before, now).likely}


def test_two_letters_that_changed_places_are_the_same_column(folder, ks4_rows):
    found = likely(folder, ks4_rows, ATT8SCR=None, ATT8SRC=lambda n: 31 + n)
    assert found["ATT8SCR"].new == "ATT8SRC"
    assert found["ATT8SCR"].score > LIKELY
    assert "name 0.86" in found["ATT8SCR"].why


def test_words_in_another_order_are_the_same_column(folder, ks4_rows):
    changes = {"PTL2BASICS_95": None, "95_PTL2BASICS": lambda n: f"{21 + n}%"}
    assert likely(folder, ks4_rows, **changes)["PTL2BASICS_95"].new == "95_PTL2BASICS"


def test_another_column_of_another_name_and_spread_is_no_match(folder, ks4_rows):
    changes = {"ATT8SCR": None, "TELNUM": lambda n: 2070000000 + n * n % 17}
    assert likely(folder, ks4_rows, **changes) == {}


def test_words_are_no_match_for_numbers(folder, ks4_rows):
    changes = {"ATT8SCR": None, "ATT8SRC": lambda n: f"word {n % 3}"}
    found = likely(folder, ks4_rows, **changes)
    assert not found or found["ATT8SCR"].score < 0.8


def test_a_figure_of_this_year_is_no_match_for_one_of_an_earlier_year(folder, ks4_rows):
    # P8MEA is gone, and P8MEA_17 is new: Progress 8 of two years ago.
    changes = {"P8MEA": None, "P8MEA_17": lambda n: f"{n / 15 - 1:.2f}"}
    assert "P8MEA" not in likely(folder, ks4_rows, **changes)


def test_two_renamed_columns_are_not_exchanged(folder, ks4_rows):
    changes = {
        "TPUP": None,
        "P8PUP": None,
        "TPUPS": lambda n: 100 + n,
        "P8PUPS": lambda n: 90 + n,
    }
    found = likely(folder, ks4_rows, **changes)
    assert {gone: match.new for gone, match in found.items()} == {
        "TPUP": "TPUPS",
        "P8PUP": "P8PUPS",
    }


def numbers(*cells):
    return describe("X", pd.Series(cells, dtype=object), pd.Series([], dtype=object))


def test_columns_agree_as_their_spreads_do():
    one = numbers(*map(str, range(101)))
    assert agreement(one, one) == 1.0
    assert agreement(one, numbers(*map(str, range(10, 111)))) > 0.8
    assert agreement(one, numbers(*map(str, range(1000, 1101)))) == 0.0


@settings(max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_agreement_lies_between_none_and_all(values):
    one = numbers(*(f"{value:.2f}" for value in values))
    other = numbers("1", "2", "3")
    assert 0.0 <= agreement(one, other) <= 1.0
    assert agreement(one, one) == 1.0
