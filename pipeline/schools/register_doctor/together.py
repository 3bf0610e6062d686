"""What only shows when rows are beside each other: spells, doubles, names, hubs."""

import re
from collections import Counter, defaultdict
from itertools import combinations, pairwise

from rapidfuzz import fuzz

from pipeline.schools.register_doctor import matching, names
from pipeline.schools.register_doctor.diagnosis import LEAVE_OUT, Entry
from pipeline.schools.register_doctor.directory import Directory

# ASSUME: two hubs are one where each word of the one is at least this like the same word
# of the other: 'Fairhome' is to 'Fairholme' (94), 'East' is not to 'West' (50).
NEAR_WORDS = 80
SLIPS_ARE_RARER = 4
"""A spelling that stands in one row, or in at most a quarter as many as the other."""
MOST_HUBS = 400
"""With more, the column hardly holds hubs, and comparing all pairs takes long."""


def compare(entries: list[Entry], directory: Directory | None) -> None:
    """Tell doubles, spells that overlap, one school under two names, and near hubs."""
    of_schools = [entry for entry in entries if LEAVE_OUT not in entry.proposals]
    _doubles(of_schools)
    once = [entry for entry in of_schools if LEAVE_OUT not in entry.proposals]
    by_urn: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in once:
        if urn := entry.likely("urn"):
            by_urn[entry.says.get("programme", "").casefold(), urn].append(entry)
    for (_, urn), of_one in by_urn.items():
        _overlaps(urn, of_one)
        _two_names(urn, of_one)
    _two_numbers(once)
    if directory:
        _followers_listed(once, directory)
    for column in ("hub", "trio"):
        _near_hubs(once, column)


def _doubles(entries: list[Entry]) -> None:
    """Propose to leave out a row that says nothing that an earlier one does not say."""
    first: dict[tuple[tuple[str, str], ...], Entry] = {}
    for entry in entries:
        said = dict(entry.listed.cells)
        if {"urn", "joined", "left"} <= entry.settled:
            said = {column: text for column, text in entry.says.items() if column != "name"}
        if not any(said.values()):
            continue
        earlier = first.setdefault(tuple(sorted(said.items())), entry)
        if earlier is not entry:
            why = f"says the same as row {earlier.number}"
            if entry.says["name"] != earlier.says["name"]:
                why += f", where the name is {earlier.says['name']}"
            entry.propose(LEAVE_OUT, "yes", why)


def _overlaps(urn: str, entries: list[Entry]) -> None:
    dated = sorted(
        (e for e in entries if e.likely("joined")), key=lambda e: e.likely("joined")
    )
    for earlier, later in pairwise(dated):
        until = earlier.likely("left")
        unknown = "left" not in earlier.settled and not until
        if unknown or (until and until <= later.likely("joined")):
            continue
        certain = all({"urn", "joined", "left"} <= e.settled for e in (earlier, later))
        later.tell(
            "must mend" if certain else "look at it",
            "joined",
            f"{urn} is a member twice at once: row {earlier.number} from "
            f"{earlier.likely('joined')} to {until or 'today'}, and this row from "
            f"{later.likely('joined')}. Give the earlier its date of leaving, or leave "
            "one out",
            found=later.likely("joined"),
        )


def _two_names(urn: str, entries: list[Entry]) -> None:
    first, *others = entries
    name = names.plain(first.says["name"])
    for other in others:
        theirs = names.plain(other.says["name"])
        if name and theirs and fuzz.ratio(name, theirs) < matching.QUITE_DIFFERENT:
            other.tell(
                "look at it",
                "name",
                f"{urn} has another name in row {first.number}: {first.says['name']}",
            )


def _two_numbers(entries: list[Entry]) -> None:
    """Tell rows whose names are the same when spelt alike, and whose numbers are not."""
    named: dict[str, Entry] = {}
    for entry in entries:
        plain = names.plain(entry.says["name"])
        if not plain or "urn" not in entry.settled:
            continue
        first = named.setdefault(plain, entry)
        if first.says["urn"] != entry.says["urn"]:
            entry.tell(
                "look at it",
                "name",
                f"row {first.number} has this name too, with the number "
                f"{first.says['urn']}: two schools, or one under two numbers",
            )


def _followers_listed(entries: list[Entry], directory: Directory) -> None:
    listed = {entry.says["urn"]: entry for entry in entries if "urn" in entry.settled}
    for urn, entry in listed.items():
        for follower in sorted(directory.followers(urn) & listed.keys()):
            listed[follower].tell(
                "look at it",
                "urn",
                f"this school followed {urn}, which is in row {entry.number}: one school, "
                "unless two became one",
            )


def _near_hubs(entries: list[Entry], column: str) -> None:
    """Propose the commoner spelling where two hubs differ by a slip.

    A slip is rare: where both spellings are common they may be two hubs, and are only
    told. Numbers and short words tell hubs apart: 'Trio 101' is not 'Trio 102'.
    """
    counts = Counter(hub for entry in entries if (hub := entry.says.get(column, "")))
    # Commoner first, then the one that the list names first.
    ranked = [hub for hub, _ in counts.most_common()]
    if len(ranked) > MOST_HUBS:
        entries[0].tell(
            "look at it",
            column,
            f"{len(ranked)} different ones; their spellings were not compared",
        )
        return
    meant: dict[str, str] = {}
    for commoner, rarer in combinations(ranked, 2):
        if rarer in meant or commoner in meant or not _near(commoner, rarer):
            continue
        slip = counts[rarer] == 1 or SLIPS_ARE_RARER * counts[rarer] <= counts[commoner]
        if slip or _letters(commoner) == _letters(rarer):
            meant[rarer] = commoner
        else:
            first = next(entry for entry in entries if entry.says.get(column) == rarer)
            first.tell(
                "look at it",
                column,
                f"{counts[rarer]} rows have this, and {counts[commoner]} {commoner}: two, "
                "or one spelt in two ways",
            )
    for entry in entries:
        hub = entry.says.get(column, "")
        if hub in meant:
            entry.propose(
                column,
                meant[hub],
                f"{counts[meant[hub]]} rows have this spelling, {counts[hub]} the other",
                round(fuzz.ratio(meant[hub], hub), 1),
            )


def _near(one: str, other: str) -> bool:
    words, theirs = _words(one), _words(other)
    if _letters(one) == _letters(other):
        return True
    return len(words) == len(theirs) and all(
        mine == their
        or (
            (mine + their).isalpha()
            and min(len(mine), len(their)) > 3
            and fuzz.ratio(mine, their) >= NEAR_WORDS
        )
        for mine, their in zip(words, theirs, strict=True)
    )


def _letters(hub: str) -> str:
    return "".join(_words(hub))


def _words(hub: str) -> list[str]:
    return re.findall(r"\w+", names.without_accents(hub.casefold()))
