import itertools

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.run import locations
from pipeline.run.faults import Fault
from pipeline.schools import follow as following
from pipeline.schools.follow import (
    ANALYSED,
    BLANK_TYPE,
    IN_FILES,
    IN_POPULATION,
    LISTED,
    MATCHED,
    MEMBER,
    OPEN,
    OUTCOME,
    SHOWN,
    STEPS,
)

KS4 = "2018-2019/england_ks4final.csv"


def flow_of(followed, side="partners", measure="progress_8", group="all"):
    table = followed.flow
    return table[
        (table["side"] == side) & (table["measure"] == measure) & (table["group"] == group)
    ]


def remaining(flow):
    left = flow[flow["reason"].isna() & (flow["step"] != BLANK_TYPE)]
    return left.set_index("step")["schools"].to_dict()


def lost(flow):
    return flow.dropna(subset="reason").set_index("reason")["schools"].to_dict()


def test_each_loss_has_its_reason(project, school):
    project.download(
        KS4,
        [
            school(100001, P8MEA=0.1, P8PUP=90),
            school(100002, P8MEA="SUPP", P8PUP=4),
            school(100003, P8MEA=0.3, P8PUP=80, NFTYPE="IND"),
            school(100004, P8MEA=0.4, P8PUP=0),
            school(100009, P8MEA=0.0, P8PUP=100),
        ],
    )
    project.download("2018-2019/england_ks2final.csv", [school(100006, READPROG=1)])
    project.register(
        "100001,,2015-09-01,,",
        "100002,,2015-09-01,,",
        "100003,,2015-09-01,,",
        "100004,,2015-09-01,,",
        "100005,,2019-01-01,,",
        "100006,,2015-09-01,,",
        "100007,,2015-09-01,,",
    )
    flow = flow_of(project.follow())
    assert remaining(flow) == {
        LISTED: 7,
        MEMBER: 6,
        MATCHED: 5,
        IN_FILES: 4,
        IN_POPULATION: 3,
        OUTCOME: 3,
        SHOWN: 2,
        ANALYSED: 1,
    }
    assert lost(flow) == {
        "not a member that year": 1,
        "no KS4 pupils: in other key stages only": 1,
        "number in none of these files": 1,
        "independent or non-maintained": 1,
        "suppressed: few pupils, or to protect such a figure": 1,
        "number of pupils not published": 1,
    }


def test_the_rest_begins_in_the_table_and_holds_no_member(project, school):
    project.download(KS4, [school(100000 + n, P8MEA=0.1, P8PUP=90) for n in range(1, 6)])
    project.register("100001,,2015-09-01,,")
    assert remaining(flow_of(project.follow(), side="rest")) == {
        IN_FILES: 4,
        IN_POPULATION: 4,
        OUTCOME: 4,
        SHOWN: 4,
        ANALYSED: 4,
    }


def test_a_school_that_is_listed_and_no_member_yet_stands_in_the_rest(project, school):
    rows = [school(100001, P8MEA=0.1, P8PUP=90), school(100002, P8MEA=0.1, P8PUP=90)]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,", "100002,,2020-09-01,,")
    followed = project.follow()
    assert remaining(flow_of(followed))[ANALYSED] == 1
    assert remaining(flow_of(followed, side="rest"))[ANALYSED] == 1


def test_a_school_absent_from_the_files_is_counted_and_no_error(project, school):
    project.download(KS4, [school(100001, P8MEA=0.1, P8PUP=90)])
    project.register("100001,,2015-09-01,,", "999999,,2015-09-01,,")
    followed = project.follow()
    assert followed.summary["not_in_these_files"] == 1
    assert lost(flow_of(followed)) == {"number in none of these files": 1}


def test_a_register_without_any_match_stops_the_run(project, school):
    project.download(KS4, [school(100001, P8MEA=0.1)])
    project.register("999998,,2015-09-01,,", "999999,,2015-09-01,,")
    with pytest.raises(Fault, match="none of its 2 schools stands in the files"):
        project.follow()


def test_the_register_of_schools_tells_the_closed_from_the_unknown(project, school):
    project.download(KS4, [school(100001, P8MEA=0.1, P8PUP=90), school(100005, P8MEA=0)])
    project.know(
        "establishments",
        {"urn": "100001"},
        {"urn": "100002", "closed": "2017-08-31"},
        {"urn": "100003", "opened": "2010-09-01"},
    )
    project.register(*(f"10000{n},,2015-09-01,," for n in (1, 2, 3, 4)))
    flow = flow_of(project.follow())
    assert lost(flow) == {
        "number in none of these files": 1,
        "closed, or not open yet": 1,
        "open, in no table of the files supplied": 1,
    }
    assert (remaining(flow)[MATCHED], remaining(flow)[OPEN]) == (3, 2)


