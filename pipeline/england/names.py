"""Names of places and schools that nobody could take for real ones."""

import numpy as np

from pipeline.measures.measure import KeyStage

_FIRST = [
    "Zelb",
    "Quorv",
    "Brimzl",
    "Fyndl",
    "Ostvr",
    "Thrumb",
    "Velk",
    "Skarv",
    "Wobbl",
    "Ixw",
    "Drimv",
    "Plomv",
    "Gwizz",
    "Yarvl",
    "Jorv",
    "Krelm",
    "Umbr",
    "Nozz",
    "Xanth",
    "Hibbl",
]
_MIDDLE = ["a", "o", "i", "e", "ora", "ani", "ello", "uni"]
_LAST = ["wick", "mere", "dale", "stoke", "thorpe", "combe", "ford", "leigh", "stead"]
_SAINTS = ["St Zoë's", "St Ysolde's", "St Quill's", "St Ondine's", "St Fizzimore's"]
"""Zoë is written with a letter outside ASCII, as some real names are: a file in
Windows-1252 that is read as UTF-8 breaks there."""

_PATTERNS: dict[str, list[str]] = {
    "ks2": [
        "{place} Primary School",
        "{place} Community Primary School",
        "{place} Junior School",
        "{saint} Catholic Primary School, {place}",
        "{place} Church of England Primary School",
        "{place} Primary Academy",
        "{saint} CofE Primary School, {place}",
    ],
    "ks4": [
        "{place} High School",
        "{place} Academy",
        "The {place} School",
        "{saint} Catholic School, {place}",
        "{place} Community College",
    ],
    "special": ["{place} Lodge Special School", "{place} Grange School"],
    "independent": [
        "{place} College",
        "{place} Ladies' College",
        "{place} Prep School",
    ],
}


def places(rng: np.random.Generator) -> list[str]:
    """List every place of this England once, in a random order."""
    spelled = [a + b + c for a in _FIRST for b in _MIDDLE for c in _LAST]
    return [spelled[k] for k in rng.permutation(len(spelled))]


def school_names(key_stage: KeyStage, kinds: list[str], towns: list[str]) -> list[str]:
    """Name each school after its town, in the manner of its kind.

    Schools of one town take different patterns in turn, so that names seldom repeat;
    some do, as in the real tables, which is why the URN and not the name tells schools
    apart.
    """
    names = []
    taken: dict[tuple[str, str], int] = {}
    for number, (kind, town) in enumerate(zip(kinds, towns, strict=True)):
        pattern = _PATTERNS[key_stage if kind == "mainstream" else kind]
        turn = taken.get((kind, town), 0)
        taken[(kind, town)] = turn + 1
        start = sum(map(ord, town)) + turn
        names.append(
            pattern[start % len(pattern)].format(
                place=town, saint=_SAINTS[number % len(_SAINTS)]
            )
        )
    return names


def authority_name(place: str) -> str:
    """Name a local authority after a place."""
    return f"{place.removesuffix('stead')}shire"
