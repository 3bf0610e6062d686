"""Who is a member when, in which cluster, and which rows may be shown at all."""

import math

import pandas as pd
import pytest

from pipeline.comparison.cells import KnownResults, read_known
from pipeline.improvement import improve, panel
from pipeline.improvement.panel import (
    BY_HUB_OR_TRUST,
    BY_SCHOOL,
    PUPIL_SD,
    SCHOOL_SD,
    SUPPRESSED,
    Known,
    outcome_panel,
)
from pipeline.measures.catalogue import measure
from pipeline.measures.school_types import MAINSTREAM
from tests.improvement.made_panel import NO_GRADES

PROGRESS_8 = measure("ks4", "progress_8")
NO_TRUSTS = pd.DataFrame(columns=["school_key", "trust"])
YEARS = (2017, 2018, 2019)


def schools(*keys, years=YEARS, pupils=100):
    """Give schools figures that differ: {key: {year: (figure, pupils)}}."""
    return {k: {y: ((k % 7 + y % 3) / 10, pupils) for y in years} for k in keys}


def of_school(laid, key, column):
    return laid.frame.loc[laid.frame["school_key"] == str(key), column].tolist()


@pytest.fixture
def lay_out(project):
    """Lay Progress 8 out from figures, and members by (key, year): hub."""

    def make(
        values, members, *, disadvantaged=None, trusts=NO_TRUSTS, areas=None, group="all"
    ):
        years = sorted({year for figures in values.values() for year in figures})
        project.settings["years"] = {"first": years[0], "last": years[-1]}
        results = {
            (year, "progress_8", name): _rows(table, year, areas)
            for name, table in (("all", values), ("disadvantaged", disadvantaged or {}))
            for year in years
        }
        listed = pd.DataFrame(
            [(str(key), year, hub) for (key, year), hub in members.items()],
            columns=["school_key", "year", "hub"],
        )
        listed["first_year"] = listed.groupby("school_key")["year"].transform("min")
        parameters = project.parameters
        known = KnownResults(
            results=results,
            aggregates=pd.DataFrame(),
            inventory={"years": {str(year): {"state": "supplied"} for year in years}},
            members=listed,
            register={"supplied": True},
            confidence_level=0.95,
            suppress_pupils_up_to=parameters.disclosure.suppress_pupils_up_to,
        )
        return outcome_panel(PROGRESS_8, group, known, Known(trusts, NO_GRADES), parameters)

    return make


def _rows(table, year, areas):
    rows = [
        (str(key).split()[0], str(key).split()[-1], *figures[year])
        for key, figures in table.items()
        if year in figures
    ]
    found = pd.DataFrame(rows, columns=["school_key", "urn", "value", "pupils"])
    found = found.astype({"value": float, "pupils": "Int64"}).assign(place=MAINSTREAM)
    if areas is None:
        return found
    return found.assign(local_authority=found["school_key"].astype(int).map(areas))


def always(*keys, hub=None):
    return {(key, year): hub for key in keys for year in YEARS}


@pytest.fixture
def from_files(project, school):
    """Run the stages before on three schools' Progress 8, and lay it out."""

    def make(*register, evaluation="annual-impact"):
        project.settings["years"] = {"first": 2017, "last": 2019}
        for year in YEARS:
            rows = [
                school(100000 + n, P8MEA=(n + year % 3) / 10, P8PUP=90) for n in (1, 2, 3)
            ]
            project.download(f"{year - 1}-{year}/england_ks4final.csv", rows)
        project.register(*register)
        project.follow(evaluation)
        parameters = project.parameters
        known = read_known("ks4", evaluation, parameters)
        schools_known = panel.known_of_schools(parameters)
        return outcome_panel(PROGRESS_8, "all", known, schools_known, parameters)

    return make


