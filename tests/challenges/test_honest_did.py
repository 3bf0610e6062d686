from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.challenges.honest_did import breakdown, relative_magnitudes, smoothness

VALIDATION = Path(__file__).parents[3] / "shared" / "data" / "validation"
FIRST = [1.0, 0.0]


@pytest.fixture(scope="module")
def published():
    """The published answers of the Medicaid example."""
    if not VALIDATION.is_dir():
        pytest.skip("published answers are not beside this checkout")
    cases = yaml.safe_load((VALIDATION / "published.yaml").read_text(encoding="utf-8"))
    cases = cases if isinstance(cases, list) else cases["cases"]
    return next(case for case in cases if case.get("file") == "ehec.csv")


@pytest.fixture(scope="module")
def medicaid(published):
    """Event study of the example by least squares with dummies, clustered by state."""
    frame = pd.read_csv(VALIDATION / published["file"])
    frame = frame[(frame.year < 2016) & (frame.yexp2.isna() | (frame.yexp2 != 2015))]
    treated = (frame.yexp2 == 2014).to_numpy(float)
    years = [year for year in range(2008, 2016) if year != 2013]
    event = np.column_stack([treated * (frame.year == year) for year in years])
    states = pd.get_dummies(frame.stfips).to_numpy(float)
    waves = pd.get_dummies(frame.year).to_numpy(float)[:, 1:]
    design = np.column_stack([event, states, waves])
    fit = sm.OLS(frame.dins.to_numpy(), design).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(frame.stfips)[0]}
    )
    # fixest does not count the states as parameters: they are nested in the clusters.
    size, counted = len(frame), event.shape[1] + waves.shape[1] + 1
    factor = (size - design.shape[1]) / (size - counted)
    covariance = fit.cov_params()[: len(years), : len(years)] * factor
    return years, fit.params[: len(years)], covariance


def test_the_medicaid_event_study_is_the_published_one(published, medicaid):
    years, betas, covariance = medicaid
    for year, expected in published["coefficients"].items():
        at = years.index(year)
        found = (betas[at], np.sqrt(covariance[at, at]))
        assert found == pytest.approx(
            tuple(expected), abs=published["tolerance"]["coefficients"]
        )


def test_relative_magnitudes_are_the_published_ones(published, medicaid):
    _, betas, covariance = medicaid
    answers = published["relative_magnitudes_conditional_least_favourable"]
    for m_bar, expected in answers.items():
        found = relative_magnitudes(betas, covariance, 5, 2, m_bar, FIRST)
        assert (found.low, found.high) == pytest.approx(
            tuple(expected), abs=published["tolerance"]["relative_magnitudes"]
        )


def test_smoothness_is_the_published_one(published, medicaid):
    _, betas, covariance = medicaid
    for bound, expected in published["smoothness_flci"].items():
        found = smoothness(betas, covariance, 5, 2, bound, FIRST)
        for end, printed in zip((found.low, found.high), expected, strict=True):
            # R prints three significant digits: 0.101 stands for 0.1005 to 0.1015.
            digits = len(str(printed).split(".")[1])
            assert round(end, digits) == pytest.approx(
                printed, abs=published["tolerance"]["smoothness"]
            )


def test_the_medicaid_finding_is_lost_between_the_published_limits(medicaid):
    _, betas, covariance = medicaid
    magnitudes = breakdown(betas, covariance, 5, 2, FIRST)
    assert 1.5 < magnitudes.value < 2.0
    bends = breakdown(betas, covariance, 5, 2, FIRST, method="smoothness")
    assert 0.02 < bends.value < 0.03


def test_without_sampling_error_the_drift_adds_its_largest_change_each_period():
    # The gap moved by 0.1, then by 0.3 into the reference. Two periods after it may
    # have moved by twice 2 * 0.3 either way around the 5 that is seen.
    betas, covariance = [0.2, 0.3, 4.0, 5.0], 1e-14 * np.eye(4)
    found = relative_magnitudes(betas, covariance, 2, 2, 2.0, [0.0, 1.0])
    assert (found.low, found.high) == pytest.approx((5 - 1.2, 5 + 1.2), abs=1e-5)
    # The mean of both effects drifts by one and a half changes on average.
    found = relative_magnitudes(betas, covariance, 2, 2, 2.0, [0.5, 0.5])
    assert (found.low, found.high) == pytest.approx((4.5 - 0.9, 4.5 + 0.9), abs=1e-5)
    # 5 is used up at 5 / (2 * 0.3).
    lost = breakdown(betas, covariance, 2, 2, [0.0, 1.0])
    assert lost.value == pytest.approx(5 / 0.6, abs=1e-4)


