"""Real inspections: one file of July 2018, and the schools of United Learning."""

import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.inspections import examine
from pipeline.inspections.inspected import NEVER
from pipeline.inspections.transitions import BETWEEN, MOVED_UP
from pipeline.sources import inspections

TABLE = "dfe_national/2017-2018/england_ks4final.csv"
# SOURCE: Ofsted, State-funded schools inspections and outcomes as at 31 August 2018.
PUBLISHED = {1: 21, 2: 65, 3: 11, 4: 4}


@pytest.fixture(scope="module")
def found(make_project, shared_data, tmp_path_factory):
    """What the one file shows of a real trust's secondary schools."""
    if not (shared_data / TABLE).is_file():
        pytest.skip(f"{TABLE} is not among the real downloads")
    register = str(shared_data / "registers/united-learning")
    with make_project(tmp_path_factory.mktemp("real"), "downloads", register) as project:
        content = (shared_data / TABLE).read_bytes()
        project.download("2017-2018/england_ks4final.csv", content)
        project.settings["years"] = {"first": 2018, "last": 2018}
        project.settings["sources"]["gias"] = str(shared_data / "gias")
        project.settings["sources"]["ofsted"] = str(shared_data / "ofsted")
        project.link()
        project.follow()
        yield examine.examine("annual-impact", project.parameters)


def test_grades_are_shared_out_as_ofsted_published_a_month_later(shared_data):
    table = inspections.read(shared_data / "ofsted", "ofsted").table
    shares = table["overall_effectiveness"].value_counts(normalize=True)
    assert {int(g): round(100 * s) for g, s in shares.items()} == PUBLISHED


def test_one_snapshot_shows_no_transition_and_says_so_in_words(found):
    said = found.findings.set_index("quantity")
    for quantity in (MOVED_UP, BETWEEN):
        assert said.loc[quantity, "status"] == "not possible"
        assert said.loc[quantity, "said"].startswith(
            "one snapshot of inspection outcomes in the years evaluated, as at 2018-07-31"
        )
        assert "no transition can be seen" in said.loc[quantity, "said"]
    assert found.transitions.empty and found.left_out.empty


def test_who_was_inspected_since_joining_is_told_by_that_one_file(found, shared_data):
    never = found.findings.set_index("quantity").loc[NEVER]
    assert never["status"] == "diagnostic"
    assert 10 < never["partner_schools"] < 60 and never["rest_schools"] > 2_000
    assert 0 < never["partners"] < 1
    for name, contract in examine.FILES.items():
        promise.check(getattr(found, name), contract)
    assert found.inspected["year"].max() == 2018
    assert pd.notna(found.inspected["rest_share"]).all()
