"""What many questions leave of a p, and which outcomes were registered."""

import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement.event_study import OVERALL
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.growth import SLOPE
from pipeline.improvement.improve import OUTCOMES
from pipeline.improvement.registered import PRIMARIES, adjusted, is_primary
from pipeline.measures.measure import KEY_STAGES
from tests.improvement.made_panel import made_panel


@pytest.fixture
def found():
    """Two registered claims, two others, a check and a figure without a p."""
    made = Findings(made_panel({2018: 45}))
    for question, quantity, at, p in (
        ("growth", SLOPE, "by school", 0.02),
        ("event study", OVERALL, "", 0.03),
        ("starting point", "difference", "1 of 5", 0.01),
        ("starting point", "difference", "2 of 5", 0.5),
        ("composition", "change of the gap", "", None),
    ):
        made.add(question, quantity, at=at, estimate=0.1, p_value=p)
    made.add("growth", "another way", status="diagnostic", estimate=0.1, p_value=0.001)
    return as_promised([made])


def by_p(found):
    return found.dropna(subset="p_value").set_index("p_value")["adjusted_p"].to_dict()


def test_registered_claims_are_adjusted_by_holm_and_others_by_benjamini_and_hochberg(found):
    after = adjusted(found)
    left = by_p(after)
    # Holm of 0.02 and 0.03: twice the smaller, and the larger no less than that.
    assert (left[0.02], left[0.03]) == pytest.approx((0.04, 0.04))
    # Benjamini and Hochberg of 0.01 and 0.5: 2/1 and 2/2 times.
    assert (left[0.01], left[0.5]) == pytest.approx((0.02, 0.5))
    said = after.set_index("p_value")["adjusted_by"]
    assert said[0.02] == "Holm, registered primaries: 2 tests"
    assert said[0.5] == "Benjamini and Hochberg, other estimates: 2 tests"
    promise.check(after, FINDINGS)


def test_a_check_counts_in_no_family_and_a_figure_without_a_p_neither(found):
    after = adjusted(found)
    unadjusted = after["adjusted_p"].isna()
    assert after.loc[unadjusted, "quantity"].tolist() == [
        "change of the gap",
        "another way",
    ]
    assert after.loc[unadjusted, "adjusted_by"].isna().all()


def test_the_same_claims_of_another_outcome_were_not_registered(found):
    after = adjusted(found.assign(group="disadvantaged"))
    # Of 0.01, 0.02, 0.03 and 0.5 in one family of four: 4/1, 4/2 and 4/3 times.
    assert by_p(after)[0.01] == pytest.approx(0.04)
    assert after["adjusted_by"].dropna().unique().tolist() == [
        "Benjamini and Hochberg, other estimates: 4 tests"
    ]


def test_outcomes_of_an_evaluation_are_judged_together(found):
    other = found.assign(key_stage="ks2", measure="rwm_expected")
    after = adjusted(pd.concat([found, other], ignore_index=True))
    # Holm of 0.02 twice and 0.03 twice: four times the smallest.
    assert by_p(after)[0.02] == pytest.approx(0.08)
    assert after["adjusted_by"].str.contains("4 tests").sum() == 8


def test_one_test_stays_as_it_is_and_none_makes_no_crash(found):
    one = adjusted(found.iloc[:1])
    assert one["adjusted_p"].item() == pytest.approx(0.02)
    assert one["adjusted_by"].item() == "Holm, registered primaries: 1 test"
    assert adjusted(found.iloc[4:])["adjusted_p"].isna().all()
    assert adjusted(as_promised([])).empty


def test_every_phase_with_outcomes_has_one_registered_primary():
    phases = [key_stage for key_stage, _, _ in PRIMARIES]
    assert len(set(phases)) == len(phases)
    assert set(phases) == {key_stage for key_stage, _, _ in OUTCOMES} <= set(KEY_STAGES)
    assert set(PRIMARIES) <= set(OUTCOMES)
    assert is_primary(made_panel({2018: 3}))
