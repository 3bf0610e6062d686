"""What is asked of a panel of schools, and what is said where there is no answer."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement import findings, improve, mixedlm
from pipeline.improvement.effect_sizes import SIZE
from pipeline.improvement.event_study import (
    BY_WAVE,
    DETECTABLE,
    OVERALL,
    PRE_TREND,
    between,
    study_joining,
)
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import LEAST_SCHOOLS, SLOPE
from pipeline.improvement.matched import CHANGE, before_and_after, changes
from pipeline.improvement.starting_points import (
    EXPECTED,
    FIFTH,
    GRADE,
    KEPT,
    OF_FIFTHS,
    OF_GRADES,
    OF_MEMBERS,
    OF_OTHERS,
    PLACEBO,
    SPREAD,
    VARIES,
    VERDICT,
    VERDICT_BY_GRADE,
    changed_schools,
    grades_before,
)
from pipeline.run import locations
from tests.improvement.made_panel import NO_GRADES, made_panel, rows

CAUSAL = re.compile(
    r"\b(because|effects?|affect\w*|caus\w*|due to|led to|thanks to|improve\w*|boost\w*)\b",
    re.IGNORECASE,
)
# What the two-level model is made of; and the gate says that there is no impact.
TERMS = ("school and year effects",)


@pytest.fixture(autouse=True, scope="module")
def no_second_opinion():
    """Leave statsmodels unasked: `test_mixedlm.py` asks it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixedlm, "is_primary", lambda _: False)
        yield


def asked(panel, grades=NO_GRADES):
    return improve.improve([panel], grades)


def without_rows(panel, dropped):
    return replace(panel, frame=panel.frame[~dropped].reset_index(drop=True))


@pytest.fixture(scope="module")
def many():
    """Answer for sixty joiners that gain half an SD when they join, in twelve hubs."""
    return asked(made_panel({2017: 30, 2018: 30}, jump=0.5, hubs=12, others=250))


@pytest.fixture(scope="module")
def three():
    return asked(made_panel({2018: 3, 2015: 20}, hubs=4))


def test_sixty_joiners_have_the_change_that_was_put_in(many):
    overall = rows(many, "event study", OVERALL).iloc[0]
    assert overall["status"] == "estimate"
    assert overall["estimate"] == pytest.approx(0.5, abs=0.08)
    assert overall["low"] < 0.5 < overall["high"]
    assert (overall["partner_schools"], overall["rest_schools"]) == (60, 250)
    assert rows(many, "few schools", DETECTABLE)["estimate"].item() < 0.5
    adjusted = rows(many, "event study").iloc[1]
    assert adjusted["estimate"] == pytest.approx(overall["estimate"], abs=0.05)
    matched = rows(many, "matched comparison", CHANGE).iloc[0]
    assert matched["low"] < 0.5 < matched["high"]


def test_each_wave_says_how_many_members_it_rests_on(many):
    waves = rows(many, "event study", BY_WAVE).set_index("at")
    assert waves["partner_schools"].to_dict() == {"-1": 30, "+0": 60, "+1": 60, "+2": 30}
    assert abs(waves.loc["-1", "estimate"]) < 0.15 < waves.loc["+1", "estimate"]
    assert waves["said"].str.startswith("simultaneous band").all()


def test_three_joiners_have_a_trajectory_and_the_gates_words_but_no_impact(three):
    overall = rows(three, "event study", OVERALL).iloc[0]
    assert (overall["status"], overall["partner_schools"]) == ("withheld", 3)
    assert overall["said"].startswith("No impact estimate: there are 3 schools")
    assert overall["said"].endswith(" national SD of pupils four times in five.")
    alone = "No impact estimate: there are 3 schools with results before and after they "
    alone += "joined, and an impact estimate needs at least 40."
    for question in ("matched comparison", "effect size"):
        assert rows(three, question)["said"].item() == alone
    waves = rows(three, "event study", BY_WAVE)
    assert set(waves["status"]) == {"trajectory"}
    assert rows(three, "matched comparison")["status"].tolist() == ["withheld"]
    assert rows(three, "few schools", DETECTABLE)["estimate"].item() > 0
    assert not rows(three, "event study")["quantity"].str.contains("size and share").any()


