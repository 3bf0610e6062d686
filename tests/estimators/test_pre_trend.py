from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from pipeline.estimators.event_study import group_time_att

VALIDATION = Path(__file__).parents[3] / "shared" / "data" / "validation"
YEARS = np.arange(2014, 2020)


def study(seed=0, slope=0.0, sizes=(40, 60, 150), noise=1.0, **settings):
    """Study cohorts of 2017 and 2018 whose schools drift by `slope` a year."""
    random = np.random.default_rng(seed)
    joined = np.repeat([2017, 2018, 0], sizes)
    count = len(joined)
    score = random.normal(size=(count, 1)) + noise * random.normal(size=(count, 6))
    score += slope * (joined[:, None] > 0) * (YEARS - 2014)
    frame = pd.DataFrame(
        {
            "school": np.repeat(np.arange(count), 6),
            "year": np.tile(YEARS, count),
            "joined": np.repeat(joined, 6),
            "score": score.ravel(),
        }
    )
    columns = {"unit": "school", "time": "year", "cohort": "joined", "outcome": "score"}
    return group_time_att(frame, **columns, **settings)


@pytest.mark.parametrize(
    ("control", "wald", "p_value"),
    # R's did prints W = 7.79124 (0.16812) and, not yet treated, 7.79093 (0.16814).
    [("never", 7.79124, 0.16812), ("not_yet", 7.79093, 0.16814)],
)
def test_it_reproduces_the_pre_test_of_r_did_on_mpdta(control, wald, p_value):
    if not VALIDATION.exists():
        pytest.skip("the published data sets are not beside this checkout")
    frame = pd.read_csv(VALIDATION / "mpdta.csv")
    cases = yaml.safe_load((VALIDATION / "published.yaml").read_text())
    (case,) = [case for case in cases if "pre-trend Wald test" in case["case"]]
    if control == "never":
        assert (case["wald"], case["p_value"]) == (wald, p_value)
    found = group_time_att(
        frame,
        unit="countyreal",
        time="year",
        cohort="first.treat",
        outcome="lemp",
        control=control,
    ).pre_trend()
    assert found.wald == pytest.approx(wald, abs=1e-4)
    assert found.p_value == pytest.approx(p_value, abs=1e-4)
    assert found.restrictions == 5


def test_the_statistic_is_the_quadratic_form_of_the_cells_before_joining():
    found = study()
    before = ~found.table["post"].to_numpy()
    b, v = found.table["att"][before].to_numpy(), found.covariance[np.ix_(before, before)]
    assert found.pre_trend().wald == pytest.approx(b @ np.linalg.solve(v, b))
    assert (
        found.pre_trend().restrictions == 5
    )  # two years of one cohort, three of the other


def test_a_drift_before_joining_is_found():
    assert study(slope=1.0).pre_trend().p_value < 1e-6
    assert study(slope=1.0, seed=3).pre_trend("event_times").p_value < 1e-6


def test_the_base_period_does_not_matter_to_what_the_test_can_see():
    # The same changes in another order: a rotation of the same numbers.
    varying = study(control="never").pre_trend()
    universal = study(control="never", base_period="universal").pre_trend()
    assert varying.wald == pytest.approx(universal.wald)
    assert varying.power["slope"].tolist() == pytest.approx(
        universal.power["slope"].tolist()
    )


def test_more_power_needs_a_steeper_line_and_less_noise_shows_a_flatter_one():
    power = study().pre_trend().power
    assert power["slope"].is_monotonic_increasing
    quiet = study(noise=0.1).pre_trend().power
    assert quiet["slope"].tolist() == pytest.approx(
        (power["slope"] / 10).tolist(), rel=1e-6
    )


def test_the_bias_of_a_line_is_its_height_since_the_base():
    found = study().pre_trend()
    row = found.power.iloc[0]
    events = found.bias_by_event_time.query("power == 0.5")
    assert events["event_time"].tolist() == [0, 1, 2]
    assert events["bias"].tolist() == pytest.approx([row["slope"] * e for e in (1, 2, 3)])
    assert row["bias"] == pytest.approx(row["slope"] * 2)


