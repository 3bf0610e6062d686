"""Each school's own slope as an outcome, with how far chance alone would move it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimators.cluster_robust import ClusterRobustFit, weighted_least_squares
from pipeline.estimators.grouped_moments import FloatArray


@dataclass(frozen=True, eq=False)
class OwnSlopes:
    """The least-squares slope of each group that has one.

    `group` (k,) numbers the groups as they were given; `slope` and `variance` (k,) belong
    to them. `without` counts the groups whose rows all stand at one time.
    """

    group: npt.NDArray[np.int64]
    slope: FloatArray
    variance: FloatArray
    without: int


@dataclass(frozen=True, eq=False)
class MetaRegression:
    """Estimates regressed on what is known of their groups.

    `between_variance` is tau squared: how far true values differ beyond the regression
    and beyond the known sampling variances. `fit` has coefficients and intervals.
    """

    between_variance: float
    fit: ClusterRobustFit


def own_slopes(
    value: FloatArray,
    time: FloatArray,
    group: npt.NDArray[np.int64],
    variance: FloatArray | None = None,
) -> OwnSlopes:
    """Slope of `value` on `time` within each group, all arrays (n,), groups from 0.

    b_i = sum of (t - mean t) z / S_i with S_i = sum of (t - mean t)^2. With the sampling
    `variance` of each value (for a mean of n pupils in pupil SD units: 1/n) the slope's
    is the sum of (t - mean t)^2 variance / S_i^2. Without it, the residual variance of
    all groups' own lines, pooled, divided by S_i: it needs a group with three times.

    Raises ValueError where no group has two times, or a pooled variance cannot be had.
    """
    rows = np.bincount(group)
    if (rows == 0).any():
        raise ValueError("groups are numbered from 0 without a gap")
    offset = time - (np.bincount(group, time) / rows)[group]
    level = value - (np.bincount(group, value) / rows)[group]
    squares = np.bincount(group, offset * offset)
    span = float(np.abs(time).max()) + float(np.ptp(time))
    sloped = squares > (1e-10 * span) ** 2
    if not sloped.any():
        raise ValueError("no group is seen at two times: there is no slope")
    divisor = np.where(sloped, squares, 1.0)
    slope = np.where(sloped, np.bincount(group, offset * level) / divisor, 0.0)
    if variance is None:
        free = int((rows[sloped] - 2).sum())
        if free < 1:
            raise ValueError(
                "no group is seen at three times: the variance about a group's own line "
                "cannot be told, give the sampling variance"
            )
        left = (level - slope[group] * offset)[sloped[group]]
        own = float(left @ left) / free / divisor
    else:
        own = np.bincount(group, offset * offset * variance) / divisor**2
    place = np.flatnonzero(sloped)
    return OwnSlopes(place, slope[place], own[place], int((~sloped).sum()))


def paule_mandel(
    estimate: FloatArray,
    variance: FloatArray,
    design: FloatArray,
    cluster: npt.ArrayLike | None = None,
) -> MetaRegression:
    """Random-effects regression of estimates (k,) with known variances on (k, p) columns.

    tau squared makes the weighted residual sum of squares equal to what it is expected
    to be, k - p (Paule and Mandel 1982; with regressors DerSimonian and Kacker 2007,
    section 3). It is zero where the estimates differ by no more than chance. The sum is
    convex and falls in tau squared, so Newton's method from zero cannot overshoot.
    Errors are CR2 by `cluster`, each estimate its own cluster where it is None (HC2),
    with Satterthwaite's degrees of freedom, under the working model of these weights.

    Raises ValueError for variances that are not positive and whatever
    `weighted_least_squares` refuses.
    """
    if not (np.isfinite(variance).all() and (variance > 0).all()):
        raise ValueError(
            f"{int((~(variance > 0)).sum())} estimates have no positive sampling variance"
        )
    free = len(estimate) - design.shape[1]
    between = 0.0
    for _ in range(100):
        root = 1 / np.sqrt(variance + between)
        solution = np.linalg.lstsq(design * root[:, None], estimate * root, rcond=None)[0]
        pull = ((estimate - design @ solution) * root) ** 2
        excess = float(pull.sum()) - free
        if excess <= 1e-10 * max(free, 1):
            break
        between += excess / float(pull @ root**2)
    root = 1 / np.sqrt(variance + between)
    fit = weighted_least_squares(
        design * root[:, None],
        estimate * root,
        None,
        np.arange(len(estimate)) if cluster is None else cluster,
    )
    return MetaRegression(between, fit)
