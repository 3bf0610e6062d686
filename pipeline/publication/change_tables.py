"""What was found about change over the years, as tables that a reader can judge."""

from typing import Any

import pandas as pd

from pipeline.measures.catalogue import measure
from pipeline.measures.measure import GROUP_LABELS, Group, KeyStage
from pipeline.publication.tables import Table, table

TITLES = {
    "growth": "Do results rise by more each year?",
    "starting point": "From every starting point?",
    "event study": "What changed after schools joined?",
    "matched comparison": "Against schools that were like them before",
    "few schools": "What so many schools could show",
    "sensitivity": "How much drift would undo it?",
    "specification curve": "The question put in every defensible way",
    "placebo": "Where nothing should be found",
    "leave one out": "Without one hub or trust",
}
STATUS_WORDS = {
    "estimate": "estimate",
    "diagnostic": "check",
    "trajectory": "trajectory, no impact",
    "withheld": "withheld",
    "not possible": "not possible",
}
MINUS = "\N{MINUS SIGN}"
DECIMALS = 3
HEADS = {
    "What": False,
    "At": False,
    "Estimate": True,
    "From": True,
    "To": True,
    "p": True,
    "Members": True,
    "Others": True,
    "It is": False,
    "To know": False,
}


def sections(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Give one entry for each outcome: its label and the tables of its questions."""
    entries = []
    keys = ["key_stage", "measure", "group"]
    for (key_stage, code, group), rows in found.groupby(keys, sort=False):
        asked = measure(_key_stage(key_stage), str(code))
        label = f"{asked.label}, {GROUP_LABELS[_group(group)]}"
        entries.append(
            {
                "id": f"change.{key_stage}.{code}.{group}",
                "label": label,
                "tables": [
                    _table(f"{title} {label}", rows[rows["question"] == question])
                    for question, title in TITLES.items()
                    if (rows["question"] == question).any()
                ],
            }
        )
    return entries


def words(found: pd.DataFrame) -> str:
    """Say in one sentence how much of it could be estimated."""
    asked = found.drop_duplicates(["key_stage", "measure", "group", "question"])
    could = found[found["status"] == "estimate"]
    done = could.drop_duplicates(["key_stage", "measure", "group", "question"])
    held = found[found["status"] == "withheld"].drop_duplicates(
        ["key_stage", "measure", "group", "question"]
    )
    outcomes = found.drop_duplicates(["key_stage", "measure", "group"])
    return (
        f"Of {len(asked)} questions about {len(outcomes)} outcomes, {len(done)} have an "
        f"estimate and {len(held)} are withheld; each table says why."
    )


def _key_stage(text: object) -> KeyStage:
    return str(text)  # type: ignore[return-value]


def _group(text: object) -> Group:
    return str(text)  # type: ignore[return-value]


def _table(caption: str, rows: pd.DataFrame) -> Table:
    unit = str(rows["unit"].mode()[0])
    return table(
        f"{caption} (unit, where a row names no other: {unit})",
        HEADS,
        [
            [
                str(row["quantity"]) + ("" if row["unit"] == unit else f" ({row['unit']})"),
                _text(row["at"]),
                *(_number(row[name]) for name in ("estimate", "low", "high", "p_value")),
                _count(row["partner_schools"]),
                _count(row["rest_schools"]),
                STATUS_WORDS[str(row["status"])],
                _text(row["said"]),
            ]
            for row in rows.to_dict("records")
        ],
    )


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _number(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{float(str(value)):.{DECIMALS}f}".replace("-", MINUS)


def _count(value: object) -> str:
    return "" if pd.isna(value) else f"{int(str(value)):,}"  # type: ignore[call-overload]
