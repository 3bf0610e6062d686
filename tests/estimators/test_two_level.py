import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from pipeline.estimators.grouped_moments import grouped_moments, read_rows
from pipeline.estimators.growth import fit_two_level, likelihood_ratio

VALIDATION = Path(__file__).parents[2].parent / "shared" / "data" / "validation"


def published(name):
    if not (VALIDATION / name).is_file():
        pytest.skip("data of the published answers are not beside this checkout")
    return pd.read_csv(VALIDATION / name)


@pytest.fixture(scope="module")
def exam():
    """4,059 pupils of 65 Inner London schools, with its factors as columns of 0 and 1."""
    frame = published("exam.csv")
    return frame.assign(
        male=frame["sex"] == "M",
        boys=frame["schgend"] == "boys",
        girls=frame["schgend"] == "girls",
    )


@pytest.fixture(scope="module")
def sleepstudy():
    return published("sleepstudy.csv")


def groups(*values):
    return pd.DataFrame(
        [(g, v) for g, group in enumerate(values) for v in group], columns=["g", "y"]
    )


def panel(seed, schools=30, *, spread=(0.6, 0.2), years=6, drop=0.2, noise=0.5):
    """Schools with their own level and slope; some years are missing."""
    draw = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), years)
    year = np.tile(np.arange(years), schools) + 2014.0
    own = draw.standard_normal((schools, 2)) * spread
    x = draw.standard_normal(len(school))
    y = 1 + 0.3 * x + own[school, 0] + own[school, 1] * (year - 2016)
    frame = pd.DataFrame(
        {
            "school": school,
            "year": year,
            "x": x,
            "y": y + noise * draw.standard_normal(len(y)),
        }
    )
    return frame[draw.random(len(frame)) >= drop].reset_index(drop=True)


def criterion(frame, fixed, random, factor, reml):
    """-2 log likelihood from whole covariance matrices, one group at a time."""
    design = np.column_stack([np.ones(len(frame)), *(frame[name] for name in fixed)])
    effects = np.column_stack(
        [np.ones(len(frame)) if name == "1" else frame[name] for name in random]
    )
    y, group = frame["y"].to_numpy(), frame["school"].to_numpy()
    a, b, c, logs = 0.0, 0.0, 0.0, 0.0
    for name in np.unique(group):
        at = group == name
        v = np.eye(at.sum()) + effects[at] @ factor @ factor.T @ effects[at].T
        inverse = np.linalg.inv(v)
        logs += np.linalg.slogdet(v)[1]
        a = a + design[at].T @ inverse @ design[at]
        b = b + design[at].T @ inverse @ y[at]
        c = c + y[at] @ inverse @ y[at]
    squares = c - b @ np.linalg.solve(a, b)
    free = len(y) - (design.shape[1] if reml else 0)
    logs += np.linalg.slogdet(a)[1] if reml else 0.0
    return logs + free * (1 + np.log(2 * np.pi * squares / free))


# Published answers


def test_the_null_model_of_the_london_exams_is_mlwins(exam):
    found = fit_two_level(exam, "normexam", [], "school", reml=False)
    assert found.random_covariance[0, 0] == pytest.approx(0.169, abs=5e-4)
    assert found.residual_variance == pytest.approx(0.848, abs=5e-4)
    assert found.minus_two_loglik == pytest.approx(11010.648, abs=1e-3)
    assert found.at_optimum
    assert not found.on_boundary
    assert (found.rows, found.groups) == (4059, 65)


def test_the_london_exams_with_covariates_are_lme4s(exam):
    fixed = ["standLRT", "male", "boys", "girls"]
    found = fit_two_level(exam, "normexam", fixed, "school")
    assert found.names == ("intercept", *fixed)
    assert found.coefficients == pytest.approx(
        [-0.001049, 0.559754, -0.167392, 0.177691, 0.158997], abs=1e-6
    )
    assert np.sqrt(found.random_covariance[0, 0]) == pytest.approx(0.293, abs=1e-3)
    assert np.sqrt(found.residual_variance) == pytest.approx(0.750, abs=1e-3)
    assert found.minus_two_loglik == pytest.approx(9347.674, abs=1e-3)


def test_sleepstudy_is_lme4s(sleepstudy):
    found = fit_two_level(sleepstudy, "Reaction", ["Days"], "Subject", ("1", "Days"))
    assert found.coefficients == pytest.approx([251.405, 10.467], abs=1e-3)
    assert found.standard_errors == pytest.approx([6.825, 1.546], abs=1e-3)
    assert np.diag(found.random_covariance) == pytest.approx([612.10, 35.07], abs=0.011)
    assert found.residual_variance == pytest.approx(654.94, abs=0.0011)
    assert found.minus_two_loglik == pytest.approx(1743.628, abs=1e-3)
    assert found.at_optimum


