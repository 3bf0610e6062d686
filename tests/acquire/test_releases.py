"""What may be brought is declared in one file, and a wrong entry is told."""

import pytest

from pipeline.acquire import releases
from pipeline.acquire.releases import GiasDay
from pipeline.run.faults import Fault
from tests.acquire.conftest import KS4, PLACE


@pytest.fixture
def declare(project):
    """Change the declaration: declare('kind: ees', 'kind: ftp')."""

    def change(old, new):
        path = project.folder / "data" / "reference" / releases.DECLARED
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def test_every_source_names_its_licence_and_page(project):
    for source in releases.load().sources.values():
        assert source.licence == "Open Government Licence v3.0"
        assert source.page.startswith("https://")


def test_no_place_is_written_by_two_sources_in_any_year(project):
    declared = releases.load()
    for year in range(2016, 2030):
        of_year = [declared.sources[n] for n in releases.of_year(declared, year, ())]
        places = [s.place(year) for s in of_year if not isinstance(s, GiasDay)]
        assert len(places) == len(set(places))


def test_results_of_every_year_that_has_any_come_from_somewhere(project):
    declared = releases.load()
    for stage, without in (("ks2", {2020, 2021, 2022}), ("ks4", {2020, 2021})):
        names = {f"{stage}-table", f"{stage}-performance"}
        for year in set(range(2016, 2030)) - without:
            assert names & set(releases.of_year(declared, year, ()))


def test_what_is_read_whole_or_by_its_columns_is_always_one_of_both(project):
    for source in releases.load().sources.values():
        if not isinstance(source, GiasDay):
            assert source.columns or source.reader


def test_the_register_is_brought_with_every_year(project):
    assert isinstance(releases.load().sources["gias"], GiasDay)
    for year in (2016, 2021, 2026):
        assert "gias" in releases.of_year(releases.load(), year, ())


def test_a_year_without_results_brings_none(project):
    names = list(releases.of_year(releases.load(), 2021, ()))
    assert not {"ks2-table", "ks4-table", "ks5-table"} & set(names)


@pytest.mark.parametrize(
    ("year", "name", "words"),
    [
        (2020, "ks4-table", "none of 2019/20 (exams were cancelled)"),
        (2022, "ks2-table", "not published school by school"),
        (2025, "ks4-table", "it ends with 2023/24"),
        (2019, KS4, "it begins with 2022/23"),
        (2019, "ks9", "no such source"),
    ],
)
def test_what_is_not_there_is_told_with_the_reason(project, year, name, words):
    with pytest.raises(Fault) as fault:
        list(releases.of_year(releases.load(), year, (name,)))
    assert words in str(fault.value)
    assert "what to do: " in str(fault.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: ees", "kind: ftp", "sources.ks4-performance"),
        ("title: Key stage 4 performance, schools", "tilte: x", "tilte"),
        ("data_set: 19e39901", "data_set: ../../etc/", "data_set"),
        ("downloads/ees_ks4", "../../ees_ks4", "save_as"),
        ("downloads/ees_ks4", "/etc/ees_ks4", "save_as"),
        ("downloads/ees_ks4", "downloads/{folder}/../ees_ks4", "save_as"),
        ("links_edubasealldata", "../../links", "sources.gias"),
        ("columns: [URN, LA, ESTAB, PERCTOT]", "columns: []", "or its reader"),
        ("ees: https://", "ees: http://", "services.ees"),
        ("ees: https://", "ees: https://someone@", "services.ees"),
        ("page: https://", "page: ftp://", "page"),
        ("largest_megabytes: 1000", "largest_megabytes: 0", "largest_megabytes"),
        ("sources:", "sources: [", "cannot be read"),
        ("sources:", "sauces:", "sauces"),
    ],
)
def test_a_wrong_entry_is_named(project, declare, old, new, words):
    declare(old, new)
    with pytest.raises(Fault) as fault:
        releases.load()
    assert words in str(fault.value)
    assert "data/reference/releases.yaml" in str(fault.value)
    assert "what to do: " in str(fault.value)


@pytest.mark.parametrize(
    "content",
    [
        "[",
        "- 1",
        f"{PLACE}: {{}}",
        f"{PLACE}: {{source: a, version: b, sha256: c}}",
        "\xff",
    ],
)
def test_pins_that_cannot_be_read_stop_everything(acquiring, replay, content):
    acquiring.lock.write_bytes(content.encode("latin-1"))
    with pytest.raises(Fault) as fault:
        acquiring.bring()
    assert "data/reference/releases.lock.yaml" in str(fault.value)
    assert replay.requests == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": {"x": {}}}', '{"files": 1}'])
def test_receipts_that_cannot_be_read_stop_everything(acquiring, replay, content):
    acquiring.save("acquired.json", content)
    with pytest.raises(Fault, match="move data/sources/acquired.json away"):
        acquiring.bring()
    assert replay.requests == []


def test_an_empty_lock_pins_nothing(project):
    (project.folder / "data" / "reference" / releases.PINNED).write_text("# nothing\n")
    assert releases.load_pins() == {}
