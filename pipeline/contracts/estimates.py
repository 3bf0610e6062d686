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
_SHARE = pa.Column(float, pa.Check.in_range(0, 1), nullable=True)
SIDES = ("partners", "rest")


def _lies_in_its_interval(estimate: str, low: str, high: str) -> pa.Check:
    return pa.Check(
        lambda t: ((t[low] <= t[estimate]) & (t[estimate] <= t[high])) | t[low].isna(),
        name=f"the {estimate} lies between {low} and {high}",
    )


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
        "cr3_standard_error": _NUMBER,
        "cr3_low": _NUMBER,
        "cr3_high": _NUMBER,
        "randomisation_p": _SHARE,
        "randomisation_reason": _WORDS,
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
        _lies_in_its_interval("gap", "cr3_low", "cr3_high"),
        pa.Check(
            lambda t: t["randomisation_p"].isna() | t["randomisation_reason"].isna(),
            name="a randomisation p, or the reason for its absence, not both",
        ),
    ],
    unique=list(_CELL),
    strict=True,
    ordered=True,
)
"""Partners, rest and gap for every measure, group and year asked for. Where there is no
figure, `reason` says why. `schools_by_other_pupils` counts the schools weighted by their
whole cohort since the number of pupils with a score is not published. `low` and `high` are
by CR2, `cr3_low` and `cr3_high` by CR3 with the same degrees of freedom;
`randomisation_p` is the share of random sets of schools with a gap as far out."""

DISADVANTAGE = pa.DataFrameSchema(
    name="disadvantage",
    columns={name: column for name, column in _CELL.items() if name != "group"}
    | {
        f"{side}_{name}": _NUMBER
        for side in SIDES
        for name in (
            "disadvantaged",
            "others",
            "gap",
            "low",
            "high",
            "within_schools",
            "between_schools",
        )
    }
    | {
        "difference": _NUMBER,
        "standard_error": _NUMBER,
        "low": _NUMBER,
        "high": _NUMBER,
        "degrees_of_freedom": _NUMBER,
        "to_others_nationally": _NUMBER,
        "to_others_nationally_low": _NUMBER,
        "to_others_nationally_high": _NUMBER,
    }
    | {
        f"{side}_{name}": _COUNT
        for side in SIDES
        for name in (
            "schools",
            "schools_with_one_group",
            "schools_left_out",
            "disadvantaged_pupils",
            "other_pupils",
        )
    }
    | {
        "partners_clusters": _COUNT,
        "clustered_by": _WORDS,
        "others_from": _WORDS,
        "reason": _WORDS,
        "interval_reason": _WORDS,
    },
    checks=[
        pa.Check(
            lambda t: t["difference"].isna() == t["reason"].notna(),
            name="a difference or the reason for its absence",
        ),
        *(
            pa.Check(
                lambda t, side=side: (
                    (
                        (
                            t[f"{side}_within_schools"]
                            + t[f"{side}_between_schools"]
                            - t[f"{side}_gap"]
                        ).abs()
                        < 1e-6
                    )
                    | t["difference"].isna()
                ),
                name=f"the gap of {side} is the sum of its two parts",
            )
            for side in SIDES
        ),
        pa.Check(
            lambda t: (
                ((t["partners_gap"] - t["rest_gap"] - t["difference"]).abs() < 1e-6)
                | t["difference"].isna()
            ),
            name="the difference is the gap of partners less that of the rest",
        ),
        _lies_in_its_interval("difference", "low", "high"),
    ],
    unique=["key_stage", "measure", "year"],
    strict=True,
    ordered=True,
)
"""Disadvantaged less other pupils on each side, split within and between schools, and how
far the two gaps are apart. `to_others_nationally` is disadvantaged pupils of partners less
all other pupils. `schools_left_out` have a figure of all or of one group, and lack that of
a group that they have pupils of.
`others_from` says whether the figures of other pupils are published or made."""

SPREAD = pa.DataFrameSchema(
    name="spread",
    columns=_CELL
    | {
        "side": pa.Column(TEXT, pa.Check.isin(SIDES)),
        "mean": _NUMBER,
        "standard_error": _NUMBER,
        "low": _NUMBER,
        "high": _NUMBER,
        "between_schools_sd": _NUMBER,
        "i_squared": pa.Column(float, pa.Check.in_range(0, 100), nullable=True),
        "q_p_value": _SHARE,
        "prediction_low": _NUMBER,
        "prediction_high": _NUMBER,
        "share_above_national": _SHARE,
        "schools": _COUNT,
        "reason": _WORDS,
        "share_reason": _WORDS,
    },
    checks=[
        pa.Check(
            lambda t: t["mean"].isna() == t["reason"].notna(),
            name="a mean or the reason for its absence",
        ),
        _lies_in_its_interval("mean", "low", "high"),
        _lies_in_its_interval("mean", "prediction_low", "prediction_high"),
        pa.Check(
            lambda t: (
                t["mean"].isna()
                | (t["share_above_national"].isna() == t["share_reason"].notna())
            ),
            name="a share or the reason for its absence",
        ),
    ],
    unique=[*_CELL, "side"],
    strict=True,
    ordered=True,
)
"""The random-effects mean of the schools of each side: what a typical school shows, how
schools differ beyond the luck of their pupils, where another such school's true value
lies, and what share of such schools lies above the nation's zero."""

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
