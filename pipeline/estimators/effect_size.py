"""An effect in standard deviations of pupils, and how alike pupils of one school are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from pipeline.estimators.causal_design import Design, require_causal_design

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EffectSize:
    """Hedges' g: an effect in units of the total standard deviation of pupils.

    `degrees_of_freedom` are those of the total variance, `small_sample_factor` is J of
    them, `intracluster_correlation` the share of the variance that lies between clusters.
    """

    g: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: float
    small_sample_factor: float
    intracluster_correlation: float
    pupils: int
    clusters: int
    design: Design


@dataclass(frozen=True)
class IntraclusterCorrelation:
    """Share of the variance of pupils that lies between their schools.

    By one-way analysis of variance it may be below zero: schools are then more alike than
    luck would have them. `typical_size` is the number of pupils per school that counts.
    """

    correlation: float
    between_variance: float
    within_variance: float
    typical_size: float
    pupils: int
    clusters: int


def hedges_g(
    difference: float,
    treated_sizes: npt.ArrayLike,
    control_sizes: npt.ArrayLike,
    *,
    between_variance: float,
    within_variance: float,
    design: str,
    difference_error: float | None = None,
    level: float = 0.95,
) -> EffectSize:
    """Put an effect on pupils in standard deviations of pupils, with its interval.

    `difference` is the adjusted difference of the two arms in the outcome's unit;
    `treated_sizes` and `control_sizes` are the numbers of pupils in each cluster of the
    arms (ones where pupils were allotted singly); the variances are those of clusters and
    of pupils within them **without covariates** (unconditional): adjusted ones would make
    the same effect look larger. With rho their intracluster correlation, N pupils in all,
    and n_T = (N_T^2 - sum of n_i^2) / (N_T (m_T - 1)) of m_T clusters, likewise n_C:

        g = J(h) difference / sqrt(between + within)
            x sqrt(1 - rho ((N - n_T m_T - n_C m_C) + n_T + n_C - 2) / (N - 2))

    J(h) = Gamma(h/2) / (sqrt(h/2) Gamma((h-1)/2)) is exact, with Hedges' degrees of freedom
    h of the total variance: N - 2 where rho is nil. The error adds that of the difference
    and that of the standard deviation. The first is that of a comparison without
    covariates, (N/(N_T N_C)) (1 + (n - 1) rho), unless `difference_error`, in the outcome's
    unit, brings that of the model. The interval is normal.

    `design` must be a causal one. For a gap between groups give the measure's own unit.

    Raises ValueError for another design, an arm with fewer than two clusters, sizes that
    are not whole and positive, variances that are negative or nil together, a difference
    that is not finite, an error that is not positive, or a level not between 0 and 1.

    Sources: Hedges (2007), Effect sizes in cluster-randomized designs, Journal of
    Educational and Behavioral Statistics 32, section on unequal cluster sizes; Hedges
    (1981) for J; the EEF's guidance on statistical analysis, which asks for the
    unconditional total variance.
    """
    causal = require_causal_design(design, "effect size")
    treated = _sizes(treated_sizes, "treated")
    control = _sizes(control_sizes, "control")
    rho = intracluster_correlation(between_variance, within_variance)
    total = float(np.sqrt(between_variance + within_variance))
    if not np.isfinite(difference):
        raise ValueError("the difference is not a finite number")
    if difference_error is not None and not (
        np.isfinite(difference_error) and difference_error > 0
    ):
        raise ValueError("the error of the difference must be positive")
    if not 0 < level < 1:
        raise ValueError(f"a level between 0 and 1 expected, found {level}")
    n_t, n_c = float(treated.sum()), float(control.sum())
    pupils = n_t + n_c
    # What the clusters leave of the pupils as independent pieces of evidence.
    left = _one_less(treated) + _one_less(control)
    unbiased = float(np.sqrt(1 - rho * (pupils - 2 - left) / (pupils - 2)))
    freedom = (pupils - 2 - rho * (pupils - 2 - left)) ** 2 / (
        (pupils - 2) * (1 - rho) ** 2
        + (_fourth(treated) + _fourth(control)) * rho**2
        + 2 * left * rho * (1 - rho)
    )
    plain = difference / total * unbiased
    size = n_c * float(treated @ treated) / (n_t * pupils)
    size += n_t * float(control @ control) / (n_c * pupils)
    of_difference = (
        pupils / (n_t * n_c) * (1 + (size - 1) * rho)
        if difference_error is None
        else (difference_error / total * unbiased) ** 2
    )
    # Hedges' own term: the variance of the total variance beside its square.
    of_deviation = plain**2 * _relative_variance(pupils, left, rho, freedom)
    factor = small_sample_factor(freedom)
    error = factor * float(np.sqrt(of_difference + of_deviation))
    half = float(stats.norm.ppf(0.5 + level / 2)) * error
    g = factor * plain
    return EffectSize(
        g=g,
        standard_error=error,
        low=g - half,
        high=g + half,
        degrees_of_freedom=freedom,
        small_sample_factor=factor,
        intracluster_correlation=rho,
        pupils=int(pupils),
        clusters=len(treated) + len(control),
        design=causal,
    )


def small_sample_factor(degrees_of_freedom: float) -> float:
    """Factor J that takes the bias from an effect size; exact, not 1 - 3/(4m - 1).

    Raises ValueError for degrees of freedom of 1 or fewer, where it does not exist.
    Source: Hedges (1981), Distribution theory for Glass's estimator, equation 6e.
    """
    m = degrees_of_freedom
    if not (np.isfinite(m) and m > 1):
        raise ValueError(f"more than one degree of freedom expected, found {m}")
    # The ratio of gammas in one step: two logarithms would lose digits for many pupils.
    return float(1 / (np.sqrt(m / 2) * special.poch(m / 2, -0.5)))


def intracluster_correlation(between_variance: float, within_variance: float) -> float:
    """Share of the variance between clusters, from the variances of a two-level fit.

    Raises ValueError for a variance that is negative or not finite, or both nil.
    """
    both = (between_variance, within_variance)
    if not all(np.isfinite(v) and v >= 0 for v in both) or sum(both) == 0:
        raise ValueError(f"variances of 0 or more, not both nil, expected, found {both}")
    return between_variance / (between_variance + within_variance)


def one_way_intracluster_correlation(
    value: npt.ArrayLike, cluster: npt.ArrayLike
) -> IntraclusterCorrelation:
    """Intracluster correlation of `value` (n,) by one-way analysis of variance.

    (MSB - MSW) / (MSB + (n0 - 1) MSW) with n0 = (n - sum of n_j^2 / n) / (m - 1) for m
    clusters. It needs no distribution and no iteration; a two-level fit by REML uses
    clusters of unequal size better.

    Raises ValueError for values that are missing, a value without a cluster, fewer than
    two clusters, no cluster with two pupils, or values that are all alike.
    Source: Donner and Koval (1980), The estimation of intraclass correlation.
    """
    y, labels = np.asarray(value, dtype=float), np.asarray(cluster)
    if y.ndim != 1 or y.shape != labels.shape:
        raise ValueError("one value and one cluster for each pupil expected")
    if not np.isfinite(y).all():
        raise ValueError(
            f"{int((~np.isfinite(y)).sum())} pupils have no value: "
            "leave them out and count them"
        )
    codes, names = pd.factorize(labels)
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} pupils have no cluster")
    n, m = len(y), len(names)
    if m < 2 or n == m:
        raise ValueError("two clusters, and one of them with two pupils, expected")
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise ValueError("all values are alike: there is no variance to share out")
    y = y - y.mean()
    sizes = np.bincount(codes).astype(float)
    means = np.bincount(codes, weights=y) / sizes
    within = float(((y - means[codes]) ** 2).sum()) / (n - m)
    between = float(sizes @ means**2) / (m - 1)
    typical = (n - float(sizes @ sizes) / n) / (m - 1)
    total = between + (typical - 1) * within
    return IntraclusterCorrelation(
        correlation=(between - within) / total,
        between_variance=(between - within) / typical,
        within_variance=within,
        typical_size=typical,
        pupils=n,
        clusters=m,
    )


def _relative_variance(pupils: float, left: float, rho: float, freedom: float) -> float:
    """Share in the variance of g that comes of estimating the standard deviation."""
    kept = pupils - 2 - rho * (pupils - 2 - left)
    return kept / (2 * (pupils - 2) * freedom)


def _one_less(sizes: FloatArray) -> float:
    """Pupils of an arm less what its largest clusters weigh: (m - 1) typical sizes."""
    total = float(sizes.sum())
    return total - float(sizes @ sizes) / total


def _fourth(sizes: FloatArray) -> float:
    total, squares = float(sizes.sum()), float(sizes @ sizes)
    return squares + (squares / total) ** 2 - 2 * float((sizes**3).sum()) / total


def _sizes(given: npt.ArrayLike, arm: str) -> FloatArray:
    sizes = np.asarray(given, dtype=float)
    if sizes.ndim != 1 or len(sizes) < 2:
        raise ValueError(f"two or more {arm} clusters expected")
    if not (np.isfinite(sizes) & (sizes >= 1) & (sizes == np.round(sizes))).all():
        raise ValueError(f"whole numbers of pupils expected in the {arm} clusters")
    return sizes
