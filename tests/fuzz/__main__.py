"""Read spoilt files by the thousand: `python -m tests.fuzz`.

It writes `reports/methods/fuzz.md` and ends with 1 if any case gave a wrong number, an
unclear error, a crash or a hang. One case is run again, in this process and with its files
kept, by `python -m tests.fuzz --case FILE MUTATION SEED`.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from tests.fuzz import judge, limits, mutations, starts, telling
from tests.fuzz.cases import MUTATIONS, Case

LEAST = 10_000
SHARES = {
    "drift": 0.3,
    "plain": 0.4,
    "corrections": 0.5,
    "stage": 0.5,
    "register": 2.0,
    "list": 2.0,
}
"""What is slow, or reads many files in the same way, gets fewer cases of each mutation."""
assert mutations.FAMILIES


def plan(least: int, first_seed: int = 0) -> list[Case]:
    """List cases, in the same order each time: every mutation of every start it applies to.

    Each gets as many seeds as its weight, scaled so that there are `least` or more.
    """
    pairs = [
        (s, m)
        for s in starts.all_starts().values()
        for m in MUTATIONS.values()
        if m.applies(s)
    ]
    shares = {s.name: SHARES.get(s.reader, 1.0) for s in starts.all_starts().values()}
    # What is left of a case at the end of each mutation would be missing: one more of each.
    total = sum(mutation.weight * shares[start.name] for start, mutation in pairs)
    scale = (least + len(MUTATIONS)) / max(total, 1)
    cases = []
    owed = Counter[str]()
    for start, mutation in pairs:
        # Fractions of a case are saved up, mutation by mutation, until they are one.
        share = mutation.weight * shares[start.name] * scale
        owed[mutation.name] += round(share * 1_000_000)
        count, owed[mutation.name] = divmod(owed[mutation.name], 1_000_000)
        cases += [Case(start.name, mutation.name, first_seed + k) for k in range(count)]
    return cases


def main(arguments: list[str]) -> int:
    """Run the suite, or one case of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--case", nargs=3, metavar=("FILE", "MUTATION", "SEED"))
    parser.add_argument("--cases", type=int, default=LEAST, help="how many, about")
    parser.add_argument(
        "--seed", type=int, default=0, help="the first seed of each mutation"
    )
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--mutation", default="", help="mutations whose name holds this")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", type=Path, default=telling.PAGE)
    asked = parser.parse_args(arguments)
    if not starts.all_starts():
        sys.exit(starts.NOTHING_TO_READ)
    if asked.case:
        return _replay(Case(asked.case[0], asked.case[1], int(asked.case[2])))
    if why := starts.why_not_real():
        sys.stderr.write(f"{why}: the synthetic England's files are spoilt instead\n")
    cases = [
        case
        for case in plan(asked.cases, asked.seed)
        if asked.only in case.start and asked.mutation in case.mutation
    ]
    ended, began = {}, time.monotonic()
    for number, (case, how) in enumerate(limits.run_all(cases, asked.workers), start=1):
        ended[case] = how
        if how.outcome.is_failure:
            sys.stdout.write(
                f"{how.outcome.value}: {telling.command(case)}\n  {how.said}\n"
            )
        if number % 500 == 0:
            seconds = time.monotonic() - began
            sys.stderr.write(f"{number:,} of {len(cases):,} cases in {seconds:.0f} s\n")
    _tell_slowest(ended)
    failures = [case for case, how in ended.items() if how.outcome.is_failure]
    text = telling.page({case: ended[case] for case in cases}, asked.seed)
    if not (asked.only or asked.mutation) or asked.page != telling.PAGE:
        asked.page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{asked.page}\n")
    sys.stdout.write(f"{len(cases):,} cases, {len(failures):,} failures\n")
    return 1 if failures else 0


def _tell_slowest(ended: dict[Case, judge.Ended]) -> None:
    seconds = Counter[str]()
    for case, how in ended.items():
        seconds[f"{starts.all_starts()[case.start].reader}: {case.mutation}"] += how.seconds
    for name, spent in seconds.most_common(8):
        sys.stderr.write(f"{spent:6.0f} s of {sum(seconds.values()):.0f} s for {name}\n")


def _replay(case: Case) -> int:
    """Run one case again and keep its files for a look."""
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-case-")) / "case"
    folder.mkdir()
    ended = judge.run(case, folder, lambda read: read(), lambda phase: None)
    sys.stdout.write(f"{ended.outcome.value}: {ended.said}\nThe files: {folder}\n")
    return int(ended.outcome.is_failure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
