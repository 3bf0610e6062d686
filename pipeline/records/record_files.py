"""Finding the organisation's files, and knowing again which were read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.run.faults import InputFault
from pipeline.sources import table_file


@dataclass(frozen=True)
class RecordFile:
    """A file that records were read from."""

    shown: str
    """Path for a person to find it by."""
    file: str
    """Name as recorded: without the folder of the machine it is on."""
    sha256: str


def find(folder: Path, shown_folder: str, name: str) -> Path | None:
    """Find a file of this name, in any case; None where it is not there.

    A workbook of that name raises InputFault, for it would count as not supplied though
    somebody supplied it, and so do two files whose names differ in capitals only.
    """
    if not folder.is_dir():
        return None
    alike = sorted(p for p in folder.iterdir() if p.stem.casefold() == Path(name).stem)
    found = [path for path in alike if path.name.casefold() == name]
    if len(found) > 1:
        raise InputFault(
            f"{shown_folder}/{name}",
            "it stands there twice: " + ", ".join(path.name for path in found),
            expected=f"one file {name}",
            mend="keep the one that holds",
        )
    if found:
        return found[0]
    refuse_workbooks(alike, shown_folder)
    return None


def refuse_workbooks(paths: Iterable[Path], shown_folder: str) -> None:
    """Refuse tables that are saved as something else than comma-separated values."""
    for path in paths:
        if path.suffix.casefold() in {".xlsx", ".xls", ".ods", ".numbers", ".tsv"}:
            raise InputFault(
                f"{shown_folder}/{path.name}",
                "it is no comma-separated file",
                expected=f"{path.stem}.csv",
                mend="save it as 'CSV UTF-8' under that name, and take this one away",
            )


def refuse_without_rows(path: Path, shown: str, columns: tuple[str, ...]) -> None:
    """Refuse a table that is there and holds nothing: a template, not filled in."""
    try:
        with table_file.open_file(path) as file:
            content = table_file.read_whole(file)
    except OSError as unreadable:
        raise table_file.cannot_read(shown, unreadable) from unreadable
    lines = [line for line in content.splitlines() if line.strip(b"\xef\xbb\xbf \t,;")]
    if len(lines) < 2:
        raise InputFault(
            shown,
            "the file has a header but no rows" if lines else "the file is empty",
            expected=f"a header ({', '.join(columns)}) and one row for each record",
            mend="fill it in, or take it away: what is not there counts as not supplied",
        )
