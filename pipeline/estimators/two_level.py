"""How far results differ within and between groups, and what goes with it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from pipeline.estimators.grouped_moments import (
    FloatArray,
    GroupedMoments,
    grouped_moments,
    read_rows,
)

STARTS = (1.0, 0.05, 20.0)
"""Ratios of random to residual variance to start from; the third where two disagree."""
AGREE = 1e-5
"""Starts that end within this of one another in -2 log likelihood have agreed."""
SINGULAR = 1e-4
"""A random standard deviation below this share of the residual's is a bound."""


@dataclass(frozen=True, eq=False)
class TwoLevelFit:
    """A two-level fit, its fixed effects in the units of the outcome and the columns.

    `coefficients`, `standard_errors` (p,) and `covariance` (p, p) follow `names`, the
    intercept first. `random_covariance` (q, q) follows `random`. `minus_two_loglik` has
    all constants; with `reml` it is the REML criterion as lme4 prints it, and two of them
    compare only where the fixed columns are the same.

    `at_optimum` is False unless two starts ended alike, the gradient is zero, and neither
    the curvature nor any variance that is held at zero leaves a way down: such a fit must
    not be reported as a finding. `on_boundary` is True where some combination of the
    random effects has no variance (a variance of zero, or a correlation of 1 or -1):
    judged by the smallest standard deviation of any combination, random columns scaled to
    a mean square of 1, being below 0.0001 of the residual standard deviation. The
    estimates stand, and standard errors rest on that zero. `left_out` counts the rows
    that could not be used, by what they lack.
    """

    names: tuple[str, ...]
    random: tuple[str, ...]
    outcome: str
    group: str
    reml: bool
    coefficients: FloatArray
    standard_errors: FloatArray
    covariance: FloatArray
    random_covariance: FloatArray
    residual_variance: float
    minus_two_loglik: float
    at_optimum: bool
    on_boundary: bool
    rows: int
    groups: int
    left_out: dict[str, int]
    relative_covariance: FloatArray = field(repr=False)

    def interval(
        self, name: str, level: float = 0.95, degrees_of_freedom: float | None = None
    ) -> tuple[float, float]:
        """Wald interval of one coefficient: normal, or t where freedom is given.

        Raises ValueError for a name that is no coefficient, a level outside 0 to 1 and
        degrees of freedom that are not positive.
        """
        if name not in self.names:
            known = ", ".join(self.names)
            raise ValueError(f"no coefficient is named {name!r}; there are {known}")
        if not 0 < level < 1:
            raise ValueError(f"a level lies between 0 and 1, not at {level}")
        if degrees_of_freedom is not None and not degrees_of_freedom > 0:
            raise ValueError(f"{degrees_of_freedom} degrees of freedom: above 0 expected")
        place = self.names.index(name)
        share = 0.5 + level / 2
        times = (
            stats.norm.ppf(share)
            if degrees_of_freedom is None
            else stats.t.ppf(share, degrees_of_freedom)
        )
        half = float(times * self.standard_errors[place])
        middle = float(self.coefficients[place])
        return middle - half, middle + half

    def wald(self, restrictions: npt.ArrayLike) -> tuple[float, float]:
        """Wald statistic and chi-square p for restrictions (r, p) R b = 0.

        Raises ValueError for restrictions of another width, missing or infinite ones,
        and such as repeat one another.
        """
        matrix = np.atleast_2d(np.asarray(restrictions, dtype=float))
        if matrix.ndim != 2 or not matrix.size or not np.isfinite(matrix).all():
            raise ValueError("restrictions are a table of finite numbers, one row for each")
        if matrix.shape[1] != len(self.names):
            raise ValueError(
                f"restrictions have {matrix.shape[1]} columns for {len(self.names)} "
                "coefficients"
            )
        rank = int(np.linalg.matrix_rank(matrix))
        if rank < len(matrix):
            raise ValueError("the restrictions repeat one another")
        value = matrix @ self.coefficients
        middle = matrix @ self.covariance @ matrix.T
        statistic = float(value @ np.linalg.solve(middle, value))
        return statistic, float(stats.chi2.sf(statistic, rank))


