import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.cluster_robust import weighted_least_squares
from pipeline.estimators.starting_point import (
    AHEAD,
    NOT_SHOWN,
    by_inspection_grade,
    by_starting_point,
    equal_groups,
)


def luck_only(seed=0, schools=6_000, lean=0.0):
    """A world where nothing changes but luck: a lasting level, fresh luck every wave.

    Partners are drawn by their luck in the third wave where `lean` is above 0: those
    that did badly join.
    """
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 0.9, schools)
    waves = level[:, None] + rng.normal(0, 0.45, (schools, 4))
    joins = 1 / (1 + np.exp(3 + lean * waves[:, 2]))
    return waves, rng.random(schools) < joins, np.arange(schools)


def plain(difference, spread=0.2, schools=1_000):
    """Partners (every fifth) change by `difference` more; `spread` is the rest's noise."""
    rng = np.random.default_rng(3)
    waves = rng.normal(size=(schools, 4))
    own = np.arange(schools) % 5 == 0
    code = equal_groups((waves[:, 0] + waves[:, 1]) / 2)
    gain = np.asarray(difference, dtype=float)[code] if np.ndim(difference) else difference
    waves[:, 3] = waves[:, 2] + gain * own + spread * rng.normal(size=schools)
    return waves, own, np.arange(schools)


def compare(waves, own, cluster, **settings):
    return by_starting_point(*waves.T, own, cluster, **settings)


def differences(found):
    return [row.difference for row in found.strata]


# Strata


def test_ten_schools_make_five_pairs_from_the_lowest():
    assert equal_groups(np.arange(10.0)[::-1]).tolist() == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]


def test_schools_with_the_same_baseline_stand_together():
    code = equal_groups(np.array([1.0, 2, 2, 2, 2, 2, 2, 3, 4, 5]))
    assert len(set(code[1:7].tolist())) == 1


@given(st.lists(st.integers(-20, 20), min_size=5, max_size=40), st.floats(0.01, 100))
def test_a_higher_baseline_never_falls_into_a_lower_group(values, scale):
    baseline = np.array(values, dtype=float)
    code = equal_groups(baseline)
    assert (np.diff(code[np.argsort(baseline, kind="stable")]) >= 0).all()
    assert equal_groups(baseline * scale).tolist() == code.tolist()


# Regression to the mean


def test_luck_alone_gives_no_difference_by_a_two_wave_baseline():
    # 20 such worlds, 5 strata: about 5 of 100 intervals may miss 0.
    missed = 0
    for seed in range(20):
        found = compare(*luck_only(seed, schools=3_000))
        missed += sum(row.low > 0 or row.high < 0 for row in found.strata)
        assert found.verdict == NOT_SHOWN
    assert missed <= 12


def test_the_placebo_shows_the_gain_that_sorting_by_one_wave_invents():
    found = compare(*luck_only(schools=40_000))
    by_two = [row.rest_change for row in found.strata]
    by_one = [row.rest_change for row in found.placebo]
    assert max(abs(change) for change in by_two) < 0.03
    # The lowest fifth lies 1.4 SD (of 1.006) below, and a fifth of the variance is luck.
    assert by_one[0] == pytest.approx(0.2 * 1.4 * 1.006, abs=0.03)
    assert by_one[0] > by_one[1] > by_one[2] > by_one[3] > by_one[4]
    assert by_one[4] == pytest.approx(-by_one[0], abs=0.03)
    assert found.rest_correlation == pytest.approx(0.8, abs=0.02)
    assert found.placebo[0].spurious_gain == pytest.approx(by_one[0], abs=0.02)


def test_joining_after_a_bad_wave_is_not_mended_by_an_earlier_baseline():
    # Said on the page: the change must start before schools decided to join.
    found = compare(*luck_only(lean=2.0, schools=20_000))
    assert found.strata[2].difference > 0.05


