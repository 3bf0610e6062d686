"""Files whose bytes were spoilt: at random, cut off, in other encodings."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.fuzz.cases import Changed, Expect, Start, content_of, is_table, mutation
from tests.fuzz.columns import sheet
from tests.fuzz.grids import UnreadableError, bytes_of, row_ends, text_of

RAW = "bytes"
ENCODING = "encoding"
_BOM = b"\xef\xbb\xbf"
_NASTY = b'",;\t|\r\n\x00\xff\xfe\x1a\x85\xa0\xc2\xe2\x80-+.%=0123456789eE'


def _place(rng: Random, content: bytes) -> int:
    if not content:
        return 0
    # The header decides what everything below it means: it is hit more than its share.
    if rng.random() < 0.2:
        return rng.randrange(min(len(content), content.find(b"\n") + 2 or 1, 4000) or 1)
    return rng.randrange(len(content))


def flipped(content: bytes, rng: Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 50))):
        at = _place(rng, content)
        if not spoilt:
            return b"\x00"
        spoilt[at] = (
            rng.choice(_NASTY) if rng.random() < 0.5 else spoilt[at] ^ 1 << rng.randrange(8)
        )
    return bytes(spoilt)


def inserted(content: bytes, rng: Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 3))):
        at = _place(rng, content)
        some = bytes(rng.choice(_NASTY) for _ in range(rng.choice((1, 1, 1, 2, 40))))
        content = content[:at] + some + content[at:]
    return content


def deleted(content: bytes, rng: Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 3))):
        at = _place(rng, content)
        content = content[:at] + content[at + rng.choice((1, 1, 1, 2, 30, 3000)) :]
    return content


def moved(content: bytes, rng: Random) -> bytes:
    a, b = sorted(_place(rng, content) for _ in range(2))
    part = content[a : min(b, a + rng.choice((1, 10, 100, 5000)))]
    if rng.random() < 0.5:
        return content[:b] + part + content[b:]
    rest = content[:a] + content[a + len(part) :]
    at = rng.randrange(len(rest) + 1)
    return rest[:at] + part + rest[at:]


@mutation("bytes changed", RAW, Expect.TOLD, weight=8)
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, flipped(start.content, rng))


@mutation("bytes put in", RAW, Expect.TOLD, weight=5)
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, inserted(start.content, rng))


@mutation("bytes taken out", RAW, Expect.TOLD, weight=5)
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, deleted(start.content, rng))


@mutation("a stretch moved or doubled", RAW, Expect.TOLD, weight=2)
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, moved(start.content, rng))


@mutation("cut off at any byte", RAW, Expect.PART, weight=6)
def _(start: Start, rng: Random) -> Changed:
    end = (
        rng.choice((0, 1, 2, 3))
        if rng.random() < 0.05
        else rng.randrange(len(start.content))
    )
    return content_of(start, start.content[:end])


@mutation("cut off at the end of a row", RAW, Expect.PART, weight=3)
def _(start: Start, rng: Random) -> Changed:
    ends = row_ends(start.content)
    end = rng.choice(ends[:-1] or ends)
    with_end = rng.random() < 0.5
    kept = start.content[:end]
    return content_of(start, kept if with_end else kept.rstrip(b"\r\n"))


@mutation("NUL bytes", ENCODING, Expect.TOLD, weight=1)
def _(start: Start, rng: Random) -> Changed:
    content = start.content
    for _ in range(rng.choice((1, 1, 20))):
        at = rng.randrange(len(content) + 1)
        content = content[:at] + b"\x00" + content[at:]
    return content_of(start, content)


@mutation("a byte order mark added or taken", ENCODING, Expect.SAME, weight=1)
def _(start: Start, rng: Random) -> Changed:
    content = start.content
    if content.startswith(_BOM):
        return content_of(start, content.removeprefix(_BOM))
    # The mark says UTF-8: before letters of another encoding it makes a file of two.
    expects = None if _is_utf_8(content) else Expect.FAULT
    return replace(content_of(start, _BOM + content), expects=expects)


@mutation("byte order marks in the middle", ENCODING, Expect.TOLD, weight=1)
def _(start: Start, rng: Random) -> Changed:
    content = start.content
    ends = row_ends(content)
    at = rng.choice(ends) if rng.random() < 0.7 else rng.randrange(len(content))
    return content_of(start, content[:at] + _BOM + content[at:])


@mutation("another encoding of every letter", ENCODING, Expect.SAME, weight=1)
def _(start: Start, rng: Random) -> Changed:
    text = text_of(start.content)
    try:
        other = text.encode("cp1252" if _is_utf_8(start.content) else "utf-8")
        # A few letters in Windows-1252 are also a letter in UTF-8: then nothing can tell.
        if text_of(other) != text:
            other = start.content
    except (UnicodeEncodeError, UnreadableError):
        other = start.content
    return content_of(start, other)


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@mutation("half of it in another encoding", ENCODING, Expect.TOLD, weight=3)
def _(start: Start, rng: Random) -> Changed:
    text = text_of(start.content)
    ends = [match for match in range(len(text)) if text[match] == "\n"] or [len(text) // 2]
    at = rng.choice(ends) + 1
    first, second = text[:at], text[at:]
    accented = "É Ñ’œ " if rng.random() < 0.5 else ""
    coding = rng.choice(("cp1252", "utf-16", "utf-16-le", "utf-8-sig", "utf-32", "utf-7"))
    second = second.replace("School", accented + "School", 3)
    return content_of(
        start,
        first.encode("utf-8", errors="replace") + second.encode(coding, errors="replace"),
    )


@mutation("all of it in UTF-16 or UTF-32", ENCODING, Expect.TOLD, weight=1)
def _(start: Start, rng: Random) -> Changed:
    coding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32"))
    return content_of(start, text_of(start.content).encode(coding))


@mutation("lone surrogates and overlong letters", ENCODING, Expect.TOLD, weight=1)
def _(start: Start, rng: Random) -> Changed:
    some = rng.choice(
        (b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xc0\xaf", b"\xf8\x88\x80\x80\x80", b"\xff")
    )
    at = rng.randrange(len(start.content))
    return content_of(start, start.content[:at] + some + start.content[at:])


@mutation("other line endings", ENCODING, Expect.SAME, weight=2)
def _(start: Start, rng: Random) -> Changed:
    kind = rng.choice(("\r\n", "\n", "mixed"))
    return content_of(
        start,
        _with_ends(start, lambda: rng.choice(("\r\n", "\n")) if kind == "mixed" else kind),
    )


@mutation("line endings of the old Mac", ENCODING, Expect.SAME_OR_FAULT, weight=1)
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, _with_ends(start, lambda: "\r"))


def _with_ends(start: Start, end: Callable[[], str]) -> bytes:
    """Write the rows with other line endings; those within cells stay."""
    whole = sheet(start)
    rows = [
        bytes_of(replace(whole, rows=[row], mark=b"", line_end=end(), ends=True))
        for row in whole.rows
    ]
    content = whole.mark + b"".join(rows)
    return content if whole.ends else content.rstrip(b"\r\n")


@mutation("the last line ending added or taken", ENCODING, Expect.SAME_OR_FAULT, weight=1)
def _(start: Start, rng: Random) -> Changed:
    bare = start.content.rstrip(b"\r\n")
    return content_of(start, bare if bare != start.content else bare + b"\r\n")


@mutation("nothing but bytes", RAW, Expect.TOLD, weight=1)
def _(start: Start, rng: Random) -> Changed:
    kind = rng.randrange(4)
    content = (
        rng.randbytes(rng.choice((1, 100, 100_000)))
        if kind == 0
        else rng.choice(
            (b"", b"\n", b"\r\n\r\n", _BOM, b"\x00", b",", b'"', b",,,,\n,,,,\n")
        )
        if kind == 1
        else b"<!DOCTYPE html><html><body><h1>503</h1></body></html>\n"
        * rng.choice((1, 500))
        if kind == 2
        else b"%PDF-1.7\n" + rng.randbytes(2000)
    )
    return content_of(start, content)


assert is_table
