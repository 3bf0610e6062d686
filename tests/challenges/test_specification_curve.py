import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.challenges.specification_curve import (
    Specification,
    curve,
    grid,
    permutation_test,
)
from pipeline.estimators.gap_to_rest import gap_to_rest
from pipeline.estimators.two_way import two_way_fixed_effects


def panel(seed=1, *, schools=60, years=6, trust_size=2, missing=0.0, effect=0.0):
    """Schools in trusts; a fifth of the trusts joins in 2018 or 2019."""
    random = np.random.default_rng(seed)
    rows = schools * years
    school = np.repeat(np.arange(schools), years)
    frame = pd.DataFrame(
        {"urn": school + 100, "year": np.tile(np.arange(years), schools) + 2015}
    )
    trust = school // trust_size
    frame["trust"] = "T" + pd.Series(trust).astype(str).str.zfill(3)
    joins = np.where(trust % 5 == 0, 2018.0 + trust % 2, np.nan)
    frame["joined"] = joins
    frame["joined_fully"] = np.where(school % 3 > 0, joins, np.nan)
    frame["near"] = school % 4 < 2
    frame["pupils"] = np.repeat(random.integers(20, 200, schools), years).astype(float)
    level = random.normal(size=schools)
    for name in ("read", "maths"):
        frame[name] = level[school] + random.normal(size=rows) * 0.5
        frame[name] += effect * (frame.year >= frame.joined)
        frame.loc[random.random(rows) < missing, name] = np.nan
    frame["disadvantaged"] = random.normal(size=rows)
    return frame


CHOICES = {
    "outcome": ["read", "maths"],
    "members": ["joined", "joined_fully"],
    "weights": [None, "pupils"],
    "controls": [None, "near"],
    "covariates": [(), ("disadvantaged",)],
    "years": [None, (2016, 2017, 2018, 2019)],
}
GRID = grid(**CHOICES)


def draw_curve(frame, specifications, cluster="trust", **options):
    return curve(frame, specifications, unit="urn", time="year", cluster=cluster, **options)


def permute(frame, specifications, cluster="trust", **options):
    options = {"workers": 1, "draws": 19} | options
    return permutation_test(
        frame, specifications, unit="urn", time="year", cluster=cluster, **options
    )


def one_by_one(frame, one):
    """The same fit on its own, by the estimator of one regression."""
    if one.years is not None:
        frame = frame[frame.year.isin(one.years)]
    if one.controls is not None:
        frame = frame[frame[one.controls] | frame[one.members].notna()]
    frame = frame.dropna(subset=[one.outcome, *one.covariates])
    frame = frame.assign(exposed=(frame.year >= frame[one.members]) * 1.0)
    return two_way_fixed_effects(
        frame,
        one.outcome,
        ["exposed", *one.covariates],
        "urn",
        "year",
        "trust",
        weights=one.weights,
    )


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_every_row_is_the_regression_fitted_on_its_own(missing):
    frame = panel(missing=missing)
    table = draw_curve(frame.sample(frac=1, random_state=1), GRID).table
    assert len(table) == 64
    for one, row in zip(GRID, table.itertuples(), strict=True):
        alone = one_by_one(frame, one)
        assert row.estimate == pytest.approx(alone.coefficients[0], abs=1e-10)
        assert row.standard_error == pytest.approx(alone.standard_errors[0], rel=1e-9)
        assert (row.low, row.high) == pytest.approx((alone.low[0], alone.high[0]))
        assert row.p == pytest.approx(alone.p_values[0], abs=1e-10)
        assert row.rows == alone.rows
        assert row.schools == alone.units
        assert row.clusters == alone.clusters


def test_the_summary_is_of_all_estimates():
    found = draw_curve(panel(effect=2.0), GRID)
    estimate = found.table.estimate
    assert found.fitted == 64
    assert found.median == pytest.approx(estimate.median())
    assert (found.smallest, found.largest) == (estimate.min(), estimate.max())
    assert found.share_positive == 1
    assert found.share_significant == pytest.approx((found.table.p < 0.05).mean())
    assert found.median == pytest.approx(2, abs=0.5)


def test_a_gap_in_one_year_is_the_gap_of_the_headline():
    frame = panel()
    found = draw_curve(
        frame,
        [Specification("read", "joined", "gap", weights="pupils", years=(2019,))],
    ).table.iloc[0]
    year = frame[frame.year == 2019]
    headline = gap_to_rest(
        year.read, year.pupils, year.joined.notna(), year.trust.to_numpy(object)
    )
    assert found.estimate == pytest.approx(headline.gap)
    assert found.partners == headline.partner_schools
    # CR1 for all alike; the headline corrects each side for its own clusters.
    assert found.standard_error == pytest.approx(headline.standard_error, rel=0.1)


