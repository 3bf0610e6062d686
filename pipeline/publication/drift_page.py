"""The drift doctor's page: the verdict first, then every finding, then what to write."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.drift import layouts
from pipeline.drift.examine import Diagnosis
from pipeline.drift.findings import TOPICS, Finding, Level
from pipeline.drift.national import National
from pipeline.drift.profile import Profile
from pipeline.drift.proposal import Proposal
from pipeline.evidence.wording import number
from pipeline.publication import pages
from pipeline.publication.tables import Table, table
from pipeline.run import locations

HEADINGS = {
    Level.BREAKING: "Breaking",
    Level.LOOK: "Worth a look",
    Level.NOTE: "Note",
}
_INTRODUCTIONS = {
    Level.BREAKING: (
        "A column, a row or a figure that this project reads is not as it reads it. The "
        "file cannot be used until each of these is settled."
    ),
    Level.LOOK: "Somebody should look at these before the file is used.",
    Level.NOTE: (
        "Read alike, or not read at all: the normal roll of the years, case, codes that "
        "are known, errors that are corrected already."
    ),
}
_OPEN_ROWS = 15
"""A longer table is folded."""
_FIRST_SCREEN = 6


@dataclass(frozen=True)
class Section:
    """The findings of one level, by topic."""

    id: str
    title: str
    introduction: str
    tables: tuple[tuple[Table, bool], ...]
    """Each with whether it is folded."""


def place(diagnosis: Diagnosis) -> Path:
    """Where the page of a file is written, beside the project's other reports."""
    stem = diagnosis.now.shown.removesuffix(".csv").replace("/", "_")
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem)[:100]
    return locations.root() / "reports" / "drift" / f"{safe}.html"


def verdict(diagnosis: Diagnosis) -> str:
    """Say in one sentence how much a file has changed."""
    breaking = len(diagnosis.of(Level.BREAKING))
    look = len(diagnosis.of(Level.LOOK))
    if breaking:
        things = "1 thing that is read has" if breaking == 1 else f"{breaking} things that "
        things += "" if breaking == 1 else "are read have"
        return f"breaking: {things} changed"
    if look:
        things = "1 thing" if look == 1 else f"{look} things"
        return f"worth a look: {things} changed, and all that is read can be read"
    return "no drift"


def page(diagnosis: Diagnosis, proposed: list[Proposal], path: Path) -> str:
    """Lay out the page of one file; everything from the file is escaped."""
    first = _by_topic(diagnosis)
    said = verdict(diagnosis)
    return pages.render(
        "drift.html.j2",
        synthetic=locations.is_synthetic(layouts.folder_of(path).parent),
        title=plain(f"What changed in {diagnosis.now.shown}"),
        verdict=said[0].upper() + said[1:],
        exit_code=diagnosis.exit_code,
        compared_with=plain(diagnosis.before.shown),
        first=first[:_FIRST_SCREEN],
        others=len(first[_FIRST_SCREEN:]),
        sections=[_section(diagnosis, level) for level in reversed(Level)],
        national=_national(diagnosis.national),
        proposals=[
            {"where": p.where, "why": plain(p.why), "text": _block(p.text)}
            for p in proposed
        ],
        files=_files(diagnosis.before, diagnosis.now),
    )


def plain(text: str) -> str:
    """Show a text of a file on one line, whatever it holds."""
    shown = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
    return shown if len(shown) <= 600 else shown[:600] + "..."


def _block(text: str) -> str:
    return "\n".join(plain(line) for line in text.splitlines())


def _by_topic(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Say of each kind of finding that matters how many there are, and name one."""
    lines = []
    for level in (Level.BREAKING, Level.LOOK):
        for topic, title in TOPICS.items():
            found = [f for f in diagnosis.of(level) if f.topic == topic]
            if found:
                such_as = f"{len(found):,}, such as " if len(found) > 1 else ""
                said = f"{title}: {such_as}{sentence(found[0])}"
                lines.append((HEADINGS[level], said))
    return lines


def sentence(finding: Finding) -> str:
    """Tell one finding on one line."""
    of_column = finding.topic in ("gone", "new")
    change = " -> ".join(filter(None, (finding.before, finding.now)))
    about = "" if finding.before == finding.about else finding.about
    parts = [about, "" if of_column else change, finding.said]
    use = f" (read for: {finding.use})" if finding.use else ""
    return plain(": ".join(filter(None, parts)) + use)


def _section(diagnosis: Diagnosis, level: Level) -> Section:
    shown = []
    for topic, title in TOPICS.items():
        found = [f for f in diagnosis.of(level) if f.topic == topic]
        if found:
            caption = f"{title}: {len(found):,}"
            shown.append((_table(caption, found), len(found) > _OPEN_ROWS))
    return Section(
        id=level.name.lower(),
        title=HEADINGS[level] if level > Level.NOTE else "Notes",
        introduction=_INTRODUCTIONS[level],
        tables=tuple(shown),
    )


def _table(caption: str, found: Iterable[Finding]) -> Table:
    heads = {
        "Column or row": False,
        "Before": False,
        "Now": False,
        "What it means": False,
        "Read for": False,
    }
    rows = [
        [plain(text) for text in (f.about, f.before, f.now, f.said, f.use)] for f in found
    ]
    return table(caption, heads, rows)


def _national(figures: Iterable[National]) -> list[Table]:
    tables: dict[str, list[list[str]]] = {}
    for figure in figures:
        moved = ""
        if figure.before is not None and figure.now is not None:
            moved = number(figure.now - figure.before, 2, signed=True)
        row = [
            plain(figure.about),
            "none" if figure.before is None else f"{figure.before:g}",
            "none" if figure.now is None else f"{figure.now:g}",
            moved,
            plain("; ".join(filter(None, (figure.said, figure.known_break)))),
        ]
        tables.setdefault(figure.whom, []).append(row)
    heads = {"Figure": False, "Before": True, "Now": True, "Moved by": True, "Known": False}
    return [
        table(plain(f"England: {whom.removeprefix('national, ')}"), heads, rows)
        for whom, rows in tables.items()
    ]


def _files(before: Profile, now: Profile) -> Table:
    heads = {"": False, "Reference": False, "New file": False}
    rows = [
        ["Table", before.identity.said, now.identity.said],
        ["Columns", f"{len(before.columns):,}", f"{len(now.columns):,}"],
        ["Rows", f"{sum(before.rows.values()):,}", f"{sum(now.rows.values()):,}"],
        ["Encoding", before.form.encoding, now.form.encoding],
        ["Line ending", before.form.line_ending, now.form.line_ending],
        ["SHA-256", before.sha256, now.sha256],
    ]
    return table("The two files", heads, [[plain(text) for text in row] for row in rows])
