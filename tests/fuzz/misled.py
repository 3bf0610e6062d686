"""What the project's checks say of a file that reads well and means something else."""

from functools import cache
from pathlib import Path
from shutil import rmtree

from pipeline.publication import drift
from pipeline.run.faults import Fault
from tests.fuzz import readers, stages, starts
from tests.fuzz.cases import Changed, Start
from tests.fuzz.naive import Facts

_TABLES = ("performance", "stage", "ees")
_EXAMINED = (*_TABLES, "context", "trusts")
"""Readers of tables that the drift doctor knows."""


def notice(start: Start, changed: Changed, folder: Path) -> str:
    """Give the first thing that a check tells of this file alone; empty if nothing does."""
    if start.reader not in _EXAMINED or list(changed.files) != [start.place, *start.beside]:
        return ""
    before = _before(start.name, folder.parent / "examined")
    for key, level in _findings(folder / start.place).items():
        if before.get(key, 0) < level:
            return f"drift doctor: {' '.join(map(str, key[1:]))}"
    if start.reader in _TABLES:
        known = _failing_before(start.name, folder.parent / "checked")
        for check in sorted(_failing(folder, start.place) - known):
            return f"data quality: {check}"
    return ""


@cache
def _before(name: str, folder: Path) -> Facts:
    """What the drift doctor finds in a start that nobody has spoilt."""
    start = starts.all_starts()[name]
    _put(start, folder)
    found = _findings(folder / start.place)
    rmtree(folder)
    return found


@cache
def _failing_before(name: str, folder: Path) -> frozenset[str]:
    """The checks that it fails for being cut small."""
    start = starts.all_starts()[name]
    _put(start, folder)
    found = frozenset(_failing(folder, start.place))
    rmtree(folder)
    return found


def _put(start: Start, folder: Path) -> None:
    for place, content in {start.place: start.content, **start.beside}.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _findings(path: Path) -> Facts:
    try:
        return readers.findings(drift.diagnose(path))
    except Fault as fault:
        return {("finding", "fault", str(fault)[:100]): 3}


def _failing(downloads: Path, place: str) -> set[str]:
    try:
        return stages.checks_that_fail(downloads, place)
    except Fault as fault:
        return {str(fault).split("\n")[0]}
