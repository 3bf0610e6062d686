"""The calibration runs, and its words follow its figures."""

from dataclasses import dataclass

import pandas as pd
import pytest

from pipeline.england.planted import WORLDS
from tests.calibration import page
from tests.calibration.__main__ import _batches as batches
from tests.calibration.methods import of_seeds
from tests.calibration.panels import draw

PANELS = (0, 1)
NO_SETS = pd.DataFrame()


@dataclass(frozen=True)
class Calibrated:
    rows: pd.DataFrame
    told: pd.DataFrame


@pytest.fixture(scope="module")
def calibrated():
    rows = pd.DataFrame(of_seeds("effect", PANELS, 300))
    return Calibrated(rows, page.summary(rows))


def test_every_method_speaks_of_every_panel_or_says_why_not(calibrated):
    by_seed = calibrated.rows.groupby("seed")["method"].agg(set)
    assert list(by_seed.index) == list(PANELS)
    spoken = set().union(*by_seed)
    for method in ("gap to the rest", "growth", "event study"):
        assert method in spoken
    assert spoken & {"matched comparison", "matched"}


def test_intervals_hold_their_own_estimates(calibrated):
    said = calibrated.rows.dropna(subset=["estimate", "low", "high"])
    assert (said["low"] <= said["estimate"]).all()
    assert (said["estimate"] <= said["high"]).all()


def test_the_same_seed_draws_the_same_panel():
    one, two = (draw("nothing", 3, schools=60).frame for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.duplicated(["school", "year"]).any()
    assert (one["effect"] == 0).all()


def rows(*intervals, method="growth"):
    """Panels of a made-up world whose truth is nil."""
    made = [
        {"estimate": (low + high) / 2, "low": low, "high": high} for low, high in intervals
    ]
    return pd.DataFrame(made).assign(world="nothing", method=method, truth=0.0)


def test_coverage_and_size_are_shares_of_the_panels():
    # Two of four hold zero; the others leave it out on either side.
    (told,) = page.summary(rows((-1, 1), (0, 2), (1, 3), (-3, -1))).to_dict("records")
    assert (told["coverage"], told["finds"], told["panels"]) == (0.5, 0.5, 4)
    assert told["bias"] == 0.25  # (0 + 1 + 2 - 2) / 4


def test_a_refused_panel_is_no_panel():
    found = pd.concat([rows((-1, 1)), rows((1, 2)).assign(refused="too few")])
    (told,) = page.summary(found).to_dict("records")
    assert (told["panels"], told["coverage"]) == (1, 1.0)


@pytest.mark.parametrize(
    ("coverage", "word"),
    [(0.929, "**fails**"), (0.93, "keeps"), (0.97, "keeps"), (0.971, "wide")],
)
def test_the_verdict_follows_coverage(coverage, word):
    assert page.verdict({"coverage": coverage}) == word


def test_the_page_has_each_world_its_lesson_and_no_real_sets_where_none_ran(
    calibrated, tmp_path, monkeypatch
):
    monkeypatch.setattr(page, "METHODS", tmp_path)
    page.write(calibrated.told, NO_SETS, panels=2, schools=300)
    text = (tmp_path / "calibration.md").read_text(encoding="utf-8")
    assert "## effect" in text
    assert WORLDS["effect"].lesson in text
    assert "Not run: no downloads of all England were at hand." in text
    back = pd.read_csv(tmp_path / "calibration.csv")
    assert back["method"].tolist() == calibrated.told["method"].tolist()
    assert (tmp_path / "calibration.svg").read_text(encoding="utf-8").startswith("<svg")


def test_batches_hold_every_panel_once():
    assert sorted(seed for batch in batches(45) for seed in batch) == list(range(45))
