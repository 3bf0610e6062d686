"""Change over the years of a real trust: United Learning in England's own Progress 8."""

import numpy as np
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement import improve, panel
from pipeline.improvement.composition import CHANGE_OF_GAP, PART
from pipeline.improvement.effect_sizes import SIZE
from pipeline.improvement.event_study import BY_WAVE, DETECTABLE, OVERALL
from pipeline.improvement.few_schools import DETECTABLE_RISE, EXCHANGED, RISE_OVER_ALL, WILD
from pipeline.improvement.growth import SLOPE
from pipeline.improvement.matched import CHANGE
from pipeline.improvement.mixedlm import CHECK
from pipeline.improvement.starting_points import (
    FIFTH,
    GRADE,
    KEPT,
    OF_FIFTHS,
    OF_GRADES,
    OF_MEMBERS,
    OF_OTHERS,
    PLACEBO,
    VERDICT,
)
from pipeline.robustness import challenge, placebos, specifications
from pipeline.robustness.attrition import COVERED, LOST, TRIMMED, WORST
from pipeline.robustness.placebos import FALSE_MEMBERS, FALSE_YEARS, WITHOUT
from pipeline.robustness.sensitivity import LOST as DRIFT
from tests.improvement.made_panel import rows

YEARS = (2016, 2017, 2018, 2019)


@pytest.fixture(scope="module")
def laid(make_project, shared_data, tmp_path_factory):
    """Progress 8 of all pupils, 2016 to 2019, with trusts and inspections."""
    folder = tmp_path_factory.mktemp("change")
    register = str(shared_data / "registers/united-learning")
    with make_project(folder, "downloads", register) as project:
        for year in YEARS:
            shown = f"{year - 1}-{year}/england_ks4final.csv"
            table = shared_data / "dfe_national" / shown
            if not table.is_file():
                pytest.skip(f"{shown} is not among the real downloads")
            project.download(shown, table.read_bytes())
        project.settings["years"] = {"first": YEARS[0], "last": YEARS[-1]}
        project.settings["sources"]["gias"] = str(shared_data / "gias")
        project.settings["sources"]["ofsted"] = str(shared_data / "ofsted")
        project.link()
        project.follow()
        known = panel.known_of_schools(project.parameters)
        outcomes = improve.panels("annual-impact", known, project.parameters)
        yield outcomes, known.grades


@pytest.fixture(scope="module")
def every(laid):
    """What is found of all outcomes, statsmodels asked of the registered one."""
    outcomes, grades = laid
    return improve.improve(outcomes, grades)


@pytest.fixture(scope="module")
def found(every):
    return every[(every["measure"] == "progress_8") & (every["group"] == "all")]


@pytest.fixture(scope="module")
def tried(laid):
    """The challenges of Progress 8, drawing seldom."""
    outcomes, _ = laid
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(specifications, "DRAWS", 9)
        patch.setattr(placebos, "DRAWS", 39)
        return challenge.challenge(outcomes[:1]).findings


def one(table, question, quantity):
    row = rows(table, question, quantity)
    assert len(row) == 1
    return row.iloc[0]


@pytest.fixture(scope="module")
def by_hand(raw, shared_data, plain):
    """Progress 8 of the trust's schools by the raw tables: {URN: {year: figure}}."""
    register = shared_data / "registers/united-learning/partners.csv"
    urns = set(pd.read_csv(register, dtype=str)["urn"])
    figures: dict[str, dict[int, float]] = {}
    for year in YEARS:
        for row in raw(f"dfe_national/{year - 1}-{year}/england_ks4final.csv"):
            figure = plain(row["P8MEA"])
            if row["URN"] in urns and figure is not None:
                figures.setdefault(row["URN"], {})[year] = figure
    return figures


def test_the_difference_in_yearly_rise_of_the_trust_has_an_interval_that_holds_zero(found):
    slope = one(found, "growth", SLOPE)
    assert slope["status"] == "estimate"
    assert (slope["partner_schools"], slope["rest_schools"]) == (32, 3_483)
    assert slope["estimate"] == pytest.approx(0.012, abs=0.001)
    assert slope["low"] < 0 < slope["high"]
    # The trust's clustered error is near that of its schools' own slopes.
    assert slope["standard_error"] == pytest.approx(0.022, abs=0.001)


def test_every_other_way_to_the_rise_agrees_within_an_error(found):
    slope = one(found, "growth", SLOPE)
    others = rows(found, "growth")["estimate"]
    assert len(others) == 5
    assert (abs(others - slope["estimate"]) < slope["standard_error"]).all()
    assert "cross-check differs" not in slope["said"]


