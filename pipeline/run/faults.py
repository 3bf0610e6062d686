"""Faults that a user can mend, told in the user's words."""


class Fault(Exception):
    """Something in the input or the settings that a person has to mend.

    Its text names the file, the row and column where there are any, what was expected
    and what to do. It is shown without a traceback.
    """


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

        `row` counts lines as a spreadsheet does: the header is row 1.
        """
        place = file
        if row is not None:
            place += f", row {row}"
        if column is not None:
            place += f", column {column}"
        super().__init__(
            f"{place}: {problem}\n  expected: {expected}\n  what to do: {mend}"
        )
