"""What each estimator says of one panel, beside what is true of it."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from pipeline.estimators.event_study import GroupTimeATT, group_time_att
from pipeline.estimators.gap_to_rest import gap_to_rest
from pipeline.estimators.growth import partner_slope
from pipeline.estimators.matched_comparison import change_on_change
from pipeline.improvement.matched import COVARIATES, changes
from pipeline.run.parameters import WorldName
from tests.calibration.panels import Drawn, draw

NAMES = {"school": "school_key"}
LAST_YEAR = 2019
"""Year of the gap: the last before the pandemic."""


@dataclass(frozen=True)
class Said:
    """One estimate with its 95 per cent interval, and the truth."""

    method: str
    truth: float
    estimate: float
    low: float
    high: float


Method = Callable[[Drawn], Iterator[Said]]


def gap(drawn: Drawn) -> Iterator[Said]:
    """Gap of one year, by CR2 and by the department's convention."""
    year = drawn.frame[drawn.frame["year"] == LAST_YEAR]
    own, weight = year["is_member"].to_numpy(), year["pupils"].to_numpy()
    sides = [(own, 1.0), (~own, -1.0)]
    truth = sum(s * np.average(year["expected"][w], weights=weight[w]) for w, s in sides)
    cluster = np.where(own, year["cluster"], "school " + year["school"].astype(str))
    found = gap_to_rest(year["outcome"].to_numpy(), weight, own, cluster, pupil_sd=1.0)
    if found.low is not None:
        yield Said("gap to the rest", truth, found.gap, found.low, found.high)
    yield Said(
        "gap to the rest, department's convention",
        truth,
        found.gap,
        found.dfe_low,
        found.dfe_high,
    )


def growth(drawn: Drawn) -> Iterator[Said]:
    """Difference in yearly rise, errors by hub and under independence."""
    frame = drawn.frame.assign(partner=drawn.frame["ever_member"].astype(int))
    columns = {"unit": "school", "time": "year", "partner": "partner"}
    found = partner_slope(frame, outcome="outcome", cluster="cluster", **columns)
    # The slope of what is expected: what the model would find without chance.
    truth = _slope_of_expected(frame)
    by_hub = found.clustered
    if by_hub.low is not None:
        yield Said("growth", truth, found.difference, by_hub.low, by_hub.high)
    yield Said(
        "growth, schools independent", truth, found.difference, found.low, found.high
    )


def _slope_of_expected(frame: pd.DataFrame) -> float:
    """School and year effects taken off, the partners' slope in what is expected."""
    time = frame["year"] - frame["year"].mean()
    columns = np.column_stack([frame["partner"] * time, frame["expected"]])
    table = pd.DataFrame(columns).astype(float)
    for _ in range(50):
        for by in (frame["school"].to_numpy(), frame["year"].to_numpy()):
            table = table - table.groupby(by).transform("mean")
    return float(table[0] @ table[1] / (table[0] @ table[0]))


def event_study(drawn: Drawn) -> Iterator[Said]:
    """Mean change after joining, overall and in the year of joining."""
    study = _study(drawn)
    true_cells = _true_cells(study, drawn.frame)
    for name, kind in (("event study", "group"), ("event study, by pupil years", "simple")):
        found = study.aggregate(kind)
        if found.low is None:
            continue
        truth = _same_weights(study, true_cells, kind)
        yield Said(name, truth, found.estimate, found.low, found.high)


def _study(drawn: Drawn) -> GroupTimeATT:
    return group_time_att(
        drawn.frame,
        unit="school",
        time="year",
        cohort="cohort",
        outcome="outcome",
        control="not_yet",
        cluster="cluster",
    )


def _true_cells(study: GroupTimeATT, frame: pd.DataFrame) -> np.ndarray:
    """True effect of each cell, on the schools that stand in both of its years."""
    effect = frame.pivot_table(index="school", columns="year", values="effect")
    cohort = frame.drop_duplicates("school").set_index("school")["cohort"]
    table = study.table
    return np.array(
        [
            effect.loc[cohort == row.cohort, [row.base, row.time]].dropna()[row.time].mean()
            for row in table.itertuples()
        ]
    )


def _same_weights(study: GroupTimeATT, truth: np.ndarray, kind: str) -> float:
    """Average the truth as the estimator averages its cells."""
    table = study.table.assign(truth=truth)
    use = table[table["post"] & np.isfinite(table["att"])]
    units = dict(zip(study.cells.cohorts, study.cells.units_in_cohort, strict=True))
    if kind == "simple":
        return float(np.average(use["truth"], weights=use["cohort"].map(units)))
    by_cohort = use.groupby("cohort")["truth"].mean()
    return float(np.average(by_cohort, weights=[units[g] for g in by_cohort.index]))


def matched(drawn: Drawn) -> Iterator[Said]:
    """Change on change after entropy balancing, as the stage `improve` lays it out."""
    first = drawn.frame.sort_values("year").drop_duplicates("school")
    size = drawn.frame["school"].map(first.set_index("school")["pupils"])
    frame = drawn.frame.rename(columns=NAMES).assign(
        log_pupils=np.log(size), disadvantaged_share=drawn.frame["region"].astype(float)
    )
    table = changes(frame)
    truth = changes(frame.assign(outcome=frame["effect"]))
    own = table["partner"].to_numpy(bool)
    found = change_on_change(
        table["before"].to_numpy(),
        table["after"].to_numpy(),
        own,
        table["cluster"].to_numpy(object),
        table[COVARIATES].reset_index(drop=True),
    )
    if found.low is None:
        return
    of_members = truth.loc[truth["partner"]]
    true = float((of_members["after"] - of_members["before"]).mean())
    yield Said("matched comparison", true, found.estimate, found.low, found.high)


METHODS: tuple[Method, ...] = (gap, growth, event_study, matched)


def of_seeds(world: WorldName, seeds: tuple[int, ...], schools: int) -> list[dict]:
    """What every method says of these panels of one world."""
    warnings.simplefilter("error")
    rows = []
    for seed in seeds:
        drawn = draw(world, seed, schools=schools)
        for method in METHODS:
            said = {"world": world, "seed": seed}
            try:
                rows += [said | asdict(one) for one in method(drawn)]
            except ValueError as refused:
                rows.append(said | {"method": method.__name__, "refused": str(refused)})
    return rows
