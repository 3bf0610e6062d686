"""The school flow as tables: who was listed, who was lost and why, who was analysed."""

import pandas as pd

from pipeline.evidence.facts import Fact
from pipeline.evidence.wording import HEADLINES, latest
from pipeline.measures.catalogue import academic_year, measure
from pipeline.measures.measure import GROUP_LABELS
from pipeline.publication.tables import Table, table
from pipeline.schools.follow import BLANK_TYPE

_SIDES = {"partners": "Partners", "rest": "Other schools"}


def headline_flows(flow: pd.DataFrame, facts: list[Fact]) -> list[Table]:
    """The flow behind the first headline of each key stage, in its latest year."""
    shown: dict[str, Table] = {}
    for key_stage, code, _ in HEADLINES:
        fact = latest(facts, key_stage, code, "all", "gap")
        if fact is not None and key_stage not in shown:
            cell = flow[
                (flow["measure"] == code)
                & (flow["group"] == "all")
                & (flow["year"] == fact.year)
            ]
            about = f"{fact.about.label}, {GROUP_LABELS['all']}, {academic_year(fact.year)}"
            shown[key_stage] = _flow_table(cell, f"Schools: {about}")
    return list(shown.values())


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


def _flow_table(cell: pd.DataFrame, caption: str) -> Table:
    rows: list[list[str]] = []
    for side, label in _SIDES.items():
        of_side = cell[cell["side"] == side]
        for entry in of_side.to_dict("records"):
            lost = isinstance(entry["reason"], str)
            what = f"lost: {entry['reason']}" if lost else entry["step"]
            rows.append([f"{label}: {what}", f"{entry['schools']:,}"])
    return table(caption, {"Step": False, "Schools": True}, rows)
