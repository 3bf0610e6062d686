"""A new file beside its reference: all findings, and how much they matter."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.drift import content, header, national, profile, rows
from pipeline.drift.findings import TOPICS, Finding, Level
from pipeline.drift.header import Header
from pipeline.drift.national import National
from pipeline.drift.profile import Profile
from pipeline.run.faults import InputFault
from pipeline.sources import corrections
from pipeline.sources.corrections import Correction
from pipeline.sources.table_file import TableFile


@dataclass(frozen=True)
class Diagnosis:
    """What a new file does otherwise than its reference."""

    now: Profile
    before: Profile
    header: Header
    findings: tuple[Finding, ...]
    """The most serious first, then in the order of `TOPICS`."""
    national: tuple[National, ...]

    @property
    def level(self) -> Level:
        """The most serious finding."""
        return max((finding.level for finding in self.findings), default=Level.NOTE)

    @property
    def exit_code(self) -> int:
        """0: no drift. 1: worth a look. 2: what the project reads has changed."""
        return int(self.level)

    def of(self, level: Level) -> list[Finding]:
        """Findings of one level."""
        return [finding for finding in self.findings if finding.level is level]


def examine(
    now: Profile, before: Profile, declared: Iterable[Correction] = ()
) -> Diagnosis:
    """Compare a file with its reference.

    The file is looked at as it is and with its known errors corrected. What a declared
    correction mends is a note; what it does not mend stays. A correction whose error is
    no longer there is breaking, since it has to go. Where the file is as its reference,
    the reference holds the same error: what the correction makes of it is no drift.
    """
    columns, figures, found = _compare(before, now)
    mended, outlived, right = _declared(now, declared)
    if right is not now:
        shared = _in_both(found, mended)
        _, figures, corrected = _compare(before, right)
        left = _without_shared(corrected, found, shared, figures)
        still = {_key(finding) for finding in left}
        known = [
            _as_mended(finding, mended)
            for finding in found
            if _key(finding) not in still and finding.level > Level.NOTE
        ]
        found = [*left, *known]
    order = list(TOPICS)
    return Diagnosis(
        now=now,
        before=before,
        header=columns,
        findings=tuple(
            sorted([*found, *outlived], key=lambda f: (-f.level, order.index(f.topic)))
        ),
        national=tuple(figures),
    )


def _compare(before: Profile, now: Profile) -> tuple[Header, list[National], list[Finding]]:
    columns = header.compare(before, now)
    figures = national.compare(before, now, columns)
    found = [
        *_form(before, now),
        *columns.findings,
        *content.compare(
            columns.pairs, same_schools=before.identity.area == now.identity.area
        ),
        *rows.compare(before, now),
        *national.findings(figures),
    ]
    if before.identity.is_explore != now.identity.is_explore:
        found = [*_other_layout(before, now), *found]
    return columns, figures, found


def _in_both(found: list[Finding], mended: dict[str, tuple[str, ...]]) -> set[str]:
    """List the mended columns in which the file, as it is, is as its reference."""
    differ = {f.about.upper() for f in found if f.level > Level.NOTE}
    drifted = {name for column in differ for name in mended.get(column, ())}
    return {column for column, names in mended.items() if not drifted & set(names)}


def _without_shared(
    corrected: list[Finding],
    found: list[Finding],
    shared: set[str],
    figures: list[National],
) -> list[Finding]:
    """Make notes of differences that come of correcting one of two like files."""
    before = {_key(finding) for finding in found}
    of_england = {f"{f.about}; {f.whom}": f.column for f in figures}
    return [
        replace(finding, level=Level.NOTE, said=f"{finding.said}; as in its reference")
        if _key(finding) not in before
        and of_england.get(finding.about, finding.about).upper() in shared
        else finding
        for finding in corrected
    ]


def _key(finding: Finding) -> tuple[str, ...]:
    return finding.topic, finding.about, finding.said


def _as_mended(finding: Finding, mended: dict[str, tuple[str, ...]]) -> Finding:
    names = ", ".join(f"'{name}'" for name in mended.get(finding.about.upper(), ()))
    said = f"{finding.said}; mended by {names}" if names else f"{finding.said}; mended"
    return replace(finding, level=Level.NOTE, said=said)


def _form(before: Profile, now: Profile) -> list[Finding]:
    found = []
    if before.sha256 == now.sha256 and before.identity.year != now.identity.year:
        said = "the same file stands in two years: one of them is in a wrong folder"
        found.append(Finding(Level.BREAKING, "file", "year", before.shown, now.shown, said))
    said = "read alike"
    for about, then, there in (
        ("encoding", before.form.encoding, now.form.encoding),
        ("line ending", before.form.line_ending, now.form.line_ending),
        (
            "byte order mark",
            "yes" if before.form.byte_order_mark else "no",
            "yes" if now.form.byte_order_mark else "no",
        ),
    ):
        if then != there:
            found.append(Finding(Level.NOTE, "file", about, then, there, said))
    return found


def _other_layout(before: Profile, now: Profile) -> list[Finding]:
    names = ["the download site's", "that of explore-education-statistics"]
    said = "another layout: few columns of one stand in the other under their names"
    if now.identity.table.startswith("ees-"):
        said += "; it is read by its own names (pipeline/measures/ees.py)"
    return [
        Finding(
            Level.BREAKING,
            "file",
            "layout",
            names[before.identity.is_explore],
            names[now.identity.is_explore],
            said,
        )
    ]


def _declared(
    now: Profile, declared: Iterable[Correction]
) -> tuple[dict[str, tuple[str, ...]], list[Finding], Profile]:
    """Give the columns that corrections mend, corrections outlived, and what is right.

    Beside each column stand the names of the corrections that mend it.
    """
    mended: dict[str, tuple[str, ...]] = {}
    outlived: list[Finding] = []
    if now.file is None:
        return mended, outlived, now
    file = now.file
    for correction in declared:
        try:
            corrected, applied = corrections.apply(file, [correction])
        except InputFault as fault:
            said = str(fault).replace("\n", "; ")
            outlived.append(
                Finding(Level.BREAKING, "file", correction.name, "wrong", "mended", said)
            )
            continue
        if any(done.cells for done in applied):
            for column in _changed(file, corrected):
                mended[column] = (*mended.get(column, ()), correction.name)
            file = corrected
    right = now if file is now.file else profile.corrected(now, file)
    return mended, outlived, right


def _changed(file: TableFile, corrected: TableFile) -> list[str]:
    """List the columns whose name or cells are otherwise now, by both names."""
    renamed = set(file.header) ^ set(corrected.header)
    before, after = file.cells, corrected.cells
    common = [name for name in before.columns if name in after.columns and name]
    return [*renamed, *(n for n in common if not before[n].equals(after[n]))]
