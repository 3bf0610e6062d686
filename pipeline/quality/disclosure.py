"""What is too small to be shown, and what would give it away."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

ALL_OF_THEM = "all"
MORE = "more than all"
_STEPS = (0.1, 1.0, 10.0)
_PUPILS_IN_A_STEP = 4
"""A step of coverage spans at least so many times the pupils that are too few."""


def too_few(pupils: Iterable[int | None], *, up_to: int) -> bool:
    """Say whether a cell must be withheld: one of its counts lies from 1 to `up_to`.

    The department suppresses figures on 5 pupils or fewer. A cell of a table is withheld
    with its neighbours, since a total would give it away.
    """
    return any(count is not None and 1 <= count <= up_to for count in pupils)


def are_too_few(pupils: pd.Series, *, up_to: int) -> pd.Series:
    """Say for each count whether it is too few; one that is not known is not."""
    return pupils.astype(float).between(1, up_to)


def coverage_in_steps(used: float, published: float, *, up_to: int) -> str | None:
    """Write what share of the published pupils the rows of schools hold, in steps.

    A step is wide enough that published pupils less the share give no number of pupils
    that are left out: 99 per cent of 100 pupils would. Shares are rounded down, so that
    only all of them is all. None where even ten per cent would be too fine, or where
    the published number is not known.
    """
    if not (np.isfinite(used) and np.isfinite(published)) or published <= 0:
        return None
    if used == published:
        return ALL_OF_THEM
    if used > published:
        return MORE
    wide = [s for s in _STEPS if published * s / 100 >= _PUPILS_IN_A_STEP * up_to]
    if not wide:
        return None
    step = wide[0]
    share = np.floor(100 * used / published / step + 1e-9) * step
    return f"{share:.1f}%" if step < 1 else f"{share:.0f}%"
