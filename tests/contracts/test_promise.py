import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

from pipeline.contracts import promise
from pipeline.contracts.estimates import GAPS
from pipeline.contracts.panel import MEMBERS
from pipeline.contracts.promise import BrokenPromise
from pipeline.contracts.results import RESULTS


def table_of(contract, row):
    """Make a table of one row in the types that a contract promises."""
    table = pd.DataFrame([row])[list(contract.columns)]
    return table.astype({n: str(c.dtype.type) for n, c in contract.columns.items()})


def members(**columns):
    row = {
        "school_key": "100001",
        "urn": "100001",
        "year": 2019,
        "hub": "NA",
        "cohort": None,
        "trust": None,
        "first_year": 2016,
        "exposure": 4,
    }
    return table_of(MEMBERS, row | columns)


def results(**columns):
    row = {
        "urn": "100001",
        "school_key": "100001",
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
        "row": 12,
        "pupils_column": "P8PUP",
    }
    return table_of(RESULTS, row | columns)


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


PLACE = "URN 100001 in 2019, progress_8, all, row 12 of 2018-2019/england_ks4final.csv"


@pytest.mark.parametrize(
    ("table", "contract", "said"),
    [
        (members(urn="12345"), MEMBERS, "1 school has a school number (URN) that is not six "
         "digits, such as '12345' (URN 12345 in 2019)"),
        (members(year=219, first_year=216), MEMBERS, "1 school has a year that is not an "
         "academic year (its end), such as 219 (URN 100001 in 219)"),
        (members(exposure=0), MEMBERS, "1 school has an exposure below 1, such as 0 (URN"),
        (results(value=np.nan), RESULTS, "1 school breaks the rule 'a value or the reason "
         f"for its absence', such as {PLACE}"),
        (results(reason="no entries"), RESULTS, "a value or the reason for its absence"),
        (results(group="sixth formers"), RESULTS, "1 school has a group of pupils that is "
         "none of 'all', 'disadvantaged', 'others'"),
        (results(pupils=-1), RESULTS, f"1 school has a number of pupils below 0, such as -1 "
         f"({PLACE})"),
        (results(release="draft"), RESULTS, "1 school has a release that is none of 'final'"),
        (results(row=1), RESULTS, "1 school has a row of its file below 2, such as 1"),
        (gaps(), GAPS, "a gap or the reason for its absence"),
        (gaps(partners=5.0, rest=2.0, gap=4.0), GAPS, "1 row breaks the rule 'the gap is "
         "partners minus rest', such as in 2019, progress_8, all"),
        (gaps(partners=5.0, rest=2.0, gap=3.0, low=3.1, high=4.0), GAPS,
         "the gap lies in its interval"),
        (members().drop(columns="hub"), MEMBERS, "missing columns: hub"),
        (members().assign(extra=1), MEMBERS, "columns not promised: extra"),
        (members().drop(columns=["urn", "hub"]), MEMBERS, "missing columns: urn, hub"),
        (members()[list(MEMBERS.columns)[::-1]], MEMBERS, "columns out of their order"),
        (members().astype({"year": float}), MEMBERS,
         "the column year holds numbers (float64), not whole numbers"),
        (members().astype({"year": "str"}), MEMBERS, "the column year holds texts (str)"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_told_in_a_sentence(table, contract, said):
    with pytest.raises(BrokenPromise) as told:
        promise.check(table, contract)
    assert said in str(told.value)


def test_a_percentage_is_called_one():
    limits = pa.DataFrameSchema(
        {"value": pa.Column(float, pa.Check.le(100))}, name="results"
    )
    table = pd.concat(
        [results(measure="english_maths_5", value=v, urn=u)
         for v, u in ((101.0, "100001"), (55.0, "100002"), (146.0, "100003"))]
    )  # fmt: skip
    with pytest.raises(BrokenPromise) as told:
        promise.check(table, limits)
    assert (
        "2 schools have a percentage above 100, such as 101.0 (URN 100001 in 2019, "
        "english_maths_5, all, row 12 of 2018-2019/england_ks4final.csv)"
    ) in str(told.value)


def test_several_rows_of_one_school_are_one_school():
    table = pd.concat([results(pupils=-1), results(pupils=-2, year=2018)])
    with pytest.raises(BrokenPromise, match=r"1 school \(2 rows\) has a number of pupils"):
        promise.check(table, RESULTS)


def test_a_blank_is_told_with_the_row_it_stands_in():
    table = pd.concat([members(), members(urn=None, school_key="100002")])
    with pytest.raises(
        BrokenPromise, match=r"1 row has no school number \(URN\), such as in"
    ):
        promise.check(table, MEMBERS)


def test_two_rows_for_one_school_and_year_are_refused():
    twice = pd.concat([members(), members()], ignore_index=True)
    said = "2 rows have the same school_key, year, such as URN 100001 in 2019"
    with pytest.raises(BrokenPromise, match=said):
        promise.check(twice, MEMBERS)


def test_a_stacked_table_is_told_by_its_own_rows_and_not_by_those_of_a_part():
    # Both parts number their rows from 0, and only the second holds the fault.
    stacked = pd.concat([members(), members(urn="12345", school_key="100002")])
    with pytest.raises(BrokenPromise, match="such as '12345' \\(URN 12345"):
        promise.check(stacked, MEMBERS)


def test_every_fault_is_told_at_once():
    with pytest.raises(BrokenPromise) as told:
        promise.check(members(urn="12345", year=219, first_year=216), MEMBERS)
    assert "school number (URN)" in str(told.value)
    assert "a year that is not" in str(told.value)


def test_a_rule_that_cannot_be_checked_is_told_too():
    broken = pa.Check(lambda table: table["none"] > 0, name="a rule of another column")
    contract = pa.DataFrameSchema({"urn": pa.Column(str)}, checks=[broken], name="t")
    with pytest.raises(BrokenPromise, match="a rule of another column"):
        promise.check(pd.DataFrame({"urn": ["100001"]}), contract)


def test_na_stays_a_text_and_a_school_number_keeps_its_zeros(tmp_path):
    path = tmp_path / "members.csv"
    promise.write(members(urn="000123"), path, MEMBERS)
    found = promise.read(path, MEMBERS)
    assert found.loc[0, ["urn", "hub"]].tolist() == ["000123", "NA"]


def test_parquet_comes_back_as_it_was(tmp_path):
    path = tmp_path / "results.parquet"
    promise.write(results(), path, RESULTS)
    pd.testing.assert_frame_equal(promise.read(path, RESULTS), results(), check_dtype=False)


def test_a_parquet_table_without_any_reason_or_row_comes_back_too(tmp_path):
    path = tmp_path / "results.parquet"
    for table in (results(reason=None), results().iloc[:0]):
        promise.write(table, path, RESULTS)
        assert len(promise.read(path, RESULTS)) == len(table)


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_a_broken_table_leaves_the_earlier_file_as_it_was(tmp_path, name):
    path = tmp_path / name
    promise.write(members(), path, MEMBERS)
    before = path.read_bytes()
    with pytest.raises(BrokenPromise):
        promise.write(members(urn="12345"), path, MEMBERS)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_csv_has_the_same_line_ending_everywhere(tmp_path):
    promise.write(members(), tmp_path / "a.csv", MEMBERS)
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_a_table_changed_by_hand_is_refused_when_read(tmp_path):
    path = tmp_path / "members.csv"
    promise.write(members(), path, MEMBERS)
    path.write_text(path.read_text().replace("100001", "1OOOO1"))
    with pytest.raises(BrokenPromise, match=r"\(URN\) that is not six digits"):
        promise.read(path, MEMBERS)


def test_text_is_written_whole_with_unix_line_endings(tmp_path):
    promise.write_text("é\nb\n", tmp_path / "deep" / "t.txt")
    assert (tmp_path / "deep" / "t.txt").read_bytes() == "é\nb\n".encode()
