"""The promise of membership and of the school flow: what stands in `data/panel/`."""

import pandera.pandas as pa

from pipeline.contracts.results import TEXT, URN, YEAR
from pipeline.measures.measure import GROUPS, KEY_STAGES

MEMBERS = pa.DataFrameSchema(
    name="members",
    columns={
        "school_key": pa.Column(TEXT, URN),
        "urn": pa.Column(TEXT, URN),
        "year": pa.Column(int, YEAR),
        "hub": pa.Column(TEXT, nullable=True),
        "cohort": pa.Column(TEXT, nullable=True),
        "trust": pa.Column(TEXT, nullable=True),
        "first_year": pa.Column(int),
        "exposure": pa.Column(int, pa.Check.ge(1)),
    },
    checks=[
        pa.Check(
            lambda t: t["exposure"] <= t["year"] - t["first_year"] + 1,
            name="no more years of membership than have passed since the first",
        )
    ],
    unique=["school_key", "year"],
    strict=True,
    ordered=True,
)
"""One row for each year in which a listed school counts as a member: `urn` as the register
lists it, `hub` and `trust` on 1 September. `first_year` is the first year in which it ever
counts, `exposure` the number of years in which it has counted, this one included."""

FLOW = pa.DataFrameSchema(
    name="flow",
    columns={
        "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
        "year": pa.Column(int, YEAR),
        "measure": pa.Column(TEXT),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "side": pa.Column(TEXT, pa.Check.isin(["partners", "rest"])),
        "step": pa.Column(TEXT),
        "reason": pa.Column(TEXT, nullable=True),
        "schools": pa.Column(int, pa.Check.ge(0)),
    },
    strict=True,
    ordered=True,
)
"""How many schools reach each step, and how many are lost before it and why. Rows with
an empty `reason` count the schools that remain."""
