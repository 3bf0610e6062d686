"""Every method that is calibrated, and in which worlds."""

import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import get_args

import numpy as np

from pipeline.estimators.gap_to_rest import gap_to_rest
from pipeline.run.parameters import WorldName
from tests.calibration.challenges import false_members, false_years, honest
from tests.calibration.changes import event_study, growth, matched, starting_point
from tests.calibration.few_schools import few_schools
from tests.calibration.panels import Drawn, draw
from tests.calibration.said import Method, Said

LAST_YEAR = 2019
"""Year of the gap: the last before the pandemic."""
EVERY: tuple[WorldName, ...] = get_args(WorldName)
WITHOUT_EFFECT: tuple[WorldName, ...] = (
    "no-effect",
    "selection-on-level",
    "selection-on-trend",
    "regression-to-the-mean",
)


def gap(drawn: Drawn) -> Iterator[Said]:
    """Gap of one year, by CR2 and by the department's convention."""
    year = drawn.frame[drawn.frame["year"] == LAST_YEAR]
    own, weight = year["is_member"].to_numpy(), year["pupils"].to_numpy()
    sides = [(own, 1.0), (~own, -1.0)]
    truth = sum(s * np.average(year["expected"][w], weights=weight[w]) for w, s in sides)
    cluster = np.where(own, year["cluster"], "school " + year["school"].astype(str))
    found = gap_to_rest(year["outcome"].to_numpy(), weight, own, cluster, pupil_sd=1.0)
    if found.low is not None:
        yield Said("gap to the rest", truth, found.gap, found.low, found.high)
    yield Said(
        "gap to the rest, department's convention",
        truth,
        found.gap,
        found.dfe_low,
        found.dfe_high,
    )


@dataclass(frozen=True)
class Calibrated:
    """A method, and the worlds in which it is worth its time."""

    method: Method
    worlds: tuple[WorldName, ...] = EVERY


METHODS = (
    Calibrated(gap),
    Calibrated(growth),
    Calibrated(starting_point),
    Calibrated(event_study),
    Calibrated(matched),
    Calibrated(few_schools, ("no-effect", "constant-effect")),
    Calibrated(honest, WITHOUT_EFFECT),
    Calibrated(false_years, (*WITHOUT_EFFECT, "anticipation")),
    Calibrated(false_members, ("no-effect",)),
)


def of_seeds(world: WorldName, seeds: tuple[int, ...], schools: int) -> list[dict]:
    """What every method says of these panels of one world."""
    warnings.simplefilter("error")
    rows = []
    for seed in seeds:
        drawn = draw(world, seed, schools=schools)
        for each in METHODS:
            if world not in each.worlds:
                continue
            said = {"world": world, "seed": seed}
            try:
                rows += [said | asdict(one) for one in each.method(drawn)]
            except ValueError as refused:
                rows.append(
                    said | {"method": each.method.__name__, "refused": str(refused)}
                )
    return rows
