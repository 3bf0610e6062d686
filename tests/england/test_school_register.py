"""The register of schools tells every number a school has had, with the real one's faults."""

import csv
import io
from collections import Counter
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import pytest

from pipeline.england import establishments, gias, trusts, world
from pipeline.england.lives import NEVER
from pipeline.england.trusts import AS_AT, MULTI
from pipeline.schools.lineage import Rules, follow_chains
from pipeline.sources import establishments as register_of_schools
from tests.england.published import EVERY, england, school_rows, table


@pytest.fixture(scope="module")
def country():
    return world.build(5, primary_schools=900, secondary_schools=300)


@pytest.fixture(scope="module")
def listed(country):
    return establishments.draw(country)


@pytest.fixture(scope="module")
def members(country):
    return trusts.draw(country)


@pytest.fixture(scope="module")
def rows(country, listed, members):
    return table(gias.establishments(country, listed, members))


@pytest.fixture(scope="module")
def links(country, listed):
    return table(gias.links(country, listed))


def day(text):
    return datetime.strptime(text, "%d-%m-%Y").date() if text else None


def test_the_file_is_written_as_the_real_one(country, listed, members):
    content = gias.establishments(country, listed, members)
    header = next(csv.reader(io.StringIO(content.decode("cp1252"))))
    assert len(header) == 135
    assert header[:2] == ["URN", "LA (code)"] and "GOR (name)" in header
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert content.endswith(b"\r\n")


def test_the_links_end_without_a_line_end(country, listed):
    content = gias.links(country, listed)
    header = b'"URN","LinkURN","LinkName","LinkType","LinkEstablishedDate"\r\n'
    assert content.startswith(header)
    assert not content.endswith(b"\n")


def test_every_number_of_the_tables_is_in_the_register_once():
    drawn = establishments.draw(england())
    numbers = Counter(str(entry.urn) for entry in drawn)
    assert set(numbers.values()) == {1}
    in_tables = {row["URN"] for ks, year in EVERY for row in school_rows(ks, year)}
    assert in_tables <= set(numbers)


def test_a_school_is_open_under_one_number_at_a_time(listed):
    by_school = {}
    for entry in listed:
        if entry.ages != (4, 7):
            by_school.setdefault((entry.key_stage, entry.place), []).append(entry)
    assert any(len(own) > 1 for own in by_school.values())
    for own in by_school.values():
        own.sort(key=lambda entry: entry.opened or date.min)
        for before, after in pairwise(own):
            assert before.closed < after.opened


def test_schools_of_the_last_table_are_open_and_closed_ones_have_a_day(rows):
    for row in rows:
        closed = row["ESTABLISHMENTSTATUS (NAME)"] == "Closed"
        assert closed == bool(row["CLOSEDATE"])
        if closed:
            assert day(row["CLOSEDATE"]) < AS_AT
            assert row["NUMBEROFPUPILS"] == ""


def test_types_are_in_the_registers_own_words(rows):
    words = {row["TYPEOFESTABLISHMENT (NAME)"] for row in rows}
    assert {"Academy converter", "Academy sponsor led", "Community school"} <= words
    assert {row["GOR (NAME)"] for row in rows} >= {"London", "North East"}


def test_links_use_the_real_words_on_both_sides(links):
    words = Counter(row["LINKTYPE"] for row in links)
    for ending in ("", " - merged", " - amalgamated", " - Split School"):
        assert words[f"Predecessor{ending}"] and words[f"Successor{ending}"]
    assert words["Predecessor"] > 0.8 * sum(words.values()) / 2


def test_some_links_have_no_date_two_dates_or_one_side(links):
    plain = [r for r in links if r["LINKTYPE"] in ("Predecessor", "Successor")]
    told = {(r["URN"], r["LINKURN"]): r["LINKESTABLISHEDDATE"] for r in plain}
    blank = np.mean([not date for date in told.values()])
    both = [(told[u, v], told[v, u]) for u, v in told if (v, u) in told]
    one_sided = 1 - len(both) / len(told)
    differ = np.mean([a != b for a, b in both if a])
    # The real file: 24.6% blank, 1.4% of rows alone, 83% of dated pairs differ.
    assert blank == pytest.approx(0.246, abs=0.06)
    assert 0.003 < one_sided < 0.05
    assert differ == pytest.approx(0.83, abs=0.08)


def test_infant_schools_are_in_the_register_and_in_no_table(country, listed):
    infants = [entry for entry in listed if entry.ages == (4, 7)]
    assert infants and all(entry.name.endswith("Infant School") for entry in infants)
    schools = country.schools["ks2"]
    assert not {entry.urn for entry in infants} & set(schools.urn.tolist())


def test_only_academies_and_foundation_schools_are_in_trusts(members, rows):
    types = {row["URN"]: row["TYPEOFESTABLISHMENT (NAME)"] for row in rows}
    status = {row["URN"]: row["ESTABLISHMENTSTATUS (NAME)"] for row in rows}
    for member in members:
        kind = types[str(member.urn)]
        assert (
            kind == "Foundation school"
            or "cadem" in kind
            or kind.startswith(("Free", "University", "Studio"))
        )
        assert status[str(member.urn)] == "Open"
        assert member.joined <= AS_AT


def test_a_school_is_in_one_trust(members):
    assert len({member.urn for member in members}) == len(members)


def test_most_trusts_lie_in_one_authority_and_some_reach_over_several(members):
    places = {}
    for member in members:
        if member.kind == MULTI:
            places.setdefault(member.uid, set()).add(member.authority)
    spread = Counter(len(authorities) for authorities in places.values())
    assert spread[1] > 0.3 * spread.total()
    assert spread[2] and max(spread) >= 3


def written(country, listed, members, folder):
    files = {
        "edubasealldata20240901.csv": gias.establishments(country, listed, members),
        "links_edubasealldata20240901.csv": gias.links(country, listed),
        "trust_links.csv": gias.trust_links(members),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return register_of_schools.read(folder, "gias")


def test_following_the_links_finds_the_schools_that_are_one(
    country, listed, members, tmp_path
):
    register = written(country, listed, members, tmp_path)
    rules = Rules(sponsored="break", merged="survivor", amalgamated="break", split="break")
    chains = follow_chains(register.links, register.establishments, rules).table
    key = dict(zip(chains["urn"], chains["school_key"], strict=True))
    checked = Counter()
    for key_stage in ("ks2", "ks4"):
        for change in country.schools[key_stage].changes:
            checked[change.kind] += 1
            old = {key[str(urn)] for urn in change.before}
            new = {key[str(urn)] for urn in change.after}
            # A converter is the same school; all others are two.
            assert bool(old & new) == (change.kind == "converted")
    assert min(checked.values()) >= 1 and checked["converted"] > 100


def test_the_register_is_read_without_a_fault(country, listed, members, tmp_path):
    register = written(country, listed, members, tmp_path)
    assert len(register.establishments) == len(listed)
    assert len(register.trust_spells) == len(members)


def test_schools_that_end_have_a_last_day_and_all_have_pupils(country):
    for key_stage in ("ks2", "ks4", "ks5"):
        schools = country.schools[key_stage]
        assert schools.size.min() >= 2
        if key_stage != "ks5":
            # A sixth form may close while its school stays.
            assert ((schools.last_year == NEVER) == np.isnat(schools.ends)).all()
