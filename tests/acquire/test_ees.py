"""Which version of a data set is taken, and what is told of newer ones."""

import json

import pytest
import yaml

from pipeline.acquire import releases
from pipeline.acquire.answers import Version
from pipeline.acquire.releases import EesDataSet
from tests.acquire.conftest import KS4, PLACE, ROWS
from tests.acquire.replay import Answer, DataSet, table, version

NEXT_ROWS = ROWS + "202526,School,Final,100001,121,46.4\n"
PROGRESS = {"id": "Pwoeb", "column": "progress8_average", "label": "Average Progress 8"}
NEW_PERIOD = {"code": "AY", "period": "2025/2026", "label": "2025/26"}
MINOR = {"timePeriods": [{"previousState": None, "currentState": NEW_PERIOD}]}
MAJOR = {"indicators": [{"previousState": PROGRESS, "currentState": None}]}


def pins(acquiring):
    return yaml.safe_load(acquiring.lock.read_text())


@pytest.fixture
def one_year_on(acquiring, ks4) -> DataSet:
    """2024/25 was brought; a year later a second version is there."""
    acquiring.bring()
    newer = version("1.1", ends="2025/26")
    ks4.publish(version("1.0", kind="Major"), newer)
    ks4.changes("1.1", {}, MINOR)
    ks4.table("1.1", table(NEXT_ROWS))
    return ks4


def test_the_first_fetch_takes_the_newest_version_and_pins_it(acquiring, ks4):
    ks4.publish(version("1.0"), version("1.9"), version("1.10"))
    ks4.table("1.10", table(ROWS))
    assert acquiring.bring() == "fetched"
    assert pins(acquiring)[PLACE]["version"] == "1.10"
    assert pins(acquiring)[PLACE]["source"] == KS4


def test_a_patch_is_newer_than_what_it_mends(acquiring, ks4):
    ks4.publish(version("1.0"), version("1.0.1"))
    ks4.table("1.0.1", table(ROWS))
    acquiring.bring()
    assert ks4.versions_fetched == ["1.0.1"]


def test_a_version_that_was_withdrawn_is_never_taken(acquiring, ks4):
    ks4.publish(version("1.0"), version("1.1", status="Withdrawn"))
    acquiring.bring()
    assert ks4.versions_fetched == ["1.0"]


def test_all_pages_of_versions_are_read(acquiring, ks4):
    ks4.publish(*(version(f"1.{n}") for n in range(25)))
    ks4.table("1.24", table(ROWS))
    acquiring.bring()
    assert ks4.versions_fetched == ["1.24"]
    assert len(acquiring.replay.asked("/versions?")) == 2


def test_a_pinned_version_stays_though_a_newer_one_is_told(acquiring, one_year_on):
    there = acquiring.on_disk()
    assert acquiring.bring() == "there"
    assert "version 1.0 is pinned; since then:" in acquiring.said
    assert "version 1.0 stays pinned" in acquiring.said
    assert "version 1.1 (minor)" in acquiring.said
    assert "added, time period: 2025/26" in acquiring.said
    assert acquiring.on_disk() == there


def test_a_pinned_version_is_fetched_though_a_newer_one_is_there(acquiring, one_year_on):
    (acquiring.sources / PLACE).unlink()
    assert acquiring.bring() == "fetched"
    assert one_year_on.versions_fetched == ["1.0", "1.0"]


def test_a_newer_version_is_taken_where_a_person_accepts_it(acquiring, one_year_on):
    assert acquiring.bring(accept_new_version=True) == "fetched"
    assert "added, time period: 2025/26" in acquiring.said
    assert (acquiring.sources / PLACE).read_text() == NEXT_ROWS
    assert pins(acquiring)[PLACE]["version"] == "1.1"


def test_a_year_that_the_pinned_version_lacks_takes_the_newest_for_all_years(
    acquiring, one_year_on
):
    assert acquiring.bring(year=2026) == "fetched"
    assert "version 1.1 (minor)" in acquiring.said
    assert "does not hold 2025/26: 1.1 takes its place, for all years" in acquiring.said
    assert (acquiring.sources / PLACE).read_text() == NEXT_ROWS
    assert pins(acquiring)[PLACE]["version"] == "1.1"
    # From now on 2024/25 rests on it, too.
    assert acquiring.bring(year=2025) == "there"


