"""A second opinion on a two-level fit, from statsmodels."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.estimators.grouped_moments import INTERCEPT, FloatArray, read_rows
from pipeline.estimators.two_level import TwoLevelFit, fit_two_level

OPTIMISERS = ("bfgs", "cg", "powell")
FROM_OURS = "cg"
"""The one that sets out from our estimates: the slowest of the first two by far."""
AGREE = 1e-3
"""Criteria (-2 log likelihood) within this of one another agree."""
LEAST_VARIANCE = 1e-6


@dataclass(frozen=True, eq=False)
class MixedLMCheck:
    """What statsmodels makes of the model that `ours` fits.

    `agrees` is True where two of its optimisers end within 0.001 of one another in
    -2 log likelihood, its random effects keep some variance in every direction, and the
    criterion is ours to 0.001. `difference` is our criterion less the best of theirs:
    above zero, ours missed something. `criteria` has what each optimiser that was asked
    ended at; None where it failed. `coefficients` and `standard_errors` are the best's,
    None where all failed.
    """

    ours: TwoLevelFit
    agrees: bool
    difference: float | None
    criteria: dict[str, float | None]
    coefficients: FloatArray | None
    standard_errors: FloatArray | None


def check_with_mixedlm(
    frame: pd.DataFrame,
    outcome: str,
    fixed: Sequence[str],
    group: str,
    random: Sequence[str] = ("1",),
    *,
    reml: bool = True,
) -> MixedLMCheck:
    """Fit the model of `fit_two_level` with statsmodels' MixedLM as well, and compare.

    Its optimisers are asked in the order bfgs, cg, powell until two agree. bfgs and powell
    set out from statsmodels' own start and have to find the optimum unaided; cg sets out
    from our estimates and stays there only where they leave no way down. lbfgs is not
    asked: it reports convergence with a variance of zero where there is variance. Takes
    half a minute for all primary schools of England: it is for registered primary results
    and tests.
    Where the random effects truly lack variance in a direction statsmodels cannot
    confirm it, and `agrees` is False.

    Raises ValueError for whatever `fit_two_level` refuses.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

    ours = fit_two_level(frame, outcome, fixed, group, random, reml=reml)
    rows = read_rows(frame, outcome, fixed, group, random)
    # The scale of a column is no matter of the model, and its optimisers need one.
    span = np.array([1.0, *rows.columns[:-1].std(axis=1)])
    design = np.vstack([np.ones(len(rows.group)), rows.columns[:-1]]).T / span
    sizes = np.array(
        [
            1.0 if name == INTERCEPT else line.std()
            for name, line in zip(random, rows.random, strict=True)
        ]
    )
    model = MixedLM(rows.columns[-1], design, rows.group, exog_re=rows.random.T / sizes)
    near = None
    # Its parameters are a Cholesky factor, which a fit at its bound does not have.
    if not ours.on_boundary:
        relative = ours.random_covariance * np.outer(sizes, sizes) / ours.residual_variance
        near = MixedLMParams.from_components(
            fe_params=ours.coefficients * span, cov_re=relative
        )
    constant = 2 * float(np.log(span).sum()) if reml else 0.0
    criteria: dict[str, float | None] = {}
    fits = []
    for optimiser in OPTIMISERS:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # What it warns of is judged below, from the numbers.
            warnings.simplefilter("ignore")
            try:
                start = near if optimiser == FROM_OURS else None
                found = model.fit(reml=reml, method=[optimiser], start_params=start)
            except (np.linalg.LinAlgError, ValueError):
                criteria[optimiser] = None
                continue
        criterion = -2 * float(found.llf) + constant
        if not np.isfinite(criterion):
            criteria[optimiser] = None
            continue
        criteria[optimiser] = criterion
        fits.append((criterion, found))
        fits.sort(key=lambda pair: pair[0])
        if len(fits) > 1 and fits[1][0] - fits[0][0] <= AGREE:
            break
    if not fits:
        return MixedLMCheck(ours, False, None, criteria, None, None)
    criterion, best = fits[0]
    difference = ours.minus_two_loglik - criterion
    varied = float(np.linalg.eigvalsh(np.asarray(best.cov_re) / best.scale)[0])
    agrees = (
        len(fits) > 1
        and fits[1][0] - criterion <= AGREE
        and varied > LEAST_VARIANCE
        and abs(difference) <= AGREE
    )
    return MixedLMCheck(
        ours,
        agrees,
        difference,
        criteria,
        np.asarray(best.fe_params) / span,
        np.asarray(best.bse_fe) / span,
    )
