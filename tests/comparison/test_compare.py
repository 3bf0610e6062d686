import math

import pytest
from scipy import stats

from pipeline.run import locations

KS4 = "2018-2019/england_ks4final.csv"
KS2 = "2018-2019/england_ks2final.csv"


@pytest.fixture
def four(project, school):
    """Make two partners (4 and 6) and two others (1 and 3), 10 pupils each."""

    def make(*changes, hubs=("", "")):
        rows = [
            school(100001, P8MEA=4, P8PUP=10),
            school(100002, P8MEA=6, P8PUP=10),
            school(100003, P8MEA=1, P8PUP=10),
            school(100004, P8MEA=3, P8PUP=10),
        ]
        project.download(KS4, rows + list(changes))
        project.register(f"100001,,2015-09-01,,{hubs[0]}", f"100002,,2015-09-01,,{hubs[1]}")
        return project

    return make


def test_partners_rest_and_gap_come_from_the_rows_of_schools(four):
    found = four().gap()
    assert (found["partners"], found["rest"], found["gap"]) == (5, 2, 3)
    assert (found["partner_schools"], found["rest_schools"]) == (2, 2)
    assert (found["partner_pupils"], found["rest_pupils"]) == (20, 20)
    assert found["standard_error"] == pytest.approx(math.sqrt(2))
    assert found["high"] - 3 == pytest.approx(stats.t.ppf(0.975, 2) * math.sqrt(2))


def test_a_hub_is_one_cluster(project, school):
    values = {100001: 4, 100002: 4, 100003: 6, 100004: 6, 100005: 1, 100006: 3}
    rows = [school(urn, P8MEA=v, P8PUP=10) for urn, v in values.items()]
    project.download(KS4, rows)
    hubs = {100001: "A", 100002: "A", 100003: "B", 100004: "B"}
    project.register(*(f"{urn},,2015-09-01,,{hub}" for urn, hub in hubs.items()))
    found = project.gap()
    assert (found["clustered_by"], found["partner_clusters"]) == ("hub", 2)
    assert found["standard_error"] == pytest.approx(math.sqrt(2))


def test_a_partner_without_hub_is_a_cluster_of_its_own(project, school):
    rows = [school(100000 + n, P8MEA=n, P8PUP=10) for n in range(1, 7)]
    project.download(KS4, rows)
    hubs = {100001: "A", 100002: "A", 100003: "B", 100004: ""}
    project.register(*(f"{urn},,2015-09-01,,{hub}" for urn, hub in hubs.items()))
    found = project.gap()
    assert (found["clustered_by"], found["partner_clusters"]) == ("hub", 3)


def test_one_hub_beside_a_partner_without_one_makes_two_clusters(project, school):
    # Three partners, two of them in hub A: a partnership of more than one group.
    rows = [school(100000 + n, P8MEA=n, P8PUP=10) for n in range(1, 6)]
    project.download(KS4, rows)
    hubs = {100001: "A", 100002: "A", 100003: ""}
    project.register(*(f"{urn},,2015-09-01,,{hub}" for urn, hub in hubs.items()))
    found = project.gap()
    assert (found["clustered_by"], found["partner_clusters"]) == ("hub", 2)


@pytest.mark.parametrize("hubs", [("", ""), ("A", "A")])
def test_one_hub_or_none_leaves_schools_as_clusters(four, hubs):
    found = four(hubs=hubs).gap()
    assert (found["clustered_by"], found["partner_clusters"]) == ("school", 2)
    assert found["standard_error"] == pytest.approx(math.sqrt(2))


def test_one_partner_has_a_gap_and_no_interval(project, school):
    project.download(KS4, [school(100000 + n, P8MEA=n, P8PUP=10) for n in range(1, 4)])
    project.register("100001,,2015-09-01,,")
    found = project.gap()
    assert found["gap"] == pytest.approx(1 - 2.5)
    assert math.isnan(found["low"])
    assert found["interval_reason"].startswith("no interval: fewer than two")


def test_a_school_without_pupils_with_a_score_is_weighed_by_its_cohort_and_counted(
    four, school
):
    found = four(school(100005, P8MEA=6, P8PUP="", TPUP=20)).gap()
    assert found["rest"] == 4  # (1*10 + 3*10 + 6*20) / 40
    assert found["schools_by_other_pupils"] == 1