def test_a_gap_over_years_compares_within_years():
    frame = panel()
    found = draw_curve(frame, [Specification("read", "joined", "gap")]).table.iloc[0]
    exposed = (frame.year >= frame.joined) * 1.0
    design = np.column_stack([exposed, pd.get_dummies(frame.year, dtype=float)])
    assert found.estimate == pytest.approx(np.linalg.lstsq(design, frame.read)[0][0])


def test_all_combinations_of_choices_make_the_grid():
    assert len(GRID) == 2**6
    assert len(set(GRID)) == 64
    with pytest.raises(TypeError):
        grid(outcome=["read"], members=["joined"], colour=["red"])


def test_rows_without_a_value_are_counted():
    frame = panel()
    frame.loc[frame.index[:7], "read"] = np.nan
    frame.loc[frame.index[7:9], "pupils"] = 0
    table = draw_curve(
        frame, grid(outcome=["read"], members=["joined"], weights=[None, "pupils"])
    ).table
    assert table.left_out.tolist() == [7, 9]
    assert (table.rows + table.left_out + table.alone == len(frame)).all()


def test_schools_exposed_all_along_are_counted():
    frame = panel()
    table = draw_curve(
        frame, [Specification("read", "joined", years=(2018, 2019, 2020))]
    ).table
    assert table.always_exposed[0] == (frame.joined == 2018).sum() / 6


@pytest.mark.parametrize(
    ("change", "specification", "why"),
    [
        ({"read": 1.0}, {}, "'read' has nothing left"),
        ({"read": np.nan}, {}, "of 0 rows with a value none is left"),
        ({"joined": np.nan}, {}, "no partner school has a value"),
        ({}, {"years": (2015, 2016)}, "no partner school has a value"),
        ({}, {"years": (2019, 2020)}, "exposure has nothing left beyond the fixed effects"),
        ({"joined": 2015.0}, {}, "no comparison school has a value"),
        ({"trust": "all"}, {}, "one cluster: an error needs at least two"),
        (
            {"twin": lambda f: (f.year >= f.joined) * 1.0},
            {"covariates": ("twin",)},
            "exposure is a linear combination",
        ),
        ({"one": 1.0}, {"covariates": ("one",)}, "'one' has nothing left"),
    ],
)
def test_what_cannot_be_fitted_stays_with_its_reason(change, specification, why):
    frame = panel().assign(**change)
    found = draw_curve(frame, [Specification("read", "joined", **specification)])
    row = found.table.iloc[0]
    assert row.why_not.startswith(why)
    assert np.isnan(row.estimate)
    assert (found.fitted, found.median, found.share_significant) == (0, None, None)


def test_partners_of_one_trust_have_an_estimate_and_no_error():
    frame = panel()
    frame["joined"] = frame.joined.where(frame.trust == "T000")
    found = draw_curve(frame, [Specification("read", "joined")])
    row = found.table.iloc[0]
    assert np.isfinite(row.estimate)
    assert np.isnan(row.standard_error)
    assert row.why_not == "no error: partners are one cluster"
    assert (found.fitted, found.share_significant) == (1, None)


def test_a_refusal_touches_no_other_specification():
    frame = panel().assign(flat=1.0)
    both = draw_curve(frame, grid(outcome=["flat", "read"], members=["joined"]))
    alone = draw_curve(frame, [Specification("read", "joined")])
    assert both.fitted == 1
    assert both.median == alone.median


@pytest.mark.parametrize(
    ("change", "specification", "sentence"),
    [
        ({}, Specification("writing", "joined"), "no column 'writing'"),
        ({}, Specification("trust", "joined"), "'trust' is not a column of numbers"),
        ({"read": np.inf}, Specification("read", "joined"), "'read' has infinite values"),
        ({}, Specification("read", "year"), "60 of 'urn' have more than one 'year'"),
        ({"pupils": -1.0}, Specification("read", "joined", weights="pupils"), "below zero"),
        ({"urn": 1}, Specification("read", "joined"), "354 rows repeat a 'urn'"),
        ({}, Specification("read", "joined", "effect"), "no estimand 'effect'"),
        ({"trust": None}, Specification("read", "joined"), "360 rows have no 'trust'"),
    ],
)
def test_a_frame_that_is_no_panel_is_refused(change, specification, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw_curve(panel().assign(**change), [specification])


def test_no_specification_is_refused():
    with pytest.raises(ValueError, match="no specification"):
        draw_curve(panel(), [])


FEW = grid(outcome=["read", "maths"], members=["joined"], weights=[None, "pupils"])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 999), st.sampled_from([-2.0, 50.0]))
def test_constants_and_units_do_as_algebra_says(seed, factor):
    frame = panel(seed, missing=0.1)
    before = draw_curve(frame, FEW).table
    moved = frame.assign(read=frame.read * factor + 7, maths=frame.maths * factor)
    after = draw_curve(moved, FEW).table
    assert after.estimate.to_numpy() == pytest.approx(
        before.estimate.to_numpy() * factor, abs=1e-9
    )
    assert after.p.to_numpy() == pytest.approx(before.p.to_numpy(), rel=1e-6)


