import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.quality import WITHHELD
from pipeline.quality.back_test import back_test
from pipeline.quality.disclosure import (
    ALL_OF_THEM,
    MORE,
    are_too_few,
    coverage_in_steps,
    too_few,
)

AUTHORITY = "local authority"
OURS = [
    "recomputed",
    "difference",
    "rounding",
    "coverage",
    "possible_low",
    "possible_high",
    "rest_would_hold",
    "schools",
]


def judged(tables, up_to=5):
    return back_test(tables.write().published(), suppress_pupils_up_to=up_to)


@pytest.mark.parametrize("pupils", [1, 2, 3, 4, 5])
def test_one_to_five_pupils_are_too_few(pupils):
    assert too_few([pupils, 1000], up_to=5)
    assert are_too_few(pd.Series([pupils, 1000]), up_to=5).tolist() == [True, False]


@pytest.mark.parametrize("pupils", [0, 6, None])
def test_none_at_all_and_six_are_not(pupils):
    assert not too_few([pupils, 1000], up_to=5)
    assert not are_too_few(pd.Series([pupils], dtype="Int64"), up_to=5).any()


class TestATotalBesideItsSchools:
    @pytest.mark.parametrize(
        ("published", "withheld"), [(201, True), (205, True), (206, False), (200, False)]
    )
    def test_is_withheld_where_few_pupils_are_left_over(self, tables, published, withheld):
        made = tables().school(0.15, 100).school(0.25, 100)
        (row,) = judged(made.total(0.2, published)).to_dict("records")
        assert (row["verdict"] == WITHHELD) == withheld
        assert pd.isna([row[name] for name in OURS]).all() == withheld

    def test_is_withheld_at_the_threshold_that_is_asked_for(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100).total(0.2, 209)
        assert judged(made, up_to=10)["verdict"].tolist() == [WITHHELD]
        assert judged(made, up_to=5)["verdict"].tolist() != [WITHHELD]

    def test_takes_the_other_group_with_it(self, tables):
        """200 disadvantaged pupils less 197 leave three; all less others would too."""
        made = tables().school(0.15, 300).school(0.25, 300)
        made.school(0.11, 197, group="disadvantaged", urn="100001")
        made.school(0.21, 400, group="others", urn="100001")
        made.total(0.2, 600).total(0.11, 200, group="disadvantaged")
        made.total(0.21, 400, group="others")
        found = judged(made).set_index("group")["verdict"]
        assert found["disadvantaged"] == found["others"] == WITHHELD
        assert found["all"] != WITHHELD

    def test_is_withheld_where_it_would_tell_of_one_suppressed_school(self, tables):
        """Two decimals of 110 pupils leave the ten of that school known to 0.11."""
        made = tables().school(-1.05, 50).school(1.25, 50).school(None, 10)
        (row,) = judged(made.total(0.1, 110, record=AUTHORITY)).to_dict("records")
        assert row["verdict"] == WITHHELD

    def test_but_not_where_two_are_suppressed(self, tables):
        made = tables().school(-1.05, 50).school(1.25, 50).school(None, 10).school(None, 9)
        (row,) = judged(made.total(0.1, 119, record=AUTHORITY)).to_dict("records")
        assert row["verdict"] != WITHHELD

    def test_nor_where_rounding_hides_it(self, tables):
        """Of 10,010 pupils the ten are known to 0.005 * 10,010 / 10, or 5 points."""
        made = tables().school(-1.05, 5000).school(1.25, 5000).school(None, 10)
        (row,) = judged(made.total(0.1, 10010, record=AUTHORITY)).to_dict("records")
        assert row["verdict"] != WITHHELD

    def test_of_all_schools_is_withheld_where_few_are_not_state_funded(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100).school(1.5, 4, kind="IND")
        made.total(0.2, 220).total(0.23, 224, record="national, all schools")
        assert set(judged(made)["verdict"]) == {WITHHELD}

    def test_of_an_authority_says_nothing_of_the_pupils_left_over(self, tables):
        made = tables().school(0.15, 1000).school(0.25, 1000)
        made.school(None, None).school(None, None)
        (row,) = judged(made.total(0.1, 2100, record=AUTHORITY)).to_dict("records")
        assert row["coverage"] == "95%"
        hidden = ["possible_low", "possible_high", "rest_would_hold", "schools"]
        assert pd.isna([row[name] for name in hidden]).all()


class TestCoverageInSteps:
    @pytest.mark.parametrize(
        ("used", "published", "said"),
        [
            (99, 100, None),  # even ten per cent would be ten pupils
            (900, 1000, "90%"),
            (999, 1000, "90%"),
            (1980, 2000, "99%"),
            (501102, 512929, "97.6%"),
            (100, 100, ALL_OF_THEM),
            (101, 100, MORE),
            (float("nan"), 100, None),
            (100, float("nan"), None),
            (0, 0, ALL_OF_THEM),
        ],
    )
    def test_is_rounded_down_to_a_step(self, used, published, said):
        if published == 0:
            said = None
        assert coverage_in_steps(used, published, up_to=5) == said

    @given(st.integers(1, 700_000), st.integers(0, 700_000), st.integers(5, 100))
    def test_never_tells_the_pupils_left_over_to_within_a_few(self, published, used, up_to):
        """All counts that give the same words span more than the threshold."""
        said = coverage_in_steps(used, published, up_to=up_to)
        if said in (None, ALL_OF_THEM, MORE):
            return
        step = 0.1 if "." in said else 1.0 if published >= 400 * up_to else 10.0
        others = np.array([used - 2 * up_to, used + 2 * up_to])
        near = [
            coverage_in_steps(int(other), published, up_to=up_to)
            for other in others.clip(0, published - 1)
        ]
        assert step * published / 100 >= 4 * up_to
        assert said in near
