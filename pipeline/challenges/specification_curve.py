"""Every defensible way to put the question, side by side, instead of one of them.

A choice of weights, outcome, comparison schools, covariates, years or rule of membership
can be defended either way, and a reader cannot see which were tried. The curve fits all
of them; its permutation test asks how often a curve as far from zero would come from
schools whose partner labels are exchanged.
"""

import itertools
import multiprocessing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtr, stdtrit

from pipeline.challenges.specification_sample import (
    Counts,
    Panel,
    Sample,
    Specification,
    counts_of,
    gaps_of,
    read_panel,
    rows_of,
)
from pipeline.estimators.settings import share_of_one, whole_number

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SIGNIFICANT = 0.05
LABELS = tuple(field.name for field in fields(Specification))


def grid(**choices: Iterable[Any]) -> list[Specification]:
    """All combinations of choices, one list for each field of `Specification`.

    `grid(outcome=["read", "maths"], members=["joined"], weights=[None, "pupils"])` gives
    four specifications. Raises TypeError for a choice that is no field.
    """
    names = list(choices)
    return [
        Specification(**dict(zip(names, chosen, strict=True)))
        for chosen in itertools.product(*(list(choices[name]) for name in names))
    ]


@dataclass(frozen=True)
class SpecificationCurve:
    """Estimates of all specifications and what they have in common.

    `table` has one row for each, in the order given: its choices, estimate,
    standard_error, low, high, p, rows, schools, partners (schools exposed in some row),
    partner_clusters, always_exposed (schools exposed in every row: "two_way" takes their
    change for that of the comparisons), clusters, left_out (rows in its years and schools
    that lack a value), alone (rows alone in their school or period) and `why_not`, the
    reason where there is no estimate or no error.
    Summaries are over specifications with an estimate, shares of significance over those
    with an error; None where there is none.
    """

    table: pd.DataFrame
    fitted: int
    median: float | None
    smallest: float | None
    largest: float | None
    share_positive: float | None
    share_significant: float | None
    """Share with p below 0.05 whose sign is that of the median."""


