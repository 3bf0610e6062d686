"""Write the synthetic England: `python -m pipeline.england`."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.england import (
    context,
    establishments,
    gias,
    ofsted,
    registers,
    tables,
    trusts,
    truth,
    world,
)
from pipeline.england.trusts import AS_AT
from pipeline.measures.catalogue import folder_of_year
from pipeline.run import locations, parameters

NOTE = """# Synthetic: made up from end to end

Everything beside this note is made up by `pipeline/england`: schools, places, pupils,
results and memberships. No school, pupil or figure is real, and nothing here says
anything of England. Numbers that no real school has (URNs from 900000, authorities
from 400) keep the two apart. The layout and the codes are those of the government's own
files, so that the pipeline meets here what it meets there.

A report that was made from this folder says so. `truth.json`, beside the folders, tells
what was planted, and so what an honest analysis should find.

Files in this folder are replaced whenever it is made anew; files of an England of another
size or world are removed. Keep nothing of your own here.
"""
FOLDERS = ("downloads", "registers", "gias", "ofsted")
_MADE_HERE = re.compile(
    r"downloads/20\d\d-20\d\d/england_[a-z0-9-]+\.csv|registers/[a-z]+\.csv"
    r"|gias/[a-z_]+\d*\.csv|ofsted/[\w -]+\.csv|.*/SYNTHETIC\.md|.*\.part"
)
"""Names that this module gives, now or in other sizes and worlds."""


def write(england: world.World, folder: Path) -> list[Path]:
    """Write downloads, registers and the planted truth; return the files written.

    Each file is written whole or not at all. Files that an earlier England left in the
    folder and this one does not have are removed; nothing else is.
    """
    written = []
    for place, content in _files(england):
        _replace(folder / place, content)
        written.append(folder / place)
    for name in FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            is_ours = _MADE_HERE.fullmatch(path.relative_to(folder).as_posix())
            if path.is_file() and is_ours and path not in written:
                path.unlink()
    return written


def _files(england: world.World) -> Iterator[tuple[str, bytes]]:
    """Give each file's place and content, one at a time: together they are large."""
    for name in FOLDERS:
        yield f"{name}/SYNTHETIC.md", NOTE.encode()
    yield "registers/partners.csv", registers.partners(england).encode()
    yield "registers/programmes.csv", registers.programmes(england).encode()
    told = json.dumps(truth.planted(england), indent=1, ensure_ascii=False)
    yield "truth.json", f"{told}\n".encode()
    for key_stage in england.schools:
        for year, content in tables.download(england, key_stage):
            yield f"downloads/{folder_of_year(year)}/england_{key_stage}final.csv", content
    for year, table, content in context.downloads(england):
        yield f"downloads/{folder_of_year(year)}/england_{table}.csv", content
    listed, members = establishments.draw(england), trusts.draw(england)
    day = f"{AS_AT:%Y%m%d}"
    register = gias.establishments(england, listed, members)
    yield f"gias/edubasealldata{day}.csv", register
    yield f"gias/links_edubasealldata{day}.csv", gias.links(england, listed)
    yield "gias/trust_links.csv", gias.trust_links(members)
    for snapshot, content in ofsted.outcomes(england, listed):
        yield f"ofsted/{snapshot.name}", content


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    # `Path.replace` is `os.replace`: no reader ever meets half a file.
    beside.replace(path)


def main() -> None:
    """Write the England that `params.yaml` describes."""
    wanted = parameters.load().england
    england = world.build(
        wanted.seed,
        primary_schools=wanted.primary_schools,
        secondary_schools=wanted.secondary_schools,
        world=wanted.world,
    )
    write(england, locations.england())


if __name__ == "__main__":
    main()
