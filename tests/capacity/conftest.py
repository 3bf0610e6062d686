"""Member schools and what their people took part in, made row by row."""

import pandas as pd
import pytest

from pipeline.capacity.participation import participation
from pipeline.contracts import promise
from pipeline.contracts.capacity import MEMBER_SCHOOLS
from pipeline.contracts.records import ACTIVITIES, ENGAGEMENT, as_promised

A, B, C, D = "100001", "100002", "100003", "100004"


def member(school=A, year=2019, **known):
    """One school that counts as a member in one year."""
    row = {
        "school_key": school,
        "urn": school,
        "year": year,
        "phase": "secondary",
        "hub": "North",
        "deprivation_fifth": 5,
        "starting_fifth": 1,
    }
    return row | known


def part(person="P1", school=A, date="2018-11-13", **known):
    """One person's part in one activity on one day."""
    row = {
        "person": person,
        "urn": school,
        "role": "senior",
        "activity": "visit",
        "date": date,
        "hours": 6.0,
        "host": None,
        "programme": None,
    }
    return row | known


def people(number, school=A, first=1, **known):
    """So many persons, each with one part: P1, P2 and so on."""
    return [part(f"P{n}", school, **known) for n in range(first, first + number)]


def engagement(parts):
    table = pd.DataFrame(parts).assign(row=range(2, len(parts) + 2))
    table["date"] = pd.to_datetime(table["date"])
    return promise.check(as_promised(table, ENGAGEMENT), ENGAGEMENT)


def schools(members):
    return as_promised(pd.DataFrame(members), MEMBER_SCHOOLS)


def taken(members, parts, **more):
    return participation(engagement(parts), schools(members), **more)


def activities():
    rows = [
        ("visit", "A visit", "visit", None),
        ("training", "Training of reviewers", "training", "reviewer_trained"),
        ("leading", "Leading a review", "review", "review_led"),
    ]
    table = pd.DataFrame(rows, columns=["activity", "label", "kind", "counts_as"])
    return as_promised(table.assign(row=range(2, len(rows) + 2)), ACTIVITIES)


def one(table, **keys):
    """The one row of a table with these keys."""
    for column, value in keys.items():
        table = table[table[column] == value]
    assert len(table) == 1, table
    return table.iloc[0]


@pytest.fixture
def made():
    """The builders, for tests to take by name."""

    class Made:
        pass

    for builder in (member, part, people, engagement, schools, taken, activities, one):
        setattr(Made, builder.__name__, staticmethod(builder))
    Made.A, Made.B, Made.C, Made.D = A, B, C, D
    return Made
