import pytest

from pipeline.contracts import promise
from pipeline.contracts.establishments import CONTEXT, CONTEXT_AGGREGATES
from pipeline.run.faults import InputFault
from pipeline.sources import destinations

AFTER_16 = "2018-2019/england_ks4-pupdest.csv"
AFTER_18 = "2018-2019/england_ks5-studest.csv"
LEAVERS = {
    "COHORT": 200,
    "OVERALL_DEST": 188,
    "OVERALL_DESTPER": "94%",
    "COHORT_DIS": 50,
    "OVERALL_DEST_DIS": 44,
    "OVERALL_DESTPER_DIS": "88%",
    "COHORT_NONDIS": 150,
    "OVERALL_DEST_NONDIS": 144,
    "OVERALL_DESTPER_NONDIS": "96%",
}


@pytest.fixture
def read(tmp_path, as_csv):
    def read_rows(shown, *rows, years=range(2017, 2018)):
        path = tmp_path / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_csv(list(rows)), encoding="utf-8")
        after_16, after_18 = destinations.read(tmp_path, "context", years)
        promise.check(after_16.table, CONTEXT)
        promise.check(after_16.aggregates, CONTEXT_AGGREGATES)
        return after_18 if shown == AFTER_18 else after_16

    return read_rows


def leavers(urn=100001, **cells):
    return {"RECTYPE": 1, "LEA": 850, "ESTAB": 4000, "URN": urn} | LEAVERS | cells


def by_group(found, item="destinations_sustained_percent"):
    return found.table[found.table["item"] == item].set_index("group")


def test_leavers_are_of_the_year_in_which_they_left(read):
    """The tables of 2018/19 tell of pupils who were 16 in 2016/17."""
    assert set(read(AFTER_16, leavers()).table["year"]) == {2017}


def test_leavers_of_another_year_are_left_out_and_said_so(read):
    found = read(AFTER_16, leavers(), years=range(2019, 2020))
    assert found.table.empty
    assert "2016/17" in found.inventory["left_out"][0]["why"]
    assert "2020-2021/england_ks4-pupdest.csv" in found.inventory["years"]["2019"]["reason"]


def test_each_group_has_its_own_leavers(read):
    found = by_group(read(AFTER_16, leavers()))
    assert found["value"].to_dict() == {"all": 94.0, "disadvantaged": 88.0, "others": 96.0}
    assert found["pupils"].to_dict() == {"all": 200, "disadvantaged": 50, "others": 150}


def test_an_earlier_years_figure_is_never_read(read):
    found = by_group(
        read(AFTER_16, {"COHORT_18": 9, "OVERALL_DESTPER_18": "9%"} | leavers())
    )
    assert found.loc["all", "value"] == 94.0
    assert found.loc["all", "pupils"] == 200


def test_a_suppressed_group_says_so(read):
    cells = dict.fromkeys([name for name in LEAVERS if name.endswith("_DIS")], "SUPP")
    found = by_group(read(AFTER_16, leavers(**cells)))
    assert "suppressed" in found.loc["disadvantaged", "reason"]
    assert found.loc["all", "value"] == 94.0


def test_a_share_that_rounds_to_zero_has_a_reason_and_is_no_zero(read):
    found = read(AFTER_16, leavers(APPREN=1, APPRENPER="SP"))
    apprentices = by_group(found, "destinations_apprenticeships_percent")
    assert apprentices.loc["all", "reason"] == "small: rounds to zero"


def test_totals_of_authorities_and_of_england_are_no_schools(read):
    authority = leavers("", RECTYPE="LA", ESTAB="")
    nation = leavers("", RECTYPE="NAT", LEA="", ESTAB="")
    found = read(AFTER_16, leavers(), authority, nation)
    assert set(found.aggregates["record"]) == {"LA 850", "NAT"}
    assert set(found.table["urn"]) == {"100001"}


def test_leavers_at_18_are_read_from_their_own_columns(read):
    row = {"RECTYPE": 1, "URN": 100001, "TOT_COHORT": 80, "TOT_OVERALL": 72}
    row |= {"TOT_OVERALLPER": "90%", "TOT_NOT_CAPTURED": 4, "TOT_NOT_CAPTUREDPER": "5%"}
    found = read(AFTER_18, row)
    values = found.table.set_index("item")["value"]
    assert values["destinations_after_18_sustained_percent"] == 90.0
    assert values["destinations_after_18_unknown_percent"] == 5.0


def test_percentages_of_other_columns_are_refused(read):
    with pytest.raises(InputFault, match="column OVERALL_DESTPER: found '12%'"):
        read(AFTER_16, leavers(OVERALL_DESTPER="12%"))


def test_a_percentage_without_a_sign_is_the_same(read):
    assert by_group(read(AFTER_16, leavers(OVERALL_DESTPER=94))).loc["all", "value"] == 94.0
