"""What a new version of a data set changed, in words."""

from collections.abc import Iterator

from pipeline.acquire.answers import Change, Changes, ChangeSet, Version
from pipeline.acquire.plain_text import plain

NAMED = 5
"""How many facets of one kind are named; the rest is counted."""


def told(version: Version, changes: Changes | None) -> list[str]:
    """Tell a version and its changes, one line for each kind; major ones come first.

    A minor version that changes no facet corrects figures: the interface does not say
    which.
    """
    weight = version.type.lower()
    lines = [f"version {version.version} ({plain(weight)})"]
    if version.notes:
        lines.append(f"  its notes: {plain(version.notes)}")
    if changes is None:
        return [*lines, "  no list of changes is given"]
    major = [f"  {line}; what reads it may break" for line in _of(changes.major_changes)]
    minor = [f"  {line}" for line in _of(changes.minor_changes)]
    return lines + (
        major + minor or ["  no facet changed: figures may have been corrected"]
    )


def _of(changed: ChangeSet) -> Iterator[str]:
    for kind, changes in (
        ("time period", changed.time_periods),
        ("indicator", changed.indicators),
        ("filter", changed.filters),
        ("geographic level", changed.geographic_levels),
        ("group of places", changed.location_groups),
    ):
        yield from _by_verb(kind, changes or [])
    for within in changed.filter_options or []:
        of = within.filter.named if within.filter else "a filter"
        yield from _by_verb(f"option of {plain(of)}", within.options)
    for within in changed.location_options or []:
        of = within.level.named if within.level else "a level"
        yield from _by_verb(f"place at level {plain(of)}", within.options)


def _by_verb(kind: str, changes: list[Change]) -> Iterator[str]:
    verbs: dict[str, list[str]] = {}
    for change in changes:
        before, after = change.previous_state, change.current_state
        if before is None and after is None:
            continue
        if before is None and after is not None:
            verbs.setdefault("added", []).append(plain(after.named))
        elif after is None and before is not None:
            verbs.setdefault("removed", []).append(plain(before.named))
        elif before is not None and after is not None:
            verb = "named anew" if before.named != after.named else "changed"
            name = plain(before.named)
            if verb == "named anew":
                name += f" is now {plain(after.named)}"
            verbs.setdefault(verb, []).append(name)
    for verb, names in verbs.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"{verb}, {kind}: {', '.join(names[:NAMED])}{more}"