def test_a_year_that_is_not_published_yet_is_told_before_anything_is_fetched(
    acquiring, ks4
):
    assert acquiring.bring(year=2026) == "failed"
    assert "no version holds 2025/26 (the newest ends with 2024/25)" in acquiring.said
    assert ks4.versions_fetched == []


@pytest.mark.parametrize(
    ("year", "held"), [(2022, False), (2023, True), (2025, True), (2026, False)]
)
def test_a_version_holds_the_years_from_its_first_to_its_last(year, held):
    # 2022/23 to 2024/25
    assert Version.model_validate(version("1.0")).covers(year) is held


def test_periods_in_other_words_leave_the_rows_to_decide(acquiring, ks4):
    ks4.publish(version("1.0", ends="Week 4 2025"))
    assert acquiring.bring() == "fetched"


def test_a_version_that_breaks_with_the_pinned_one_has_to_be_accepted(
    acquiring, one_year_on
):
    one_year_on.publish(version("1.0"), version("2.0", kind="Major", ends="2025/26"))
    one_year_on.changes("2.0", MAJOR, MINOR)
    one_year_on.table("2.0", table(NEXT_ROWS))
    there = acquiring.on_disk()
    assert acquiring.bring(year=2026) == "failed"
    told = "removed, indicator: Average Progress 8 (progress8_average)"
    assert f"{told}; what reads it may break" in acquiring.said
    assert "version 2.0 breaks with the pinned one" in acquiring.said
    assert acquiring.on_disk() == there
    assert acquiring.bring(year=2026, accept_new_version=True) == "fetched"


def test_a_break_before_the_first_year_brought_is_no_break(acquiring, ks4):
    ks4.publish(version("1.0"), version("2.0", kind="Major"))
    ks4.table("2.0", table(ROWS))
    assert acquiring.bring() == "fetched"


@pytest.mark.parametrize("how", ["Withdrawn", "gone"])
def test_a_pinned_version_that_was_withdrawn_is_told(acquiring, one_year_on, how):
    if how == "gone":
        one_year_on.publish(version("1.1", ends="2025/26"))
        acquiring.replay.answers.pop(f"{one_year_on.root}/versions/1.0")
    else:
        one_year_on.publish(version("1.0", status=how), version("1.1", ends="2025/26"))
    there = acquiring.on_disk()
    assert acquiring.bring() == "failed"
    assert "the pinned version 1.0 was withdrawn" in acquiring.said
    assert acquiring.on_disk() == there
    assert acquiring.bring(accept_new_version=True) == "fetched"


def test_a_data_set_that_comes_to_its_end_is_told(acquiring, ks4):
    other = "2118a6df-4934-4a1f-ad2e-4589d2b9ccaf"
    ks4.publish(version("1.0"))
    about = {"title": "Old", "status": "Deprecated", "supersedingDataSetId": other}
    acquiring.replay.json(ks4.root, about)
    assert acquiring.bring() == "fetched"
    assert f"the data set is deprecated; {other} stands in its place" in acquiring.said


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("", {"title": "Data"}, "status: field required"),
        ("", [], "the answer: input should be an object"),
        ("", "<html>", "the answer"),
        ("/versions?page=1&pageSize=20", {"results": []}, "paging: field required"),
        (
            "/versions?page=1&pageSize=20",
            {"paging": {"totalPages": 1}, "results": [version("../../etc")]},
            "results.0.version: string should match",
        ),
        (
            "/versions?page=1&pageSize=20",
            {"paging": {"totalPages": 1}, "results": []},
            "no version holds 2024/25",
        ),
        (
            "/versions?page=1&pageSize=20",
            {"paging": {"totalPages": 1}, "results": [version("1.0") | {"timePeriods": 1}]},
            "results.0.timePeriods: input should be",
        ),
    ],
)
def test_an_interface_that_changed_is_told(acquiring, ks4, path, content, words):
    acquiring.replay.json(ks4.root + path, content)
    assert acquiring.bring() == "failed"
    assert words in acquiring.said
    assert "what to do: " in acquiring.said
    assert acquiring.on_disk() == {}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b'{"title": "Data"', headers={"Content-Type": "application/json"}),
        Answer(b'{"title": "Data", "status": "Published"}', cut=10),
        Answer(b"<html>", headers={"Content-Type": "text/html; charset=utf-8"}),
        Answer(b"\x1f\x8bbroken", headers={"Content-Encoding": "gzip"}),
        Answer(b"[" * 100_000),
    ],
    ids=["half", "cut off", "web page", "badly packed", "deep"],
)
def test_an_answer_that_is_none_is_told(acquiring, ks4, answer):
    acquiring.replay.answer(ks4.root, answer)
    assert acquiring.bring() == "failed"
    assert "what to do: " in acquiring.said
    assert acquiring.on_disk() == {}


