"""Key stage 5: A levels and other level 3 qualifications, at age 18."""

from pipeline.measures.measure import Group, Measure, PublishedColumns

# SOURCE: exams were replaced by centre and teacher grades in 2020 and 2021; no
# school-level tables were published. The table of 2022/23 has columns for those years
# and leaves every cell of them blank (england_ks5final.csv).
_NO_TABLES = {
    2020: "the department published no school-level results for 2019/20 (pandemic)",
    2021: "the department published no school-level results for 2020/21 (pandemic)",
}
# SOURCE: "Disadvantage measures since 2017" (16 to 18 accountability measures: technical
# guide, July 2019). Disadvantaged students are those who were at the end of year 11.
_NOT_BY_DISADVANTAGE: dict[Group, dict[int, str]] = {
    "disadvantaged": {2016: "first published by disadvantage for 2016/17"},
    "others": {2016: "first published by disadvantage for 2016/17"},
}
_GRADES_OF_2022 = {
    2022: "grading in 2022 was more generous than before the pandemic",
    2023: "grading returns broadly to the standard from before the pandemic",
}
# SOURCE: 16 to 18 accountability measures, technical guide: from 2015/16 an A level at A*
# is 60 points and at E 10; tables before that year are on another scale and not read.
_MOST_POINTS = 60.0
_NO_START = "It takes no account of where students started."


def _points(
    code: str, label: str, column: str, pupils: str, *, ends: str, what: str
) -> Measure:
    """Describe average points per entry; `ends` comes before the group in the names."""
    groups: dict[Group, str] = {
        "all": ends,
        "disadvantaged": f"{ends}_DIS",
        "others": f"{ends}_NOTDIS",
    }
    return Measure(
        code=code,
        label=label,
        key_stage="ks5",
        unit="points per entry",
        decimals=2,
        bounds=(0.0, _MOST_POINTS),
        columns={
            group: PublishedColumns(f"{column}{ending}", (f"{pupils}{ending}",))
            for group, ending in groups.items()
        },
        what_it_is=what,
        cannot_say=(
            f"{_NO_START} It is a mean over entries, and its published number counts "
            "students, so a mean over schools weighted by it is near, not equal, to the "
            "national figure."
        ),
        not_published=_NO_TABLES,
        group_not_published=_NOT_BY_DISADVANTAGE,
        breaks=_GRADES_OF_2022,
    )


A_LEVEL_POINTS = _points(
    "a_level_points",
    "Average points per A level entry",
    "TALLPPE_ALEV",
    "TALLPUP_ALEV",
    ends="_1618",
    what="The average points of students' A level entries: 60 for A*, 10 for E.",
)
ACADEMIC_POINTS = _points(
    "academic_points",
    "Average points per academic entry",
    "TALLPPE_ACAD",
    "TALLPUP_ACAD",
    ends="_1618",
    what=(
        "The average points of students' academic entries: A levels and others of their "
        "kind, such as the International Baccalaureate."
    ),
)
APPLIED_GENERAL_POINTS = _points(
    "applied_general_points",
    "Average points per applied general entry",
    "TALLPPE_AGEN",
    "TALLPUP_AGEN",
    ends="",
    what=(
        "The average points of students' entries for applied general qualifications: "
        "broad vocational ones of level 3."
    ),
)

BEST_3_A_LEVELS = Measure(
    code="best_3_a_levels",
    label="Average points of the best three A levels",
    key_stage="ks5",
    unit="points per entry",
    decimals=2,
    bounds=(0.0, _MOST_POINTS),
    columns={"all": PublishedColumns("TB3PTSE", ("TINCLUDE_B3",))},
    what_it_is=(
        "The average points of each student's best three A levels, over the students whom "
        "the measure includes."
    ),
    cannot_say=f"{_NO_START} It is not published for disadvantaged students.",
    not_published=_NO_TABLES,
    breaks=_GRADES_OF_2022,
)


def _value_added(ending: str) -> PublishedColumns:
    return PublishedColumns(
        f"VA_INS_ALEV{ending}",
        (f"ENTRIES_ALEV{ending}",),
        f"LCI_INS_ALEV{ending}",
        f"UCI_INS_ALEV{ending}",
    )


A_LEVEL_VALUE_ADDED = Measure(
    code="a_level_value_added",
    label="A level value added",
    key_stage="ks5",
    unit="A level grades",
    decimals=2,
    bounds=(-6.0, 6.0),
    columns={
        "all": _value_added(""),
        "disadvantaged": _value_added("_DIS"),
        "others": _value_added("_NOTDIS"),
    },
    what_it_is=(
        "How far students' A level results lie above or below those of students "
        "nationally with the same key stage 4 results, on average, in grades an entry."
    ),
    cannot_say=(
        "Its national mean is zero every year, so it cannot show whether students attain "
        "more than before. Its number counts entries, not students."
    ),
    # SOURCE: the table of 2022/23 holds no value added of its year, and its columns for
    # the three years before are blank in every row. These students' GCSEs of 2020 and
    # 2021, the start that it is measured from, were graded by their schools.
    not_published=_NO_TABLES
    | {
        2022: "no value added for 2021/22: schools graded these students' GCSEs",
        2023: "no value added for 2022/23: schools graded these students' GCSEs",
    },
    group_not_published=_NOT_BY_DISADVANTAGE,
    centred_on_national=True,
    counted="entries",
)

MEASURES = (
    A_LEVEL_POINTS,
    A_LEVEL_VALUE_ADDED,
    BEST_3_A_LEVELS,
    ACADEMIC_POINTS,
    APPLIED_GENERAL_POINTS,
)

# SOURCE: england_ks5final.csv of 2016/17 and 2022/23. A consortium is a sixth form that
# several schools share; its students stand in its row and in no school's.
SCHOOL_RECORDS = {"1": "school or college", "3": "consortium"}
AGGREGATE_RECORDS = {
    "4": "local authority",
    "5": "national, all schools",
    "7": "national, state-funded",
}
STATE_FUNDED_RECORD = "7"
TABLE_MARKERS = ("TALLPPE_ALEV_1618", "TPUP1618")
"""Columns that only a key stage 5 performance table holds."""