def test_a_random_slope_in_unlike_groups_is_lme4s(exam):
    # lme4 1.1-31: lmer(normexam ~ standLRT + M + b + (1 + standLRT | school)), with
    # lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-13, xtol_rel = 1e-12,
    # ftol_rel = 1e-15, maxeval = 5000)); as it comes it stops 9e-6 away in the SDs.
    found = fit_two_level(
        exam, "normexam", ["standLRT", "male", "boys"], "school", ("1", "standLRT")
    )
    assert found.minus_two_loglik == pytest.approx(9304.40682976, abs=1e-7)
    assert found.coefficients == pytest.approx(
        [0.0483278562, 0.5528582518, -0.1844464444, 0.1263227885], abs=1e-7
    )
    sd = np.sqrt(np.diag(found.random_covariance))
    assert sd == pytest.approx([0.295188864, 0.122936221], abs=1e-6)
    correlation = found.random_covariance[0, 1] / sd.prod()
    assert correlation == pytest.approx(0.533871569, abs=1e-6)


def test_the_likelihood_ratio_of_a_fixed_column_is_lme4s(exam):
    # lme4: anova(lmer(..., REML = FALSE)) gives Chisq 1.34114949, p 0.246831355
    fits = [
        fit_two_level(exam, "normexam", fixed, "school", reml=False)
        for fixed in (["standLRT", "male", "boys"], ["standLRT", "male"])
    ]
    found = likelihood_ratio(*fits)
    assert found.statistic == pytest.approx(1.34114949, abs=1e-6)
    assert found.p_value == pytest.approx(0.246831355, abs=1e-6)
    assert found.degrees_of_freedom == (1,)


def test_a_random_slope_is_tested_against_a_mixture(exam):
    # lme4: REML criteria 9368.765287 without and 9327.600345 with the random slope
    wider = fit_two_level(exam, "normexam", ["standLRT"], "school", ("1", "standLRT"))
    narrower = fit_two_level(exam, "normexam", ["standLRT"], "school")
    found = likelihood_ratio(wider, narrower)
    assert found.statistic == pytest.approx(9368.765287 - 9327.600345, abs=1e-4)
    mean = (stats.chi2.sf(found.statistic, 1) + stats.chi2.sf(found.statistic, 2)) / 2
    assert found.p_value == pytest.approx(mean)


# By hand and by brute force


def test_reml_of_equal_groups_is_the_analysis_of_variance():
    # Group means 1 and 5: MSB = 2 * 8 = 16. Within, four squares of 1 on 2 df: MSW = 2.
    found = fit_two_level(groups([0, 2], [4, 6]), "y", [], "g")
    assert found.residual_variance == pytest.approx(2)
    assert found.random_covariance[0, 0] == pytest.approx((16 - 2) / 2)
    assert found.coefficients == pytest.approx([3])
    assert found.standard_errors == pytest.approx([2])  # sqrt(MSB / 4 rows)


def test_ml_of_equal_groups_divides_by_groups():
    # SSB is 16 on one degree of freedom; ML divides by the two groups: (8 - 2) / 2.
    found = fit_two_level(groups([0, 2], [4, 6]), "y", [], "g", reml=False)
    assert found.random_covariance[0, 0] == pytest.approx(3)
    assert found.residual_variance == pytest.approx(2)


def test_groups_that_are_alike_are_on_the_boundary():
    found = fit_two_level(groups([0, 2], [0, 2]), "y", [], "g")
    assert found.on_boundary
    assert found.at_optimum
    assert found.random_covariance[0, 0] == pytest.approx(0, abs=1e-8)
    assert found.residual_variance == pytest.approx(4 / 3)  # as if there were no groups


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("reml", [True, False])
def test_no_search_of_the_full_likelihood_ends_lower(seed, reml):
    spread = [(0.6, 0.2), (0.5, 0.0), (0.0, 0.0)][seed % 3]
    frame = panel(seed, schools=12, spread=spread)
    frame["since"] = frame["year"] - 2016
    found = fit_two_level(frame, "y", ["since", "x"], "school", ("1", "since"), reml=reml)

    def by_entries(entries):
        return criterion(
            frame,
            ["since", "x"],
            ["1", "since"],
            np.array([[entries[0], 0], [entries[1], entries[2]]]),
            reml,
        )

    lowest = min(
        optimize.minimize(by_entries, start, method="BFGS").fun
        for start in ([1.0, 0.0, 1.0], [0.1, 0.0, 0.1])
    )
    assert found.minus_two_loglik == pytest.approx(lowest, abs=1e-5)
    assert found.at_optimum
    assert found.on_boundary == (np.linalg.eigvalsh(found.relative_covariance)[0] < 1e-8)


