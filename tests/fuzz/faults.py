"""Whether the text of an error can help the person who reads it."""

import unicodedata

from pipeline.run.faults import Fault

LONGEST = 2_000
LONGEST_OF_MANY = 5_000
"""Of a fault that tells of many places at once, each in a line of its own."""
_SEEN = {"\n", "\t"}
_TURNING = ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI")


class BrokenPromiseError(Exception):
    """A reader did what it promises not to do."""


class UnclearError(Exception):
    """An error whose text does not say what it should."""


def unprintable(text: str) -> str:
    """Give the signs of a text that may steer a screen or a page, if there are any."""
    return "".join(
        sorted(
            {
                sign
                for sign in text
                if (unicodedata.category(sign) in ("Cc", "Cs") and sign not in _SEEN)
                or unicodedata.bidirectional(sign) in _TURNING
            }
        )
    )


def check_text(fault: Fault, *names: str, most_lines: int = 3) -> None:
    """Raise UnclearError unless a fault names its file, what was expected and what to do."""
    text = str(fault)
    wrong = (
        f"{len(text)} characters"
        if len(text) > (LONGEST if most_lines == 3 else LONGEST_OF_MANY)
        else f"signs {unprintable(text)!r}"
        if unprintable(text)
        else f"{len(text.splitlines())} lines"
        if len(text.split("\n")) > most_lines
        else "no file named"
        if not any(name and name in text for name in names)
        else "no expectation"
        if "\n  expected: " not in text
        else "no remedy"
        if "\n  what to do: " not in text
        else "a traceback"
        if "Traceback" in text
        else ""
    )
    if wrong:
        raise UnclearError(f"{wrong}: {text[:300]!r}")
