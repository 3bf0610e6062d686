"""Members from the day they started, and other schools from the same days."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.contracts.establishments import DAY
from pipeline.inspections.history import History

NOT_IN_RESULTS = "in no table of results of state-funded mainstream schools"
NOT_OPEN = "not open yet, or no longer, on the starting day"
NOT_LISTED = "in no file of inspections"
TRUST_MATE = "in the trust of a member"
NO_GRADE = "no graded inspection told of by the starting day"
NO_OTHER_SIDE = "no school of the other side with its starting day, phase and grade"
TOO_LATE = "joined on the last day that is known, or later"
BY_HUB_OR_TRUST = "hub or trust"
BY_SCHOOL = "school"


def members_of(table: pd.DataFrame) -> pd.DataFrame:
    """Give each member once: school_key, joined (its first day) and hub (its latest).

    `table` is as the contract MEMBERS promises it. A school that left stays a member:
    who leaves may leave for its grade.
    """
    ordered = table.sort_values(["school_key", "year"])
    hubs = ordered.dropna(subset=["hub"]).groupby("school_key")["hub"].last()
    first = ordered.groupby("school_key")["first_year"].min()
    # ASSUME: a member starts on the first day of its first whole academic year as one,
    # as in all other comparisons; what inspectors saw in the months before is its past.
    first_days = pd.to_datetime((first - 1).astype(str) + "-09-01")
    joined = first_days.dt.as_unit("ms")
    return pd.DataFrame({"joined": joined, "hub": hubs}).reset_index()


def clusters_of(
    history: History, members: pd.DataFrame, trusts: pd.Series
) -> tuple[str, pd.Series]:
    """Say which schools are not independent of each other, as the panel of change does.

    A member's cluster is its hub, else its trust; another school's is its trust; a school
    with neither is its own. Where that leaves all members in one cluster, nothing could
    be inferred: then each school is its own. Gives the words for it, and the cluster by
    school_key.
    """
    keys = history.schools.index.union(pd.Index(members["school_key"]))
    own = pd.Series("school " + keys.astype(object), index=keys, dtype=object)
    hub = members.dropna(subset=["hub"]).set_index("school_key")["hub"]
    label = own.copy()
    for kind, named in (("trust", trusts), ("hub", hub)):
        known = keys.intersection(named.index)
        label[known] = f"{kind} " + named[known].astype(object)
    is_member = keys.isin(members["school_key"])
    if label[is_member].nunique() < 2 or (label == own).all():
        return BY_SCHOOL, own
    return BY_HUB_OR_TRUST, label


def with_trust_mates(history: History, members: pd.DataFrame, trusts: pd.Series) -> History:
    """Mark the schools that never were members and stand in the trust of one.

    They are no comparison for a member, as in all questions of change: what its
    trust-mates do may reach them. `schools` gets the column is_trust_mate.
    """
    keys = history.schools.index
    of_members = set(trusts[trusts.index.isin(members["school_key"])])
    inside = keys.isin(trusts.index[trusts.isin(of_members)])
    mates = inside & ~keys.isin(members["school_key"])
    return replace(history, schools=history.schools.assign(is_trust_mate=mates))


def pair_up(history: History, members: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Follow members from their starting days and all other schools from each of them.

    `history` has its trust-mates marked, `members` has school_key and start. Gives one
    row for each school and starting day of a member of its phase: school_key, is_member,
    phase, start, closed (by `last`) and why (it cannot be followed; missing where it
    can). A member has one row, whether it can be followed or not.
    """
    own = members[["school_key", "start"]].merge(
        history.schools.reset_index(), on="school_key", how="left"
    )
    days = own.dropna(subset=["phase"])[["phase", "start"]].drop_duplicates()
    others = history.schools[~history.schools.index.isin(members["school_key"])]
    rest = others.reset_index().merge(days.sort_values(["start", "phase"]), on="phase")
    rows = pd.concat(
        [own.assign(is_member=True), rest.assign(is_member=False)], ignore_index=True
    )
    not_open = (rows["opened"] > rows["start"]) | (rows["closed"] <= rows["start"])
    why = pd.Series(None, index=rows.index, dtype=object)
    why[not_open] = NOT_OPEN
    why[rows["is_listed"].eq(False)] = NOT_LISTED
    why[rows["is_trust_mate"].eq(True)] = TRUST_MATE
    why[rows["phase"].isna()] = NOT_IN_RESULTS
    why[rows["start"] >= last] = TOO_LATE
    rows["closed"] = (rows["closed"] <= last).fillna(False)
    return rows.assign(why=why)[
        ["school_key", "is_member", "phase", "start", "closed", "why"]
    ]


def add_inspections(
    rows: pd.DataFrame, inspections: pd.DataFrame, last: pd.Timestamp
) -> pd.DataFrame:
    """Add what was told by each row's starting day, and until the last day.

    `from_grade` and `stood_since` are of the last inspection on or before the starting
    day, `inspected` is the first after it (none: missing) and `to_grade` the grade on the
    last day. Schools that were not graded by their starting day have no grades.
    """
    told = inspections[inspections["day"] <= last].sort_values("day", kind="stable")
    told = told.assign(seen=told["day"])
    found = rows.assign(last=last).astype({"start": DAY, "last": DAY})
    found["place"] = np.arange(len(found))
    for left, direction, names in (
        ("start", "backward", {"grade": "from_grade", "seen": "stood_since"}),
        ("start", "forward", {"seen": "inspected"}),
        ("last", "backward", {"grade": "to_grade"}),
    ):
        found = pd.merge_asof(
            found.sort_values(left, kind="stable"),
            told[["school_key", "day", *names]].rename(columns=names),
            left_on=left,
            right_on="day",
            by="school_key",
            direction=direction,  # type: ignore[arg-type]
            allow_exact_matches=direction == "backward",
        ).drop(columns="day")
    found = found.sort_values("place", ignore_index=True).drop(columns=["place", "last"])
    graded = found["from_grade"].notna()
    found["why"] = found["why"].where(found["why"].notna() | graded, NO_GRADE)
    found["to_grade"] = found["to_grade"].where(graded)
    return found


def weights_to_members(rows: pd.DataFrame, cell: list[str]) -> npt.NDArray[np.float64]:
    """Weigh the rest to the members' mix of cells: direct standardisation.

    In each cell the schools of the rest share the number of its members equally, and a
    member weighs one. Rows of cells that lack one side weigh nothing: a member without a
    school like it, and a school without a member like it, tell of no difference.
    """
    grouped = rows.groupby(cell)["is_member"]
    own = grouped.transform("sum").to_numpy(dtype=float)
    rest = grouped.transform("size").to_numpy(dtype=float) - own
    member = rows["is_member"].to_numpy(dtype=bool)
    shared = np.divide(own, rest, out=np.zeros(len(rows)), where=rest > 0)
    weight: npt.NDArray[np.float64] = np.where(member, (rest > 0).astype(float), shared)
    return weight
