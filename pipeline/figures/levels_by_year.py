"""Partners and the rest, year by year: a dot and its interval for each."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from pipeline.evidence.facts import Fact
from pipeline.evidence.wording import Verdict, number, verdict
from pipeline.figures import style
from pipeline.figures.style import Chart
from pipeline.measures.catalogue import academic_year
from pipeline.measures.measure import GROUP_LABELS, Group, Measure

FEWEST_DRAWN_WHOLE = 5
"""Clusters from which an interval may set the scale of the chart."""
_MARKS = {"Partners": "o", "Rest": "s"}
_COLOURS = {"Partners": style.PARTNERS_COLOUR, "Rest": style.REST_COLOUR}
_ASIDE = {"Partners": -0.11, "Rest": 0.11}


def levels_by_year(
    facts: list[Fact], measure: Measure, *, others: str, members: str = "partner schools"
) -> Chart | None:
    """Draw one measure: partners beside the rest in every year that has figures.

    One panel for each group of pupils that has figures, on one scale. Years without
    figures keep their place on the axis, so that a gap in time is seen. None where no
    year has a figure.
    """
    shown = [
        fact
        for fact in facts
        if fact.measure == measure.code
        and fact.quantity != "gap"
        and fact.value is not None
    ]
    if not shown:
        return None
    groups = [g for g in GROUP_LABELS if any(f.group == g for f in shown)]
    years = range(min(f.year for f in shown), max(f.year for f in shown) + 1)
    breaks = tuple(year for year in measure.breaks if years.start < year < years.stop)
    style.begin()
    figure, panels = plt.subplots(
        1, len(groups), figsize=(9.6, 4.0), sharey=True, squeeze=False
    )
    for panel, group in zip(panels[0], groups, strict=True):
        _panel(panel, [f for f in shown if f.group == group], group, measure, years)
        for year in breaks:
            panel.axvline(
                year - 0.5, color=style.BREAK_COLOUR, linestyle=(0, (4, 3)), linewidth=1.2
            )
    panels[0][0].set_ylabel(measure.unit_of_level)
    panels[0][0].set_ylim(*_scale(shown))
    handles, _ = panels[0][0].get_legend_handles_labels()
    figure.legend(
        handles,
        [members[0].upper() + members[1:], others[0].upper() + others[1:]],
        loc="upper left",
        ncols=2,
        frameon=False,
        bbox_to_anchor=(0.06, 1.0),
    )
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    chart = style.finish(
        figure,
        alt=_alt(facts, measure, groups, years, members, others),
        breaks=breaks,
        name=f"chart-{measure.key_stage}-{measure.code}".replace("_", "-"),
    )
    plt.close(figure)
    return chart


def _scale(facts: list[Fact]) -> tuple[float, float]:
    """Ends of the value axis: every dot, and the intervals that say something.

    An interval from two or three clusters may span the whole scale of the measure; it is
    drawn to the edge, and does not flatten all the others.
    """
    ends = [f.value for f in facts if f.value is not None]
    ends += [
        bound
        for f in facts
        for bound in (f.low, f.high)
        if bound is not None
        and (f.quantity == "rest" or (f.partner_clusters or 0) >= FEWEST_DRAWN_WHOLE)
    ]
    room = 0.06 * ((max(ends) - min(ends)) or 1.0)
    return min(ends) - room, max(ends) + room


def _panel(
    panel: Axes, facts: list[Fact], group: Group, measure: Measure, years: range
) -> None:
    table = pd.DataFrame(
        [
            {
                "side": "Partners" if f.quantity == "partners" else "Rest",
                "at": f.year + _ASIDE["Partners" if f.quantity == "partners" else "Rest"],
                "value": f.value,
                "low": f.low,
                "high": f.high,
            }
            for f in facts
        ]
    )
    if measure.centred_on_national:
        panel.axhline(0, color="#0b0c0c", linewidth=0.8)
    for side, of_side in table.dropna(subset=["low"]).groupby("side"):
        panel.vlines(
            of_side["at"],
            of_side["low"],
            of_side["high"],
            color=_COLOURS[str(side)],
            linewidth=2.4,
        )
    sns.scatterplot(
        table,
        x="at",
        y="value",
        hue="side",
        hue_order=list(_MARKS),
        palette=_COLOURS,
        style="side",
        style_order=list(_MARKS),
        markers=_MARKS,
        s=75,
        edgecolor="white",
        linewidth=0.8,
        ax=panel,
        zorder=3,
    )
    if panel.legend_ is not None:
        panel.legend_.set_visible(False)
    panel.set_xlim(years.start - 0.5, years.stop - 0.5)
    panel.set_xticks(list(years), [academic_year(y)[2:] for y in years])
    panel.tick_params(axis="x", labelsize=10)
    panel.set_xlabel("academic year")
    panel.set_title(GROUP_LABELS[group][0].upper() + GROUP_LABELS[group][1:], fontsize=12)
    sns.despine(ax=panel)


def _alt(
    facts: list[Fact],
    measure: Measure,
    groups: list[Group],
    years: range,
    members: str,
    others: str,
) -> str:
    parts = [
        f"Dot-and-interval chart of {measure.label}, {members} and {others}, "
        f"{academic_year(years.start)} to {academic_year(years.stop - 1)}."
    ]
    for group in groups:
        gaps = [
            f
            for f in facts
            if (f.measure, f.group, f.quantity) == (measure.code, group, "gap")
            and f.value is not None
        ]
        first, last = gaps[0], gaps[-1]
        said: dict[Verdict, str] = {
            "higher than": "above",
            "lower than": "below",
            "can't tell": "not told apart from",
        }
        ahead = [verdict(f) for f in gaps]
        ends = [first] if first is last else [first, last]
        parts.append(
            f"{GROUP_LABELS[group].capitalize()}: a gap of "
            + " and of ".join(
                f"{number(f.value, measure.decimals, signed=True)} in "
                f"{academic_year(f.year)}"
                for f in ends
            )
            + "; "
            + ", ".join(
                f"{words} the others in {ahead.count(key)} of {len(gaps)} "
                + ("year" if len(gaps) == 1 else "years")
                for key, words in said.items()
                if ahead.count(key)
            )
            + "."
        )
    return " ".join(parts)
