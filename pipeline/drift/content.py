"""What columns hold: units, types, codes, kinds, ranges and blanks."""

from collections.abc import Iterator

from pipeline.drift.columns import ColumnProfile
from pipeline.drift.findings import Finding, Level
from pipeline.drift.header import Pair
from pipeline.measures import ees, school_types
from pipeline.sources import suppression

# ASSUME: a column whose numbers are a hundredth, or a hundred times, of what they were
# has another unit: no count of pupils and no percentage changes by so much in a year.
_A_HUNDREDTH = (1 / 300, 1 / 30)
# ASSUME: a fifth more or fewer rows without a figure is no accident of one year.
_MANY_BLANKS = 0.2
_SCHOOL_TYPES = {"NFTYPE", "NFTYPE/FESITYPE", ees.TYPE}


def compare(pairs: tuple[Pair, ...], *, same_schools: bool) -> list[Finding]:
    """Compare what each column holds in the two files.

    `same_schools` says that both are of one area: elsewhere the words of a column, such
    as towns, and the spread of its numbers differ without any change.
    """
    found: list[Finding] = []
    for pair in pairs:
        found += _type(pair, same_schools)
        if pair.before.kind == pair.now.kind == "numbers":
            found += [*_unit(pair), *_range(pair, same_schools), *_codes(pair)]
        if pair.before.kind == pair.now.kind == "words" and same_schools:
            found += _kinds(pair)
        found += _school_types(pair)
        found += _blanks(pair, same_schools)
    return found


def _finding(
    pair: Pair, level: Level, topic: str, before: str, now: str, said: str
) -> Finding:
    use = pair.use.said if pair.use else ""
    return Finding(level, topic, pair.now.name, before, now, said, use)


def _if_read(pair: Pair, otherwise: Level = Level.LOOK) -> Level:
    return Level.BREAKING if pair.use else otherwise


def _type(pair: Pair, same_schools: bool) -> Iterator[Finding]:
    before, now = pair.before.kind, pair.now.kind
    if before == now or before == "nothing":
        return
    if now == "nothing":
        level = Level.BREAKING if pair.use and pair.use.is_figure else Level.LOOK
        is_of_others = pair.use is None and not same_schools
        level = Level.NOTE if pair.years_back or is_of_others else level
        yield _finding(pair, level, "types", before, now, "no school has a figure any more")
    else:
        said = f"{before} became {now}"
        yield _finding(pair, _if_read(pair), "types", before, now, said)


def _unit(pair: Pair) -> Iterator[Finding]:
    before, now = pair.before, pair.now
    scale = _scale(before, now)
    if scale:
        held = f"{before.typical:g}", f"{now.typical:g}"
        said = f"the typical number is {scale} of what it was"
        yield _finding(pair, _if_read(pair), "units", *held, said)
    if now.totals_signed is not None and now.totals_signed != now.signed and now.typical:
        written = "without", "with"
        said = (
            f"schools {written[now.signed]} a percent sign, totals "
            f"{written[now.totals_signed]}"
        )
        same = before.totals_signed is not None and before.totals_signed != before.signed
        level = Level.NOTE if same else _if_read(pair)
        yield _finding(pair, level, "units", before.example, now.example, said)
    if before.signed != now.signed and before.typical and now.typical:
        # A percentage is read with and without its sign; another figure with one is not.
        refused = now.signed and pair.use is not None and not pair.use.is_percentage
        level = Level.BREAKING if refused else Level.LOOK
        said = "a percent sign is " + ("new" if now.signed else "gone")
        yield _finding(pair, level, "units", before.example, now.example, said)
    elif before.decimals != now.decimals:
        level = Level.LOOK if pair.use and pair.use.is_figure else Level.NOTE
        said = f"{now.decimals} decimal places, and {before.decimals} before"
        yield _finding(pair, level, "units", before.example, now.example, said)


