"""The first stage: parameters and folders are checked before anything runs."""

import sys

from pipeline.contracts import promise
from pipeline.run import locations, parameters
from pipeline.run.faults import Fault
from pipeline.run.parameters import Parameters

MADE_BY_ENGLAND = ("downloads", "registers", "gias", "ofsted")
"""Folders that the synthetic England makes before any stage reads them."""


def check() -> None:
    """Check the parameters and that the folders they name are there.

    Writes the reference of all parameters, on which every other stage depends: that is
    what makes this stage the first. Raises Fault before any other stage has begun.
    """
    asked = parameters.load()
    refuse_missing_folders(asked)
    promise.write_text(parameters.describe(), locations.parameters_page())


def refuse_missing_folders(asked: Parameters) -> None:
    """Stop where a folder named by the parameters is not there.

    The synthetic England's own folders are made by the run itself.
    """
    optional = {f"sources.{k}": v for k, v in asked.sources.optional.items()}
    named = {
        "sources.folder": asked.sources.folder,
        "registers.folder": asked.registers.folder,
    } | {key: folder for key, folder in optional.items() if folder is not None}
    for key, folder in named.items():
        path = (locations.root() / folder).resolve()
        made = path.parent == locations.england() and path.name in MADE_BY_ENGLAND
        if made or path.is_dir():
            continue
        raise Fault(
            f"{key}: no folder {folder}\n"
            "  expected: a folder, seen from the project's own folder\n"
            f"  what to do: correct {key} in params.yaml (git checkout params.yaml "
            "brings the defaults back)"
        )


if __name__ == "__main__":
    try:
        check()
    except Fault as fault:
        sys.exit(f"Error: {fault}\n  nothing was run; earlier results stay as they were")