@pytest.mark.parametrize(
    "cells",
    [
        {"NFTYPE": "IND"},
        {"NFTYPE": "NMSS"},
        {"NFTYPE": "CYS", "RECTYPE": 2},
        {"NFTYPE": "", "RECTYPE": 2},
        {"NFTYPE": "Sixth form college"},
        {"NFTYPE": "PRU"},
    ],
    ids=str,
)
def test_only_state_funded_mainstream_schools_are_compared(four, school, cells):
    found = four(school(100005, P8MEA=-5, P8PUP=1000, **cells)).gap()
    assert (found["rest"], found["rest_schools"]) == (2, 2)


def test_a_blank_school_type_is_compared(four, school):
    found = four(school(100005, P8MEA=5, P8PUP=10, NFTYPE="")).gap()
    assert (found["rest"], found["rest_schools"]) == (3, 3)


@pytest.mark.parametrize("cells", [{"P8MEA": "SUPP"}, {"P8MEA": ""}, {"P8PUP": 0}], ids=str)
def test_a_school_without_a_figure_or_without_pupils_does_not_count(four, school, cells):
    found = four(school(100005, **({"P8MEA": 5, "P8PUP": 10} | cells))).gap()
    assert found["rest_schools"] == 2


def test_totals_of_the_file_are_no_schools(four, school):
    total = school("", RECTYPE=7, P8MEA=-5, P8PUP=500_000)
    assert four(total).gap()["rest"] == 2


def test_a_cell_on_five_partner_pupils_is_withheld_whole(project, school):
    rows = [school(100000 + n, P8MEA=n, P8PUP=pupils) for n, pupils in
            ((1, 2), (2, 3), (3, 100), (4, 100))]  # fmt: skip
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,", "100002,,2015-09-01,,")
    compared = project.compare()
    found = compared.gaps[compared.gaps["measure"] == "progress_8"].iloc[0]
    assert found["reason"].startswith("suppressed")
    withheld = found.drop(["key_stage", "measure", "group", "year", "reason"])
    assert withheld.isna().all()
    assert compared.lineage[compared.lineage["measure"] == "progress_8"].empty


def test_a_cell_on_five_pupils_of_the_rest_is_withheld_too(project, school):
    rows = [school(100001, P8MEA=1, P8PUP=100), school(100002, P8MEA=2, P8PUP=5)]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,")
    assert project.gap()["reason"].startswith("suppressed")


def test_a_cell_on_six_pupils_is_shown(project, school):
    rows = [school(100001, P8MEA=1, P8PUP=6), school(100002, P8MEA=2, P8PUP=6)]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,")
    assert project.gap()["gap"] == -1


def test_the_threshold_is_a_parameter(project, school):
    project.settings["disclosure"]["suppress_pupils_up_to"] = 10
    rows = [school(100001, P8MEA=1, P8PUP=10), school(100002, P8MEA=2, P8PUP=11)]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,")
    assert project.gap()["reason"].startswith("suppressed")


def test_each_group_has_its_own_column_and_pupils(project, school):
    def cells(value, pupils):
        return {"P8MEA": 0, "P8PUP": 99, "P8MEA_FSM6CLA1A": value,
                "P8PUP_FSM6CLA1A": pupils}  # fmt: skip

    project.download(
        KS4,
        [
            school(100001, **cells(1, 10)),
            school(100002, **cells(4, 20)),
            school(100003, **cells(0, 10)),
        ],
    )
    project.register("100001,,2015-09-01,,", "100002,,2015-09-01,,")
    found = project.gap(group="disadvantaged")
    assert (found["partners"], found["rest"]) == (3, 0)
    assert found["partner_pupils"] == 30


def test_a_member_of_another_year_stands_in_the_rest(four):
    project = four()
    project.register("100001,,2015-09-01,,", "100002,,2018-09-02,,")
    found = project.gap()
    assert (found["partner_schools"], found["rest_schools"]) == (1, 3)


def reason(project, **cell):
    return project.gap(**cell)["reason"]


def test_a_column_that_is_absent_gives_its_name(four):
    said = reason(four(), measure="english_maths_5")
    assert said == "not supplied: that year's files have no column PTL2BASICS_95"


def test_a_column_without_any_figure_says_so(four):
    said = reason(four(), measure="attainment_8")
    assert said == "not supplied: the column ATT8SCR holds no figure that year"


def test_a_key_stage_that_is_absent_says_so(four):
    said = reason(four(), measure="rwm_expected")
    assert said == "not supplied: no key stage 2 table of 2018/19 among the sources"


def test_a_year_that_is_absent_says_so(four):
    project = four()
    project.settings["years"] = {"first": 2018, "last": 2019}
    said = reason(project, year=2018)
    assert said == "not supplied: no key stage 4 table of 2017/18 among the sources"


