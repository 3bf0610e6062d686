"""Change at joining where enough real schools joined: secondaries in academy trusts.

The members are the secondaries that joined a trust of ten schools or more between
September 2016 and September 2018; the trust is the hub. Trusts and dates are as they were
in 2022, so who left before is not among them: what is tested is the road, not the trusts.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.contracts.specifications import CHOICES
from pipeline.estimators.two_way import two_way_fixed_effects
from pipeline.improvement import improve, panel
from pipeline.improvement.effect_sizes import SIZE
from pipeline.improvement.event_study import (
    BY_WAVE,
    DETECTABLE,
    OVERALL,
    study_joining,
)
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import SLOPE
from pipeline.improvement.joining import PLANNED
from pipeline.improvement.matched import CHANGE
from pipeline.improvement.starting_points import GRADE, VERDICT
from pipeline.robustness import challenge, placebos, specifications
from pipeline.robustness.placebos import FALSE_MEMBERS, FALSE_YEARS, WITHOUT
from pipeline.robustness.sensitivity import BOUND, LINE, LOST
from tests.improvement.made_panel import rows

YEARS = (2016, 2017, 2018, 2019)
FEWEST_SCHOOLS_OF_A_TRUST = 10
FIRST_DAY, LAST_DAY = "2016-09-01", "2018-09-01"
JUMP = 0.2
CURVE_OF_CHANGE, CURVE_OF_LEVEL = specifications.CURVES


@pytest.fixture(scope="module")
def figures(raw, shared_data, plain):
    """Every published Progress 8: one row for each school's number and year."""
    found = []
    for year in YEARS:
        shown = f"dfe_national/{year - 1}-{year}/england_ks4final.csv"
        if not (shared_data / shown).is_file():
            pytest.skip(f"{shown} is not among the real downloads")
        found += [(row["URN"], year, plain(row["P8MEA"])) for row in raw(shown)]
    return pd.DataFrame(found, columns=["urn", "year", "published"]).dropna()


@pytest.fixture(scope="module")
def register(figures, shared_data):
    """The register in its own form: each school that joined a large trust, and when."""
    links = pd.read_csv(shared_data / "gias/trust_links.csv", dtype=str)
    trusts = links[links["Group Type"] == "Multi-academy trust"]
    schools = trusts.groupby("Group UID")["URN"].transform("size")
    joined = trusts["Joined date"].between(FIRST_DAY, LAST_DAY)
    secondary = trusts["URN"].isin(figures["urn"])
    kept = trusts[(schools >= FEWEST_SCHOOLS_OF_A_TRUST) & joined & secondary]
    return pd.DataFrame(
        {
            "urn": kept["URN"],
            "name": kept["EstablishmentName"],
            "joined": kept["Joined date"],
            "left": "",
            "hub": "trust " + kept["Group UID"],
        }
    )


@pytest.fixture(scope="module")
def laid(make_project, figures, register, shared_data, tmp_path_factory):
    """Progress 8 of all pupils of England's secondaries, 2016 to 2019."""
    folder = tmp_path_factory.mktemp("joiners")
    with make_project(folder) as project:
        (folder / "registers").mkdir()
        register.to_csv(folder / "registers/partners.csv", index=False)
        for year in YEARS:
            shown = f"{year - 1}-{year}/england_ks4final.csv"
            project.download(shown, (shared_data / "dfe_national" / shown).read_bytes())
        project.settings["years"] = {"first": YEARS[0], "last": YEARS[-1]}
        project.settings["sources"]["gias"] = str(shared_data / "gias")
        project.settings["sources"]["ofsted"] = str(shared_data / "ofsted")
        project.link()
        project.follow()
        known = panel.known_of_schools(project.parameters)
        return improve.panels("annual-impact", known, project.parameters)[0], known.grades


@pytest.fixture(scope="module")
def stages(laid):
    """What the stages `improve` and `break` make of a panel of these schools.

    statsmodels is not asked here (it is for United Learning), and draws are few.
    """

    def run(outcome):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(improve, "add_mixedlm_check", lambda *_: None)
            patch.setattr(specifications, "DRAWS", 39)
            patch.setattr(placebos, "DRAWS", 39)
            return improve.improve([outcome], laid[1]), challenge.challenge([outcome])

    return run


@pytest.fixture(scope="module")
def run(laid, stages):
    return stages(laid[0])


@pytest.fixture(scope="module")
def found(run):
    return run[0]


