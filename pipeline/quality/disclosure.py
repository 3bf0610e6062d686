"""What is too small to be shown, and what would give it away."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

NATIONAL = "national"
_FAMILIES = {
    "disadvantaged": "disadvantage",
    "others": "disadvantage",
    "girls": "sex",
    "boys": "sex",
    "low_prior": "prior attainment",
    "middle_prior": "prior attainment",
    "high_prior": "prior attainment",
}
"""Groups that together are all pupils: one that is withheld could be had from the rest."""

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


def gives_few_away(table: pd.DataFrame, *, up_to: int) -> pd.Series:
    """Say which totals would tell of a few pupils, set beside what their schools give.

    `table` is as `judged` makes it. Withheld is a row of few pupils, one that few pupils
    are lacking from, and one that lacks a single school which the department suppressed,
    if subtraction would tell more of that school than that it is one. So are the groups
    beside it, and all schools where they hold but few pupils more than state-funded ones.
    """
    few = (
        are_too_few(table["pupils"], up_to=up_to)
        | are_too_few(table["made_pupils"], up_to=up_to)
        | are_too_few(table["lacking"], up_to=up_to)
        | _tells_of_one_school(table)
    ) & table["mean"].notna()
    area = table["local_authority"].fillna("")
    family = table["group"].astype(object).map(_FAMILIES).fillna("")
    beside = [table["record"], area, table["year"], table["measure"], family]
    few |= few.groupby(beside).transform("any") & (family != "")
    is_national = table["record"].str.startswith(NATIONAL)
    cells = (
        table["made_pupils"]
        .where(is_national)
        .groupby([table["year"], table["measure"], table["group"]])
    )
    apart = cells.transform("max") - cells.transform("min")
    return few | (is_national & are_too_few(apart, up_to=up_to))


def _tells_of_one_school(table: pd.DataFrame) -> pd.Series:
    """Say where subtraction would tell what one suppressed school has.

    Rounding blurs what is left for it. That tells something where it is known to less
    than the stretch in which nine tenths of all schools lie. A row without a number of
    pupils leaves nothing to subtract from.
    """
    its_pupils = table["suppressed_pupils"].replace(0, np.nan)
    blurred = 2 * table["slack"] / its_pupils.fillna(table["lacking"].abs())
    alone = (table["left_unknown"] == 1) & (table["left_suppressed"] == 1)
    return alone & (blurred < table["spread"]) & (table["lacking"] != 0)
