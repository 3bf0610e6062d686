"""What was found about change, as a reader sees it."""

import re

import pandas as pd
import pytest

from pipeline.contracts.improvement import BY_WAVE, QUESTIONS, STATUSES
from pipeline.improvement.findings import Findings, as_promised
from pipeline.publication import change_tables
from pipeline.publication.change_tables import MINUS, STATUS_WORDS, TITLES, sections, words
from tests.improvement.made_panel import made_panel


@pytest.fixture
def found():
    made = Findings(made_panel({2018: 3}))
    made.add(
        "growth", "yearly rise", estimate=-0.0123, low=-0.02, high=0.01, p_value=0.04,
        schools=(32, 12_345),
    )  # fmt: skip
    made.add("growth", "a share", estimate=0.5, unit="share", said="of draws")
    made.add("growth", "a check", estimate=0.1, status="diagnostic", said="check")
    made.add("event study", "mean", status="withheld", said="No impact estimate.")
    return as_promised([made])


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_every_question_has_a_title_and_every_status_words():
    assert set(TITLES) == set(QUESTIONS)
    assert set(STATUS_WORDS) == set(STATUSES)


def test_no_title_says_why():
    said = " ".join([*TITLES.values(), *change_tables.HEADS])
    assert not re.search(r"\b(because|effect|caus\w*|improve\w*|due to)\b", said, re.I)


def test_an_outcome_is_a_section_with_one_table_for_each_question(found):
    (section,) = sections(found)
    assert section["id"] == "change.ks4.progress_8.all"
    assert section["label"] == "Progress 8, all pupils"
    assert len(section["tables"]) == 2


def test_a_row_has_its_figures_counts_and_what_it_is(found):
    growth, _ = sections(found)[0]["tables"]
    first = texts(growth)[0]
    assert first[:2] == ["yearly rise", f"{MINUS}0.012"]
    assert first[2:4] == [f"{MINUS}0.020 to 0.010", "national SD of pupils"]
    assert first[4:6] == ["0.040", ""]
    assert first[6:] == ["32", "12,345", "estimate", ""]
    assert len(growth.columns) == len(first)


def test_the_unit_of_each_figure_stands_beside_it(found):
    growth, _ = sections(found)[0]["tables"]
    assert "SD" not in growth.caption
    assert [row[3] for row in texts(growth)] == [
        "national SD of pupils",
        "share",
        "national SD of pupils",
    ]


def test_what_is_left_of_a_p_among_all_says_once_how_many_there_were(found):
    held = found.assign(adjusted_p=found["p_value"] * 2, adjusted_by=None)
    held.loc[0, "adjusted_by"] = "Holm: 2 tests"
    growth = sections(held)[0]["tables"][0]
    assert texts(growth)[0][4:6] == ["0.040", "0.080"]
    assert texts(growth)[0][-1] == ""
    assert growth.caption.endswith("(p among all: Holm: 2 tests)")


def test_two_ways_to_adjust_stand_beside_their_rows(found):
    held = found.assign(adjusted_p=0.08, adjusted_by="Holm: 2 tests")
    held.loc[1, "adjusted_by"] = "Benjamini and Hochberg: 9 tests"
    growth = sections(held)[0]["tables"][0]
    assert "p among all" not in growth.caption
    assert [row[-1] for row in texts(growth)][:2] == [
        "p among all: Holm: 2 tests",
        "of draws; p among all: Benjamini and Hochberg: 9 tests",
    ]


def test_where_a_quantity_stands_follows_its_name_and_what_to_know_is_said_once():
    made = Findings(made_panel({2018: 3}))
    for fifth in ("1 of 5", "2 of 5"):
        made.add("starting point", "change", at=fifth, estimate=0.1, said="luck")
    made.add("starting point", "other change", estimate=0.1, said="luck")
    (fifths,) = sections(as_promised([made]))[0]["tables"]
    assert [(row[0], row[-1]) for row in texts(fifths)] == [
        ("change: 1 of 5", "luck"),
        ("change: 2 of 5", ""),
        ("other change", "luck"),
    ]


def test_tables_of_sentences_become_cards_on_a_phone(found):
    assert all(table.stacks for table in sections(found)[0]["tables"])


def test_what_is_withheld_has_no_figure_and_its_reason(found):
    _, study = sections(found)[0]["tables"]
    assert texts(study) == [
        ["mean", *[""] * 7, "withheld", "No impact estimate."],
    ]


def test_one_sentence_counts_what_has_an_estimate_and_what_is_withheld(found):
    other = found.assign(group="disadvantaged", status="not possible")
    assert words(pd.concat([found, other])) == (
        "Of 4 questions about 2 outcomes, 1 have an estimate and 1 are withheld; "
        "each table says why."
    )


def test_nothing_found_makes_no_section_and_no_crash():
    assert sections(as_promised([])) == []
    assert words(as_promised([])).startswith("Of 0 questions about 0 outcomes")


def test_changes_by_time_since_joining_stand_beside_their_chart_and_not_here(found):
    waves = found.assign(quantity=BY_WAVE, at="-1")
    (section,) = sections(pd.concat([found, waves]))
    assert [len(data.rows) for data in section["tables"]] == [3, 1]


def test_a_time_since_joining_has_a_true_minus_and_a_label_keeps_its_hyphen():
    assert change_tables.at("-2") == f"{MINUS}2"
    assert change_tables.at("+1") == "+1"
    assert change_tables.at("+0") == "0"
    assert change_tables.at("two-way") == "two-way"
