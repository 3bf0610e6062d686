"""An effect size where the gate is open, and the reason where there is none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.improvement import improve, mixedlm
from pipeline.improvement.effect_sizes import (
    MONTHS,
    NO_PUPIL_SD,
    PADLOCKS,
    SIZE,
    between_schools,
    pupils_lost,
)
from pipeline.improvement.event_study import OVERALL
from pipeline.improvement.matched import CHANGE, WILD
from pipeline.improvement.panel import SCHOOL_SD
from tests.improvement.made_panel import NO_GRADES, made_panel, rows


@pytest.fixture(autouse=True, scope="module")
def no_second_opinion():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixedlm, "is_primary", lambda _: False)
        yield


def asked(panel):
    return improve.improve([panel], NO_GRADES)


MANY = {2017: 30, 2018: 30}


@pytest.fixture(scope="module")
def many():
    return asked(made_panel(MANY, jump=0.5, hubs=12, others=250))


def test_the_size_is_the_change_in_sds_of_pupils_with_its_two_companions(many):
    size = rows(many, "effect size", SIZE).set_index("at")
    change = rows(many, "event study", OVERALL)["estimate"].item()
    assert size.loc["event study", "estimate"] == pytest.approx(change, rel=0.03)
    matched = rows(many, "matched comparison", CHANGE)["estimate"].item()
    assert size.loc["matched comparison", "estimate"] == pytest.approx(matched, rel=0.03)
    assert size["said"].str.contains("difference in differences").all()
    months = rows(many, "effect size", MONTHS).set_index("at").loc["event study"]
    assert 0.525 < size.loc["event study", "estimate"] < 0.615
    assert (months["estimate"], months["unit"]) == (7, "months")
    assert months["low"] <= 7 <= months["high"]
    padlocks = rows(many, "effect size", PADLOCKS).set_index("at").loc["event study"]
    assert padlocks["estimate"] == 4  # No experiment has five.
    assert padlocks["status"] == "diagnostic"


def test_few_groups_of_joiners_have_a_bootstrap_beside_the_matched_comparison(many):
    wild = rows(many, "matched comparison", WILD).iloc[0]
    matched = rows(many, "matched comparison", CHANGE).iloc[0]
    assert wild["estimate"] == pytest.approx(matched["estimate"], abs=1e-3)
    assert wild["p_value"] < 0.05
    assert wild["said"].startswith("joiners in 12 of 262 groups")


def test_below_the_gate_no_size_no_margin_and_no_p_of_a_change_at_joining():
    found = asked(made_panel({2018: 39}, jump=0.5))
    held = rows(found, "effect size").iloc[0]
    assert (len(rows(found, "effect size")), held["status"]) == (1, "withheld")
    assert held["said"].startswith("No impact estimate: there are 39 schools")
    assert rows(found, "few schools", OVERALL).empty
    assert rows(found, "event study", OVERALL)["p_value"].isna().all()
    assert rows(found, "matched comparison", WILD).empty


def test_sds_of_schools_are_no_effect_size():
    found = asked(replace(made_panel({2018: 45}), unit=SCHOOL_SD))
    refused = rows(found, "effect size").iloc[0]
    assert refused["status"] == "not possible"
    assert refused["said"] == NO_PUPIL_SD


def test_without_a_matched_comparison_its_size_is_refused_too():
    panel = made_panel({2018: 45})
    unknown = panel.frame.assign(disadvantaged_share=np.nan)
    size = rows(asked(replace(panel, frame=unknown)), "effect size", SIZE).set_index("at")
    assert size.loc["matched comparison", "said"] == "there is no matched comparison"
    assert np.isfinite(size.loc["event study", "estimate"])


def test_the_variance_between_schools_leaves_out_the_luck_of_small_ones():
    # Means vary by 0.25; of ten pupils each a tenth of the rest is luck.
    outcome = np.array([0.5, -0.5, 0.5, -0.5]) * np.sqrt(3 / 4)
    assert np.var(outcome, ddof=1) == pytest.approx(0.25)
    assert between_schools(outcome, np.full(4, 10.0)) == pytest.approx(0.15 / 0.9)
    assert between_schools(np.zeros(4), np.full(4, 10.0)) == 0.0


def test_joiners_without_a_later_result_are_lost_with_their_pupils():
    frame = pd.DataFrame(
        [("a", 2017, 30.0), ("a", 2019, 30.0), ("b", 2017, 10.0), ("c", 2019, 50.0)],
        columns=["school_key", "year", "pupils"],
    ).assign(cohort=2018, ever_member=True)
    # b goes with ten of the forty pupils that were seen before; c was not seen before.
    assert pupils_lost(frame) == pytest.approx(25)
