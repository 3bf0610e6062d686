import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evidence import wording
from pipeline.evidence.wording import MINUS, active_title, headlines, number, verdict
from pipeline.figures.levels_by_year import levels_by_year
from pipeline.measures.catalogue import MEASURES, measure
from pipeline.measures.measure import KEY_STAGES
from pipeline.quality.national_sd import national_sd

OTHERS = dict.fromkeys(KEY_STAGES, "the rest of England")
CAUSAL = re.compile(
    r"\b(because|effects?|affect\w*|impacts?|caus\w*|due to|led to|leads to|thanks to|"
    r"result(s|ed)? (in|from)|made a difference|improve\w*|boost\w*)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.2, "higher than"),
        (-0.2, -0.01, "lower than"),
        (-0.1, 0.1, "can't tell"),
        (0.0, 0.2, "can't tell"),
        (-0.2, 0.0, "can't tell"),
        (None, None, "can't tell"),
    ],
)
def test_a_verdict_never_outruns_the_interval(fact, low, high, said):
    assert verdict(fact(0.1, low, high)) == said


def test_without_a_gap_there_is_no_verdict(fact):
    assert verdict(fact(None)) is None


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (0.126, 2, "0.13"),
        (-0.126, 2, MINUS + "0.13"),
        (0.04, 1, "0.0"),
        (-0.04, 1, "0.0"),
        (0, 2, "0.00"),
        (-0.0, 1, "0.0"),
        (12345.6, 1, "12,345.6"),
        (None, 2, "not available"),
    ],
)
def test_numbers_have_a_true_minus_sign_and_fixed_decimals(value, decimals, written):
    assert number(value, decimals) == written


def test_a_signed_number_has_a_plus_and_zero_has_none():
    assert number(0.5, 1, signed=True) == "+0.5"
    assert number(-0.5, 1, signed=True) == MINUS + "0.5"
    assert number(0.04, 1, signed=True) == "0.0"


@given(st.floats(-1e6, 1e6), st.integers(0, 3))
def test_a_written_number_reads_back_to_its_rounding(value, decimals):
    read = float(number(value, decimals).replace(MINUS, "-").replace(",", ""))
    assert read == pytest.approx(value, abs=0.5 * 10**-decimals + 1e-6)


def test_an_interval_is_written_from_low_to_high(fact):
    assert wording.interval(fact(0.1, -0.02, 0.2), signed=True) == f"{MINUS}0.02 to +0.20"
    assert wording.interval(fact(0.1)) == "no interval"


@pytest.fixture
def all_facts(fact):
    """Give every measure and group the same value and interval, in two years."""

    def make(value, low, high):
        return [
            fact(value, low, high, key_stage=stage, measure=about.code, group=group,
                 year=year, quantity=quantity)
            for stage in KEY_STAGES
            for about in MEASURES[stage]
            for group in ("all", "disadvantaged")
            for year in (2018, 2019)
            for quantity in ("partners", "rest", "gap")
        ]  # fmt: skip

    return make


CASES = {
    "above": (0.5, 0.2, 0.8),
    "below": (-0.5, -0.8, -0.2),
    "can't tell": (0.1, -0.2, 0.4),
    "no interval": (0.1, None, None),
    "none at all": (None, None, None),
}


def sentences_of(facts):
    yield from (h.sentence for h in headlines(facts, others=OTHERS, confidence_level=0.95))
    for stage in KEY_STAGES:
        for about in MEASURES[stage]:
            yield active_title(facts, stage, about.code)
            chart = levels_by_year(facts, about, others="the rest of England")
            if chart is not None:
                yield chart.alt
    yield from (f.interval for f in facts)


@pytest.mark.parametrize("case", CASES)
def test_no_sentence_says_why(all_facts, case):
    for sentence in sentences_of(all_facts(*CASES[case])):
        assert not CAUSAL.search(sentence), sentence


@pytest.mark.parametrize("stage", KEY_STAGES)
def test_no_description_of_a_measure_says_why(stage):
    for about in MEASURES[stage]:
        words = f"{about.what_it_is} {about.cannot_say} {about.label}"
        assert not re.search(r"\b(because|impact|effect|caused|due to)\b", words, re.I)


@pytest.mark.usefixtures("project")
def test_no_source_of_an_sd_says_why():
    for year in range(2016, 2025):
        for code in ("progress_8", "reading_progress"):
            assert not CAUSAL.search(national_sd(code, year, centred=True).said)


@pytest.mark.parametrize("case", CASES)
def test_a_title_has_at_most_ten_words(all_facts, case):
    facts = all_facts(*CASES[case])
    for stage in KEY_STAGES:
        for about in MEASURES[stage]:
            assert len(active_title(facts, stage, about.code).split()) <= 10


def test_a_headline_says_one_number_its_year_and_its_interval(all_facts):
    first = headlines(all_facts(0.5, 0.2, 0.8), others=OTHERS, confidence_level=0.95)[0]
    assert first.sentence.startswith("Progress 8, 2018/19: pupils in partner schools")
    assert "0.50 points above pupils in the rest of England" in first.sentence
    assert first.sentence.endswith("(95% interval +0.20 to +0.80).")
    assert first.fact_id == "ks4.progress_8.all.2019.gap"


