"""School-level tables of explore-education-statistics: one row for each group of pupils."""

import csv
import io

import pytest

from pipeline.run.faults import InputFault
from pipeline.sources import performance_tables

ABOUT = {
    "time_period": "202324",
    "time_identifier": "Academic year",
    "geographic_level": "School",
    "school_urn": "100001",
    "school_name": "Hill School",
    "old_la_code": "850",
    "version": "Final",
}
TOTAL = {"breakdown_topic": "Total", "breakdown": "Total"}
FILTERS = {
    "sex": "Total",
    "disadvantage_status": "Total",
    "first_language": "Total",
    "prior_attainment": "Total",
    "mobility": "Total",
}
ACADEMY = {"establishment_type_group": "Converter academies"}
OF_GROUP = {
    "girls": ("Sex", "Girls", "sex"),
    "boys": ("Sex", "Boys", "sex"),
    "disadvantaged": ("Disadvantage status", "Disadvantaged", "disadvantage_status"),
    "others": (
        "Disadvantage status",
        "Not known to be disadvantaged",
        "disadvantage_status",
    ),
    "low_prior": ("Prior attainment", "Low prior attainment", "prior_attainment"),
    "middle_prior": ("Prior attainment", "Mid prior attainment", "prior_attainment"),
    "high_prior": ("Prior attainment", "High prior attainment", "prior_attainment"),
}


def ks4(urn=100001, group="all", **cells):
    """One row of the layout of 2024/25, about one group of pupils."""
    about = TOTAL | FILTERS
    if group != "all":
        topic, label, column = OF_GROUP[group]
        about |= {"breakdown_topic": topic, "breakdown": label, column: label}
    figures = {"pupil_count": 90, "attainment8_average": 46.7}
    return ABOUT | ACADEMY | {"school_urn": urn} | about | figures | cells


def ks4_of_2024(**cells):
    """One row of the layout of 2023/24."""
    filters = {
        name.replace("disadvantage_status", "disadvantage"): label
        for name, label in FILTERS.items()
    }
    figures = {"t_pupils": 90, "avg_att8": 46.7}
    return ABOUT | ACADEMY | TOTAL | filters | figures | cells


def ks2(subject="Reading, writing and maths", **cells):
    about = {"breakdown_topic": "All pupils", "breakdown": "Total", "subject": subject}
    figures = dict.fromkeys(
        (
            "expected_standard_pupil_percent",
            "average_scaled_score",
            "progress_measure_score",
            "progress_measure_lower_conf_interval",
            "progress_measure_upper_conf_interval",
        ),
        "z",
    )
    return ABOUT | about | figures | cells


def ks5(cohort="A level", **cells):
    about = {"exam_cohort": cohort, "disadvantage_status": "Total"}
    figures = {"aps_per_entry_student_count": 60, "aps_per_entry": 34.1}
    return ABOUT | about | figures | cells


def as_published(rows):
    """Write rows as the department does: every text in quotation marks."""
    text = io.StringIO()
    header = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, header, quoting=csv.QUOTE_NONNUMERIC, restval="z")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def read(project):
    def read_one(*rows, beside=()):
        project.download("ees.csv", as_published(rows))
        if beside:
            project.download("information.csv", as_published(beside))
        found = performance_tables.find(project.folder / "downloads", "downloads")
        (download,) = [d for d in found if d.release]
        return performance_tables.read(download)

    return read_one


def cell(table, measure, group="all", urn="100001"):
    found = table.results
    found = found[
        (found["measure"] == measure) & (found["group"] == group) & (found["urn"] == urn)
    ]
    assert len(found) == 1
    return found.iloc[0]


def figures(table, measure):
    found = table.results[table.results["measure"] == measure]
    return dict(zip(found["group"], found["value"], strict=True))


# What is a result -------------------------------------------------------------------------


def test_each_group_of_pupils_is_read_from_its_own_row(read):
    rows = [ks4(group=group, attainment8_average=n) for n, group in enumerate(OF_GROUP)]
    table = read(ks4(attainment8_average=50), *rows)
    assert figures(table, "attainment_8") == {
        "all": 50,
        "girls": 0,
        "boys": 1,
        "disadvantaged": 2,
        "others": 3,
        "low_prior": 4,
        "middle_prior": 5,
        "high_prior": 6,
    }


