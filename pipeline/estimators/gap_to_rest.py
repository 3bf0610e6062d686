"""How far partners' pupils lie above or below those of the rest of England."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.cluster_robust import ClusterRobustFit, weighted_least_squares
from pipeline.estimators.partner_flags import partner_flags
from pipeline.estimators.randomisation import tail_p
from pipeline.estimators.settings import share_of_one, whole_number
from pipeline.estimators.shuffled_gaps import deviations, shuffled_gaps

FloatArray = npt.NDArray[np.float64]
NORMAL_95 = 1.96
"""The department's own constant, whatever the confidence level asked for."""
PARTNERS, REST, GAP = (1.0, 0.0), (0.0, 1.0), (1.0, -1.0)


@dataclass(frozen=True)
class GapToRest:
    """Partners, the rest and the gap between them, in the measure's own unit.

    Positive means that pupils in partner schools are ahead. Intervals are None where
    fewer than two clusters stand on a side: nothing then shows how clusters vary.
    `low` and `high` are by CR2, `cr3_low` and `cr3_high` by CR3, which errs on the wide
    side; both use `degrees_of_freedom`. `dfe_low` and `dfe_high` are None without a pupil
    SD. `randomisation_p` is None without draws, and where strata leave no other set of
    schools that could have been the partners.
    """

    partners: float
    partners_low: float | None
    partners_high: float | None
    rest: float
    rest_low: float | None
    rest_high: float | None
    gap: float
    standard_error: float | None
    low: float | None
    high: float | None
    degrees_of_freedom: float | None
    dfe_low: float | None
    dfe_high: float | None
    cr3_standard_error: float | None
    cr3_low: float | None
    cr3_high: float | None
    randomisation_p: float | None
    partner_schools: int
    rest_schools: int
    partner_pupils: int
    rest_pupils: int
    partner_clusters: int
    rest_clusters: int


