import math
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.causal_design import Design, require_causal_design
from pipeline.estimators.effect_size import (
    hedges_g,
    intracluster_correlation,
    one_way_intracluster_correlation,
    small_sample_factor,
)
from pipeline.estimators.months_of_progress import MONTHS, months_of_progress
from pipeline.estimators.security_rating import PADLOCKS_OF_DESIGN, security_rating

VALIDATION = Path(__file__).parents[2].parent / "shared" / "data" / "validation"
TREATED, CONTROL = [20, 35, 12, 28, 9], [31, 18, 22, 40]
# Variances of eefAnalytics' crtData, null model (lme4): schools and pupils.
VARIANCES = {"between_variance": 6.5919, "within_variance": 19.6644}
TRIAL = "randomised controlled trial"


def test_g_is_that_of_eefanalytics_times_the_exact_small_sample_factor():
    """The formulas of g.total in R's eefAnalytics 1.1.5, which leaves J out.

    The package was not installed: its formulas were evaluated in R with var.tt = 6.5919 +
    19.6644, beta = 1.8 and icc = 6.5919 / var.tt, and give g 0.33998755306551 with an
    error of 0.37991498996919.
    """
    found = hedges_g(1.8, TREATED, CONTROL, design=TRIAL, **VARIANCES)
    j = found.small_sample_factor
    assert found.g == pytest.approx(0.33998755306551 * j, rel=1e-12)
    assert found.standard_error == pytest.approx(0.37991498996919 * j, rel=1e-12)
    assert found.degrees_of_freedom == pytest.approx(90.523620800543, rel=1e-12)
    half = 1.959963984540054 * found.standard_error
    assert (found.low, found.high) == pytest.approx((found.g - half, found.g + half))
    assert (found.pupils, found.clusters) == (215, 9)


def test_the_intracluster_correlation_of_crtdata_is_a_quarter():
    assert intracluster_correlation(6.5919, 19.6644) == pytest.approx(0.251, abs=5e-4)


def test_pupils_allotted_singly_give_the_textbook_g():
    # No clusters: g = J (difference / SD), error^2 = 1/n + 1/n + d^2 / (2 (N - 2)).
    found = hedges_g(
        5, [1] * 50, [1] * 50, between_variance=0, within_variance=100, design=TRIAL
    )
    j = small_sample_factor(98)
    assert found.degrees_of_freedom == pytest.approx(98)
    assert found.g == pytest.approx(0.5 * j)
    assert found.standard_error == pytest.approx(j * math.sqrt(0.04 + 0.25 / 196))


def test_equal_clusters_give_hedges_formula_for_them():
    # Hedges (2007), equal clusters: the factor is sqrt(1 - 2 (n - 1) rho / (N - 2)).
    found = hedges_g(
        2, [10] * 4, [10] * 4, between_variance=1, within_variance=3, design=TRIAL
    )
    rho, n, total = 0.25, 10, 80
    d = 1 * math.sqrt(1 - 2 * (n - 1) * rho / (total - 2))
    assert found.g == pytest.approx(d * found.small_sample_factor)
    above = (total - 2) * (1 - rho) ** 2 + n * (total - 2 * n) * rho**2
    above += 2 * (total - 2 * n) * rho * (1 - rho)
    below = 2 * (total - 2) * ((total - 2) - 2 * (n - 1) * rho)
    variance = total / (40 * 40) * (1 + (n - 1) * rho) + d**2 * above / below
    expected = found.small_sample_factor * math.sqrt(variance)
    assert found.standard_error == pytest.approx(expected)


