import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from pipeline.estimators.equivalence import equivalence


def test_it_is_statsmodels_test_where_values_are_independent():
    rng = np.random.default_rng(1)
    ours, rest = rng.normal(0.02, 1, 400), rng.normal(0, 1, 500)
    both = CompareMeans(DescrStatsW(ours), DescrStatsW(rest))
    p, tests = both.ttost_ind(-0.2, 0.2, usevar="pooled")
    pooled = both.std_meandiff_pooledvar
    found = equivalence(ours.mean() - rest.mean(), pooled, 898, margin=0.2)
    assert found.p_value == pytest.approx(p, abs=1e-12)
    assert [found.p_not_below, found.p_not_above] == pytest.approx(
        [one[1] for one in tests], abs=1e-12
    )
    assert found.equivalent


def test_the_ninety_percent_interval_decides():
    # Normal, error 1: the estimate 0 has the 90% interval -1.645 to 1.645.
    narrow, wide = (equivalence(0.0, 1.0, math.inf, margin=m) for m in (1.644, 1.645))
    assert not narrow.equivalent
    assert wide.equivalent
    assert (wide.low, wide.high) == pytest.approx((-1.644854, 1.644854), abs=1e-6)
    assert wide.smallest_margin == pytest.approx(1.644854, abs=1e-6)


def test_a_difference_not_found_is_not_a_difference_shown_to_be_small():
    found = equivalence(0.01, 0.10, 30)  # nowhere near significant, and wide
    assert not found.equivalent
    assert not found.non_inferior


def test_clearly_better_is_not_inferior_and_not_equivalent():
    found = equivalence(0.5, 0.05, 100)
    assert found.non_inferior
    assert not found.equivalent


def test_the_margin_is_in_pupil_standard_deviations():
    assert equivalence(0.0, 1.0, 10, pupil_sd=1.4).margin == pytest.approx(0.07)
    assert equivalence(0.0, 1.0, 10).margin == pytest.approx(0.05)


@settings(max_examples=30)
@given(
    st.floats(-2, 2), st.floats(0.01, 2), st.integers(1, 100), st.sampled_from([0.1, 7.0])
)
def test_the_interval_the_test_and_the_unit_agree(estimate, error, freedom, unit):
    found = equivalence(estimate, error, freedom, margin=0.5)
    inside = found.low > -0.5 and found.high < 0.5
    assert found.equivalent == inside
    assert found.non_inferior == (found.low > -0.5)
    # Just beyond the smallest margin it would have been shown, just within not.
    for nudge, shown in ((1.0001, True), (0.9999, False)):
        margin = found.smallest_margin * nudge
        assert equivalence(estimate, error, freedom, margin=margin).equivalent == shown
    other = equivalence(estimate * unit, error * unit, freedom, margin=0.5, pupil_sd=unit)
    assert other.p_value == pytest.approx(found.p_value, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ((math.nan, 1, 5), "estimate must be a finite number"),
        ((0, 0, 5), "positive standard error"),
        ((0, math.inf, 5), "positive standard error"),
        ((0, 1, 0), "positive degrees of freedom"),
    ],
)
def test_what_is_no_estimate_is_refused(given_, sentence):
    with pytest.raises(ValueError, match=sentence):
        equivalence(*given_)


@pytest.mark.parametrize(
    "wrong", [{"margin": 0.0}, {"pupil_sd": -1.0}, {"margin": math.nan}]
)
def test_a_margin_that_is_not_positive_is_refused(wrong):
    with pytest.raises(ValueError, match="positive margin and SD"):
        equivalence(0.0, 1.0, 5, **wrong)
    with pytest.raises(ValueError, match="significance between 0 and 0.5"):
        equivalence(0.0, 1.0, 5, significance=0.5)
