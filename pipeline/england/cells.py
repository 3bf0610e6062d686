"""Figures as the department writes them: rounded, padded, or replaced by a code."""

from functools import cache

import numpy as np

from pipeline.england.arrays import Claims, Counts, Numbers, Words, words

MAX_SUPPRESSED = 5
"""Figures that rest on 1 to 5 pupils are not published (the department's rule)."""


def fixed(values: Numbers, decimals: int, *, trailing_zeros: bool, end: str = "") -> Words:
    """Write numbers to so many decimals, and an empty cell where there is none.

    Rounded first and looked up afterwards, with no minus before a zero, so that the same
    figure gives the same text everywhere, and each distinct text is made once.
    """
    has = ~np.isnan(values)
    steps = np.round(np.where(has, values, 0.0) * 10**decimals).astype(np.int64)
    first, last = int(steps.min(initial=0)), int(steps.max(initial=0))
    if last - first > max(2000, 4 * len(steps)):
        # A few numbers far apart, such as counts of a nation.
        texts = words([_text(s, decimals, trailing_zeros, end) for s in steps.tolist()])
    else:
        # Rounded outwards, so that few different tables of texts are made.
        low = first // 500 * 500
        table = _texts(low, (last // 500 + 1) * 500, decimals, trailing_zeros, end)
        texts = table[steps - low]
    texts[~has] = ""
    return texts


@cache
def _texts(first: int, last: int, decimals: int, trailing_zeros: bool, end: str) -> Words:
    return words(
        [_text(step, decimals, trailing_zeros, end) for step in range(first, last + 1)]
    )


def _text(step: int, decimals: int, trailing_zeros: bool, end: str) -> str:
    text = f"{step / 10**decimals:.{decimals}f}"
    if not trailing_zeros and decimals:
        text = text.rstrip("0").rstrip(".")
    return text + end


def whole(counts: Counts) -> Words:
    """Write counts of pupils."""
    return fixed(counts.astype(np.float64), 0, trailing_zeros=False)


def percent(values: Numbers, decimals: int) -> Words:
    """Write percentages, with their sign."""
    # SOURCE: where the nation has two decimals, it was rounded to one: 45.50%.
    values = np.round(values, min(decimals, 1))
    return fixed(values, decimals, trailing_zeros=True, end="%")


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
