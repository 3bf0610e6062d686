"""How far apart two sides' shares lie, when one is weighed to the other's mix."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.cluster_robust import weighted_least_squares
from pipeline.estimators.partner_flags import partner_flags

ALL_ALIKE = "no interval: all schools of one side agree, which shows nothing of chance"
ONE_CLUSTER = "no interval: one hub or trust alone fixes the difference"


@dataclass(frozen=True)
class ShareDifference:
    """Two shares of schools, from 0 to 1, and partners minus rest.

    Interval, error and p are None where `no_interval` says why.
    """

    partners: float
    rest: float
    difference: float
    standard_error: float | None
    low: float | None
    high: float | None
    p_value: float | None
    no_interval: str | None


def share_difference(
    happened: npt.ArrayLike,
    is_partner: npt.ArrayLike,
    weights: npt.ArrayLike,
    stratum: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> ShareDifference:
    """Compare the share of partners to whom something happened with that of the rest.

    One entry per row in each array. `weights` are those of direct standardisation (see
    `weights_to_members`): within each `stratum` partners and rest weigh the same. So one
    regression of `happened` on strata and partner gives the standardised difference
    exactly, and what the strata explain is no doubt of it. Errors are CR2 by `cluster`
    with Satterthwaite's degrees of freedom: members of a hub are not independent, nor
    are the rows of one school that is followed from several days. With one stratum and
    each school a cluster it is Welch's comparison of two shares.

    Raises ValueError for arrays of different length, a side without rows, weights that
    are not positive, and strata in which the sides do not weigh the same.
    """
    y = np.asarray(happened, dtype=float)
    own = partner_flags(is_partner)
    w = np.asarray(weights, dtype=float)
    strata, labels = np.asarray(stratum), np.asarray(cluster, dtype=object)
    if len({a.shape for a in (y, own, w, strata, labels)}) != 1 or y.ndim != 1:
        raise ValueError("one entry per row expected in every array")
    if own.all() or not own.any():
        raise ValueError("no school among the " + ("rest" if own.all() else "partners"))
    if not (np.isfinite(w) & (w > 0)).all():
        raise ValueError("weights must be positive: leave other rows out and count them")
    codes = pd.factorize(strata, sort=True)[0]
    sides = np.bincount(codes, weights=np.where(own, w, -w))
    if np.abs(sides).max() > 1e-9 * w.sum():
        raise ValueError("partners and rest must weigh the same in every stratum")
    partners, rest = (float(np.average(y[side], weights=w[side])) for side in (own, ~own))
    design = np.column_stack([codes[:, None] == np.unique(codes), own]).astype(float)
    contrast = np.eye(design.shape[1])[-1]
    fit, why = None, None
    if any(np.unique(y[side]).size < 2 for side in (own, ~own)):
        why = ALL_ALIKE
    elif any(pd.unique(labels[side]).size < 2 for side in (own, ~own)):
        why = ONE_CLUSTER
    else:
        fit = weighted_least_squares(design, y, w, labels)
        why = ONE_CLUSTER if fit.rests_on_one_cluster(contrast) else None
    found = None if fit is None or why is not None else fit.interval(contrast, level)
    return ShareDifference(
        partners=partners,
        rest=rest,
        difference=partners - rest,
        standard_error=None if found is None else found.standard_error,
        low=None if found is None else found.low,
        high=None if found is None else found.high,
        p_value=None if found is None else found.p_value,
        no_interval=why,
    )
