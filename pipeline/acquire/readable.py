"""Can the pipeline read a file: asked before the file takes its place."""

import difflib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.acquire.plain_text import plain
from pipeline.measures.catalogue import academic_year
from pipeline.run.faults import InputFault
from pipeline.sources import establishments, performance_tables, table_file

PERIOD = "TIME_PERIOD"


def refuse_unreadable_table(path: Path, place: str, beside: Path) -> None:
    """Raise Fault for a performance table that the pipeline could not read.

    `place` is where the file is to stand, and how faults name it: year and release stand
    there for tables of the older site. A file of explore education statistics holds
    several years, and all are read. `beside` is a folder on the same disk, for a
    moment's use.
    """
    with _alone({place: path}, beside) as folder:
        for download in performance_tables.find(folder, place):
            performance_tables.read(download)


def refuse_unreadable_register(files: Mapping[str, Path], beside: Path) -> None:
    """Raise Fault for a register of schools that the pipeline could not read."""
    with _alone(files, beside) as folder:
        establishments.read(folder, "gias")


def refuse_missing_columns(
    path: Path, place: str, columns: tuple[str, ...], year: int
) -> None:
    """Raise InputFault for a table without the named columns, or that was cut off.

    Every row is looked at, and none is kept. Where there is a `time_period`, there have
    to be rows of `year`.
    """
    found: set[str] = set()

    def look(header: tuple[str, ...]) -> Callable[[list[str]], bool]:
        _refuse_missing(header, place, columns)
        # A file that is not in UTF-8 is begun anew.
        found.clear()
        period = header.index(PERIOD) if PERIOD in header else None

        def is_kept(row: list[str]) -> bool:
            if period is not None:
                found.add(row[period])
            return False

        return is_kept

    table_file.read_part(lambda: table_file.open_file(path), place, lambda _: set(), look)
    if found:
        _refuse_other_years(found, place, year)


@contextmanager
def _alone(files: Mapping[str, Path], beside: Path) -> Iterator[Path]:
    """Show files to a reader alone, in a folder laid out as theirs is to be."""
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside) as made:
        for place, path in files.items():
            # Without the first folder (downloads, gias), which is what readers are given.
            shown = Path(made, *place.split("/")[1:])
            shown.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, shown)
            except OSError:
                shutil.copyfile(path, shown)
        yield Path(made)


def _refuse_missing(header: tuple[str, ...], place: str, columns: tuple[str, ...]) -> None:
    for name in columns:
        if name.upper() in header:
            continue
        near = difflib.get_close_matches(name.upper(), header, n=1)
        raise InputFault(
            place,
            f"the column {name} is missing"
            + (f"; is it now {plain(near[0].lower())}?" if near else ""),
            expected=f"the columns {', '.join(columns)}",
            mend="look in the changes of its version, or on its page, what became of it; "
            "tell those who keep this project",
            row=1,
        )


def _refuse_other_years(found: set[str], place: str, year: int) -> None:
    # SOURCE: 202425 in the files, 2024/2025 in answers of the interface.
    written = {f"{year - 1}{year % 100:02d}", f"{year - 1}{year}"}
    if not any(re.sub(r"\D", "", period) in written for period in found):
        periods = ", ".join(sorted(found)[:6])
        raise InputFault(
            place,
            f"no row is of {academic_year(year)} (found {plain(periods)})",
            expected=f"rows with the time period {min(written, key=len)}",
            mend="look on its page whether that year is published yet",
            column="time_period",
        )
