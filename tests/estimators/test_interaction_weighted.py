from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.interaction_weighted import interaction_weighted

VALIDATION = Path(__file__).parents[3] / "shared" / "data" / "validation"


def published(name):
    path = VALIDATION / name
    if not path.is_file():
        pytest.skip("published data sets are not beside this checkout")
    return pd.read_csv(path)


def panel(joins, outcome, periods=5, first=2000):
    """Schools by year of joining (0: never); outcome(school, year)."""
    return pd.DataFrame(
        [
            {
                "urn": school,
                "year": year,
                "joined": start,
                "y": float(outcome(school, year)),
            }
            for school, start in enumerate(joins)
            for year in range(first, first + periods)
        ]
    )


def noisy(joins, seed, periods=5):
    random = np.random.default_rng(seed)
    frame = panel(joins, lambda s, t: random.normal(), periods)
    return frame.assign(x=random.normal(size=len(frame)))


def fit(frame, **options):
    return interaction_weighted(
        frame, unit="urn", time="year", cohort="joined", outcome="y", **options
    )


def test_the_published_worked_example_of_fixest():
    # R fixest: feols(y ~ x1 + sunab(year_treated, year) | id + year, base_stagg);
    # summary(agg = "att")
    found = interaction_weighted(
        published("base_stagg.csv"),
        unit="id",
        time="year",
        cohort="year_treated",
        outcome="y",
        covariates=["x1"],
    )
    assert (found.att, found.standard_error) == pytest.approx(
        (-1.133749, 0.205070), abs=1e-5
    )
    covariate = found.covariates.iloc[0]
    assert covariate.covariate == "x1"
    assert (covariate.coefficient, covariate.standard_error) == pytest.approx(
        (0.994678, 0.018378), abs=1e-5
    )


def test_without_covariates_it_gives_the_group_time_effects_of_the_minimum_wage_data():
    # Sun and Abraham, section 4.2: with never-treated controls and no covariate the cells
    # are those of Callaway and Sant'Anna; the published dynamic effects are of R's did.
    found = interaction_weighted(
        published("mpdta.csv"),
        unit="countyreal",
        time="year",
        cohort="first.treat",
        outcome="lemp",
    )
    assert found.att == pytest.approx(-0.0399512751551763, abs=1e-8)
    after = found.table[found.table.relative >= 0].estimate.tolist()
    assert after == pytest.approx(
        [-0.0199318167892593, -0.0509573670651939, -0.137258738889403, -0.100811363085404],
        abs=1e-8,
    )


def test_each_cell_is_a_difference_of_differences_from_the_year_before():
    frame = noisy([2002, 2002, 2003, 0, 0], 1)
    means = frame.groupby(["joined", "year"])["y"].mean()
    for row in fit(frame).cells.itertuples():
        base = row.cohort - 1
        own = means[row.cohort, row.time] - means[row.cohort, base]
        assert row.estimate == pytest.approx(own - (means[0, row.time] - means[0, base]))


def test_the_mean_counts_each_row_after_joining_once():
    # The effect is 1 in each of three rows of one school and 5 in one row of another.
    joins = [2002, 2004, 0]
    frame = panel(joins, lambda s, t: (1, 5, 0)[s] * (joins[s] > 0 and t >= joins[s]))
    found = fit(frame)
    assert found.att == pytest.approx((3 * 1 + 5) / 4)
    by_step = found.table.set_index("relative").estimate
    assert by_step[0] == pytest.approx((1 + 5) / 2)
    assert by_step[2] == pytest.approx(1)


def test_a_weight_of_two_is_a_school_seen_twice():
    frame = noisy([2002, 2002, 2003, 0, 0], 2)
    twin = frame[frame.urn == 0].assign(urn=9)
    doubled = fit(pd.concat([frame, twin]))
    weighted = fit(frame.assign(w=np.where(frame.urn == 0, 2.0, 1.0)), weights="w")
    assert weighted.att == pytest.approx(doubled.att)
    assert weighted.table.estimate.to_numpy() == pytest.approx(
        doubled.table.estimate.to_numpy()
    )


