"""Who is a member when, in which cluster, and which rows may be shown at all."""

import math

import pandas as pd
import pytest

from pipeline.comparison.cells import read_known
from pipeline.improvement import panel
from pipeline.improvement.improve import improve, what_there_is
from pipeline.improvement.panel import (
    BY_HUB_OR_TRUST,
    BY_SCHOOL,
    PUPIL_SD,
    SCHOOL_SD,
    SUPPRESSED,
    outcome_panel,
)
from pipeline.measures.catalogue import measure
from pipeline.run import locations
from tests.improvement.made_panel import NO_GRADES

FILE = "{}-{}/england_ks4final.csv"


@pytest.fixture
def laid_out(project, school):
    """Lay Progress 8 out: `values` gives each school's (figure, pupils) by year."""

    def make(values, *register, group="all", evaluation="annual-impact", trusts=()):
        years = sorted({year for of_school in values.values() for year in of_school})
        project.settings["years"] = {"first": years[0], "last": years[-1]}
        for year in years:
            rows = [
                school(urn, **_cells(of_school[year]))
                for urn, of_school in values.items()
                if year in of_school
            ]
            project.download(FILE.format(year - 1, year), rows)
        project.register(*register)
        for row in trusts:
            project.know("trust_spells", {"trust_name": "A trust"} | row)
        project.follow(evaluation)
        parameters = project.parameters
        return outcome_panel(
            measure("ks4", "progress_8"),
            group,
            read_known("ks4", evaluation, parameters),
            panel.known_of_schools(parameters),
            parameters,
        )

    return make


def _cells(figures):
    value, pupils, *disadvantaged = figures
    cells = {"P8MEA": value, "P8PUP": pupils}
    if disadvantaged:
        cells |= {"P8MEA_FSM6CLA1A": disadvantaged[0], "P8PUP_FSM6CLA1A": disadvantaged[1]}
    return cells


def schools(*urns, years=(2017, 2018, 2019), pupils=100):
    return {urn: {y: ((urn % 7 + y % 3) / 10, pupils) for y in years} for urn in urns}


def of_school(laid, urn, column):
    return laid.frame.loc[laid.frame["school_key"] == str(urn), column].tolist()


def test_the_cohort_is_the_first_whole_year_of_membership(laid_out):
    laid = laid_out(
        schools(100001, 100002, 100003), "100001,,2017-09-01,,", "100002,,2017-09-02,,"
    )
    assert of_school(laid, 100001, "cohort") == [2018] * 3
    assert of_school(laid, 100001, "is_member") == [False, True, True]
    assert of_school(laid, 100002, "cohort") == [2019] * 3
    assert of_school(laid, 100003, "cohort") == [0] * 3
    assert laid.frame["ever_member"].tolist() == [True] * 6 + [False] * 3


def test_a_leaver_stays_in_its_cohort_and_is_no_member_after(laid_out):
    laid = laid_out(schools(100001, 100002), "100001,,2016-09-01,2018-08-31,")
    assert of_school(laid, 100001, "is_member") == [True, True, False]
    assert of_school(laid, 100001, "ever_member") == [True] * 3
    assert of_school(laid, 100001, "cohort") == [2017] * 3


def test_a_school_that_joined_before_the_first_year_keeps_its_own_year(laid_out):
    laid = laid_out(schools(100001, 100002), "100001,,2010-09-01,,")
    assert of_school(laid, 100001, "cohort") == [2011] * 3


def test_a_school_that_changed_its_hub_stands_in_its_latest_in_all_years(laid_out):
    laid = laid_out(
        schools(100001, 100002, 100003),
        "100001,,2015-09-01,2018-03-01,North",
        "100001,,2018-03-01,,South",
        "100002,,2015-09-01,,North",
    )
    assert laid.clustered_by == BY_HUB_OR_TRUST
    assert of_school(laid, 100001, "cluster") == ["hub South"] * 3
    assert of_school(laid, 100003, "cluster") == ["school 100003"] * 3
    assert of_school(laid, 100001, "cohort") == [2016] * 3


