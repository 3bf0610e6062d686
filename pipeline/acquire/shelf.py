"""The folder of sources: what is there, what is pinned, and what may be replaced."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pooch

from pipeline.acquire import readable, receipts, releases
from pipeline.acquire.receipts import Receipt
from pipeline.acquire.releases import GiasDay, Pin, Source
from pipeline.run.faults import Fault

PARTIAL = ".partial"


@dataclass
class Shelf:
    """Files by their place below the folder of sources, with pins and receipts."""

    into: Path
    pins: dict[str, Pin]
    known: dict[str, Receipt]
    now: Callable[[], datetime]

    def path(self, place: str) -> Path:
        """Where a place is on this machine."""
        return self.into / place

    def sha256(self, place: str) -> str | None:
        """Hash of the file at a place; None if there is none."""
        path = self.path(place)
        return pooch.file_hash(str(path)) if path.is_file() else None

    def holds(self, place: str) -> bool:
        """Whether the file at a place is the pinned one."""
        pin = self.pins.get(place)
        return pin is not None and self.sha256(place) == pin.sha256

    def partial(self, name: str) -> Path:
        """Folder for a source's files until they take their places, on the same disk."""
        return self.into / PARTIAL / name

    def refuse_unknown(self, place: str) -> None:
        """Never overwrite a file that was not fetched. Raises Fault for one that was not.

        A file is known by its content: by its pin, or by its receipt if a pin was moved.
        """
        found = self.sha256(place)
        entries = (self.pins.get(place), self.known.get(place))
        if found is not None and found not in {e.sha256 for e in entries if e}:
            raise Fault(
                f"{place}: a file is there that was not fetched\n"
                "  expected: nothing, or what an earlier fetch left\n"
                "  what to do: move it away to fetch it, or record it as it is with "
                "--check"
            )

    def refuse_other_content(self, place: str) -> None:
        """Raise Fault for a file that was saved in place of the pinned one."""
        pin, found = self.pins.get(place), self.sha256(place)
        if pin is not None and pin.sha256 != found:
            raise Fault(
                f"{place}: the content is not the pinned one\n"
                f"  expected: SHA-256 {pin.sha256}, found {found}\n"
                "  what to do: save it again; if the department has revised it, take the "
                "new content with --accept-new-version"
            )

    def refuse_unreadable(
        self, name: str, source: Source, files: Mapping[str, Path], year: int
    ) -> None:
        """Raise Fault for files that the pipeline could not read."""
        if isinstance(source, GiasDay):
            readable.refuse_unreadable_register(files, self.partial(name))
            return
        for place, path in files.items():
            if source.columns:
                readable.refuse_missing_columns(path, place, source.columns, year)
            if source.reader is not None:
                readable.refuse_unreadable_table(path, place, self.partial(name))

    def put(self, staged: Path, place: str) -> None:
        """Let a whole file take its place at once."""
        self.path(place).parent.mkdir(parents=True, exist_ok=True)
        with staged.open("rb") as file:
            os.fsync(file.fileno())
        staged.replace(self.path(place))

    def record(
        self,
        name: str,
        source: Source,
        place: str,
        *,
        url: str,
        version: str | None,
        fetched: bool,
    ) -> None:
        """Write the pin and the receipt of a file that is in its place."""
        sha256, size = str(self.sha256(place)), self.path(place).stat().st_size
        now = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(source, GiasDay):
            # One day is pinned: files of other days may lie there, and are not read.
            self.pins = {
                other: pin
                for other, pin in self.pins.items()
                if pin.source != name or pin.version == version
            }
        self.pins[place] = Pin(source=name, version=version, sha256=sha256, bytes=size)
        self.known[place] = Receipt(
            source=name,
            licence=source.licence,
            url=url,
            version=version,
            sha256=sha256,
            bytes=size,
            retrieved=now if fetched else None,
            checked=now,
        )
        receipts.write(self.into, self.known)
        releases.write_pins(self.pins)
