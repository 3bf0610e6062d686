"""Which values of an effect a set of linear inequalities leaves standing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr, ndtri

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

GRID = 800
"""Values tried in each set before its ends are refined by bisection."""
NODES = 160
"""Points of the Gauss-Legendre rule for the least favourable distribution."""
BISECTIONS = 48
"""Halvings of a bracket: 2^-48 of its width is below what doubles can tell apart."""
FAR = 9.0
"""Standard deviations beyond which a normal variable has no weight in doubles."""
NO_VARIANCE = 1e-20
"""A variance this small, of quantities that are of the order of one, is rounding."""


@dataclass(frozen=True)
class Inequalities:
    """Sets of inequalities that a hypothesis implies for two estimated numbers.

    In set s, inequality j says that `slopes[s, j, 0] * (effect - value) +
    slopes[s, j, 1] * nuisance[s]` is not above zero in truth. `slopes` is (S, J, 2);
    `effect` is one estimate for all sets; `nuisance` (S,) the second estimate of each;
    `covariance` (S, 2, 2) that of the pair. Each row is scaled so that its value is of
    the order of its standard error, and in each set some row has a positive and some
    row a negative first slope: without it no value could be ruled out.
    """

    slopes: FloatArray
    effect: float
    nuisance: FloatArray
    covariance: FloatArray


def accepted_ends(
    sets: Inequalities, size: float, first_stage_size: float
) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest value that each set of inequalities does not reject, (S,).

    Not a number where a set rejects every value. The test is the hybrid of Andrews,
    Roth and Pakes. The statistic is the largest of the inequalities. A first stage
    rejects where it passes its `1 - first_stage_size` quantile in the least favourable
    case, all inequalities binding. A second stage compares it with a normal
    distribution truncated to where the same inequality stays the largest, and to below
    the first stage's value; its size makes up the rest of `size`.

    Every inequality is a vertex of the dual of the linear programme that would take
    nuisance effects out, so that no programme is left to be solved. The first stage
    bounds the accepted values on both sides; in between, a grid finds the outermost
    accepted values and bisection makes the ends exact.

    Sources: Andrews, Roth and Pakes (2023), Inference for linear conditional moment
    inequalities, sections 4 to 6; Rambachan and Roth (2023), section 3.
    """
    critical = least_favourable_quantile(sets, first_stage_size)
    low, high = _first_stage_range(sets, critical)
    rest = (size - first_stage_size) / (1.0 - first_stage_size)
    some = low <= high
    if not some.any():
        return np.full(len(low), np.nan), np.full(len(low), np.nan)
    width = np.where(some, high - low, 0.0)
    steps = np.linspace(0.0, 1.0, GRID)
    values = np.where(some, low, sets.effect)[:, None] + width[:, None] * steps
    inside = np.clip(sets.effect, values[:, 0], values[:, -1])
    values = np.sort(np.column_stack([values, inside]), axis=1)
    accepted = ~rejects(sets, values, critical, rest) & some[:, None]
    found = accepted.any(axis=1)
    last = values.shape[1] - 1
    first = accepted.argmax(axis=1)
    final = last - accepted[:, ::-1].argmax(axis=1)
    rows = np.arange(len(values))
    ends = np.column_stack([values[rows, first], values[rows, final]])
    beyond = np.column_stack(
        [
            values[rows, np.maximum(first - 1, 0)],
            values[rows, np.minimum(final + 1, last)],
        ]
    )
    for _ in range(BISECTIONS):
        middle = (ends + beyond) / 2
        out = rejects(sets, middle, critical, rest)
        ends, beyond = np.where(out, ends, middle), np.where(out, middle, beyond)
    ends[~found] = np.nan
    return ends[:, 0], ends[:, 1]


def rejects(
    sets: Inequalities, values: FloatArray, critical: FloatArray, size: float
) -> BoolArray:
    """Tell which `values` (S, V) the hybrid test rejects, each row by its own set.

    `critical` (S,) is the first stage's and `size` the second stage's.
    """
    slopes = sets.slopes
    away = (sets.effect - values)[:, :, None]
    level = slopes[:, None, :, 1] * sets.nuisance[:, None, None]
    moments = slopes[:, None, :, 0] * away + level
    binding = moments.argmax(axis=2)
    largest = np.take_along_axis(moments, binding[:, :, None], axis=2)
    joint = slopes @ sets.covariance @ slopes.transpose(0, 2, 1)
    rows = np.arange(len(values))[:, None]
    variance = joint[rows, binding, binding][:, :, None]
    certain = variance <= NO_VARIANCE
    share = joint[rows, binding] / np.where(certain, 1.0, variance)
    gap = 1.0 - share
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (moments - share * largest) / gap
    lower = np.where(gap > 1e-12, crossing, -np.inf).max(axis=2)
    upper = np.where(gap < -1e-12, crossing, np.inf).min(axis=2)
    upper = np.minimum(upper, critical[:, None])
    statistic = largest[:, :, 0]
    spread = np.sqrt(np.where(certain, 1.0, variance))[:, :, 0]
    within = _share_above(statistic / spread, lower / spread, upper / spread)
    unlikely = certain[:, :, 0] | (statistic >= critical[:, None]) | (within < size)
    # An inequality that holds in the sample is no evidence against it.
    rejected: BoolArray = (statistic > 0.0) & unlikely
    return rejected


