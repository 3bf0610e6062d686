"""Figures as the department writes them: rounded, padded, or replaced by a code."""

import numpy as np

from pipeline.england.schools import Claims, Counts, Numbers, Words

MAX_SUPPRESSED = 5
"""Figures that rest on 1 to 5 pupils are not published (the department's rule)."""


def fixed(values: Numbers, decimals: int, *, trailing_zeros: bool) -> Words:
    """Write numbers to so many decimals, and an empty cell where there is none.

    Rounded first and written afterwards, with no minus before a zero, so that the same
    figure gives the same text everywhere.
    """
    written = np.full(len(values), "", dtype=object)
    has = ~np.isnan(values)
    texts = [f"{v:.{decimals}f}" for v in np.round(values[has], decimals) + 0.0]
    if not trailing_zeros and decimals:
        texts = [text.rstrip("0").rstrip(".") for text in texts]
    written[has] = texts
    return written


def whole(counts: Counts) -> Words:
    """Write counts of pupils."""
    return np.array([str(count) for count in counts], dtype=object)


def percent(values: Numbers, decimals: int) -> Words:
    """Write percentages, with their sign."""
    # SOURCE: where the nation has two decimals, it was rounded to one: 45.50%.
    values = np.round(values, min(decimals, 1))
    written = fixed(values, decimals, trailing_zeros=True)
    return np.array([text + "%" if text else "" for text in written], dtype=object)


def share(part: Counts, total: Counts) -> Numbers:
    """Give part of total in per cent, and NaN where the total is nought."""
    rate: Numbers = np.where(total > 0, 100 * part / np.maximum(total, 1), np.nan)
    return rate


def small(*counts: Counts) -> Claims:
    """Tell where any of these counts is 1 to 5.

    Given both groups of pupils, it tells where the larger one has to go too, since the
    smaller could be had from it by subtraction.
    """
    found = np.zeros(len(counts[0]), dtype=bool)
    for count in counts:
        found |= (count >= 1) & (count <= MAX_SUPPRESSED)
    return found


def coded(cells: Words, *rules: tuple[Claims, str]) -> Words:
    """Put codes in place of figures; where rules overlap, the first one counts."""
    written = cells.copy()
    for where, code in reversed(rules):
        written[where] = code
    return written


def bounds(value: Numbers, pupils: Counts, spread: float) -> tuple[Numbers, Numbers]:
    """Give the department's 95% bounds, from the national spread between pupils.

    They take a school's pupils for a random draw from the nation, so they are too
    narrow for groups of schools.
    """
    half = 1.96 * spread / np.sqrt(np.maximum(pupils, 1))
    return value - half, value + half


def follow(published: Words, other: Words) -> Words:
    """Write the other figure where this one is a figure, and this one's code else.

    A difference from a suppressed figure would give the figure away.
    """
    figure = np.array([text[-1:] == "%" or text[-1:].isdigit() for text in published])
    written: Words = np.where(figure, other, published).astype(object)
    return written
