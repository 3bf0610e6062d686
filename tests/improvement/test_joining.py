"""What a change at joining could be told from."""

import numpy as np
import pytest

from pipeline.improvement.event_study import study_joining
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.joining import DATES, PLANNED, add_what_joining_could_show
from tests.improvement.made_panel import made_panel, rows


def asked(panel):
    found = Findings(panel)
    add_what_joining_could_show(found, study_joining(found))
    return as_promised([found])


def test_a_plan_does_not_look_at_what_members_did():
    still, moved = (
        rows(asked(made_panel({2018: 20}, jump=jump)), "few schools", PLANNED).iloc[0]
        for jump in (0.0, 3.0)
    )
    assert still["estimate"] == pytest.approx(moved["estimate"])
    assert still["partner_schools"] == 20


def test_four_times_the_joiners_show_half_the_change():
    few, many = (
        rows(asked(made_panel({2018: n}, others=4_000)), "few schools", PLANNED).iloc[0]
        for n in (25, 100)
    )
    assert few["estimate"] / many["estimate"] == pytest.approx(2, rel=0.08)


def test_joiners_of_one_hub_cannot_be_planned_for():
    found = rows(asked(made_panel({2018: 20, 2010: 9}, hubs=1)), "few schools", PLANNED)
    assert found["status"].item() == "not possible"
    assert "fewer than two clusters" in found["said"].item()


def test_a_jump_at_each_schools_own_date_is_in_no_other_order():
    found = asked(made_panel({2017: 10, 2019: 10}, jump=1.0))
    dates = rows(found, "few schools", DATES).iloc[0]
    assert dates["p_value"] == pytest.approx(2 / 1000)
    # Below the gate a p is shown and never the change itself.
    assert np.isnan(dates["estimate"])


def test_of_two_joiners_all_orders_are_taken():
    dates = rows(asked(made_panel({2017: 1, 2018: 1})), "few schools", DATES).iloc[0]
    assert "2 orders of joining, all that there are" in dates["said"]
    assert dates["p_value"] == 1.0


def test_joiners_of_one_year_have_no_other_order():
    dates = rows(asked(made_panel({2018: 20})), "few schools", DATES).iloc[0]
    assert dates["said"].startswith("no two joiners")
