"""From a messy list to the final register: a person answers, the doctor follows."""

import csv
import io
from datetime import date

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.establishments import ESTABLISHMENTS, LINKS
from pipeline.run.faults import Fault
from pipeline.run.parameters import Evaluation
from pipeline.schools.membership import read_register
from pipeline.schools.register_doctor.__main__ import main
from pipeline.schools.register_doctor.accept import accept
from pipeline.schools.register_doctor.writing import header_of_copy
from pipeline.sources import establishments

TODAY = date(2019, 6, 1)
PARTNERS = ("urn", "name", "joined", "left", "hub")
MESSY = [
    "Our members",
    "",
    "School URN,School,Date joined,End date,Hub",
    " 100001,St Mary's,1 Sept 2015,present,Fairholme",
    "1OOOO2,Oak,2015/16,,Fairholme",
    "100003,Ash,13/09/2015,,Fairhome",
    "100003,Ash,13/09/2015,,Fairhome",
]


@pytest.fixture
def doctor(project, capsys):
    """Run the command in a project: doctor('list.csv', '--dates', 'day-first')."""
    settings_file = project.folder / "params.yaml"
    settings_file.write_text(pd.io.json.ujson_dumps(project.settings))

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def messy(tmp_path):
    path = tmp_path / "members 2019.csv"
    path.write_text("\n".join(MESSY) + "\n", encoding="utf-8")
    return path


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def answer(path, answers, **cells):
    """Write answers into `accept` by row of the list, and cells as {row: {column: x}}."""
    rows = rows_of(path)
    for row in rows:
        row["accept"] = answers.get(int(row["row"]), "")
        row |= cells.get(f"row_{row['row']}", {})
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def partners(folder):
    evaluation = Evaluation(title="t", question="q", members="partners.csv")
    return read_register(folder, "registers", evaluation)


def test_a_messy_list_becomes_a_register_that_the_pipeline_reads(doctor, messy, tmp_path):
    code, out, _ = doctor(messy)
    assert code == 0
    assert "4 rows of schools (2 rows above the header, 0 blank rows)" in out
    copy = tmp_path / "partners.corrected.csv"
    assert [row["accept"] for row in rows_of(copy)] == ["", "", "", ""]
    answer(copy, {5: "yes", 6: "hub", 7: "yes"})
    code, out, _ = doctor("--accept", copy)
    assert code == 0
    assert "3 of 4 rows, 1 left out because you accepted it" in out
    spells = partners(tmp_path).spells
    assert list(spells["urn"]) == ["100001", "100002", "100003"]
    assert list(spells["joined"]) == [date(2015, 9, 1), date(2015, 9, 1), date(2015, 9, 13)]
    assert list(spells["hub"]) == ["Fairholme"] * 3
    assert messy.read_text(encoding="utf-8") == "\n".join(MESSY) + "\n"


def test_findings_stand_in_a_table_beside_the_list(doctor, messy, tmp_path):
    doctor(messy)
    findings = rows_of(tmp_path / "partners.findings.csv")
    proposed = [
        (f["row"], f["column"], f["proposed"])
        for f in findings
        if f["severity"] == "proposed"
    ]
    assert ("5", "urn", "100002") in proposed
    assert ("5", "joined", "2015-09-01") in proposed
    assert ("6", "hub", "Fairholme") in proposed


def test_nothing_is_accepted_that_a_person_did_not_accept(doctor, messy, tmp_path):
    doctor(messy)
    copy = tmp_path / "partners.corrected.csv"
    code, _, err = doctor("--accept", copy)
    assert code == 1
    for place in (
        "row 3, urn: found '1OOOO2'",
        "row 3, joined: found '2015/16'",
        "row 5, ",
    ):
        assert place in err
    assert "Nothing was written" in err
    assert not (tmp_path / "partners.csv").exists()


