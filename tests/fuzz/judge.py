"""How one case ended: a right result, a clear error, or a failure."""

import os
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import Any, NamedTuple

from pipeline.run.faults import Fault
from tests.fuzz import misled, naive, readers, starts
from tests.fuzz.cases import MUTATIONS, Case, Changed, Expect, Outcome, Start
from tests.fuzz.faults import BrokenPromiseError, UnclearError, check_text
from tests.fuzz.grids import UnreadableError, rows_of, text_of
from tests.fuzz.naive import Facts, RefusedError
from tests.fuzz.spoil_bytes import RAW

Limited = Callable[[Callable[[], Facts]], Facts]
"""Runs a reader within limits of memory."""


class Ended(NamedTuple):
    """The outcome of a case, and what there is to say of it."""

    outcome: Outcome
    said: str = ""
    seconds: float = 0.0
    """Of a processor, for making, reading and judging."""


def changed_by(case: Case) -> tuple[Start, Changed]:
    """Make the files of a case."""
    start = starts.all_starts()[case.start]
    return start, MUTATIONS[case.mutation].make(start, case.random())


def put(changed: Changed, folder: Path) -> None:
    """Write the files of a case into a folder."""
    for place, content in changed.files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for place, what in changed.special.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        kind, _, target = what.partition(":")
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(path.name if target == "itself" else target)


@cache
def original(name: str, folder: Path) -> Facts:
    """What a reader finds in a start that nobody has spoilt."""
    start = starts.all_starts()[name]
    place = folder / "original"
    put(Changed(start.content, {start.place: start.content, **start.beside}), place)
    try:
        return readers.read(start, place)
    finally:
        rmtree(place)


def run(case: Case, folder: Path, limited: Limited, phase: Callable[[str], None]) -> Ended:
    """Make, read and judge one case in an empty folder."""
    phase("making")
    start, changed = changed_by(case)
    before = original(case.start, folder.parent / "originals")
    put(changed, folder)
    expects = changed.expects or MUTATIONS[case.mutation].expects
    phase("reading")
    try:
        facts = limited(lambda: readers.read(start, folder))
    except Fault as fault:
        return _of_fault(fault, start, changed, expects)
    except BrokenPromiseError as broken:
        return Ended(Outcome.WRONG, str(broken))
    except UnclearError as unclear:
        return Ended(Outcome.UNCLEAR, str(unclear))
    except (KeyboardInterrupt, SystemExit):
        raise
    # Whatever else is raised is what is looked for; a panic is no Exception.
    except BaseException as crash:
        return Ended(Outcome.CRASH, _told(crash))
    phase("judging")
    is_raw = MUTATIONS[case.mutation].family == RAW
    return _of_result(start, changed, expects, before, facts, folder, is_raw=is_raw)


def _told(crash: BaseException) -> str:
    at = crash.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = ""
    if at is not None:
        code = at.tb_frame.f_code
        where = f" in {'/'.join(Path(code.co_filename).parts[-2:])}:{at.tb_lineno}"
    return f"{type(crash).__name__}: {str(crash)[:200]}{where}"


def _of_fault(fault: Fault, start: Start, changed: Changed, expects: Expect) -> Ended:
    names = [PurePosixPath(p).name for p in (*changed.files, *changed.special)]
    try:
        check_text(fault, *names, readers.SHOWN, *(repr(n)[1:-1] for n in names))
    except UnclearError as unclear:
        return Ended(Outcome.UNCLEAR, str(unclear))
    if expects is Expect.SAME:
        return Ended(Outcome.UNCLEAR, f"undue: {fault}")
    return Ended(Outcome.FAULT, str(fault).split("\n")[0])


