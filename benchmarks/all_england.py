"""Time all of England, three key stages and nine years, beside polars reading the files.

The synthetic England is made at full size (17,000 primary and 3,400 secondary schools), and
each step reads it in a process of its own, as the stages do. The peer reads the same result
tables with polars, all columns, and does nothing else: no check, no reason for a gap, no
key. The exit code is 1 where reading, linking and following take more than a minute or one
step more than 2 GB.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
MOST_SECONDS, MOST_MEGABYTES = 60, 2000
STEPS = ("england", "link", "ks2", "ks4", "ks5", "follow", "polars")


def step(name: str) -> None:
    """Do one step and print its CPU and wall time and its largest memory."""
    # Imported here: the peer's process must not pay for ours.
    if name == "polars":
        import polars

        cpu, wall = time.process_time(), time.perf_counter()
        for path in sorted(Path("data/england/downloads").rglob("england_ks*.csv")):
            polars.read_csv(path, infer_schema_length=0, encoding="utf8-lossy")
    else:
        from pipeline.england.__main__ import main as make_england
        from pipeline.run import parameters
        from pipeline.schools import follow, link
        from pipeline.sources import clean

        asked = parameters.load()
        cpu, wall = time.process_time(), time.perf_counter()
        if name == "england":
            make_england()
        elif name == "link":
            link.write(link.link(asked))
        elif name == "follow":
            evaluation = next(iter(asked.evaluations))
            follow.write(follow.follow(evaluation, asked), evaluation)
        else:
            clean.write(clean.clean(name, asked), name)
    found = {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(found))


def main() -> int:
    """Run every step in turn and print what it cost, as ratios to the peer too."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "dvc.yaml").write_text("")
        (folder / "data").mkdir()
        (folder / "data" / "reference").symlink_to(ROOT / "data" / "reference")
        settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        settings["england"] |= {"primary_schools": 17_000, "secondary_schools": 3_400}
        (folder / "params.yaml").write_text(yaml.safe_dump(settings))
        cost = {name: _measured(name, folder) for name in STEPS}
    ours = [cost[name] for name in STEPS if name not in ("england", "polars")]
    told = {
        "seconds of wall time, link to follow": round(sum(c["wall"] for c in ours), 1),
        "largest memory, MB": round(max(c["megabytes"] for c in ours)),
        "ratio to polars reading all columns as text, CPU": round(
            sum(c["cpu"] for c in ours) / cost["polars"]["cpu"], 1
        ),
        "seconds of wall time by step": {n: round(c["wall"], 1) for n, c in cost.items()},
    }
    text = json.dumps(told, indent=1)
    sys.stdout.write(text + "\n")
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    slow = told["seconds of wall time, link to follow"] > MOST_SECONDS
    return int(slow or told["largest memory, MB"] > MOST_MEGABYTES)


def _measured(name: str, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, name],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PARTNERSHIP_ROOT": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        step(sys.argv[1])
    else:
        sys.exit(main())
