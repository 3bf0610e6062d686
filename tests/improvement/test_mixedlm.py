"""What is said of the growth of a registered primary where statsmodels is asked too."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.improvement import growth, mixedlm
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.growth import SLOPE
from pipeline.improvement.mixedlm import CHECK
from tests.improvement.made_panel import made_panel, rows


def asked(panel):
    found = Findings(panel)
    slope = growth.add_growth(found)
    mixedlm.add_mixedlm_check(found, slope)
    return as_promised([found])


@pytest.fixture
def sloped():
    """Schools whose own yearly rises differ, so that no variance is at its bound."""
    panel = made_panel({2016: 20}, others=60)
    random = np.random.Generator(np.random.PCG64(3))
    own = dict(
        zip(panel.frame["school_key"].unique(), random.normal(0, 0.2, 80), strict=True)
    )
    rise = panel.frame["school_key"].map(own) * (panel.frame["year"] - 2016)
    return replace(panel, frame=panel.frame.assign(outcome=panel.frame["outcome"] + rise))


def test_statsmodels_finds_the_same_rise_by_two_optimisers(sloped):
    found = asked(sloped)
    check = rows(found, "growth", CHECK).iloc[0]
    assert check["status"] == "diagnostic"
    ours = rows(found, "growth", SLOPE)["estimate"].item()
    assert check["estimate"] == pytest.approx(ours, abs=1e-4)
    assert check["said"].endswith(
        "two agree with one another and with our fit to 0.001 in the criterion"
    )
    assert check["partner_schools"] == 20


def test_of_another_outcome_it_is_not_asked_and_that_is_said(sloped):
    check = rows(asked(replace(sloped, group="disadvantaged")), "growth", CHECK).iloc[0]
    assert check["status"] == "not possible"
    assert check["said"].startswith("asked of the registered primary of each phase alone")


def test_a_variance_at_its_bound_is_said_of_the_estimate_and_of_what_rests_on_it():
    # Up, down, down, up has neither level nor rise: schools differ in them less than
    # luck alone would have them.
    panel = made_panel({2016: 20}, others=60)
    random = np.random.Generator(np.random.PCG64(2))
    swing = np.outer(random.normal(0, 1, 80), [1, -1, -1, 1]).ravel()
    noise = random.normal(0, 0.3, len(swing))
    found = asked(replace(panel, frame=panel.frame.assign(outcome=swing + noise)))
    assert "BOUNDARY" in rows(found, "growth", SLOPE)["said"].item()
    independent = rows(found, "growth", "difference in yearly rise, schools independent")
    assert "BOUNDARY" in independent["said"].item()
    check = rows(found, "growth", CHECK).iloc[0]
    assert "NOT CONFIRMED" in check["said"]
    assert check["said"].endswith("a variance lies at its bound")


def test_a_fit_that_missed_its_optimum_is_no_finding_and_the_other_ways_stand(
    sloped, monkeypatch
):
    right = growth.partner_slope
    monkeypatch.setattr(
        growth, "partner_slope", lambda *a, **k: replace(right(*a, **k), at_optimum=False)
    )
    found = Findings(sloped)
    assert growth.add_growth(found) is not None
    table = as_promised([found])
    slope = rows(table, "growth", SLOPE).iloc[0]
    assert slope["status"] == "not possible"
    assert np.isnan(slope["estimate"])
    assert slope["said"].startswith("NO OPTIMUM")
    others = table[table["quantity"] != SLOPE]["quantity"].tolist()
    assert others == [
        "difference in yearly rise, school and year effects",
        "difference in yearly rise, slopes as outcomes",
    ]
