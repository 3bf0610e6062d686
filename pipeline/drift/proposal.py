"""What to write where, so that a changed table is read again: a proposal, to be looked at."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import yaml

from pipeline.drift import tables
from pipeline.drift.examine import Diagnosis
from pipeline.drift.findings import Level
from pipeline.drift.renames import Match
from pipeline.measures.catalogue import MEASURES, academic_year
from pipeline.measures.context import TABLES as CONTEXT_TABLES
from pipeline.measures.context import ItemColumns
from pipeline.measures.measure import KEY_STAGES, PublishedColumns


@dataclass(frozen=True)
class Proposal:
    """A text to paste, and where."""

    where: str
    why: str
    text: str


def proposals(diagnosis: Diagnosis, today: date) -> list[Proposal]:
    """Propose what would let the changed columns be read.

    Nothing is changed. A likely match is a likelihood: whoever pastes a proposal has
    looked at the two columns first.
    """
    found: list[Proposal] = []
    for match in diagnosis.header.likely:
        found += _renamed(match, diagnosis, today)
    found += _fractions(diagnosis, today)
    found += _codes(diagnosis)
    found += _records(diagnosis)
    found += _measures_gone(diagnosis)
    found += _explore(diagnosis)
    if not found and diagnosis.level is not Level.BREAKING:
        found += _layout(diagnosis)
    return found


def _file_of(diagnosis: Diagnosis) -> str:
    return diagnosis.now.shown.rsplit("/", 1)[-1]


def _entry(**keys: object) -> str:
    text: str = yaml.safe_dump([keys], sort_keys=False, allow_unicode=True, width=88)
    return text


def _is_declared(diagnosis: Diagnosis, column: str) -> bool:
    return any(
        f.about.upper() == column.upper() and "mended by" in f.said
        for f in diagnosis.findings
    )


def _renamed(match: Match, diagnosis: Diagnosis, today: date) -> Iterator[Proposal]:
    """Propose a misprint's correction, and the entry of the catalogue if it stays."""
    table, year = diagnosis.before.identity.table, diagnosis.now.identity.year
    if match.gone not in tables.uses(table, year) or _is_declared(diagnosis, match.gone):
        return
    if diagnosis.now.identity.is_explore != diagnosis.before.identity.is_explore:
        return
    yield Proposal(
        "data/reference/corrections.yaml",
        f"if {match.new} is a misprint of {match.gone}",
        _entry(
            name=f"{table} {academic_year(year) if year else ''}, name of {match.gone}",
            what="header",
            file=_file_of(diagnosis),
            year=year,
            found=match.new,
            instead=match.gone,
            why=f"SAY HOW YOU KNOW. Likeness: {match.why}.",
            source="SAY WHAT SHOWS IT: the metadata, another year, the columns beside it",
            since=today,
            reported=None,
        ),
    )
    for where, text in _catalogue_entries(table, match, year):
        yield Proposal(where, f"if {match.gone} is called {match.new} from now on", text)


def _catalogue_entries(
    table: str, match: Match, year: int | None
) -> Iterator[tuple[str, str]]:
    for key_stage in KEY_STAGES:
        for measure in MEASURES[key_stage] if table == key_stage else ():
            for group, columns in measure.columns.items():
                text = _published(columns, match, year)
                if text:
                    where = f"pipeline/measures/{key_stage}.py, {measure.code}"
                    yield where, f'"{group}": {text},\n'
    for about in CONTEXT_TABLES:
        for item in about.items if table == about.file else ():
            for group, held in item.columns.items():
                text = _item(held, match)
                if text:
                    where = f"pipeline/measures/context.py, {item.code}"
                    yield where, f'"{group}": {text},\n'


def _published(columns: PublishedColumns, match: Match, year: int | None) -> str:
    """Write the columns of a measure with the new name; '' where it does not use it."""

    def renamed(name: str | None) -> str | None:
        return match.new if name and name.upper() == match.gone else name

    value_then = columns.value if year is None else columns.value_of(year)
    pupils = columns.pupils
    if match.gone in {name.upper() for name in pupils}:
        # The old name stays behind the new one: earlier tables have it.
        pupils = tuple(
            name
            for old in pupils
            for name in ([match.new, old] if old.upper() == match.gone else [old])
        )
    low, high = renamed(columns.low), renamed(columns.high)
    value_in = columns.value_in
    if value_then.upper() == match.gone and year is not None:
        value_in = value_in | {year: match.new}
    if (pupils, low, high, value_in) == (
        columns.pupils,
        columns.low,
        columns.high,
        columns.value_in,
    ):
        return ""
    arguments = [_quoted(columns.value), _tuple(pupils)]
    arguments += [_quoted(bound) for bound in (low, high) if bound]
    if value_in:
        years = ", ".join(f"{of}: {_quoted(name)}" for of, name in value_in.items())
        arguments.append(f"value_in={{{years}}}")
    return f"PublishedColumns({', '.join(arguments)})"


