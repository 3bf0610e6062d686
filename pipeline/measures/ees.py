"""Where measures stand in the school-level tables of explore-education-statistics.

Those tables have one row for each school, year and group of pupils, where the tables of
the download site have one row for each school and a column for each group. Column names
are given in capitals here, as tables are read.

SOURCE: `ks4_school_info_2024.csv` was seen, a table of school information: its columns,
its codes and its school types. No table of results was at hand: their columns and labels
are those that other people's public programs read (data/cards/ees-school-tables.md).
"""

from dataclasses import dataclass, field

from pipeline.measures.measure import Group, KeyStage

PERIOD = "TIME_PERIOD"
VERSION = "VERSION"
LEVEL = "GEOGRAPHIC_LEVEL"
URN = "SCHOOL_URN"
NAME = "SCHOOL_NAME"
AUTHORITY = "OLD_LA_CODE"
TYPE = "ESTABLISHMENT_TYPE_GROUP"
TOPIC = "BREAKDOWN_TOPIC"
BREAKDOWN = "BREAKDOWN"
SCHOOL_LEVELS = frozenset({"school"})
_NEEDED = frozenset({PERIOD, LEVEL, URN})


@dataclass(frozen=True)
class EesColumns:
    """Where one measure stands, for whichever group of pupils a row is about."""

    value: str
    pupils: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None
    part: str | None = None
    """The subject or the kind of qualification whose rows hold it."""

    def as_written(self) -> "EesColumns":
        """Give the columns as the department writes them, in small letters."""
        return EesColumns(
            value=self.value.lower(),
            pupils=tuple(name.lower() for name in self.pupils),
            low=self.low and self.low.lower(),
            high=self.high and self.high.lower(),
            part=self.part,
        )


@dataclass(frozen=True)
class Layout:
    """One layout of a table of results."""

    key_stage: KeyStage
    markers: frozenset[str]
    """Columns that only this layout has."""
    columns: dict[str, EesColumns]
    """By the code of the measure."""
    part: str | None = None
    """The column that says which subject or kind of qualification a row is about."""


def _progress(subject: str) -> EesColumns:
    return EesColumns(
        "PROGRESS_MEASURE_SCORE",
        low="PROGRESS_MEASURE_LOWER_CONF_INTERVAL",
        high="PROGRESS_MEASURE_UPPER_CONF_INTERVAL",
        part=subject,
    )


_KS2 = Layout(
    key_stage="ks2",
    markers=frozenset({"SUBJECT", BREAKDOWN, "EXPECTED_STANDARD_PUPIL_PERCENT"}),
    part="SUBJECT",
    columns={
        "reading_progress": _progress("Reading"),
        "writing_progress": _progress("Writing"),
        "maths_progress": _progress("Maths"),
        "rwm_expected": EesColumns(
            "EXPECTED_STANDARD_PUPIL_PERCENT", part="Reading, writing and maths"
        ),
        "reading_score": EesColumns("AVERAGE_SCALED_SCORE", part="Reading"),
        "maths_score": EesColumns("AVERAGE_SCALED_SCORE", part="Maths"),
    },
)
_KS4_OF_2023_24 = Layout(
    key_stage="ks4",
    markers=frozenset({"AVG_ATT8"}),
    columns={
        "progress_8": EesColumns(
            "AVG_P8SCORE", ("T_INP8CALC", "T_PUPILS"), "P8SCORE_CI_LOW", "P8SCORE_CI_UPP"
        ),
        "attainment_8": EesColumns("AVG_ATT8", ("T_PUPILS",)),
        "english_maths_5": EesColumns("PT_L2BASICS_95", ("T_PUPILS",)),
        "english_maths_4": EesColumns("PT_L2BASICS_94", ("T_PUPILS",)),
        "ebacc_points": EesColumns("AVG_EBACCAPS", ("T_PUPILS",)),
    },
)
_KS4 = Layout(
    key_stage="ks4",
    markers=frozenset({"ATTAINMENT8_AVERAGE"}),
    columns={
        "progress_8": EesColumns(
            "PROGRESS8_AVERAGE",
            ("PROGRESS8_PUPIL_COUNT", "PUPIL_COUNT"),
            "PROGRESS8_LOWER_95_CI",
            "PROGRESS8_UPPER_95_CI",
        ),
        "attainment_8": EesColumns("ATTAINMENT8_AVERAGE", ("PUPIL_COUNT",)),
        "english_maths_5": EesColumns("ENGMATH_95_PERCENT", ("PUPIL_COUNT",)),
        "english_maths_4": EesColumns("ENGMATH_94_PERCENT", ("PUPIL_COUNT",)),
        "ebacc_points": EesColumns("EBACC_APS_AVERAGE", ("PUPIL_COUNT",)),
    },
)


