from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.demeaning import singletons, two_way_projection
from pipeline.estimators.two_way import two_way_fixed_effects

VALIDATION = Path(__file__).parents[3] / "shared" / "data" / "validation"


def panel(seed, *, units=24, times=5, hubs=6, missing=0.0):
    """A seeded panel of schools in hubs; `missing` is the share of rows taken out."""
    random = np.random.default_rng(seed)
    rows = units * times
    frame = pd.DataFrame(
        {
            "urn": np.repeat(np.arange(units) + 100_000, times),
            "year": np.tile(np.arange(times) + 2015, units),
            "hub": np.repeat(np.arange(units) % hubs, times),
            "pupils": random.integers(5, 200, rows).astype(float),
            "x1": random.normal(size=rows),
            "x2": random.normal(size=rows),
        }
    )
    school = np.repeat(random.normal(size=units), times)
    frame["y"] = (
        school + 0.3 * frame.year + frame.x1 - 0.5 * frame.x2 + random.normal(size=rows)
    )
    return frame[random.random(rows) >= missing].reset_index(drop=True)


def fit(frame, regressors=("x1", "x2"), *, cluster="urn", **options):
    return two_way_fixed_effects(frame, "y", regressors, "urn", "year", cluster, **options)


def by_dummies(frame, regressors, *, cluster, weights=None):
    """Least squares with a dummy for each school and year, and CR1 written out."""
    frame = frame.reset_index(drop=True)
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy()
    schools, years = (
        pd.get_dummies(frame[name], dtype=float).to_numpy() for name in ("urn", "year")
    )
    own = frame[list(regressors)].to_numpy()
    design = np.hstack([own, schools, years])
    root = np.sqrt(w)[:, None]
    coefficients = np.linalg.lstsq(design * root, frame.y.to_numpy() * root[:, 0])[0]
    residuals = frame.y.to_numpy() - design @ coefficients
    bread = np.linalg.pinv((design * root).T @ (design * root))
    meat = np.zeros_like(bread)
    for name in frame[cluster].unique():
        rows = (frame[cluster] == name).to_numpy()
        score = design[rows].T @ (w * residuals)[rows]
        meat += np.outer(score, score)
    groups, n = frame[cluster].nunique(), len(frame)
    nested = {
        name: frame.groupby(name)[cluster].nunique().max() == 1 for name in ("urn", "year")
    }
    counted = sum(frame[name].nunique() for name in nested if not nested[name])
    parameters = len(regressors) + counted - 1 + sum(nested.values())
    factor = groups / (groups - 1) * (n - 1) / (n - parameters)
    covariance = factor * bread @ meat @ bread
    k = len(regressors)
    return coefficients[:k], np.sqrt(np.diag(covariance)[:k])


def test_two_schools_in_two_years_are_a_difference_of_differences():
    # The partner gains 5, the other 2: exposure goes with 3.
    frame = pd.DataFrame(
        {
            "urn": [1, 1, 2, 2],
            "year": [0, 1, 0, 1],
            "y": [10, 15, 4, 6.0],
            "exposed": [0, 1, 0, 0],
        }
    )
    assert fit(frame, "exposed").coefficients[0] == pytest.approx(3)


def test_the_published_coefficient_of_the_minimum_wage_data():
    path = VALIDATION / "mpdta.csv"
    if not path.is_file():
        pytest.skip("published data sets are not beside this checkout")
    frame = pd.read_csv(path)
    joined = frame["first.treat"]
    frame["treated"] = ((joined > 0) & (frame.year >= joined)).astype(int)
    found = two_way_fixed_effects(
        frame, "lemp", "treated", "countyreal", "year", "countyreal"
    )
    assert found.coefficients[0] == pytest.approx(-0.0365489, abs=1e-6)
    assert found.standard_errors[0] == pytest.approx(0.0132652, abs=1e-6)
    # pyfixest 0.60: feols("lemp ~ treated | countyreal + year", vcov={"CRV1": ...})
    assert found.standard_errors[0] == pytest.approx(0.013265155429338888, rel=1e-9)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("weights", [None, "pupils"])
@pytest.mark.parametrize("cluster", ["urn", "hub", "year"])
def test_it_equals_the_regression_with_dummies(missing, weights, cluster):
    frame = panel(3, missing=missing)
    found = fit(frame, cluster=cluster, weights=weights)
    alone = singletons(frame.urn.factorize()[0], frame.year.factorize()[0])
    expected = by_dummies(frame[~alone], ["x1", "x2"], cluster=cluster, weights=weights)
    assert found.coefficients == pytest.approx(expected[0], abs=1e-10)
    assert found.standard_errors == pytest.approx(expected[1], rel=1e-9)


