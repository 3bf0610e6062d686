"""The sums of a grouped table that a two-level model needs, read in one pass."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
INTERCEPT = "1"
"""How the intercept is written among the random columns."""
MOST_VALUES = 62
"""Beyond so many distinct rows of the random design, groups are not pooled."""
REDUNDANT = 1e-10
"""A column whose share of own variation is below this repeats the others."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that can be used, and how many could not and why.

    `columns` has one line for each fixed column and a last one for the outcome, each
    with n entries; `random` one line for each random column. `group` numbers the groups
    from 0; `labels` names them. `kept` marks the rows of the frame that are used.
    """

    columns: FloatArray
    random: FloatArray
    group: IntArray
    labels: npt.NDArray[np.object_]
    kept: npt.NDArray[np.bool_]
    left_out: dict[str, int]


@dataclass(frozen=True, eq=False)
class GroupedMoments:
    """Sufficient statistics of y = X b + Z u + e with groups, X and Z scaled.

    Shapes: k patterns, G groups, q random columns, m = fixed columns with intercept and
    outcome. Groups of one pattern share Z'Z. `total` (m, m) is [X y]'[X y]; `cross`
    (G, q, m) is Z'[X y] of each group; `information` (k, q, q) is Z'Z of a pattern,
    `counts` (k,) its groups; `pattern` (G,) tells the pattern of each group. `gram`
    (k q q, m m) holds the outer products of `cross` summed over the groups of a pattern,
    or None where groups are too unlike for that to be shorter.

    X has its intercept first; the other columns and the outcome have mean 0 and variance
    1 (`shift`, `scale`). The random columns are Z times `rotation` (q, q), which gives
    them the identity as mean square.
    """

    rows: int
    groups: int
    total: FloatArray
    cross: FloatArray
    information: FloatArray
    counts: FloatArray
    pattern: IntArray
    gram: FloatArray | None
    shift: FloatArray
    scale: FloatArray
    rotation: FloatArray

    def explained(self, weight: FloatArray) -> FloatArray:
        """Sum over groups of A'WA, with A = Z'[X y] and W (k, q, q) of the pattern."""
        size = self.total.shape[0]
        if self.gram is not None:
            pooled: FloatArray = weight.reshape(-1) @ self.gram
            return pooled.reshape(size, size)
        weighted = times_each(weight, self.cross).reshape(-1, size)
        total: FloatArray = self.cross.reshape(-1, size).T @ weighted
        return total

    def spread(self, form: FloatArray) -> FloatArray:
        """Sum over the groups of a pattern of A F A', with F (m, m): shape (k, q, q)."""
        if self.gram is not None:
            pooled: FloatArray = self.gram @ form.reshape(-1)
            return pooled.reshape(self.information.shape)
        own: FloatArray = np.einsum("gaj,gbj->gab", self.cross @ form, self.cross)
        return own

    def without(self, fixed: int) -> "GroupedMoments":
        """The same rows without one fixed column (0 is the intercept)."""
        keep = np.delete(np.arange(self.total.shape[0]), fixed)
        gram = self.gram
        if gram is not None:
            size = self.total.shape[0]
            square = gram.reshape(-1, size, size)[:, keep][:, :, keep]
            gram = np.ascontiguousarray(square.reshape(len(gram), -1))
        return replace(
            self,
            total=self.total[np.ix_(keep, keep)],
            cross=np.ascontiguousarray(self.cross[:, :, keep]),
            gram=gram,
            shift=self.shift[keep],
            scale=self.scale[keep],
        )


def read_rows(
    frame: pd.DataFrame,
    outcome: str,
    fixed: Sequence[str],
    group: str,
    random: Sequence[str],
) -> Rows:
    """Take the columns of a model from a frame; rows with a gap are counted, not hidden.

    Raises ValueError for a column that is not there, named twice or not a number, an
    infinite value, and a frame in which no row is complete.
    """
    if isinstance(fixed, str) or isinstance(random, str):
        raise ValueError("fixed and random are lists of column names, not one name")
    if not random:
        raise ValueError("no random column: '1' is the intercept of the groups")
    wanted = [*fixed, outcome, *(name for name in random if name != INTERCEPT)]
    for name in (*wanted, group):
        if (found := int((frame.columns == name).sum())) != 1:
            raise ValueError(f"column {name!r} is in the frame {found} times, not once")
    for names, where in ((fixed, "fixed"), (random, "random")):
        if len(set(names)) < len(names):
            raise ValueError(f"a {where} column is named twice: {list(names)}")
    if outcome in {*fixed, *random}:
        raise ValueError(f"the outcome {outcome!r} is among the columns that explain it")
    lines = np.empty((len(wanted), len(frame)))
    for line, name in zip(lines, wanted, strict=True):
        line[:] = numbers(frame, name)
    codes, labels = pd.factorize(frame[group])
    codes = codes.astype(np.int64, copy=False)
    kept, left_out = _complete(lines, codes, wanted, group)
    if not kept.all():
        lines, codes = lines[:, kept], codes[kept]
        present, codes = np.unique(codes, return_inverse=True)
        labels = labels[present]
    slopes = iter(lines[len(fixed) + 1 :])
    return Rows(
        columns=lines[: len(fixed) + 1],
        random=np.array(
            [np.ones(len(codes)) if n == INTERCEPT else next(slopes) for n in random]
        ),
        group=codes,
        labels=np.asarray(labels, dtype=object),
        kept=kept,
        left_out=left_out,
    )


