"""What tries to break a finding: it breaks what chance made, and leaves what is there."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement.event_study import study_joining
from pipeline.improvement.findings import Findings
from pipeline.improvement.panel import SUPPRESSED
from pipeline.robustness import challenge, placebos, sensitivity, specifications, tried
from pipeline.robustness.placebos import FALSE_MEMBERS, FALSE_YEARS, WITHOUT
from pipeline.robustness.sensitivity import BOUND, LINE, LOST
from pipeline.run import locations
from tests.improvement.made_panel import made_panel, rows

LEVEL, CHANGE = "difference in level", "difference in change"
CAUSAL = re.compile(
    r"\b(because|effects?|affect\w*|caus\w*|due to|improve\w*|boost\w*)\b", re.IGNORECASE
)


@pytest.fixture(autouse=True, scope="module")
def few_draws():
    """Draw seldom: a p of one in twenty is as small as these tests ask for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(specifications, "DRAWS", 19)
        patch.setattr(placebos, "DRAWS", 39)
        yield


def challenged(panel):
    return challenge.challenge([panel])


@pytest.fixture(scope="module")
def real():
    """Sixty joiners in twelve hubs with a gain of half an SD."""
    return challenged(made_panel({2018: 30, 2019: 30}, jump=0.5, hubs=12))


@pytest.fixture(scope="module")
def three():
    return challenged(made_panel({2018: 3}))


def test_a_gain_of_half_an_sd_stands_a_little_drift_and_not_any(real):
    bounds = rows(real, "sensitivity", BOUND).set_index("at")
    assert bounds.loc["0.5", "low"] > 0
    width = bounds["high"] - bounds["low"]
    assert width.is_monotonic_increasing
    assert len(set(bounds["estimate"])) == 1
    assert bounds["said"].iloc[0] == "plain mean of the 2 waves from joining on"
    lost = rows(real, "sensitivity", LOST).iloc[0]
    assert 0.5 < lost["estimate"] < np.inf
    assert len(rows(real, "sensitivity", LINE)) == 1


def test_where_nothing_happened_there_is_no_finding_to_lose():
    found = challenged(made_panel({2018: 45}))
    lost = rows(found, "sensitivity", LOST).iloc[0]
    assert lost["status"] == "not possible"
    assert lost["said"] == "the interval holds zero without any drift"


def test_a_false_year_and_false_members_find_nothing(real):
    moved = rows(real, "placebo", FALSE_YEARS).set_index("at")
    assert abs(moved.loc["1 earlier", "estimate"]) < 0.15
    assert moved.loc["2 earlier", "partner_schools"] == 30  # Of 2019 only: 2016 is first.
    drawn = rows(real, "placebo", FALSE_MEMBERS).iloc[0]
    assert drawn["estimate"] == 1.0
    assert drawn["p_value"] == pytest.approx(2 / 40)


def test_no_hub_alone_makes_the_finding(real):
    ends = rows(real, "leave one out", WITHOUT).set_index("at")["estimate"]
    assert 0.4 < ends["lowest"] < ends["highest"] < 0.6
    said = rows(real, "leave one out")["said"].iloc[0]
    assert said.startswith("12 groups (hubs, trusts, schools in neither) left out in turn")
    assert said.endswith("without 0 of them the sign changes")


def test_hubs_without_joiners_are_not_left_out_in_turn():
    panel = made_panel({2018: 45, 2010: 5}, hubs=5)
    frame = panel.frame
    early = np.where(frame["cohort"] == 2010, "hub of old", frame["cluster"])
    found = challenged(replace(panel, frame=frame.assign(cluster=early)))
    assert rows(found, "leave one out")["said"].iloc[0].startswith("5 groups")


def test_where_schools_are_the_clusters_it_says_schools():
    found = challenged(made_panel({2018: 41}, others=60))
    assert rows(found, "leave one out")["said"].iloc[0].startswith("41 schools left out")


def test_of_three_joiners_no_change_is_shown_but_what_chance_gives_is(three):
    for question, quantity in (
        ("sensitivity", LOST),
        ("leave one out", WITHOUT),
        ("specification curve", f"{specifications.MEDIAN}, {CHANGE}"),
    ):
        row = rows(three, question, quantity).iloc[0]
        assert row["status"] == "withheld"
        assert row["said"].startswith("No impact estimate: there are 3 schools")
        assert np.isnan(row["estimate"])
    assert rows(three, "placebo", FALSE_MEMBERS)["p_value"].notna().all()
    level = rows(three, "specification curve", f"{specifications.MEDIAN}, {LEVEL}")
    assert level["status"].item() == "estimate"