def test_without_sampling_error_a_line_is_taken_out_and_a_bend_left():
    # Down by 2 a period: at 1 after the reference the line stands at -2.
    betas, covariance = [4.0, 2.0, 5.0], 1e-14 * np.eye(3)
    found = smoothness(betas, covariance, 2, 1, 0.5, [1.0])
    assert (found.low, found.high) == pytest.approx((7 - 0.5, 7 + 0.5), abs=1e-5)
    lost = breakdown(betas, covariance, 2, 1, [1.0], method="smoothness")
    assert lost.value == pytest.approx(7, abs=1e-4)


def draw(seed, pre, post):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(pre + post + 5, pre + post))
    betas = 3 * rng.normal(size=pre + post)
    return betas, root.T @ root, pre, post, rng.normal(size=post)


studies = st.builds(draw, st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 4))
METHODS = [relative_magnitudes, smoothness]
each_method = pytest.mark.parametrize("method", METHODS)


def ends(method, study, bound, **settings_):
    betas, covariance, pre, post, weights = study
    found = method(betas, covariance, pre, post, bound, weights, **settings_)
    return found.low, found.high


def test_the_centre_is_the_effect_once_the_line_is_taken_out():
    # A line of 1 a period before; two effects of 5 stand on top of it after.
    betas, covariance = [-2.0, -1.0, 5 + 1, 5 + 2], np.eye(4)
    plain = relative_magnitudes(betas, covariance, 2, 2, 0.0, [0.5, 0.5])
    straight = smoothness(betas, covariance, 2, 2, 0.0, [0.5, 0.5])
    assert (plain.low + plain.high) / 2 == pytest.approx(6.5, abs=1e-3)
    assert straight.centre == pytest.approx(5)
    assert plain.centre is None


@given(studies)
@settings(max_examples=15)
def test_without_drift_relative_magnitudes_are_the_conventional_interval(study):
    betas, covariance, pre, _, weights = study
    effect = weights @ betas[pre:]
    half = stats.norm.ppf(0.975) * np.sqrt(weights @ covariance[pre:, pre:] @ weights)
    assert ends(relative_magnitudes, study, 0.0) == pytest.approx(
        (effect - half, effect + half), rel=1e-9, abs=1e-9
    )
    found = breakdown(*study)
    assert (found.low, found.high) == pytest.approx((effect - half, effect + half))
    assert (found.value is None) == (found.low <= 0 <= found.high)


@given(studies)
@settings(max_examples=10)
def test_relative_magnitudes_hold_all_that_the_largest_change_allows(study):
    """The interval spans the set that the point estimates alone would identify."""
    betas, _, pre, _, weights = study
    path = np.concatenate([betas[:pre], [0.0]])
    reach = np.abs(np.diff(path)).max() * np.abs(np.cumsum(weights[::-1])).sum()
    effect = weights @ betas[pre:]
    low, high = ends(relative_magnitudes, study, 1.0)
    assert low <= effect - reach
    assert high >= effect + reach


@given(studies)
@settings(max_examples=10)
def test_more_allowed_drift_widens_the_interval(study):
    before = ends(relative_magnitudes, study, 0.0)
    width = 0.0
    for bound in (0.3, 1.0, 2.5):
        found = ends(relative_magnitudes, study, bound)
        assert found[0] <= before[0]
        assert found[1] >= before[1]
        before = found
    for bound in (0.0, 0.3, 1.0, 2.5):
        low, high = ends(smoothness, study, bound)
        assert high - low >= width
        width = high - low


@each_method
@given(study=studies, factor=st.sampled_from([-3.0, -1.0, 1e-3, 250.0]))
@settings(max_examples=8)
def test_another_unit_rescales_the_interval(method, study, factor):
    betas, covariance, *rest = study
    bound = 0.7 * abs(factor) if method is smoothness else 0.7
    scaled = ends(method, (factor * betas, factor**2 * covariance, *rest), bound)
    expected = sorted(factor * end for end in ends(method, study, 0.7))
    assert scaled == pytest.approx(tuple(expected), rel=1e-7, abs=1e-7 * abs(factor))


