"""The promise of the quality checks: what stands in `data/quality/`."""

import pandera.pandas as pa

from pipeline.contracts.results import RELEASES, TEXT, YEAR
from pipeline.measures.measure import GROUPS, KEY_STAGES

EVERY_GROUP = "every group"

AGREES = "agrees to rounding"
EXPLAINED = "explained"
DIFFERS = "differs"
NOT_RECOMPUTABLE = "not recomputable"
WITHHELD = "withheld"
NOT_PUBLISHED = "no figure published"
VERDICTS = (AGREES, EXPLAINED, DIFFERS, NOT_RECOMPUTABLE, WITHHELD, NOT_PUBLISHED)

FIT = "fit for use"
RESERVATIONS = "fit with reservations"
NOT_FIT = "not fit for use"

FAULT = "fault"
RESERVATION = "reservation"
NOTE = "note"

_CELL = {
    "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
    "year": pa.Column(int, YEAR),
    "measure": pa.Column(TEXT),
    "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
}
_FILE = {
    "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
    "year": pa.Column(int, YEAR),
    "file": pa.Column(TEXT),
}
_NUMBER = pa.Column(float, nullable=True)
_COUNT = pa.Column(int, pa.Check.ge(0))
_WORDS = pa.Column(TEXT, nullable=True)
_SHARE = pa.Column(float, pa.Check.in_range(0, 1), nullable=True)

BACK_TEST = pa.DataFrameSchema(
    name="back test",
    columns={
        "record": pa.Column(TEXT),
        "local_authority": _WORDS,
    }
    | _CELL
    | {
        "release": pa.Column(TEXT, pa.Check.isin(RELEASES)),
        "source": pa.Column(TEXT),
        "published": _NUMBER,
        "recomputed": _NUMBER,
        "difference": _NUMBER,
        "rounding": _NUMBER,
        "coverage": _WORDS,
        "possible_low": _NUMBER,
        "possible_high": _NUMBER,
        "rest_would_hold": _NUMBER,
        "schools": pa.Column("Int64", pa.Check.ge(0), nullable=True),
        "verdict": pa.Column(TEXT, pa.Check.isin(VERDICTS)),
        "reason": _WORDS,
    },
    checks=[
        pa.Check(
            lambda t: (
                (t["recomputed"] - t["published"] - t["difference"]).abs().fillna(0) < 1e-6
            ),
            name="the difference is recomputed minus published",
        ),
        pa.Check(
            lambda t: (t["verdict"] != AGREES) | (t["difference"].abs() <= t["rounding"]),
            name="what agrees lies within the rounding",
        ),
        pa.Check(
            lambda t: (
                (t["verdict"] != WITHHELD)
                | t[["recomputed", "difference", "coverage"]].isna().all(axis=1)
            ),
            name="a row that is withheld shows no figure of ours",
        ),
        pa.Check(
            lambda t: (t["verdict"] == AGREES) | t["reason"].notna(),
            name="a row that does not simply agree says why",
        ),
    ],
    unique=["record", "local_authority", "key_stage", "year", "measure", "group"],
    strict=True,
    ordered=True,
)
"""Every published figure of a local authority or of England beside the same figure made
from the rows of its schools. `rounding` is what the rounding of both can explain,
`possible_low` to `possible_high` what the figure may be given the pupils in no row, and
`rest_would_hold` what those pupils would have on average if the rest is right. The last
three stand only where nothing on few pupils can be had from them."""

INTERVALS = pa.DataFrameSchema(
    name="published intervals",
    columns={"record": pa.Column(TEXT)}
    | _CELL
    | {
        "pupils_from": pa.Column(TEXT),
        "intervals": _COUNT,
        "reproduced": _COUNT,
        "worst": _NUMBER,
        "sd": _NUMBER,
        "sd_from": _WORDS,
        "in_target": pa.Column(bool),
        "reason": _WORDS,
    },
    checks=[
        pa.Check(
            lambda t: t["reproduced"] <= t["intervals"],
            name="no more intervals reproduced than there are",
        ),
        pa.Check(
            lambda t: ~t["in_target"] | t["sd"].notna(),
            name="what counts towards the target has a national SD",
        ),
    ],
    unique=["record", "key_stage", "year", "measure", "group", "pupils_from"],
    strict=True,
    ordered=True,
)
"""How many published intervals are value +/- 1.96 SD / sqrt(pupils) to their rounding.
`worst` is by how much the worst lies beyond it, in the measure's unit; `in_target` says
whether the row counts towards the 99 in 100 that have to be reproduced."""