@dataclass(frozen=True)
class LikelihoodRatio:
    """A likelihood-ratio test; `degrees_of_freedom` has two entries for a mixture."""

    statistic: float
    degrees_of_freedom: tuple[int, ...]
    p_value: float


def fit_two_level(
    frame: pd.DataFrame,
    outcome: str,
    fixed: Sequence[str],
    group: str,
    random: Sequence[str] = ("1",),
    *,
    reml: bool = True,
) -> TwoLevelFit:
    """Fit y = X b + Z u + e, with u of a group normal and e normal, by REML or ML.

    `fixed` and `random` name numeric columns (an intercept is always fixed; "1" is the
    random one); `group` names the column that tells groups apart. Panels may be
    unbalanced. Rows with a gap are left out and counted.

    Given the random effects' covariance relative to the residual variance, all else has
    a closed form; what is minimised is the profile -2 log likelihood, or the REML
    criterion (Bates, Maechler, Bolker and Walker 2015, sections 2.2 and 3.4). It is
    computed from sums by group, and groups with the same random design share theirs, so
    one evaluation costs as many steps as there are such designs. The search is by
    Newton's method on the entries of a Cholesky factor without a bound at zero, since
    the derivative at that bound vanishes and a bounded search can stop there, from two
    starts. The end is judged in the covariance itself, where a zero variance that should
    not be zero shows as a slope.

    Raises ValueError for a constant outcome, a fixed or random column that is constant or
    repeats others (it is named), fewer than two groups, groups that are all too small to
    tell variance within from variance between, and data without residual variance.
    """
    rows = read_rows(frame, outcome, fixed, group, random)
    moments = grouped_moments(rows, fixed, random, outcome)
    return fit_moments(
        moments, tuple(fixed), tuple(random), outcome, group, rows.left_out, reml=reml
    )


def fit_moments(
    moments: GroupedMoments,
    fixed: tuple[str, ...],
    random: tuple[str, ...],
    outcome: str,
    group: str,
    left_out: dict[str, int],
    *,
    reml: bool,
) -> TwoLevelFit:
    """Fit from sums that were made before; see `fit_two_level`."""
    _refuse_exact_fit(moments, outcome)
    ends = [_minimise(moments, start, reml) for start in STARTS[:2]]
    if abs(ends[0].value - ends[1].value) > AGREE:
        ends.append(_minimise(moments, STARTS[2], reml))
    ends.sort(key=lambda end: end.value)
    best = ends[0]
    profile = best.profile
    scale = moments.scale
    # Back to the units of the columns: the intercept takes up what centring took away.
    back = np.diag(scale[-1] / scale[:-1])
    back[0, 1:] = -moments.shift[1:-1] * scale[-1] / scale[1:-1]
    coefficients = back @ profile.coefficients
    coefficients[0] += moments.shift[-1]
    covariance = profile.residual * back @ profile.inverse @ back.T
    residual = profile.residual * float(scale[-1]) ** 2
    free = moments.rows - (len(scale) - 1 if reml else 0)
    constant = 2 * free * float(np.log(scale[-1]))
    if reml:
        constant += 2 * float(np.log(scale[1:-1]).sum())
    return TwoLevelFit(
        names=("intercept", *fixed),
        random=random,
        outcome=outcome,
        group=group,
        reml=reml,
        coefficients=coefficients,
        standard_errors=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        random_covariance=residual * moments.rotation @ best.relative @ moments.rotation.T,
        residual_variance=residual,
        minus_two_loglik=best.value + constant,
        at_optimum=best.stationary and ends[1].value - best.value <= AGREE,
        on_boundary=bool(np.linalg.eigvalsh(best.relative)[0] < SINGULAR**2),
        rows=moments.rows,
        groups=moments.groups,
        left_out=left_out,
        relative_covariance=best.relative,
    )


