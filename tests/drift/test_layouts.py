import pytest

from pipeline.drift import layouts, reference
from pipeline.drift.examine import examine
from pipeline.drift.profile import of_file
from pipeline.run.faults import Fault

KS4 = "england_ks4final.csv"


@pytest.fixture
def kept(project, ks4_rows, as_csv):
    """Work in a project that keeps no layout, with a folder of downloads."""
    for path in layouts.folder().glob("*.json"):
        path.unlink()

    def save(shown, rows):
        path = project.folder / "downloads" / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_csv(rows), encoding="utf-8")
        return path

    return save


def profile(path):
    return of_file(path, layouts.shown_as(path))


def test_a_layout_comes_back_as_it_was_written(kept, ks4_rows):
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019))
    made = profile(path)
    place = layouts.keep(path, layouts.shown_as(path))
    assert place.name == "2018-2019_ks4final.json"
    read = layouts.read(place)
    assert read.columns.keys() == made.columns.keys()
    assert read.columns["ATT8SCR"] == made.columns["ATT8SCR"]
    assert (read.identity, read.form) == (made.identity, made.form)
    assert (read.rows, read.national) == (made.rows, made.national)


def test_a_layout_holds_no_names_and_no_numbers_of_schools(kept, ks4_rows):
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019, SCHNAME="Hill School", TOWN="Dale"))
    text = layouts.keep(path, layouts.shown_as(path)).read_text(encoding="utf-8")
    assert '"CY"' in text
    rows = ks4_rows(2019, SCHNAME=lambda n: f"Hill {n % 9}")
    text = layouts.keep(
        kept(f"2018-2019/{KS4}", rows), f"2018-2019/{KS4}"
    ).read_text(encoding="utf-8")  # fmt: skip
    assert "Hill" not in text


def test_a_file_beside_its_own_layout_has_no_drift(kept, ks4_rows):
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019))
    layouts.keep(path, layouts.shown_as(path))
    now = profile(path)
    before = reference.choose(now, path)
    assert before.shown.startswith("the layout 2018-2019_ks4final.json, made from")
    assert examine(now, before).exit_code == 0


def test_another_figure_of_england_in_the_same_year_is_worth_a_look(kept, ks4_rows, found):
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019))
    layouts.keep(path, layouts.shown_as(path))
    rows = ks4_rows(2019)
    rows[-1]["ATT8SCR"] = 44.6
    path = kept("2018-2019/850_ks4final.csv", rows)
    diagnosis = examine(profile(path), reference.choose(profile(path), path))
    assert [row[0] for row in found(diagnosis, "national")] == ["LOOK"]


def test_the_nearest_earlier_file_of_the_same_area_is_the_reference(kept, ks4_rows):
    for shown in ("2015-2016/england", "2016-2017/england", "2017-2018/850"):
        kept(f"{shown}_ks4final.csv", ks4_rows(int(shown[5:9])))
    kept("2017-2018/england_ks4provisional.csv", ks4_rows(2018))
    kept("2017-2018/england_ks2final.csv", ks4_rows(2018))
    kept(f"2019-2020/{KS4}", ks4_rows(2020))
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019))
    assert reference.choose(profile(path), path).shown == "2017-2018/850_ks4final.csv"
    kept(f"2017-2018/{KS4}", ks4_rows(2018))
    assert reference.choose(profile(path), path).shown == f"2017-2018/{KS4}"


def test_without_an_earlier_file_the_nearest_layout_is_the_reference(kept, ks4_rows):
    for year in (2016, 2018, 2023):
        path = kept(f"{year - 1}-{year}/{KS4}", ks4_rows(year))
        layouts.keep(path, layouts.shown_as(path))
        path.unlink()
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019))
    assert "2017-2018_ks4final.json" in reference.choose(profile(path), path).shown
    path = kept(f"2014-2015/{KS4}", ks4_rows(2015))
    assert "2015-2016_ks4final.json" in reference.choose(profile(path), path).shown


def test_without_any_reference_it_says_what_to_name(kept, ks4_rows):
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019))
    with pytest.raises(Fault, match="--against FILE"):
        reference.choose(profile(path), path)


def test_a_layout_that_was_spoilt_is_a_clear_fault(kept, ks4_rows):
    path = kept(f"2018-2019/{KS4}", ks4_rows(2019))
    place = layouts.keep(path, layouts.shown_as(path))
    place.write_text(place.read_text(encoding="utf-8")[:500], encoding="utf-8")
    with pytest.raises(Fault, match="no layout that can be read"):
        reference.choose(profile(path), path)


def test_a_file_of_no_year_is_not_kept(kept, ks4_rows):
    path = kept(f"new/{KS4}", ks4_rows(2019))
    with pytest.raises(Fault, match="its year is not known"):
        layouts.keep(path, layouts.shown_as(path))
