"""What is too small to be shown."""

from collections.abc import Iterable


def too_few(pupils: Iterable[int | None], *, up_to: int) -> bool:
    """Say whether a cell must be withheld: one of its counts lies from 1 to `up_to`.

    The department suppresses figures on 5 pupils or fewer. A cell of a table is withheld
    with its neighbours, since a total would give it away.
    """
    return any(count is not None and 1 <= count <= up_to for count in pupils)
