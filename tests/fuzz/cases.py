"""What a case is: a file to start from, what is done to it, and what has to follow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random


class Expect(Enum):
    """What a reader owes for a file that was changed in this way."""

    SAME = "the same result as before; an error would be undue"
    SAME_OR_FAULT = "the same result as before, or a clear error"
    TOLD = "what an independent reader finds in the changed file, or a clear error"
    PART = "nothing that the whole file does not say, or a clear error"
    MISLED = "a clear error, or a check that tells of it; else it cannot be detected"
    FAULT = "a clear error"


class Outcome(Enum):
    """How a case ended; the last four are failures."""

    SAME = "as before"
    TOLD = "as the file now says"
    FAULT = "clear error"
    CHECKED = "told by a check"
    UNDETECTABLE = "not detectable"
    WRONG = "wrong number"
    UNCLEAR = "unclear or undue error"
    CRASH = "crash"
    HANG = "hang"

    @property
    def is_failure(self) -> bool:
        """Whether no case may end like this."""
        return self in (Outcome.WRONG, Outcome.UNCLEAR, Outcome.CRASH, Outcome.HANG)


@dataclass(frozen=True)
class Start:
    """One file as it was published, cut to what can be read many times."""

    name: str
    reader: str
    """A key of `readers.READERS`."""
    place: str
    """Where the reader looks for it, such as '2018-2019/936_ks4final.csv'."""
    content: bytes
    beside: dict[str, bytes] = field(default_factory=dict)
    """Other files that the reader needs, by their place."""
    texts: tuple[str, ...] = ()
    """Columns that hold names, in capitals."""
    says: str = ""
    """What a reader has to be told, such as the name of a programme."""

    @property
    def is_workbook(self) -> bool:
        return self.place.endswith(".xlsx")


@dataclass(frozen=True)
class Changed:
    """The files of one case."""

    content: bytes
    """What the reader ends up reading, for the independent reader to read too."""
    files: dict[str, bytes]
    special: dict[str, str] = field(default_factory=dict)
    """Places of what is no file: 'folder', 'pipe', 'link:/dev/zero'."""
    expects: Expect | None = None
    """Where the mutation's variants differ in what has to follow."""


Make = Callable[[Start, Random], Changed]


@dataclass(frozen=True)
class Mutation:
    """One way to spoil a file."""

    name: str
    family: str
    make: Make
    expects: Expect
    applies: Callable[[Start], bool]
    weight: int
    """How many cases of it for each start, before scaling."""


@dataclass(frozen=True)
class Case:
    """One spoilt file; the same case is the same bytes on every machine."""

    start: str
    mutation: str
    seed: int

    def random(self) -> Random:
        return Random(f"{self.start}/{self.mutation}/{self.seed}")


MUTATIONS: dict[str, Mutation] = {}


def is_table(start: Start) -> bool:
    """Whether a file is a table of text."""
    return not start.is_workbook


def is_workbook(start: Start) -> bool:
    return start.is_workbook


def mutation(
    name: str,
    family: str,
    expects: Expect,
    *,
    applies: Callable[[Start], bool] = is_table,
    weight: int = 2,
) -> Callable[[Make], Make]:
    """Register a way to spoil a file."""

    def register(make: Make) -> Make:
        assert name not in MUTATIONS
        MUTATIONS[name] = Mutation(name, family, make, expects, applies, weight)
        return make

    return register


def content_of(start: Start, content: bytes, expects: Expect | None = None) -> Changed:
    """A case in which only the content of the file is otherwise."""
    return Changed(content, {start.place: content, **start.beside}, expects=expects)