def test_statsmodels_confirms_the_fit_of_real_schools(found):
    check = one(found, "growth", CHECK)
    model = one(found, "growth", "difference in yearly rise, schools independent")
    assert check["estimate"] == pytest.approx(model["estimate"], abs=2e-5)
    assert check["standard_error"] == pytest.approx(model["standard_error"], rel=1e-3)
    assert "two agree with one another and with our fit" in check["said"]


def test_the_plain_slopes_of_the_raw_tables_rise_as_much(found, laid, by_hand):
    # Conversions change numbers: schools with all four years under one are a part.
    whole = [
        [figures[year] for year in YEARS]
        for figures in by_hand.values()
        if len(figures) == 4
    ]
    assert len(whole) > 20
    rise = np.polyfit(YEARS, np.array(whole).T, 1)[0].mean()
    # The mean of Progress 8 is near zero each year.
    outcomes, _ = laid
    slope = one(found, "growth", SLOPE)
    sd = outcomes[0].frame["sd"].mean()
    assert rise / sd == pytest.approx(slope["estimate"], abs=slope["standard_error"])


def test_too_few_schools_joined_for_an_impact_so_none_is_shown_anywhere(found):
    overall = one(found, "event study", OVERALL)
    assert overall["status"] == "withheld"
    assert overall["partner_schools"] < 4
    assert overall["said"].startswith("No impact estimate: there are 2 schools")
    matched, size = (
        one(found, "matched comparison", CHANGE),
        one(found, "effect size", SIZE),
    )
    figures = ["estimate", "standard_error", "low", "high", "p_value", "adjusted_p"]
    for row in (overall, matched, size):
        assert row["status"] == "withheld"
        assert row[figures].isna().all()
    at_joining = found["question"].isin(["event study", "matched comparison"])
    assert not (found[at_joining]["status"] == "estimate").any()


def test_instead_stand_the_trajectory_by_wave_and_what_so_few_could_show(found):
    waves = rows(found, "event study", BY_WAVE).set_index("at")
    assert list(waves.index) == ["-2", "-1", "+0"]
    assert set(waves["status"]) == {"trajectory"}
    assert waves["estimate"].abs().max() < 0.3
    # Beyond any change that schools of England make.
    assert one(found, "few schools", DETECTABLE)["estimate"] > 0.5


def test_the_rise_of_32_schools_could_have_been_found_from_six_hundredths_a_year(found):
    detectable = one(found, "few schools", DETECTABLE_RISE)["estimate"]
    error = one(found, "growth", SLOPE)["standard_error"]
    assert detectable == pytest.approx(2.9 * error, rel=0.01)
    margin = rows(found, "few schools", RISE_OVER_ALL)
    assert margin["said"].str.startswith("not shown").all()
    assert len(margin) == 2


def test_the_bootstrap_and_the_exchange_of_schools_find_no_more_than_the_errors(found):
    for quantity in (WILD, EXCHANGED):
        assert one(found, "few schools", quantity)["p_value"] > 0.05
    wild, slope = one(found, "few schools", WILD), one(found, "growth", SLOPE)
    assert wild["low"] == pytest.approx(slope["low"], abs=0.01)
    assert wild["high"] == pytest.approx(slope["high"], abs=0.01)


def test_every_fifth_stands_with_its_placebo_and_two_are_too_small(found):
    fifths = rows(found, "starting point", FIFTH)
    assert len(fifths) == 5
    small = fifths[fifths["status"] == "not possible"]
    assert small["said"].str.endswith("partner schools, fewer than 6").all()
    assert len(small) == 2
    shown = fifths.drop(small.index)
    assert (shown["low"] < 0).all()
    assert (shown["high"] > 0).all()
    verdict = one(found, "starting point", VERDICT)
    assert verdict["said"].startswith("not testable in stratum 1 of 5 (lowest), 2 of 5")


def test_other_schools_of_england_gain_by_luck_alone_where_one_year_sorts_them(found):
    placebo = rows(found, "starting point", PLACEBO)["estimate"].tolist()
    assert placebo == sorted(placebo, reverse=True)
    assert placebo[0] == pytest.approx(0.074, abs=0.005)
    assert placebo[4] == pytest.approx(-0.051, abs=0.005)
    assert one(found, "starting point", KEPT)["estimate"] == pytest.approx(0.86, abs=0.01)


