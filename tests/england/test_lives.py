"""Schools open, close, become academies, merge and split, and every change is told."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from pipeline.england import lives, world
from tests.england.published import EVERY, england, school_rows


@pytest.fixture(scope="module")
def country():
    return world.build(5, primary_schools=900, secondary_schools=300)


@pytest.mark.parametrize(
    ("day", "table"),
    [
        (date(2017, 9, 1), 2018),
        (date(2017, 9, 12), 2018),
        (date(2017, 9, 13), 2019),
        (date(2018, 1, 1), 2019),
    ],
)
def test_a_table_knows_the_academies_of_the_autumn_before(day, table):
    assert lives.first_table(day) == table


def test_every_kind_of_change_happens_in_the_smallest_country():
    small = world.build(1, primary_schools=60, secondary_schools=40)
    for key_stage in ("ks2", "ks4"):
        kinds = {change.kind for change in small.schools[key_stage].changes}
        assert kinds == {"converted", "sponsored", "merged", "amalgamated", "split"}


def test_no_number_is_given_twice(country):
    numbers = [
        urn
        for key_stage in ("ks2", "ks4")
        for name in ("urn", "academy_urn", "former_urn")
        for urn in getattr(country.schools[key_stage], name).tolist()
        if urn
    ]
    colleges = country.schools["ks5"]
    numbers += colleges.urn[colleges.kind == "college"].tolist()
    infants = [
        change.before[-1]
        for change in country.schools["ks2"].changes
        if change.kind == "amalgamated"
    ]
    numbers += infants
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) >= 900_000 and max(numbers) < 990_000


def test_later_schools_have_higher_numbers_than_those_they_go_on_from(country):
    for key_stage in ("ks2", "ks4"):
        for change in country.schools[key_stage].changes:
            if change.kind != "merged":
                assert max(change.before) < min(change.after)


def test_a_converter_keeps_its_results_and_changes_its_number_and_type(country):
    schools = country.schools["ks2"]
    k = np.flatnonzero(schools.academy_from == 2018)[0]
    assert schools.numbers(2017)[k] == schools.urn[k] != schools.numbers(2018)[k]
    assert schools.types(2017)[k] in lives.MAINTAINED
    assert schools.types(2018)[k] == "ACC"
    assert schools.is_listed(2017)[k] and schools.is_listed(2018)[k]


def test_a_sponsored_academy_begins_where_the_old_school_ended(country):
    schools = country.schools["ks4"]
    place = {urn: k for k, urn in enumerate(schools.urn.tolist())}
    checked = 0
    for change in schools.changes:
        if change.kind == "sponsored" and change.before[0] in place:
            old, new = place[change.before[0]], place[change.after[0]]
            checked += 1
            assert schools.last_year[old] + 1 == schools.opened[new]
            assert schools.first_type[new] == "AC"
            assert schools.town[old] == schools.town[new]
            assert schools.estab[old] != schools.estab[new]
    assert checked > 10


def test_a_school_that_takes_another_one_in_grows_by_it(country):
    schools = country.schools["ks2"]
    grown = np.flatnonzero(schools.takes >= 0)
    assert len(grown)
    for k in grown:
        before, after = (schools.sizes(int(schools.grows[k]) + at)[k] for at in (-1, 0))
        assert after == before + schools.size[schools.takes[k]]
        assert schools.last_year[schools.takes[k]] == schools.grows[k] - 1


def test_the_two_halves_of_a_split_are_as_large_as_the_whole(country):
    schools = country.schools["ks2"]
    place = {urn: k for k, urn in enumerate(schools.urn.tolist())}
    for change in schools.changes:
        if change.kind == "split":
            halves = sum(schools.size[place[urn]] for urn in change.after)
            assert halves == pytest.approx(schools.size[place[change.before[0]]], rel=0.01)


def test_sixth_forms_keep_the_numbers_of_their_schools(country):
    inside = country.schools["ks5"]
    schools = inside.kind != "college"
    assert set(inside.urn[schools].tolist()) <= set(country.schools["ks4"].urn.tolist())
    assert set(inside.record) == {"1", "3"}


def test_share_of_academies_grows_as_it_did():
    shares = {}
    for year in (2016, 2024):
        types = Counter(row["NFTYPE"].strip() for row in school_rows("ks2", year))
        shares[year] = (types["ACC"] + types["AC"]) / types.total()
    assert 0.12 < shares[2016] < 0.3 < shares[2024] < 0.55


def test_no_table_lists_a_number_twice():
    for key_stage, year in EVERY:
        urns = [row["URN"] for row in school_rows(key_stage, year)]
        assert len(set(urns)) == len(urns)


def test_codes_of_authorities_are_not_the_departments():
    codes = set(england().country.authorities)
    assert min(codes) >= 400 and max(codes) <= 440
    # 420 is the Isles of Scilly.
    assert 420 not in codes


def test_a_larger_country_has_forty_authorities_in_nine_regions():
    country = world.build(1, primary_schools=1500, secondary_schools=400)
    assert len(country.country.authorities) == 40
    assert set(country.country.region.values()) == set(range(9))
