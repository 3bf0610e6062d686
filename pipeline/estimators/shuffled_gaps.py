"""Gaps to the rest of random sets of schools, as many and of the same kinds as partners."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
LABELS_AT_ONCE = 16_000_000


def shuffled_gaps(
    value: FloatArray,
    weights: FloatArray,
    is_partner: npt.NDArray[np.bool_],
    strata: npt.ArrayLike | None,
    *,
    draws: int,
    seed: int,
) -> FloatArray:
    """Weighted gap (draws,) of sets drawn at random within strata, in units of `value`.

    `value`, `weights` (n,) and `is_partner` (n,) have one entry per school; `strata` (n,)
    are labels, or None for one stratum. Each draw takes from every stratum as many schools
    as it has partners. It is `randomisation.randomise_members` for this one statistic:
    the gap needs only two sums over the schools drawn, so each draw costs as many random
    numbers as there are partners (Floyd's algorithm), not a shuffle of England.

    The answer depends on the seed and on what the schools are, not on their order.
    Source: Bentley and Floyd (1987), A sample of brilliance.
    """
    layer = (
        np.zeros(len(value), dtype=int)
        if strata is None
        else np.unique(np.asarray(strata).astype(str), return_inverse=True)[1]
    )
    order = np.lexsort((weights, value, layer))
    centred = deviations(value, weights)
    sums = np.column_stack([weights * centred, weights])[order]
    member, layer = is_partner[order], layer[order]
    edges = np.flatnonzero(np.diff(layer, prepend=-1, append=layer[-1] + 1))
    random = np.random.Generator(np.random.PCG64(seed))
    own = np.zeros((draws, 2))
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        count, size = int(member[begin:end].sum()), end - begin
        fewer = min(count, size - count)
        drawn = _sums_of_sets(sums[begin:end], fewer, draws, random)
        own += drawn if fewer == count else sums[begin:end].sum(axis=0) - drawn
    rest = sums.sum(axis=0) - own
    gaps: FloatArray = own[:, 0] / own[:, 1] - rest[:, 0] / rest[:, 1]
    return gaps


def deviations(value: FloatArray, weights: FloatArray) -> FloatArray:
    """Deviations (n,) of `value` from its weighted mean, zeros where all are alike.

    Sums of large numbers would lose small gaps, and the mean of equal numbers is not
    always that number.
    """
    moved = value - value[0]
    centred: FloatArray = moved - np.average(moved, weights=weights)
    return centred


def _sums_of_sets(
    sums: FloatArray, count: int, draws: int, random: np.random.Generator
) -> FloatArray:
    """Sum `count` different rows for each draw, every set of rows being as likely."""
    size = len(sums)
    found = np.zeros((draws, 2))
    step = max(1, LABELS_AT_ONCE // size)
    for start in range(0, draws, step):
        batch = np.arange(min(step, draws - start))
        taken = np.zeros((len(batch), size), dtype=bool)
        part = found[start : start + len(batch)]
        for last in range(size - count, size):
            pick = random.integers(0, last + 1, size=len(batch))
            pick = np.where(taken[batch, pick], last, pick)
            taken[batch, pick] = True
            part += sums[pick]
    return found
