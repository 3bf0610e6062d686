"""The tables are the department's in form, and give no small group away."""

import numpy as np
import pytest

from pipeline.england import cells, ks5_figures, results
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import GROUPS
from tests.england.published import (
    EVERY,
    YEARS,
    england,
    files,
    header_of,
    national_row,
    number,
    place,
    rows,
    school_rows,
)

CODES = {"SUPP", "LOWCOV", "NE", "NP", "NA", "NEW", ""}
HALVES = ("disadvantaged", "others")
# Rows of key stage 5 have the type under a name of their own.
TYPE = {"ks2": "NFTYPE", "ks4": "NFTYPE", "ks5": "NFTYPE/FESITYPE"}


def figures_under(key_stage, year, measure, group):
    """Pair every school's published cell with the true number of pupils beneath it."""
    figures = england().figures[key_stage][year]
    columns = measure.columns[group]
    # At key stage 5 a measure counts entries or students of its own kind.
    counts = [figures.pupils[group]] if key_stage != "ks5" else []
    if measure.code in figures.covered:
        counts.append(figures.covered[measure.code][group])
    elif key_stage == "ks5":
        counts.append(figures.pupils[group])
    where = place(key_stage, year)
    for row in school_rows(key_stage, year):
        k = where[row["URN"]]
        cell = row.get(columns.value.upper(), "").strip()
        yield k, cell, [int(count[k]) for count in counts]


def published_measures():
    for key_stage, year in EVERY:
        for measure in MEASURES[key_stage]:
            if measure.why_not_published(year) is None:
                yield key_stage, year, measure


def groups_of(measure):
    return [group for group in GROUPS if group in measure.columns]


@pytest.mark.parametrize("group", GROUPS)
def test_no_published_figure_rests_on_one_to_five_pupils(group):
    shown = 0
    for key_stage, year, measure in published_measures():
        if group not in measure.columns:
            continue
        for _, cell, counts in figures_under(key_stage, year, measure, group):
            if number(cell) is not None:
                shown += 1
                assert not any(1 <= count <= 5 for count in counts)
    assert shown > 1000


@pytest.mark.parametrize("group", HALVES)
def test_neither_half_can_be_had_by_subtraction(group):
    other = {"disadvantaged": "others", "others": "disadvantaged"}[group]
    for key_stage, year, measure in published_measures():
        if group not in measure.columns:
            continue
        figures = england().figures[key_stage][year]
        rest = figures.weights(measure.code, other)
        for k, cell, _ in figures_under(key_stage, year, measure, group):
            assert number(cell) is None or not 1 <= rest[k] <= 5


def test_girls_are_published_where_there_are_few_boys_as_in_the_real_tables():
    pupils = england().figures["ks4"][2019].pupils
    where = place("ks4", 2019)
    few = [
        row
        for row in school_rows("ks4", 2019)
        if 1 <= pupils["boys"][where[row["URN"]]] <= 5
        and pupils["girls"][where[row["URN"]]] > 8
    ]
    shown = [number(row.get("ATT8SCR_GIRLS")) is not None for row in few]
    assert all(shown)
    assert all(row.get("ATT8SCR_BOYS") in ("SUPP", "NE") for row in few)


def test_a_girls_school_has_na_for_its_boys():
    schools = [row for row in school_rows("ks4", 2019) if row["EGENDER"] == "GIRLS"]
    shown = [row for row in schools if number(row.get("TPUP")) and row["NFTYPE"] != "IND"]
    assert shown
    assert {row["BPUP"] for row in shown} == {"NA"}
    assert {row["P8MEA_BOYS"] for row in shown} <= {"NA", "SUPP"}


def test_numbers_of_disadvantaged_pupils_are_hidden_in_tiny_schools():
    for key_stage, year in EVERY:
        if key_stage == "ks5":
            continue
        total = {"ks2": "TELIG", "ks4": "TPUP"}[key_stage]
        for row in school_rows(key_stage, year):
            pupils = number(row.get(total))
            if pupils is not None and 1 <= pupils <= 5:
                assert row["TFSM6CLA1A"] in ("SUPP", "NP")


