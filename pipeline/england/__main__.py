"""Write the synthetic England: `python -m pipeline.england`."""

import json
import os
from pathlib import Path

from pipeline.england import registers, tables, truth, world
from pipeline.measures.catalogue import folder_of_year
from pipeline.run import locations, parameters

NOTE = """# Synthetic: made up from end to end

Everything beside this note is made up by `pipeline/england`: schools, places, pupils,
results and memberships. No school, pupil or figure is real, and nothing here says
anything of England. Numbers that no real school has (URNs from 900000, authorities
from 400) keep the two apart. The layout and the codes are those of the Department for
Education's performance tables, so that the pipeline meets here what it meets there.

A report that was made from this folder says so. `truth.json`, beside the folders, tells
what was planted, and so what an honest analysis should find.
"""


def write(england: world.World, folder: Path) -> list[Path]:
    """Write downloads, registers and the planted truth; return the files written."""
    files: dict[str, bytes] = {
        "downloads/SYNTHETIC.md": NOTE.encode(),
        "registers/SYNTHETIC.md": NOTE.encode(),
        "registers/partners.csv": registers.partners(england).encode(),
        "registers/programmes.csv": registers.programmes(england).encode(),
        "truth.json": (
            json.dumps(truth.planted(england), indent=1, ensure_ascii=False) + "\n"
        ).encode(),
    }
    for key_stage in england.schools:
        for year, content in tables.download(england, key_stage).items():
            place = f"downloads/{folder_of_year(year)}/england_{key_stage}final.csv"
            files[place] = content
    for place, content in files.items():
        _replace(folder / place, content)
    return [folder / place for place in files]


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
    )
    write(england, locations.england())


if __name__ == "__main__":
    main()
