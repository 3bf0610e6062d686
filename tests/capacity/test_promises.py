"""What a table of answers must never hold."""

import pytest

from pipeline.capacity.tidy_rows import as_promised, bounds, cannot, count, share
from pipeline.contracts.capacity import REVIEWERS
from pipeline.contracts.promise import BrokenPromise

KEYS = {"year": 2019, "quantity": "reviews led"}


def test_a_count_of_things_may_be_small():
    assert len(as_promised([KEYS | count("reviews", 1)], REVIEWERS)) == 1


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (count("reviewers", 3), "no numerator of few persons"),
        (share("reviews", 9, "reviewers", 3), "no denominator of few persons"),
        (
            share("reviewers", 17, "reviewers", 20),
            "no few persons left over by subtraction",
        ),
        (count("reviews", 9) | {"value": None}, "a value where one is shown"),
        (cannot("why") | {"said": None}, "words that say why there is no value"),
        (cannot("why") | {"numerator": 9}, "no numerator where nothing is shown"),
        (
            share("reviews", 9, "reviews", 10) | {"value": 0.8},
            "numerator over denominator",
        ),
        (
            share("reviews", 9, "reviews", 10) | {"low": 0.95, "high": 1.0},
            "a value inside its interval",
        ),
        (count("reviews", 9) | {"low": 8.0}, "both ends of an interval or none"),
        (
            bounds("reviews", 9, "reviews", 0.8, 0.7, "why"),
            "an interval with its lower end first",
        ),
    ],
)
def test_a_row_that_breaks_its_promise_is_refused(row, rule):
    with pytest.raises(BrokenPromise, match=rule):
        as_promised([KEYS | row], REVIEWERS)


def test_nothing_to_divide_by_is_undefined_and_said():
    row = share("leads", 0, "reviewers", 0)
    assert row["status"] == "not possible"
    assert row["said"] == "there are no reviewers to take a share of"
