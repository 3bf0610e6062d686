"""Key stage 4: GCSEs, at age 16."""

from pipeline.measures.measure import Group, Measure, PublishedColumns

# SOURCE: exams were replaced by school and teacher grades in 2020 and 2021; no
# school-level tables were published (secondary accountability guidance, gov.uk).
_NO_TABLES = {
    2020: "the department published no school-level results for 2019/20 (pandemic)",
    2021: "the department published no school-level results for 2020/21 (pandemic)",
}

_PUPILS: dict[Group, str] = {
    "all": "TPUP",
    "disadvantaged": "TFSM6CLA1A",
    "others": "TNOTFSM6CLA1A",
    "girls": "GPUP",
    "boys": "BPUP",
    "low_prior": "TPRIORLO",
    "middle_prior": "TPRIORAV",
    "high_prior": "TPRIORHI",
}
_ENDINGS: dict[Group, str] = {
    "all": "",
    "disadvantaged": "_FSM6CLA1A",
    "others": "_NFSM6CLA1A",
    "girls": "_GIRLS",
    "boys": "_BOYS",
    "low_prior": "_LO",
    "middle_prior": "_AV",
    "high_prior": "_HI",
}
_NO_KS2 = {
    2025: "for 2024/25: these pupils took no key stage 2 tests",
    2026: "for 2025/26: these pupils took no key stage 2 tests",
}
_NO_PRIOR_ATTAINMENT: dict[Group, dict[int, str]] = {
    group: {year: f"no groups by prior attainment {why}" for year, why in _NO_KS2.items()}
    for group in ("low_prior", "middle_prior", "high_prior")
}
_GRADES_OF_2022 = {
    2022: "grading in 2022 was more generous than before the pandemic",
    2023: "grading returns broadly to the standard from before the pandemic",
}


def _averages(column: str) -> dict[Group, PublishedColumns]:
    return {
        group: PublishedColumns(f"{column}{ending}", (_PUPILS[group],))
        for group, ending in _ENDINGS.items()
    }


def _english_maths(grade: int) -> dict[Group, PublishedColumns]:
    columns: dict[Group, str] = {
        "all": "PTL2BASICS",
        "disadvantaged": "PTFSM6CLA1ABASICS",
        "others": "PTNOTFSM6CLA1ABASICS",
        "girls": "PGL2BASICS",
        "boys": "PBL2BASICS",
        "low_prior": "PTBASICSLO",
        "middle_prior": "PTBASICSAV",
        "high_prior": "PTBASICSHI",
    }
    return {
        group: PublishedColumns(f"{column}_9{grade}", (_PUPILS[group],))
        for group, column in columns.items()
    }


PROGRESS_8 = Measure(
    code="progress_8",
    label="Progress 8",
    key_stage="ks4",
    unit="Progress 8 points",
    decimals=2,
    bounds=(-7.0, 7.0),
    columns={
        group: PublishedColumns(
            f"P8MEA{ending}",
            (f"P8PUP{ending}", _PUPILS[group]),
            f"P8CILOW{ending}",
            f"P8CIUPP{ending}",
        )
        for group, ending in _ENDINGS.items()
    },
    what_it_is=(
        "How far pupils' results in eight qualifications lie above or below those of "
        "pupils nationally with the same key stage 2 results, on average, in grades."
    ),
    cannot_say=(
        "It is centred anew each year, so it cannot show whether pupils attain more "
        "than before; it takes no account of pupils' circumstances."
    ),
    not_published=_NO_TABLES
    | {year: f"no Progress 8 {why}" for year, why in _NO_KS2.items()},
    centred_on_national=True,
    breaks={
        2017: "reformed GCSEs (9 to 1) in English and maths widen the scale",
        2018: "extreme negative pupil scores are limited from 2017/18",
    },
)

