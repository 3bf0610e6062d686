"""School names in one form, so that only what tells schools apart is compared."""

import re
import unicodedata

# SOURCE: the ways in which names of the department's register of schools and of members'
# own lists write the same words ('C of E', 'CofE', 'Church of England').
_PHRASES = (
    ("church of england", "ce"),
    ("c of e", "ce"),
    ("cofe", "ce"),
    ("c e", "ce"),
    ("roman catholic", "catholic"),
    ("r c", "catholic"),
    ("rc", "catholic"),
    ("voluntary aided", "va"),
    ("v a", "va"),
    ("voluntary controlled", "vc"),
    ("v c", "vc"),
    ("jmi", "junior mixed infant"),
    ("j m i", "junior mixed infant"),
)
_WORDS = {
    "saint": "st",
    "ss": "st",
    "saints": "st",
    "mount": "mt",
    "sch": "school",
    "schools": "school",
    "acad": "academy",
    "pri": "primary",
    "prim": "primary",
    "jnr": "junior",
    "jun": "junior",
    "juniors": "junior",
    "inf": "infant",
    "infants": "infant",
    "nur": "nursery",
    "sec": "secondary",
    "comm": "community",
    "com": "community",
    "coll": "college",
    "gram": "grammar",
    "tech": "technology",
    "meth": "methodist",
}
_LEFT_OUT = {"the", "and", "of", "for", "at", "in"}
_SAID_OF_MANY = {
    "academy",
    "catholic",
    "ce",
    "college",
    "community",
    "foundation",
    "high",
    "infant",
    "junior",
    "nursery",
    "primary",
    "school",
    "secondary",
    "va",
    "vc",
}
_AGES = ("nursery", "infant", "junior", "primary", "first", "middle", "secondary", "high")
_SEXES = ("boys", "girls")
_PHRASE = re.compile(r"\b(" + "|".join(re.escape(long) for long, _ in _PHRASES) + r")\b")
_SHORT = dict(_PHRASES)


def without_accents(text: str) -> str:
    """A text whose letters have no accents: 'Zoë' is 'Zoe'."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def plain(name: str) -> str:
    """A name in small letters without accents and punctuation, common words in one form.

    Words are sorted: 'Academy, Saint Mary's C of E' and "St Mary's CofE Academy" are
    both 'academy ce marys st'.
    """
    bare = without_accents(name.casefold())
    bare = re.sub(r"['\u2018\u2019\u00b4`]", "", bare)
    bare = re.sub(r"[^a-z0-9]+", " ", bare)
    bare = _PHRASE.sub(lambda found: _SHORT[found[0]], bare)
    words = " ".join(_WORDS.get(word, word) for word in bare.split()).split()
    return " ".join(sorted(word for word in words if word not in _LEFT_OUT))


def core(plain_name: str) -> str:
    """The words of a plain name that are not said of many schools; all, if none is left."""
    own = [word for word in plain_name.split() if word not in _SAID_OF_MANY]
    return " ".join(own) or plain_name


def kinds(plain_name: str) -> tuple[int, int]:
    """Which ages and which sex a plain name says, one bit for each word; 0 for none.

    Infant and junior schools share a name, often a postcode, and are two schools; so
    are those for boys and for girls. A name that says nothing contradicts nothing.
    """
    words = set(plain_name.split())
    ages = sum(1 << at for at, word in enumerate(_AGES) if word in words)
    sexes = sum(1 << at for at, word in enumerate(_SEXES) if word in words)
    return ages, sexes