def test_progress_8_of_2023_24_comes_with_its_bounds_and_pupils(read):
    row = ks4_of_2024(
        avg_p8score=-0.12, p8score_ci_low=-0.3, p8score_ci_upp=0.06, t_inp8calc=85
    )
    found = cell(read(row), "progress_8")
    assert (found["low"], found["value"], found["high"]) == (-0.3, -0.12, 0.06)
    assert (found["pupils"], found["pupils_column"]) == (85, "t_inp8calc")


def test_the_gap_of_disadvantaged_pupils_is_never_taken_for_progress_8(read):
    table = read(ks4_of_2024(diffn_p8mea=-0.6, diffn_att8=-11))
    assert "avg_p8score" in table.absent
    assert "progress_8" not in set(table.results["measure"])
    assert cell(table, "attainment_8")["value"] == 46.7


def test_every_measure_of_key_stage_4_is_found_in_both_layouts(read, project):
    new = ks4(
        progress8_average=0.1,
        engmath_95_percent=45.1,
        engmath_94_percent=65.2,
        ebacc_aps_average=4.1,
    )
    old = ks4_of_2024(
        avg_p8score=0.1, pt_l2basics_95=45.1, pt_l2basics_94=65.2, avg_ebaccaps=4.1
    )
    expected = {
        "progress_8": 0.1,
        "attainment_8": 46.7,
        "english_maths_5": 45.1,
        "english_maths_4": 65.2,
        "ebacc_points": 4.1,
    }
    for row in (new, old):
        table = read(row)
        assert table.absent == ()
        assert {m: figures(table, m)["all"] for m in expected} == expected


def test_a_measure_of_key_stage_2_is_read_from_the_rows_of_its_subject(read):
    table = read(
        ks2(expected_standard_pupil_percent=61.5),
        ks2("Reading", average_scaled_score=104.5, expected_standard_pupil_percent=75),
        ks2("Maths", average_scaled_score=103.2, expected_standard_pupil_percent=74),
        ks2("Writing", expected_standard_pupil_percent=70),
        ks2("Grammar, punctuation and spelling", average_scaled_score=106),
    )
    assert figures(table, "rwm_expected") == {"all": 61.5}
    assert figures(table, "reading_score") == {"all": 104.5}
    assert figures(table, "maths_score") == {"all": 103.2}
    assert table.rows["left out, SUBJECT: Grammar, punctuation and spelling"] == 1


def test_progress_at_key_stage_2_is_read_for_the_year_that_has_it(read):
    row = {
        "progress_measure_score": 1.2,
        "progress_measure_lower_conf_interval": -0.4,
        "progress_measure_upper_conf_interval": 2.8,
    }
    found = cell(read(ks2("Reading", **row, time_period="202223")), "reading_progress")
    assert (found["low"], found["value"], found["high"]) == (-0.4, 1.2, 2.8)
    later = read(ks2("Reading", **row, average_scaled_score=105))
    assert "reading_progress" not in set(later.results["measure"])


def test_a_measure_of_key_stage_5_is_read_from_the_rows_of_its_qualifications(read):
    table = read(
        ks5(best_three_alevels_aps=35, best_three_alevels_student_count=40),
        ks5("Academic", aps_per_entry=34.4),
        ks5("Applied general", aps_per_entry=29.5),
        ks5("Tech level", aps_per_entry=28.0),
        ks5(disadvantage_status="Disadvantaged", aps_per_entry=30.2),
    )
    assert figures(table, "a_level_points") == {"all": 34.1, "disadvantaged": 30.2}
    assert figures(table, "academic_points") == {"all": 34.4}
    assert figures(table, "applied_general_points") == {"all": 29.5}
    assert cell(table, "best_3_a_levels")["pupils"] == 40
    assert table.rows["left out, EXAM_COHORT: Tech level"] == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("z", "not applicable"),
        ("c", "suppressed: few pupils, or to protect such a figure"),
        ("x", "not available"),
        ("u", "low reliability"),
        ("k", "small: rounds to zero"),
        ("low", "small: rounds to zero"),
    ],
)
def test_a_code_of_the_new_layout_is_a_reason(read, code, reason):
    found = cell(read(ks4(attainment8_average=code)), "attainment_8")
    assert found["value"] != found["value"]
    assert found["reason"] == reason


