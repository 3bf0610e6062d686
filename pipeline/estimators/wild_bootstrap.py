"""What a coefficient is worth as evidence when it rests on few clusters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.linalg import solve_triangular

from pipeline.estimators.settings import share_of_one, whole_number

FloatArray = npt.NDArray[np.float64]
Distribution = Literal["rademacher", "webb"]

MOST_ENUMERATED = 4096
"""Up to this many distinct draws are all taken: 2^12, twelve clusters with two signs."""
WEBB_BELOW = 12
"""Two signs give fewer than 2^12 draws below this many clusters; six points give more."""
POINTS: dict[Distribution, FloatArray] = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5]),
}
"""Equally likely weights, before scaling: Webb's are the signed roots of 1/2, 1 and 3/2."""
POINTS["webb"] = np.sign(POINTS["webb"]) * np.sqrt(np.abs(POINTS["webb"]))
TIE = 1e-9
"""Relative difference below which two statistics are the same: enumeration has exact ties."""
FURTHEST = 11
"""Doublings of 1.96 errors, about 4,000 errors: a bound beyond says nothing to anyone."""
CHUNK = 4_000_000
"""Most weights held at a time (32 MB)."""


@dataclass(frozen=True)
class WildBootstrap:
    """A contrast of coefficients judged by the wild cluster bootstrap.

    `standard_error` and `t` are those of the ordinary cluster-robust error (CR1), with
    the hypothesis taken off the estimate in `t`. `low` or `high` is None where no value on
    that side is rejected, within thousands of errors: so few clusters bound nothing.
    """

    estimate: float
    standard_error: float
    t: float
    p_value: float
    low: float | None
    high: float | None
    clusters: int
    draws: int
    distribution: Distribution
    enumerated: bool


@dataclass(frozen=True)
class _Draws:
    """Per draw, what its t is made of for a hypothesis `d` below the estimate.

    Numerator `n0 + n1 d`; squared error `s0 + s1 d + s2 d^2`, before the CR1 factor.
    """

    n0: FloatArray
    n1: FloatArray
    s0: FloatArray
    s1: FloatArray
    s2: FloatArray


def wild_cluster_bootstrap(
    design: FloatArray,
    outcome: FloatArray,
    weights: FloatArray | None,
    cluster: npt.ArrayLike,
    contrast: FloatArray,
    *,
    hypothesis: float = 0.0,
    distribution: Literal["auto", "rademacher", "webb"] = "auto",
    draws: int = 9999,
    confidence_level: float = 0.95,
    seed: int = 0,
) -> WildBootstrap:
    """Test `contrast @ coefficients == hypothesis` by the wild cluster bootstrap-t.

    With fewer than about 40 clusters the cluster-robust t is too often large: its error is
    estimated from too few pieces, and too small. Here the residuals of a fit *under the
    hypothesis* are turned about, whole clusters at a time, and t is computed anew: the p
    value is the share of draws whose t is at least as large, in absolute value, as the
    one found. The confidence interval holds every hypothesis that the test does not
    reject; it is symmetric in nothing and need not be.

    `design` (n, k) with its constant as a column, `outcome` (n,), `weights` (n,) or None
    for weighted least squares, `cluster` (n,) labels compared as text, `contrast` (k,).
    `distribution` "auto" takes Webb's six points below 12 clusters and two signs
    (Rademacher) otherwise. Where there are at most 4,096 distinct draws all of them are
    taken, each once, and p is exact given the residuals; otherwise p counts the sample
    itself among the draws and cannot be zero. The same seed gives the same draws whatever
    the order of rows.

    Nothing is refitted: t of a draw depends on the data through one score for each
    cluster, and on the hypothesis through a straight line in those scores (Roodman et
    al.). A draw costs 4 G k operations; the interval costs no further draws.

    It does not mend everything. Where one or two clusters alone carry the contrast (one
    hub of partners among many others), it hardly ever rejects (MacKinnon and Webb 2017):
    use `randomisation.randomise_members` there.

    Raises ValueError for missing or infinite numbers, columns that depend on one another,
    fewer than two clusters, weights that are not positive, a contrast of zeros, and an
    outcome that the design fits without error: there is nothing to draw from.

    Sources: Cameron, Gelbach and Miller (2008), Bootstrap-based improvements for
    inference with clustered errors, sections III and IV; Webb (2023), Reworking wild
    bootstrap-based inference for clustered errors; Roodman, MacKinnon, Nielsen and Webb
    (2019), Fast and wild, sections 3 to 5.
    """
    x, y, labels = _checked(design, outcome, weights, cluster)
    direction = np.asarray(contrast, dtype=float)
    if direction.shape != (x.shape[1],) or not np.isfinite(direction).all():
        raise ValueError(f"a contrast of {x.shape[1]} finite numbers expected")
    if not direction.any():
        raise ValueError("the contrast is zero everywhere: it asks for nothing")
    if not np.isfinite(hypothesis):
        raise ValueError("the hypothesis must be a finite number")
    whole_number(draws, "draws", 1)
    whole_number(seed, "seed")
    share_of_one(confidence_level, "confidence_level")
    names, position = np.unique(labels, return_inverse=True)
    groups, (rows, columns) = len(names), x.shape
    if groups < 2:
        raise ValueError("fewer than two clusters: nothing shows how clusters vary")

    # Not from x'x: its condition is that of x squared, and a year in its squares is lost.
    basis, triangle = np.linalg.qr(x)
    inverse = solve_triangular(triangle, np.eye(columns))
    bread = inverse @ inverse.T
    coefficients = inverse @ (basis.T @ y)
    along = bread @ direction
    length = float(direction @ along)
    residual = y - x @ coefficients
    slope = x @ along / length
    order = np.argsort(position, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(position[order]) > 0])

    def by_cluster(weight: FloatArray) -> FloatArray:
        return np.add.reduceat((x * weight[:, None])[order], starts, axis=0)

    free, shift = by_cluster(residual), by_cluster(slope)
    scores = free @ along
    factor = groups / (groups - 1) * (rows - 1) / (rows - columns)
    variance = factor * float(scores @ scores)
    if np.sqrt(variance) <= 1e-12 * np.sqrt(length) * np.linalg.norm(y):
        raise ValueError(
            "the contrast is estimated without error (a constant outcome, or a design "
            "that fits it exactly): there are no residuals to draw from"
        )
    taken = _distribution(distribution, groups)
    points = POINTS[taken]
    enumerated = len(points) ** groups <= MOST_ENUMERATED
    number = len(points) ** groups if enumerated else draws
    parts = _draw(
        free, shift, shift @ bread * length, along, points, number, enumerated, seed
    )
    estimate, error = float(direction @ coefficients), float(np.sqrt(variance))

    def p_at(distance: float) -> float:
        squared = parts.s0 + distance * (parts.s1 + distance * parts.s2)
        found = (parts.n0 + distance * parts.n1) ** 2 * variance
        beyond = found >= distance**2 * factor * squared * (1 - TIE)
        count = int(beyond.sum())
        return count / number if enumerated else (count + 1) / (number + 1)

    alpha = 1 - confidence_level
    below, above = (_end(p_at, alpha, error, side) for side in (1.0, -1.0))
    return WildBootstrap(
        estimate=estimate,
        standard_error=error,
        t=(estimate - hypothesis) / error,
        p_value=p_at(estimate - hypothesis),
        low=None if below is None else estimate - below,
        high=None if above is None else estimate - above,
        clusters=groups,
        draws=number,
        distribution=taken,
        enumerated=enumerated,
    )


