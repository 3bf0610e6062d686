"""The promise of every fit of a specification curve: `data/robustness/*/specifications.csv`."""

import pandera.pandas as pa

from pipeline.contracts.results import TEXT
from pipeline.measures.measure import GROUPS, KEY_STAGES

CURVES = ("difference in change", "difference in level")
"""What a curve is of: change at joining, or level in the years of membership."""
MEDIAN = "median of all specifications"
"""The quantity of findings that sums a curve up, before a comma and the curve's name."""
CHOICES: dict[str, tuple[str, ...]] = {
    "scale": ("as measured", "by rank among schools"),
    "membership": ("from joining", "from a year later", "only if still a member"),
    "comparison": ("all never members", "like members at the start"),
    "weights": ("each school alike", "by pupils"),
    "covariates": ("none", "number of pupils"),
}
"""The choices beside the years used: each column and what may stand in it."""

_NUMBER = pa.Column(float, nullable=True)
_COUNT = pa.Column("Int64", pa.Check.ge(0), nullable=True)

SPECIFICATIONS = pa.DataFrameSchema(
    name="specifications",
    columns={
        "key_stage": pa.Column(TEXT, pa.Check.isin(KEY_STAGES)),
        "measure": pa.Column(TEXT),
        "group": pa.Column(TEXT, pa.Check.isin(GROUPS)),
        "curve": pa.Column(TEXT, pa.Check.isin(CURVES)),
        **{name: pa.Column(TEXT, pa.Check.isin(said)) for name, said in CHOICES.items()},
        "years": pa.Column(TEXT),
        "estimate": _NUMBER,
        "standard_error": _NUMBER,
        "low": _NUMBER,
        "high": _NUMBER,
        "p_value": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),
        "chance_low": _NUMBER,
        "chance_high": _NUMBER,
        "partner_schools": _COUNT,
        "rest_schools": _COUNT,
        "unit": pa.Column(TEXT),
        "why_not": pa.Column(TEXT, nullable=True),
    },
    checks=[
        pa.Check(
            lambda t: t["standard_error"].notna() | t["why_not"].notna(),
            name="an error, or words that say why there is none",
        ),
        pa.Check(
            lambda t: t["low"].isna() | (t["low"] <= t["estimate"]),
            name="an interval that begins at or below its estimate",
        ),
        pa.Check(
            lambda t: t["high"].isna() | (t["high"] >= t["estimate"]),
            name="an interval that ends at or above its estimate",
        ),
        pa.Check(
            lambda t: t["chance_low"].isna() | (t["chance_low"] <= t["chance_high"]),
            name="a band of chance with its lower end first",
        ),
    ],
    unique=["key_stage", "measure", "group", "curve", *CHOICES, "years"],
    strict=True,
    ordered=True,
)
"""One row for each specification: its choices, its estimate with the interval clustered
as the headline's, and `chance_low` to `chance_high`, between which 95% of the draws of the
permutation test have the estimate of the same rank; blank where not all could be tested.

No curve of change stands here where schools are too few for an impact. Schools' years with
pupils too few to be shown are left out before any fit, so no fit, and no difference of two
fits, tells of them."""

PUBLISHED = SPECIFICATIONS.add_columns({"figures": pa.Column(TEXT)})
"""The same beside a report, where each row says whether its figures are made up: a table is
passed on without the page that says so."""
