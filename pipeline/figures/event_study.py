"""Change before and after joining: a dot and its simultaneous band for each wave."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.evidence.wording import number
from pipeline.figures import style
from pipeline.figures.style import Chart
from pipeline.measures.measure import GROUP_LABELS, Group, Measure

DECIMALS = 2
FEWEST_DRAWN_WHOLE = 5
"""Members from which a band may set the scale of the chart."""
_ABSENT_COLOUR = "#e6e6e6"


def active_title(by_wave: pd.DataFrame) -> str:
    """Say in at most ten words what the waves from joining on show."""
    after = by_wave[_event_time(by_wave) >= 0]
    if (after["status"] == "trajectory").all():
        members = int(after["partner_schools"].max())
        joiners = "one joiner" if members == 1 else f"{members} joiners"
        return f"Trajectory of {joiners}: too few for an impact"
    above = int((_printed(after["low"]) > 0).sum())
    below = int((_printed(after["high"]) < 0).sum())
    if above and below:
        return f"After joining: {above} waves above, {below} below zero"
    if above or below:
        side = "above" if above else "below"
        return f"After joining: {above or below} of {len(after)} waves {side} zero"
    return "After joining: no wave can be told from zero"


def event_study(
    by_wave: pd.DataFrame, by_year: pd.DataFrame, measure: Measure, group: Group, years: str
) -> Chart | None:
    """Draw the change by waves, and beside it by calendar years where some are missing.

    Both are rows of findings: `at` is the time since joining, `low` to `high` the band
    that covers all of them at once. `by_year` may be empty. `years` says in words which
    years have results. A time since joining that has no estimate keeps its place and is
    marked. Before joining marks are squares, from joining on circles. None where no wave
    has an estimate.
    """
    kinds = [
        (title, _numbered(rows))
        for title, rows in (
            ("By waves (years with results)", by_wave),
            ("By calendar years", by_year),
        )
        if rows["estimate"].notna().any()
    ]
    if not by_wave["estimate"].notna().any():
        return None
    style.begin()
    figure, panels = plt.subplots(
        1,
        len(kinds),
        figsize=(9.6, 4.4),
        sharey=True,
        squeeze=False,
        width_ratios=[len(_span(rows)) + 1 for _, rows in kinds],
    )
    every = pd.concat([rows for _, rows in kinds])
    for panel, (title, rows) in zip(panels[0], kinds, strict=True):
        _panel(panel, rows)
        if len(kinds) > 1:
            panel.set_title(title, fontsize=12)
    panels[0][0].set_ylabel(f"change, {by_wave['unit'].iloc[0]}", fontsize=11)
    panels[0][0].set_ylim(*_scale(every))
    figure.legend(
        handles=_legend(any(_without(rows) for _, rows in kinds)),
        loc="upper left",
        ncols=4,
        frameon=False,
        fontsize=10,
        bbox_to_anchor=(0.02, 1.0),
    )
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    chart = style.finish(
        figure,
        alt=_alt(kinds, measure, group, years),
        name=f"event-{measure.key_stage}-{measure.code}-{group}".replace("_", "-"),
    )
    plt.close(figure)
    return chart


def _event_time(rows: pd.DataFrame) -> pd.Series:
    return rows["at"].astype(int)


def _printed(ends: pd.Series) -> pd.Series:
    """Round as printed: a reader who sees '0.00 to 0.31' must not be told 'above'."""
    return ends.round(DECIMALS)


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    held = rows[rows["estimate"].notna()]
    return held.assign(time=_event_time(held)).sort_values("time", ignore_index=True)


def _span(rows: pd.DataFrame) -> range:
    return range(int(rows["time"].min()), int(rows["time"].max()) + 1)


def _without(rows: pd.DataFrame) -> list[int]:
    return [at for at in _span(rows) if not (rows["time"] == at).any()]


def _scale(rows: pd.DataFrame) -> tuple[float, float]:
    """Ends of the value axis: every dot, and the bands that rest on enough members.

    Where none rests on enough, all are drawn whole.
    """
    held = rows[rows["partner_schools"].fillna(0) >= FEWEST_DRAWN_WHOLE]
    if held.empty:
        held = rows
    ends = [0.0, *rows["estimate"], *held["low"].dropna(), *held["high"].dropna()]
    room = 0.06 * ((max(ends) - min(ends)) or 1.0)
    return min(ends) - room, max(ends) + room


def _panel(panel: Axes, rows: pd.DataFrame) -> None:
    for at in _without(rows):
        panel.axvspan(at - 0.4, at + 0.4, color=_ABSENT_COLOUR, hatch="///", linewidth=0)
    panel.axhline(0, color="#0b0c0c", linewidth=0.9)
    panel.axvline(-0.5, color=style.BREAK_COLOUR, linestyle=(0, (4, 3)), linewidth=1.2)
    before = rows["time"] < 0
    for of_kind, colour, mark in (
        (rows[before], style.REST_COLOUR, "s"),
        (rows[~before], style.PARTNERS_COLOUR, "o"),
    ):
        banded = of_kind.dropna(subset=["low"])
        panel.vlines(
            banded["time"], banded["low"], banded["high"], color=colour, linewidth=2.4
        )
        sns.scatterplot(
            x=of_kind["time"],
            y=of_kind["estimate"],
            color=colour,
            marker=mark,
            s=75,
            edgecolor="white",
            linewidth=0.8,
            ax=panel,
            zorder=3,
        )
    span = _span(rows)
    members = rows.set_index("time")["partner_schools"]
    panel.set_xlim(span.start - 0.6, span.stop - 0.4)
    panel.set_xticks(list(span), [_tick(at, members) for at in span])
    panel.tick_params(labelsize=10)
    panel.set_ylabel("")
    panel.set_xlabel("since joining; beneath, how many members", fontsize=11)
    sns.despine(ax=panel)


def _tick(at: int, members: pd.Series) -> str:
    time = number(float(at), 0, signed=True)
    if at not in members.index or pd.isna(members[at]):
        return f"{time}\nnone"
    return f"{time}\n{int(members[at])}"


def _legend(gaps: bool) -> list[Line2D]:
    handles = [
        Line2D(
            [],
            [],
            color=colour,
            marker=mark,
            linewidth=2.4,
            markersize=8,
            markeredgecolor="white",
            label=label,
        )
        for colour, mark, label in (
            (style.REST_COLOUR, "s", "before joining, with band"),
            (style.PARTNERS_COLOUR, "o", "from joining on, with band"),
        )
    ]
    handles.append(
        Line2D(
            [], [], color=style.BREAK_COLOUR, linestyle=(0, (4, 3)), linewidth=1.2,
            label="joining",
        )
    )  # fmt: skip
    if gaps:
        handles.append(
            Line2D([], [], color=_ABSENT_COLOUR, linewidth=9, label="no results")
        )
    return handles


def _alt(
    kinds: list[tuple[str, pd.DataFrame]], measure: Measure, group: Group, years: str
) -> str:
    _, rows = kinds[0]
    unit = rows["unit"].iloc[0]
    parts = [
        f"Dot-and-interval chart of the change in {measure.label}, {GROUP_LABELS[group]}, "
        f"by time since joining, {years}, against schools that had not joined."
    ]
    for when, of_when in (
        ("Before joining", rows[rows["time"] < 0]),
        ("From joining on", rows[rows["time"] >= 0]),
    ):
        if of_when.empty:
            parts.append(f"{when}: no estimate.")
            continue
        dots = ", ".join(
            number(value, DECIMALS, signed=True) for value in of_when["estimate"]
        )
        clear = int(
            ((_printed(of_when["low"]) > 0) | (_printed(of_when["high"]) < 0)).sum()
        )
        parts.append(
            f"{when}, waves {number(of_when['time'].iloc[0], 0, signed=True)} to "
            f"{number(of_when['time'].iloc[-1], 0, signed=True)}: {dots} {unit}; the band "
            f"of {clear} of {len(of_when)} leaves zero out."
        )
    for title, of_kind in kinds:
        if gaps := _without(of_kind):
            named = ", ".join(number(float(at), 0, signed=True) for at in gaps)
            parts.append(f"{title}: no results at {named}.")
    return " ".join(parts)
