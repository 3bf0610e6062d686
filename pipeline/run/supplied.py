"""Which optional sources a run is given: their files, by content."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from pipeline.contracts import promise
from pipeline.run import locations, parameters
from pipeline.run.faults import Fault
from pipeline.run.parameters import Parameters


def supply() -> None:
    """Write which optional sources there are, with the content of their files."""
    listed = list_supplied(parameters.load())
    text = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
    promise.write_text(text, locations.supplied())


def list_supplied(asked: Parameters) -> dict[str, list[dict[str, Any]] | None]:
    """List the files of each optional source with their SHA-256; None if not supplied.

    DVC cannot depend on a folder that may be left out, so one stage writes this list in
    every run, and what reads the sources depends on the list. Raises Fault for a file that cannot
    be read.
    """
    known = _read_known()
    listed = {
        name: None if folder is None else _files(locations.root() / folder, folder, known)
        for name, folder in asked.sources.optional.items()
    }
    _write_known(known)
    return listed


def _files(folder: Path, shown: str, known: dict[str, str]) -> list[dict[str, Any]]:
    entries = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        try:
            about = path.stat()
            mark = f"{path.resolve()}|{about.st_mtime_ns}|{about.st_size}|{about.st_ino}"
            if mark not in known:
                with path.open("rb") as file:
                    known[mark] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as unreadable:
            raise Fault(
                f"{shown}/{name}: the file cannot be read ({unreadable.strerror})\n"
                "  expected: a file that you may read\n"
                "  what to do: give yourself the right to read it, or take it away"
            ) from unreadable
        entries.append({"file": name, "bytes": about.st_size, "sha256": known[mark]})
    return entries


def _known_path() -> Path:
    return locations.root() / ".dvc" / "tmp" / "supplied.json"


def _read_known() -> dict[str, str]:
    """Read the hashes of files that have not changed since: they may be large."""
    try:
        known: dict[str, str] = json.loads(_known_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known


def _write_known(known: dict[str, str]) -> None:
    path = _known_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps(known), encoding="utf-8")
    beside.replace(path)


if __name__ == "__main__":
    try:
        supply()
    except Fault as fault:
        sys.exit(f"Error: {fault}")
