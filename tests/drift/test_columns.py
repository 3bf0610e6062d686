import pandas as pd
import pytest

from pipeline.drift.columns import describe


def column(*cells, totals=()):
    return describe("X", pd.Series(cells, dtype=object), pd.Series(totals, dtype=object))


def test_numbers_are_described_by_their_spread_and_how_they_are_written():
    made = column("10.5", "20.5", "30.5", " 40.5 ", "50.5")
    assert made.kind == "numbers"
    assert made.points[0] == 10.5
    assert made.points[3] == 30.5
    assert made.points[6] == 50.5
    assert (made.decimals, made.signed, made.example) == (1, False, "30.5")


def test_a_percent_sign_is_told_by_the_numbers_that_are_not_zero():
    assert column("0", "45%", "55%").signed
    assert column("0", "45%", "55%").example == "45%"
    assert not column("0%", "45", "55").signed


def test_codes_and_blanks_are_no_numbers():
    made = column("1", "2", "SUPP", "ne", " ", "")
    assert made.codes == ("NE", "SUPP")
    assert made.held == pytest.approx(2 / 6, abs=0.001)


def test_a_word_among_numbers_is_a_code_that_nobody_knows():
    assert column("1", "2", "3", "SUPPMAT").codes == ("SUPPMAT",)


def test_among_words_a_word_is_no_code():
    # SP is a special free school, and elsewhere 'small: rounds to zero'.
    made = column("CY", "SP", "SP", "")
    assert made.kind == "words"
    assert made.words == ("CY", "SP")
    assert made.codes == ()
    assert made.held == 0.75


def test_a_column_of_codes_or_blanks_holds_nothing():
    assert column("NA", "NA", "").kind == "nothing"
    assert column().kind == "nothing"


def test_the_typical_size_leaves_out_zeros_and_signs():
    assert column("0", "0", "0", "-2", "4", "6").typical == 4


def test_nine_in_ten_numbers_set_the_decimal_places():
    assert column(*["1.5"] * 9, "1.25").decimals == 1
    assert column(*["1.5"] * 5, *["1.25"] * 5).decimals == 2


def test_rows_of_totals_are_looked_at_for_their_sign_alone():
    made = column("0.002", "0.004", totals=("0.3%",))
    assert made.points[6] == 0.004
    assert made.totals_signed is True
    assert column("1", totals=("0",)).totals_signed is None


def test_names_are_not_listed_where_there_are_many():
    assert column(*[f"School {n}" for n in range(31)]).words == ()
