"""Running cases in processes of their own, within limits of time and memory.

A reader that hangs or asks for too much memory cannot be stopped from within: its process
is ended, and another takes the next case.
"""

import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import psutil

from tests.fuzz.cases import Case, Outcome
from tests.fuzz.judge import Ended
from tests.fuzz.naive import Facts

SECONDS = 20
"""A reader gets so much time of a processor for one file of a few dozen kilobytes, however
spoilt. Where it does nothing at all it waits for what never comes."""
MEGABYTES = 1_500
"""So much more memory than before a reader may ask for."""
_HARNESS_SECONDS = 300
_NICENESS = 10


class HarnessError(Exception):
    """The suite itself is broken."""


@dataclass
class _Worker:
    """One process, and the case that it is at."""

    process: Any
    pipe: Connection
    case: Case | None = None
    phase: str = ""
    since: float = field(default_factory=time.monotonic)
    worked: float = 0.0
    """Seconds of a processor that it had used then."""

    def note(self) -> None:
        """Begin to count anew."""
        self.since, self.worked = time.monotonic(), self._worked()

    def is_over(self) -> bool:
        """Whether its time is up."""
        waited = time.monotonic() - self.since
        if self.phase != "reading":
            return waited > _HARNESS_SECONDS
        worked = self._worked() - self.worked
        return worked > SECONDS or waited > (4 if worked > 1 else 1.5) * SECONDS

    def _worked(self) -> float:
        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return self.worked
        return float(times.user + times.system)


def run_all(cases: list[Case], workers: int) -> Iterator[tuple[Case, Ended]]:
    """Run every case; results come in the order in which they end."""
    context = multiprocessing.get_context("spawn")
    waiting = list(reversed(cases))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        running = [_started(context, Path(folder)) for _ in range(min(workers, len(cases)))]
        try:
            while running:
                yield from _tended(running, waiting, context, Path(folder))
        finally:
            for worker in running:
                worker.process.kill()
                worker.process.join()


def _started(context: Any, folder: Path) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, folder), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours, phase="starting")


def _tended(
    running: list[_Worker], waiting: list[Case], context: Any, folder: Path
) -> Iterator[tuple[Case, Ended]]:
    """Look after all processes once: hand out cases, take results, end what hangs."""
    wait([worker.pipe for worker in running], timeout=0.5)
    for worker in list(running):
        ended = None
        try:
            while worker.pipe.poll():
                kind, said = worker.pipe.recv()
                worker.note()
                if kind == "phase":
                    worker.phase = said
                elif kind == "broken":
                    raise HarnessError(f"{worker.case}:\n{said}")
                elif kind == "ended" and worker.case is not None:
                    yield worker.case, Ended(Outcome[said[0]], *said[1:])
                    worker.case = None
                if kind in ("ready", "ended"):
                    if waiting:
                        worker.case = waiting.pop()
                        worker.phase = "making"
                    worker.pipe.send(worker.case)
                    if worker.case is None:
                        running.remove(worker)
        except (EOFError, OSError):
            worker.process.join(10)
            ended = Ended(Outcome.CRASH, _of_exit(worker.process.exitcode))
        if ended is None and worker in running and worker.is_over():
            ended = Ended(Outcome.HANG, f"ended after {SECONDS} seconds")
        if ended is not None:
            worker.process.kill()
            worker.process.join()
            if worker.phase != "reading" or worker.case is None:
                raise HarnessError(f"{worker.case} while {worker.phase}: {ended.said}")
            yield worker.case, ended
            running[running.index(worker)] = _started(context, folder)


def _of_exit(code: int | None) -> str:
    if code is not None and code < 0:
        return f"the process died of {signal.Signals(-code).name}"
    return f"the process ended with {code}"


def _work(pipe: Connection, folder: Path) -> None:
    """Run cases until there are no more, one after the other."""
    # A process that is to be ended from outside shall not tell it on the screen.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    from tests.fuzz import judge, mutations

    assert mutations.FAMILIES
    limited = _Memory()
    pipe.send(("ready", None))
    while (case := pipe.recv()) is not None:
        place = Path(tempfile.mkdtemp(dir=folder)) / "case"
        place.mkdir()
        began = time.process_time()
        try:
            ended = judge.run(
                case, place, limited, lambda phase: pipe.send(("phase", phase))
            )
            seconds = time.process_time() - began
            pipe.send(("ended", (ended.outcome.name, ended.said, seconds)))
        except BaseException:
            pipe.send(("broken", traceback.format_exc()))
            return
        finally:
            shutil.rmtree(place.parent, ignore_errors=True)


class _Memory:
    """Lets a function ask for so much more address space and no more."""

    def __call__(self, read: Callable[[], Facts]) -> Facts:
        limit = _address_space() + MEGABYTES * 1_000_000
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        try:
            return read()
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _address_space() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = status.read_text().splitlines()
    size = next(line for line in lines if line.startswith("VmSize:"))
    return int(size.split()[1]) * 1024
