"""Columns that are gone, new, renamed or written otherwise."""

from dataclasses import dataclass

from pipeline.drift import tables
from pipeline.drift.columns import ColumnProfile
from pipeline.drift.findings import Finding, Level
from pipeline.drift.names import lasting, years_back
from pipeline.drift.profile import Profile
from pipeline.drift.renames import Match, matches


@dataclass(frozen=True)
class Pair:
    """One column in both files."""

    before: ColumnProfile
    now: ColumnProfile
    use: tables.Use | None
    years_back: int
    """Of how many years ago its figures are."""


@dataclass(frozen=True)
class Header:
    """The columns of two files side by side."""

    pairs: tuple[Pair, ...]
    likely: tuple[Match, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]
    findings: tuple[Finding, ...]


def compare(before: Profile, now: Profile) -> Header:
    """Put the columns of two files side by side, years apart from names."""
    year, year_now = before.identity.year, now.identity.year
    then = {lasting(name, year): name for name in before.columns}
    there = {lasting(name, year_now): name for name in now.columns}
    gone = [name for key, name in then.items() if key not in there]
    new = [name for key, name in there.items() if key not in then]
    likely = matches(before, now, gone, new)
    read = tables.uses(before.identity.table, year_now)
    pairs = [(then[key], there[key]) for key in there if key in then]
    pairs += [(match.gone, match.new) for match in likely]
    matched, found = {m.gone for m in likely}, {m.new for m in likely}
    gone = [name for name in gone if name not in matched]
    new = [name for name in new if name not in found]
    return Header(
        pairs=tuple(
            Pair(
                before.columns[old],
                now.columns[name],
                read.get(name) or read.get(old),
                years_back(name, year_now),
            )
            for old, name in pairs
        ),
        likely=tuple(likely),
        gone=tuple(gone),
        new=tuple(new),
        findings=(
            *_renamed(likely, now, read),
            *(_gone(name, before, now, read) for name in gone),
            *_in_neither(before, now, read),
            *(_new(name, now, read) for name in new),
            *_case(before, now, pairs, {*matched, *found}),
        ),
    )


def _renamed(
    likely: list[Match], now: Profile, read: dict[str, tables.Use]
) -> list[Finding]:
    found = []
    for match in likely:
        use = read.get(match.gone)
        back = years_back(match.new, now.identity.year)
        others = "".join(f"; or {name} ({score:.2f})" for name, score in match.others)
        found.append(
            Finding(
                _of_rename(match, back, use, now),
                "renamed",
                match.gone,
                match.gone,
                match.new,
                f"likely the same: {match.score:.2f} ({match.why}){others}",
                use.said if use else "",
            )
        )
    return found


def _of_rename(match: Match, back: int, use: tables.Use | None, now: Profile) -> Level:
    if use is not None and not _has_another(match.gone, now):
        return Level.BREAKING
    return Level.NOTE if use is None and back else Level.LOOK


def _has_another(name: str, now: Profile) -> bool:
    """Say whether the file has another name that is read in place of this one."""
    return any(
        name in names and set(names) & set(now.columns)
        for names in tables.alternatives(now.identity.table)
    )


def _gone(name: str, before: Profile, now: Profile, read: dict[str, tables.Use]) -> Finding:
    use = read.get(name)
    once = tables.uses(before.identity.table, before.identity.year).get(name)
    if use is not None and not _has_another(name, now):
        level, said = Level.BREAKING, "cannot be read: no new column is like it"
    elif use is not None:
        level, said = Level.NOTE, "read under its other name"
    elif once is not None:
        level, said = Level.NOTE, "the catalogue expects none in this year"
        use = once
    elif years_back(name, before.identity.year):
        level, said = Level.NOTE, "a figure of an earlier year, not read"
    else:
        level, said = Level.LOOK, "not read"
    return Finding(level, "gone", name, "there", "gone", said, use.said if use else "")


def _in_neither(
    before: Profile, now: Profile, read: dict[str, tables.Use]
) -> list[Finding]:
    lacking = [
        name
        for name in read
        if name not in now.columns
        and name not in before.columns
        and not _has_another(name, now)
    ]
    if not lacking:
        return []
    listed = ", ".join(lacking[:12]) + (f", {len(lacking) - 12} more" * (len(lacking) > 12))
    said = "read from this table, and in neither file"
    return [Finding(Level.NOTE, "gone", listed, "none", "none", said)]


def _new(name: str, now: Profile, read: dict[str, tables.Use]) -> Finding:
    back = years_back(name, now.identity.year)
    use = read.get(name)
    if use is not None:
        level, said = Level.NOTE, "read, as the catalogue says"
    elif back:
        level, said = Level.NOTE, f"a figure of {back} years ago, not read"
        said = said.replace("1 years", "1 year")
    else:
        level, said = Level.LOOK, "not read"
    label = now.labels.get(name, "")
    words = f"{said}; the metadata say: {label}" if label else said
    return Finding(level, "new", name, "none", "there", words, use.said if use else "")


def _case(
    before: Profile, now: Profile, pairs: list[tuple[str, str]], renamed: set[str]
) -> list[Finding]:
    found = []
    for old, name in pairs:
        as_then, as_now = before.columns[old].name, now.columns[name].name
        if old != name or name in renamed or as_then == as_now:
            continue
        said = "only the case of its letters changed, which is not looked at"
        found.append(Finding(Level.NOTE, "renamed", name, as_then, as_now, said))
    return found
