"""What the project's checks say of a file that reads well and means something else."""

from functools import cache
from pathlib import Path

from pipeline.publication import drift
from pipeline.run.faults import Fault
from tests.fuzz import readers, starts
from tests.fuzz.cases import Changed, Start
from tests.fuzz.naive import Facts

_EXAMINED = ("performance", "ees", "context", "trusts")
"""Readers of tables that the drift doctor knows."""


def notice(start: Start, changed: Changed, folder: Path) -> str:
    """Give the first thing that a check tells of this file alone; empty if nothing does."""
    if start.reader not in _EXAMINED:
        return ""
    found = _findings(folder / start.place)
    before = _before(start.name, folder.parent / "examined")
    for key, level in found.items():
        if before.get(key, 0) < level:
            return f"drift doctor: {' '.join(map(str, key[1:]))}"
    return ""


@cache
def _before(name: str, folder: Path) -> Facts:
    start = starts.all_starts()[name]
    path = folder / start.name.replace("/", "-") / start.place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(start.content)
    return _findings(path)


def _findings(path: Path) -> Facts:
    try:
        return readers.findings(drift.diagnose(path))
    except Fault as fault:
        return {("finding", "fault", str(fault)[:100]): 3}
