"""In a made-up England the pipeline finds what its estimand can find, and no more."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.comparison.compare import compare
from pipeline.england.__main__ import write as write_england
from pipeline.england.lives import PUBLISHED
from pipeline.england.world import build
from pipeline.measures.measure import KEY_STAGES
from pipeline.run import locations, parameters
from pipeline.schools import follow, link
from pipeline.sources import clean

pytestmark = pytest.mark.pipeline

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(10)
EVALUATION = "annual-impact"
SIZE = {"primary_schools": 600, "secondary_schools": 300}
# Key stages whose progress every comparison holds.
PROGRESS_STAGES = ("ks2", "ks4")


def gaps_and_truth(folder: Path, seed: int, **asked_of_world) -> list[dict]:
    """Every gap of one made-up England beside what was planted in it."""
    (folder / "dvc.yaml").touch()
    (folder / "data").mkdir()
    (folder / "data/reference").symlink_to(ROOT / "data/reference")
    before = os.environ.get("PARTNERSHIP_ROOT")
    os.environ["PARTNERSHIP_ROOT"] = str(folder)
    locations.root.cache_clear()
    try:
        write_england(build(seed, **(SIZE | asked_of_world)), locations.england())
        asked = parameters.check(yaml.safe_load((ROOT / "params.yaml").read_text()))
        link.write(link.link(asked))
        for key_stage in KEY_STAGES:
            clean.write(clean.clean(key_stage, asked), key_stage)
        follow.write(follow.follow(EVALUATION, asked), EVALUATION)
        compared = compare(EVALUATION, asked)
    finally:
        if before is None:
            del os.environ["PARTNERSHIP_ROOT"]
        else:
            os.environ["PARTNERSHIP_ROOT"] = before
        locations.root.cache_clear()
    truth = json.loads((folder / "data/england/truth.json").read_text())
    found = compared.gaps.set_index(["key_stage", "measure", "group", "year"])
    planted_of = {
        (planted["ks"], planted["measure"], planted["group"], planted["year"]): planted
        for planted in truth["expected_gaps"]
        if planted["group"] in ("all", "disadvantaged")
        and planted["year"] in asked.years.all
    }
    return [
        planted
        | found.loc[cell].to_dict()
        | {"found": found.loc[cell, "gap"], "planted": planted["gap"]}
        for cell, planted in planted_of.items()
        if cell[0] in PROGRESS_STAGES or cell in found.index
    ]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory) -> list[list[dict]]:
    return [
        gaps_and_truth(tmp_path_factory.mktemp(f"england-{seed}"), seed) for seed in SEEDS
    ]


def test_nineteen_in_twenty_intervals_hold_the_gap_that_was_planted(worlds):
    cells = [cell for world in worlds for cell in world if cell["low"] == cell["low"]]
    holds = np.mean([cell["low"] <= cell["planted"] <= cell["high"] for cell in cells])
    # Cells of one world share schools, so the share scatters by more than a coin's.
    assert len(cells) > 400
    assert 0.90 <= holds <= 0.99, holds


def test_over_many_worlds_the_gap_found_is_the_gap_planted(worlds):
    for key_stage, tolerance in (("ks4", 0.05), ("ks2", 0.2)):
        off = [
            np.mean([c["found"] - c["planted"] for c in world if c["ks"] == key_stage])
            for world in worlds
        ]
        assert abs(np.mean(off)) < tolerance
        assert abs(np.mean(off)) < 3 * np.std(off, ddof=1) / np.sqrt(len(off))


def test_the_gap_is_not_the_effect_since_schools_that_join_were_ahead_before(worlds):
    found = np.mean([c["found"] for world in worlds for c in world if c["ks"] == "ks2"])
    effect = np.mean(
        [c["effect_part"] for world in worlds for c in world if c["ks"] == "ks2"]
    )
    # Who took the gap for the effect would claim at least half as much again.
    assert found > 1.5 * effect > 0


@pytest.mark.parametrize(
    ("name", "gap"),
    [("no-effect", 0.0), ("selection-on-level", 0.15), ("disadvantaged-only", 0.15)],
)
def test_a_gap_is_found_whatever_makes_it(tmp_path, name, gap):
    """Selection and effect of one size make one gap: no level at one time can tell."""
    cells = gaps_and_truth(
        tmp_path, 21, primary_schools=60, secondary_schools=900, world=name
    )
    poor = [
        cell
        for cell in cells
        if (cell["measure"], cell["group"]) == ("progress_8", "disadvantaged")
    ]
    # The years without a table are 2019/20 and 2020/21.
    assert {cell["year"] for cell in poor} == set(PUBLISHED["ks4"])
    for cell in poor:
        assert cell["low"] <= cell["planted"] <= cell["high"]
    assert np.mean([cell["planted"] for cell in poor]) == pytest.approx(gap, abs=0.06)