def test_one_hub_of_all_partners_leaves_each_school_to_itself(laid_out):
    laid = laid_out(
        schools(100001, 100002, 100003), "100001,,2015-09-01,,A", "100002,,2015-09-01,,A"
    )
    assert laid.clustered_by == BY_SCHOOL
    assert laid.frame["cluster"].str.startswith("school ").all()


def test_without_hub_a_trust_is_the_cluster_of_partners_and_others(laid_out):
    spell = {"trust_kind": "Multi-academy trust", "joined": pd.Timestamp("2015-09-01")}
    held = [{"urn": str(urn), "trust": t} for urn, t in ((100001, "7"), (100003, "7"))]
    other = {"urn": "100002", "trust": "8", "left": pd.Timestamp("2018-01-01")}
    foundation = {"urn": "100004", "trust": "9", "trust_kind": "Trust"}

    laid = laid_out(
        schools(100001, 100002, 100003, 100004),
        "100001,,2015-09-01,,",
        "100002,,2015-09-01,,",
    )
    assert set(laid.frame["cluster"]) == {f"school {n}" for n in range(100001, 100005)}
    trusts = panel.Known(
        pd.DataFrame({"school_key": ["100001", "100003"], "trust": "7"}), NO_GRADES
    )
    frame = laid.frame.drop(columns="cluster")
    members = pd.DataFrame({"school_key": ["100001", "100002"], "year": 2019, "hub": None})
    assert panel._add_clusters(frame, members, trusts.trusts) == BY_HUB_OR_TRUST
    found = dict(zip(frame["school_key"], frame["cluster"], strict=True))
    assert found["100001"] == found["100003"] == "trust 7"
    assert found["100002"] == "school 100002"
    assert spell and held and other and foundation


def test_a_figure_is_in_sds_of_the_pupils_of_its_year(laid_out):
    laid = laid_out(schools(100001, 100002), "100001,,2015-09-01,,")
    assert laid.unit == PUPIL_SD
    expected = laid.frame["value"] / laid.frame["sd"]
    assert laid.frame["outcome"].tolist() == pytest.approx(expected.tolist())


def test_without_an_sd_of_pupils_schools_are_the_measure(laid_out, monkeypatch):
    nothing = panel.national_sd("rwm_expected", 2019, centred=False)
    monkeypatch.setattr(panel, "national_sd", lambda *_, **__: nothing)
    # Figures 1 and 3 with 10 and 30 pupils: mean 2.5, SD sqrt(0.75).
    values = {100001: {2019: (1, 10)}, 100002: {2019: (3, 30)}}
    laid = laid_out(values, "100001,,2015-09-01,,")
    assert laid.unit == SCHOOL_SD
    assert laid.frame["outcome"].tolist() == pytest.approx(
        [-1.5 / math.sqrt(0.75), 0.5 / math.sqrt(0.75)]
    )


def test_a_year_in_which_all_schools_are_equal_is_left_out_and_named(laid_out):
    values = {urn: {2018: (0.5, 90), 2019: (urn % 5 / 10, 90)} for urn in (100001, 100002)}
    laid = laid_out(values, "100001,,2015-09-01,,")
    assert laid.years == (2019,)
    assert laid.years_without == {2018: "all schools have the same figure in 2017/18"}
    assert what_there_is([laid])["years without"][0].startswith("2018: all schools")


def test_a_year_with_one_to_five_pupils_is_no_year_of_a_school(laid_out):
    values = schools(100001, 100002, 100003)
    values[100001][2018] = (5.0, 5)
    values[100002][2018] = (-5.0, 6)
    laid = laid_out(values, "100001,,2015-09-01,,")
    assert of_school(laid, 100001, "year") == [2017, 2019]
    assert of_school(laid, 100002, "year") == [2017, 2018, 2019]
    assert laid.frame["pupils"].min() == 6


