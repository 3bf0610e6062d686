"""One file, fetched whole or not at all; what had arrived is kept to go on from."""

import gzip
import json
import re
import shutil
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

from pipeline.acquire.service import BY_HAND, LATER, CutOff, Service, refuse_web_page
from pipeline.run.faults import Fault

GZIP = b"\x1f\x8b"
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

pooch.get_logger().setLevel("WARNING")


@dataclass
class Resuming:
    """A downloader for pooch that goes on where an earlier attempt stopped.

    Bytes are kept as they travel, in a part file beside the place where the file is
    made; a note tells of which version of the file they are. They are used again only
    if the service says that the file is still the same (its ETag, or its date), so
    that two versions are never glued together. A packed file is unpacked at the end.
    """

    service: Service
    part: Path
    largest: int
    """Bytes beyond which nothing is accepted, packed or unpacked."""
    sha256: str = ""
    """Hash of the whole, unpacked file, once it is there."""

    def __call__(
        self, url: str, output_file: str, pooch_: Any, check_only: bool = False
    ) -> None:
        """Bring `url` into `output_file`, as pooch asks for it."""
        patience = self.service.patience
        until = time.monotonic() + patience.longest_download
        for attempt in range(patience.attempts):
            try:
                self._go_on(url, until)
                break
            except CutOff:
                patience.sleep(patience.backoff * 2**attempt)
        else:
            raise Fault(
                f"{url}: cut off {patience.attempts} times, the last time after "
                f"{self._have():,} bytes\n"
                f"  expected: the whole file\n  what to do: {LATER}"
            )
        self._unpack(url, Path(output_file))
        self.sha256 = pooch.file_hash(output_file)

    @property
    def _note(self) -> Path:
        return self.part.with_name(self.part.name + ".json")

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _mark_of_part(self, url: str) -> str | None:
        """Which version of the file the part is of; None if there is no such part."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            mark = note["mark"] if note["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return mark if isinstance(mark, str) and self._have() else None

    def _go_on(self, url: str, until: float) -> None:
        mark = self._mark_of_part(url)
        asked = {"Range": f"bytes={self._have()}-", "If-Range": mark} if mark else {}
        with self.service.get(url, asked) as response:
            start = self._start(response, mark)
            if start is None:
                self._forget()
                raise CutOff("the part cannot be gone on from")
            refuse_web_page(response, url)
            self._refuse_packing(response, url)
            if start == 0:
                self._forget()
                note = {"url": url, "mark": _mark(response)}
                self._note.write_text(json.dumps(note), encoding="utf-8")
            self._write(response, start, until)

    def _start(self, response: requests.Response, mark: str | None) -> int | None:
        """At which byte the answer begins; None if it does not fit what is there."""
        if response.status_code == 200:
            return 0
        told = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code != 206 or told is None or _mark(response) != mark:
            return None
        return int(told[1]) if int(told[1]) == self._have() else None

    def _write(self, response: requests.Response, start: int, until: float) -> None:
        length = response.headers.get("Content-Length", "")[:18]
        total = start + int(length) if length.isdecimal() else None
        self._refuse_large(total or 0, response.url)
        with (
            self.part.open("ab" if start else "wb") as file,
            tqdm(
                total=total,
                initial=start,
                unit="B",
                unit_scale=True,
                desc=self.part.stem,
                # Where nobody looks on, a bar would fill the log.
                disable=not sys.stderr.isatty(),
            ) as bar,
        ):
            size = start
            for chunk in self.service.body(response, until, unpacked=False):
                size += len(chunk)
                self._refuse_large(size, response.url)
                file.write(chunk)
                bar.update(len(chunk))

    def _refuse_large(self, size: int, url: str) -> None:
        if size > self.largest:
            self._forget()
            raise Fault(
                f"{url}: larger than {self.largest:,} bytes\n"
                "  expected: a table of schools\n"
                "  what to do: if it is right, raise largest_megabytes in "
                "data/reference/releases.yaml"
            )

    def _refuse_packing(self, response: requests.Response, url: str) -> None:
        packing = response.headers.get("Content-Encoding", "identity").lower()
        if packing not in ("identity", "gzip", ""):
            raise Fault(
                f"{url}: packed as {packing[:20]!r}\n"
                "  expected: plain or gzip\n"
                f"  what to do: {BY_HAND}"
            )

    def _unpack(self, url: str, output: Path) -> None:
        # SOURCE: the EES interface sends its stored data.csv.gz and says so in
        # Content-Encoding, whether asked for gzip or not. A table never begins so.
        with self.part.open("rb") as file:
            packed = file.read(2) == GZIP
        try:
            with (
                gzip.open(self.part) if packed else self.part.open("rb") as whole,
                output.open("wb") as file,
            ):
                while chunk := whole.read(1 << 20):
                    file.write(chunk)
                    self._refuse_large(file.tell(), url)
        except (gzip.BadGzipFile, EOFError, zlib.error) as broken:
            self._forget()
            raise Fault(
                f"{url}: the packed file is broken ({broken})\n"
                "  expected: a whole gzip file\n"
                f"  what to do: {LATER.split(';')[0]}"
            ) from broken
        self._forget()
        with output.open("rb") as file:
            begins = file.read(1000).removeprefix(BYTE_ORDER_MARK).lstrip()
        if not begins or begins.startswith((b"<", b"{")):
            raise Fault(
                f"{url}: {'a web page' if begins else 'an empty file'} came instead of a "
                "table\n"
                "  expected: comma-separated values\n"
                f"  what to do: open the address in a browser; {BY_HAND}"
            )


def _mark(response: requests.Response) -> str | None:
    """What the service calls this version of the file, where that can be relied upon."""
    mark: str | None = response.headers.get("ETag")
    if mark is None or mark.startswith("W/"):
        mark = response.headers.get("Last-Modified")
    return mark


def fetch(
    service: Service, url: str, staged: Path, *, pinned: str | None, largest: int
) -> str:
    """Fetch a file to a place of its own and return its SHA-256.

    pooch moves it there only if its hash is the pinned one; without a pin, any content
    is taken and its hash is to be recorded. Raises Fault, and then `staged` is not there.
    """
    staged.parent.mkdir(parents=True, exist_ok=True)
    staged.unlink(missing_ok=True)
    downloader = Resuming(service, staged.with_name(staged.name + ".part"), largest)
    try:
        pooch.retrieve(
            url,
            f"sha256:{pinned}" if pinned else None,
            fname=staged.name,
            path=staged.parent,
            downloader=downloader,
        )
    except ValueError as other:
        raise Fault(
            f"{url}: the content is not the pinned one\n"
            f"  expected: SHA-256 {pinned}, found {downloader.sha256}\n"
            "  what to do: look on its page whether figures were corrected without a new "
            "version; if so, take the new content with --accept-new-version"
        ) from other
    return downloader.sha256


def tidy(folder: Path) -> None:
    """Remove a folder of parts where nothing is left in it to go on from."""
    if not folder.is_dir():
        return
    kept = {path for path in folder.iterdir() if path.name.endswith((".part", ".json"))}
    for path in set(folder.iterdir()) - kept:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not kept:
        folder.rmdir()