def test_a_headline_whose_interval_holds_zero_ends_with_cannot_tell(all_facts):
    told = headlines(all_facts(-0.1, -0.4, 0.2), others=OTHERS, confidence_level=0.95)
    for headline in told:
        assert "below" in headline.sentence
        assert headline.sentence.endswith("which includes no difference: we can't tell.")


def test_a_headline_without_interval_claims_nothing_of_one(all_facts):
    told = headlines(all_facts(0.1, None, None), others=OTHERS, confidence_level=0.95)
    for headline in told:
        assert headline.sentence.endswith("(no interval): we can't tell.")


def test_a_headline_speaks_of_the_latest_year_that_has_a_figure(fact, all_facts):
    facts = [f for f in all_facts(0.5, 0.2, 0.8) if f.year == 2018]
    facts += [f for f in all_facts(None, None, None) if f.year == 2019]
    for headline in headlines(facts, others=OTHERS, confidence_level=0.95):
        assert "2017/18" in headline.sentence


def test_a_headline_without_any_figure_says_why_in_the_facts_own_words(fact):
    """Schools stand in the tables of two years, and none of them is a member."""
    no_member = "no member stands in that year's table"
    reasons = {
        2016: "not supplied: no key stage 4 table of 2015/16 among the sources",
        2017: no_member,
        2018: no_member,
        2019: "not supplied: that year's files have no column P8MEA",
        2020: "not published: the department published no results (pandemic)",
        2021: "not published: the department published no results (pandemic)",
    }
    gaps = [fact(None, year=year, reason=why) for year, why in reasons.items()]
    assert wording.why_none(gaps) == (
        f"{no_member} (2016/17 to 2017/18); that year's files have no column P8MEA "
        "(2018/19); not supplied (2015/16); not published (2019/20 to 2020/21)"
    )


def test_headlines_without_any_figure_have_no_verdict(all_facts):
    told = headlines(all_facts(None, None, None), others=OTHERS, confidence_level=0.95)
    assert len(told) == 6
    for headline in told:
        assert ": no figure to compare; not supplied (2017/18 to 2018/19)." in (
            headline.sentence
        )
        assert headline.verdict is None


def test_where_no_headline_has_a_figure_the_page_leads_to_what_there_is(all_facts, fact):
    facts = all_facts(None, None, None)
    about = {"key_stage": "ks5", "measure": "a_level_value_added", "year": 2017}
    facts.append(fact(0.1, 0.0, 0.2, **about))
    told = headlines(facts, others=OTHERS, confidence_level=0.95)
    assert len(told) == 7
    assert told[6].sentence == "Below stand figures of A level value added (2016/17)."
    assert told[6].fact_id == "ks5.a_level_value_added.all.2017.gap"


def test_where_a_headline_has_a_figure_there_is_no_seventh(all_facts):
    told = headlines(all_facts(0.5, 0.2, 0.8), others=OTHERS, confidence_level=0.95)
    assert len(told) == 6


def test_percentages_are_told_in_percentage_points(all_facts):
    told = headlines(all_facts(2.0, 1.0, 3.0), others=OTHERS, confidence_level=0.95)
    assert "2.0 percentage points above" in told[4].sentence


def test_files_that_are_not_england_are_not_called_england(all_facts):
    others = dict.fromkeys(KEY_STAGES, "other schools in these files")
    for headline in headlines(
        all_facts(2.0, 1.0, 3.0), others=others, confidence_level=0.9
    ):
        assert "England" not in headline.sentence
        assert "other schools in these files (90% interval" in headline.sentence


def test_there_are_six_headlines_and_each_is_in_the_catalogue():
    assert len(wording.HEADLINES) == 6
    for stage, code, group in wording.HEADLINES:
        assert group in measure(stage, code).columns


def test_equal_facts_draw_equal_charts(all_facts):
    drawn = [
        levels_by_year(
            all_facts(0.5, 0.2, 0.8), measure("ks4", "progress_8"), others="others"
        )
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]


def test_a_chart_says_in_words_what_it_shows(all_facts):
    facts = all_facts(0.5, 0.2, 0.8)
    chart = levels_by_year(
        facts, measure("ks4", "progress_8"), others="the rest of England"
    )
    assert "partner schools and the rest of England, 2017/18 to 2018/19" in chart.alt
    assert "above the others in 2 of 2 years" in chart.alt
    assert 'role="img"' in chart.svg


def test_a_measure_without_figures_has_no_chart(all_facts):
    facts = all_facts(None, None, None)
    assert levels_by_year(facts, measure("ks4", "progress_8"), others="others") is None


def test_a_bound_that_is_printed_as_zero_says_that_we_cannot_tell(fact):
    # Progress 8 is printed with two decimals: 0.004 reads 0.00.
    assert wording.verdict(fact(value=0.2, low=0.004, high=0.4)) == "can't tell"
    assert wording.verdict(fact(value=0.2, low=0.006, high=0.4)) == "higher than"


def test_a_title_names_both_groups_in_at_most_ten_words(fact):
    both = [
        fact(quantity="gap", group="all", value=0.1, low=-0.1, high=0.3),
        fact(quantity="gap", group="disadvantaged", value=0.2, low=0.1, high=0.3),
    ]
    title = wording.active_title(both, "ks4", "progress_8")
    assert title == "All pupils: can't tell; disadvantaged: higher than others, 2018/19"
    assert len(title.split()) <= 10
