import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts import promise
from pipeline.contracts.establishments import CONTEXT, CONTEXT_AGGREGATES
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import census

ROLL = {"NOR": 200, "NORG": 99, "NORB": 101, "PNORG": "49.5"}
ENGLAND = "2018-2019/england_census.csv"
HAMPSHIRE = "2018-2019/850_census.csv"


@pytest.fixture
def save(tmp_path, as_csv):
    def save_one(shown, rows):
        path = tmp_path / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        text = as_csv(rows) if isinstance(rows, list) else rows
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return save_one


@pytest.fixture
def read(tmp_path):
    return lambda first=2019, last=2019: census.read(
        tmp_path, "context", range(first, last + 1)
    )


def pupils(urn=100001, **cells):
    return {"URN": urn, "LA": 850, "ESTAB": 2000, "SCHOOLTYPE": "State-funded primary"} | (
        ROLL | cells
    )


def cell(found, item, urn="100001"):
    rows = found.table[(found.table["item"] == item) & (found.table["urn"] == urn)]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("written", ["49.5", "49.50%", " 49.5 % "])
def test_a_percentage_with_a_sign_is_the_same_number_as_one_without(save, read, written):
    save(ENGLAND, [pupils(PNORG=written)])
    girls = cell(read(), "percent_girls")
    assert (girls["value"], girls["pupils"]) == (49.5, 200)


def test_a_column_of_fractions_becomes_percentages_and_is_told(save, read):
    """As PNUMUNCLF of 2024/25, a misspelt name too: 10 of 200 pupils are written 0.05."""
    save(
        ENGLAND,
        [pupils(NUMUNCFL=10, PNUMUNCLF=0.05), pupils(100002, NUMUNCFL=0, PNUMUNCLF=0)],
    )
    found = read()
    assert cell(found, "percent_language_unknown")["value"] == pytest.approx(5.0)
    assert cell(found, "percent_language_unknown", "100002")["value"] == 0
    assert found.inventory["files"][0]["fractions"] == ["percent_language_unknown"]


def test_small_percentages_are_not_taken_for_fractions(save, read):
    save(ENGLAND, [pupils(NUMUNCFL=1, PNUMUNCFL=0.5)])  # 1 of 200
    found = read()
    assert cell(found, "percent_language_unknown")["value"] == 0.5
    assert found.inventory["files"][0]["fractions"] == []


def test_a_national_row_with_a_percent_sign_is_no_fraction(save, read):
    nation = pupils("NAT", LA="", ESTAB="PRI", NUMUNCFL=1, PNUMUNCLF="0.3%")
    save(ENGLAND, [pupils(NUMUNCFL=10, PNUMUNCLF=0.05), nation])
    totals = read().aggregates.set_index("item")
    assert totals.loc["percent_language_unknown", "value"] == 0.3


def test_zero_percent_of_a_number_that_is_not_known_is_no_zero(save, read):
    save(ENGLAND, [pupils(NUMFSMEVER="NA", NORFSMEVER="NA", PNUMFSMEVER="0.00%")])
    ever = cell(read(), "percent_fsm_ever6")
    assert ever.isna()["value"]
    assert ever["reason"] == "not applicable"


def test_a_school_without_pupils_has_a_roll_of_zero_and_no_shares(save, read):
    save(ENGLAND, [pupils(NOR=0, NORG=0, PNORG="0.00%", NUMFSM=0)])
    found = read()
    assert cell(found, "pupils_on_roll")["value"] == 0
    for item in ("percent_girls", "percent_fsm"):
        assert cell(found, item)["reason"] == "no pupils to take a share of"


def test_free_school_meals_are_worked_out_from_the_two_numbers(save, read):
    save(ENGLAND, [pupils(NUMFSM=50)])
    found = read()
    assert cell(found, "percent_fsm")["value"] == 25.0
    assert found.inventory["files"][0]["worked_out"] == ["percent_fsm"]


