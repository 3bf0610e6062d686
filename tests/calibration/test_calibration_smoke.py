"""The calibration runs, and its words follow its figures."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest

from pipeline.england.planted import WORLDS
from pipeline.improvement.findings import Findings
from pipeline.improvement.matched import CHANGE, add_matched
from tests.calibration import page
from tests.calibration.__main__ import _batches as batches
from tests.calibration.changes import matched
from tests.calibration.few_schools import FEWEST, MOST, with_few_members
from tests.calibration.methods import EVERY, METHODS, of_seeds
from tests.calibration.panels import draw, laid_out

WORLD = "no-effect"
PANELS = (0,)
NO_SETS = pd.DataFrame()


@dataclass(frozen=True)
class Calibrated:
    rows: pd.DataFrame
    told: pd.DataFrame


@pytest.fixture(scope="module")
def calibrated():
    # Fewer schools have too few members for the gate.
    rows = pd.DataFrame(of_seeds(WORLD, PANELS, 1000))
    return Calibrated(rows, page.summary(rows))


@pytest.mark.parametrize(
    "method",
    [
        "gap to the rest",
        "gap to the rest, department's convention",
        "growth",
        "starting point, each fifth",
        "starting point, ahead in every fifth",
        "event study",
        "matched comparison",
        "few schools: growth, wild bootstrap",
        "few schools: growth, schools exchanged",
        "drift of at most 1 times that before",
        "a straight drift taken out",
        "placebo: joined a year earlier",
        "placebo: schools that never joined",
    ],
)
def test_the_method_is_calibrated(calibrated, method):
    assert method in set(calibrated.told["method"])


def test_every_method_names_worlds_that_there_are():
    assert {world for each in METHODS for world in each.worlds} <= set(EVERY) == set(WORLDS)


def test_intervals_hold_their_own_estimates(calibrated):
    said = calibrated.rows.dropna(subset=["estimate", "low", "high"])
    assert len(said) > 10
    assert (said["low"] <= said["estimate"]).all()
    assert (said["estimate"] <= said["high"]).all()


def test_the_same_seed_draws_the_same_panel():
    one, two = (draw(WORLD, 3, schools=60).frame for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.duplicated(["school", "year"]).any()
    assert (one["effect"] == 0).all()


def test_what_is_calibrated_is_what_the_stage_says():
    drawn = draw(WORLD, 0, schools=1000)
    found = Findings(laid_out(drawn.frame))
    add_matched(found, drawn.joined)
    (of_stage,) = [row for row in found.rows if row["quantity"] == CHANGE]
    (said,) = matched(drawn)
    assert (said.estimate, said.low, said.high) == (
        of_stage["estimate"],
        of_stage["low"],
        of_stage["high"],
    )


def test_a_small_partnership_has_ten_to_twenty_schools_of_few_hubs():
    drawn = draw(WORLD, 5, schools=1000)
    few = with_few_members(drawn).drop_duplicates("school")
    own = few[few["ever_member"]]
    assert FEWEST <= len(own) <= MOST
    assert own["cluster"].nunique() < 10
    every = drawn.frame.drop_duplicates("school")
    assert (~few["ever_member"]).sum() == (~every["ever_member"]).sum()


def rows(*intervals, method="growth", **columns):
    """Panels of a made-up world whose truth is nil."""
    made = [
        {"estimate": (low + high) / 2, "low": low, "high": high, "seed": seed}
        for seed, (low, high) in enumerate(intervals)
    ]
    return pd.DataFrame(made).assign(world="nothing", method=method, truth=0.0, **columns)


def test_coverage_and_size_are_shares_of_the_panels():
    # Two of four hold zero; the others leave it out on either side.
    (told,) = page.summary(rows((-1, 1), (0, 2), (1, 3), (-3, -1))).to_dict("records")
    assert (told["coverage"], told["finds"], told["panels"]) == (0.5, 0.5, 4)
    assert told["bias"] == 0.25  # (0 + 1 + 2 - 2) / 4


def test_a_refused_panel_is_no_panel_and_is_counted():
    found = pd.concat([rows((-1, 1)), rows((1, 2)).assign(refused="too few")])
    (told,) = page.summary(found).to_dict("records")
    assert (told["panels"], told["coverage"]) == (1, 1.0)
    (refused,) = page.refusals(found).to_dict("records")
    assert (refused["panels"], refused["reason"]) == (1, "too few")


def test_a_test_without_an_interval_has_a_size_and_no_coverage():
    tests = rows(*[(np.nan, np.nan)] * 4, finds=[True, False, False, False])
    (told,) = page.summary(tests.assign(estimate=1.0)).to_dict("records")
    assert told["finds"] == 0.25
    assert np.isnan(told["coverage"])


NO_INTERVAL = {"coverage": np.nan, "bias": 0.0, "truth": 0.0, "spread": 1.0}


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"coverage": 0.929}, "**fails**"),
        ({"coverage": 0.93}, "keeps"),
        ({"coverage": 0.97}, "keeps"),
        ({"coverage": 0.971}, "wide"),
        (NO_INTERVAL | {"finds": 0.1}, "**fails**"),
        (NO_INTERVAL | {"finds": 0.05}, "keeps"),
        (NO_INTERVAL | {"finds": 0.01}, "wide"),
        # Its power is no promise, nor has an estimate without a test one.
        (NO_INTERVAL | {"finds": 0.1, "truth": 0.2}, ""),
        (NO_INTERVAL | {"finds": np.nan}, ""),
        # A verdict has no estimate and is no test at 5%.
        (NO_INTERVAL | {"finds": 0.0, "bias": np.nan}, ""),
    ],
)
def test_the_verdict_follows_the_figures(row, word):
    assert page.verdict(row) == word


def test_the_words_name_the_worlds_in_which_a_method_fails_and_no_other():
    world = partial(dict, method="growth", bias=0.0, truth=0.0, finds=0.05)
    told = [
        world(world="good", coverage=0.95),
        world(world="bad", coverage=0.5),
        world(world="worse", coverage=0.4),
    ]
    (said,) = page.in_words(pd.DataFrame(told))
    assert said == (
        "- **growth** fails in bad, worse (coverage 40.0% to 50.0%); keeps in the others "
        "(coverage 95.0%)."
    )
    (said,) = page.in_words(pd.DataFrame(told[:1]))
    assert said == "- **growth** keeps in good (coverage 95.0%)."
    (said,) = page.in_words(pd.DataFrame([told[0], world(world="fair", coverage=0.96)]))
    assert said == "- **growth** keeps in all 2 worlds tried (coverage 95.0% to 96.0%)."


def test_the_page_has_each_world_its_lesson_and_no_real_sets_where_none_ran(
    calibrated, tmp_path, monkeypatch
):
    monkeypatch.setattr(page, "METHODS", tmp_path)
    refused = page.refusals(calibrated.rows)
    page.write(calibrated.told, NO_SETS, refused, panels=1, schools=1000)
    text = (tmp_path / "calibration.md").read_text(encoding="utf-8")
    assert f"## {WORLD}" in text
    assert WORLDS[WORLD].lesson in text
    assert "Not run: no downloads of all England were at hand." in text
    assert "| nan" not in text
    back = pd.read_csv(tmp_path / "calibration.csv")
    assert back["method"].tolist() == calibrated.told["method"].tolist()
    assert (tmp_path / "calibration.svg").read_text(encoding="utf-8").startswith("<svg")


def test_batches_hold_every_panel_once():
    assert sorted(seed for batch in batches(45) for seed in batch) == list(range(45))
