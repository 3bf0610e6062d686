"""Which schools elsewhere were most like each partner school."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from pipeline.estimators.balance import discriminant_score, pooled_covariance
from pipeline.estimators.partner_flags import partner_flags
from pipeline.estimators.settings import finite_number, whole_number

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
NO_SCHOOL = "no comparison school in the stratum"
NONE_WITHIN = "no comparison school within the caliper"
TIE = 1e-9
"""Distances are one where they differ by less than this share of themselves ..."""
BLUR = 1e-10
"""... and of the coordinates, whose own rounding is all that can be left between them."""
BLOCK_BYTES = 1 << 21
"""Distances worked on at once: they stay in a core's own cache."""
SINGLE = np.float32


@dataclass(frozen=True)
class NearestNeighbours:
    """Matched pairs, the weights that they give, and who was left without a match.

    `weights` has an entry per school in the order given: 1 for a matched partner, 0 for
    one without a match, and for a comparison school the sum of its shares in the
    partners that it stands for (its weight, not its row, is what is reused). `partner`,
    `comparison`, `share` and `distance` have an entry per pair; the first two are row
    numbers, shares add up to 1 for each matched partner, distance is Mahalanobis'.
    `unmatched` holds (row number, reason) of each partner without a match, `left_out`
    the count by reason. `short` counts matched partners with fewer neighbours than asked
    for. `caliper_width` is in the unit of the score that the caliper is laid on, None
    without caliper.
    """

    weights: FloatArray
    partner: IntArray
    comparison: IntArray
    share: FloatArray
    distance: FloatArray
    unmatched: tuple[tuple[int, str], ...]
    left_out: dict[str, int]
    matched_partners: int
    comparison_schools: int
    short: int
    effective_sample_size: float
    largest_weight: float
    caliper_width: float | None


