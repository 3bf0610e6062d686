"""The page, table and chart of a calibration."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline.england.planted import WORLDS
from pipeline.figures import style
from tests.calibration.challenges import DRAWS
from tests.calibration.few_schools import FEWEST, MOST

METHODS = Path(__file__).resolve().parents[2] / "reports" / "methods"
COVERS = (0.93, 0.97)
FINDS = (0.03, 0.07)
NIL = 0.05
"""Of the spread: a truth below it hardly moves how often a 5% test finds something."""
KEEPS, WIDE, FAILS = "keeps", "wide", "**fails**"


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage, size or power, bias and error of every method in every world.

    Coverage is missing for a method without an interval, `finds` for one that only
    estimates, and bias for a verdict.
    """
    told = []
    refused = rows["refused"].notna() if "refused" in rows else pd.Series(False, rows.index)
    for (world, method), found in rows[~refused].groupby(["world", "method"], sort=False):
        interval = found["low"].notna() & found["high"].notna()
        covers = (found["low"] <= found["truth"]) & (found["truth"] <= found["high"])
        away = ((found["low"] > 0) | (found["high"] < 0)).astype(float).where(interval)
        if "finds" in found:
            away = found["finds"].astype(float).fillna(away)
        error = found["estimate"] - found["truth"]
        told.append(
            {
                "world": world,
                "method": method,
                "panels": found["seed"].nunique(),
                "estimates": len(found),
                "truth": found["truth"].mean(),
                "bias": error.mean(),
                "spread": error.std(),
                "coverage": covers[interval].mean() if interval.any() else np.nan,
                "finds": away.mean(),
            }
        )
    return pd.DataFrame(told)


