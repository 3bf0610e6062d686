"""Which rows and schools a file holds, and whether its figures agree with each other."""

from collections.abc import Iterator

import pandas as pd

from pipeline.drift import tables
from pipeline.drift.findings import Finding, Level
from pipeline.drift.names import lasting
from pipeline.drift.profile import Profile
from pipeline.sources import suppression

# ASSUME: nine in ten schools of a year stand in the table of the next; fewer mean that
# another area or another kind of school was downloaded.
_STAYS = 0.9
_MANY_ROWS = 0.1
"""A larger share of rows that come or go in a year is worth a look."""
_AGREES = 0.9
"""Of figures told again, this share is as it was; fewer mean another unit or column."""


def compare(before: Profile, now: Profile) -> list[Finding]:
    """Compare the rows of two files of one table."""
    return [
        *_records(before, now),
        *_twice(now),
        *_schools(before, now),
        *_bounds(before, now),
        *_repeated(before, now),
    ]


def _records(before: Profile, now: Profile) -> Iterator[Finding]:
    known = tables.known_records(before.identity.table)
    if before.identity.is_explore != now.identity.is_explore:
        known = {}
    same_area = before.identity.area == now.identity.area
    years = max((now.identity.year or 0) - (before.identity.year or 0), 1)
    for code in dict.fromkeys([*before.rows, *now.rows]):
        then, there = before.rows.get(code, 0), now.rows.get(code, 0)
        about = f"{code or 'blank'}: {known[code]}" if code in known else code or "blank"
        counts = f"{then:,} rows", f"{there:,} rows"
        if known and there and code not in known:
            said = "a type of record that is not known, which is refused"
            yield Finding(Level.BREAKING, "rows", about, *counts, said)
        elif bool(then) != bool(there):
            # One local authority may have no special school.
            level = Level.LOOK if same_area else Level.NOTE
            said = "none any more" if then else "none before"
            yield Finding(level, "rows", about, *counts, said)
        elif then != there:
            change = there / then - 1
            many = abs(change) > _MANY_ROWS * years and abs(there - then) > 5
            large = many and same_area
            said = f"{change:+.1%}" + ("" if same_area else "; the areas differ")
            yield Finding(Level.LOOK if large else Level.NOTE, "rows", about, *counts, said)


def _twice(now: Profile) -> Iterator[Finding]:
    if now.schools is None:
        return
    numbers = now.schools[now.schools.duplicated(keep=False)]
    # A table of explore-education-statistics has a row for each group of pupils.
    if numbers.empty or now.identity.is_explore:
        return
    first = numbers.iloc[0]
    rows = [str(row) for row in numbers.index[numbers == first]]
    said = f"such as {first} in rows {' and '.join(rows)}: a school twice is refused"
    count = f"{numbers.nunique():,} schools"
    yield Finding(Level.BREAKING, "schools", "twice", "", count, said)


def _schools(before: Profile, now: Profile) -> Iterator[Finding]:
    if before.schools is None or now.schools is None:
        return
    then, there = set(before.schools), set(now.schools)
    if then == there or not then:
        return
    counts = f"{len(then):,} schools", f"{len(there):,} schools"
    said = f"{len(there - then):,} came, {len(then - there):,} left"
    years = max((now.identity.year or 0) - (before.identity.year or 0), 1)
    if before.identity.area not in (now.identity.area, "england", ""):
        yield Finding(Level.NOTE, "schools", "numbers (URN)", *counts, "the areas differ")
        return
    of = {n for n in then if before.identity.area == now.identity.area or n in there}
    stays = len(of & there) / max(len(of), 1)
    level = Level.NOTE if stays >= _STAYS**years else Level.LOOK
    yield Finding(level, "schools", "numbers (URN)", *counts, f"{said}; {stays:.0%} stay")


def _bounds(before: Profile, now: Profile) -> Iterator[Finding]:
    """Look for bounds that do not hold the figure between them."""
    earlier = {about for about, _, _ in _outside(before)}
    for about, count, row in _outside(now):
        level = Level.NOTE if about in earlier else Level.LOOK
        held = "as before" if about in earlier else "none"
        said = f"the figure is not between its bounds, such as in row {row}"
        yield Finding(
            level, "bounds", about, held, f"{count} rows", said, "published bounds"
        )


def _outside(profile: Profile) -> Iterator[tuple[str, int, int]]:
    if profile.cells is None:
        return
    for value, low, high in tables.bounded(profile.identity.table):
        if not {value, low, high} <= set(profile.cells.columns):
            continue
        figure, least, most = (
            suppression.parse(profile.cells[name]).value for name in (value, low, high)
        )
        out = (figure < least) | (figure > most)
        if out.any():
            yield value, int(out.sum()), int(profile.cells.index[out][0])


def _repeated(before: Profile, now: Profile) -> Iterator[Finding]:
    """Compare what a file says of the year before with what that year's file said.

    Another unit or a column that moved shows here, and so do figures revised since.
    """
    if before.cells is None or now.cells is None:
        return
    year, year_now = before.identity.year, now.identity.year
    if before.schools is None or now.schools is None or not year or not year_now:
        return
    then, there = _indexed(before), _indexed(now)
    both = then.index.intersection(there.index)
    own = {lasting(name, year): name for name in before.columns}
    for name in now.columns:
        key = lasting(name, year_now)
        base = own.get(key.replace(f"@-{year_now - year}", ""))
        if base is None or f"@-{year_now - year}" not in key or len(both) < 10:
            continue
        old = suppression.parse(then.loc[both, base]).value
        told = suppression.parse(there.loc[both, name]).value
        known = old.notna() & told.notna()
        # Half a unit is what rounding to whole numbers takes or adds.
        same = ((old - told).abs() <= 0.5 + 1e-9)[known]
        if len(same) < 10 or same.mean() >= _AGREES:
            continue
        first = same.index[~same][0]
        said = (
            f"{same.mean():.0%} of {len(same)} schools have what they had in {base}; "
            f"{first} has another"
        )
        held = str(then.loc[first, base]).strip(), str(there.loc[first, name]).strip()
        yield Finding(Level.LOOK, "repeated", now.columns[name].name, *held, said)


def _indexed(profile: Profile) -> pd.DataFrame:
    assert profile.cells is not None
    assert profile.schools is not None
    schools = profile.schools[~profile.schools.duplicated(keep=False)]
    return profile.cells.loc[schools.index].set_axis(pd.Index(schools), axis=0)
