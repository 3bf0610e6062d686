import pandas as pd
import pytest

from pipeline.measures.catalogue import measure
from pipeline.quality.digits import half_a_digit, published_decimals

MEASURES = {
    code: measure(stage, code)
    for stage, code in (
        ("ks4", "progress_8"),
        ("ks4", "english_maths_5"),
        ("ks2", "maths_score"),
        ("ks2", "reading_score"),
        ("ks2", "maths_progress"),
    )
}


def half(code, *values, source="a.csv"):
    rows = pd.DataFrame({"value": values, "source": source, "measure": code})
    return half_a_digit(rows, MEASURES).tolist()


def test_a_column_that_holds_one_decimal_anywhere_is_rounded_to_it():
    assert half("english_maths_5", 43.0, 50.0, 49.5) == pytest.approx([0.05] * 3)


def test_whole_percentages_are_rounded_to_whole_ones():
    assert half("english_maths_5", 43.0, 65.0) == [0.5, 0.5]


def test_a_single_figure_in_points_has_the_decimals_of_the_catalogue():
    assert half("progress_8", 0.1) == pytest.approx([0.005])


def test_many_whole_figures_in_points_are_whole():
    """Scaled scores of authorities are published as 104, those of schools too."""
    assert half("maths_score", 103, 104, 105, 106) == [0.5] * 4


def test_a_score_that_is_one_number_is_told_by_the_other_score():
    """England 2016/17: maths 104 and reading 104 and 105, all whole."""
    rows = pd.DataFrame(
        {
            "value": [104.0, 104.0, 105.0, 0.3],
            "source": ["a.csv", "a.csv", "b.csv", "a.csv"],
            "measure": ["maths_score", "reading_score", "reading_score", "maths_progress"],
        }
    )
    assert half_a_digit(rows, MEASURES).tolist() == pytest.approx([0.5, 0.5, 0.5, 0.05])


def printed(code, *values):
    rows = pd.DataFrame({"value": values, "source": "a.csv", "measure": code})
    return published_decimals(rows, MEASURES).tolist()


def test_a_whole_figure_among_tenths_is_printed_with_its_tenth():
    assert printed("english_maths_5", 37.0, 36.7) == [1, 1]


def test_two_percentages_that_are_whole_are_printed_whole():
    assert printed("english_maths_5", 43.0, 25.0) == [0, 0]


def test_a_single_figure_in_points_is_printed_as_its_measure_is():
    assert printed("progress_8", 0.0) == [2]


def test_each_file_has_its_own_digit():
    whole, tenths = [43.0, 50.0, 61.0, 70.0], [43.2, 50.0, 61.0, 70.0]
    rows = pd.DataFrame(
        {
            "value": [*whole, *tenths],
            "source": ["a.csv"] * 4 + ["b.csv"] * 4,
            "measure": "english_maths_5",
        }
    )
    found = half_a_digit(rows, MEASURES)
    assert found.tolist() == pytest.approx([0.5] * 4 + [0.05] * 4)


def test_few_whole_figures_are_told_by_the_other_files():
    rows = pd.DataFrame(
        {
            "value": [44.0, 46.7, 44.6],
            "source": ["a.csv", "b.csv", "b.csv"],
            "measure": "english_maths_5",
        }
    )
    assert half_a_digit(rows, MEASURES).tolist() == pytest.approx([0.05] * 3)


def test_a_missing_figure_needs_no_digit():
    assert half("progress_8", 0.12, None) == pytest.approx([0.005, 0.005])


def test_no_figures_have_no_digits():
    rows = pd.DataFrame({"value": [], "source": [], "measure": []})
    assert half_a_digit(rows, MEASURES).empty