@pytest.mark.parametrize("over", ["cells", "event_times"])
def test_power_and_the_bias_of_those_who_pass_are_what_a_million_draws_show(over):
    found = study()
    told = found.pre_trend(over)
    dynamic = found.aggregate("dynamic")
    table, weights = found.table, dynamic.influence
    if over == "cells":
        before = ~table["post"].to_numpy()
        parts, distance = found.influence[before], np.ones(before.sum())
    else:
        before = dynamic.table["event_time"].to_numpy() < 0
        parts, distance = weights[before], np.ones(before.sum())
    whole = np.vstack([parts, dynamic.overall_influence])
    covariance = whole @ whole.T
    random = np.random.default_rng(9)
    for row in told.power.itertuples():
        mean = np.append(row.slope * distance, row.bias)
        drawn = random.multivariate_normal(mean, covariance, size=400_000)
        b = drawn[:, :-1]
        wald = (b @ np.linalg.inv(covariance[:-1, :-1]) * b).sum(axis=1)
        passed = wald <= stats.chi2.ppf(0.95, b.shape[1])
        assert 1 - passed.mean() == pytest.approx(row.power, abs=0.005)
        error = drawn[passed, -1].std() / np.sqrt(passed.sum())
        assert drawn[passed, -1].mean() == pytest.approx(row.bias_given_pass, abs=5 * error)


def test_a_cohort_with_fewer_schools_than_numbers_is_named_and_not_tested():
    found = study(sizes=(2, 60, 150)).pre_trend()
    assert found.not_tested == ("cohort 2017: 2 clusters for 2 numbers",)
    assert found.restrictions == 3
    nobody = study(sizes=(2, 3, 150)).pre_trend()
    assert (nobody.wald, nobody.p_value) == (None, None)
    assert nobody.reason == "each cohort has too few clusters"
    assert nobody.power.empty


def test_the_years_of_anticipation_are_not_before():
    assert study(anticipation=1).pre_trend().restrictions == 3


def test_few_clusters_raise_the_p_value():
    found = study(sizes=(8, 10, 150)).pre_trend()
    assert found.few_clusters_p_value > found.p_value


def test_a_constant_outcome_has_nothing_to_test():
    columns = {"unit": "school", "time": "year", "cohort": "joined", "outcome": "score"}
    frame = pd.DataFrame(
        [(n, year, 2018 * (n < 9), 1.0) for n in range(20) for year in YEARS],
        columns=list(columns.values()),
    )
    found = group_time_att(frame, **columns).pre_trend()
    assert found.reason == "the covariance of the effects is singular"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"over": "years"}, "over is"),
        ({"level": 5}, "level"),
        ({"powers": [0.01]}, "power"),
    ],
)
def test_it_refuses_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        study().pre_trend(**settings)


def test_it_says_when_no_effect_before_joining_could_be_estimated():
    years = np.tile(YEARS, 8)
    joined = np.repeat([2017] * 4 + [0] * 4, 6)
    size = np.repeat(np.arange(8.0), 6) - 10 * (joined > 0)  # all joiners are smaller
    frame = pd.DataFrame({"school": np.repeat(np.arange(8), 6), "year": years})
    frame = frame.assign(joined=joined, size=size, score=years % 5 * size)
    columns = {"unit": "school", "time": "year", "cohort": "joined", "outcome": "score"}
    found = group_time_att(frame, **columns, covariates=["size"], method="ipw")
    assert found.pre_trend().reason == "no effect before joining could be estimated"


def test_without_results_after_joining_the_years_before_are_tested_all_the_same():
    random = np.random.default_rng(0)
    school, year = np.repeat(range(60), 4), np.tile(range(1, 5), 60)
    frame = pd.DataFrame({"school": school, "year": year, "y": random.normal(size=240)})
    frame["cohort"] = np.where(school < 20, 4, 0)
    frame = frame[(frame["cohort"] == 0) | (frame["year"] < 4)]
    found = group_time_att(
        frame, unit="school", time="year", cohort="cohort", outcome="y"
    ).pre_trend()
    assert 0 < found.p_value < 1
    assert (found.power["slope"] > 0).all()
    assert found.power["bias"].isna().all()
    assert found.bias_by_event_time.empty
