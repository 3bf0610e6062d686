"""Panels of made-up schools, as `outcome_panel` lays them out."""

import numpy as np
import pandas as pd

from pipeline.improvement.panel import (
    BY_HUB_OR_TRUST,
    BY_SCHOOL,
    PUPIL_SD,
    OutcomePanel,
)
from pipeline.measures.catalogue import measure

YEARS = (2016, 2017, 2018, 2019)


def made_panel(
    cohorts: dict[int, int],
    *,
    others: int = 80,
    years: tuple[int, ...] = YEARS,
    jump: float = 0.0,
    rise: float = 0.0,
    hubs: int | None = None,
    closed: str | None = None,
    noise: float = 0.2,
) -> OutcomePanel:
    """Make schools of each cohort and others; members gain `jump` from joining on.

    `rise` is what members gain each year anyway. With `hubs`, members stand in so many
    hubs in turn; without, each school is its own cluster.
    """
    random = np.random.Generator(np.random.PCG64(7))
    cohort = np.repeat([*cohorts, 0], [*cohorts.values(), others]).astype(int)
    keys = np.array([f"{100001 + n}" for n in range(len(cohort))], dtype=object)
    level, pupils = (
        random.normal(0, 0.3, len(cohort)),
        random.integers(30, 200, len(cohort)),
    )
    own = "school " + keys
    hub = np.array([f"hub {n % (hubs or 1)}" for n in range(len(cohort))], dtype=object)
    first = {
        "log_pupils": np.log(pupils),
        "disadvantaged_share": random.random(len(cohort)),
    }
    parts = [
        pd.DataFrame(
            {
                "school_key": keys,
                "urn": keys,
                "year": year,
                "outcome": level
                + random.normal(0, noise, len(cohort))
                + jump * ((cohort > 0) & (cohort <= year))
                + rise * (cohort > 0) * (year - years[0]),
                "pupils": pupils.astype(float),
                "sd": 1.0,
                "is_member": (cohort > 0) & (cohort <= year),
                "ever_member": cohort > 0,
                "cohort": cohort,
                "trust": None,
                "region": "London",
                "cluster": np.where((cohort > 0) & (hubs is not None), hub, own),
                **first,
            }
        )
        for year in years
    ]
    frame = pd.concat(parts).sort_values(["school_key", "year"], ignore_index=True)
    return OutcomePanel(
        measure=measure("ks4", "progress_8"),
        group="all",
        frame=frame.assign(value=frame["outcome"]),
        unit=PUPIL_SD,
        clustered_by=BY_SCHOOL if hubs is None else BY_HUB_OR_TRUST,
        years=years,
        years_without={},
        closed=closed,
        level=0.95,
    )


NO_GRADES = pd.DataFrame(
    {
        "school_key": pd.Series(dtype=object),
        "known_at": pd.Series(dtype="datetime64[ms]"),
        "grade": pd.Series(dtype=int),
    }
)


def rows(found: pd.DataFrame, question: str, quantity: str | None = None) -> pd.DataFrame:
    """Give the rows of one question, or of one quantity of it."""
    asked = found["question"] == question
    return found[asked if quantity is None else asked & (found["quantity"] == quantity)]
