"""A weighted least squares fit whose errors know that schools come in clusters."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from pipeline.estimators.working_model import (
    ALONE,
    FloatArray,
    IntArray,
    WorkingModel,
    adjusted_scores,
    batches,
    heavy_clusters,
)

Correction = Literal["CR1", "CR2", "CR3"]

COLLINEAR = 1e-10
"""A column this near to the span of those before it, as a share of its length, is in it."""
EXACT_FIT = 1e-13
"""Residuals this small beside the outcome are rounding, and taken for nil."""


class Interval(NamedTuple):
    """One combination of coefficients with its interval and test against zero.

    `p_value` is None where the fit is exact: an estimate without doubt has no test.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: float
    p_value: float | None


class WaldTest(NamedTuple):
    """F statistic that all restrictions hold at once, and its p value."""

    statistic: float
    p_value: float


@dataclass(frozen=True)
class ClusterRobustFit:
    """Coefficients of weighted least squares with their cluster-robust covariance.

    `coefficients` (k,) and `covariance` (k, k) are in units of the outcome per unit of
    each column; `residuals` (n,) are in the order of the rows given. `clusters` is G.
    """

    coefficients: FloatArray
    covariance: FloatArray
    clusters: int
    residuals: FloatArray
    correction: Correction
    _model: WorkingModel = field(repr=False, compare=False)

    @cached_property
    def degrees_of_freedom(self) -> FloatArray:
        """Degrees of freedom (k,) of each coefficient, computed when first asked for.

        Satterthwaite's for CR2, G - 1 for CR1 and CR3. They are 0 where one cluster alone
        fixes the coefficient: then nothing shows how it varies, its variance in
        `covariance` means nothing, and `interval` refuses it.
        """
        return self._freedom_of_each(np.eye(len(self.coefficients)))

    def interval(self, contrast: npt.ArrayLike, level: float = 0.95) -> Interval:
        """Estimate `contrast` (k,) times the coefficients, with a t interval.

        Raises ValueError for a contrast of the wrong length or of zeros, a level that is
        not between 0 and 1, and where one cluster alone fixes the contrast.
        """
        if not 0 < level < 1:
            raise ValueError(f"a level between 0 and 1 expected, found {level}")
        restrictions = self._restrictions(np.asarray(contrast, dtype=float)[None, :])
        freedom = self._freedom(restrictions[0])
        if freedom == 0:
            raise ValueError(
                "one cluster alone fixes this contrast, so nothing shows how it varies: "
                "ask for another, or cluster more finely"
            )
        estimate = float(restrictions[0] @ self.coefficients)
        variance = float(restrictions[0] @ self.covariance @ restrictions[0])
        error = float(np.sqrt(max(variance, 0.0)))
        half = float(stats.t.ppf(0.5 + level / 2, freedom)) * error
        p_value = (
            None if error == 0 else float(2 * stats.t.sf(abs(estimate) / error, freedom))
        )
        return Interval(estimate, error, estimate - half, estimate + half, freedom, p_value)

    def rests_on_one_cluster(self, contrast: npt.ArrayLike) -> bool:
        """Say whether one cluster alone fixes `contrast` (k,): it then has no interval."""
        row = self._restrictions(np.asarray(contrast, dtype=float)[None, :])[0]
        return self._freedom(row) == 0

    def wald(self, restrictions: npt.ArrayLike) -> WaldTest:
        """Test that `restrictions` (q, k) times the coefficients are all zero.

        With CR2 this is the approximate Hotelling test (HTZ) of Pustejovsky and Tipton
        (2018, section 3.2), which keeps its size with few clusters; for q = 1 it is the t
        test of `interval`. With CR1 and CR3 the Wald statistic over q is held against F
        with q and G - 1 degrees of freedom.

        Raises ValueError for restrictions that repeat each other, and where there are too
        few clusters to test so many at once.
        """
        rows = self._restrictions(np.atleast_2d(np.asarray(restrictions, dtype=float)))
        q = len(rows)
        covariance = rows @ self.covariance @ rows.T
        scale = np.sqrt(np.diag(covariance))
        if (scale == 0).any() or (self._freedom_of_each(rows) == 0).any():
            raise ValueError("a restriction has no variance that the clusters could show")
        correlation = covariance / np.outer(scale, scale)
        if np.linalg.matrix_rank(rows) < q or np.linalg.matrix_rank(correlation) < q:
            raise ValueError(
                f"the {q} restrictions are not independent of each other, or the "
                f"{self.clusters} clusters are too few for them: test fewer at once"
            )
        distance = rows @ self.coefficients / scale
        squared = float(distance @ np.linalg.solve(correlation, distance))
        if self.correction != "CR2":
            freedom = float(self.clusters - 1)
            factor = 1 / q
        else:
            shape = self._model.hotelling_shape(self._model.directions(rows))
            freedom = shape - q + 1
            factor = freedom / (shape * q)
        if freedom <= 0:
            raise ValueError(
                f"{self.clusters} clusters are too few to test {q} restrictions at once"
            )
        statistic = factor * squared
        return WaldTest(statistic, float(stats.f.sf(statistic, q, freedom)))

    def _restrictions(self, rows: FloatArray) -> FloatArray:
        k = len(self.coefficients)
        if rows.ndim != 2 or rows.shape[1] != k:
            raise ValueError(f"one number for each of {k} coefficients expected")
        if not np.isfinite(rows).all() or not rows.any(axis=1).all():
            raise ValueError("a contrast must be finite and not all zeros")
        return rows

    def _freedom_of_each(self, rows: FloatArray) -> FloatArray:
        return np.array([self._freedom(row) for row in rows])

    def _freedom(self, row: FloatArray) -> float:
        direction = self._model.directions(row[None, :])[0]
        if self._model.rests_on_one_cluster(direction):
            return 0.0
        if self.correction != "CR2":
            return float(self.clusters - 1)
        return self._model.satterthwaite(direction)


