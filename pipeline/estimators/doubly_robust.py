"""The change of the treated against the change of comparable others, two periods."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Method = Literal["dr", "reg", "ipw"]
# ASSUME: a propensity score from 0.999 means that no control can stand for the treated,
# and a lower one is never clipped: the same limit as R's did.
HIGHEST_SCORE = 0.999
COLLINEAR = 1e-10
NOTHING = 1e-100
NO_LOADING = 1e-12
MOST_STEPS = 60
VANISHED = 1e-6
"""A score below this share of the highest may be on its way to zero."""
TOLD_APART = "the covariates tell the treated from the controls without fail"


class NotEstimable(ValueError):
    """The comparison cannot be made; the message says why."""


@dataclass(frozen=True)
class ChangeOnChange:
    """Average effect on the treated for each of m outcomes, and who contributes what.

    `att` is (m,). `treated` (m, n1) and `controls` (m, n0) are the contributions of the
    units to the error of `att`: the influence function over the number of units, so that
    the squared standard error is the sum of their squares. `score_coefficients` are
    those of the propensity score, None without one. `controls_used` (n0,) tells the
    controls whose change enters `att` at all, whatever that change is.
    """

    att: FloatArray
    treated: FloatArray
    controls: FloatArray
    score_coefficients: FloatArray | None
    controls_used: npt.NDArray[np.bool_]


def change_on_change(
    change_treated: FloatArray,
    change_controls: FloatArray,
    design_treated: FloatArray,
    design_controls: FloatArray,
    method: Method = "dr",
    start: FloatArray | None = None,
) -> ChangeOnChange:
    """Estimate the effect on the treated from changes of m outcomes at once.

    `change_treated` is (m, n1) and `change_controls` (m, n0); the designs are (n1, p)
    and (n0, p) with the intercept first, the covariates best centred and scaled.

    "reg" predicts the change that the treated would have had by least squares among the
    controls. "ipw" weights the controls by the odds p/(1-p) of a maximum likelihood
    logit, the weights scaled to add to one. "dr" does both and is right when either
    model is: the traditional doubly robust estimator of R's DRDID (`drdid_panel`), which
    did uses. Contributions carry the error of both fitted models.

    Controls, of whom there may be thousands, enter through two matrix products: the
    estimate and the contributions are linear in the change.

    Controls of a kind that no treated unit is of (a region without a joiner) have no
    finite logit: its coefficient goes to minus infinity and their scores to 0. The limit
    is taken, in which they carry no weight and the others keep their logit; the
    regression among the controls still uses them.

    No score is clipped or trimmed: where joiners are rare every control has a score near
    0, and a floor under the scores would move them all. Where a score reaches 0.999 the
    comparison is refused, as did refuses it: somebody is treated with near certainty,
    and no control can stand for them.

    Raises NotEstimable, with the reason as its message, for no treated or no controls,
    controls whose covariates are collinear, a logit that does not converge, and a score
    from 0.999. `start` speeds the logit up and changes nothing else.

    Sources: Sant'Anna and Zhao (2020), Doubly robust difference-in-differences
    estimators, section 2 and appendix; Abadie (2005); Heckman, Ichimura and Todd (1997).
    """
    treated, width = design_treated.shape
    controls = len(design_controls)
    if not treated:
        raise NotEstimable("no treated unit is observed in both periods")
    if not controls:
        raise NotEstimable("no control is observed in both periods")
    everyone = design_treated.mean(axis=0)
    weight = np.zeros(controls)
    share = pull = np.zeros(width)
    slopes = np.zeros((len(change_controls), width))
    coefficients = None
    if method != "ipw":
        gram = _inverse(
            design_controls.T @ design_controls,
            "the covariates are collinear among the controls",
        )
    if method != "reg":
        coefficients, odds_treated, odds, hessian = _logit(
            design_treated, design_controls, start
        )
        weight = odds / odds.sum()
        share = weight @ design_controls
    if method != "ipw":
        slopes = change_controls @ design_controls @ gram
        pull = gram @ (everyone - share)
    left = change_treated - slopes @ design_treated.T
    gain = left.mean(axis=1)
    per_treated = (left - gain[:, None]) / treated
    # How a control's change enters, whatever the outcome is.
    loading = weight + design_controls @ pull
    basis = [loading[:, None] * design_controls]
    parts = [slopes]
    if method != "reg":
        weighted = weight[:, None] * design_controls
        moments = change_controls @ weighted - slopes @ (design_controls.T @ weighted)
        expected = moments[:, 0]
        through_score = (moments - expected[:, None] * share) @ hessian
        score = odds / (1 + odds)
        basis += [weight[:, None], score[:, None] * design_controls]
        parts += [expected[:, None], through_score]
        per_treated -= (through_score @ design_treated.T) / (1 + odds_treated)
        gain = gain - expected
    per_control = np.concatenate(parts, axis=1) @ np.concatenate(basis, axis=1).T
    per_control -= change_controls * loading
    size = np.abs(loading)
    return ChangeOnChange(
        gain, per_treated, per_control, coefficients, size > NO_LOADING * size.max()
    )


def _inverse(matrix: FloatArray, otherwise: str) -> FloatArray:
    scale = np.sqrt(np.diag(matrix))
    if not (np.isfinite(scale).all() and (scale > NOTHING).all()):
        raise NotEstimable(otherwise)
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    if values[0] < COLLINEAR:
        raise NotEstimable(otherwise)
    inverse: FloatArray = ((vectors / values) @ vectors.T) / np.outer(scale, scale)
    return inverse


_Logit = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def _logit(treated: FloatArray, controls: FloatArray, start: FloatArray | None) -> _Logit:
    """Coefficients, odds of the treated and of the controls, inverse information.

    Newton's method. A step that leaves no information is halved, and so is one that
    makes the next step longer, in the metric of the information, and lowers the
    likelihood: only then is the likelihood computed.
    """
    cold = np.zeros(treated.shape[1])
    cold[0] = np.log(len(treated) / len(controls))
    beta = cold if start is None else start
    step, longest, nearest = np.zeros_like(beta), np.inf, 0.0
    ours, others = np.ascontiguousarray(treated.T), np.ascontiguousarray(controls.T)
    for round_of in range(MOST_STEPS):
        odds_treated = np.exp(np.minimum(beta @ ours, 40.0))
        odds = np.exp(np.minimum(beta @ others, 40.0))
        score_treated, score = odds_treated / (1 + odds_treated), odds / (1 + odds)
        nearest = max(score.max(), score_treated.max())
        information = (others * (score / (1 + odds))) @ others.T
        information += (ours * (score_treated / (1 + odds_treated))) @ ours.T
        try:
            inverse = _inverse(information, "the covariates are collinear")
        except NotEstimable:
            if round_of == 0 and start is not None:
                return _logit(treated, controls, None)
            if round_of == 0:
                raise
            step = step / 2
            beta = beta - step
            continue
        slope = ours @ (1 - score_treated) - others @ score
        following = inverse @ slope
        length = float(slope @ following)
        if length > max(longest, 1e-8) and (
            _log_likelihood(ours, others, beta) < _log_likelihood(ours, others, beta - step)
        ):
            step = step / 2
            beta = beta - step
            continue
        if np.abs(following).max() < 1e-11:
            if nearest >= HIGHEST_SCORE:
                raise NotEstimable(
                    f"a propensity score reaches {HIGHEST_SCORE}: no control can stand "
                    "for those units"
                )
            return beta, odds_treated, odds, inverse
        step, longest = following, length
        beta = beta + step
    if start is not None:
        # A start that leads nowhere says nothing about the logit itself.
        return _logit(treated, controls, None)
    kept = _like_some_treated(treated, controls, beta, score)
    if kept is not None:
        return _logit_in_the_limit(treated, controls, kept, beta)
    if nearest >= HIGHEST_SCORE:
        raise NotEstimable(TOLD_APART)
    raise NotEstimable("the logit of the propensity score does not converge")


def _log_likelihood(ours: FloatArray, others: FloatArray, beta: FloatArray) -> float:
    treated, controls = beta @ ours, beta @ others
    return -float(np.logaddexp(0, -treated).sum() + np.logaddexp(0, controls).sum())


def _like_some_treated(
    treated: FloatArray, controls: FloatArray, beta: FloatArray, score: FloatArray
) -> npt.NDArray[np.bool_] | None:
    """The controls that keep a score where those of the others run to 0, or None.

    Others there are only if some direction leaves the index of the treated and of the
    kept as it is, and lowers that of each other: it is sought along `beta`. A low score
    that no such direction lowers is low and no more, and its control is kept.
    """
    gone = score < VANISHED * float(score.max())
    while gone.any():
        level = np.vstack([treated, controls[~gone]])
        values, axes = np.linalg.eigh(level.T @ level / len(level))
        free = axes[:, values < COLLINEAR * values[-1]]
        moved = controls @ (free @ (free.T @ beta))
        lowered = moved < -VANISHED * np.abs(moved).max()
        if lowered[gone].all():
            return ~gone
        gone &= lowered
    return None


def _logit_in_the_limit(
    treated: FloatArray,
    controls: FloatArray,
    kept: npt.NDArray[np.bool_],
    start: FloatArray,
) -> _Logit:
    """The logit of the treated and the kept controls, the odds of the others zero."""
    level = np.vstack([treated, controls[kept]])
    values, axes = np.linalg.eigh(level.T @ level / len(level))
    basis = axes[:, values >= COLLINEAR * values[-1]]
    beta, odds_treated, odds_kept, inverse = _logit(
        treated @ basis, controls[kept] @ basis, start @ basis
    )
    odds = np.zeros(len(controls))
    odds[kept] = odds_kept
    return basis @ beta, odds_treated, odds, basis @ inverse @ basis.T
