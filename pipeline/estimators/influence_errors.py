"""Standard errors of estimates from the contributions of their units."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


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

    def errors(
        self,
        contributions: FloatArray,
        within: FloatArray | None = None,
        beside: FloatArray | None = None,
        used: BoolArray | None = None,
    ) -> Errors:
        """Errors of r estimates from the contributions (r, n) of their units.

        The squared standard error is the sum over clusters of the squared sums of their
        contributions, with no correction: R's did. It is a little too small where a side
        has few clusters, because the contributions of its units are deviations from the
        side's own mean. For intervals that is undone as in CR2: what a cluster has on a
        side is divided by the root of 1 - h, where h is its share of the side's units that
        contribute, before it is added over sides and squared. Where each cluster is one
        unit that is the factor G/(G-1) of a side's variance.

        Intervals are judged by t. Its degrees of freedom are Satterthwaite's, as if units
        were independent and each side had a variance of its own: Welch's, where no cluster
        reaches over sides; where hubs do, they and not the sides' clusters are counted.
        With many clusters on each side both are did's normal interval.

        `within` (r, n) are the contributions that are such deviations, all of them if it
        is not given; `beside` (r,) is variance that comes from elsewhere. `used` (r, n)
        tells the units that an estimate rests on, all of them if it is not given: a unit
        whose change is just the mean of its side contributes nothing and is still one of
        those that the mean is of.

        Sources: Callaway and Sant'Anna (2021), section 4; Bell and McCaffrey (2002), Bias
        reduction in standard errors for linear regression with multi-stage samples;
        Satterthwaite (1946).
        """
        sums = self.sums(contributions)
        if used is None:
            used = np.ones(contributions.shape, dtype=bool)
        spread, freedom = self._spread(contributions if within is None else within, used)
        total = spread if beside is None else spread + beside
        return Errors(np.sqrt((sums * sums).sum(axis=1)), np.sqrt(total), freedom)

    @cached_property
    def _pieces(self) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
        # A piece is what a cluster has on a side. The units' order by side and cluster and
        # the starts of pieces in it; starts of sides among pieces; each piece's side and
        # cluster.
        order = np.lexsort((self.cluster, self.side))
        side, cluster = self.side[order], self.cluster[order]
        new = (np.diff(side, prepend=-1) != 0) | (np.diff(cluster, prepend=-1) != 0)
        starts = np.flatnonzero(new)
        begins = np.flatnonzero(np.diff(side[starts], prepend=-1))
        which = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(starts)))
        return order, starts, begins, which, cluster[starts]

    def _spread(
        self, contributions: FloatArray, used: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Variance (r,) for intervals, and its degrees of freedom (r,)."""
        # ASSUME: with few clusters the spread between those of one cohort is as Welch's:
        # its own variance for each cohort, no pooling of cohorts, and in counting degrees
        # of freedom schools of one cluster are taken for independent.
        if self._order[0] is None:
            return _of_single_units(contributions, used, self._order[2])
        order, starts, begins, which, cluster = self._pieces
        ordered = contributions[:, order]
        held = np.add.reduceat(used[:, order].astype(float), starts, axis=1)
        size = np.add.reduceat(held, begins, axis=1)
        share = held / np.maximum(size, 1)[:, which]
        # A side of one cluster has no deviations to undo, and shows no variance.
        left = np.where(share < 1, 1 - share, 1.0)
        share = np.where(share < 1, share, 0.0)
        sums = np.add.reduceat(ordered, starts, axis=1) / np.sqrt(left)
        together = np.argsort(cluster, kind="stable")
        firsts = np.flatnonzero(np.diff(cluster[together], prepend=-1))

        def by_cluster(of_pieces: FloatArray) -> FloatArray:
            added: FloatArray = np.add.reduceat(of_pieces[:, together], firsts, axis=1)
            return added

        spread = (by_cluster(sums) ** 2).sum(axis=1)
        # The covariance of the clusters' sums were units independent: a diagonal less an
        # outer product for each side, weighted by the side's variance.
        variance = np.add.reduceat(sums * sums, begins, axis=1)
        of_piece = variance[:, which]
        outer = share / np.sqrt(left)
        diagonal = by_cluster(of_piece * share / left)
        at = np.empty_like(together)
        at[together] = np.repeat(
            np.arange(len(firsts)), np.diff(firsts, append=len(together))
        )
        products = self._products(outer, at, begins, which)
        squares = (diagonal**2).sum(axis=1)
        squares -= 2 * (of_piece * outer**2 * diagonal[:, at]).sum(axis=1)
        squares += np.einsum("rg,rh,rgh->r", variance, variance, products**2)
        trace = (of_piece * share).sum(axis=1)
        freedom = np.full(len(spread), np.inf)
        return spread, np.divide(trace**2, squares, out=freedom, where=squares > 0)

    @staticmethod
    def _products(
        outer: FloatArray, cluster: IntArray, begins: IntArray, which: IntArray
    ) -> FloatArray:
        """Inner products (r, sides, sides) of the sides' vectors over clusters."""
        reaches_over = np.bincount(cluster)[cluster] > 1
        shared = np.unique(cluster[reaches_over])
        dense = np.zeros((len(outer), len(begins), len(shared)))
        place = np.searchsorted(shared, cluster[reaches_over])
        dense[:, which[reaches_over], place] = outer[:, reaches_over]
        products: FloatArray = dense @ dense.transpose(0, 2, 1)
        alike = np.arange(len(begins))
        products[:, alike, alike] = np.add.reduceat(outer**2, begins, axis=1)
        return products


def _of_single_units(
    contributions: FloatArray, used: BoolArray, begins: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The same where each unit is its own cluster: Welch's variance and degrees."""
    some = np.add.reduceat(used.astype(float), begins, axis=1)
    freedom = np.maximum(some - 1, 1)
    parts = np.add.reduceat(contributions * contributions, begins, axis=1)
    spread = parts * np.maximum(some, 1) / freedom
    total = spread.sum(axis=1)
    lowest = (spread**2 / freedom).sum(axis=1)
    endless = np.full(len(total), np.inf)
    return total, np.divide(total**2, lowest, out=endless, where=lowest > 0)