def test_a_person_may_write_the_right_value_and_refuse_what_was_proposed(
    doctor, messy, tmp_path
):
    doctor(messy)
    copy = tmp_path / "partners.corrected.csv"
    answer(
        copy,
        {5: "no", 6: "no", 7: "leave_out"},
        row_5={"urn": "100009", "joined": "2016-01-31"},
    )
    assert doctor("--accept", copy)[0] == 0
    spells = partners(tmp_path).spells
    assert list(spells["urn"]) == ["100001", "100009", "100003"]
    assert list(spells["hub"]) == ["Fairholme", "Fairholme", "Fairhome"]


def test_a_proposal_without_an_answer_stays_out_and_is_told(doctor, messy, tmp_path):
    doctor(messy)
    copy = tmp_path / "partners.corrected.csv"
    answer(copy, {5: "yes", 7: "yes"})
    _, out, _ = doctor("--accept", copy)
    assert "no answer, left as it was: row 4: hub" in out
    assert list(partners(tmp_path).spells["hub"]) == ["Fairholme", "Fairholme", "Fairhome"]


def test_a_row_that_a_person_marks_is_left_out_and_yes_to_nothing_is_no_fault(
    doctor, messy, tmp_path
):
    doctor(messy)
    copy = tmp_path / "partners.corrected.csv"
    answer(
        copy,
        dict.fromkeys(range(8), "yes"),
        row_4={"leave_out": "yes"},
        row_6={"leave_out": "no"},
    )
    assert doctor("--accept", copy)[0] == 0
    assert list(partners(tmp_path).spells["urn"]) == ["100002", "100003"]


def test_an_answer_that_is_none_is_refused(doctor, messy, tmp_path):
    doctor(messy)
    copy = tmp_path / "partners.corrected.csv"
    answer(copy, {5: "perhaps", 7: "yes"})
    code, _, err = doctor("--accept", copy)
    assert code == 1
    assert "row 3, column accept: found 'perhaps'" in err


def test_dates_that_a_spreadsheet_rewrote_are_asked_about(doctor, messy, tmp_path):
    doctor(messy)
    copy = tmp_path / "partners.corrected.csv"
    answer(copy, {5: "yes", 6: "yes", 7: "yes"})
    copy.write_text(copy.read_text("utf-8-sig").replace("2015-09-01", "01/09/2015"))
    code, _, err = doctor("--accept", copy)
    assert code == 1
    assert "add --dates day-first" in err
    assert doctor("--accept", copy, "--dates", "day-first")[0] == 0
    assert partners(tmp_path).spells["joined"].iloc[0] == date(2015, 9, 1)


def test_a_corrected_copy_saved_as_a_workbook_is_accepted(doctor, messy, tmp_path):
    doctor(messy)
    copy = tmp_path / "partners.corrected.csv"
    answer(copy, {5: "yes", 6: "yes", 7: "yes"})
    book = openpyxl.Workbook()
    with copy.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            book.active.append(row)
    book.save(tmp_path / "copy.xlsx")
    assert doctor("--accept", tmp_path / "copy.xlsx")[0] == 0
    assert len(partners(tmp_path).spells) == 3


def test_no_file_is_written_over(doctor, messy, tmp_path):
    assert doctor(messy)[0] == 0
    code, _, err = doctor(messy)
    assert code == 1
    assert "may hold your answers" in err
    assert doctor(messy, "--out", tmp_path / "again")[0] == 0


def test_a_list_that_is_itself_partners_csv_is_never_replaced(doctor, tmp_path):
    path = tmp_path / "partners.csv"
    path.write_text("urn,name,joined,left,hub\n100001,,2015-09-01,,\n")
    doctor(path)
    code, _, err = doctor("--accept", tmp_path / "partners.corrected.csv")
    assert code == 1
    assert "it is there already" in err
    assert path.read_text().startswith("urn,name")


def test_a_corrected_copy_is_no_list_and_a_list_no_corrected_copy(doctor, messy, tmp_path):
    code, _, err = doctor("--accept", messy)
    assert code == 1
    assert "no corrected copy" in err
    doctor(messy)
    code, _, err = doctor(tmp_path / "partners.corrected.csv", "--out", tmp_path / "x")
    assert code == 1
    assert "--accept" in err