def gap_to_rest(
    value: FloatArray,
    pupils: FloatArray,
    is_partner: npt.NDArray[np.bool_],
    cluster: npt.NDArray[np.object_],
    *,
    pupil_sd: float | None = None,
    draws: int = 0,
    strata: npt.ArrayLike | None = None,
    seed: int = 0,
    confidence_level: float = 0.95,
) -> GapToRest:
    """Compare the pupil-weighted mean of partners with that of the rest.

    One weighted least squares fit with a column for each side, errors by school group
    with the bias-reduced variance CR2, and t with Satterthwaite's degrees of freedom for
    the gap. Those follow the side with few clusters: five partner hubs beside thousands
    of schools have about four. CR1 with G - 1 degrees of freedom would take them for
    thousands. The interval by CR3 (each cluster left out in turn) stands beside.

    `value` (in the measure's unit), `pupils` (a count, the weight), `is_partner` and
    `cluster` have one entry per school. With the national `pupil_sd`, the department's
    own interval stands beside: value +/- 1.96 SD sqrt(1/N_partners + 1/N_rest). It is a
    convention: it takes pupils for independent draws and finds a difference for most
    random groups of schools (reports/methods/method.md).

    With `draws`, `randomisation_p` says how unusual the gap is among those of random sets
    of schools, as many as partners in each of the `strata` (labels, one per school, such
    as phase x region x size). It is twice the smaller tail, with one added to the counts
    so that it is never zero. What is exchanged is **schools** within a stratum, not
    clusters: it asks whether partners could be any such schools, and knows nothing of
    hubs. Hubs that were recruited whole are fewer pieces of evidence than their schools;
    `randomisation.randomise_members` draws whole clusters, where others like them exist.
    The draws depend on `seed` and not on the order of schools.

    Raises ValueError for arrays of different length, a value that is missing, pupils that
    are not positive or infinite, a school without a cluster or stratum, a side without a
    school, a cluster on both sides, a pupil SD that is not positive, fewer than 0 draws,
    or a level that is not between 0 and 1.

    Sources: Bell and McCaffrey (2002); Pustejovsky and Tipton (2018), section 2, for CR2,
    CR3 and the degrees of freedom; Cameron and Miller (2015), A practitioner's guide to
    cluster-robust inference, section VI; Phipson and Smyth (2010), Permutation p-values
    should never be zero, for the one added.
    """
    value = _numbers(value, "value")
    pupils = _numbers(pupils, "pupils")
    is_partner = partner_flags(is_partner)
    cluster = np.asarray(cluster)
    _refuse(value, pupils, is_partner, cluster)
    _refuse_settings(pupil_sd, draws, seed, confidence_level)
    n_own, n_rest = float(pupils[is_partner].sum()), float(pupils[~is_partner].sum())
    own = float(np.average(value[is_partner], weights=pupils[is_partner]))
    rest = float(np.average(value[~is_partner], weights=pupils[~is_partner]))
    centred = deviations(value, pupils)
    gap = float(
        np.average(centred[is_partner], weights=pupils[is_partner])
        - np.average(centred[~is_partner], weights=pupils[~is_partner])
    )
    dfe = (
        None
        if pupil_sd is None
        else NORMAL_95 * pupil_sd * float(np.sqrt(1 / n_own + 1 / n_rest))
    )
    own_clusters = len(pd.unique(cluster[is_partner]))
    rest_clusters = len(pd.unique(cluster[~is_partner]))
    fits = _fits(value, pupils, is_partner, cluster)
    error, freedom, half = _spread(
        fits, GAP, min(own_clusters, rest_clusters), confidence_level
    )
    cr3_error, cr3_half = _cr3(fits, error, half)
    own_half = _spread(fits, PARTNERS, own_clusters, confidence_level)[2]
    rest_half = _spread(fits, REST, rest_clusters, confidence_level)[2]
    return GapToRest(
        partners=own,
        partners_low=_less(own, own_half),
        partners_high=_more(own, own_half),
        rest=rest,
        rest_low=_less(rest, rest_half),
        rest_high=_more(rest, rest_half),
        gap=gap,
        standard_error=error,
        low=_less(gap, half),
        high=_more(gap, half),
        degrees_of_freedom=freedom,
        dfe_low=_less(gap, dfe),
        dfe_high=_more(gap, dfe),
        cr3_standard_error=cr3_error,
        cr3_low=_less(gap, cr3_half),
        cr3_high=_more(gap, cr3_half),
        randomisation_p=(
            _randomisation_p(gap, value, pupils, is_partner, strata, draws, seed)
            if draws
            else None
        ),
        partner_schools=int(is_partner.sum()),
        rest_schools=int((~is_partner).sum()),
        partner_pupils=round(n_own),
        rest_pupils=round(n_rest),
        partner_clusters=own_clusters,
        rest_clusters=rest_clusters,
    )


def leave_out_gap(gap_to_national: float, partner_share: float) -> float:
    """Turn a gap to the nation, partners included, into the gap to the rest.

    The national mean holds the partners with their share s of pupils, so partners minus
    nation is (1 - s) times partners minus rest. `partner_share` is s, at least 0 and
    below 1. Raises ValueError for another share or a gap that is not finite.
    """
    if not 0 <= partner_share < 1:
        raise ValueError(
            f"a share of pupils from 0 to below 1 expected, found {partner_share}: "
            "partners that are the whole nation have no rest"
        )
    if not np.isfinite(gap_to_national):
        raise ValueError("the gap to the nation is not a finite number")
    return gap_to_national / (1 - partner_share)


_Fits = tuple[ClusterRobustFit, ClusterRobustFit] | None


def _fits(
    value: FloatArray,
    pupils: FloatArray,
    is_partner: npt.NDArray[np.bool_],
    cluster: npt.NDArray[np.object_],
) -> _Fits:
    """Fit both sides by CR2 and CR3; None where there is one school on each side."""
    if len(value) < 3:
        return None
    # Each school counts from the mean of all: residuals then do not depend on the level.
    centred = value - np.average(value, weights=pupils)
    sides = np.column_stack([is_partner, ~is_partner]).astype(float)
    return (
        weighted_least_squares(sides, centred, pupils, cluster, correction="CR2"),
        weighted_least_squares(sides, centred, pupils, cluster, correction="CR3"),
    )


