"""What was said and seen in a programme, coded by themes."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.records import CODEBOOK, THEME_SOURCES, THEMES, as_promised
from pipeline.records.bounds import UNBOUNDED, Bounds
from pipeline.records.checked_table import CheckedTable, read_table
from pipeline.records.known_names import as_listed, refuse_unlisted, with_list
from pipeline.records.record_files import RecordFile

FILE = "themes.csv"
COLUMNS = ("programme", "cohort", "date", "source", "unit", "code")
LIST_FILE = "codebook.csv"
LIST_COLUMNS = ("programme", "code", "heading", "label")


@dataclass(frozen=True)
class Themes:
    """Every mention of a theme, and what the codes mean."""

    rows: pd.DataFrame
    """As THEMES promises."""
    codebook: pd.DataFrame
    """As CODEBOOK promises."""
    files: tuple[RecordFile, ...]


def read_themes(
    folder: Path, shown_folder: str, bounds: Bounds = UNBOUNDED
) -> Themes | None:
    """Read `themes.csv` with `codebook.csv`; None where the first is not there.

    Raises InputFault for a theme without a code, and for a code that the codebook of
    its programme does not list: it could be counted, and nobody could say as what.
    """
    table = read_table(folder, shown_folder, FILE, COLUMNS, bounds)
    if table is None:
        return None
    listed = with_list(table, folder, shown_folder, LIST_FILE, LIST_COLUMNS, bounds)
    codebook = _codebook(listed)
    rows = pd.DataFrame(
        {
            "programme": table.programme(),
            "cohort": table.name("cohort", may_be_blank=True),
            "date": table.day("date"),
            "source": table.choice("source", THEME_SOURCES),
            "unit": table.unit(may_be_blank=True),
            "code": table.name("code"),
            "row": table.row,
        }
    )
    return Themes(
        rows=promise.check(as_promised(_as_coded(table, rows, codebook), THEMES), THEMES),
        codebook=promise.check(as_promised(codebook, CODEBOOK), CODEBOOK),
        files=(table.file, listed.file),
    )


def _codebook(listed: CheckedTable) -> pd.DataFrame:
    codebook = pd.DataFrame(
        {
            "programme": listed.programme(),
            "code": listed.name("code"),
            "heading": listed.name("heading"),
            "label": listed.text("label"),
            "row": listed.row,
        }
    )
    listed.refuse_repeated(codebook, ["programme", "code"], "the code")
    return codebook


def _as_coded(
    table: CheckedTable, rows: pd.DataFrame, codebook: pd.DataFrame
) -> pd.DataFrame:
    """Refuse codes that no codebook has; give the others their spelling there."""
    coded = rows.copy()
    for programme, of_programme in rows.groupby("programme", sort=False):
        known = codebook.loc[codebook["programme"] == programme, "code"]
        where = f"{LIST_FILE} for {programme}"
        named = rows["code"].where(rows["programme"] == programme)
        refuse_unlisted(table, "code", named, known, where)
        coded.loc[of_programme.index, "code"] = as_listed(of_programme["code"], known)
    return coded