def test_the_cohort_is_the_first_whole_year_of_membership(from_files):
    laid = from_files("100001,,2017-09-01,,", "100002,,2017-09-02,,")
    assert of_school(laid, 100001, "cohort") == [2018] * 3
    assert of_school(laid, 100001, "is_member") == [False, True, True]
    assert of_school(laid, 100002, "cohort") == [2019] * 3
    assert of_school(laid, 100003, "cohort") == [0] * 3
    assert laid.frame["ever_member"].tolist() == [True] * 6 + [False] * 3


def test_a_leaver_stays_in_its_cohort_and_is_no_member_after(from_files):
    laid = from_files("100001,,2010-09-01,2018-08-31,A")
    assert of_school(laid, 100001, "is_member") == [True, True, False]
    assert of_school(laid, 100001, "ever_member") == [True] * 3
    assert of_school(laid, 100001, "cohort") == [2011] * 3


def test_a_programme_without_a_register_says_so_of_every_question(from_files):
    laid = from_files("100001,,2015-09-01,,", evaluation="growing-the-top")
    assert laid.closed.startswith("not supplied: the registers hold no rows of programme")
    found = improve.improve([laid], NO_GRADES)
    assert set(found["status"]) == {"not possible"}
    assert set(found["said"]) == {laid.closed}
    assert found["question"].tolist() == [question for question, _ in improve.ASKED]


def test_members_of_other_years_only_are_no_members_here(from_files):
    laid = from_files("100001,,2030-09-01,,")
    assert laid.closed == "no school was a member in these years"


def test_a_school_that_changed_its_hub_stands_in_its_latest_in_all_years(lay_out):
    hubs = {(1, 2017): "North", (1, 2018): "South", (1, 2019): None}
    laid = lay_out(schools(1, 2, 3), hubs | always(2, hub="North"))
    assert laid.clustered_by == BY_HUB_OR_TRUST
    assert of_school(laid, 1, "cluster") == ["hub South"] * 3
    assert of_school(laid, 2, "cluster") == ["hub North"] * 3
    assert of_school(laid, 3, "cluster") == ["school 3"] * 3


def test_one_hub_of_all_partners_leaves_each_school_to_itself(lay_out):
    laid = lay_out(schools(1, 2, 3), always(1, 2, hub="A"))
    assert laid.clustered_by == BY_SCHOOL
    assert laid.frame["cluster"].str.startswith("school ").all()


def in_trusts(**trusts):
    """Say which schools each trust holds."""
    pairs = [(str(key), trust) for trust, keys in trusts.items() for key in keys]
    return pd.DataFrame(pairs, columns=["school_key", "trust"])


def test_without_a_hub_schools_of_one_trust_are_one_cluster_partners_or_not(lay_out):
    trusts = in_trusts(A=[1, 2], B=[4, 5])
    laid = lay_out(schools(1, 2, 3, 4, 5, 6), always(1, 2, 3), trusts=trusts)
    one = laid.frame.drop_duplicates("school_key")
    assert one["cluster"].tolist() == [
        *["trust A"] * 2, "school 3", *["trust B"] * 2, "school 6",
    ]  # fmt: skip
    assert one["trust"].fillna("none").tolist() == ["A", "A", "none", "B", "B", "none"]


def test_schools_in_the_trust_of_a_member_are_no_comparison_and_are_counted(lay_out):
    # 1 has a hub, and still its trust-mates 3 and 4 are left out; 5 and 6 are no mates.
    trusts = in_trusts(A=[1, 3, 4], B=[5, 6])
    hubs = always(1, hub="North") | always(2, hub="South")
    laid = lay_out(schools(*range(1, 8)), hubs, trusts=trusts)
    assert laid.frame["school_key"].unique().tolist() == ["1", "2", "5", "6", "7"]
    assert laid.trust_mates == 2
    assert laid.left_out == "2 schools left out: in the trust of a member"
    sides = laid.frame.groupby("cluster")["ever_member"].nunique()
    assert (sides == 1).all()