def test_large_schools_publish_their_figures():
    for key_stage, year, measure in published_measures():
        mainstream = england().schools[key_stage].is_mainstream
        if key_stage == "ks4" and year == 2016 and measure.code == "english_maths_4":
            continue
        for k, cell, counts in figures_under(key_stage, year, measure, "all"):
            if mainstream[k] and min(counts) > 5 and cell != "LOWCOV":
                assert number(cell) is not None


def test_every_cell_of_a_measure_is_a_number_or_a_known_code():
    for key_stage, year, measure in published_measures():
        for group in groups_of(measure):
            for _, cell, _ in figures_under(key_stage, year, measure, group):
                assert number(cell) is not None or cell in CODES


def test_every_code_of_the_department_appears():
    for key_stage, wanted in {
        "ks2": {"SUPP", "LOWCOV", "NA", "NEW"},
        "ks4": {"SUPP", "LOWCOV", "NE", "NP", "NA", "NEW"},
        "ks5": {"SUPP", "NE", "NA"},
    }.items():
        found = {
            cell.strip()
            for year in YEARS[key_stage]
            for row in rows(key_stage, year)
            for cell in row.values()
        }
        assert wanted <= found


def test_the_newest_key_stage_2_table_has_neither_progress_nor_prior_attainment():
    header = header_of(files("ks2")[2024])
    assert "READPROG" not in header and "PTRWM_EXP_L" not in header
    assert "PTRWM_EXP_G" in header and "READPROG_23" in header


def test_every_column_of_the_catalogue_is_there_in_every_year():
    for key_stage, year, measure in published_measures():
        if key_stage == "ks4" and year == 2016 and measure.code == "english_maths_4":
            continue
        header = header_of(files(key_stage)[year])
        for group, columns in measure.columns.items():
            if measure.why_not_published(year, group):
                continue
            wanted = (columns.value, columns.low, columns.high, *columns.pupils)
            for name in filter(None, wanted):
                assert name.upper() in header


NEAR = {"Progress 8 points": 0.005, "percentage points": 0.5, "A level grades": 0.005}
NEAR |= {"points per entry": 0.005, "points": 0.005}


def test_national_row_is_the_mean_of_schools_to_within_rounding():
    # Where a school's figure is suppressed, its true one stands in: what is left
    # between the two is rounding alone.
    for key_stage, year, measure in published_measures():
        for group in groups_of(measure):
            column = measure.columns[group].value.upper()
            told = number(national_row(key_stage, year).get(column))
            if told is None:
                continue
            figures = england().figures[key_stage][year]
            value = figures.value[measure.code][group].copy()
            for k, cell, _ in figures_under(key_stage, year, measure, group):
                if number(cell) is not None:
                    value[k] = number(cell)
            state = england().schools[key_stage].is_state_funded
            weight = figures.weights(measure.code, group)
            ours = results.weighted_mean(value[state], weight[state])
            # Scaled scores are published as whole numbers.
            unit = 0.5 if measure.code.endswith("_score") else NEAR.get(measure.unit, 0.05)
            assert ours == pytest.approx(told, abs=2 * unit)


def test_published_rows_alone_come_near_the_national_row():
    near = {"Progress 8 points": 0.03, "percentage points": 1.0, "A level grades": 0.02}
    for key_stage, year, measure in published_measures():
        columns = measure.columns["all"]
        if columns.value.upper() not in header_of(files(key_stage)[year]):
            continue
        told = number(national_row(key_stage, year)[columns.value.upper()])
        pairs = [
            (number(row.get(columns.value.upper())), number(row.get(columns.pupils[0])))
            for row in school_rows(key_stage, year)
            if row[TYPE[key_stage]].strip() not in ("IND", "INDSPEC", "NMSS")
        ]
        value, pupils = zip(*[p for p in pairs if None not in p], strict=True)
        ours = np.average(value, weights=pupils)
        if told is None:
            told = 0.0
        # Scaled scores are published as whole numbers.
        whole = measure.code.endswith("_score")
        assert ours == pytest.approx(
            told, abs=0.7 if whole else near.get(measure.unit, 0.2)
        )


