import pytest

from pipeline.contracts import promise
from pipeline.contracts.establishments import TRUST_RESULTS
from pipeline.run.faults import InputFault
from pipeline.sources import trust_tables

KS4 = "2022-2023/england_ks4-mats-performance.csv"
KS2 = "2022-2023/england_ks2-mats-performance.csv"


def trust(uid=1234, **cells):
    about = {"TIME_PERIOD": 202223, "TRUST_NAME": f"Trust {uid}", "TRUST_UID": uid}
    about |= {"NUMINST_MATPTINC": 4, "TPUP_MATPTINC": 1000}
    about |= {"PFSM6CLA1A_MATPTINC": "25%", "PNOTFSM6CLA1A_MATPTINC": "75%"}
    about |= {"P8MEACOV": "90%", "P8MEA_WGTAVG": 0.1, "P8CILOW": 0.01, "P8CIUPP": 0.19}
    about |= {"P8MEACOV_FSM6CLA1A": "80%", "P8MEA_WGTAVG_FSM6CLA1A": -0.3}
    return about | {"ATT8SCR_WGTAVG": 46.7, "PTL2BASICS_95_WGTAVG": "45%"} | cells


@pytest.fixture
def read(tmp_path, as_csv):
    def read_rows(*rows, shown=KS4):
        path = tmp_path / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_csv(list(rows)), encoding="utf-8")
        found = trust_tables.read(tmp_path, "context", range(2023, 2024))
        promise.check(found.table, TRUST_RESULTS)
        return found

    return read_rows


def row_of(found, measure, group="all"):
    table = found.table
    rows = table[(table["measure"] == measure) & (table["group"] == group)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_trust_has_its_figure_its_bounds_and_its_schools(read):
    found = row_of(read(trust()), "progress_8")
    assert found[["trust", "value", "low", "high", "schools"]].tolist() == [
        "1234",
        0.1,
        0.01,
        0.19,
        4,
    ]


def test_progress_8_rests_on_the_pupils_that_have_a_score(read):
    assert row_of(read(trust()), "progress_8")["pupils"] == 900  # 90% of 1,000
    assert row_of(read(trust()), "attainment_8")["pupils"] == 1000


def test_a_group_rests_on_its_share_of_the_pupils(read):
    found = row_of(read(trust()), "progress_8", "disadvantaged")
    assert found["pupils"] == 200  # 80% of 25% of 1,000


def test_a_suppressed_group_of_a_trust_says_so(read):
    cells = {"PFSM6CLA1A_MATPTINC": "SUPPMAT", "P8MEA_WGTAVG_FSM6CLA1A": "SUPPMAT"}
    found = row_of(read(trust(**cells)), "progress_8", "disadvantaged")
    assert "suppressed" in found["reason"]
    assert found.isna()["pupils"]


def test_columns_that_a_file_lacks_are_told(read):
    entry = read(trust()).inventory["files"][0]
    assert "ATT8SCR_WGTAVG_FSM6CLA1A" in entry["columns_absent"]


def test_a_table_of_key_stage_2_has_its_own_columns(read):
    row = {"TIME_PERIOD": 202223, "TRUST_NAME": "A", "TRUST_UID": 1, "NUMINST_MATPTINC": 3}
    row |= {"TELIG_MATPTINC": 300, "READ_PROGSCORE_EM_ADJ_WGTAVG": 1.2}
    row |= {"READ_PROGSCORE_ADJ_UPPER": 1.9, "READ_PROGSCORE_ADJ_LOWER": 0.5}
    found = read(row, shown=KS2)
    reading = row_of(found, "reading_progress")
    assert reading[["value", "low", "high", "pupils"]].tolist() == [1.2, 0.5, 1.9, 300]
    assert set(found.table["key_stage"]) == {"ks2"}


def test_a_table_that_is_not_there_is_not_supplied(read):
    years = read(trust()).inventory["years"]
    assert years["ks4"]["2023"] == {"state": "supplied"}
    assert "england_ks2-mats-performance.csv" in years["ks2"]["2023"]["reason"]


def test_a_table_of_another_key_stage_is_listed_as_left_out(read, tmp_path):
    (tmp_path / "2022-2023").mkdir(exist_ok=True)
    (tmp_path / "2022-2023/england_ks5-mats-performance.csv").write_text("x")
    (tmp_path / "2022-2023/ks4-mats-performance_meta.csv").write_text("x")
    (tmp_path / "2022-2023/format.csv").write_text("x")
    listed = [entry["file"] for entry in read(trust()).inventory["left_out"]]
    assert listed == ["2022-2023/england_ks5-mats-performance.csv"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"TIME_PERIOD": 202122}, "column TIME_PERIOD: found '202122'"),
        ({"TRUST_UID": "TR01"}, "column TRUST_UID: found 'TR01'"),
        ({"TRUST_NAME": " "}, "column TRUST_NAME"),
        ({"P8MEA_WGTAVG": 9}, "column P8MEA_WGTAVG: found '9'"),
        ({"P8MEA_WGTAVG": "5%"}, "column P8MEA_WGTAVG: found '5%'"),
        ({"P8MEACOV": "190%"}, "column P8MEACOV: found '190%'"),
        ({"TPUP_MATPTINC": "many"}, "column TPUP_MATPTINC: found 'many'"),
    ],
)
def test_a_cell_that_cannot_be_right_is_refused(read, cells, said):
    with pytest.raises(InputFault, match="row 2") as fault:
        read(trust(**cells))
    assert said in str(fault.value)


def test_a_trust_that_stands_there_twice_is_refused(read):
    with pytest.raises(InputFault, match="row 3, column TRUST_UID"):
        read(trust(), trust())


def test_a_table_of_schools_is_no_table_of_trusts(read):
    with pytest.raises(InputFault, match="the column TIME_PERIOD is missing"):
        read({"URN": 100001, "TPUP": 100, "ATT8SCR": 50})
