"""The promises of what is found of leadership and improvement capacity (Aim 3)."""

import pandas as pd
import pandera.pandas as pa

from pipeline.contracts.results import TEXT, URN, YEAR

SHOWN, BOUNDED, SUPPRESSED = "shown", "bounded", "suppressed"
NOT_POSSIBLE, NOT_SUPPLIED = "not possible", "not supplied"
STATUSES = (SHOWN, BOUNDED, SUPPRESSED, NOT_POSSIBLE, NOT_SUPPLIED)
"""`bounded` has `low` and `high` and no value: the value would tell of a few persons."""
PERSONS = ("leaders", "reviewers", "respondents", "people invited", "leads")
"""What persons are counted as. A lead is one person's part in leading one review."""
THINGS = ("schools", "reviews", "ties", "pairs", "visits", "components", "entries")
FEW_PERSONS = 5
"""The fewest persons that may be counted in an output is one more; see decision 0005."""
DIMENSIONS = ("all", "phase", "hub", "deprivation_fifth", "starting_fifth")
UNKNOWN = "unknown"
"""The group of schools of which a dimension is not known."""
ANY_ROLE = "any"
REACH_ROLES = (ANY_ROLE, "senior", "middle")

WORDS = pa.Column(TEXT, pa.Check.ne("", error="a text"))
MAYBE_WORDS = pa.Column(TEXT, pa.Check.ne("", error="a text"), nullable=True)
MAYBE_YEAR = pa.Column("Int64", YEAR, nullable=True)
_COUNT = pa.Column("Int64", pa.Check.ge(0), nullable=True)
_NUMBER = pa.Column(float, nullable=True)
_COUNTED = pa.Column(TEXT, pa.Check.isin([*PERSONS, *THINGS]), nullable=True)

FIGURE = {
    "value": _NUMBER,
    "counted": _COUNTED,
    "numerator": _COUNT,
    "counted_of": _COUNTED,
    "denominator": _COUNT,
    "low": _NUMBER,
    "high": _NUMBER,
    "status": pa.Column(TEXT, pa.Check.isin(STATUSES)),
    "said": MAYBE_WORDS,
}
"""The columns of every answer. `counted` says what the numerator counts, `counted_of` what
the denominator does; `said` what a reader must know beside the figure, or why there is
none."""


def _are_few(table: pd.DataFrame, count: pd.Series, *columns: str) -> pd.Series:
    """Say where a count is one of 1 to 5 persons."""
    persons = pd.Series(True, index=table.index)
    for column in columns:
        persons &= table[column].isin(PERSONS)
    return persons & count.between(1, FEW_PERSONS).fillna(False).astype(bool)


def _is_quotient(table: pd.DataFrame) -> pd.Series:
    both = table["numerator"].notna() & table["denominator"].gt(0).fillna(False)
    both &= table["value"].notna()
    quotient = table["numerator"].astype(float) / table["denominator"].astype(float)
    near = (quotient - table["value"]).abs() <= 1e-9 * (1 + quotient.abs())
    return ~both.astype(bool) | near


FIGURE_CHECKS = [
    pa.Check(
        lambda t: (t["status"] == SHOWN) == t["value"].notna(),
        name="a value where one is shown, and nowhere else",
    ),
    pa.Check(
        lambda t: (t["status"] == SHOWN) | t["said"].notna(),
        name="words that say why there is no value",
    ),
    pa.Check(
        lambda t: t["status"].isin([SHOWN, BOUNDED]) | t["numerator"].isna(),
        name="no numerator where nothing is shown",
    ),
    pa.Check(
        lambda t: t["low"].notna() == t["high"].notna(),
        name="both ends of an interval or none",
    ),
    pa.Check(
        lambda t: (t["status"] != BOUNDED) | t["low"].notna(),
        name="bounds where only bounds are shown",
    ),
    pa.Check(
        lambda t: t["status"].isin([SHOWN, BOUNDED]) | t["low"].isna(),
        name="no interval where nothing is shown",
    ),
    pa.Check(
        lambda t: t["low"].isna() | (t["low"] <= t["high"]),
        name="an interval with its lower end first",
    ),
    pa.Check(
        lambda t: (
            t["value"].isna()
            | t["low"].isna()
            | ((t["low"] <= t["value"]) & (t["value"] <= t["high"]))
        ),
        name="a value inside its interval",
    ),
    pa.Check(_is_quotient, name="a value that is numerator over denominator"),
    pa.Check(
        lambda t: ~_are_few(t, t["numerator"], "counted"),
        name="no numerator of few persons",
    ),
    pa.Check(
        lambda t: ~_are_few(t, t["denominator"], "counted_of"),
        name="no denominator of few persons",
    ),
    pa.Check(
        lambda t: (
            ~_are_few(t, t["denominator"] - t["numerator"], "counted", "counted_of")
            # Leads are no part of the persons that they are counted over.
            | (t["counted"] == "leads")
        ),
        name="no few persons left over by subtraction",
    ),
]


