from datetime import date
from pathlib import Path

import pytest
import yaml

from pipeline.run.faults import Fault, InputFault
from pipeline.sources import corrections, table_file

CENSUS = "2024-2025/england_census.csv"
ABOUT = {
    "name": "a misprint",
    "file": "england_census.csv",
    "year": 2025,
    "why": "it is known",
    "source": "the metadata",
    "since": date(2026, 11, 23),
    "reported": None,
}
HEADER = ABOUT | {"what": "header", "found": "PNUMUNCLF", "instead": "PNUMUNCFL"}
CELLS = ABOUT | {
    "what": "cells",
    "columns": "PNUMFSMEVER",
    "rows": {"NUMFSMEVER": "NA"},
    "found": "0.00%",
    "instead": "NA",
}
FRACTIONS = ABOUT | {
    "what": "fractions",
    "column": "PNUMUNCFL",
    "part": "NUMUNCFL",
    "whole": "NOR",
}


def declared(*entries):
    return corrections.check(list(entries))


@pytest.fixture
def read(tmp_path):
    def read_file(text, shown=CENSUS):
        path = tmp_path / "file.csv"
        path.write_text(text, encoding="utf-8")
        return table_file.read(path, shown)

    return read_file


def corrected(file, *entries):
    return corrections.apply(file, declared(*entries))


def test_a_misprinted_column_is_read_under_its_right_name(read):
    file, (applied,) = corrected(read("URN,PNUMUNCLF\n100001,0.4\n"), HEADER)
    assert file.header == ("URN", "PNUMUNCFL")
    assert file.cells["PNUMUNCFL"].tolist() == ["0.4"]
    assert applied.cells == 1
    assert applied.said == "the column PNUMUNCLF is read as PNUMUNCFL"


def test_a_wrong_cell_is_corrected_in_the_rows_meant_and_nowhere_else(read):
    text = "URN,NUMFSMEVER,PNUMFSMEVER\n100001,NA,0.00%\n100002,0,0.00%\n100003,9,9.00%\n"
    file, (applied,) = corrected(read(text), CELLS)
    assert file.cells["PNUMFSMEVER"].tolist() == ["NA", "0.00%", "9.00%"]
    assert applied.cells == 1


def test_fractions_become_percentages_and_percentages_stay(read):
    text = (
        "URN,NOR,NUMUNCFL,PNUMUNCFL\n100001,500,1,0.002\n100002,200,0,0\nNAT,900,3,0.3%\n"
    )
    file, (applied,) = corrected(read(text), FRACTIONS)
    assert file.cells["PNUMUNCFL"].tolist() == ["0.2%", "0%", "0.3%"]
    assert applied.cells == 2


def test_corrections_apply_in_their_order(read):
    text = "URN,NOR,NUMUNCFL,PNUMUNCLF\n100001,500,1,0.002\n"
    unit = FRACTIONS | {"name": "its unit"}
    file, applied = corrected(read(text), HEADER, unit)
    assert file.cells["PNUMUNCFL"].tolist() == ["0.2%"]
    assert [done.cells for done in applied] == [1, 1]


def test_a_column_may_be_named_by_a_pattern(read):
    bounds = CELLS | {"columns": "READPROG_*_LOWER", "rows": {"RECTYPE": ["4", "5"]}}
    bounds |= {"found": ["0", "0.0"]}
    text = (
        "RECTYPE,READPROG_LOWER,READPROG_B_LOWER,READPROG_LOWER_24\n"
        "1,0,0,0\n4,0,0,0\n5,0,0.0,0\n"
    )
    file, (applied,) = corrected(read(text), bounds)
    assert file.cells["READPROG_B_LOWER"].tolist() == ["0", "NA", "NA"]
    assert file.cells["READPROG_LOWER"].tolist() == ["0", "0", "0"]
    assert file.cells["READPROG_LOWER_24"].tolist() == ["0", "0", "0"]
    assert applied.cells == 2


