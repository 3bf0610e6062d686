"""How far schools without a later result could change the difference in change."""

from dataclasses import replace

import pytest

from pipeline.improvement.findings import Findings, as_promised
from pipeline.robustness.attrition import (
    COVERED,
    LOST,
    TRIMMED,
    WORST,
    add_attrition,
    changes_and_gaps,
)
from tests.improvement.made_panel import made_panel, rows


def asked(panel):
    found = Findings(panel)
    add_attrition(found)
    return as_promised([found])


def without(panel, keys):
    frame = panel.frame
    gone = frame["school_key"].isin(keys) & (frame["year"] == 2019)
    return replace(panel, frame=frame[~gone])


def test_where_no_school_goes_there_is_nothing_to_trim():
    found = asked(made_panel({2016: 20}, rise=0.1))
    bounds = rows(found, "attrition", TRIMMED).iloc[0]
    assert bounds["low"] == bounds["estimate"] == bounds["high"]
    assert bounds["said"] == "both sides kept the same share: nothing is trimmed"
    assert rows(found, "attrition", LOST)["estimate"].tolist() == [0, 0]


def test_a_quarter_of_the_others_gone_trims_a_quarter_of_the_members():
    others = [f"{100021 + n}" for n in range(20)]
    found = asked(without(made_panel({2016: 20}, others=80, rise=0.1), others))
    lost = rows(found, "attrition", LOST).set_index("at")
    assert lost["estimate"].to_dict() == {"members": 0.0, "others": 0.25}
    assert lost.loc["others", "said"].startswith("20 of 80 have closed")
    bounds = rows(found, "attrition", TRIMMED).iloc[0]
    assert bounds["said"].startswith("25.0% of the members' results trimmed")
    covered, worst = (rows(found, "attrition", q).iloc[0] for q in (COVERED, WORST))
    assert covered["low"] < bounds["low"] < bounds["estimate"] < bounds["high"]
    assert bounds["high"] < covered["high"]
    assert worst["low"] < bounds["estimate"] < worst["high"]


def test_schools_that_came_later_have_no_change_to_lose():
    panel = made_panel({2016: 20})
    frame = panel.frame
    late = (frame["school_key"] == "100001") & (frame["year"] == 2016)
    table = changes_and_gaps(frame[~late], 2016, 2019)
    assert len(table) == 99
    assert table["change"].notna().all()


def test_five_members_with_both_results_are_named_and_not_shown():
    few = rows(asked(made_panel({2016: 5})), "attrition").iloc[0]
    assert few["status"] == "not possible"
    assert few["said"] == "5 members have results in both 2016 and 2019; needed: 6"


def test_one_year_has_no_change():
    found = asked(made_panel({2016: 20}, years=(2016,)))
    assert found["said"].item() == "results of fewer than two years"


def test_the_order_of_rows_does_not_matter():
    panel = without(made_panel({2016: 20}, hubs=4), ["100030", "100031"])
    shuffled = replace(panel, frame=panel.frame.sample(frac=1, random_state=1))
    assert asked(panel)["low"].tolist() == pytest.approx(
        asked(shuffled)["low"].tolist(), nan_ok=True
    )