def test_members_of_one_trust_stay_and_so_do_those_that_left(lay_out):
    left = {(2, 2017): None}
    laid = lay_out(schools(1, 2, 3), always(1) | left, trusts=in_trusts(A=[1, 2]))
    assert laid.frame["school_key"].unique().tolist() == ["1", "2", "3"]
    assert laid.left_out == ""


def test_trust_mates_of_a_member_of_the_other_phase_are_left_out_too(lay_out):
    # 9 is a primary school: it has no Progress 8.
    laid = lay_out(schools(1, 2, 3), always(1, 9), trusts=in_trusts(A=[9, 2]))
    assert laid.frame["school_key"].unique().tolist() == ["1", "3"]


def test_a_figure_is_the_same_with_and_without_trust_mates(lay_out, monkeypatch):
    nothing = panel.national_sd("progress_8", 2019, centred=False)
    monkeypatch.setattr(panel, "national_sd", lambda *_, **__: nothing)
    every = lay_out(schools(1, 2, 3), always(1))
    fewer = lay_out(schools(1, 2, 3), always(1), trusts=in_trusts(A=[1, 2]))
    for key in (1, 3):
        assert of_school(every, key, "outcome") == of_school(fewer, key, "outcome")


def test_where_nobody_else_is_left_nothing_can_be_asked(lay_out):
    laid = lay_out(schools(1, 2), always(1), trusts=in_trusts(A=[1, 2]))
    assert (
        laid.closed == "every school with this outcome is a member, or in the trust of one"
    )


def test_a_school_is_in_the_region_of_its_latest_authority(lay_out):
    areas = {1: "390", 2: "201", 3: "999"}
    laid = lay_out(schools(1, 2, 3), always(1), areas=areas)
    one = laid.frame.drop_duplicates("school_key")
    assert one["region"].tolist() == ["North East", "London", "no region"]
    nowhere = lay_out(schools(1, 2, 3), always(1)).frame
    assert set(nowhere["region"]) == {"no region"}


def test_a_figure_is_in_sds_of_the_pupils_of_its_year(lay_out):
    laid = lay_out(schools(1, 2), always(1))
    assert laid.unit == PUPIL_SD
    assert laid.frame.groupby("year")["sd"].nunique().tolist() == [1, 1, 1]
    expected = laid.frame["value"] / laid.frame["sd"]
    assert laid.frame["outcome"].tolist() == pytest.approx(expected.tolist())


def test_without_an_sd_of_pupils_schools_are_the_measure(lay_out, monkeypatch):
    nothing = panel.national_sd("progress_8", 2019, centred=False)
    monkeypatch.setattr(panel, "national_sd", lambda *_, **__: nothing)
    # Figures 1 and 3 of 10 and 30 pupils: mean 2.5, SD the root of 0.75.
    laid = lay_out({1: {2019: (1, 10)}, 2: {2019: (3, 30)}}, {(1, 2019): None})
    assert laid.unit == SCHOOL_SD
    expected = [-1.5 / math.sqrt(0.75), 0.5 / math.sqrt(0.75)]
    assert laid.frame["outcome"].tolist() == pytest.approx(expected)


def test_a_year_in_which_all_schools_are_equal_is_left_out_and_named(lay_out):
    values = {key: {2018: (0.5, 90), 2019: (key / 10, 90)} for key in (1, 2)}
    laid = lay_out(values, always(1))
    assert laid.years == (2019,)
    assert laid.years_without == {2018: "all schools have the same figure in 2017/18"}
    told = improve.what_there_is([laid])["years without"][0]
    assert told == "2018: all schools have the same figure in 2017/18"


def test_a_year_of_one_to_five_pupils_is_no_year_of_a_school(lay_out):
    values = schools(1, 2, 3)
    values[1][2018], values[2][2018] = (5.0, 5), (-5.0, 6)
    laid = lay_out(values, always(1, 2))
    assert of_school(laid, 1, "year") == [2017, 2019]
    assert of_school(laid, 2, "year") == [2017, 2018, 2019]
    assert laid.frame["pupils"].min() == 6


