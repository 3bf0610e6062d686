"""The drift doctor's command: `python -m pipeline.publication.drift FILE`.

It compares a new file with its known layout or with last year's file, says what changed
in words, writes a page, and ends with 0 (no drift), 1 (worth a look), 2 (what the project
reads has changed) or 3 (the file could not be examined).
"""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import NoReturn

from pipeline.contracts import promise
from pipeline.drift import layouts, profile, reference
from pipeline.drift.examine import Diagnosis, examine
from pipeline.drift.findings import TOPICS, Level
from pipeline.drift.proposal import Proposal, proposals
from pipeline.measures.catalogue import folder_of_year
from pipeline.publication import drift_page
from pipeline.publication.drift_page import HEADINGS, plain, sentence, verdict
from pipeline.run import locations, parameters
from pipeline.run.faults import Fault
from pipeline.sources import corrections

NOT_EXAMINED = 3
_LINES = 12
"""So many findings of a kind are printed; the page holds all."""


def diagnose(path: Path, against: Path | None = None, year: int | None = None) -> Diagnosis:
    """Compare a file with its reference, known errors taken into account.

    `year` is the academic year (its end) of a file that stands in no folder of a year.
    Raises Fault for a file that is no table, whose year cannot be told, or that there is
    nothing to compare with.
    """
    shown = layouts.shown_as(path)
    if year is not None:
        shown = f"{folder_of_year(year)}/{path.name}"
    now = profile.of_file(path, shown)
    if now.identity.year is None:
        raise Fault(
            f"{shown}: the academic year of this file is not known\n"
            "  expected: a file in the folder of its year, such as 2024-2025\n"
            "  what to do: save it there, or say the year's end: --year 2025"
        )
    before = (
        reference.choose(now, path, _sources())
        if against is None
        else profile.of_file(against, layouts.shown_as(against))
    )
    return examine(now, before, corrections.load())


def _sources() -> Path | None:
    """Name the project's folder of downloads; a file may be looked at without any."""
    try:
        folder = locations.root() / parameters.load().sources.folder
    except Fault:
        return None
    return folder if folder.is_dir() else None


def told(diagnosis: Diagnosis, proposed: list[Proposal]) -> str:
    """Tell a diagnosis as plain text."""
    lines = [
        plain(f"{diagnosis.now.shown}: {verdict(diagnosis)}"),
        plain(f"compared with {diagnosis.before.shown}"),
    ]
    for level in (Level.BREAKING, Level.LOOK):
        for topic, title in TOPICS.items():
            found = [f for f in diagnosis.of(level) if f.topic == topic]
            if found:
                lines += ["", f"{HEADINGS[level]}: {title.lower()}"]
                lines += [f"  {sentence(f)}" for f in found[:_LINES]]
            if len(found) > _LINES:
                lines.append(f"  ... and {len(found) - _LINES} more on the page")
    notes = len(diagnosis.of(Level.NOTE))
    lines += ["", f"{notes} notes on the page, of what is read alike or not read."]
    for proposal in proposed:
        lines += ["", plain(f"Proposed for {proposal.where}, {proposal.why}:")]
        lines += [f"  {plain(line)}" for line in proposal.text.splitlines()]
    return "\n".join(lines) + "\n"


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Leave the exit codes 1 and 2 to what is found in files."""
        self.print_usage(sys.stderr)
        self.exit(NOT_EXAMINED, f"Error: {message}\n")


def main(arguments: list[str]) -> int:
    """Run the command and give its exit code."""
    parser = _Arguments(prog="python -m pipeline.publication.drift", description=__doc__)
    parser.add_argument("file", type=Path, help="the new file, in the folder of its year")
    parser.add_argument("--against", type=Path, help="the file to compare it with")
    parser.add_argument("--year", type=int, help="its academic year, by the end: 2025")
    parser.add_argument("--page", type=Path, help="where to write the page")
    asked = parser.parse_args(arguments)
    try:
        diagnosis = diagnose(asked.file, asked.against, asked.year)
    except Fault as fault:
        sys.stderr.write(f"Error: {plain(str(fault))}\n")
        return NOT_EXAMINED
    proposed = proposals(diagnosis, date.today())
    page = asked.page or drift_page.place(diagnosis)
    promise.write_text(drift_page.page(diagnosis, proposed, asked.file), page)
    said = told(diagnosis, proposed)
    sys.stdout.write(f"{said}\nThe page: {locations.shown(page)}\n")
    return diagnosis.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
