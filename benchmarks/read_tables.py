"""Time the reading of nine national key stage 4 tables against polars reading all of them.

One command, one run, ratios of CPU time: a machine's speed cancels. Both sides run in
turn, each time in a process of its own, so that its largest memory can be told. polars
turns every column into numbers and forgets which code stood where there is none; ours
reads the columns of the catalogue, checks each cell and keeps the code as a reason. The
exit code is 1 where ours is slower than polars, needs more than 500 MB, or takes more than
its share where the number of files grows.
"""

import argparse
import importlib
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCHOOLS, COLUMNS, FILES, FEW = 5_500, 400, 9, 3
CODES = ("SUPP", "NE", "NA", "NP", "LOWCOV", "NEW")
SHARE_OF_CODES = 0.12
MOST_MEGABYTES = 500
MOST_PER_FILE = 1.1
"""Growth of time over growth of files that still counts as linear."""


def make(folder: Path, files: int) -> None:
    """Write tables as the department's: names, codes, percentages, short rows."""
    from pipeline.measures import ks4
    from pipeline.measures.catalogue import folder_of_year

    of_catalogue = {
        name
        for measure in ks4.MEASURES
        for columns in measure.columns.values()
        for name in (columns.value, *columns.pupils, columns.low, columns.high)
        if name is not None
    }
    about = ["RECTYPE", "LEA", "ESTAB", "URN", "SCHNAME", "NFTYPE"]
    known = sorted(of_catalogue)
    others = [f"OTHER{i}" for i in range(COLUMNS - len(about) - len(known))]
    random.seed(4)
    values = {
        "percent": [f"{n}%" for n in range(101)],
        "score": [f"{n / 10:.1f}" for n in range(10, 80)],
        "pupils": [str(n) for n in range(1, 300)],
        "progress": [f"{n / 100:.2f}" for n in range(-200, 200)],
    }

    def kind(name: str) -> str:
        if name.startswith("P8PUP") or name in {p for p in known if p[0] in "TGB"}:
            return "pupils"
        if name.startswith("P8"):
            return "progress"
        if name.startswith(("ATT8", "EBACCAPS")):
            return "score"
        return "percent" if name.startswith("P") or len(name) % 3 == 0 else "score"

    header = [*about, *known, *others]
    pools = [values[kind(name)] for name in header[len(about) :]]
    for year in range(2019, 2019 - files, -1):
        lines = [",".join(header)]
        for number in range(SCHOOLS):
            cells = [
                random.choice(CODES)
                if random.random() < SHARE_OF_CODES
                else random.choice(pool)
                for pool in pools
            ]
            about_it = ["1", "850", "4000", str(100_000 + number), f"School {number}"]
            lines.append(",".join([*about_it, "ACC", *cells]))
        path = folder / folder_of_year(year) / "england_ks4final.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


def ours(folder: Path, target: Path) -> None:
    import pandas as pd
    from pandas.api.types import union_categoricals

    from pipeline.sources import performance_tables

    parts = [
        performance_tables.read(download).results
        for download in performance_tables.find(folder, "downloads")
    ]
    table = {
        name: union_categoricals([part[name] for part in parts])
        if isinstance(parts[0][name].dtype, pd.CategoricalDtype)
        else pd.concat([part[name] for part in parts], ignore_index=True)
        for name in parts[0].columns
    }
    pd.DataFrame(table, copy=False).to_parquet(target, index=False)


def polars(folder: Path, target: Path) -> None:
    import polars as pl

    parts = []
    for path in sorted(folder.glob("*/england_ks4final.csv")):
        cells = pl.read_csv(path, infer_schema_length=0)
        texts = {"SCHNAME", "NFTYPE"}
        parts.append(
            cells.with_columns(
                pl.col(name).str.strip_chars(" %").cast(pl.Float64, strict=False)
                for name in cells.columns
                if name not in texts
            )
        )
    pl.concat(parts).write_parquet(target)


SIDES: dict[str, Callable[[Path, Path], None]] = {"ours": ours, "polars": polars}
LIBRARIES = {
    "ours": ("pandas", "pipeline.sources.performance_tables"),
    "polars": ("polars",),
}


def work(side: str, folder: Path) -> None:
    """Do one side's work once; print its CPU seconds and its largest memory in MB."""
    for library in LIBRARIES[side]:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as place:
        start = time.process_time()
        SIDES[side](folder, Path(place) / "results.parquet")
        cpu = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": cpu, "peak": peak}))


def once(side: str, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    cost: dict[str, float] = json.loads(done.stdout)
    return cost


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    if asked.side:
        work(asked.side, asked.folder)
        return 0
    with tempfile.TemporaryDirectory() as place:
        all_of_them, few = Path(place) / "nine", Path(place) / "three"
        make(all_of_them, FILES)
        make(few, FEW)
        costs: dict[str, list[dict[str, float]]] = {"ours": [], "polars": [], "few": []}
        for _ in range(asked.rounds):
            for side in SIDES:
                costs[side].append(once(side, all_of_them))
            costs["few"].append(once("ours", few))
    cpu = {name: statistics.median(c["cpu"] for c in cost) for name, cost in costs.items()}
    peak = {name: max(c["peak"] for c in cost) for name, cost in costs.items()}
    found = {
        "ratio to polars, CPU": round(cpu["ours"] / cpu["polars"], 2),
        "largest memory, MB": round(peak["ours"]),
        "largest memory of polars, MB": round(peak["polars"]),
        "time by files": round(cpu["ours"] / cpu["few"] / (FILES / FEW), 2),
    }
    for name, number in found.items():
        print(f"{name:32s} {number}")
    (ROOT / "benchmarks" / "read_tables.json").write_text(
        json.dumps(found, indent=1) + "\n"
    )
    return int(
        found["ratio to polars, CPU"] > 1
        or found["largest memory, MB"] > MOST_MEGABYTES
        or found["time by files"] > MOST_PER_FILE
    )


if __name__ == "__main__":
    sys.exit(main())