def test_joiners_of_one_hub_have_a_trajectory_without_any_made_up_error():
    found = asked(made_panel({2018: 45, 2015: 9}, hubs=1))
    assert rows(found, "event study", OVERALL)["status"].item() == "withheld"
    waves = rows(found, "event study", BY_WAVE)
    assert waves["estimate"].notna().all()
    assert waves["standard_error"].isna().all()
    few = rows(found, "few schools", DETECTABLE).iloc[0]
    assert few["status"] == "not possible"
    assert few["said"] == "No impact estimate: 45 schools in too few groups for any error."


def test_members_from_before_the_first_year_show_growth_but_no_change_at_joining():
    found = asked(made_panel({2016: 20, 2010: 20}, rise=0.1))
    slope = rows(found, "growth", SLOPE).iloc[0]
    assert slope["low"] < 0.1 < slope["high"]
    assert slope["partner_schools"] == 40
    for question, quantity in (
        ("event study", OVERALL),
        ("few schools", DETECTABLE),
        ("matched comparison", CHANGE),
        ("effect size", SIZE),
    ):
        row = rows(found, question, quantity).iloc[0]
        assert row["status"] == "not possible"
        assert row["said"].startswith("no member joined between")


def test_a_joiner_without_a_year_before_does_not_open_the_gate():
    panel = made_panel({2018: 41})
    late = panel.frame["school_key"].isin(["100001", "100002"]) & (
        panel.frame["year"] < 2018
    )
    overall = rows(asked(without_rows(panel, late)), "event study", OVERALL).iloc[0]
    assert overall["status"] == "withheld"
    assert overall["said"].startswith("No impact estimate: there are 39 schools")


def test_schools_that_join_after_the_last_year_have_not_joined():
    panel = made_panel({2018: 3, 2024: 5, 2016: 4})
    joiners = between(panel.frame)
    assert set(joiners["cohort"]) == {0, 2018}
    joined = study_joining(Findings(panel))
    assert joined.schools == (3, 80)


def test_a_cohort_of_a_year_without_results_is_first_seen_in_the_next():
    years = (2018, 2019, 2022, 2023)
    found = asked(made_panel({2021: 45}, years=years, jump=1.0))
    waves = rows(found, "event study", BY_WAVE).set_index("at")
    assert waves["estimate"]["+0"] == pytest.approx(1, abs=0.15)
    assert sorted(waves.index) == ["+0", "+1", "-1"]


def test_fewer_members_than_six_have_no_slope():
    few, enough = asked(made_panel({2016: 5})), asked(made_panel({2016: LEAST_SCHOOLS}))
    assert rows(few, "growth")["said"].item() == (
        "5 members have results of two years or more; needed: 6"
    )
    assert rows(enough, "growth", SLOPE)["status"].item() == "estimate"


def test_two_years_make_no_slope_and_no_fifths():
    found = asked(made_panel({2018: 45}, years=(2017, 2018)))
    assert rows(found, "growth")["said"].item() == "results of fewer than three years"
    assert rows(found, "starting point", VERDICT)["said"].item().startswith("2 years of")
    assert rows(found, "event study", OVERALL)["status"].item() == "estimate"


def test_one_year_answers_nothing_and_says_so_everywhere():
    found = asked(made_panel({2016: 45}, years=(2016,)))
    assert set(found["status"]) == {"not possible"}
    assert set(found["question"]) == {question for question, _ in improve.ASKED}


