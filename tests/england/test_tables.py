"""The tables are the department's in form, and give no small group away."""

import numpy as np
import pytest

from pipeline.england import cells, results
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import GROUPS
from tests.england.published import (
    BOTH,
    YEARS,
    england,
    files,
    national_row,
    number,
    place,
    rows,
    school_rows,
)

CODES = {"SUPP", "LOWCOV", "NE", "NP", "NA", "NEW", ""}


def figures_under(key_stage, year, measure, group):
    """Pair every school's published cell with the true number of pupils beneath it."""
    figures = england().figures[key_stage][year]
    columns = measure.columns[group]
    counts = [figures.pupils[group]]
    if measure.code in figures.covered:
        counts.append(figures.covered[measure.code][group])
    where = place(key_stage)
    for row in school_rows(key_stage, year):
        k = where[row["URN"]]
        cell = row.get(columns.value.upper(), "").strip()
        yield k, cell, [int(count[k]) for count in counts]


def published_measures():
    for key_stage, year in BOTH:
        for measure in MEASURES[key_stage]:
            if measure.why_not_published(year) is None:
                yield key_stage, year, measure


@pytest.mark.parametrize("group", GROUPS)
def test_no_published_figure_rests_on_one_to_five_pupils(group):
    shown = 0
    for key_stage, year, measure in published_measures():
        for _, cell, counts in figures_under(key_stage, year, measure, group):
            if number(cell) is not None:
                shown += 1
                assert not any(1 <= count <= 5 for count in counts)
    assert shown > 1000


@pytest.mark.parametrize("group", ["disadvantaged", "others"])
def test_no_small_group_can_be_had_by_subtraction(group):
    other = {"disadvantaged": "others", "others": "disadvantaged"}[group]
    for key_stage, year, measure in published_measures():
        rest = england().figures[key_stage][year].pupils[other]
        for k, cell, _ in figures_under(key_stage, year, measure, group):
            assert number(cell) is None or not 1 <= rest[k] <= 5


def test_numbers_of_disadvantaged_pupils_are_hidden_in_tiny_schools():
    for key_stage, year in BOTH:
        total = {"ks2": "TELIG", "ks4": "TPUP"}[key_stage]
        for row in school_rows(key_stage, year):
            pupils = number(row.get(total))
            if pupils is not None and 1 <= pupils <= 5:
                assert row["TFSM6CLA1A"] in ("SUPP", "NP")


def test_large_schools_publish_their_figures():
    for key_stage, year, measure in published_measures():
        mainstream = england().schools[key_stage].is_mainstream
        for k, cell, counts in figures_under(key_stage, year, measure, "all"):
            if mainstream[k] and min(counts) > 5 and cell != "LOWCOV":
                assert number(cell) is not None


def test_every_cell_of_a_measure_is_a_number_or_a_known_code():
    for key_stage, year, measure in published_measures():
        for group in GROUPS:
            for _, cell, _ in figures_under(key_stage, year, measure, group):
                assert number(cell) is not None or cell in CODES


def test_every_code_of_the_department_appears():
    for key_stage, wanted in {
        "ks2": {"SUPP", "LOWCOV", "NA", "NEW"},
        "ks4": {"SUPP", "LOWCOV", "NE", "NP", "NA", "NEW"},
    }.items():
        found = {
            cell.strip()
            for year in YEARS[key_stage]
            for row in rows(key_stage, year)
            for cell in row.values()
        }
        assert wanted <= found


def test_national_row_is_the_mean_of_schools_to_within_rounding():
    # Where a school's figure is suppressed, its true one stands in: what is left
    # between the two is rounding alone.
    for key_stage, year, measure in published_measures():
        for group in GROUPS:
            told = number(
                national_row(key_stage, year)[measure.columns[group].value.upper()]
            )
            if told is None:
                assert key_stage == "ks2" and group == "all"
                continue
            figures = england().figures[key_stage][year]
            value = figures.value[measure.code][group].copy()
            for k, cell, _ in figures_under(key_stage, year, measure, group):
                if number(cell) is not None:
                    value[k] = number(cell)
            state = england().schools[key_stage].is_state_funded
            weight = figures.weights(measure.code, group)
            ours = results.weighted_mean(value[state], weight[state])
            unit = {"Progress 8 points": 0.005, "percentage points": 0.5}
            assert ours == pytest.approx(told, abs=2 * unit.get(measure.unit, 0.05))


def test_published_rows_alone_come_near_the_national_row():
    for key_stage, year, measure in published_measures():
        columns = measure.columns["all"]
        told = number(national_row(key_stage, year)[columns.value.upper()])
        pairs = [
            (number(row.get(columns.value.upper())), number(row.get(columns.pupils[0])))
            for row in school_rows(key_stage, year)
            if row["NFTYPE"].strip() not in ("IND", "INDSPEC", "NMSS")
        ]
        value, pupils = zip(*[p for p in pairs if None not in p], strict=True)
        near = {"Progress 8 points": 0.03, "percentage points": 1.0}
        ours = np.average(value, weights=pupils)
        if told is None:
            told = 0.0
        assert ours == pytest.approx(told, abs=near.get(measure.unit, 0.2))


