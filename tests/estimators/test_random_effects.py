import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from pipeline.estimators.random_effects import random_effects_mean

VALIDATION = Path(__file__).parents[2].parent / "shared" / "data" / "validation"
# Log risk ratios of 13 trials of BCG and their variances (R: metafor::dat.bcg, escalc "RR").
YI = [-0.889311333920205, -1.58538865720143, -1.34807314829969, -1.44155119002131]
YI += [-0.217547322211296, -0.786115585818864, -1.62089822359839, 0.0119523335238405]
YI += [-0.469417648738149, -1.37134480347278, -0.339358828338391, 0.445913400571379]
YI += [-0.0173139482168798]
VI = [0.325584765003961, 0.194581121398144, 0.415367965367965, 0.0200100319022476]
VI += [0.0512101721696309, 0.00690561845590876, 0.223017247572315, 0.00396157929781773]
VI += [0.056434210463249, 0.0730247936130289, 0.0124122139715597, 0.532505845200153]
VI += [0.0714046596839863]


def test_the_published_meta_analysis_of_bcg_trials_is_reproduced():
    if not VALIDATION.is_dir():
        pytest.skip("the published answers are not beside this checkout")
    cases = yaml.safe_load((VALIDATION / "published.yaml").read_text(encoding="utf-8"))
    case = next(c for c in cases if c["case"].startswith("BCG"))
    with (VALIDATION / case["file"]).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    y, v = ([float(row[name]) for row in rows] for name in ("yi", "vi"))
    near = case["tolerance"]
    reml = random_effects_mean(y, v, method="reml", hartung_knapp=False)
    assert [reml.mean, reml.standard_error] == pytest.approx(case["reml"], abs=near)
    published = case["dersimonian_laird"]
    found = random_effects_mean(y, v, method="dersimonian_laird", hartung_knapp=False)
    assert [found.mean, found.standard_error] == pytest.approx(published["mean"], abs=near)
    assert found.between_variance == pytest.approx(published["tau2"], abs=near)
    assert found.q == pytest.approx(published["q"], abs=near)
    assert found.i_squared == pytest.approx(published["i2"], abs=5e-3)  # two decimals


@pytest.mark.parametrize(
    ("method", "between", "mean", "error", "low"),
    [
        # rma(yi, vi, method = "PM" / "REML" / "DL", control = list(threshold = 1e-12))
        (
            "paule_mandel",
            0.31806845220502,
            -0.71496815349344,
            0.18089219153762,
            -1.0695103340,
        ),
        ("reml", 0.31324325813649, -0.71453234215814, 0.17978151610521, -1.0668976388),
        (
            "dersimonian_laird",
            0.30876026286238,
            -0.71411722207323,
            0.17874208954,
            -1.06444528,
        ),
    ],
)
def test_each_method_gives_the_answer_of_metafor(method, between, mean, error, low):
    found = random_effects_mean(YI, VI, method=method, hartung_knapp=False)
    assert found.between_variance == pytest.approx(between, rel=1e-6)
    assert found.mean == pytest.approx(mean, rel=1e-7)
    assert found.standard_error == pytest.approx(error, rel=1e-7)
    assert found.low == pytest.approx(low, rel=1e-7)
    assert found.degrees_of_freedom is None


def test_hartung_and_knapps_interval_is_that_of_metafor():
    found = random_effects_mean(YI, VI, method="reml")  # rma(..., test = "knha")
    assert found.standard_error == pytest.approx(0.18079174409285, rel=1e-7)
    assert (found.low, found.high) == pytest.approx(
        (-1.1084437136856, -0.32062097063073), rel=1e-6
    )
    assert found.degrees_of_freedom == 12


def test_the_prediction_interval_takes_t_on_two_fewer_than_schools():
    found = random_effects_mean(YI, VI, method="reml")
    reach = stats.t.ppf(0.975, 11) * np.sqrt(0.31324325813649 + 0.18079174409285**2)
    assert found.prediction_low == pytest.approx(found.mean - reach, rel=1e-6)
    assert found.prediction_high == pytest.approx(found.mean + reach, rel=1e-6)
    # With k - 1, as metafor has it: predict(f)$pi.lb of rma(..., test = "knha").
    wider = reach / stats.t.ppf(0.975, 11) * stats.t.ppf(0.975, 12)
    assert found.mean - wider == pytest.approx(-1.9960168341962, rel=1e-6)


@pytest.mark.parametrize(
    ("method", "of_statsmodels"),
    [("paule_mandel", "iterated"), ("dersimonian_laird", "dl")],
)
def test_it_agrees_with_statsmodels_where_that_has_the_method(method, of_statsmodels):
    peer = combine_effects(np.array(YI), np.array(VI), method_re=of_statsmodels, use_t=True)
    found = random_effects_mean(YI, VI, method=method)
    assert found.between_variance == pytest.approx(peer.tau2, rel=1e-4)
    assert found.mean == pytest.approx(peer.mean_effect_re, rel=1e-5)
    assert found.standard_error == pytest.approx(peer.sd_eff_w_re_hksj, rel=1e-4)
    assert found.q == pytest.approx(peer.q, rel=1e-10)