def likelihood_ratio(wider: TwoLevelFit, narrower: TwoLevelFit) -> LikelihoodRatio:
    """Test what the wider of two fits to the same rows has more than the narrower.

    Fixed columns: both by ML, chi-square with as many degrees of freedom as columns. One
    random column more: the variance lies on its bound if the narrower is true, so p is
    the mean of the chi-square tails with q-1 and q degrees of freedom, q the wider's
    random columns (Self and Liang 1987, case 6; Stram and Lee 1994). Not both at once.

    Raises ValueError for fits that do not nest, of different rows, not at an optimum, or
    REML fits with different fixed columns (their criteria do not compare).
    """
    for fit in (wider, narrower):
        if not fit.at_optimum:
            raise ValueError("a fit that is not at an optimum cannot be tested")
    same = (wider.rows, wider.groups, wider.outcome, wider.reml)
    if same != (narrower.rows, narrower.groups, narrower.outcome, narrower.reml):
        raise ValueError("the fits differ in rows, groups, outcome or method")
    columns = len(wider.names) - len(narrower.names)
    effects = len(wider.random) - len(narrower.random)
    nested = set(narrower.names) <= set(wider.names) and (
        set(narrower.random) <= set(wider.random)
    )
    if not nested or (columns > 0) == (effects > 0) or effects > 1:
        raise ValueError(
            "the wider fit must have fixed columns or one random column more, not both"
        )
    if columns and wider.reml:
        raise ValueError("fixed columns are tested with ML fits: set reml=False")
    statistic = max(narrower.minus_two_loglik - wider.minus_two_loglik, 0.0)
    freedoms = (columns,) if columns else (len(wider.random) - 1, len(wider.random))
    # Chi-square with no degrees of freedom is zero for certain.
    tails = [
        float(stats.chi2.sf(statistic, f)) if f else float(statistic <= 0) for f in freedoms
    ]
    return LikelihoodRatio(statistic, freedoms, sum(tails) / len(tails))


@dataclass(frozen=True, eq=False)
class _Profile:
    value: float
    slope: FloatArray
    coefficients: FloatArray
    inverse: FloatArray
    residual: float


@dataclass(frozen=True, eq=False)
class _End:
    value: float
    relative: FloatArray
    stationary: bool
    profile: _Profile


def _profile(moments: GroupedMoments, relative: FloatArray, reml: bool) -> _Profile | None:
    """The criterion at one relative covariance D (q, q), and its slope in D (q, q)."""
    inside = np.eye(len(relative)) + moments.information @ relative
    turn = np.linalg.inv(inside)  # (I + Z'Z D)^-1; Z'V^-1 Z is turn times Z'Z
    crossed = moments.total - moments.explained(relative @ turn)
    fixed = len(crossed) - 1
    try:
        root = np.linalg.inv(np.linalg.cholesky(crossed[:fixed, :fixed]))
    except np.linalg.LinAlgError:
        return None
    inverse = root.T @ root
    coefficients = inverse @ crossed[:fixed, -1]
    squares = float(crossed[-1, -1] - crossed[fixed, :fixed] @ coefficients)
    free = moments.rows - (fixed if reml else 0)
    if not squares > 0:
        return None
    value = float(moments.counts @ np.log(np.linalg.det(inside)))
    value += free * float(1 + np.log(2 * np.pi * squares / free))
    ray = np.append(-coefficients, 1.0)
    form = np.outer(ray, ray) * (free / squares)
    if reml:
        value -= 2 * float(np.log(np.diag(root)).sum())
        form[:fixed, :fixed] += inverse
    slope = np.einsum("k,kab->ab", moments.counts, turn @ moments.information)
    slope -= (turn @ moments.spread(form) @ turn.transpose(0, 2, 1)).sum(axis=0)
    return _Profile(value, (slope + slope.T) / 2, coefficients, inverse, squares / free)


