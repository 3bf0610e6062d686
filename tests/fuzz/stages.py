"""A spoilt table on its way through the stage that reads it, contracts and Parquet included."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from pipeline.contracts import promise
from pipeline.contracts.results import AGGREGATES, RESULTS, SCHOOLS
from pipeline.quality import coherence, completeness
from pipeline.quality.published import read_years
from pipeline.run import locations, parameters
from pipeline.schools import link
from pipeline.sources import clean
from tests.fuzz.starts import ROOT

SHOWN = "downloads"
_MATERIAL = 0.01
_NAME = re.compile(r"_(ks[245])(final|provisional)\.csv")


@contextmanager
def _project(downloads: Path, release: str) -> Iterator[parameters.Parameters]:
    """Work in a project of its own, beside the downloads that it reads."""
    folder = downloads.parent / f"project of {downloads.name}"
    shutil.copytree(ROOT / "data" / "reference", folder / "data" / "reference")
    (folder / "dvc.yaml").write_text("")
    (folder / SHOWN).symlink_to(downloads)
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    settings["sources"] = {"folder": SHOWN, "release": release}
    settings["sources"] |= {"gias": None, "ofsted": None, "context": None}
    settings["years"] = {"first": 2016, "last": 2024}
    before = os.environ.get("PARTNERSHIP_ROOT")
    os.environ["PARTNERSHIP_ROOT"] = str(folder)
    locations.root.cache_clear()
    try:
        yield parameters.check(settings)
    finally:
        os.environ.pop("PARTNERSHIP_ROOT")
        if before is not None:
            os.environ["PARTNERSHIP_ROOT"] = before
        locations.root.cache_clear()
        shutil.rmtree(folder)


def table_of(place: str) -> tuple[str, str]:
    """The key stage and release of a table, by its name; of a made one, by its words."""
    found = _NAME.search(place)
    if found:
        return found[1], found[2]
    stage = re.search("ks[245]", place)
    assert stage
    return stage[0], "final"


def cleaned(downloads: Path, place: str) -> Any:
    """Read one table by the stage `clean`, write what it promises, and read that again."""
    key_stage, release = table_of(place)
    with _project(downloads, release) as settings:
        link.write(link.link(settings))
        clean.write(clean.clean(key_stage, settings), key_stage)  # type: ignore[arg-type]
        [file] = clean.read_inventory(key_stage)["files"]  # type: ignore[arg-type]
        tables = {
            name: promise.read(getattr(locations, name)(key_stage), contract)
            for name, contract in (
                ("results", RESULTS),
                ("schools", SCHOOLS),
                ("aggregates", AGGREGATES),
            )
        }
    return SimpleNamespace(**tables, rows=file["rows"])


def checks_that_fail(downloads: Path, place: str) -> set[str]:
    """Name the checks of data quality that a table fails, figures against each other."""
    key_stage, release = table_of(place)
    with _project(downloads, release) as settings:
        link.write(link.link(settings))
        clean.write(clean.clean(key_stage, settings), key_stage)  # type: ignore[arg-type]
        checks = [
            check
            for year in read_years(key_stage, downloads)  # type: ignore[arg-type]
            for check in (
                *completeness.checks_of_files(year),
                *coherence.checks_of_figures(year),
            )
        ]
    return {
        f"{check['check']}, {check['about']}"
        for check in checks
        if check["failed"] > 1 and check["failed"] >= _MATERIAL * check["examined"]
    }