def grouped_moments(
    rows: Rows, fixed: Sequence[str], random: Sequence[str], outcome: str
) -> GroupedMoments:
    """Sum the rows to what the likelihood of a two-level model needs.

    One pass over the rows costs q(m+1) sums by group and one product [X y]'[X y].
    Columns are centred and scaled first, so that a year such as 2019 costs no digits.
    Groups are told apart by how often each distinct row of the random design stands in
    them (for a panel: a bit mask of years); those alike are pooled, and their outer
    products become one block (Pinheiro and Bates 2000, section 2.2, for the sums).

    Raises ValueError for a constant outcome or column, a column that repeats others, and
    random columns that the rows within groups cannot tell from the residual.
    """
    scaled, shift, scale = _standardised(rows.columns, [*fixed, outcome], outcome)
    count = rows.columns.shape[1]
    inner = scaled @ scaled.T
    size = len(scaled) + 1
    total = np.zeros((size, size))
    total[0, 0] = count
    total[1:, 1:] = inner
    total[0, 1:] = total[1:, 0] = scaled.sum(axis=1)
    redundant = first_redundant(inner[:-1, :-1])
    if redundant is not None:
        raise ValueError(
            f"the fixed column {fixed[redundant]!r} is a linear combination of the "
            "intercept and the columns before it: leave one of them out"
        )
    rotation = _rotation(rows.random, random)
    groups = int(rows.group.max()) + 1
    cell, values = _cells(rows.random)
    if cell is None:
        turned = rotation.T @ rows.random
        information = _group_squares(turned, rows.group, groups)
        pattern, counts = np.arange(groups), np.ones(groups)
    else:
        points = values @ rotation
        turned = points[cell].T
        often = np.bincount(
            rows.group * len(points) + cell, minlength=groups * len(points)
        ).reshape(groups, len(points))
        pattern, counts, first = _patterns(often)
        squares = points[:, :, None] * points[:, None, :]
        information = np.tensordot(often[first].astype(float), squares, axes=1)
    cross = np.empty((groups, len(turned), size))
    for a, line in enumerate(turned):
        cross[:, a, 0] = np.bincount(rows.group, line, groups)
        for j, column in enumerate(scaled):
            cross[:, a, j + 1] = np.bincount(rows.group, line * column, groups)
    _refuse_unidentified(information, np.bincount(rows.group), pattern, groups)
    pooled = len(counts) * len(turned) * size <= 4 * groups
    return GroupedMoments(
        rows=count,
        groups=groups,
        total=total,
        cross=cross,
        information=information if pooled else information[pattern],
        counts=counts if pooled else np.ones(groups),
        pattern=pattern if pooled else np.arange(groups),
        gram=_gram(cross, pattern, counts) if pooled else None,
        shift=shift,
        scale=scale,
        rotation=rotation,
    )


def first_redundant(squares: FloatArray) -> int | None:
    """Number of the first column that the ones before it determine, from their X'X."""
    size = len(squares)
    scale = np.sqrt(np.diag(squares))
    likeness = squares / np.outer(scale, scale)
    root = np.zeros((size, size))
    for j in range(size):
        root[j, :j] = np.linalg.solve(root[:j, :j], likeness[:j, j])
        own = likeness[j, j] - root[j, :j] @ root[j, :j]
        if own < REDUNDANT:
            return j
        root[j, j] = np.sqrt(own)
    return None


def numbers(frame: pd.DataFrame, name: Hashable) -> FloatArray:
    """One column as numbers, NaN where it has none; ValueError for text and the like."""
    column = frame[name]
    kind = column.dtype
    if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind)) or (
        pd.api.types.is_complex_dtype(kind)
    ):
        raise ValueError(
            f"column {name!r} holds {kind}, not numbers: make it a number, or one column "
            "of 0 and 1 for each kind but one"
        )
    as_float: FloatArray = column.to_numpy(dtype=float, na_value=np.nan)
    return as_float


def _complete(
    lines: FloatArray, group: IntArray, names: Sequence[str], group_name: str
) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    kept = group >= 0
    left_out = {} if kept.all() else {f"no {group_name}": int((~kept).sum())}
    if not np.isfinite(lines).all():
        for line, name in zip(lines, names, strict=True):
            if infinite := int(np.isinf(line).sum()):
                raise ValueError(f"column {name!r} is infinite in {infinite} rows")
            gap = np.isnan(line) & kept
            if gap.any():
                left_out[f"no {name}"] = int(gap.sum())
                kept &= ~gap
    if not kept.any():
        raise ValueError(f"no row has all of {[*names, group_name]}: {left_out}")
    return kept, left_out


