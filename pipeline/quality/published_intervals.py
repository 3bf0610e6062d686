"""Published confidence intervals, computed again from value, pupils and the national SD."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline.contracts.quality import EVERY_GROUP, INTERVALS
from pipeline.measures.catalogue import measure
from pipeline.measures.measure import KeyStage
from pipeline.quality.bounds import STANDARD_ERRORS, Numbers
from pipeline.quality.digits import NEARLY
from pipeline.quality.national_sd import national_sd
from pipeline.quality.promised import as_promised
from pipeline.quality.recovered_sds import KEY_STAGES_WITH_ONE_SD
from pipeline.quality.weights import BOUNDED
from pipeline.run.rounding import rounded

TARGET = 0.99
"""Share of published intervals that has to be reproduced (METHODS 2.2)."""
NO_ONE_SD = "no one SD gives the bounds of value added at 16 to 18"
NO_SD = "no national SD is known or could be recovered"


def judge_intervals(bounds: pd.DataFrame, recovered: pd.DataFrame) -> pd.DataFrame:
    """Say of each published interval whether it is value +/- 1.96 SD / sqrt(pupils).

    It is reproduced where some number of pupils that it may rest on gives an arm which
    the rounding of value and bounds allows. The SD is the one in `data/reference/`, or
    where there is none, or one that these bounds rule out, the one recovered here: then
    only intervals that contradict each other can fail. Intervals whose pupils are only
    known to lie between half and all of a cohort can be met too easily to count towards
    the target.
    """
    size = len(bounds)
    sd, said, why = np.full(size, np.nan), np.empty(size, object), np.empty(size, object)
    reproduced, beyond = np.zeros(size, bool), np.full(size, np.nan)
    cells = bounds.groupby(["key_stage", "measure", "year"], observed=True).indices
    for (key_stage, code, year), at in _named(cells):
        if key_stage not in KEY_STAGES_WITH_ONE_SD:
            why[at] = NO_ONE_SD
            continue
        known, known_from = _sd_of(key_stage, code, year, recovered)
        if known is None:
            why[at] = NO_SD
            continue
        sd[at], said[at] = known, known_from
        reproduced[at], beyond[at] = _met(bounds.iloc[at], known)
    judged = bounds.assign(
        sd=sd, sd_from=said, reproduced=reproduced, beyond=beyond, reason=why
    )
    judged["in_target"] = judged["sd"].notna() & (judged["pupils_from"] != BOUNDED)
    return judged


def _named(cells: Any) -> Iterator[tuple[tuple[KeyStage, str, int], Any]]:
    for (key_stage, code, year), at in cells.items():
        yield (key_stage, str(code), int(year)), at


def published_intervals(judged: pd.DataFrame) -> pd.DataFrame:
    """Count how many intervals are reproduced, by what they are of."""
    cell = ["record", "key_stage", "year", "measure", "group", "pupils_from"]
    cells = judged.groupby(cell, sort=True, observed=True)
    counted = cells.agg(
        intervals=("reproduced", "size"),
        reproduced=("reproduced", "sum"),
        worst=("beyond", "max"),
        sd=("sd", "first"),
        sd_from=("sd_from", "first"),
        in_target=("in_target", "first"),
        reason=("reason", "first"),
    )
    return as_promised(counted.reset_index(), INTERVALS)


def _sd_of(
    key_stage: KeyStage, code: str, year: int, recovered: pd.DataFrame
) -> tuple[float | None, str | None]:
    """Take the known SD if these bounds allow it, else the one they give themselves."""
    known = national_sd(code, year, centred=measure(key_stage, code).centred_on_national)
    here = recovered[
        (recovered["measure"] == code)
        & (recovered["year"] == year)
        & (recovered["group"] == EVERY_GROUP)
    ].sort_values("intervals")
    if here.empty:
        return known.sd, None if known.sd is None else known.said
    low, high, intervals = (here.iloc[-1][name] for name in ("low", "high", "intervals"))
    if known.sd is not None and low <= known.sd <= high:
        return known.sd, known.said
    why = "" if known.sd is None else f"; these bounds do not allow the {known.sd:g} known"
    middle = rounded((low + high) / 2)
    return middle, f"recovered here from {intervals:,} intervals{why}"


def _met(rows: pd.DataFrame, sd: float) -> tuple[Numbers, Numbers]:
    """Say which intervals the SD meets, and by how much it misses the others."""
    shortest, longest, least, most = (
        rows[name].to_numpy(dtype=float)
        for name in ("shortest", "longest", "least_pupils", "most_pupils")
    )
    reach = STANDARD_ERRORS * sd
    with np.errstate(divide="ignore", invalid="ignore"):
        fewest = np.maximum(least, (reach / longest) ** 2 - NEARLY * most)
        greatest = np.minimum(
            most, np.where(shortest > 0, (reach / shortest) ** 2, np.inf) + NEARLY * most
        )
        short_by = shortest - reach / np.sqrt(least)
        long_by = reach / np.sqrt(most) - longest
    meets = (longest > 0) & (np.ceil(fewest) <= np.floor(greatest))
    beyond = np.where(meets, 0.0, np.maximum(np.maximum(short_by, long_by), 0.0))
    return meets, beyond