def test_a_year_that_was_not_published_says_so(four):
    project = four()
    project.settings["years"] = {"first": 2019, "last": 2020}
    assert reason(project, year=2020).startswith("not published: ")


def test_a_programme_without_register_says_so(four):
    said = reason(four(), evaluation="growing-the-top")
    assert said.startswith("not supplied: ")
    assert "programme growing-the-top" in said


def test_a_year_without_members_says_so(four):
    project = four()
    project.register("100001,,2019-09-01,,")
    assert reason(project) == "no school was a member that year"


def test_members_that_stand_in_no_table_say_so(four, school):
    project = four()
    project.download(KS2, [school(100009, READPROG=1)])
    project.register("100009,,2015-09-01,,")
    assert reason(project) == "no member stands in that year's table"


def test_members_that_are_no_mainstream_schools_say_so(four, school):
    project = four(school(100009, P8MEA=1, P8PUP=10, RECTYPE=2))
    project.register("100009,,2015-09-01,,")
    said = "no member that year is a state-funded mainstream school"
    assert reason(project) == said


def test_members_without_a_figure_say_so(four, school):
    project = four(school(100009, P8MEA="SUPP", P8PUP=4))
    project.register("100009,,2015-09-01,,")
    assert reason(project) == "no member has a published figure that year"


def test_no_other_school_says_so(project, school):
    project.download(KS4, [school(100001, P8MEA=4, P8PUP=10)])
    project.register("100001,,2015-09-01,,")
    assert reason(project) == "no other school with a published figure"


def test_every_cell_asked_for_is_there_once(four):
    project = four()
    project.settings["years"] = {"first": 2016, "last": 2023}
    gaps = project.compare().gaps
    assert len(gaps) == (16 * 2 - 1) * 8  # measures, groups, years; one is of all only
    assert (gaps["gap"].isna() == gaps["reason"].notna()).all()


def test_the_departments_interval_uses_the_reference_figure(four):
    found = four().gap()
    half = 1.96 * 1.2828 * math.sqrt(1 / 20 + 1 / 20)
    assert found["dfe_high"] == pytest.approx(3 + half)
    assert found["dfe_said"].startswith("recovered: ")


def test_attainment_has_no_departments_interval(project, school):
    rows = [school(100000 + n, ATT8SCR=40 + n, TPUP=10) for n in range(1, 4)]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,")
    found = project.gap(measure="attainment_8")
    assert math.isnan(found["dfe_low"])
    assert found["dfe_said"] == "the department gives no interval for this measure"


def test_a_year_without_a_known_sd_says_so_and_is_never_guessed(project, school):
    project.settings["years"] = {"first": 2016, "last": 2016}
    rows = [school(100000 + n, READPROG=n, TELIG=10) for n in range(1, 4)]
    project.download("2015-2016/england_ks2final.csv", rows)
    project.register("100001,,2012-09-01,,")
    found = project.gap(measure="reading_progress", year=2016)
    assert math.isnan(found["dfe_low"])
    assert "no published national pupil SD of 2015/16" in found["dfe_said"]


def test_the_national_figure_is_recomputed_beside_the_published_one(four, school):
    special = school(100005, P8MEA=-1, P8PUP=10, RECTYPE=2, NFTYPE="CYS")
    private = school(100006, P8MEA=6, P8PUP=500, NFTYPE="IND")
    total = school("", RECTYPE=7, P8MEA=2.5, P8PUP=60)
    all_schools = school("", RECTYPE=5, P8MEA=7, P8PUP=99)
    national = four(special, private, all_schools, total).compare().national
    found = national[national["measure"] == "progress_8"].iloc[0]
    assert found["published"] == 2.5
    assert found["published_pupils"] == 60
    assert found["recomputed"] == pytest.approx((4 + 6 + 1 + 3 - 1) / 5)
    assert found["difference"] == pytest.approx(2.6 - 2.5)
    assert (found["schools"], found["pupils"]) == (5, 50)


def test_one_authoritys_schools_are_not_called_the_nation(project, school):
    rows = [school(100001, P8MEA=1, P8PUP=10), school(100002, P8MEA=2, P8PUP=10)]
    total = school("", RECTYPE=7, P8MEA=-0.03, P8PUP=500_000)
    project.download("2018-2019/850_ks4final.csv", [*rows, total])
    project.register("100001,,2015-09-01,,")
    found = project.compare().national.iloc[0]
    assert found["published"] == -0.03
    assert math.isnan(found["recomputed"])


