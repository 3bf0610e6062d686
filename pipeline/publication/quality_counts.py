"""The tables of what was counted: files, checks, codes, missing figures, schools."""

import pandas as pd

from pipeline.contracts.quality import FIT, NOT_FIT, RESERVATIONS
from pipeline.evidence.wording import number
from pipeline.measures.catalogue import academic_year
from pipeline.measures.measure import GROUP_LABELS
from pipeline.publication.quality_words import (
    KEY_STAGES,
    about,
    in_digits,
    parted,
    records,
    share,
    years,
)
from pipeline.publication.tables import Cell, Column, Table, table
from pipeline.quality.completeness import SIZES


def files(verdicts: pd.DataFrame) -> Table:
    """Each file with its verdict and the reservations, and how many there are of each."""
    heads = ("File", "Year", "Verdict", "Reservations")
    rows = [
        tuple(
            Cell(text)
            for text in (
                row["file"],
                academic_year(row["year"]),
                row["verdict"],
                row["why"] or "none",
            )
        )
        for row in records(verdicts)
    ]
    counts = verdicts["verdict"].value_counts()
    said = "; ".join(f"{counts.get(v, 0):,} {v}" for v in (FIT, RESERVATIONS, NOT_FIT))
    rows.append((Cell("All files"), Cell(""), Cell(said, id="quality.files"), Cell("")))
    columns = tuple(Column(head) for head in heads)
    return Table("Verdict on each file", columns, tuple(rows))


def codes(counted: pd.DataFrame) -> list[Table]:
    """What stands in the cells of schools, by key stage and year."""
    tables = []
    for stage, of_stage in parted(counted, "key_stage"):
        held = of_stage["reason"].fillna("a figure")
        by_year = pd.crosstab(
            held, of_stage["year"], values=of_stage["schools"], aggfunc="sum"
        ).fillna(0)
        order = by_year.sum(axis=1).sort_values(ascending=False, kind="stable").index
        heads = {"Cell holds": False}
        heads |= {academic_year(int(str(year))): True for year in by_year.columns}
        rows = [
            [str(why), *(f"{int(cells):,}" for cells in by_year.loc[why])] for why in order
        ]
        caption = f"{KEY_STAGES[stage]}: cells of schools, all measures and groups"
        tables.append(table(caption, heads, rows))
    return tables


def missing(counted: pd.DataFrame) -> list[Table]:
    """Which share of figures mainstream schools lack, by group and its size."""
    tables = []
    for stage, of_stage in parted(counted, "key_stage"):
        sizes = [size for size in SIZES if size in set(of_stage["size"])]
        rows = []
        for group, label in GROUP_LABELS.items():
            of_group = of_stage[of_stage["group"] == group]
            if of_group.empty:
                continue
            cells = float(of_group["cells"].sum())
            by_size = of_group.groupby("size")[["cells", "missing"]].sum()
            by_size = by_size.reindex(sizes, fill_value=0)
            rows.append(
                [
                    label,
                    f"{cells:,.0f}",
                    share(of_group["missing"].sum(), cells),
                    share(of_group["suppressed"].sum(), cells),
                    *(share(r["missing"], r["cells"]) for r in records(by_size)),
                ]
            )
        caption = (
            f"{KEY_STAGES[stage]}: figures that state-funded mainstream schools lack, in "
            "all and by the number of these pupils in the school"
        )
        heads = {"Pupils": False, "Cells": True, "Missing": True, "Suppressed": True}
        tables.append(table(caption, heads | dict.fromkeys(sizes, True), rows))
    return tables


def missing_in_all(counted: pd.DataFrame) -> Table:
    """How many figures mainstream schools lack in all."""
    cells, lacking, suppressed = (
        int(counted[name].sum()) for name in ("cells", "missing", "suppressed")
    )
    texts = (f"{cells:,}", f"{suppressed:,}", share(lacking, cells))
    first, second, third = (Cell(text) for text in texts)
    columns = ("Cells", "Missing", "Suppressed", "Share missing")
    lack = Cell(f"{lacking:,}", id="quality.missing")
    return Table(
        "Figures that state-funded mainstream schools lack",
        (Column("Of"), *(Column(head, is_number=True) for head in columns)),
        ((Cell("All key stages, years and groups"), first, lack, second, third),),
    )


def checks(found: pd.DataFrame) -> Table:
    """Every check: how much of what it examined failed, and what a failure does."""
    heads = {"Check": False, "A failure is a": False}
    heads |= {f"{label}: failed of": True for label in KEY_STAGES.values()}
    rows = []
    for (check, weight), of_check in parted(found, ["check", "weight"]):
        counts = of_check.groupby("key_stage")[["failed", "examined"]].sum()
        counts = counts.reindex(list(KEY_STAGES), fill_value=0)
        rows.append(
            [
                check,
                weight,
                *(
                    f"{row['failed']:,} of {row['examined']:,}" if row["examined"] else ""
                    for row in records(counts)
                ),
            ]
        )
    return table("Checks of every file, added up", heads, rows)


def continuity(counted: pd.DataFrame) -> Table | None:
    """Schools of each year that stood in the tables of the year before."""
    if counted.empty:
        return None
    heads = {"Years": False, "Schools": True, "Stayed": True, "Came": True, "Went": True}
    rows = [
        [
            f"{KEY_STAGES[row['key_stage']]}, {years(row)}",
            *(f"{row[name]:,}" for name in ("schools", "stayed", "came", "went")),
        ]
        for row in records(counted)
    ]
    return table("Schools from one year\u2019s tables to the next", heads, rows)


def jumps(moved: pd.DataFrame) -> Table | None:
    """How far the figures of the same schools moved, for all pupils."""
    shown = moved[moved["group"] == "all"]
    if shown.empty:
        return None
    heads = {
        "Figure of all pupils, and years": False,
        "Schools": True,
        "Correlation": True,
        "Median change": True,
        "Usual change": True,
        "Jumps": True,
    }
    rows = [
        [
            f"{about(row).label}, {years(row)}",
            f"{row['schools']:,}",
            "" if row["correlation"] is None else number(row["correlation"], 2),
            in_digits(row, "median_change", signed=True),
            in_digits(row, "usual_change"),
            f"{row['jumps']:,}",
        ]
        for row in records(shown)
    ]
    return table("Figures of the same schools from year to year", heads, rows)
