"""The charts of what was found about change, each with its caption and its figures."""

from collections.abc import Hashable
from typing import Any

import pandas as pd
from markupsafe import Markup

from pipeline.contracts.improvement import BY_WAVE, BY_YEAR
from pipeline.contracts.specifications import CURVES, MEDIAN
from pipeline.evidence.facts import Fact
from pipeline.figures import event_study, specification_curve
from pipeline.figures.specification_curve import DIMENSIONS
from pipeline.figures.style import Chart
from pipeline.measures.catalogue import measure, year_spans
from pipeline.measures.measure import GROUP_LABELS, Group, KeyStage, Measure
from pipeline.publication.change_tables import at, count, interval, number
from pipeline.publication.tables import Table, table
from pipeline.robustness.choices import by_choice

OF_WAVES = {
    "Since joining": False,
    "Change": True,
    "Band": True,
    "Members": True,
    "To know": False,
}
OF_CHOICES = {
    "Choice": False,
    "Specifications": True,
    "Median": True,
    "Smallest": True,
    "Largest": True,
    "Above zero": True,
    "Interval above zero": True,
    "Interval below zero": True,
}


def charts(
    found: pd.DataFrame, fits: pd.DataFrame, facts: list[Fact], *, source: str, level: float
) -> dict[str, list[dict[str, Any]]]:
    """Give the charts of each outcome: by the id of its section in `change_tables`."""
    drawn = {}
    keys = ["key_stage", "measure", "group"]
    for (stage, code, group), rows in found.groupby(keys, sort=False):
        asked = measure(_key_stage(stage), str(code))
        of_outcome = fits[
            (fits["key_stage"] == stage)
            & (fits["measure"] == code)
            & (fits["group"] == group)
        ]
        drawn[f"change.{stage}.{code}.{group}"] = [
            *_event_study(
                rows,
                asked,
                _group(group),
                _years(of_outcome, facts, (stage, code, group)),
                source,
                level,
            ),
            *(
                chart
                for kind in CURVES
                for chart in _curve(
                    rows, of_outcome[of_outcome["curve"] == kind], asked, _group(group),
                    source, level,
                )
            ),
        ]  # fmt: skip
    return drawn


def _years(fits: pd.DataFrame, facts: list[Fact], outcome: tuple[object, ...]) -> str:
    """Say which years have results of an outcome, also those before anyone was a member.

    The first specification of a curve takes all of them; facts have no figure of a year
    without members.
    """
    if not fits.empty:
        return str(fits["years"].iloc[0])
    return year_spans(
        {
            fact.year
            for fact in facts
            if (fact.key_stage, fact.measure, fact.group) == outcome
            and fact.quantity == "rest"
            and fact.value is not None
        }
    )


def _event_study(
    rows: pd.DataFrame,
    asked: Measure,
    group: Group,
    years: str,
    source: str,
    level: float,
) -> list[dict[str, Any]]:
    by_wave = rows[rows["quantity"] == BY_WAVE]
    by_year = rows[rows["quantity"] == BY_YEAR]
    chart = event_study.event_study(by_wave, by_year, asked, group, years)
    if chart is None:
        return []
    caption = (
        f"{asked.label}, {GROUP_LABELS[group]}: change against schools that had not "
        f"joined, in {by_wave['unit'].iloc[0]}, with bands that hold all true changes of a "
        f"panel at once in {level:.0%} of samples. Before joining each dot is the change "
        "from the wave before and should lie near zero; from joining on it is the change "
        f"since the last wave before. Years with results: {years}. A band of fewer than "
        f"{event_study.FEWEST_DRAWN_WHOLE} members may run out of the chart; the table has "
        f"its ends. {source}"
    )
    figures = [
        [
            f"{at(row['at'])} {of}",
            number(row["estimate"]),
            interval(row["low"], row["high"]),
            count(row["partner_schools"]),
            "" if pd.isna(row["said"]) else str(row["said"]),
        ]
        for of, part in (("waves", by_wave), ("calendar years", by_year))
        for row in part.to_dict("records")
    ]
    title = event_study.active_title(by_wave)
    return [_laid(chart, title, caption, table(f"{title}: figures", OF_WAVES, figures))]


def _curve(
    rows: pd.DataFrame,
    fits: pd.DataFrame,
    asked: Measure,
    group: Group,
    source: str,
    level: float,
) -> list[dict[str, Any]]:
    if fits.empty:
        return []
    kind = str(fits["curve"].iloc[0])
    said = rows[rows["quantity"] == f"{MEDIAN}, {kind}"]
    p_value = float(said["p_value"].iloc[0]) if said["p_value"].notna().any() else None
    chart = specification_curve.specification_curve(fits, asked, group, p_value=p_value)
    if chart is None:
        return []
    caption = (
        f"{asked.label}, {GROUP_LABELS[group]}: {kind} between members and others, in "
        f"{fits['unit'].iloc[0]}, in every combination of the choices beneath. Intervals "
        f"({level:.0%}) are clustered as the headline is and serve to compare the "
        "specifications. Grey: between these ends lie 95% of the estimates of the same "
        "rank where memberships are exchanged with other schools; p is of the median. A "
        f"few intervals may run out of the chart. {source}"
    )
    title = specification_curve.active_title(fits, p_value)
    return [_laid(chart, title, caption, _choices(title, fits))]


def _choices(title: str, fits: pd.DataFrame) -> Table:
    return table(
        f"{title}: choice by choice",
        OF_CHOICES,
        [
            [
                _choice(row),
                count(row["specifications"]),
                *(number(row[name]) for name in ("median", "smallest", "largest")),
                *(count(row[n]) for n in ("above_zero", "clear_above", "clear_below")),
            ]
            for row in by_choice(fits).to_dict("records")
        ],
    )


def _choice(row: dict[Hashable, Any]) -> str:
    dimension = str(row["dimension"])
    if dimension not in DIMENSIONS:
        return str(row["choice"])
    return f"{DIMENSIONS[dimension]}: {row['choice']}"


def _laid(chart: Chart, title: str, caption: str, figures: Table) -> dict[str, Any]:
    # The chart is our own drawing, in which every text from data is escaped.
    return {
        "svg": Markup(chart.svg),
        "title": title,
        "caption": caption,
        "table": figures,
    }


def _key_stage(text: object) -> KeyStage:
    return str(text)  # type: ignore[return-value]


def _group(text: object) -> Group:
    return str(text)  # type: ignore[return-value]
