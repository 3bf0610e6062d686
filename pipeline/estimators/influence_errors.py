"""Standard errors of estimates from the contributions of their units."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Errors:
    """For each of r estimates: error, error for intervals, degrees of freedom."""

    standard_error: FloatArray
    interval_error: FloatArray
    degrees_of_freedom: FloatArray

    def half_width(self, level: float) -> FloatArray:
        """Half of each interval at this level."""
        points: FloatArray = stats.t.ppf(0.5 + level / 2, self.degrees_of_freedom)
        return points * self.interval_error


@dataclass(frozen=True)
class ClusteredSides:
    """Clusters of units, and the side (a cohort, or the never treated) of each cluster.

    `cluster` (n,) holds codes from 0; `side` (n,) holds codes in the order of the units,
    which stand side by side. A cluster with units on several sides belongs to the first.
    """

    cluster: IntArray
    side: IntArray

    @cached_property
    def _order(self) -> tuple[IntArray | None, IntArray, IntArray]:
        # The units' order with clusters together and sides together; starts of both.
        count = int(self.cluster.max()) + 1
        if count == len(self.cluster):
            starts = np.flatnonzero(np.diff(self.side, prepend=-1))
            return None, np.arange(count), starts
        first = np.full(count, np.iinfo(np.intp).max)
        np.minimum.at(first, self.cluster, self.side)
        order = np.lexsort((self.cluster, first[self.cluster]))
        starts = np.flatnonzero(np.diff(self.cluster[order], prepend=-1))
        sides = first[self.cluster[order][starts]]
        return order, starts, np.flatnonzero(np.diff(sides, prepend=-1))

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(self._order[1])

    def sums(self, contributions: FloatArray) -> FloatArray:
        """Add the contributions (r, n) of the units of each cluster: (r, clusters)."""
        order, starts, _ = self._order
        if order is None:
            return contributions
        added: FloatArray = np.add.reduceat(contributions[:, order], starts, axis=1)
        return added

    def errors(self, sums: FloatArray) -> Errors:
        """Errors of r estimates from the clusters' sums (r, clusters).

        The squared standard error is the sum of the squared sums, with no correction:
        R's did. It is a little too small where a cohort has few clusters, because the
        contributions of a cohort are deviations from the cohort's own mean. For intervals
        each side's part of the variance is multiplied by G/(G-1), with G the side's
        clusters that contribute, and the interval is judged by t with the
        Welch-Satterthwaite degrees of freedom of the sides. With many clusters on each
        side both are did's normal interval.

        Sources: Callaway and Sant'Anna (2021), section 4; Satterthwaite (1946).
        """
        starts = self._order[2]
        parts = np.add.reduceat(sums * sums, starts, axis=1)
        some = np.add.reduceat((sums != 0).astype(float), starts, axis=1)
        # ASSUME: with few clusters the spread between those of one cohort is as Welch's:
        # its own variance and degrees of freedom for each cohort, no pooling of cohorts.
        freedom = np.maximum(some - 1, 1)
        spread = parts * np.maximum(some, 1) / freedom
        total = spread.sum(axis=1)
        lowest = (spread**2 / freedom).sum(axis=1)
        moving = lowest > 0
        return Errors(
            np.sqrt(parts.sum(axis=1)),
            np.sqrt(total),
            np.divide(total**2, lowest, out=np.full(len(sums), np.inf), where=moving),
        )