def test_the_error_of_the_model_takes_the_place_of_the_one_without_covariates():
    plain = hedges_g(1.8, TREATED, CONTROL, design=TRIAL, **VARIANCES)
    adjusted = hedges_g(
        1.8, TREATED, CONTROL, design=TRIAL, difference_error=0.5, **VARIANCES
    )
    assert adjusted.g == plain.g
    assert adjusted.standard_error < plain.standard_error
    null = hedges_g(0, [1] * 9, [1] * 9, between_variance=0, within_variance=4,
                    design=TRIAL, difference_error=1.0)  # fmt: skip
    assert null.standard_error == pytest.approx(0.5 * null.small_sample_factor)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=6),
    st.lists(st.integers(1, 40), min_size=2, max_size=6),
    st.floats(-3, 3),
    st.floats(0, 0.9),
    st.sampled_from([0.1, 10.0]),
)
def test_the_unit_of_the_outcome_does_not_matter(treated, control, d, rho, unit):
    def g(scale):
        return hedges_g(
            d * scale,
            treated,
            control,
            between_variance=rho * scale**2,
            within_variance=(1 - rho) * scale**2,
            design=TRIAL,
        )

    if sum(treated) + sum(control) < 8:
        return
    before, after = g(1.0), g(unit)
    assert after.g == pytest.approx(before.g)
    assert after.standard_error == pytest.approx(before.standard_error)
    turned = hedges_g(-d, control, treated, between_variance=rho, within_variance=1 - rho,
                      design=TRIAL)  # fmt: skip
    assert turned.g == pytest.approx(-before.g)
    assert turned.standard_error == pytest.approx(before.standard_error)


def test_the_small_sample_factor_is_exact():
    # J(2) is 1/sqrt(pi); R: exp(lgamma(5) - lgamma(4.5)) / sqrt(5) for 10.
    assert small_sample_factor(2) == pytest.approx(1 / math.sqrt(math.pi), rel=1e-14)
    assert small_sample_factor(10) == pytest.approx(0.92274560805309, rel=1e-13)
    assert small_sample_factor(50.5) == pytest.approx(0.9850621975969, rel=1e-13)
    # Not the usual approximation, to which it comes near for many pupils.
    assert abs(small_sample_factor(2) - (1 - 3 / 7)) > 0.007
    assert small_sample_factor(1e6) == pytest.approx(1 - 3 / (4e6 - 1), rel=1e-12)


@pytest.mark.parametrize("freedom", [1, 0, -3, np.nan, np.inf])
def test_too_few_degrees_of_freedom_have_no_factor(freedom):
    with pytest.raises(ValueError, match="more than one degree of freedom"):
        small_sample_factor(freedom)


def test_the_one_way_correlation_can_be_done_in_the_head():
    # Schools (1, 3) and (5, 7): means 2 and 6. MSB = 2 (4 + 4) / 1 = 16, MSW = 4 / 2 = 2.
    # (16 - 2) / (16 + 2) = 7/9; between (16 - 2) / 2 = 7.
    found = one_way_intracluster_correlation([1, 3, 5, 7], list("aabb"))
    assert found.correlation == pytest.approx(7 / 9)
    assert (found.between_variance, found.within_variance) == pytest.approx((7, 2))
    assert (found.typical_size, found.pupils, found.clusters) == (2, 4, 2)


def test_schools_more_alike_than_luck_have_a_correlation_below_nil():
    found = one_way_intracluster_correlation([1, 3, 1, 3], list("aabb"))
    assert found.correlation == pytest.approx(-1)  # -1 / (typical size - 1)


@given(st.integers(0, 10**6))
def test_order_and_unit_do_not_change_the_correlation(seed):
    rng = np.random.default_rng(seed)
    y, school = rng.normal(size=30), rng.integers(0, 6, 30)
    school[:2] = 0, 1
    before = one_way_intracluster_correlation(y, school)
    order = rng.permutation(30)
    after = one_way_intracluster_correlation(-7 * y[order] + 3, school[order])
    assert after.correlation == pytest.approx(before.correlation, abs=1e-9)
    assert after.within_variance == pytest.approx(49 * before.within_variance)