# What is left out, and told ---------------------------------------------------------------


def test_rows_of_two_groups_at_once_are_counted_and_no_results(read):
    """A query for totals gives cross-tables too: girls who are disadvantaged."""
    cross = ks4(group="girls", disadvantage_status="Disadvantaged", attainment8_average=1)
    repeated = ks4(sex="Girls", attainment8_average=2)
    table = read(ks4(), ks4(group="girls", attainment8_average=48), cross, repeated)
    assert figures(table, "attainment_8") == {"all": 46.7, "girls": 48}
    assert table.rows == {
        "results of schools": 2,
        "left out, two groups at once: DISADVANTAGE_STATUS and SEX": 1,
        "left out, two groups at once: total and girls": 1,
    }


def test_labels_that_the_catalogue_does_not_know_are_counted_by_name(read):
    rows = [
        ks4(breakdown_topic="First language", breakdown="Other than English"),
        ks4(breakdown_topic="Average (2023 to 2025)", breakdown="3 year average"),
        ks4(breakdown_topic="Hair", breakdown="Red"),
        ks4(breakdown_topic="Hair", breakdown="Red", school_urn=100002),
    ]
    table = read(ks4(), *rows)
    assert table.rows == {
        "results of schools": 1,
        "left out, Hair: red": 2,
        "left out, First language: other than english": 1,
        "left out, Average (2023 to 2025): 3 year average": 1,
    }


def test_rows_by_what_they_are_about_add_up_to_the_file(read):
    many = [ks4(breakdown_topic="Number", breakdown=str(n)) for n in range(100)]
    table = read(ks4(), *many, ks4(geographic_level="National"))
    assert sum(table.rows.values()) == 102
    assert len(table.rows) <= 42
    assert table.rows["left out, of many other labels"] == 61


def test_totals_of_areas_are_no_schools(read):
    national = ks4(geographic_level="National", school_urn="z", attainment8_average=46)
    table = read(ks4(), national)
    assert set(table.results["urn"]) == {"100001"}
    assert table.rows["left out, not of a school: National"] == 1
    assert table.aggregates.empty


def test_a_school_without_a_number_is_counted(read):
    table = read(ks4(), ks4(urn="z"))
    assert table.rows["left out, a school without a number"] == 1


def test_rows_of_another_year_are_another_table(project):
    rows = [ks4(attainment8_average=46), ks4(time_period="202425", attainment8_average=47)]
    project.download("ees.csv", as_published(rows))
    tables = [
        performance_tables.read(download)
        for download in performance_tables.find(project.folder / "downloads", "downloads")
    ]
    assert [figures(t, "attainment_8")["all"] for t in tables] == [46, 47]
    assert [t.rows for t in tables] == [{"results of schools": 1}] * 2


def test_a_measure_or_a_group_of_a_year_without_any_is_not_looked_for(read):
    rows = [
        ks4(time_period="202425", progress8_average="z"),
        ks4(time_period="202425", group="low_prior", progress8_average="z"),
    ]
    table = read(*rows)
    assert set(table.results["measure"].astype("str")) == {"attainment_8"}
    assert figures(table, "attainment_8") == {"all": 46.7}


# Schools ----------------------------------------------------------------------------------


def test_a_school_type_that_is_written_out_is_its_code(read):
    kinds = ["Community special school", "Independent schools", "Moon school"]
    rows = [
        ks4(urn=100002 + n, establishment_type_group=kind) for n, kind in enumerate(kinds)
    ]
    schools = read(ks4(), *rows).schools
    assert schools["school_type"].tolist() == ["ACC", "CYS", "IND", "Moon school"]
    assert schools["record_type"].tolist() == ["1", "2", "1", "1"]
    assert schools["place"].tolist() == [
        "state-funded mainstream",
        "special school",
        "independent or non-maintained",
        "school type not recognised",
    ]
    assert schools["local_authority"].tolist() == ["850"] * 4


