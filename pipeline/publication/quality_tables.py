"""The tables of what was computed again: totals, intervals and SDs."""

from typing import Any

import pandas as pd

from pipeline.contracts.quality import (
    AGREES,
    DIFFERS,
    EVERY_GROUP,
    EXPLAINED,
    NOT_PUBLISHED,
    NOT_RECOMPUTABLE,
    WITHHELD,
)
from pipeline.evidence.wording import number
from pipeline.measures.catalogue import academic_year, measure
from pipeline.publication import areas
from pipeline.publication.quality_words import (
    figure,
    in_digits,
    parted,
    published,
    records,
    share,
)
from pipeline.publication.tables import Cell, Column, Table, table
from pipeline.quality import judged

PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
_IN_SHORT = {
    judged.BY_MISSING: "explained by missing pupils",
    judged.BY_WEIGHTS: "explained by weights",
    judged.BY_BOTH: "explained by missing pupils and weights",
    judged.BY_TWICE: "explained by pupils at two schools",
    judged.NO_PUPILS: "no number of pupils to judge by",
}
_JUDGED = (AGREES, EXPLAINED, DIFFERS, WITHHELD, NOT_RECOMPUTABLE)


def verdict_counts(back_test: pd.DataFrame) -> Table:
    """How many published totals agree, are explained, differ, cannot be computed."""
    heads = ("Published totals", "Agree to rounding", "Explained", "Differ", "Withheld")
    is_national = back_test["record"].str.startswith("national")
    rows = []
    for name, whose, of_kind in (
        ("national", "England", back_test[is_national]),
        ("authorities", "Local authorities", back_test[~is_national]),
    ):
        agree, *others = (
            f"{int((of_kind['verdict'] == verdict).sum()):,}" for verdict in _JUDGED
        )
        first = Cell(agree, id=f"quality.{name}")
        rows.append((Cell(whose), first, *(Cell(text) for text in others)))
    columns = (*heads, "Not recomputable")
    return Table(
        caption="Published totals computed again from schools",
        columns=tuple(Column(h, is_number=h != heads[0]) for h in columns),
        rows=tuple(rows),
    )


def england(back_test: pd.DataFrame, caption: str) -> Table | None:
    """Each published figure of England beside ours."""
    shown = back_test[back_test["recomputed"].notna()]
    shown = shown[shown["record"].str.startswith("national")]
    if shown.empty:
        return None
    heads = {
        "Figure": False,
        "Verdict": False,
        "Published": True,
        "Ours": True,
        "Difference": True,
        "Rounding": True,
        "Pupils held": True,
        "Pupils not held would average": True,
    }
    rows = [
        [
            f"{figure(row)}, {row['record'].removeprefix('national, ')}",
            _IN_SHORT.get(row["reason"], row["verdict"]),
            published(row),
            in_digits(row, "recomputed", 1),
            in_digits(row, "difference", 1, signed=True),
            PLUS_MINUS + in_digits(row, "rounding", 1),
            row["coverage"] or "not known",
            in_digits(row, "rest_would_hold"),
        ]
        for row in records(shown)
    ]
    return table(caption, heads, rows)


def authorities(back_test: pd.DataFrame) -> Table | None:
    """Figures of local authorities by measure and year: how many agree, how far off."""
    no_figure = back_test["verdict"].isin([NOT_PUBLISHED, NOT_RECOMPUTABLE])
    shown = back_test[~no_figure & (back_test["record"] == "local authority")]
    if shown.empty:
        return None
    heads = {
        "Figure": False,
        "Agree": True,
        "Explained": True,
        "Differ": True,
        "Withheld": True,
        "Half lie within": True,
        "Furthest": True,
    }
    rows = []
    for (stage, code, year), cell in parted(shown, ["key_stage", "measure", "year"]):
        about, off = measure(stage, code), cell["difference"].abs().dropna()
        rows.append(
            [
                f"{about.label} ({about.unit}), {academic_year(year)}",
                *(
                    f"{int((cell['verdict'] == verdict).sum()):,}"
                    for verdict in _JUDGED[:4]
                ),
                number(off.median(), about.decimals + 1) if len(off) else "",
                number(off.max(), about.decimals + 1) if len(off) else "",
            ]
        )
    return table("Figures of local authorities computed again from schools", heads, rows)


