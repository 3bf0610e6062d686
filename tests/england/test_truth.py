"""What was planted can be recovered, and selection is not mistaken for effect."""

import json

import numpy as np
import pytest

from pipeline.england import __main__ as command
from pipeline.england import truth, world
from pipeline.england.planted import DEFAULT_WORLD, PROGRESS, WORLDS
from pipeline.measures.measure import GROUPS
from tests.england.published import EVERY, SMALL, england

SEEDS = range(40)
PRIMARY_YEARS = (2016, 2017, 2018, 2019, 2023, 2024)
SECONDARY_YEARS = (2016, 2017, 2018, 2019, 2022, 2023, 2024)
CENSUS_YEARS = range(2016, 2025)


def realised_gap(country, planned):
    """Work out one gap from the true figures, by the plain definition."""
    schools = country.schools[planned["ks"]]
    figures = country.figures[planned["ks"]][planned["year"]]
    members = country.partners[planned["ks"]].counted(planned["year"])
    value = figures.value[planned["measure"]][planned["group"]]
    pupils = figures.weights(planned["measure"], planned["group"])
    held = schools.is_mainstream & ~np.isnan(value) & (pupils > 0)
    mean = [
        np.average(value[held & side], weights=pupils[held & side])
        for side in (members, ~members)
    ]
    return mean[0] - mean[1]