@each_method
@given(study=studies)
@settings(max_examples=8)
def test_double_weights_double_the_interval(method, study):
    *rest, weights = study
    doubled = ends(method, (*rest, 2 * weights), 0.7)
    expected = tuple(2 * end for end in ends(method, study, 0.7))
    assert doubled == pytest.approx(expected, rel=1e-7, abs=1e-7)


@given(studies, st.sampled_from([-2.0, 0.5]))
@settings(max_examples=10)
def test_a_straight_line_of_drift_changes_nothing_under_smoothness(study, slope):
    betas, covariance, pre, post, weights = study
    time = np.concatenate([np.arange(-pre, 0), np.arange(1, post + 1)])
    tilted = (betas + slope * time, covariance, pre, post, weights)
    expected = ends(smoothness, study, 0.4)
    assert ends(smoothness, tilted, 0.4) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@given(studies)
@settings(max_examples=10)
def test_adding_to_every_effect_moves_the_interval_by_as_much(study):
    betas, covariance, pre, post, weights = study
    moved = betas + np.concatenate([np.zeros(pre), np.full(post, 2.0)])
    for method in METHODS:
        low, high = ends(method, study, 0.6)
        shift = 2 * weights.sum()
        found = ends(method, (moved, covariance, pre, post, weights), 0.6)
        assert found == pytest.approx((low + shift, high + shift), rel=1e-7, abs=1e-7)


@each_method
@given(study=studies)
@settings(max_examples=6)
def test_a_wider_level_gives_a_wider_interval(method, study):
    narrow, wide = (ends(method, study, 0.5, level=level) for level in (0.8, 0.99))
    assert wide[1] - wide[0] > narrow[1] - narrow[0]


@pytest.mark.parametrize("name", ["relative_magnitudes", "smoothness"])
@given(study=studies)
@settings(max_examples=4)
def test_the_breakdown_lies_where_an_end_reaches_zero(name, study):
    betas, covariance, pre, post, weights = study
    strong = np.concatenate([betas[:pre], 30 * np.sign(weights)])
    found = breakdown(strong, covariance, pre, post, weights, method=name)
    method = relative_magnitudes if name == "relative_magnitudes" else smoothness
    study = (strong, covariance, pre, post, weights)
    assert found.value is not None
    error = np.sqrt(weights @ covariance[pre:, pre:] @ weights)
    low, high = ends(method, study, found.value)
    assert min(abs(low), abs(high)) < 1e-6 * error
    for share in (0.0, 0.3, 0.6, 0.999):
        low, high = ends(method, study, share * found.value)
        assert low > 0 or high < 0


def test_no_finding_has_no_breakdown():
    found = breakdown([0.1, 0.5, 0.2], np.eye(3), 2, 1, [1.0])
    assert found.value is None
    assert found.low < 0 < found.high


def test_a_decline_breaks_down_where_its_rise_would():
    covariance = np.eye(4) + 0.2
    for method in ("relative_magnitudes", "smoothness"):
        rise = breakdown([0.3, -0.4, 7, 9], covariance, 2, 2, FIRST, method=method)
        fall = breakdown([-0.3, 0.4, -7, -9], covariance, 2, 2, FIRST, method=method)
        assert fall.value == pytest.approx(rise.value, rel=1e-7)
        assert fall.high == pytest.approx(-rise.low)


def test_early_coefficients_known_to_be_zero_bear_any_multiple():
    covariance = np.diag([0.0, 0.0, 1.0])
    found = relative_magnitudes([0, 0, 9.0], covariance, 2, 1, 100.0, [1.0])
    assert (found.low, found.high) == pytest.approx((9 - 1.959964, 9 + 1.959964))
    assert breakdown([0, 0, 9.0], covariance, 2, 1, [1.0]).value == float("inf")


@each_method
def test_event_times_say_the_same_as_numbers_of_periods(method):
    betas, covariance = [0.1, 0.2, 3.0, 4.0], np.eye(4)
    by_number = method(betas, covariance, 2, 2, 0.5, FIRST)
    by_time = method(betas, covariance, [-3, -2], [0, 1], 0.5, FIRST)
    by_frame = method(
        pd.Series(betas),
        pd.DataFrame(covariance),
        np.int64(2),
        np.int64(2),
        0.5,
        np.array(FIRST),
    )
    assert by_number == by_time == by_frame


