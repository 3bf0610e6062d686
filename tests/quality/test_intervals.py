import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.quality import EVERY_GROUP
from pipeline.quality.bounds import TRUSTS, published_bounds, trust_bounds
from pipeline.quality.published_intervals import (
    NO_ONE_SD,
    NO_SD,
    judge_intervals,
    published_intervals,
)
from pipeline.quality.recovered_sds import recover_sd, recovered_sds
from pipeline.quality.weights import BOUNDED, COVERED, OWN


def rounded_arms(pupils, sd, half):
    """Give the shortest and longest arm of bounds that are rounded to half a digit."""
    arm = np.round(1.96 * sd / np.sqrt(pupils) / (2 * half)) * 2 * half
    return arm - half, arm + half


class TestRecoveringAnSD:
    def test_two_exact_intervals_give_it(self):
        """196 / sqrt(10,000) is 1.96 SD with SD 1: arms of 0.196 on 100 pupils."""
        pupils = np.array([100.0, 400.0])
        arms = np.array([0.196, 0.098])
        found = recover_sd(pupils, pupils, arms, arms)
        assert found.sd == pytest.approx(1)
        assert (found.low, found.high, found.within) == (
            pytest.approx(1),
            pytest.approx(1),
            1,
        )

    @given(
        st.floats(0.5, 7),
        st.lists(st.integers(6, 2000), min_size=10, max_size=300),
        st.sampled_from([0.005, 0.05]),
    )
    def test_the_planted_one_lies_in_the_range_that_rounding_allows(self, sd, pupils, half):
        n = np.array(pupils, dtype=float)
        shortest, longest = rounded_arms(n, sd, half)
        found = recover_sd(n, n, shortest, longest)
        assert found.low - 1e-6 <= sd <= found.high + 1e-6
        assert found.within == 1

    def test_more_intervals_narrow_the_range(self):
        n = np.random.default_rng(1).integers(20, 250, 3000).astype(float)
        few = recover_sd(n[:50], n[:50], *(a[:50] for a in rounded_arms(n, 1.2828, 0.005)))
        many = recover_sd(n, n, *rounded_arms(n, 1.2828, 0.005))
        assert many.high - many.low < (few.high - few.low) / 2
        assert many.low <= 1.2828 <= many.high
        assert many.sd == pytest.approx(1.2828, abs=0.003)

    def test_one_wrong_interval_is_outvoted(self):
        n = np.full(20, 100.0)
        shortest, longest = rounded_arms(n, 1.0, 0.005)
        shortest[0], longest[0] = 0.5, 0.51
        found = recover_sd(n, n, shortest, longest)
        assert found.low <= 1.0 <= found.high
        assert found.within == 19 / 20

    def test_pupils_that_are_only_known_roughly_widen_the_range(self):
        n = np.full(20, 100.0)
        arms = rounded_arms(n, 1.0, 0.005)
        exact, rough = recover_sd(n, n, *arms), recover_sd(n - 5, n + 5, *arms)
        assert rough.low < exact.low
        assert rough.high > exact.high

    def test_nothing_comes_of_nothing(self):
        none = np.array([])
        with pytest.raises(ValueError, match="no interval"):
            recover_sd(none, none, none, none)


@pytest.fixture
def judged(tables):
    """Judge the intervals of twelve schools; `change` spoils one of them."""

    def judge(sd=1.2828, year=2019, wrong=0.0, **about):
        made = tables(**about)
        group = "all" if made.key_stage != "ks2" else "girls"
        places = 2 if made.measure != "reading_progress" else 1
        for number in range(12):
            pupils, value = 40 + 17 * number, round(0.11 + number / 10, places)
            arm = 1.96 * sd / pupils**0.5 + (wrong if number == 0 else 0)
            made.school(
                value,
                pupils,
                group=group,
                year=year,
                low=round(value - arm, places),
                high=round(value + arm, places),
            )
        bounds = published_bounds(made.write().published())
        found = judge_intervals(bounds, recovered_sds(bounds))
        return published_intervals(found).to_dict("records")

    return judge


