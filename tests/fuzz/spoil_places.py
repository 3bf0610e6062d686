"""Places where something else than a file stands, and files of other names."""

from pathlib import PurePosixPath
from random import Random

from tests.fuzz.cases import Changed, Expect, Start, mutation
from tests.fuzz.spoil_tables import any_start

PLACES = "places"


def _instead(start: Start, what: str) -> Changed:
    return Changed(
        b"", dict(start.beside), special={start.place: what}, expects=Expect.FAULT
    )


@mutation("a folder, link, pipe or device in the file's place", PLACES, Expect.FAULT,
          applies=any_start, weight=3)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    return _instead(
        start,
        rng.choice(
            (
                "folder",
                "link:nowhere",
                "link:itself",
                "pipe",
                "link:/dev/zero",
                "link:/dev/null",
            )
        ),
    )


@mutation("odd files beside it", PLACES, Expect.SAME_OR_FAULT, applies=any_start, weight=2)
def _(start: Start, rng: Random) -> Changed:
    folder = PurePosixPath(start.place).parent
    name = rng.choice(
        ("\x1b[31m.csv", "line\nbreak.csv", "<b>bold.csv", "=1+1.csv", "\udcff\udcfe.csv",
         "\u202evsc.csv",
         "x" * 200 + ".csv", "~$list.xlsx", "._england_ks4final.csv", ".csv", " .csv", "a.csv.exe",
         "Thumbs.db", "\udcff.zip", "a\nb.zip", "x.xlsx", "y.zip")
    )  # fmt: skip
    content = rng.choice(
        (b"", b"\x00" * 100, start.content[:5_000], b"A,B\n1,2\n", rng.randbytes(100))
    )
    files = {
        start.place: start.content,
        (folder / name).as_posix(): content,
        **start.beside,
    }
    special = {}
    if rng.random() < 0.3:
        files.pop((folder / name).as_posix())
        special[(folder / name).as_posix()] = rng.choice(
            ("folder", "link:nowhere", "link:itself", "pipe", "link:/dev/zero", "link:..")
        )
    return Changed(start.content, files, special=special)
