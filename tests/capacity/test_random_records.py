"""Records drawn at random, counted once more by the plainest code there is."""

import numpy as np
import pandas as pd
import pytest

from pipeline.capacity import dose, network, reach, retention, reviewers
from pipeline.contracts.capacity import PERSONS

YEARS = (2018, 2019, 2020)


@pytest.fixture(params=range(6))
def drawn(request, made):
    """Forty schools in six hubs, a hundred people, and what they took part in."""
    rng = np.random.Generator(np.random.PCG64(request.param))
    keys = [str(100001 + n) for n in range(40)]
    members = [
        made.member(
            key,
            year,
            hub=f"Hub {n % 6}",
            phase=["primary", "secondary", None][n % 3],
            deprivation_fifth=n % 5 + 1,
            starting_fifth=None,
        )
        for n, key in enumerate(keys)
        for year in YEARS
        if rng.random() < 0.9
    ]
    parts = [
        made.part(
            f"P{person}",
            keys[int(person) % 25],
            f"{2017 + int(rng.integers(3))}-1{int(rng.integers(3))}-{n % 28 + 1:02d}",
            role=["senior", "middle"][int(person) % 2],
            activity=["visit", "training", "leading"][int(rng.integers(3))],
            hours=float(rng.integers(1, 9)),
            host=[None, keys[int(rng.integers(40))]][int(rng.integers(2))],
        )
        for n, person in enumerate(rng.integers(100, size=250))
    ]
    return members, parts


def inside(members, parts):
    """Pairs of year and part of schools that count in it (all dates lie in autumn)."""
    own = {(m["school_key"], m["year"]) for m in members}
    dated = [(int(p["date"][:4]) + 1, p) for p in parts]
    return [(year, p) for year, p in dated if (p["urn"], year) in own]


def group_of(member, dimension):
    return "all" if dimension == "all" else str(member[dimension] or "unknown")


def test_reach_is_what_counting_by_hand_gives(made, drawn):
    members, parts = drawn
    table = reach.reach(made.taken(members, parts)).table
    took = {(year, p["urn"]) for year, p in inside(members, parts)}
    asked = table[(table["quantity"] == reach.SCHOOLS_REACHED) & (table["role"] == "any")]
    for row in asked.to_dict("records"):
        place = (row["year"], row["group"])
        own = {
            (m["year"], m["school_key"])
            for m in members
            if (m["year"], group_of(m, row["dimension"])) == place
        }
        assert (row["numerator"], row["denominator"]) == (len(took & own), len(own))


def test_retention_of_schools_is_what_counting_by_hand_gives(made, drawn):
    members, parts = drawn
    table = retention.retention(made.taken(members, parts)).table
    took = {year: set() for year in YEARS}
    for year, p in inside(members, parts):
        took[year].add(p["urn"])
    for year in YEARS[:-1]:
        row = made.one(table, year=year, unit="schools", quantity=retention.AGAIN)
        again = len(took[year] & took[year + 1])
        assert (row["numerator"], row["denominator"]) == (again, len(took[year]))


def every_table(made, members, parts):
    found = made.taken(members, parts)
    yield reach.reach(found).table
    yield dose.dose(found).table
    yield retention.retention(found).table
    yield reviewers.reviewers(found, made.activities()).table
    yield network.network(found).table


def test_no_table_counts_few_persons(made, drawn):
    for table in every_table(made, *drawn):
        for count, of in (("numerator", "counted"), ("denominator", "counted_of")):
            shown = table.loc[table[of].isin(PERSONS), count].dropna()
            assert not shown.between(1, 5).any()


def test_a_second_run_gives_the_same_bytes(made, drawn):
    first, second = (
        [table.to_csv(index=False) for table in every_table(made, *drawn)] for _ in range(2)
    )
    assert first == second


def test_no_leader_of_one_year_can_be_worked_out_from_reach(made, drawn):
    """Where all but one part of a total are shown, the last must not be few persons."""
    members, parts = drawn
    table = reach.reach(made.taken(members, parts)).table
    leaders = table[table["quantity"] == reach.LEADERS]
    for year in YEARS:
        own = leaders[leaders["year"] == year]
        total = made.one(own, dimension="all", group="all", role="any")["numerator"]
        families = [own[(own["dimension"] == "all") & (own["role"] != "any")]]
        families += [own[own["dimension"] == d] for d in ("phase", "hub")]
        for family in families:
            hidden = int((family["status"] == "suppressed").sum())
            left = total - family["numerator"].sum()
            assert hidden != 1
            assert hidden == 0 or left > 5
            assert pd.notna(left)