def test_key_stage_2_national_progress_is_blank_for_all_pupils_only():
    row = national_row("ks2", 2019)
    assert row["READPROG"] == " "
    assert number(row["READPROG_FSM6CLA1A"]) < number(row["READPROG_NOTFSM6CLA1A"])
    assert number(row["READPROG_B"]) < number(row["READPROG_G"])
    assert number(row["MATPROG_B"]) > number(row["MATPROG_G"])


@pytest.mark.parametrize("key_stage", ["ks4", "ks5"])
def test_all_schools_row_has_nothing_of_disadvantaged_pupils(key_stage):
    row = next(row for row in rows(key_stage, 2019) if row["RECTYPE"] == "5")
    ends = {"ks4": "ATT8SCR_FSM6CLA1A", "ks5": "TALLPPE_ALEV_1618_DIS"}
    level = {"ks4": "ATT8SCR", "ks5": "TALLPPE_ALEV_1618"}
    assert number(row[ends[key_stage]]) is None
    assert number(row[level[key_stage]]) is not None
    assert row.get("P8MEA", "") == ""


@pytest.mark.parametrize(("key_stage", "year"), EVERY)
def test_authority_rows_stand_in_the_middle_and_national_rows_at_one_end(key_stage, year):
    records = [row["RECTYPE"] for row in rows(key_stage, year)]
    authority = {"ks2": "3", "ks4": "4", "ks5": "4"}[key_stage]
    national = {"ks2": {"4", "5"}, "ks4": {"5", "7"}, "ks5": {"5", "7"}}[key_stage]
    first_two, last_two = set(records[:2]), set(records[-2:])
    assert national in (first_two, last_two)
    between = records[2:] if first_two == national else records[:-2]
    assert not national & set(between)
    start = between.index(authority)
    assert {"1", "2"} & set(between[start:])


def test_national_rows_come_in_either_order_and_at_either_end():
    for key_stage in ("ks2", "ks4"):
        orders = {rows(key_stage, year)[-1]["RECTYPE"] for year in YEARS[key_stage]}
        assert len(orders) == 2
    ends = {rows("ks5", year)[-1]["RECTYPE"] in "57" for year in YEARS["ks5"]}
    assert ends == {True, False}


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
    assert same > 100


def test_columns_of_years_without_tables_are_blank():
    assert {row.get("VA_INS_ALEV_21", "") for row in school_rows("ks5", 2023)} == {""}
    assert "VA_INS_ALEV" not in header_of(files("ks5")[2023])


def test_grade_5_is_missing_from_the_table_of_2016():
    assert "PTL2BASICS_95" not in header_of(files("ks4")[2016])
    assert "PTL2BASICS_95" in header_of(files("ks4")[2017])


def test_independent_schools_publish_no_progress():
    schools = [row for row in school_rows("ks4", 2019) if row["NFTYPE"] == "IND"]
    assert schools and {row["P8MEA"] for row in schools} == {"NP"}


def test_independent_schools_publish_nothing_of_disadvantaged_students():
    schools = [row for row in school_rows("ks5", 2019) if row[TYPE["ks5"]] == "IND"]
    assert schools and {row["TALLPPE_ALEV_1618_DIS"] for row in schools} == {"NA"}


def test_grades_stand_beside_the_points_they_are_worth():
    # From the real table of 2016/17: 32.39 is C+, 35.12 B-, 28.11 C-, 31.26 C.
    points = np.array([32.39, 35.12, 28.11, 31.26, 60.0])
    assert ks5_figures.grades(points).tolist() == ["C+", "B-", "C-", "C", "A*"]


def test_rows_of_new_schools_stop_short():
    last = {"ks2": "TOTPUPS", "ks4": "TOTPUPS"}
    for key_stage, year in EVERY:
        if key_stage in last:
            listed = school_rows(key_stage, year)
            new = [row for row in listed if row["TOTPUPS"] == "NEW"]
            assert new and all(list(row)[-1] == last[key_stage] for row in new)


