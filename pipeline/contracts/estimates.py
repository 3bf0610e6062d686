"""The promise of estimates: what stands in `data/estimates/`."""

import pandera.pandas as pa

from pipeline.contracts.results import TEXT, YEAR
from pipeline.measures.measure import GROUPS, KEY_STAGES

_CELL = {
    "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
    "measure": pa.Column(TEXT),
    "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
    "year": pa.Column(int, YEAR),
}
_NUMBER = pa.Column(float, nullable=True)
_COUNT = pa.Column("Int64", pa.Check.ge(0), nullable=True)
_WORDS = pa.Column(TEXT, nullable=True)

GAPS = pa.DataFrameSchema(
    name="gaps",
    columns=_CELL
    | {
        "partners": _NUMBER,
        "partners_low": _NUMBER,
        "partners_high": _NUMBER,
        "rest": _NUMBER,
        "rest_low": _NUMBER,
        "rest_high": _NUMBER,
        "gap": _NUMBER,
        "low": _NUMBER,
        "high": _NUMBER,
        "standard_error": _NUMBER,
        "degrees_of_freedom": _NUMBER,
        "dfe_low": _NUMBER,
        "dfe_high": _NUMBER,
        "dfe_said": _WORDS,
        "partner_schools": _COUNT,
        "rest_schools": _COUNT,
        "partner_pupils": _COUNT,
        "rest_pupils": _COUNT,
        "partner_clusters": _COUNT,
        "clustered_by": _WORDS,
        "schools_by_other_pupils": _COUNT,
        "reason": _WORDS,
        "interval_reason": _WORDS,
    },
    checks=[
        pa.Check(
            lambda t: t["gap"].isna() == t["reason"].notna(),
            name="a gap or the reason for its absence",
        ),
        pa.Check(
            lambda t: (
                ((t["partners"] - t["rest"] - t["gap"]).abs() < 1e-6) | t["gap"].isna()
            ),
            name="the gap is partners minus rest",
        ),
        pa.Check(
            lambda t: ((t["low"] <= t["gap"]) & (t["gap"] <= t["high"])) | t["low"].isna(),
            name="the gap lies in its interval",
        ),
    ],
    unique=list(_CELL),
    strict=True,
    ordered=True,
)
"""Partners, rest and gap for every measure, group and year asked for. Where there is no
figure, `reason` says why. `schools_by_other_pupils` counts the schools weighted by their
whole cohort since the number of pupils with a score is not published."""

NATIONAL = pa.DataFrameSchema(
    name="national",
    columns=_CELL
    | {
        "published": _NUMBER,
        "recomputed": _NUMBER,
        "difference": _NUMBER,
        "schools": _COUNT,
        "pupils": _COUNT,
        "published_pupils": _COUNT,
        "source": _WORDS,
    },
    unique=list(_CELL),
    strict=True,
    ordered=True,
)
"""The published figure of all state-funded schools beside the same figure made from the
rows of schools."""

LINEAGE = pa.DataFrameSchema(
    name="lineage",
    columns=_CELL
    | {
        "file": pa.Column(TEXT),
        "sha256": pa.Column(TEXT, pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "partner_rows": _COUNT,
        "rest_rows": _COUNT,
    },
    strict=True,
    ordered=True,
)
"""How many rows of which file each estimate rests on."""
