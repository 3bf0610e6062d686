"""How far partners' pupils lie above or below those of the rest of England."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.regression.linear_model import WLS

FloatArray = npt.NDArray[np.float64]
NORMAL_95 = 1.96
"""The department's own constant, whatever the confidence level asked for."""


@dataclass(frozen=True)
class WeightedMean:
    """A pupil-weighted mean with its cluster-robust error."""

    mean: float
    variance: float
    clusters: int

    @property
    def standard_error(self) -> float:
        """Cluster-robust standard error; not a number with fewer than two clusters."""
        return float(np.sqrt(self.variance))


@dataclass(frozen=True)
class GapToRest:
    """Partners, the rest and the gap between them, in the measure's own unit.

    Positive means that pupils in partner schools are ahead. Intervals are None where
    fewer than two clusters stand on a side: nothing then shows how clusters vary.
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
    confidence_level: float = 0.95,
) -> GapToRest:
    """Compare the pupil-weighted mean of partners with that of the rest.

    Each side's mean is a weighted least squares fit on a constant (statsmodels), with
    errors clustered by school group and the correction G/(G-1) for the number of
    clusters. The two sides share no school, so their variances add; the gap is judged
    by t with the Welch-Satterthwaite degrees of freedom of the two sides' clusters.
    One joint regression would correct for the thousands of clusters of the rest and
    treat the few of the partners as if they were as many.

    `value`, `pupils`, `is_partner` and `cluster` have one entry per school. Clusters are
    compared as labels. With the national `pupil_sd`, the department's own interval
    stands beside: value +/- 1.96 SD sqrt(1/N_partners + 1/N_rest). It is a convention:
    it takes pupils for independent draws and finds a difference for most random groups
    of schools (reports/methods/method.md).

    Raises ValueError for arrays of different length, a value that is missing, pupils
    that are not positive, a side without a school, or a cluster on both sides.

    Sources: Cameron and Miller (2015), A practitioner's guide to cluster-robust
    inference, section VI; Satterthwaite (1946).
    """
    value = np.asarray(value, dtype=float)
    pupils = np.asarray(pupils, dtype=float)
    is_partner = np.asarray(is_partner, dtype=bool)
    cluster = np.asarray(cluster)
    _refuse(value, pupils, is_partner, cluster)
    own = _weighted_mean(value[is_partner], pupils[is_partner], cluster[is_partner])
    rest = _weighted_mean(value[~is_partner], pupils[~is_partner], cluster[~is_partner])
    gap = own.mean - rest.mean
    n_own, n_rest = float(pupils[is_partner].sum()), float(pupils[~is_partner].sum())
    dfe = (
        None
        if pupil_sd is None
        else NORMAL_95 * pupil_sd * float(np.sqrt(1 / n_own + 1 / n_rest))
    )
    own_low, own_high = _interval_of_mean(own, confidence_level)
    rest_low, rest_high = _interval_of_mean(rest, confidence_level)
    error, freedom, half = _welch(own, rest, confidence_level)
    return GapToRest(
        partners=own.mean,
        partners_low=own_low,
        partners_high=own_high,
        rest=rest.mean,
        rest_low=rest_low,
        rest_high=rest_high,
        gap=gap,
        standard_error=error,
        low=None if half is None else gap - half,
        high=None if half is None else gap + half,
        degrees_of_freedom=freedom,
        dfe_low=None if dfe is None else gap - dfe,
        dfe_high=None if dfe is None else gap + dfe,
        partner_schools=int(is_partner.sum()),
        rest_schools=int((~is_partner).sum()),
        partner_pupils=round(n_own),
        rest_pupils=round(n_rest),
        partner_clusters=own.clusters,
        rest_clusters=rest.clusters,
    )


def _weighted_mean(
    value: FloatArray, pupils: FloatArray, cluster: npt.NDArray[np.object_]
) -> WeightedMean:
    _, labels = np.unique(cluster.astype(str), return_inverse=True)
    clusters = int(labels.max()) + 1
    fit = WLS(value, np.ones((len(value), 1)), weights=pupils)
    if clusters < 2:
        return WeightedMean(float(fit.fit().params[0]), float("nan"), clusters)
    # statsmodels' own correction is G/(G-1) * (N-1)/(N-K), and N-K is N-1 here.
    robust = fit.fit(
        cov_type="cluster", cov_kwds={"groups": labels, "use_correction": True}
    )
    return WeightedMean(float(robust.params[0]), float(robust.cov_params()[0, 0]), clusters)


def _welch(
    own: WeightedMean, rest: WeightedMean, level: float
) -> tuple[float | None, float | None, float | None]:
    if min(own.clusters, rest.clusters) < 2:
        return None, None, None
    variance = own.variance + rest.variance
    if variance == 0.0:
        return 0.0, float(min(own.clusters, rest.clusters) - 1), 0.0
    freedom = variance**2 / (
        own.variance**2 / (own.clusters - 1) + rest.variance**2 / (rest.clusters - 1)
    )
    error = float(np.sqrt(variance))
    return error, freedom, float(stats.t.ppf(0.5 + level / 2, freedom)) * error


def _interval_of_mean(
    side: WeightedMean, level: float
) -> tuple[float | None, float | None]:
    if side.clusters < 2:
        return None, None
    half = stats.t.ppf(0.5 + level / 2, side.clusters - 1) * side.standard_error
    return side.mean - float(half), side.mean + float(half)


def _refuse(
    value: FloatArray,
    pupils: FloatArray,
    is_partner: npt.NDArray[np.bool_],
    cluster: npt.NDArray[np.object_],
) -> None:
    lengths = {len(value), len(pupils), len(is_partner), len(cluster)}
    if len(lengths) != 1:
        raise ValueError(f"one entry per school expected, found {sorted(lengths)}")
    missing = int((~np.isfinite(value)).sum())
    if missing:
        raise ValueError(f"{missing} schools have no value: leave them out and count them")
    if not (pupils > 0).all():
        raise ValueError(f"{int((~(pupils > 0)).sum())} schools have no pupils")
    if is_partner.all() or not is_partner.any():
        side = "rest" if is_partner.all() else "partners"
        raise ValueError(f"no school among the {side}")
    both = set(cluster[is_partner].tolist()) & set(cluster[~is_partner].tolist())
    if both:
        raise ValueError(
            f"{len(both)} clusters stand on both sides, such as {min(map(str, both))!r}"
        )
