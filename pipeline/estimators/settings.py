"""Settings of estimators, checked in one way: numbers of draws, seeds, levels, columns."""

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np


def whole_number(given: object, name: str, least: int = 0) -> int:
    """`given` as a whole number from `least` on; raises ValueError for anything else.

    9.5 draws, a seed of -1 or None are refused with the setting's name, and so is a
    truth value, which Python takes for 0 or 1.
    """
    if isinstance(given, bool | np.bool_) or not isinstance(given, Integral):
        raise ValueError(f"{name}: a whole number from {least} expected, found {given!r}")
    number = int(given)
    if number < least:
        raise ValueError(f"{name}: a whole number from {least} expected, found {number}")
    return number


def finite_number(given: object, name: str) -> float:
    """`given` as a finite number; raises ValueError for anything else."""
    if isinstance(given, bool | np.bool_) or not isinstance(given, Real):
        raise ValueError(f"{name}: a number expected, found {given!r}")
    number = float(given)
    if not np.isfinite(number):
        raise ValueError(f"{name}: a finite number expected, found {given!r}")
    return number


def share_of_one(given: object, name: str) -> float:
    """`given` as a number between 0 and 1, neither included; else raises ValueError."""
    number = finite_number(given, name)
    if not 0 < number < 1:
        raise ValueError(f"{name}: a number between 0 and 1 expected, found {given!r}")
    return number


def column_names(given: str | Sequence[str], name: str) -> tuple[str, ...]:
    """Names of columns: one text is one name, never read letter by letter.

    Raises ValueError for what is no name or a sequence of names, and for a name twice.
    """
    if isinstance(given, str):
        return (given,)
    try:
        names = tuple(given)
    except TypeError as error:
        raise ValueError(f"{name}: names of columns expected, found {given!r}") from error
    if not all(isinstance(one, str) for one in names):
        raise ValueError(f"{name}: names of columns expected, found {given!r}")
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise ValueError(f"{name}: {', '.join(twice)} is named twice")
    return names
