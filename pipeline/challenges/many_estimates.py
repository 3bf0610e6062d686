"""One estimator on many variants of a table, in order, on one process or several."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

Estimator = Callable[[pd.DataFrame], float]
"""From a table to one number; it may refuse a table with a ValueError."""
Variant = Callable[[Any], pd.DataFrame]
"""From what says which variant is meant (a school group, a draw) to its table."""


@dataclass(frozen=True)
class Attempt:
    """An estimate, or None with the reason why there is none."""

    estimate: float | None
    why: str | None = None


def attempt(estimator: Estimator, table: pd.DataFrame) -> Attempt:
    """Estimate once; a refusal or a result that is not finite becomes a reason."""
    try:
        found = float(estimator(table))
    except ValueError as refusal:
        return Attempt(None, str(refusal))
    if not np.isfinite(found):
        return Attempt(None, "the estimate is not a finite number")
    return Attempt(found)


def attempt_each(
    estimator: Estimator, variant: Variant, asked: Sequence[Any], *, workers: int = 1
) -> list[Attempt]:
    """Estimate every variant, in the order of `asked`.

    More than one worker means processes: the estimator and the variant are then sent to
    each once and must be functions of a module (or `functools.partial` of one). A process
    takes about a second to start, so it pays where all estimates together take longer.
    The answers do not depend on the number of workers.
    """
    if workers < 1:
        raise ValueError("at least one worker expected")
    if workers == 1 or len(asked) < 2:
        return [attempt(estimator, variant(one)) for one in asked]
    with ProcessPoolExecutor(
        workers,
        # A fork of a process with threads (as the readers of parquet start) can hang.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_keep,
        initargs=(estimator, variant),
    ) as pool:
        chunk = max(1, len(asked) // (4 * workers))
        return list(pool.map(_attempt_kept, asked, chunksize=chunk))


_kept: dict[str, Any] = {}


def _keep(estimator: Estimator, variant: Variant) -> None:
    _kept["estimator"], _kept["variant"] = estimator, variant


def _attempt_kept(one: Any) -> Attempt:
    return attempt(_kept["estimator"], _kept["variant"](one))
