"""Time the pipeline against the same notebooks run one after another by plain papermill.

One command (`make bench`), one run, ratios: a machine's speed cancels. Plain papermill has
no memory of what is fresh, so its no-op and one-change runs are its cold run again.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float

    def __truediv__(self, other: "Cost") -> str:
        return f"{self.wall / other.wall:.2f} wall, {self.cpu / other.cpu:.2f} CPU"


def timed(*commands: list[str], folder: Path) -> Cost:
    environment = os.environ | {
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "PARTNERSHIP_ROOT": str(folder),
        "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    for command in commands:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(
        wall=time.perf_counter() - start,
        cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def copy_of_project(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for command in (
        ["git", "init", "-q"],
        ["dvc", "config", "core.no_scm", "true", "--local"],
    ):
        timed(command, folder=folder)


def plain_papermill(folder: Path) -> list[list[str]]:
    """The commands of the same stages in the same order, with papermill's own engine."""
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    evaluations = list(yaml.safe_load((folder / "params.yaml").read_text())["evaluations"])
    commands: list[list[str]] = []
    for stage in stages.values():
        each = stage.get("foreach", [""])
        for key in each if isinstance(each, list) else evaluations:
            text = stage.get("do", stage)["cmd"]
            text = text.replace("${item}", key).replace("${key}", key)
            text = text.replace("--engine partnership ", "-k python3 --no-progress-bar ")
            commands.append(text.split())
    return commands


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", help="a folder of real downloads")
    parser.add_argument("--registers", help="the folder of the members' register")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        ours, plain = Path(place) / "ours", Path(place) / "plain"
        for folder in (ours, plain):
            folder.mkdir()
            copy_of_project(folder)
        (plain / "reports/runs").mkdir(parents=True)
        repro = ["dvc", "repro"]
        costs = {
            "plain papermill, one after another": timed(
                *plain_papermill(plain), folder=plain
            ),
            "dvc repro, cold": timed(repro, folder=ours),
            "dvc repro, nothing changed": timed(repro, folder=ours),
        }
        parameters = ours / "params.yaml"
        text = parameters.read_text()
        parameters.write_text(text.replace("title: Growing the Top", "title: Growing"))
        costs["dvc repro, one title changed"] = timed(repro, folder=ours)
        parameters.write_text(text)
        costs["dvc repro, back to the old title"] = timed(repro, folder=ours)
        if asked.sources:
            for key, folder in (("sources", asked.sources), ("registers", asked.registers)):
                text = text.replace(
                    f"folder: data/england/{'downloads' if key == 'sources' else 'registers'}",
                    f"folder: {Path(folder).resolve()}",
                )
            parameters.write_text(text)
            costs["dvc repro, real tables"] = timed(repro, folder=ours)
    base = costs["plain papermill, one after another"]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    for name, cost in costs.items():
        print(f"{name:38s} {cost.wall:7.1f} s  {cost.cpu:7.1f} CPU s  ratio {cost / base}")
    print(f"largest process: {peak:.0f} MB")
    (ROOT / "benchmarks" / "pipeline_runs.json").write_text(
        json.dumps(
            {
                n: {"wall": round(c.wall / base.wall, 2), "cpu": round(c.cpu / base.cpu, 2)}
                for n, c in costs.items()
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