def that_differ(back_test: pd.DataFrame) -> Table | None:
    """Every published total that nothing here explains."""
    shown = back_test[back_test["verdict"] == DIFFERS]
    if shown.empty:
        return None
    heads = {
        "Figure": False,
        "Published": True,
        "Computed again": True,
        "Difference": True,
        "Rounding": True,
    }
    rows = [
        [
            f"{figure(row)}, {_whose(row)}",
            published(row),
            in_digits(row, "recomputed", 2),
            in_digits(row, "difference", 2, signed=True),
            PLUS_MINUS + in_digits(row, "rounding", 2),
        ]
        for row in records(shown)
    ]
    return table("Published totals that differ", heads, rows)


def _whose(row: dict[str, Any]) -> str:
    authority = row["local_authority"]
    return areas.name_of(authority) if authority else str(row["record"])


def intervals(found: pd.DataFrame) -> Table | None:
    """Intervals that count towards the target, by what they are of, and all together."""
    counted = found[found["in_target"]]
    if counted.empty:
        return None
    of, met = int(counted["intervals"].sum()), int(counted["reproduced"].sum())
    in_all = (
        Cell("All"),
        Cell(""),
        Cell(f"{of:,}"),
        Cell(f"{met:,}", id="quality.intervals"),
        Cell(share(met, of, 2)),
        Cell(""),
        Cell(""),
    )
    return _intervals(counted, "Published confidence intervals computed again", in_all)


def other_intervals(found: pd.DataFrame) -> Table | None:
    """Intervals whose number of pupils is not known well enough for the target."""
    others = found[~found["in_target"]]
    if others.empty:
        return None
    return _intervals(others, "Published intervals that do not count towards the target")


def _intervals(found: pd.DataFrame, caption: str, *last: tuple[Cell, ...]) -> Table:
    heads = ("Intervals", "Reproduced", "Share", "Worst lies beyond by", "SD")
    columns = (Column("Intervals of"), Column("Number of pupils"))
    by = ["key_stage", "measure", "year", "record", "pupils_from"]
    rows = [_interval_row(key, cell) for key, cell in parted(found, by)]
    numbers = tuple(Column(head, is_number=True) for head in heads)
    return Table(caption, columns + numbers, (*rows, *last))


def _interval_row(key: Any, cell: pd.DataFrame) -> tuple[Cell, ...]:
    stage, code, year, record, pupils_from = key
    about = measure(stage, code)
    name = Cell(f"{about.label}, {academic_year(year)}, {record}")
    of, met = int(cell["intervals"].sum()), int(cell["reproduced"].sum())
    why = cell["reason"].dropna()
    if len(why):
        said = f"{of:,} intervals not judged: {why.iloc[0]}"
        return name, Cell(pupils_from), Cell(said, is_why=True, span=5)
    worst = float(cell["worst"].max())
    texts = (
        pupils_from,
        f"{of:,}",
        f"{met:,}",
        share(met, of, 2),
        number(worst, 4) if worst else "none",
        f"{cell['sd'].iloc[0]:.4f}",
    )
    return name, *(Cell(text) for text in texts)


def sds(recovered: pd.DataFrame, *, every_group: bool) -> Table | None:
    """National SDs recovered from published bounds, beside the known ones."""
    shown = recovered[(recovered["group"] == EVERY_GROUP) == every_group]
    if shown.empty:
        return None
    columns = (
        Column("SD of"),
        *(
            Column(head, is_number=True)
            for head in (
                "Intervals",
                "By regression",
                "Bounds allow",
                "Intervals that this range gives",
                "Known SD",
            )
        ),
        Column("Do the bounds allow it?"),
    )
    rows = [_sd_row(row) for row in records(shown)]
    if every_group:
        known = shown[shown["known"].notna()]
        allowed = int(known["known"].between(known["low"], known["high"]).sum())
        said = Cell(f"{allowed:,} of {len(known):,}", id="quality.sds")
        rows.append((Cell("Known SDs that the bounds allow"), *[Cell("")] * 5, said))
    whose = "every group together" if every_group else "each group by itself"
    caption = f"National SDs recovered from published bounds, {whose}"
    return Table(caption, columns, tuple(rows))


def _sd_row(row: dict[str, Any]) -> tuple[Cell, ...]:
    known = row["known"]
    texts = (
        figure(row),
        f"{row['intervals']:,}",
        f"{row['regression']:.4f}",
        f"{row['low']:.4f} to {row['high']:.4f}",
        f"{row['within']:.1%}",
        "none" if known is None else f"{known:.6g}",
        "" if known is None else "yes" if row["low"] <= known <= row["high"] else "no",
    )
    return tuple(Cell(text) for text in texts)
