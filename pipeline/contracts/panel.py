"""The promise of membership and of the school flow: what stands in `data/panel/`."""

import pandera.pandas as pa

from pipeline.contracts.results import TEXT, URN, YEAR
from pipeline.measures.measure import GROUPS, KEY_STAGES

MEMBERS = pa.DataFrameSchema(
    name="members",
    columns={
        "urn": pa.Column(TEXT, URN),
        "year": pa.Column(int, YEAR),
        "hub": pa.Column(TEXT, nullable=True),
        "first_year": pa.Column(int),
    },
    unique=["urn", "year"],
    strict=True,
    ordered=True,
)
"""One row for each year in which a listed school counts as a member. `first_year` is the
first year in which it ever counts."""

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
