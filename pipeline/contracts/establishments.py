"""The promise of what is known of every school: what stands in `data/schools/`."""

import pandera.pandas as pa

from pipeline.contracts.results import PUPILS, TEXT, URN, VALUE_OR_REASON, YEAR
from pipeline.measures.measure import GROUPS, KEY_STAGES

DAY = "datetime64[ms]"
_ROW = {
    "source": pa.Column(TEXT),
    "row": pa.Column(int, pa.Check.ge(1)),
}

ESTABLISHMENTS = pa.DataFrameSchema(
    name="establishments",
    columns={
        "urn": pa.Column(TEXT, URN),
        "laestab": pa.Column(
            TEXT, pa.Check.str_matches(r"^[0-9]{7}$", error="seven digits"), nullable=True
        ),
        "name": pa.Column(TEXT),
        "school_type": pa.Column(TEXT, nullable=True),
        "local_authority": pa.Column(TEXT, nullable=True),
        "town": pa.Column(TEXT, nullable=True),
        "postcode": pa.Column(TEXT, nullable=True),
        "lowest_age": pa.Column("Int64", nullable=True),
        "highest_age": pa.Column("Int64", nullable=True),
        "opened": pa.Column(DAY, nullable=True),
        "closed": pa.Column(DAY, nullable=True),
        "status": pa.Column(TEXT, nullable=True),
    }
    | _ROW,
    unique=["urn"],
    strict=True,
    ordered=True,
)
"""Every establishment of the department's register of schools (GIAS), or of the spine of
older performance tables. `school_type` is in the register's own words ('Academy sponsor
led'). A blank opening date means that the register does not know it, and that the school
is old."""

LINKS = pa.DataFrameSchema(
    name="links",
    columns={
        "urn": pa.Column(TEXT, URN),
        "linked_urn": pa.Column(TEXT, URN),
        "kind": pa.Column(TEXT),
        "established": pa.Column(DAY, nullable=True),
    }
    | _ROW,
    strict=True,
    ordered=True,
)
"""Links between establishments as the register gives them, each from one side: `kind` is
its own word ('Predecessor', 'Successor - merged')."""

TRUST_SPELLS = pa.DataFrameSchema(
    name="trust_spells",
    columns={
        "urn": pa.Column(TEXT, URN),
        "trust": pa.Column(TEXT),
        "trust_name": pa.Column(TEXT),
        "trust_kind": pa.Column(TEXT),
        "joined": pa.Column(DAY, nullable=True),
        "left": pa.Column(DAY, nullable=True),
    }
    | _ROW,
    strict=True,
    ordered=True,
)
"""Which school belonged to which group of schools, from when to when. `trust` is the
group's own number in the register (Group UID)."""

INSPECTIONS = pa.DataFrameSchema(
    name="inspections",
    columns={
        "urn": pa.Column(TEXT, URN),
        "inspected": pa.Column(DAY, nullable=True),
        "published": pa.Column(DAY, nullable=True),
        "known_at": pa.Column(DAY),
        "overall_effectiveness": pa.Column(
            "Int64", pa.Check.isin([1, 2, 3, 4]), nullable=True
        ),
        "reason": pa.Column(TEXT, nullable=True),
    }
    | _ROW,
    checks=[
        pa.Check(
            lambda t: t["overall_effectiveness"].isna() == t["reason"].notna(),
            name="a grade or the reason for its absence",
        )
    ],
    strict=True,
    ordered=True,
)
"""Ofsted's overall effectiveness (1 outstanding to 4 inadequate) as it was known on a
date. State schools get none from September 2024."""

CONTEXT = pa.DataFrameSchema(
    name="context",
    columns={
        "urn": pa.Column(TEXT, URN),
        "year": pa.Column(int, YEAR),
        "item": pa.Column(TEXT),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "value": pa.Column(float, nullable=True),
        "pupils": pa.Column("Int64", PUPILS, nullable=True),
        "reason": pa.Column(TEXT, nullable=True),
    }
    | _ROW,
    checks=[VALUE_OR_REASON],
    unique=["urn", "year", "item", "group"],
    strict=True,
    ordered=True,
)
"""What is known of a school's pupils in a year, one row for each item: census, absence
and destinations. Percentages are 0 to 100."""

CONTEXT_AGGREGATES = pa.DataFrameSchema(
    name="context aggregates",
    columns={
        "record": pa.Column(TEXT),
        "year": pa.Column(int, YEAR),
        "item": pa.Column(TEXT),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "value": pa.Column(float, nullable=True),
        "pupils": pa.Column("Int64", PUPILS, nullable=True),
        "reason": pa.Column(TEXT, nullable=True),
    }
    | _ROW,
    checks=[VALUE_OR_REASON],
    strict=True,
    ordered=True,
)
"""Published totals of the same items: `record` says of whom, in the file's own words."""

TRUST_RESULTS = pa.DataFrameSchema(
    name="trust_results",
    columns={
        "trust": pa.Column(TEXT),
        "trust_name": pa.Column(TEXT),
        "year": pa.Column(int, YEAR),
        "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
        "measure": pa.Column(TEXT),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "value": pa.Column(float, nullable=True),
        "pupils": pa.Column("Int64", PUPILS, nullable=True),
        "schools": pa.Column("Int64", PUPILS, nullable=True),
        "low": pa.Column(float, nullable=True),
        "high": pa.Column(float, nullable=True),
        "reason": pa.Column(TEXT, nullable=True),
    }
    | _ROW,
    checks=[VALUE_OR_REASON],
    unique=["trust", "year", "key_stage", "measure", "group"],
    strict=True,
    ordered=True,
)
"""The department's own figures for groups of schools (multi-academy trust tables), with
its published bounds."""

LINEAGE = pa.DataFrameSchema(
    name="school lineage",
    columns={
        "urn": pa.Column(TEXT, URN),
        "school_key": pa.Column(TEXT, URN),
        "kind": pa.Column(TEXT),
        "linked_urn": pa.Column(TEXT, URN, nullable=True),
        "since": pa.Column(DAY, nullable=True),
    },
    unique=["urn"],
    strict=True,
    ordered=True,
)
"""One stable key for each chain of establishments that are one school. `school_key` is
the URN of the chain's first establishment; `kind` says how this establishment came to
belong to it ('first of its chain', 'conversion', ...), and from which URN, when."""
