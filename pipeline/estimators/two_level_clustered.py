"""How sure fixed effects are where groups come in clusters, such as schools in trusts."""

import numpy as np
import pandas as pd

from pipeline.estimators.cluster_robust import (
    ClusterRobustFit,
    Correction,
    weighted_least_squares,
)
from pipeline.estimators.grouped_moments import grouped_moments, read_rows, times_each
from pipeline.estimators.two_level import TwoLevelFit


def clustered_fixed_effects(
    frame: pd.DataFrame,
    fit: TwoLevelFit,
    cluster: str,
    *,
    correction: Correction = "CR2",
) -> ClusterRobustFit:
    """Cluster-robust errors for the fixed effects of a fit to the same frame.

    The fixed effects are generalised least squares, given the fitted variances; rows
    multiplied by the inverse root of their covariance make them ordinary least squares,
    and its cluster-robust errors hold whatever the true covariance within a cluster
    (Liang and Zeger 1986; in small samples Pustejovsky and Tipton 2018, with the fitted
    two-level model as their working model). Schools of a trust may then be alike, and a
    partner's slope may vary more or less than another's. With V = I + Z D Z' and
    D = L L', the root's inverse is I - Z L (M + M^1/2)^-1 L' Z', M = I + L'Z'Z L: no
    matrix is larger than the random columns are many.

    Raises ValueError for a group without a cluster or in two of them.
    """
    fixed = fit.names[1:]
    rows = read_rows(frame, fit.outcome, fixed, fit.group, fit.random)
    if (found := int((frame.columns == cluster).sum())) != 1:
        raise ValueError(f"column {cluster!r} is in the frame {found} times, not once")
    codes, _ = pd.factorize(frame[cluster][rows.kept])
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} rows have no {cluster}")
    of_group = np.empty(len(rows.labels), dtype=np.int64)
    of_group[rows.group] = codes
    moved = of_group[rows.group] != codes
    if moved.any():
        name = rows.labels[rows.group[int(np.argmax(moved))]]
        raise ValueError(
            f"{fit.group} {name!r} stands in two of {cluster!r}: give each the one it is "
            "to be counted with, such as its last"
        )
    moments = grouped_moments(rows, fixed, fit.random, fit.outcome)
    values, axes = np.linalg.eigh(fit.relative_covariance)
    root = axes * np.sqrt(np.maximum(values, 0.0))
    spread, turn = np.linalg.eigh(np.eye(len(values)) + root.T @ moments.information @ root)
    shrink = (turn / (spread + np.sqrt(spread))[:, None, :]) @ turn.transpose(0, 2, 1)
    taken = times_each(
        (root @ shrink @ root.T)[moments.pattern],
        moments.cross * moments.scale + moments.cross[:, :, :1] * moments.shift,
    )
    white = np.vstack([np.ones(moments.rows), rows.columns])
    for a, line in enumerate(moments.rotation.T @ rows.random):
        white -= line * taken[:, a].T[:, rows.group]
    return weighted_least_squares(
        white[:-1].T, white[-1], None, codes, correction=correction
    )
