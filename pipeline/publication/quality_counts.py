"""The tables of what was counted: files, checks, codes, missing figures, schools."""

import pandas as pd

from pipeline.contracts.quality import FIT, NOT_FIT, RESERVATIONS
from pipeline.evidence.wording import number
from pipeline.measures.catalogue import academic_year
from pipeline.measures.measure import GROUP_LABELS
from pipeline.publication import areas
from pipeline.publication.quality_words import (
    KEY_STAGES,
    NOT_KNOWN,
    about,
    in_digits,
    parted,
    records,
    share,
    suppressed,
    years,
)
from pipeline.publication.tables import Cell, Column, Table, table
from pipeline.quality.completeness import SIZES
from pipeline.quality.continuity import FEWEST_PUPILS


def files(verdicts: pd.DataFrame) -> Table:
    """Each file with its verdict and the reservations, and how many there are of each."""
    heads = ("File", "Year", "Verdict", "Reservations")
    rows = [
        tuple(
            Cell(text)
            for text in (
                areas.beside(row["file"], row["area"]),
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
    return Table("Verdict on each file", columns, tuple(rows), stacks=True)


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
                    suppressed(of_group[["cells", "suppressed", "undecided"]].sum()),
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
    cells, lacking, marked, undecided = (
        int(counted[name].sum()) for name in ("cells", "missing", "suppressed", "undecided")
    )
    known = f"at least {marked:,}" if undecided else f"{marked:,}"
    if undecided and not marked:
        known = NOT_KNOWN
    texts = (f"{cells:,}", known, share(lacking, cells))
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
    heads = {
        "Years": False,
        "Kind of school": False,
        "In both years": True,
        "In the later year only": True,
        "In the earlier year only": True,
    }
    counts = ["stayed", "came", "went"]
    rows = []
    for _, of_years in parted(counted, ["key_stage", "year"]):
        named = (
            f"{KEY_STAGES[of_years['key_stage'].iloc[0]]}, {years(records(of_years)[0])}"
        )
        every = of_years[counts].sum().to_dict() | {"place": "all"}
        kinds = records(of_years)
        for row in ([every] if len(kinds) > 1 else []) + kinds:
            rows.append([named, str(row["place"]), *(f"{row[name]:,}" for name in counts)])
    return table("Schools from one year\u2019s tables to the next", heads, rows)


def jumps(moved: pd.DataFrame) -> Table | None:
    """How far the figures of the same schools moved, for all pupils."""
    shown = moved[moved["group"] == "all"]
    if shown.empty:
        return None
    heads = {
        "Figure of all pupils, and years": False,
        f"Schools of {FEWEST_PUPILS} pupils or more": True,
        "Correlation": True,
        "Median change": True,
        "Typical change": True,
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