def test_what_the_start_alone_predicts_stands_beside_each_stratum():
    waves, own, cluster = plain(0.0, spread=0.0)
    waves[:, 3] = waves[:, 2] - 0.5 * (waves[:, 0] + waves[:, 1]) / 2 + own
    found = compare(waves, own, cluster)
    for row in found.strata:
        assert row.partners_change == pytest.approx(row.expected_of_start + 1)


def test_a_wave_that_sorts_schools_must_not_measure_their_change():
    waves, own, cluster = plain(0.1)
    one, two, three, four = waves.T
    with pytest.raises(ValueError, match="second wave of the baseline is also before"):
        by_starting_point(one, two, two, four, own, cluster)
    with pytest.raises(ValueError, match="first wave of the baseline is also after"):
        by_starting_point(four, two, three, four, own, cluster)


# The claim


def test_a_gain_in_every_fifth_is_the_claim():
    found = compare(*plain(0.4))
    assert found.verdict == AHEAD
    assert differences(found) == pytest.approx([0.4] * 5, abs=0.12)
    assert found.interaction_p > 0.05
    assert (found.partner_schools, found.rest_schools) == (200, 800)


def test_one_fifth_without_a_gain_is_enough_to_lose_the_claim():
    found = compare(*plain([0.4, 0.4, 0.0, 0.4, 0.4]))
    assert found.verdict == NOT_SHOWN
    assert found.interaction_p < 0.001


def test_each_difference_is_that_of_a_fit_of_its_stratum_alone():
    waves, own, cluster = plain(0.1)
    found = compare(waves, own, cluster)
    code = equal_groups((waves[:, 0] + waves[:, 1]) / 2)
    for n, row in enumerate(found.strata):
        inside = code == n
        change = (waves[:, 3] - waves[:, 2])[inside]
        mine = own[inside]
        assert row.difference == pytest.approx(change[mine].mean() - change[~mine].mean())
        # Schools as their own clusters: strata share none, so each stands alone.
        fit = weighted_least_squares(
            np.column_stack([np.ones(inside.sum()), mine]), change, None, cluster[inside]
        )
        alone = fit.interval([0, 1])
        assert row.standard_error == pytest.approx(alone.standard_error)
        # CR2 with single schools is HC2: each side's own variance over its number.
        variances = [change[s].var(ddof=1) / s.sum() for s in (mine, ~mine)]
        assert row.standard_error == pytest.approx(np.sqrt(sum(variances)))


def test_trusts_that_reach_over_strata_widen_the_test_of_interaction():
    waves, own, _ = plain(0.1)
    trusts = np.where(own, np.arange(1_000) // 50, 1_000 + np.arange(1_000) // 2)
    shock = np.random.default_rng(8).normal(size=2_000)[trusts]
    waves[:, 3] += shock
    by_trust = compare(waves, own, trusts)
    by_school = compare(waves, own, np.arange(1_000))
    assert by_trust.strata[0].standard_error > by_school.strata[0].standard_error
    assert by_trust.strata[0].degrees_of_freedom < 25
    assert by_trust.strata[0].partner_clusters <= 20


def test_the_largest_spread_holds_every_pair_of_differences():
    found = compare(*plain([0.1, 0.2, 0.3, 0.2, 0.1]), margin=0.5)
    values = differences(found)
    assert found.largest_spread > max(values) - min(values)
    assert found.equivalent
    assert compare(*plain([0.1, 0.2, 0.3, 0.2, 0.1]), margin=0.1).equivalent is False
    assert compare(*plain(0.1)).equivalent is None
    # Surer figures let differences be called alike within less.
    assert compare(*plain(0.1, spread=0.05)).largest_spread < 0.1


def test_a_stratum_with_few_partners_is_named_and_takes_the_claim_with_it():
    waves, own, cluster = plain(0.4)
    code = equal_groups((waves[:, 0] + waves[:, 1]) / 2)
    lowest = np.flatnonzero(own & (code == 0))
    own[lowest[3:]] = False
    found = compare(waves, own, cluster)
    assert found.verdict == "not testable in stratum 1 of 5 (lowest)"
    assert found.not_testable == ("1 of 5 (lowest)",)
    assert found.strata[0].not_tested == "3 partner schools, fewer than 6"
    assert found.strata[0].difference is None
    assert found.strata[0].partners_change is not None
    assert all(row.low > 0 for row in found.strata[1:])
    assert found.interaction_p is not None


def test_partners_of_one_trust_cannot_show_how_trusts_vary():
    waves, own, cluster = plain(0.4)
    found = compare(waves, own, np.where(own, -1, cluster))
    assert len(found.not_testable) == 5
    assert found.strata[0].not_tested == "all partner schools stand in one cluster"
    assert found.interaction_p is None
    assert found.largest_spread is None


def test_a_stratum_without_partners_is_told():
    waves, own, cluster = plain(0.4)
    code = equal_groups((waves[:, 0] + waves[:, 1]) / 2)
    found = compare(waves, own & (code > 1), cluster)
    assert found.strata[0].partners_change is None
    assert found.strata[0].partner_schools == 0
    assert found.strata[0].expected_of_start is None
    assert found.not_testable == ("1 of 5 (lowest)", "2 of 5")


def test_a_change_without_any_spread_is_no_claim_and_no_test():
    waves, own, cluster = plain(0.0, spread=0.0)
    found = compare(waves, own, cluster)
    assert found.verdict == NOT_SHOWN
    assert found.interaction_p is None
    assert differences(found) == pytest.approx([0] * 5, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000), st.floats(0.1, 10), st.floats(-5, 5))
