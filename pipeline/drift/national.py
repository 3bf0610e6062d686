"""England's figures beside those of the year before, with the breaks that are known."""

from dataclasses import dataclass

from pipeline.drift import tables
from pipeline.drift.columns import ColumnProfile
from pipeline.drift.findings import Finding, Level
from pipeline.drift.header import Header
from pipeline.drift.profile import Profile
from pipeline.measures.catalogue import academic_year

# ASSUME: the figure of all England moves by less than a quarter of the spread between
# schools from one year to the next, unless the measure itself changed.
_MOVES = 0.25
# The middle nine tenths of a normal distribution are this many SDs wide.
_WIDTH_OF_NINE_TENTHS = 3.29


@dataclass(frozen=True)
class National:
    """One national figure of the new file, beside the earlier one."""

    whom: str
    about: str
    column: str
    before: float | None
    now: float | None
    known_break: str
    level: Level
    said: str


def compare(before: Profile, now: Profile, header: Header) -> list[National]:
    """Put England's figures side by side, for every column that holds a figure."""
    read = tables.uses(before.identity.table, now.identity.year)
    renamed = {match.gone for match in header.likely}
    earlier = {pair.now.name.upper(): pair.before.name.upper() for pair in header.pairs}
    years = range((before.identity.year or 0) + 1, (now.identity.year or 0) + 1)
    found = []
    for record in dict.fromkeys([*now.national, *before.national]):
        whom = tables.national_record(before.identity.table, record) or record
        figures = now.national.get(record, {})
        figures_before = before.national.get(record, {})
        for name, use in read.items():
            if not use.is_figure or name in renamed:
                continue
            then = figures_before.get(earlier.get(name, name))
            there = figures.get(name)
            if then is None and there is None:
                continue
            breaks = "; ".join(
                f"{academic_year(year)}: {use.breaks[year]}"
                for year in years
                if year in use.breaks
            )
            spread = max(
                _spread(now.columns.get(name)),
                _spread(before.columns.get(earlier.get(name, name))),
            )
            level, said = _judge(then, there, breaks, spread)
            if record not in now.rows:
                level, said = Level.NOTE, "no such row any more"
            if before.identity.year == now.identity.year and then != there:
                level, said = Level.LOOK, "another figure of the same year"
            found.append(National(whom, use.said, name, then, there, breaks, level, said))
    return found


def _judge(
    then: float | None, there: float | None, breaks: str, spread: float
) -> tuple[Level, str]:
    if then is None:
        return Level.NOTE, "none before"
    if there is None:
        return Level.LOOK, "none any more"
    # Two whole numbers may each be half a unit away from what was rounded.
    rounding = 1.0 if then.is_integer() and there.is_integer() else 0.1
    moved = max(abs(there - then) - rounding, 0.0)
    if not spread or moved <= _MOVES * spread:
        return Level.NOTE, ""
    size = f"moved by {moved / spread:.1f} of the spread between schools"
    return (Level.NOTE, f"{size}; a known break") if breaks else (Level.LOOK, size)


def _spread(column: ColumnProfile | None) -> float:
    """Estimate the SD between schools from the middle nine tenths of them."""
    if column is None or not column.points:
        return 0.0
    return (column.points[5] - column.points[1]) / _WIDTH_OF_NINE_TENTHS


def findings(figures: list[National]) -> list[Finding]:
    """List the national figures that are worth a look."""
    return [
        Finding(
            figure.level,
            "national",
            f"{figure.about}; {figure.whom}",
            "none" if figure.before is None else f"{figure.before:g}",
            "none" if figure.now is None else f"{figure.now:g}",
            figure.said,
            figure.about,
        )
        for figure in figures
        if figure.level > Level.NOTE
    ]
