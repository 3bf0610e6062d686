"""Whether partners changed by more than schools that looked like them before."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.balance import Balance, CovariateBalance, balance, covariate_values
from pipeline.estimators.cluster_robust import weighted_least_squares
from pipeline.estimators.entropy_balancing import (
    MOST_WEIGHT,
    NIL,
    EntropyBalance,
    Infeasible,
    entropy_balance,
    weights_for,
)
from pipeline.estimators.nearest_neighbours import match_nearest
from pipeline.estimators.partner_flags import partner_flags
from pipeline.estimators.settings import share_of_one

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
Method = Literal["entropy", "nearest"]
Adjustment = Literal["all", "required"]
__all__ = [
    "EntropyBalance",
    "MatchedComparison",
    "change_on_change",
    "entropy_balance",
]
ESTIMAND = (
    "ATT of the matched design: mean change of partner schools minus that of comparison "
    "schools weighted to be like them before, each partner school counting once"
)


@dataclass(frozen=True)
class MatchedComparison:
    """Difference in change between partners and schools weighted to be like them.

    Unit: that of `before` and `after`. `partners_change` and `comparison_change` are
    weighted means; their difference is the estimate but for what covariates still
    explain. Estimate, error, interval and the two changes are None where `refused` says
    why there is none; `p_value` is also None for an exact fit. `left_out` counts schools
    by the reason why they are not in the comparison. `balance` is None where no weights
    were found; `baseline` is the balance of `before` itself, shown whether or not it is
    among the covariates. `adjusted_for` names the covariates that the regression held
    fixed. `weights` has an entry per school in the order given: 1 for a partner, 0 for a
    school that is not used; those of the comparison schools add up to the number of
    partners.
    """

    estimand: str
    method: str
    estimate: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    degrees_of_freedom: float | None
    p_value: float | None
    partners_change: float | None
    comparison_change: float | None
    partner_schools: int
    comparison_schools: int
    partner_clusters: int
    comparison_clusters: int
    effective_sample_size: float | None
    largest_weight: float | None
    balance: Balance | None
    baseline: CovariateBalance | None
    adjusted_for: tuple[str, ...]
    left_out: dict[str, int]
    refused: str | None
    weights: FloatArray = field(repr=False)


def change_on_change(
    before: FloatArray,
    after: FloatArray,
    is_partner: BoolArray,
    cluster: npt.ArrayLike,
    covariates: pd.DataFrame,
    *,
    strata: npt.ArrayLike | None = None,
    method: Method = "entropy",
    neighbours: int = 5,
    caliper: float | None = 0.2,
    caliper_on: FloatArray | None = None,
    adjust: Adjustment = "all",
    level: float = 0.95,
) -> MatchedComparison:
    """Compare the change of partners with that of schools weighted to be like them.

    `before`, `after` (standardised within each year), `is_partner` and `cluster` (trust,
    else the school itself) have an entry per school, `covariates` a row per school and a
    column per covariate, `strata` a label per school (phase and region, say) whose mix
    must be the same on both sides ("entropy") or which must be equal within a pair
    ("nearest", see `match_nearest`).

    1. Schools that cannot be compared are left out and counted: other schools of a
       partner's cluster (the partnership may reach them), schools of strata without
       partners, partners without a match.
    2. Weights by entropy balancing of the means, or by nearest neighbours.
    3. Refused when weights do not exist or collapse, or when a covariate stays more than
       0.25 SD apart.
    4. Weighted least squares of after - before on partner, with errors CR2 by cluster and
       Satterthwaite degrees of freedom. Covariates between 0.05 and 0.25 SD apart must be
       in it (WWC): with `adjust` "required" they alone are. With "all", the default, all
       covariates and strata are. Where weights balance them exactly the estimate is the
       same, but what they explain of the change no longer counts as doubt.

    Errors take the weights as given. With "required" that is conservative where
    covariates explain the change. A comparison school that stands for several partners is
    one row with its summed weight, so reuse widens the interval. Abadie and Spiess (2022)
    show that matching without replacement asks for clustering by matched set; sets that
    share schools, as here, are not covered, and schools of one trust are taken to depend
    on each other before schools of one set are.

    Where `before` is itself a covariate, its luck is balanced too and fades after: the
    two sides regress to different means where they come from different populations.
    Balance earlier waves, and look at `baseline`.

    Raises ValueError for arrays of different length, values that are missing, a side
    without two schools or partners in fewer than two clusters.

    Sources: Hainmueller (2012); What Works Clearinghouse, Standards Handbook,
    baseline equivalence; Abadie and Imbens (2006), section 3; Abadie and Spiess (2022),
    Robust post-matching inference, section 2; Daw and Hatfield (2018), Matching and
    regression to the mean in difference-in-differences analysis.
    """
    if method not in ("entropy", "nearest"):
        raise ValueError(f"entropy or nearest expected, found {method!r}")
    if adjust not in ("all", "required"):
        raise ValueError(f"all or required expected, found {adjust!r}")
    if caliper_on is not None and np.shape(caliper_on) != np.shape(is_partner):
        raise ValueError("caliper_on needs one finite number per school")
    share_of_one(level, "level")
    own = partner_flags(is_partner)
    start, end = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    values = covariate_values(covariates)
    groups = np.asarray(cluster)
    label = np.zeros(own.size, dtype=int) if strata is None else np.asarray(strata)
    _refuse(start, end, own, groups, values, label)
    groups = groups.astype(str)
    code = np.unique(label.astype(str), return_inverse=True)[1]
    kept, left_out = _comparable(own, groups, code, nearest=method == "nearest")
    nothing = _nothing(method, own & kept, left_out)
    if min((own & kept).sum(), (~own & kept).sum()) < 2:
        return replace(nothing, refused="fewer than two comparable schools on a side")
    try:
        if method == "entropy":
            weighting = _by_entropy(values, code, own, kept, covariates)
        else:
            weighting = _by_neighbours(
                values, code, own, kept, neighbours, caliper, caliper_on
            )
    except Infeasible as why:
        return replace(nothing, refused=str(why))
    for reason, count in weighting.left_out.items():
        left_out[reason] = left_out.get(reason, 0) + count
    weights = weighting.weights
    if (own & (weights > 0)).sum() < 2:
        return replace(nothing, refused="fewer than two partners have a match")
    table = balance(covariates.loc[kept], own[kept], weights[kept])
    alone = balance(pd.DataFrame({"before": start[kept]}), own[kept], weights[kept])
    sides = {side: (own == side) & (weights > 0) for side in (True, False)}
    described = replace(
        nothing,
        partner_schools=int(sides[True].sum()),
        comparison_schools=int(sides[False].sum()),
        partner_clusters=int(np.unique(groups[sides[True]]).size),
        comparison_clusters=int(np.unique(groups[sides[False]]).size),
        effective_sample_size=weighting.effective_sample_size,
        largest_weight=weighting.largest_weight,
        balance=table,
        baseline=alone.covariates[0],
        weights=weights,
    )
    if weighting.collapse is not None:
        return replace(described, refused=weighting.collapse)
    if table.beyond_repair:
        apart = ", ".join(table.beyond_repair)
        return replace(described, refused=f"too far apart after weighting: {apart}")
    if described.partner_clusters < 2:
        raise ValueError(
            "partners stand in one cluster: nothing shows how their change varies"
        )
    change = end - start
    used = weights > 0
    names = [str(name) for name in covariates.columns]
    wanted = names if adjust == "all" else list(table.to_adjust)
    held = _independent(
        values[used],
        [names.index(name) for name in wanted],
        code[used] if adjust == "all" else None,
    )
    design = np.column_stack([np.ones(used.sum()), own[used], held])
    fit = weighted_least_squares(design, change[used], weights[used], groups[used])
    interval = fit.interval(np.eye(design.shape[1])[1], level)
    means = {
        side: float(np.average(change[rows], weights=weights[rows]))
        for side, rows in sides.items()
    }
    return replace(
        described,
        estimate=interval.estimate,
        standard_error=interval.standard_error,
        low=interval.low,
        high=interval.high,
        degrees_of_freedom=interval.degrees_of_freedom,
        p_value=interval.p_value,
        partners_change=means[True],
        comparison_change=means[False],
        adjusted_for=tuple(wanted),
    )


@dataclass(frozen=True)
class _Weighting:
    """Weights of all schools, what they are worth, and why they must not be used."""

    weights: FloatArray
    effective_sample_size: float
    largest_weight: float
    collapse: str | None
    left_out: dict[str, int]


def _by_entropy(
    values: FloatArray,
    code: IntArray,
    own: BoolArray,
    kept: BoolArray,
    covariates: pd.DataFrame,
) -> _Weighting:
    partners, others = own & kept, ~own & kept
    strata = np.unique(code[partners])
    indicator = (code[:, None] == strata).astype(float)
    columns = np.hstack([values, indicator]) if strata.size > 1 else values
    names = [*covariates.columns.astype(str), *(f"stratum {n + 1}" for n in strata)]
    pool = columns[others]
    found = weights_for(
        pool,
        columns[partners].mean(axis=0),
        np.full(len(pool), 1 / len(pool)),
        names[: columns.shape[1]],
    )
    # Schools off the edge that the targets lie on have no weight but for rounding.
    share = np.where(found.weights > NIL * found.largest_weight, found.weights, 0.0)
    weights = partners.astype(float)
    weights[others] = share * partners.sum() / share.sum()
    collapse = found.collapsed(int(partners.sum()))
    return _Weighting(
        weights, found.effective_sample_size, found.largest_weight, collapse, {}
    )


def _by_neighbours(
    values: FloatArray,
    code: IntArray,
    own: BoolArray,
    kept: BoolArray,
    neighbours: int,
    caliper: float | None,
    caliper_on: FloatArray | None,
) -> _Weighting:
    found = match_nearest(
        values[kept],
        own[kept],
        code[kept],
        neighbours=neighbours,
        caliper=caliper,
        caliper_on=None if caliper_on is None else np.asarray(caliper_on)[kept],
    )
    weights = np.zeros(own.size)
    weights[kept] = found.weights
    reused = weights[~own].max() > 1 + NIL
    collapse = (
        f"one comparison school stands for {found.largest_weight:.0%} of the comparison, "
        f"more than {MOST_WEIGHT:.0%}: widen the pool or match to more neighbours"
        if reused and found.largest_weight > MOST_WEIGHT
        else None
    )
    return _Weighting(
        weights,
        found.effective_sample_size,
        found.largest_weight,
        collapse,
        found.left_out,
    )


def _independent(
    values: FloatArray, columns: list[int], code: IntArray | None
) -> FloatArray:
    """Columns to hold fixed, without those that others and a constant make up."""
    held = values[:, columns]
    if code is not None:
        strata = np.unique(code)[1:]
        held = np.hstack([held, (code[:, None] == strata).astype(float)])
    centred = held - held.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    varies = size > NIL * np.sqrt(len(held)) * np.abs(held).max(axis=0, initial=0.0)
    held, centred = held[:, varies], centred[:, varies] / size[varies]
    if not held.size:
        return held
    own_part = np.abs(np.diag(np.linalg.qr(centred, mode="r")))
    # A column that is nearly a combination of those before it adds nothing but rounding.
    independent: FloatArray = held[:, own_part > 1e-6]
    return independent


def _comparable(
    own: BoolArray, cluster: npt.NDArray[np.str_], code: IntArray, *, nearest: bool
) -> tuple[BoolArray, dict[str, int]]:
    kept = np.ones(own.size, dtype=bool)
    left_out: dict[str, int] = {}

    def leave_out(which: BoolArray, why: str) -> None:
        which = which & kept
        if which.any():
            left_out[why] = int(which.sum())
            kept[which] = False

    shared = np.isin(cluster, np.unique(cluster[own]))
    leave_out(~own & shared, "in the cluster of a partner school")
    if not nearest:
        # Nearest neighbours tells partners without a school in their stratum by itself.
        alone = ~np.isin(code, np.unique(code[~own & kept]))
        leave_out(own & alone, "no comparison school in the stratum")
    without = ~np.isin(code, np.unique(code[own & kept]))
    leave_out(~own & without, "no partner school in the stratum")
    return kept, left_out


def _nothing(
    method: str, partners: BoolArray, left_out: dict[str, int]
) -> MatchedComparison:
    return MatchedComparison(
        estimand=ESTIMAND,
        method=method,
        estimate=None,
        standard_error=None,
        low=None,
        high=None,
        degrees_of_freedom=None,
        p_value=None,
        partners_change=None,
        comparison_change=None,
        partner_schools=int(partners.sum()),
        comparison_schools=0,
        partner_clusters=0,
        comparison_clusters=0,
        effective_sample_size=None,
        largest_weight=None,
        balance=None,
        baseline=None,
        adjusted_for=(),
        left_out=left_out,
        refused=None,
        weights=np.zeros(partners.size),
    )


def _refuse(
    before: FloatArray,
    after: FloatArray,
    own: BoolArray,
    cluster: npt.NDArray[Any],
    values: FloatArray,
    label: npt.NDArray[Any],
) -> None:
    lengths = {len(a) for a in (before, after, own, cluster, values, label)}
    if len(lengths) != 1:
        raise ValueError(f"one entry per school expected, found {sorted(lengths)}")
    missing = int((~np.isfinite(before) | ~np.isfinite(after)).sum())
    if missing:
        raise ValueError(
            f"{missing} schools lack a result before or after: leave them out and count them"
        )
    for name, labels in (("cluster", cluster), ("stratum", label)):
        none = int(pd.isna(labels).sum())
        if none:
            raise ValueError(
                f"{none} schools have no {name}: leave them out and count them"
            )
    for side, name in ((own, "partner"), (~own, "comparison")):
        if side.sum() < 2:
            raise ValueError(f"{int(side.sum())} {name} schools: two are needed at least")
    if values.shape[1] == 0:
        raise ValueError("no covariates: there is nothing to match on")
