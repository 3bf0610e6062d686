"""Files that a person saves, where scripts are refused: the steps, then the check."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pipeline.acquire import gias
from pipeline.acquire.releases import DropIn, GiasDay, Source
from pipeline.acquire.shelf import Shelf
from pipeline.run import locations
from pipeline.run.faults import Fault

State = Literal["there", "recorded", "to save by hand"]


def check(
    name: str,
    source: Source,
    year: int,
    shelf: Shelf,
    *,
    accept_new_version: bool,
    tell: Callable[[str], None],
) -> State:
    """Check what was saved and record it, or tell how to save it; nothing is fetched.

    Raises Fault for a file that the pipeline could not read, and for another content
    than the pinned one, unless it is accepted.
    """
    places = _saved(name, source, year, shelf, accept_new_version)
    if not places:
        for number, line in enumerate(steps(source, shelf.into, year), start=1):
            tell(f"{number}. {line}")
        return "to save by hand"
    files = {place: shelf.path(place) for place in places}
    shelf.refuse_unreadable(name, source, files, year)
    for place in places:
        if not accept_new_version:
            shelf.refuse_other_content(place)
    state: State = "there"
    for place, version in places.items():
        held = shelf.holds(place)
        if held and place in shelf.known:
            tell(f"{place}: as pinned")
            continue
        if held and version is None:
            version = shelf.pins[place].version
        page = source.page_of(year)
        shelf.record(name, source, place, url=page, version=version, fetched=False)
        tell(f"{place}: read without fault and recorded")
        state = "recorded"
    return state


def steps(source: Source, into: Path, year: int) -> list[str]:
    """Tell which page to open, what to choose there, and how to save it."""
    lines = [f"open {source.page_of(year)}"]
    if isinstance(source, GiasDay):
        folder = locations.shown(into / gias.FOLDER)
        names = ", ".join(f"{stem}20261101.csv" for stem in source.files)
        lines.append(f"save files of one day under their own names in {folder}: {names}")
    else:
        if isinstance(source, DropIn):
            lines.append("choose " + ", then ".join(source.choose))
        place = into / source.place(year)
        lines.append(f"save the file as {locations.shown(place)}")
        lines += [
            f"  there is a file {near}: if it is the one, rename it"
            for near in _near(place)
        ]
    return [*lines, "run this again with --check: it reads the file and records it"]


def _saved(
    name: str, source: Source, year: int, shelf: Shelf, accept_new_version: bool
) -> dict[str, str | None]:
    """Places of files that were saved, with what their names say of the version."""
    if not isinstance(source, GiasDay):
        place = source.place(year)
        return {place: None} if shelf.path(place).is_file() else {}
    day = gias.day_there(source, shelf.into)
    pinned = gias.pinned_day(name, shelf.pins)
    if day is not None and pinned not in (None, day) and not accept_new_version:
        raise Fault(
            f"{gias.FOLDER}: the newest register there is of {day}, and {pinned} is pinned\n"
            "  expected: the pinned day as the newest one\n"
            "  what to do: move the other day away, or take it with --accept-new-version"
        )
    if day is None:
        return {}
    gias.refuse_newer(source, day, shelf.into)
    return dict.fromkeys(gias.places(source, day), day.isoformat())


def _near(path: Path) -> list[str]:
    """Names in the same folder that could be the file, such as 'name (1).csv'."""
    if not path.parent.is_dir():
        return []
    names = [other.name for other in path.parent.iterdir() if other.is_file()]
    return difflib.get_close_matches(path.name, names, n=2, cutoff=0.75)