def _distribution(
    asked: Literal["auto", "rademacher", "webb"], groups: int
) -> Distribution:
    if asked not in ("auto", "rademacher", "webb"):
        raise ValueError(f"no distribution {asked!r}: auto, rademacher or webb")
    if asked == "auto":
        return "webb" if groups < WEBB_BELOW else "rademacher"
    return asked


def _draw(
    free: FloatArray,
    shift: FloatArray,
    leverage: FloatArray,
    along: FloatArray,
    points: FloatArray,
    number: int,
    enumerated: bool,
    seed: int,
) -> _Draws:
    """Sums over clusters for every draw; arrays over clusters come as (G, k)."""
    groups, columns = free.shape
    random = np.random.Generator(np.random.PCG64(seed))
    both = np.hstack([free, shift])
    score_free, score_shift = free @ along, shift @ along
    found = np.empty((5, number))
    step = max(1, CHUNK // groups)
    for start in range(0, number, step):
        stop = min(start + step, number)
        if enumerated:
            digits = np.arange(start, stop)[:, None] // len(points) ** np.arange(groups)
            weight = points[digits % len(points)]
        else:
            weight = points[random.integers(len(points), size=(stop - start, groups))]
        moved = weight @ both
        # The clusters' scores once the draw's own coefficients are taken off.
        left_free = weight * score_free - moved[:, :columns] @ leverage.T
        left_shift = weight * score_shift - moved[:, columns:] @ leverage.T
        part = found[:, start:stop]
        part[0] = moved[:, :columns] @ along
        part[1] = moved[:, columns:] @ along
        part[2] = np.einsum("bg,bg->b", left_free, left_free)
        part[3] = 2 * np.einsum("bg,bg->b", left_free, left_shift)
        part[4] = np.einsum("bg,bg->b", left_shift, left_shift)
    return _Draws(*found)


def _end(
    p_at: Callable[[float], float], alpha: float, error: float, side: float
) -> float | None:
    """Distance from the estimate at which p falls to alpha; None where it never does."""
    inside, outside = 0.0, side * error * float(stats.norm.isf(alpha / 2))
    for _ in range(FURTHEST):
        if p_at(outside) <= alpha:
            break
        inside, outside = outside, outside * 2
    else:
        return None
    while abs(outside - inside) > 1e-10 * abs(outside):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_at(middle) > alpha else (inside, middle)
    return (inside + outside) / 2


def _checked(
    design: FloatArray,
    outcome: FloatArray,
    weights: FloatArray | None,
    cluster: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.str_]]:
    """Design and outcome scaled by the roots of the weights, and clusters as text."""
    x, y = np.asarray(design, dtype=float), np.asarray(outcome, dtype=float)
    labels = np.asarray(cluster)
    weight = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if x.ndim != 2 or {len(x), len(y), len(labels), len(weight)} != {len(y)} or y.ndim != 1:
        raise ValueError(
            f"one row of design, outcome, weight and cluster expected for each school, "
            f"found {x.shape}, {y.shape}, {weight.shape} and {labels.shape}"
        )
    if pd.isna(labels).any():
        raise ValueError(
            f"{int(pd.isna(labels).sum())} rows have no cluster: give each its own"
        )
    missing = int((~(np.isfinite(x).all(axis=1) & np.isfinite(y))).sum())
    if missing:
        raise ValueError(f"{missing} rows have no number: leave them out and count them")
    if not (np.isfinite(weight) & (weight > 0)).all():
        raise ValueError("every weight must be a positive number")
    if len(y) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError(
            "the columns of the design depend on one another, or there are no more rows "
            "than columns: leave a column out"
        )
    root = np.sqrt(weight)
    return x * root[:, None], y * root, labels.astype(str)