def test_a_draw_is_the_curve_of_the_exchanged_labels():
    # Two trusts of two schools each, one of them joins: a draw changes them or not.
    frame = panel(schools=12)
    frame["joined"] = np.where(frame.trust.isin(["T000", "T001"]), 2018.0, np.nan)
    observed = draw_curve(frame, FEW).table.estimate.to_numpy()
    found = permute(frame, FEW, draws=200)
    sizes = set()
    trusts = sorted(frame.trust.unique())
    for one in range(6):
        for other in range(one):
            labels = frame.trust.isin([trusts[one], trusts[other]])
            exchanged = frame.assign(joined=np.where(labels, 2018.0, np.nan))
            estimates = draw_curve(exchanged, FEW).table.estimate
            sizes.add(round(abs(estimates.median()), 10))
    seen = {round(size, 10) for size in found.null["size of the median"]}
    assert seen == sizes  # all 15 pairs of trusts, and nothing else
    assert found.table.observed[0] == pytest.approx(abs(np.median(observed)))


def test_p_counts_the_draws_as_extreme_and_adds_one():
    found = permute(panel(), FEW, draws=49)
    for column, row in zip(found.null, found.table.itertuples(), strict=True):
        extreme = (found.null[column] >= row.observed * (1 - 1e-12)).sum()
        assert row.p_value == (extreme + 1) / 50


def test_a_large_difference_gives_the_smallest_p():
    found = permute(panel(effect=5.0), FEW, draws=39)
    assert found.table.p_value[0] == pytest.approx(1 / 40)
    assert (found.partners, found.movable_partners) == (12, 12)
    assert found.schools == 60
    assert found.null_curve.observed.min() > found.null_curve.high.max()


def test_with_no_difference_p_is_small_as_often_as_it_says():
    p = [
        permute(panel(seed, schools=40, years=5), FEW[:2], draws=19, seed=seed)
        .table.p_value[0]
        for seed in range(60)
    ]  # fmt: skip
    below = sum(value <= 0.25 for value in p)
    low, high = stats.binom.interval(0.999, 60, 0.25)
    assert low <= below <= high


def test_the_answer_does_not_depend_on_workers_or_the_order_of_rows():
    frame = panel(missing=0.1)
    alone = permute(frame, FEW, draws=20)
    together = permute(frame.sample(frac=1, random_state=2), FEW, draws=20, workers=2)
    assert together.table.equals(alone.table)
    assert together.null.equals(alone.null)


def test_another_seed_is_another_draw():
    one, other = (permute(panel(), FEW, seed=seed) for seed in (1, 2))
    assert not one.null.equals(other.null)


def test_trusts_without_a_match_keep_their_labels():
    # T000 gets a third school, and no other trust has three.
    frame = panel()
    frame.loc[frame.urn == 102, "trust"] = "T000"
    frame.loc[frame.urn.isin([102, 103]), "joined"] = np.nan
    found = permute(frame, FEW)
    assert found.partners == 12
    assert found.movable_partners == 10


def test_one_large_trust_is_refused():
    frame = panel(schools=30)
    frame.loc[frame.urn < 106, "trust"] = "T000"
    frame["joined"] = np.where(frame.trust == "T000", 2018.0, np.nan)
    with pytest.raises(ValueError, match="no label can move"):
        permute(frame, FEW)
    assert permute(frame, FEW, cluster=None).movable_partners == 6


def test_only_schools_that_every_specification_allows_change_places():
    frame = panel()
    specifications = grid(outcome=["read"], members=["joined"], controls=[None, "near"])
    found = permute(frame, specifications)
    allowed = frame.near | frame.joined.notna()
    assert found.schools == frame[allowed].urn.nunique()


def test_a_school_that_changes_trust_cannot_be_exchanged_with_it():
    frame = panel()
    frame.loc[0, "trust"] = "T009"
    with pytest.raises(ValueError, match="a school belongs to more than one cluster"):
        permute(frame, FEW)
    assert draw_curve(frame, FEW).fitted == 4


def test_draws_and_workers_must_be_positive():
    with pytest.raises(ValueError, match="a whole number from 1"):
        permute(panel(), FEW, draws=0)
    with pytest.raises(ValueError, match="at least one worker"):
        permute(panel(), FEW, workers=0)


def test_a_curve_without_any_error_is_not_tested():
    frame = panel().assign(read=1.0)
    with pytest.raises(ValueError, match="no specification has an estimate"):
        permute(frame, [Specification("read", "joined")])