def test_pyfixest_gives_the_same_on_an_unbalanced_weighted_panel():
    # pyfixest 0.60, on panel(11, missing=0.6), which has singletons:
    # feols("y ~ x1 + x2 | urn + year", vcov={"CRV1": "hub"}, weights="pupils",
    # fixef_tol=1e-14)
    found = fit(panel(11, missing=0.6), cluster="hub", weights="pupils")
    assert found.coefficients == pytest.approx(PYFIXEST_HUB[0], rel=1e-9)
    assert found.standard_errors == pytest.approx(PYFIXEST_HUB[1], rel=1e-9)
    # The same without weights, vcov={"CRV1": "urn"}; of its two answers, which go with the
    # order of the effects in the formula, the one that takes schools for nested.
    found = fit(panel(11, missing=0.6))
    assert found.coefficients == pytest.approx(PYFIXEST_URN[0], rel=1e-9)
    assert found.standard_errors == pytest.approx(PYFIXEST_URN[1], rel=1e-9)


PYFIXEST_HUB = (
    [1.2789749510831, -0.5689231550673],
    [0.3277852008421, 0.2339963665863],
)
PYFIXEST_URN = (
    [1.3668729246548, -0.8030744473357],
    [0.3163759860179, 0.3239010336814],
)


def test_one_row_per_cluster_is_what_statsmodels_calls_hc1_but_for_the_parameters():
    frame = panel(5, units=40, times=4)
    frame["row"] = np.arange(len(frame))
    found = fit(frame, cluster="row")
    dummies = pd.get_dummies(frame[["urn", "year"]].astype(str), dtype=float)
    design = np.hstack([frame[["x1", "x2"]], dummies.drop(columns="year_2015")])
    hc1 = sm.OLS(frame.y.to_numpy(), design).fit(cov_type="HC1")
    # Each row its own cluster: G/(G-1) (N-1)/(N-K) is N/(N-K), as HC1 has it.
    assert found.standard_errors == pytest.approx(hc1.bse[:2], rel=1e-9)


def test_a_school_seen_once_is_left_out_and_counted():
    frame = panel(1)
    lone = pd.DataFrame([frame.iloc[0].to_dict() | {"urn": 7, "y": 50.0}])
    found, before = fit(pd.concat([frame, lone])), fit(frame)
    assert found.left_out == {"alone in their unit or period": 1}
    assert found.table.equals(before.table)
    assert (found.rows, found.units) == (before.rows, before.units)


def test_leaving_one_out_can_leave_another_alone():
    # Year 2 has only school 1; without that row school 1 is seen once, in year 1.
    unit, time = np.array([0, 0, 1, 1, 2, 2]), np.array([1, 2, 0, 1, 0, 1])
    assert singletons(unit, time).tolist() == [True, True, False, False, False, False]


def test_schools_alone_in_all_years_leave_nothing():
    frame = panel(1).drop_duplicates("urn")
    with pytest.raises(ValueError, match="no unit and period is seen twice"):
        fit(frame)


def test_parts_that_share_no_year_are_counted():
    frame = panel(1)
    late = frame.urn >= 100_012
    apart = frame.assign(year=frame.year + 100 * late)
    found = fit(apart)
    assert (fit(frame).components, found.components) == (1, 2)
    expected = by_dummies(apart, ["x1", "x2"], cluster="urn")
    assert found.coefficients == pytest.approx(expected[0], abs=1e-10)


def test_years_hardly_linked_are_still_solved_exactly():
    # Two blocks of schools with years of their own, and one school that links them.
    frame = panel(2, units=60, times=4)
    late = frame.urn >= 100_030
    frame["year"] += 10 * late
    frame.loc[frame.urn == 100_029, "year"] = [2017, 2018, 2025, 2026]
    found = fit(frame)
    assert found.components == 1
    assert found.coefficients == pytest.approx(
        by_dummies(frame, ["x1", "x2"], cluster="urn")[0], abs=1e-10
    )


def test_what_is_left_is_at_right_angles_to_every_school_and_year():
    frame = panel(4, missing=0.4)
    unit, time = frame.urn.factorize()[0], frame.year.factorize()[0]
    weights = frame.pupils.to_numpy()
    left = two_way_projection(unit, time, weights).residuals(frame.y.to_numpy())
    assert np.bincount(unit, weights * left) == pytest.approx(0, abs=1e-9)
    assert np.bincount(time, weights * left) == pytest.approx(0, abs=1e-9)


def test_more_years_than_schools_is_the_same_problem():
    frame = panel(6, units=4, times=30, hubs=4)
    expected = by_dummies(frame, ["x1", "x2"], cluster="urn")
    assert fit(frame).coefficients == pytest.approx(expected[0], abs=1e-10)
    assert fit(frame).standard_errors == pytest.approx(expected[1], rel=1e-9)


seeds = st.integers(0, 10_000)


@settings(max_examples=15)
@given(seeds)
def test_the_order_of_rows_does_not_matter(seed):
    frame = panel(seed, missing=0.2)
    again = fit(frame.sample(frac=1, random_state=seed))
    assert again.coefficients == pytest.approx(fit(frame).coefficients, rel=1e-9)
    assert again.standard_errors == pytest.approx(fit(frame).standard_errors, rel=1e-9)