def test_schools_of_one_year_are_counted_beside_the_slope():
    panel = made_panel({2016: 20})
    frame = panel.frame
    dropped = frame["school_key"].isin(["100001", "100030"]) & (frame["year"] > 2016)
    found = asked(without_rows(panel, dropped))
    assert "2 schools have one year only" in rows(found, "growth", SLOPE)["said"].item()
    verdict = rows(found, "starting point", VERDICT)["said"].item()
    assert "2 schools left out: no figure in one of 2016, 2017, 2018 and 2019" in verdict


def test_fifths_have_their_placebo_beside_them_and_the_verdict_has_no_figure():
    found = asked(made_panel({2010: 100}, others=400))
    assert len(rows(found, "starting point", FIFTH)) == 5
    placebo = rows(found, "starting point", PLACEBO)["estimate"].tolist()
    assert placebo == sorted(placebo, reverse=True)
    verdict = rows(found, "starting point", VERDICT).iloc[0]
    assert verdict["said"].startswith("not shown in every stratum; p: the largest one-")
    assert np.isnan(verdict["estimate"])
    kept = rows(found, "starting point", KEPT).iloc[0]
    assert (kept["unit"], kept["partner_schools"]) == ("correlation", 0)
    assert 0 < kept["estimate"] < 1


def test_a_stratum_of_five_members_is_named_and_not_shown():
    found = asked(made_panel({2010: 20}))
    strata = rows(found, "starting point", FIFTH)
    hidden = strata[strata["said"].fillna("").str.contains("fewer than 6")]
    assert len(hidden) > 0
    assert hidden["estimate"].isna().all()
    assert set(hidden["status"]) == {"not possible"}
    shown = strata[strata["status"] == "estimate"]
    assert (shown["partner_schools"] >= 6).all()


def graded(keys, grade, day):
    return pd.DataFrame({"school_key": keys, "known_at": pd.Timestamp(day), "grade": grade})


def test_only_grades_known_before_the_change_count_and_of_them_the_latest():
    panel = made_panel({2019: 20}, others=20)
    keys = panel.frame["school_key"].unique()
    grades = pd.concat(
        [
            graded(keys[:39], 3, "2014-05-01"),
            graded(keys[:39], 2, "2017-08-31"),
            graded(keys[:39], 4, "2017-09-01"),
        ]
    )
    found = asked(panel, grades)
    by_grade = rows(found, "starting point", GRADE)
    assert by_grade["at"].tolist() == ["good"]
    schools = by_grade[["partner_schools", "rest_schools"]].to_numpy().tolist()
    assert schools == [[20, 19]]
    verdict = rows(found, "starting point", VERDICT_BY_GRADE)["said"].item()
    assert "1 schools left out: no grade known by 2017-09-01" in verdict
    late = rows(asked(panel, graded(keys, 2, "2018-01-01")), "starting point", GRADE)
    assert late["said"].item().startswith("no inspection outcomes known before")


def test_a_members_grade_is_from_before_it_joined():
    panel = made_panel({2016: 1, 2017: 1, 2018: 1, 2019: 1}, others=1)
    keys = panel.frame["school_key"].unique()
    days = {
        "first": ("2014-09-01", 1),
        "second": ("2015-09-01", 2),
        "third": ("2016-09-01", 3),
        "fourth": ("2017-08-31", 4),
    }
    known = pd.concat([graded(keys, grade, day) for day, grade in days.values()])
    # Whose first whole year ended in 2017 joined after 1 September 2015; whose ended in
    # 2019 after the baseline had ended, as the other school has it.
    assert grades_before(panel, known).reindex(keys).tolist() == [1, 2, 3, 4, 4]


def test_a_run_without_inspections_knows_no_grade_of_anyone():
    panel = made_panel({2018: 5}, others=5)
    nothing = graded([], 1, "2014-09-01").astype({"school_key": "str"})
    assert grades_before(panel, nothing).empty
    late = rows(asked(panel, nothing), "starting point", GRADE)
    assert late["estimate"].isna().all()


