"""The registers keep their dates straight and name schools as organisations do."""

import csv
import io
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import numpy as np

from pipeline.england import registers, world
from pipeline.england.membership import REGISTERED, Partners, Spell
from tests.england.published import EVERY, england, school_rows


def partner_rows():
    return list(csv.DictReader(io.StringIO(registers.partners(england()))))


def programme_rows():
    return list(csv.DictReader(io.StringIO(registers.programmes(england()))))


def spells(rows):
    by_urn = defaultdict(list)
    for row in rows:
        left = date.fromisoformat(row["left"]) if row["left"] else date.max
        by_urn[row["urn"]].append((date.fromisoformat(row["joined"]), left))
    return {urn: sorted(own) for urn, own in by_urn.items()}


def listed_urns():
    return {row["URN"] for ks, year in EVERY for row in school_rows(ks, year)}


def places_of_partners(country):
    """Every partner that became an academy: school, its spells, the written number."""
    for key_stage in REGISTERED:
        schools, partners = country.schools[key_stage], country.partners[key_stage]
        for k in np.flatnonzero(partners.joins & (schools.academy_urn > 0)):
            urn = int(schools.urn[k])
            own = [spell for spell in partners.spells if spell.urn == urn]
            yield schools, k, own, country.written[urn].urn


def test_columns_are_those_that_the_settings_describe():
    assert list(partner_rows()[0]) == ["urn", "name", "joined", "left", "hub"]
    assert list(programme_rows()[0]) == [
        "programme",
        "urn",
        "cohort",
        "joined",
        "left",
        "trio",
    ]


def test_every_school_number_has_six_digits_that_no_real_school_has():
    for row in partner_rows() + programme_rows():
        assert row["urn"].isdigit() and len(row["urn"]) == 6 and row["urn"] >= "900000"


def test_every_spell_begins_from_2011_to_2023_and_before_it_ends():
    for own in spells(partner_rows()).values():
        for joined, left in own:
            assert 2011 <= joined.year <= 2023
            assert joined < left


def test_spells_of_one_school_never_overlap():
    several = [own for own in spells(partner_rows()).values() if len(own) > 1]
    assert several
    for own in several:
        for (_, left), (joined, _) in pairwise(own):
            assert left < joined


def test_most_joined_on_the_first_of_september_and_some_in_mid_year():
    first = [row["joined"].endswith("-09-01") for row in partner_rows()]
    assert 0.7 < sum(first) / len(first) < 1


def test_some_partners_left_and_most_stayed():
    left = [bool(row["left"]) for row in partner_rows()]
    assert 0 < sum(left) / len(left) < 0.4


def test_an_eighth_of_mainstream_schools_are_partners():
    mainstream = sum(
        int((england().schools[ks].kind == "mainstream").sum()) for ks in REGISTERED
    )
    joined = sum(int(england().partners[ks].joins.sum()) for ks in REGISTERED)
    assert 0.11 < joined / mainstream < 0.13


def test_a_few_partners_stand_in_no_table():
    known = listed_urns()
    lost = [row for row in partner_rows() if row["urn"] not in known]
    assert 3 <= len(lost) < len(partner_rows()) / 5


def test_names_are_those_of_the_tables():
    names = {
        row["URN"]: row["SCHNAME"] for ks, year in EVERY for row in school_rows(ks, year)
    }
    for row in partner_rows():
        if row["urn"] in names:
            assert row["name"] == names[row["urn"]]


def test_hubs_hold_primary_and_secondary_schools():
    phase = {
        row["URN"]: ks for ks, year in EVERY if ks != "ks5" for row in school_rows(ks, year)
    }
    phases = defaultdict(set)
    for row in partner_rows():
        phases[row["hub"]].add(phase.get(row["urn"]))
    assert any({"ks2", "ks4"} <= held for held in phases.values())
    assert "" not in phases


def test_academies_are_listed_under_their_old_or_their_new_number():
    country = world.build(5, primary_schools=1200, secondary_schools=300)
    found = Counter()
    for schools, k, own, written in places_of_partners(country):
        assert written in (schools.urn[k], schools.academy_urn[k])
        joined_before = own[0].joined < schools.converts[k].astype(date)
        found[joined_before, written == schools.academy_urn[k]] += 1
    assert found[True, True] and found[True, False]
    # Who joined as an academy is known by no other number.
    assert not found[False, False]


def test_membership_of_a_school_that_ends_in_another_one_ends_with_it():
    ended = 0
    for key_stage in REGISTERED:
        schools, partners = england().schools[key_stage], england().partners[key_stage]
        last = dict(zip(schools.urn.tolist(), schools.ends, strict=True))
        goes_on = dict(zip(schools.urn.tolist(), schools.goes_on, strict=True))
        for spell in partners.spells:
            if goes_on[spell.urn]:
                ended += 1
                assert spell.left is not None
                assert spell.left <= last[spell.urn].astype(date)
    assert ended


def test_a_school_counts_only_where_it_was_a_member_all_year():
    spell = Spell(900001, date(2017, 9, 1), date(2019, 8, 31))
    assert [year for year in range(2016, 2022) if spell.counts_in(year)] == [2018, 2019]
    late = Spell(900001, date(2017, 9, 2), None)
    assert not late.counts_in(2018) and late.counts_in(2019)


def test_years_of_membership_are_counted_over_a_gap():
    spells = (
        Spell(900001, date(2015, 9, 1), date(2017, 8, 31)),
        Spell(900001, date(2019, 9, 1), None),
    )
    partners = Partners(np.array([900001]), np.array([True]), np.array([0]), spells)
    counted = {year: int(partners.exposure(year)[0]) for year in range(2015, 2023)}
    assert counted == {
        2015: 0,
        2016: 1,
        2017: 2,
        2018: 0,
        2019: 0,
        2020: 3,
        2021: 4,
        2022: 5,
    }
    assert partners.first_year.tolist() == [2016]


def test_programme_cohorts_are_trios_of_partners():
    members = spells(partner_rows())
    trios = Counter((row["cohort"], row["trio"]) for row in programme_rows())
    assert set(trios.values()) == {3}
    for row in programme_rows():
        joined = date.fromisoformat(row["joined"])
        left = date.fromisoformat(row["left"])
        assert row["joined"] == f"{row['cohort']}-09-01" and joined.year >= 2018
        assert (left - joined).days < 2 * 366
        assert any(a <= joined and left <= b for a, b in members[row["urn"]])


def test_a_school_takes_part_in_a_programme_once():
    urns = [row["urn"] for row in programme_rows()]
    assert len(set(urns)) == len(urns)
