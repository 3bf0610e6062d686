import pytest

from pipeline.contracts import promise
from pipeline.contracts.establishments import CONTEXT
from pipeline.run.faults import InputFault
from pipeline.sources import absence


@pytest.fixture
def read(tmp_path):
    def read_text(text, shown="2018-2019/england_abs.csv"):
        path = tmp_path / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return absence.read(tmp_path, "context", range(2019, 2020))

    return read_text


HEADER = "LA,ESTAB,URN,PERCTOT,PPERSABS10\n"


def test_both_kinds_of_absence_are_read_as_published(read):
    found = read(HEADER + "201,3614,100000,2.6,3.4\n")
    promise.check(found.table, CONTEXT)
    values = found.table.set_index("item")["value"]
    assert values.to_dict() == {"absence_percent": 2.6, "persistent_absence_percent": 3.4}
    assert found.table["pupils"].isna().all()


def test_a_suppressed_share_of_absentees_leaves_the_other_figure(read):
    found = read(HEADER + "202,2841,100027,2.2,SUPP\n").table.set_index("item")
    assert found.loc["absence_percent", "value"] == 2.2
    assert "suppressed" in found.loc["persistent_absence_percent", "reason"]


def test_the_national_row_has_its_word_where_the_authority_stands(read):
    found = read(HEADER + "201,3614,100000,2.6,3.4\nNAT,PRI,,4,8.2\n")
    assert set(found.aggregates["record"]) == {"NAT PRI"}
    assert found.aggregates["value"].tolist() == [4.0, 8.2]


def test_the_older_threshold_is_another_column_and_is_not_read(read):
    found = read("LA,ESTAB,URN,PERCTOT,PPERSABS15\n201,3614,100000,2.6,1.1\n")
    assert set(found.table["item"]) == {"absence_percent"}
    assert found.inventory["files"][0]["columns_absent"] == ["PPERSABS10"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("201,3614,100000,102,3.4", "column PERCTOT: found '102'"),
        ("201,3614,100000,a lot,3.4", "column PERCTOT: found 'a lot'"),
        ("201,3614,,2.6,3.4", "column URN: found ''"),
        ("201,3614,100000,2.6,3.4,5", "6 cells"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused(read, row, said):
    with pytest.raises(InputFault) as fault:
        read(HEADER + row + "\n")
    assert said in str(fault.value)


def test_a_census_under_the_name_of_absence_is_refused(read):
    with pytest.raises(InputFault, match="this is no table of absence"):
        read("URN,NOR,NORG\n100000,1,1\n")
