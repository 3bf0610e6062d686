"""What few members can show of their growth, and what they cannot."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.improvement import growth
from pipeline.improvement.few_schools import (
    DETECTABLE_RISE,
    EXCHANGED,
    RISE_OVER_ALL,
    WILD,
    add_few_schools,
)
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.growth import SLOPE
from pipeline.improvement.panel import SCHOOL_SD
from tests.improvement.made_panel import made_panel, rows

EITHER, LOWER = "within 0.05 either way", "no lower than 0.05 below"


def asked(panel):
    found = Findings(panel)
    slope = growth.add_growth(found)
    add_few_schools(found, slope)
    return as_promised([found])


def of(found, quantity):
    return rows(found, "few schools", quantity).iloc[0]


@pytest.fixture(scope="module")
def four_hubs():
    """Forty members in four hubs that gain a fifth of an SD each year."""
    return asked(made_panel({2016: 40}, hubs=4, rise=0.2, others=120))


def test_four_hubs_have_a_bootstrap_p_beside_the_clustered_one(four_hubs):
    wild = of(four_hubs, WILD)
    checked = rows(
        four_hubs, "growth", "difference in yearly rise, school and year effects"
    )
    assert wild["estimate"] == pytest.approx(checked["estimate"].item(), abs=1e-9)
    assert wild["p_value"] > rows(four_hubs, "growth", SLOPE)["p_value"].item()
    assert wild["said"].startswith("school and year effects; members in 4 of 124 groups")


def test_forty_groups_of_members_need_no_bootstrap():
    found = asked(made_panel({2016: 40}))
    assert rows(found, "few schools", WILD).empty
    assert not rows(asked(made_panel({2016: 39})), "few schools", WILD).empty


def test_no_exchange_of_members_rises_as_these_do(four_hubs):
    drawn = of(four_hubs, EXCHANGED)
    assert drawn["p_value"] == pytest.approx(2 / 1000)
    assert drawn["estimate"] == pytest.approx(0.2, abs=0.03)


def test_where_nobody_rises_members_are_as_any_others():
    drawn = of(asked(made_panel({2016: 40}, others=120)), EXCHANGED)
    assert drawn["p_value"] > 0.05
    low, high = map(float, drawn["said"].split("lie between ")[1].split(" and "))
    assert low < 0 < high


def test_members_chosen_low_rise_no_more_than_others_that_were_low():
    panel = made_panel({2016: 40}, others=160, noise=0.6)
    frame = panel.frame
    first = frame[frame["year"] == 2016].sort_values("outcome")
    low = frame["school_key"].isin(first["school_key"].iloc[:60:2])
    chosen = frame.assign(ever_member=low, cohort=np.where(low, 2016, 0))
    found = asked(replace(panel, frame=chosen))
    assert rows(found, "growth", SLOPE)["low"].item() > 0
    assert of(found, EXCHANGED)["p_value"] > 0.05


def test_the_detectable_rise_is_2_8_errors_where_groups_are_many():
    found = asked(made_panel({2016: 100}, others=300))
    error = rows(found, "growth", SLOPE)["standard_error"].item()
    # 1.96 and 0.84 of a normal distribution; a little more of a t.
    assert of(found, DETECTABLE_RISE)["estimate"] == pytest.approx(2.83 * error, rel=0.02)


def test_a_rise_of_a_fifth_a_year_is_not_small_but_no_lower(four_hubs):
    margin = rows(four_hubs, "few schools", RISE_OVER_ALL).set_index("at")
    slope = rows(four_hubs, "growth", SLOPE)["estimate"].item()
    assert margin.loc[EITHER, "estimate"] == pytest.approx(3 * slope)  # 2016 to 2019.
    assert margin["said"].str.split(" at").str[0].to_dict() == {
        EITHER: "not shown",
        LOWER: "shown",
    }


def test_no_difference_among_many_even_schools_is_shown_to_be_small():
    found = asked(made_panel({2016: 200}, others=400, noise=0.05))
    margin = rows(found, "few schools", RISE_OVER_ALL)
    assert margin["said"].str.startswith("shown").all()
    assert (margin["low"] > -0.05).all()
    assert (margin["high"] < 0.05).all()


def test_without_an_sd_of_pupils_there_is_no_margin():
    found = asked(replace(made_panel({2016: 40}), unit=SCHOOL_SD))
    margin = rows(found, "few schools", RISE_OVER_ALL)
    assert set(margin["status"]) == {"not possible"}
    assert margin["said"].str.startswith("the margin is in SDs of pupils").all()


def test_the_order_of_rows_changes_no_draw():
    panel = made_panel({2016: 30}, hubs=5)
    shuffled = replace(panel, frame=panel.frame.sample(frac=1, random_state=2))
    for quantity in (WILD, EXCHANGED):
        one, two = (of(asked(each), quantity)["p_value"] for each in (panel, shuffled))
        assert one == two