def match_nearest(
    covariates: FloatArray,
    is_partner: BoolArray,
    strata: npt.ArrayLike | None = None,
    *,
    neighbours: int = 5,
    caliper: float | None = 0.2,
    caliper_on: FloatArray | None = None,
) -> NearestNeighbours:
    """Find for each partner the nearest schools of the same stratum, with replacement.

    `covariates` is (schools, covariates); `strata` has a label per school that must be
    equal within a pair (phase and region, say). Distance is Mahalanobis' with the
    covariance within sides, pooled, so that a difference between the sides does not
    count as spread. Each partner gets `neighbours` schools; where its k-th and further
    schools are equally far (but for rounding) they share the remaining places equally. That
    is what drawing lots would give on average, and no order of rows decides.

    No pair may differ by more than `caliper` standard deviations (within sides, pooled)
    of `caliper_on`, by default the discriminant score, the log odds of being a partner
    under normality. A caliper on Mahalanobis' distance itself would tighten with
    every covariate: at 25 of them nearly nobody has a neighbour within 0.2.

    With replacement, so the match does not depend on an order of partners and each gets
    its best schools; `largest_weight` and `effective_sample_size` tell what reuse costs.

    Distances are screened by a matrix product in single precision, whose rounding error
    is bounded, and those that can be among the nearest are computed again as sums of
    squared differences in double precision: the answer is that of brute force.

    Raises ValueError for arrays of different length, a value that is missing, covariates
    that do not vary or are combinations of each other, a side without two schools, fewer
    than one neighbour, or a caliper that is not positive.

    Sources: Rubin (1980), Bias reduction using Mahalanobis-metric matching; Rosenbaum
    and Rubin (1985), Constructing a control group, section 3 (calipers on the score);
    Austin (2011), Optimal caliper widths (0.2 SD); Abadie and Imbens (2006), section 2.
    """
    values, own = _arrays(covariates, is_partner)
    whole_number(neighbours, "neighbours", 1)
    if caliper is not None and not finite_number(caliper, "caliper") > 0:
        raise ValueError(
            f"a caliper of {caliper}: it must be positive (None for no caliper)"
        )
    label = _labels(strata, own.size)
    points = _whitened(values, own)
    score, width = _caliper(values, own, caliper, caliper_on)
    pairs: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []
    lonely = np.zeros(own.size, dtype=bool)
    order = np.argsort(label, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        partners, others = rows[own[rows]], rows[~own[rows]]
        if partners.size and others.size:
            pairs.append(_nearest(points, partners, others, neighbours, score, width))
        else:
            lonely[partners] = True
    none = np.empty(0, dtype=np.intp)
    partner = np.concatenate([none, *(pair[0] for pair in pairs)])
    comparison = np.concatenate([none, *(pair[1] for pair in pairs)])
    share = np.concatenate([np.empty(0), *(pair[2] for pair in pairs)])
    distance = np.concatenate([np.empty(0), *(pair[3] for pair in pairs)])
    order = np.lexsort((comparison, partner))
    partner, comparison = partner[order], comparison[order]
    share, distance = share[order], distance[order]
    matched = np.zeros(own.size, dtype=bool)
    matched[partner] = True
    weights: FloatArray = np.bincount(comparison, weights=share, minlength=own.size).astype(
        float
    )
    weights[matched] = 1.0
    used = weights[~own]
    unmatched = tuple(
        (int(row), NO_SCHOOL if lonely[row] else NONE_WITHIN)
        for row in np.flatnonzero(own & ~matched)
    )
    reasons = [reason for _, reason in unmatched]
    places = np.bincount(partner, minlength=own.size)[matched]
    return NearestNeighbours(
        weights=weights,
        partner=partner,
        comparison=comparison,
        share=share,
        distance=distance,
        unmatched=unmatched,
        left_out={reason: reasons.count(reason) for reason in sorted(set(reasons))},
        matched_partners=int(matched.sum()),
        comparison_schools=int((used > 0).sum()),
        short=int((places < neighbours).sum()),
        effective_sample_size=(
            float(used.sum() ** 2 / (used**2).sum()) if used.any() else 0.0
        ),
        largest_weight=float(used.max() / used.sum()) if used.any() else 0.0,
        caliper_width=width,
    )


def _nearest(
    points: FloatArray,
    partners: IntArray,
    others: IntArray,
    neighbours: int,
    score: FloatArray | None,
    width: float | None,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Pairs within one stratum. Sorted by score, a partner's caliper is a slice."""
    if score is None or width is None:
        first = np.zeros(partners.size, dtype=np.intp)
        last = np.full(partners.size, others.size)
    else:
        partners = partners[np.argsort(score[partners], kind="stable")]
        others = others[np.argsort(score[others], kind="stable")]
        edge = width + TIE * (width + np.abs(score[partners]))
        first = np.searchsorted(score[others], score[partners] - edge, "left")
        last = np.searchsorted(score[others], score[partners] + edge, "right")
    mine, theirs = points[partners], points[others]
    rows, columns = _candidates(mine, theirs, first, last, neighbours)
    difference = mine[rows] - theirs[columns]
    distance = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    blur = BLUR * (1 + np.sqrt(np.einsum("ij,ij->i", mine, mine)))
    rows, columns, share, distance = _places(rows, columns, distance, blur, neighbours)
    return partners[rows], others[columns], share, distance


def _candidates(
    mine: FloatArray, theirs: FloatArray, first: IntArray, last: IntArray, neighbours: int
) -> tuple[IntArray, IntArray]:
    """Pairs that can be among the nearest, by |y|^2 - 2xy in single precision.

    Of any groups of schools, the k-th smallest of their minima is at least the k-th
    smallest distance: what lies above it by more than rounding is not among the nearest.
    """
    centre = mine.mean(axis=0)
    left, right = mine - centre, theirs - centre
    count, covariates = left.shape
    norms = np.einsum("ij,ij->i", right, right)
    reach = np.sqrt(np.einsum("ij,ij->i", left, left)) + np.sqrt(norms.max())
    # Bound on the rounding of both factors, of the product and of its sum.
    slack = (4 * np.finfo(SINGLE).eps * (covariates + 4) * reach**2).astype(SINGLE)
    a = np.hstack([-2 * left, np.ones((count, 1))]).astype(SINGLE)
    b = np.ascontiguousarray(np.hstack([right, norms[:, None]]).T.astype(SINGLE))
    rows, columns = [], []
    step = max(1, min(count, BLOCK_BYTES // (4 * max(1, len(theirs)))))
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        low, high = int(first[part].min()), int(last[part].max())
        if high <= low:
            continue
        found, where = _screen(
            a[part] @ b[:, low:high],
            first[part] - low,
            last[part] - low,
            slack[part],
            neighbours,
        )
        rows.append(found + start)
        columns.append(where + low)
    if not rows:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    return np.concatenate(rows), np.concatenate(columns)


def _screen(
    distances: npt.NDArray[np.float32],
    first: IntArray,
    last: IntArray,
    slack: npt.NDArray[np.float32],
    neighbours: int,
) -> tuple[IntArray, IntArray]:
    count, width = distances.shape
    if first.max() > 0 or last.min() < width:
        place = np.arange(width)
        outside = (place < first[:, None]) | (place >= last[:, None])
        distances[outside] = np.inf
    groups = max(4 * neighbours, width // 32)
    deep = max(1, width // groups) if groups < width else 1
    groups = min(groups, width)
    body = distances[:, : deep * groups].reshape(count, deep, groups)
    minima = body.min(axis=1)
    if groups < neighbours:
        bound = np.full(count, np.inf, dtype=SINGLE)
    else:
        bound = np.partition(minima, neighbours - 1, axis=1)[:, neighbours - 1] + 2 * slack
    bound = np.minimum(bound, np.finfo(SINGLE).max)
    # Only a group whose minimum is within the bound can hold a candidate.
    row, group = np.nonzero(minima <= bound[:, None])
    hit, depth = np.nonzero(body[row, :, group] <= bound[row, None])
    rest_row, rest = np.nonzero(distances[:, deep * groups :] <= bound[:, None])
    return (
        np.concatenate([row[hit], rest_row]),
        np.concatenate([depth * groups + group[hit], rest + deep * groups]),
    )


def _places(
    rows: IntArray,
    columns: IntArray,
    distance: FloatArray,
    blur: FloatArray,
    neighbours: int,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Keep each row's nearest; those tied for the last places share them equally."""
    if not rows.size:
        return rows, columns, np.empty(0), distance
    order = np.lexsort((distance, rows))
    rows, columns, distance = rows[order], columns[order], distance[order]
    starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    counts = np.diff(np.r_[starts, rows.size])
    places = np.minimum(counts, neighbours)
    last = np.repeat(distance[starts + places - 1], counts)
    edge = TIE * last + blur[rows]
    closer, tied = distance < last - edge, np.abs(distance - last) <= edge
    closer_count = np.add.reduceat(closer.astype(float), starts)
    tied_count = np.add.reduceat(tied.astype(float), starts)
    share_of_tied = (places - closer_count) / tied_count
    share = np.where(closer, 1.0, np.repeat(share_of_tied, counts)) / np.repeat(
        places, counts
    )
    keep = closer | tied
    return rows[keep], columns[keep], share[keep], distance[keep]


def _whitened(values: FloatArray, own: BoolArray) -> FloatArray:
    """Coordinates in which Mahalanobis' distance is the ordinary one."""
    covariance = pooled_covariance(values, own)
    scale = np.sqrt(np.diag(covariance))
    level = np.abs(values).max(axis=0)
    still = np.flatnonzero(scale <= 1e-12 * level)
    if still.size:
        raise ValueError(
            f"covariate {still[0] + 1} does not vary within sides: leave it out"
        )
    correlation = covariance / np.outer(scale, scale)
    if np.linalg.eigvalsh(correlation)[0] < 1e-10:
        redundant = next(
            j
            for j in range(len(scale))
            if np.linalg.eigvalsh(correlation[: j + 1, : j + 1])[0] < 1e-10
        )
        raise ValueError(
            f"covariate {redundant + 1} is a combination of those before it: leave it out"
        )
    root = np.linalg.cholesky(correlation)
    centred = (values - values[own].mean(axis=0)) / scale
    white: FloatArray = np.ascontiguousarray(
        solve_triangular(root, centred.T, lower=True, check_finite=False).T
    )
    return white


def _caliper(
    values: FloatArray,
    own: BoolArray,
    caliper: float | None,
    caliper_on: FloatArray | None,
) -> tuple[FloatArray | None, float | None]:
    if caliper is None:
        return None, None
    if caliper_on is None:
        # Its standard deviation within sides is 1.
        return discriminant_score(values, own), float(caliper)
    score = np.asarray(caliper_on, dtype=float)
    if score.shape != own.shape or not np.isfinite(score).all():
        raise ValueError("caliper_on needs one finite number per school")
    spread = float(np.sqrt(pooled_covariance(score[:, None], own)[0, 0]))
    if spread <= 1e-12 * np.abs(score).max():
        raise ValueError("caliper_on does not vary: a caliper on it says nothing")
    return score, float(caliper) * spread


def _labels(strata: npt.ArrayLike | None, size: int) -> IntArray:
    if strata is None:
        return np.zeros(size, dtype=np.intp)
    label = np.asarray(strata)
    if label.shape != (size,):
        raise ValueError(f"{label.size} strata for {size} schools")
    missing = np.array([item is None or item != item for item in label.tolist()])
    if missing.any():
        raise ValueError(
            f"{int(missing.sum())} schools have no stratum: leave them out and count them"
        )
    return np.unique(label.astype(str), return_inverse=True)[1]


def _arrays(covariates: FloatArray, is_partner: BoolArray) -> tuple[FloatArray, BoolArray]:
    values = np.asarray(covariates, dtype=float)
    own = partner_flags(is_partner)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError("covariates must be a table: a row per school, a column or more")
    if own.shape != (len(values),):
        raise ValueError(f"{len(values)} rows of covariates for {own.size} schools")
    missing = int((~np.isfinite(values)).any(axis=1).sum())
    if missing:
        raise ValueError(
            f"{missing} schools lack a covariate: leave them out and count them"
        )
    for side, name in ((own, "partners"), (~own, "comparison schools")):
        if side.sum() < 2:
            raise ValueError(f"{int(side.sum())} {name}: matching needs two on each side")
    return values, own
