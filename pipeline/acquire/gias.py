"""Which day's register of schools is taken: the pinned one, or the newest."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from pipeline.acquire.offer import Offer
from pipeline.acquire.releases import GiasDay, Pin
from pipeline.acquire.service import Service
from pipeline.run.faults import Fault

FOLDER = "gias"
DAYS_BACK = 14
"""How far back a day with a register is looked for; it is written every night."""


def places(source: GiasDay, day: date) -> list[str]:
    """Where the files of a day are put, under the names that the department gives."""
    return [f"{FOLDER}/{stem}{day:%Y%m%d}.csv" for stem in source.files]


def pinned_day(name: str, pins: Mapping[str, Pin]) -> date | None:
    """The day whose files are pinned; None before the first fetch."""
    days = {pin.version for pin in pins.values() if pin.source == name}
    return max((date.fromisoformat(day) for day in days if day), default=None)


def day_there(source: GiasDay, into: Path) -> date | None:
    """The newest day of which all files are in the folder; None if there is none."""
    of_stem = [_days_of(stem, into) for stem in source.files]
    return max(set.intersection(*of_stem), default=None)


def of_day(source: GiasDay, day: date, service: Service) -> list[Offer]:
    """Offer all files of a day, whether they are there or not."""
    return [
        Offer(place, f"{service.root}/{Path(place).name}", day.isoformat())
        for place in places(source, day)
    ]


def newest(source: GiasDay, day: date, service: Service) -> list[Offer]:
    """Offer all files of the newest day up to `day`.

    All are of the same day, since links name schools that the list of another day may
    not have. Raises Fault where no day of the two weeks up to `day` has all of them.
    """
    for back in range(DAYS_BACK + 1):
        offers = of_day(source, day - timedelta(days=back), service)
        if all(service.is_there(offer.url) for offer in offers):
            return offers
    raise Fault(
        f"{source.title}: no day from {day - timedelta(days=DAYS_BACK)} to {day} has "
        "all of its files\n"
        f"  expected: {', '.join(offer.url for offer in offers)}\n"
        "  what to do: give another day (--day 2026-11-01), or save the files by hand "
        "from the page named below and run it with --check"
    )


def refuse_newer(source: GiasDay, day: date, into: Path) -> None:
    """Stop where files of a later day lie in the folder: the pipeline reads the newest."""
    newer = sorted(
        f"{stem}{later:%Y%m%d}.csv"
        for stem in source.files
        for later in _days_of(stem, into)
        if later > day
    )
    if newer:
        raise Fault(
            f"{FOLDER}/{newer[0]}: is newer than the register of {day}, which is taken\n"
            "  expected: no newer day in the folder, since the pipeline reads the newest\n"
            f"  what to do: move {', '.join(newer)} away, or bring all files of that day"
        )


def _days_of(stem: str, into: Path) -> set[date]:
    name = re.compile(rf"{stem}(20\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])\.csv")
    found = set()
    folder = into / FOLDER
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and (told := name.fullmatch(path.name)):
            try:
                found.add(date(*map(int, told.groups())))
            except ValueError:
                continue
    return found