def test_forty_that_joined_after_the_baseline_are_compared_and_older_members_are_not():
    some, enough = (made_panel({2010: 30, 2018: 5, 2019: n}) for n in (34, 35))
    old = changed_schools(some)
    assert old.members == (
        "members old and new: 30 had joined before the baseline ended in 2017, 39 after, 5 "
        "of them by 2018, from which the change goes"
    )
    assert old.schools["ever_member"].sum() == 69
    new = changed_schools(enough)
    assert new.members == (
        "40 members that joined after the baseline ended in 2017, 5 of them by 2018, from "
        "which the change goes"
    )
    assert new.left_out == (
        "30 schools left out: had joined before the baseline ended in 2017"
    )
    assert new.schools["ever_member"].sum() == 40
    said = rows(asked(enough), "starting point", FIFTH)["said"].dropna()
    assert new.members in set(said)


def test_who_joins_after_the_last_year_stands_on_neither_side():
    changed = changed_schools(made_panel({2010: 20, 2024: 7}))
    assert len(changed.schools) == 100
    assert changed.left_out == "7 schools left out: joined after 2019"


def test_beside_each_difference_stand_both_changes_and_the_one_expected():
    panel = made_panel({2010: 100}, others=400, rise=0.3)
    keys = panel.frame["school_key"].unique()
    grades = pd.concat(
        [graded(keys[::2], 1, "2005-01-01"), graded(keys[1::2], 2, "2005-01-01")]
    )
    found = asked(panel, grades)
    for strata, difference, many in ((OF_FIFTHS, FIFTH, 5), (OF_GRADES, GRADE, 2)):
        own, rest, expected, apart = (
            rows(found, "starting point", quantity).set_index("at")["estimate"]
            for quantity in (
                f"{OF_MEMBERS}, {strata}",
                f"{OF_OTHERS}, {strata}",
                f"{EXPECTED}, {strata}",
                difference,
            )
        )
        assert len(apart) == many
        assert (own - rest).to_numpy() == pytest.approx(apart.to_numpy(), abs=1e-6)
        # Two earlier years sort the schools: nothing is expected of the starting point.
        assert expected.abs().max() < 0.1 < own.min()


def test_a_change_of_five_members_is_not_shown_and_that_of_the_others_is():
    found = asked(made_panel({2010: 20}))
    hidden = rows(found, "starting point", FIFTH).query("status == 'not possible'")["at"]
    assert len(hidden) > 0
    for name, shown in ((OF_MEMBERS, False), (EXPECTED, False), (OF_OTHERS, True)):
        table = rows(found, "starting point", f"{name}, {OF_FIFTHS}").set_index("at")
        assert (table.loc[hidden, "estimate"].notna() == shown).all()


def test_the_p_of_the_verdict_is_the_weakest_fifths_and_the_interaction_has_its_own():
    found = asked(made_panel({2010: 200}, others=400, rise=0.4))
    fifths = rows(found, "starting point", FIFTH)
    verdict = rows(found, "starting point", VERDICT).iloc[0]
    assert verdict["said"].startswith("ahead in every stratum; p: the largest one-sided")
    assert verdict["p_value"] == pytest.approx(fifths["p_value"].max() / 2)
    varies = rows(found, "starting point", f"{VARIES} between fifths").iloc[0]
    assert (varies["unit"], varies["status"]) == ("F statistic", "diagnostic")
    assert varies["p_value"] > 0.05
    behind = asked(made_panel({2010: 200}, others=400, rise=-0.4))
    assert rows(behind, "starting point", VERDICT)["p_value"].item() > 0.97


def test_a_verdict_that_is_not_testable_has_no_p():
    verdict = rows(asked(made_panel({2010: 20})), "starting point", VERDICT).iloc[0]
    assert verdict["said"].startswith("not testable in stratum")
    assert np.isnan(verdict["p_value"])


