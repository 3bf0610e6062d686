"""What a new file is compared with: its known layout, or the file of the year before."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pipeline.drift import layouts, profile, tables
from pipeline.drift.profile import Profile
from pipeline.drift.tables import Identity
from pipeline.run.faults import Fault
from pipeline.sources import table_file


def choose(now: Profile, path: Path, sources: Path | None = None) -> Profile:
    """Find what to compare a file with.

    A kept layout of the same year says most: whether the file is as it is known. Without
    one it is the nearest earlier file of the same table, beside the file's own folder or
    in the folder of sources, of the same area where there is one; then the nearest kept
    layout, of an earlier year before a later one. Raises Fault where there is none.
    """
    kept = list(_kept(now.identity))
    same = [p for p, of in kept if of.year == now.identity.year]
    if same:
        return layouts.read(same[0])
    earlier = _earlier_file(now.identity, path, sources)
    if earlier is not None:
        return profile.of_file(earlier, layouts.shown_as(earlier))
    if kept:
        return layouts.read(
            min(kept, key=lambda entry: _distance(entry[1], now.identity))[0]
        )
    raise Fault(
        f"{now.shown}: there is nothing to compare this table with\n"
        "  expected: the same table of an earlier year in the folder beside it, or its "
        "layout in data/reference/layouts/\n"
        "  what to do: name a file to compare it with: --against FILE"
    )


def _kept(identity: Identity) -> Iterator[tuple[Path, Identity]]:
    for path in sorted(layouts.folder().glob("*.json")):
        if not path.name.endswith(f"_{identity.table}{identity.release}.json"):
            continue
        yield path, layouts.read(path).identity


def _distance(of: Identity, wanted: Identity) -> tuple[bool, int]:
    years = (of.year or 0) - (wanted.year or 0)
    return years > 0, abs(years)


def _earlier_file(identity: Identity, path: Path, sources: Path | None) -> Path | None:
    found = []
    for folder in filter(None, (layouts.folder_of(path).parent, sources)):
        for other in sorted(folder.glob("*/*.csv")):
            of = _identity_of(other)
            same_table = (of.table, of.release) == (identity.table, identity.release)
            if same_table and of.year and of.year < (identity.year or 0):
                found.append((of.year, of.area == identity.area, other))
    return max(found, key=lambda entry: entry[:2])[2] if found else None


def _identity_of(path: Path) -> Identity:
    """Tell a table by its first line; a file that cannot be read is none."""
    try:
        with table_file.open_file(path) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
            header = next(csv.reader(text), [])
    except (OSError, csv.Error):
        header = []
    return tables.identify(layouts.shown_as(path), tuple(header))
