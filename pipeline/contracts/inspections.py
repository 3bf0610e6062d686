"""The promise of what inspections show: what stands in `data/inspections/`."""

import pandera.pandas as pa

from pipeline.contracts.results import TEXT, URN, YEAR

GRADES = {1: "outstanding", 2: "good", 3: "requires improvement", 4: "inadequate"}
"""Ofsted's overall effectiveness, in its words."""
CLOSED = "closed"
QUESTIONS = ("transitions", "timing", "inspected", "left out")
STATUSES = ("estimate", "diagnostic", "not possible")

_NUMBER = pa.Column(float, nullable=True)
_SHARE = pa.Column(float, pa.Check.in_range(0, 1), nullable=True)
_SCHOOLS = pa.Column("Int64", pa.Check.ge(0))
_GRADE = pa.Check.isin([*GRADES.values()])


def _adds_up(share: str) -> pa.Check:
    return pa.Check(
        lambda t: t.groupby("from_grade")[share].transform("sum").round(9).isin([0, 1]),
        name=f"a {share} of one starting grade that adds up to one",
    )


FINDINGS = pa.DataFrameSchema(
    name="findings of inspections",
    columns={
        "question": pa.Column(TEXT, pa.Check.isin(QUESTIONS)),
        "quantity": pa.Column(TEXT),
        "at": pa.Column(TEXT, nullable=True),
        "status": pa.Column(TEXT, pa.Check.isin(STATUSES)),
        "unit": pa.Column(TEXT),
        "partners": _NUMBER,
        "rest": _NUMBER,
        "estimate": _NUMBER,
        "standard_error": _NUMBER,
        "low": _NUMBER,
        "high": _NUMBER,
        "p_value": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),
        "partner_schools": pa.Column("Int64", pa.Check.ge(0), nullable=True),
        "rest_schools": pa.Column("Int64", pa.Check.ge(0), nullable=True),
        "said": pa.Column(TEXT, nullable=True),
    },
    checks=[
        pa.Check(
            lambda t: t["estimate"].notna() | t["said"].notna(),
            name="an estimate, or words that say why there is none",
        ),
        pa.Check(
            lambda t: t["low"].notna() == t["high"].notna(),
            name="an interval with both ends or none",
        ),
        pa.Check(
            lambda t: t["low"].isna() | (t["low"] <= t["high"]),
            name="an interval with its lower end first",
        ),
        pa.Check(
            lambda t: (t["status"] != "not possible") | t["estimate"].isna(),
            name="no figure beside the reason why there is none",
        ),
    ],
    unique=["question", "quantity", "at"],
    strict=True,
    ordered=True,
)
"""One row for each quantity that was asked for. `partners` and `rest` are the figures of
the two sides and `estimate` is partners minus rest, in `unit`; `at` names the grade at the
start, or the case. The rest is weighted to the members' mix of starting days, phases and
grades. `said` is what a reader must know beside it, or why there is no figure."""

TRANSITIONS = pa.DataFrameSchema(
    name="transitions",
    columns={
        "from_grade": pa.Column(TEXT, _GRADE),
        "to": pa.Column(TEXT, pa.Check.isin([*GRADES.values(), CLOSED])),
        "partner_schools": _SCHOOLS,
        "partner_share": _SHARE,
        "rest_schools": _SCHOOLS,
        "rest_share": _SHARE,
    },
    checks=[_adds_up("partner_share"), _adds_up("rest_share")],
    unique=["from_grade", "to"],
    strict=True,
    ordered=True,
)
"""Grade at the start against grade on the last day, both sides in one row: no matrix of
members stands without that of the rest. Shares are of the schools that started with
`from_grade`; none where no school did. A school of the rest is followed from each of the
members' starting days on which it was open: `rest_schools` counts it once in a row, and
`rest_share` is weighted to the members' mix of days and phases."""

INSPECTED = pa.DataFrameSchema(
    name="inspected by year",
    columns={
        "year": pa.Column(int, YEAR),
        "partner_schools": _SCHOOLS,
        "partners_inspected": _SCHOOLS,
        "partner_share": _SHARE,
        "partners_since_joining": _SCHOOLS,
        "rest_schools": _SCHOOLS,
        "rest_inspected": _SCHOOLS,
        "rest_share": _SHARE,
        "at_least": pa.Column(bool),
    },
    unique=["year"],
    strict=True,
    ordered=True,
)
"""Who had a graded inspection in an academic year: of the schools that were members when
it began and of the rest. `partners_since_joining` counts those inspected in this year or
an earlier one since they joined. `at_least` says that no file was made within a year
after: inspections that were followed by two others are not told then."""

LEFT_OUT = pa.DataFrameSchema(
    name="schools left out of transitions",
    columns={
        "school_key": pa.Column(TEXT, URN),
        "side": pa.Column(TEXT, pa.Check.isin(["partners", "rest"])),
        "why": pa.Column(TEXT),
    },
    unique=["school_key"],
    strict=True,
    ordered=True,
)
"""Every school that stands in no transition, and why."""
