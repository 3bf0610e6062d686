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


_CAP = "extreme negative pupil scores are limited from 2017/18"
_WRITING = "new framework for the teacher assessment of writing"


def _progress(
    subject: str, code: str, column: str, *, note: str, break_of_2018: str = _CAP
) -> Measure:
    def columns(group: str, pupils: str) -> PublishedColumns:
        return PublishedColumns(
            value=f"{column}{group}",
            pupils=(pupils,),
            low=f"{column}{group}_LOWER",
            high=f"{column}{group}_UPPER",
        )

    by_group: dict[Group, PublishedColumns] = {
        "all": columns("", "TELIG"),
        "disadvantaged": columns("_FSM6CLA1A", "TFSM6CLA1A"),
        "others": columns("_NotFSM6CLA1A", "TNotFSM6CLA1A"),
    }
    return Measure(
        code=code,
        label=f"Key stage 2 {subject} progress",
        key_stage="ks2",
        unit="scaled score points",
        decimals=1,
        bounds=(-50.0, 50.0),
        columns=by_group,
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
    columns={
        "all": PublishedColumns("PTRWM_EXP", ("TELIG",)),
        "disadvantaged": PublishedColumns("PTRWM_EXP_FSM6CLA1A", ("TFSM6CLA1A",)),
        "others": PublishedColumns("PTRWM_EXP_NotFSM6CLA1A", ("TNotFSM6CLA1A",)),
    },
    what_it_is=(
        "The percentage of pupils who reach the expected standard in each of reading, "
        "writing and maths."
    ),
    cannot_say=(
        "It takes no account of where pupils started. Writing is assessed by "
        "teachers; its framework changed in 2017/18."
    ),
    not_published=_NO_TABLES,
    breaks={2018: _WRITING},
)

MEASURES = (READING_PROGRESS, WRITING_PROGRESS, MATHS_PROGRESS, RWM_EXPECTED)

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
