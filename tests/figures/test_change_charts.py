"""Charts of change: what they say in words, and that none of it is told by colour alone."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.specifications import CHOICES, SPECIFICATIONS
from pipeline.figures import event_study, specification_curve
from pipeline.measures.catalogue import measure

P8 = measure("ks4", "progress_8")
YEARS = "2015/16 to 2018/19"


def fits(*estimates, half=0.15, **about):
    """Make fits of one curve: weights differ within each pair, membership between them."""
    number = len(estimates)
    first = {name: said[0] for name, said in CHOICES.items()}
    table = pd.DataFrame(
        {"key_stage": "ks4", "measure": "progress_8", "group": "all"}
        | {"curve": "difference in level"}
        | first
        | {
            "weights": [CHOICES["weights"][n % 2] for n in range(number)],
            "membership": [CHOICES["membership"][n // 2] for n in range(number)],
            "years": YEARS,
            "estimate": estimates,
            "standard_error": half / 2,
            "low": np.array(estimates) - half,
            "high": np.array(estimates) + half,
            "p_value": 0.5,
            "chance_low": -0.1,
            "chance_high": 0.1,
            "partner_schools": pd.array([9] * number, dtype="Int64"),
            "rest_schools": pd.array([90] * number, dtype="Int64"),
            "unit": "national SD of pupils",
            "why_not": pd.Series([None] * number, dtype=object),
        }
        | about
    )
    types = {name: column.dtype.type for name, column in SPECIFICATIONS.columns.items()}
    return promise.check(table[[*types]].astype(types), SPECIFICATIONS)


def waves(*rows, status="estimate", unit="national SD of pupils"):
    """Make rows of an event study: at, estimate, low, high, members."""
    named = ["at", "estimate", "low", "high", "partner_schools"]
    return pd.DataFrame(rows, columns=named).assign(status=status, unit=unit)


STUDY = waves(
    ("-2", 0.01, -0.1, 0.12, 20),
    ("-1", -0.02, -0.1, 0.06, 40),
    ("+0", 0.05, -0.03, 0.13, 40),
    ("+1", 0.2, 0.1, 0.3, 30),
)
NONE = STUDY.iloc[:0]


def curve(table, p=0.04):
    return specification_curve.specification_curve(table, P8, "all", p_value=p)


def study(by_wave=STUDY, by_year=NONE):
    return event_study.event_study(by_wave, by_year, P8, "all", YEARS)


@pytest.mark.parametrize("draw", [lambda: curve(fits(0.3, -0.1, 0.2)), study])
def test_a_chart_is_whole_svg_the_same_twice_with_its_alt_and_no_id_twice(draw):
    chart = draw()
    assert chart.svg == draw().svg
    root = ElementTree.fromstring(chart.svg)
    assert root.get("aria-label") == chart.alt
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    asked = set(re.findall(r'(?:href="#|url\(#)([^")]+)', chart.svg))
    assert asked <= set(ids)


def test_the_curve_says_its_kind_coverage_and_trend():
    alt = curve(fits(0.3, -0.1, 0.2, 0.24)).alt
    assert alt.startswith(
        "Dot-and-interval chart of 4 specifications of the difference in level, Progress 8, "
        "all pupils, 2015/16 to 2018/19: the estimates rise from \N{MINUS SIGN}0.10 to +0.30 "
        "national SD of pupils, with a median of +0.22; 3 lie above zero."
    )
    assert "wholly above zero in 3 and wholly below in 0" in alt
    assert "p 0.04" in alt


def test_the_curve_says_which_choice_moves_it_most():
    # Weights: medians 0.25 and 0.07. Membership: 0.10 and 0.22.
    alt = curve(fits(0.3, -0.1, 0.2, 0.24)).alt
    assert alt.endswith(
        "The median moves most with the choice 'weights': +0.25 with each school alike, "
        "+0.07 with by pupils."
    )


def test_rows_beneath_are_the_choices_that_were_open():
    rows = specification_curve.rows_of(fits(0.3, -0.1, 0.2, 0.24))
    assert rows == [
        ("membership", "from joining"),
        ("membership", "from a year later"),
        ("weights", "each school alike"),
        ("weights", "by pupils"),
    ]
    said = curve(fits(0.3, -0.1, 0.2, 0.24)).svg
    assert all(f">Weights: {choice}<" in said for choice in CHOICES["weights"])


@pytest.mark.parametrize(
    ("estimates", "p", "title"),
    [
        ((0.3, -0.1, 0.2), 0.04, "Difference in level: 2 of 3 above zero, p 0.04"),
        ((-0.3, -0.1, 0.2), 1.0, "Difference in level: 2 of 3 below zero, p 1.00"),
        ((-0.3,), None, "Difference in level: 1 of 1 below zero"),
    ],
)
def test_the_title_of_a_curve_counts_its_larger_side_in_ten_words(estimates, p, title):
    assert specification_curve.active_title(fits(*estimates), p) == title
    assert len(title.split()) <= 10


def test_a_fit_without_an_interval_is_drawn_and_one_without_an_estimate_is_not():
    table = fits(0.3, 0.1, 0.2)
    table.loc[0, ["standard_error", "low", "high", "p_value"]] = np.nan
    table.loc[1, "estimate"] = np.nan
    assert "chart of 2 specifications" in curve(table).alt
    assert curve(table.assign(estimate=np.nan)) is None


def test_an_event_study_says_its_kind_coverage_and_trend():
    alt = study().alt
    assert alt.startswith(
        "Dot-and-interval chart of the change in Progress 8, all pupils, by time since "
        "joining, 2015/16 to 2018/19, against schools that had not joined."
    )
    assert "Before joining, waves \N{MINUS SIGN}2 to \N{MINUS SIGN}1: +0.01" in alt
    assert "the band of 0 of 2 leaves zero out" in alt
    assert "the band of 1 of 2 leaves zero out" in alt


def test_a_time_without_results_keeps_its_place_and_is_named():
    by_year = waves(("-1", 0.1, 0.0, 0.2, 9), ("+3", 0.1, 0.0, 0.2, 9))
    chart = study(by_year=by_year)
    assert "By calendar years: no results at 0, +1, +2." in chart.alt
    assert ">no results<" in chart.svg
    assert ">no results<" not in study().svg


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        (STUDY, "After joining: 1 of 2 waves above zero"),
        (STUDY.assign(low=-1.0), "After joining: no wave can be told from zero"),
        (STUDY.assign(low=-9.0, high=-1.0), "After joining: 2 of 2 waves below zero"),
        (
            STUDY.assign(status="trajectory"),
            "Trajectory of 40 joiners: too few for an impact",
        ),
    ],
)
def test_the_title_of_an_event_study_is_its_bands_in_ten_words(rows, title):
    assert event_study.active_title(rows) == title
    assert len(title.split()) <= 10


def test_a_band_that_begins_at_zero_as_printed_is_not_above_it():
    rows = STUDY.assign(low=[-0.1, -0.1, 0.004, 0.004])
    assert event_study.active_title(rows) == "After joining: no wave can be told from zero"


def test_without_any_error_dots_are_drawn_alone():
    bare = STUDY.assign(low=np.nan, high=np.nan)
    assert "the band of 0 of 2 leaves zero out" in study(bare).alt
    assert study(STUDY.assign(estimate=np.nan)) is None


def test_a_band_of_three_members_does_not_flatten_the_others():
    wide = waves(("-1", 0.0, -0.1, 0.1, 40), ("+0", 0.0, -50.0, 50.0, 3))
    low, high = event_study._scale(wide)
    assert -0.2 < low < high < 0.2


def test_where_all_bands_rest_on_few_members_all_are_drawn_whole():
    low, high = event_study._scale(waves(("-1", 0.0, -2.0, 2.0, 2), ("+0", 0, -1, 1, 2)))
    assert low < -2
    assert high > 2