@pytest.mark.parametrize(
    ("entry", "text", "place"),
    [
        (HEADER, "URN,PNUMUNCFL\n100001,0.4%\n", "row 1"),
        (HEADER, "URN,PNUMUNCFL,PNUMUNCLF\n100001,0.4%,0\n", "row 1"),
        (CELLS, "URN,NUMFSMEVER,PNUMFSMEVER\n100001,NA,NA\n", "row 2, column PNUMFSMEVER"),
        (
            CELLS,
            "URN,NUMFSMEVER,PNUMFSMEVER\n100001,NA,0.00%\n100002,NA,7%\n",
            "row 3, column PNUMFSMEVER",
        ),
        (
            FRACTIONS,
            "URN,NOR,NUMUNCFL,PNUMUNCFL\n100001,500,1,0.2\n",
            "row 2, column PNUMUNCFL",
        ),
        (
            FRACTIONS,
            "URN,NOR,NUMUNCFL,PNUMUNCFL\n100001,500,1,0.2%\n",
            "column PNUMUNCFL",
        ),
    ],
)
def test_a_correction_that_outlived_its_cause_stops_the_run(read, entry, text, place):
    with pytest.raises(InputFault) as told:
        corrected(read(text), entry)
    assert str(told.value).startswith(f"{CENSUS}, {place}: ")
    assert "the publisher has mended" in str(told.value)
    assert "remove the correction 'a misprint'" in str(told.value)


@pytest.mark.parametrize(
    ("entry", "text", "why"),
    [
        (HEADER, "URN,NOR\n100001,500\n", "there is no column PNUMUNCLF"),
        (CELLS, "URN,NOR\n100001,500\n", "no column PNUMFSMEVER is read"),
        (CELLS, "URN,PNUMFSMEVER\n100001,0.00%\n", "there is no such row"),
        (CELLS, "URN,NUMFSMEVER,PNUMFSMEVER\n100001,5,0.00%\n", "there is no such row"),
        (CELLS, "URN,NUMFSMEVER,PNUMFSMEVER\n100001,NA,\n", "the cells are blank"),
        (FRACTIONS, "URN,NOR,PNUMUNCFL\n100001,500,0.2\n", "no column NUMUNCFL is read"),
        (FRACTIONS, "URN,NOR,NUMUNCFL,PNUMUNCFL\n100001,5,1,\n", "there are no figures"),
    ],
)
def test_what_is_not_there_is_told_and_nothing_changes(read, entry, text, why):
    before = read(text)
    file, (applied,) = corrected(before, entry)
    assert applied.cells == 0
    assert applied.said == f"nothing to correct: {why}"
    assert file.cells.equals(before.cells)


def test_a_code_beside_wrong_values_stays(read):
    entry = CELLS | {"columns": "PT5EM", "rows": "all", "found": ["0%", "1%"]}
    text = "URN,PT5EM\n100001,1%\n100002,SUPP\n100003,\n"
    file, _ = corrected(read(text), entry | {"instead": "UNAVAIL"})
    assert file.cells["PT5EM"].tolist() == ["UNAVAIL", "SUPP", ""]


@pytest.mark.parametrize(
    "shown",
    [
        "2018-2019/england_census.csv",
        "2024-2025/850_census.csv",
        "england_census.csv",
        "2024-2025/england_census.csv.bak",
    ],
)
def test_a_correction_of_another_file_is_passed_over(read, shown):
    file, applied = corrected(read("URN,PNUMUNCLF\n100001,0.4\n", shown), HEADER)
    assert applied == []
    assert "PNUMUNCLF" in file.cells


@pytest.mark.parametrize(
    "shown", ["a.zip/2024-2025/England_Census.csv", "2024-2025_england_census.csv"]
)
def test_a_file_is_known_in_a_zip_and_by_the_year_in_its_name(read, shown):
    _, applied = corrected(read("URN,PNUMUNCLF\n100001,0.4\n", shown), HEADER)
    assert [done.cells for done in applied] == [1]


