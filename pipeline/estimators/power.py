"""How small a difference a design could find, and when no impact may be estimated."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

# ASSUME: forty schools are the fewest for an impact estimate: effects of school
# partnerships are at most 0.10 pupil SD, and fewer schools cannot detect one.
FEWEST_SCHOOLS = 40

INSTEAD = ("trajectory", "randomisation p", "detectable effect")
"""What a report shows of a programme too small for an impact estimate."""


@dataclass(frozen=True)
class DetectableEffect:
    """The smallest true difference that a test finds with the stated power.

    In the unit of the standard error. `design_effect` is 1 where schools are drawn one
    by one, and None where the error was given and not built from a design.
    """

    effect: float
    standard_error: float
    degrees_of_freedom: float
    power: float
    significance: float
    design_effect: float | None


@dataclass(frozen=True)
class PowerGate:
    """Whether an impact may be estimated, and what to show if not.

    `reason` counts schools alone, and holds for any question that is asked of them.
    `would_find` says what the one analysis that `detectable` is of would find; None where
    that analysis has no error, so that nothing is known of it.
    """

    impact_allowed: bool
    schools: int
    fewest_schools: int
    detectable: DetectableEffect
    reason: str
    would_find: str | None
    show: tuple[str, ...]


def design_effect(
    cluster_size: float, intraclass_correlation: float, *, size_variation: float = 0.0
) -> float:
    """Factor by which clustering widens the variance of a mean: 1 + (m - 1) rho.

    `cluster_size` is the mean number of schools in a cluster, `size_variation` the
    coefficient of variation of those numbers: with unequal clusters m becomes
    (1 + cv^2) m. Raises ValueError for a size below 1, a correlation outside 0 to 1 or a
    negative variation. Sources: Kish (1965), Survey sampling, section 5.4; Eldridge,
    Ashby and Kerry (2006), equation 5.
    """
    if not (np.isfinite(cluster_size) and cluster_size >= 1):
        raise ValueError(f"clusters of at least one school expected, found {cluster_size}")
    if not 0 <= intraclass_correlation <= 1:
        raise ValueError(
            f"an intraclass correlation of 0 to 1 expected, found {intraclass_correlation}"
        )
    if not (np.isfinite(size_variation) and size_variation >= 0):
        raise ValueError("the coefficient of variation must be zero or positive")
    return 1 + ((1 + size_variation**2) * cluster_size - 1) * intraclass_correlation


def detectable_before(
    schools: int,
    comparison_schools: float,
    sd: float,
    *,
    cluster_size: float = 1.0,
    intraclass_correlation: float = 0.0,
    size_variation: float = 0.0,
    power: float = 0.8,
    significance: float = 0.05,
) -> DetectableEffect:
    """Answer, before results are seen, what `schools` partner schools could show.

    (t[1 - a/2] + t[power]) sd sqrt(D (1/K + 1/N)), with K partner schools, N others, `sd`
    the standard deviation of the outcome between schools (for a change on change: of the
    change), and D the design effect of partners in clusters. The degrees of freedom are
    the partners' clusters less one: their mean is the uncertain one. `comparison_schools`
    may be infinite.

    Raises ValueError for fewer than two clusters, an sd that is not positive, or a power
    or significance outside its range. Source: Bloom (1995), Minimum detectable effects.
    """
    if not (np.isfinite(sd) and sd > 0):
        raise ValueError(f"a positive standard deviation expected, found {sd}")
    if schools < 1 or not comparison_schools >= 1:
        raise ValueError("at least one partner and one comparison school expected")
    inflation = design_effect(
        cluster_size, intraclass_correlation, size_variation=size_variation
    )
    error = sd * np.sqrt(inflation * (1 / schools + 1 / comparison_schools))
    freedom = schools / cluster_size - 1
    if freedom < 1:
        raise ValueError(
            f"{schools} schools in clusters of {cluster_size:g} are fewer than two "
            "clusters: nothing would show how clusters vary"
        )
    return _detectable(float(error), freedom, power, significance, inflation)


def detectable_after(
    standard_error: float,
    degrees_of_freedom: float,
    *,
    power: float = 0.8,
    significance: float = 0.05,
) -> DetectableEffect:
    """Answer, from the error that an analysis reached, what it could have shown.

    Built on the error alone and not on the estimate: power computed from the estimate is
    its p value in other words (Hoenig and Heisey 2001). Raises ValueError for an error or
    degrees of freedom that are not positive.
    """
    return _detectable(standard_error, degrees_of_freedom, power, significance, None)


def power_to_detect(
    effect: float,
    standard_error: float,
    degrees_of_freedom: float,
    *,
    significance: float = 0.05,
) -> float:
    """Chance that a two-sided t test finds a true `effect`, with the effect's own sign.

    By the noncentral t distribution, where the detectable effect uses the sum of two
    quantiles (Bloom): they differ by little but for very few clusters. A significant
    result of the wrong sign is no success and is not counted.
    """
    _refuse(standard_error, degrees_of_freedom, 0.5, significance)
    if not np.isfinite(effect):
        raise ValueError("the effect must be a finite number")
    critical = stats.t.ppf(1 - significance / 2, degrees_of_freedom)
    distance = abs(effect) / standard_error
    if np.isinf(degrees_of_freedom):
        return float(stats.norm.sf(critical - distance))
    found = float(stats.nct.sf(critical, degrees_of_freedom, distance))
    # scipy has no value very far out, where the chance is 1 to any digit.
    return found if np.isfinite(found) else 1.0


def power_gate(
    schools: int,
    detectable: DetectableEffect,
    *,
    fewest_schools: int = FEWEST_SCHOOLS,
    counted: str = "schools",
    unit: str = "in the unit of the standard error",
) -> PowerGate:
    """Decide whether an impact may be estimated at all.

    Below `fewest_schools` partner schools with results an estimate that happens to be
    significant is most likely far too large, and often of the wrong sign (Gelman and
    Carlin 2014), and one that is not says nothing. The report then shows the trajectory,
    the randomisation p and the detectable effect, never an impact. `counted` says in words
    which schools there are too few of, `unit` in which unit the detectable effect is.
    """
    if schools < 0 or fewest_schools < 1:
        raise ValueError("numbers of schools must not be negative")
    allowed = schools >= fewest_schools
    reason = (
        f"{schools} schools are enough for an impact estimate: at least {fewest_schools} "
        "are needed"
        if allowed
        else f"No impact estimate: there are {schools} {counted}, and an impact estimate "
        f"needs at least {fewest_schools}."
    )
    often = "four times in five"
    if detectable.power != 0.8:
        often = f"with {detectable.power:.0%} power"
    size = f"{detectable.effect:.2f} {unit}"
    would_find = f"So many schools would find a difference of {size} {often}."
    return PowerGate(
        impact_allowed=allowed,
        schools=schools,
        fewest_schools=fewest_schools,
        detectable=detectable,
        reason=reason,
        would_find=would_find,
        show=("impact", *INSTEAD) if allowed else INSTEAD,
    )


def _detectable(
    error: float,
    freedom: float,
    power: float,
    significance: float,
    inflation: float | None,
) -> DetectableEffect:
    _refuse(error, freedom, power, significance)
    quantiles = stats.t.ppf([1 - significance / 2, power], freedom)
    return DetectableEffect(
        effect=float(quantiles.sum()) * error,
        standard_error=error,
        degrees_of_freedom=freedom,
        power=power,
        significance=significance,
        design_effect=inflation,
    )


def _refuse(error: float, freedom: float, power: float, significance: float) -> None:
    if not (np.isfinite(error) and error > 0):
        raise ValueError(f"a positive standard error expected, found {error}")
    if not freedom > 0:
        raise ValueError(f"positive degrees of freedom expected, found {freedom}")
    if not 0.5 <= power < 1 or not 0 < significance < 1:
        raise ValueError(
            "a power of at least a half and below 1, and a significance between 0 and 1, "
            f"expected: found {power} and {significance}"
        )
