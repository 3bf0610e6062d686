"""Files that a person saves: what to do is told in steps, and what is there is checked."""

import hashlib
import json

import pytest

from pipeline.acquire import readable

TABLE = "ks4-table"
PLACE = "downloads/2018-2019/england_ks4final.csv"
GOOD = "RECTYPE,URN,LEA,SCHNAME,NFTYPE,TPUP,ATT8SCR\n1,100001,850,A School,ACC,100,46.1\n"
PAGE = (
    "https://www.compare-school-performance.service.gov.uk/download-data"
    "?currentstep=region&downloadYear=2018-2019&regiontype=all&la=0"
)


def bring(acquiring, **changed):
    return acquiring.bring(TABLE, **({"year": 2019} | changed))


def test_page_choices_and_name_are_told_in_steps(acquiring):
    assert bring(acquiring) == "to save by hand"
    assert [line.strip() for line in acquiring.told[1:]] == [
        f"1. open {PAGE}",
        "2. choose All of England, then Key stage 4 results (final), then CSV",
        f"3. save the file as data/sources/{PLACE}",
        "4. run this again with --check: it reads the file and records it",
    ]
    assert acquiring.on_disk() == {}


def test_a_table_that_can_be_read_is_recorded(acquiring):
    acquiring.save(PLACE, GOOD)
    assert bring(acquiring) == "recorded"
    receipt = json.loads((acquiring.sources / "acquired.json").read_text())["files"][PLACE]
    assert receipt["sha256"] == hashlib.sha256(GOOD.encode()).hexdigest()
    assert receipt["url"] == PAGE
    assert receipt["retrieved"] is None
    assert receipt["checked"] == "2026-11-20T09:30:00Z"
    assert receipt["sha256"] in acquiring.lock.read_text()


def test_a_recorded_table_is_there_and_nothing_is_written_again(acquiring):
    acquiring.save(PLACE, GOOD)
    bring(acquiring)
    there = acquiring.on_disk()
    assert bring(acquiring) == "there"
    assert acquiring.on_disk() == there


def test_nothing_is_asked_of_the_network(acquiring, replay):
    acquiring.save(PLACE, GOOD)
    bring(acquiring)
    assert replay.requests == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD.replace("ATT8SCR", "PTRWM_EXP").replace("TPUP", "TELIG"), "table of ks2"),
        (GOOD.replace("ATT8SCR", "ATT8SCR,P8MEA_20"), "repeats figures of 2020"),
        ("<!DOCTYPE html><title>Blocked</title>\n<p>Access denied\n", "no ks4 performance"),
        ("", "the file is empty"),
        (b"PK\x03\x04\x00\x00", "bytes that no text file has"),
        (GOOD + "1,100002,850,Other,ACC,90", "stops after 6 of 7 cells"),
        (GOOD.replace("46.1", "a lot"), "row 2, column ATT8SCR"),
    ],
    ids=["other table", "other year", "web page", "empty", "zip", "cut off", "no number"],
)
def test_a_wrong_file_is_told_with_the_reason_and_stays(acquiring, content, words):
    acquiring.save(PLACE, content)
    before = acquiring.on_disk()
    assert bring(acquiring) == "failed"
    assert words in acquiring.said
    assert "2018-2019/england_ks4final.csv" in acquiring.said
    assert "what to do: " in acquiring.said
    assert acquiring.on_disk() == before


def test_another_content_than_the_pinned_has_to_be_accepted(acquiring):
    acquiring.save(PLACE, GOOD)
    bring(acquiring)
    revised = GOOD.replace("46.1", "46.2")
    acquiring.save(PLACE, revised)
    before = acquiring.on_disk()
    assert bring(acquiring) == "failed"
    assert "the content is not the pinned one" in acquiring.said
    assert acquiring.on_disk() == before
    assert bring(acquiring, accept_new_version=True) == "recorded"
    assert hashlib.sha256(revised.encode()).hexdigest() in acquiring.lock.read_text()


def test_a_colleague_with_the_pinned_file_needs_no_more_than_to_save_it(acquiring):
    acquiring.save(PLACE, GOOD)
    bring(acquiring)
    (acquiring.sources / "acquired.json").unlink()
    pins = acquiring.lock.read_bytes()
    assert bring(acquiring) == "recorded"
    assert acquiring.lock.read_bytes() == pins


@pytest.mark.parametrize("name", ["england_ks4final (1).csv", "england_ks4final.csv.csv"])
def test_a_name_that_a_browser_changed_is_noticed(acquiring, name):
    acquiring.save(f"downloads/2018-2019/{name}", GOOD)
    assert bring(acquiring) == "to save by hand"
    assert f"there is a file {name}: if it is the one, rename it" in acquiring.said


def test_a_table_with_other_columns_is_checked_by_them(acquiring):
    place = "downloads/2018-2019/england_abs.csv"
    acquiring.save(place, "LA,ESTAB,URN,PERCTOT\n850,4001,100001,5.1\n")
    assert acquiring.bring("absence", year=2019) == "recorded"
    acquiring.save(place, "LA,ESTAB,URN,PERCTOTAL\n850,4001,100001,5.1\n")
    assert acquiring.bring("absence", year=2019) == "failed"
    assert "PERCTOT is missing; is it now perctotal?" in acquiring.said


def test_the_real_tables_are_read(acquiring, real_dfe):
    for place, source in (
        ("2018-2019/england_abs.csv", "absence"),
        ("2018-2019/england_census.csv", "census"),
        ("2018-2019/england_ks4-pupdest.csv", "destinations"),
    ):
        acquiring.save(f"downloads/{place}", (real_dfe / place).read_bytes())
        assert acquiring.bring(source, year=2019) == "recorded", acquiring.said


def test_the_real_tables_of_later_years_are_read(acquiring, real_dfe):
    for place, source, year in (
        ("2022-2023/england_ks5final.csv", "ks5-table", 2023),
        ("2016-2017/england_ks5final.csv", "ks5-table", 2017),
        ("2024-2025/england_census.csv", "census", 2025),
    ):
        acquiring.save(f"downloads/{place}", (real_dfe / place).read_bytes())
        assert acquiring.bring(source, year=year) == "recorded", acquiring.said


def test_a_real_performance_table_is_read(acquiring, real_dfe):
    real = real_dfe.parent / "dfe_national" / "2018-2019" / "england_ks4final.csv"
    acquiring.save(PLACE, real.read_bytes())
    assert bring(acquiring) == "recorded", acquiring.said


def test_the_real_links_between_schools_are_read(real_dfe, tmp_path):
    links = real_dfe.parent / "gias" / "links_edubasealldata.csv"
    files = {"gias/links_edubasealldata20261101.csv": links}
    readable.refuse_unreadable_register(files, tmp_path)
    assert list(tmp_path.iterdir()) == []