def refusals(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the panels that a method refused, by world, with its commonest reason."""
    if "refused" not in rows or rows["refused"].isna().all():
        return pd.DataFrame(columns=["world", "method", "panels", "reason"])
    by = rows[rows["refused"].notna()].groupby(["world", "method"], sort=False)
    counted = by.agg(
        panels=("seed", "nunique"), reason=("refused", lambda said: said.mode().iloc[0])
    )
    return counted.reset_index()


def write(
    told: pd.DataFrame,
    of_real: pd.DataFrame,
    refused: pd.DataFrame,
    *,
    panels: int,
    schools: int,
) -> None:
    """Write table, chart and page; what the page says of a method is in its figures."""
    figures = ["truth", "bias", "spread", "coverage", "finds"]
    # Adding zero takes the sign from a zero.
    rounded = told.assign(**{name: told[name].round(4) + 0.0 for name in figures})
    rounded.to_csv(METHODS / "calibration.csv", index=False, lineterminator="\n")
    (METHODS / "calibration.svg").write_text(_chart(told), encoding="utf-8")
    text = _page(told, of_real, refused, panels, schools)
    (METHODS / "calibration.md").write_text(text, encoding="utf-8")


def _page(
    told: pd.DataFrame,
    of_real: pd.DataFrame,
    refused: pd.DataFrame,
    panels: int,
    schools: int,
) -> str:
    doubt = 1.96 * (0.95 * 0.05 / panels) ** 0.5
    parts = [
        "# Calibration",
        "",
        "Written by `make calibrate`; do not edit.",
        "",
        f"How often is each method right? {panels:,} Englands of {schools:,} secondary schools "
        "were drawn from each planted world (`pipeline/england/planted.py`), laid out as "
        "the stages of a run lay them out, and given to the stages' own functions. Each "
        "method's 95% interval was held against the truth. The outcome is Progress 8; "
        "clusters are hubs of members and single other schools.",
        "",
        "- *coverage*: the share of intervals that hold the truth, which should be 93 to "
        "97%. Dashes stand where a method has no interval.",
        "- *finds*: the share that leave out zero, or have a p of 5% or less: 3 to 7% where "
        "the truth is nil (the method's size), as high as may be where it is not (its power).",
        "- *bias*: the mean error; *spread*: the standard deviation of the errors. Both in "
        "SDs of pupils (growth: a year).",
        f"- With {panels:,} panels a true coverage of 95% comes out between "
        f"{0.95 - doubt:.1%} and {min(0.95 + doubt, 1):.1%}, nineteen times in twenty. A seed "
        "has the same schools, members and luck in every world: rows of one method are one "
        "experiment, not ten.",
        "",
        "![Coverage of each method in each world](calibration.svg)",
        "",
        "## What keeps its promise, and what fails where",
        "",
        *in_words(told),
        "",
        "The truth of the gap, and of growth, is what sets members apart whatever the reason, "
        "selection included: neither is an effect, and covering it is no causal claim. The "
        "truth of all others is the effect alone, so a world that breaks their assumptions "
        "makes them wrong. Where the bias is large against the spread, more schools do not "
        "help: they make a wrong answer surer.",
        "",
        f"Few schools: all members are left out but {FEWEST} to {MOST} schools in hubs drawn "
        "at random. Each fifth of the starting point is an interval of its own. *Ahead in "
        "every fifth* is the verdict of the report; its size is at most 2.5% by design, far "
        f"less where no fifth is ahead. Placebos among other schools have {DRAWS} draws here.",
    ]
    for world in dict.fromkeys(told["world"]):
        parts += ["", f"## {world}", "", WORLDS[world].lesson, "", *_table(told, world)]
    if len(refused):
        parts += ["", "## Panels that a method refused", ""]
        parts += [
            "| world | method | panels | commonest reason |",
            "| --- | --- | ---: | --- |",
        ]
        parts += [
            f"| {row['world']} | {row['method']} | {row['panels']:,} | {row['reason']} |"
            for row in refused.to_dict("records")
        ]
    parts += ["", "## Random sets of real schools", ""]
    if of_real.empty:
        parts.append("Not run: no downloads of all England were at hand.")
    else:
        parts += [
            f"{int(of_real['draws'].iloc[0]):,} random sets of real schools for each row. They "
            "differ from the rest by luck alone, so an interval that leaves out zero is wrong; "
            f"5 in 100 are to be expected. {_of_real_in_words(of_real)}",
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


def in_words(told: pd.DataFrame) -> list[str]:
    """Say of each method in which worlds it fails, is wide or keeps, with the figures."""
    lines = []
    for method, rows in told.groupby("method", sort=False):
        words = pd.Series([verdict(row) for row in rows.to_dict("records")], rows.index)
        judged = rows[words != ""]
        said: list[str] = []
        for word, verb in ((FAILS, "fails"), (WIDE, "is wide"), (KEEPS, "keeps")):
            of_word = judged[words[judged.index] == word]
            if of_word.empty:
                continue
            is_last = word == KEEPS and said
            where = "the others" if is_last else ", ".join(of_word["world"])
            if len(of_word) == len(judged):
                where = f"all {len(judged)} worlds tried" if len(judged) > 1 else where
            said.append(f"{verb} in {where} ({_span(of_word)})")
        if said:
            lines.append(f"- **{method}** {'; '.join(said)}.")
    return lines


def _span(rows: pd.DataFrame) -> str:
    """Give the range of coverage, or of size where there is no interval."""
    name = "finds" if rows["coverage"].isna().any() else "coverage"
    low, high = f"{rows[name].min():.1%}", f"{rows[name].max():.1%}"
    span = low if low == high else f"{low} to {high}"
    return f"{'size' if name == 'finds' else name} {span}"


def _of_real_in_words(of_real: pd.DataFrame) -> str:
    low, high = FINDS
    kept = of_real["ours"].between(low, high)
    said = f"Ours lies between 3 and 7% in {int(kept.sum())} of {len(of_real)} rows"
    theirs = of_real["department"].dropna()
    if theirs.empty:
        return f"{said}."
    return (
        f"{said}; the department's convention finds a difference in {theirs.min():.0%} to "
        f"{theirs.max():.0%} of the same sets."
    )


def _share(value: float | None) -> str:
    return "none given" if value is None or pd.isna(value) else f"{value:.1%}"


def _table(told: pd.DataFrame, world: str) -> list[str]:
    lines = [
        "| method | panels | truth | bias | spread | coverage | finds | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in told[told["world"] == world].to_dict("records"):
        figures = " | ".join(_figure(row[name]) for name in ("truth", "bias", "spread"))
        lines.append(
            f"| {row['method']} | {row['panels']:,} | {figures} | {_percent(row['coverage'])} "
            f"| {_percent(row['finds'])} | {verdict(row)} |"
        )
    return lines


def _figure(value: float) -> str:
    return "–" if pd.isna(value) else f"{round(value, 4) + 0.0:.4f}"


def _percent(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.1%}"


def verdict(row: dict) -> str:
    """Say in a word whether a method kept what its interval, or its test, promises.

    A test without an interval is judged where nothing is to be found; nothing is said of
    its power, of an estimate without either, or of a verdict that is no 5% test.
    """
    covers, finds = row.get("coverage"), row.get("finds")
    if covers is None or pd.isna(covers):
        is_test = not pd.isna(row["bias"]) and finds is not None and not pd.isna(finds)
        if not is_test or abs(row["truth"]) > NIL * row["spread"]:
            return ""
        covers = 1 - finds
    low, high = COVERS
    if covers < low:
        return FAILS
    return WIDE if covers > high else KEEPS


def _chart(told: pd.DataFrame) -> str:
    style.begin()
    told = told[told["coverage"].notna()]
    methods = list(dict.fromkeys(told["method"]))
    worlds = list(dict.fromkeys(told["world"]))
    figure, axes = plt.subplots(figsize=(9.6, 0.1 * len(methods) * len(worlds) + 2.6))
    axes.axvspan(*COVERS, color=style.BREAK_COLOUR, alpha=0.18, linewidth=0)
    marks = "osD^vPXh<>*pd"
    for place, method in enumerate(methods):
        rows = told[told["method"] == method].set_index("world").reindex(worlds)
        axes.plot(
            rows["coverage"],
            [k + 0.8 * (place / len(methods) - 0.45) for k in range(len(worlds))],
            marks[place % len(marks)],
            label=method,
            markersize=5,
        )
    axes.set_yticks(range(len(worlds)), worlds)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("share of 95% intervals that hold the truth (band: 93 to 97%)")
    figure.legend(loc="upper left", ncols=2, frameon=False)
    figure.subplots_adjust(top=1 - 0.32 * (len(methods) + 1) / 2 / figure.get_figheight())
    alt = "Coverage of each method's interval in each planted world."
    return style.finish(figure, alt=alt, name="calibration").svg
