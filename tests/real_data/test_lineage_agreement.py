"""The real register of schools, and lineage against what others made of it."""

import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.establishments import ESTABLISHMENTS, LINEAGE, LINKS, TRUST_SPELLS
from pipeline.schools import lineage
from pipeline.schools.lineage import Rules, follow_chains
from pipeline.sources import establishments

NEAREST = Rules(sponsored="carry")
"""The rule nearest to that of lookup.csv: every change of one number to one number."""


@pytest.fixture(scope="module")
def gias(shared_data):
    return establishments.read(shared_data / "gias", "gias")


@pytest.fixture(scope="module")
def chains(gias):
    """Follow the real links once for each rule: chains(Rules())."""
    known = {}

    def follow(rules):
        if rules not in known:
            known[rules] = follow_chains(gias.links, gias.establishments, rules)
        return known[rules]

    return follow


@pytest.fixture(scope="module")
def lookup(raw):
    """Somebody else's latest number of each number: '100000,100000.0' in the file."""
    rows = raw("gias/lookup.csv")
    return pd.DataFrame(
        {
            "urn": [row["OLD_URN"] for row in rows],
            "latest_urn": [row["LATEST_URN"].removesuffix(".0") for row in rows],
        }
    )


@pytest.fixture(scope="module")
def keyed(raw, chains):
    """Schools of the national tables with their keys: keyed('ks4', 2016, Rules())."""

    def read(key_stage, year, rules):
        rows = raw(f"dfe_national/{year - 1}-{year}/england_{key_stage}final.csv")
        outcome = {"ks2": "READPROG", "ks4": "ATT8SCR"}[key_stage]
        table = pd.DataFrame(
            [
                {"urn": row["URN"], "year": year, "outcome": row[outcome].strip()}
                for row in rows
                if row["RECTYPE"] in ("1", "2")
            ]
        )
        return lineage.attach(table, chains(rules).table)

    return read


def test_every_row_of_the_real_register_is_read(gias):
    promise.check(gias.establishments, ESTABLISHMENTS)
    promise.check(gias.links, LINKS)
    promise.check(gias.trust_spells, TRUST_SPELLS)
    told = gias.inventory
    assert told["establishments"] == 26_078
    assert told["establishments_outside_england"] == 34
    assert told["links"] == 34_565
    assert told["links_without_a_date"] == 8_273
    assert told["trust_spells"] == 10_442
    assert [entry["file"] for entry in told["left_out"]] == ["lookup.csv"]
    assert told["not_supplied"] == []


def test_the_first_numbers_run_through_the_authorities_and_the_later_ones_do_not(gias):
    schools = gias.establishments
    place = schools["local_authority"]
    beside_its_own = place == place.shift()
    assert beside_its_own[schools["urn"] < "126600"].mean() == pytest.approx(
        0.90, abs=0.005
    )
    assert beside_its_own[schools["urn"] >= lineage.FIRST_IN_ORDER].mean() == pytest.approx(
        0.18, abs=0.005
    )


def test_the_spells_in_trusts_are_those_of_the_register_made_from_them(gias, raw):
    ours = gias.trust_spells[gias.trust_spells["trust_name"] == "UNITED LEARNING TRUST"]
    read = {(row.urn, str(row.joined.date())) for row in ours.itertuples()}
    theirs = {
        (row["urn"], row["joined"]) for row in raw("registers/united-learning/partners.csv")
    }
    assert theirs == read


def test_links_that_stand_with_one_establishment_alone_are_followed(raw, gias, chains):
    recorded = [
        (row["URN"], row["LinkURN"], row["LinkType"])
        for row in raw("gias/links_edubasealldata.csv")
    ]
    with_old = {(a, b) for a, b, kind in recorded if kind.startswith("Successor")}
    with_new = {(b, a) for a, b, kind in recorded if kind.startswith("Predecessor")}
    assert len(with_old - with_new) == 440
    assert len(with_new - with_old) == 81
    steps = chains(Rules()).steps
    assert set(zip(steps["old"], steps["new"], strict=True)) == with_old | with_new
    one_side = steps[~steps["both_sides"]]
    assert len(one_side) == 440 + 81
    assert (one_side["kind"] == lineage.CONVERSION).sum() == 282


def test_the_kinds_of_change_in_the_real_links(chains):
    found = chains(Rules())
    promise.check(found.table, LINEAGE)
    assert found.told["pairs_by_kind"] == {
        lineage.CONVERSION: 9_679,
        lineage.SPONSORED: 2_186,
        lineage.AMALGAMATED: 3_583,
        lineage.SPLIT: 71,
        lineage.MERGED: 1_800,
        lineage.BOTH_OPEN: 2,
        lineage.NOT_OPENED: 20,
        lineage.PASSES_OVER: 4,
        lineage.CIRCLE: 21,
    }
    assert found.told["links_of_other_kinds"]["Sixth Form Centre School"] == 137
    assert sum(found.told["links_of_other_kinds"].values()) == 354
    assert found.told["keys"] == 32_089
    assert found.told["keys_of_several_establishments"] == 9_409
    assert found.told["keys_with_two_open_at_once"] == 0


def test_lineage_agrees_with_the_independent_list_but_for_known_reasons(chains, lookup):
    found = lineage.explain_differences(chains(NEAREST), lookup)
    assert found["why"].value_counts().to_dict() == {
        lineage.AGREES: 46_883,
        lineage.LATER: 2_188,
        lineage.MERGED: 313,
        lineage.SEVERAL: 55,
        lineage.ONE_SIDE: 5,
        lineage.SPLIT: 5,
        lineage.CIRCLE: 4,
        lineage.WALES: 4,
        lineage.BOTH_OPEN: 3,
        lineage.NO_LINK: 1,
        lineage.AMALGAMATED: 1,
    }


