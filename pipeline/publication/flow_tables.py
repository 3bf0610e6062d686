"""The school flow as tables: who was listed, who was lost and why, who was analysed."""

import pandas as pd

from pipeline.evidence.facts import Fact
from pipeline.evidence.wording import HEADLINES, latest
from pipeline.measures.catalogue import academic_year, measure
from pipeline.measures.measure import GROUP_LABELS
from pipeline.publication.tables import Table, table
from pipeline.schools.follow import BLANK_TYPE

_SIDES = {"partners": "Members", "rest": "Other schools"}


def headline_flows(flow: pd.DataFrame, facts: list[Fact]) -> list[Table]:
    """The flow behind the first headline of each key stage, in its latest year."""
    tables: list[Table] = []
    shown: set[str] = set()
    for key_stage, code, _ in HEADLINES:
        fact = latest(facts, key_stage, code, "all", "gap")
        if fact is None or key_stage in shown:
            continue
        shown.add(key_stage)
        cell = flow[
            (flow["measure"] == code)
            & (flow["group"] == "all")
            & (flow["year"] == fact.year)
        ]
        about = f"{fact.about.label}, {GROUP_LABELS['all']}, {academic_year(fact.year)}"
        tables += [
            _flow_table(cell[cell["side"] == side], f"{label}: {about}")
            for side, label in _SIDES.items()
        ]
    return tables


def all_flows(flow: pd.DataFrame) -> list[Table]:
    """The flow of each measure, group and year: one line each, losses with reasons."""
    tables = []
    kinds = flow[["key_stage", "measure", "group"]].drop_duplicates()
    for key_stage, code, group in kinds.itertuples(index=False, name=None):
        cells = flow[(flow["measure"] == code) & (flow["group"] == group)]
        rows = []
        sides = cells[["year", "side"]].drop_duplicates()
        for year, side in sides.itertuples(index=False, name=None):
            cell = cells[(cells["year"] == year) & (cells["side"] == side)]
            stays = cell[cell["reason"].isna()].set_index("step")["schools"]
            lost = cell[cell["reason"].notna()]
            first = stays.index[0]
            reasons = "; ".join(
                f"{count:,} {reason}"
                for reason, count in zip(lost["reason"], lost["schools"], strict=True)
            )
            blank = int(stays.get(BLANK_TYPE, 0))
            rows.append(
                [
                    f"{academic_year(year)}, {_SIDES[side].lower()}",
                    f"{stays[first]:,}",
                    reasons or "none",
                    f"{stays['analysed']:,}",
                    f"{blank:,}",
                ]
            )
        about = measure(key_stage, code)
        tables.append(
            table(
                f"Flow: {about.label}, {GROUP_LABELS[group]}",
                {
                    "Year and side": False,
                    "Begin with": True,
                    "Lost, and why": False,
                    "Analysed": True,
                    "School type blank, kept": True,
                },
                rows,
            )
        )
    return tables


def _flow_table(of_side: pd.DataFrame, caption: str) -> Table:
    """One row per step: who was lost before it and why, who remains."""
    rows: list[list[str]] = []
    lost: list[str] = []
    for entry in of_side.to_dict("records"):
        if isinstance(entry["reason"], str):
            lost.append(f"{entry['schools']:,} {entry['reason']}")
        else:
            rows.append([str(entry["step"]), "; ".join(lost), f"{entry['schools']:,}"])
            lost = []
    heads = {"Step": False, "Lost before it, and why": False, "Schools": True}
    return table(caption, heads, rows)
