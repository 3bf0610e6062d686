import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.estimators.randomisation import (
    randomise_join_dates,
    randomise_members,
    tail_p,
    weighted_difference_in_differences,
    weighted_gap,
)

VALUE = np.array([9.0, 8.0, 3.0, 2.0, 1.0])
TWO_BEST = np.array([True, True, False, False, False])
ONE_EACH = np.ones(5)


def test_the_two_best_of_five_are_one_set_in_ten():
    found = randomise_members(
        TWO_BEST, weighted_gap(VALUE, ONE_EACH), alternative="greater"
    )
    assert found.enumerated
    assert (found.draws, found.units, found.members) == (10, 5, 2)
    assert found.p_value == 1 / 10
    assert found.observed == 8.5 - 2
    both = randomise_members(TWO_BEST, weighted_gap(VALUE, ONE_EACH))
    assert both.p_value == 2 / 10
    worst = randomise_members(TWO_BEST, weighted_gap(VALUE, ONE_EACH), alternative="less")
    assert worst.p_value == 1


def test_it_is_scipys_permutation_test():
    rng = np.random.default_rng(4)
    value, own = rng.normal(size=12), np.arange(12) < 5
    scipys = stats.permutation_test(
        (value[own], value[~own]), lambda a, b: a.mean() - b.mean(), n_resamples=np.inf
    )
    found = randomise_members(own, weighted_gap(value, np.ones(12)))
    assert found.draws == math.comb(12, 5)
    assert found.p_value == pytest.approx(scipys.pvalue)


def test_it_is_fishers_exact_test_for_schools_that_pass_or_fail():
    passed = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0.0])
    own = np.arange(10) < 4
    table = [[3, 1], [1, 5]]
    found = randomise_members(own, weighted_gap(passed, np.ones(10)), alternative="greater")
    assert found.p_value == pytest.approx(stats.fisher_exact(table, "greater")[1])


def test_within_strata_only_schools_of_the_same_kind_change_places():
    # One partner of two in London, one of three in the North: 2 * 3 sets.
    own = np.array([True, False, True, False, False])
    strata = ["London", "London", "North", "North", "North"]
    found = randomise_members(own, weighted_gap(VALUE, ONE_EACH), strata=strata)
    assert found.draws == 6
    expected = [
        np.mean([VALUE[a], VALUE[b]]) - np.mean(np.delete(VALUE, [a, b]))
        for a, b in itertools.product([0, 1], [2, 3, 4])
    ]
    assert found.null.tolist() == pytest.approx(sorted(expected))
    assert found.expected == pytest.approx(np.mean(expected))


def test_partners_of_a_strong_region_have_a_gap_before_anything_is_said():
    value = np.array([10.0, 10.0, 10.0, 0.0, 0.0, 0.0, 0.0])
    own = np.array([True, False, False, True, False, False, False])
    found = randomise_members(own, weighted_gap(value, np.ones(7)), strata=value)
    assert [found.observed, found.expected] == pytest.approx([5 - 4, 5 - 4])
    assert found.p_value == 1


def test_whole_hubs_are_drawn():
    hub = ["A", "A", "B", "B", "C", "D"]
    own = np.array([True, True, False, False, False, False])
    value = np.array([3.0, 3.0, 1.0, 1.0, 0.0, 0.0])
    found = randomise_members(
        own, weighted_gap(value, np.ones(6)), cluster=hub, alternative="greater"
    )
    assert (found.draws, found.units, found.members) == (4, 4, 2)
    assert found.p_value == 1 / 4


def test_join_dates_are_exchanged_among_members_only():
    cohort = np.array([2017.0, 2018, 2018, 0, np.nan, np.inf])
    seen = []

    def mean_of_first(drawn):
        seen.append(drawn)
        return drawn[:, 0]

    found = randomise_join_dates(cohort, mean_of_first)
    assert (found.draws, found.units) == (3, 3)
    drawn = seen[-1]
    assert sorted(map(tuple, drawn[:, :3])) == [
        (2017, 2018, 2018), (2018, 2017, 2018), (2018, 2018, 2017)
    ]  # fmt: skip
    np.testing.assert_array_equal(drawn[:, 3:], np.tile([0, np.nan, np.inf], (3, 1)))
    assert found.p_value == pytest.approx(2 / 3)


def test_three_join_dates_are_all_ordered_once():
    cohort = np.array([2017.0, 2018, 2018, 2019, 2019, 2019])
    rows = []

    def keep(drawn):
        rows.extend(map(tuple, drawn))
        return drawn @ np.arange(6.0)

    found = randomise_join_dates(cohort, keep)
    every = set(itertools.permutations(cohort.tolist()))
    assert found.draws == len(every) == 60
    assert set(rows) == every
    assert len(rows) == 61  # the real order, then each once


def test_a_hub_keeps_one_join_date():
    cohort = np.array([2017.0, 2017, 2018, 0, 0])
    found = randomise_join_dates(
        cohort, lambda drawn: drawn[:, 0] - drawn[:, 1] + drawn[:, 0] * 1e-3,
        cluster=["A", "A", "B", "x", "y"],
    )  # fmt: skip
    assert found.null.tolist() == pytest.approx([2.017, 2.018])