def _minimise(moments: GroupedMoments, start: float, reml: bool) -> _End:
    """Go down from one start by Newton's method, leaving saddles at a zero variance."""
    size = len(moments.rotation)
    lower = np.tril_indices(size)

    def factor(point: FloatArray) -> FloatArray:
        matrix = np.zeros((size, size))
        matrix[lower] = point
        return matrix

    def look(point: FloatArray) -> tuple[_Profile, FloatArray] | None:
        matrix = factor(point)
        profile = _profile(moments, matrix @ matrix.T, reml)
        return None if profile is None else (profile, (2 * profile.slope @ matrix)[lower])

    point: FloatArray = np.diag(np.full(size, math.sqrt(start)))[lower]
    found = look(point)
    if found is None:
        raise ValueError("the fixed columns repeat one another once groups are allowed for")
    calm = False
    escapes = 0
    rounding = 1e-13 * (abs(found[0].value) + moments.rows)
    for _ in range(200):
        profile, gradient = found
        curvature = _curvature(look, point, gradient)
        bends, axes = np.linalg.eigh(curvature)
        steep = float(np.abs(bends).max()) or 1.0
        step: FloatArray = -axes @ (
            (axes.T @ gradient) / np.maximum(np.abs(bends), 1e-9 * steep)
        )
        gain = float(-gradient @ step)
        if gain < 1e-9:
            matrix = factor(point)
            relative = matrix @ matrix.T
            more = _missing_variance(moments, relative, profile)
            if more is None or escapes == 3:
                calm = more is None and bool(bends[0] > -1e-5 * steep)
                break
            escapes += 1
            root = np.linalg.cholesky(relative + more + 1e-9 * np.eye(size))
            point = root[lower].astype(np.float64)
            found = look(point) or found
            continue
        step *= min(1.0, float((1 + np.linalg.norm(point)) / np.linalg.norm(step)))
        ahead = None
        for _ in range(40):
            ahead = look(point + step)
            # Near the end the gain is smaller than the rounding of the criterion.
            if ahead is not None and ahead[0].value <= profile.value + rounding:
                break
            ahead = None
            step = 0.5 * step
        if ahead is None:
            break
        point, found = point + step, ahead
    matrix = factor(point)
    return _End(found[0].value, matrix @ matrix.T, calm, found[0])


_Look = Callable[[FloatArray], tuple[_Profile, FloatArray] | None]


def _curvature(look: _Look, point: FloatArray, gradient: FloatArray) -> FloatArray:
    """Second derivatives, from differences of the exact gradient."""
    bends = np.empty((len(point), len(point)))
    for j in range(len(point)):
        step = 1e-5 * max(1.0, abs(point[j]))
        moved = point.copy()
        moved[j] += step
        found = look(moved)
        bends[j] = 0.0 if found is None else (found[1] - gradient) / step
    return (bends + bends.T) / 2


def _missing_variance(
    moments: GroupedMoments, relative: FloatArray, profile: _Profile
) -> FloatArray | None:
    """Variance to add where the criterion still falls with it, or None at an optimum.

    At a covariance with a zero variance the slope in the Cholesky factor is zero whether
    that zero is right or not; the slope in the covariance tells.
    """
    slopes, axes = np.linalg.eigh(profile.slope)
    axis = axes[:, 0]
    inside = np.eye(len(relative)) + moments.information @ relative
    held = np.linalg.solve(inside, moments.information) @ axis @ axis
    bend = float(moments.counts @ held**2)
    if slopes[0] >= 0 or slopes[0] ** 2 / (2 * bend) < 1e-7:
        return None
    more: FloatArray = np.outer(axis, axis) * (-slopes[0] / bend)
    return more


def _refuse_exact_fit(moments: GroupedMoments, outcome: str) -> None:
    """Refuse data in which every group's own line passes through all of its rows."""
    own = np.linalg.pinv(moments.information, rcond=1e-10, hermitian=True)
    within = moments.total - moments.explained(own.astype(np.float64))
    # Columns that vary between groups only are zero here, but for rounding.
    free = np.linalg.pinv(within[:-1, :-1] / moments.rows, rcond=1e-10, hermitian=True)
    slopes = free @ within[:-1, -1] / moments.rows
    if within[-1, -1] - within[-1, :-1] @ slopes < 1e-11 * moments.rows:
        raise ValueError(
            f"the outcome {outcome!r} has no residual variance: fixed columns and groups "
            "reproduce it exactly"
        )
