"""Faults that a user can mend, told in the user's words."""


class Fault(Exception):
    """Something in the input or the settings that a person has to mend.

    Its text names the file, the row and column where there are any, what was expected
    and what to do. It is shown without a traceback, and without what cannot be printed:
    names and cells of files are told in it, and may hold what commands a screen.
    """

    def __init__(self, text: str) -> None:
        """Tell the fault in these words, of one line or several."""
        super().__init__("\n".join(map(_printable, text.split("\n"))))


class InputFault(Fault):
    """One place in one file that is not as it should be."""

    def __init__(
        self,
        file: str,
        problem: str,
        *,
        expected: str,
        mend: str,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        """Tell where the fault is, what was expected there and how to mend it.

        `row` counts lines as a spreadsheet does: the header is row 1. A problem may be
        a list, with a line indented by four spaces for each of several places.
        """
        place = file
        if row is not None:
            place += f", row {row}"
        if column is not None:
            place += f", column {column}"
        listed = "\n    ".join(map(_printable, problem.split("\n    ")))
        super().__init__(
            f"{_printable(place)}: {listed}\n  expected: {_printable(expected)}\n"
            f"  what to do: {_printable(mend)}"
        )


def _printable(text: str) -> str:
    """Write what cannot be printed, a line break too, as Python's texts are written."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