def least_favourable_quantile(sets: Inequalities, size: float) -> FloatArray:
    """Quantile 1 - size of the largest inequality where all of them bind, (S,).

    With two estimated numbers it needs no simulation: given the second, the
    inequalities leave an interval for the first, whose normal probability is
    integrated over the second.
    """
    slopes, cov = sets.slopes, sets.covariance
    spread = np.sqrt(cov[:, 1, 1])
    moving = spread > np.sqrt(NO_VARIANCE)
    tilt = np.where(moving, cov[:, 0, 1] / np.where(moving, cov[:, 1, 1], 1.0), 0.0)
    left = np.maximum(cov[:, 0, 0] - tilt * cov[:, 0, 1], NO_VARIANCE)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    bounding = slopes[:, (slopes[:, :, 0] != 0.0).any(axis=0)]

    def probability(critical: FloatArray) -> FloatArray:
        from_, to = _second_range(slopes, critical, spread)
        half = np.clip(to - from_, 0.0, None) / 2
        points = from_[:, None] + half[:, None] * (nodes + 1)
        second = spread[:, None] * points
        low, high = _first_range(bounding, critical, second)
        centre, error = tilt[:, None] * second, np.sqrt(left)[:, None]
        mass = np.clip(ndtr((high - centre) / error) - ndtr((low - centre) / error), 0, 1)
        density = np.exp(-(points**2) / 2) / np.sqrt(2 * np.pi)
        total: FloatArray = half * ((mass * density) @ weights)
        return total

    # No row has a standard deviation above the largest, and one of J passes a bound
    # at most J times as often as a single one.
    deviation = np.sqrt(np.einsum("sji,sik,sjk->sj", slopes, cov, slopes).max(axis=1))
    low = np.zeros(len(slopes))
    high = deviation * -float(ndtri(size / slopes.shape[1])) + 1e-12
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        enough = probability(middle) >= 1.0 - size
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    found: FloatArray = high
    return found


def _share_above(value: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Probability that a standard normal between two bounds lies above a value."""
    above, below, most = log_ndtr(-value), log_ndtr(-lower), log_ndtr(-upper)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.expm1(np.minimum(most - above, 0.0))
        whole = np.expm1(np.minimum(most - below, 0.0))
        share = np.exp(above - below) * part / whole
    # Bounds that meet leave a single value: nothing of it lies above.
    return np.where(whole < 0.0, np.nan_to_num(share), 0.0)


def _first_stage_range(
    sets: Inequalities, critical: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Values of the effect at which no inequality passes the first stage."""
    low, high = _first_range(sets.slopes, critical, sets.nuisance[:, None])
    level = sets.slopes[:, :, 1] * sets.nuisance[:, None]
    broken = ((sets.slopes[:, :, 0] == 0.0) & (level > critical[:, None])).any(axis=1)
    first, final = sets.effect - high[:, 0], sets.effect - low[:, 0]
    return np.where(broken, np.inf, first), np.where(broken, -np.inf, final)


def _first_range(
    slopes: FloatArray, critical: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Range of the first number in which no row passes `critical`, given the second."""
    slope = slopes[:, None, :, 0]
    room = critical[:, None, None] - slopes[:, None, :, 1] * second[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        end = room / slope
    low = np.where(slope < 0, end, -np.inf).max(axis=2)
    high = np.where(slope > 0, end, np.inf).min(axis=2)
    return low, high


def _second_range(
    slopes: FloatArray, critical: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Range of the second number, in its standard deviations, by rows of it alone."""
    alone = slopes[:, :, 0] == 0.0
    slope = slopes[:, :, 1] * spread[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        end = critical[:, None] / slope
    low = np.where(alone & (slope < 0), end, -FAR).max(axis=1)
    high = np.where(alone & (slope > 0), end, FAR).min(axis=1)
    return np.clip(low, -FAR, FAR), np.clip(high, -FAR, FAR)