@pytest.fixture(scope="module")
def tried(run):
    return run[1].findings


@pytest.fixture(scope="module")
def fits(run):
    return run[1].specifications


@pytest.fixture(scope="module")
def with_a_gain(laid, stages):
    """The same schools, to each joiner's figures from joining on a fifth of an SD added."""
    frame = laid[0].frame
    has_joined = (frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])
    gained = frame["outcome"] + JUMP * has_joined
    improved, challenged = stages(replace(laid[0], frame=frame.assign(outcome=gained)))
    return improved, challenged.findings, challenged.specifications


def one(table, question, quantity, at=None):
    row = rows(table, question, quantity)
    if at is not None:
        row = row[row["at"] == at]
    assert len(row) == 1
    return row.iloc[0]


def test_more_than_a_hundred_schools_in_scores_of_trusts_joined_between_results(laid):
    frame = laid[0].frame
    own = frame[frame["ever_member"]]
    sides = (own["year"] >= own["cohort"]).groupby(own["school_key"]).nunique()
    assert (sides == 2).sum() == 128
    assert (
        own.loc[own["school_key"].isin(sides.index[sides == 2]), "cluster"].nunique() > 70
    )
    assert sorted(own["cohort"].unique()) == [2017, 2018, 2019]
    assert laid[0].clustered_by == "hub or trust"


def test_no_school_of_a_joiners_trust_stands_among_the_others(laid, found):
    frame = laid[0].frame
    one_each = frame.drop_duplicates("school_key")
    own = one_each.loc[one_each["ever_member"], "trust"]
    others = one_each.loc[~one_each["ever_member"], "trust"]
    assert not set(own.dropna()) & set(others.dropna())
    assert laid[0].trust_mates > 300
    for question, quantity in (("growth", SLOPE), ("matched comparison", CHANGE)):
        assert laid[0].left_out in one(found, question, quantity)["said"]


def test_real_joiners_are_weighed_against_schools_of_the_same_regions(found):
    matched = one(found, "matched comparison", CHANGE)
    assert "; regions balanced; " in matched["said"]
    # The sample is worth more than ten other schools to a member.
    assert int(matched["said"].split()[3]) > 10 * matched["partner_schools"]


def test_joiners_after_the_baseline_are_enough_to_stand_alone(found):
    verdict = one(found, "starting point", VERDICT)
    assert "members that joined after the baseline ended in 2017" in verdict["said"]
    assert verdict["partner_schools"] >= 40
    grades = rows(found, "starting point", GRADE).set_index("at")
    assert grades.loc[["good", "outstanding"], "estimate"].notna().all()


def test_the_panel_holds_the_figures_that_were_published(laid, figures):
    frame = laid[0].frame.merge(figures, on=["urn", "year"], validate="one_to_one")
    assert len(frame) == len(laid[0].frame)
    assert (frame["value"] == frame["published"]).all()


def test_nothing_about_joining_is_withheld(found, tried):
    for table in (found, tried):
        assert "withheld" not in set(table["status"])
    asked = {
        "event study": OVERALL,
        "matched comparison": CHANGE,
        "effect size": SIZE,
    }
    for question, quantity in asked.items():
        shown = rows(found, question, quantity)
        assert shown[["estimate", "low", "high"]].notna().all(axis=None), question
    assert one(found, "few schools", DETECTABLE)["said"].startswith(
        "128 schools are enough"
    )
    for curve in specifications.CURVES:
        assert one(tried, "specification curve", curve)["status"] == "estimate"
    for drift in ("0.5", "1.0", "2.0"):
        assert np.isfinite(one(tried, "sensitivity", BOUND, drift)["low"])
    assert np.isfinite(one(tried, "sensitivity", LINE)["high"])


@pytest.fixture(scope="module")
def cell(laid, figures):
    """A group-time difference in mean changes by pandas alone, from published figures."""
    frame = laid[0].frame.merge(figures, on=["urn", "year"])
    sds = frame.groupby("year")["sd"].first()
    wide = frame.pivot_table("published", "school_key", "year") / sds
    cohort = frame.groupby("school_key")["cohort"].first()

    def by_hand(joined, year, base):
        change = wide[year] - wide[base]
        others = (cohort == 0) | ((cohort > max(year, base)) & (cohort != joined))
        return change[cohort == joined].mean() - change[others].mean()

    return by_hand