def curve(
    frame: pd.DataFrame,
    specifications: Sequence[Specification],
    *,
    unit: str,
    time: str,
    cluster: str | None,
    workers: int = 1,
    confidence_level: float = 0.95,
) -> SpecificationCurve:
    """Fit every specification.

    `frame` has one row per school and period. Specifications that use the same rows and
    weights share one removal of fixed effects, so hundreds of fits cost little more than
    their sums over clusters. Errors are CR1, clustered by `cluster` (or by school), for
    all alike; intervals and p by t with one degree of freedom less than clusters. They
    serve to compare specifications: the headline's own error is that of its estimator.

    A specification that cannot be fitted, such as one whose partners do not change, stays
    in the table with the reason. Where all exposed rows lie in one cluster there is an
    estimate and no error. Outcomes must be in one unit, such as pupil standard
    deviations, for the median to mean anything.

    More than one worker means processes, which take about a second to start: for a few
    hundred fits one is faster. The result does not depend on their number.

    Raises ValueError for a frame that is no panel: see `read_panel`.

    Source: Simonsohn, Simmons and Nelson (2020), Specification curve analysis, Nature
    Human Behaviour 4.
    """
    share_of_one(confidence_level, "confidence_level")
    panel = read_panel(frame, specifications, unit=unit, time=time, cluster=cluster)
    groups = _grouped(panel, specifications)
    found = _on(workers, panel, specifications, _fit_group, [(group,) for group in groups])
    rows: list[dict[str, Any]] = [{} for _ in specifications]
    for group, answers in zip(groups, found, strict=True):
        for place, answer in zip(group.places, answers, strict=True):
            chosen = {name: getattr(specifications[place], name) for name in LABELS}
            rows[place] = chosen | answer
    table = pd.DataFrame(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(table.estimate) / table.standard_error
    freedom = table.clusters.clip(lower=2) - 1
    half = stdtrit(freedom, 0.5 + confidence_level / 2) * table.standard_error
    table.insert(len(LABELS) + 2, "low", table.estimate - half)
    table.insert(len(LABELS) + 3, "high", table.estimate + half)
    table.insert(len(LABELS) + 4, "p", 2 * stdtr(freedom, -statistic))
    return SpecificationCurve(
        table=table, **_summary(table.estimate.to_numpy(), table.p.to_numpy())
    )


@dataclass(frozen=True)
class PermutationTest:
    """How often exchanged partner labels give a curve as far from zero.

    `table` has one row per statistic (statistic, observed, p_value): the size of the
    median estimate, the larger share of one sign, the larger share significant in one
    direction, and the size of the mean of estimate / standard error. `null` has one row
    per draw and one column per statistic. `null_curve` has for each rank of the sorted
    estimates the observed one and the 2.5th, 50th and 97.5th percentile of the draws.
    `movable_partners` of all `partners` had another school to change places with.
    `failed_fits` counts fits within draws that had no estimate.
    """

    table: pd.DataFrame
    null: pd.DataFrame
    null_curve: pd.DataFrame
    draws: int
    specifications: int
    partners: int
    movable_partners: int
    schools: int
    failed_fits: int


STATISTICS = (
    "size of the median",
    "larger share of one sign",
    "larger share significant in one direction",
    "size of the mean z",
)


def permutation_test(
    frame: pd.DataFrame,
    specifications: Sequence[Specification],
    *,
    unit: str,
    time: str,
    cluster: str | None,
    draws: int = 500,
    seed: int = 0,
    workers: int = 2,
) -> PermutationTest:
    """Test the curve as a whole: one test, not one for each specification.

    Each draw gives the join dates of the partners, under all rules of membership at once,
    to other schools and fits all specifications again. What schools have in common over
    specifications (outcomes that move together, samples that overlap) is kept, so the
    spread of the draws is that of the curve under no difference. p is the share of draws
    at least as extreme, with one added to both numbers.

    With `cluster`, trusts stay whole: a trust's labels go, in random order, to a trust
    with the same number of schools. A trust without a match keeps its labels
    (`movable_partners` counts the schools that do not); a test of one large trust is
    then refused, for one trust is one draw. Labels are exchanged among schools that
    every specification allows as partner or comparison; the others keep theirs, so
    each specification's schools stay the same.

    Every draw has its own generator (PCG64 seeded by `seed` and the draw's number): the
    answer is the same for any number of workers and any order of rows. More than one
    worker means processes, started afresh: call it from a module or a notebook, or under
    `if __name__ == "__main__"`.

    Raises ValueError where no label can move, no specification can be fitted, draws are
    fewer than one, or a school belongs to two clusters.

    Source: Simonsohn, Simmons and Nelson (2020), joint inference; Phipson and Smyth
    (2010) for the one added.
    """
    whole_number(draws, "draws", 1)
    whole_number(seed, "seed")
    panel = read_panel(frame, specifications, unit=unit, time=time, cluster=cluster)
    exchange = _exchange(panel, specifications)
    groups = _grouped(panel, specifications)
    # Draws are cut the same way for any number of workers, and so is every sum.
    step = max(1, min(50, -(-draws // 8)))
    asked = [
        (group, exchange, seed, range(start, min(start + step, draws)), start == 0)
        for group in groups
        for start in range(0, draws, step)
    ]
    estimates = np.full((draws + 1, len(specifications)), np.nan)
    z, p = np.full_like(estimates, np.nan), np.full_like(estimates, np.nan)
    found = _on(workers, panel, specifications, _draw_group, asked)
    for (group, _, _, numbers, is_first), (b, error, clusters) in zip(
        asked, found, strict=True
    ):
        at = np.array([*([0] if is_first else []), *(number + 1 for number in numbers)])
        where = np.ix_(at, np.array(group.places))
        estimates[where] = b
        with np.errstate(divide="ignore", invalid="ignore"):
            z[where] = b / error
        p[where] = 2 * stdtr(max(clusters - 1, 1), -np.abs(z[where]))
    usable = np.isfinite(z[0])
    if not usable.any():
        raise ValueError("no specification has an estimate and an error: see its curve")
    estimates, z, p = estimates[:, usable], z[:, usable], p[:, usable]
    measured = _statistics(estimates, z, p)
    null = measured[1:]
    # Ties count as extreme; rounding must not break them.
    extreme = (null >= measured[0] * (1 - 1e-12)).sum(axis=0)
    ranked = np.sort(estimates, axis=1)
    bands = np.nanquantile(ranked[1:], [0.025, 0.5, 0.975], axis=0)
    return PermutationTest(
        table=pd.DataFrame(
            {
                "statistic": STATISTICS,
                "observed": measured[0],
                "p_value": (extreme + 1) / (draws + 1),
            }
        ),
        null=pd.DataFrame(null, columns=list(STATISTICS)),
        null_curve=pd.DataFrame(
            {
                "rank": np.arange(1, ranked.shape[1] + 1),
                "observed": ranked[0],
                "low": bands[0],
                "median": bands[1],
                "high": bands[2],
            }
        ),
        draws=draws,
        specifications=int(usable.sum()),
        partners=exchange.partners,
        movable_partners=exchange.movable_partners,
        schools=exchange.schools,
        failed_fits=int((~np.isfinite(z[1:])).sum()),
    )


def _statistics(estimates: FloatArray, z: FloatArray, p: FloatArray) -> FloatArray:
    """The four statistics (draws, 4) over the specifications fitted in each draw."""
    fitted = np.isfinite(z)
    count = np.maximum(fitted.sum(axis=1), 1)
    up, down = (fitted & (estimates > 0)), (fitted & (estimates < 0))
    clear = p < SIGNIFICANT
    median = np.zeros(len(estimates))
    some = fitted.any(axis=1)
    median[some] = np.nanmedian(np.where(fitted, estimates, np.nan)[some], axis=1)
    return np.column_stack(
        [
            np.abs(median),
            np.maximum(up.sum(axis=1), down.sum(axis=1)) / count,
            np.maximum((up & clear).sum(axis=1), (down & clear).sum(axis=1)) / count,
            np.abs(np.where(fitted, z, 0.0).sum(axis=1)) / count,
        ]
    )


def _summary(estimate: FloatArray, p: FloatArray) -> dict[str, Any]:
    fitted = np.isfinite(estimate)
    if not fitted.any():
        nothing = ("median", "smallest", "largest", "share_positive", "share_significant")
        return {"fitted": 0} | dict.fromkeys(nothing)
    median = float(np.median(estimate[fitted]))
    tested = np.isfinite(p)
    alike = (p < SIGNIFICANT) & (np.sign(estimate) == np.sign(median))
    return {
        "fitted": int(fitted.sum()),
        "median": median,
        "smallest": float(estimate[fitted].min()),
        "largest": float(estimate[fitted].max()),
        "share_positive": float((estimate[fitted] > 0).mean()),
        "share_significant": float(alike[tested].mean()) if tested.any() else None,
    }


@dataclass(frozen=True)
class _Group:
    """Specifications (by place) on the same rows with the same weights and estimand."""

    places: list[int]
    rows: IntArray
    left_out: int


def _grouped(panel: Panel, specifications: Sequence[Specification]) -> list[_Group]:
    groups: dict[tuple[Any, ...], _Group] = {}
    gaps = gaps_of(panel)
    for place, one in enumerate(specifications):
        # The rule of membership matters to the rows only where not all are compared.
        rule = one.members if one.controls is not None else None
        missing = frozenset(gaps[name] for name in (one.outcome, *one.covariates)) - {None}
        key = (one.years, one.controls, rule, missing, one.weights, one.estimand)
        if key not in groups:
            groups[key] = _Group([], *rows_of(panel, one))
        groups[key].places.append(place)
    return list(groups.values())


def _by_exposure(
    specifications: Sequence[Specification], places: Sequence[int]
) -> dict[str, dict[tuple[str, ...], list[int]]]:
    """Positions within a group, by rule of membership and then by covariates."""
    found: dict[str, dict[tuple[str, ...], list[int]]] = {}
    for at, place in enumerate(places):
        one = specifications[place]
        found.setdefault(one.members, {}).setdefault(one.covariates, []).append(at)
    return found


def _fit_group(
    panel: Panel, specifications: Sequence[Specification], group: _Group
) -> list[dict[str, Any]]:
    first = specifications[group.places[0]]
    nothing = {"estimate": np.nan, "standard_error": np.nan}
    none = Counts(len(group.rows), 0, 0, 0, 0, 0, group.left_out, 0)

    try:
        sample = Sample(panel, group.rows, first.estimand, first.weights)
    except ValueError as refusal:
        answer = nothing | none._asdict() | {"why_not": str(refusal)}
        return [answer for _ in group.places]
    answers: list[dict[str, Any]] = [{} for _ in group.places]
    for members, by_covariates in _by_exposure(specifications, group.places).items():
        joined = panel.joined[members]
        counts = counts_of(sample, joined, group.left_out)
        for at, estimate, error, why in _fit_rule(
            sample, joined, by_covariates, specifications, group.places
        ):
            if why is not None:
                answers[at] = nothing | counts._asdict() | {"why_not": why}
                continue
            reason = None
            if counts.partner_clusters < 2:
                error, reason = np.nan, "no error: partners are one cluster"
            elif error <= 1e-12 * abs(estimate):
                error, reason = np.nan, "no error: exposure fits the outcome in full"
            answers[at] = (
                {"estimate": estimate, "standard_error": error}
                | counts._asdict()
                | {"why_not": reason}
            )
    return answers


def _fit_rule(
    sample: Sample,
    joined: IntArray,
    by_covariates: Mapping[tuple[str, ...], Sequence[int]],
    specifications: Sequence[Specification],
    places: Sequence[int],
) -> Iterator[tuple[int, float, float, str | None]]:
    """Position, estimate, standard error and reason for none, under one rule."""
    exposed = sample.exposure(joined)
    why = None
    if not exposed.any():
        why = "no partner school has a value in these years"
    elif exposed.all():
        why = "no comparison school has a value in these years"
    try:
        left = exposed if why else sample.swept(joined)
    except ValueError as refusal:
        why = str(refusal)
    for covariates, positions in by_covariates.items():
        reason, ready = why, None
        if reason is None:
            try:
                ready = sample.exposed(left, covariates)
            except ValueError as refusal:
                reason = str(refusal)
        for at in positions:
            if ready is None:
                yield at, np.nan, np.nan, reason
                continue
            try:
                fit = sample.fit(ready, specifications[places[at]].outcome)
            except ValueError as refusal:
                yield at, np.nan, np.nan, str(refusal)
            else:
                yield at, *fit, None


@dataclass(frozen=True)
class _Exchange:
    """Schools that may change labels: tables (trusts, schools of a trust), one per size."""

    classes: list[IntArray]
    partners: int
    movable_partners: int
    schools: int

    def labels(self, seed: int, draw: int, units: int) -> IntArray:
        """For each school (units,) the school whose labels it has in this draw."""
        random = np.random.Generator(np.random.PCG64([seed, draw]))
        source = np.arange(units)
        for trusts in self.classes:
            moved = trusts[random.permutation(len(trusts))]
            source[trusts] = random.permuted(moved, axis=1)
        return source


def _exchange(panel: Panel, specifications: Sequence[Specification]) -> _Exchange:
    if panel.cluster_of is None:
        raise ValueError(
            "a school belongs to more than one cluster: give each school one, such as its "
            "latest trust, to exchange labels between whole clusters"
        )
    # ASSUME: if partnership made no difference, trusts of the same number of schools
    # could as well have changed places, whatever their phase and region are.
    core = np.ones(panel.units, dtype=bool)
    for one in specifications:
        core &= panel.eligible(one)
    label = np.stack(list(panel.joined.values()), axis=1)
    partner: BoolArray = np.less(label.min(axis=1), len(panel.periods))
    schools = np.flatnonzero(core)
    order = schools[np.argsort(panel.cluster_of[schools], kind="stable")]
    first = np.flatnonzero(np.diff(panel.cluster_of[order], prepend=-1))
    size: IntArray = np.diff(first, append=len(order))
    classes, movable = [], 0
    for schools_each in np.unique(size):
        starts = first[np.flatnonzero(size == schools_each)]
        trusts = order[starts[:, None] + np.arange(schools_each)]
        patterns = {tuple(sorted(map(tuple, label[trust].tolist()))) for trust in trusts}
        if len(patterns) > 1:
            classes.append(trusts)
            movable += int(partner[trusts].sum())
    if not movable:
        raise ValueError(
            f"no label can move: {int(core.sum())} schools are allowed by every "
            "specification, and no trust of partners has another of the same number of "
            "schools to change places with. Exchange schools (cluster=None), or choose "
            "comparisons that more specifications share"
        )
    return _Exchange(classes, int(partner.sum()), movable, int(core.sum()))


def _draw_group(
    panel: Panel,
    specifications: Sequence[Specification],
    group: _Group,
    exchange: _Exchange,
    seed: int,
    numbers: range,
    observed: bool,
) -> tuple[FloatArray, FloatArray, int]:
    """Estimates and errors (draws, places) of a group; the observed ones come first."""
    first = specifications[group.places[0]]
    draws: list[int | None] = [*([None] if observed else []), *numbers]
    estimates = np.full((len(draws), len(group.places)), np.nan)
    errors = estimates.copy()
    try:
        sample = Sample(panel, group.rows, first.estimand, first.weights)
    except ValueError:
        return estimates, errors, 0
    asked = _by_exposure(specifications, group.places)
    for row, draw in enumerate(draws):
        source = (
            np.arange(panel.units)
            if draw is None
            else exchange.labels(seed, draw, panel.units)
        )
        for members, by_covariates in asked.items():
            joined = panel.joined[members][source]
            partners = sample.cluster[sample.exposure(joined) > 0]
            # Where partners are one cluster there is no error, as in the curve itself.
            if len(partners) and partners[0] != partners[-1]:
                for at, estimate, error, _ in _fit_rule(
                    sample, joined, by_covariates, specifications, group.places
                ):
                    if error > 1e-12 * abs(estimate):
                        estimates[row, at], errors[row, at] = estimate, error
    return estimates, errors, sample.clusters


def _on(
    workers: int,
    panel: Panel,
    specifications: Sequence[Specification],
    work: Any,
    asked: Sequence[tuple[Any, ...]],
) -> list[Any]:
    """Do one piece of work for each entry, in order, here or in several processes."""
    if workers < 1:
        raise ValueError("at least one worker expected")
    if workers == 1 or len(asked) < 2:
        return [work(panel, specifications, *one) for one in asked]
    with ProcessPoolExecutor(
        workers,
        # A fork of a process with threads (as a notebook's kernel has) can hang.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_keep,
        initargs=({"panel": panel, "specifications": specifications, "work": work},),
    ) as pool:
        return list(pool.map(_work_kept, asked))


_kept: dict[str, Any] = {}


def _keep(given: Mapping[str, Any]) -> None:
    _kept.update(given)


def _work_kept(one: tuple[Any, ...]) -> Any:
    return _kept["work"](_kept["panel"], _kept["specifications"], *one)