def test_a_table_without_school_types_compares_no_school(read):
    schools = read(ks2(expected_standard_pupil_percent=60)).schools
    assert schools["place"].tolist() == ["school type not given"]


def information(urn=100001, **cells):
    about = ABOUT | {"school_urn": urn, "nftype": "CY"}
    return about | {"telig": 30, "gelig": 16, "belig": 14, "tfsm6cla1a": 9} | cells


def test_types_and_pupils_come_from_the_information_beside_it(read):
    rows = [
        ks2(expected_standard_pupil_percent=60),
        ks2(
            expected_standard_pupil_percent=50,
            breakdown_topic="Disadvantaged status",
            breakdown="Disadvantaged",
        ),
        ks2(expected_standard_pupil_percent=70, school_urn=100002),
    ]
    table = read(*rows, beside=[information()])
    assert cell(table, "rwm_expected")["pupils"] == 30
    assert cell(table, "rwm_expected")["pupils_column"] == "telig"
    assert cell(table, "rwm_expected", "disadvantaged")["pupils"] == 9
    other = cell(table, "rwm_expected", urn="100002")
    assert other[["pupils", "pupils_column"]].isna().all()
    assert table.schools["school_type"].tolist() == ["CY", ""]
    assert table.schools["place"].tolist() == [
        "state-funded mainstream",
        "school type not given",
    ]


def test_information_of_another_year_is_not_used(read):
    table = read(
        ks2(expected_standard_pupil_percent=60),
        beside=[information(time_period="202425")],
    )
    assert table.results["pupils"].isna().all()
    assert table.schools["place"].tolist() == ["school type not given"]


# Faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            ks4(attainment8_average="ninety"),
            "row 2, column attainment8_average: found 'nin",
        ),
        (ks4(attainment8_average=94), "column attainment8_average: found '94'"),
        (ks4(pupil_count="12.5"), "column pupil_count: found '12.5'"),
        (ks4(pupil_count="-3"), "column pupil_count: found '-3'"),
        (ks4(urn="12345"), "column school_urn: found '12345'"),
        (ks4(urn="Hill School"), "column school_urn: found 'Hill School'"),
        (ks4(geographic_level="Regional"), "geographic levels: Regional"),
        (ks4(breakdown="Red"), "no row is a result of a school"),
    ],
)
def test_a_row_that_cannot_be_is_refused(read, row, told):
    with pytest.raises(InputFault, match=told):
        read(row)


def test_two_rows_of_one_school_and_group_are_refused(read):
    with pytest.raises(InputFault, match=r"rows 2 and 3 both give attainment_8 .all. of"):
        read(ks4(), ks4(attainment8_average=40))


def test_a_table_of_years_that_have_none_is_refused(read):
    with pytest.raises(InputFault, match="no school-level figures of 2019/20"):
        read(ks4(time_period="201920"))


def test_a_table_in_windows_1252_is_read_as_the_same_table_in_utf_8(project):
    # The letter far down is met when the first rows have been sorted already.
    rows = [ks4(100001), ks4(100001, "girls"), ks4(100002)]
    rows += [ks4(100001, geographic_level="National") for _ in range(5_000)]
    rows += [ks4(100003, school_name="Zo\u00eb School")]
    path = project.folder / "downloads/2023-2024/ks4.csv"
    path.parent.mkdir(parents=True)
    told = []
    for encoding in ("utf-8", "cp1252"):
        path.write_bytes(as_published(rows).encode(encoding))
        (download,) = performance_tables.find(project.folder / "downloads", "downloads")
        table = performance_tables.read(download)
        told.append((table.rows, table.results.to_csv(), list(table.schools["name"])))
    assert told[0] == told[1]
    assert told[1][0]["results of schools"] == 4
    assert told[1][0]["left out, not of a school: National"] == 5_000
    assert told[1][2] == ["Hill School", "Hill School", "Zo\u00eb School"]