@pytest.mark.parametrize(
    ("cohort", "year", "base"),
    [(2017, 2017, 2016), (2018, 2018, 2017), (2018, 2019, 2017), (2019, 2018, 2017)],
)
def test_a_group_time_effect_is_the_difference_of_mean_changes(
    laid, cell, cohort, year, base
):
    study = study_joining(Findings(laid[0])).study
    row = study.table[(study.table["cohort"] == cohort) & (study.table["time"] == year)]
    assert row["att"].item() == pytest.approx(cell(cohort, year, base), abs=1e-9)


def test_the_farthest_waves_that_are_shown_are_such_a_difference_of_one_cohort(found, cell):
    last, first = (one(found, "event study", BY_WAVE, at) for at in ("+2", "-2"))
    assert last["estimate"] == pytest.approx(cell(2017, 2019, 2016), abs=1e-9)
    assert first["estimate"] == pytest.approx(cell(2019, 2017, 2016), abs=1e-9)
    # The farther a wave the fewer have lived through it, and the table says so.
    assert (first["partner_schools"], last["partner_schools"]) == (57, 16)


def test_the_mean_change_weights_each_cohorts_own_mean_by_its_schools(laid, found, cell):
    # A school without a result on one side of joining has no change: it has no weight.
    frame = laid[0].frame.query("ever_member")
    sides = (frame["year"] >= frame["cohort"]).groupby(frame["school_key"]).nunique()
    both = frame[frame["school_key"].isin(sides.index[sides == 2])]
    schools = both.groupby("cohort")["school_key"].nunique()
    assert schools.to_dict() == {2017: 16, 2018: 54, 2019: 58}
    means = {
        2017: np.mean([cell(2017, year, 2016) for year in (2017, 2018, 2019)]),
        2018: np.mean([cell(2018, year, 2017) for year in (2018, 2019)]),
        2019: cell(2019, 2019, 2018),
    }
    mean = sum(schools[c] * means[c] for c in means) / sum(schools[c] for c in means)
    overall = one(found, "event study", OVERALL)
    assert overall["estimate"] == pytest.approx(mean, abs=1e-9)
    assert overall["said"].startswith("86 schools left out: no result before, or none")
    assert overall["low"] < overall["estimate"] < overall["high"]


def test_all_bands_hold_their_estimates_and_nothing_moved_before_joining(found):
    waves = rows(found, "event study", BY_WAVE)
    assert waves["at"].tolist() == ["-2", "-1", "+0", "+1", "+2"]
    assert set(waves["status"]) == {"estimate"}
    half = (waves["high"] - waves["low"]) / 2
    # A band of all waves at once is wider than an interval of each.
    assert (half / waves["standard_error"] > 1.96).all()
    before = waves[waves["at"].str.startswith("-")]
    assert ((before["low"] < 0) & (before["high"] > 0)).all()
    assert one(found, "event study", "movement before joining")["p_value"] > 0.05


def test_other_ways_to_the_change_at_joining_lie_within_two_errors(found, laid):
    overall = one(found, "event study", OVERALL)
    frame = study_joining(Findings(laid[0])).joiners
    has_joined = (frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])
    two_way = two_way_fixed_effects(
        frame.assign(joined=has_joined.astype(float)),
        "outcome", ["joined"], "school_key", "year", "cluster",
    )  # fmt: skip
    others = {
        "two-way": float(two_way.coefficients[0]),
        "matched": one(found, "matched comparison", CHANGE)["estimate"],
        "doubly robust": rows(found, "event study")
        .set_index("quantity")
        .loc[f"{OVERALL}, for size and share of disadvantaged pupils", "estimate"],
    }
    for name, estimate in others.items():
        apart = abs(estimate - overall["estimate"]) / overall["standard_error"]
        assert apart < 2, name


def test_the_error_is_near_what_other_schools_would_have_led_one_to_expect(found):
    reached = one(found, "few schools", DETECTABLE)["estimate"]
    expected = one(found, "few schools", PLANNED)["estimate"]
    assert reached == pytest.approx(expected, rel=0.25)


def test_the_size_is_the_change_with_its_own_correction_for_clusters(found):
    size = one(found, "effect size", SIZE, "event study")
    overall = one(found, "event study", OVERALL)
    assert size["estimate"] == pytest.approx(overall["estimate"], rel=0.001)
    assert size["standard_error"] == pytest.approx(overall["standard_error"], rel=0.001)


