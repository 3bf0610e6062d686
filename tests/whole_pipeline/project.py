"""A copy of the project in an empty folder, to run the whole pipeline in."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Project:
    folder: Path

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the project's environment in the copy."""
        scripts = Path(sys.executable).parent
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DVC_", "GIT_", "PYTEST", "PARTNERSHIP"))
        }
        environment |= {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            # The copy's own code, not that of the checkout the tests run in.
            "PYTHONPATH": str(self.folder),
            "HOME": str(self.folder.parent),
            "DVC_SITE_CACHE_DIR": str(self.folder.parent / "site"),
            **settings,
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    def repro(self, *arguments: str) -> str:
        """Run `dvc repro`, which has to succeed, and give what it said."""
        done = self.run("dvc", "repro", *arguments)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    @contextmanager
    def parameters_changed(self, old: str, new: str) -> Iterator[None]:
        """Write another text into params.yaml, and the former one back afterwards."""
        path = self.folder / "params.yaml"
        before = path.read_text(encoding="utf-8")
        assert old in before
        path.write_text(before.replace(old, new), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def commit(self, message: str) -> None:
        for command in (
            ("git", "add", "-A"),
            ("git", "commit", "-q", "--allow-empty", "-m", message, "--no-verify"),
        ):
            done = self.run(*command)
            assert done.returncode == 0, done.stderr


def copy_of_project(
    folder: Path, *, primaries: int = 120, secondaries: int = 60
) -> Project:
    """Copy what Git would clone, with a smaller synthetic England."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source = ROOT / name
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    parameters = folder / "params.yaml"
    text = parameters.read_text(encoding="utf-8")
    text = text.replace("primary_schools: 1500", f"primary_schools: {primaries}")
    text = text.replace("secondary_schools: 400", f"secondary_schools: {secondaries}")
    parameters.write_text(text, encoding="utf-8")
    project = Project(folder)
    for command in (
        ("git", "init", "-q"),
        ("git", "config", "user.name", "A Tester"),
        ("git", "config", "user.email", "tester@example.org"),
    ):
        assert project.run(*command).returncode == 0
    project.commit("A copy")
    return project


def rerun(said: str) -> set[str]:
    """Name the stages that DVC ran, but for the one that looks in every run."""
    return set(re.findall(r"Running stage '([^']+)'", said)) - {"supply"}
