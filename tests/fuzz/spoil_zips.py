"""Zips as the download site gives them, and hostile ones."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import PurePosixPath
from random import Random

from tests.fuzz.cases import Changed, Expect, Start, mutation
from tests.fuzz.grids import packed
from tests.fuzz.spoil_bytes import deleted, flipped, inserted

ZIP = "zip"
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_MADE = (2019, 9, 1, 0, 0, 0)


def zipped(start: Start) -> bool:
    """Readers that look into zips."""
    return start.reader in ("performance", "stage", "ees")


def _zip_place(start: Start) -> str:
    path = PurePosixPath(start.place)
    return (path.parent / "download.zip").as_posix()


def _name(start: Start) -> str:
    return PurePosixPath(start.place).name


def _in_zip(start: Start, archive: bytes, expects: Expect | None = None) -> Changed:
    return Changed(
        start.content, {_zip_place(start): archive, **start.beside}, expects=expects
    )


def _archive(
    *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Pack members, two of one name too."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in members:
            entry = (
                name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, _MADE)
            )
            entry.compress_type = method
            archive.writestr(entry, content)
    return written.getvalue()


def _offsets(archive: bytes, signature: bytes) -> list[int]:
    """Places of the headers of members, by the archive's own list."""
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        local = [entry.header_offset for entry in found.infolist()]
        if signature == _LOCAL:
            return local
        at, places = found.start_dir, []
    for _ in local:
        lengths = struct.unpack_from("<HHH", archive, at + 28)
        places.append(at)
        at += 46 + sum(lengths)
    return places


def _with_field(archive: bytes, where: str, offset: int, value: bytes) -> bytes:
    """Overwrite one field of the first member's header: in the list, the file, or both."""
    changed = bytearray(archive)
    # The list's header has six more bytes before its fields than the file's own.
    for signature, shift in ((_LOCAL, 0), (_CENTRAL, 2)):
        if where in ("both", "list" if signature == _CENTRAL else "file"):
            at = _offsets(archive, signature)[0] + offset + shift
            changed[at : at + len(value)] = value
    return bytes(changed)


