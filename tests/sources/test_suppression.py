import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources import suppression
from pipeline.sources.suppression import BLANK, REASONS


def parse_one(cell):
    parsed = suppression.parse(pd.Series([cell]))
    return parsed.value[0], parsed.reason[0], bool(parsed.unreadable[0])


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("45", 45.0),
        ("45%", 45.0),
        ("45.4%", 45.4),
        ("45 %", 45.0),
        ("  45.4% ", 45.4),
        ("\xa07\xa0", 7.0),
        ("-0.03", -0.03),
        ("+1.5", 1.5),
        ("0", 0.0),
        ("0%", 0.0),
        (".5", 0.5),
        ("5.", 5.0),
    ],
)
def test_a_number_is_read_with_its_padding_and_percent_sign(cell, number):
    value, reason, unreadable = parse_one(cell)
    assert value == number
    assert reason is None
    assert not unreadable


@pytest.mark.parametrize(
    "cell",
    ["nan", "NaN", "inf", "-inf", "1_000", "1e3", "1,000", "--5", "-", ".", "%", "5%%",
     "six", "٤٥", "0x10", "1 000", "N/A", "None"],
)  # fmt: skip
def test_what_no_table_may_hold_is_no_number(cell):
    value, reason, unreadable = parse_one(cell)
    assert pd.isna(value)
    assert reason is None
    assert unreadable


@pytest.mark.parametrize("code", sorted(REASONS))
@pytest.mark.parametrize("written", [str, str.lower, lambda code: f"  {code} "])
def test_a_code_becomes_a_reason_and_never_a_number(code, written):
    value, reason, unreadable = parse_one(written(code))
    assert pd.isna(value)
    assert reason == REASONS[code]
    assert not unreadable


def test_na_is_a_code_and_not_a_gap():
    assert parse_one("NA")[1] == "not applicable"


@pytest.mark.parametrize("cell", ["", "   ", None, float("nan")])
def test_an_empty_cell_says_that_it_is_blank(cell):
    value, reason, unreadable = parse_one(cell)
    assert pd.isna(value)
    assert (reason, unreadable) == (BLANK, False)


def test_rows_keep_their_place():
    parsed = suppression.parse(pd.Series(["1", "SUPP", "1", ""], index=[5, 3, 9, 2]))
    assert parsed.value[[5, 9]].tolist() == [1.0, 1.0]
    assert parsed.reason[3] == "suppressed: few pupils, or to protect such a figure"
    assert parsed.reason[2] == BLANK


def test_a_column_without_rows_is_no_trouble():
    assert suppression.parse(pd.Series([], dtype=object)).value.empty


@given(
    st.lists(st.one_of(st.sampled_from([*REASONS, "", "12", "3%"]), st.text(max_size=6)))
)
def test_every_cell_is_exactly_one_of_number_reason_and_unreadable(cells):
    parsed = suppression.parse(pd.Series(cells, dtype=object))
    kinds = (
        parsed.value.notna().astype(int)
        + parsed.reason.notna().astype(int)
        + parsed.unreadable.astype(int)
    )
    assert (kinds == 1).all()


@given(st.decimals(min_value=-9999, max_value=9999, places=3))
def test_a_published_decimal_comes_back_as_the_same_number(decimal):
    assert parse_one(str(decimal))[0] == float(decimal)