def test_the_result_says_what_it_rests_on():
    found = smoothness([0.1, 9.0], np.eye(2), 1, 1, 0.5, [1.0], level=0.9)
    assert (found.bound, found.level, found.method) == (0.5, 0.9, "smoothness")
    assert found.excludes_zero
    assert not smoothness([0.1, 0.0], np.eye(2), 1, 1, 0.5, [1.0]).excludes_zero


GOOD = {
    "betas": [0.1, 0.2, 3.0, 4.0],
    "covariance": np.eye(4),
    "pre_periods": 2,
    "post_periods": 2,
    "effect_weights": FIRST,
}
ASYMMETRIC = np.eye(4) + np.eye(4, k=1)
REFUSALS = [
    ({"pre_periods": 0, "betas": [3.0, 4.0], "covariance": np.eye(2)}, "no period before"),
    ({"pre_periods": [], "post_periods": [0, 1], "betas": [3.0, 4.0]}, "no period before"),
    ({"post_periods": 0, "betas": [0.1, 0.2]}, "there is no effect"),
    ({"betas": [0.1, 0.2, 3.0]}, r"need 4 coefficients .* shape \(3,\)"),
    ({"betas": [0.1, 0.2, np.nan, 4.0]}, "coefficients hold a value that is missing"),
    ({"covariance": np.eye(3)}, r"must be 4 by 4, found \(3, 3\)"),
    ({"covariance": np.full((4, 4), np.inf)}, "covariance hold a value"),
    ({"covariance": ASYMMETRIC}, "not symmetric"),
    ({"covariance": np.diag([1.0, 1, 1, -1])}, "not positive semidefinite"),
    ({"covariance": np.diag([1.0, 1, 0, 1])}, "the effect has no variance"),
    ({"covariance": np.zeros((4, 4))}, "the effect has no variance"),
    ({"effect_weights": [1.0]}, "one effect weight for each of 2 post-periods"),
    ({"effect_weights": [0.0, 0.0]}, "effect weights are all zero"),
    ({"effect_weights": [np.inf, 0.0]}, "effect weights hold a value"),
    ({"pre_periods": [-3, -2]}, "both as numbers or as times"),
    ({"pre_periods": [-4, -2], "post_periods": [0, 1]}, "must be consecutive"),
    ({"pre_periods": [-2, -1], "post_periods": [0, 1]}, "must be consecutive"),
    ({"pre_periods": [-2, -3], "post_periods": [0, 1]}, "must be consecutive"),
    ({"level": 1.0}, "level must lie between"),
    ({"level": 95}, "level must lie between"),
]


@each_method
@pytest.mark.parametrize(("change", "message"), REFUSALS)
def test_what_cannot_be_judged_is_refused(method, change, message):
    bound = {"m" if method is smoothness else "m_bar": 1.0}
    with pytest.raises(ValueError, match=message):
        method(**(GOOD | bound | change))
    with pytest.raises(ValueError, match=message):
        breakdown(**(GOOD | change))


@pytest.mark.parametrize("bound", [-0.1, np.nan, np.inf])
def test_a_limit_that_is_not_a_size_is_refused(bound):
    with pytest.raises(ValueError, match="m_bar must be a finite number of zero or more"):
        relative_magnitudes(m_bar=bound, **GOOD)
    with pytest.raises(ValueError, match="m must be a finite number of zero or more"):
        smoothness(m=bound, **GOOD)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="no method 'monotone'"):
        breakdown(**GOOD, method="monotone")


def test_effects_that_determine_each_other_are_refused():
    covariance = np.eye(4)
    covariance[2:, 2:] = 1.0  # the change from one effect to the next has no variance
    with pytest.raises(ValueError, match="a change after the reference period has no"):
        relative_magnitudes(**(GOOD | {"covariance": covariance, "m_bar": 0.0}))


@pytest.mark.parametrize("bound", [None, "one", [1, 2], float("nan"), float("inf"), -0.5])
def test_a_limit_that_is_no_number_of_zero_or_more_is_refused_in_a_sentence(bound):
    for method in (relative_magnitudes, smoothness):
        with pytest.raises(ValueError, match="must be a finite number of zero or more"):
            method([0.1, 0.2], np.eye(2), 1, 1, bound, [1.0])


def test_coefficients_that_are_text_are_named_as_such():
    with pytest.raises(ValueError, match="the coefficients must be numbers"):
        relative_magnitudes(["a", "b"], np.eye(2), 1, 1, 1.0, [1.0])
