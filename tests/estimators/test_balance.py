import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimators.balance import balance, discriminant_score, verdict_of


def table(partners, rest, **more):
    """Balance of one covariate given as lists."""
    frame = pd.DataFrame({"start": np.array([*partners, *rest], dtype=float)})
    own = np.arange(len(frame)) < len(partners)
    weights = more.get("weights")
    return balance(frame, own, None if weights is None else np.array(weights, dtype=float))


def test_a_difference_of_one_pooled_sd_is_one_but_for_the_small_sample_correction():
    # Both sides have variance 2 (one below, one above the mean by 1, over 2 - 1), so
    # the pooled SD is sqrt 2; with 4 schools Hedges' factor is 1 - 3/7.
    row = table([2, 4], [1, 3]).covariates[0]
    assert row.before == pytest.approx((1 - 3 / 7) / math.sqrt(2))
    assert row.scale == "Hedges g"


def test_a_share_is_judged_by_the_cox_index():
    # Three in four against one in four: the log odds are log 3 and -log 3.
    row = table([1, 1, 1, 0], [1, 0, 0, 0]).covariates[0]
    assert row.scale == "Cox index"
    assert row.before == pytest.approx((1 - 3 / (4 * 8 - 9)) * 2 * math.log(3) / 1.65)


def test_a_share_of_nought_has_no_odds_and_is_judged_by_hedges_g():
    row = table([0, 0, 0, 0], [1, 0, 0, 0]).covariates[0]
    assert row.scale == "Hedges g"
    assert row.before < 0


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (0.05, "fine"), (-0.05, "fine"), (0.051, "adjust"), (-0.25, "adjust"),
        (0.251, "refuse"), (-3, "refuse"), (None, "refuse"),
    ],
)  # fmt: skip
def test_the_thresholds_are_the_wwcs(difference, verdict):
    assert verdict_of(difference) == verdict


def test_weights_change_the_mean_and_not_the_yardstick():
    # The rest's mean moves from 2 to 3 = the partners' when 4 weighs twice as much as 1.
    found = table([2, 4], [1, 4, 1], weights=[1, 1, 1, 4, 1]).covariates[0]
    plain = table([2, 4], [1, 4, 1]).covariates[0]
    assert found.before == plain.before == plain.after
    assert found.after == pytest.approx(0)
    assert (found.comparison_before, found.comparison_after) == (2, 3)
    assert found.verdict == "fine"
    assert found.verdict_before == "refuse"


def test_the_worst_covariate_speaks_for_all_of_them():
    rest = np.linspace(-1, 1, 101)
    sd = np.r_[rest, rest].std(ddof=2)
    frame = pd.DataFrame(
        {
            "alike": np.r_[rest, rest],
            "near": np.r_[rest + 0.1 * sd, rest],
            "far": np.r_[rest + 0.5 * sd, rest],
        }
    )
    own = np.arange(202) < 101
    found = balance(frame, own)
    assert [row.verdict for row in found.covariates] == ["fine", "adjust", "refuse"]
    assert found.verdict == "refuse"
    assert found.to_adjust == ("near",)
    assert found.beyond_repair == ("far",)
    assert found.largest == pytest.approx(0.5, abs=0.01)
    assert balance(frame[["alike", "near"]], own).verdict == "adjust"
    assert balance(frame[["alike"]], own).verdict == "fine"


def test_a_covariate_that_no_school_varies_in_is_fine_or_has_no_difference():
    assert table([1, 1], [1, 1]).covariates[0].before == 0
    apart = table([2, 2], [3, 3]).covariates[0]
    assert apart.before is None
    assert apart.verdict == "refuse"
    assert table([2, 2], [3, 3]).largest is None


def test_overlap_is_the_share_of_partners_that_the_rest_surround():
    found = table([0, 1, 2, 9], [0, 1, 2, 3])
    assert found.covariates[0].inside == 0.75
    assert found.overlap == 0.75
    assert (
        table([0, 1, 2, 9], [0, 1, 2, 3], weights=[1, 1, 1, 1, 1, 1, 0, 0]).overlap == 0.5
    )


def test_partners_who_lie_apart_in_two_covariates_together_are_seen():
    # Each covariate overlaps; their difference does not.
    rest = np.arange(20.0)
    wiggle = np.tile([0.0, 0.5], 10)
    frame = pd.DataFrame(
        {"a": np.r_[rest, rest], "b": np.r_[rest + 3 + wiggle, rest + wiggle]}
    )
    found = balance(frame, np.arange(40) < 20)
    assert found.covariates[0].inside == 1
    assert found.covariates[1].inside == pytest.approx(0.85)
    assert found.overlap == 0


def test_the_score_has_a_spread_of_one_within_sides():
    rng = np.random.default_rng(2)
    own = np.arange(300) < 60
    values = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3)) + own[:, None]
    score = discriminant_score(values, own)
    within = np.r_[score[own] - score[own].mean(), score[~own] - score[~own].mean()]
    assert within @ within / 298 == pytest.approx(1)
    assert discriminant_score(np.zeros((300, 1)), own) is None
    assert discriminant_score(np.zeros((300, 0)), own) is None


@given(
    st.lists(st.integers(-50, 50), min_size=6, max_size=12, unique=True),
    st.floats(0.1, 100),
    st.floats(-100, 100),
    st.randoms(use_true_random=False),
)
def test_units_and_order_do_not_matter(values, scale, shift, chance):
    own = np.arange(len(values)) < 3
    order = list(range(len(values)))
    chance.shuffle(order)
    frame = pd.DataFrame({"start": np.array(values, dtype=float)})
    first = balance(frame, own).covariates[0]
    again = balance((frame * scale + shift).iloc[order], own[order]).covariates[0]
    assert again.before == pytest.approx(first.before, rel=1e-6, abs=1e-9)
    assert again.inside == first.inside


def test_what_cannot_be_judged_is_refused():
    own = np.array([True, True, False, False])
    good = pd.DataFrame({"start": [1.0, 2, 3, 4]})
    with pytest.raises(ValueError, match=r"missing or infinite \(start 1 schools\)"):
        balance(pd.DataFrame({"start": [1.0, np.nan, 3, 4]}), own)
    with pytest.raises(ValueError, match="start 2 schools"):
        balance(pd.DataFrame({"start": pd.array([1, None, 3, None], dtype="Int64")}), own)
    with pytest.raises(ValueError, match="is no number"):
        balance(pd.DataFrame({"start": ["a", "b", "c", "d"]}), own)
    with pytest.raises(ValueError, match="same name"):
        balance(pd.concat([good, good], axis=1), own)
    with pytest.raises(ValueError, match="two on each side"):
        balance(good, np.array([True, False, False, False]))
    with pytest.raises(ValueError, match="4 rows of covariates for 5"):
        balance(good, np.array([True, True, False, False, False]))
    for weights, why in (
        ([1, 1, 0, 0], "nothing to compare"),
        ([1, 1, -1, 2], "negative"),
        ([1, 1, 1], "3 weights"),
    ):
        with pytest.raises(ValueError, match=why):
            balance(good, own, np.array(weights, dtype=float))
