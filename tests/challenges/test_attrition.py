import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.challenges.attrition import lee_bounds, missing_pattern, worst_case_bounds

NAN = np.nan


def sides(partners, rest):
    """Outcomes as one array, and who is a partner."""
    return np.array([*partners, *rest], float), np.arange(len(partners) + len(rest)) < len(
        partners
    )


def test_a_quarter_is_trimmed_where_the_rest_keeps_three_in_four():
    # All four partners have a result; of the rest three of four. Without the lowest
    # partner the mean of partners is 3, without the highest 2; the rest's is 1.
    found = lee_bounds(*sides([1, 2, 3, 4], [0, 1, 2, NAN]))
    assert (found.low, found.high) == pytest.approx((2 - 1, 3 - 1))
    assert (found.trimmed, found.side) == (0.25, "partners")
    assert found.untrimmed == pytest.approx(2.5 - 1)
    assert (found.missing_partners, found.missing_rest) == (0, 1)


def test_the_side_that_keeps_more_is_trimmed_whichever_it_is():
    found = lee_bounds(*sides([0, 1, 2, NAN], [1, 2, 3, 4]))
    assert (found.low, found.high) == pytest.approx((1 - 3, 1 - 2))
    assert found.side == "rest"


def test_a_school_at_the_edge_is_trimmed_in_part():
    # A sixth of four schools is two thirds of one: (1/3 * 1 + 2 + 3 + 4) / (10/3).
    found = lee_bounds(*sides([1, 2, 3, 4], [0, 0, 0, 0, 0, NAN]))
    assert found.trimmed == pytest.approx(1 / 6)
    assert found.high == pytest.approx((1 / 3 + 9) / (10 / 3))
    assert found.low == pytest.approx((1 + 2 + 3 + 4 / 3) / (10 / 3))


def test_nothing_missing_leaves_the_difference_and_its_ordinary_interval():
    rng = np.random.default_rng(1)
    own, rest = rng.normal(size=40), rng.normal(size=60)
    found = lee_bounds(*sides(own, rest))
    gap = own.mean() - rest.mean()
    assert (found.low, found.high) == pytest.approx((gap, gap), abs=1e-12)
    error = math.sqrt(own.var(ddof=1) / 40 + rest.var(ddof=1) / 60)
    assert found.low_error == pytest.approx(error)
    assert found.interval_high == pytest.approx(found.high + stats.norm.ppf(0.975) * error)
    assert found.side is None


def test_the_errors_are_lees_where_each_school_stands_alone():
    rng = np.random.default_rng(2)
    size = 6000
    own = rng.random(size) < 0.4
    y = rng.normal(size=size) + 0.3 * own
    y[rng.random(size) < np.where(own, 0.1, 0.25)] = NAN
    found = lee_bounds(y, own)
    seen = np.isfinite(y)
    kept, d = seen[~own].mean(), own.mean()
    p = 1 - kept / seen[own].mean()
    treated, control = np.sort(y[own & seen]), y[~own & seen]
    # Lee (2009), proposition 3: V of the trimmed mean and V^C, both over n.
    for bound, edge, used in (
        (found.high_error, np.quantile(treated, p), treated[int(p * len(treated)) :]),
        (found.low_error, np.quantile(treated, 1 - p), treated[: -int(p * len(treated))]),
    ):
        mean, es = used.mean(), seen[own].mean() * d
        v_p = (1 - p) ** 2 * (
            (1 - kept / (1 - p)) / (d * kept / (1 - p)) + (1 - kept) / ((1 - d) * kept)
        )
        variance = (
            used.var() / (es * (1 - p))
            + (edge - mean) ** 2 * p / (es * (1 - p))
            + ((edge - mean) / (1 - p)) ** 2 * v_p
            + control.var() / (kept * (1 - d))
        )
        assert bound == pytest.approx(math.sqrt(variance / size), rel=3e-3)


def test_the_bounds_are_the_extremes_over_all_ways_to_choose_who_is_trimmed():
    own, rest = [4.0, -1.0, 2.5, 0.0, 7.0, 3.0], [1.0, 2.0, NAN]
    means = [np.mean(c) - 1.5 for c in itertools.combinations(own, 4)]  # a third goes
    found = lee_bounds(*sides(own, rest))
    assert (found.low, found.high) == pytest.approx((min(means), max(means)))


def test_the_interval_covers_the_difference_for_schools_seen_on_either_side():
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(300):
        own = np.arange(300) < 100
        hidden = rng.normal(size=300)
        y = hidden + 0.5 * own
        # The rest's weakest half has no result at all; a tenth is missing anyhow.
        y[(~own & (hidden < -1)) | (rng.random(300) < 0.1)] = NAN
        found = lee_bounds(y, own)
        covered += found.interval_low <= 0.5 <= found.interval_high
    assert covered >= 0.93 * 300


def test_wide_bounds_need_only_the_one_sided_164_errors():
    found = lee_bounds(*sides(range(100), [*range(50), *[NAN] * 50]))
    reach = (found.interval_high - found.high) / found.high_error
    assert reach == pytest.approx(1.645, abs=0.001)


