"""A band that holds for many estimates at once."""

from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Multiplier = Literal["rademacher", "mammen"]
BLOCK = 500_000
"""Multipliers held at a time: 4 MB."""
GOLDEN = (1 + np.sqrt(5)) / 2


def sup_t_critical_value(
    contributions: FloatArray,
    standard_errors: FloatArray,
    *,
    draws: int,
    seed: int,
    level: float = 0.95,
    multiplier: Multiplier = "rademacher",
) -> float:
    """How many standard errors make a band that covers all r estimates at `level`.

    `contributions` is (r, clusters): what each cluster adds to the error of each
    estimate. Each draw multiplies every cluster by a random sign, or by Mammen's
    two-point variable, adds up and takes the largest absolute ratio to the standard
    error; the critical value is the quantile of these over the draws. The analytic
    errors serve as scale: R's did estimates the scale from the draws too, which adds
    their noise (3 to 8 per cent at 999 draws) and nothing else.

    Estimates whose error is 0 or not a number are not part of the band. The same seed
    gives the same draws for clusters in the same order (PCG64).

    Raises ValueError for draws below 1, a level outside 0 to 1, and no estimate with an
    error above 0.

    Source: Callaway and Sant'Anna (2021), section 4.2, algorithm 1; Mammen (1993).
    """
    if draws < 1:
        raise ValueError(f"a band needs draws, such as 999, not {draws}")
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")
    if multiplier not in ("rademacher", "mammen"):
        raise ValueError(f"a multiplier is 'rademacher' or 'mammen', not {multiplier!r}")
    usable = np.isfinite(standard_errors) & (standard_errors > 0)
    if not usable.any():
        raise ValueError("no estimate has an error above 0: there is nothing to band")
    scaled = (contributions[usable] / standard_errors[usable, None]).T
    clusters = len(scaled)
    total = scaled.sum(axis=0)
    generator = np.random.Generator(np.random.PCG64(seed))
    largest = np.empty(draws)
    rows = max(1, BLOCK // clusters)
    for begin in range(0, draws, rows):
        some = min(rows, draws - begin)
        if multiplier == "rademacher":
            bytes_a_row = -(-clusters // 8)
            bits = np.frombuffer(generator.bytes(some * bytes_a_row), np.uint8)
            chosen = np.unpackbits(bits.reshape(some, bytes_a_row), axis=1, count=clusters)
            # A sign is twice a coin less one.
            sums = 2 * (chosen.astype(float) @ scaled) - total
        else:
            low = generator.random((some, clusters)) < GOLDEN / np.sqrt(5)
            # Two values, 1 - golden and golden: mean 0, variance 1, third moment 1.
            sums = GOLDEN * total - np.sqrt(5) * (low.astype(float) @ scaled)
        largest[begin : begin + some] = np.abs(sums).max(axis=1)
    return float(np.quantile(largest, level, method="inverted_cdf"))
