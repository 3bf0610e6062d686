"""How unusual the partners are among all sets of schools that could have been partners."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.settings import whole_number

FloatArray = npt.NDArray[np.float64]
Statistic = Callable[[npt.NDArray[Any]], FloatArray]
"""From (draws, schools), one row for each assignment, to one number for each row."""
Alternative = Literal["two-sided", "greater", "less"]

MOST_ENUMERATED = 10_000
"""Up to this many assignments all are taken, each once."""
TIE = 1e-9
"""Relative difference below which two statistics count as the same."""
ROUNDING = 2e-15
"""The same, relative to the numbers that a statistic is a difference of."""
CHUNK = 8_000_000
"""Most labels held at a time."""


@dataclass(frozen=True)
class RandomisationTest:
    """A statistic and its distribution over the assignments that were possible.

    `expected` is the mean over assignments. It is not zero where strata differ: partners
    that are mostly secondary schools in London have a gap to the rest before anything
    else is said. `low` and `high` hold the central 95% of `null`, sorted.
    """

    observed: float
    expected: float
    p_value: float
    low: float
    high: float
    draws: int
    enumerated: bool
    units: int
    members: int
    null: FloatArray = field(compare=False, repr=False)


def weighted_gap(value: npt.ArrayLike, weights: npt.ArrayLike) -> Statistic:
    """Statistic: weighted mean of the members less that of the others.

    `value` and `weights` have one entry per school. With a change as the value it is the
    difference-in-differences of schools with equal weights before and after. Raises
    ValueError for a value that is missing or a weight that is not positive.
    """
    of, each = np.asarray(value, dtype=float), np.asarray(weights, dtype=float)
    if of.shape != each.shape or of.ndim != 1:
        raise ValueError("one value and one weight per school expected")
    if not np.isfinite(of).all():
        raise ValueError(
            f"{int((~np.isfinite(of)).sum())} schools have no value: "
            "leave them out and count them"
        )
    if not (np.isfinite(each) & (each > 0)).all():
        raise ValueError("every weight must be a positive number")
    # Deviations from the mean: sums of large numbers would lose the small gaps.
    centred = of - np.average(of, weights=each)
    sums = np.column_stack([each * centred, each])
    total = sums.sum(axis=0)

    def gap(assigned: npt.NDArray[Any]) -> FloatArray:
        own = assigned.astype(float) @ sums
        rest = total - own
        found: FloatArray = own[:, 0] / own[:, 1] - rest[:, 0] / rest[:, 1]
        return found

    return gap


def weighted_difference_in_differences(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    weights_before: npt.ArrayLike,
    weights_after: npt.ArrayLike,
) -> Statistic:
    """Statistic: the weighted gap after less the weighted gap before."""
    first = weighted_gap(before, weights_before)
    second = weighted_gap(after, weights_after)

    def change(assigned: npt.NDArray[Any]) -> FloatArray:
        return second(assigned) - first(assigned)

    return change


def randomise_members(
    is_partner: npt.ArrayLike,
    statistic: Statistic,
    *,
    strata: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    draws: int = 5000,
    seed: int = 0,
    alternative: Alternative = "two-sided",
) -> RandomisationTest:
    """Test a statistic against other sets of schools of the same number and kind.

    Each draw takes, within every stratum, as many schools as there are partners in it.
    The p value says how often such a set has a statistic as extreme: it needs no error,
    no distribution and no large number, only that within a stratum any school could as
    well have been the partner. It tests that membership makes no difference to any
    school, not that the mean difference is zero.

    `is_partner` (n,) of truth values; `statistic` is given (draws, n) of truth values, in
    the order of `is_partner`, and returns (draws,). `weighted_gap` makes one. `strata` (n,)
    labels. With `cluster` (n,), whole clusters are drawn, as many as partners have in the
    stratum; a cluster must then lie in one stratum, and on one side.

    All assignments are taken where there are at most 10,000, and p is exact. Otherwise
    each draw is random and p is (b + 1) / (draws + 1), never zero. Two-sided p is twice
    the smaller tail. The draw depends on the seed and the order of `cluster` labels, or
    of schools where there are none: sort them by URN first.

    Raises ValueError for labels that are missing, a side or stratum rule that is broken, a
    statistic that is not finite, or where only one assignment was possible. Sources:
    Fisher (1935); Rosenbaum (2002), Observational studies, chapter 2; Phipson and Smyth
    (2010) for the one added.
    """
    member = np.asarray(is_partner)
    if member.dtype != np.bool_:
        raise ValueError("is_partner must be true or false for every school")
    if member.all() or not member.any():
        raise ValueError(f"no school among the {'rest' if member.all() else 'partners'}")
    return _test(
        member, np.ones(len(member), bool), statistic, strata, cluster, draws, seed,
        alternative, int(member.sum()),
    )  # fmt: skip


def randomise_join_dates(
    cohort: npt.ArrayLike,
    statistic: Statistic,
    *,
    strata: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    draws: int = 5000,
    seed: int = 0,
    alternative: Alternative = "two-sided",
) -> RandomisationTest:
    """Test a statistic against other orders in which the same members could have joined.

    Members keep being members; their join dates are exchanged among them. It asks less
    than `randomise_members` does: partners may differ from other schools in any way, and
    only *when* each joined is taken as chance.

    `cohort` (n,) is the year of joining; 0, NaN or infinite is never. `statistic` is given
    (draws, n) of cohorts, with never-members as they were given. The rest is as in
    `randomise_members`; clusters need one date each.

    Raises ValueError as there, and where all members joined at the same time: no other
    order exists. Source: Athey and Imbens (2022), Design-based analysis in
    difference-in-differences settings, section 3.
    """
    joined = np.asarray(cohort, dtype=float)
    member = np.isfinite(joined) & (joined != 0)
    if not member.any():
        raise ValueError("no member: every cohort is 0, missing or infinite")
    return _test(
        joined, member, statistic, strata, cluster, draws, seed, alternative,
        int(member.sum()),
    )  # fmt: skip


def _test(
    labels: npt.NDArray[Any],
    movable: npt.NDArray[np.bool_],
    statistic: Statistic,
    strata: npt.ArrayLike | None,
    cluster: npt.ArrayLike | None,
    draws: int,
    seed: int,
    alternative: Alternative,
    members: int,
) -> RandomisationTest:
    if labels.ndim != 1:
        raise ValueError("one entry per school expected")
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"no alternative {alternative!r}: two-sided, greater or less")
    whole_number(draws, "draws", 1)
    whole_number(seed, "seed")
    unit = _codes(cluster, "cluster", labels) if cluster is not None else None
    layer = _codes(strata, "strata", labels) if strata is not None else None
    first, back = _units(labels, movable, unit, layer)
    own = labels[first]
    blocks = _blocks(own, np.zeros(len(own), int) if layer is None else layer[first],
                     movable[first])  # fmt: skip
    possible = math.prod(_arrangements(own[block]) for block in blocks)
    if possible < 2:
        raise ValueError(
            "only one assignment was possible: no stratum holds units that could have "
            "changed places; use fewer strata"
        )
    enumerated = possible <= MOST_ENUMERATED
    observed = _finite(statistic(labels[None, :]), 1)[0]
    number = possible if enumerated else draws
    step = max(1, CHUNK // len(labels))
    parts = (
        _enumerate(own, blocks, step)
        if enumerated
        else _shuffle(own, blocks, draws, step, seed)
    )
    null = np.concatenate([_finite(statistic(part[:, back]), len(part)) for part in parts])
    null.sort()
    low, high = np.quantile(null, [0.025, 0.975])
    return RandomisationTest(
        observed=float(observed),
        expected=float(null.mean()),
        p_value=tail_p(float(observed), null, alternative, exact=enumerated),
        low=float(low),
        high=float(high),
        draws=number,
        enumerated=enumerated,
        units=int(movable[first].sum()),
        members=members,
        null=null,
    )


def tail_p(
    observed: float,
    null: FloatArray,
    alternative: Alternative,
    *,
    exact: bool,
    level: float = 0.0,
) -> float:
    """Share of `null` at least as extreme; one added to both numbers unless exact.

    `level` is the size of the numbers that the statistic is a difference of: what lies
    within their rounding is a tie.
    """
    slack = TIE * max(abs(observed), float(np.abs(null).max())) + ROUNDING * level
    added = 0 if exact else 1
    above = (int((null >= observed - slack).sum()) + added) / (len(null) + added)
    below = (int((null <= observed + slack).sum()) + added) / (len(null) + added)
    if alternative == "greater":
        return above
    if alternative == "less":
        return below
    return min(1.0, 2 * min(above, below))


def _codes(
    given: npt.ArrayLike, name: str, labels: npt.NDArray[Any]
) -> npt.NDArray[np.int_]:
    found = np.asarray(given)
    if found.shape != labels.shape:
        raise ValueError(f"one entry of {name} per school expected")
    if pd.isna(found).any():
        raise ValueError(f"a school has no label of {name}: give it one of its own")
    codes: npt.NDArray[np.int_] = np.unique(found.astype(str), return_inverse=True)[1]
    return codes


def _units(
    labels: npt.NDArray[Any],
    movable: npt.NDArray[np.bool_],
    unit: npt.NDArray[np.int_] | None,
    layer: npt.NDArray[np.int_] | None,
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """First school of each unit that is drawn as a whole, and the unit of each school."""
    if unit is None:
        everyone = np.arange(len(labels))
        return everyone, everyone
    _, first, back = np.unique(unit, return_index=True, return_inverse=True)
    same = np.where(movable, labels == labels[first][back], ~movable[first][back])
    if not same.all():
        raise ValueError(
            "a cluster holds schools that differ in membership or join date: draw schools, "
            "or name clusters that joined as one"
        )
    if layer is not None and (layer != layer[first][back]).any():
        raise ValueError(
            "a cluster lies in more than one stratum: use strata of clusters, such as "
            "their size, or draw schools"
        )
    return first, back


def _blocks(
    own: npt.NDArray[Any], layer: npt.NDArray[np.int_], movable: npt.NDArray[np.bool_]
) -> list[npt.NDArray[np.int_]]:
    """Units that change places with each other: a stratum's, where they differ at all."""
    places = np.flatnonzero(movable)
    order = places[np.argsort(layer[places], kind="stable")]
    parts = np.split(order, np.flatnonzero(np.diff(layer[order])) + 1)
    return [part for part in parts if len(part) and (own[part] != own[part[0]]).any()]


