"""The kinds of arrays that hold the schools of a key stage, one entry per school."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
Claims = NDArray[np.bool_]
Words = NDArray[np.object_]
Days = NDArray[np.datetime64]
"""Days; NaT where nobody knows, or where there is none."""

NO_DAY = np.datetime64("NaT", "D")


def words(values: object) -> Words:
    """Make an array of texts."""
    return np.array(values, dtype=object)