@mutation("in a zip", ZIP, Expect.SAME, applies=zipped, weight=4)
def _(start: Start, rng: Random) -> Changed:
    name, content = _name(start), start.content
    folder = PurePosixPath(start.place).parent.name
    method = rng.choice(
        (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    )
    if folder and rng.random() < 0.5:
        archive = _archive(
            (f"{folder}/", b""), (f"{folder}/{name}", content), method=method
        )
        return Changed(content, {"download.zip": archive, **start.beside})
    meta = (f"{name.removesuffix('.csv')}_meta.csv", b"Column,Label\r\nURN,School\r\n")
    members = [(name, content), meta] if rng.random() < 0.5 else [(name, content)]
    return _in_zip(start, _archive(*members, method=method))


@mutation("in a zip and beside it too", ZIP, Expect.SAME, applies=zipped, weight=1)
def _(start: Start, rng: Random) -> Changed:
    other = start.content
    expects = None
    if rng.random() < 0.5:
        other, expects = flipped(start.content + b"\n", rng), Expect.FAULT
        # What is no table of explore-education-statistics any more is none to contradict.
        if start.reader == "ees":
            expects = Expect.SAME_OR_FAULT
    return Changed(
        start.content,
        {
            start.place: start.content,
            _zip_place(start): _archive((_name(start), other)),
            **start.beside,
        },
        expects=expects,
    )


@mutation(
    "a zip with another checksum or size",
    ZIP,
    Expect.SAME_OR_FAULT,
    applies=zipped,
    weight=3,
)
def _(start: Start, rng: Random) -> Changed:
    archive = _archive((_name(start), start.content))
    where = rng.choice(("both", "list", "file"))
    offset, value = rng.choice(
        (
            (14, struct.pack("<I", rng.getrandbits(32))),
            (18, struct.pack("<I", rng.choice((0, 10, 1 << 31, (1 << 32) - 1)))),
            (22, struct.pack("<I", rng.choice((0, 10, 10_000, 1 << 30, (1 << 32) - 1)))),
        )
    )
    expects = Expect.FAULT if offset == 14 and where != "file" else None
    return _in_zip(start, _with_field(archive, where, offset, value), expects)


@mutation("a zip cut off", ZIP, Expect.FAULT, applies=zipped, weight=2)
def _(start: Start, rng: Random) -> Changed:
    archive = _archive((_name(start), start.content))
    return _in_zip(start, archive[: rng.randrange(len(archive))])


@mutation("bytes of a zip changed", ZIP, Expect.SAME_OR_FAULT, applies=zipped, weight=8)
def _(start: Start, rng: Random) -> Changed:
    archive = _archive((_name(start), start.content))
    if rng.random() < 0.6:
        # The list of files at the end is where most of the meaning is.
        at = _offsets(archive, _CENTRAL)[0]
        spoilt = rng.choice((flipped, inserted, deleted))(archive[at:], rng)
        return _in_zip(start, archive[:at] + spoilt)
    return _in_zip(start, rng.choice((flipped, inserted, deleted))(archive, rng))


@mutation("a zip that is a bomb", ZIP, Expect.FAULT, applies=zipped, weight=2)
def _(start: Start, rng: Random) -> Changed:
    make = rng.choice((_of_zeros, _of_rows, _overlapping, _lying))
    return _in_zip(start, make(_name(start)))


@cache
def _deflated(text: bytes, megabytes: int) -> bytes:
    """Pack a text said over and over; a packed megabyte is repeated, so that it is quick."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = packer.compress(text * ((1 << 20) // len(text))) + packer.flush(zlib.Z_FULL_FLUSH)
    return one * megabytes + packer.flush()


def _made(name: str, data: bytes, size: int, copies: int = 1) -> bytes:
    """Build a zip by hand, without a checksum; `copies` of a member share their bytes."""
    body, listed = b"", b""
    for copy in range(copies):
        label = (f"{copy}{name}" if copies > 1 else name).encode()
        fields = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(data), size, len(label), 0
        )
        listed += _CENTRAL + struct.pack("<H", 20) + fields
        listed += struct.pack("<HHHII", 0, 0, 0, 0, 0) + label
        body = body or _LOCAL + fields + label + data
    end = struct.pack("<HHHHIIH", 0, 0, copies, copies, len(listed), len(body), 0)
    return body + listed + _END + end


def _of_zeros(name: str) -> bytes:
    return _made(name, _deflated(b"0", 4_000), 4_000 << 20)


def _of_rows(name: str) -> bytes:
    return _made(name, _deflated(b"1,100001,0.50,\n\n", 900), 900 << 20)


def _overlapping(name: str) -> bytes:
    return _made(name, _deflated(b"0", 1), 1 << 20, copies=400)


def _lying(name: str) -> bytes:
    """It says that it is small, and holds four thousand megabytes."""
    return _made(name, _deflated(b"0", 4_000), 40_000)


@mutation("a zip of very many files", ZIP, Expect.SAME_OR_FAULT, applies=zipped, weight=1)
def _(start: Start, rng: Random) -> Changed:
    count = rng.choice((2_000, 10_000))
    ending = rng.choice((".csv", ".txt"))
    return _in_zip(start, _many(_name(start), start.content, count, ending))


def _many(name: str, content: bytes, count: int, ending: str) -> bytes:
    few = b"A,B\n1,2\n"
    members = [(f"other-{k}{ending}", few) for k in range(count)]
    return _archive(*members, (name, content), method=zipfile.ZIP_STORED)


_LEADING_OUT: tuple[Callable[[str], str], ...] = (
    lambda name: f"../{name}",
    lambda name: f"../../../../../../tmp/{name}",
    lambda name: f"2018-2019/../../{name}",
    lambda name: f"/tmp/{name}",
    lambda name: f"//server/share/{name}",
    lambda name: f"..\\..\\{name}",
    lambda name: f"C:\\{name}",
    lambda name: f"C:/{name}",
    lambda name: f"{name}:hidden.csv",
)


@mutation("names that lead out of a zip", ZIP, Expect.FAULT, applies=zipped, weight=3)
def _(start: Start, rng: Random) -> Changed:
    name = rng.choice(_LEADING_OUT)(_name(start))
    members = [(name, start.content)]
    if rng.random() < 0.5:
        members.insert(0, (_name(start), start.content))
    return _in_zip(start, _archive(*members))


@mutation("odd names in a zip", ZIP, Expect.SAME_OR_FAULT, applies=zipped, weight=2)
def _(start: Start, rng: Random) -> Changed:
    name = _name(start)
    odd = rng.choice(
        ("", ".", "a/./b.csv", "\x1b[31m.csv", "a\nb.csv", "é.csv", "<b>.csv", "=1.csv",
         "x" * 5_000,
         "a/" * 500 + "b.csv", "\u202evsc.csv", "con.csv", f"{name}/", f"{name}.zip", " ", "-rf")
    )  # fmt: skip
    return _in_zip(start, _archive((odd, b"A,B\n1,2\n"), (name, start.content)))


@mutation(
    "links, locks and unknown packing in a zip", ZIP, Expect.FAULT, applies=zipped, weight=2
)
def _(start: Start, rng: Random) -> Changed:
    name = _name(start)
    kind = rng.randrange(4)
    if kind == 0:
        link = zipfile.ZipInfo(name, _MADE)
        link.create_system, link.external_attr = 3, 0o120777 << 16
        return _in_zip(start, _archive((link, b"/etc/passwd")))
    archive = _archive((name, start.content))
    if kind == 1:
        return _in_zip(
            start, _with_field(archive, rng.choice(("both", "list")), 6, b"\x01\x00")
        )
    if kind == 2:
        return _in_zip(
            start,
            _with_field(archive, "both", 8, struct.pack("<H", rng.choice((99, 1, 97)))),
        )
    # The packing of another kind than it says.
    return _in_zip(
        start, _with_field(archive, "both", 8, struct.pack("<H", rng.choice((0, 12, 14))))
    )


@mutation("one name twice in a zip", ZIP, Expect.FAULT, applies=zipped, weight=1)
def _(start: Start, rng: Random) -> Changed:
    name = _name(start)
    if rng.random() < 0.5:
        return _in_zip(
            start, _archive((name, start.content), (name, start.content)), Expect.SAME
        )
    other = start.content + b"\n\n"
    pair = [(name, start.content), (name, other)]
    rng.shuffle(pair)
    return _in_zip(start, _archive(*pair))


@mutation("a zip in a zip", ZIP, Expect.FAULT, applies=zipped, weight=1)
def _(start: Start, rng: Random) -> Changed:
    archive = _archive((_name(start), start.content))
    for _ in range(rng.choice((1, 30))):
        archive = packed({"inner.zip": archive})
    # Results can do without the table of information beside them.
    expects = Expect.SAME_OR_FAULT if "information" in start.name else None
    return _in_zip(start, archive, expects)


@mutation(
    "something before or after a zip", ZIP, Expect.SAME_OR_FAULT, applies=zipped, weight=1
)
def _(start: Start, rng: Random) -> Changed:
    archive = _archive((_name(start), start.content))
    junk = rng.choice(
        (
            b"#!/bin/sh\nexit\n",
            rng.randbytes(70_000),
            b"\x00" * 22,
            archive,
            _END + b"\x00" * 18,
        )
    )
    return _in_zip(start, junk + archive if rng.random() < 0.5 else archive + junk)


@mutation("what is no zip under its name", ZIP, Expect.FAULT, applies=zipped, weight=1)
def _(start: Start, rng: Random) -> Changed:
    return _in_zip(
        start,
        rng.choice((b"", b"PK", start.content, rng.randbytes(500), _END + b"\x00" * 18)),
    )
