"""Methods for few schools, where members are ten to twenty schools in few hubs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.improvement.few_schools import EXCHANGED, WILD, add_few_schools
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import SLOPE, add_growth
from tests.calibration.changes import slope_of_expected
from tests.calibration.panels import Drawn, laid_out
from tests.calibration.said import SIGNIFICANCE, Said, of_interval, of_p, row_of

FEWEST, MOST = 10, 20


def with_few_members(drawn: Drawn) -> pd.DataFrame:
    """Leave out all members but those of hubs drawn at random: ten to twenty schools."""
    members = drawn.frame[drawn.frame["ever_member"]].drop_duplicates("school")
    sizes = members.groupby("cluster")["school"].size()
    random = np.random.Generator(np.random.PCG64(drawn.seed))
    kept: list[str] = []
    schools = 0
    for hub in random.permutation(sizes.index.to_numpy()):
        if schools < FEWEST and schools + sizes[hub] <= MOST:
            kept.append(hub)
            schools += int(sizes[hub])
    own = drawn.frame["ever_member"]
    return drawn.frame[~own | drawn.frame["cluster"].isin(kept)].reset_index(drop=True)


def few_schools(drawn: Drawn) -> Iterator[Said]:
    """Growth of a small partnership: clustered, by wild bootstrap and by exchange."""
    frame = with_few_members(drawn)
    found = Findings(laid_out(frame))
    slope = add_growth(found)
    if slope is None:
        return
    truth = slope_of_expected(frame)
    yield of_interval("few schools: growth", truth, row_of(found, SLOPE))
    add_few_schools(found, slope)
    wild, exchanged = row_of(found, WILD), row_of(found, EXCHANGED)
    # Where nothing bounds it on a side the bootstrap holds every value there.
    low, high = (-np.inf, np.inf) if wild["low"] is None else (wild["low"], wild["high"])
    finds = bool(wild["p_value"] <= SIGNIFICANCE)
    label = "few schools: growth, wild bootstrap"
    yield Said(label, truth, wild["estimate"], low, high, finds)
    label = "few schools: growth, schools exchanged"
    yield of_p(label, truth, exchanged["estimate"], exchanged["p_value"])
