"""How far disadvantaged pupils lie from others, within schools and between them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.cluster_robust import ClusterRobustFit, weighted_least_squares

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A difference of means with its CR2 interval, in the measure's own unit.

    Error, interval and degrees of freedom are None where fewer than two clusters stand
    behind it, or one of its means rests on one cluster alone.
    """

    difference: float
    standard_error: float | None
    low: float | None
    high: float | None
    degrees_of_freedom: float | None


@dataclass(frozen=True)
class GapOnOneSide:
    """Disadvantaged less others among one set of schools, and its two parts.

    `gap.difference` is `within_schools` + `between_schools`, exactly. Negative means that
    disadvantaged pupils are behind. The parts describe: they have no interval.
    """

    disadvantaged: float
    others: float
    gap: Difference
    within_schools: float
    between_schools: float
    schools: int
    schools_with_one_group: int
    disadvantaged_pupils: int
    other_pupils: int
    clusters: int


@dataclass(frozen=True)
class DisadvantagedGap:
    """The gap among partners and among the rest, and how far those are apart.

    `partners_less_rest` is the gap of partners less that of the rest: positive means that
    the gap in partner schools is narrower, where disadvantaged pupils are behind.
    `to_others_nationally` is disadvantaged pupils of partners less all other pupils of the
    nation, those of partners included.
    """

    partners: GapOnOneSide
    rest: GapOnOneSide
    partners_less_rest: Difference
    to_others_nationally: Difference


@dataclass(frozen=True)
class Split:
    """A gap and the two parts that add up to it (Kitagawa 1955)."""

    gap: float
    within_schools: float
    between_schools: float


def split_gap(
    disadvantaged: npt.ArrayLike,
    others: npt.ArrayLike,
    disadvantaged_pupils: npt.ArrayLike,
    other_pupils: npt.ArrayLike,
) -> Split:
    """Split the gap of disadvantaged to other pupils by schools (one entry each).

    With p_i and q_i the shares of all disadvantaged and of all other pupils who are in
    school i, and d_i and o_i their figures there:

    - within schools: the sum of (p_i + q_i)/2 (d_i - o_i), what is left if both groups
      went to the same schools;
    - between schools: the sum of (p_i - q_i) (d_i + o_i)/2, what comes of disadvantaged
      pupils being in schools where everyone does worse or better.

    They add up to the gap exactly; averages of both groups as weights leave no third part.
    A school with pupils of one group only has no gap of its own: it counts between
    schools alone, and the figure of the group it lacks is not looked at.

    Raises ValueError for arrays of different length, a group with pupils and no figure,
    pupils that are negative or not finite, a school without pupils, and a group without
    pupils in any school. Source: Kitagawa (1955), Components of a difference between two
    rates, JASA 50, section 3.
    """
    d, o, n, m = _checked(disadvantaged, others, disadvantaged_pupils, other_pupils)
    p, q = n / n.sum(), m / m.sum()
    centre = float((n @ d + m @ o) / (n.sum() + m.sum()))
    d, o = d - centre, o - centre
    within = float((p + q) / 2 @ (d - o))
    between = float((p - q) @ (d + o) / 2)
    return Split(within + between, within, between)


def disadvantaged_gap(
    disadvantaged: npt.ArrayLike,
    others: npt.ArrayLike,
    disadvantaged_pupils: npt.ArrayLike,
    other_pupils: npt.ArrayLike,
    is_partner: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    confidence_level: float = 0.95,
) -> DisadvantagedGap:
    """Compare disadvantaged with other pupils, among partners, the rest and the nation.

    `disadvantaged` and `others` (n,) are each school's figures of its two groups, in the
    measure's unit, `disadvantaged_pupils` and `other_pupils` (n,) their numbers (0 where
    a school has none; its figure may then be missing). Means weigh by pupils.

    A school has one row for each group, and both are in one cluster: what is good for a
    school lifts both groups, so their difference is surer than either mean. Errors are
    CR2 with Satterthwaite's degrees of freedom. In `to_others_nationally` partners' other
    pupils are part of the nation, as in the department's own gap measures.

    The gap describes. A narrow one can come of others doing worse: read it with both
    means. Both figures are published for the group itself; none is inferred from the
    share of disadvantaged pupils.

    Raises ValueError as `split_gap`, and for a side without a school or without pupils of
    a group, a school without a cluster, a cluster on both sides, or a wrong level.
    """
    if not 0 < confidence_level < 1:
        raise ValueError(f"a level between 0 and 1 expected, found {confidence_level}")
    member, labels = np.asarray(is_partner), np.asarray(cluster)
    if member.dtype != np.bool_:
        raise ValueError("is_partner must be true or false for every school")
    d, o, n, m = _checked(disadvantaged, others, disadvantaged_pupils, other_pupils)
    _refuse(member, labels, len(d))
    # One row for each group of a school that has pupils; level taken out for precision.
    centre = float((n @ d + m @ o) / (n.sum() + m.sum()))
    rows = _Rows(
        value=np.concatenate([d, o]) - centre,
        pupils=np.concatenate([n, m]),
        disadvantaged=np.arange(2 * len(d)) < len(d),
        partner=np.concatenate([member, member]),
        cluster=np.concatenate([labels, labels]),
    )
    sides = _fit(
        rows,
        [
            rows.partner & rows.disadvantaged,
            rows.partner & ~rows.disadvantaged,
            ~rows.partner & rows.disadvantaged,
            ~rows.partner & ~rows.disadvantaged,
        ],
        "a group has no pupils among partners or among the rest",
    )
    national = _fit(
        rows,
        [rows.partner & rows.disadvantaged, ~rows.disadvantaged],
        "a group has no pupils",
    )
    own, rest = member, ~member
    both = min(len(pd.unique(labels[own])), len(pd.unique(labels[rest])))
    level = confidence_level

    def side(chosen: npt.NDArray[np.bool_], contrast: list[float]) -> GapOnOneSide:
        split = split_gap(d[chosen], o[chosen], n[chosen], m[chosen])
        clusters = len(pd.unique(labels[chosen]))
        return GapOnOneSide(
            disadvantaged=float(np.average(d[chosen], weights=n[chosen])),
            others=float(np.average(o[chosen], weights=m[chosen])),
            gap=_difference(sides, contrast, split.gap, clusters, level),
            within_schools=split.within_schools,
            between_schools=split.between_schools,
            schools=int(chosen.sum()),
            schools_with_one_group=int(((n == 0) | (m == 0))[chosen].sum()),
            disadvantaged_pupils=round(float(n[chosen].sum())),
            other_pupils=round(float(m[chosen].sum())),
            clusters=clusters,
        )

    partners, others_side = side(own, [1, -1, 0, 0]), side(rest, [0, 0, 1, -1])
    apart = partners.gap.difference - others_side.gap.difference
    to_nation = partners.disadvantaged - float(np.average(o, weights=m))
    return DisadvantagedGap(
        partners=partners,
        rest=others_side,
        partners_less_rest=_difference(sides, [1, -1, -1, 1], apart, both, level),
        to_others_nationally=_difference(
            national, [1, -1], to_nation, partners.clusters, level
        ),
    )