def test_lineage_counts_the_rows_of_each_file(project, school):
    project.download(
        "2018-2019/850_ks4final.csv",
        [school(100001, P8MEA=1, P8PUP=10), school(100002, P8MEA=2, P8PUP=10)],
    )
    project.download("2018-2019/936_ks4final.csv", [school(100003, P8MEA=3, P8PUP=10)])
    project.register("100001,,2015-09-01,,")
    lineage = project.compare().lineage
    counted = lineage.set_index("file")[["partner_rows", "rest_rows"]]
    assert counted.to_numpy().tolist() == [[1, 1], [0, 1]]
    assert lineage["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_comparing_twice_writes_the_same_bytes(four):
    project = four()
    project.compare()
    places = [
        place("annual-impact")
        for place in (
            locations.estimates,
            locations.disadvantage,
            locations.spread,
            locations.national_check,
            locations.lineage,
        )
    ]
    first = [place.read_bytes() for place in places]
    project.compare()
    assert [place.read_bytes() for place in places] == first


def test_disadvantaged_pupils_are_withheld_where_the_others_are_one_to_five(
    project, school
):
    # 100 pupils less 97 disadvantaged: the figure of the three others could be had.
    about = {"P8MEA": 0.1, "P8PUP": 100, "P8MEA_FSM6CLA1A": 0.2}
    project.download(
        KS4,
        [
            school(100001, P8PUP_FSM6CLA1A=97, **about),
            school(100002, P8PUP_FSM6CLA1A=50, **about),
        ],
    )
    project.register("100001,,2015-09-01,,")
    gaps = project.compare().gaps.set_index(["measure", "group"])
    assert gaps.loc[("progress_8", "disadvantaged"), "reason"].startswith("suppressed")
    assert gaps.loc[("progress_8", "all"), "gap"] == pytest.approx(0.0)


def test_members_that_are_all_equal_show_nothing_of_how_schools_differ(project, school):
    rows = [
        school(100000 + n, P8MEA=0.3 if n < 3 else n / 10, P8PUP=90) for n in range(1, 9)
    ]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,", "100002,,2015-09-01,,")
    found = project.gap()
    assert math.isnan(found["low"])
    assert found["interval_reason"] == "no interval: all members have the same figure"


def test_the_interval_by_cr3_stands_beside_and_is_wider(four):
    found = four().gap()
    # Leaving out one of two schools moves the mean of its side by 1: 1 + 1, twice.
    assert found["cr3_standard_error"] == pytest.approx(2)
    half = stats.t.ppf(0.975, 2) * 2
    assert (found["cr3_low"], found["cr3_high"]) == pytest.approx((3 - half, 3 + half))


def test_four_schools_are_too_few_for_random_sets(four):
    found = four().gap()
    assert math.isnan(found["randomisation_p"])
    said = "schools of such regions and sizes make fewer than 40 sets"
    assert found["randomisation_reason"] == said


@pytest.fixture
def best_two_of_twelve(project, school):
    """Let the two best of twelve schools of one region and size be the members."""
    rows = [school(100000 + n, P8MEA=n / 10, P8PUP=100) for n in range(1, 13)]
    project.download(KS4, rows)
    project.register("100011,,2015-09-01,,", "100012,,2015-09-01,,")
    return project


def test_the_p_of_random_sets_is_how_often_one_lies_as_far_out(best_two_of_twelve):
    # One of 66 pairs of schools is the best two; twice that is 0.030.
    found = best_two_of_twelve.gap()
    assert found["randomisation_p"] == pytest.approx(2 / 66, abs=0.01)
    assert math.isnan(found["randomisation_reason"])


def test_the_number_of_random_sets_and_their_seed_are_parameters(best_two_of_twelve):
    project = best_two_of_twelve
    project.settings["comparison"]["draws"] = 9
    assert project.gap()["randomisation_p"] >= 2 / 10
    project.settings["comparison"] |= {"draws": 999, "seed": 1}
    first = project.gap()["randomisation_p"]
    project.settings["comparison"]["seed"] = 2
    assert project.gap()["randomisation_p"] != first
    project.settings["comparison"]["draws"] = 0
    said = "no random sets of schools were asked for"
    assert project.gap()["randomisation_reason"] == said


def test_a_cell_on_five_pupils_shows_nothing_beside_the_gap_either(project, school):
    rows = [school(100001, P8MEA=1, P8PUP=5), school(100002, P8MEA=2, P8PUP=100)]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,")
    found = project.gap()
    for name in ("cr3_low", "cr3_high", "randomisation_p", "randomisation_reason"):
        assert found[name] is None or math.isnan(found[name])