def test_a_slope_variance_of_zero_is_left_where_it_should_not_be_zero():
    # From a start at which the slope varies not at all the derivative of its standard
    # deviation is zero: a bounded search stays there and reports that it has converged.
    from pipeline.estimators import two_level

    frame = panel(3, schools=200)
    rows = read_rows(frame, "y", ["x"], "school", ("1", "year"))
    moments = grouped_moments(rows, ["x"], ("1", "year"), "y")
    free = two_level._minimise(moments, 1.0, True)
    stuck = two_level._minimise(moments, 0.0, True)
    assert stuck.value == pytest.approx(free.value, abs=1e-6)
    assert stuck.stationary


def test_pooling_groups_of_one_pattern_changes_nothing():
    frame = panel(5, schools=400)
    rows = read_rows(frame, "y", ["x"], "school", ("1", "year"))
    pooled = grouped_moments(rows, ["x"], ("1", "year"), "y")
    assert pooled.gram is not None
    assert len(pooled.counts) < 2**6
    # A trace of jitter makes every year distinct, so no two groups are alike.
    frame["year"] += np.linspace(0, 1e-9, len(frame))
    apart = grouped_moments(
        read_rows(frame, "y", ["x"], "school", ("1", "year")), ["x"], ("1", "year"), "y"
    )
    assert apart.gram is None
    weight = np.array([[0.3, 0.1], [0.1, 0.2]])
    assert pooled.explained(np.tile(weight, (len(pooled.counts), 1, 1))) == pytest.approx(
        apart.explained(np.tile(weight, (400, 1, 1))), rel=1e-6, abs=1e-6
    )
    form = np.diag([1.0, 2.0, 3.0])
    assert pooled.spread(form).sum(axis=0) == pytest.approx(
        apart.spread(form).sum(axis=0), rel=1e-6, abs=1e-6
    )


def test_leaving_a_column_out_of_the_sums_is_leaving_it_out_of_the_rows():
    frame = panel(5, schools=400)
    fixed = ["year", "x"]
    both = grouped_moments(
        read_rows(frame, "y", fixed, "school", ("1", "year")), fixed, ("1", "year"), "y"
    )
    one = grouped_moments(
        read_rows(frame, "y", ["year"], "school", ("1", "year")),
        ["year"],
        ("1", "year"),
        "y",
    )
    less = both.without(2)
    for name in ("total", "cross", "gram", "shift", "scale"):
        assert getattr(less, name) == pytest.approx(getattr(one, name), abs=1e-8)


def test_starts_that_disagree_are_no_optimum(monkeypatch):
    from pipeline.estimators import two_level

    search = two_level._minimise

    def shifted(moments, start, reml):
        end = search(moments, start, reml)
        return dataclasses.replace(end, value=end.value + start)

    monkeypatch.setattr(two_level, "_minimise", shifted)
    assert not fit_two_level(panel(1), "y", ["x"], "school").at_optimum


# As algebra says

MODEL = ("y", ["year", "x"], "school", ("1", "year"))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(seed):
    frame = panel(seed)
    one = fit_two_level(frame, *MODEL)
    two = fit_two_level(frame.sample(frac=1, random_state=seed), *MODEL)
    assert two.coefficients == pytest.approx(one.coefficients, rel=1e-6, abs=1e-6)
    assert two.minus_two_loglik == pytest.approx(one.minus_two_loglik, abs=1e-7)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([-7.0, 0.01, 100.0]))
def test_another_unit_rescales_everything(seed, factor):
    frame = panel(seed)
    one = fit_two_level(frame, *MODEL, reml=False)
    two = fit_two_level(frame.assign(y=5 + frame["y"] * factor), *MODEL, reml=False)
    assert two.coefficients - [5, 0, 0] == pytest.approx(
        one.coefficients * factor, rel=1e-5, abs=1e-5 * abs(factor)
    )
    assert two.standard_errors == pytest.approx(one.standard_errors * abs(factor), rel=1e-4)
    assert two.residual_variance == pytest.approx(one.residual_variance * factor**2)
    change = 2 * one.rows * np.log(abs(factor))  # each density is divided by |factor|
    assert two.minus_two_loglik == pytest.approx(one.minus_two_loglik + change, abs=1e-6)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([-2016.0, 0.0, 1e5]))
def test_where_time_starts_changes_no_slope(seed, start):
    frame = panel(seed)
    one = fit_two_level(frame, *MODEL)
    two = fit_two_level(frame.assign(year=frame["year"] + start), *MODEL)
    assert two.coefficients[1:] == pytest.approx(one.coefficients[1:], rel=1e-4, abs=1e-6)
    assert two.random_covariance[1, 1] == pytest.approx(
        one.random_covariance[1, 1], rel=1e-4, abs=1e-7
    )
    assert two.minus_two_loglik == pytest.approx(one.minus_two_loglik, abs=1e-6)