def test_most_of_the_trusts_schools_joined_before_the_baseline_and_all_say_so(found):
    fifths = rows(found, "starting point", FIFTH)
    said = fifths.loc[fifths["status"] == "estimate", "said"]
    assert set(said) == {one(found, "starting point", VERDICT)["said"].split("; ")[1]}
    assert said.iloc[0].startswith("members old and new: 26 had joined before the baseline")


def test_beside_each_fifth_stand_both_changes(found):
    own, rest, apart = (
        rows(found, "starting point", quantity).set_index("at")["estimate"]
        for quantity in (f"{OF_MEMBERS}, {OF_FIFTHS}", f"{OF_OTHERS}, {OF_FIFTHS}", FIFTH)
    )
    assert (own - rest).dropna().to_dict() == pytest.approx(apart.dropna().to_dict())
    assert rest.abs().max() < 0.02  # Two earlier years sort them: luck makes no gain.


def test_grades_from_before_the_trust_took_a_school_on_are_known_of_hardly_any(found):
    # The trust took most of its schools on before the inspections that were supplied begin.
    grades = rows(found, "starting point", GRADE).set_index("at")
    assert set(grades.index) == {
        "outstanding",
        "good",
        "requires improvement",
        "inadequate",
    }
    assert set(grades["status"]) == {"not possible"}
    assert grades["said"].str.endswith("partner schools, fewer than 6").all()
    others = rows(found, "starting point", f"{OF_OTHERS}, {OF_GRADES}").set_index("at")
    assert others.loc["good", "rest_schools"] > 1_000
    assert abs(others.loc["good", "estimate"]) < 0.02


def test_the_gap_changed_by_parts_that_add_up_and_mostly_inside_schools(found):
    change = one(found, "composition", CHANGE_OF_GAP)
    split = rows(found, "composition", PART).set_index("at")["estimate"]
    assert split.sum() == pytest.approx(change["estimate"], abs=1e-9)
    assert split.idxmax() == "schools that stayed"
    assert change["partner_schools"] == 26
    assert "6 came" in change["said"]


def test_each_p_of_an_estimate_has_one_adjusted_and_never_a_smaller(every):
    tested = every[(every["status"] == "estimate") & every["p_value"].notna()]
    assert len(tested) > 0
    assert (tested["adjusted_p"] >= tested["p_value"]).all()
    registered = tested[tested["adjusted_by"].str.startswith("Holm")]
    assert registered["quantity"].tolist() == [SLOPE]
    assert every.drop(tested.index)["adjusted_p"].isna().all()


def test_outcomes_without_a_table_say_so_of_every_question(every):
    reading = every[every["measure"] == "reading_progress"]
    assert list(zip(reading["question"], reading["quantity"], strict=True)) == [
        *improve.ASKED
    ]
    assert set(reading["status"]) == {"not possible"}
    promise.check(every, FINDINGS)


def test_no_change_at_joining_is_challenged_where_none_may_be_shown(tried):
    for question, quantity in (
        ("sensitivity", DRIFT),
        ("leave one out", WITHOUT),
        ("specification curve", specifications.CURVES[0]),
    ):
        row = one(tried, question, quantity)
        assert row["status"] == "withheld"
        assert np.isnan(row["estimate"])


def test_the_trust_is_ahead_in_level_in_every_specification(tried):
    level = one(tried, "specification curve", specifications.CURVES[1])
    assert 0 < level["low"] < level["estimate"] < level["high"] < 0.5
    assert "100% above zero" in level["said"]


def test_false_members_are_drawn_among_real_schools(tried):
    drawn = one(tried, "placebo", FALSE_MEMBERS)
    assert drawn["p_value"] > 0.05
    moved = rows(tried, "placebo", FALSE_YEARS)
    assert moved["at"].tolist() == ["1 earlier", "2 earlier"]
    assert moved["estimate"].notna().all()


def test_a_tenth_of_the_others_went_and_none_of_the_trusts_schools(tried):
    lost = rows(tried, "attrition", LOST).set_index("at")["estimate"]
    assert lost["members"] == 0
    assert lost["others"] == pytest.approx(332 / 3_099)
    trimmed, covered, worst = (
        one(tried, "attrition", q) for q in (TRIMMED, COVERED, WORST)
    )
    assert covered["low"] < trimmed["low"] < trimmed["high"] < covered["high"]
    assert covered["low"] < 0 < covered["high"]
    assert worst["low"] < trimmed["estimate"] < worst["high"]
