"""Which records are of a day on which the person's school was no member."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.records import (
    ENGAGEMENT,
    EXCLUSIONS,
    OUTSIDE_MEMBERSHIP,
    as_promised,
)
from pipeline.records.engagement import FILE

NEVER = "the school is not in the register"
BEFORE = "before the school joined"
AFTER = "after the school left"
BETWEEN = "between two memberships of the school"


@dataclass(frozen=True)
class Membership:
    """Records of engagement, parted by whether the school was a member on the day."""

    inside: pd.DataFrame
    """As ENGAGEMENT promises."""
    outside: pd.DataFrame
    """As OUTSIDE_MEMBERSHIP promises: the row and why it is out."""
    exclusions: pd.DataFrame
    """As EXCLUSIONS promises: how many rows for each reason."""


def outside_membership(
    engagement: pd.DataFrame,
    spells: pd.DataFrame,
    key_of: Callable[[pd.Series], pd.Series] | None = None,
) -> Membership:
    """Part records of engagement by membership on their day.

    `engagement` is as ENGAGEMENT promises, `spells` has the columns urn, joined and
    left (blank while it lasts) as `membership.Register.spells`. A school is a member
    from the day of joining to the day of leaving, both included. `key_of` gives the
    numbers of one school one key (`KnownSchools.key_of`): without it a school that
    became an academy counts under the number that the register lists only.
    """
    of_school = key_of or (lambda urns: urns)
    parts = pd.DataFrame(
        {
            "key": of_school(engagement["urn"]).to_numpy(),
            "date": engagement["date"].to_numpy(),
            "place": np.arange(len(engagement)),
        }
    )
    held = pd.DataFrame(
        {
            "key": of_school(spells["urn"]).to_numpy(),
            "joined": pd.to_datetime(spells["joined"]).to_numpy(),
            "left": pd.to_datetime(spells["left"]).to_numpy(),
        }
    )
    met = parts.merge(held, on="key", how="left")
    met["is_inside"] = (met["joined"] <= met["date"]) & ~(met["left"] < met["date"])
    met["is_ahead"] = met["joined"] > met["date"]
    found = met.groupby("place").agg(
        is_listed=("joined", "count"),
        is_inside=("is_inside", "any"),
        has_ahead=("is_ahead", "any"),
        all_ahead=("is_ahead", "all"),
    )
    is_inside = found["is_inside"].to_numpy(dtype=bool)
    reason = np.select(
        [found["is_listed"] == 0, found["all_ahead"], found["has_ahead"]],
        [NEVER, BEFORE, BETWEEN],
        AFTER,
    )
    outside = engagement.assign(reason=reason)[~is_inside]
    return Membership(
        inside=promise.check(as_promised(engagement[is_inside], ENGAGEMENT), ENGAGEMENT),
        outside=promise.check(as_promised(outside, OUTSIDE_MEMBERSHIP), OUTSIDE_MEMBERSHIP),
        exclusions=_counted(outside["reason"]),
    )


def _counted(reasons: pd.Series) -> pd.DataFrame:
    counts = reasons.value_counts().sort_index()
    table = pd.DataFrame(
        {
            "file": FILE,
            "reason": counts.index.to_numpy(dtype=object),
            "excluded": counts.to_numpy(),
        }
    )
    return promise.check(as_promised(table, EXCLUSIONS), EXCLUSIONS)
