"""What tries to break a finding: it breaks what chance made, and leaves what is there."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pipeline.challenges.honest_did import relative_magnitudes
from pipeline.challenges.placebo import placebo_partners
from pipeline.contracts import promise
from pipeline.contracts.improvement import BY_YEAR, FINDINGS
from pipeline.contracts.specifications import SPECIFICATIONS
from pipeline.improvement.event_study import study_joining
from pipeline.improvement.findings import Findings
from pipeline.improvement.panel import SUPPRESSED
from pipeline.robustness import (
    challenge,
    choices,
    placebos,
    sensitivity,
    specifications,
    tried,
)
from pipeline.robustness.missing_years import WITHOUT_STEP
from pipeline.robustness.placebos import FALSE_MEMBERS, FALSE_YEARS, WITHOUT
from pipeline.robustness.sensitivity import BOUND, LINE, LOST, MEAN
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
    return challenge.challenge([panel]).findings


def gained():
    return made_panel({2018: 30, 2019: 30}, jump=0.5, hubs=12)


@pytest.fixture(scope="module")
def whole():
    """Sixty joiners in twelve hubs with a gain of half an SD."""
    return challenge.challenge([gained()])


@pytest.fixture(scope="module")
def real(whole):
    return whole.findings


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


def test_the_plain_mean_stands_first_with_an_interval_that_allows_no_drift(real):
    panel = gained()
    joined = study_joining(Findings(panel))
    betas, covariance, before, after = sensitivity.coefficients(joined.frame)
    weights = np.full(after, 1 / after)
    mean = rows(real, "sensitivity").iloc[0]
    assert mean["quantity"] == MEAN
    assert mean["estimate"] == pytest.approx(weights @ betas[before:], abs=1e-9)
    assert mean["estimate"] == rows(real, "sensitivity", BOUND)["estimate"].iloc[0]
    assert mean["low"] < 0.5 < mean["high"]
    # By the normal distribution instead of t with few hubs: the same error, no other.
    none = relative_magnitudes(betas, covariance, before, after, 0.0, weights)
    half = (none.high - none.low) / 2
    assert half == pytest.approx(norm.ppf(0.975) * mean["standard_error"], rel=1e-4)
    assert (none.high + none.low) / 2 == pytest.approx(mean["estimate"], abs=1e-4)
    assert mean["high"] - mean["estimate"] > half


def test_the_errors_of_the_bounds_are_those_of_the_intervals_by_wave():
    joined = study_joining(Findings(gained()))
    _, covariance, before, _ = sensitivity.coefficients(joined.frame)
    by_wave = joined.by_wave.table.set_index("event_time")
    # Both measure +0 and +1 from the last wave before joining.
    errors = np.sqrt(np.diag(covariance))[before:]
    assert errors == pytest.approx(by_wave.loc[[0, 1], "interval_error"].to_numpy())
    assert (errors > by_wave.loc[[0, 1], "standard_error"]).all()


def test_where_members_rose_in_a_line_the_estimate_without_it_is_what_joining_added():
    found = challenged(made_panel({2018: 30, 2019: 30}, rise=0.3, hubs=12, noise=0.05))
    line = rows(found, "sensitivity", LINE).iloc[0]
    # A line of 0.3 a year makes 0.3 and 0.6 in the two waves from joining on.
    assert rows(found, "sensitivity", MEAN)["estimate"].item() == pytest.approx(
        0.45, abs=0.05
    )
    assert line["estimate"] == pytest.approx(0.0, abs=0.05)
    assert line["estimate"] == pytest.approx((line["low"] + line["high"]) / 2)


def test_where_nothing_happened_there_is_no_finding_to_lose():
    found = challenged(made_panel({2018: 45}))
    lost = rows(found, "sensitivity", LOST).iloc[0]
    assert lost["status"] == "not possible"
    assert lost["said"] == "the interval holds zero without any drift"


def test_a_false_year_and_false_members_find_nothing(real):
    moved = rows(real, "placebo", FALSE_YEARS).set_index("at")
    assert (moved["low"] < 0).all()
    assert (moved["high"] > 0).all()
    assert moved["standard_error"].notna().all()
    assert abs(moved.loc["1 earlier", "estimate"]) < 0.15
    assert moved.loc["2 earlier", "partner_schools"] == 30  # Of 2019 only: 2016 is first.
    drawn = rows(real, "placebo", FALSE_MEMBERS).iloc[0]
    assert drawn["estimate"] == 1.0
    assert drawn["p_value"] == pytest.approx(2 / 40)
    assert drawn["said"].endswith(
        "drawn one by one, also where joiners stand in hubs, from the same fifth of first "
        "results"
    )


def test_members_that_began_low_are_placed_among_others_that_began_low():
    panel = made_panel({2018: 10}, others=390, years=(2017, 2018, 2019), noise=0.6)
    frame = panel.frame
    first = frame[frame["year"] == 2017].set_index("school_key")["outcome"]
    low = frame["school_key"].isin(first.sort_values().index[:80:4])
    frame = frame.assign(ever_member=low, cohort=np.where(low, 2018, 0))
    joined = study_joining(Findings(replace(panel, frame=frame)))
    drawn, words = placebos.false_members(joined, draws=39, seed=1)
    assert words.endswith("from the same fifth of first results")
    anyone = placebo_partners(
        joined.joiners,
        placebos.mean_change,
        school="school_key",
        treatment="cohort",
        draws=39,
    )
    # Who began low by luck rises again, a member or not: any others do not.
    assert anyone.real == drawn.real
    assert anyone.high < drawn.low
    assert anyone.high < drawn.real


def test_where_a_fifth_has_too_few_others_it_is_said_that_all_are_drawn_from(three):
    found = challenged(made_panel({2018: 40}, others=45))
    drawn = rows(found, "placebo", FALSE_MEMBERS).iloc[0]
    assert drawn["said"].endswith(
        "from all schools: a fifth of first results has more joiners than others"
    )
    assert "same fifth" in rows(three, "placebo", FALSE_MEMBERS)["said"].item()


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
        assert row["said"].endswith("an impact estimate needs at least 40.")
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


def test_ranks_are_in_the_unit_of_the_outcome_and_know_its_order_only():
    panel = made_panel({2018: 9})
    scaled = replace(
        panel, frame=panel.frame.assign(outcome=5 * panel.frame["outcome"] + 1)
    )
    ranked = laid_out(panel)["rank"]
    assert laid_out(scaled)["rank"].to_numpy() == pytest.approx(5 * ranked.to_numpy())
    assert ranked.std() == pytest.approx(panel.frame["outcome"].std(), rel=0.05)


def test_years_without_results_are_no_time_that_passed_in_waves():
    panel = made_panel({2019: 40, 2021: 25}, years=(2017, 2018, 2019, 2022, 2023))
    found = challenged(panel)
    years = rows(found, "event study", BY_YEAR).set_index("at")
    # Of 2019: -1, 0, 3 and 4 years from joining; of 2021: -3, -2, 1 and 2.
    assert [*years.index] == ["-3", "-2", "-1", "+0", "+1", "+2", "+3", "+4"]
    assert years.loc["+3", "partner_schools"] == 40
    assert set(years["status"]) == {"diagnostic"}
    kept = rows(found, "sensitivity", WITHOUT_STEP).iloc[0]
    assert kept["partner_schools"] == 40
    assert kept["status"] == "diagnostic"
    assert kept["said"] == "25 members left out; no results in 2019/20 to 2020/21"


def test_who_is_left_without_joiners_over_a_gap_must_pass_the_gate_again():
    found = challenged(made_panel({2019: 39, 2021: 6}, years=(2017, 2018, 2019, 2022)))
    assert set(rows(found, "event study", BY_YEAR)["status"]) == {"diagnostic"}
    kept = rows(found, "sensitivity", WITHOUT_STEP).iloc[0]
    assert (kept["status"], kept["partner_schools"]) == ("withheld", 39)
    assert np.isnan(kept["estimate"])
    assert "39 are in this fit, and an impact estimate needs at least 40" in kept["said"]
    assert kept["said"].endswith("6 members left out; no results in 2019/20 to 2020/21")


def test_where_every_year_has_results_time_is_counted_once(real):
    assert rows(real, "event study").empty
    assert rows(real, "sensitivity", WITHOUT_STEP).empty


def test_a_change_of_too_few_joiners_is_withheld_by_calendar_years_too():
    found = challenged(made_panel({2019: 3}, years=(2017, 2018, 2019, 2022)))
    assert set(rows(found, "event study", BY_YEAR)["status"]) == {"trajectory"}
    assert rows(found, "sensitivity", WITHOUT_STEP)["status"].item() == "withheld"


def test_where_all_joined_over_years_without_results_that_is_said():
    found = challenged(made_panel({2021: 45}, years=(2018, 2019, 2022, 2023)))
    row = rows(found, "sensitivity", WITHOUT_STEP).iloc[0]
    assert row["status"] == "not possible"
    assert row["said"].startswith("45 members left out; no results in 2019/20 to 2020/21: ")


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
def test_what_is_written_reads_back_and_twice_is_the_same(whole):
    written = (
        locations.robustness("annual-impact"),
        locations.specifications("annual-impact"),
    )
    challenge.write(whole, "annual-impact")
    found, fits = tried.read("annual-impact"), tried.read_specifications("annual-impact")
    pd.testing.assert_frame_equal(found, whole.findings, check_dtype=False)
    pd.testing.assert_frame_equal(fits, whole.specifications, check_dtype=False)
    first = [path.read_bytes() for path in written]
    challenge.write(challenge.challenge([gained()]), "annual-impact")
    assert [path.read_bytes() for path in written] == first


def test_no_outcome_at_all_keeps_the_promise():
    nothing = challenge.challenge([])
    promise.check(nothing.findings, FINDINGS)
    promise.check(nothing.specifications, SPECIFICATIONS)
    assert choices.shown(nothing.specifications).empty


def test_every_fit_of_a_curve_stands_in_its_table(whole):
    fits = whole.specifications
    # Two scales, three memberships, two comparisons, weights, covariates; three spans.
    assert fits.groupby("curve").size().to_dict() == {
        "difference in change": 2 * 3 * 2 * 2 * 2 * 2,
        "difference in level": 2 * 3 * 2 * 2 * 2 * 2,
    }
    row = rows(
        whole.findings, "specification curve", f"{specifications.MEDIAN}, {CHANGE}"
    ).iloc[0]
    change = fits[fits["curve"] == CHANGE]["estimate"]
    assert (change.median(), change.min(), change.max()) == pytest.approx(
        (row["estimate"], row["low"], row["high"])
    )


def test_each_fit_names_its_choices_its_interval_and_what_chance_gives(whole):
    fits = whole.specifications
    assert set(fits["years"]) == {"2015/16 to 2018/19", "2016/17 to 2018/19"}
    fitted = fits[fits["estimate"].notna()]
    assert fitted["estimate"].between(fitted["low"], fitted["high"]).all()
    change = fitted[fitted["curve"] == CHANGE].sort_values("estimate")
    assert change["chance_low"].is_monotonic_increasing
    assert (change["estimate"] > change["chance_high"]).all()


def test_a_fit_that_cannot_be_had_stays_in_the_table_with_its_reason(whole):
    # In these schools numbers of pupils never change: school effects hold them all.
    fits = whole.specifications
    without = fits[fits["estimate"].isna()]
    assert set(without["curve"]) == {CHANGE}
    assert set(without["covariates"]) == {"number of pupils"}
    assert without["why_not"].notna().all()


def test_of_three_joiners_no_fit_of_a_change_is_kept():
    fits = challenge.challenge([made_panel({2018: 3})]).specifications
    assert set(fits["curve"]) == {LEVEL}


def test_choice_by_choice_the_fits_are_halved_and_none_is_lost(whole):
    fits = whole.specifications
    table = choices.by_choice(fits[fits["curve"] == CHANGE]).set_index("dimension")
    assert table.loc["all", "specifications"] == 48
    assert table.loc["weights", "specifications"].tolist() == [24, 24]
    assert table.loc["membership", "specifications"].tolist() == [16, 16, 16]
    assert "covariates" not in table.index
    assert table.loc["all", "above_zero"] == 48
    ends = (table["smallest"] <= table["median"]) & (table["median"] <= table["largest"])
    assert ends.all()


def test_who_was_in_before_the_first_year_is_not_of_the_difference_in_change():
    panel = made_panel({2018: 45, 2010: 20})
    fits = challenge.challenge([panel]).specifications
    most = fits.groupby("curve")["partner_schools"].max()
    assert most[CHANGE] == 45
    assert most[LEVEL] == 65


def test_no_words_say_why(real, three):
    for column in ("quantity", "unit", "said"):
        for text in pd.concat([real, three])[column].dropna().unique():
            assert not CAUSAL.search(text), text
