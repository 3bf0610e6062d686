"""Which schools are partners, read without taking a gap for a yes."""

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]


def partner_flags(is_partner: npt.ArrayLike) -> BoolArray:
    """Read truth values, or numbers that are all 0 or 1, one for each school.

    numpy alone takes a missing value, a 2 and the word "no" for true, and a school whose
    membership is not known would be counted as a partner.

    Raises ValueError for anything else: a missing value, another number, or text.
    """
    given = np.asarray(is_partner)
    if given.dtype == np.bool_:
        return given
    if given.dtype.kind in "iufO":
        try:
            number = given.astype(float)
        except (TypeError, ValueError):
            number = np.full(given.shape, np.nan)
        if np.isin(number, (0.0, 1.0)).all():
            return number.astype(bool)
    raise ValueError(
        "is_partner must be true or false (or 1 or 0) for every school: settle the schools "
        "whose membership is not known, or leave them out and count them"
    )