def test_schools_of_one_hub_are_one_piece_of_evidence():
    y, own = sides([1, 1, 3, 3], [0, 0, 2, 2])
    apart = lee_bounds(y, own, cluster=list("abcdefgh"))
    together = lee_bounds(y, own, cluster=list("aabbccdd"))
    # As in the gap to the rest: 1/3 and 1 for each side.
    assert apart.low_error == pytest.approx(math.sqrt(2 / 3))
    assert together.low_error == pytest.approx(math.sqrt(2))
    alone = lee_bounds(y, own, cluster=list("aaaaccdd"))
    assert (alone.low_error, alone.interval_low) == (None, None)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-9, 9), st.sampled_from([0.1, 4.0]))
def test_order_constant_unit_and_weights_behave(seed, constant, factor):
    rng = np.random.default_rng(seed)
    y, own = np.round(rng.normal(size=24), 1), np.arange(24) < 9
    y[rng.permutation(9)[:2]] = NAN
    y[rng.permutation(np.arange(9, 24))[:6]] = NAN
    before = lee_bounds(y, own)
    order = rng.permutation(24)
    after = lee_bounds((constant + factor * y)[order], own[order], weights=np.full(24, 7.0))
    for name in ("low", "high", "low_error", "interval_low", "interval_high"):
        assert getattr(after, name) == pytest.approx(
            factor * getattr(before, name), abs=1e-9
        )
    assert before.low - 1e-12 <= before.untrimmed <= before.high + 1e-12
    whole = worst_case_bounds(y, own, -5, 5)
    assert whole.low <= before.low
    assert whole.high >= before.high


def test_the_worst_case_by_hand():
    # Partners 1, 3 and one unknown in 0 to 4; the rest 2 and one unknown.
    found = worst_case_bounds(*sides([1, 3, NAN], [2, NAN]), 0, 4)
    assert found.low == pytest.approx((1 + 3 + 0) / 3 - (2 + 4) / 2)
    assert found.high == pytest.approx((1 + 3 + 4) / 3 - (2 + 0) / 2)
    assert found.high - found.low == pytest.approx(4 * (1 / 3 + 1 / 2))
    assert (found.missing_partners, found.missing_rest) == (1, 1)


def test_without_any_result_the_worst_case_says_nothing_and_says_so():
    found = worst_case_bounds(*sides([NAN], [NAN, NAN]), 0, 1)
    assert (found.low, found.high, found.partners_observed) == (-1, 1, 0)


def test_the_pattern_counts_each_side_year_and_reason():
    table = pd.DataFrame(
        {
            "is_partner": [True, True, False, False, False],
            "year": [2018, 2018, 2018, 2019, 2019],
            "value": [1.0, NAN, NAN, 3.0, NAN],
            "code": [None, "SUPP", "NE", None, None],
        }
    )
    found = missing_pattern(table, reason="code")
    assert found.columns.tolist()[:6] == [
        "is_partner", "year", "schools", "observed", "missing", "missing_share"
    ]  # fmt: skip
    rows = found.set_index(["is_partner", "year"])
    assert rows.loc[(True, 2018), ["schools", "observed", "missing"]].tolist() == [2, 1, 1]
    assert rows.loc[(False, 2019), "missing_share"] == 0.5
    assert rows.loc[(False, 2019), "missing: no reason given"] == 1
    assert rows.loc[(True, 2018), "missing: SUPP"] == 1
    assert rows.loc[(True, 2018), "missing: NE"] == 0
    assert missing_pattern(table).shape == (3, 6)


Y, OWN = sides([1, 2], [0, 1])


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: lee_bounds(*sides([NAN, NAN], [1, 2])), "no result among the partners"),
        (lambda: lee_bounds(*sides([1, 2], [NAN])), "no result among the rest"),
        (lambda: lee_bounds(Y, np.ones(4, bool)), "no school among the rest"),
        (lambda: lee_bounds(Y, [1, 1, 0, 0]), "true or false"),
        (lambda: lee_bounds([1, np.inf, 0, 1], OWN), "outcome is infinite"),
        (lambda: lee_bounds(Y, OWN, weights=[1, 0, 1, 1]), "positive number"),
        (lambda: lee_bounds(Y, OWN, weights=[1, 1]), "one entry per school"),
        (lambda: lee_bounds(Y, OWN, cluster=["a", None, "b", "c"]), "no cluster"),
        (lambda: lee_bounds(Y, OWN, confidence_level=1), "confidence level"),
        (lambda: worst_case_bounds(Y, OWN, 0, 1.5), "1 outcomes lie outside 0 to 1.5"),
        (lambda: worst_case_bounds(Y, OWN, 2, 1), "a range of outcomes"),
        (
            lambda: missing_pattern(pd.DataFrame({"value": [1]})),
            "no column is_partner, year",
        ),
        (
            lambda: missing_pattern(
                pd.DataFrame({"value": [1], "is_partner": [None], "year": [1]})
            ),
            "has no is_partner or year",
        ),
    ],
)
def test_what_cannot_be_bounded_is_refused(ask, sentence):
    with pytest.raises(ValueError, match=sentence):
        ask()
