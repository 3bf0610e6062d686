"""The files that cases start from: every real one beside the checkout, cut small.

Where a checkout has none beside it, the files of the synthetic England are taken. Files in
layouts of which no real one was at hand are made from real figures (`made`).
"""

import re
from functools import cache
from pathlib import Path

from tests.fuzz import made
from tests.fuzz.cases import Start
from tests.fuzz.grids import cut_workbook, row_ends

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data"
SYNTHETIC = ROOT / "data" / "england"
NO_REAL_FILES = "real downloads are not beside this checkout"
NOTHING_TO_READ = (
    "there are neither real downloads beside this checkout nor a synthetic England: "
    "run `make report` first"
)

_BYTES = 60_000
_MOST_TOTALS = 12
_ROWS_OF_WORKBOOK = 120
_URN = re.compile(rb'(?:^|[,"])[0-9]{6}(?:[,"]|$)')

# Readers of each real file, by its path: the first that fits, and others besides.
_READERS = (
    (r"dfe(?:_national)?/.*_ks[245](?:final|provisional)\.csv", ("performance",)),
    (r"dfe/.*/england_(?:census|abs|ks4-pupdest)\.csv", ("context",)),
    (r"dfe/.*/england_ks4-mats-performance\.csv", ("trusts",)),
    (r"gias/(?:links_edubasealldata|trust_links)\.csv", ("gias",)),
    (r"gias/.*spine\.xlsx", ("gias",)),
    (r"ofsted/.*\.xlsx", ("ofsted",)),
    (r"registers/.*/partners\.csv", ("register",)),
    (r".*abbreviations\.xlsx", ("workbook",)),
    (r".*\.csv", ("plain",)),
)
_STAGES = (
    r"dfe/2018-2019/(?:850_ks2final|936_ks4final)\.csv|dfe/2016-2017/england_ks5final\.csv"
    r"|dfe_national/2018-2019/england_ks4final\.csv"
)
_ALSO = (
    (
        r"dfe/(?:2018-2019/(?:850_ks2final|936_ks4final|england_abs|england_ks4-pupdest)"
        r"|2024-2025/england_census|2022-2023/(?:england_ks5final|england_ks4-mats.*)"
        r"|2023-2024/ks4_school_info_2024)\.csv",
        "drift",
    ),
    (
        r"dfe/(?:2024-2025/england_census|201[678]-201[789]/850_ks2final"
        r"|2018-2019/936_ks4final)\.csv",
        "corrections",
    ),
    (_STAGES, "stage"),
)
_ASIDE = ("drift", "corrections", "stage")
"""Readers of files that another reader reads too; the name of the start says which."""
_TEXTS = {
    "stage": ("SCHNAME",),
    "performance": ("SCHNAME",),
    "context": ("SCHNAME",),
    "trusts": ("TRUST_NAME",),
    "gias": ("LINKNAME", "GROUP NAME", "ESTABLISHMENTNAME"),
    "register": ("NAME", "HUB"),
}


@cache
def all_starts() -> dict[str, Start]:
    """Every file to start from, by its name, in a fixed order."""
    found = _real() if REAL.is_dir() else _synthetic()
    return {start.name: start for start in found}


def why_not_real() -> str | None:
    """Say why real files are left out, None where they are there."""
    return None if REAL.is_dir() else NO_REAL_FILES


def _real() -> list[Start]:
    found = []
    for path in sorted(REAL.rglob("*")):
        shown = path.relative_to(REAL).as_posix()
        named = [names for pattern, names in _READERS if re.fullmatch(pattern, shown)]
        if not path.is_file() or not named:
            continue
        content = path.read_bytes()
        also = [reader for pattern, reader in _ALSO if re.fullmatch(pattern, shown)]
        found += [_start(shown, reader, content) for reader in (*named[0], *also)]
    whole = {
        path.relative_to(REAL).as_posix(): path.read_bytes()
        for path in sorted(REAL.rglob("*"))
        if path.suffix in (".csv", ".xlsx") and path.stat().st_size < 4_000_000
    }
    return [*found, *made.starts(whole, cut)]


def _synthetic() -> list[Start]:
    downloads = sorted((SYNTHETIC / "downloads").glob("*/*.csv"))
    registers = sorted((SYNTHETIC / "registers").glob("*.csv"))
    found = []
    for path in [*downloads, *registers]:
        shown = path.relative_to(SYNTHETIC).as_posix()
        is_context = re.search(r"_(?:census|abs|ks4-pupdest)\.csv", shown)
        reader = (
            "register"
            if path.parent.name == "registers"
            else "performance"
            if re.search(r"_ks[245](?:final|provisional)\.csv", shown)
            else "context"
            if is_context
            else "plain"
        )
        says = made.PROGRAMME if path.name == "programmes.csv" else ""
        found.append(_start(shown, reader, path.read_bytes(), says))
    return found


def _start(shown: str, reader: str, content: bytes, says: str = "") -> Start:
    path = Path(shown)
    is_workbook = path.suffix == ".xlsx"
    # A table of the department stands in the folder of its year; what it is, its name says.
    dated = re.fullmatch(r"20\d\d-20\d\d", path.parent.name)
    place = f"{path.parent.name}/{path.name}" if dated else path.name
    return Start(
        name=shown if reader not in _ASIDE else f"{shown} ({reader})",
        reader=reader,
        place=place,
        content=cut_workbook(content, _ROWS_OF_WORKBOOK) if is_workbook else cut(content),
        texts=_TEXTS.get(reader, ()),
        says=says,
    )


def cut(content: bytes, most: int = _BYTES) -> bytes:
    """Keep the header, some totals, and schools evenly spread over the file.

    Rows are kept byte for byte and in their order. The end is as it was, with a line
    ending or without.
    """
    if len(content) <= most:
        return content
    ends = row_ends(content)
    rows = [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    header, body = rows[0], rows[1:]
    totals = [n for n, row in enumerate(body) if not _URN.search(row.rstrip())]
    totals = [*totals[: _MOST_TOTALS // 2], *totals[-_MOST_TOTALS // 2 :]]
    left = most - len(header) - sum(len(body[n]) for n in set(totals))
    others = [n for n in range(len(body)) if n not in set(totals)]
    mean = sum(map(len, body)) / len(body)
    count = max(int(left / mean), 8)
    spread = {others[k * len(others) // count] for k in range(count)} if others else set()
    kept = b"".join(body[n] for n in sorted({*totals, *spread}))
    if content[-1:] not in (b"\r", b"\n"):
        return (header + kept).rstrip(b"\r\n")
    if kept[-1:] not in (b"\r", b"\n"):
        kept += b"\r\n" if b"\r\n" in content else b"\n"
    return header + kept
