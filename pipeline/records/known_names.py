"""Names that one file uses and another lists: codes of themes, activities."""

import difflib
from pathlib import Path

import pandas as pd

from pipeline.records.bounds import Bounds
from pipeline.records.cell_text import found_words
from pipeline.records.checked_table import CheckedTable, read_table
from pipeline.run.faults import InputFault


def with_list(
    table: CheckedTable,
    folder: Path,
    shown_folder: str,
    name: str,
    columns: tuple[str, ...],
    bounds: Bounds,
) -> CheckedTable:
    """Read the list that a table's names stand in; without it they would mean nothing."""
    listed = read_table(folder, shown_folder, name, columns, bounds)
    if listed is None:
        raise InputFault(
            table.file.shown,
            f"it is there, and {name} is not",
            expected=f"both: {name} says what the names in the other mean",
            mend=f"save {name} beside it, with the columns {', '.join(columns)}",
        )
    return listed


def refuse_unlisted(
    table: CheckedTable, column: str, names: pd.Series, known: pd.Series, where: str
) -> None:
    """Refuse names that a list does not hold, in any case of its letters.

    Names that are blank are not looked up.
    """
    spellings = list(known)

    def told(row: int) -> str:
        near = difflib.get_close_matches(names[row], spellings, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        return f"{found_words(names[row])}, which {where} does not list{meant}"

    table.refuse(
        names.notna() & ~names.str.casefold().isin(known.str.casefold()),
        column,
        problem=told,
        expected=f"one of the {len(spellings)} that {where} lists",
        mend=f"correct it here, or add it to {where}",
    )


def as_listed(names: pd.Series, known: pd.Series) -> pd.Series:
    """Names as their list spells them."""
    return names.str.casefold().map(dict(zip(known.str.casefold(), known, strict=True)))