def test_a_school_that_became_an_academy_since_is_told_beside_its_old_number():
    told = [
        (year, row)
        for year in YEARS["ks2"]
        for row in school_rows("ks2", year)
        if row.get("URN_AC", "0") != "0"
    ]
    assert told
    later = {row["URN"] for year in YEARS["ks2"] for row in school_rows("ks2", year)}
    for year, row in told:
        assert row["OPEN_AC"][:4] in (str(year - 1), str(year)) and row["SCHNAME_AC"]
        assert row["URN_AC"] in later or year in (2019, 2024)


def test_encodings_and_line_ends_differ_between_years():
    every = [content for ks in YEARS for content in files(ks).values()]
    marked = [content.startswith(b"\xef\xbb\xbf") for content in every]
    assert any(marked) and not all(marked)
    unix = [b"\r\n" not in content for content in every]
    assert sum(unix) == 2
    for key_stage in YEARS:
        western = files(key_stage)[2019]
        with pytest.raises(UnicodeDecodeError):
            western.decode("utf-8")
        assert "St Zoë's" in western.decode("cp1252")


def test_minus_nought_is_never_written():
    assert cells.fixed(np.array([-0.04, np.nan]), 1, trailing_zeros=False)[0] == "0"
    assert cells.fixed(np.array([-0.04]), 1, trailing_zeros=True)[0] == "0.0"


def test_figures_far_apart_are_written_as_figures_close_together():
    far = cells.fixed(np.array([3.25, 1_234_567.5]), 1, trailing_zeros=True)
    assert far.tolist() == ["3.2", "1234567.5"]
    assert cells.fixed(np.array([3.25]), 1, trailing_zeros=True)[0] == "3.2"


def test_all_pupils_are_the_two_halves_and_the_two_sexes():
    for key_stage, year in EVERY:
        pupils = england().figures[key_stage][year].pupils
        for one, other in (HALVES, ("girls", "boys")):
            assert (pupils["all"] == pupils[one] + pupils[other]).all()


def test_the_figure_of_all_pupils_is_the_mean_of_the_two_halves():
    for key_stage, year, measure in published_measures():
        figures = england().figures[key_stage][year]
        value = figures.value[measure.code]
        weight = {g: figures.weights(measure.code, g) for g in ("all", *HALVES)}
        has = ~np.isnan(value["disadvantaged"]) & ~np.isnan(value["others"])
        if measure.code in ("best_3_a_levels", "academic_points"):
            # Their halves are rounded down to whole students, so little is left over.
            continue
        both = sum(value[g] * weight[g] for g in HALVES)
        assert has.sum() > 20
        assert np.allclose((value["all"] * weight["all"])[has], both[has])


def test_the_figure_of_all_pupils_is_the_mean_of_the_two_sexes():
    figures = england().figures["ks4"][2019]
    value = figures.value["progress_8"]
    weight = {g: figures.weights("progress_8", g) for g in ("all", "girls", "boys")}
    both = sum(np.nan_to_num(value[g]) * weight[g] for g in ("girls", "boys"))
    has = weight["all"] > 0
    assert both[has] == pytest.approx((value["all"] * weight["all"])[has], abs=1e-9)


def test_the_figure_of_all_pupils_is_the_mean_over_prior_attainment():
    figures = england().figures["ks4"][2019]
    value = figures.value["progress_8"]
    groups = ("low_prior", "middle_prior", "high_prior")
    weight = {g: figures.weights("progress_8", g) for g in ("all", *groups)}
    every = sum(np.nan_to_num(value[g]) * weight[g] for g in groups)
    has = weight["all"] > 0
    assert every[has] == pytest.approx((value["all"] * weight["all"])[has], abs=1e-9)


def test_every_number_lies_within_its_measures_bounds():
    for key_stage, year, measure in published_measures():
        low, high = measure.bounds
        for group in groups_of(measure):
            for _, cell, _ in figures_under(key_stage, year, measure, group):
                assert number(cell) is None or low <= number(cell) <= high
