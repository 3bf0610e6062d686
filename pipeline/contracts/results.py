"""The promise of cleaned results: what stands in `data/results/`."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from pipeline.measures.catalogue import TABLES
from pipeline.measures.measure import GROUPS

TEXT = pd.StringDtype(na_value=np.nan)
WORD = "category"
"""A text that repeats: millions of rows say one of a few hundred words."""
URN = pa.Check.str_matches(r"^[0-9]{6}$", error="six digits")
YEAR = pa.Check.in_range(2000, 2100, error="an academic year (its end)")
PUPILS = pa.Check.ge(0, error="no negative number of pupils")
# A cell without a number says why, and a number needs no reason.
VALUE_OR_REASON = pa.Check(
    lambda table: table["value"].isna() == table["reason"].notna(),
    name="a value or the reason for its absence",
)

SCHOOL_RECORDS = sorted({code for t in TABLES.values() for code in t.SCHOOL_RECORDS})
RELEASES = ("final", "revised", "provisional")

RESULTS = pa.DataFrameSchema(
    name="results",
    columns={
        "urn": pa.Column(TEXT, URN),
        "school_key": pa.Column(TEXT, URN),
        "year": pa.Column(int, YEAR),
        "measure": pa.Column(WORD),
        "group": pa.Column(WORD, pa.Check.isin(GROUPS)),
        "value": pa.Column(float, nullable=True),
        "pupils": pa.Column("Int64", PUPILS, nullable=True),
        "low": pa.Column(float, nullable=True),
        "high": pa.Column(float, nullable=True),
        "reason": pa.Column(WORD, nullable=True),
        "release": pa.Column(WORD, pa.Check.isin(RELEASES)),
        "source": pa.Column(WORD),
        "row": pa.Column(int, pa.Check.ge(2)),
        "pupils_column": pa.Column(WORD, nullable=True),
    },
    checks=[VALUE_OR_REASON],
    unique=["urn", "year", "measure", "group"],
    strict=True,
    ordered=True,
)
"""One row per school, year, measure and group as published. `value` is as published
(percentages 0 to 100); `pupils` are the pupils it rests on, from `pupils_column`.
`school_key` is the same for every number that one school ever had (`data/schools/`)."""

SCHOOLS = pa.DataFrameSchema(
    name="schools",
    columns={
        "urn": pa.Column(TEXT, URN),
        "school_key": pa.Column(TEXT, URN),
        "year": pa.Column(int, YEAR),
        "name": pa.Column(TEXT),
        "local_authority": pa.Column(TEXT),
        "record_type": pa.Column(TEXT, pa.Check.isin(SCHOOL_RECORDS)),
        "school_type": pa.Column(TEXT),
        "place": pa.Column(TEXT),
        "release": pa.Column(TEXT, pa.Check.isin(RELEASES)),
        "source": pa.Column(TEXT),
        "row": pa.Column(int, pa.Check.ge(2)),
    },
    unique=["urn", "year"],
    strict=True,
    ordered=True,
)
"""Every school row of the tables. `place` is 'state-funded mainstream' or the reason why
a comparison leaves the school out."""

AGGREGATES = pa.DataFrameSchema(
    name="aggregates",
    columns={
        "record": pa.Column(TEXT),
        "local_authority": pa.Column(TEXT),
        "year": pa.Column(int, YEAR),
        "measure": pa.Column(TEXT),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "value": pa.Column(float, nullable=True),
        "pupils": pa.Column("Int64", PUPILS, nullable=True),
        "low": pa.Column(float, nullable=True),
        "high": pa.Column(float, nullable=True),
        "reason": pa.Column(TEXT, nullable=True),
        "release": pa.Column(TEXT, pa.Check.isin(RELEASES)),
        "source": pa.Column(TEXT),
        "row": pa.Column(int, pa.Check.ge(2)),
        "pupils_column": pa.Column(TEXT, nullable=True),
    },
    checks=[VALUE_OR_REASON],
    strict=True,
    ordered=True,
)
"""Published figures of local authorities and of England. They are used to check our own
recomputation; no comparison is made from them."""