def test_all_schools_twice_halve_the_variance_of_ml():
    frame = panel(1)
    again = pd.concat([frame, frame.assign(school=frame["school"] + 1000)])
    one = fit_two_level(frame, *MODEL, reml=False)
    two = fit_two_level(again, *MODEL, reml=False)
    assert two.coefficients == pytest.approx(one.coefficients, rel=1e-5)
    assert two.covariance == pytest.approx(one.covariance / 2, rel=1e-4)
    assert two.minus_two_loglik == pytest.approx(2 * one.minus_two_loglik, abs=1e-6)


def test_four_random_columns_fit():
    frame = panel(2, schools=80, years=9)
    frame["square"] = (frame["year"] - 2018) ** 2
    found = fit_two_level(frame, "y", ["year"], "school", ("1", "year", "square", "x"))
    assert found.at_optimum
    assert found.random_covariance.shape == (4, 4)
    fewer = fit_two_level(frame, "y", ["year"], "school", ("1", "year", "square"))
    assert found.minus_two_loglik <= fewer.minus_two_loglik + 1e-6


def test_wald_of_one_column_is_its_z_squared():
    found = fit_two_level(panel(1), *MODEL)
    statistic, p_value = found.wald([0, 0, 1])
    z = found.coefficients[2] / found.standard_errors[2]
    assert statistic == pytest.approx(z**2)
    assert p_value == pytest.approx(2 * stats.norm.sf(abs(z)))
    half = 1.959964 * found.standard_errors[2]
    assert found.interval("x") == pytest.approx(
        (found.coefficients[2] - half, found.coefficients[2] + half), abs=1e-6
    )


# What cannot be had is said


def test_rows_with_gaps_are_counted():
    frame = panel(1)
    frame.loc[0, "y"] = np.nan
    frame.loc[[0, 1], "x"] = np.nan
    frame["school"] = frame["school"].astype(object)
    frame.loc[2, "school"] = None
    found = fit_two_level(frame, *MODEL)
    assert found.left_out == {"no school": 1, "no x": 2}
    assert found.rows == len(frame) - 3
    assert found.coefficients == pytest.approx(
        fit_two_level(frame.drop([0, 1, 2]), *MODEL).coefficients, rel=1e-6
    )


@pytest.mark.parametrize(
    ("change", "model", "message"),
    [
        ({"z": 3.0}, ("y", ["z"], "school"), "'z' is constant"),
        (
            {"z": lambda f: 2 * f["x"] - f["year"]},
            ("y", ["x", "year", "z"], "school"),
            "'z'",
        ),
        ({"y": 1.0}, ("y", [], "school"), "'y' has one value only"),
        ({"x": np.inf}, MODEL, "'x' is infinite"),
        ({"x": np.nan}, MODEL, "no row has all of"),
        ({"x": "many"}, MODEL, "'x' holds"),
        (
            {"school": lambda f: range(len(f))},
            ("y", [], "school"),
            "no group has more rows",
        ),
        ({"school": 1}, ("y", [], "school"), "one group only"),
        ({"y": lambda f: f["school"] + f["x"]}, ("y", ["x"], "school"), "no residual"),
        ({}, ("y", ["nowhere"], "school"), "'nowhere' is in the frame 0 times"),
        ({}, ("y", ["x", "x"], "school"), "named twice"),
        ({}, ("y", ["y"], "school"), "among the columns that explain it"),
        ({}, ("y", "x", "school"), "lists of column names"),
        ({}, ("y", ["x"], "school", ()), "no random column"),
        ({"z": 3.0}, ("y", ["x"], "school", ("1", "z")), "'z' does not vary"),
        (
            {"z": lambda f: 1 - f["x"]},
            ("y", [], "school", ("1", "x", "z")),
            "'z' is a linear",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, model, message):
    with pytest.raises(ValueError, match=message):
        fit_two_level(panel(1).assign(**change), *model)


def test_a_slope_needs_a_school_with_three_years():
    frame = panel(1)
    frame = frame[frame["year"] < 2016]
    with pytest.raises(ValueError, match="no group has more rows than its 2 random"):
        fit_two_level(frame, "y", [], "school", ("1", "year"))


def test_only_nested_fits_are_tested():
    frame = panel(1)
    with_x = fit_two_level(frame, "y", ["x"], "school")
    without = fit_two_level(frame, "y", [], "school")
    with pytest.raises(ValueError, match="set reml=False"):
        likelihood_ratio(with_x, without)
    with pytest.raises(ValueError, match="not both"):
        likelihood_ratio(without, without)
    with pytest.raises(ValueError, match="differ in rows"):
        likelihood_ratio(with_x, fit_two_level(frame[:-9], "y", [], "school"))
    with pytest.raises(ValueError, match="not at an optimum"):
        likelihood_ratio(with_x, dataclasses.replace(without, at_optimum=False))
