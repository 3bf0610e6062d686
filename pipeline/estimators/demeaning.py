"""What is left of a column once school and year effects are taken out, exactly."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_CELLS = 50_000_000
"""Units times periods that the table of weights may have: 400 MB of numbers."""

WELL_CONNECTED = 1e-4
"""Below this share of the best possible link between periods a second pass is made."""


def singletons(unit: IntArray, time: IntArray) -> npt.NDArray[np.bool_]:
    """Rows that are alone in their unit or in their period, again until none is left.

    Such a row is fitted perfectly by its own effect. It says nothing about any
    regressor, and counting it as evidence makes errors too small (Correia 2015,
    Singletons, cluster-robust standard errors and fixed effects: a bad mix).

    `unit` and `time` are codes from 0, one for each row; the answer has a mark for each.
    """
    alone = np.zeros(len(unit), dtype=bool)
    rows = np.arange(len(unit))
    while len(rows):
        by_unit, by_time = np.bincount(unit[rows]), np.bincount(time[rows])
        if by_unit[by_unit > 0].min() > 1 and by_time[by_time > 0].min() > 1:
            break
        found = (by_unit[unit[rows]] == 1) | (by_time[time[rows]] == 1)
        alone[rows[found]] = True
        rows = rows[~found]
    return alone


@dataclass(frozen=True)
class TwoWayProjection:
    """The part of columns that unit and period effects do not explain.

    Made once for a sample and used for any number of outcomes and regressors. Unit
    effects are eliminated in closed form; what remains are as many equations as there
    are periods, and a panel of schools has few. So no alternation between the two
    effects is needed, and no tolerance at which it would stop: with nine years this is
    one system of nine equations (the within estimator of an unbalanced two-way model:
    Wansbeek and Kapteyn 1989). Where periods are hardly linked by common units, the
    projection is made twice, which takes the rounding of the first out.

    For period effects alone, give the period as `unit` and one code 0 as `time`.
    """

    unit: IntArray
    time: IntArray
    weights: FloatArray | None
    units: int
    times: int
    components: int
    """Parts of the panel without a common unit or period; effects compare within one."""
    _cells: FloatArray
    _unit_weight: FloatArray
    _inverse: FloatArray
    _passes: int

    @property
    def occupied_cells(self) -> int:
        """Units in periods that have at least one row."""
        return int(np.count_nonzero(self._cells))

    def residuals(self, column: FloatArray) -> FloatArray:
        """One column (n,) less its weighted unit and period effects."""
        left = self._swept(column)
        for _ in range(self._passes - 1):
            left = self._swept(left)
        return left

    def residuals_of_all(self, columns: list[FloatArray]) -> FloatArray:
        """Several columns, as an (n, k) array in Fortran order."""
        left = np.empty((len(self.unit), len(columns)), order="F")
        for place, column in enumerate(columns):
            left[:, place] = self.residuals(column)
        return left

    def _swept(self, column: FloatArray) -> FloatArray:
        weights = self.weights
        centre = column.mean() if weights is None else column @ weights / weights.sum()
        left: FloatArray = column - centre
        weighted = left if weights is None else left * weights
        of_unit, of_time = self._effects(
            _sums(self.unit, weighted, self.units),
            _sums(self.time, weighted, self.times),
        )
        left -= of_unit[self.unit]
        left -= of_time[self.time]
        return left

    def _effects(
        self, unit_sum: FloatArray, time_sum: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        of_time = self._inverse @ (time_sum - (unit_sum / self._unit_weight) @ self._cells)
        return (unit_sum - self._cells @ of_time) / self._unit_weight, of_time


def two_way_projection(
    unit: IntArray, time: IntArray, weights: FloatArray | None = None
) -> TwoWayProjection:
    """Prepare to take unit and period effects out of columns.

    `unit` and `time` are codes from 0 without a gap, one for each row; `weights` are
    positive. The same unit may be seen more than once in a period. Whichever of the two
    has fewer levels is the one that is solved for; the other is eliminated.

    Raises ValueError where units times periods are more than 50 million: the weights of
    units in periods are held as a table.
    """
    if time.max() > unit.max():
        unit, time = time, unit
    units, times = int(unit.max()) + 1, int(time.max()) + 1
    if units * times > MOST_CELLS:
        raise ValueError(
            f"{units} units in {times} periods are too many for this method, which is "
            "made for few periods: take coarser periods"
        )
    cells = _sums(unit * times + time, weights, units * times).reshape(units, times)
    unit_weight, time_weight = cells.sum(axis=1), cells.sum(axis=0)
    shared = cells.T @ (cells / unit_weight[:, None])
    components, labels = connected_components(shared > 0, directed=False)
    # One period of each connected part is the base: only differences are identified.
    _, bases = np.unique(labels, return_index=True)
    others = np.setdiff1d(np.arange(times), bases)
    inverse = np.zeros((times, times))
    passes = 1
    if len(others):
        system = np.diag(time_weight) - shared
        root = np.sqrt(time_weight)
        strength = np.linalg.eigvalsh(system / np.outer(root, root))[components]
        passes = 1 if strength > WELL_CONNECTED else 2
        inverse[np.ix_(others, others)] = np.linalg.inv(system[np.ix_(others, others)])
    return TwoWayProjection(
        unit, time, weights, units, times, components, cells, unit_weight, inverse, passes
    )


def _sums(code: IntArray, values: FloatArray | None, levels: int) -> FloatArray:
    return np.bincount(code, values, levels).astype(np.float64, copy=False)
