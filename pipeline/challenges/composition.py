"""How much of a change is schools that changed, and how much other schools or pupils."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Composition:
    """A change of a pupil-weighted mean and its four parts, which add up to it exactly.

    `within` is change inside schools present both times; `reweighting` is pupils moving
    between those schools; `entry` and `exit` are schools that came and went, measured
    against those that stayed. In the measure's unit. `entered_share` and `left_share` are
    shares of pupils, after and before.
    """

    before: float
    after: float
    change: float
    within: float
    reweighting: float
    entry: float
    exit: float
    continuing: int
    entered: int
    left: int
    entered_share: float
    left_share: float


@dataclass(frozen=True)
class CompositionOfGap:
    """A change of the gap between partners and the rest, part by part."""

    change: float
    within: float
    reweighting: float
    entry: float
    exit: float
    partners: Composition
    rest: Composition


def decompose_change(before: pd.DataFrame, after: pd.DataFrame) -> Composition:
    """Split a change of the pupil-weighted mean between two years.

    With C the mean of schools present both times, X and E those of schools that left and
    came, and x and e their shares of pupils before and after:

        change = (C1 - C0) + e (E1 - C1) + x (C0 - X0)

    A school that comes raises the mean only by as much as it is above those that stayed
    (Melitz and Polanec). C1 - C0 is split further by Kitagawa: each school's own change at
    its mean share of pupils (within), and each school's change of share at its mean
    result (reweighting). Exchanging the two years turns the sign of every part, with
    entry and exit in each other's place.

    Both frames have the columns `school`, `value`, `pupils`, one row for each school.
    Raises ValueError for columns that are not there, a school named twice or not at all, a
    value or number of pupils that is missing or not positive, or no school present both
    times.

    Sources: Melitz and Polanec (2015), Dynamic Olley-Pakes productivity decomposition,
    equation 3; Kitagawa (1955), Components of a difference between two rates.
    """
    first, second = _checked(before, "before"), _checked(after, "after")
    kinds = {type(label) for label in (*first.index, *second.index)}
    if len(kinds) > 1:
        raise ValueError("schools are named by numbers one time and by text the other")
    both = first.index.intersection(second.index).sort_values()
    if not len(both):
        raise ValueError("no school is present both times: there is no change to split")
    left, came = first.drop(both).sort_index(), second.drop(both).sort_index()
    old, new = first.loc[both], second.loc[both]
    share_old, share_new = _shares(old), _shares(new)
    value_old, value_new = old["value"].to_numpy(float), new["value"].to_numpy(float)
    mean_old, mean_new = float(share_old @ value_old), float(share_new @ value_new)
    left_share = float(left["pupils"].sum() / first["pupils"].sum())
    came_share = float(came["pupils"].sum() / second["pupils"].sum())
    entry = came_share * (_mean(came) - mean_new) if len(came) else 0.0
    gone = left_share * (mean_old - _mean(left)) if len(left) else 0.0
    # About the middle of all values: a constant common to all then leaves no rounding.
    middle = (mean_old + mean_new) / 2
    half = (value_old + value_new) / 2 - middle
    within = float((share_old + share_new) / 2 @ (value_new - value_old))
    reweighting = float((share_new - share_old) @ half)
    start, end = mean_old - gone, mean_new + entry
    return Composition(
        before=start,
        after=end,
        change=end - start,
        within=within,
        reweighting=reweighting,
        entry=entry,
        exit=gone,
        continuing=len(both),
        entered=len(came),
        left=len(left),
        entered_share=came_share,
        left_share=left_share,
    )


def decompose_gap(
    partners_before: pd.DataFrame,
    partners_after: pd.DataFrame,
    rest_before: pd.DataFrame,
    rest_after: pd.DataFrame,
) -> CompositionOfGap:
    """Split the change of the gap to the rest: each part of partners less the rest's.

    A school that joins the partnership leaves the rest, and counts as both.
    """
    own = decompose_change(partners_before, partners_after)
    rest = decompose_change(rest_before, rest_after)
    return CompositionOfGap(
        change=own.change - rest.change,
        within=own.within - rest.within,
        reweighting=own.reweighting - rest.reweighting,
        entry=own.entry - rest.entry,
        exit=own.exit - rest.exit,
        partners=own,
        rest=rest,
    )


def _checked(table: pd.DataFrame, name: str) -> pd.DataFrame:
    absent = [column for column in ("school", "value", "pupils") if column not in table]
    if absent:
        raise ValueError(f"no column {', '.join(absent)} {name}")
    if table["school"].isna().any():
        raise ValueError(f"a row {name} names no school")
    twice = int(table["school"].duplicated().sum())
    if twice:
        raise ValueError(f"{twice} rows {name} name a school a second time")
    if len({type(label) for label in table["school"]}) > 1:
        raise ValueError(f"schools {name} are named by numbers and by text: make them one")
    try:
        numbers = table[["value", "pupils"]].to_numpy(float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"value and pupils {name} must be numbers") from error
    missing = int((~np.isfinite(numbers)).any(axis=1).sum())
    if missing:
        raise ValueError(
            f"{missing} schools {name} have no value or pupils: leave them out and count "
            "them"
        )
    if not (numbers[:, 1] > 0).all():
        raise ValueError(f"{int((numbers[:, 1] <= 0).sum())} schools {name} have no pupils")
    return pd.DataFrame(
        numbers, index=pd.Index(table["school"]), columns=["value", "pupils"]
    )


def _shares(table: pd.DataFrame) -> FloatArray:
    pupils: FloatArray = table["pupils"].to_numpy(float)
    shares: FloatArray = pupils / pupils.sum()
    return shares


def _mean(table: pd.DataFrame) -> float:
    return float(_shares(table) @ table["value"].to_numpy(float))