def test_the_rest_begins_with_the_open_schools_of_that_age(project, school):
    project.download(KS4, [school(100001, P8MEA=0.1, P8PUP=90), school(100002, P8MEA=0)])
    secondary = {"lowest_age": 11, "highest_age": 16}
    private = {"school_type": "Other independent school"}
    project.know(
        "establishments",
        {"urn": "100001"} | secondary,
        {"urn": "100002"} | secondary,
        {"urn": "100003"} | secondary,
        {"urn": "100004"} | secondary | private,
        {"urn": "100005", "lowest_age": 3, "highest_age": 11},
        {"urn": "100006", "closed": "2017-08-31"} | secondary,
    )
    project.register("100001,,2015-09-01,,")
    flow = flow_of(project.follow(), side="rest")
    assert remaining(flow)[OPEN] == 3
    assert remaining(flow)[IN_FILES] == 1
    assert lost(flow)["independent, not in the table"] == 1
    assert lost(flow)["not in the table"] == 1


def test_a_member_that_converted_is_followed_to_its_new_number(project, school):
    project.download(KS4, [school(100002, P8MEA=0.1, P8PUP=90), school(100009, P8MEA=0)])
    project.know(
        "lineage",
        {"urn": "100001", "school_key": "100001", "kind": "first of its chain"},
        {"urn": "100002", "school_key": "100001", "linked_urn": "100001"},
    )
    project.register("100001,,2015-09-01,,")
    assert remaining(flow_of(project.follow()))[ANALYSED] == 1


def test_a_school_under_two_numbers_in_one_table_is_one_school(project, school):
    rows = [school(100001, P8MEA="NE"), school(100002, P8MEA=0.1, P8PUP=90)]
    project.download(KS4, [*rows, school(100009, P8MEA=0.2, P8PUP=90)])
    project.know(
        "lineage",
        {"urn": "100001", "school_key": "100001", "kind": "first of its chain"},
        {"urn": "100002", "school_key": "100001", "linked_urn": "100001"},
    )
    project.register("100001,,2015-09-01,,")
    followed = project.follow()
    assert remaining(flow_of(followed))[IN_FILES] == 1
    assert remaining(flow_of(followed))[ANALYSED] == 1


def test_a_school_with_a_blank_type_is_kept_and_counted(project, school):
    blank = school(100001, P8MEA=0.1, P8PUP=90, NFTYPE="")
    project.download(KS4, [blank, school(100002, P8MEA=0.1, P8PUP=90)])
    project.register("100001,,2015-09-01,,")
    flow = flow_of(project.follow())
    assert remaining(flow)[ANALYSED] == 1
    assert flow.loc[flow["step"] == BLANK_TYPE, "schools"].tolist() == [1]


def test_a_school_of_another_years_table_says_so(project, school):
    project.settings["years"]["first"] = 2018
    project.download("2017-2018/england_ks4final.csv", [school(100001, P8MEA=0.1)])
    project.download(KS4, [school(100002, P8MEA=0.1, P8PUP=90)])
    project.register("100001,,2015-09-01,,")
    followed = project.follow()
    flow = flow_of(followed)
    assert lost(flow[flow["year"] == 2019]) == {"in the tables of other years only": 1}


def test_a_school_whose_file_lacks_the_column_is_lost_with_a_reason(project, school):
    project.download("2018-2019/850_ks4final.csv", [school(100001, P8MEA=0.1, P8PUP=90)])
    project.download("2018-2019/936_ks4final.csv", [school(100002, ATT8SCR=50, TPUP=90)])
    project.register("100001,,2015-09-01,,", "100002,,2015-09-01,,")
    flow = flow_of(project.follow())
    assert remaining(flow)[OUTCOME] == 1
    assert lost(flow) == {"its file has no such column": 1}


def test_an_optional_programme_without_register_is_not_supplied(project, school):
    project.download(KS4, [school(100001, P8MEA=0.1)])
    project.register("100001,,2015-09-01,,")
    followed = project.follow("growing-the-top")
    assert followed.members.empty
    assert followed.summary["supplied"] is False
    assert followed.summary["reason"].startswith("not supplied: ")
    assert following.read_summary("growing-the-top") == followed.summary


