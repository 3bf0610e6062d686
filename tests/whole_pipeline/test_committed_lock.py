"""The committed results are those of the committed code and parameters."""

import subprocess

import pytest

from tests.whole_pipeline.project import ROOT, Project, rerun

pytestmark = pytest.mark.pipeline


def test_on_a_fresh_clone_nothing_is_stale_though_no_data_are_there(tmp_path):
    clone = Project(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone.folder)], check=True)
    assert not (clone.folder / "data" / "results").exists()
    assert rerun(clone.repro("--dry", "--allow-missing")) == set()
