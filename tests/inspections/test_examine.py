"""From files of inspections and a register to tables, by the pipeline's own stages."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.establishments import ESTABLISHMENTS, LINEAGE, TRUST_SPELLS
from pipeline.england import establishments, ofsted
from pipeline.inspections import examine
from pipeline.inspections.history import history_of
from pipeline.inspections.inspected import NEVER
from pipeline.inspections.transitions import MOVED_UP
from pipeline.schools.known import KnownSchools
from pipeline.schools.link import empty
from pipeline.sources import inspections
from tests.england.published import england, table
from tests.inspections.made_histories import members

LATEST = "latest inspections as at {}.csv"
OWN, OTHERS = range(100001, 100009), range(200001, 200013)


def told(urn, day, grade, before=None):
    """One row of Ofsted's file: a school's latest inspection and the one before."""
    row = {"URN": urn, "Inspection start date": day, "Publication date": day}
    row |= {"Overall effectiveness": grade, "URN at time of latest full inspection": urn}
    if before is not None:
        row |= {"Previous inspection start date": before[0]}
        row |= {"Previous publication date": before[0]}
        row |= {"Previous full inspection overall effectiveness": before[1]}
    return row


@pytest.fixture
def made(project, school, as_csv):
    """Eight members and twelve other secondary schools, followed by the pipeline."""
    every = [*OWN, *OTHERS]
    rows = [school(urn, TPUP=100, ATT8SCR=50, P8MEA=0.1, P8PUP=95) for urn in every]
    project.download("2023-2024/england_ks4final.csv", rows)
    project.settings["years"] = {"first": 2024, "last": 2024}
    project.register(*(f"{urn},,2019-09-01,," for urn in OWN))
    project.settings["sources"]["ofsted"] = "ofsted"
    folder = project.folder / "ofsted"
    folder.mkdir()

    def save(day, rows):
        (folder / LATEST.format(day)).write_text(as_csv(rows))

    def ask():
        project.link()
        project.follow()
        return examine.examine("annual-impact", project.parameters)

    project.save, project.ask = save, ask
    return project


def two_files(made):
    made.save("31 Aug 2019", [told(urn, "10/01/2018", 3) for urn in (*OWN, *OTHERS)])
    before = ("10/01/2018", 3)
    later = [told(urn, "10/01/2022", 2, before) for urn in (*OWN[:4], *OTHERS[:3])]
    later += [told(urn, "10/01/2018", 3) for urn in (*OWN[4:], *OTHERS[3:])]
    made.save("31 Aug 2024", later)
    return made.ask()


def test_two_files_and_a_register_become_a_matrix(made):
    found = two_files(made)
    moved = found.transitions.set_index(["from_grade", "to"])
    moved = moved.loc[("requires improvement", "good")]
    assert (moved["partner_schools"], moved["partner_share"]) == (4, 0.5)
    assert (moved["rest_schools"], moved["rest_share"]) == (3, 0.25)


def test_what_is_written_is_what_is_promised_and_the_same_each_time(made):
    for folder in ("one", "two"):
        examine.write(two_files(made), made.folder / folder)
    for name, contract in examine.FILES.items():
        paths = [made.folder / folder / f"{name}.csv" for folder in ("one", "two")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
        promise.read(paths[0], contract)


def test_what_is_shown_of_a_question_is_its_rows(made):
    shown = examine.shown(two_files(made), "inspected")
    assert shown["quantity"].tolist() == [NEVER]


def test_one_file_shows_no_transition_but_who_was_inspected(made):
    rows = [told(urn, "10/01/2022", 3) for urn in OWN[:6]]
    rows += [told(urn, "10/01/2018", 3) for urn in (*OWN[6:], *OTHERS)]
    made.save("31 Aug 2024", rows)
    said = made.ask().findings.set_index("quantity")
    assert "one snapshot" in said.loc[MOVED_UP, "said"]
    assert (said.loc[NEVER, "partners"], said.loc[NEVER, "rest"]) == (0.25, 1)


def test_without_inspections_every_question_says_what_is_missing(made):
    made.settings["sources"]["ofsted"] = None
    found = made.ask()
    assert set(found.findings["said"]) == {
        "no inspection outcomes: sources.ofsted names no folder"
    }
    assert found.transitions.empty and found.inspected.empty


def test_a_programme_that_has_no_register_says_so(made):
    two_files(made)
    made.follow("growing-the-top")
    found = examine.examine("growing-the-top", made.parameters)
    assert found.findings["said"].str.contains("not supplied").all()


NOBODY = KnownSchools(empty(ESTABLISHMENTS), empty(LINEAGE), empty(TRUST_SPELLS))


def rows_of(*told_of):
    columns = ["urn", "inspected", "published", "overall_effectiveness"]
    table = pd.DataFrame(told_of, columns=columns).astype(
        {"overall_effectiveness": "Int64"}
    )
    for name in ("inspected", "published"):
        table[name] = pd.to_datetime(table[name]).dt.as_unit("ms")
    return table


def history(*told_of, known=NOBODY):
    phases = pd.Series("primary", index=pd.Index(["100001"], name="school_key"))
    return history_of(rows_of(*told_of), known, phases, (date(2019, 8, 31),))


def test_two_numbers_of_a_school_tell_of_one_inspection_once():
    """The old number has its first day, the new one its last."""
    lineage = pd.DataFrame({"urn": ["100002"], "school_key": ["100001"]})
    known = KnownSchools(empty(ESTABLISHMENTS), lineage, empty(TRUST_SPELLS))
    found = history(
        ("100001", "2018-01-10", "2018-02-10", 3),
        ("100002", "2018-01-11", "2018-02-10", 3),
        known=known,
    )
    assert found.inspections["grade"].tolist() == [3]


def test_an_inspection_without_a_grade_leaves_the_grade_of_before():
    found = history(
        ("100001", "2018-01-10", "2018-02-10", 2), ("100001", "2023-01-10", None, None)
    )
    assert found.inspections["grade"].tolist() == [2]


def test_the_grade_of_a_predecessor_is_none_of_the_new_school():
    register = empty(ESTABLISHMENTS)
    register.loc[0, ["urn", "opened"]] = ["100001", pd.Timestamp(2018, 9, 1)]
    known = KnownSchools(register, empty(LINEAGE), empty(TRUST_SPELLS))
    found = history(
        ("100001", "2017-01-10", "2017-02-10", 4),
        ("100001", "2021-01-10", "2021-02-10", 2),
        known=known,
    )
    assert found.inspections["grade"].tolist() == [2]
    assert found.of_predecessors == 1


@pytest.fixture(scope="module")
def of_england(tmp_path_factory):
    """The synthetic England's two files: read by the pipeline, and plainly."""
    folder = tmp_path_factory.mktemp("ofsted")
    plain: dict[str, dict[pd.Timestamp, int]] = {}
    for snapshot, content in ofsted.outcomes(england(), establishments.draw(england())):
        (folder / snapshot.name).write_bytes(content)
        word = snapshot.graded.upper()
        for row in table(content):
            for urn, day, grade in (
                (f"URN AT TIME OF LATEST {word} INSPECTION", "INSPECTION START DATE", None),
                (
                    f"URN AT TIME OF PREVIOUS {word} INSPECTION",
                    "PREVIOUS INSPECTION START DATE",
                    f"PREVIOUS {word} INSPECTION OVERALL EFFECTIVENESS",
                ),
            ):
                if row[day] != "NULL":
                    when = pd.to_datetime(row[day], format="%d/%m/%Y")
                    found = int(row[grade or "OVERALL EFFECTIVENESS"])
                    plain.setdefault(row[urn], {})[when] = found
    return inspections.read(folder, "ofsted").table, plain


def test_the_matrix_of_the_synthetic_england_is_that_of_its_files_read_plainly(of_england):
    """Every third school stands for a member: grades of 31 August 2019 and of 2024."""
    told_of, plain = of_england
    keys = sorted(plain)
    phases = pd.Series("primary", index=pd.Index(keys, name="school_key", dtype="str"))
    files = (date(2019, 8, 31), date(2024, 8, 31))
    found = history_of(told_of, NOBODY, phases, files)
    own = keys[::3]
    examined = examine.examined(
        found, members(*own, joined="2015-09-01"), NO_TRUST, 2024, 0.95
    )
    counts = np.zeros((4, 4), dtype=int)
    for key in own:
        then = [d for d in plain[key] if d <= pd.Timestamp(2019, 8, 31)]
        if then:
            counts[plain[key][max(then)] - 1, plain[key][max(plain[key])] - 1] += 1
    shown = examined.transitions[examined.transitions["to"] != "closed"]
    assert counts.sum() > 60
    assert shown["partner_schools"].to_numpy(int).reshape(4, 4).tolist() == counts.tolist()


NO_TRUST = pd.Series(dtype=object)
