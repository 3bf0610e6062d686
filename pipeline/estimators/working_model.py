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
ALONE = 1e-5
"""A cluster with all but this of the leverage in a direction is alone in it."""
HEAVY = 0.5
"""Leverage of a cluster from which its residuals are no longer about its errors."""
FIXED = 1e-6
"""A contrast with more than this share in what one cluster alone fixes is fixed by it."""
ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class WorkingModel:
    """What the working model needs, rows sorted so that each cluster is one block.

    Columns are made orthonormal in the weights (X = basis @ triangle, basis' W basis = I),
    so that the bread is the identity and no scale of a covariate can hurt.

    The variance of a contrast is the sum over clusters of (p_g' y)^2. Under the working
    model its mean is the sum of p_g'p_g, and its variance twice that of (p_g'p_h)^2.
    """

    basis: FloatArray  # (n, k)
    weights: FloatArray  # (n,)
    adjusted: FloatArray  # (n, k): A_g W_g basis of each cluster; only CR2 has it
    triangle: FloatArray  # (k, k)
    starts: IntArray  # (G,) first row of each cluster
    squares: FloatArray  # (k, k): basis' W W basis
    heavy: IntArray  # clusters with so much leverage that the low rank form would cancel
    fixed: FloatArray  # (m, k): directions that only one cluster tells of

    def directions(self, rows: FloatArray) -> FloatArray:
        """Turn contrasts of coefficients into contrasts on the orthonormal columns."""
        return np.asarray(np.linalg.solve(self.triangle.T, rows.T).T, dtype=float)

    def rests_on_one_cluster(self, direction: FloatArray) -> bool:
        """Say whether one cluster alone tells of a part of this contrast."""
        part = np.abs(self.fixed @ direction)
        return bool((part > FIXED * np.linalg.norm(direction)).any())

    def satterthwaite(self, direction: FloatArray) -> float:
        """Degrees of freedom: 2 E(V)^2 / Var(V) for errors alike and independent."""
        form = self._form(direction)
        expected = self._expected(form, form)
        return expected**2 / self._cross(form, form, form, form)

    def hotelling_shape(self, directions: FloatArray) -> float:
        """Degrees of freedom of the Wishart matrix nearest the covariance (eta)."""
        plain = [self._form(direction) for direction in directions]
        expected = np.array([[self._expected(a, b) for b in plain] for a in plain])
        values, vectors = np.linalg.eigh(expected)
        forms = [self._form(d) for d in (vectors / np.sqrt(values)).T @ directions]
        variance = sum(
            self._cross(a, a, b, b) + self._cross(a, b, b, a)
            for a, b in product(forms, repeat=2)
        )
        return len(forms) * (len(forms) + 1) / variance

    def _form(self, direction: FloatArray) -> "_Form":
        a = self.adjusted @ direction
        by_row = np.hstack(
            [self.basis * a[:, None], self.basis * (self.weights * a)[:, None]]
        )
        z = np.add.reduceat(by_row, self.starts, axis=0)
        k = len(self.triangle)
        rows = -z[self.heavy, :k] @ (self.basis * self.weights[:, None]).T
        ends = np.append(self.starts[1:], len(a))
        for place, cluster in enumerate(self.heavy.tolist()):
            own = slice(self.starts[cluster], ends[cluster])
            rows[place, own] += a[own]
        return _Form(a, z, rows)

    def _expected(self, one: "_Form", two: "_Form") -> float:
        """Covariance of two contrasts that the working model expects."""
        own, form = self._diagonal(one, two)
        return float((own + form).sum() + (one.rows * two.rows).sum())

    def _diagonal(self, one: "_Form", two: "_Form") -> tuple[FloatArray, FloatArray]:
        """Both parts of p1_g'p2_g (G,), nil for heavy clusters."""
        own = np.add.reduceat(one.a * two.a, self.starts)
        form = np.einsum("gi,gi->g", one.z @ self._middle, two.z)
        own[self.heavy] = form[self.heavy] = 0.0
        return own, form

    @property
    def _middle(self) -> FloatArray:
        one = np.eye(len(self.triangle))
        return np.block([[self.squares, -one], [-one, np.zeros_like(one)]])

    def _light(self, form: "_Form") -> FloatArray:
        if not len(self.heavy):
            return form.z
        z = form.z.copy()
        z[self.heavy] = 0.0
        return z

    def _with_heavy(self, one: "_Form", two: "_Form") -> FloatArray:
        """Products of each heavy p1_g with every p2_h (m, G)."""
        if not len(self.heavy):
            return np.zeros((0, len(self.starts)))
        k = len(self.triangle)
        scores = one.rows @ (self.basis * self.weights[:, None])
        found: FloatArray = np.add.reduceat(one.rows * two.a, self.starts, axis=1)
        found -= scores @ two.z[:, :k].T
        found[:, self.heavy] = one.rows @ two.rows.T
        return found

    def _cross(self, one: "_Form", two: "_Form", three: "_Form", four: "_Form") -> float:
        """Sum over all g, h of (p1_g'p2_h)(p3_g'p4_h) without the G x G matrix.

        Of light clusters by p_g'p_h = [g = h] a_g'a_g + z_g' S z_h; of heavy ones with
        all others by their vectors, of which there are at most 2k.
        """
        s = self._middle
        own_a, form_a = self._diagonal(one, two)
        again = three is one and four is two
        own_b, form_b = (own_a, form_a) if again else self._diagonal(three, four)
        across = self._light(two).T @ self._light(four)
        back = across if again and one is two else self._light(three).T @ self._light(one)
        light = own_a @ own_b + own_a @ form_b + form_a @ own_b
        light += np.trace(s @ across @ s @ back)
        from_heavy = self._with_heavy(one, two) * self._with_heavy(three, four)
        to_heavy = self._with_heavy(two, one) * self._with_heavy(four, three)
        to_heavy[:, self.heavy] = 0.0
        return float(light + from_heavy.sum() + to_heavy.sum())


@dataclass(frozen=True)
class _Form:
    """The p_g of one contrast: a (n,) and z (G, 2k), and the heavy ones in full (m, n)."""

    a: FloatArray
    z: FloatArray
    rows: FloatArray


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
    heavy = np.flatnonzero(leverage > HEAVY)
    fixed = [np.empty((0, basis.shape[1]))]
    for cluster in heavy.tolist():
        rows = slice(starts[cluster], starts[cluster] + sizes[cluster])
        values, vectors = np.linalg.eigh(basis[rows].T @ wide[rows])
        fixed.append(vectors[:, values > 1 - ALONE].T)
    return heavy, np.concatenate(fixed)
