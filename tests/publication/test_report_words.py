"""What the page of an evaluation says around its figures."""

import pandas as pd
import pytest

from pipeline.measures.catalogue import measure
from pipeline.publication import areas, national_table, prose
from pipeline.publication.results_tables import measure_tables
from tests.evidence.conftest import make_fact

pytestmark = pytest.mark.usefixtures("project")


def gap(code, **about):
    """Make the three facts of one measure in one year."""
    of = {"measure": code, "year": 2017} | about
    return [make_fact(0.1, 0.0, 0.2, quantity=q, **of) for q in ("partners", "rest", "gap")]


def heads(facts, about):
    (table,) = measure_tables(facts, about)
    return [column.title for column in table.columns]


def test_the_number_beside_value_added_counts_entries():
    about = measure("ks5", "a_level_value_added")
    shown = heads(gap("a_level_value_added", key_stage="ks5"), about)
    assert "Their entries" in shown
    assert "Their pupils" not in shown


def test_the_number_beside_progress_8_counts_pupils():
    assert "Their pupils" in heads(gap("progress_8"), measure("ks4", "progress_8"))


def test_a_table_has_as_many_cells_as_heads():
    (table,) = measure_tables(gap("progress_8"), measure("ks4", "progress_8"))
    assert [len(row) for row in table.rows] == [len(table.columns)]


def national(**about):
    row = {
        "key_stage": "ks4",
        "measure": "attainment_8",
        "group": "all",
        "year": 2016,
        "published": 49.8,
        "recomputed": 50.3,
        "pupils": 535421,
        "published_pupils": 541080,
    }
    return row | about


def shown(*rows):
    (table,) = national_table.tables(pd.DataFrame(rows), suppress_up_to=5)
    return [[cell.text for cell in row] for row in table.rows]


def test_the_share_of_pupils_is_rounded_down_as_on_the_page_about_quality():
    """535,421 of 541,080 are 98.954 in a hundred."""
    assert shown(national())[0][-1] == "98.9%"


def test_more_pupils_than_published_are_more_than_all():
    row = national(pupils=541081)
    assert shown(row)[0][-1] == "more than all"


def test_a_share_whose_pupils_are_not_known_is_not_known():
    assert shown(national(pupils=None))[0][-1] == "not known"


def test_a_whole_figure_of_attainment_8_keeps_its_tenth():
    rows = [national(published=37.0, group="disadvantaged"), national(published=36.7)]
    assert [row[1] for row in shown(*rows)] == ["37.0", "36.7"]


def test_scaled_scores_are_whole():
    about = {"key_stage": "ks2", "measure": "reading_score"}
    rows = [
        national(published=p, year=y, **about) for p, y in ((104.0, 2017), (105.0, 2018))
    ]
    assert [row[1] for row in shown(*rows)] == ["104", "105"]


def test_a_file_without_special_schools_is_named_as_no_whole_table(project):
    rows = {"mainstream": 3295, "special": 0}
    files = [{"file": "2018-2019/england_ks4final.csv", "rows": rows}]
    inventory = {"key_stage": "ks4", "files": files}
    asked = project.parameters
    evaluation = next(iter(asked.evaluations.values()))
    said = prose.limits([inventory], asked, evaluation, supplied=True)
    assert said[-1].startswith(
        "2018-2019/england_ks4final.csv holds no special school: no whole table"
    )
    assert "only schools that were still open then" in said[-1]


def test_an_area_is_named_and_an_unknown_one_keeps_its_digits():
    assert areas.name_of("850") == "Hampshire (850)"
    assert areas.name_of("england") == "England"
    assert areas.name_of("000") == "local authority 000"
    assert areas.beside("2018-2019/850_ks4final.csv", "850").endswith(": Hampshire (850)")
    assert areas.beside("england_ks4final.csv", "england") == "england_ks4final.csv"


def test_the_method_names_the_variance_the_degrees_of_freedom_and_what_stands_beside(
    project,
):
    asked = project.parameters
    evaluation = next(iter(asked.evaluations.values()))
    said = " ".join(prose.method(gap("progress_8"), asked, evaluation, ["the rest"]))
    assert "CR2" in said and "Satterthwaite" in said and "CR3" in said
    assert "Welch" not in said
    assert f"{asked.comparison.draws:,} random sets of schools" in said


def test_a_run_without_random_sets_says_that_none_were_drawn(project):
    project.settings["comparison"]["draws"] = 0
    asked = project.parameters
    evaluation = next(iter(asked.evaluations.values()))
    said = " ".join(prose.method(gap("progress_8"), asked, evaluation, ["the rest"]))
    assert "Random sets of schools were not drawn in this run." in said