@pytest.mark.parametrize(
    ("value", "cluster", "sentence"),
    [
        ([1, 2], [1, 2], "one of them with two pupils"),
        ([1, 2], ["a", "a"], "two clusters"),
        ([5, 5, 5], ["a", "a", "b"], "all values are alike"),
        ([1, np.nan, 2], ["a", "a", "b"], "1 pupils have no value"),
        ([1, 2, 3], ["a", None, "b"], "1 pupils have no cluster"),
        ([1, 2, 3], ["a", "b"], "one value and one cluster"),
    ],
)
def test_pupils_without_a_correlation_are_refused(value, cluster, sentence):
    with pytest.raises(ValueError, match=sentence):
        one_way_intracluster_correlation(value, np.array(cluster, dtype=object))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"difference": np.nan}, "not a finite number"),
        ({"treated_sizes": [20]}, "two or more treated clusters"),
        ({"control_sizes": [20, 0]}, "whole numbers of pupils .* control"),
        ({"control_sizes": [20, 1.5]}, "whole numbers of pupils .* control"),
        ({"between_variance": -1}, "variances of 0 or more"),
        ({"between_variance": 0, "within_variance": 0}, "not both nil"),
        ({"difference_error": 0.0}, "error of the difference must be positive"),
        ({"level": 95}, "a level between 0 and 1"),
    ],
)
def test_what_has_no_effect_size_is_refused_with_a_sentence(change, sentence):
    asked = {"difference": 1.8, "treated_sizes": TREATED, "control_sizes": CONTROL}
    with pytest.raises(ValueError, match=sentence):
        hedges_g(**asked | VARIANCES | {"design": TRIAL} | change)


NOT_CAUSAL = ["descriptive gap", "before and after", "unadjusted comparison",
              "partly adjusted comparison", "hope", ""]  # fmt: skip


@pytest.mark.parametrize("design", NOT_CAUSAL)
def test_without_a_causal_design_there_is_no_effect_size_month_or_padlock(design):
    with pytest.raises(ValueError, match="no effect size of"):
        hedges_g(1.8, TREATED, CONTROL, design=design, **VARIANCES)
    with pytest.raises(ValueError, match="no months of progress of"):
        months_of_progress(0.2, 0.1, 0.3, design=design)
    with pytest.raises(ValueError, match="no padlocks of"):
        security_rating(design=design, detectable_effect=0.2, attrition=5)


def test_the_refusal_of_a_gap_says_why_and_what_to_do():
    with pytest.raises(ValueError, match=r"how far groups lie apart, not why\. Give the"):
        require_causal_design("descriptive gap", "months")


@pytest.mark.parametrize("design", get_args(Design))
def test_every_causal_design_has_months_and_padlocks(design):
    assert months_of_progress(0.2, 0.1, 0.3, design=design).months == 3
    rating = security_rating(design=design, detectable_effect=0.1, attrition=0)
    assert rating.padlocks == PADLOCKS_OF_DESIGN[design] >= 3


def test_the_table_of_the_toolkit_is_the_published_one():
    if not VALIDATION.is_dir():
        pytest.skip("the published answers are not beside this checkout")
    cases = yaml.safe_load((VALIDATION / "published.yaml").read_text(encoding="utf-8"))
    case = next(c for c in cases if c["case"].startswith("EEF Toolkit"))
    published = {tuple(span.split("-")): months for span, months in case["table"].items()}
    assert {row[:2]: row[2] for row in MONTHS["toolkit"][1:]} == published
    for (least, most), months in published.items():
        for effect in (float(least), float(most)):
            found = months_of_progress(
                effect, effect, effect, design=TRIAL, table="toolkit"
            )
            assert found.months == months


@pytest.mark.parametrize("table", ["trial", "toolkit"])
def test_every_effect_up_to_one_has_months_and_no_two(table):
    rows = MONTHS[table]
    assert [row[2] for row in rows] == list(range(13))
    for before, after in pairwise(rows):
        assert round(float(after[0]) - float(before[1]), 10) == 0.01