def test_with_three_years_grades_are_followed_over_the_last_two():
    panel = made_panel({2010: 20}, years=(2017, 2018, 2019))
    keys = panel.frame["school_key"].unique()
    found = asked(panel, graded(keys, 2, "2005-01-01"))
    change = rows(found, "starting point", f"{OF_MEMBERS}, {OF_GRADES}")
    assert change["estimate"].notna().all()
    expected = rows(found, "starting point", f"{EXPECTED}, {OF_GRADES}")
    assert expected["said"].item() == "fewer than two years before the change"


def test_schools_without_a_known_share_are_counted():
    panel = made_panel({2017: 30, 2018: 30}, others=250, hubs=12)
    unknown = panel.frame["school_key"].isin(["100001", "100100", "100101"])
    share = panel.frame["disadvantaged_share"].mask(unknown)
    found = asked(replace(panel, frame=panel.frame.assign(disadvantaged_share=share)))
    adjusted = rows(found, "event study").iloc[1]
    assert "3 schools left out: size or share not known" in adjusted["said"]
    assert (adjusted["partner_schools"], adjusted["rest_schools"]) == (59, 248)
    matched = rows(found, "matched comparison", CHANGE)["said"].item()
    assert "3 left out: a year before or after, or a share, not known" in matched


def test_a_fit_that_loses_members_below_the_gate_is_withheld_with_its_reason():
    panel = made_panel({2017: 30, 2018: 30}, others=250, hubs=12)
    unknown = panel.frame["school_key"].isin([f"{100001 + n}" for n in range(21)])
    share = panel.frame["disadvantaged_share"].mask(unknown)
    found = asked(replace(panel, frame=panel.frame.assign(disadvantaged_share=share)))
    assert rows(found, "event study", OVERALL)["status"].item() == "estimate"
    adjusted = rows(found, "event study").iloc[1]
    assert (adjusted["status"], adjusted["partner_schools"]) == ("withheld", 39)
    assert np.isnan(adjusted["estimate"])
    assert (
        "39 are in this fit, and an impact estimate needs at least 40" in adjusted["said"]
    )
    assert "21 schools left out: size or share not known" in adjusted["said"]


def test_a_cohort_that_nothing_can_be_compared_with_does_not_open_the_gate():
    panel = made_panel({2017: 30, 2018: 15}, others=60)
    # The base year of who joined in 2018 is 2017: in it only they and 2017's have results.
    others_2017 = (panel.frame["cohort"] == 0) & (panel.frame["year"] == 2017)
    overall = rows(asked(without_rows(panel, others_2017)), "event study", OVERALL).iloc[0]
    assert (overall["status"], overall["partner_schools"]) == ("withheld", 30)


def test_members_that_rose_before_joining_have_it_said_of_their_change(many):
    found = asked(made_panel({2018: 30, 2019: 30}, rise=0.4, hubs=12, others=250))
    tested = rows(found, "event study", PRE_TREND).iloc[0]
    assert tested["p_value"] < 0.05
    said = rows(found, "event study", OVERALL)["said"].item()
    assert said.startswith("the test of movement before joining fails (p below 0.001): ")
    assert rows(many, "event study", PRE_TREND)["p_value"].item() > 0.05
    assert rows(many, "event study", OVERALL)["said"].isna().all()


def test_cohorts_too_small_for_the_test_before_joining_are_named_in_its_row():
    found = asked(made_panel({2018: 40, 2019: 2}))
    said = rows(found, "event study", PRE_TREND)["said"].item()
    assert said.endswith(
        "; not tested, too few groups: cohort 2019: 2 clusters for 2 numbers"
    )
    alone = rows(asked(made_panel({2019: 2})), "event study", PRE_TREND).iloc[0]
    assert alone["status"] == "not possible"
    assert "cohort 2019: 2 clusters for 2 numbers" in alone["said"]