ATTAINMENT_8 = Measure(
    code="attainment_8",
    label="Attainment 8",
    key_stage="ks4",
    unit="Attainment 8 points",
    decimals=1,
    bounds=(0.0, 90.0),
    columns=_averages("ATT8SCR"),
    what_it_is=(
        "Pupils' average total over eight qualifications: maths counts twice, and English "
        "twice where both language and literature are taken."
    ),
    cannot_say=(
        "It takes no account of where pupils started. Reformed GCSEs changed the points "
        "in 2016/17 and 2017/18."
    ),
    not_published=_NO_TABLES,
    group_not_published=_NO_PRIOR_ATTAINMENT,
    breaks={
        2017: "reformed GCSEs (9 to 1) in English and maths change the points",
        2018: "reformed GCSEs in twenty more subjects change the points",
    }
    | _GRADES_OF_2022,
)

ENGLISH_MATHS_5 = Measure(
    code="english_maths_5",
    label="Grade 5 or above in English and maths",
    key_stage="ks4",
    unit="percentage points",
    decimals=1,
    bounds=(0.0, 100.0),
    columns=_english_maths(5),
    what_it_is="The percentage of pupils with grade 5 or above in English and in maths.",
    cannot_say="It takes no account of where pupils started.",
    not_published=_NO_TABLES
    | {2016: "grade 5 did not exist before the reformed GCSEs of 2016/17"},
    group_not_published=_NO_PRIOR_ATTAINMENT,
    breaks=_GRADES_OF_2022,
)

ENGLISH_MATHS_4 = Measure(
    code="english_maths_4",
    label="Grade 4 or above in English and maths",
    key_stage="ks4",
    unit="percentage points",
    decimals=1,
    bounds=(0.0, 100.0),
    columns=_english_maths(4)
    | {
        # SOURCE: england_ks4provisional.csv of 2015/16; the names for groups that year
        # are not known.
        "all": PublishedColumns(
            "PTL2BASICS_94", ("TPUP",), value_in={2016: "PTL2BASICS_LL_PTQ_EE"}
        )
    },
    what_it_is=(
        "The percentage of pupils with grade 4 or above in English and in maths; in "
        "2015/16, with grade C or above."
    ),
    cannot_say="It takes no account of where pupils started.",
    not_published=_NO_TABLES,
    group_not_published=_NO_PRIOR_ATTAINMENT,
    breaks={2017: "reformed GCSEs: grade 4 stands where grade C stood"} | _GRADES_OF_2022,
)

EBACC_POINTS = Measure(
    code="ebacc_points",
    label="English Baccalaureate average point score",
    key_stage="ks4",
    unit="points",
    decimals=2,
    bounds=(0.0, 9.0),
    columns=_averages("EBACCAPS"),
    what_it_is=(
        "Pupils' average points over the five pillars of the English Baccalaureate: "
        "English, maths, science, a language, and history or geography. A subject not "
        "taken counts as nothing."
    ),
    cannot_say=(
        "It takes no account of where pupils started, and it falls where pupils take "
        "other subjects."
    ),
    not_published=_NO_TABLES
    | dict.fromkeys((2016, 2017), "the measure was first published for 2017/18"),
    group_not_published=_NO_PRIOR_ATTAINMENT,
    breaks=_GRADES_OF_2022,
)

MEASURES = (PROGRESS_8, ATTAINMENT_8, ENGLISH_MATHS_5, ENGLISH_MATHS_4, EBACC_POINTS)

SCHOOL_RECORDS = {"1": "mainstream", "2": "special"}
AGGREGATE_RECORDS = {
    "4": "local authority",
    "5": "national, all schools",
    "7": "national, state-funded",
}
# SOURCE: ks4_meta.csv, RECTYPE. The state-funded row is 7 here and 5 at key stage 2.
STATE_FUNDED_RECORD = "7"
TABLE_MARKERS = ("ATT8SCR", "TPUP")
"""Columns that only a key stage 4 performance table holds."""
