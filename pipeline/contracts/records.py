"""The promises of the organisation's own records, once they are read and checked."""

import pandas as pd
import pandera.pandas as pa

from pipeline.contracts.establishments import DAY
from pipeline.contracts.results import TEXT, URN

ROLES = ("senior", "middle")
ACTIVITY_KINDS = ("review", "visit", "meeting", "training", "course")
COUNTS_AS = ("reviewer_trained", "review_led")
CONTRIBUTION_KINDS = ("publication", "pilot", "evaluation", "role", "advice", "event")
THEME_SOURCES = ("interview", "observation", "survey", "review")
PROGRESS = ("done", "begun", "not begun")
"""How far an agreed action has come."""
COST_UNITS = ("school", "trust", "cohort")
LONGEST_DAY = 24
"""Hours that one person can give to one activity on one day."""

_TRUST = pa.Check.str_matches(r"^[0-9]{1,5}$", error="up to five digits (Group UID)")
_UNIT = pa.Check.str_matches(
    r"^([0-9]{6}|[0-9]{1,5})$", error="a school's URN or a trust's Group UID"
)
_HTTPS = pa.Check.str_startswith("https://", error="a link that begins with https://")
_ROW = {"row": pa.Column("Int64", pa.Check.ge(2))}
_COUNT = pa.Column("Int64", pa.Check.ge(0))


def _words(known: tuple[str, ...], *, nullable: bool = False) -> pa.Column:
    return pa.Column(TEXT, pa.Check.isin(known), nullable=nullable)


def _text(*, nullable: bool = False) -> pa.Column:
    return pa.Column(TEXT, pa.Check.ne("", error="a text"), nullable=nullable)


def _no_earlier(later: str, earlier: str, name: str) -> pa.Check:
    return pa.Check(lambda t: t[later].isna() | (t[later] >= t[earlier]), name=name)


ACTIVITIES = pa.DataFrameSchema(
    name="activities",
    columns={
        "activity": _text(),
        "label": _text(),
        "kind": _words(ACTIVITY_KINDS),
        "counts_as": _words(COUNTS_AS, nullable=True),
    }
    | _ROW,
    unique=["activity"],
    strict=True,
    ordered=True,
)
"""What people can take part in. `counts_as` says whether taking part makes a trained
reviewer, or is the leading of a review."""

ENGAGEMENT = pa.DataFrameSchema(
    name="engagement",
    columns={
        "person": _text(),
        "urn": pa.Column(TEXT, URN),
        "role": _words(ROLES),
        "activity": _text(),
        "date": pa.Column(DAY),
        "hours": pa.Column(float, [pa.Check.gt(0), pa.Check.le(LONGEST_DAY)]),
        "host": pa.Column(TEXT, URN, nullable=True),
        "programme": _text(nullable=True),
    }
    | _ROW,
    unique=["row"],
    strict=True,
    ordered=True,
)
"""One row: one person's part in one activity on one day. `urn` is the person's own
school, `host` the school visited; a blank programme is the partnership as a whole."""

OUTSIDE_MEMBERSHIP = ENGAGEMENT.add_columns({"reason": _text()})
OUTSIDE_MEMBERSHIP.name = "engagement outside membership"
"""Rows of engagement on a day on which the person's school was no member, and why."""

SURVEYS = pa.DataFrameSchema(
    name="surveys",
    columns={
        "survey": _text(),
        "title": _text(),
        "programme": _text(nullable=True),
        "date": pa.Column(DAY),
        "invited": pa.Column("Int64", pa.Check.ge(1)),
        "respondents": _COUNT,
        "blank_answers": _COUNT,
    },
    checks=[
        pa.Check(
            lambda t: t["respondents"] <= t["invited"],
            name="no more respondents than people invited",
        )
    ],
    unique=["survey"],
    strict=True,
    ordered=True,
)
"""One row a survey. `respondents` are those who answered at least one item;
`blank_answers` counts rows without an answer, which are left out of ANSWERS."""

ITEMS = pa.DataFrameSchema(
    name="survey items",
    columns={
        "survey": _text(),
        "item": _text(),
        "text": _text(),
        "place": pa.Column("Int64", pa.Check.ge(1)),
    },
    unique=["survey", "item"],
    strict=True,
    ordered=True,
)
"""What was asked; `place` is the item's place in its survey, from 1."""

OPTIONS = pa.DataFrameSchema(
    name="survey scales",
    columns={
        "survey": _text(),
        "item": _text(),
        "answer": _text(),
        "place": pa.Column("Int64", pa.Check.ge(1)),
        "is_favourable": pa.Column(bool),
    },
    unique=["survey", "item", "answer"],
    strict=True,
    ordered=True,
)
"""What may be answered to each item, in the order of its scale (`place`, from 1)."""

ANSWERS = pa.DataFrameSchema(
    name="survey answers",
    columns={
        "survey": _text(),
        "respondent": _text(),
        "item": _text(),
        "answer": _text(),
    }
    | _ROW,
    unique=["survey", "respondent", "item"],
    strict=True,
    ordered=True,
)
"""One row: what one respondent answered to one item, as its scale spells it."""

