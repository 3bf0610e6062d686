"""What an estimator finds where there is nothing to find: false dates, false partners."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.challenges.many_estimates import Estimator, attempt, attempt_each
from pipeline.estimators.randomisation import tail_p
from pipeline.estimators.settings import whole_number

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PlaceboYear:
    """An estimate as if members had joined `shift` years before they did.

    `left_out` counts members without a year on either side of the false date.
    """

    shift: int
    estimate: float | None
    members: int
    left_out: int
    why: str | None


@dataclass(frozen=True)
class PlaceboPartners:
    """The real estimate among those of sets of schools that were never partners.

    `placebo` holds the estimates in order of size; `low` and `high` their central 95%.
    `share_below` is the share of them below the real one. `schools` gives the fewest and
    the most schools in a set: as many as the real set unless whole clusters are drawn.
    `left_out` counts draws without an estimate, `why` gives the first reason.
    """

    real: float
    p_value: float
    share_below: float
    low: float
    high: float
    draws: int
    left_out: int
    why: str | None
    schools: tuple[int, int]
    placebo: FloatArray = field(compare=False, repr=False)


def placebo_years(
    table: pd.DataFrame,
    estimator: Estimator,
    *,
    shifts: Sequence[int] = (1, 2, 3),
    school: str = "school",
    year: str = "year",
    joined: str = "joined",
) -> tuple[PlaceboYear, ...]:
    """Estimate as if members had joined earlier, on years before they really did.

    Rows of members from their joining on are taken away, so nothing that the partnership
    does can be found; `joined` is moved back by each shift in turn. An estimate far from
    zero says that members were on another path already. Members must have a year before
    the false date and one from it to the real one; those that have not are left out.

    `joined` is the first year as a member, 0, missing or infinite for never; one row for
    each school and year. `estimator` turns such a table into a number. Raises ValueError
    for columns that are not there, missing years, a join date that changes within a
    school, no member, or a shift below 1.
    """
    _present(table, [school, year, joined])
    if any(shift < 1 for shift in shifts) or not len(shifts):
        raise ValueError("at least one shift, each of one year or more, expected")
    if table[[school, year]].isna().any(axis=None):
        raise ValueError("a row has no school or year: leave it out and count it")
    date = table[joined].to_numpy(float, na_value=np.nan)
    member = np.isfinite(date) & (date != 0)
    _one_each(table[school], np.where(member, date, 0.0), joined)
    if not member.any():
        raise ValueError("no member: every join date is 0, missing or infinite")
    when = table[year].to_numpy(float)
    names = table[school].astype(str).to_numpy()
    everyone = np.unique(names[member])
    found = []
    for shift in shifts:
        false_date = date - shift
        before = set(names[member & (when < false_date)])
        after = set(names[member & (when >= false_date) & (when < date)])
        kept = before & after
        rows = ~member | ((when < date) & np.isin(names, list(kept)))
        if not kept:
            why = "no member has a year before and a year from the false date on"
            found.append(PlaceboYear(shift, None, 0, len(everyone), why))
            continue
        variant = table[rows].assign(**{joined: np.where(member, false_date, date)[rows]})
        one = attempt(estimator, variant)
        found.append(
            PlaceboYear(shift, one.estimate, len(kept), len(everyone) - len(kept), one.why)
        )
    return tuple(found)


def placebo_partners(
    table: pd.DataFrame,
    estimator: Estimator,
    *,
    school: str = "school",
    treatment: str = "is_partner",
    strata: str | None = None,
    cluster: str | None = None,
    draws: int = 500,
    seed: int = 0,
    workers: int = 1,
) -> PlaceboPartners:
    """Estimate for random sets of schools that were never partners.

    Each set has as many schools as the real one in every stratum, or with `cluster` as
    many whole clusters; real partners are taken out of the table, so that what they did
    is on neither side. Unlike `randomise_members` it takes any estimator, an event study
    as well as a gap, and shows what that estimator makes of chance.

    `treatment` holds truth values, or the year of joining (0, missing or infinite for
    never); a drawn school is given the value of one real partner of its stratum. It,
    `strata` and `cluster` must not change within a school. p is twice the smaller tail,
    the real set counted in. The draw depends on the seed and the names of schools, not on
    the order of rows.

    Raises ValueError for columns that are not there, values that are missing or change,
    no partner, a stratum with too few other schools, clusters whose partners joined at
    different times or that hold others as well, or where no draw gave an estimate.
    """
    columns = [name for name in (school, treatment, strata, cluster) if name is not None]
    _present(table, columns)
    labels = [name for name in (school, strata, cluster) if name is not None]
    if table[labels].isna().any(axis=None):
        raise ValueError(
            f"a row has no {' or no '.join(labels)}: leave it out and count it"
        )
    whole_number(draws, "draws", 1)
    whole_number(seed, "seed")
    known = table[treatment].dropna()
    truth = len(known) > 0 and all(isinstance(v, bool | np.bool_) for v in known.unique())
    try:
        value = table[treatment].to_numpy(float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{treatment!r} holds truth values or years of joining, not text"
        ) from error
    value = np.where(np.isfinite(value), value, 0.0)
    names = table[school].astype(str)
    for name in columns[1:]:
        _one_each(names, value if name == treatment else table[name].to_numpy(), name)
    units = pd.DataFrame({"school": names.to_numpy(), "value": value})
    units["stratum"] = "" if strata is None else table[strata].astype(str).to_numpy()
    units["drawn"] = names.to_numpy() if cluster is None else table[cluster].astype(str)
    units = units.drop_duplicates("school")
    pool = units.groupby("drawn").agg(
        value=("value", "first"), values=("value", "nunique"),
        stratum=("stratum", "first"), strata=("stratum", "nunique"),
        schools=("school", "size"),
    )  # fmt: skip
    if (pool["values"] > 1).any() or (pool["strata"] > 1).any():
        first = pool.index[(pool["values"] > 1) | (pool["strata"] > 1)][0]
        raise ValueError(
            f"cluster {first!r} holds schools that differ in membership, join date or "
            "stratum: draw schools, not clusters"
        )
    sets = _draw(pool, draws, seed)
    real = float(estimator(table))
    if not np.isfinite(real):
        raise ValueError("the estimate of the real partners is not a finite number")

    others = value == 0
    rest = table[others]
    place = pool.index.get_indexer(
        (names if cluster is None else table[cluster].astype(str))[others]
    )
    variant = partial(_as_partners, rest, place, len(pool), treatment, truth)
    found = attempt_each(estimator, variant, sets, workers=workers)
    placebo = np.sort([one.estimate for one in found if one.estimate is not None])
    reasons = [one.why for one in found if one.why is not None]
    if not len(placebo):
        raise ValueError(f"no draw gave an estimate: {reasons[0]}")
    low, high = np.quantile(placebo, [0.025, 0.975])
    sizes = [int(pool["schools"].to_numpy()[chosen].sum()) for chosen, _ in sets]
    return PlaceboPartners(
        real=real,
        p_value=tail_p(real, placebo, "two-sided", exact=False),
        share_below=float((placebo < real).mean()),
        low=float(low),
        high=float(high),
        draws=len(placebo),
        left_out=len(reasons),
        why=reasons[0] if reasons else None,
        schools=(min(sizes), max(sizes)),
        placebo=placebo,
    )


def _draw(
    pool: pd.DataFrame, draws: int, seed: int
) -> list[tuple[npt.NDArray[np.int_], FloatArray]]:
    """Places in the pool that are partners in each draw, and the values they are given."""
    random = np.random.Generator(np.random.PCG64(seed))
    value, stratum = pool["value"].to_numpy(), pool["stratum"].to_numpy()
    real = value != 0
    if not real.any():
        raise ValueError("no school among the partners")
    from_each = []
    for name in np.unique(stratum[real]):
        free = np.flatnonzero((stratum == name) & ~real)
        given = np.sort(value[(stratum == name) & real])
        if len(free) < len(given):
            raise ValueError(
                f"stratum {name!r} has {len(given)} partners and {len(free)} others to "
                "draw from: use wider strata"
            )
        from_each.append((free, given))
    return [
        (
            # The order of a choice is random too, so dates fall at random.
            np.concatenate([random.choice(f, len(g), replace=False) for f, g in from_each]),
            np.concatenate([given for _, given in from_each]),
        )
        for _ in range(draws)
    ]


def _as_partners(
    rest: pd.DataFrame,
    place: npt.NDArray[np.int_],
    size: int,
    treatment: str,
    truth: bool,
    drawn: tuple[npt.NDArray[np.int_], FloatArray],
) -> pd.DataFrame:
    given: npt.NDArray[Any] = np.zeros(size)
    given[drawn[0]] = drawn[1]
    given = given[place]
    return rest.assign(**{treatment: given != 0 if truth else given})


def _present(table: pd.DataFrame, columns: Sequence[str]) -> None:
    absent = [name for name in columns if name not in table]
    if absent:
        raise ValueError(f"no column {', '.join(absent)} in the table")


def _one_each(school: pd.Series, value: npt.NDArray[Any], name: str) -> None:
    pairs = pd.DataFrame({"school": school.to_numpy(), "value": value}).drop_duplicates()
    if pairs["school"].duplicated().any():
        first = pairs.loc[pairs["school"].duplicated(), "school"].astype(str).min()
        raise ValueError(f"{name} changes within school {first!r}: one value expected")
