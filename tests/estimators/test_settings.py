"""Settings that no estimator can work with are refused by name."""

import numpy as np
import pytest

from pipeline.estimators.settings import (
    column_names,
    finite_number,
    share_of_one,
    whole_number,
)


def test_whole_numbers_may_be_of_python_or_of_numpy():
    assert whole_number(5, "draws") == 5
    assert whole_number(np.int32(5), "draws") == 5


@pytest.mark.parametrize("given", [9.5, 9.0, "9", None, True, -1])
def test_what_is_no_whole_number_is_refused_with_the_name_of_the_setting(given):
    with pytest.raises(ValueError, match="draws: a whole number from 0 expected"):
        whole_number(given, "draws")


@pytest.mark.parametrize("given", [None, "1", np.nan, np.inf, True])
def test_what_is_no_finite_number_is_refused(given):
    with pytest.raises(ValueError, match="anticipation: a"):
        finite_number(given, "anticipation")


@pytest.mark.parametrize("given", [0, 1, 95, np.nan, None])
def test_a_level_lies_between_nought_and_one(given):
    with pytest.raises(ValueError, match="level: a"):
        share_of_one(given, "level")


def test_one_text_is_one_column_and_not_its_letters():
    assert column_names("ab", "covariates") == ("ab",)
    assert column_names(["a", "b"], "covariates") == ("a", "b")


@pytest.mark.parametrize("given", [None, 3, ["a", 3], ["a", "a"]])
def test_what_names_no_columns_is_refused(given):
    with pytest.raises(ValueError, match="covariates: "):
        column_names(given, "covariates")