def test_equal_variances_can_be_done_in_the_head():
    # Values 0, 2, 4 with variance 1: mean 2, variance of values 4, so 3 lies between.
    # Q = 4 + 0 + 4 = 8 on 2: I squared 6/8. The mean has the error of 2 / sqrt(3).
    for method in ("paule_mandel", "reml", "dersimonian_laird"):
        found = random_effects_mean([0, 2, 4], [1, 1, 1], method=method)
        assert (found.mean, found.between_variance) == pytest.approx((2, 3))
        assert (found.q, found.i_squared) == pytest.approx((8, 75))
        assert found.standard_error == pytest.approx(2 / np.sqrt(3))
        assert found.schools == 3


def test_schools_no_more_different_than_luck_have_no_variance_between():
    found = random_effects_mean([1.0, 1.1, 0.9], [1, 1, 1], hartung_knapp=False)
    assert (found.between_variance, found.i_squared) == (0, 0)
    assert found.mean == pytest.approx(1)
    assert found.standard_error == pytest.approx(1 / np.sqrt(3))
    assert found.share_above(0) == 1
    assert found.share_above(2) == 0


def test_the_share_above_the_mean_is_a_half():
    found = random_effects_mean([0, 2, 4], [1, 1, 1])
    assert found.share_above(found.mean) == pytest.approx(0.5)
    # One standard deviation between schools, sqrt(3), below the mean: 84%.
    assert found.share_above(2 - np.sqrt(3)) == pytest.approx(0.8413, abs=1e-4)


def test_schools_that_are_all_alike_have_a_mean_and_no_share_above_it():
    found = random_effects_mean([3.0, 3.0, 3.0], [1, 2, 3])
    assert (found.mean, found.between_variance) == (3, 0)
    assert found.share_above(3.0) is None


def test_two_schools_predict_no_third():
    found = random_effects_mean([0, 2], [1, 1])
    assert (found.prediction_low, found.prediction_high) == (None, None)


def test_the_higher_of_two_tops_of_the_likelihood_is_taken():
    y, v = [0.0, 0.1, -0.1, 0.05, 8.0], [0.001, 0.001, 0.001, 0.001, 30.0]
    found = random_effects_mean(y, v, method="reml").between_variance

    def minus_two(between):
        w = 1 / (between + np.array(v))
        mean = (w * y).sum() / w.sum()
        return (w * (y - mean) ** 2).sum() - np.log(w).sum() + np.log(w.sum())

    grid = np.concatenate([[0], np.geomspace(1e-8, 100, 20_001)])
    assert minus_two(found) <= min(minus_two(g) for g in grid) + 1e-9


@st.composite
def schools(draw):
    k = draw(st.integers(2, 12))
    y = draw(st.lists(st.integers(-300, 300), min_size=k, max_size=k))
    v = draw(st.lists(st.integers(1, 500), min_size=k, max_size=k))
    return np.array(y) / 100, np.array(v) / 100


METHODS = st.sampled_from(["paule_mandel", "reml", "dersimonian_laird"])


@settings(max_examples=40, deadline=None)
@given(schools(), METHODS, st.sampled_from([-2.0, 1e-3, 1e4]), st.randoms())
def test_order_level_and_unit_behave_as_algebra_says(given_schools, method, unit, random):
    y, v = given_schools
    order = list(range(len(y)))
    random.shuffle(order)
    before = random_effects_mean(y, v, method=method)
    after = random_effects_mean(unit * y[order] + 5, unit**2 * v[order], method=method)
    near = {"rel": 1e-5, "abs": 1e-6 * abs(unit)}
    assert after.mean == pytest.approx(unit * before.mean + 5, **near)
    assert after.standard_error == pytest.approx(abs(unit) * before.standard_error, **near)
    assert after.between_variance == pytest.approx(
        unit**2 * before.between_variance, rel=1e-5, abs=1e-8 * unit**2
    )
    assert after.q == pytest.approx(before.q, rel=1e-6, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(schools())
def test_paule_and_mandels_spread_is_as_many_as_schools_less_one(given_schools):
    y, v = given_schools
    found = random_effects_mean(y, v)
    w = 1 / (found.between_variance + v)
    spread = (w * (y - found.mean) ** 2).sum()
    if found.between_variance > 0:
        assert spread == pytest.approx(len(y) - 1, rel=1e-6)
    else:
        assert spread <= len(y) - 1 + 1e-9


@pytest.mark.parametrize(
    ("y", "v", "keywords", "sentence"),
    [
        ([1], [1], {}, "1 schools cannot show how schools differ"),
        ([], [], {}, "0 schools cannot"),
        ([1, 2], [1], {}, "one estimate and one variance"),
        ([1, np.nan], [1, 1], {}, "1 schools have no estimate"),
        ([1, np.inf], [1, 1], {}, "1 schools have no estimate"),
        ([1, 2], [1, 0], {}, "1 schools have no positive sampling variance"),
        ([1, 2], [1, np.nan], {}, "1 schools have no positive sampling variance"),
        (["a", "b"], [1, 1], {}, "numbers expected"),
        ([1, 2], [1, 1], {"method": "magic"}, "one of paule_mandel"),
        ([1, 2], [1, 1], {"level": 95}, "a level between 0 and 1"),
    ],
)
def test_what_has_no_mean_is_refused_without_a_warning(y, v, keywords, sentence):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=sentence):
            random_effects_mean(y, v, **keywords)


def test_a_share_above_nothing_is_refused():
    with pytest.raises(ValueError, match="not a finite number"):
        random_effects_mean([0, 2, 4], [1, 1, 1]).share_above(np.nan)
