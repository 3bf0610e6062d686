"""Calibrate the estimators: `python -m tests.calibration` (or `make calibrate`).

Writes `reports/methods/calibration.md`, `calibration.csv` and `calibration.svg`. Every
world has the same seeds; two processes share them.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import get_args

import pandas as pd

from pipeline.run.parameters import WorldName
from tests.calibration import page, real_sets
from tests.calibration.methods import of_seeds

PANELS = 1000
SCHOOLS = 1000
SETS = 1000
AT_ONCE = 20
WORKERS = 2


def main(arguments: list[str]) -> int:
    """Run all panels and sets, and write the page."""
    asked = argparse.ArgumentParser(prog="python -m tests.calibration")
    asked.add_argument("--panels", type=int, default=PANELS)
    asked.add_argument("--schools", type=int, default=SCHOOLS)
    asked.add_argument("--sets", type=int, default=SETS)
    asked.add_argument("--show", action="store_true", help="print, and write nothing")
    options = asked.parse_args(arguments)
    # Read by the workers when they begin: two threads each would be four on two cores.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    began = time.monotonic()
    rows: list[dict] = []
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        waiting = [
            pool.submit(of_seeds, world, seeds, options.schools)
            for seeds in _batches(options.panels)
            for world in get_args(WorldName)
        ]
        real = [
            pool.submit(real_sets.rates, cell, table, size, options.sets)
            for cell, table in real_sets.cells().items()
            for size in real_sets.SIZES
        ]
        for number, done in enumerate(waiting, start=1):
            rows += done.result()
            if number % 50 == 0:
                print(f"{number} of {len(waiting)} parts, {_minutes(began)}", flush=True)
        of_real = pd.DataFrame([done.result() for done in real])
    every = pd.DataFrame(rows)
    told, refused = page.summary(every), page.refusals(every)
    if options.show:
        print(*(t.to_string(index=False) for t in (told, of_real, refused)), sep="\n\n")
    else:
        page.write(told, of_real, refused, panels=options.panels, schools=options.schools)
    print(_minutes(began))
    return 0


def _batches(panels: int) -> list[tuple[int, ...]]:
    return [
        tuple(range(first, min(first + AT_ONCE, panels)))
        for first in range(0, panels, AT_ONCE)
    ]


def _minutes(began: float) -> str:
    return f"{(time.monotonic() - began) / 60:.1f} minutes"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
