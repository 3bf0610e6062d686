from datetime import date

import pandas as pd
import pytest

from pipeline.records.engagement import read_engagement
from pipeline.records.outside_membership import (
    AFTER,
    BEFORE,
    BETWEEN,
    NEVER,
    outside_membership,
)

SPELLS = pd.DataFrame(
    [
        {"urn": "900001", "joined": date(2015, 9, 1), "left": date(2017, 8, 31)},
        {"urn": "900001", "joined": date(2018, 9, 1), "left": date(2019, 8, 31)},
        {"urn": "900002", "joined": date(2018, 9, 1), "left": None},
    ]
)


@pytest.fixture
def on(records):
    def engagement(*days, urn="900001"):
        row = "{},{},senior,review-led,{},1,,"
        records.rows("engagement.csv", *(row.format(f"P{n}", urn, day)
                                         for n, day in enumerate(days)))  # fmt: skip
        return read_engagement(records.folder, "registers").rows

    return engagement


def test_the_first_and_the_last_day_of_membership_are_inside(on):
    days = ["2015-09-01", "2017-08-31", "2018-09-01", "2019-08-31"]
    found = outside_membership(on(*days), SPELLS)
    assert len(found.inside) == 4
    assert found.outside.empty
    assert found.exclusions.empty


def test_each_row_outside_says_why_and_each_reason_is_counted(on):
    days = ["2015-08-31", "2017-09-01", "2018-08-31", "2019-09-01", "2018-12-01"]
    found = outside_membership(on(*days), SPELLS)
    assert found.inside["row"].tolist() == [6]
    assert found.outside["reason"].tolist() == [BEFORE, BETWEEN, BETWEEN, AFTER]
    assert found.outside["row"].tolist() == [2, 3, 4, 5]
    counted = found.exclusions.set_index("reason")["excluded"].to_dict()
    assert counted == {AFTER: 1, BEFORE: 1, BETWEEN: 2}
    assert set(found.exclusions["file"]) == {"engagement.csv"}


def test_membership_that_lasts_has_no_end(on):
    found = outside_membership(on("2018-08-31", "2100-01-01", urn="900002"), SPELLS)
    assert found.outside["reason"].tolist() == [BEFORE]


def test_a_school_that_was_never_a_member_is_outside(on):
    found = outside_membership(on("2018-12-01", urn="900003"), SPELLS)
    assert found.outside["reason"].tolist() == [NEVER]
    assert found.exclusions["excluded"].tolist() == [1]


def test_a_school_that_became_an_academy_is_followed_by_its_key(on):
    now = on("2018-12-01", urn="900011")
    keys = {"900011": "900001"}
    found = outside_membership(now, SPELLS, lambda urns: urns.replace(keys))
    assert found.inside["urn"].tolist() == ["900011"]
    assert len(outside_membership(now, SPELLS).outside) == 1


def test_a_school_that_changed_its_hub_is_inside_once(on):
    spells = pd.DataFrame(
        [
            {"urn": "900001", "joined": date(2015, 9, 1), "left": date(2018, 9, 1)},
            {"urn": "900001", "joined": date(2018, 9, 1), "left": None},
        ]
    )
    found = outside_membership(on("2018-09-01"), spells)
    assert len(found.inside) == 1
    assert found.outside.empty


def test_where_all_spells_last_nothing_is_after(on):
    spells = SPELLS.iloc[2:]
    assert len(outside_membership(on("2020-01-01", urn="900002"), spells).inside) == 1


def test_without_spells_every_row_is_outside(on):
    found = outside_membership(on("2018-12-01", "2019-01-01"), SPELLS.iloc[:0])
    assert found.exclusions.to_dict("records") == [
        {"file": "engagement.csv", "reason": NEVER, "excluded": 2}
    ]