def test_a_share_without_its_number_says_why(save, read):
    save(ENGLAND, [pupils(NUMFSM="NA")])
    assert cell(read(), "percent_fsm")["reason"] == "not applicable"


def test_more_pupils_with_a_plan_than_pupils_is_told_and_no_number(save, read):
    """As an independent school of 24 pupils in 2024/25."""
    save(ENGLAND, [pupils(NOR=24, NORG=12, PNORG=50, TSENELSE=25, PSENELSE="104.17%")])
    found = read()
    assert "above 100%" in cell(found, "percent_ehc_plan")["reason"]
    assert found.inventory["files"][0]["above_all"] == {"percent_ehc_plan": 1}


def test_totals_are_kept_apart_and_named_in_the_files_own_words(save, read):
    nation = pupils("NAT", LA="", ESTAB="PRI", NOR=4_727_089)
    authority = pupils("", LA=850, ESTAB="SEC", NOR=80_000)
    save(ENGLAND, [pupils(), nation, authority])
    found = read()
    assert set(found.table["urn"]) == {"100001"}
    on_roll = found.aggregates[found.aggregates["item"] == "pupils_on_roll"]
    assert on_roll[["record", "value"]].to_numpy().tolist() == [
        ["NAT PRI", 4_727_089],
        ["850 SEC", 80_000],
    ]
    assert found.inventory["files"][0]["rows"] == {"schools": 1, "totals": 2}


def test_what_is_kept_is_what_was_promised(save, read):
    save(
        ENGLAND,
        [pupils(), pupils(100002, NOR="NA", PNORG="SUPP"), pupils("NAT", ESTAB="PRI")],
    )
    found = read()
    promise.check(found.table, CONTEXT)
    promise.check(found.aggregates, CONTEXT_AGGREGATES)


def test_a_year_without_a_file_is_not_supplied_and_no_fault(save, read):
    save(ENGLAND, [pupils()])
    years = read(2018, 2019).inventory["years"]
    assert years["2019"] == {"state": "supplied"}
    assert years["2018"]["state"] == "not supplied"
    assert "2017-2018/england_census.csv" in years["2018"]["reason"]


def test_nothing_supplied_is_an_empty_table_that_keeps_its_promise(read):
    found = read()
    assert promise.check(found.table, CONTEXT).empty
    assert promise.check(found.aggregates, CONTEXT_AGGREGATES).empty


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(Fault, match="no such folder"):
        census.read(tmp_path / "nowhere", "context", range(2019, 2020))


def test_files_that_look_like_a_census_are_listed(save, read, tmp_path):
    save(ENGLAND, [pupils()])
    save("england_census.csv", "URN\n1\n")
    save("2018-2019/england_census.xlsx", "x")
    save("2018-2019/census_meta.csv", "x")
    save("2016-2017/england_census.csv", [pupils()])
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as packed:
        packed.writestr("2018-2019/936_census.csv", "x")
    left_out = {e["file"]: e["why"] for e in read().inventory["left_out"]}
    assert list(left_out) == [
        "2016-2017/england_census.csv",
        "2018-2019/england_census.xlsx",
        "download.zip/2018-2019/936_census.csv",
        "england_census.csv",
    ]
    assert "2016/17" in left_out["2016-2017/england_census.csv"]
    assert "unpack" in left_out["download.zip/2018-2019/936_census.csv"]


def test_a_file_that_was_saved_alone_has_its_year_in_its_name(save, read):
    save("2018-2019_england_census.csv", [pupils()])
    assert read().inventory["years"]["2019"] == {"state": "supplied"}


def test_a_school_in_two_files_that_agree_is_kept_once(save, read):
    save(ENGLAND, [pupils(), pupils(100002)])
    save(HAMPSHIRE, [pupils()])
    found = read()
    assert cell(found, "percent_girls")["value"] == 49.5
    assert found.inventory["schools_in_two_files"] == 1


def test_two_files_that_contradict_each_other_are_refused(save, read):
    save(ENGLAND, [pupils()])
    save(HAMPSHIRE, [pupils(NOR=400, NORG=198)])
    with pytest.raises(Fault, match=r"850_census.csv and .*england_census.csv.*100001"):
        read()


