"""Whether partner schools' results rise by more each year than those of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.estimators.cluster_robust import ClusterRobustFit, weighted_least_squares
from pipeline.estimators.grouped_moments import FloatArray, grouped_moments, read_rows
from pipeline.estimators.mixedlm_check import MixedLMCheck, check_with_mixedlm
from pipeline.estimators.partner_panel import (
    CLUSTER,
    PARTNER,
    PARTNER_BY_TIME,
    TIME,
    UNIT,
    VALUE,
    VARIANCE,
    PartnerPanel,
    partner_panel,
    within_schools,
)
from pipeline.estimators.settings import column_names
from pipeline.estimators.slopes_as_outcomes import own_slopes, paule_mandel
from pipeline.estimators.two_level import (
    LikelihoodRatio,
    TwoLevelFit,
    fit_moments,
    fit_two_level,
    likelihood_ratio,
)
from pipeline.estimators.two_level_clustered import clustered_fixed_effects

__all__ = [
    "LikelihoodRatio",
    "MixedLMCheck",
    "PartnerSlope",
    "SlopeEstimate",
    "TwoLevelFit",
    "check_with_mixedlm",
    "fit_two_level",
    "likelihood_ratio",
    "partner_panel",
    "partner_slope",
]

RANDOM = ("1", TIME)


@dataclass(frozen=True)
class SlopeEstimate:
    """The same difference of slopes by another way, with a t interval.

    `standard_error` and all after it are None where one cluster alone fixes the estimate.
    """

    estimate: float
    standard_error: float | None
    low: float | None
    high: float | None
    degrees_of_freedom: float | None
    p_value: float | None


@dataclass(frozen=True, eq=False)
class PartnerSlope:
    """How much more partners' results rise in a unit of time than those of the rest.

    `difference` is in the outcome's unit, or in national SD where one was given, for one
    unit of time (a year); with `standard_error`, t interval and Wald `p_value` of the
    two-level model, and the likelihood-ratio `likelihood_ratio_p` of the same question.
    `level_difference` is how far partners lie from the rest at `centred_at`.

    `clustered` has the same estimate with errors that hold whatever the covariance
    within a cluster. `slopes_as_outcomes` and `fixed_effects` are cross-checks; `agreed`
    is False where one of them differs by more than the larger of the two standard errors,
    or cannot be had. `at_optimum` and `on_boundary` are those of `fit`, and cover the two
    fits behind the likelihood ratio; a report prints them.

    `partner_schools` and `rest_schools` are used; `without_slope` of them are seen at one
    time only and inform the level alone. `left_out` counts rows that lack something.
    """

    difference: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: int
    p_value: float
    likelihood_ratio_p: float | None
    level_difference: float
    level_standard_error: float
    clustered: SlopeEstimate
    slopes_as_outcomes: SlopeEstimate
    between_slope_variance: float
    fixed_effects: SlopeEstimate
    agreed: bool
    at_optimum: bool
    on_boundary: bool
    fit: TwoLevelFit
    centred_at: float
    partner_schools: int
    rest_schools: int
    without_slope: int
    rows: int
    left_out: dict[str, int]


def partner_slope(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    partner: str,
    national_sd: float | str | None = None,
    covariates: Sequence[str] = (),
    pupils: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> PartnerSlope:
    """Compare the yearly rise of partners with that of the rest, three ways at once.

    One row of `frame` is a school (`unit`) at a `time` (a number, such as the year in
    which the academic year ends; gaps such as the pandemic years are simply not there).
    `partner` is 0 or 1 and the same in all rows of a school. `national_sd` divides the
    outcome: a number, or the column that has each year's. `covariates` are numeric
    columns; a school's own or yearly.

    The model is z_it = a_t + theta P_i + beta P_i T_t + x_it'g + u_0i + u_1i T_t + e_it:
    a fixed effect for each time, so that national change of any shape drops out; T is
    time less the middle of the times; the schools' intercepts and slopes are random and
    correlated (REML). beta is the result. It is a difference between two groups of
    schools, not an effect: partners were not drawn at random.

    Its interval is t with the number of schools that have a slope, less two. It takes
    partners' slopes to vary as those of the rest do and schools to be independent;
    `clustered` needs neither (CR2 by `cluster`, the school where None). The likelihood
    ratio compares ML fits with and without beta; its p is None where one of them is not
    at an optimum.

    Cross-checks. Fixed effects: school and time effects, the same errors. Slopes as
    outcomes: each school's own least-squares slope, time effects and covariates taken
    off as the fixed effects have them, on partner (Paule and Mandel, CR2). Sampling
    variances are known with `pupils` (the column of pupils behind a result, the outcome
    then being in SD of pupils: variance 1/pupils); without, they come from the residuals
    about the schools' own lines.

    Raises ValueError for a partner that is not 0 or 1 or changes, a school twice at one
    time, fewer than two partners or two others with a slope, pupils or a national SD that
    are not positive, and whatever `fit_two_level` refuses.

    Sources: Raudenbush and Bryk (2002), Hierarchical Linear Models, chapters 6 and 7;
    Burstein (1980) on slopes as outcomes; cross-checks as their functions say.
    """
    panel = partner_panel(
        frame,
        outcome=outcome,
        unit=unit,
        time=time,
        partner=partner,
        national_sd=national_sd,
        covariates=column_names(covariates, "covariates"),
        pupils=pupils,
        cluster=cluster,
    )
    fit, ratio_p = _mixed(panel)
    table = panel.table
    is_partner = np.zeros(fit.groups)
    is_partner[table[UNIT]] = table[PARTNER]
    sloped = np.bincount(table[UNIT]) > 1
    freedom = int(sloped.sum()) - 2
    robust = clustered_fixed_effects(table, fit, CLUSTER)
    place = fit.names.index(PARTNER_BY_TIME)
    beta, error = float(fit.coefficients[place]), float(fit.standard_errors[place])
    low, high = fit.interval(PARTNER_BY_TIME, level, freedom)
    effects, slopes, between = _cross_checks(panel, is_partner, level)
    at_mid = fit.names.index(PARTNER)
    return PartnerSlope(
        difference=beta,
        standard_error=error,
        low=low,
        high=high,
        degrees_of_freedom=freedom,
        p_value=float(2 * stats.t.sf(abs(beta) / error, freedom)),
        likelihood_ratio_p=ratio_p,
        level_difference=float(fit.coefficients[at_mid]),
        level_standard_error=float(fit.standard_errors[at_mid]),
        clustered=_estimate(robust, place, level),
        slopes_as_outcomes=slopes,
        between_slope_variance=between,
        fixed_effects=effects,
        agreed=all(_near(beta, error, check) for check in (effects, slopes)),
        at_optimum=fit.at_optimum,
        on_boundary=fit.on_boundary,
        fit=fit,
        centred_at=panel.centred_at,
        partner_schools=int(is_partner.sum()),
        rest_schools=int((1 - is_partner).sum()),
        without_slope=int((~sloped).sum()),
        rows=fit.rows,
        left_out=panel.left_out,
    )


def _mixed(panel: PartnerPanel) -> tuple[TwoLevelFit, float | None]:
    fixed = panel.fixed
    rows = read_rows(panel.table, VALUE, fixed, UNIT, RANDOM)
    moments = grouped_moments(rows, fixed, RANDOM, VALUE)
    fit = fit_moments(moments, fixed, RANDOM, VALUE, UNIT, panel.left_out, reml=True)
    wider = fit_moments(moments, fixed, RANDOM, VALUE, UNIT, panel.left_out, reml=False)
    narrower = fit_moments(
        moments.without(len(fixed)),
        fixed[:-1],
        RANDOM,
        VALUE,
        UNIT,
        panel.left_out,
        reml=False,
    )
    if not (wider.at_optimum and narrower.at_optimum):
        return fit, None
    return fit, likelihood_ratio(wider, narrower).p_value


def _cross_checks(
    panel: PartnerPanel, is_partner: FloatArray, level: float
) -> tuple[SlopeEstimate, SlopeEstimate, float]:
    """Fixed effects, slopes as outcomes, and the variance of true slopes of the latter."""
    within = within_schools(panel)
    effects = weighted_least_squares(within.design, within.value, None, within.cluster)
    table = panel.table
    # National change and covariates are taken off, and the partners' own rise is not.
    others = list(within.names[:-1])
    rise = table[VALUE].to_numpy() - table[others].to_numpy() @ effects.coefficients[:-1]
    unit = table[UNIT].to_numpy()
    own = own_slopes(
        rise,
        table[TIME].to_numpy(),
        unit,
        table[VARIANCE].to_numpy() if VARIANCE in table else None,
    )
    cluster = np.empty(len(is_partner), dtype=object)
    cluster[unit] = table[CLUSTER]
    meta = paule_mandel(
        own.slope,
        own.variance,
        np.column_stack([np.ones(len(own.slope)), is_partner[own.group]]),
        cluster[own.group],
    )
    return (
        _estimate(effects, len(within.names) - 1, level),
        _estimate(meta.fit, 1, level),
        meta.between_variance,
    )


def _estimate(fit: ClusterRobustFit, place: int, level: float) -> SlopeEstimate:
    slope = np.eye(len(fit.coefficients))[place]
    if fit.rests_on_one_cluster(slope):
        return SlopeEstimate(float(fit.coefficients[place]), None, None, None, None, None)
    return SlopeEstimate(*fit.interval(slope, level))


def _near(estimate: float, error: float, check: SlopeEstimate) -> bool:
    # ASSUME: two ways to the same slope agree where they differ by less than the larger
    # of their standard errors: they use the same rows, so chance moves them together.
    return abs(check.estimate - estimate) <= max(error, check.standard_error or 0.0)
