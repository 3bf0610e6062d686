"""Whether a finding rests on one trust."""

from dataclasses import dataclass
from functools import partial

import pandas as pd

from pipeline.challenges.many_estimates import Estimator, attempt_each
from pipeline.estimators.partner_flags import partner_flags


@dataclass(frozen=True)
class WithoutOne:
    """The estimate when one group is left out, or None with the reason."""

    group: str
    rows: int
    estimate: float | None
    change: float | None
    why: str | None


@dataclass(frozen=True)
class LeaveOneOut:
    """The estimate with all groups, and without each, in the order of their names.

    `most_influential` is the group that moves the estimate most; None where no estimate
    without a group could be had. `sign_changes` names groups without which the estimate
    has the other sign or is zero: a finding that rests on any of them is theirs alone.
    `not_estimated` names those whose absence leaves nothing to estimate.
    """

    estimate: float
    without: tuple[WithoutOne, ...]
    lowest: float | None
    highest: float | None
    most_influential: str | None
    sign_changes: tuple[str, ...]
    not_estimated: tuple[str, ...]


def leave_one_out(
    table: pd.DataFrame,
    estimator: Estimator,
    *,
    group: str = "trust",
    member: str | None = "is_partner",
    workers: int = 1,
) -> LeaveOneOut:
    """Estimate again without each group.

    All rows of a group go, whatever their year. With `member`, a column of truth values,
    only groups that hold a member are left out in turn: one trust among thousands that
    are not partners moves nothing. `member=None` leaves out every group.

    `estimator` turns a table into one number; a ValueError of its is kept as the reason
    why there is none. Ties of influence go to the first name. Raises ValueError for
    columns that are not there, rows without a group or membership, fewer than two groups
    to leave out, or where the estimate with all groups cannot be had.
    """
    columns = [group] if member is None else [group, member]
    absent = [name for name in columns if name not in table]
    if absent:
        raise ValueError(f"no column {', '.join(absent)} in the table")
    missing = int(table[columns].isna().any(axis=1).sum())
    if missing:
        raise ValueError(
            f"{missing} rows have no {' or '.join(columns)}: a school in no group is a "
            "group of its own"
        )
    label = table[group].astype(str)
    among = label if member is None else label[partner_flags(table[member])]
    names = sorted(set(among))
    if len(names) < 2:
        raise ValueError(f"{len(names)} groups to leave out: at least two are needed")
    full = float(estimator(table))
    if not abs(full) < float("inf"):
        raise ValueError("the estimate with all groups is not a finite number")
    sizes = label.value_counts()
    found = attempt_each(estimator, partial(_without, table, label), names, workers=workers)
    without = tuple(
        WithoutOne(
            group=name,
            rows=int(sizes[name]),
            estimate=one.estimate,
            change=None if one.estimate is None else one.estimate - full,
            why=one.why,
        )
        for name, one in zip(names, found, strict=True)
    )
    moved = {one.group: abs(one.change) for one in without if one.change is not None}
    values = [one.estimate for one in without if one.estimate is not None]
    return LeaveOneOut(
        estimate=full,
        without=without,
        lowest=min(values, default=None),
        highest=max(values, default=None),
        most_influential=max(moved, key=lambda name: moved[name]) if moved else None,
        sign_changes=tuple(
            one.group
            for one in without
            if one.estimate is not None and one.estimate * full <= 0 and full != 0
        ),
        not_estimated=tuple(one.group for one in without if one.estimate is None),
    )


def _without(table: pd.DataFrame, label: pd.Series, name: str) -> pd.DataFrame:
    return table[(label != name).to_numpy()]