def _spread(
    fits: _Fits, contrast: tuple[float, float], clusters: int, level: float
) -> tuple[float | None, float | None, float | None]:
    """Standard error, degrees of freedom and half the interval by CR2."""
    if fits is None or clusters < 2:
        return None, None, None
    found = fits[0].interval(contrast, level)
    return found.standard_error, found.degrees_of_freedom, (found.high - found.low) / 2


def _cr3(
    fits: _Fits, error: float | None, half: float | None
) -> tuple[float | None, float | None]:
    """Standard error and half the interval by CR3, with the degrees of freedom of CR2."""
    if fits is None or error is None or half is None:
        return None, None
    wide = fits[1].interval(GAP).standard_error
    return wide, half * wide / error if error > 0 else 0.0


def _less(middle: float, half: float | None) -> float | None:
    return None if half is None else middle - half


def _more(middle: float, half: float | None) -> float | None:
    return None if half is None else middle + half


def _randomisation_p(
    gap: float,
    value: FloatArray,
    pupils: FloatArray,
    is_partner: npt.NDArray[np.bool_],
    strata: npt.ArrayLike | None,
    draws: int,
    seed: int,
) -> float | None:
    labels = np.zeros(len(value)) if strata is None else np.asarray(strata)
    if labels.shape != value.shape:
        raise ValueError("one stratum label per school expected")
    if pd.isna(labels).any():
        raise ValueError(
            f"{int(pd.isna(labels).sum())} schools have no stratum: give them one"
        )
    share = pd.Series(is_partner).groupby(labels.astype(str)).mean()
    if share.isin([0.0, 1.0]).all():
        return None
    gaps = shuffled_gaps(value, pupils, is_partner, labels, draws=draws, seed=seed)
    level = float(np.abs(value).max())
    return tail_p(gap, gaps, "two-sided", exact=False, level=level)


def _numbers(given: npt.ArrayLike, name: str) -> FloatArray:
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers only") from None


def _refuse_settings(pupil_sd: float | None, draws: int, seed: int, level: float) -> None:
    if pupil_sd is not None and not (
        isinstance(pupil_sd, Real) and np.isfinite(pupil_sd) and pupil_sd > 0
    ):
        raise ValueError(f"the pupil SD must be positive, found {pupil_sd}")
    whole_number(draws, "draws")
    whole_number(seed, "seed")
    share_of_one(level, "confidence_level")


def _refuse(
    value: FloatArray,
    pupils: FloatArray,
    is_partner: npt.NDArray[np.bool_],
    cluster: npt.NDArray[np.object_],
) -> None:
    if {value.ndim, pupils.ndim, is_partner.ndim, cluster.ndim} != {1}:
        raise ValueError("lists with one entry per school expected, found another shape")
    lengths = {len(value), len(pupils), len(is_partner), len(cluster)}
    if len(lengths) != 1:
        raise ValueError(f"one entry per school expected, found {sorted(lengths)}")
    missing = int((~np.isfinite(value)).sum())
    if missing:
        raise ValueError(f"{missing} schools have no value: leave them out and count them")
    some = (pupils > 0) & np.isfinite(pupils)
    if not some.all():
        raise ValueError(f"{int((~some).sum())} schools have no pupils")
    if pd.isna(cluster).any():
        raise ValueError(
            f"{int(pd.isna(cluster).sum())} schools have no cluster: a school without a "
            "group is a cluster of its own"
        )
    if is_partner.all() or not is_partner.any():
        side = "rest" if is_partner.all() else "partners"
        raise ValueError(f"no school among the {side}")
    both = set(cluster[is_partner].tolist()) & set(cluster[~is_partner].tolist())
    if both:
        raise ValueError(
            f"{len(both)} clusters stand on both sides, such as {min(map(str, both))!r}"
        )