def test_members_are_split_where_they_joined_and_others_in_the_middle():
    frame = pd.DataFrame(
        {
            "school_key": np.repeat(["a", "b", "c", "d"], 4),
            "year": [2016, 2017, 2018, 2019] * 4,
            "outcome": [0, 0, 0, 4, 0, 3, 3, 3, 1, 1, 2, 2, 9, 9, 9, 9],
            "cohort": np.repeat([2019, 2017, 0, 2016], 4),
            "region": "London",
            "cluster": np.repeat(["a", "b", "c", "d"], 4),
            "log_pupils": 1.0,
            "disadvantaged_share": 0.5,
        }
    ).assign(ever_member=lambda t: t["cohort"] > 0)
    # d was a member in the first year already. c, of 1, 1, 2 and 2, changes by 2/3 if it
    # is split in 2017 and by 2/3 if in 2019: half of each, as a and b joined.
    table = changes(frame)
    change = (table["after"] - table["before"]).to_dict()
    assert change == pytest.approx({"a": 4, "b": 3, "c": 2 / 3})
    # A plan splits it once, in 2018: its change then varies by chance as a member's does.
    planned = before_and_after(frame)
    change = (planned["after"] - planned["before"]).to_dict()
    assert change == pytest.approx({"a": 4, "b": 3, "c": 1})


def test_other_schools_are_split_as_often_in_a_year_as_members_joined_in_it():
    # Three in four joined in 2017, one in 2019. Another school rose by 8 in 2019: by a
    # third of that if it is split in 2017, by all of it if in 2019.
    panel = made_panel({2017: 30, 2019: 10}, others=1)
    late = (panel.frame["cohort"] == 0) & (panel.frame["year"] == 2019)
    table = changes(panel.frame.assign(outcome=8.0 * late))
    other = table[~table["partner"]]
    assert (other["after"] - other["before"]).item() == pytest.approx(4)  # 3/4 * 8/3 + 8/4


def test_an_other_school_that_cannot_be_split_in_every_year_of_joining_has_no_change():
    panel = made_panel({2017: 30, 2019: 10}, others=2)
    frame = panel.frame
    other = frame.loc[frame["cohort"] == 0, "school_key"].iloc[0]
    seen = frame[(frame["school_key"] != other) | (frame["year"] > 2016)]
    assert changes(seen)["partner"].value_counts().to_dict() == {True: 40, False: 1}


def test_the_gate_counts_the_members_that_are_fitted():
    # Forty-one joined, and of two nobody knows the share: 39 are fitted.
    panel = made_panel({2018: 41}, others=250)
    unknown = panel.frame["school_key"].isin(["100001", "100002"])
    share = panel.frame["disadvantaged_share"].mask(unknown)
    found = asked(replace(panel, frame=panel.frame.assign(disadvantaged_share=share)))
    assert rows(found, "event study", OVERALL)["status"].item() == "estimate"
    matched = rows(found, "matched comparison")
    assert matched["status"].tolist() == ["withheld"]
    assert "39 are in this fit" in matched["said"].item()
    assert "2 left out: a year before or after, or a share" in matched["said"].item()
    size = rows(found, "effect size").set_index("at")
    assert size.loc["matched comparison", "status"] == "not possible"


def in_regions(panel, region_of):
    keys = panel.frame["school_key"]
    return replace(panel, frame=panel.frame.assign(region=keys.map(region_of)))


def test_regions_have_one_mix_on_both_sides_and_those_without_members_none():
    panel = made_panel({2018: 60}, others=250)
    keys = panel.frame["school_key"].unique()
    # Of 60 members 40 are in the North, of the others a fifth in each of five regions.
    names = ["North"] * 40 + ["South"] * 20 + ["North", "South", "A", "B", "C"] * 50
    region_of = dict(zip(keys, names, strict=True))
    matched = rows(asked(in_regions(panel, region_of)), "matched comparison", CHANGE).iloc[
        0
    ]
    assert matched["said"].startswith("effective sample of ")
    # A hundred schools of their regions are fewer than two for each of 60 members.
    assert "regions not balanced: " in matched["said"]
    more = {**region_of, **dict.fromkeys(keys[60:260], "North")}
    more |= dict.fromkeys(keys[260:300], "South")
    matched = rows(asked(in_regions(panel, more)), "matched comparison", CHANGE).iloc[0]
    assert "; regions balanced" in matched["said"]
    assert "left out: no member in the region" in matched["said"]