def _of_result(
    start: Start,
    changed: Changed,
    expects: Expect,
    before: Facts,
    facts: Facts,
    folder: Path,
    *,
    is_raw: bool,
) -> Ended:
    if expects is Expect.FAULT:
        return Ended(Outcome.WRONG, "accepted")
    if facts == before:
        return Ended(Outcome.SAME)
    if expects is Expect.PART and start.reader not in ("drift", "list"):
        return _of_part(start, changed.content, before, facts)
    if start.reader == "drift":
        return _of_findings(expects, before, facts)
    if expects is Expect.SAME:
        return Ended(Outcome.WRONG, difference(before, facts))
    if start.reader == "list":
        return _of_list(start, changed.content, facts)
    try:
        told = naive.expected(start, changed.content)
    except RefusedError as refused:
        return Ended(Outcome.WRONG, f"accepted, though {refused}")
    if facts != told:
        return Ended(Outcome.WRONG, difference(told, facts))
    # A table that is read cell by cell, or a workbook, is read for no meaning of its columns.
    misleads = expects is Expect.MISLED or (is_raw and cells_moved(start, changed.content))
    if misleads and start.reader not in ("plain", "corrections", "workbook"):
        notice = misled.notice(start, changed, folder)
        return Ended(Outcome.CHECKED if notice else Outcome.UNDETECTABLE, notice)
    return Ended(Outcome.TOLD)


def _of_part(start: Start, content: bytes, before: Facts, facts: Facts) -> Ended:
    for key, value in facts.items():
        if key[0] != "count" and (key not in before or before[key] != value):
            return _of_last_cell(start, content, before, facts)
    return Ended(Outcome.SAME)


def _of_last_cell(start: Start, content: bytes, before: Facts, facts: Facts) -> Ended:
    """A last row that lost letters of its last cell and nothing else looks whole.

    Many published files end without a line ending, so that its lack says nothing.
    """
    changed = [key for key in facts if key not in before or before[key] != facts[key]]
    changed = [key for key in changed if key[0] != "count"]
    said = f"{changed[0]}: {before.get(changed[0], 'nothing')} became {facts[changed[0]]}"
    rows, whole = rows_of(text_of(content)), rows_of(text_of(start.content))
    place = len(rows) - 1
    if rows[:-1] == whole[:place] and 0 < place < len(whole):
        lengths = {len(row) for row in whole}
        is_begun = rows[-1][:-1] == whole[place][: len(rows[-1]) - 1]
        if (
            is_begun
            and len(rows[-1]) in lengths
            and facts == naive.expected(start, content)
        ):
            return Ended(Outcome.UNDETECTABLE, said)
    return Ended(Outcome.WRONG, said)


def _of_findings(expects: Expect, before: Facts, facts: Facts) -> Ended:
    """What is likely a new name may differ where columns stand elsewhere, the verdict not."""
    if expects is Expect.SAME and max(facts.values()) != max(before.values()):
        return Ended(Outcome.WRONG, difference(before, facts))
    return Ended(Outcome.TOLD)


def _of_list(start: Start, content: bytes, facts: Facts) -> Ended:
    """Nothing may be taken as certain that no cell says for certain."""
    try:
        rows = naive.rows_of_list(content)
    except UnreadableError as broken:
        return Ended(Outcome.WRONG, f"accepted, though {broken}")
    for (kind, number, *_), text in facts.items():
        row = rows.get(number, naive.ListedRow(frozenset()))
        said: Any = text
        known: set[Any]
        if kind == "text":
            known = row.texts()
        elif kind == "urn":
            known = row.numbers()
        else:
            said, known = date.fromisoformat(text) if text else None, row.days()
        if said and said not in known:
            return Ended(Outcome.WRONG, f"row {number}: {kind} {text!r} is guessed")
    return Ended(Outcome.TOLD)


def difference(one: Facts, other: Facts) -> str:
    """Tell the first thing in which two sets of facts differ."""
    for key in [*one, *other]:
        if key not in one or key not in other or one[key] != other[key]:
            pair = (one.get(key, "nothing"), other.get(key, "nothing"))
            return f"{key}: expected {pair[0]!r:.150}, found {pair[1]!r:.150}"
    return "nothing"


def cells_moved(start: Start, content: bytes) -> bool:
    """Whether a row has more or fewer cells than before: then some stand elsewhere."""
    if start.is_workbook:
        return False
    try:
        rows = rows_of(text_of(content))
    except UnreadableError:
        return False
    before = rows_of(text_of(start.content))
    if len(rows) == len(before):
        return any(len(a) != len(b) for a, b in zip(before, rows, strict=True))
    lengths = {len(row) for row in before}
    return any(len(row) not in lengths for row in rows)