def test_the_default_differs_from_the_independent_list_by_sponsored_academies(
    chains, lookup
):
    found = lineage.explain_differences(chains(Rules()), lookup)
    assert found["why"].value_counts().to_dict() == {
        lineage.AGREES: 44_624,
        lineage.SPONSORED: 2_302,
        lineage.LATER: 2_159,
        lineage.MERGED: 313,
        lineage.SEVERAL: 44,
        lineage.SPLIT: 5,
        lineage.WALES: 4,
        lineage.ONE_SIDE: 3,
        lineage.CIRCLE: 3,
        lineage.BOTH_OPEN: 3,
        lineage.NO_LINK: 1,
        lineage.AMALGAMATED: 1,
    }


def test_hardly_a_difference_is_left_of_what_the_independent_list_could_know(
    chains, lookup
):
    found = lineage.explain_differences(chains(NEAREST), lookup)
    could_know = found[found["why"] != lineage.LATER]
    assert (could_know["why"] == lineage.AGREES).mean() > 0.99


def earlier_results(raw, area, key_stage, year, earlier, column):
    """Pair what a table prints of an earlier year with that year's own table.

    Yields the number of each school that is not in the earlier table, and what the
    later one prints of its earlier result, with the earlier table's results by number.
    """
    now = raw(f"dfe/{year - 1}-{year}/{area}_{key_stage}final.csv")
    then = {
        row["URN"]: row[column].strip()
        for row in raw(f"dfe/{earlier - 1}-{earlier}/{area}_{key_stage}final.csv")
        if row["RECTYPE"] in ("1", "2")
    }
    for row in now:
        if row["RECTYPE"] in ("1", "2") and row["URN"] not in then:
            yield row["URN"], row[f"{column}_{earlier % 100}"].strip(), then


PRINTED = [
    ("936", "ks4", 2018, 2017, "ATT8SCR"),
    ("936", "ks4", 2019, 2017, "ATT8SCR"),
    ("936", "ks4", 2019, 2018, "ATT8SCR"),
    ("850", "ks2", 2018, 2017, "READPROG"),
    ("850", "ks2", 2019, 2017, "READPROG"),
    ("850", "ks2", 2019, 2018, "READPROG"),
    ("850", "ks2", 2019, 2017, "PTRWM_EXP"),
    ("850", "ks2", 2019, 2018, "PTRWM_EXP"),
]


def test_the_departments_own_tables_carry_and_break_as_the_default_rule_does(raw, chains):
    default, carrying = chains(Rules()).table, chains(NEAREST).table
    key = dict(zip(default["urn"], default["school_key"], strict=True))
    wider = dict(zip(carrying["urn"], carrying["school_key"], strict=True))
    carried, broken = 0, 0
    for table in PRINTED:
        for urn, printed, then in earlier_results(raw, *table):
            before = {key.get(other, other): cell for other, cell in then.items()}
            any_before = {wider.get(other, other) for other in then}
            if (found := before.get(key.get(urn, urn))) is not None:
                # The tables of 2018/19 write NA for no entries, those of before NE.
                assert printed.replace("NA", "NE") == found
                carried += 1
            elif wider.get(urn, urn) in any_before:
                assert printed == ""
                broken += 1
            else:
                assert not printed.replace(".", "").lstrip("-").rstrip("%").isdigit()
    assert (carried, broken) == (33, 10)


def test_more_schools_are_followed_by_key_than_by_number(keyed):
    first, last = keyed("ks4", 2016, Rules()), keyed("ks4", 2018, Rules())
    assert len(first) == 5_335
    assert first["urn"].isin(last["urn"]).sum() == 4_894
    assert first["school_key"].isin(last["school_key"]).sum() == 5_079
    first, last = keyed("ks4", 2016, NEAREST), keyed("ks4", 2018, NEAREST)
    assert first["school_key"].isin(last["school_key"]).sum() == 5_205


def test_a_school_that_joined_another_had_results_beside_it(keyed, chains):
    """The independent list takes these for one school; the tables show two."""
    steps = chains(Rules()).steps
    joined = steps[(steps["kind"] == lineage.MERGED) & (steps["old"] < steps["new"])]
    joined = joined[joined["new"] < lineage.FIRST_IN_ORDER]
    beside = 0
    for year in (2016, 2017, 2018):
        table = keyed("ks2", year, Rules())
        taught = set(table.loc[table["outcome"] != "", "urn"])
        beside += (joined["old"].isin(taught) & joined["new"].isin(taught)).sum()
    assert beside == 26


@pytest.mark.parametrize(
    ("key_stage", "shared"),
    [("ks4", {2016: 4, 2017: 16, 2018: 15}), ("ks2", {2016: 2, 2017: 7, 2018: 15})],
)
def test_of_two_numbers_of_a_school_in_one_year_one_has_results(keyed, key_stage, shared):
    rows = pd.concat([keyed(key_stage, year, Rules()) for year in (2016, 2017, 2018)])
    twice = lineage.two_in_one_year(rows).merge(rows, on=["school_key", "year", "urn"])
    assert twice.groupby("year")["school_key"].nunique().to_dict() == shared
    results = twice[twice["outcome"] != ""].groupby(["school_key", "year"]).size()
    # One school joined another in January 2016, under a plain link; the register of that
    # day would tell when the other had opened, the spine does not.
    exceptions = {"ks4": [], "ks2": [("133340", 2016)]}
    assert results[results > 1].index.tolist() == exceptions[key_stage]