def _points(cohort: str) -> EesColumns:
    return EesColumns("APS_PER_ENTRY", ("APS_PER_ENTRY_STUDENT_COUNT",), part=cohort)


_KS5 = Layout(
    key_stage="ks5",
    markers=frozenset({"EXAM_COHORT", "APS_PER_ENTRY"}),
    part="EXAM_COHORT",
    columns={
        "a_level_points": _points("A level"),
        "a_level_value_added": EesColumns(
            "VALUE_ADDED",
            # The table has no number of entries; students are the nearest to it.
            ("APS_PER_ENTRY_STUDENT_COUNT",),
            "VALUE_ADDED_LOWER_CI",
            "VALUE_ADDED_UPPER_CI",
            part="A level",
        ),
        "best_3_a_levels": EesColumns(
            "BEST_THREE_ALEVELS_APS",
            ("BEST_THREE_ALEVELS_STUDENT_COUNT",),
            part="A level",
        ),
        "academic_points": _points("Academic"),
        "applied_general_points": _points("Applied general"),
    },
)
LAYOUTS: tuple[Layout, ...] = (_KS2, _KS4_OF_2023_24, _KS4, _KS5)


@dataclass(frozen=True)
class Information:
    """A table of school information: types, and pupils where results give none."""

    key_stage: KeyStage
    markers: frozenset[str]
    pupils: dict[Group, str] = field(default_factory=dict)
    type_code: str | None = None
    """The column with the type as a code (NFTYPE), where there is one."""


INFORMATION: tuple[Information, ...] = (
    Information(
        key_stage="ks2",
        markers=frozenset({"TELIG", "GELIG", "BELIG"}),
        pupils={
            "all": "TELIG",
            "girls": "GELIG",
            "boys": "BELIG",
            "disadvantaged": "TFSM6CLA1A",
            "others": "TNOTFSM6CLA1A",
        },
        type_code="NFTYPE",
    ),
    Information(
        key_stage="ks4",
        markers=frozenset({"T_PUPILS", "T_PRIOR_LO", "T_ALLKS_PUPILS"}),
        pupils={
            "all": "T_PUPILS",
            "girls": "T_GIRLS",
            "boys": "T_BOYS",
            "disadvantaged": "T_DISADVANTAGED",
            "others": "T_NOT_DISADVANTAGED",
            "low_prior": "T_PRIOR_LO",
            "middle_prior": "T_PRIOR_AV",
            "high_prior": "T_PRIOR_HI",
        },
    ),
)

TOTAL = "total"
GROUP_OF_LABEL: dict[str, Group] = {
    TOTAL: "all",
    "girls": "girls",
    "boys": "boys",
    "disadvantaged": "disadvantaged",
    "not known to be disadvantaged": "others",
    "low prior attainment": "low_prior",
    "mid prior attainment": "middle_prior",
    "high prior attainment": "high_prior",
}
"""What a row is about, by its label in small letters. A label that is not here is of
another group of pupils: its rows are left out and counted under the label."""

FILTERS: tuple[str, ...] = (
    "SEX",
    "DISADVANTAGE",
    "DISADVANTAGE_STATUS",
    "PRIOR_ATTAINMENT",
    "FIRST_LANGUAGE",
    "MOBILITY",
    "FSM_STATUS",
    "SEN_STATUS",
    "SEN_PROVISION",
    "ETHNICITY_MAJOR",
    "ETHNICITY_MINOR",
)
"""Columns that say which pupils a row is about. All but one of them are 'Total' in a row
about one group; rows where two are not are of pupils in both groups at once."""


def layout_of(columns: frozenset[str]) -> Layout | None:
    """Tell the layout of a table of results by its columns, None if it is none."""
    if not columns >= _NEEDED:
        return None
    return next((known for known in LAYOUTS if columns >= known.markers), None)


def information_of(columns: frozenset[str]) -> Information | None:
    """Tell a table of school information by its columns, None if it is none."""
    if not columns >= _NEEDED:
        return None
    return next((known for known in INFORMATION if columns >= known.markers), None)