class TestAPublishedInterval:
    def test_follows_from_value_pupils_and_the_known_sd(self, judged):
        (row,) = judged()
        assert (row["intervals"], row["reproduced"], row["worst"]) == (12, 12, 0)
        assert (row["sd"], row["in_target"], row["pupils_from"]) == (1.2828, True, OWN)

    def test_that_is_two_digits_too_wide_does_not(self, judged):
        (row,) = judged(wrong=0.02)
        assert row["reproduced"] == 11
        assert 0.005 < row["worst"] < 0.025

    def test_is_judged_by_its_own_sd_where_it_rules_the_known_one_out(self, judged):
        (row,) = judged(sd=1.5)
        assert row["reproduced"] == 12
        assert row["sd"] == pytest.approx(1.5, abs=0.02)
        assert "do not allow the 1.2828 known" in row["sd_from"]

    def test_is_judged_by_its_own_sd_where_none_is_known(self, judged):
        (row,) = judged(sd=1.3, year=2030)
        assert row["reproduced"] == 12
        assert row["sd_from"].startswith("recovered here from 12 intervals")

    def test_of_a_key_stage_2_group_does_not_count_towards_the_target(self, judged):
        """How many girls have a score is not published."""
        (row,) = judged(sd=6.17, key_stage="ks2", measure="reading_progress")
        assert (row["pupils_from"], row["in_target"]) == (BOUNDED, False)
        assert row["reproduced"] == 12

    def test_without_any_sd_is_not_judged(self, judged):
        (row,) = judged(sd=6.17, key_stage="ks2", measure="reading_progress", year=2030)
        assert (row["reason"], row["in_target"], row["reproduced"]) == (NO_SD, False, 0)

    def test_at_16_to_18_is_not_judged(self, judged):
        (row,) = judged(sd=1.1, key_stage="ks5", measure="a_level_value_added")
        assert (row["reason"], row["in_target"]) == (NO_ONE_SD, False)


def test_every_group_gives_the_sd_together_and_by_itself(tables):
    made = tables()
    for number in range(12):
        for group in ("all", "girls"):
            n = 50 + 13 * number
            arm = round(1.96 * 1.2828 / n**0.5, 2)
            value = round(0.11 * number, 2)
            made.school(value, n, group=group, low=value - arm, high=value + arm)
    found = recovered_sds(published_bounds(made.write().published()))
    assert found.set_index("group")["intervals"].to_dict() == {
        "all": 12,
        EVERY_GROUP: 24,
        "girls": 12,
    }
    assert (found["low"] <= found["known"]).all()
    assert (found["known"] <= found["high"]).all()


def test_a_trust_has_its_pupils_from_shares_in_whole_per_cents():
    """89% of 647 pupils are 576, or anything from 572 to 580: half a per cent."""
    row = {"trust": "1", "year": 2023, "key_stage": "ks4", "measure": "progress_8"}
    trusts = pd.DataFrame(
        [
            row
            | {
                "group": "all",
                "value": -0.68,
                "pupils": 576,
                "low": -0.79,
                "high": -0.56,
                "source": "mats.csv",
            }
        ]
    )
    (found,) = trust_bounds(trusts.astype({"pupils": "Int64"})).to_dict("records")
    assert (found["record"], found["pupils_from"]) == (TRUSTS, COVERED)
    assert found["least_pupils"] <= 572
    assert 580 <= found["most_pupils"] <= 585


def test_no_trusts_have_no_bounds():
    names = ["trust", "year", "key_stage", "measure", "group", "value", "pupils"]
    none = pd.DataFrame({name: [] for name in [*names, "low", "high", "source"]})
    assert trust_bounds(none.astype({"pupils": "Int64"})).empty