def test_order_units_and_a_constant_do_not_matter(seed, scale, shift):
    waves, own, cluster = plain(0.1, schools=300)
    order = np.random.default_rng(seed).permutation(300)
    first = compare(waves, own, cluster)
    again = compare((waves * scale + shift)[order], own[order], cluster[order])
    assert np.array(differences(again)) == pytest.approx(
        scale * np.array(differences(first)), rel=1e-6, abs=1e-9
    )
    assert again.interaction_p == pytest.approx(first.interaction_p, rel=1e-6)
    assert again.verdict == first.verdict


# Inspection grades


def test_grades_are_strata_with_the_same_placebo():
    waves, own, cluster = plain(0.3)
    grade = np.array(["good", "outstanding", "requires improvement"])[cluster % 3]
    found = by_inspection_grade(grade, waves[:, 2], waves[:, 3], own, cluster)
    assert [row.name for row in found.strata] == [
        "good", "outstanding", "requires improvement"
    ]  # fmt: skip
    assert found.verdict == AHEAD
    assert found.placebo == compare(waves, own, cluster).placebo
    assert found.strata[0].expected_of_start is None


def test_what_cannot_be_compared_is_refused():
    waves, own, cluster = plain(0.1)
    start, end = waves[:, 2], waves[:, 3]
    gone = waves.copy()
    gone[4, 1] = np.nan
    with pytest.raises(ValueError, match="1 schools lack a wave"):
        compare(gone, own, cluster)
    with pytest.raises(ValueError, match="no school among the partners"):
        compare(waves, ~np.ones_like(own), cluster)
    with pytest.raises(ValueError, match="no school among the rest"):
        compare(waves, np.ones_like(own), cluster)
    with pytest.raises(ValueError, match="one entry per school"):
        compare(waves, own[1:], cluster)
    with pytest.raises(ValueError, match="at least two"):
        compare(waves, own, cluster, groups=1)
    with pytest.raises(ValueError, match="positive"):
        compare(waves, own, cluster, margin=0.0)
    with pytest.raises(ValueError, match=r"between 0\.5 and 1"):
        compare(waves, own, cluster, level=0.4)
    with pytest.raises(ValueError, match="two schools on each side"):
        compare(waves, own, cluster, least_schools=1)
    with pytest.raises(ValueError, match="1 schools have no cluster"):
        compare(waves, own, [None, *cluster[1:]])
    with pytest.raises(ValueError, match="1 schools have no grade"):
        by_inspection_grade([None, *["good"] * 999], start, end, own, cluster)
    with pytest.raises(ValueError, match="999 grades for 1000"):
        by_inspection_grade(["good"] * 999, start, end, own, cluster)