def test_key_stage_2_national_progress_is_blank_for_all_pupils_only():
    row = national_row("ks2", 2019)
    assert row["READPROG"] == " "
    assert number(row["READPROG_FSM6CLA1A"]) < number(row["READPROG_NOTFSM6CLA1A"])


def test_all_schools_row_of_key_stage_4_has_no_progress():
    row = next(row for row in rows("ks4", 2019) if row["RECTYPE"] == "5")
    assert row["P8MEA"] == "" and number(row["ATT8SCR"]) is not None


@pytest.mark.parametrize(("key_stage", "year"), BOTH)
def test_authority_rows_stand_in_the_middle_and_national_rows_last(key_stage, year):
    records = [row["RECTYPE"] for row in rows(key_stage, year)]
    authority = {"ks2": "3", "ks4": "4"}[key_stage]
    national = {"ks2": {"4", "5"}, "ks4": {"5", "7"}}[key_stage]
    assert set(records[-2:]) == national and not national & set(records[:-2])
    first, last = records.index(authority), len(records) - 2
    assert {"1", "2"} & set(records[first:last])


def test_national_rows_come_in_either_order():
    for key_stage in ("ks2", "ks4"):
        orders = {rows(key_stage, year)[-1]["RECTYPE"] for year in YEARS[key_stage]}
        assert len(orders) == 2


def test_bounds_follow_from_the_national_spread_and_the_pupils():
    checked = 0
    for row in school_rows("ks4", 2023):
        value, low, pupils = (number(row.get(c)) for c in ("P8MEA", "P8CILOW", "P8PUP"))
        if None not in (value, low, pupils):
            checked += 1
            assert value - low == pytest.approx(1.96 * 1.414023 / pupils**0.5, abs=0.011)
    assert checked > 50


def test_figures_of_other_years_are_those_of_their_own_table():
    then = {row["URN"]: row for row in school_rows("ks2", 2017)}
    same = 0
    for row in school_rows("ks2", 2018):
        before = then.get(row["URN"], {})
        if number(before.get("READPROG")) is not None and "READPROG_17" in row:
            same += 1
            assert number(row["READPROG_17"]) == number(before["READPROG"])
            assert row["READPROG_17"] != row["READPROG"] or same
    assert same > 100


def test_grade_5_is_missing_from_the_table_of_2016():
    assert "PTL2BASICS_95" not in rows("ks4", 2016)[0]
    assert "PTL2BASICS_95" in rows("ks4", 2017)[0]


def test_independent_schools_publish_no_progress():
    schools = [row for row in school_rows("ks4", 2019) if row["NFTYPE"] == "IND"]
    assert schools and {row["P8MEA"] for row in schools} == {"NP"}


def test_rows_of_new_schools_stop_short():
    for key_stage, year in BOTH:
        new = [row for row in school_rows(key_stage, year) if row["TOTPUPS"] == "NEW"]
        assert new and all(list(row)[-1] == "TOTPUPS" for row in new)


def test_encodings_and_line_ends_differ_between_years():
    every = [content for ks in ("ks2", "ks4") for content in files(ks).values()]
    marked = [content.startswith(b"\xef\xbb\xbf") for content in every]
    assert any(marked) and not all(marked)
    unix = [b"\r\n" not in content for content in every]
    assert sum(unix) == 1
    for key_stage in ("ks2", "ks4"):
        western = files(key_stage)[2019]
        with pytest.raises(UnicodeDecodeError):
            western.decode("utf-8")
        assert "St Zoë's" in western.decode("cp1252")


def test_minus_nought_is_never_written():
    assert cells.fixed(np.array([-0.04, np.nan]), 1, trailing_zeros=False)[0] == "0"
    assert cells.fixed(np.array([-0.04]), 1, trailing_zeros=True)[0] == "0.0"


def test_all_pupils_are_the_two_groups_together():
    for key_stage, year, measure in published_measures():
        figures = england().figures[key_stage][year]
        value = figures.value[measure.code]
        weight = {g: figures.weights(measure.code, g) for g in GROUPS}
        has = ~np.isnan(value["disadvantaged"]) & ~np.isnan(value["others"])
        both = sum(value[g] * weight[g] for g in ("disadvantaged", "others"))
        assert has.sum() > 50
        assert np.allclose((value["all"] * weight["all"])[has], both[has])


def test_every_number_lies_within_its_measures_bounds():
    for key_stage, year, measure in published_measures():
        low, high = measure.bounds
        for group in GROUPS:
            for _, cell, _ in figures_under(key_stage, year, measure, group):
                assert number(cell) is None or low <= number(cell) <= high
