"""How the data-quality report writes the rows of its tables."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.contracts.quality import EVERY_GROUP
from pipeline.evidence.wording import number
from pipeline.measures.catalogue import academic_year, measure
from pipeline.measures.measure import GROUP_LABELS, Measure

KEY_STAGES = {"ks2": "Key stage 2", "ks4": "Key stage 4", "ks5": "Key stage 5"}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table, a missing value as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {str(name): value for name, value in row.items()}
        for row in plain.to_dict("records")
    ]


def parted(frame: pd.DataFrame, by: str | list[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Give the parts of a table that share a value, or several, in their order."""
    yield from frame.groupby(by, sort=True)


def about(row: dict[str, Any]) -> Measure:
    """The measure that a row is of."""
    return measure(row["key_stage"], row["measure"])


def figure(row: dict[str, Any]) -> str:
    """Name what a row is of: 'Progress 8, all pupils, 2018/19'."""
    groups: dict[str, str] = {EVERY_GROUP: EVERY_GROUP} | dict(GROUP_LABELS)
    return f"{about(row).label}, {groups[row['group']]}, {academic_year(row['year'])}"


def years(row: dict[str, Any]) -> str:
    """Name the two years that a row compares: '2016/17 to 2017/18'."""
    return f"{academic_year(row['before'])} to {academic_year(row['year'])}"


def published(row: dict[str, Any]) -> str:
    """Write a published figure as it is published: whole where it is whole."""
    places = about(row).decimals
    whole = places == 1 and float(row["published"]).is_integer()
    return number(row["published"], 0 if whole else places)


def in_digits(
    row: dict[str, Any], name: str, more: int = 0, *, signed: bool = False
) -> str:
    """Write one of a row's numbers with some more digits than the measure has."""
    if row[name] is None:
        return ""
    return number(row[name], about(row).decimals + more, signed=signed)


def share(part: float, whole: float, digits: int = 1) -> str:
    """Write a share in per cent; nothing where there is no whole."""
    return f"{part / whole:.{digits}%}" if whole else ""