@pytest.mark.parametrize(
    ("effect", "trial", "toolkit"),
    [
        (0.0, 0, 0),
        (0.014, 0, 0),
        (0.015, 0, 1),  # 0.02 to two decimals
        (0.03, 0, 1),  # an EEF report prints 0 months for it
        (0.044, 0, 1),
        (0.3 * 0.15, 1, 1),  # 0.045, a little less to a machine
        (0.05, 1, 1),
        (0.0949, 1, 1),
        (0.095, 2, 2),
        (1.0, 12, 12),
        (1.004, 12, 12),
        (1.005, None, None),
        (-0.03, 0, -1),
        (-0.10, -2, -2),  # Challenge the Gap, secondary: two months fewer
        (0.10, 2, 2),
    ],
)
def test_months_of_an_effect(effect, trial, toolkit):
    keywords = {"design": TRIAL}
    assert months_of_progress(effect, effect, effect, **keywords).months == trial
    found = months_of_progress(effect, effect, effect, table="toolkit", **keywords)
    assert found.months == toolkit


def test_the_ends_of_the_interval_have_months_too():
    found = months_of_progress(0.12, -0.06, 0.30, design="matched comparison")
    assert (found.low, found.months, found.high) == (-1, 2, 4)


@pytest.mark.parametrize(
    ("effect", "table", "sentence"),
    [
        ((np.nan, 0, 1), "trial", "finite numbers"),
        ((0.5, 0, 0.4), "trial", "lies outside its interval"),
        ((0.1, 0, 0.4), "own", "trial or toolkit"),
    ],
)
def test_months_of_nothing_are_refused(effect, table, sentence):
    with pytest.raises(ValueError, match=sentence):
        months_of_progress(*effect, design=TRIAL, table=table)


@pytest.mark.parametrize(
    ("design", "detectable", "attrition", "threats", "padlocks"),
    [
        (TRIAL, 0.20, 10, 0, 5),
        (TRIAL, 0.21, 10, 0, 4),
        (TRIAL, 0.20, 11, 0, 4),
        (TRIAL, 0.20, 40, 0, 2),
        (TRIAL, 0.51, 0, 0, 1),
        (TRIAL, 0.10, 41, 0, 1),
        ("matched difference in differences", 0.10, 0, 0, 4),
        ("matched comparison", 0.35, 25, 0, 3),
        (TRIAL, 0.20, 10, 2, 3),
        (TRIAL, 0.51, 0, 3, 0),
    ],
)
def test_padlocks_are_the_lowest_of_three(design, detectable, attrition, threats, padlocks):
    found = security_rating(
        design=design,
        detectable_effect=detectable,
        attrition=attrition,
        lost_to_threats=threats,
    )
    assert found.padlocks == padlocks
    lowest = min(found.by_design, found.by_detectable_effect, found.by_attrition)
    assert found.padlocks == max(0, lowest - threats)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"detectable_effect": 0.0}, "detectable effect above 0"),
        ({"detectable_effect": np.nan}, "detectable_effect: a finite number"),
        ({"attrition": 101}, "from 0 to 100 per cent"),
        ({"attrition": np.nan}, "attrition: a finite number"),
        ({"lost_to_threats": -1}, "a whole number from 0"),
        ({"lost_to_threats": np.inf}, "a whole number from 0"),
    ],
)
def test_ratings_of_nothing_are_refused(change, sentence):
    asked = {"design": TRIAL, "detectable_effect": 0.2, "attrition": 5}
    with pytest.raises(ValueError, match=sentence):
        security_rating(**asked | change)


def test_equal_values_have_no_intracluster_correlation_whatever_their_last_bit():
    with pytest.raises(ValueError, match="all values are alike"):
        one_way_intracluster_correlation([0.1] * 7, [1, 1, 1, 2, 2, 2, 3])


def test_a_share_that_is_a_limit_but_for_rounding_is_the_limit():
    found = security_rating(
        design=TRIAL, detectable_effect=0.1 + 0.1 + 1e-13, attrition=100 * (1 - 0.9)
    )
    assert found.padlocks == 5