def test_schools_in_the_trust_of_a_member_are_told_of_in_each_question():
    panel = replace(made_panel({2018: 60}, others=250), trust_mates=3)
    found = asked(panel)
    for question, quantity in (
        ("growth", SLOPE),
        ("starting point", VERDICT),
        ("matched comparison", CHANGE),
    ):
        said = rows(found, question, quantity)["said"].item()
        assert "3 schools left out: in the trust of a member" in said


def test_what_moves_all_of_england_is_no_change_of_the_members():
    # Members are split in 2017 or 2019, others in 2018: the years differ.
    panel = made_panel({2017: 30, 2019: 30}, hubs=12, others=250)
    tide = panel.frame["year"].map({2016: 0.0, 2017: 2.0, 2018: 0.5, 2019: 3.0})
    moved = replace(panel, frame=panel.frame.assign(outcome=panel.frame["outcome"] + tide))
    for question, quantity in (("matched comparison", CHANGE), ("event study", OVERALL)):
        still, after = (rows(asked(one), question, quantity) for one in (panel, moved))
        assert after["estimate"].item() == pytest.approx(still["estimate"].item(), abs=1e-6)


def test_the_order_of_rows_does_not_matter():
    panel = made_panel({2017: 30, 2018: 30}, jump=0.5, hubs=12)
    shuffled = replace(panel, frame=panel.frame.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(asked(shuffled), asked(panel), rtol=1e-6)


def test_the_level_of_intervals_is_the_parameter():
    panel = made_panel({2018: 45})
    for question, quantity in (("growth", SLOPE), ("event study", OVERALL)):
        wide, narrow = (
            rows(asked(replace(panel, level=level)), question, quantity).iloc[0]
            for level in (0.95, 0.8)
        )
        assert narrow["high"] - narrow["low"] < wide["high"] - wide["low"]


@pytest.mark.usefixtures("project")
def test_what_is_written_reads_back_as_it_was(many, three):
    both = pd.concat([many, three.assign(group="disadvantaged")], ignore_index=True)
    improve.write(both, "annual-impact")
    back = findings.read("annual-impact")
    pd.testing.assert_frame_equal(back, both, check_dtype=False)
    first = locations.improvement("annual-impact").read_bytes()
    improve.write(both, "annual-impact")
    assert locations.improvement("annual-impact").read_bytes() == first


def test_a_figure_that_is_no_number_is_none_and_half_an_interval_is_no_interval():
    found = Findings(made_panel({2018: 3}))
    found.add("growth", SLOPE, estimate=float("nan"), low=1.0, high=float("inf"), said="x")
    row = findings.as_promised([found]).iloc[0]
    assert row[["estimate", "low", "high"]].isna().all()
    promise.check(findings.as_promised([found]), FINDINGS)


def test_no_outcome_at_all_keeps_the_promise():
    promise.check(improve.improve([], NO_GRADES), FINDINGS)


def test_no_words_say_why(many, three):
    for column in ("quantity", "at", "unit", "said"):
        for text in pd.concat([many, three])[column].dropna().unique():
            for term in TERMS:
                text = text.replace(term, "")
            assert not CAUSAL.search(text), text


def test_a_table_of_what_was_found_names_its_rows(many):
    shown = improve.shown(many, "event study")
    assert shown["quantity"].iloc[0] == OVERALL
    assert list(shown.columns)[-1] == "said"


def test_within_how_much_the_difference_varies_is_shown_with_the_fifths():
    found = asked(made_panel({2010: 100}, others=400))
    spread = rows(found, "starting point", SPREAD).iloc[0]
    differences = rows(found, "starting point", FIFTH)["estimate"]
    assert spread["estimate"] > differences.max() - differences.min()
