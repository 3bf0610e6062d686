"""Whether members changed, or others came: parts that add up to the change of the gap."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.improvement.composition import CHANGE_OF_GAP, PART, add_composition
from pipeline.improvement.findings import Findings, as_promised
from tests.improvement.made_panel import made_panel, rows


def asked(panel):
    found = Findings(panel)
    add_composition(found)
    return as_promised([found])


def parts(found):
    return rows(found, "composition", PART).set_index("at")["estimate"]


def even(panel, level):
    """Give every school a hundred pupils and the level that its cohort and year have."""
    frame = panel.frame
    known = [level(c, y) for c, y in zip(frame["cohort"], frame["year"], strict=True)]
    return replace(panel, frame=frame.assign(pupils=100.0, outcome=known))


def test_members_that_all_rise_are_change_of_those_that_stayed():
    panel = even(made_panel({2016: 10}), lambda c, y: 0.1 * (y - 2016) * (c > 0))
    found = asked(panel)
    assert rows(found, "composition", CHANGE_OF_GAP)["estimate"].item() == pytest.approx(
        0.3
    )
    assert parts(found).to_dict() == pytest.approx(
        {
            "schools that stayed": 0.3,
            "pupils that moved between them": 0.0,
            "schools that came": 0.0,
            "schools that went": 0.0,
        }
    )


def test_high_schools_that_join_lift_the_mean_though_no_school_changed():
    # Ten members at 0 are joined by ten at 1: half of the pupils, one above the others.
    panel = even(made_panel({2016: 10, 2018: 10}, others=80), lambda c, _: float(c == 2018))
    found = asked(panel)
    split = parts(found)
    assert split["schools that stayed"] == pytest.approx(0)
    # Of the members +1/2; the rest lose ten of ninety at 1 and so fall by 1/9.
    assert split["schools that came"] == pytest.approx(0.5)
    assert split["schools that went"] == pytest.approx(1 / 9)
    said = rows(found, "composition", CHANGE_OF_GAP)["said"].item()
    assert "members: 10 came with 50% of the pupils, 0 went with 0%" in said
    assert "others: 0 came with 0% of the pupils, 10 went with 11%" in said


def test_the_parts_add_up_to_the_change():
    found = asked(made_panel({2016: 10, 2018: 10}, jump=0.3))
    whole = rows(found, "composition", CHANGE_OF_GAP)["estimate"].item()
    assert parts(found).sum() == pytest.approx(whole, abs=1e-9)


def test_five_members_that_stayed_are_named_and_not_shown():
    few = rows(asked(made_panel({2016: 5})), "composition").iloc[0]
    assert few["status"] == "not possible"
    assert few["said"] == (
        "5 schools were members with results in both 2016 and 2019; needed: 6"
    )
    assert np.isnan(few["estimate"])


def test_one_year_has_no_change():
    found = asked(made_panel({2016: 10}, years=(2016,)))
    assert found["said"].item() == "results of fewer than two years"