def weighted_least_squares(
    design: npt.ArrayLike,
    outcome: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    cluster: npt.ArrayLike,
    *,
    correction: Correction = "CR2",
) -> ClusterRobustFit:
    """Fit `outcome` (n,) on the columns of `design` (n, k) with errors by `cluster` (n,).

    `weights` (n,) are numbers of pupils or balancing weights; only their ratios matter,
    and None is one for each row. An intercept is a column of ones: none is added.

    - **CR2** (Bell and McCaffrey 2002): residuals of each cluster are multiplied by the
      matrix that makes the variance unbiased under the working model, and intervals have
      Satterthwaite's degrees of freedom for each contrast. A few partner clusters beside
      thousands of others then count as few. This is the default.
    - **CR1**: the sandwich times G/(G-1). Stata and statsmodels multiply by
      (n-1)/(n-k) besides.
    - **CR3**: the sum of squared changes when each cluster is left out. Never too small
      on average under the working model. The jackknife variance of MacKinnon, Nielsen
      and Webb (CV3) is this times (G-1)/G.

    The working model is that of R's clubSandwich for `lm` with weights: errors alike and
    independent (target matrix I), whatever the weights. Figures of schools differ by far
    more than the sampling of their pupils, so a large school's figure is hardly surer.
    The variance stays valid where the model is wrong; only its small-sample correction
    rests on it. Where a cluster leaves no residual in some direction the Moore-Penrose
    inverse is taken (Pustejovsky and Tipton 2018, theorem 1).

    Time and memory are linear in n: clusters are worked off in blocks of one size; those
    with more than 2k rows by their 2k directions.

    Raises ValueError for arrays of different length, values that are missing or
    infinite, weights that are not positive, columns that are combinations of others, no
    more rows than columns, a cluster without a label, and fewer than two clusters.

    Sources: Bell and McCaffrey (2002), Bias reduction in standard errors for linear
    regression with multi-stage samples; Pustejovsky and Tipton (2018), Small-sample
    methods for cluster-robust variance estimation, sections 2 and 3; Imbens and Kolesar
    (2016), Robust standard errors in small samples, on the degrees of freedom.
    """
    if correction not in get_args(Correction):
        raise ValueError(f"CR1, CR2 or CR3 expected, found {correction!r}")
    x, y, w, codes = _checked(design, outcome, weights, cluster)
    order, starts, sizes = _blocks(codes)
    x, y, w = x[order], y[order], w[order]
    basis, triangle = _orthonormal(x, w)
    wide = basis * w[:, None]
    scores = wide.T @ y
    residuals = y - basis @ scores
    # A second pass takes off what rounding left: the fit is then exact to the last digit.
    correction_of_scores = wide.T @ residuals
    residuals = residuals - basis @ correction_of_scores
    if np.abs(residuals).max() <= EXACT_FIT * np.abs(y).max():
        residuals = np.zeros_like(residuals)
    heavy, fixed = heavy_clusters(basis, wide, starts, sizes)
    model = WorkingModel(
        basis=basis,
        weights=w,
        adjusted=(
            adjusted_scores(basis, w, starts, sizes)
            if correction == "CR2"
            else np.empty((0, basis.shape[1]))
        ),
        triangle=triangle,
        starts=starts,
        squares=wide.T @ wide,
        heavy=heavy,
        fixed=fixed,
    )
    clusters = len(starts)
    if correction == "CR2":
        by_cluster = np.add.reduceat(model.adjusted * residuals[:, None], starts, axis=0)
    else:
        by_cluster = np.add.reduceat(wide * residuals[:, None], starts, axis=0)
    if correction == "CR1":
        by_cluster *= np.sqrt(clusters / (clusters - 1))
    if correction == "CR3":
        by_cluster = _left_out(by_cluster, basis, wide, starts, sizes, heavy)
    inverse = np.linalg.solve(triangle, np.eye(len(triangle)))
    half = by_cluster @ inverse.T
    covariance = half.T @ half
    back = np.empty_like(residuals)
    back[order] = residuals
    return ClusterRobustFit(
        coefficients=inverse @ (scores + correction_of_scores),
        covariance=covariance,
        clusters=clusters,
        residuals=back,
        correction=correction,
        _model=model,
    )