def test_an_area_may_be_left_open(read):
    entry = HEADER | {"file": "*_census.csv"}
    _, applied = corrected(read("URN,PNUMUNCLF\n1,2\n", "2024-2025/936_census.csv"), entry)
    assert len(applied) == 1


def test_a_hash_limits_a_correction_to_one_file(read):
    file = read("URN,PNUMUNCLF\n100001,0.4\n")
    assert corrected(file, HEADER | {"sha256": file.sha256})[1]
    assert not corrected(file, HEADER | {"sha256": "0" * 64})[1]


def test_a_reader_of_few_columns_also_reads_what_corrections_need():
    known = declared(HEADER, FRACTIONS | {"name": "its unit"}, CELLS | {"name": "zeros"})
    header = ("URN", "NOR", "NUMUNCFL", "PNUMUNCLF", "NUMFSMEVER", "PNUMFSMEVER")

    def only(*names):
        def wanted(of_file):
            return set(names) & set(of_file)

        return corrections.widen(wanted, CENSUS, known)(header)

    assert only("PNUMUNCFL") == {"PNUMUNCLF", "NUMUNCFL", "NOR"}
    assert only("PNUMFSMEVER") == {"PNUMFSMEVER", "NUMFSMEVER"}
    assert only("URN") == {"URN"}


def test_a_correction_whose_file_was_not_read_is_listed():
    known = declared(HEADER)
    assert corrections.not_met(known, [CENSUS]) == []
    assert corrections.not_met(known, ["2018-2019/england_abs.csv"]) == [
        "a misprint: no file england_census.csv of 2025 was read"
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (HEADER | {"whyy": "x"}, "whyy: unknown key; did you mean 'why'?"),
        ({k: v for k, v in HEADER.items() if k != "why"}, "why: missing"),
        (HEADER | {"what": "heading"}, "what: one of 'header', 'cells', 'fractions'"),
        (HEADER | {"year": "soon"}, "year: Input should be a valid integer"),
        (HEADER | {"found": 5}, "found: found 5; put it in quotation marks"),
        (CELLS | {"rows": {"URN": [136122]}}, "found 136122; put it in quotation marks"),
        (HEADER | {"sha256": "abc"}, "sha256: String should match pattern"),
        ("a text", "what: one of 'header', 'cells', 'fractions'"),
    ],
)
def test_an_entry_that_cannot_be_read_is_told_with_its_name(entry, said):
    with pytest.raises(Fault) as told:
        declared(entry)
    assert said in str(told.value)


def test_all_faulty_entries_are_told_at_once():
    faulty = [HEADER | {"whyy": "x"}, CELLS | {"name": "zeros", "yeer": 1}, HEADER, HEADER]
    with pytest.raises(Fault) as told:
        declared(*faulty)
    assert "entry 1 (a misprint): whyy" in str(told.value)
    assert "entry 2 (zeros): yeer" in str(told.value)
    assert "two corrections are named 'a misprint'" in str(told.value)


def test_a_file_that_is_missing_or_no_list_is_a_clear_fault(tmp_path):
    with pytest.raises(Fault, match="not found"):
        corrections.load(tmp_path / "corrections.yaml")
    (tmp_path / "corrections.yaml").write_text("a: b", encoding="utf-8")
    with pytest.raises(Fault, match="expected a list of corrections"):
        corrections.load(tmp_path / "corrections.yaml")
    (tmp_path / "corrections.yaml").write_text("- [", encoding="utf-8")
    with pytest.raises(Fault, match="cannot be read"):
        corrections.load(tmp_path / "corrections.yaml")


def test_every_declared_correction_says_why_and_when_in_words():
    path = Path(__file__).parents[2] / "data" / "reference" / "corrections.yaml"
    known = corrections.load(path)
    assert len(known) == len(yaml.safe_load(path.read_text(encoding="utf-8")))
    for correction in known:
        assert len(correction.why.split()) >= 10
        assert len(correction.source.split()) >= 3