@settings(max_examples=15)
@given(seeds, st.sampled_from([-1e4, 3.0, 1e4]))
def test_what_is_fixed_for_a_school_or_common_to_a_year_changes_nothing(seed, size):
    frame = panel(seed, missing=0.2)
    moved = frame.assign(y=frame.y + size * (frame.urn % 7) + size * (frame.year - 2015))
    assert fit(moved).coefficients == pytest.approx(fit(frame).coefficients, abs=1e-8)
    assert fit(moved).standard_errors == pytest.approx(fit(frame).standard_errors, rel=1e-7)


@settings(max_examples=15)
@given(seeds, st.sampled_from([-3.0, 1e-6, 1e6]))
def test_another_unit_rescales_everything(seed, factor):
    frame = panel(seed)
    before, after = fit(frame), fit(frame.assign(y=frame.y * factor))
    assert after.coefficients == pytest.approx(before.coefficients * factor, rel=1e-8)
    assert after.standard_errors == pytest.approx(
        before.standard_errors * abs(factor), rel=1e-8
    )
    assert after.p_values == pytest.approx(before.p_values, rel=1e-6)
    rescaled = fit(frame.assign(x1=frame.x1 * factor))
    assert rescaled.coefficients[0] * factor == pytest.approx(
        before.coefficients[0], rel=1e-8
    )


@settings(max_examples=10)
@given(seeds)
def test_rows_seen_twice_change_no_coefficient_and_are_counted(seed):
    frame = panel(seed)
    before, after = fit(frame), fit(pd.concat([frame, frame]))
    assert after.coefficients == pytest.approx(before.coefficients, rel=1e-9)
    assert (before.repeated, after.repeated) == (0, len(frame))
    # Scores double, so does the bread: only the correction for N is another.
    n, parameters = len(frame), 2 + 5
    ratio = (2 * n - 1) / (2 * n - parameters) / ((n - 1) / (n - parameters))
    assert after.standard_errors == pytest.approx(
        before.standard_errors * np.sqrt(ratio), rel=1e-9
    )


@settings(max_examples=10)
@given(seeds, st.sampled_from([0.01, 100.0]))
def test_only_relative_weights_count(seed, factor):
    frame = panel(seed)
    before = fit(frame, weights="pupils")
    after = fit(frame.assign(pupils=frame.pupils * factor), weights="pupils")
    assert after.standard_errors == pytest.approx(before.standard_errors, rel=1e-9)
    equal = fit(frame.assign(pupils=factor), weights="pupils")
    assert equal.standard_errors == pytest.approx(fit(frame).standard_errors, rel=1e-9)


def test_an_outcome_fitted_perfectly_has_no_p_value():
    frame = panel(1)
    found = fit(frame.assign(y=2 * frame.x1 + frame.year))
    assert found.perfect_fit
    assert found.coefficients == pytest.approx([2, 0], abs=1e-12)
    assert found.standard_errors.tolist() == [0, 0]
    assert np.isnan(found.p_values).all()


def test_the_table_names_the_regressors():
    found = fit(panel(1))
    assert found.table.index.tolist() == ["x1", "x2"]
    assert (found.table.low < found.table.coefficient).all()
    assert found.table.loc["x1", "standard_error"] == found.standard_errors[0]
    assert found.degrees_of_freedom == 23


@pytest.mark.parametrize(
    ("change", "regressors", "sentence"),
    [
        ({"y": 3.0}, "x1", "'y' has nothing left once unit and period effects"),
        ({"size": lambda f: f.urn % 5}, ["x1", "size"], "'size' has nothing left"),
        ({"trend": lambda f: f.year * 0.1}, ["trend"], "'trend' has nothing left"),
        ({"both": lambda f: f.x1 * 2 - f.year}, ["x1", "both"], "'both' is a linear comb"),
        ({"y": lambda f: f.y.where(f.year != 2015)}, "x1", "24 rows have no value of 'y'"),
        ({"x1": np.inf}, "x1", "120 rows have no value of 'x1'"),
        ({"x1": "high"}, "x1", "'x1' is not a column of numbers"),
        ({"urn": lambda f: f.urn.where(f.urn > 100_000)}, "x1", "5 rows have no 'urn'"),
        ({}, [], "no regressor is named"),
        ({}, ["x1", "x1"], "a regressor is named twice"),
        ({}, ["z"], "no column 'z'"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_name(change, regressors, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit(panel(1).assign(**change), regressors)


def test_one_cluster_is_refused():
    with pytest.raises(ValueError, match="'hub' has one cluster"):
        fit(panel(1, hubs=1), cluster="hub")


def test_weights_must_be_positive():
    frame = panel(1)
    with pytest.raises(ValueError, match="24 rows have a weight 'pupils'"):
        fit(frame.assign(pupils=(frame.year > 2015) * 1.0), weights="pupils")


def test_an_empty_frame_is_refused():
    with pytest.raises(ValueError, match="no row"):
        fit(panel(1).iloc[:0])
