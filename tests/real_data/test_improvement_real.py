"""Change over the years of a real trust: United Learning in England's own Progress 8."""

import pytest

from pipeline.improvement import improve, panel


@pytest.fixture(scope="module")
def laid(make_project, shared_data, tmp_path_factory):
    """Progress 8 of all pupils, 2016 to 2019, with trusts and inspections."""
    folder = tmp_path_factory.mktemp("change")
    downloads, register = (
        str(shared_data / name) for name in ("dfe_national", "registers/united-learning")
    )
    with make_project(folder, downloads, register) as project:
        project.settings["years"] = {"first": 2016, "last": 2019}
        project.settings["sources"]["gias"] = str(shared_data / "gias")
        project.settings["sources"]["ofsted"] = str(shared_data / "ofsted")
        project.link()
        project.follow()
        known = panel.known_of_schools(project.parameters)
        outcomes = improve.panels("annual-impact", known, project.parameters)
        yield outcomes, known.grades


@pytest.fixture(scope="module")
def found(laid):
    outcomes, grades = laid
    return improve.improve(outcomes, grades)


def progress_8(table):
    return table[(table["measure"] == "progress_8") & (table["group"] == "all")]
