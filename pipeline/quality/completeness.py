"""What the files hold and what they lack: rows, columns, codes and missing figures."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline.contracts.quality import CODES, FAULT, MISSING, NOTE, RESERVATION, ROWS
from pipeline.measures.catalogue import MEASURES, TABLES
from pipeline.measures.school_types import MAINSTREAM, place_in_comparison
from pipeline.quality.promised import as_promised
from pipeline.quality.published import Published
from pipeline.sources.suppression import BLANK, REASONS

_UP_TO = (10, 30, 90, 180, np.inf)
SIZES = (
    "up to 10",
    "11 to 30",
    "31 to 90",
    "91 to 180",
    "over 180",
    "not known",
)
NO_CODES = "suppressed figures marked as such"
_INDEPENDENT = place_in_comparison("1", "IND")
_UNRECOGNISED = place_in_comparison("1", "no such type")


def rows_of_files(table: Published) -> pd.DataFrame:
    """Count the rows of each file by kind; none is left out."""
    entries = [
        {
            "key_stage": table.key_stage,
            "year": file["year"],
            "file": file["file"],
            "kind": kind,
            "rows": rows,
        }
        for file in table.files
        for kind, rows in file["rows"].items()
    ]
    return as_promised(entries, ROWS)


def codes(table: Published) -> pd.DataFrame:
    """Count schools with a figure and schools with each reason in its place."""
    cell = ["year", "measure", "group", "reason"]
    counted = table.results.groupby(cell, observed=True, dropna=False).size()
    named = counted.rename("schools").reset_index()
    return as_promised(named.assign(key_stage=table.key_stage), CODES)


def missing_figures(table: Published) -> pd.DataFrame:
    """Count the figures that state-funded mainstream schools lack, by size of group.

    The size is the number of pupils of that group in that school; the smallest band is
    wide enough that it singles out no few pupils. Of figures that stand blank in a file
    without codes (`files_without_codes`) nobody can say whether they were suppressed.
    """
    rows = table.results[(table.results["place"] == MAINSTREAM).to_numpy(dtype=bool)]
    pupils = rows["pupils"].astype(float)
    band = np.where(pupils.isna(), len(_UP_TO), np.searchsorted(_UP_TO, pupils))
    said = pd.DataFrame(
        {
            "year": rows["year"],
            "group": rows["group"],
            "size": band,
            "missing": rows["value"].isna(),
            "suppressed": (rows["reason"] == REASONS["SUPP"]).to_numpy(dtype=bool),
            "undecided": (
                (rows["reason"] == BLANK)
                & rows["source"].astype("str").isin(files_without_codes(table))
            ).to_numpy(dtype=bool),
        }
    )
    counted = said.groupby(["year", "group", "size"], observed=True).agg(
        cells=("missing", "size"),
        missing=("missing", "sum"),
        suppressed=("suppressed", "sum"),
        undecided=("undecided", "sum"),
    )
    named = counted.reset_index().assign(key_stage=table.key_stage)
    named["size"] = named["size"].map(dict(enumerate(SIZES)))
    return as_promised(named, MISSING)


def files_without_codes(table: Published) -> set[str]:
    """Name the files of which nobody can tell whether a figure was suppressed.

    They leave cells of schools blank and hold no code of suppression: whoever saved them
    again may have blanked the codes.
    """
    reason, file = table.results["reason"], table.results["source"].astype("str")
    blank = set(file[(reason == BLANK).to_numpy(dtype=bool)])
    marked = reason.isin([REASONS["SUPP"], REASONS["RE"]]).to_numpy(dtype=bool)
    return blank - set(file[marked])


def checks_of_files(table: Published) -> Iterator[dict[str, Any]]:
    """Examine what each file holds: columns, kinds of rows, codes, types of schools."""
    without_codes = files_without_codes(table)
    special = "special" in TABLES[table.key_stage].SCHOOL_RECORDS.values()
    for file in table.files:
        schools = table.schools[table.schools["source"] == file["file"]]
        expected = _columns_expected(table, file["year"])
        national = sum(n for kind, n in file["rows"].items() if "national" in kind)
        about = {
            "key_stage": table.key_stage,
            "year": file["year"],
            "file": file["file"],
            "about": "the file",
        }
        for check, examined, failed, weight, said in (
            (
                "columns that this project reads",
                max(expected, len(file["columns_absent"])),
                len(file["columns_absent"]),
                RESERVATION,
                "columns that this project reads are missing",
            ),
            (
                "a row of England",
                1,
                int(not national),
                RESERVATION,
                "it holds no national row, so nothing in it shows whether it is whole",
            ),
            (
                "special schools",
                1,
                int(special and not file["rows"].get("special", 0)),
                RESERVATION,
                "it holds no special school",
            ),
            (
                "independent schools",
                1,
                int(
                    table.key_stage != "ks2"
                    and not (schools["place"] == _INDEPENDENT).any()
                ),
                RESERVATION,
                "it holds no independent school",
            ),
            (
                NO_CODES,
                1,
                int(file["file"] in without_codes),
                RESERVATION,
                "it holds blanks and no code of suppression: what was suppressed cannot be "
                "told from what is missing",
            ),
            (
                "each school once",
                len(schools),
                int(schools["urn"].duplicated().sum()),
                FAULT,
                "a school stands there twice",
            ),
            (
                "types of schools known",
                len(schools),
                int((schools["place"] == _UNRECOGNISED).sum()),
                RESERVATION,
                "the type of some schools is not recognised: no comparison uses them",
            ),
            (
                "types of schools given",
                len(schools),
                int((schools["school_type"] == "").sum()),
                NOTE,
                "the type of some schools is blank: mainstream ones are kept",
            ),
        ):
            yield about | {
                "check": check,
                "examined": examined,
                "failed": failed,
                "share_short": None,
                "weight": weight,
                "if_failed": said,
            }


def _columns_expected(table: Published, year: int) -> int:
    return sum(
        measure.why_not_published(year, group) is None
        for measure in MEASURES[table.key_stage]
        for group in measure.columns
    )
