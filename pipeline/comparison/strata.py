"""Schools alike enough that any other could have been a member in place of one."""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from scipy import special

from pipeline.run import locations

NO_REGION = "no region"
# ASSUME: schools of one phase, region and third of size could have been members in place
# of each other. Whether a school selects its pupils stands in no table that is read.
SIZES = 3


def strata_of(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Label each school by its region and its third of size; a key stage is one phase.

    `rows` have `local_authority` and `pupils`, one row per school. Thirds are of these
    schools, by pupils. Schools of an authority without a known region are one region.
    """
    region = rows["local_authority"].map(_region_of(locations.reference("regions.yaml")))
    pupils = rows["pupils"].to_numpy(dtype=float)
    edges = np.quantile(pupils, np.arange(1, SIZES) / SIZES)
    size = pd.Series(np.searchsorted(edges, pupils), index=rows.index)
    labels = region.fillna(NO_REGION).astype(object) + ", size " + size.astype(str)
    return labels.to_numpy(dtype=object)


def why_no_randomisation(
    is_partner: npt.NDArray[np.bool_],
    strata: npt.NDArray[np.object_],
    *,
    draws: int,
    confidence_level: float,
) -> str | None:
    """Say why random sets of schools would show nothing, or None where they would.

    With S sets that could be drawn no two-sided p is below 2 / S: at 95 per cent fewer
    than 40 sets can never find a difference.
    """
    if draws == 0:
        return "no random sets of schools were asked for"
    counts = pd.Series(is_partner).groupby(strata).agg(["size", "sum"]).to_numpy(float)
    size, members = counts[:, 0], counts[:, 1]
    ways = special.gammaln(size + 1)
    ways -= special.gammaln(members + 1) + special.gammaln(size - members + 1)
    fewest = 2 / (1 - confidence_level)
    # A hair's breadth, since logarithms of whole numbers are rounded.
    if ways.sum() < np.log(fewest) - 1e-9:
        return f"schools of such regions and sizes make fewer than {fewest:.0f} sets"
    return None


@cache
def _region_of(path: Path) -> dict[str, str]:
    regions: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {code: region for region, codes in regions.items() for code in codes}
