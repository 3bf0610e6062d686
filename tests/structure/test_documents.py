"""Documents say what the code does, and hold nothing that only one machine has."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from pipeline.measures.describe import describe

ROOT = Path(__file__).resolve().parents[2]
METHODS = ROOT / "reports" / "methods"
DECISIONS = sorted((METHODS / "decisions").glob("*.md"))
CARDS = sorted((ROOT / "data" / "cards").glob("*.md"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

RATINGS = {"high", "medium", "low"}
ENOUGH_WORDS = 40
"""A row of the log that quotes fewer letters could be about several comments."""


def project_version() -> str:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return content["project"]["version"]


def assumptions_in_code() -> list[tuple[str, str]]:
    """List every ASSUME comment: its file and its words on one line."""
    found = []
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        words: list[str] | None = None
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            text = line.strip()
            if words is not None and text.startswith("# ") and "ASSUME:" not in text:
                words.append(text[2:])
                continue
            if words is not None:
                found.append((path.relative_to(ROOT).as_posix(), " ".join(words)))
                words = None
            if "# ASSUME:" in text:
                words = [text.split("# ASSUME:", 1)[1].strip()]
    return found


def rows_of_log(heading: str) -> list[list[str]]:
    text = (METHODS / "assumptions.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]]


def text_files_of_project() -> list[Path]:
    """List the files that git keeps or would keep; all files where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = listed.stdout.decode("utf-8").split("\0")
        paths = [ROOT / name for name in names if name]
    else:
        skipped = {".git", ".venv", ".dvc", "__pycache__", "england", "rendered", "runs"}
        paths = [p for p in ROOT.rglob("*") if not skipped & set(p.parts)]
    return [p for p in paths if p.is_file() and b"\0" not in p.read_bytes()[:8000]]


def test_every_assumption_in_the_code_is_in_the_log() -> None:
    logged = [(row[0], row[1].strip("`")) for row in rows_of_log("Marked in the code")]
    missing = [
        f"{file}: {words}"
        for file, words in assumptions_in_code()
        if not any(words.startswith(said) and file == place for said, place in logged)
    ]
    assert not missing, "add a row to reports/methods/assumptions.md for\n" + "\n".join(
        missing
    )


def test_no_row_of_the_log_is_stale() -> None:
    in_code = assumptions_in_code()
    stale = [
        row[0]
        for row in rows_of_log("Marked in the code")
        if not any(
            words.startswith(row[0]) and file == row[1].strip("`")
            for file, words in in_code
        )
    ]
    assert not stale, "no ASSUME comment begins with these words: " + "; ".join(stale)


def test_rows_of_the_log_quote_enough_to_tell_which_comment_they_mean() -> None:
    for row in rows_of_log("Marked in the code"):
        assert len(row[0]) >= ENOUGH_WORDS, row[0]


@pytest.mark.parametrize("heading", ["Marked in the code", "Further judgements"])
def test_assumptions_are_rated_and_name_a_file(heading: str) -> None:
    rows = rows_of_log(heading)
    assert rows
    for row in rows:
        assert len(row) == 5, row
        assert (ROOT / row[1].strip("`")).is_file(), row[1]
        assert {row[2], row[3]} <= RATINGS, row
        assert row[4], row


def test_reference_of_measures_is_what_the_code_writes() -> None:
    kept = (METHODS / "measures.md").read_text(encoding="utf-8")
    assert kept == describe(), (
        "run: python -m pipeline.measures.describe > reports/methods/measures.md"
    )


def test_citation_has_the_project_version_and_what_its_format_demands() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert str(cited["version"]) == project_version()
    assert cited["message"]
    assert cited["title"]
    assert all("name" in author for author in cited["authors"])


def test_newest_section_of_the_changelog_is_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (\S+)", text, flags=re.MULTILINE)
    assert sections[0] == project_version()
    newest = text.split("\n## ")[1]
    parts = re.findall(r"^### (\w+)", newest, flags=re.MULTILINE)
    assert parts == ["Results", "Method", "Code"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_name_no_index_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    for forbidden in ("://", "--index", "--extra-index", "--find-links", "--trusted-host"):
        assert forbidden not in text, f"{lock.name} holds {forbidden}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    pinned = [entry for entry in entries if not entry.startswith("#")]
    assert pinned
    bare = [entry.split()[0] for entry in pinned if "--hash=sha256:" not in entry]
    assert not bare, f"{lock.name}: no hash for {', '.join(bare)}"


def test_no_document_names_a_place_that_a_user_does_not_have() -> None:
    # Tests may look for real downloads beside the project; nothing else may.
    found = [
        f"{path.relative_to(ROOT).as_posix()}: {place}"
        for path in text_files_of_project()
        if path.relative_to(ROOT).parts[0] != "tests"
        for place in (f"{ROOT.as_posix()}/", f"{Path.home().as_posix()}/", "../shared")
        if place in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not found, "\n".join(found)


def test_decision_records_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("record", DECISIONS, ids=lambda path: path.stem)
def test_decision_records_say_what_they_cost(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert text.startswith(f"# {record.name[:4]} ")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings == [
        "Context",
        "Choice",
        "What it costs",
        "What would change our mind",
    ]


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_data_cards_say_whose_the_data_are_and_who_is_missing(card: Path) -> None:
    text = card.read_text(encoding="utf-8")
    for needed in ("| Publisher |", "| Licence |", " is |", "## Who is missing"):
        assert needed in text, f"{card.name} lacks {needed}"


def test_documents_name_only_files_that_are_there() -> None:
    # Paths in backticks that a fresh clone holds; what `make clean` removes is left out.
    rule = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nclean:", 1)[1]
    generated = (*re.findall(r"(?:data|reports)/[\w./]+", rule), "reports/metrics")
    assert "data/results" in generated
    named = re.compile(r"`((?:pipeline|data|reports|notebooks|requirements)/[\w./-]+)`")
    documents = [ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md", *CARDS, *DECISIONS]
    absent = [
        f"{document.relative_to(ROOT).as_posix()}: {place}"
        for document in [*documents, METHODS / "method.md"]
        for place in named.findall(document.read_text(encoding="utf-8"))
        if not place.startswith(generated) and not (ROOT / place).exists()
    ]
    assert not absent, "\n".join(absent)
