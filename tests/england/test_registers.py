"""The registers keep their dates straight and name schools as the tables do."""

import csv
import io
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

from pipeline.england import registers
from pipeline.england.membership import Spell
from tests.england.published import BOTH, england, school_rows


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
    return {row["URN"] for ks, year in BOTH for row in school_rows(ks, year)}


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


def test_every_spell_begins_from_2011_to_2022_and_before_it_ends():
    for own in spells(partner_rows()).values():
        for joined, left in own:
            assert 2011 <= joined.year <= 2022
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
        int((schools.kind == "mainstream").sum()) for schools in england().schools.values()
    )
    joined = sum(int(p.joins.sum()) for p in england().partners.values())
    assert 0.11 < joined / mainstream < 0.13


def test_a_few_partners_stand_in_no_table():
    known = listed_urns()
    lost = [row for row in partner_rows() if row["urn"] not in known]
    assert 3 <= len(lost) < len(partner_rows()) / 5


def test_names_are_those_of_the_tables():
    names = {
        row["URN"]: row["SCHNAME"] for ks, year in BOTH for row in school_rows(ks, year)
    }
    for row in partner_rows():
        if row["urn"] in names:
            assert row["name"] == names[row["urn"]]


def test_hubs_hold_primary_and_secondary_schools():
    phases = defaultdict(set)
    for row in partner_rows():
        phases[row["hub"]].add(row["urn"] < "930000")
    assert any(len(phase) == 2 for phase in phases.values())
    assert "" not in phases


def test_a_school_counts_only_where_it_was_a_member_all_year():
    spell = Spell(900001, date(2017, 9, 1), date(2019, 8, 31))
    assert [year for year in range(2016, 2022) if spell.counts_in(year)] == [2018, 2019]
    late = Spell(900001, date(2017, 9, 2), None)
    assert not late.counts_in(2018) and late.counts_in(2019)


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