def _item(columns: ItemColumns, match: Match) -> str:
    def widened(names: tuple[str, ...]) -> tuple[str, ...]:
        known = match.new in names or match.gone not in names
        return names if known else (*names, match.new)

    new = [widened(names) for names in (columns.value, columns.counted, columns.pupils)]
    if new == [columns.value, columns.counted, columns.pupils]:
        return ""
    return f"ItemColumns({', '.join(map(_tuple, new))})"


def _quoted(text: str) -> str:
    """Write a text of the file so that it stays a text where it is pasted as code."""
    return json.dumps(text)


def _tuple(names: tuple[str, ...]) -> str:
    inside = ", ".join(map(_quoted, names))
    return f"({inside},)" if len(names) == 1 else f"({inside})"


def _fractions(diagnosis: Diagnosis, today: date) -> Iterator[Proposal]:
    table, year = diagnosis.before.identity.table, diagnosis.now.identity.year
    # A correction of the header comes first: what follows uses the right name.
    right = {match.new: match.gone for match in diagnosis.header.likely}
    for finding in diagnosis.of(Level.BREAKING):
        if finding.topic != "units" or "a hundredth" not in finding.said:
            continue
        for column, part, whole in tables.shares(table):
            if right.get(finding.about.upper(), finding.about.upper()) == column:
                text = _entry(
                    name=f"{table} {academic_year(year) if year else ''}, unit of {column}",
                    what="fractions",
                    file=_file_of(diagnosis),
                    year=year,
                    column=column,
                    part=part,
                    whole=whole,
                    why="SAY HOW YOU KNOW: a fraction stands in place of a percentage.",
                    source=f"{part} and {whole} of the same rows",
                    since=today,
                    reported=None,
                )
                why = f"if {column} is {part} divided by {whole}"
                yield Proposal("data/reference/corrections.yaml", why, text)


def _codes(diagnosis: Diagnosis) -> Iterator[Proposal]:
    strange = sorted(
        {
            code
            for finding in diagnosis.findings
            if finding.topic == "codes" and "never seen" in finding.said
            for code in finding.now.split(", ")
        }
    )
    if strange:
        lines = "".join(f'{_quoted(code)}: "SAY WHAT IT MEANS",\n' for code in strange)
        where = "pipeline/sources/suppression.py, REASONS"
        yield Proposal(where, "if these are codes, and their meaning is known", lines)


def _records(diagnosis: Diagnosis) -> Iterator[Proposal]:
    strange = [
        finding.about
        for finding in diagnosis.of(Level.BREAKING)
        if finding.topic == "rows" and "not known" in finding.said
    ]
    if strange:
        lines = "".join(f'{_quoted(code)}: "SAY WHAT THE ROW IS",\n' for code in strange)
        where = (
            f"pipeline/measures/{diagnosis.before.identity.table}.py, SCHOOL_RECORDS or "
            "AGGREGATE_RECORDS"
        )
        yield Proposal(where, "if the metadata say what these rows are", lines)


def _measures_gone(diagnosis: Diagnosis) -> Iterator[Proposal]:
    """Propose a reason for measures of which no figure is left in the table."""
    year = diagnosis.now.identity.year
    table = diagnosis.before.identity.table
    if diagnosis.now.identity.is_explore != diagnosis.before.identity.is_explore:
        return
    matched = {match.gone for match in diagnosis.header.likely}
    held = set(diagnosis.now.columns) | matched
    for key_stage in KEY_STAGES:
        for measure in MEASURES[key_stage] if table == key_stage and year else ():
            names = {
                columns.value_of(year or 0).upper()
                for group, columns in measure.columns.items()
                if not measure.why_not_published(year or 0, group)
            }
            if names & set(diagnosis.before.columns) and not names & held:
                text = f'{year}: "SAY WHY: no {measure.label} for {academic_year(year or 0)}",\n'
                where = f"pipeline/measures/{key_stage}.py, {measure.code}, not_published"
                yield Proposal(where, "if the department has said that it has none", text)


def _explore(diagnosis: Diagnosis) -> Iterator[Proposal]:
    """Name the columns of another layout that are likely to be ones that are read."""
    now, before = diagnosis.now.identity, diagnosis.before.identity
    if now.is_explore == before.is_explore:
        return
    read, known = tables.uses(before.table, now.year), tables.uses(now.table, now.year)
    lines = [
        f"{_quoted(match.new)},  # likely {match.gone}: {read[match.gone].said}\n"
        for match in diagnosis.header.likely
        if match.gone in read and match.new not in known
    ]
    if lines:
        why = "if these columns are what they seem to be"
        yield Proposal("pipeline/measures/ees.py", why, "".join(lines))


def _layout(diagnosis: Diagnosis) -> Iterator[Proposal]:
    now, before = diagnosis.now, diagnosis.before
    if now.identity.year in (None, before.identity.year):
        return
    yield Proposal(
        "the command line",
        "once you have looked: keep this layout, so that other files of this year are "
        "judged by it",
        f"python -m pipeline.drift.layouts {shlex.quote(now.shown)}\n",
    )
