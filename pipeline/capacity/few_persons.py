"""Which counts of persons must be hidden, so that none of a few can be worked out."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from pipeline.contracts.capacity import FEW_PERSONS

Cell = TypeVar("Cell", bound=Hashable)
_NEARLY = 0.5
"""Counts are whole: what the solver misses by is far below a half."""


@dataclass(frozen=True)
class Sum(Generic[Cell]):
    """A count that its parts add up to, as any reader knows."""

    total: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The total and the parts."""
        return (self.total, *self.parts)


def hidden_cells(
    counts: Mapping[Cell, int],
    sums: Sequence[Sum[Cell]],
    *,
    up_to: int = FEW_PERSONS,
    never_shown: Collection[Cell] = (),
    kept: Collection[Cell] = (),
) -> frozenset[Cell]:
    """Give the cells that must not be shown.

    Hidden are all counts of 1 to `up_to` persons. Then, while a reader who adds and
    subtracts could still work out that one of them is no more than `up_to`, the smallest
    count beside it that is not 0 is hidden too (secondary suppression). What the reader
    can work out is found by a linear programme over all sums at once: how large could the
    hidden count be, if everything that is shown holds? `never_shown` are counts that no
    table shows, such as those who did not come back; `kept` are counts that another table
    shows: they are hidden only where they are few themselves.

    Ties go to the count that comes first. Raises ValueError where a sum does not hold,
    and where nothing is left to hide.
    Source: Hundepool and others, Statistical Disclosure Control (2012), chapter 4.
    """
    for one in sums:
        if counts[one.total] != sum(counts[part] for part in one.parts):
            raise ValueError(f"the parts of {one.total} do not add up to it")
    few = [cell for cell, number in counts.items() if 1 <= number <= up_to]
    hidden = set(few) | set(never_shown)
    for cell in few:
        while (beside := _beside(cell, counts, sums, hidden, kept, up_to)) is not None:
            hidden.add(beside)
    return frozenset(hidden)


def _beside(
    cell: Cell,
    counts: Mapping[Cell, int],
    sums: Sequence[Sum[Cell]],
    hidden: set[Cell],
    kept: Collection[Cell],
    up_to: int,
) -> Cell | None:
    """Name the next count to hide for the sake of a cell; None where it is safe."""
    near, cells = _connected(cell, sums)
    unknown = [one for one in cells if one in hidden]
    if not near or _largest(cell, unknown, near, counts) > up_to + _NEARLY:
        return None
    closest = {one for part in near if cell in part.cells for one in part.cells}
    shown = [c for c in cells if c not in hidden and c not in kept and counts[c] > 0]
    beside = [c for c in shown if c in closest] or shown
    if not beside:
        raise ValueError(f"nothing is left to hide {cell} with")
    return min(beside, key=counts.__getitem__)


def _connected(cell: Cell, sums: Sequence[Sum[Cell]]) -> tuple[list[Sum[Cell]], list[Cell]]:
    """All sums that a cell stands in, by way of others too, and all their cells."""
    cells: dict[Cell, None] = {cell: None}
    near: list[Sum[Cell]] = []
    waiting = list(sums)
    while reached := [one for one in waiting if not cells.keys().isdisjoint(one.cells)]:
        near += reached
        waiting = [one for one in waiting if one not in reached]
        cells |= {part: None for one in reached for part in one.cells}
    return near, list(cells)


def _largest(
    cell: Cell,
    unknown: list[Cell],
    near: list[Sum[Cell]],
    counts: Mapping[Cell, int],
) -> float:
    """How large the hidden cell could be for all that is shown."""
    place = {one: number for number, one in enumerate(unknown)}
    weights: npt.NDArray[np.float64] = np.zeros((len(near), len(unknown)))
    known: npt.NDArray[np.float64] = np.zeros(len(near))
    for row, one in enumerate(near):
        for part, sign in ((one.total, -1.0), *((p, 1.0) for p in one.parts)):
            if part in place:
                weights[row, place[part]] += sign
            else:
                known[row] -= sign * counts[part]
    wanted = np.zeros(len(unknown))
    wanted[place[cell]] = -1.0
    found = linprog(wanted, A_eq=weights, b_eq=known, bounds=(0, None), method="highs")
    unbounded = 3
    if found.status == unbounded:
        return float("inf")
    return float(-found.fun)
