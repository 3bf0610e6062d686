from pathlib import Path

import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.promise import BrokenPromise
from pipeline.contracts.records import (
    ACTIONS,
    CONTRIBUTIONS,
    COSTS,
    ENGAGEMENT,
    PROGRAMME_TRUSTS,
    SURVEYS,
    THEMES,
    as_promised,
)

PART = {
    "person": "P001",
    "urn": "900001",
    "role": "senior",
    "activity": "visit",
    "date": pd.Timestamp(2018, 9, 1),
    "hours": 6.0,
    "host": None,
    "programme": None,
    "row": 2,
}
SURVEY = {
    "survey": "a",
    "title": "A",
    "programme": None,
    "date": pd.Timestamp(2019, 7, 1),
    "invited": 10,
    "respondents": 10,
    "blank_answers": 0,
}
ROLE = {
    "id": "a",
    "kind": "role",
    "title": "A",
    "started": pd.Timestamp(2018, 9, 1),
    "ended": None,
    "partners": None,
    "evidence": None,
    "said": None,
    "row": 2,
}
TRUST = {
    "programme": "a",
    "trust": "99001",
    "cohort": None,
    "joined": pd.Timestamp(2018, 9, 1),
    "left": None,
    "row": 2,
}


def table_of(contract, row, **cells):
    return as_promised(pd.DataFrame([row | cells]), contract)


@pytest.mark.parametrize(
    ("contract", "row"),
    [
        (ENGAGEMENT, PART),
        (SURVEYS, SURVEY),
        (CONTRIBUTIONS, ROLE),
        (PROGRAMME_TRUSTS, TRUST),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_a_record_that_is_in_order_keeps_its_promise_and_survives_a_file(
    contract, row, tmp_path
):
    path = Path(tmp_path / "table.parquet")
    promise.write(table_of(contract, row), path, contract)
    assert promise.read(path, contract).equals(table_of(contract, row))


@pytest.mark.parametrize(
    ("contract", "row", "cells", "said"),
    [
        (ENGAGEMENT, PART, {"hours": 24.5}, "hours"),
        (ENGAGEMENT, PART, {"hours": 0.0}, "hours"),
        (ENGAGEMENT, PART, {"role": "head"}, "role"),
        (ENGAGEMENT, PART, {"host": "9001"}, "six digits"),
        (ENGAGEMENT, PART, {"programme": ""}, "a text"),
        (SURVEYS, SURVEY, {"respondents": 11}, "no more respondents than people invited"),
        (CONTRIBUTIONS, ROLE, {"evidence": "http://a.org"}, "begins with https://"),
        (CONTRIBUTIONS, ROLE, {"ended": pd.Timestamp(2018, 8, 31)}, "an end no earlier"),
        (PROGRAMME_TRUSTS, TRUST, {"trust": "900001"}, "Group UID"),
        (
            PROGRAMME_TRUSTS,
            TRUST,
            {"left": pd.Timestamp(2018, 9, 1)},
            "after that of joining",
        ),
    ],
)
def test_a_record_that_is_not_breaks_it(contract, row, cells, said):
    with pytest.raises(BrokenPromise, match=said):
        promise.check(table_of(contract, row, **cells), contract)


@pytest.mark.parametrize("contract", [ACTIONS, COSTS, THEMES], ids=lambda c: c.name)
def test_a_table_without_rows_keeps_its_promise(contract):
    empty = as_promised(pd.DataFrame(columns=list(contract.columns)), contract)
    assert promise.check(empty, contract).empty