def test_leaving_out_each_trust_in_turn_lies_on_both_sides_of_the_whole(found, tried):
    overall = one(found, "event study", OVERALL)
    lowest, highest = (
        one(tried, "leave one out", WITHOUT, at) for at in ("lowest", "highest")
    )
    assert lowest["estimate"] < overall["estimate"] < highest["estimate"]
    # No single trust of so many carries it.
    assert highest["estimate"] - lowest["estimate"] < overall["standard_error"]


def test_the_more_drift_is_allowed_the_wider_the_interval(tried):
    bounds = [one(tried, "sensitivity", BOUND, at) for at in ("0.5", "1.0", "2.0")]
    widths = [bound["high"] - bound["low"] for bound in bounds]
    assert widths == sorted(widths)
    assert all(b["low"] < b["estimate"] < b["high"] for b in bounds)
    # Zero lies inside without any drift, so no drift loses the finding: there is none.
    lost = one(tried, "sensitivity", LOST)
    assert lost["status"] == "not possible"
    assert lost["said"] == "the interval holds zero without any drift"


def test_the_middle_of_the_curves_is_the_median_of_their_fits(tried, fits):
    for quantity in specifications.CURVES:
        curve = quantity.removeprefix("median of all specifications, ")
        estimates = fits.loc[fits["curve"] == curve, "estimate"]
        said = one(tried, "specification curve", quantity)
        assert len(estimates) == 96
        assert said["estimate"] == pytest.approx(estimates.median(), abs=1e-9)
        assert said["low"] == pytest.approx(estimates.min(), abs=1e-9)
        assert said["high"] == pytest.approx(estimates.max(), abs=1e-9)


def test_the_plainest_fit_of_the_curve_is_the_two_way_estimate(laid, fits):
    chosen = {name: said[0] for name, said in CHOICES.items()}
    plainest = fits[
        (fits["curve"] == "difference in change")
        & (fits["years"] == "2015/16 to 2018/19")
        & np.logical_and.reduce([fits[name] == said for name, said in chosen.items()])
    ].iloc[0]
    frame = study_joining(Findings(laid[0])).joiners
    has_joined = (frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])
    two_way = two_way_fixed_effects(
        frame.assign(joined=has_joined.astype(float)),
        "outcome", ["joined"], "school_key", "year", "cluster",
    )  # fmt: skip
    assert plainest["estimate"] == pytest.approx(two_way.coefficients[0], abs=1e-9)
    assert plainest["standard_error"] == pytest.approx(two_way.standard_errors[0], abs=1e-9)


def test_placebos_find_no_more_than_the_change_itself(tried):
    assert one(tried, "placebo", FALSE_MEMBERS)["p_value"] > 0.05
    moved = rows(tried, "placebo", FALSE_YEARS)
    assert moved["estimate"].abs().max() < 0.05


def test_a_gain_that_was_planted_moves_every_estimate_by_itself(found, tried, with_a_gain):
    gained, retried, _ = with_a_gain
    for question, quantity in (("event study", OVERALL), ("matched comparison", CHANGE)):
        before, after = one(found, question, quantity), one(gained, question, quantity)
        assert after["estimate"] - before["estimate"] == pytest.approx(JUMP, abs=1e-9)
        assert after["standard_error"] == pytest.approx(before["standard_error"], abs=1e-9)
    lowest, highest = (
        [one(table, "leave one out", WITHOUT, at)["estimate"] for table in (tried, retried)]
        for at in ("lowest", "highest")
    )
    assert lowest[1] - lowest[0] == pytest.approx(JUMP, abs=1e-9)
    assert highest[1] - highest[0] == pytest.approx(JUMP, abs=1e-9)


def test_a_gain_that_was_planted_is_lost_at_a_drift_that_can_be_told(with_a_gain):
    _, retried, fits = with_a_gain
    lost = one(retried, "sensitivity", LOST)
    assert lost["status"] == "diagnostic"
    # So much drift as was seen before leaves it above zero or not as the value says.
    for drift in (0.5, 1.0, 2.0):
        bound = one(retried, "sensitivity", BOUND, str(drift))
        assert (bound["low"] > 0) == (drift < lost["estimate"])
    # Of 39 false memberships none comes as far; the p counts both tails.
    assert one(retried, "placebo", FALSE_MEMBERS)["p_value"] == 2 / 40
    curve = one(retried, "specification curve", CURVE_OF_CHANGE)
    assert curve["p_value"] == 1 / 40
    assert (fits.loc[fits["curve"] == "difference in change", "low"] > 0).all()
