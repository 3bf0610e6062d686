import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.estimators.event_study import group_time_att

YEARS = (2016, 2017, 2018, 2019)


def study(joined, scores, **settings):
    """Study schools that joined in these years, with one row of scores for each."""
    frame = pd.DataFrame(
        {
            "school": np.repeat(np.arange(len(joined)), len(YEARS)),
            "year": np.tile(YEARS, len(joined)),
            "joined": np.repeat(joined, len(YEARS)),
            "score": np.asarray(scores, dtype=float).ravel(),
        }
    )
    return group_time_att(
        frame, unit="school", time="year", cohort="joined", outcome="score", **settings
    )


# Three schools join in 2017 and gain 1, 3, 5; one more pair joins in 2018 and gains 10, 20.
JOINED = [2017] * 3 + [2018] * 2 + [0] * 2
SCORES = [[0, 1, 3, 5]] * 3 + [[0, 0, 10, 20]] * 2 + [[0, 0, 0, 0]] * 2


@pytest.fixture(scope="module")
def found():
    return study(JOINED, SCORES)


def test_simple_weighs_each_cell_by_the_schools_of_its_cohort(found):
    summary = found.aggregate("simple")
    assert summary.estimate == pytest.approx((3 * (1 + 3 + 5) + 2 * (10 + 20)) / (9 + 4))
    assert summary.table["estimate"].tolist() == [summary.estimate]
    assert summary.table["cells"].tolist() == [5]


def test_group_is_each_cohorts_mean_and_then_that_of_a_school(found):
    summary = found.aggregate("group")
    assert summary.table["cohort"].tolist() == [2017, 2018]
    assert summary.table["estimate"].tolist() == pytest.approx([3, 15])
    assert summary.estimate == pytest.approx((3 * 3 + 2 * 15) / 5)


def test_dynamic_follows_the_time_since_joining(found):
    summary = found.aggregate("dynamic")
    assert summary.table["event_time"].tolist() == [-1, 0, 1, 2]
    later = [(3 * 1 + 2 * 10) / 5, (3 * 3 + 2 * 20) / 5, 5]
    assert summary.table["estimate"].tolist() == pytest.approx([0, *later])
    assert summary.table["cohorts"].tolist() == [1, 2, 2, 1]
    assert summary.estimate == pytest.approx(np.mean(later))


def test_calendar_follows_the_years(found):
    summary = found.aggregate("calendar")
    assert summary.table["time"].tolist() == [2017, 2018, 2019]
    by_year = [1, (3 * 3 + 2 * 10) / 5, (3 * 5 + 2 * 20) / 5]
    assert summary.table["estimate"].tolist() == pytest.approx(by_year)
    assert summary.estimate == pytest.approx(np.mean(by_year))


@pytest.fixture(scope="module")
def noisy():
    random = np.random.default_rng(6)
    joined = np.repeat([2017, 2018, 2019, 0], [120, 180, 150, 450])
    effect = np.where(joined[:, None] > 0, (joined[:, None] - 2016) * 1.0, 0)
    scores = random.normal(size=(900, 4)) + effect * (np.array(YEARS) >= joined[:, None])
    return joined, scores


@pytest.mark.parametrize("kind", ["simple", "group", "dynamic", "calendar"])
def test_contributions_are_what_leaving_a_school_out_moves_weights_and_all(noisy, kind):
    joined, scores = noisy
    whole = study(joined, scores, control="never")
    summary = whole.aggregate(kind)
    contribution = pd.Series(summary.overall_influence, index=whole.units)
    for school in range(0, 900, 71):
        keep = np.arange(900) != school
        without = study(joined[keep], scores[keep], control="never").aggregate(kind)
        moved = summary.estimate - without.estimate
        assert moved == pytest.approx(contribution[school], rel=0.05, abs=1e-4)


def test_the_covariance_has_the_squared_errors_of_the_rows(noisy):
    summary = study(*noisy).aggregate("dynamic")
    assert np.sqrt(np.diag(summary.covariance)) == pytest.approx(
        summary.table["standard_error"].to_numpy()
    )
    late = (summary.table["event_time"] >= 0).to_numpy()
    mean = late / late.sum()
    assert np.sqrt(mean @ summary.covariance @ mean) == pytest.approx(
        summary.standard_error
    )


def test_the_band_is_wider_than_each_interval_and_the_same_for_the_same_seed(noisy):
    study_of_all = study(*noisy)
    summary = study_of_all.aggregate("dynamic", draws=999, seed=4)
    rows = summary.table
    assert stats.norm.ppf(0.975) < summary.band < 3.2
    assert (rows["band_low"] < rows["low"]).all()
    assert (rows["band_high"] > rows["high"]).all()
    again = study_of_all.aggregate("dynamic", draws=999, seed=4)
    pd.testing.assert_frame_equal(rows, again.table)
    without = study_of_all.aggregate("dynamic")
    assert without.band is None
    assert without.table["band_low"].isna().all()
    assert study_of_all.aggregate("simple", draws=999).band == pytest.approx(1.96, abs=0.2)


def test_another_level_gives_another_interval_and_the_same_error(noisy):
    ninety = study(*noisy).aggregate("simple", level=0.9)
    usual = study(*noisy).aggregate("simple")
    assert ninety.standard_error == usual.standard_error
    assert usual.low < ninety.low < ninety.high < usual.high


def test_few_schools_have_a_wider_interval_than_the_normal_one():
    random = np.random.default_rng(1)
    few = study([2018] * 3 + [0] * 30, random.normal(size=(33, 4))).aggregate("simple")
    assert few.degrees_of_freedom < 5
    assert few.high - few.estimate > 1.3 * 1.96 * few.standard_error


def test_the_interval_covers_the_truth_as_often_as_it_says():
    # 400 worlds of 20 joiners in two cohorts among 120 schools, no effect.
    random = np.random.default_rng(12)
    joined = np.repeat([2017, 2018, 0], [10, 10, 100])
    covers = 0
    for _ in range(400):
        scores = random.normal(size=(120, 1)) + random.normal(size=(120, 4))
        summary = study(joined, scores).aggregate("simple")
        covers += summary.low < 0 < summary.high
    # Three standard errors of a share of 0.95 among 400 are 0.033.
    assert 0.917 < covers / 400 < 0.983


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "mean"}, "kind is simple"),
        ({"clock": "terms"}, "'calendar' or 'wave'"),
        ({"level": 95}, "between 0 and 1"),
        ({"draws": -1}, "draws: a whole number from 0"),
        ({"draws": 9.5}, "draws: a whole number from 0"),
    ],
)
def test_it_refuses_settings_it_does_not_know(found, change, message):
    with pytest.raises(ValueError, match=message):
        found.aggregate(**{"kind": "dynamic", **change})


def test_where_no_cell_after_joining_could_be_estimated_it_says_why():
    scores = np.array(SCORES, dtype=float)
    scores[-2:, 1:] = np.nan
    scores[3:5, 1:] = np.nan
    scores[0:3, 0] = np.nan
    with pytest.raises(ValueError, match="no unit is|no effect after joining"):
        study(JOINED, scores).aggregate("simple")
