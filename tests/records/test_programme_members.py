import pandas as pd
import pytest

from pipeline.contracts.establishments import TRUST_SPELLS
from pipeline.contracts.records import as_promised
from pipeline.records.programme_members import (
    DISSOLVED_BEFORE,
    DISSOLVED_DURING,
    UNKNOWN,
    dissolved_trusts,
    read_programme_members,
)
from pipeline.schools.membership import read_register

ROW = "trust-peer-review,,99001,2018,2018-09-01,2019-08-31,"
SCHOOL = "growing-the-top,900001,,2018,2018-09-01,,Trio A"


@pytest.fixture
def read(records):
    return lambda: read_programme_members(records.folder, "registers")


def test_rows_of_trusts_are_read_and_rows_of_schools_are_left_to_the_register(
    records, read
):
    records.rows("programmes.csv", SCHOOL, ROW)
    (row,) = read().rows.to_dict("records")
    assert (row["programme"], row["trust"], row["cohort"]) == (
        "trust-peer-review", "99001", "2018",
    )  # fmt: skip
    assert row["row"] == 3


def test_the_register_of_schools_reads_the_same_file(project, records):
    records.rows("programmes.csv", SCHOOL, ROW)
    evaluation = project.parameters.evaluation("growing-the-top")
    found = read_register(records.folder, "registers", evaluation)
    assert found.spells[["urn", "row"]].to_numpy().tolist() == [["900001", 2]]


def test_without_a_file_a_column_or_a_row_of_trusts_there_are_none(records, read):
    records.rows("programmes.csv", SCHOOL)
    assert read() is None
    records.write("programmes.csv", "programme,urn,cohort,joined,left,trio", "a,1,1,2,,")
    assert read() is None
    (records.folder / "programmes.csv").unlink()
    assert read() is None


def test_a_programme_of_trusts_needs_no_column_of_schools(records, read):
    records.write(
        "programmes.csv", "programme,trust,cohort,joined,left", "a,7,,2018-09-01,"
    )
    assert read().rows["trust"].tolist() == ["7"]
    assert read().rows.iloc[0][["cohort", "left"]].isna().all()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trust-peer-review", "", "column programme: found nothing"),
        ("99001", "TR00001", "column trust: found 'TR00001'"),
        ("2018-09-01", "", "column joined: found nothing"),
        ("2018-09-01", "2018", "column joined: found '2018'"),
        ("2019-08-31", "2018-09-01", "column left: the trust 99001 left on 2018-09-01, no "
         "later than it joined (2018-09-01)"),
        (",,99001", ",900001,99001", "column trust: the row has both a school and a trust"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_is_refused(records, refused, old, new, said):
    records.rows("programmes.csv", ROW.replace(old, new, 1))
    assert f"registers/programmes.csv, row 2, {said}" in refused(read_programme_members)


def test_a_row_without_a_member_is_refused(records, refused):
    records.rows("programmes.csv", ROW, ROW.replace("99001", ""))
    said = refused(read_programme_members)
    assert "row 3, column trust: the row has neither a school nor a trust" in said


def test_a_programme_has_members_of_one_kind(records, refused):
    records.rows(
        "programmes.csv", SCHOOL.replace("growing-the-top", "Trust-Peer-Review"), ROW
    )
    said = refused(read_programme_members)
    assert "row 3, column trust: some members of this programme are schools" in said


def test_a_trust_may_come_back_and_is_not_a_member_twice_at_once(records, read, refused):
    back = ROW.replace("2018-09-01", "2020-09-01").replace("2019-08-31", "")
    records.rows("programmes.csv", back, ROW)
    assert len(read().rows) == 2
    records.rows("programmes.csv", back.replace("2020-09-01", "2019-01-01"), ROW)
    said = refused(read_programme_members)
    assert "row 2, column joined: the trust 99001 is a member twice at once" in said
    assert "by row 3" in said


def trust_spells(*spells):
    blank = {"trust_name": "A trust", "trust_kind": "Multi-academy trust",
             "source": "made.csv", "row": 2}  # fmt: skip
    rows = [
        blank
        | {
            "urn": "900001",
            "trust": trust,
            "joined": pd.Timestamp("2015-09-01"),
            "left": pd.Timestamp(left) if left else pd.NaT,
        }
        for trust, left in spells
    ]
    return as_promised(pd.DataFrame(rows, columns=list(TRUST_SPELLS.columns)), TRUST_SPELLS)


@pytest.mark.parametrize(
    ("spells", "reason"),
    [
        ([("99001", None)], None),
        ([("99001", "2016-01-01"), ("99001", None)], None),
        ([("99001", "2019-08-31")], None),
        ([("99001", "2019-08-30")], DISSOLVED_DURING),
        ([("99001", "2018-09-01")], DISSOLVED_BEFORE),
        ([("99002", None)], UNKNOWN),
        ([], None),
    ],
)
def test_a_trust_that_dissolved_is_listed_with_the_reason(read, spells, reason):
    found = dissolved_trusts(read().rows, trust_spells(*spells))
    assert found["reason"].tolist() == ([] if reason is None else [reason])


def test_a_trust_that_is_a_member_still_and_dissolved_is_listed_with_the_day(records, read):
    records.rows("programmes.csv", ROW.replace("2019-08-31", ""))
    found = dissolved_trusts(read().rows, trust_spells(("99001", "2022-12-31")))
    assert found["last_school_left"].tolist() == [pd.Timestamp("2022-12-31")]
