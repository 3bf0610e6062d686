"""What a working model of errors says of a cluster-robust variance: how sure it is.

The working model is errors alike and independent. Under it the adjustment of CR2 and the
degrees of freedom of any contrast can be had from matrices of rank 2k, never n x n or
G x G, so all is linear in the number of schools.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SINGULAR = 1e-10
"""Eigenvalues below this are nil: a direction in which a cluster has no residual."""
FIXED = 1e-6
"""A contrast with more than this share in what one cluster alone fixes is fixed by it."""
ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class WorkingModel:
    """What the working model needs, rows sorted so that each cluster is one block.

    Columns are made orthonormal in the weights (X = basis @ triangle, basis' W basis = I),
    so that the bread is the identity and no scale of a covariate can hurt.
    """

    basis: FloatArray  # (n, k)
    weights: FloatArray  # (n,)
    adjusted: FloatArray  # (n, k): for each cluster A W basis, the adjustment times scores
    triangle: FloatArray  # (k, k)
    starts: IntArray  # (G,) first row of each cluster
    squares: FloatArray  # (k, k): basis' W W basis
    fixed: FloatArray  # (m, k): directions that only one cluster tells of

    def directions(self, rows: FloatArray) -> FloatArray:
        """Turn contrasts of coefficients into contrasts on the orthonormal columns."""
        return np.asarray(np.linalg.solve(self.triangle.T, rows.T).T, dtype=float)

    def _forms(self, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Write the estimator of each cluster as a quadratic form of low rank.

        The variance is the sum over clusters of (p_g' y)^2, and under the working model
        p_g'p_h = [g = h] a_g'a_g + z_g' S z_h. Gives a (n,) and z (G, 2k).
        """
        a = self.adjusted @ direction
        by_row = np.hstack(
            [self.basis * a[:, None], self.basis * (self.weights * a)[:, None]]
        )
        return a, np.add.reduceat(by_row, self.starts, axis=0)

    @property
    def _middle(self) -> FloatArray:
        one = np.eye(len(self.triangle))
        return np.block([[self.squares, -one], [-one, np.zeros_like(one)]])

    def satterthwaite(self, direction: FloatArray) -> float:
        """Degrees of freedom: 2 E(V)^2 / Var(V) for errors alike and independent."""
        if (np.abs(self.fixed @ direction) > FIXED * np.linalg.norm(direction)).any():
            return 0.0
        a, z = self._forms(direction)
        s = self._middle
        own = np.add.reduceat(a * a, self.starts)
        forms = ((z @ s) * z).sum(axis=1)
        expected = float((own + forms).sum())
        core = s @ (z.T @ z)
        squared = float(own @ own + 2 * own @ forms + np.trace(core @ core))
        return expected**2 / squared

    def hotelling_shape(self, directions: FloatArray) -> float:
        """Degrees of freedom of the Wishart matrix nearest the covariance (eta)."""
        s = self._middle
        expected = _expected([self._forms(direction) for direction in directions], s)
        values, vectors = np.linalg.eigh(expected)
        forms = [self._forms(d) for d in (vectors / np.sqrt(values)).T @ directions]
        variance = 0.0
        for one, two in product(forms, repeat=2):
            variance += _cross(one, one, two, two, s, self.starts)
            variance += _cross(one, two, two, one, s, self.starts)
        return len(forms) * (len(forms) + 1) / variance


_Form = tuple[FloatArray, FloatArray]


def _expected(forms: list[_Form], s: FloatArray) -> FloatArray:
    """Give the covariance of the contrasts that the working model expects (q, q)."""
    return np.array(
        [
            [float(one[0] @ two[0] + ((one[1] @ s) * two[1]).sum()) for two in forms]
            for one in forms
        ]
    )


def _cross(
    one: _Form, two: _Form, three: _Form, four: _Form, s: FloatArray, starts: IntArray
) -> float:
    """Sum over all g, h of (p1_g'p2_h)(p3_g'p4_h) without the G x G matrix."""
    own_a = np.add.reduceat(one[0] * two[0], starts)
    own_b = np.add.reduceat(three[0] * four[0], starts)
    form_a = ((one[1] @ s) * two[1]).sum(axis=1)
    form_b = ((three[1] @ s) * four[1]).sum(axis=1)
    between = np.trace(s @ (two[1].T @ four[1]) @ s @ (three[1].T @ one[1]))
    return float(own_a @ own_b + own_a @ form_b + form_a @ own_b + between)


def batches(sizes: IntArray, starts: IntArray) -> list[tuple[slice, int]]:
    """Rows of all clusters of one size, cut so that a batch stays small in memory."""
    pieces = []
    values, first = np.unique(sizes, return_index=True)
    last = np.append(first[1:], len(sizes))
    for size, begin, end in zip(
        values.tolist(), first.tolist(), last.tolist(), strict=True
    ):
        step = max(1, ROWS_AT_ONCE // size)
        for cut in range(begin, end, step):
            row = int(starts[cut])
            count = min(step, end - cut)
            pieces.append((slice(row, row + count * size), size))
    return pieces


def adjusted_scores(
    basis: FloatArray, w: FloatArray, starts: IntArray, sizes: IntArray
) -> FloatArray:
    """For each cluster A_g W_g X_g, with A_g the inverse root of (I-H)_g (I-H)_g'.

    (I-H)_g (I-H)_g' = I + Z S Z' with Z = [X_g, W_g X_g] of 2k columns, so a large cluster
    needs an eigendecomposition of 2k x 2k only: outside the span of Z, A_g is I.
    """
    k = basis.shape[1]
    squares = (basis * w[:, None] ** 2).T @ basis
    one = np.eye(k)
    middle = np.block([[squares, -one], [-one, np.zeros((k, k))]])
    adjusted = np.empty_like(basis)
    for rows, size in batches(sizes, starts):
        x = basis[rows].reshape(-1, size, k)
        wide = x * w[rows].reshape(-1, size, 1)
        z = np.concatenate([x, wide], axis=2)
        if size <= 2 * k:
            inner = np.eye(size) + z @ middle @ z.transpose(0, 2, 1)
            adjusted[rows] = (_inverse_root(inner) @ wide).reshape(-1, k)
        else:
            span, triangle = np.linalg.qr(z)
            inner = np.eye(2 * k) + triangle @ middle @ triangle.transpose(0, 2, 1)
            inside = span.transpose(0, 2, 1) @ wide
            change = _inverse_root(inner) @ inside - inside
            adjusted[rows] = (wide + span @ change).reshape(-1, k)
    return adjusted


def _inverse_root(matrices: FloatArray) -> FloatArray:
    if matrices.shape[-1] == 1:
        kept = matrices > SINGULAR
        return np.where(kept, 1 / np.sqrt(np.where(kept, matrices, 1.0)), 0.0)
    values, vectors = np.linalg.eigh(matrices)
    kept = values > SINGULAR
    roots = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    product: FloatArray = (vectors * roots[:, None, :]) @ vectors.transpose(0, 2, 1)
    return product


def heavy_clusters(
    basis: FloatArray, wide: FloatArray, starts: IntArray, sizes: IntArray
) -> tuple[IntArray, FloatArray]:
    """Find what cannot be had without one of the clusters: their numbers and directions.

    The leverages of all clusters add up to k, and a cluster that alone fixes a direction
    has at least 1 of it, so at most k clusters can.
    """
    leverage = np.add.reduceat((basis * wide).sum(axis=1), starts)
    heavy = np.flatnonzero(leverage > 0.5)
    fixed = [np.empty((0, basis.shape[1]))]
    for cluster in heavy.tolist():
        rows = slice(starts[cluster], starts[cluster] + sizes[cluster])
        values, vectors = np.linalg.eigh(basis[rows].T @ wide[rows])
        fixed.append(vectors[:, values > 1 - SINGULAR].T)
    return heavy, np.concatenate(fixed)
