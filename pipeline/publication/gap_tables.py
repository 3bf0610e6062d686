"""What stands beside a gap: how sure it is, its split, and what a typical school shows."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.evidence.facts import Fact
from pipeline.evidence.wording import (
    interval,
    latest,
    number,
    p_value,
    span,
    verdict,
    verdict_of_interval,
)
from pipeline.measures.catalogue import academic_year
from pipeline.measures.measure import GROUP_LABELS, Group, Measure
from pipeline.publication.tables import Cell, Column, Table

_HOW_SURE = (
    Column("Pupils"),
    Column("Year"),
    Column("Gap", is_number=True),
    Column("Interval (CR2)", is_number=True),
    Column("By CR3", is_number=True),
    Column("p of random sets", is_number=True),
    Column("Department\u2019s convention", is_number=True),
    Column("Members are"),
)
_SPLIT = (
    Column("Year and side"),
    Column("Disadvantaged", is_number=True),
    Column("Other pupils", is_number=True),
    Column("Gap", is_number=True),
    Column("Interval", is_number=True),
    Column("Within schools", is_number=True),
    Column("Between schools", is_number=True),
    Column("Schools", is_number=True),
    Column("Disadvantaged pupils", is_number=True),
)
_SPREAD = (
    Column("Year and side"),
    Column("Typical school", is_number=True),
    Column("Interval", is_number=True),
    Column("Another such school", is_number=True),
    Column("SD between schools", is_number=True),
    Column("Above zero", is_number=True),
    Column("Schools", is_number=True),
)
_SIDES = {"partners": "members", "rest": "others"}


def how_sure(facts: list[Fact], measure: Measure) -> Table | None:
    """Put the answers to 'how sure?' side by side, for the latest year of each group."""
    found = [
        latest(facts, measure.key_stage, measure.code, group, "gap")
        for group in measure.columns
    ]
    rows = tuple(_sure(fact) for fact in found if fact is not None)
    caption = f"How sure the gap is: {measure.label} ({measure.unit})"
    return Table(caption, _HOW_SURE, rows, stacks=True) if rows else None


def _sure(fact: Fact) -> tuple[Cell, ...]:
    places = fact.about.decimals
    convention = fact.convention
    return (
        Cell(GROUP_LABELS[fact.group]),
        Cell(academic_year(fact.year)),
        Cell(number(fact.value, places, signed=True)),
        Cell(interval(fact, signed=True)),
        Cell(span(fact.cr3_low, fact.cr3_high, places, signed=True)),
        Cell(p_value(fact.randomisation_p)),
        Cell(
            "none"
            if convention is None or convention.low is None
            else span(convention.low, convention.high, places, signed=True)
        ),
        Cell(_VERDICT_OF_LEVEL[str(verdict(fact))]),
    )


_VERDICT_OF_LEVEL = {
    "higher than": "higher",
    "lower than": "lower",
    "can't tell": "can't tell",
}


def without_random_sets(facts: list[Fact], measure: Measure) -> str:
    """Say why a gap was not put beside random sets of schools, where it was not."""
    reasons = {
        fact.randomisation_reason: None
        for fact in facts
        if fact.measure == measure.code and fact.randomisation_reason is not None
    }
    return f"No p of random sets: {'; '.join(map(str, reasons))}." if reasons else ""


def split_table(found: pd.DataFrame, measure: Measure) -> Table | None:
    """Give the gap of disadvantaged pupils year by year: members, others, difference."""
    rows: list[tuple[Cell, ...]] = []
    for row in _rows(found, measure):
        year = academic_year(row["year"])
        if row["reason"] is not None:
            rows.append((Cell(year), _why(row["reason"], _SPLIT)))
            continue
        rows += [_split_of_side(row, side, year, measure.decimals) for side in _SIDES]
        rows.append(_difference(row, year, measure.decimals))
    caption = f"Disadvantaged less other pupils: {measure.label} ({measure.unit})"
    return Table(caption, _SPLIT, tuple(rows)) if rows else None


def _split_of_side(
    row: dict[str, Any], side: str, year: str, places: int
) -> tuple[Cell, ...]:
    def signed(name: str) -> Cell:
        return Cell(number(row[f"{side}_{name}"], places, signed=True))

    return (
        Cell(f"{year}, {_SIDES[side]}"),
        Cell(number(row[f"{side}_disadvantaged"], places)),
        Cell(number(row[f"{side}_others"], places)),
        signed("gap"),
        Cell(span(row[f"{side}_low"], row[f"{side}_high"], places, signed=True)),
        signed("within_schools"),
        signed("between_schools"),
        Cell(f"{row[f'{side}_schools']:,}"),
        Cell(f"{row[f'{side}_disadvantaged_pupils']:,}"),
    )


def _difference(row: dict[str, Any], year: str, places: int) -> tuple[Cell, ...]:
    return (
        Cell(f"{year}, members less others"),
        Cell(""),
        Cell(""),
        Cell(number(row["difference"], places, signed=True)),
        Cell(span(row["low"], row["high"], places, signed=True)),
        Cell(_narrower(row, places), span=2),
        Cell(""),
        Cell(""),
    )


def _narrower(row: dict[str, Any], places: int) -> str:
    """Say whether the gap of members is the narrower one, as far as the interval shows.

    Where disadvantaged pupils are not behind on both sides, 'narrower' would mislead.
    """
    said = verdict_of_interval(row["low"], row["high"], places)
    if said == "can't tell":
        return "can't tell which is narrower"
    if max(row["partners_gap"], row["rest_gap"]) < 0:
        return "narrower" if said == "higher than" else "wider"
    return "higher" if said == "higher than" else "lower"


def split_words(found: pd.DataFrame, measure: Measure) -> str:
    """Say the latest gap of disadvantaged pupils in a sentence; empty without one."""
    having = [row for row in _rows(found, measure) if row["reason"] is None]
    if not having:
        return ""
    row, places = max(having, key=lambda row: int(row["year"])), measure.decimals
    made = "" if row["others_from"] == "published" else _MADE
    return (
        f"Disadvantaged less other pupils, {academic_year(row['year'])}: "
        f"{number(row['partners_gap'], places, signed=True)} {measure.unit} among members "
        f"({number(row['partners_within_schools'], places, signed=True)} within schools, "
        f"{number(row['partners_between_schools'], places, signed=True)} between them) and "
        f"{number(row['rest_gap'], places, signed=True)} among others "
        f"({number(row['rest_within_schools'], places, signed=True)} and "
        f"{number(row['rest_between_schools'], places, signed=True)}). Members less others: "
        f"{number(row['difference'], places, signed=True)} "
        f"({span(row['low'], row['high'], places, signed=True)}), "
        f"{_narrower(row, places)}.{made}"
    )


_MADE = (
    " Other pupils are what is left of all pupils when the disadvantaged are taken off: "
    "the file has no column of them."
)


def spread_tables(found: pd.DataFrame, measure: Measure) -> list[Table]:
    """Give what a typical school shows year by year, one table for each group."""
    tables = []
    for group, label in GROUP_LABELS.items():
        rows = tuple(_spread(row, measure.decimals) for row in _rows(found, measure, group))
        caption = f"A typical school: {measure.label}, {label} ({measure.unit_of_level})"
        if rows:
            tables.append(Table(caption, _SPREAD, rows))
    return tables


def _spread(row: dict[str, Any], places: int) -> tuple[Cell, ...]:
    head = Cell(f"{academic_year(row['year'])}, {_SIDES[row['side']]}")
    if row["reason"] is not None:
        return head, _why(row["reason"], _SPREAD)
    return (
        head,
        Cell(number(row["mean"], places, signed=True)),
        Cell(span(row["low"], row["high"], places, signed=True)),
        Cell(span(row["prediction_low"], row["prediction_high"], places, signed=True)),
        Cell(number(row["between_schools_sd"], places)),
        Cell(
            str(row["share_reason"])
            if row["share_above_national"] is None
            else f"{row['share_above_national']:.0%}",
        ),
        Cell(f"{row['schools']:,}"),
    )


def spread_words(found: pd.DataFrame, measure: Measure) -> str:
    """Say in a sentence what a typical member school showed in the latest year."""
    having = [
        row
        for row in _rows(found, measure, "all")
        if row["reason"] is None and row["side"] == "partners"
    ]
    if not having:
        return ""
    row, places = max(having, key=lambda row: int(row["year"])), measure.decimals
    share = row["share_above_national"]
    above = "" if share is None else f"; {share:.0%} of such schools lie above zero"
    return (
        f"A typical member school, {academic_year(row['year'])}, all pupils: "
        f"{number(row['mean'], places, signed=True)} {measure.unit} "
        f"({span(row['low'], row['high'], places, signed=True)}), with the luck of its "
        "pupils taken off. Another such school would lie at "
        f"{span(row['prediction_low'], row['prediction_high'], places, signed=True)}{above}."
    )


def _rows(
    found: pd.DataFrame, measure: Measure, group: Group | None = None
) -> Iterator[dict[str, Any]]:
    mine = (found["key_stage"] == measure.key_stage) & (found["measure"] == measure.code)
    if group is not None:
        mine &= found["group"] == group
    chosen = found[mine].astype(object)
    for row in chosen.where(chosen.notna(), None).to_dict("records"):
        yield {str(name): value for name, value in row.items()}


def _why(reason: object, columns: tuple[Column, ...]) -> Cell:
    return Cell(str(reason), is_why=True, span=len(columns) - 1)
