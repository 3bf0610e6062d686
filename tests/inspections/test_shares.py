"""Two shares beside each other: what they come to, and how sure that is."""

import numpy as np
import pytest
from scipy import stats

from pipeline.inspections.shares import ALL_ALIKE, ONE_CLUSTER, share_difference
from tests.inspections.made_histories import drawn_history

SEEDS = 200


def compare(own, rest, **asked):
    """Compare schools that weigh the same on each side, each its own cluster."""
    happened = [*own, *rest]
    is_partner = [True] * len(own) + [False] * len(rest)
    weights = [1.0] * len(own) + [len(own) / len(rest)] * len(rest)
    arrays = {"stratum": [0] * len(happened), "cluster": range(len(happened))} | asked
    return share_difference(happened, is_partner, weights, **arrays)


def test_it_is_partners_minus_rest():
    found = compare([1, 1, 1, 0], [1, 0, 0, 0])
    assert (found.partners, found.rest) == (0.75, 0.25)
    assert found.difference == 0.5


def test_independent_schools_have_the_error_of_welch():
    own, rest = [1] * 12 + [0] * 8, [1] * 30 + [0] * 70
    found = compare(own, rest)
    welch = stats.ttest_ind(own, rest, equal_var=False)
    assert found.difference / found.standard_error == pytest.approx(welch.statistic)
    assert found.p_value == pytest.approx(welch.pvalue, abs=0.002)


def test_the_rest_counts_by_its_weight():
    """Of the one good school all moved, of three weak ones none: half each by weight."""
    found = share_difference(
        [1, 0, 1, 0, 0, 0],
        [True, True, False, False, False, False],
        [1, 1, 1, 1 / 3, 1 / 3, 1 / 3],
        [2, 3, 2, 3, 3, 3],
        range(6),
    )
    assert (found.partners, found.rest) == pytest.approx((0.5, 0.5))


def test_schools_of_one_hub_are_less_evidence_than_as_many_alone():
    own, rest = ([1] * 5 + [0] * 5) * 4, [1, 0, 0] * 40
    hubs = [f"hub {n // 5}" for n in range(40)] + [f"school {n}" for n in range(120)]
    alone, in_hubs = compare(own, rest), compare(own, rest, cluster=hubs)
    assert in_hubs.difference == alone.difference
    assert in_hubs.standard_error > 1.5 * alone.standard_error


def test_where_all_members_agree_there_is_a_difference_and_no_interval():
    found = compare([0] * 10, [1, 0] * 20)
    assert found.difference == -0.5
    assert (found.standard_error, found.low, found.p_value) == (None, None, None)
    assert found.no_interval == ALL_ALIKE


def test_one_hub_of_all_members_gives_no_interval():
    found = compare([1, 0, 1], [1, 0, 0], cluster=["hub"] * 3 + [*"abc"])
    assert found.no_interval == ONE_CLUSTER


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"stratum": [0, 1, 1]}, "weigh the same in every stratum"),
        ({"stratum": [0, 0]}, "one entry per row"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked, told):
    arrays = {"stratum": [0, 0, 0], "cluster": [1, 2, 3]} | asked
    with pytest.raises(ValueError, match=told):
        share_difference([1, 0, 1], [True, False, False], [1, 0.5, 0.5], **arrays)


def test_a_side_without_schools_is_refused():
    with pytest.raises(ValueError, match="no school among the rest"):
        share_difference([1, 0], [True, True], [1, 1], [0, 0], [1, 2])


def test_a_weight_of_nothing_is_refused():
    with pytest.raises(ValueError, match="weights must be positive"):
        share_difference([1, 0], [True, False], [1, 0], [0, 0], [1, 2])


def test_where_nothing_was_done_95_of_100_intervals_hold_zero():
    """Members in hubs and others in trusts, each sharing what inspectors find."""
    found = [moved_up(seed) for seed in range(SEEDS)]
    missed = sum(one.low > 0 or one.high < 0 for one in found)
    assert stats.binomtest(missed, SEEDS, 0.05).pvalue > 0.05


def moved_up(seed):
    """Compare moves to a better grade, laid out here without the pipeline's tables."""
    history, members, trusts = drawn_history(seed, own=60, others=240)
    told = history.inspections.groupby("school_key")["grade"].agg(["first", "last"])
    told = told[told["first"] > 1]
    own = told.index.isin(members["school_key"])
    counts = {
        side: told["first"][flags].value_counts() for side, flags in ((1, own), (0, ~own))
    }
    share = told["first"].map(counts[1] / counts[0])
    weights = np.where(own, 1.0, share)
    inside = np.isfinite(share.to_numpy())
    hubs = members.set_index("school_key")["hub"]
    labels = [f"h{hubs[k]}" if k in hubs.index else f"t{trusts[k]}" for k in told.index]
    arrays = (told["last"] < told["first"], own, weights, told["first"], np.array(labels))
    return share_difference(*(np.asarray(a)[inside] for a in arrays))
