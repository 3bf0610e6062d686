"""Whether partners changed by more than the rest whatever point they started from."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.cluster_robust import ClusterRobustFit, weighted_least_squares
from pipeline.estimators.partner_flags import partner_flags

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
AHEAD = "ahead in every stratum"
NOT_SHOWN = "not shown in every stratum"
NOT_TESTABLE = "not testable in stratum"


@dataclass(frozen=True)
class Stratum:
    """Change of partners and of the rest among schools with one starting point.

    `partners_change` and `rest_change` are means over schools (None without a school).
    `difference` and what follows it are None where the stratum is `not_tested` (which
    then says why). `expected_of_start` is the change that the rest's own line of change
    on baseline gives for partners of this stratum, from where they started alone; None
    for strata that come without a baseline.
    """

    name: str
    partner_schools: int
    rest_schools: int
    partner_clusters: int
    partners_change: float | None
    rest_change: float | None
    expected_of_start: float | None
    difference: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    degrees_of_freedom: float | None
    p_value: float | None
    not_tested: str | None


@dataclass(frozen=True)
class PlaceboStratum:
    """Schools outside the partnership, sorted by ONE wave: what luck alone would give.

    The wave is that which the change starts from, the mistake that the two-wave baseline
    avoids. `rest_change` is the mean change of the rest in the stratum; `spurious_gain`
    is what it exceeds the rest's change over all strata by. It is no one's doing.
    """

    name: str
    rest_schools: int
    rest_change: float | None
    spurious_gain: float | None


@dataclass(frozen=True)
class StartingPoint:
    """Partners against the rest by starting point, always with its placebo.

    `verdict` is AHEAD only where every stratum was tested and every lower bound lies
    above 0. `not_testable` names the strata that were not. `interaction_statistic` and
    `interaction_p` test that the difference is the same in all tested strata; None with
    fewer than two, for an exact fit, or too few clusters. `largest_one_sided_p` is the p of
    the verdict: that no difference lies above 0 in some stratum; None where a stratum was
    not tested, or for an exact fit. `largest_spread` is the smallest
    margin within which any two strata's differences are equivalent (TOST at 1 - `level`;
    None with fewer than two); `equivalent` compares it with the margin asked for.
    `rest_correlation` is the rest's correlation of `before` and `after` over schools, None
    where one does not vary: the farther below 1, the more luck fades.
    """

    strata: tuple[Stratum, ...]
    placebo: tuple[PlaceboStratum, ...]
    verdict: str
    not_testable: tuple[str, ...]
    interaction_statistic: float | None
    interaction_p: float | None
    largest_spread: float | None
    equivalent: bool | None
    rest_correlation: float | None
    partner_schools: int
    rest_schools: int
    clusters: int
    largest_one_sided_p: float | None = None


def by_starting_point(
    first_wave: FloatArray,
    second_wave: FloatArray,
    before: FloatArray,
    after: FloatArray,
    is_partner: BoolArray,
    cluster: npt.ArrayLike,
    *,
    groups: int = 5,
    least_schools: int = 6,
    margin: float | None = None,
    level: float = 0.95,
) -> StartingPoint:
    """Compare changes within fifths of the mean of two waves earlier than the change.

    All arrays have an entry per school, values standardised within each year. Strata are
    the fifths of all schools given (England's, partners among them) by the mean of
    `first_wave` and `second_wave`; the change is `after` - `before`, two later waves. A
    school's luck in a wave that sorts it fades in the next: were that wave also the start
    of the change, the lowest fifth would gain and the highest lose without anybody's
    doing. The placebo shows how much that is in these data.

    One regression of the change on strata and strata by partner, schools counting alike,
    gives each stratum's difference with CR2 errors by cluster and Satterthwaite degrees
    of freedom; trusts may reach over strata. The claim "whatever point they started from"
    needs every difference's lower bound above 0: an intersection-union test, which needs
    no correction for the number of strata. Bounds are those of the two-sided interval,
    so its size is (1 - level) / 2 at most. Two weaker statements have their figures: the
    test that the difference does not vary, and the margin within which it varies.

    A stratum with fewer than `least_schools` on a side, or partners of one cluster only,
    is not tested, and then neither is the claim.

    Raises ValueError for arrays of different length, missing values, a side without
    schools, a wave of the baseline that is also the start or end of the change, or fewer
    than two groups.

    Sources: Berger (1982), Multiparameter hypothesis testing and acceptance sampling
    (intersection-union tests); Barnett, van der Pols and Dobson (2005), Regression to the
    mean: what it is and how to deal with it; Schuirmann (1987) on two one-sided tests;
    Pustejovsky and Tipton (2018), section 3.2 (the Wald test).
    """
    one, two = np.asarray(first_wave, dtype=float), np.asarray(second_wave, dtype=float)
    start, end, own, labels = _arrays(before, after, is_partner, cluster, one, two)
    for wave, which in ((one, "first"), (two, "second")):
        for other, role in ((start, "before"), (end, "after")):
            if np.array_equal(wave, other):
                raise ValueError(
                    f"the {which} wave of the baseline is also {role}: a wave that sorts "
                    "schools must not measure their change; take earlier waves"
                )
    baseline = (one + two) / 2
    code = equal_groups(baseline, groups)
    names = [f"{n + 1} of {groups}" for n in range(groups)]
    names[0], names[-1] = f"{names[0]} (lowest)", f"{names[-1]} (highest)"
    return _compared(
        code, names, baseline, start, end, own, labels, groups, least_schools, margin, level
    )


def by_inspection_grade(
    grade: npt.ArrayLike,
    before: FloatArray,
    after: FloatArray,
    is_partner: BoolArray,
    cluster: npt.ArrayLike,
    *,
    groups: int = 5,
    least_schools: int = 6,
    margin: float | None = None,
    level: float = 0.95,
    baseline: FloatArray | None = None,
) -> StartingPoint:
    """Compare changes within grades of the inspection that stood when schools joined.

    As `by_starting_point`, with the label `grade` per school in place of the fifths. A
    school without a grade needs a label that says so ("not inspected"), or to be left out
    and counted. Inspectors choose schools after weak years, so grades too are followed
    by regression to the mean: the rest's change by grade stands beside the partners'.
    With `baseline`, a figure per school from waves earlier than the change, each grade
    also has the change that partners' starting points alone would lead one to expect.

    Raises ValueError as `by_starting_point`, and for schools without a label.
    """
    earlier = () if baseline is None else (np.asarray(baseline, dtype=float),)
    start, end, own, labels = _arrays(before, after, is_partner, cluster, *earlier)
    given = np.asarray(grade)
    if given.shape != own.shape:
        raise ValueError(f"{given.size} grades for {own.size} schools")
    missing = int(pd.isna(given).sum())
    if missing:
        raise ValueError(
            f"{missing} schools have no grade: give them a label of their own, or leave "
            "them out and count them"
        )
    names, code = np.unique(given.astype(str), return_inverse=True)
    return _compared(
        code,
        [str(name) for name in names],
        earlier[0] if earlier else None,
        start,
        end,
        own,
        labels,
        groups,
        least_schools,
        margin,
        level,
    )


def equal_groups(baseline: FloatArray, groups: int = 5) -> IntArray:
    """Cut all schools into equal groups from the lowest (0); ties are never split.

    A school exactly at a cut belongs to the lower group, so equal baselines always stand
    together and a group may be empty where many schools share a value.
    """
    if groups < 2:
        raise ValueError(f"{groups} groups: at least two are needed")
    cuts = np.quantile(baseline, np.arange(1, groups) / groups)
    # A value that is a cut but for rounding is at the cut.
    edge = 1e-12 * max(float(np.abs(baseline).max()), 1e-300)
    return np.searchsorted(cuts, baseline - edge, side="left")


def _compared(
    code: IntArray,
    names: list[str],
    baseline: FloatArray | None,
    before: FloatArray,
    after: FloatArray,
    own: BoolArray,
    cluster: npt.NDArray[np.str_],
    groups: int,
    least_schools: int,
    margin: float | None,
    level: float,
) -> StartingPoint:
    if least_schools < 2:
        raise ValueError("a stratum needs two schools on each side at least")
    if not 0.5 < level < 1:
        raise ValueError(f"a level of {level}: between 0.5 and 1 expected")
    if margin is not None and not margin > 0:
        raise ValueError(f"a margin of {margin}: it must be positive")
    change = after - before
    why = [
        _not_tested(own[code == n], cluster[code == n], least_schools)
        for n in range(len(names))
    ]
    tested = [n for n, reason in enumerate(why) if reason is None]
    fit = _fit(change, code, own, cluster, tested)
    strata = []
    for n, name in enumerate(names):
        inside = code == n
        found = (
            None
            if fit is None or n not in tested
            else fit.interval(_contrast(len(tested), tested.index(n)), level)
        )
        strata.append(
            Stratum(
                name=name,
                partner_schools=int((inside & own).sum()),
                rest_schools=int((inside & ~own).sum()),
                partner_clusters=int(np.unique(cluster[inside & own]).size),
                partners_change=_mean(change[inside & own]),
                rest_change=_mean(change[inside & ~own]),
                expected_of_start=_expected(change, baseline, own, inside),
                difference=None if found is None else found.estimate,
                standard_error=None if found is None else found.standard_error,
                low=None if found is None else found.low,
                high=None if found is None else found.high,
                degrees_of_freedom=None if found is None else found.degrees_of_freedom,
                p_value=None if found is None else found.p_value,
                not_tested=why[n],
            )
        )
    not_testable = tuple(row.name for row in strata if row.not_tested is not None)
    statistic, p_value = _interaction(fit, len(tested))
    spread = _largest_spread(fit, len(tested), level)
    return StartingPoint(
        strata=tuple(strata),
        placebo=_placebo(before, change, own, groups),
        verdict=_verdict(strata, not_testable),
        not_testable=not_testable,
        interaction_statistic=statistic,
        interaction_p=p_value,
        largest_spread=spread,
        equivalent=None if margin is None or spread is None else spread < margin,
        rest_correlation=_correlation(before[~own], after[~own]),
        partner_schools=int(own.sum()),
        rest_schools=int((~own).sum()),
        clusters=int(np.unique(cluster).size),
        largest_one_sided_p=_largest_one_sided_p(strata),
    )


def _not_tested(
    own: BoolArray, cluster: npt.NDArray[np.str_], least_schools: int
) -> str | None:
    # ASSUME: six schools on a side are the least from which a stratum's difference can be
    # told; fewer, or partners of one trust, are named instead of tested
    for side, name in ((own, "partner"), (~own, "other")):
        if side.sum() < least_schools:
            return f"{int(side.sum())} {name} schools, fewer than {least_schools}"
        if np.unique(cluster[side]).size < 2:
            return f"all {name} schools stand in one cluster"
    return None


def _fit(
    change: FloatArray,
    code: IntArray,
    own: BoolArray,
    cluster: npt.NDArray[np.str_],
    tested: list[int],
) -> ClusterRobustFit | None:
    if not tested:
        return None
    used = np.isin(code, tested)
    stratum = (code[used, None] == np.array(tested)).astype(float)
    design = np.hstack([stratum, stratum * own[used, None]])
    return weighted_least_squares(design, change[used], None, cluster[used])


def _contrast(strata: int, plus: int, minus: int | None = None) -> FloatArray:
    contrast = np.zeros(2 * strata)
    contrast[strata + plus] = 1.0
    if minus is not None:
        contrast[strata + minus] = -1.0
    return contrast


def _interaction(
    fit: ClusterRobustFit | None, strata: int
) -> tuple[float | None, float | None]:
    if fit is None or strata < 2 or not fit.residuals.any():
        return None, None
    restrictions = [_contrast(strata, n, 0) for n in range(1, strata)]
    try:
        found = fit.wald(np.array(restrictions))
    except ValueError:
        return None, None
    return found.statistic, found.p_value


def _largest_spread(
    fit: ClusterRobustFit | None, strata: int, level: float
) -> float | None:
    if fit is None or strata < 2:
        return None
    # Two one-sided tests at 1 - level are one two-sided interval at 2 level - 1.
    intervals = [
        fit.interval(_contrast(strata, a, b), 2 * level - 1)
        for a, b in combinations(range(strata), 2)
    ]
    return max(max(abs(found.low), abs(found.high)) for found in intervals)


def _verdict(strata: list[Stratum], not_testable: tuple[str, ...]) -> str:
    if not_testable:
        return f"{NOT_TESTABLE} {', '.join(not_testable)}"
    if all(row.low is not None and row.low > 0 for row in strata):
        return AHEAD
    return NOT_SHOWN


def _largest_one_sided_p(strata: list[Stratum]) -> float | None:
    each = []
    for row in strata:
        if row.difference is None or row.p_value is None:
            return None
        half = row.p_value / 2
        each.append(half if row.difference > 0 else 1 - half)
    return max(each)


def _placebo(
    before: FloatArray, change: FloatArray, own: BoolArray, groups: int
) -> tuple[PlaceboStratum, ...]:
    code = equal_groups(before, groups)
    overall = float(change[~own].mean())
    rows = []
    for n in range(groups):
        inside = change[(code == n) & ~own]
        mean = _mean(inside)
        rows.append(
            PlaceboStratum(
                name=f"{n + 1} of {groups}",
                rest_schools=inside.size,
                rest_change=mean,
                spurious_gain=None if mean is None else mean - overall,
            )
        )
    return tuple(rows)


def _expected(
    change: FloatArray, baseline: FloatArray | None, own: BoolArray, inside: BoolArray
) -> float | None:
    partners = inside & own
    if baseline is None or not partners.any():
        return None
    x, y = baseline[~own], change[~own]
    centred = x - x.mean()
    squares = float(centred @ centred)
    slope = 0.0 if squares == 0 else float(centred @ y) / squares
    return float(y.mean() + slope * (baseline[partners].mean() - x.mean()))


def _correlation(one: FloatArray, two: FloatArray) -> float | None:
    a, b = one - one.mean(), two - two.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return None if size == 0 else float(a @ b) / size


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if values.size else None


def _arrays(
    before: FloatArray,
    after: FloatArray,
    is_partner: BoolArray,
    cluster: npt.ArrayLike,
    *waves: FloatArray,
) -> tuple[FloatArray, FloatArray, BoolArray, npt.NDArray[np.str_]]:
    start, end = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    own = partner_flags(is_partner)
    labels: npt.NDArray[Any] = np.asarray(cluster)
    lengths = {len(array) for array in (start, end, own, labels, *waves)}
    if len(lengths) != 1:
        raise ValueError(f"one entry per school expected, found {sorted(lengths)}")
    values = np.column_stack([start, end, *waves])
    missing = int((~np.isfinite(values)).any(axis=1).sum())
    if missing:
        raise ValueError(f"{missing} schools lack a wave: leave them out and count them")
    if pd.isna(labels).any():
        raise ValueError(
            f"{int(pd.isna(labels).sum())} schools have no cluster: a school without a "
            "trust is a cluster of its own"
        )
    if own.all() or not own.any():
        side = "rest" if own.all() else "partners"
        raise ValueError(f"no school among the {side}")
    return start, end, own, labels.astype(str)
