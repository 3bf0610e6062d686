"""Key stage 2: the end of primary school, at age 11."""

from pipeline.measures.measure import Group, Measure, PublishedColumns

# SOURCE: no key stage 2 tests were taken in 2020 and 2021; the results of 2022 were
# not published school by school (primary accountability guidance, gov.uk).
_NO_TABLES = {
    2020: "no tests were taken in 2019/20 (pandemic)",
    2021: "no tests were taken in 2020/21 (pandemic)",
    2022: "the department published no school-level key stage 2 results for 2021/22",
}
_NO_PROGRESS = _NO_TABLES | {
    2024: "no key stage 2 progress for 2023/24: these pupils took no key stage 1 tests",
    2025: "no key stage 2 progress for 2024/25: these pupils took no key stage 1 tests",
}


# The pupils of each group: those whose results the school answers for.
_PUPILS: dict[Group, str] = {
    "all": "TELIG",
    "disadvantaged": "TFSM6CLA1A",
    "others": "TNotFSM6CLA1A",
    "girls": "GELIG",
    "boys": "BELIG",
    "low_prior": "TKS1GROUP_L",
    "middle_prior": "TKS1GROUP_M",
    "high_prior": "TKS1GROUP_H",
}
_ENDINGS: dict[Group, str] = {
    "all": "",
    "disadvantaged": "_FSM6CLA1A",
    "others": "_NotFSM6CLA1A",
    "girls": "_G",
    "boys": "_B",
    "low_prior": "_L",
    "middle_prior": "_M",
    "high_prior": "_H",
}
_NO_PRIOR_ATTAINMENT: dict[Group, dict[int, str]] = {
    group: {
        year: f"no groups by prior attainment: {why.partition(': ')[2]}"
        for year, why in _NO_PROGRESS.items()
        if year not in _NO_TABLES
    }
    for group in ("low_prior", "middle_prior", "high_prior")
}


def _columns(column: str, *, bounds: bool) -> dict[Group, PublishedColumns]:
    """Give the columns of every group, whose letters end the name of the figure."""
    return {
        group: PublishedColumns(
            value=f"{column}{ending}",
            pupils=(_PUPILS[group],),
            low=f"{column}{ending}_LOWER" if bounds else None,
            high=f"{column}{ending}_UPPER" if bounds else None,
        )
        for group, ending in _ENDINGS.items()
    }


_CAP = "extreme negative pupil scores are limited from 2017/18"
_WRITING = "new framework for the teacher assessment of writing"


def _progress(
    subject: str, code: str, column: str, *, note: str, break_of_2018: str = _CAP
) -> Measure:
    return Measure(
        code=code,
        label=f"Key stage 2 {subject} progress",
        key_stage="ks2",
        unit="scaled score points",
        decimals=1,
        bounds=(-50.0, 50.0),
        columns=_columns(column, bounds=True),
        what_it_is=(
            f"How far pupils' key stage 2 {subject} results lie above or below those "
            "of pupils nationally with the same key stage 1 results, on average."
        ),
        cannot_say=(
            "Its national mean is zero every year, so it cannot show whether pupils "
            "nationally, or in a school, attain more than before. " + note
        ),
        not_published=_NO_PROGRESS,
        centred_on_national=True,
        breaks={2018: break_of_2018},
    )


READING_PROGRESS = _progress(
    "reading",
    "reading_progress",
    "READPROG",
    note="It says nothing of pupils without key stage 1 results.",
)
WRITING_PROGRESS = _progress(
    "writing",
    "writing_progress",
    "WRITPROG",
    note="Writing is assessed by teachers; its framework changed in 2017/18.",
    break_of_2018=f"{_CAP}, and there is a {_WRITING}",
)
MATHS_PROGRESS = _progress(
    "maths",
    "maths_progress",
    "MATPROG",
    note="It says nothing of pupils without key stage 1 results.",
)

RWM_EXPECTED = Measure(
    code="rwm_expected",
    label="Expected standard in reading, writing and maths",
    key_stage="ks2",
    unit="percentage points",
    decimals=1,
    bounds=(0.0, 100.0),
    columns=_columns("PTRWM_EXP", bounds=False),
    what_it_is=(
        "The percentage of pupils who reach the expected standard in each of reading, "
        "writing and maths."
    ),
    cannot_say=(
        "It takes no account of where pupils started. Writing is assessed by "
        "teachers; its framework changed in 2017/18."
    ),
    not_published=_NO_TABLES,
    group_not_published=_NO_PRIOR_ATTAINMENT,
    breaks={2018: _WRITING},
)


def _scaled_score(subject: str, code: str, column: str) -> Measure:
    return Measure(
        code=code,
        label=f"Key stage 2 {subject} scaled score",
        key_stage="ks2",
        unit="scaled score points",
        decimals=1,
        bounds=(80.0, 120.0),
        columns=_columns(column, bounds=False),
        what_it_is=(
            f"Pupils' average scaled score in the key stage 2 {subject} test: 100 is the "
            "expected standard, 80 the lowest and 120 the highest score."
        ),
        cannot_say=(
            "It takes no account of where pupils started. It leaves out pupils who did "
            "not take the test, and its published number of pupils counts them."
        ),
        not_published=_NO_TABLES,
        group_not_published=_NO_PRIOR_ATTAINMENT,
    )


READING_SCORE = _scaled_score("reading", "reading_score", "READ_AVERAGE")
MATHS_SCORE = _scaled_score("maths", "maths_score", "MAT_AVERAGE")

MEASURES = (
    READING_PROGRESS,
    WRITING_PROGRESS,
    MATHS_PROGRESS,
    RWM_EXPECTED,
    READING_SCORE,
    MATHS_SCORE,
)

SCHOOL_RECORDS = {"1": "mainstream", "2": "special"}
AGGREGATE_RECORDS = {
    "3": "local authority",
    "4": "national, all schools",
    "5": "national, state-funded",
}
# SOURCE: ks2_meta.csv, RECTYPE. The state-funded row is 5 here and 7 at key stage 4.
STATE_FUNDED_RECORD = "5"
TABLE_MARKERS = ("PTRWM_EXP", "TELIG")
"""Columns that only a key stage 2 performance table holds."""
