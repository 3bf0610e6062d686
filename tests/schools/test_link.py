import pandas as pd

from pipeline.run.locations import SYNTHETIC_MARK
from pipeline.schools import link
from pipeline.schools.known import read_files, read_known_schools

LINKS = "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n"
ESTABLISHMENTS = (
    "URN,LA (code),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (name),"
    "EstablishmentStatus (name),OpenDate,CloseDate,PhaseOfEducation (name),"
    "StatutoryLowAge,StatutoryHighAge,Town,Postcode\n"
)


def gias(project):
    """A school of 2000 that became an academy on 1 September 2016."""
    folder = project.folder / "gias"
    folder.mkdir()
    project.settings["sources"]["gias"] = "gias"
    (folder / "edubasealldata20240901.csv").write_text(
        ESTABLISHMENTS
        + "100001,850,4001,Hill School,Community school,Closed,01-09-2000,31-08-2016,"
        "Secondary,11,16,Winchester,SO23 1AA\n"
        + "100002,850,4001,Hill School,Academy converter,Open,01-09-2016,,"
        "Secondary,11,16,Winchester,SO23 1AA\n"
    )
    (folder / "links_edubasealldata20240901.csv").write_text(
        LINKS
        + "100001,100002,Hill School,Successor,01-09-2016\n"
        + "100002,100001,Hill School,Predecessor,01-09-2016\n"
    )
    return folder


def test_without_any_source_every_table_is_there_and_empty(project):
    linked = project.link()
    assert set(linked.tables) == set(link.TABLES)
    assert all(table.empty for table in linked.tables.values())
    assert {name: f["supplied"] for name, f in read_files().items()} == {
        "gias": False,
        "ofsted": False,
        "context": False,
    }


def test_a_conversion_carries_the_schools_key(project):
    gias(project)
    project.link()
    keys = read_known_schools().key_of(pd.Series(["100001", "100002", "100009"]))
    assert keys.tolist() == ["100001", "100001", "100009"]


def test_a_rule_of_the_parameters_decides_what_a_sponsored_academy_is(project):
    folder = gias(project)
    file = folder / "edubasealldata20240901.csv"
    file.write_text(file.read_text().replace("Academy converter", "Academy sponsor led"))
    keys = {}
    for rule in ("break", "carry"):
        project.settings["lineage"]["sponsored"] = rule
        lineage = project.link().tables["lineage"].set_index("urn")["school_key"]
        keys[rule] = lineage["100002"]
    assert keys == {"break": "100002", "carry": "100001"}


def test_a_made_up_register_is_not_read_beside_real_results(project):
    (gias(project) / SYNTHETIC_MARK).write_text("made up")
    linked = project.link()
    assert linked.tables["establishments"].empty
    assert linked.files["gias"]["reason"] == (
        "sources.gias is made up, and the results are not"
    )


def test_what_was_read_is_counted_for_the_notebook(project):
    gias(project)
    linked = project.link()
    rows = link.rows_read(linked).set_index("table")["rows"]
    assert (rows["establishments"], rows["links"], rows["inspections"]) == (2, 2, 0)
    ways = link.ways_to_belong(linked).set_index("kind")["establishments"]
    assert ways.to_dict() == {"conversion": 1, "first of its chain": 1}
