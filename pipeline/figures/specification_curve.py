"""Every defensible way to put one question: estimates in order, choices beneath."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pipeline.contracts.specifications import CHOICES
from pipeline.evidence.wording import number
from pipeline.figures import style
from pipeline.figures.style import Chart
from pipeline.measures.measure import GROUP_LABELS, Group, Measure

DECIMALS = 2
DIMENSIONS = {
    "scale": "Outcome",
    "membership": "Member",
    "comparison": "Against",
    "weights": "Weights",
    "covariates": "Adjusted for",
    "years": "Years",
}
"""The choices as the chart names them, from the top row to the last."""
_CHANCE_COLOUR = "#d9d9d9"
_INCHES_A_ROW = 0.25
_INCHES_OF_ESTIMATES = 3.3


def rows_of(fits: pd.DataFrame) -> list[tuple[str, str]]:
    """List the choices that were open, in the order of the chart's rows."""
    rows = []
    for name in DIMENSIONS:
        found = fits[name].drop_duplicates()
        order = CHOICES.get(name) or tuple(found)
        taken = [choice for choice in order if (found == choice).any()]
        rows += [(name, choice) for choice in taken if len(taken) > 1]
    return rows


def active_title(fits: pd.DataFrame, p_value: float | None) -> str:
    """Say in at most ten words how many estimates lie on the more frequent side."""
    estimate = fits["estimate"].dropna()
    above = int((estimate > 0).sum())
    below = int((estimate < 0).sum())
    side, most = ("above", above) if above >= below else ("below", below)
    p = "" if p_value is None else f", p {p_value:.2f}"
    said = str(fits["curve"].iloc[0])
    return f"{said[0].upper()}{said[1:]}: {most} of {len(estimate)} {side} zero{p}"


def specification_curve(
    fits: pd.DataFrame, measure: Measure, group: Group, *, p_value: float | None
) -> Chart | None:
    """Draw one curve of one outcome.

    `fits` are the rows of one curve as `SPECIFICATIONS` promises them; `p_value` is that
    of the permutation test of the curve's median. None where no fit has an estimate. An
    interval that holds zero has a hollow mark, so that nothing is told by colour alone.
    """
    drawn = fits[fits["estimate"].notna()]
    if drawn.empty:
        return None
    order = ["estimate", *DIMENSIONS]
    drawn = drawn.sort_values(order, kind="stable", ignore_index=True)
    rows = rows_of(drawn)
    beneath = _INCHES_A_ROW * max(len(rows), 1)
    style.begin()
    figure, (above, choices) = plt.subplots(
        2,
        1,
        figsize=(9.6, _INCHES_OF_ESTIMATES + beneath + 0.7),
        sharex=True,
        height_ratios=[_INCHES_OF_ESTIMATES, beneath],
    )
    _estimates(above, drawn)
    _choices(choices, drawn, rows)
    figure.legend(
        handles=_legend(drawn),
        loc="upper left",
        ncols=2,
        frameon=False,
        fontsize=10,
        bbox_to_anchor=(0.02, 1.0),
    )
    top = 1 - 0.6 / figure.get_size_inches()[1]
    figure.tight_layout(rect=(0, 0, 1, top), h_pad=0.4)
    kind = str(drawn["curve"].iloc[0]).split()[-1]
    chart = style.finish(
        figure,
        # The first specification uses all years.
        alt=_alt(drawn, measure, group, rows, p_value, str(fits["years"].iloc[0])),
        name=f"curve-{kind}-{measure.key_stage}-{measure.code}-{group}".replace("_", "-"),
    )
    plt.close(figure)
    return chart


def _estimates(panel: Axes, drawn: pd.DataFrame) -> None:
    rank = np.arange(1, len(drawn) + 1)
    estimate = drawn["estimate"].to_numpy(float)
    low, high = drawn["low"].to_numpy(float), drawn["high"].to_numpy(float)
    panel.fill_between(
        rank,
        drawn["chance_low"].to_numpy(float),
        drawn["chance_high"].to_numpy(float),
        color=_CHANCE_COLOUR,
        linewidth=0,
        zorder=0,
    )
    _upright(panel, rank, low, high, color=style.PARTNERS_COLOUR, width=0.9, faint=True)
    clear = (low > 0) | (high < 0)
    _dots(panel, rank, estimate, color=style.PARTNERS_COLOUR, width=5)
    _dots(panel, rank[~clear], estimate[~clear], color="white", width=3)
    panel.axhline(0, color="#0b0c0c", linewidth=0.9)
    panel.set_ylim(*_scale(drawn))
    panel.set_xlim(0, len(drawn) + 1)
    panel.set_ylabel(f"difference,\n{drawn['unit'].iloc[0]}", fontsize=11)
    panel.tick_params(axis="x", length=0)
    sns.despine(ax=panel, bottom=True)


def _upright(
    panel: Axes,
    at: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    color: str,
    width: float,
    faint: bool = False,
) -> None:
    """Draw upright lines as one line with gaps in it: a hundred paths would weigh more."""
    gap = np.full(len(at), np.nan)
    panel.plot(
        np.column_stack([at, at, gap]).ravel(),
        np.column_stack([low, high, gap]).ravel(),
        color=color,
        linewidth=width,
        alpha=0.55 if faint else 1.0,
        solid_capstyle="butt",
    )


