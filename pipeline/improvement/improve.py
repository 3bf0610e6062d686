"""Every question about change, for every registered outcome of one evaluation."""

import pandas as pd

from pipeline.comparison.cells import read_known
from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.improvement.composition import CHANGE_OF_GAP, add_composition
from pipeline.improvement.effect_sizes import SIZE, add_effect_sizes
from pipeline.improvement.event_study import (
    DETECTABLE,
    OVERALL,
    add_event_study,
    study_joining,
)
from pipeline.improvement.few_schools import QUESTION as FEW_SCHOOLS
from pipeline.improvement.few_schools import add_few_schools
from pipeline.improvement.findings import Findings, as_promised
from pipeline.improvement.growth import SLOPE, add_growth
from pipeline.improvement.joining import add_what_joining_could_show
from pipeline.improvement.matched import CHANGE, add_matched
from pipeline.improvement.mixedlm import add_mixedlm_check
from pipeline.improvement.panel import SUPPRESSED, Known, OutcomePanel, outcome_panel
from pipeline.improvement.registered import adjusted
from pipeline.improvement.starting_points import VERDICT, add_starting_points
from pipeline.measures.catalogue import measure
from pipeline.measures.measure import Group, KeyStage
from pipeline.run import locations
from pipeline.run.parameters import Parameters

ASKED = (
    ("growth", SLOPE),
    ("starting point", VERDICT),
    ("composition", CHANGE_OF_GAP),
    ("event study", OVERALL),
    (FEW_SCHOOLS, DETECTABLE),
    ("matched comparison", CHANGE),
    ("effect size", SIZE),
)
"""The questions, each with its main quantity."""
OUTCOMES: tuple[tuple[KeyStage, str, Group], ...] = (
    ("ks4", "progress_8", "all"),
    ("ks4", "progress_8", "disadvantaged"),
    ("ks2", "reading_progress", "disadvantaged"),
    ("ks2", "maths_progress", "disadvantaged"),
    ("ks2", "rwm_expected", "all"),
    ("ks2", "rwm_expected", "disadvantaged"),
)
"""The outcomes of the headlines: more would be more chances to find something."""


def panels(
    evaluation: str, of_schools: Known, parameters: Parameters
) -> list[OutcomePanel]:
    """Lay out every registered outcome by school and year."""
    known = {ks: read_known(ks, evaluation, parameters) for ks in ("ks2", "ks4")}
    return [
        outcome_panel(measure(ks, code), group, known[ks], of_schools, parameters)
        for ks, code, group in OUTCOMES
    ]


def improve(outcomes: list[OutcomePanel], grades: pd.DataFrame) -> pd.DataFrame:
    """Ask every question of every outcome; one that cannot be answered says why."""
    every = []
    for panel in outcomes:
        found = Findings(panel)
        every.append(found)
        if is_closed(found, ASKED):
            continue
        slope = add_growth(found)
        if slope is not None:
            add_mixedlm_check(found, slope)
            add_few_schools(found, slope)
        add_starting_points(found, grades)
        add_composition(found)
        joined = study_joining(found)
        if joined is None:
            why = str(found.rows[-1]["said"])
            found.cannot(FEW_SCHOOLS, DETECTABLE, why)
            found.cannot("matched comparison", CHANGE, why)
            found.cannot("effect size", SIZE, why)
            continue
        add_event_study(found, joined)
        add_what_joining_could_show(found, joined)
        matched = add_matched(found, joined)
        add_effect_sizes(found, joined, matched)
    return adjusted(as_promised(every))


def is_closed(found: Findings, asked: tuple[tuple[str, str], ...]) -> bool:
    """Say whether nothing can be asked of an outcome; then each question says why."""
    why = found.panel.closed
    if why is None:
        return False
    status = "withheld" if why == SUPPRESSED else "not possible"
    for question, quantity in asked:
        found.add(question, quantity, status=status, said=why)
    return True


def write(found: pd.DataFrame, evaluation: str) -> None:
    """Write the findings, checked against their contract."""
    promise.write_together({locations.improvement(evaluation): (found, FINDINGS)})


def shown(found: pd.DataFrame, question: str) -> pd.DataFrame:
    """Show what was found of one question."""
    rows = found[found["question"] == question]
    columns = ["measure", "group", "quantity", "at", "estimate", "low", "high", "status"]
    columns += ["p_value", "adjusted_p"]
    return rows[[*columns, "said"]].round(3).reset_index(drop=True)


def what_there_is(outcomes: list[OutcomePanel]) -> pd.DataFrame:
    """Show which years, schools and members each outcome has, and how it is clustered."""
    rows = []
    for panel in outcomes:
        one = panel.frame.drop_duplicates("school_key")
        rows.append(
            panel.label
            | {
                "years": ", ".join(map(str, panel.years)),
                "schools": len(one),
                "members": int(one["ever_member"].sum()),
                "unit": panel.unit,
                "clustered by": panel.clustered_by,
                "years without": "; ".join(
                    f"{year}: {why}" for year, why in panel.years_without.items()
                ),
            }
        )
    return pd.DataFrame(rows)
