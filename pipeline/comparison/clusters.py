"""Which schools of a comparison are not independent of each other."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.comparison.compared import BY_HUB, BY_SCHOOL

TOO_FEW_CLUSTERS = "no interval: fewer than two independent schools on one side"
ALL_ALIKE = "no interval: all members have the same figure"
"""Published figures are rounded: a few schools may agree exactly, which shows nothing of
how schools differ."""


def clusters_of(
    keys: pd.Series, is_partner: npt.NDArray[np.bool_], hub_of: pd.Series
) -> tuple[str, npt.NDArray[np.object_]]:
    """Say by what schools are clustered, and the cluster of each.

    Partners in one hub work together and share leaders, so a hub is one cluster, and a
    partner without a hub is a cluster of its own. A partnership that is one trust, or
    one hub, would be one cluster, from which nothing can be inferred: then schools are
    the clusters, and the report says that its intervals are likely too narrow. Trusts
    of the other schools stand in no file here, so each of those is its own cluster.
    """
    own = "school " + keys.astype(object)
    hubs = keys.map(hub_of).where(is_partner)
    labels = ("hub " + hubs.astype(object)).where(hubs.notna(), own)
    if hubs.isna().all() or labels[is_partner].nunique() < 2:
        return BY_SCHOOL, own.to_numpy(dtype=object)
    return BY_HUB, labels.to_numpy(dtype=object)
