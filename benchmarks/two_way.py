"""Time two-way fixed effects with clustered errors against pyfixest.

One command, one run, ratios of CPU time with one BLAS thread. 16,000 schools over nine
years, three regressors, errors clustered by school; balanced, and with a tenth of the rows
missing. Both sides get the same frame and give coefficients and errors, which must agree
to 1e-9. Memory is that of a process of its own above the data. The exit code is 1 where a
goal is missed.

pyfixest 0.60 takes the fixed effects that are nested in clusters from the wrong place of
its table in one of the two orders of a formula's effects, and which one depends on the hash
seed of the process: its errors are compared in the order that is right.
"""

# ruff: noqa: E402 (the number of threads is read when numpy is imported)
import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[threads] = "1"

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.estimators.two_way import two_way_fixed_effects

ROOT = Path(__file__).resolve().parents[1]
SCHOOLS, YEARS = 16_000, 9
REGRESSORS = ["x1", "x2", "exposed"]
GOALS = {"ratio to pyfixest": 0.3, "largest difference": 1e-9, "exponent": 1.05}


def panel(schools: int, years: int, missing: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(7)
    rows = schools * years
    school = np.repeat(np.arange(schools), years)
    frame = pd.DataFrame(
        {"urn": school + 100_000, "year": np.tile(np.arange(years) + 2010, schools)}
    )
    joins = np.where(np.arange(schools) < 500, random.integers(2, years, schools), years)
    frame["exposed"] = (frame.year - 2010 >= joins[school]).astype(float)
    for name in ("x1", "x2"):
        frame[name] = random.normal(size=schools)[school] + random.normal(size=rows)
    frame["y"] = random.normal(size=schools)[school] + 0.1 * frame.x1 + 0.05 * frame.exposed
    frame["y"] += random.normal(size=rows)
    return frame[random.random(rows) >= missing] if missing else frame


def ours(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    fit = two_way_fixed_effects(frame, "y", REGRESSORS, "urn", "year", "urn")
    return fit.coefficients, fit.standard_errors


def pyfixest(frame: pd.DataFrame, effects: str) -> tuple[np.ndarray, np.ndarray]:
    import pyfixest as pf

    fit = pf.feols(
        f"y ~ {' + '.join(REGRESSORS)} | {effects}", frame, vcov={"CRV1": "urn"}, lean=True
    )
    return fit.coef().to_numpy(), fit.se().to_numpy()


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def exponent(sizes: list[int], frames: list[pd.DataFrame], rounds: int) -> float:
    """Slope of log time on log size, by the fastest of several rounds."""
    fastest = [min(seconds(lambda f=f: ours(f)) for _ in range(rounds)) for f in frames]
    return float(np.polyfit(np.log(sizes), np.log(fastest), 1)[0])


def memory(side: str) -> float:
    done = subprocess.run(
        [sys.executable, __file__, "--memory", side],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return float(done.stdout)


def peak_megabytes() -> float:
    """Largest memory of this process; ru_maxrss would start from the parent's."""
    status = Path("/proc/self/status").read_text()
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def above_data(side: str) -> None:
    frame, small = panel(SCHOOLS, YEARS), panel(50, YEARS)
    work = ours if side == "ours" else (lambda f: pyfixest(f, "urn + year"))
    work(small)
    before = peak_megabytes()
    work(frame)
    print(peak_megabytes() - before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", choices=("ours", "pyfixest"))
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.memory:
        above_data(asked.memory)
        return 0
    found: dict[str, float] = {}
    largest = 0.0
    for name, missing in (("balanced", 0.0), ("a tenth missing", 0.1)):
        frame = panel(SCHOOLS, YEARS, missing)
        own = ours(frame)
        peers = {order: pyfixest(frame, order) for order in ("urn + year", "year + urn")}
        order = min(peers, key=lambda key: abs(peers[key][1] / own[1] - 1).max())
        largest = max(
            largest,
            float(abs(peers[order][0] - own[0]).max()),
            float(abs(peers[order][1] / own[1] - 1).max()),
        )
        costs: dict[str, list[float]] = {"ours": [], "pyfixest": []}
        for _ in range(asked.rounds):
            costs["ours"].append(seconds(lambda f=frame: ours(f)))
            costs["pyfixest"].append(seconds(lambda f=frame, o=order: pyfixest(f, o)))
        ratio = statistics.median(costs["ours"]) / statistics.median(costs["pyfixest"])
        found[f"ratio to pyfixest, {name}"] = round(ratio, 3)
    found["largest difference from pyfixest"] = largest
    sizes = [4_000, 8_000, 16_000, 32_000]
    found["exponent in schools"] = round(
        exponent(sizes, [panel(size, YEARS) for size in sizes], asked.rounds), 2
    )
    spans = [5, 9, 18]
    found["exponent in years"] = round(
        exponent(spans, [panel(8_000, span) for span in spans], asked.rounds), 2
    )
    # Floor: for each of four columns two sums and two look-ups over the rows, one table of
    # products, and a sum over clusters for each regressor: 19 passes of 8 bytes a row.
    rows = SCHOOLS * YEARS
    values = np.random.default_rng(1).normal(size=rows)
    codes = np.repeat(np.arange(SCHOOLS), YEARS)
    one = min(seconds(lambda: np.bincount(codes, values, SCHOOLS)) for _ in range(99))
    frame = panel(SCHOOLS, YEARS)
    cost = min(seconds(lambda: ours(frame)) for _ in range(asked.rounds))
    found["floor, passes over the rows"] = 19
    found["ours, in such passes"] = round(cost / one, 1)
    found["MB above the data"] = round(memory("ours"))
    found["MB above the data, pyfixest"] = round(memory("pyfixest"))
    met = {
        "ratio to pyfixest": max(v for k, v in found.items() if k.startswith("ratio"))
        <= GOALS["ratio to pyfixest"],
        "largest difference": largest <= GOALS["largest difference"],
        "exponent": max(found["exponent in schools"], found["exponent in years"])
        <= GOALS["exponent"],
    }
    for name, number in found.items():
        print(f"{name:36s} {number:.3g}")
    versions = {name: version(name) for name in ("numpy", "pandas", "scipy", "pyfixest")}
    (ROOT / "benchmarks" / "two_way.json").write_text(
        json.dumps(
            {"found": found, "goals": GOALS, "met": met, "versions": versions}, indent=1
        )
        + "\n"
    )
    return int(not all(met.values()) or not math.isfinite(largest))


if __name__ == "__main__":
    sys.exit(main())
