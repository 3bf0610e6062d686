import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.estimators.power import (
    design_effect,
    detectable_after,
    detectable_before,
    power_gate,
    power_to_detect,
)

COMPARISON = 3100  # England's mainstream secondary schools with a Progress 8 score


@pytest.mark.parametrize(
    ("schools", "published", "digits"),
    [(9, 0.30, 2), (12, 0.25, 2), (20, 0.19, 2), (50, 0.11, 2), (100, 0.080, 3),
     (300, 0.048, 3)],
)  # fmt: skip
def test_the_projects_own_table_of_detectable_effects(schools, published, digits):
    # SD of a one-year change 0.28. Its cell for 4 schools is 0.59: see the next test.
    found = detectable_before(schools, COMPARISON, 0.28)
    assert round(found.effect, digits) == published


def test_four_schools_detect_058_by_the_sum_of_quantiles_and_060_by_the_noncentral_t():
    found = detectable_before(4, COMPARISON, 0.28)
    assert found.effect == pytest.approx(0.5829, abs=1e-4)
    exact = power_to_detect(0.5962, found.standard_error, 3)
    assert exact == pytest.approx(0.8, abs=1e-4)


def test_the_multiplier_of_a_large_design_is_the_well_known_28():
    found = detectable_after(1.0, 1e6)
    assert found.effect == pytest.approx(1.959964 + 0.841621, abs=1e-4)


def test_before_and_after_agree_when_the_design_comes_true():
    before = detectable_before(50, 1000, 0.3)
    after = detectable_after(0.3 * math.sqrt(1 / 50 + 1 / 1000), 49)
    assert after.effect == pytest.approx(before.effect)


def test_clusters_of_five_with_correlation_a_quarter_double_the_variance():
    assert design_effect(5, 0.25) == 2.0
    # Twice the variance, and 20 schools are 4 clusters: 3 degrees of freedom.
    found = detectable_before(
        20, math.inf, 1.0, cluster_size=5, intraclass_correlation=0.25
    )
    assert found.degrees_of_freedom == 3
    assert found.standard_error == pytest.approx(math.sqrt(2 / 20))
    assert found.design_effect == 2.0


def test_unequal_clusters_cost_more():
    # (1 + 1^2) * 5 - 1 = 9 quarters more, not 4.
    assert design_effect(5, 0.25, size_variation=1.0) == 3.25
    assert design_effect(1, 1.0) == 1.0


@given(st.integers(2, 400), st.floats(0.05, 5))
@settings(max_examples=25)
def test_more_schools_detect_smaller_effects_and_the_unit_cancels(schools, sd):
    found = detectable_before(schools, 1000, sd)
    assert detectable_before(schools + 1, 1000, sd).effect < found.effect
    assert found.effect == pytest.approx(sd * detectable_before(schools, 1000, 1).effect)


def test_power_is_what_a_simulation_finds():
    rng = np.random.default_rng(3)
    sample = rng.normal(0.6, 1, size=(20_000, 20))
    t = sample.mean(1) / sample.std(1, ddof=1) * math.sqrt(20)
    simulated = (t > stats.t.ppf(0.975, 19)).mean()
    assert power_to_detect(0.6, 1 / math.sqrt(20), 19) == pytest.approx(simulated, abs=0.01)


@pytest.mark.parametrize("effect", [1.0, 10.0, 100.0, 1e4])
@pytest.mark.parametrize("freedom", [1, 3, 40, 1e4, math.inf])
def test_power_is_a_chance_however_far_out(effect, freedom):
    assert 0.02 < power_to_detect(effect, 1.0, freedom) <= 1
    assert power_to_detect(-effect, 1.0, freedom) == power_to_detect(effect, 1.0, freedom)


def test_without_an_effect_the_power_is_half_the_significance():
    assert power_to_detect(0.0, 1.0, 10) == pytest.approx(0.025)


def test_below_forty_schools_there_is_no_impact_estimate():
    gate = power_gate(39, detectable_before(39, COMPARISON, 0.28))
    assert not gate.impact_allowed
    assert "impact" not in gate.show
    assert gate.show == ("trajectory", "randomisation p", "detectable effect")
    assert gate.reason.startswith("No impact estimate: there are 39 schools")
    assert "0.13" not in gate.reason  # Other questions give this reason too.


def test_what_so_many_schools_would_find_is_said_with_its_unit_and_how_often():
    planned = detectable_before(39, COMPARISON, 0.28)
    assert power_gate(39, planned, unit="SD of schools").would_find == (
        "So many schools would find a difference of 0.13 SD of schools four times in five."
    )
    surer = detectable_before(39, COMPARISON, 0.28, power=0.9)
    assert power_gate(39, surer).would_find == (
        "So many schools would find a difference of 0.15 in the unit of the standard error "
        "with 90% power."
    )


def test_forty_schools_pass_the_gate():
    gate = power_gate(40, detectable_before(40, COMPARISON, 0.28))
    assert gate.impact_allowed
    assert gate.show[0] == "impact"


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: detectable_before(1, 100, 1.0), "fewer than two clusters"),
        (
            lambda: detectable_before(10, 100, 1.0, cluster_size=8),
            "fewer than two clusters",
        ),
        (lambda: detectable_before(10, 0, 1.0), "at least one partner"),
        (lambda: detectable_before(10, 100, 0.0), "positive standard deviation"),
        (lambda: detectable_before(10, 100, math.nan), "positive standard deviation"),
        (lambda: detectable_after(math.nan, 5), "positive standard error"),
        (lambda: detectable_after(1.0, 0), "positive degrees of freedom"),
        (lambda: detectable_after(1.0, 5, power=0.2), "a power of at least a half"),
        (lambda: power_to_detect(math.nan, 1, 5), "effect must be a finite number"),
        (lambda: design_effect(0.5, 0.1), "at least one school"),
        (lambda: design_effect(5, 1.1), "intraclass correlation of 0 to 1"),
        (lambda: design_effect(5, 0.1, size_variation=-1), "coefficient of variation"),
        (lambda: power_gate(-1, detectable_after(1, 5)), "must not be negative"),
    ],
)
def test_what_is_no_design_is_refused(ask, sentence):
    with pytest.raises(ValueError, match=sentence):
        ask()