def _scale(before: ColumnProfile, now: ColumnProfile) -> str:
    """Say by how much the size of the numbers changed, if it is a change of unit."""
    sizes = [(before.typical, now.typical), (_largest(before), _largest(now))]
    if any(then == 0 or there == 0 for then, there in sizes):
        return ""
    low, high = _A_HUNDREDTH
    if all(low <= there / then <= high for then, there in sizes):
        return "a hundredth"
    if all(low <= then / there <= high for then, there in sizes):
        return "a hundred times"
    return ""


def _largest(column: ColumnProfile) -> float:
    return max(abs(column.points[0]), abs(column.points[-1]))


def _range(pair: Pair, same_schools: bool) -> Iterator[Finding]:
    before, now = pair.before, pair.now
    span = f"{before.points[0]:g} to {before.points[-1]:g}"
    span_now = f"{now.points[0]:g} to {now.points[-1]:g}"
    bounds = pair.use.bounds if pair.use else None
    if bounds and _beyond(now, bounds):
        said = f"outside {bounds[0]:g} to {bounds[1]:g}, which is refused"
        level = Level.NOTE if _beyond(before, bounds) else Level.BREAKING
        yield _finding(pair, level, "ranges", span, span_now, said)
    low, middle, high = now.points[2], now.points[3], now.points[4]
    usual = before.points[1], before.points[5]
    if not _scale(before, now) and not usual[0] <= middle <= usual[1]:
        said = (
            f"the middle half is {low:g} to {high:g}; nine in ten schools had "
            f"{usual[0]:g} to {usual[1]:g}"
        )
        level = Level.LOOK if pair.use and same_schools else Level.NOTE
        yield _finding(pair, level, "ranges", span, span_now, said)


def _beyond(column: ColumnProfile, bounds: tuple[float, float]) -> bool:
    return column.points[0] < bounds[0] or column.points[-1] > bounds[1]


def _codes(pair: Pair) -> Iterator[Finding]:
    then, there = set(pair.before.codes), set(pair.now.codes)
    unknown = sorted(there - set(suppression.REASONS))
    if unknown and not set(unknown) <= then:
        said = "code never seen: what it means is not known"
        listed = ", ".join(unknown[:6])
        held = ", ".join(sorted(then)) or "none"
        yield _finding(pair, _if_read(pair), "codes", held, listed, said)
    if then != there and not unknown:
        held = ", ".join(sorted(then)) or "none"
        listed = ", ".join(sorted(there)) or "none"
        yield _finding(pair, Level.NOTE, "codes", held, listed, "known codes, read alike")


def _kinds(pair: Pair) -> Iterator[Finding]:
    then, there = set(pair.before.words), set(pair.now.words)
    if not then or not there or then == there:
        return
    come, left = sorted(there - then), sorted(then - there)
    if not come and not left:
        return
    said = "; ".join(
        f"{word} {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
        for word, names in (("new:", come), ("gone:", left))
        if names
    )
    is_type = pair.now.name.upper() in _SCHOOL_TYPES
    level = Level.LOOK if come and pair.use and not is_type else Level.NOTE
    counts = f"{len(then)} kinds", f"{len(there)} kinds"
    yield _finding(pair, level, "kinds", *counts, said)


def _school_types(pair: Pair) -> Iterator[Finding]:
    if pair.now.name.upper() not in _SCHOOL_TYPES:
        return
    strange = [
        word
        for word in pair.now.words
        if school_types.place_in_comparison("1", school_types.code_of_type_group(word))
        == "school type not recognised"
    ]
    if strange:
        listed = ", ".join(strange[:6])
        said = "types of school that are not known; their schools are left out"
        yield _finding(pair, Level.LOOK, "kinds", "", listed, said)


def _blanks(pair: Pair, same_schools: bool) -> Iterator[Finding]:
    before, now = pair.before, pair.now
    if "nothing" in (before.kind, now.kind) or abs(now.held - before.held) < _MANY_BLANKS:
        return
    level = Level.LOOK if pair.use and same_schools else Level.NOTE
    said = "fewer" if now.held < before.held else "more"
    yield _finding(
        pair,
        level,
        "blanks",
        f"{1 - before.held:.0%}",
        f"{1 - now.held:.0%}",
        f"{said} rows of schools have a figure or a word",
    )
