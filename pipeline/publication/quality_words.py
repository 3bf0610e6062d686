"""How the data-quality report writes the rows of its tables."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.contracts.quality import EVERY_GROUP
from pipeline.evidence.wording import number
from pipeline.measures.catalogue import MEASURES, academic_year, measure
from pipeline.measures.measure import GROUP_LABELS, Measure
from pipeline.quality.digits import published_decimals

NOT_KNOWN = "not known"
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


def with_places(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `places`: with how many decimals each figure of a file is published.

    `rows` holds key_stage, measure, source and published. Scaled scores of 104 are
    published whole, and '104.0' would claim more than is known; an Attainment 8 of 37.0
    stands beside others of 36.7.
    """
    named = rows.assign(value=rows["published"])
    measures = {m.code: m for stage in MEASURES.values() for m in stage}
    return rows.assign(places=published_decimals(named, measures))


def published(row: dict[str, Any]) -> str:
    """Write a published figure with the decimals that it is published with."""
    return number(row["published"], row["places"])


def in_digits(
    row: dict[str, Any], name: str, more: int = 0, *, signed: bool = False
) -> str:
    """Write one of a row's numbers with some more digits than the measure has."""
    if row[name] is None:
        return ""
    return number(row[name], about(row).decimals + more, signed=signed)


def suppressed(counts: dict[str, Any] | pd.Series) -> str:
    """Write the share of suppressed figures; 'not known' where blanks cannot be told."""
    if not counts["undecided"]:
        return share(counts["suppressed"], counts["cells"])
    if not counts["suppressed"]:
        return NOT_KNOWN
    return f"at least {share(counts['suppressed'], counts['cells'])}"


def share(part: float, whole: float, digits: int = 1) -> str:
    """Write a share in per cent; nothing where there is no whole."""
    return f"{part / whole:.{digits}%}" if whole else ""
