import numpy as np
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.estimates import GAPS
from pipeline.contracts.panel import MEMBERS
from pipeline.contracts.promise import BrokenPromise
from pipeline.contracts.results import RESULTS


def members(**columns):
    table = {"urn": ["100001"], "year": [2019], "hub": ["NA"], "first_year": [2016]}
    types = {"urn": "str", "hub": "str"}
    return pd.DataFrame(table | columns).astype(types)


def results(**columns):
    row = {
        "urn": "100001",
        "year": 2019,
        "measure": "progress_8",
        "group": "all",
        "value": 0.1,
        "pupils": 90,
        "low": np.nan,
        "high": np.nan,
        "reason": None,
        "release": "final",
        "source": "2018-2019/england_ks4final.csv",
        "row": 2,
        "pupils_column": "P8PUP",
    }
    table = pd.DataFrame([row | columns])
    texts = ["urn", "measure", "group", "reason", "release", "source", "pupils_column"]
    return table.astype(dict.fromkeys(texts, "str") | {"pupils": "Int64", "value": float})


def gaps(**columns):
    empty = {n: pd.Series([None], dtype=c.dtype.type) for n, c in GAPS.columns.items()
             if n != "year"}  # fmt: skip
    table = pd.DataFrame(empty | {"year": [2019]})[list(GAPS.columns)]
    cell = {"key_stage": "ks4", "measure": "progress_8", "group": "all"}
    for name, value in (cell | columns).items():
        table[name] = pd.Series([value], dtype=GAPS.columns[name].dtype.type)
    return table


def test_a_table_that_keeps_its_promise_is_returned():
    assert len(promise.check(members(), MEMBERS)) == 1
    assert len(promise.check(results(), RESULTS)) == 1
    assert len(promise.check(gaps(partners=5.0, rest=2.0, gap=3.0), GAPS)) == 1


@pytest.mark.parametrize(
    ("table", "contract", "said"),
    [
        (members(urn=["12345"]), MEMBERS, "urn: six digits"),
        (members(year=[219]), MEMBERS, r"year: an academic year \(its end\)"),
        (results(value=np.nan), RESULTS, "a value or the reason for its absence"),
        (results(reason="no entries"), RESULTS, "a value or the reason for its absence"),
        (results(group="boys"), RESULTS, "group"),
        (results(pupils=-1), RESULTS, "no negative number of pupils"),
        (results(release="draft"), RESULTS, "release"),
        (results(row=1), RESULTS, "row"),
        (gaps(), GAPS, "a gap or the reason for its absence"),
        (gaps(partners=5.0, rest=2.0, gap=4.0), GAPS, "the gap is partners minus rest"),
        (gaps(partners=5.0, rest=2.0, gap=3.0, low=3.1, high=4.0), GAPS,
         "the gap lies in its interval"),
        (members().drop(columns="hub"), MEMBERS, "missing columns: hub"),
        (members().assign(extra=1), MEMBERS, "columns not promised: extra"),
        (members().drop(columns=["urn", "hub"]), MEMBERS, "missing columns: urn, hub"),
        (members().astype({"year": float}), MEMBERS, "year: .*int64.* such as 'float64'"),
    ],
)  # fmt: skip
def test_a_broken_promise_says_which_column_and_why(table, contract, said):
    with pytest.raises(BrokenPromise, match=said):
        promise.check(table, contract)


def test_two_rows_for_one_school_and_year_are_refused():
    twice = pd.concat([members(), members()], ignore_index=True)
    with pytest.raises(
        BrokenPromise, match=r"two rows for \{'urn': '100001', 'year': 2019\}"
    ):
        promise.check(twice, MEMBERS)


def test_every_fault_is_told_at_once():
    with pytest.raises(BrokenPromise) as told:
        promise.check(members(urn=["12345"], year=[219]), MEMBERS)
    assert "urn" in str(told.value)
    assert "year" in str(told.value)


def test_na_stays_a_text_and_a_school_number_keeps_its_zeros(tmp_path):
    path = tmp_path / "members.csv"
    promise.write(members(urn=["000123"]), path, MEMBERS)
    found = promise.read(path, MEMBERS)
    assert found.loc[0, ["urn", "hub"]].tolist() == ["000123", "NA"]


def test_parquet_comes_back_as_it_was(tmp_path):
    path = tmp_path / "results.parquet"
    promise.write(results(), path, RESULTS)
    pd.testing.assert_frame_equal(promise.read(path, RESULTS), results(), check_dtype=False)


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_a_broken_table_leaves_the_earlier_file_as_it_was(tmp_path, name):
    path = tmp_path / name
    promise.write(members(), path, MEMBERS)
    before = path.read_bytes()
    with pytest.raises(BrokenPromise):
        promise.write(members(urn=["12345"]), path, MEMBERS)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_csv_has_the_same_line_ending_everywhere(tmp_path):
    promise.write(members(), tmp_path / "a.csv", MEMBERS)
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_a_table_changed_by_hand_is_refused_when_read(tmp_path):
    path = tmp_path / "members.csv"
    promise.write(members(), path, MEMBERS)
    path.write_text(path.read_text().replace("100001", "1OOOO1"))
    with pytest.raises(BrokenPromise, match="urn"):
        promise.read(path, MEMBERS)


def test_text_is_written_whole_with_unix_line_endings(tmp_path):
    promise.write_text("é\nb\n", tmp_path / "deep" / "t.txt")
    assert (tmp_path / "deep" / "t.txt").read_bytes() == "é\nb\n".encode()
