"""Which code made an output: a hash of the files that its stage depends on."""

import hashlib
from pathlib import Path

import yaml

from pipeline.run import locations

CODE_FOLDERS = ("pipeline/", "notebooks/")
IGNORED = {"__pycache__", ".ipynb_checkpoints"}


def code_of(stage: str) -> list[Path]:
    """List the code files among the dependencies that `dvc.yaml` gives a stage."""
    stages = yaml.safe_load((locations.root() / "dvc.yaml").read_text(encoding="utf-8"))
    entry = stages["stages"][stage]
    files: set[Path] = set()
    for dependency in entry.get("do", entry)["deps"]:
        if not str(dependency).startswith(CODE_FOLDERS):
            continue
        path = locations.root() / dependency
        found = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
        files |= {p for p in found if not IGNORED & set(p.parts)}
    return sorted(files)


def code_hash(stage: str) -> str:
    """Hash the code of a stage: names and contents, whatever the Git commit.

    A Git commit would make every report stale as soon as it is committed.
    """
    whole = hashlib.sha256()
    for path in code_of(stage):
        whole.update(locations.shown(path).encode() + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
