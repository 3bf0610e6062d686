"""The charts of change on the page: titles, captions and figures beside them."""

from dataclasses import replace

import pandas as pd
import pytest

from pipeline.improvement.event_study import add_event_study, study_joining
from pipeline.improvement.findings import Findings, as_promised
from pipeline.publication import change_charts
from pipeline.robustness import challenge, placebos, specifications
from tests.evidence.conftest import make_fact
from tests.improvement.made_panel import made_panel

SOURCE = "Source: a test."


@pytest.fixture(scope="module")
def drawn():
    """Draw what is found of sixty joiners with a gain of half an SD."""
    panel = made_panel({2018: 30, 2019: 30}, jump=0.5, hubs=12)
    found = Findings(panel)
    joined = study_joining(found)
    add_event_study(found, joined)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(specifications, "DRAWS", 19)
        patch.setattr(placebos, "DRAWS", 19)
        tried = challenge.challenge([panel])
    every = pd.concat([as_promised([found]), tried.findings], ignore_index=True)
    facts = [
        make_fact(0.1, 0.0, 0.2, quantity="rest", measure="progress_8", year=year)
        for year in panel.years
    ]
    (charts,) = change_charts.charts(
        every, tried.specifications, facts, source=SOURCE, level=0.95
    ).values()
    return charts


def test_an_outcome_has_its_event_study_and_both_curves(drawn):
    assert [chart["title"].split(":")[0] for chart in drawn] == [
        "After joining",
        "Difference in change",
        "Difference in level",
    ]


def test_every_title_has_ten_words_at_most_and_every_caption_coverage_and_source(drawn):
    for chart in drawn:
        assert len(chart["title"].split()) <= 10
        assert "Progress 8, all pupils" in chart["caption"]
        assert "national SD of pupils" in chart["caption"]
        assert chart["caption"].endswith(SOURCE)
    assert "2015/16 to 2018/19" in drawn[0]["caption"]


def test_the_title_of_a_curve_has_the_p_of_its_permutation_test(drawn):
    assert drawn[1]["title"] == "Difference in change: 48 of 48 above zero, p 0.05"


def test_beside_the_event_study_stands_a_row_for_each_wave(drawn):
    rows = [[cell.text for cell in row] for row in drawn[0]["table"].rows]
    # Joiners of 2018 and 2019, first results in 2016.
    assert [row[0] for row in rows] == [
        f"{wave} waves" for wave in ("\N{MINUS SIGN}2", "\N{MINUS SIGN}1", "0", "+1")
    ]
    assert {len(row) for row in rows} == {len(change_charts.OF_WAVES)}


def test_beside_a_curve_stands_a_row_for_each_choice(drawn):
    rows = [[cell.text for cell in row] for row in drawn[2]["table"].rows]
    assert rows[0][:2] == ["all specifications", "96"]
    assert ["Weights: by pupils", "48"] in [row[:2] for row in rows]


def test_an_outcome_of_which_nothing_is_known_has_no_chart():
    panel = replace(made_panel({2018: 3}), closed="no member has this outcome")
    tried = challenge.challenge([panel])
    (charts,) = change_charts.charts(
        tried.findings, tried.specifications, [], source=SOURCE, level=0.95
    ).values()
    assert charts == []