def test_a_cut_answer_is_asked_for_again(acquiring, ks4):
    whole = acquiring.replay.answers[ks4.root][0]
    acquiring.replay.answer(ks4.root, Answer(whole.body, cut=20), whole)
    assert acquiring.bring() == "fetched"


def test_an_endless_description_is_refused(acquiring, ks4, monkeypatch):
    monkeypatch.setattr("pipeline.acquire.service.MOST_JSON", 1000)
    acquiring.replay.json(ks4.root, {"title": "x" * 1001, "status": "Published"})
    assert acquiring.bring() == "failed"
    assert "the answer is longer" in acquiring.said


def test_what_is_told_does_nothing_to_a_terminal(acquiring, ks4):
    evil = "\x1b[2Jgone\r\n" + "x" * 500
    ks4.publish(version("1.0") | {"notes": evil})
    ks4.publish(version("1.0"), version("1.1") | {"notes": evil})
    ks4.table("1.1", table(ROWS))
    acquiring.lock.write_text(
        f"{PLACE}: {{source: {KS4}, version: '1.0', sha256: {'a' * 64}, bytes: 1}}\n"
    )
    acquiring.bring(accept_new_version=True)
    (notes,) = (line for line in acquiring.told if "its notes" in line)
    assert "[2Jgone" in notes
    assert "\x1b" not in acquiring.said
    assert len(notes) < 250


def test_pins_and_receipts_stand_in_the_order_of_places(acquiring, ks4):
    acquiring.bring()
    early = "downloads/2018-2019/england_ks4final.csv"
    columns = "RECTYPE,URN,LEA,NFTYPE,TPUP,ATT8SCR\n"
    acquiring.save(early, columns + "1,100001,850,ACC,100,46.1\n")
    acquiring.bring("ks4-table", year=2019)
    assert list(pins(acquiring)) == [early, PLACE]
    receipts = json.loads((acquiring.sources / "acquired.json").read_text())
    assert list(receipts["files"]) == [early, PLACE]


def test_both_tables_of_key_stage_2_are_brought(acquiring, replay):
    results = (
        "time_period,geographic_level,version,school_urn,breakdown_topic,breakdown,subject,"
        "expected_standard_pupil_percent\n202425,School,Final,100001,All pupils,Total,"
        '"Reading, writing and maths",77\n'
    )
    pupils = (
        "time_period,geographic_level,school_urn,telig,gelig,belig\n"
        "202425,School,100001,30,14,16\n"
    )
    for name, content in (("ks2-performance", results), ("ks2-information", pupils)):
        source = releases.load().sources[name]
        assert isinstance(source, EesDataSet)
        made = DataSet(replay, source.data_set)
        made.publish(version("1.0.1"))
        made.table("1.0.1", table(content))
        assert acquiring.bring(name) == "fetched", acquiring.said
        assert acquiring.bring(name) == "there"
        assert (acquiring.sources / source.place(2025)).read_text() == content


def test_pupils_of_another_year_are_refused(acquiring, replay):
    source = releases.load().sources["ks2-information"]
    assert isinstance(source, EesDataSet)
    made = DataSet(replay, source.data_set)
    made.publish(version("1.0"))
    header = "time_period,geographic_level,school_urn,telig,gelig,belig"
    made.table("1.0", table(f"{header}\n202324,School,100001,30,14,16\n"))
    assert acquiring.bring("ks2-information") == "failed"
    assert "no row is of 2024/25 (found 202324)" in acquiring.said


def test_a_year_that_cannot_be_read_stops_the_file_for_all_years(acquiring, ks4):
    ks4.table("1.0", table(ROWS + "202223,School,Final,100001,110,a lot\n"))
    assert acquiring.bring() == "failed"
    assert "found 'a lot'" in acquiring.said