def test_random_draws_come_near_the_enumeration():
    rng = np.random.default_rng(0)
    value, pupils = rng.normal(size=40), rng.integers(5, 90, 40).astype(float)
    own = np.arange(40) < 3
    gap = weighted_gap(value, pupils)
    exact = randomise_members(own, gap)  # 40 choose 3 = 9,880
    assert exact.enumerated
    drawn = randomise_members(np.arange(40) < 4, gap, draws=4000)
    assert not drawn.enumerated
    combos = np.array(list(itertools.combinations(range(40), 4)))[::7]
    chosen = np.zeros((len(combos), 40), bool)
    chosen[np.arange(len(combos))[:, None], combos] = True
    null = gap(chosen)
    assert drawn.p_value == pytest.approx(
        tail_p(drawn.observed, null, "two-sided", exact=True), abs=0.03
    )
    assert drawn.low == pytest.approx(np.quantile(null, 0.025), abs=0.1)


def test_the_sample_counts_among_its_draws():
    value = np.arange(60.0) ** 2
    found = randomise_members(
        value >= 50**2, weighted_gap(value, np.ones(60)), draws=99, alternative="greater"
    )
    assert found.p_value == 1 / 100


def test_the_built_in_gap_is_a_difference_of_weighted_means():
    pupils = np.array([1.0, 2, 3, 4, 5])
    assigned = np.array([TWO_BEST, ~TWO_BEST])
    expected = (9 + 16) / 3 - (9 + 8 + 5) / 12
    assert weighted_gap(VALUE, pupils)(assigned) == pytest.approx([expected, -expected])


def test_a_difference_in_differences_is_the_gap_after_less_the_gap_before():
    before, after = np.array([1.0, 2, 3, 4, 5]), np.array([4.0, 5, 3, 4, 5])
    found = weighted_difference_in_differences(before, after, ONE_EACH, ONE_EACH)
    assert found(TWO_BEST[None]) == pytest.approx([3.0])
    change = weighted_gap(after - before, ONE_EACH)
    assert found(TWO_BEST[None]) == pytest.approx(change(TWO_BEST[None]))


@settings(max_examples=20)
@given(st.permutations(range(8)), st.floats(-9, 9), st.sampled_from([0.01, 5.0]))
def test_order_constant_and_unit_change_no_exact_p(order, constant, factor):
    rng = np.random.default_rng(7)
    value, own, order = rng.normal(size=8), np.arange(8) < 3, np.array(order)
    before = randomise_members(own, weighted_gap(value, np.ones(8)))
    moved = weighted_gap((constant + factor * value)[order], np.ones(8))
    after = randomise_members(own[order], moved)
    assert after.p_value == before.p_value
    assert after.observed == pytest.approx(factor * before.observed)


def test_with_units_named_the_order_of_rows_changes_no_random_draw():
    rng = np.random.default_rng(8)
    value, own, urn = rng.normal(size=60), np.arange(60) < 9, np.arange(60) + 100_000
    order = rng.permutation(60)
    one = randomise_members(own, weighted_gap(value, np.ones(60)), cluster=urn, draws=300)
    two = randomise_members(
        own[order], weighted_gap(value[order], np.ones(60)), cluster=urn[order], draws=300
    )
    assert two.null == pytest.approx(one.null)
    assert two.p_value == one.p_value


GAP = weighted_gap(VALUE, ONE_EACH)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: randomise_members(np.ones(5, bool), GAP), "no school among the rest"),
        (lambda: randomise_members(np.zeros(5, bool), GAP), "no school among the partners"),
        (lambda: randomise_members([1, 1, 0, 0, 0], GAP), "true or false for every"),
        (lambda: randomise_members(TWO_BEST, GAP, strata=VALUE), "only one assignment"),
        (lambda: randomise_members(TWO_BEST, GAP, strata=[1, 2]), "one entry of strata"),
        (lambda: randomise_members(TWO_BEST, GAP, strata=[1, 2, None, 3, 4]), "no label"),
        (lambda: randomise_members(TWO_BEST, GAP, cluster=list("ABBCD")), "differ in"),
        (
            lambda: randomise_members(TWO_BEST, GAP, cluster=list("AABBC"), strata=VALUE),
            "more than one stratum",
        ),
        (lambda: randomise_members(TWO_BEST, GAP, draws=0), "draws: a whole number from 1"),
        (lambda: randomise_members(TWO_BEST, GAP, alternative="up"), "no alternative 'up'"),
        (lambda: randomise_members(TWO_BEST, lambda a: a), "one number for each of 1 rows"),
        (
            lambda: randomise_members(TWO_BEST, lambda a: np.full(len(a), np.nan)),
            "not a finite number for some assignment",
        ),
        (lambda: randomise_join_dates(np.zeros(4), GAP), "no member"),
        (
            lambda: randomise_join_dates(np.array([2018, 2018, 0]), len),
            "only one assignment",
        ),
        (lambda: weighted_gap([1, np.nan], [1, 1]), "1 schools have no value"),
        (lambda: weighted_gap([1, 2], [1, 0]), "every weight must be a positive"),
        (lambda: weighted_gap([1, 2], [1]), "one value and one weight"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ask, sentence):
    with pytest.raises(ValueError, match=sentence):
        ask()