def files_in(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def test_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        command.write(world.build(3, **SMALL), tmp_path / name)
    written = files_in(tmp_path / "one")
    assert written == files_in(tmp_path / "two")
    for path in written:
        assert (tmp_path / "two" / path).read_bytes() == (
            tmp_path / "one" / path
        ).read_bytes()


def test_another_seed_gives_other_bytes(tmp_path):
    for seed in (3, 4):
        command.write(world.build(seed, **SMALL), tmp_path / str(seed))
    for path in files_in(tmp_path / "3"):
        same = (tmp_path / "3" / path).read_bytes() == (tmp_path / "4" / path).read_bytes()
        assert same == (path.name == "SYNTHETIC.md")


def test_only_years_with_published_tables_have_files(tmp_path):
    command.write(england(), tmp_path)
    names = {p.as_posix() for p in files_in(tmp_path / "downloads")} - {"SYNTHETIC.md"}
    years = {"ks2final": PRIMARY_YEARS, "census": CENSUS_YEARS}
    years |= dict.fromkeys(("ks4final", "ks5final", "abs"), SECONDARY_YEARS)
    assert names == {
        f"{year - 1}-{year}/england_{table}.csv"
        for table, listed in years.items()
        for year in listed
    }


def test_folders_say_that_they_are_made_up(tmp_path):
    command.write(england(), tmp_path)
    for folder in ("downloads", "registers", "gias", "ofsted"):
        assert "made up" in (tmp_path / folder / "SYNTHETIC.md").read_text()


def test_smallest_country_that_the_settings_allow_can_be_written(tmp_path):
    country = world.build(1, primary_schools=60, secondary_schools=40)
    written = command.write(country, tmp_path)
    # Four notes, two registers and the truth; tables, census, absence; the register of
    # schools and the outcomes of inspections.
    assert len(written) == 4 + 2 + 1 + len(EVERY) + 9 + 7 + 3 + 2
    assert len(set(written)) == len(written)


def test_files_of_another_england_are_removed_and_nothing_else(tmp_path):
    old = tmp_path / "downloads/2014-2015/england_ks4final.csv"
    kept = tmp_path / "downloads/2014-2015/notes.txt"
    outside = tmp_path / "elsewhere/england_ks4final.csv"
    for path in (old, kept, outside):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("old")
    command.write(england(), tmp_path)
    assert not old.exists()
    assert kept.exists() and outside.exists()


def test_truth_file_tells_what_was_planted(tmp_path):
    command.write(england(), tmp_path)
    told = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert (told["seed"], told["world"]) == (7, DEFAULT_WORLD)
    effects = told["planted"]["effect_in_a_year_of_membership"]
    # The default world: 0.10 points, six tenths of it for disadvantaged pupils.
    assert effects["ks4.progress_8"] == {"disadvantaged": [0.06], "others": [0.02]}
    assert set(told["expected_gaps"][0]) == {
        "ks",
        "measure",
        "group",
        "year",
        "gap",
        "effect_part",
        "selection_part",
        "intake_part",
    }
    # Three subjects in five years and Progress 8 in seven, for eight groups; value
    # added in five years, for three groups.
    assert len(told["expected_gaps"]) == 3 * 5 * 8 + 7 * 8 + 5 * 3


@pytest.mark.parametrize("name", list(WORLDS))
def test_every_world_can_be_told(name):
    country = world.build(2, **SMALL, world=name)
    told = truth.planted(country)
    assert told["world"] == name and told["lesson"].endswith(".")
    json.dumps(told)


def test_gap_is_made_of_effect_selection_intake_and_the_mix_of_pupils():
    for planned in truth.expected_gaps(england()):
        parts = sum(planned[f"{part}_part"] for part in ("effect", "selection", "intake"))
        if planned["group"] in ("disadvantaged", "others"):
            # Within a half there is no mix.
            assert planned["gap"] == pytest.approx(parts, abs=5e-6)
        else:
            # The mix moves a gap by less than one size.
            size = PROGRESS[planned["measure"]].size
            assert planned["gap"] == pytest.approx(parts, abs=size)


def test_naive_gap_would_mistake_selection_for_effect():
    for planned in truth.expected_gaps(england()):
        if planned["group"] not in ("disadvantaged", "others"):
            continue
        size = PROGRESS[planned["measure"]].size
        # The rest holds schools that join later, so the selection may show in part.
        assert size / 3 < planned["selection_part"] <= size


def test_gap_of_all_pupils_holds_the_mix_of_pupils_too():
    # Progress 8: others stand 0.48 above disadvantaged pupils, of whom partners have
    # about 5 in 100 more: that takes some 0.02 from their gap of all pupils.
    gaps = {"all": [], "others": [], "disadvantaged": []}
    for seed in range(5):
        country = world.build(seed, primary_schools=60, secondary_schools=1500)
        for planned in truth.expected_gaps(country):
            if (planned["measure"], planned["year"]) == ("progress_8", 2019):
                gaps.get(planned["group"], []).append(planned["gap"])
    every, others, poor = (np.mean(gaps[g]) for g in ("all", "others", "disadvantaged"))
    assert every < others < poor


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
    assert len(misses) == 4 * len(GROUPS) + 3
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

    assert 0.02 < share(joins) - share(rest) < 0.09


def test_secondary_schools_differ_and_persist_as_real_ones_do():
    country = world.build(5, primary_schools=60, secondary_schools=400)
    mainstream = country.schools["ks4"].is_mainstream
    value = [
        country.figures["ks4"][year].value["progress_8"]["all"] for year in (2018, 2019)
    ]
    both = mainstream & ~np.isnan(value[0]) & ~np.isnan(value[1])
    assert np.std(value[0][both]) == pytest.approx(0.47, abs=0.05)
    assert np.corrcoef(value[0][both], value[1][both])[0, 1] == pytest.approx(
        0.83, abs=0.06
    )


def test_schools_of_one_hub_rise_and_fall_together():
    # Regions make neighbours alike, members or not; hubs make members more so.
    def together(country, chosen):
        partners = country.partners["ks2"]
        value = country.figures["ks2"][2019].value["maths_progress"]["all"]
        has = chosen & ~np.isnan(value)
        centred = value[has] - value[has].mean()
        same = partners.hub[has][:, None] == partners.hub[has][None, :]
        np.fill_diagonal(same, False)
        return np.outer(centred, centred)[same].mean()

    above = []
    for seed in SEEDS:
        country = world.build(seed, primary_schools=800, secondary_schools=40)
        joins = country.partners["ks2"].joins
        rest = country.schools["ks2"].is_mainstream & ~joins
        above.append(together(country, joins) - together(country, rest))
    assert np.mean(above) > 0.1
