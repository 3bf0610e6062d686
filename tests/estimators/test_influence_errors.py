"""Intervals of estimates whose units stand in clusters, and clusters on several sides."""

import numpy as np
import pandas as pd
import pytest

from pipeline.estimators.event_study import group_time_att
from pipeline.estimators.influence_errors import ClusteredSides


def errors(cluster, side, contributions, **settings):
    sides = ClusteredSides(np.array(cluster), np.array(side))
    given = np.array([contributions], dtype=float)
    return sides.errors(given, used=given != 0, **settings)


def test_units_on_their_own_widen_by_g_over_g_less_one():
    # One side of two: 1 + 1, times 2/1. The other of three: 4 + 1 + 1, times 3/2.
    found = errors(range(5), [0, 0, 1, 1, 1], [1, -1, 2, -1, -1])
    assert found.standard_error**2 == pytest.approx(2 + 6)
    assert found.interval_error**2 == pytest.approx(4 + 9)
    assert found.degrees_of_freedom == pytest.approx((4 + 9) ** 2 / (4**2 / 1 + 9**2 / 2))


def test_two_clusters_of_one_size_are_two_units():
    # Pairs with the sums 2 and -2: each has half of the side, so 4 / (1/2) twice.
    found = errors([0, 0, 1, 1], [0, 0, 0, 0], [1, 1, -1, -1])
    assert found.standard_error**2 == pytest.approx(8)
    assert found.interval_error**2 == pytest.approx(16)
    assert found.degrees_of_freedom == pytest.approx(1)


def test_a_cluster_that_holds_more_of_a_side_is_corrected_by_more():
    # Three units of four: 9 / (1/4); the fourth: 9 / (3/4).
    found = errors([0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, -3])
    assert found.interval_error**2 == pytest.approx(36 + 12)


def test_what_a_cluster_has_on_two_sides_is_added_before_it_is_squared():
    # Both clusters have 1 on one side and -1 on the other: together nothing moves.
    found = errors([0, 1, 0, 1], [0, 0, 1, 1], [1, -1, -1, 1])
    assert found.interval_error == pytest.approx(0)
    same_way = errors([0, 1, 0, 1], [0, 0, 1, 1], [1, -1, 1, -1])
    # Each cluster's sum is 1 and 1, each over the root of a half: 8 and 8.
    assert same_way.interval_error**2 == pytest.approx(8 + 8)


def test_a_side_of_one_cluster_shows_no_variance_of_its_own():
    found = errors([0, 1, 2, 2], [0, 0, 1, 1], [1, -1, 0.5, -0.5])
    assert found.interval_error**2 == pytest.approx(4)
    assert found.degrees_of_freedom == pytest.approx(1)


def test_variance_beside_the_contributions_is_added_and_counts_no_clusters():
    alone = errors(range(4), [0] * 4, [1, -1, 2, -2])
    beside = errors(range(4), [0] * 4, [1, -1, 2, -2], beside=np.array([3.0]))
    assert beside.interval_error**2 == pytest.approx(alone.interval_error**2 + 3)
    assert beside.degrees_of_freedom == alone.degrees_of_freedom


def test_degrees_of_freedom_are_satterthwaites_written_out():
    random = np.random.default_rng(8)
    side = np.sort(random.integers(0, 3, 40))
    cluster = random.integers(0, 9, 40)
    values = random.normal(size=40)
    values -= (np.bincount(side, values) / np.bincount(side))[side]
    # The corrected sums as one matrix (clusters, units), their covariance were units
    # independent with a variance for each side.
    shares = np.array(
        [np.mean(cluster[side == s] == c) for s, c in zip(side, cluster, strict=True)]
    )
    adjust = (cluster == np.arange(9)[:, None]) / np.sqrt(1 - shares)
    pieces = {(s, c) for s, c in zip(side.tolist(), cluster.tolist(), strict=True)}
    own = np.array(
        [sum((adjust[c] * values)[side == s].sum() ** 2 for t, c in pieces if t == s)
         for s in range(3)]
    )  # fmt: skip
    total = np.zeros((9, 9))
    for s in range(3):
        units = side == s
        residuals = np.eye(units.sum()) - 1 / units.sum()
        part = adjust[:, units] @ residuals @ adjust[:, units].T
        total += own[s] * part / units.sum()
    found = errors(cluster, side, values)
    assert found.interval_error**2 == pytest.approx(((adjust @ values) ** 2).sum())
    assert found.degrees_of_freedom == pytest.approx(
        np.trace(total) ** 2 / np.sum(total**2)
    )


def drawn(seed):
    """Mean change in a world without any: cohorts of eight, hubs across all of them."""
    random = np.random.default_rng(seed)
    joined = np.repeat([2017, 2018, 2019, 0], [8, 8, 8, 60])
    hub = np.r_[np.tile(np.arange(8), 3), np.arange(100, 160)]
    frame = pd.DataFrame(
        {
            "school": np.repeat(np.arange(84), 4),
            "year": np.tile([2016, 2017, 2018, 2019], 84),
            "joined": np.repeat(joined, 4),
            "hub": np.repeat(hub, 4),
            "score": random.normal(size=336),
        }
    )
    columns = {"unit": "school", "time": "year", "cohort": "joined", "outcome": "score"}
    return group_time_att(frame, **columns, cluster="hub").aggregate("group")


def test_the_error_of_intervals_is_the_spread_of_estimates_where_cohorts_are_small():
    panels = [drawn(seed) for seed in range(400)]
    spread = np.std([one.estimate for one in panels])
    errors = [one.interval_error for one in panels]
    # 400 draws fix the spread to one part in 28.
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(spread, rel=0.1)
    held = np.mean([one.low <= 0 <= one.high for one in panels])
    assert 0.92 < held < 0.98


def grades(joiners, others):
    """Changes of schools over two years, as a panel."""
    changes = [*joiners, *others]
    n = len(changes)
    frame = pd.DataFrame({"school": np.repeat(range(n), 2), "year": [1, 2] * n, "y": 0.0})
    frame["cohort"] = np.repeat([2] * len(joiners) + [0] * len(others), 2)
    frame.loc[frame["year"] == 2, "y"] = np.asarray(changes, dtype=float)
    return group_time_att(frame, unit="school", time="year", cohort="cohort", outcome="y")


def test_a_school_whose_change_is_the_mean_of_its_side_still_counts():
    # Variances 1 of three and 8/5 of six: Welch's error is the root of 1/3 + 8/30 = 0.6.
    found = grades([-1, 0, 1], [-2, 0, 0, 0, 0, 2]).aggregate()
    assert found.interval_error**2 == pytest.approx(0.6)
    # (1/3 + 4/15)^2 / ((1/3)^2 / 2 + (4/15)^2 / 5) = 0.36 / (1/18 + 16/1125)
    assert found.degrees_of_freedom == pytest.approx(0.36 / (1 / 18 + 16 / 1125))


def test_schools_that_all_move_alike_leave_no_error_and_no_test():
    school, year = np.repeat(range(30), 6), np.tile(range(1, 7), 30)
    frame = pd.DataFrame({"school": school, "year": year})
    frame["cohort"] = np.where(school % 3 == 0, 4, 0)
    frame["y"] = 0.1 * school + 0.3 * year
    found = group_time_att(frame, unit="school", time="year", cohort="cohort", outcome="y")
    assert found.aggregate().standard_error == 0
    assert found.pre_trend().p_value is None
    assert "singular" in found.pre_trend().reason