def _checked(
    design: npt.ArrayLike,
    outcome: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    cluster: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    try:
        x, y = np.asarray(design, dtype=float), np.asarray(outcome, dtype=float)
        w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "numbers expected in design, outcome and weights: make dummies of categories"
        ) from error
    if x.ndim != 2 or y.ndim != 1 or w.ndim != 1 or x.shape[1] == 0:
        raise ValueError("a design of rows and columns, and one outcome per row expected")
    labels: Any = np.asarray(cluster)
    lengths = {len(x), len(y), len(w), len(labels)}
    if len(lengths) != 1 or labels.ndim != 1:
        raise ValueError(f"one entry per row expected, found {sorted(lengths)}")
    whole = np.isfinite(x).all(axis=1) & np.isfinite(y)
    if not whole.all():
        raise ValueError(
            f"{int((~whole).sum())} rows have a missing or infinite value: "
            "leave them out and count them"
        )
    fit_weights = np.isfinite(w) & (w > 0)
    if not fit_weights.all():
        raise ValueError(
            f"{int((~fit_weights).sum())} rows have no positive weight: "
            "leave them out and count them"
        )
    if len(y) <= x.shape[1]:
        raise ValueError(
            f"{len(y)} rows cannot carry {x.shape[1]} coefficients and an error"
        )
    codes, names = pd.factorize(labels)
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} rows have no cluster")
    if len(names) < 2:
        raise ValueError("one cluster only: nothing shows how clusters vary")
    return x, y, w / w.mean(), codes.astype(np.int64)


def _blocks(codes: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Order rows so that clusters are blocks and those of one size stand together."""
    sizes = np.bincount(codes)
    by_size = np.argsort(sizes, kind="stable")
    place = np.empty_like(by_size)
    place[by_size] = np.arange(len(by_size))
    order = np.argsort(place[codes], kind="stable")
    sizes = sizes[by_size]
    return order, np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes


def _orthonormal(x: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    root = np.sqrt(w)[:, None]
    length = np.sqrt((w[:, None] * x * x).sum(axis=0))
    if (length == 0).any():
        raise ValueError(f"column {int(np.argmin(length))} of the design holds zeros only")
    weighted = root * (x / length)
    basis, triangle = np.linalg.qr(weighted)
    inside = np.abs(np.diag(triangle)) < COLLINEAR
    if inside.any():
        raise ValueError(
            f"column {int(np.argmax(inside))} of the design is a combination of those "
            "before it: leave it out"
        )
    return basis / root, triangle * length


def _left_out(
    scores: FloatArray,
    basis: FloatArray,
    wide: FloatArray,
    starts: IntArray,
    sizes: IntArray,
    heavy: IntArray,
) -> FloatArray:
    """Change of the coefficients when each cluster is left out: (I - X_g'W_gX_g)^-1 s_g.

    A cluster without which a direction cannot be had changes nothing there; the degrees
    of freedom are then 0 for the coefficients concerned.
    """
    k = basis.shape[1]
    own = np.empty((len(sizes), k, k))
    done = 0
    for rows, size in batches(sizes, starts):
        x = basis[rows].reshape(-1, size, k)
        own[done : done + len(x)] = x.transpose(0, 2, 1) @ wide[rows].reshape(-1, size, k)
        done += len(x)
    rest = np.eye(k) - own
    values, vectors = np.linalg.eigh(rest[heavy])
    kept = values > ALONE
    inverse = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    turned = inverse[:, :, None] * (vectors.transpose(0, 2, 1) @ scores[heavy][:, :, None])
    rest[heavy] = np.eye(k)
    changes = np.linalg.solve(rest, scores[:, :, None])[:, :, 0]
    changes[heavy] = (vectors @ turned)[:, :, 0]
    return np.asarray(changes, dtype=float)