def test_one_file_in_two_years_is_refused(save, read):
    save(ENGLAND, [pupils()])
    save("2017-2018/england_census.csv", [pupils()])
    with pytest.raises(Fault, match="the two files are the same"):
        read(2018, 2019)


def test_percentages_that_do_not_follow_from_their_numbers_are_refused(save, read):
    """Such as two columns swapped: 99 of 200 pupils cannot be 12%."""
    save(ENGLAND, [pupils(urn, PNORG=12) for urn in range(100001, 100004)])
    with pytest.raises(
        InputFault, match=r"(?s)row 2, column PNORG: found .12.*49\.5%"
    ) as fault:
        read()
    assert "NORG and NOR" in str(fault.value)


def test_one_percentage_that_does_not_follow_is_counted(save, read):
    rows = [pupils(urn) for urn in range(100001, 100005)]
    save(ENGLAND, [*rows, pupils(100009, PNORG=12)])
    assert read().inventory["files"][0]["disagreeing"] == {"percent_girls": 1}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"URN": "10001"}, "row 2, column URN: found '10001'"),
        ({"URN": "=1+1"}, "column URN: found '=1"),
        ({"PNORG": "maybe"}, "row 2, column PNORG: found 'maybe'"),
        ({"PNORG": "-1"}, "column PNORG: found '-1'"),
        ({"PNORG": "149.5"}, "column PNORG: found '149.5'"),
        ({"NOR": "12.5"}, "column NOR: found '12.5'"),
        ({"NOR": "nan"}, "column NOR: found 'nan'"),
        ({"NOR": "9" * 400}, "column NOR: found '9999"),
        ({"NOR": 50_000, "NORG": 0, "PNORG": 0}, "from 0 to 20000"),
        ({"ESTAB": "PRI"}, "no school's number in the row of a total"),
    ],
)
def test_a_cell_that_cannot_be_right_is_refused_with_its_place(save, read, row, said):
    save(ENGLAND, [pupils(**row)])
    with pytest.raises(InputFault) as fault:
        read()
    assert said in str(fault.value).replace("\n", " ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"URN,NOR,NORG\n", "no rows"),
        (b"URN,TPUP,ATT8SCR\n100001,1,2\n", "this is no table of census"),
        ("URN,NOR,NORG\n100001,1,1\n".encode("utf-16"), "bytes that no text file has"),
        (b"URN,NOR,NORG\n100001,1,1\n100001,1,1\n", "stands in rows 2 and 3"),
    ],
)
def test_a_file_that_is_no_census_is_refused(save, read, content, said):
    save(ENGLAND, content)
    with pytest.raises(InputFault, match=said):
        read()


ANY_CELL = st.one_of(
    st.sampled_from(
        ["", "NA", "SUPP", "0", "1", "50", "100", "49.5%", "NAT", "100002", "<b>"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
)
HEADER = ["URN", "LA", "ESTAB", "NOR", "NORG", "PNORG", "NUMFSM", "PNUMUNCLF", "NUMUNCFL"]


@given(rows=st.lists(st.lists(ANY_CELL, min_size=9, max_size=9), min_size=1, max_size=4))
def test_whatever_the_cells_hold_it_ends_in_a_fault_or_in_what_was_promised(
    tmp_path_factory, rows
):
    folder = tmp_path_factory.mktemp("any")
    (folder / "2018-2019").mkdir()
    lines = [",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in row) for row in rows]
    text = "\n".join([",".join(HEADER), *lines]) + "\n"
    (folder / ENGLAND).write_bytes(text.encode())
    try:
        found = census.read(folder, "context", range(2019, 2020))
    except Fault as fault:
        assert "what to do" in str(fault)
        return
    promise.check(found.table, CONTEXT)
    shares = found.table[found.table["item"].str.startswith("percent")]["value"].dropna()
    assert shares.between(0, 100).all()
