"""Real downloads where they are beside this checkout, read by csv and plain Python."""

import csv
import io
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


@cache
def read_raw(shown: str) -> list[dict[str, str]]:
    """Read a download as rows of text, without any of the pipeline's own code."""
    content = (SHARED / shown).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline=""), restval=""))


def as_number(cell: str | None) -> float | None:
    """Read a number, or None for a code or a blank."""
    try:
        return float((cell or "").strip().rstrip("%"))
    except ValueError:
        return None


@pytest.fixture(scope="session")
def shared_data():
    """Folder of real downloads."""
    if not SHARED.is_dir():
        pytest.skip("real downloads are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def raw(shared_data):
    """Read one raw file: raw('dfe/2018-2019/936_ks4final.csv')."""
    return read_raw


@pytest.fixture(scope="session")
def plain():
    """Read one cell as a number or None."""
    return as_number


@pytest.fixture(scope="session")
def real_run(make_project, shared_data, tmp_path_factory):
    """Run the pipeline once on a folder of downloads: cleaned tables and estimates."""

    @cache
    def run_once(downloads, release):
        registers = str(shared_data / "registers" / "united-learning")
        folder = tmp_path_factory.mktemp(f"{downloads}-{release}")
        with make_project(folder, str(shared_data / downloads), registers) as project:
            project.settings["years"] = {"first": 2016, "last": 2019}
            project.settings["sources"]["release"] = release
            cleaned = {ks: project.clean(ks) for ks in ("ks2", "ks4")}
            # No Hampshire or Surrey school is United Learning's in those years.
            compared = None
            if (downloads, release) != ("dfe", "final"):
                compared = project.compare()
            return cleaned, compared

    def run(downloads, release="final"):
        return run_once(downloads, release)

    return run