CONTRIBUTIONS = pa.DataFrameSchema(
    name="contributions",
    columns={
        "id": _text(),
        "kind": _words(CONTRIBUTION_KINDS),
        "title": _text(),
        "started": pa.Column(DAY),
        "ended": pa.Column(DAY, nullable=True),
        "partners": _text(nullable=True),
        "evidence": pa.Column(TEXT, _HTTPS, nullable=True),
        "said": _text(nullable=True),
    }
    | _ROW,
    checks=[_no_earlier("ended", "started", "an end no earlier than the start")],
    unique=["id"],
    strict=True,
    ordered=True,
)
"""What the organisation gave to research and policy. A blank `ended` is one day, or what
goes on; a blank `evidence` is unevidenced, and has to be shown as such."""

PROGRAMME_TRUSTS = pa.DataFrameSchema(
    name="trusts in programmes",
    columns={
        "programme": _text(),
        "trust": pa.Column(TEXT, _TRUST),
        "cohort": _text(nullable=True),
        "joined": pa.Column(DAY),
        "left": pa.Column(DAY, nullable=True),
    }
    | _ROW,
    checks=[
        pa.Check(
            lambda t: t["left"].isna() | (t["left"] > t["joined"]),
            name="a date of leaving after that of joining",
        )
    ],
    unique=["programme", "trust", "joined"],
    strict=True,
    ordered=True,
)
"""One row a spell of a trust in a programme whose members are trusts."""

DISSOLVED_TRUSTS = PROGRAMME_TRUSTS.add_columns(
    {"last_school_left": pa.Column(DAY, nullable=True), "reason": _text()}
)
DISSOLVED_TRUSTS.name = "trusts in programmes without schools"
"""Spells of trusts that ran no school for some or all of the spell, and why they stand
here. `last_school_left` is blank where the register knows no school of the trust."""

CODEBOOK = pa.DataFrameSchema(
    name="codebook",
    columns={
        "programme": _text(),
        "code": _text(),
        "heading": _text(),
        "label": _text(),
    }
    | _ROW,
    unique=["programme", "code"],
    strict=True,
    ordered=True,
)
"""What each code of a programme's themes means, under which heading of its report."""

THEMES = pa.DataFrameSchema(
    name="themes",
    columns={
        "programme": _text(),
        "cohort": _text(nullable=True),
        "date": pa.Column(DAY),
        "source": _words(THEME_SOURCES),
        "unit": pa.Column(TEXT, _UNIT, nullable=True),
        "code": _text(),
    }
    | _ROW,
    unique=["row"],
    strict=True,
    ordered=True,
)
"""One row: one mention of a theme. The same mention may be made twice on a day, by two
people, so that equal rows count each. A blank unit is the cohort as a whole."""

ACTIONS = pa.DataFrameSchema(
    name="actions",
    columns={
        "programme": _text(),
        "unit": pa.Column(TEXT, _UNIT),
        "action": _text(),
        "agreed": pa.Column(DAY),
        "at_6_months": _words(PROGRESS, nullable=True),
        "at_12_months": _words(PROGRESS, nullable=True),
    }
    | _ROW,
    unique=["programme", "unit", "action", "agreed"],
    strict=True,
    ordered=True,
)
"""What was agreed after a review, and what had come of it. A blank was not asked."""

COSTS = pa.DataFrameSchema(
    name="costs",
    columns={
        "programme": _text(),
        "cohort": _text(nullable=True),
        "item": _text(),
        "per": _words(COST_UNITS),
        "pounds": pa.Column(float, pa.Check.ge(0)),
    }
    | _ROW,
    unique=["programme", "cohort", "item", "per"],
    strict=True,
    ordered=True,
)
"""What one school, trust or cohort costs in a programme; a blank cohort is every one."""

STORIES = pa.DataFrameSchema(
    name="stories",
    columns={
        "story": _text(),
        "title": _text(),
        "date": pa.Column(DAY),
        "urn": pa.Column(TEXT, URN),
        "claim": _text(),
        "consent_date": pa.Column(DAY),
        "by_role": _text(),
        "text": _text(),
    },
    unique=["story"],
    strict=True,
    ordered=True,
)
"""Stories of change with consent, and only those. `text` is Markdown as written by
others: whoever shows it must escape it. `by_role` is the role of who consented."""

STORY_EVIDENCE = pa.DataFrameSchema(
    name="evidence of stories",
    columns={"story": _text(), "fact": _text(), "value": _text()},
    unique=["story", "fact"],
    strict=True,
    ordered=True,
)
"""Which fact each story cites with which value; `value` is the text as written."""

EXCLUSIONS = pa.DataFrameSchema(
    name="exclusions",
    columns={
        "file": _text(),
        "reason": _text(),
        "excluded": pa.Column("Int64", pa.Check.ge(1)),
    },
    unique=["file", "reason"],
    strict=True,
    ordered=True,
)
"""What was left out of a record, how many and why: each has to be stated in a report."""


def as_promised(table: pd.DataFrame, promise: pa.DataFrameSchema) -> pd.DataFrame:
    """Give a table the promised columns, their order and their types.

    Columns that were not promised are left behind; one that is missing raises KeyError.
    """
    types = {name: column.dtype.type for name, column in promise.columns.items()}
    return table[list(types)].astype(types).reset_index(drop=True)
