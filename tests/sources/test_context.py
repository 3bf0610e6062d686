import os
import re

import pytest

from pipeline.contracts import promise
from pipeline.contracts.establishments import CONTEXT, CONTEXT_AGGREGATES, TRUST_RESULTS
from pipeline.measures.context import ITEMS, TABLES
from pipeline.measures.measure import GROUPS
from pipeline.run.faults import Fault
from pipeline.sources import context, context_files


def test_a_folder_without_any_context_is_read_and_every_year_not_supplied(tmp_path):
    found = context.read(tmp_path, "context", range(2018, 2020))
    assert promise.check(found.table, CONTEXT).empty
    assert promise.check(found.aggregates, CONTEXT_AGGREGATES).empty
    assert promise.check(found.trust_results, TRUST_RESULTS).empty
    tables = {entry["table"]: entry["years"] for entry in found.inventory}
    assert len(tables) == 5
    assert {year["state"] for year in tables["census"].values()} == {"not supplied"}


def test_tables_of_one_folder_stand_in_one_table(tmp_path):
    for shown, text in {
        "2018-2019/england_census.csv": "URN,NOR,NORG\n100001,10,5\n",
        "2018-2019/england_abs.csv": "URN,PERCTOT\n100001,4.5\n",
        "2020-2021/850_ks4-pupdest.csv": "URN,COHORT,OVERALL_DESTPER\n100001,10,90%\n",
    }.items():
        path = tmp_path / shown
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = context.read(tmp_path, "context", range(2019, 2020))
    values = promise.check(found.table, CONTEXT).set_index("item")["value"]
    assert values[["pupils_on_roll", "absence_percent"]].tolist() == [10.0, 4.5]
    assert values["destinations_sustained_percent"] == 90.0
    assert set(found.table["year"]) == {2019}


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(Fault, match=r"sources\.context"):
        context.read(tmp_path / "nowhere", "context", range(2019, 2020))


def test_no_two_items_share_a_code_or_a_column():
    listed = [item for table in TABLES for item in table.items]
    assert len(ITEMS) == len(listed)
    for table in TABLES:
        columns = [
            name for item in table.items for c in item.columns.values() for name in c.value
        ]
        assert len(columns) == len(set(columns))


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.code)
def test_each_item_says_what_it_is_and_what_it_cannot_say(item):
    assert item.what_it_is.endswith(".")
    assert item.cannot_say.endswith(".")
    assert set(item.columns) <= set(GROUPS)
    assert item.bounds[0] == 0


def test_a_pipe_named_as_a_zip_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "census.zip")
    near = re.compile("census")
    files = context_files.files_below(tmp_path, "context")
    assert context_files.overlooked(files, set(), tmp_path, near) == []
