"""Published bounds as data: each with its pupils and the digit it is rounded to."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import KEY_STAGES
from pipeline.quality.digits import NEARLY, half_a_digit
from pipeline.quality.published import Published
from pipeline.quality.weights import COVERED, HALF_A_PER_CENT, LEAST_SHARE

SCHOOLS = "schools"
TRUSTS = "groups of schools"
# SOURCE: the department's accountability guidance: an interval reaches 1.96 standard
# errors to either side, SD / sqrt(pupils) each.
STANDARD_ERRORS = 1.96

Numbers = npt.NDArray[np.float64]
_COLUMNS = [
    "source",
    "record",
    "key_stage",
    "year",
    "measure",
    "group",
    "pupils_from",
    "least_pupils",
    "most_pupils",
    "shortest",
    "longest",
]


def published_bounds(table: Published) -> pd.DataFrame:
    """List every published interval that says on how many pupils it rests.

    Each has the fewest and the most pupils that it may rest on, and the shortest and the
    longest arm (half of its width) that its rounding allows. Figures of authorities and
    of England that stand in several files count once.
    """
    totals = table.aggregates[table.aggregates["low"].notna()].sort_values("source")
    once = ["record", "local_authority", "year", "measure", "group"]
    parts = []
    for rows in (table.results.assign(record=SCHOOLS), totals.drop_duplicates(once)):
        bounded = rows[["value", "low", "high"]].notna().all(axis=1)
        counted = rows[bounded & (rows["weight"] > 0)]
        least = np.ceil(counted["least"] - NEARLY).clip(lower=1)
        most = np.floor(counted["most"] + NEARLY)
        about = counted.assign(
            key_stage=table.key_stage, least_pupils=least, most_pupils=most
        )
        parts.append(_with_arms(about))
    return joined(parts)


def trust_bounds(trusts: pd.DataFrame) -> pd.DataFrame:
    """List the intervals of groups of schools (TRUST_RESULTS).

    Their pupils are worked out from shares in whole per cents, so they are known to
    within half a per cent of each share.
    """
    rows = trusts[trusts[["value", "low", "high"]].notna().all(axis=1)]
    rows = rows[(rows["pupils"] > 0).fillna(value=False).to_numpy(dtype=bool)]
    pupils = rows["pupils"].astype(float)
    of_trust = ["trust", "year", "key_stage", "measure"]
    everyone = pupils.groupby([rows[name] for name in of_trust]).transform("max")
    # Half a per cent of the covered, and for a group as much of its share of all pupils.
    of_group = (HALF_A_PER_CENT * everyone / pupils).where(rows["group"] != "all", 0)
    slack = HALF_A_PER_CENT / LEAST_SHARE + of_group
    measures = {m.code: m for stage in KEY_STAGES for m in MEASURES[stage]}
    about = rows.assign(
        half=half_a_digit(rows, measures),
        record=TRUSTS,
        pupils_from=COVERED,
        least_pupils=np.ceil(pupils * (1 - slack) - 1).clip(lower=1),
        most_pupils=np.floor(pupils * (1 + slack) + 1),
    )
    return joined([_with_arms(about)])


def _with_arms(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the shortest and longest arm that three rounded figures allow.

    Value and bounds are each off by half a digit at most. The arm is half of the width to
    half a digit, and the distance of the value to either bound to a whole digit.
    """
    half = rows["half"]
    below, above = rows["value"] - rows["low"], rows["high"] - rows["value"]
    middle = (rows["high"] - rows["low"]) / 2
    return rows.assign(
        shortest=np.maximum(middle - half, np.maximum(below, above) - 2 * half),
        longest=np.minimum(middle + half, np.minimum(below, above) + 2 * half),
    )[_COLUMNS]


def joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put bounds of several years or kinds under each other."""
    having = [part for part in parts if len(part)]
    if not having:
        return pd.DataFrame(columns=_COLUMNS)
    return pd.concat(having, ignore_index=True)
