"""The suite's last result, as a short table that says how to have it again."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from tests.fuzz import starts
from tests.fuzz.cases import MUTATIONS, Case, Outcome
from tests.fuzz.judge import Ended
from tests.fuzz.mutations import FAMILIES

PAGE = starts.ROOT / "reports" / "methods" / "fuzz.md"

READERS = {
    "performance": "performance tables, key stages 2, 4 and 5, loose and in zips",
    "stage": "the stage `clean`, from performance table to Parquet",
    "ees": "the same in the layout of explore-education-statistics",
    "gias": "register of schools: establishments, links, trusts",
    "ofsted": "Ofsted's outcomes",
    "context": "census, absence, destinations",
    "trusts": "the department's tables of trusts",
    "register": "registers of members and programmes",
    "list": "register doctor",
    "drift": "drift doctor",
    "corrections": "declared corrections",
    "plain": "any table of text, cell by cell",
    "workbook": "any workbook, cell by cell",
}


def command(case: Case) -> str:
    """How one case is run again."""
    asked = shlex.join([case.start, case.mutation, str(case.seed)])
    return f"python -m tests.fuzz --case {asked}"


def page(ended: Mapping[Case, Ended], first_seed: int) -> str:
    """Lay out what came of all cases; the same for the same cases and outcomes."""
    outcomes = Counter(how.outcome for how in ended.values())
    failures = sum(count for outcome, count in outcomes.items() if outcome.is_failure)
    readers = {s.name: s.reader for s in starts.all_starts().values()}
    by_mutation = [
        (name, _counts(ended, lambda case: case.mutation, name))
        for family in FAMILIES
        for name in MUTATIONS
        if MUTATIONS[name].family == family
    ]
    by_reader = [
        (said, _counts(ended, lambda case: readers[case.start], key))
        for key, said in READERS.items()
    ]
    return "\n".join(
        [
            *_introduction(ended, first_seed, failures),
            "",
            "## By what was done to the file",
            "",
            *_table("what was done", by_mutation),
            "",
            "## By what was read",
            "",
            *_table("what was read", by_reader),
            "",
            *_not_detectable(ended),
            *_failures(ended),
        ]
    )


def _counts(
    ended: Mapping[Case, Ended], about: Callable[[Case], str], which: str
) -> Counter[Outcome]:
    return Counter(how.outcome for case, how in ended.items() if about(case) == which)


def _table(about: str, rows: Iterable[tuple[str, Counter[Outcome]]]) -> list[str]:
    rows = [(name, counts) for name, counts in rows if counts.total()]
    total = sum((counts for _, counts in rows), Counter[Outcome]())
    heads = [about, "cases", *(outcome.value for outcome in Outcome)]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for name, counts in [*rows, ("all", total)]:
        numbers = [f"{counts[outcome]:,}" if counts[outcome] else "" for outcome in Outcome]
        lines.append([name, f"{counts.total():,}", *numbers])
    return [f"| {' | '.join(line)} |" for line in lines]


def _introduction(ended: Mapping[Case, Ended], first_seed: int, failures: int) -> list[str]:
    from tests.fuzz.limits import MEGABYTES, SECONDS

    real = starts.why_not_real() is None
    whose = (
        "real files"
        if real
        else "files of the synthetic England (no real ones were at hand)"
    )
    files = len({case.start for case in ended})
    says = f"{failures:,} cases failed" if failures else "no case failed"
    return [
        "# Hostile input",
        "",
        f"{len(ended):,} spoilt files and registers, made from {files} {whose}, were read: {says}. "
        "Written by `make fuzz`; do not edit.",
        "",
        "Each file is cut to its header, its totals and some of its schools, spoilt in one way, "
        "and read by the pipeline's own reader. What comes of it is held against what an "
        "independent reader (`tests/fuzz/naive.py`: the csv module, openpyxl, plain Python) "
        "finds in the spoilt file, and against what the whole file says.",
        "",
        "- *as before*: the result of the file that nobody spoilt, or a part of it where the "
        "file was cut off",
        "- *as the file now says*: figure by figure what the independent reader finds",
        "- *clear error*: it names the file, what was expected and what to do",
        "- *told by a check*: the file reads well and means something else, and the drift doctor "
        "says so",
        "- *not detectable*: as before, and nothing says so (see below)",
        "- *wrong number*, *unclear or undue error* (undue: the change means nothing), *crash* "
        f"and *hang* (over {SECONDS} s; a crash is also more than {MEGABYTES:,} MB) are failures",
        "",
        f"Seeds from {first_seed}. One case again, its files kept: "
        "`python -m tests.fuzz --case FILE MUTATION SEED`.",
    ]


def _not_detectable(ended: Mapping[Case, Ended]) -> list[str]:
    found = [case for case, how in ended.items() if how.outcome is Outcome.UNDETECTABLE]
    if not found:
        return []
    kinds = Counter((starts.all_starts()[c.start].reader, c.mutation) for c in found)
    lines = [
        "## Not detectable",
        "",
        "Two headers exchanged, or one separator lost or added, can leave a file in which every "
        "cell is possible where it stands: girls and boys exchanged, one date for another. "
        "Nothing in such a file says that it is wrong. Files are therefore known by their hash "
        "and fetched with it where the publisher's interface allows; the back test against "
        "published national figures, which needs whole files, is not run here.",
        "",
    ]
    return [
        *lines,
        *_plain_table(
            ("what was read", "what was done", "cases"),
            [(READERS[r], m, f"{n:,}") for (r, m), n in sorted(kinds.items())],
        ),
        "",
    ]


def _failures(ended: Mapping[Case, Ended]) -> list[str]:
    found = [(case, how) for case, how in ended.items() if how.outcome.is_failure]
    if not found:
        return []
    return [
        "## Failures",
        "",
        *(f"- {how.outcome.value}: `{command(case)}`" for case, how in found[:50]),
        *([f"- and {len(found) - 50:,} more"] if len(found) > 50 else []),
        "",
    ]


def _plain_table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [heads, ("---",) * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