@dataclass(frozen=True)
class _Rows:
    value: FloatArray
    pupils: FloatArray
    disadvantaged: npt.NDArray[np.bool_]
    partner: npt.NDArray[np.bool_]
    cluster: npt.NDArray[np.object_]


def _fit(
    rows: _Rows, groups: list[npt.NDArray[np.bool_]], without: str
) -> ClusterRobustFit | None:
    """Means of groups of rows; None where there are no more rows than groups."""
    design = np.column_stack(groups).astype(float)
    used = (rows.pupils > 0) & design.any(axis=1)
    if not design[used].any(axis=0).all():
        raise ValueError(f"{without}: nothing to compare")
    if used.sum() <= len(groups) or len(pd.unique(rows.cluster[used])) < 2:
        return None
    return weighted_least_squares(
        design[used], rows.value[used], rows.pupils[used], rows.cluster[used]
    )


def _difference(
    fit: ClusterRobustFit | None,
    contrast: list[float],
    difference: float,
    clusters: int,
    level: float,
) -> Difference:
    if fit is None or clusters < 2 or fit.rests_on_one_cluster(contrast):
        return Difference(difference, None, None, None, None)
    found = fit.interval(contrast, level)
    half = (found.high - found.low) / 2
    return Difference(
        difference=difference,
        standard_error=found.standard_error,
        low=difference - half,
        high=difference + half,
        degrees_of_freedom=found.degrees_of_freedom,
    )


def _checked(
    disadvantaged: npt.ArrayLike,
    others: npt.ArrayLike,
    disadvantaged_pupils: npt.ArrayLike,
    other_pupils: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    try:
        d, o = np.array(disadvantaged, dtype=float), np.array(others, dtype=float)
        n = np.asarray(disadvantaged_pupils, dtype=float)
        m = np.asarray(other_pupils, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError("numbers expected as figures and pupils") from error
    if d.ndim != 1 or not d.shape == o.shape == n.shape == m.shape:
        raise ValueError("one entry per school expected in figures and pupils")
    counts = np.isfinite(n) & np.isfinite(m) & (n >= 0) & (m >= 0) & (n + m > 0)
    if not counts.all():
        raise ValueError(f"{int((~counts).sum())} schools have no number of pupils")
    missing = ((n > 0) & ~np.isfinite(d)) | ((m > 0) & ~np.isfinite(o))
    if missing.any():
        raise ValueError(
            f"{int(missing.sum())} schools have pupils of a group and no figure for it: "
            "leave them out and count them"
        )
    if not n.any() or not m.any():
        raise ValueError(
            f"no {'other' if n.any() else 'disadvantaged'} pupils: nothing to compare"
        )
    # A school without one group has no gap of its own: the two figures are taken as one.
    d[n == 0], o[m == 0] = o[n == 0], d[m == 0]
    return d, o, n, m


def _refuse(
    member: npt.NDArray[np.bool_], labels: npt.NDArray[np.object_], schools: int
) -> None:
    if not len(member) == len(labels) == schools:
        raise ValueError("one entry per school expected in is_partner and cluster")
    if member.all() or not member.any():
        raise ValueError(f"no school among the {'rest' if member.all() else 'partners'}")
    if pd.isna(labels).any():
        raise ValueError(f"{int(pd.isna(labels).sum())} schools have no cluster")
    both = set(labels[member].tolist()) & set(labels[~member].tolist())
    if both:
        raise ValueError(
            f"{len(both)} clusters stand on both sides, such as {min(map(str, both))!r}"
        )