RECOVERED_SDS = pa.DataFrameSchema(
    name="recovered SDs",
    columns=_CELL
    | {
        "group": pa.Column(TEXT, pa.Check.isin([*GROUPS, EVERY_GROUP])),
        "pupils_from": pa.Column(TEXT),
        "intervals": _COUNT,
        "regression": pa.Column(float, pa.Check.gt(0)),
        "low": _NUMBER,
        "high": _NUMBER,
        "within": _SHARE,
        "known": _NUMBER,
        "known_from": _WORDS,
    },
    checks=[
        pa.Check(
            lambda t: (t["low"] <= t["high"]) | t["low"].isna(),
            name="the range is in order",
        )
    ],
    unique=["key_stage", "year", "measure", "group", "pupils_from"],
    strict=True,
    ordered=True,
)
"""The national SD of pupils' scores that the published bounds rest on, recovered from
them, beside the one in `data/reference/`: by regression of widths, and as the range from
`low` to `high` that the rounding of most bounds allows; `within` is the share of intervals
that every SD of the range meets."""

ROWS = pa.DataFrameSchema(
    name="rows of files",
    columns=_FILE | {"kind": pa.Column(TEXT), "rows": _COUNT},
    unique=["file", "kind"],
    strict=True,
    ordered=True,
)
"""How many rows of which kind each file holds; together they are all its rows."""

CODES = pa.DataFrameSchema(
    name="codes",
    columns=_CELL | {"reason": _WORDS, "schools": _COUNT},
    unique=["key_stage", "year", "measure", "group", "reason"],
    strict=True,
    ordered=True,
)
"""How many schools have a figure (`reason` is empty), and how many have which reason in
its place."""

MISSING = pa.DataFrameSchema(
    name="missing figures",
    columns={
        "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
        "year": pa.Column(int, YEAR),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "size": pa.Column(TEXT),
        "cells": _COUNT,
        "missing": _COUNT,
        "suppressed": _COUNT,
        "undecided": _COUNT,
    },
    checks=[
        pa.Check(
            lambda t: (
                (t["suppressed"] + t["undecided"] <= t["missing"])
                & (t["missing"] <= t["cells"])
            ),
            name="suppressed figures are missing, missing figures are cells",
        )
    ],
    unique=["key_stage", "year", "group", "size"],
    strict=True,
    ordered=True,
)
"""Figures that state-funded mainstream schools lack, by the size of the school's group.
`suppressed` are those with the code of it; `undecided` stand blank in files that hold no
such code, so that nobody can say whether they were suppressed."""

CHECKS = pa.DataFrameSchema(
    name="checks",
    columns=_FILE
    | {
        "check": pa.Column(TEXT),
        "about": pa.Column(TEXT),
        "examined": _COUNT,
        "failed": _COUNT,
        "share_short": _SHARE,
        "weight": pa.Column(TEXT, pa.Check.isin([FAULT, RESERVATION, NOTE])),
        "if_failed": pa.Column(TEXT),
    },
    checks=[
        pa.Check(
            lambda t: t["failed"] <= t["examined"], name="no more failures than examined"
        )
    ],
    unique=["file", "check", "about"],
    strict=True,
    ordered=True,
)
"""What was examined in each file and how much of it failed. `weight` says what a failure
does to the verdict on the file, and `if_failed` what is said of it then. `share_short` is
the share of pupils that groups lack of all pupils, over many schools together."""

CONTINUITY = pa.DataFrameSchema(
    name="continuity of schools",
    columns={
        "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
        "year": pa.Column(int, YEAR),
        "before": pa.Column(int, YEAR),
        "place": pa.Column(TEXT),
        "schools": _COUNT,
        "stayed": _COUNT,
        "came": _COUNT,
        "went": _COUNT,
    },
    unique=["key_stage", "year", "place"],
    strict=True,
    ordered=True,
)
"""Schools of one year's tables that stand in the tables of the year before, and that do
not, by their stable key, for each kind of school. A school that went is of the kind that it
was, any other of the kind that it is."""

JUMPS = pa.DataFrameSchema(
    name="jumps between years",
    columns=_CELL
    | {
        "before": pa.Column(int, YEAR),
        "schools": _COUNT,
        "correlation": pa.Column(float, pa.Check.in_range(-1, 1), nullable=True),
        "median_change": _NUMBER,
        "usual_change": _NUMBER,
        "jumps": _COUNT,
    },
    unique=["key_stage", "year", "measure", "group"],
    strict=True,
    ordered=True,
)
"""How much the figures of the same schools moved from one year to the next. A jump is a
change far beyond the usual one; jumps are counted, and no school is named."""

FILES = pa.DataFrameSchema(
    name="verdicts on files",
    columns=_FILE
    | {
        "release": pa.Column(TEXT, pa.Check.isin(RELEASES)),
        "area": pa.Column(TEXT),
        "sha256": pa.Column(TEXT, pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "verdict": pa.Column(TEXT, pa.Check.isin([FIT, RESERVATIONS, NOT_FIT])),
        "why": _WORDS,
    },
    checks=[
        pa.Check(
            lambda t: (t["verdict"] == FIT) | t["why"].notna(),
            name="a verdict other than fit says why",
        )
    ],
    unique=["file"],
    strict=True,
    ordered=True,
)
"""Each file that was read: fit for use, fit with reservations, or not, and why."""