def answers(name: str, keys: dict[str, pa.Column]) -> pa.DataFrameSchema:
    """Promise one table of answers: its keys, and then the columns of every answer."""
    return pa.DataFrameSchema(
        name=name,
        columns=keys | FIGURE,
        checks=list(FIGURE_CHECKS),
        unique=list(keys),
        strict=True,
        ordered=True,
    )


_FIFTH = pa.Column("Int64", pa.Check.in_range(1, 5), nullable=True)
MEMBER_SCHOOLS = pa.DataFrameSchema(
    name="member schools",
    columns={
        "school_key": pa.Column(TEXT, URN),
        "urn": pa.Column(TEXT, URN),
        "year": pa.Column(int, YEAR),
        "phase": MAYBE_WORDS,
        "hub": MAYBE_WORDS,
        "deprivation_fifth": _FIFTH,
        "starting_fifth": _FIFTH,
    },
    unique=["school_key", "year"],
    strict="filter",
)
"""What answers by kind of school start from: one row for each year in which a school
counts as a member. Fifths are of all schools of England, 1 the lowest: the smallest share
of disadvantaged pupils, the lowest results to start from. Blank is not known."""

_PLACE = {
    "year": MAYBE_YEAR,
    "dimension": pa.Column(TEXT, pa.Check.isin(DIMENSIONS), nullable=True),
    "group": MAYBE_WORDS,
}

REACH = answers(
    "reach",
    _PLACE
    | {
        "role": pa.Column(TEXT, pa.Check.isin(REACH_ROLES), nullable=True),
        "quantity": WORDS,
    },
)
"""Who took part, by year and kind of school. `group` is the phase, hub or fifth, and
'all'; the keys are blank in the one row of records that were not supplied."""

DOSE = answers("dose", _PLACE | {"quantity": WORDS})
"""Hours of schools and of leaders. A median has no numerator; its denominator says of how
many."""

RETENTION = answers(
    "retention", {"year": MAYBE_YEAR, "unit": MAYBE_WORDS, "quantity": WORDS}
)
"""Who took part again. `unit` is schools or leaders."""

REVIEWERS = answers("reviewers", {"year": MAYBE_YEAR, "quantity": WORDS})
"""Reviewers trained and reviews led."""

NETWORK = answers("network", {"year": MAYBE_YEAR, "quantity": WORDS, "steps": _COUNT})
"""The network of visits. `steps` is blank but for what lies within so many steps."""

SCHOOL_TIES = pa.DataFrameSchema(
    name="ties of schools",
    columns={
        "year": pa.Column("Int64", YEAR),
        "school_key": pa.Column(TEXT, URN),
        "hub": MAYBE_WORDS,
        "visited": pa.Column("Int64", pa.Check.ge(0)),
        "visited_by": pa.Column("Int64", pa.Check.ge(0)),
        "component": pa.Column("Int64", pa.Check.ge(1)),
        "is_isolated": pa.Column(bool),
    },
    unique=["year", "school_key"],
    strict=True,
    ordered=True,
)
"""One row a school and year: how many member schools it visited, how many visited it, and
which component it stands in (1 is the largest)."""

HUB_TIES = pa.DataFrameSchema(
    name="ties of hubs",
    columns={
        "year": pa.Column("Int64", YEAR),
        "visiting_hub": WORDS,
        "host_hub": WORDS,
        "ties": pa.Column("Int64", pa.Check.ge(1)),
    },
    unique=["year", "visiting_hub", "host_hub"],
    strict=True,
    ordered=True,
)
"""How many ties lead from schools of one hub to schools of another, or of its own."""

SURVEY = answers(
    "survey",
    {
        "survey": MAYBE_WORDS,
        "item": MAYBE_WORDS,
        "quantity": WORDS,
        "answer": MAYBE_WORDS,
    },
)
"""What was answered. `item` is blank for the survey as a whole, `answer` for what is not
about one answer of the scale."""
