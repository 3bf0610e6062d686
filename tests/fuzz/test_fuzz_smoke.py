"""A few dozen spoilt files, so that the suite itself stays whole: `make fuzz` runs them all."""

import pytest

from pipeline.run.faults import Fault, InputFault
from tests.fuzz import judge, limits, mutations, naive, readers, starts
from tests.fuzz.cases import MUTATIONS, Case, Outcome

CASES = 60
assert mutations.FAMILIES


@pytest.fixture(scope="module")
def known():
    """Every file to start from."""
    found = starts.all_starts()
    if not found:
        pytest.skip(starts.NOTHING_TO_READ)
    return found


@pytest.fixture
def plain(known):
    """A small table whose figures are read cell by cell."""
    return next(s for s in known.values() if s.reader in ("plain", "register"))


def ended(start, tmp_path, mutation="bytes changed", seed=0):
    """Run one case in this process."""
    folder = tmp_path / "case"
    folder.mkdir()
    case = Case(start.name, mutation, seed)
    return judge.run(case, folder, lambda read: read(), lambda phase: None)


def test_no_spoilt_file_gives_a_wrong_number_a_crash_or_a_hang(known):
    pairs = [
        (s.name, m.name) for s in known.values() for m in MUTATIONS.values() if m.applies(s)
    ]
    some = [Case(*pairs[k * len(pairs) // CASES], 1_000) for k in range(CASES)]
    failed = [
        (case, how)
        for case, how in limits.run_all(some, workers=1)
        if how.outcome.is_failure
    ]
    assert failed == []


def test_the_independent_reader_agrees_on_every_file_that_nobody_spoilt(known, tmp_path):
    for number, start in enumerate(known.values()):
        if start.reader not in ("list", "drift"):
            found = judge.original(start.name, tmp_path / str(number))
            assert found == naive.expected(start, start.content), start.name


def test_a_case_is_the_same_bytes_each_time(plain):
    for mutation in ("bytes changed", "texts drawn by hypothesis", "rows twice"):
        case = Case(plain.name, mutation, 3)
        assert judge.changed_by(case)[1].files == judge.changed_by(case)[1].files


def test_a_wrong_number_is_seen(plain, tmp_path, monkeypatch):
    honest = readers.READERS[plain.reader]

    def wrong(start, folder):
        facts = honest(start, folder)
        key = next(iter(facts))
        return facts | {key: "another number"} if folder.name == "case" else facts

    monkeypatch.setitem(readers.READERS, plain.reader, wrong)
    assert ended(plain, tmp_path, "every cell in quotation marks").outcome is Outcome.WRONG


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (ValueError("no number"), Outcome.CRASH),
        (Fault("it does not work"), Outcome.UNCLEAR),
        (
            InputFault("another.csv", "wrong", expected="right", mend="mend"),
            Outcome.UNCLEAR,
        ),
    ],
)
def test_a_crash_and_an_unclear_error_are_seen(
    plain, tmp_path, monkeypatch, raised, outcome
):
    honest = readers.READERS[plain.reader]

    def broken(start, folder):
        if folder.name == "case":
            raise raised
        return honest(start, folder)

    monkeypatch.setitem(readers.READERS, plain.reader, broken)
    assert ended(plain, tmp_path).outcome is outcome


def test_an_error_that_helps_is_right_where_the_change_means_something(
    plain, tmp_path, monkeypatch
):
    honest = readers.READERS[plain.reader]

    def refused(start, folder):
        if folder.name == "case":
            raise InputFault(start.place, "wrong", expected="right", mend="mend")
        return honest(start, folder)

    monkeypatch.setitem(readers.READERS, plain.reader, refused)
    assert ended(plain, tmp_path).outcome is Outcome.FAULT
    (tmp_path / "case").rmdir() if not any((tmp_path / "case").iterdir()) else None
    other = tmp_path / "other"
    other.mkdir()
    undue = ended(plain, other, "every cell in quotation marks")
    assert undue.outcome is Outcome.UNCLEAR