def test_members_of_few_pupils_are_withheld_and_never_a_figure(laid_out):
    values = schools(*range(100003, 100020)) | schools(100001, 100002, pupils=3)
    laid = laid_out(values, "100001,,2015-09-01,,", "100002,,2015-09-01,,")
    assert laid.closed == SUPPRESSED
    found = improve([laid], NO_GRADES)
    assert set(found["status"]) == {"withheld"}
    assert found["estimate"].isna().all()


def test_the_threshold_is_a_parameter(laid_out, project):
    project.settings["disclosure"]["suppress_pupils_up_to"] = 10
    laid = laid_out(schools(100001, 100002, 100003, pupils=10), "100001,,2015-09-01,,")
    assert laid.frame.empty
    assert laid.closed == SUPPRESSED


def test_a_school_under_two_numbers_in_a_year_has_one_row(laid_out, project):
    project.know(
        "lineage",
        {"urn": "100001", "school_key": "100001"},
        {"urn": "100009", "school_key": "100001"},
    )
    values = schools(100001, 100002) | {100009: {2019: (1.0, 300)}}
    values[100001][2019] = (0.0, 100)
    laid = laid_out(values, "100001,,2015-09-01,,")
    assert of_school(laid, 100001, "value")[-1] == 0.75  # (0 * 100 + 1 * 300) / 400
    assert not laid.frame.duplicated(["school_key", "year"]).any()


def test_the_share_of_disadvantaged_pupils_is_the_first_that_is_known(laid_out):
    values = {
        100001: {2018: (0.1, 100), 2019: (0.2, 100, -0.1, 25)},
        100002: {2018: (0.3, 50), 2019: (0.1, 50)},
    }
    laid = laid_out(values, "100001,,2015-09-01,,")
    assert of_school(laid, 100001, "disadvantaged_share") == [0.25, 0.25]
    assert all(map(math.isnan, of_school(laid, 100002, "disadvantaged_share")))
    assert of_school(laid, 100001, "log_pupils") == [math.log(100)] * 2


def test_a_programme_without_a_register_says_so_of_every_question(laid_out):
    values = schools(100001, 100002)
    laid = laid_out(values, "100001,,2015-09-01,,", evaluation="growing-the-top")
    assert laid.closed.startswith("not supplied: the registers hold no rows of programme")
    found = improve([laid], NO_GRADES)
    assert set(found["status"]) == {"not possible"}
    assert set(found["said"]) == {laid.closed}


def test_members_of_other_years_only_are_no_members_here(laid_out):
    laid = laid_out(schools(100001, 100002), "100001,,2030-09-01,,")
    assert laid.closed == "no school was a member in these years"


def test_an_outcome_that_nobody_has_says_why(laid_out):
    laid = laid_out(schools(100001, 100002), "100001,,2015-09-01,,", group="disadvantaged")
    assert laid.years == ()
    assert "no school has a figure in 2018/19" in laid.closed


def test_grades_come_under_the_schools_key_and_with_the_day_they_were_known(project):
    project.link()
    for name, rows in {
        "lineage": [{"urn": "100002", "school_key": "100001"}],
        "inspections": [
            {
                "urn": "100002",
                "published": pd.Timestamp(2016, 3, 1),
                "overall_effectiveness": 2,
            },
            {"urn": "100003", "published": None, "overall_effectiveness": 4},
            {"urn": "100004", "overall_effectiveness": None, "reason": "no grade"},
        ],
    }.items():
        project.know(name, *({"known_at": pd.Timestamp(2018, 7, 31)} | row for row in rows))
    grades = panel.known_of_schools(project.parameters).grades
    assert grades["school_key"].tolist() == ["100001", "100003"]
    assert grades["known_at"].dt.year.tolist() == [2016, 2018]
    assert grades["grade"].tolist() == [2, 4]
    assert locations.school_table("inspections").is_file()
