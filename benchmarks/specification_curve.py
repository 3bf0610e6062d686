"""Time 300 specifications in one curve against the same fits one after another.

One command, one run, ratios of CPU time with one BLAS thread. 4,000 schools over nine
years (36,000 rows), 20 outcomes, three sets of covariates, five samples (three spans of
years, one choice of controls, one of weights). One by one means our own estimator of one
regression on the rows of each specification. The permutation test is timed by the clock,
once on one process and once on two, at the size of England's secondary schools. The exit
code is 1 where a goal is missed.
"""

# ruff: noqa: E402 (the number of threads is read when numpy is imported)
import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[threads] = "1"

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.challenges.specification_curve import (
    Specification,
    curve,
    grid,
    permutation_test,
)
from pipeline.estimators.two_way import two_way_fixed_effects

ROOT = Path(__file__).resolve().parents[1]
SCHOOLS, YEARS = 4_000, 9
GOALS = {"ratio to one by one": 0.1, "largest difference": 1e-9, "exponent": 1.05}
NAMES = {"unit": "urn", "time": "year", "cluster": "trust"}


def panel(schools: int) -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = schools * YEARS
    school = np.repeat(np.arange(schools), YEARS)
    frame = pd.DataFrame(
        {"urn": school + 100_000, "year": np.tile(np.arange(YEARS) + 2010, schools)}
    )
    frame["trust"] = school // 2
    trusts = np.arange(schools) // 2
    joins = np.where(trusts % 20 == 0, 2012.0 + trusts // 20 % 6, np.nan)
    frame["joined"] = joins[school]
    frame["near"] = (random.random(schools) < 0.6)[school]
    frame["pupils"] = random.integers(20, 200, schools)[school].astype(float)
    for name in ("c0", "c1", "c2"):
        frame[name] = random.normal(size=rows)
    level = random.normal(size=schools)[school]
    for outcome in range(20):
        frame[f"y{outcome}"] = level + 0.1 * frame.c0 + random.normal(size=rows)
    return frame


def three_hundred() -> list[Specification]:
    shared = {
        "outcome": [f"y{n}" for n in range(20)],
        "members": ["joined"],
        "covariates": [(), ("c0",), ("c0", "c1", "c2")],
    }
    spans = [None, tuple(range(2011, 2019)), tuple(range(2010, 2017))]
    return [
        *grid(**shared, years=spans),
        *grid(**shared, controls=["near"]),
        *grid(**shared, weights=["pupils"]),
    ]


def one_by_one(frame: pd.DataFrame, specifications: Sequence[Specification]) -> np.ndarray:
    found = []
    for one in specifications:
        rows = frame if one.years is None else frame[frame.year.isin(one.years)]
        if one.controls is not None:
            rows = rows[rows[one.controls] | rows[one.members].notna()]
        rows = rows.assign(exposed=(rows.year >= rows[one.members]).astype(float))
        fit = two_way_fixed_effects(
            rows,
            one.outcome,
            ["exposed", *one.covariates],
            *NAMES.values(),
            weights=one.weights,
        )
        found.append((fit.coefficients[0], fit.standard_errors[0]))
    return np.array(found)


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    frame, specifications = panel(SCHOOLS), three_hundred()
    table = curve(frame, specifications, **NAMES).table
    alone = one_by_one(frame, specifications)
    largest = max(
        float(np.abs(table.estimate - alone[:, 0]).max()),
        float(np.abs(table.standard_error / alone[:, 1] - 1).max()),
    )
    costs: dict[str, list[float]] = {"curve": [], "one by one": []}
    for _ in range(asked.rounds):
        for name, work in (
            ("curve", lambda: curve(frame, specifications, **NAMES)),
            ("one by one", lambda: one_by_one(frame, specifications)),
        ):
            costs[name].append(seconds(work, time.process_time))
    ratio = statistics.median(costs["curve"]) / statistics.median(costs["one by one"])
    sizes = [2_000, 4_000, 8_000, 16_000]
    fastest = []
    for size in sizes:
        larger = panel(size)
        fastest.append(
            min(
                seconds(
                    lambda f=larger: curve(f, specifications, **NAMES), time.process_time
                )
                for _ in range(asked.rounds)
            )
        )
    exponent = float(np.polyfit(np.log(sizes), np.log(fastest), 1)[0])
    clock = {
        workers: seconds(
            lambda w=workers: permutation_test(
                frame, specifications, **NAMES, draws=500, workers=w
            ),
            time.perf_counter,
        )
        for workers in (1, 2)
    }
    # Floor: each fit reads a row's outcome and exposure once and writes their product
    # once: 24 bytes a row. Measured as one such product and its sum over clusters.
    one, other = (frame[name].to_numpy() for name in ("y0", "y1"))
    starts = np.arange(0, len(one), 2 * YEARS)
    passes = min(
        seconds(lambda: np.add.reduceat(one * other, starts), time.process_time)
        for _ in range(99)
    )
    found = {
        "ratio to one by one": round(ratio, 3),
        "largest difference from one by one": largest,
        "exponent in schools": round(exponent, 2),
        "ratio to the floor": round(
            statistics.median(costs["curve"]) / (len(specifications) * passes), 1
        ),
        "permutation, fits per second, one process": round(500 * 300 / clock[1]),
        "permutation, two processes to one, clock": round(clock[2] / clock[1], 2),
    }
    met = {
        "ratio to one by one": ratio <= GOALS["ratio to one by one"],
        "largest difference": largest <= GOALS["largest difference"],
        "exponent": exponent <= GOALS["exponent"],
    }
    for name, number in found.items():
        print(f"{name:44s} {number:.3g}")
    versions = {name: version(name) for name in ("numpy", "pandas", "scipy")}
    (ROOT / "benchmarks" / "specification_curve.json").write_text(
        json.dumps(
            {"found": found, "goals": GOALS, "met": met, "versions": versions}, indent=1
        )
        + "\n"
    )
    return int(not all(met.values()))


if __name__ == "__main__":
    sys.exit(main())
