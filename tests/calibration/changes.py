"""Methods about change, as the stage `improve` lays them out and runs them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.estimators.event_study import GroupTimeATT
from pipeline.estimators.partner_panel import within_schools
from pipeline.estimators.starting_point import AHEAD, equal_groups
from pipeline.improvement.findings import Findings
from pipeline.improvement.growth import SLOPE, add_growth, growth_panel
from pipeline.improvement.matched import CHANGE, add_matched, changes
from pipeline.improvement.panel import OutcomePanel
from pipeline.improvement.starting_points import (
    FIFTH,
    PLACEBO,
    VERDICT,
    add_starting_points,
    changed_schools,
    waves_of,
)
from tests.calibration.panels import Drawn, laid_out
from tests.calibration.said import Said, of_interval, row_of

NO_GRADES = pd.DataFrame(
    {
        "school_key": pd.Series(dtype=object),
        "known_at": pd.Series(dtype="datetime64[ns]"),
        "grade": pd.Series(dtype=int),
    }
)


def growth(drawn: Drawn) -> Iterator[Said]:
    """Difference in yearly rise, errors by hub and under independence."""
    found = Findings(laid_out(drawn.frame))
    add_growth(found)
    truth = slope_of_expected(drawn.frame)
    yield of_interval("growth", truth, row_of(found, SLOPE))
    independent = row_of(found, f"{SLOPE}, schools independent")
    yield of_interval("growth, schools independent", truth, independent)


def slope_of_expected(frame: pd.DataFrame) -> float:
    """School and year effects taken off, the partners' slope in what is expected."""
    expected = Findings(laid_out(frame.assign(outcome=frame["expected"])))
    within = within_schools(growth_panel(expected))
    return float(np.linalg.lstsq(within.design, within.value)[0][-1])


def event_study(drawn: Drawn) -> Iterator[Said]:
    """Mean change after joining, overall and by school years."""
    joined = drawn.joined
    if joined is None:
        return
    study = joined.study
    truth = _true_cells(study, joined.frame)
    for name, kind in (
        ("event study", "group"),
        ("event study, by school years", "simple"),
    ):
        one = study.aggregate(kind)
        if one.low is not None and one.high is not None:
            true = _same_weights(study, truth, kind)
            yield Said(name, true, one.estimate, one.low, one.high)


def _true_cells(study: GroupTimeATT, frame: pd.DataFrame) -> np.ndarray:
    """True effect of each cell, on the schools that stand in both of its years."""
    effect = frame.pivot_table(index="school_key", columns="year", values="effect")
    first = frame.drop_duplicates("school_key").set_index("school_key")
    cohort = first["cohort"].reindex(effect.index).to_numpy()
    of_year = {year: effect[year].to_numpy() for year in effect.columns}
    return np.array(
        [
            of_year[row.time][(cohort == row.cohort) & np.isfinite(both)].mean()
            for row in study.table.itertuples()
            for both in [of_year[row.base] + of_year[row.time]]
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
    """Change on change after entropy balancing."""
    joined = drawn.joined
    if joined is None:
        return
    found = Findings(laid_out(drawn.frame))
    add_matched(found, joined)
    effects = changes(joined.joiners.assign(outcome=joined.joiners["effect"]))
    of_members = effects[effects["partner"]]
    true = float((of_members["after"] - of_members["before"]).mean())
    yield of_interval("matched comparison", true, row_of(found, CHANGE))


def starting_point(drawn: Drawn) -> Iterator[Said]:
    """Difference in change within fifths, the verdict over all, and the placebo."""
    panel = laid_out(drawn.frame)
    found = Findings(panel)
    add_starting_points(found, NO_GRADES)
    truth = _of_fifths(panel)
    for n, (name, true) in enumerate(truth.items(), start=1):
        row = row_of(found, FIFTH, name)
        yield of_interval("starting point, each fifth", true, row)
        lowest = row_of(found, PLACEBO, f"{n} of {len(truth)}")
        if n == 1 and lowest["estimate"] is not None:
            label = "starting point, placebo: other schools lowest in one year"
            yield Said(label, 0.0, lowest["estimate"], np.nan, np.nan)
    (said,) = [row["said"] for row in found.rows if row["quantity"] == VERDICT]
    smallest = min(truth.values())
    label = "starting point, ahead in every fifth"
    yield Said(label, smallest, np.nan, np.nan, np.nan, said.startswith(AHEAD))


def _of_fifths(panel: OutcomePanel) -> dict[str, float]:
    """True change of members in each fifth, by what membership adds to them."""
    (first, second), before, after = waves_of(panel)
    schools = changed_schools(panel).schools
    effect = panel.frame.pivot_table(index="school_key", columns="year", values="effect")
    fifth = equal_groups(((schools[first] + schools[second]) / 2).to_numpy())
    gained = (effect[after] - effect[before]).reindex(schools.index)
    gained = gained.where(schools["ever_member"])
    mean = gained.groupby(fifth).mean()
    names = [f"{n + 1} of {len(mean)}" for n in range(len(mean))]
    names[0], names[-1] = f"{names[0]} (lowest)", f"{names[-1]} (highest)"
    return dict(zip(names, mean.tolist(), strict=True))
