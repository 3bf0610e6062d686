"""The page, table and chart of a calibration."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from pipeline.england.planted import WORLDS
from pipeline.figures import style

METHODS = Path(__file__).resolve().parents[2] / "reports" / "methods"
COVERS = (0.93, 0.97)
FINDS = (0.03, 0.07)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage, size or power, bias and error of every method in every world."""
    told = []
    refused = rows["refused"].notna() if "refused" in rows else pd.Series(False, rows.index)
    for (world, method), all_of in rows[~refused].groupby(["world", "method"], sort=False):
        found = all_of.dropna(subset=["truth", "estimate", "low", "high"])
        covers = (found["low"] <= found["truth"]) & (found["truth"] <= found["high"])
        away = (found["low"] > 0) | (found["high"] < 0)
        error = found["estimate"] - found["truth"]
        told.append(
            {
                "world": world,
                "method": method,
                "panels": len(found),
                "truth": found["truth"].mean(),
                "bias": error.mean(),
                "spread": error.std(),
                "coverage": covers.mean(),
                "finds": away.mean(),
            }
        )
    return pd.DataFrame(told)


def write(told: pd.DataFrame, of_real: pd.DataFrame, *, panels: int, schools: int) -> None:
    """Write table, chart and page; the page's words of a world come from the worlds."""
    rounded = told.round({"truth": 4, "bias": 4, "spread": 4, "coverage": 4, "finds": 4})
    rounded.to_csv(METHODS / "calibration.csv", index=False, lineterminator="\n")
    (METHODS / "calibration.svg").write_text(_chart(told), encoding="utf-8")
    text = _page(told, of_real, panels, schools)
    (METHODS / "calibration.md").write_text(text, encoding="utf-8")


def _page(told: pd.DataFrame, of_real: pd.DataFrame, panels: int, schools: int) -> str:
    parts = [
        "# Calibration",
        "",
        "Written by `make calibrate`; do not edit.",
        "",
        f"How often is each method right? {panels:,} Englands of {schools:,} secondary schools "
        "were drawn from each planted world (`pipeline/england/planted.py`), and each "
        "method's 95% interval was held against the truth. *Coverage* is the share of "
        "intervals that hold it and should be 93 to 97%; *finds* the share that leave out "
        "zero: 3 to 7% where the truth is nil (the method's size), as high as may be where "
        "it is not (its power). *Bias* is the mean error, *spread* the standard deviation "
        "of the errors, both in SDs of pupils (growth: in SDs a year). The outcome is "
        "Progress 8, the clusters are hubs of members and single other schools.",
        "",
        "![Coverage of each method in each world](calibration.svg)",
        "",
        "The truth of the gap, and of growth, is what sets members apart whatever the reason, "
        "selection included: neither is an effect, and covering it is no causal claim. The "
        "truth of the event study and of the matched comparison is the effect alone. Where a "
        "world breaks their assumptions (selection on trend, regression to the mean, "
        "anticipation, spill-over) they are wrong, as the rows marked **fails** show.",
    ]
    for world in dict.fromkeys(told["world"]):
        parts += ["", f"## {world}", "", WORLDS[world].lesson, "", *_table(told, world)]
    parts += ["", "## Random sets of real schools", ""]
    if of_real.empty:
        parts.append("Not run: no downloads of all England were at hand.")
    else:
        parts += [
            f"{int(of_real['draws'].iloc[0]):,} random sets of real schools for each row. They "
            "differ from the rest by luck alone, so an interval that leaves out zero is wrong; "
            "5 in 100 are to be expected.",
            "",
            "| measure | pupils | year | schools in a set | our interval | department's |",
            "| --- | --- | --- | ---: | ---: | ---: |",
            *[
                f"| {row['measure']} | {row['group']} | {row['year']} | {row['schools']} | "
                f"{row['ours']:.1%} | {_share(row['department'])} |"
                for row in of_real.to_dict("records")
            ],
        ]
    return "\n".join(parts) + "\n"


def _share(value: float | None) -> str:
    return "none given" if value is None or pd.isna(value) else f"{value:.1%}"


def _table(told: pd.DataFrame, world: str) -> list[str]:
    lines = [
        "| method | panels | truth | bias | spread | coverage | finds | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in told[told["world"] == world].to_dict("records"):
        figures = " | ".join(f"{row[name]:.4f}" for name in ("truth", "bias", "spread"))
        lines.append(
            f"| {row['method']} | {row['panels']:,} | {figures} | {row['coverage']:.1%} | "
            f"{row['finds']:.1%} | {verdict(row)} |"
        )
    return lines


def verdict(row: dict) -> str:
    """Say in a word whether a method kept what its interval promises."""
    low, high = COVERS
    if row["coverage"] < low:
        return "**fails**"
    return "wide" if row["coverage"] > high else "keeps"


def _chart(told: pd.DataFrame) -> str:
    style.begin()
    methods = list(dict.fromkeys(told["method"]))
    worlds = list(dict.fromkeys(told["world"]))
    figure, axes = plt.subplots(figsize=(9.6, 0.42 * len(worlds) * 1.4 + 1.6))
    axes.axvspan(*COVERS, color=style.BREAK_COLOUR, alpha=0.18, linewidth=0)
    marks = "osD^vPXh"
    for place, method in enumerate(methods):
        rows = told[told["method"] == method].set_index("world").reindex(worlds)
        axes.plot(
            rows["coverage"],
            [k + 0.09 * (place - len(methods) / 2) for k in range(len(worlds))],
            marks[place % len(marks)],
            label=method,
            markersize=6,
        )
    axes.set_yticks(range(len(worlds)), worlds)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("share of 95% intervals that hold the truth (band: 93 to 97%)")
    figure.legend(loc="upper left", ncols=2, frameon=False)
    figure.subplots_adjust(top=1 - 0.32 * (len(methods) + 1) / 2 / figure.get_figheight())
    alt = "Coverage of each method's interval in each planted world."
    return style.finish(figure, alt=alt, name="calibration").svg
