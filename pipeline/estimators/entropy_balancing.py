"""Weights with which comparison schools have the partners' means, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
MOST_WEIGHT = 0.10
"""Largest share of the comparison that one school may carry."""
LEAST_SCHOOLS_PER_PARTNER = 2.0
"""Effective comparison schools that each partner school must have."""
BALANCED = 1e-8
"""Largest imbalance, in SD of the controls, of weights that count as a solution."""
NIL = 1e-12
LONGEST_STEP = 10.0
MOST_STEPS = 300
ROWS_AT_ONCE = 2_048


class Infeasible(ValueError):
    """No weighting of the controls has the means asked for."""


@dataclass(frozen=True)
class EntropyBalance:
    """Weights of the controls, which add up to 1, and what they cost.

    `effective_sample_size` is 1 / sum of squared weights; `max_imbalance` the largest
    |weighted mean - target| in base-weighted SD of the controls (0 for a column that does
    not vary); `largest_weight` the largest share that one control carries.
    """

    weights: FloatArray
    effective_sample_size: float
    max_imbalance: float
    largest_weight: float

    def collapsed(self, partners: int) -> str | None:
        """Why these weights must not be used for so many partner schools, or None.

        The project's rule: fewer than two effective controls per partner, or one control
        with more than 10% of the weight.
        """
        # ASSUME: two effective comparison schools per partner and a tenth of the weight at
        # most on one school is what a weighted comparison needs to be believed
        least = LEAST_SCHOOLS_PER_PARTNER * partners
        if self.effective_sample_size < least:
            return (
                f"weights collapse: they are worth {self.effective_sample_size:.1f} "
                f"comparison schools, fewer than {least:.0f} for {partners} partners"
            )
        if self.largest_weight > MOST_WEIGHT:
            return (
                "weights collapse: one comparison school carries "
                f"{self.largest_weight:.0%} of the weight, more than {MOST_WEIGHT:.0%}"
            )
        return None


def entropy_balance(
    controls: npt.ArrayLike,
    target_means: npt.ArrayLike,
    base_weights: npt.ArrayLike | None = None,
) -> EntropyBalance:
    """Weights nearest to the base weights with which controls have the target means.

    Minimises sum w log(w / q) subject to sum w x = target and sum w = 1, for `controls`
    (schools, covariates), `target_means` (covariates,) and base weights q (schools,), by
    default all alike. Higher moments are columns of their own. The dual, log sum q
    exp(x'l), is convex with as many unknowns as covariates; damped Newton steps solve it
    in whitened coordinates. Columns that are combinations of others do no harm: the
    weights are unique all the same. A target on the edge of what controls can reach is
    met with weights that are zero off that edge.

    Feasible weights are returned however uneven they are: `collapsed` judges them by the
    number of partners, which is not known here.

    Raises Infeasible (a ValueError) when no weights reach the targets, which is proved by
    a direction in which every control lies on one side of the target. Raises ValueError
    for arrays that do not fit together, missing or infinite values, and base weights that
    are negative or all zero.

    Source: Hainmueller (2012), Entropy balancing for causal effects, section 3.2.
    """
    x, target, base = _checked(controls, target_means, base_weights)
    return weights_for(x, target, base, [f"covariate {n + 1}" for n in range(x.shape[1])])


def weights_for(
    x: FloatArray, target: FloatArray, base: FloatArray, names: Sequence[str]
) -> EntropyBalance:
    """Solve for checked arrays; `names` are those of the columns, for what is told."""
    seen = base > 0
    z = _in_standard_deviations(x, target, base, names)
    y = _whitened(z[seen], base[seen])
    log_base = np.log(base[seen])
    index = np.zeros(len(y))
    level, share = _dual(log_base, index)
    for _ in range(MOST_STEPS):
        slope = y.T @ share
        if np.abs(slope).max(initial=0.0) <= NIL:
            break
        if index.max() < -1e-9 * (1 + np.abs(index).max()):
            raise Infeasible(_beyond_together(names))
        curve = _weighted_squares(y, share) - np.outer(slope, slope)
        step = _newton_step(curve, slope)
        along = y @ step
        stride = min(1.0, LONGEST_STEP / max(float(np.abs(along).max()), NIL))
        promised = float(slope @ step)
        while True:
            new_level, new_share = _dual(log_base, index + stride * along)
            # Near the optimum the level moves by less than its own rounding; there the
            # slope decides.
            enough = new_level <= level + 1e-4 * stride * promised
            flat = (
                abs(stride * promised) < 1e-9
                and np.abs(y.T @ new_share).max() < np.abs(slope).max()
            )
            if enough or flat or stride < 1e-12:
                break
            stride /= 2
        if not (enough or flat):
            break
        index, level, share = index + stride * along, new_level, new_share
    weights = np.zeros(len(x))
    weights[seen] = share
    imbalance = float(np.abs(weights @ z).max(initial=0.0))
    if imbalance > BALANCED:
        raise Infeasible(
            f"weights come no nearer to the targets than {imbalance:.2g} SD: the targets "
            "lie at or beyond the edge of the controls; leave out a covariate or widen "
            "the pool"
        )
    return EntropyBalance(
        weights=weights,
        effective_sample_size=float(1 / (weights**2).sum()),
        max_imbalance=imbalance,
        largest_weight=float(weights.max()),
    )


def _dual(log_base: FloatArray, index: FloatArray) -> tuple[float, FloatArray]:
    """Log of the sum of base weights times exp(index), and the weights themselves."""
    exponent = log_base + index
    top = exponent.max()
    share = np.exp(exponent - top)
    total = share.sum()
    return float(top + np.log(total)), share / total


def _weighted_squares(y: FloatArray, share: FloatArray) -> FloatArray:
    """Sum of share times y y', a piece at a time so that no copy leaves the cache."""
    total = np.zeros((y.shape[1], y.shape[1]))
    for start in range(0, len(y), ROWS_AT_ONCE):
        piece = y[start : start + ROWS_AT_ONCE]
        total += (piece * share[start : start + ROWS_AT_ONCE, None]).T @ piece
    return total


def _newton_step(curve: FloatArray, slope: FloatArray) -> FloatArray:
    """Downhill step; directions that are flat but for rounding are damped, not cut."""
    values, vectors = np.linalg.eigh(curve)
    values = np.maximum(values, 1e-14 * max(float(values[-1]), NIL))
    step: FloatArray = -vectors @ ((vectors.T @ slope) / values)
    return step


def _in_standard_deviations(
    x: FloatArray, target: FloatArray, base: FloatArray, names: Sequence[str]
) -> FloatArray:
    """Distance of each control from the target; refuses targets outside a range."""
    seen = x[base > 0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    # A target is outside where it lies beyond the rounding of the numbers themselves.
    edge = NIL * np.maximum(np.abs(x).max(axis=0), np.abs(target))
    outside = np.flatnonzero((target < low - edge) | (target > high + edge))
    if outside.size:
        told = "; ".join(
            f"{names[j]}: {target[j]:.6g} is not between {low[j]:.6g} and {high[j]:.6g}"
            for j in outside[:3].tolist()
        )
        raise Infeasible(f"no comparison school reaches the partners' mean ({told})")
    # In units of the largest number, so that no square leaves the range of floats.
    largest = np.maximum(np.abs(x).max(axis=0), np.finfo(float).tiny)
    x, target = x / largest, target / largest
    mean = base @ x
    scale = np.sqrt(base @ (x - mean) ** 2)
    still = scale <= NIL * np.maximum(np.abs(x).max(axis=0), np.abs(mean))
    z: FloatArray = (x - target) / np.where(still, 1.0, scale)
    z[:, still] = 0.0
    return z


def _whitened(z: FloatArray, base: FloatArray) -> FloatArray:
    """Independent directions of the controls, each with base-weighted variance 1."""
    mean = base @ z
    values, vectors = np.linalg.eigh(_weighted_squares(z - mean, base))
    kept = values > 1e-10 * max(values[-1] if values.size else 0.0, NIL)
    if np.abs(mean @ vectors[:, ~kept]).max(initial=0.0) > 1e-6:
        raise Infeasible(
            "covariates that are bound together among the controls have targets that are "
            "not: give the means of the same columns on both sides"
        )
    white: FloatArray = z @ (vectors[:, kept] / np.sqrt(values[kept]))
    return white


def _beyond_together(names: Sequence[str]) -> str:
    return (
        f"no weighting of the controls reaches the targets of all {len(names)} covariates "
        "together: leave out a covariate or widen the pool"
    )


def _checked(
    controls: npt.ArrayLike, target_means: npt.ArrayLike, base_weights: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    try:
        x = np.asarray(controls, dtype=float)
        target = np.atleast_1d(np.asarray(target_means, dtype=float))
        base = None if base_weights is None else np.asarray(base_weights, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError("numbers expected: make zeros and ones of categories") from error
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or target.ndim != 1 or x.shape[1] != target.size:
        raise ValueError(
            f"a table of controls and a mean for each of its columns expected, found "
            f"{x.shape} and {target.shape}"
        )
    if not len(x):
        raise ValueError("no controls: there is nothing to weight")
    if not np.isfinite(x).all() or not np.isfinite(target).all():
        count = int((~np.isfinite(x)).any(axis=1).sum())
        raise ValueError(
            f"{count} controls or a target have a missing or infinite value: leave those "
            "schools out and count them"
        )
    if base is None:
        base = np.ones(len(x))
    if base.shape != (len(x),):
        raise ValueError(f"{base.size} base weights for {len(x)} controls")
    if not np.isfinite(base).all() or (base < 0).any() or not base.any():
        raise ValueError("base weights must be finite, not negative and not all zero")
    return x, target, base / base.sum()
