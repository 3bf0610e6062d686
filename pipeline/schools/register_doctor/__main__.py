"""Look at a list of members: `python -m pipeline.schools.register_doctor LIST`."""

import argparse
import sys
from datetime import date
from pathlib import Path

from pipeline.run import locations, parameters
from pipeline.run.faults import Fault
from pipeline.schools.register_doctor import grid, listing, writing
from pipeline.schools.register_doctor.accept import accept
from pipeline.schools.register_doctor.diagnosis import PROGRAMMES
from pipeline.schools.register_doctor.directory import Directory
from pipeline.schools.register_doctor.examine import examine
from pipeline.sources import establishments


def main(arguments: list[str] | None = None) -> int:
    """Look at a list, or make the final register from a corrected copy.

    Returns 0 where a register was made or nothing must be mended, else 1. The list is
    only read; files that are there are never written over.
    """
    asked = _parser().parse_args(arguments)
    try:
        if asked.accept:
            return _accept(asked)
        return _look(asked)
    except Fault as fault:
        sys.stderr.write(f"Error: {fault}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.schools.register_doctor",
        description="Say what is wrong with a list of members, propose what was meant, "
        "and write a corrected copy for a person to accept.",
    )
    parser.add_argument("list", type=Path, help="workbook (.xlsx) or table of text (.csv)")
    parser.add_argument("--sheet", help="sheet of the workbook that holds the list")
    parser.add_argument(
        "--schools",
        type=Path,
        help="folder of the register of schools (GIAS); else sources.gias of params.yaml",
    )
    parser.add_argument(
        "--dates",
        choices=("day-first", "month-first"),
        help="whether 03/04/2018 is the third of April or the fourth of March",
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="'THEIRS=OURS'",
        help="which column of the register a column of the list is; may be repeated",
    )
    parser.add_argument("--out", type=Path, help="folder to write in; else the list's own")
    parser.add_argument(
        "--accept",
        action="store_true",
        help="LIST is a corrected copy with answers: make the final register",
    )
    return parser


def _look(asked: argparse.Namespace) -> int:
    told = dict(_told(entry) for entry in asked.column)
    found = listing.from_grid(grid.read(asked.list, asked.sheet), told)
    diagnosis = examine(
        found,
        _directory(asked.schools, asked.list),
        today=date.today(),
        order=asked.dates,
    )
    stem = "programmes" if diagnosis.columns == PROGRAMMES else "partners"
    folder = asked.out or asked.list.parent
    findings, corrected = folder / f"{stem}.findings.csv", folder / f"{stem}.corrected.csv"
    writing.write(
        {
            findings: writing.findings_table(diagnosis),
            corrected: writing.corrected(diagnosis),
        }
    )
    sys.stdout.write(
        f"{writing.told(diagnosis)}\n"
        f"Every finding: {findings.as_posix()}\n"
        f"Corrected copy, with all {len(diagnosis.entries)} rows: {corrected.as_posix()}\n"
        "  write yes into its column accept where a proposal is right, or the right value "
        "into the cell; then run again with --accept and this copy\n"
    )
    return 1 if diagnosis.count("must mend") else 0


def _told(entry: str) -> tuple[str, str]:
    theirs, equals, ours = entry.rpartition("=")
    if not equals or not theirs.strip():
        raise Fault(
            f"--column {entry!r}: expected a header of the list, =, and a column of the "
            "register\n  what to do: write --column 'Date of signing=joined'"
        )
    return theirs, ours.strip().casefold()


def _directory(folder: Path | None, members: Path) -> Directory | None:
    """The register of schools, if there is one that the list can be compared with."""
    if folder is None:
        named = parameters.load().sources.gias
        if named is None:
            return None
        folder = locations.root() / named
        made_up = locations.england()
        if folder.resolve().is_relative_to(made_up) and not (
            folder.is_dir() and members.resolve().is_relative_to(made_up)
        ):
            return None
    if not folder.is_dir():
        raise Fault(
            f"{folder.as_posix()}: no such folder\n"
            "  expected: the folder of the register of schools\n"
            "  what to do: correct --schools, or sources.gias in params.yaml"
        )
    schools = establishments.read(folder, folder.as_posix())
    return Directory(schools.establishments, schools.links)


def _accept(asked: argparse.Namespace) -> int:
    accepted = accept(asked.list, today=date.today(), order=asked.dates, sheet=asked.sheet)
    register = (asked.out or asked.list.parent) / accepted.name
    writing.write({register: accepted.text})
    left_out = accepted.rows_in - accepted.rows_out
    lines = [
        f"{register.as_posix()}: {accepted.rows_out} of {accepted.rows_in} rows"
        + (f", {left_out} left out because you accepted it" if left_out else ""),
        *(f"  accepted: {change}" for change in accepted.changes),
        *(f"  no answer, left as it was: {place}" for place in accepted.unanswered),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
