"""Layouts of tables as they were, kept with the project: `data/reference/layouts/`.

A layout lets a file be judged where the one of last year is not at hand. It holds names,
units, codes and the spread of numbers, and no rows of schools. One is written from a file
by `python -m pipeline.drift.layouts FILE...`, once the file has been looked at.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from pipeline.contracts import promise
from pipeline.drift import profile
from pipeline.drift.columns import ColumnProfile
from pipeline.drift.profile import Form, Profile
from pipeline.drift.tables import Identity
from pipeline.measures.catalogue import folder_of_year
from pipeline.run import locations
from pipeline.run.faults import Fault

_MOST_WORDS = 15
"""A column with more words than this names places or schools; they are not kept."""
_HEADS = ("name", "kind", "signed", "decimals", "held", "codes", "words", "points",
          "typical", "totals_signed")  # fmt: skip


def folder() -> Path:
    """Where the layouts are kept."""
    return locations.reference("layouts")


def file_name(identity: Identity) -> str:
    """Name the file of a layout: `2018-2019_ks4final.json`."""
    year = folder_of_year(identity.year) if identity.year else "undated"
    return f"{year}_{identity.table}{identity.release}.json"


def written(of: Profile) -> str:
    """Write a layout as JSON, one column a line, so that a change can be read."""
    about = {
        "table": of.identity.table,
        "year": of.identity.year,
        "area": of.identity.area,
        "release": of.identity.release,
        "is_explore": of.identity.is_explore,
        "made_from": {"file": of.shown, "sha256": of.sha256},
        "form": {
            "encoding": of.form.encoding,
            "byte_order_mark": of.form.byte_order_mark,
            "line_ending": of.form.line_ending,
        },
        "rows": of.rows,
        "national": of.national,
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in about.items()]
    rows = sum(of.rows.values())
    columns = ",\n".join(f"  {json.dumps(_row(c, rows))}" for c in of.columns.values())
    lines.append(f' "heads": {json.dumps(_HEADS)}')
    lines.append(f' "columns": [\n{columns}\n ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _row(column: ColumnProfile, rows: int) -> list[Any]:
    # A word of a few rows only is the name of something, not a kind.
    are_kinds = (
        len(column.words) <= _MOST_WORDS and len(column.words) <= rows * column.held / 5
    )
    few = column.words if are_kinds else ()
    return [few if head == "words" else getattr(column, head) for head in _HEADS]


def read(path: Path) -> Profile:
    """Read a layout. Raises Fault for a file that is none."""
    try:
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        columns = [dict(zip(held["heads"], row, strict=True)) for row in held["columns"]]
        about = {key: held[key] for key in ("table", "year", "area", "release")}
        return Profile(
            shown=f"the layout {path.name}, made from {held['made_from']['file']}",
            identity=Identity(**about, is_explore=held["is_explore"]),
            form=Form(**held["form"]),
            rows=held["rows"],
            columns={
                column["name"].upper(): ColumnProfile(
                    name=column["name"],
                    kind=column["kind"],
                    signed=column["signed"],
                    decimals=column["decimals"],
                    held=column["held"],
                    codes=tuple(column["codes"]),
                    words=tuple(column["words"]),
                    points=tuple(column["points"]),
                    typical=column["typical"],
                    totals_signed=column["totals_signed"],
                )
                for column in columns
            },
            national=held["national"],
            sha256=held["made_from"]["sha256"],
        )
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise Fault(
            f"{path.name}: no layout that can be read ({broken})\n"
            "  expected: a file that `python -m pipeline.drift.layouts` wrote\n"
            f"  what to do: restore it (git checkout data/reference/layouts/{path.name})"
        ) from broken


def keep(path: Path, shown: str) -> Path:
    """Write the layout of a file among the kept ones, and name it.

    Raises Fault where the table or its year cannot be told.
    """
    made = profile.of_file(path, shown)
    if not made.identity.table or made.identity.year is None:
        raise Fault(
            f"{shown}: the table or its year is not known\n"
            "  expected: a file such as 2024-2025/england_ks4final.csv\n"
            "  what to do: save it under its own name in the folder of its year"
        )
    kept = folder() / file_name(made.identity)
    promise.write_text(written(made), kept)
    return kept


def folder_of(path: Path) -> Path:
    """Give the folder that a file stands in, and not the one that a link leads to.

    Links that lead in a circle are left as they are: the reader tells them.
    """
    return Path(os.path.realpath(path.parent))


def shown_as(path: Path) -> str:
    """Name a file with the folder that says its year."""
    return "/".join((folder_of(path) / path.name).parts[-2:])


if __name__ == "__main__":
    try:
        for argument in sys.argv[1:]:
            sys.stdout.write(f"{keep(Path(argument), shown_as(Path(argument))).name}\n")
    except Fault as fault:
        sys.exit(f"Error: {fault}")