def test_without_a_joiner_each_question_of_joining_says_so():
    found = challenged(made_panel({2010: 20}))
    for question, quantity in challenge.OF_JOINING:
        assert rows(found, question, quantity)["said"].item().startswith("no member joined")
    assert rows(found, "event study").empty


def test_an_outcome_that_is_withheld_is_withheld_here_too():
    found = challenged(made_panel({2018: 45}, closed=SUPPRESSED))
    assert list(zip(found["question"], found["quantity"], strict=True)) == [
        *challenge.ASKED
    ]
    assert set(found["status"]) == {"withheld"}
    assert found["estimate"].isna().all()


def test_the_curve_holds_every_choice_and_the_gain(real):
    two_way = rows(real, "specification curve", f"{specifications.MEDIAN}, {CHANGE}").iloc[
        0
    ]
    assert two_way["low"] <= two_way["estimate"] <= two_way["high"]
    assert two_way["estimate"] == pytest.approx(0.5, abs=0.15)
    assert two_way["p_value"] == pytest.approx(1 / 20)
    assert re.match(r"\d+ of \d+ specifications", two_way["said"])


def laid_out(panel):
    return specifications.laid_out(panel.frame)


def test_who_left_is_neither_member_nor_comparison_where_only_who_stayed_counts():
    panel = made_panel({2017: 20}, others=30)
    frame = panel.frame
    left = (frame["school_key"] == "100001") & (frame["year"] == 2019)
    panel = replace(panel, frame=frame.assign(is_member=frame["is_member"] & ~left))
    table = laid_out(panel).drop_duplicates("school_key").set_index("school_key")
    assert table.loc["100001", "still_members"] == 0
    assert table.loc["100001", "joined"] == 2017
    assert not table.loc["100001", ["never_members", "like_at_the_start"]].any()
    assert table.loc["100002", "still_members"] == 2017
    every = specifications.specifications(frame, "gap")
    assert {one.controls for one in every} == {"never_members", "like_at_the_start"}


def test_a_member_without_a_figure_in_the_last_year_has_not_left():
    panel = made_panel({2017: 20}, others=30)
    absent = (panel.frame["school_key"] == "100001") & (panel.frame["year"] == 2019)
    table = laid_out(replace(panel, frame=panel.frame[~absent]))
    assert set(table.loc[table["school_key"] == "100001", "still_members"]) == {2017}


def test_years_after_the_pandemic_are_one_choice_among_others():
    frame = made_panel({2018: 9}, years=(2018, 2019, 2022, 2023)).frame
    spans = {one.years for one in specifications.specifications(frame, "gap")}
    assert spans == {None, (2019.0, 2022.0, 2023.0), (2018.0, 2019.0)}


def test_ranks_of_a_year_do_not_know_its_scale():
    panel = made_panel({2018: 9})
    scaled = replace(
        panel, frame=panel.frame.assign(outcome=5 * panel.frame["outcome"] + 1)
    )
    assert laid_out(scaled)["rank"].tolist() == laid_out(panel)["rank"].tolist()


def test_the_bounds_rest_on_neighbouring_waves_with_one_before_the_base():
    joined = study_joining(Findings(made_panel({2018: 45})))
    betas, covariance, before, after = sensitivity.coefficients(joined.frame)
    # 2016, 2017 | 2018, 2019: one wave before the base, two from joining on.
    assert (len(betas), covariance.shape, before, after) == (3, (3, 3), 1, 2)
    late = study_joining(Findings(made_panel({2017: 45})))
    with pytest.raises(ValueError, match="one more before the base"):
        sensitivity.coefficients(late.frame)


def test_joiners_of_the_second_year_have_no_bounds_and_a_reason():
    found = challenged(made_panel({2017: 45}))
    row = rows(found, "sensitivity").iloc[0]
    assert row["status"] == "not possible"
    assert "one more before the base" in row["said"]


@pytest.mark.usefixtures("project")
def test_what_is_written_reads_back_and_twice_is_the_same(real):
    challenge.write(real, "annual-impact")
    pd.testing.assert_frame_equal(tried.read("annual-impact"), real, check_dtype=False)
    first = locations.robustness("annual-impact").read_bytes()
    again = challenged(made_panel({2018: 30, 2019: 30}, jump=0.5, hubs=12))
    challenge.write(again, "annual-impact")
    assert locations.robustness("annual-impact").read_bytes() == first


def test_no_outcome_at_all_keeps_the_promise():
    promise.check(challenge.challenge([]), FINDINGS)


def test_no_words_say_why(real, three):
    for column in ("quantity", "unit", "said"):
        for text in pd.concat([real, three])[column].dropna().unique():
            assert not CAUSAL.search(text), text
