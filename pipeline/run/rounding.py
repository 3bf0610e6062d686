"""Numbers as they are written: ten significant digits."""

from typing import Any

import numpy as np
import pandas as pd

SIGNIFICANT_DIGITS = 10
"""Two processors may add in another order and differ in the sixteenth digit; no figure
is known to ten."""


def rounded(number: float) -> float:
    """Round one number to ten significant digits."""
    if not np.isfinite(number):
        return number
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}")


def round_floats(table: pd.DataFrame) -> pd.DataFrame:
    """Round every column of floats."""
    floats = table.select_dtypes("float").columns
    return table.assign(**{name: table[name].map(rounded) for name in floats})


def round_tree(tree: Any) -> Any:
    """Round every float in nested lists and dictionaries; one that is none becomes None."""
    if isinstance(tree, dict):
        return {key: round_tree(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [round_tree(value) for value in tree]
    if isinstance(tree, float | np.floating):
        return rounded(float(tree)) if np.isfinite(tree) else None
    return tree
