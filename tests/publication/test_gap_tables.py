"""What stands beside a gap on the page: other intervals, the split, typical schools."""

import pandas as pd
import pytest

from pipeline.evidence.wording import MINUS, p_value
from pipeline.measures.catalogue import measure
from pipeline.publication import gap_tables
from pipeline.publication.results_tables import measure_tables
from tests.evidence.conftest import make_fact

PROGRESS_8 = measure("ks4", "progress_8")
CELL = {"key_stage": "ks4", "measure": "progress_8", "year": 2019}


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def gap(**about):
    return make_fact(0.1, 0.02, 0.18, cr3_low=-0.01, cr3_high=0.21, **about)


def test_four_answers_to_how_sure_stand_side_by_side():
    table = gap_tables.how_sure([gap(randomisation_p=0.0123)], PROGRESS_8)
    assert texts(table) == [
        [
            "all pupils",
            "2018/19",
            "+0.10",
            "+0.02 to +0.18",
            f"{MINUS}0.01 to +0.21",
            "0.012",
            "none",
            "higher",
        ]
    ]


def test_an_interval_that_holds_zero_cannot_tell():
    found = make_fact(0.1, -0.1, 0.3)
    assert texts(gap_tables.how_sure([found], PROGRESS_8))[0][-1] == "can't tell"


def test_without_a_gap_there_is_no_table_of_how_sure():
    assert gap_tables.how_sure([make_fact(None)], PROGRESS_8) is None


def test_why_there_are_no_random_sets_is_said_once():
    facts = [gap(randomisation_reason="too few sets", year=year) for year in (2018, 2019)]
    said = gap_tables.without_random_sets(facts, PROGRESS_8)
    assert said == "No p of random sets: too few sets."
    assert gap_tables.without_random_sets([gap()], PROGRESS_8) == ""


@pytest.mark.parametrize(
    ("p", "written"),
    [(0.04, "0.040"), (0.0004, "under 0.001"), (1.0, "1.000"), (None, "none")],
)
def test_a_p_value_is_never_written_as_zero(p, written):
    assert p_value(p) == written


def test_the_year_table_has_cr3_and_random_sets_beside_the_interval():
    facts = [gap(quantity=q, randomisation_p=0.2) for q in ("partners", "rest", "gap")]
    (table,) = measure_tables(facts, PROGRESS_8)
    row = dict(zip([c.title for c in table.columns], texts(table)[0], strict=True))
    assert row["Interval by CR3"] == f"{MINUS}0.01 to +0.21"
    assert row["p of random sets"] == "0.200"


def split(**about):
    """Make the split of one year: members 0.4 behind, others 0.5."""
    of_side = {"low": -0.6, "high": -0.2, "schools": 20, "disadvantaged_pupils": 900}
    row = CELL | {f"{s}_{n}": v for s in ("partners", "rest") for n, v in of_side.items()}
    row |= {"partners_disadvantaged": -0.1, "partners_others": 0.3, "partners_gap": -0.4}
    row |= {"partners_within_schools": -0.3, "partners_between_schools": -0.1}
    row |= {"rest_disadvantaged": -0.4, "rest_others": 0.1, "rest_gap": -0.5}
    row |= {"rest_within_schools": -0.5, "rest_between_schools": 0.0}
    row |= {"difference": 0.1, "low": -0.05, "high": 0.25, "reason": None}
    return pd.DataFrame([row | {"others_from": "published"} | about])


def test_the_split_has_a_row_for_members_others_and_the_difference():
    table = gap_tables.split_table(split(), PROGRESS_8)
    members, others, difference = texts(table)
    assert members[3:7] == [
        f"{MINUS}0.40",
        f"{MINUS}0.60 to {MINUS}0.20",
        f"{MINUS}0.30",
        f"{MINUS}0.10",
    ]
    assert others[0] == "2018/19, others"
    assert difference[3:6] == [
        "+0.10",
        f"{MINUS}0.05 to +0.25",
        "can't tell which is narrower",
    ]


def test_rows_of_the_split_are_as_wide_as_its_head():
    table = gap_tables.split_table(
        pd.concat([split(), split(year=2018, reason="not supplied")]), PROGRESS_8
    )
    assert {sum(cell.span for cell in row) for row in table.rows} == {len(table.columns)}


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"low": 0.01, "high": 0.2}, "narrower"),
        ({"low": -0.2, "high": -0.01}, "wider"),
        ({"low": 0.004, "high": 0.2}, "can't tell which is narrower"),
        ({"low": None, "high": None}, "can't tell which is narrower"),
        ({"low": 0.01, "high": 0.9, "partners_gap": 0.1}, "higher"),
    ],
)
def test_a_gap_is_called_narrower_only_where_the_interval_shows_it(about, said):
    assert texts(gap_tables.split_table(split(**about), PROGRESS_8))[-1][5] == said
    assert f", {said}." in gap_tables.split_words(split(**about), PROGRESS_8)


def test_a_split_that_was_made_from_all_pupils_says_so():
    made = split(others_from="all pupils less the disadvantaged")
    assert "the file has no column of them" in gap_tables.split_words(made, PROGRESS_8)
    assert "no column" not in gap_tables.split_words(split(), PROGRESS_8)


def test_a_year_without_a_split_says_why():
    withheld = split(reason="suppressed: too few")
    assert texts(gap_tables.split_table(withheld, PROGRESS_8)) == [
        ["2018/19", "suppressed: too few"]
    ]
    assert gap_tables.split_words(withheld, PROGRESS_8) == ""


def typical(**about):
    row = {"mean": 0.2, "low": 0.1, "high": 0.3, "between_schools_sd": 0.4}
    row |= {"prediction_low": -0.6, "prediction_high": 1.0, "schools": 30}
    row |= {"share_above_national": 0.69, "share_reason": None, "reason": None}
    return pd.DataFrame([CELL | {"group": "all", "side": "partners"} | row | about])


def test_a_typical_school_is_told_with_where_another_would_lie():
    said = gap_tables.spread_words(typical(), PROGRESS_8)
    assert "+0.20 Progress 8 points (+0.10 to +0.30)" in said
    assert f"Another such school would lie at {MINUS}0.60 to +1.00" in said
    assert said.endswith("69% of such schools lie above zero.")


def test_a_share_that_is_left_out_says_why():
    few = typical(share_above_national=None, share_reason="fewer than ten schools")
    (table,) = gap_tables.spread_tables(few, PROGRESS_8)
    assert texts(table)[0][5] == "fewer than ten schools"
    assert "above zero" not in gap_tables.spread_words(few, PROGRESS_8)


def test_a_typical_school_that_is_not_known_says_why():
    none = typical(reason="no published national pupil SD")
    (table,) = gap_tables.spread_tables(none, PROGRESS_8)
    assert texts(table) == [["2018/19, members", "no published national pupil SD"]]
    assert gap_tables.spread_words(none, PROGRESS_8) == ""
