"""The promise of what was found about change: what stands in `data/improvement/`."""

import pandera.pandas as pa

from pipeline.contracts.results import TEXT
from pipeline.measures.measure import GROUPS, KEY_STAGES

QUESTIONS = (
    "growth",
    "event study",
    "matched comparison",
    "starting point",
    "composition",
    "effect size",
    "sensitivity",
    "placebo",
    "leave one out",
    "attrition",
    "specification curve",
    "few schools",
)
"""What is asked; each has a page of its name in `reports/methods/`."""
BY_WAVE = "change by waves since joining"
BY_YEAR = "change by calendar years since joining"
"""The event study's quantities: `at` is the time since joining, such as -2 or +1."""
STATUSES = ("estimate", "diagnostic", "trajectory", "withheld", "not possible")

_NUMBER = pa.Column(float, nullable=True)
_COUNT = pa.Column("Int64", pa.Check.ge(0), nullable=True)

FINDINGS = pa.DataFrameSchema(
    name="findings",
    columns={
        "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
        "measure": pa.Column(TEXT),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "question": pa.Column(TEXT, pa.Check.isin(QUESTIONS)),
        "quantity": pa.Column(TEXT),
        "at": pa.Column(TEXT, nullable=True),
        "status": pa.Column(TEXT, pa.Check.isin(STATUSES)),
        "estimate": _NUMBER,
        "standard_error": _NUMBER,
        "low": _NUMBER,
        "high": _NUMBER,
        "p_value": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),
        "partner_schools": _COUNT,
        "rest_schools": _COUNT,
        "unit": pa.Column(TEXT),
        "said": pa.Column(TEXT, nullable=True),
        "adjusted_p": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),
        "adjusted_by": pa.Column(TEXT, nullable=True),
    },
    checks=[
        pa.Check(
            lambda t: t["estimate"].notna() | t["said"].notna(),
            name="an estimate, or words that say why there is none",
        ),
        pa.Check(
            lambda t: t["low"].isna() | (t["low"] <= t["high"]),
            name="an interval with its lower end first",
        ),
        pa.Check(
            lambda t: (
                ~t["status"].isin(["withheld", "not possible"]) | t["estimate"].isna()
            ),
            name="nothing shown that is withheld",
        ),
        pa.Check(
            lambda t: t["adjusted_p"].notna() == t["adjusted_by"].notna(),
            name="an adjusted p says how it was adjusted",
        ),
        pa.Check(
            lambda t: t["adjusted_p"].isna() | (t["adjusted_p"] >= t["p_value"]),
            name="no p made smaller by adjusting",
        ),
    ],
    unique=["key_stage", "measure", "group", "question", "quantity", "at"],
    strict=True,
    ordered=True,
)
"""One row for each quantity that was asked for. `at` says for which years since joining,
stratum or bound; `status` whether it is an estimate of the question, a diagnostic of
another, a trajectory that too few schools make (no estimate of an impact), or withheld;
`said` what a reader must know beside it. `standard_error` is the one that interval and p
rest on: of the event study with its correction for few clusters. `adjusted_p` is what is
left of the p of an estimate among all that were asked in the evaluation, `adjusted_by` how
many and how."""
