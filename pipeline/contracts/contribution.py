"""The promises of what is found of contributions to research and policy (Aim 4)."""

import pandera.pandas as pa

from pipeline.contracts.capacity import MAYBE_WORDS, MAYBE_YEAR, WORDS, answers
from pipeline.contracts.establishments import DAY
from pipeline.contracts.records import CONTRIBUTION_KINDS
from pipeline.contracts.results import TEXT, YEAR

ALL_KINDS = "all"
EVIDENCED, UNEVIDENCED = "evidenced", "unevidenced"

_HTTPS = pa.Check.str_startswith("https://", error="a link that begins with https://")
_IS_EVIDENCED = pa.Check(
    lambda t: (t["evidence"].notna()) == (t["standing"] == EVIDENCED),
    name="evidenced where there is a link, and nowhere else",
)

CONTRIBUTION_COUNTS = answers(
    "contribution counts",
    {
        "year": MAYBE_YEAR,
        "kind": pa.Column(
            TEXT, pa.Check.isin([ALL_KINDS, *CONTRIBUTION_KINDS]), nullable=True
        ),
        "quantity": WORDS,
    },
)
"""How many entries began in each academic year, by kind, and how many have evidence. A
blank year is all years together."""

_ENTRY = {
    "id": WORDS,
    "title": WORDS,
    "started": pa.Column(DAY),
    "ended": pa.Column(DAY, nullable=True),
    "partners": MAYBE_WORDS,
    "evidence": pa.Column(TEXT, _HTTPS, nullable=True),
    "standing": pa.Column(TEXT, pa.Check.isin([EVIDENCED, UNEVIDENCED])),
    "said": MAYBE_WORDS,
    "row": pa.Column("Int64", pa.Check.ge(2)),
}

TIMELINE = pa.DataFrameSchema(
    name="timeline",
    columns={
        "place": pa.Column("Int64", pa.Check.ge(1)),
        "year": pa.Column("Int64", YEAR),
        "kind": pa.Column(TEXT, pa.Check.isin(CONTRIBUTION_KINDS)),
    }
    | _ENTRY,
    checks=[
        _IS_EVIDENCED,
        pa.Check(lambda t: t["started"].is_monotonic_increasing, name="days in order"),
    ],
    unique=["id"],
    strict=True,
    ordered=True,
)
"""Every entry in the order in which it began. Texts are the organisation's own: whoever
shows them must escape them."""

ROLE_SPANS = pa.DataFrameSchema(
    name="spans of roles",
    columns=_ENTRY
    | {
        "first_year": pa.Column("Int64", YEAR),
        "last_year": pa.Column("Int64", YEAR),
        "goes_on": pa.Column(bool),
    },
    checks=[
        _IS_EVIDENCED,
        pa.Check(
            lambda t: t["first_year"] <= t["last_year"],
            name="a span with its first year first",
        ),
    ],
    unique=["id"],
    strict=True,
    ordered=True,
)
"""Roles on boards and in networks, with the academic years they reach over. One without
an end goes on, as far as the records tell: to the last year that is asked of."""