def test_growing_effects_leave_the_sign_alone():
    # Two-way fixed effects would say 0.25 less; here each step is its own.
    joins = [2001, 2003, 0]
    frame = panel(joins, lambda s, t: max(0, t - joins[s] + 1) * (joins[s] > 0))
    assert fit(frame).table.set_index("relative").estimate[0] == pytest.approx(1)
    assert fit(frame).table.set_index("relative").estimate[3] == pytest.approx(4)


def test_a_gap_in_years_moves_the_reference_to_the_last_year_seen():
    frame = noisy([2003, 2003, 0, 0], 3)
    frame = frame[frame.year != 2002]
    cells = fit(frame).cells
    assert sorted(cells.relative) == [-3, 0, 1]  # 2001 is the reference


def test_without_never_treated_the_last_cohort_is_the_control():
    frame = noisy([2002, 2002, 2004, 2004], 4)
    found = fit(frame)
    assert found.control == "last treated"
    assert found.left_out["once the last cohort, the only control, is treated"] == 4
    assert found.cells.cohort.unique().tolist() == [2002]
    assert found.cells.time.max() == 2003


def test_schools_treated_from_the_start_are_left_out_and_counted():
    frame = noisy([2000, 2002, 2002, 0, 0], 5)
    found, without = fit(frame), fit(frame[frame.joined != 2000])
    assert found.left_out["treated in their first period"] == 5
    assert found.att == pytest.approx(without.att)
    assert found.standard_error == pytest.approx(without.standard_error)


@pytest.mark.parametrize("never", [0, np.nan, np.inf, 2050])
def test_never_can_be_written_in_four_ways(never):
    frame = noisy([2002, 2003, 0, 0], 6)
    again = fit(frame.assign(joined=frame.joined.where(frame.joined > 0, never)))
    assert again.att == pytest.approx(fit(frame).att)
    assert again.control == "never treated"


@settings(max_examples=15)
@given(st.integers(0, 9999), st.sampled_from([-3.0, 100.0]))
def test_order_constants_and_units_do_as_algebra_says(seed, factor):
    frame = noisy([2002, 2002, 2003, 2003, 0, 0, 0], seed)
    before = fit(frame, covariates=["x"])
    again = fit(frame.sample(frac=1, random_state=seed), covariates=["x"])
    assert again.att == pytest.approx(before.att, rel=1e-9)
    assert again.standard_error == pytest.approx(before.standard_error, rel=1e-9)
    moved = fit(frame.assign(y=frame.y * factor + 50 + frame.urn), covariates=["x"])
    assert moved.att == pytest.approx(before.att * factor, abs=1e-8)
    assert moved.standard_error == pytest.approx(
        before.standard_error * abs(factor), rel=1e-6
    )


GOOD = noisy([2002, 2003, 0, 0], 1)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (GOOD.assign(joined=0), "no comparison: 0 rows of cohorts that join"),
        (GOOD.assign(joined=2002), "no comparison"),
        (GOOD.assign(joined=GOOD.year), "4 of 'urn' have more than one 'joined'"),
        (pd.concat([GOOD, GOOD.iloc[:3]]), "3 rows repeat a 'urn' in a period"),
        (GOOD.assign(y=GOOD.y.where(GOOD.year > 2000)), "4 rows have no value of 'y'"),
        (GOOD.assign(joined="soon"), "'joined' must be the period of joining"),
        (GOOD[(GOOD.joined != 2003) | (GOOD.year > 2002)], "cohort 2003 has no row before"),
        (GOOD.drop(columns="joined"), "no column 'joined'"),
        (GOOD.assign(y=1.0), "'y' has nothing left"),
    ],
)
def test_what_cannot_be_compared_is_refused(frame, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit(frame)