def test_a_programme_s_list_becomes_programmes_csv(doctor, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "Programme,URN,Cohort,Start date,End date,Trio\n"
        "Growing the Top,100001,1,1 Sept 2015,,T1\n"
    )
    assert doctor(path)[0] == 0
    assert doctor("--accept", tmp_path / "programmes.corrected.csv")[0] == 0
    evaluation = Evaluation(
        title="t", question="q", members="programmes.csv", programme="growing the top"
    )
    (spell,) = read_register(tmp_path, "r", evaluation).spells.to_dict("records")
    assert (spell["urn"], spell["hub"]) == ("100001", "T1")


def test_the_register_of_schools_is_that_of_the_parameters_or_of_the_command(
    doctor, project, tmp_path, monkeypatch
):
    schools = pd.DataFrame(
        [["100001", "Yew School", "GU1 1AA"]], columns=["urn", "name", "postcode"]
    ).reindex(columns=list(ESTABLISHMENTS.columns))
    links = pd.DataFrame(columns=list(LINKS.columns))
    read = []

    def fake(folder, shown_from):
        read.append(folder)
        return establishments.RegisterOfSchools(schools, links, links, {})

    monkeypatch.setattr(establishments, "read", fake)
    (tmp_path / "gias").mkdir()
    path = tmp_path / "list.csv"
    path.write_text("name,postcode,joined,left\nYew Sch,GU1 1AA,2015-09-01,\n")
    assert "no register of schools" in doctor(path, "--out", tmp_path / "1")[1]
    assert (
        "-> 100001"
        in doctor(path, "--schools", tmp_path / "gias", "--out", tmp_path / "2")[1]
    )
    project.settings["sources"]["gias"] = "gias"
    (project.folder / "params.yaml").write_text(pd.io.json.ujson_dumps(project.settings))
    assert "-> 100001" in doctor(path, "--out", tmp_path / "3")[1]
    assert read == [tmp_path / "gias"] * 2
    assert "no such folder" in doctor(path, "--schools", tmp_path / "none")[2]


def test_a_list_is_never_compared_with_the_synthetic_england(doctor, project, tmp_path):
    project.settings["sources"]["gias"] = "data/england/gias"
    (project.folder / "params.yaml").write_text(pd.io.json.ujson_dumps(project.settings))
    (project.folder / "data" / "england" / "gias").mkdir(parents=True)
    path = tmp_path / "list.csv"
    path.write_text("urn,joined,left\n100001,2015-09-01,\n")
    assert "no register of schools" in doctor(path)[1]


def test_a_wrong_column_of_the_command_is_told(doctor, messy):
    for given_, said in (
        ("joined", "expected a header"),
        ("Hub=team", "no column of a register"),
        ("Huub=hub", "no column 'huub'"),
    ):
        code, _, err = doctor(messy, "--column", given_)
        assert code == 1
        assert said in err


ROW = {
    "urn": ["100001", "100002", "1OOOO1", "", "x"],
    "joined": ["2015-09-01", "2016-09-01", "01/09/2015", "2017", "", "13/10/2016"],
    "left": ["", "2016-08-31", "2016-09-01", "2014-01-01", "31/12/2016"],
    "hub": ["", "North", "=North", "'=North", " \u202e"],
    "name": ["", "A, B", 'C "D"'],
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {column: st.sampled_from(cells) for column, cells in ROW.items()}
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200)
@given(ROWS, st.sampled_from(["day-first", None]))
def test_what_is_accepted_is_always_a_register_that_the_pipeline_reads(
    tmp_path_factory, rows, order
):
    folder = tmp_path_factory.mktemp("any")
    written = io.StringIO()
    table = csv.DictWriter(written, header_of_copy(PARTNERS), restval="")
    table.writeheader()
    table.writerows(rows)
    (folder / "copy.csv").write_text(written.getvalue(), encoding="utf-8")
    try:
        accepted = accept(folder / "copy.csv", today=TODAY, order=order)
    except Fault:
        return
    (folder / "partners.csv").write_text(accepted.text, encoding="utf-8")
    assert len(partners(folder).spells) == accepted.rows_out == len(rows)
