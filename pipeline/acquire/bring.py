"""Bringing a year: each source whole or not at all, and what was there stays if it fails."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pipeline.acquire import by_hand, download, ees, gias, receipts, releases
from pipeline.acquire.offer import Offer
from pipeline.acquire.releases import DropIn, EesDataSet, GiasDay, Releases, Source
from pipeline.acquire.service import Patience, Service
from pipeline.acquire.shelf import PARTIAL, Shelf
from pipeline.run import locations
from pipeline.run.faults import Fault

State = Literal["fetched", "there", "recorded", "to save by hand", "failed"]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What a person asked for."""

    year: int
    """Academic year, by its end."""
    into: Path
    """Folder of sources: `downloads/`, `gias/` and the receipts."""
    day: date
    """Newest day of the register of schools."""
    only: tuple[str, ...] = ()
    accept_new_version: bool = False
    fetching: bool = True
    """False: nothing is fetched, files that were saved by hand are checked."""
    services: Mapping[str, str] = field(default_factory=dict)
    """Addresses in place of the declared ones (tests)."""
    patience: Patience = field(default_factory=Patience)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class Outcome:
    """What became of one source."""

    source: str
    state: State


def bring(asked: Asked, tell: Tell) -> list[Outcome]:
    """Bring every source of a year, and tell what is done and what a person has to do.

    One source that fails stops none of the others. Raises Fault where what is declared,
    pinned or recorded cannot be read: then nothing was begun.
    """
    declared = releases.load()
    shelf = Shelf(asked.into, releases.load_pins(), receipts.read(asked.into), asked.now)
    run = _Run(asked, declared, shelf)
    outcomes = []
    for name in releases.of_year(declared, asked.year, asked.only):
        tell(f"{name}: {declared.sources[name].title}")
        state = run.source(name, declared.sources[name], lambda line: tell(f"  {line}"))
        outcomes.append(Outcome(name, state))
    with suppress(OSError):
        (asked.into / PARTIAL).rmdir()
    return outcomes


@dataclass(frozen=True)
class _Run:
    asked: Asked
    declared: Releases
    shelf: Shelf

    def source(self, name: str, source: Source, tell: Tell) -> State:
        """Bring one source; its faults are told, with what was kept."""
        try:
            if isinstance(source, DropIn) or not self.asked.fetching:
                return by_hand.check(
                    name,
                    source,
                    self.asked.year,
                    self.shelf,
                    accept_new_version=self.asked.accept_new_version,
                    tell=tell,
                )
            return self._fetch(name, source, tell)
        except (Fault, OSError) as fault:
            told = fault if isinstance(fault, Fault) else _of_system(fault)
            tell("failed: " + str(told).replace("\n", "\n  "))
            for place in self._places(name, source):
                there = self.shelf.path(place).is_file()
                tell(f"  {place}: {'kept as it was' if there else 'not there before'}")
            tell(f"  its page: {source.page_of(self.asked.year)}")
            return "failed"
        finally:
            with suppress(OSError):
                download.tidy(self.shelf.partial(name))

    def _places(self, name: str, source: Source) -> list[str]:
        if not isinstance(source, GiasDay):
            return [source.place(self.asked.year)]
        day = gias.pinned_day(name, self.shelf.pins)
        return gias.places(source, day) if day else []

    def _fetch(self, name: str, source: EesDataSet | GiasDay, tell: Tell) -> State:
        offers = self._offers(name, source, tell)
        wanted = [offer for offer in offers if not self._is_there(offer)]
        if not wanted:
            tell("there already, with the pinned content")
            return "there"
        for offer in wanted:
            self.shelf.refuse_unknown(offer.place)
        service = self._service(source)
        staged = {offer: self._staged(name, service, offer) for offer in wanted}
        files = {offer.place: self.shelf.path(offer.place) for offer in offers}
        files |= {offer.place: path for offer, path in staged.items()}
        self.shelf.refuse_unreadable(name, source, files, self.asked.year)
        for offer, path in staged.items():
            place, version = offer.place, offer.version
            self.shelf.put(path, place)
            # After each file, so that no file is ever there that nothing tells of.
            self.shelf.record(
                name, source, place, url=offer.url, version=version, fetched=True
            )
            tell(f"{place}: version {version}, {self.shelf.known[place].bytes:,} bytes")
        return "fetched"

    def _offers(self, name: str, source: EesDataSet | GiasDay, tell: Tell) -> list[Offer]:
        service, accept = self._service(source), self.asked.accept_new_version
        if isinstance(source, EesDataSet):
            year, pin = self.asked.year, self.shelf.pins.get(source.place(self.asked.year))
            return [
                ees.offer(source, year, service, pin, accept_new_version=accept, tell=tell)
            ]
        pinned = None if accept else gias.pinned_day(name, self.shelf.pins)
        offers = (
            gias.newest(source, self.asked.day, service)
            if pinned is None
            else gias.of_day(source, pinned, service)
        )
        gias.refuse_newer(source, date.fromisoformat(offers[0].version), self.asked.into)
        return offers

    def _service(self, source: EesDataSet | GiasDay) -> Service:
        root = self.asked.services.get(source.kind) or self.declared.services[source.kind]
        return Service(root, self.asked.patience)

    def _staged(self, name: str, service: Service, offer: Offer) -> Path:
        """Fetch one file beside its place; its content has to be the pinned one."""
        path = self.shelf.partial(name) / offer.place.replace("/", "--")
        pin = self.shelf.pins.get(offer.place)
        bound = pin is not None and self._is_of(offer) and not self.asked.accept_new_version
        download.fetch(
            service,
            offer.url,
            path,
            pinned=pin.sha256 if pin and bound else None,
            largest=self.declared.largest,
        )
        return path

    def _is_there(self, offer: Offer) -> bool:
        return self._is_of(offer) and self.shelf.holds(offer.place)

    def _is_of(self, offer: Offer) -> bool:
        """Whether an offer is what is pinned at its place.

        A file that was saved by hand has no version: its content is what is pinned, until
        a person accepts another.
        """
        pin = self.shelf.pins.get(offer.place)
        if pin is None:
            return False
        by_hand_and_stays = pin.version is None and not self.asked.accept_new_version
        return pin.version == offer.version or by_hand_and_stays


def _of_system(fault: OSError) -> Fault:
    where = locations.shown(Path(str(fault.filename))) if fault.filename else "the disk"
    return Fault(
        f"{where}: {fault.strerror or type(fault).__name__}\n"
        "  expected: room, and the right to write there\n"
        "  what to do: make room or give yourself the right, then run it again"
    )
