"""Which files of a folder hold context: their names, places and years."""

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.measures.context import ContextTable
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import table_file

FOLDER_NAME = re.compile(r"(?P<start>20[0-9]{2})-(?P<end>20[0-9]{2})")


@dataclass(frozen=True)
class Download:
    """One file of one table, where it lies and of which pupils it is."""

    path: Path
    shown: str
    area: str
    year: int
    """Academic year (its end) of its pupils, not always that of its folder."""


def files_below(folder: Path, shown_from: str) -> list[Path]:
    """List every file in a folder of downloads and in the folders within it.

    Raises Fault where there is no such folder, and InputFault for a folder that cannot
    be read: passed over silently, it would look like a year that was not supplied.
    """
    if not folder.is_dir():
        raise Fault(
            f"{shown_from}: no such folder\n"
            "  expected: a folder of downloads, with one folder for each academic year\n"
            "  what to do: correct sources.context in params.yaml"
        )

    def refuse(unreadable: OSError) -> None:
        raise InputFault(
            Path(unreadable.filename).relative_to(folder).as_posix(),
            f"the folder cannot be read ({unreadable.strerror})",
            expected="a folder of downloads that you may read",
            mend="give yourself the right to read it",
        ) from unreadable

    walked = os.walk(folder, onerror=refuse)
    return sorted(Path(parent) / name for parent, _, names in walked for name in names)


def year_named(path: Path, in_name: str | None) -> int | None:
    """Tell the academic year (its end) that a file's name begins with, or its folder.

    None where neither names one, or the two name different years.
    """
    named = {_year(text) for text in (in_name, path.parent.name) if text} - {None}
    return named.pop() if len(named) == 1 else None


def _year(text: str) -> int | None:
    years = FOLDER_NAME.fullmatch(text)
    if not years or int(years["end"]) != int(years["start"]) + 1:
        return None
    return int(years["end"])


def find(path: Path, folder: Path, about: ContextTable) -> Download | None:
    """Know a file of a table by its name and the year of its name or folder."""
    # SOURCE: where one file alone is saved, the download site puts the year before its
    # name: 2018-2019_england_census.csv.
    name = re.fullmatch(
        rf"(?:(20[0-9]{{2}}-20[0-9]{{2}})_)?(england|[0-9]{{3}})_{re.escape(about.file)}\.csv",
        path.name,
        re.IGNORECASE,
    )
    year = year_named(path, name[1]) if name else None
    if name is None or year is None:
        return None
    return Download(
        path=path,
        shown=path.relative_to(folder).as_posix(),
        area=name[2].lower(),
        year=year - about.years_behind,
    )


def overlooked(
    files: list[Path], known: set[Path], folder: Path, near: re.Pattern[str]
) -> list[dict[str, str]]:
    """List files that look like a table and are not read, with the reason.

    `near` is searched for in the names of files, loose and in zips; metadata are no
    tables.
    """
    listed = []
    for path in files:
        shown = path.relative_to(folder).as_posix()
        if path.suffix.lower() == ".zip":
            listed += [
                {"file": f"{shown}/{name}", "why": "it stands in a zip: unpack it"}
                for name in _names_in_zip(path)
                if _is_near(PurePosixPath(name).name, near)
            ]
        elif path not in known and _is_near(path.name, near):
            listed.append(
                {"file": shown, "why": "its name or place is not the department's"}
            )
    return listed


def _is_near(name: str, near: re.Pattern[str]) -> bool:
    return near.search(name) is not None and "_meta" not in name.lower()


def _names_in_zip(path: Path) -> list[str]:
    # Whether a zip is sound is for those to say who read tables from it.
    try:
        with table_file.open_file(path) as file, zipfile.ZipFile(file) as archive:
            return sorted(set(archive.namelist()))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return []