def _arrangements(labels: npt.NDArray[Any]) -> int:
    counts = np.unique(labels, return_counts=True)[1].tolist()
    found, left = 1, len(labels)
    for count in counts:
        found *= math.comb(left, count)
        left -= count
        if found > MOST_ENUMERATED:
            return found
    return found


def _every_order(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """All distinct orders of a short list with repeats, one for each row."""
    kinds, counts = np.unique(labels, return_counts=True)
    rows = [(kinds[-1:].repeat(len(labels)), tuple(range(len(labels))))]
    for kind, count in zip(kinds[:-1], counts[:-1].tolist(), strict=True):
        longer = []
        for row, free in rows:
            for taken in itertools.combinations(free, count):
                new = row.copy()
                new[list(taken)] = kind
                longer.append((new, tuple(sorted(set(free) - set(taken)))))
        rows = longer
    return np.array([row for row, _ in rows])


def _enumerate(
    own: npt.NDArray[Any], blocks: list[npt.NDArray[np.int_]], step: int
) -> Iterator[npt.NDArray[Any]]:
    orders = [_every_order(own[block]) for block in blocks]
    sizes = [len(order) for order in orders]
    total = math.prod(sizes)
    for start in range(0, total, step):
        numbers = np.unravel_index(np.arange(start, min(start + step, total)), sizes)
        drawn = np.tile(own, (len(numbers[0]), 1))
        for block, order, number in zip(blocks, orders, numbers, strict=True):
            drawn[:, block] = order[number]
        yield drawn


def _shuffle(
    own: npt.NDArray[Any],
    blocks: list[npt.NDArray[np.int_]],
    draws: int,
    step: int,
    seed: int,
) -> Iterator[npt.NDArray[Any]]:
    random = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, draws, step):
        drawn = np.tile(own, (min(step, draws - start), 1))
        for block in blocks:
            drawn[:, block] = random.permuted(drawn[:, block], axis=1)
        yield drawn


def _finite(found: npt.ArrayLike, rows: int) -> FloatArray:
    values = np.asarray(found, dtype=float)
    if values.shape != (rows,):
        raise ValueError(
            f"the statistic must return one number for each of {rows} rows, "
            f"found shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("the statistic is not a finite number for some assignment")
    return values
