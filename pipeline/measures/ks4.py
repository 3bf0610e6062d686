"""Key stage 4: GCSEs, at age 16."""

from pipeline.measures.measure import Measure, PublishedColumns

# SOURCE: exams were replaced by school and teacher grades in 2020 and 2021; no
# school-level tables were published (secondary accountability guidance, gov.uk).
_NO_TABLES = {
    2020: "the department published no school-level results for 2019/20 (pandemic)",
    2021: "the department published no school-level results for 2020/21 (pandemic)",
}

PROGRESS_8 = Measure(
    code="progress_8",
    label="Progress 8",
    key_stage="ks4",
    unit="Progress 8 points",
    decimals=2,
    bounds=(-7.0, 7.0),
    columns={
        "all": PublishedColumns("P8MEA", ("P8PUP", "TPUP"), "P8CILOW", "P8CIUPP"),
        "disadvantaged": PublishedColumns(
            "P8MEA_FSM6CLA1A",
            ("P8PUP_FSM6CLA1A", "TFSM6CLA1A"),
            "P8CILOW_FSM6CLA1A",
            "P8CIUPP_FSM6CLA1A",
        ),
        "others": PublishedColumns(
            "P8MEA_NFSM6CLA1A",
            ("P8PUP_NFSM6CLA1A", "TNOTFSM6CLA1A"),
            "P8CILOW_NFSM6CLA1A",
            "P8CIUPP_NFSM6CLA1A",
        ),
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
    | {
        2025: "no Progress 8 for 2024/25: these pupils took no key stage 2 tests",
        2026: "no Progress 8 for 2025/26: these pupils took no key stage 2 tests",
    },
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
    columns={
        "all": PublishedColumns("ATT8SCR", ("TPUP",)),
        "disadvantaged": PublishedColumns("ATT8SCR_FSM6CLA1A", ("TFSM6CLA1A",)),
        "others": PublishedColumns("ATT8SCR_NFSM6CLA1A", ("TNOTFSM6CLA1A",)),
    },
    what_it_is=(
        "Pupils' average total over eight qualifications: maths counts twice, and English "
        "twice where both language and literature are taken."
    ),
    cannot_say=(
        "It takes no account of where pupils started. Reformed GCSEs changed the points "
        "in 2016/17 and 2017/18."
    ),
    not_published=_NO_TABLES,
    breaks={
        2017: "reformed GCSEs (9 to 1) in English and maths change the points",
        2018: "reformed GCSEs in twenty more subjects change the points",
        2022: "grading in 2022 was more generous than before the pandemic",
        2023: "grading returns broadly to the standard from before the pandemic",
    },
)

ENGLISH_MATHS_5 = Measure(
    code="english_maths_5",
    label="Grade 5 or above in English and maths",
    key_stage="ks4",
    unit="percentage points",
    decimals=1,
    bounds=(0.0, 100.0),
    columns={
        "all": PublishedColumns("PTL2BASICS_95", ("TPUP",)),
        "disadvantaged": PublishedColumns("PTFSM6CLA1ABASICS_95", ("TFSM6CLA1A",)),
        "others": PublishedColumns("PTNOTFSM6CLA1ABASICS_95", ("TNOTFSM6CLA1A",)),
    },
    what_it_is="The percentage of pupils with grade 5 or above in English and in maths.",
    cannot_say="It takes no account of where pupils started.",
    not_published=_NO_TABLES
    | {2016: "grade 5 did not exist before the reformed GCSEs of 2016/17"},
    breaks={
        2022: "grading in 2022 was more generous than before the pandemic",
        2023: "grading returns broadly to the standard from before the pandemic",
    },
)

MEASURES = (PROGRESS_8, ATTAINMENT_8, ENGLISH_MATHS_5)

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