def test_the_summary_says_how_many_schools_and_hubs_there_are(project, school):
    project.download(KS4, [school(100001, P8MEA=0.1)])
    project.register(
        "100001,,2012-09-01,2014-08-31,A", "100001,,2015-09-01,,B", "100002,,2015-09-01,,B"
    )
    summary = project.follow().summary
    assert (summary["spells"], summary["schools"], summary["hubs"]) == (3, 2, 2)
    assert summary["in_key_stage"] == {"ks2": 0, "ks4": 1, "ks5": 0}
    assert summary["register_is_synthetic"] is False


def test_following_without_any_cleaned_table_says_not_nothing(project, school):
    project.download("2018-2019/england_ks2final.csv", [school(100001, READPROG=1)])
    project.register("100001,,2015-09-01,,")
    followed = project.follow()
    assert set(followed.flow["key_stage"]) == {"ks2"}
    assert locations.flow("annual-impact").is_file()


fates = st.lists(
    st.tuples(
        st.sampled_from(["member", "not yet", "not listed"]),
        st.sampled_from(["in table", "not in table"]),
        st.sampled_from(["ACC", "", "IND", "CYS"]),
        st.sampled_from(["0.1", "SUPP", "", "NA"]),
        st.sampled_from(["", "0", "50"]),
    ),
    min_size=5,
    max_size=30,
)


@given(fates)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_school_is_lost_without_a_reason(project, school, fates):
    rows = [school(100000, P8MEA=0, P8PUP=10)]
    listed = ["100000,,2015-09-01,,"]
    for number, (membership, place, kind, value, pupils) in enumerate(fates, 100001):
        if place == "in table":
            record = 2 if kind == "CYS" else 1
            cells = {"P8MEA": value, "P8PUP": pupils, "NFTYPE": kind, "RECTYPE": record}
            rows.append(school(number, **cells))
        if membership != "not listed":
            joined = "2015-09-01" if membership == "member" else "2025-09-01"
            listed.append(f"{number},,{joined},,")
    project.download(KS4, rows)
    project.register(*listed)
    followed = project.follow()
    for side in ("partners", "rest"):
        flow = flow_of(followed, side=side)
        left = remaining(flow)
        losses = flow.dropna(subset="reason").groupby("step")["schools"].sum()
        steps = [step for step in STEPS if step in left]
        for before, after in itertools.pairwise(steps):
            assert left[before] == left[after] + losses.get(after, 0)
    partners = flow_of(followed)
    assert remaining(partners)[LISTED] == len(listed)
    in_table = (
        remaining(partners)[IN_FILES] + remaining(flow_of(followed, "rest"))[IN_FILES]
    )
    assert in_table == len(rows)


def test_members_by_year_are_counted_with_their_hubs(project, school):
    project.download(KS4, [school(100001, P8MEA=0.1)])
    project.register("100001,,2015-09-01,,A", "100002,,2015-09-01,,A")
    counted = following.members_by_year(project.follow())
    assert counted.loc[2019].to_dict() == {
        "schools": 2,
        "hubs": 1,
        "trusts": 0,
        "mean_years_of_membership": 4,
    }
    assert isinstance(counted, pd.DataFrame)


def test_the_flow_is_shown_in_the_order_of_its_steps_and_blank_without_a_table(
    project, school
):
    project.settings["years"] = {"first": 2018, "last": 2019}
    project.download(
        "2018-2019/england_ks4final.csv", [school(100001, P8MEA=1), school(100002, P8MEA=1)]
    )
    project.register("100001,,2015-09-01,,", "100003,,2015-09-01,,")
    shown = following.partner_flow(project.follow())
    steps = shown.loc["ks4"].index.tolist()
    assert steps.index("listed in the register") < steps.index(
        "lost: number in none of these files"
    )
    assert steps.index("lost: number in none of these files") < steps.index(
        "in that year's table"
    )
    assert steps[-1] == "analysed"
    assert shown.columns.tolist() == [2019]
    assert shown.loc[("ks4", "lost: number in none of these files"), 2019] == 1


def test_without_members_no_flow_is_shown(project, school):
    project.download("2018-2019/england_ks4final.csv", [school(100001)])
    project.register("100001,,2015-09-01,,")
    assert following.partner_flow(project.follow("growing-the-top")).empty
