"""Made-up histories of inspections, in which what moves a grade is known."""

from datetime import date

import numpy as np
import pandas as pd

from pipeline.inspections.history import History

FILES = (date(2019, 8, 31), date(2024, 8, 31))
DAY = "datetime64[ms]"


def made_history(*told, phase="primary", files=FILES, closed=(), opened=None):
    """Write a history by hand: told("100001", "2018-03-01", 3) is one inspection.

    Every school told of is in the population; `closed` and `opened` give days by key.
    """
    table = pd.DataFrame(told, columns=["school_key", "day", "grade"])
    table["day"] = pd.to_datetime(table["day"]).astype(DAY)
    keys = pd.Index(sorted(set(table["school_key"])), name="school_key")
    schools = pd.DataFrame({"phase": phase, "is_listed": True}, index=keys)
    for name, days in (("opened", opened or {}), ("closed", dict(closed))):
        schools[name] = pd.to_datetime(pd.Series(days, dtype=object)).reindex(keys)
    return History(
        table.sort_values(["school_key", "day"], ignore_index=True),
        schools.astype({"opened": DAY, "closed": DAY}),
        files,
    )


def members(*keys, joined="2019-09-01", hub=None):
    """Make members that joined on one day, each in the hub named or in none."""
    table = pd.DataFrame({"school_key": keys, "joined": pd.Timestamp(joined), "hub": hub})
    return table.astype({"joined": DAY, "hub": "str"})


NO_TRUSTS = pd.Series(dtype=object)


def drawn_history(seed, *, own=120, others=480, group=6, effect=0.0, chosen=0.0):
    """Draw schools with a lasting standing, the luck of each visit and that of its group.

    Groups of `group` schools, hubs of members and trusts of others, share some of what
    an inspection finds. Members are those who are worse by `chosen` SD of the first
    visit's luck, which fades. `effect` raises them at the second visit, by SDs. Of ten
    schools eight are visited a second time. Gives history, members and trusts.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    count = own + others
    keys = np.array([f"{100001 + n}" for n in range(count)])
    member = np.arange(count) < own
    standing, luck, later = random.normal(size=(3, count))
    of_group = np.repeat(random.normal(size=count // group), group)
    first = 0.6 * standing + 0.8 * (luck - chosen * member)
    second = 0.6 * standing + 0.7 * later + 0.4 * of_group + effect * member
    days = pd.Timestamp(2016, 1, 1) + pd.to_timedelta(random.integers(0, 1300, count), "D")
    again = pd.Timestamp(2020, 1, 1) + pd.to_timedelta(random.integers(0, 1600, count), "D")
    visited = random.random(count) < 0.8
    table = pd.concat(
        [
            pd.DataFrame({"school_key": keys, "day": days, "grade": graded(first)}),
            pd.DataFrame({"school_key": keys, "day": again, "grade": graded(second)})[
                visited
            ],
        ]
    ).astype({"day": DAY, "school_key": "str"})
    schools = pd.DataFrame(
        {"phase": "primary", "is_listed": True, "opened": pd.NaT, "closed": pd.NaT},
        index=pd.Index(keys, name="school_key", dtype="str"),
    ).astype({"opened": DAY, "closed": DAY})
    label = np.array([f"{n // group}" for n in range(count)], dtype=object)
    return (
        History(
            table.sort_values(["school_key", "day"], ignore_index=True), schools, FILES
        ),
        members(*keys[:own], hub=label[:own]),
        pd.Series(label[own:], index=keys[own:]),
    )


def graded(z):
    """Cut a standard normal so that few are outstanding or inadequate, and most are good."""
    return 1 + (z < 0.9).astype(int) + (z < -0.8) + (z < -1.6)