def _standardised(
    columns: FloatArray, names: Sequence[str], outcome: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    shift = columns.mean(axis=1)
    scaled = columns - shift[:, None]
    scale = np.sqrt(np.einsum("jn,jn->j", scaled, scaled) / columns.shape[1])
    largest = np.maximum(np.abs(columns).max(axis=1), np.finfo(float).tiny)
    for name, spread, size in zip(names, scale, largest, strict=True):
        if spread <= 1e-12 * size:
            raise ValueError(
                f"the outcome {name!r} has one value only: nothing varies"
                if name == outcome
                else f"the fixed column {name!r} is constant: an intercept is there already"
            )
    scaled /= scale[:, None]
    return scaled, np.concatenate([[0.0], shift]), np.concatenate([[1.0], scale])


def _rotation(random: FloatArray, names: Sequence[str]) -> FloatArray:
    """The matrix R for which ZR has the identity as its mean square."""
    count = random.shape[1]
    centring = np.eye(len(names))
    if INTERCEPT in names:
        for j, name in enumerate(names):
            if name != INTERCEPT:
                centring[list(names).index(INTERCEPT), j] = -random[j].mean()
    centred = centring.T @ random
    squares = centred @ centred.T / count
    size = np.abs(random).max(axis=1)
    for j, name in enumerate(names):
        if np.sqrt(squares[j, j]) <= 1e-12 * size[j]:
            raise ValueError(f"the random column {name!r} does not vary: leave it out")
    redundant = first_redundant(squares)
    if redundant is not None:
        raise ValueError(
            f"the random column {names[redundant]!r} is a linear combination of those "
            "before it: leave one of them out"
        )
    return centring @ np.linalg.inv(np.linalg.cholesky(squares)).T


def _cells(random: FloatArray) -> tuple[IntArray | None, FloatArray]:
    """Number the distinct rows of the random design, or None where they are many."""
    cell = np.zeros(random.shape[1], dtype=np.int64)
    points = 1
    for line in random:
        if line[0] == line[-1] and (line == line[0]).all():
            continue
        if len(pd.unique(line[:1000])) > MOST_VALUES:
            return None, np.empty(0)
        codes, values = pd.factorize(line, sort=True)
        if len(values) > MOST_VALUES:
            return None, np.empty(0)
        cell = cell * len(values) + codes
        if points > 1:
            cell, met = pd.factorize(cell, sort=True)
            points = len(met)
        else:
            points = len(values)
        if points > MOST_VALUES:
            return None, np.empty(0)
    place = np.zeros(points, dtype=np.int64)
    place[cell] = np.arange(len(cell))
    return cell, random[:, place].T


def _patterns(often: IntArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Groups with the same number of rows at each point: pattern, size and one member."""
    groups, points = often.shape
    base = int(often.max()) + 1
    if base**points >= 2**62:
        whole = np.arange(groups)
        return whole, np.ones(groups), whole
    # A panel has base 2: the key is then the bit mask of the years that a school has.
    key = often @ np.array([base**j for j in range(points)], dtype=np.int64)
    _, first, pattern, counts = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    return pattern, counts.astype(float), first


def _group_squares(random: FloatArray, group: IntArray, groups: int) -> FloatArray:
    size = len(random)
    squares = np.empty((groups, size, size))
    for a in range(size):
        for b in range(a + 1):
            squares[:, a, b] = np.bincount(group, random[a] * random[b], groups)
            squares[:, b, a] = squares[:, a, b]
    return squares


def _gram(cross: FloatArray, pattern: IntArray, counts: FloatArray) -> FloatArray:
    _, q, m = cross.shape
    in_order = cross.reshape(len(cross), q * m)[np.argsort(pattern, kind="stable")]
    blocks = np.empty((len(counts), q * m, q * m))
    stops = np.cumsum(counts).astype(np.int64)
    for block, start, stop in zip(blocks, stops - counts.astype(int), stops, strict=True):
        members = in_order[start:stop]
        np.matmul(members.T, members, out=block)
    by_pair = blocks.reshape(-1, q, m, q, m).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(by_pair).reshape(-1, m * m)


def times_each(weight: FloatArray, cross: FloatArray) -> FloatArray:
    """W A of each group (G, q, m), by the few random columns and not group by group."""
    product = np.empty_like(cross)
    for a in range(cross.shape[1]):
        product[:, a] = weight[:, a, 0, None] * cross[:, 0]
        for b in range(1, cross.shape[1]):
            product[:, a] += weight[:, a, b, None] * cross[:, b]
    return product


def _refuse_unidentified(
    information: FloatArray, rows: IntArray, pattern: IntArray, groups: int
) -> None:
    if groups < 2:
        raise ValueError("one group only: how groups differ cannot be told")
    size = information.shape[1]
    rank = np.linalg.matrix_rank(information, hermitian=True)[pattern]
    if not (rows > rank).any():
        raise ValueError(
            f"no group has more rows than its {size} random columns can fit exactly: "
            "variance between groups cannot be told from variance within them"
        )
