"""What was found about change over the years, as tables that a reader can judge."""

import re
from collections.abc import Hashable
from typing import Any

import pandas as pd

from pipeline.contracts.improvement import BY_WAVE, BY_YEAR
from pipeline.measures.catalogue import measure
from pipeline.measures.measure import GROUP_LABELS, Group, KeyStage
from pipeline.publication.tables import Table, table

TITLES = {
    "growth": "Do results rise by more each year?",
    "starting point": "From every starting point?",
    "composition": "The same schools, or other schools?",
    "event study": "What changed after schools joined?",
    "matched comparison": "Against schools that were like them before",
    "effect size": "How large is the difference?",
    "few schools": "What so many schools could show",
    "sensitivity": "How much drift would undo it?",
    "specification curve": "The question put in every defensible way",
    "placebo": "Where nothing should be found",
    "leave one out": "Without one hub or trust",
    "attrition": "Could schools without a later result change it?",
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
    "Estimate": True,
    "Interval or bounds": True,
    "Unit": False,
    "p": True,
    "p among all": True,
    "Members": True,
    "Others": True,
    "It is": False,
    "To know": False,
}


def sections(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Give one entry for each outcome: its label and the tables of its questions.

    The changes by time since joining stand beside their chart: see `change_charts`.
    """
    entries = []
    found = found[~found["quantity"].isin((BY_WAVE, BY_YEAR))]
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
    """Lay out one question; on a phone each row becomes a card, as it holds sentences.

    What is to know of several figures of one quantity, and how all p were adjusted, is
    said once; why there is no figure is said of each.
    """
    adjusted = rows["adjusted_by"].dropna().unique().tolist()
    if len(adjusted) == 1:
        caption = f"{caption} (p among all: {adjusted[0]})"
    again = (rows.duplicated(["quantity", "said"]) & rows["estimate"].notna()).tolist()
    return table(
        caption,
        HEADS,
        [
            [
                ": ".join(filter(None, (str(row["quantity"]), at(row["at"])))),
                number(row["estimate"]),
                interval(row["low"], row["high"]),
                str(row["unit"]) if pd.notna(row["estimate"]) else "",
                number(row["p_value"]),
                number(row["adjusted_p"]),
                count(row["partner_schools"]),
                count(row["rest_schools"]),
                STATUS_WORDS[str(row["status"])],
                "; ".join(
                    filter(
                        None,
                        (
                            "" if said_above else _text(row["said"]),
                            _adjusted(row) if len(adjusted) > 1 else "",
                        ),
                    )
                ),
            ]
            for row, said_above in zip(rows.to_dict("records"), again, strict=True)
        ],
        stacks=True,
    )


def _adjusted(row: dict[Hashable, Any]) -> str:
    return "" if pd.isna(row["adjusted_by"]) else f"p among all: {row['adjusted_by']}"


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def at(value: object) -> str:
    """Write where a quantity stands: a time since joining has a true minus."""
    said = _text(value)
    if said == "+0":
        return "0"
    return said.replace("-", MINUS) if re.fullmatch(r"-\d+", said) else said


def number(value: object) -> str:
    """Write a figure with three decimals and a true minus; nothing where there is none."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{float(str(value)):.{DECIMALS}f}".replace("-", MINUS)


def interval(low: object, high: object) -> str:
    """Write an interval or the bounds of a figure; nothing where there is none."""
    return f"{number(low)} to {number(high)}" if number(low) and number(high) else ""


def count(value: object) -> str:
    """Write a count; nothing where there is none."""
    return "" if pd.isna(value) else f"{int(str(value)):,}"  # type: ignore[call-overload]