def test_members_of_few_pupils_are_withheld_though_together_they_are_more(lay_out):
    values = schools(*range(3, 30)) | schools(1, 2, pupils=4)
    laid = lay_out(values, always(1, 2))
    assert laid.closed == SUPPRESSED
    found = improve.improve([laid], NO_GRADES)
    assert set(found["status"]) == {"withheld"}
    figures = ["estimate", "standard_error", "low", "high", "p_value", "partner_schools"]
    assert found[figures].isna().all(axis=None)


def test_the_threshold_is_a_parameter(lay_out, project):
    project.settings["disclosure"]["suppress_pupils_up_to"] = 10
    laid = lay_out(schools(1, 2, 3, pupils=10), always(1))
    assert laid.frame.empty
    assert laid.closed == SUPPRESSED
    assert laid.years_without[2019] == "every school has too few pupils in 2018/19"


def test_a_school_under_two_numbers_in_a_year_has_one_row(lay_out):
    halves = {1: {2019: (0.0, 100)}, "1 as 9": {2019: (1.0, 300)}}
    laid = lay_out(halves | schools(2, 3, years=(2019,)), always(1))
    assert of_school(laid, 1, "value") == [0.75]  # (0 * 100 + 1 * 300) / 400
    assert of_school(laid, 1, "pupils") == [400]


def test_the_share_of_disadvantaged_pupils_is_the_first_that_is_known(lay_out):
    values = schools(1, 2, years=(2018, 2019))
    laid = lay_out(values, always(1), disadvantaged={1: {2019: (-0.1, 25)}})
    assert of_school(laid, 1, "disadvantaged_share") == [0.25, 0.25]
    assert all(map(math.isnan, of_school(laid, 2, "disadvantaged_share")))
    assert of_school(laid, 1, "log_pupils") == [math.log(100)] * 2


def test_an_outcome_that_nobody_has_says_why(lay_out):
    laid = lay_out(schools(1, 2), always(1), group="disadvantaged")
    assert laid.years == ()
    assert "no school has a figure in 2018/19" in laid.closed
    found = improve.improve([laid], NO_GRADES)
    assert set(found["status"]) == {"not possible"}


def test_members_without_this_outcome_are_named(lay_out):
    laid = lay_out(schools(1, 2), always(9))
    assert laid.closed == "no member has this outcome"


def test_grades_and_trusts_come_under_the_schools_key(project):
    project.settings["years"] = {"first": 2016, "last": 2019}
    project.link()
    project.know("lineage", {"urn": "100002", "school_key": "100001"})
    inspected = {"known_at": pd.Timestamp(2018, 7, 31), "overall_effectiveness": 4}
    first = pd.Timestamp(2016, 3, 1)
    project.know(
        "inspections",
        inspected | {"urn": "100002", "published": first, "overall_effectiveness": 2},
        inspected | {"urn": "100003"},
        inspected | {"urn": "100004", "overall_effectiveness": None, "reason": "none"},
    )
    held = {"trust": "7", "trust_name": "A trust", "trust_kind": "Multi-academy trust"}
    held |= {"joined": pd.Timestamp(2015, 9, 1)}
    project.know(
        "trust_spells",
        held | {"urn": "100002"},
        held | {"urn": "100003", "left": pd.Timestamp(2018, 8, 1)},
        held | {"urn": "100004", "trust_kind": "Trust"},
    )
    known = panel.known_of_schools(project.parameters)
    assert known.grades["school_key"].tolist() == ["100001", "100003"]
    assert known.grades["known_at"].dt.year.tolist() == [2016, 2018]
    assert known.grades["grade"].tolist() == [2, 4]
    assert known.trusts.to_numpy().tolist() == [["100001", "7"]]
