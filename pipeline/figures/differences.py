"""Figures of England computed again from schools: how far each lies from the published one."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.contracts.quality import AGREES, DIFFERS, EXPLAINED
from pipeline.figures import style
from pipeline.figures.style import Chart
from pipeline.measures.catalogue import academic_year, measure
from pipeline.measures.measure import GROUP_LABELS, Group, KeyStage

STATE_FUNDED = "national, state-funded"
GROUPS: tuple[Group, ...] = ("all", "disadvantaged")
_MARKS = {"all": "o", "disadvantaged": "s"}
_COLOURS = {"all": style.PARTNERS_COLOUR, "disadvantaged": style.BREAK_COLOUR}
_ASIDE = {"all": -0.16, "disadvantaged": 0.16}
_ROUNDING_COLOUR = "#b5b5b5"
_INCHES_A_YEAR = 0.42


def drawn_rows(back_test: pd.DataFrame) -> pd.DataFrame:
    """Choose what the chart shows: state-funded England, all and disadvantaged pupils."""
    return back_test[
        (back_test["record"] == STATE_FUNDED)
        & back_test["group"].isin(GROUPS)
        & back_test["verdict"].isin([AGREES, EXPLAINED, DIFFERS])
    ]


def differences(back_test: pd.DataFrame) -> Chart | None:
    """Draw recomputed minus published, one panel for each measure, one row a year.

    Behind each dot lies the band that rounding explains, and a thin line where pupils in
    no school's figure could put it, rounding included. Panels have scales of their own,
    since points and percentages cannot share one. None where nothing was computed again.
    """
    shown = drawn_rows(back_test)
    if shown.empty:
        return None
    named = shown[["key_stage", "measure"]].drop_duplicates()
    kinds: list[tuple[KeyStage, str]] = [(ks, str(code)) for ks, code in named.to_numpy()]
    years = sorted(shown["year"].unique())
    rows = (len(kinds) + 1) // 2
    style.begin()
    figure, panels = plt.subplots(
        rows,
        2,
        figsize=(9.6, rows * (1.5 + _INCHES_A_YEAR * len(years)) + 0.5),
        squeeze=False,
    )
    for panel, (key_stage, code) in zip(panels.flat, kinds, strict=False):
        of_kind = shown[(shown["key_stage"] == key_stage) & (shown["measure"] == code)]
        _panel(panel, of_kind, key_stage, code, years)
    for panel in panels.flat[len(kinds) :]:
        panel.set_visible(False)
    top = 1 - 0.45 / figure.get_size_inches()[1]
    figure.legend(
        handles=_legend(set(shown["group"])),
        loc="upper left",
        ncols=4,
        frameon=False,
        fontsize=10,
        bbox_to_anchor=(0.02, 1.0),
    )
    figure.tight_layout(rect=(0, 0, 1, top))
    chart = style.finish(figure, alt=_alt(shown, kinds), name="chart-back-test")
    plt.close(figure)
    return chart


def _panel(
    panel: Axes, rows: pd.DataFrame, key_stage: KeyStage, code: str, years: list[int]
) -> None:
    about = measure(key_stage, code)
    for group, of_group in rows.groupby("group"):
        at = of_group["year"].map(years.index) + _ASIDE[str(group)]
        panel.hlines(
            at,
            -of_group["rounding"],
            of_group["rounding"],
            color=_ROUNDING_COLOUR,
            linewidth=7,
        )
        panel.hlines(
            at,
            of_group["recomputed"] - of_group["possible_high"] - of_group["rounding"],
            of_group["recomputed"] - of_group["possible_low"] + of_group["rounding"],
            color=_COLOURS[str(group)],
            linewidth=1,
        )
        sns.scatterplot(
            x=of_group["difference"],
            y=at,
            color=_COLOURS[str(group)],
            marker=_MARKS[str(group)],
            s=60,
            edgecolor="white",
            linewidth=0.8,
            ax=panel,
            zorder=3,
        )
    panel.axvline(0, color="#0b0c0c", linewidth=0.8)
    ends = [*rows["difference"], *rows["rounding"], *(-rows["rounding"])]
    room = 0.15 * (max(ends) - min(ends))
    panel.set_xlim(min(ends) - room, max(ends) + room)
    panel.set_ylim(len(years) - 0.5, -0.5)
    panel.set_yticks(range(len(years)), [academic_year(int(y)) for y in years])
    panel.tick_params(labelsize=10)
    panel.grid(axis="y", visible=False)
    panel.set_ylabel("")
    panel.set_xlabel(f"computed again minus published, {about.unit}", fontsize=10)
    panel.set_title(about.label, fontsize=11, loc="left")
    sns.despine(ax=panel)


def _legend(groups: set[str]) -> list[Line2D]:
    dots = [
        Line2D(
            [],
            [],
            color=_COLOURS[group],
            marker=_MARKS[group],
            linestyle="",
            markersize=8,
            label=GROUP_LABELS[group],
        )
        for group in GROUPS
        if group in groups
    ]
    lines = [
        Line2D([], [], color=_ROUNDING_COLOUR, linewidth=7, label="rounding explains"),
        Line2D([], [], color="#0b0c0c", linewidth=1, label="pupils in no figure explain"),
    ]
    return dots + lines


def _alt(shown: pd.DataFrame, kinds: list[tuple[KeyStage, str]]) -> str:
    counts = shown["verdict"].value_counts()
    parts = [
        f"Dot chart of {len(shown)} figures of state-funded schools in England, computed again "
        "from schools, as differences from the published ones, "
        f"{academic_year(int(shown['year'].min()))} to "
        f"{academic_year(int(shown['year'].max()))}: "
        f"{counts.get(AGREES, 0)} lie within rounding, {counts.get(EXPLAINED, 0)} within "
        "what pupils in no school\u2019s figure can explain, "
        f"{counts.get(DIFFERS, 0)} beyond both."
    ]
    for key_stage, code in kinds:
        about = measure(key_stage, code)
        of_kind = shown.loc[
            (shown["key_stage"] == key_stage) & (shown["measure"] == code), "difference"
        ]
        furthest = max(of_kind, key=abs)
        parts.append(
            f"{about.label}: the furthest lies {abs(furthest):.{about.decimals + 1}f} "
            f"{about.unit} {'above' if furthest > 0 else 'below'} the published figure."
        )
    return " ".join(parts)
