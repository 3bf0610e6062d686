"""What Ofsted found at each school: its files of outcomes, from any date, as one history."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.contracts.establishments import INSPECTIONS
from pipeline.run.faults import Fault
from pipeline.sources import inspection_file

# ASSUME: two dates of one school within 14 days are the first and the last day of one
# inspection, since some files give the one and some the other.
ONE_INSPECTION = pd.Timedelta(days=14)
NOT_TOLD = "no file tells what was known on this day"


@dataclass(frozen=True)
class Inspections:
    """Every inspection that the files tell of, and what was found in the files."""

    table: pd.DataFrame
    """The contract INSPECTIONS, each inspection once."""
    inventory: dict[str, Any]


def read(folder: Path, shown_from: str) -> Inspections:
    """Read every file of outcomes in a folder into one history of inspections.

    A file is of a date, which its name or that of its sheet says ('as at 31 July 2018').
    It gives for each school the latest inspection, often the one before, or one row for
    each inspection of a period. The history is the union of them all, and holds an
    inspection once: from the newest file that gives it as a school's own latest.
    `known_at` is the date of the newest file that tells of it. Where files differ on a
    grade, the newest is followed, and the inventory says of which schools.

    An inspection belongs to the URN inspected, where a file gives it: a school that
    became an academy has its earlier grade under its former number. The file of 2018
    gives only the present number, so there the grade of a predecessor stands under its
    successor. Ungraded inspections, which let the grade of before stand, are counted and
    make no row. Schools not inspected yet keep one row without dates.

    Raises Fault where there is no such folder, and InputFault for what cannot be right
    in a file (`inspection_file`).
    """
    if not folder.is_dir():
        raise Fault(
            f"{shown_from}: no such folder\n"
            "  expected: a folder with Ofsted's files of outcomes\n"
            "  what to do: correct sources.ofsted in params.yaml"
        )
    parts, entries, left_out = [], [], []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        shown = path.relative_to(folder).as_posix()
        opened = inspection_file.open_file(path, shown)
        if isinstance(opened, str):
            left_out.append({"file": shown, "why": opened})
            continue
        rows, entry = inspection_file.told_in(opened)
        parts.append(rows)
        entries.append(entry)
    told = pd.concat(parts, ignore_index=True) if parts else _no_rows()
    dated = told["inspected"].notna() | told["published"].notna()
    once, differing = _each_once(told[dated])
    table = pd.concat([once, _undated(told[~dated], once)], ignore_index=True)
    return Inspections(
        table=_typed(table).sort_values(
            ["urn", "inspected", "published"], na_position="first", ignore_index=True
        ),
        inventory={
            "table": "inspections",
            "files": entries,
            "left_out": left_out,
            "newest": max((entry["known_at"] for entry in entries), default=None),
            "told_more_than_once": int(dated.sum()) - len(once),
            "grades_that_differ": differing,
        },
    )


def as_at(table: pd.DataFrame, day: date) -> pd.DataFrame:
    """Give of each school the latest inspection known on a day: one row for each URN.

    Known means published: an inspection of July that was published in September is not
    known in August. Where no day of publication is given, the date of the file stands
    for it. A school of which no file tells what was known then has a row without a
    grade. Before the first file those are many and not like the others: the file of
    2018 gives grades on 1 January 2010 for 1,149 schools, all outstanding, since any
    other school was inspected again and the earlier grade is gone.

    The grade is what was known on the day, not what the school was like on it. Quality
    is seen only when inspectors come, and changed some time between two inspections
    (interval censoring); nor is it chance when they come: weak schools sooner, and
    outstanding ones hardly at all from 2012 to 2020. For a day after the newest file
    (`table['known_at'].max()`) this is what that file knew, which may have changed since.
    """
    known_from = table["published"].fillna(table["known_at"])
    known = known_from <= pd.Timestamp(day)
    by_age = table[known].sort_values(
        ["urn", "inspected", "published"], na_position="first"
    )
    latest = by_age.drop_duplicates("urn", keep="last")
    others = table[~table["urn"].isin(latest["urn"])].drop_duplicates("urn")
    no_day = pd.Series(pd.NaT, index=others.index, dtype=table["inspected"].dtype)
    no_grade = pd.Series(pd.NA, index=others.index, dtype="Int64")
    others = others.assign(
        inspected=no_day,
        published=no_day,
        overall_effectiveness=no_grade,
        reason=NOT_TOLD,
    )
    found = pd.concat([latest, others], ignore_index=True)
    return found.sort_values("urn", ignore_index=True)


def _each_once(told: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Keep each inspection once, and list those on whose grade the files differ."""
    if told.empty:
        return told, []
    day = told["inspected"].fillna(told["published"])
    told = told.assign(day=day, graded=told["overall_effectiveness"].notna())
    told = told.sort_values(["urn", "day"], kind="stable", ignore_index=True)
    begins = told["urn"].ne(told["urn"].shift())
    begins |= told["day"].diff() > ONE_INSPECTION
    told["inspection"] = begins.cumsum()
    of_one = told.groupby("inspection")
    first_day, newest = (
        of_one["inspected"].transform("min"),
        of_one["known_at"].transform("max"),
    )
    grades = of_one["overall_effectiveness"].nunique()
    best = told.assign(inspected=first_day, newest=newest).sort_values(
        ["inspection", "own", "known_at", "graded"],
        ascending=[True, False, False, False],
        kind="stable",
    )
    once = best.drop_duplicates("inspection")
    differing = told[told["inspection"].isin(grades.index[grades > 1])]
    return once.assign(known_at=once["newest"]), [
        {
            "urn": rows["urn"].iloc[0],
            "inspected": rows["day"].min().date().isoformat(),
            "grades": {
                str(source): int(grade)
                for source, grade in zip(
                    rows["source"], rows["overall_effectiveness"], strict=True
                )
                if not pd.isna(grade)
            },
        }
        for _, rows in differing.groupby("inspection")
    ]


def _undated(told: pd.DataFrame, once: pd.DataFrame) -> pd.DataFrame:
    """Keep one row for each school without an inspection, from the first such file."""
    graded = once.loc[once["overall_effectiveness"].notna(), "urn"]
    only_lacking = told["reason"].eq(inspection_file.NOT_IN_THIS_FILE)
    kept = told[~(only_lacking & told["urn"].isin(graded))]
    return kept.sort_values("known_at", kind="stable").drop_duplicates("urn")


def _no_rows() -> pd.DataFrame:
    names = [*INSPECTIONS.columns, "own"]
    return _typed(pd.DataFrame({name: pd.Series(dtype=object) for name in names}))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    day = "datetime64[ms]"
    types: dict[str, Any] = {
        "inspected": day,
        "published": day,
        "known_at": day,
        "overall_effectiveness": "Int64",
        "row": int,
    }
    columns = list(INSPECTIONS.columns)
    return table[columns].astype({name: types.get(name, "str") for name in columns})