def _dots(
    panel: Axes, at: np.ndarray, height: np.ndarray, *, color: str, width: float
) -> None:
    """Draw dots as the round ends of lines without length, all in one path."""
    gap = np.full(len(at), np.nan)
    panel.plot(
        np.column_stack([at, at, gap]).ravel(),
        np.column_stack([height, height, gap]).ravel(),
        color=color,
        linewidth=width,
        solid_capstyle="round",
        zorder=3,
    )


def _scale(drawn: pd.DataFrame) -> tuple[float, float]:
    """Ends of the value axis: every estimate, the band of chance, most intervals.

    One fit of few schools may have an interval that would flatten all others: the widest
    twentieth is drawn to the edge.
    """
    ends = [0.0, *drawn["estimate"]]
    ends += [*drawn["chance_low"].dropna(), *drawn["chance_high"].dropna()]
    if drawn["low"].notna().any():
        ends += [drawn["low"].quantile(0.05), drawn["high"].quantile(0.95)]
    room = 0.05 * ((max(ends) - min(ends)) or 1.0)
    return min(ends) - room, max(ends) + room


def _choices(panel: Axes, drawn: pd.DataFrame, rows: list[tuple[str, str]]) -> None:
    rank = np.arange(1, len(drawn) + 1)
    for at, (name, choice) in enumerate(rows):
        taken = rank[(drawn[name] == choice).to_numpy()]
        ends = np.full((2, len(taken)), [[at - 0.26], [at + 0.26]])
        _upright(panel, taken, *ends, color=style.PARTNERS_COLOUR, width=1.8)
        if at and rows[at - 1][0] != name:
            panel.axhline(at - 0.5, color="#b1b4b6", linewidth=0.8)
    panel.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    panel.set_yticks(
        range(len(rows)), [f"{DIMENSIONS[name]}: {choice}" for name, choice in rows]
    )
    panel.tick_params(axis="y", labelsize=10, length=0)
    panel.tick_params(axis="x", labelsize=10)
    panel.grid(visible=False)
    panel.set_xlabel("specifications, from the smallest estimate to the largest")
    sns.despine(ax=panel, left=True)


def _legend(drawn: pd.DataFrame) -> list[Line2D | Patch]:
    dot = {"color": style.PARTNERS_COLOUR, "marker": "o", "linestyle": ""}
    handles: list[Line2D | Patch] = [
        Line2D([], [], label="interval does not hold zero", **dot),  # type: ignore[arg-type]
        Line2D(
            [],
            [],
            label="interval holds zero, or there is none",
            markerfacecolor="white",
            **dot,  # type: ignore[arg-type]
        ),
        Line2D([], [], color=style.PARTNERS_COLOUR, linewidth=1.8, label="choice taken"),
    ]
    if drawn["chance_low"].notna().any():
        handles.append(Patch(color=_CHANCE_COLOUR, label="95% of exchanged memberships"))
    return handles


def _alt(
    drawn: pd.DataFrame,
    measure: Measure,
    group: Group,
    rows: list[tuple[str, str]],
    p_value: float | None,
    years: str,
) -> str:
    estimate = drawn["estimate"]
    unit = drawn["unit"].iloc[0]
    ends = [number(end, DECIMALS, signed=True) for end in (estimate.min(), estimate.max())]
    chance = ""
    if p_value is not None:
        chance = (
            " Exchanging members with other schools gives a median as far from zero with "
            f"p {p_value:.2f}."
        )
    return (
        f"Dot-and-interval chart of {len(drawn)} specifications of the "
        f"{drawn['curve'].iloc[0]}, {measure.label}, {GROUP_LABELS[group]}, {years}: the "
        f"estimates rise from {ends[0]} to {ends[1]} {unit}, with a median of "
        f"{number(estimate.median(), DECIMALS, signed=True)}; "
        f"{int((estimate > 0).sum())} lie above zero. The interval lies wholly above zero "
        f"in {int((drawn['low'] > 0).sum())} and wholly below in "
        f"{int((drawn['high'] < 0).sum())}.{chance} Beneath, marks show which of "
        f"{len(rows)} choices each estimate rests on.{_furthest(drawn, rows)}"
    )


def _furthest(drawn: pd.DataFrame, rows: list[tuple[str, str]]) -> str:
    """Say which choice moves the median most."""
    medians = {
        (name, choice): float(drawn.loc[drawn[name] == choice, "estimate"].median())
        for name, choice in rows
    }
    spreads = {
        name: [said for of, said in medians if of == name]
        for name in DIMENSIONS
        if any(of == name for of, _ in medians)
    }
    if not spreads:
        return ""

    def spread(name: str) -> float:
        held = [medians[name, choice] for choice in spreads[name]]
        return max(held) - min(held)

    most = max(spreads, key=spread)
    said = ", ".join(
        f"{number(medians[most, choice], DECIMALS, signed=True)} with {choice}"
        for choice in spreads[most]
    )
    return f" The median moves most with the choice '{DIMENSIONS[most].lower()}': {said}."
