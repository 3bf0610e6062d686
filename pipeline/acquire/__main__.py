"""Bring a year: `python -m pipeline.acquire --year 2025` (`make acquire YEAR=2025`)."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pipeline.acquire.bring import Asked, Outcome, bring
from pipeline.measures.catalogue import academic_year
from pipeline.run import locations
from pipeline.run.faults import Fault

DONE, FAILED, BY_HAND, STOPPED = 0, 1, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring a year and return 0, or 1 if anything failed, or 3 if files are to be saved."""
    asked = _asked(arguments)
    try:
        outcomes = bring(asked, _tell)
    except Fault as fault:
        sys.stderr.write(f"Error: {fault}\n  nothing was fetched or changed\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; run it again to go on from what has arrived.\n")
        return STOPPED
    return _summarise(asked, outcomes)


def _asked(arguments: Sequence[str] | None) -> Asked:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.acquire",
        description="Bring the sources of one academic year: fetch what may be fetched, "
        "check what was saved by hand. Nothing is fetched unless this is run.",
    )
    parser.add_argument(
        "--year", type=_year, required=True, help="academic year, by its end: 2025"
    )
    parser.add_argument(
        "--into",
        type=Path,
        help="folder of sources (data/sources)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="SOURCE",
        help="only this source of releases.yaml; may be repeated",
    )
    parser.add_argument(
        "--accept-new-version",
        action="store_true",
        help="take the newest version or content in place of the pinned one",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="fetch nothing: check and record files that were saved by hand",
    )
    parser.add_argument(
        "--day",
        type=date.fromisoformat,
        default=date.today(),
        help="newest day of the register of schools (today)",
    )
    parser.add_argument(
        "--service",
        action="append",
        default=[],
        type=_service,
        metavar="NAME=ADDRESS",
        help="another address of ees or gias, such as a copy on this machine",
    )
    given = parser.parse_args(arguments)
    return Asked(
        year=given.year,
        into=(given.into or locations.root() / "data" / "sources").resolve(),
        day=given.day,
        only=tuple(given.only),
        accept_new_version=given.accept_new_version,
        fetching=not given.check,
        services=dict(given.service),
    )


def _year(text: str) -> int:
    if not text.isdecimal() or not 2016 <= int(text) <= 2100:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no academic year: 2025 means 2024/25"
        )
    return int(text)


def _service(text: str) -> tuple[str, str]:
    name, _, address = text.partition("=")
    if name not in ("ees", "gias") or not address:
        raise argparse.ArgumentTypeError(f"{text!r}: expected ees=... or gias=...")
    return name, address


def _summarise(asked: Asked, outcomes: list[Outcome]) -> int:
    where = locations.shown(asked.into)
    _tell(f"\n{academic_year(asked.year)}, in {where}:")
    for outcome in outcomes:
        _tell(f"  {outcome.state:<16} {outcome.source}")
    states = {outcome.state for outcome in outcomes}
    if states & {"fetched", "recorded"}:
        _tell("Read the difference of data/reference/releases.lock.yaml, and commit it.")
    if "failed" in states:
        return FAILED
    return BY_HAND if "to save by hand" in states else DONE


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
