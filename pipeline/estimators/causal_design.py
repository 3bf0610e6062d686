"""Which designs of a study allow an effect to be spoken of."""

from typing import Literal, cast, get_args

Design = Literal[
    "randomised controlled trial",
    "regression discontinuity",
    "difference in differences",
    "matched difference in differences",
    "matched comparison",
]
"""Designs that the EEF rates with three padlocks or more: they deal with selection, the last
as far as it goes by what was observed."""

NO_CAUSE = {
    "partly adjusted comparison": "it adjusts for some of what sets the groups apart",
    "unadjusted comparison": "the groups may have been apart from the beginning",
    "before and after": "nothing shows what would have been without it",
    "descriptive gap": "it says how far groups lie apart, not why",
}
"""Designs that compare, and why each gives no effect."""


def require_causal_design(design: str, asked: str) -> Design:
    """Return `design` where it allows an effect; `asked` names what is wanted of it.

    Raises ValueError for every other design, with a sentence that says why.
    """
    if design in get_args(Design):
        return cast(Design, design)
    known = ", ".join(get_args(Design))
    if design in NO_CAUSE:
        raise ValueError(
            f"no {asked} of a {design}: {NO_CAUSE[design]}. Give the figure in the "
            f"measure's own unit, or use a causal design ({known})"
        )
    raise ValueError(f"no {asked} of {design!r}: no causal design known ({known})")
