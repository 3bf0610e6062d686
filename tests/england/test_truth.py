"""What was planted can be recovered, and selection is not mistaken for effect."""

import json

import numpy as np
import pytest

from pipeline.england import __main__ as command
from pipeline.england import truth, world
from pipeline.england.planted import PROGRESS
from tests.england.published import SMALL, england

SEEDS = range(40)


def realised_gap(country, planned):
    """Work out one gap from the true figures, by the plain definition."""
    schools = country.schools[planned["ks"]]
    figures = country.figures[planned["ks"]][planned["year"]]
    members = country.partners[planned["ks"]].counted(schools, planned["year"])
    value = figures.value[planned["measure"]][planned["group"]]
    pupils = figures.weights(planned["measure"], planned["group"])
    held = schools.is_mainstream & ~np.isnan(value) & (pupils > 0)
    mean = [
        np.average(value[held & side], weights=pupils[held & side])
        for side in (members, ~members)
    ]
    return mean[0] - mean[1]


def test_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        command.write(world.build(3, **SMALL), tmp_path / name)
    written = sorted(p for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(written) == 16
    for path in written:
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert twin.read_bytes() == path.read_bytes()


def test_another_seed_gives_other_bytes(tmp_path):
    for seed in (3, 4):
        command.write(world.build(seed, **SMALL), tmp_path / str(seed))
    for name in ("registers/partners.csv", "truth.json"):
        one, two = (tmp_path / seed / name for seed in ("3", "4"))
        assert one.read_bytes() != two.read_bytes()
    for path in (tmp_path / "3" / "downloads").rglob("*.csv"):
        assert (
            path.read_bytes()
            != (tmp_path / "4" / path.relative_to(tmp_path / "3")).read_bytes()
        )


def test_only_years_with_published_tables_have_files(tmp_path):
    written = command.write(england(), tmp_path)
    names = {p.relative_to(tmp_path / "downloads").as_posix() for p in written[5:]}
    primary = {f"{y - 1}-{y}/england_ks2final.csv" for y in (2016, 2017, 2018, 2019, 2023)}
    secondary = {
        f"{y - 1}-{y}/england_ks4final.csv" for y in (2016, 2017, 2018, 2019, 2022, 2023)
    }
    assert names == primary | secondary


def test_folders_say_that_they_are_made_up(tmp_path):
    command.write(england(), tmp_path)
    for folder in ("downloads", "registers"):
        assert "made up" in (tmp_path / folder / "SYNTHETIC.md").read_text()


def test_smallest_country_that_the_settings_allow_can_be_written(tmp_path):
    country = world.build(1, primary_schools=60, secondary_schools=40)
    assert len(command.write(country, tmp_path)) == 16


def test_truth_file_tells_selection_effect_and_gaps(tmp_path):
    command.write(england(), tmp_path)
    told = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert told["seed"] == 7
    progress = told["planted"]["ks4"]["progress_8"]
    assert progress["selection"] == 0.10
    assert progress["effect"] == {"disadvantaged": 0.06, "others": 0.02}
    assert set(told["expected_gaps"][0]) == {
        "ks",
        "measure",
        "group",
        "year",
        "gap",
        "effect_part",
    }
    assert len(told["expected_gaps"]) == 3 * 3 * 5 + 3 * 6


def test_naive_gap_would_mistake_selection_for_effect():
    for planned in truth.expected_gaps(england()):
        if planned["group"] == "all":
            continue
        selection = PROGRESS[planned["measure"]].selection
        excess = planned["gap"] - planned["effect_part"]
        # The rest holds schools that join later, so the selection may show in part.
        assert selection / 3 < excess <= selection


def test_gap_of_all_pupils_holds_the_mix_of_pupils_too():
    # Progress 8: others stand 0.58 above disadvantaged pupils, of whom partners have
    # about 5 in 100 more: that takes some 0.03 from their gap of all pupils.
    country = world.build(5, primary_schools=60, secondary_schools=2000)
    gaps = {
        planned["group"]: planned["gap"]
        for planned in truth.expected_gaps(country)
        if (planned["measure"], planned["year"]) == ("progress_8", 2019)
    }
    assert gaps["all"] < gaps["others"] < gaps["disadvantaged"]


@pytest.fixture(scope="module")
def misses():
    """How far each realised gap lies from the expected one, by measure, over seeds."""
    found = {}
    for seed in SEEDS:
        country = world.build(seed, primary_schools=400, secondary_schools=200)
        for planned in truth.expected_gaps(country):
            key = (planned["measure"], planned["group"])
            miss = realised_gap(country, planned) - planned["gap"]
            found.setdefault(key, {}).setdefault(seed, []).append(miss)
    return {k: [np.mean(v) for v in by.values()] for k, by in found.items()}


def test_realised_gaps_scatter_about_the_expected_ones(misses):
    assert len(misses) == 12
    for by_seed in misses.values():
        error = np.std(by_seed, ddof=1) / np.sqrt(len(by_seed))
        assert abs(np.mean(by_seed)) < 3.5 * error


def test_partners_were_ahead_before_they_joined():
    ahead = []
    for seed in SEEDS:
        country = world.build(seed, primary_schools=400, secondary_schools=40)
        schools, partners = country.schools["ks2"], country.partners["ks2"]
        value = country.figures["ks2"][2016].value["reading_progress"]["others"]
        early = {s.urn for s in partners.spells if s.joined.year < 2016}
        later = partners.joins & ~np.isin(schools.urn, list(early))
        never = schools.is_mainstream & ~partners.joins
        ahead.append(np.nanmean(value[later]) - np.nanmean(value[never]))
    assert np.mean(ahead) == pytest.approx(0.5, abs=0.25)


def test_partner_schools_have_more_disadvantaged_pupils():
    country = world.build(5, primary_schools=1500, secondary_schools=400)
    pupils = country.figures["ks2"][2019].pupils
    joins = country.partners["ks2"].joins
    rest = country.schools["ks2"].is_mainstream & ~joins

    def share(side):
        return pupils["disadvantaged"][side].sum() / pupils["all"][side].sum()

    assert 0.02 < share(joins) - share(rest) < 0.08


def test_secondary_schools_differ_and_persist_as_real_ones_do():
    country = world.build(5, primary_schools=60, secondary_schools=400)
    mainstream = country.schools["ks4"].is_mainstream
    value = [
        country.figures["ks4"][year].value["progress_8"]["all"] for year in (2018, 2019)
    ]
    both = mainstream & ~np.isnan(value[0]) & ~np.isnan(value[1])
    assert np.std(value[0][both]) == pytest.approx(0.45, abs=0.06)
    assert np.corrcoef(value[0][both], value[1][both])[0, 1] == pytest.approx(0.8, abs=0.08)


def test_schools_of_one_hub_rise_and_fall_together():
    above = []
    for seed in SEEDS:
        country = world.build(seed, primary_schools=800, secondary_schools=40)
        partners = country.partners["ks2"]
        value = country.figures["ks2"][2019].value["maths_progress"]["all"]
        has = partners.joins & ~np.isnan(value)
        centred = value[has] - value[has].mean()
        same = partners.hub[has][:, None] == partners.hub[has][None, :]
        np.fill_diagonal(same, False)
        above.append(np.outer(centred, centred)[same].mean())
    assert np.mean(above) > 0.1
