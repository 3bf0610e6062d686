"""Which new column is likely to be one that is gone, under another name."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy.optimize import linear_sum_assignment

from pipeline.drift.columns import ColumnProfile
from pipeline.drift.names import lasting, years_back
from pipeline.drift.profile import Profile
from pipeline.sources import suppression

# ASSUME: a name, what the same schools have in it, what the metadata say, the spread of
# its values and the columns beside it tell in this order whether two columns are one. The
# weights were set on the real files; a person looks before a match is accepted.
WEIGHTS = {"name": 0.35, "schools": 0.25, "metadata": 0.2, "values": 0.2, "place": 0.15}
LIKELY = 0.70
"""From this score on a match is proposed."""
_WORTH_NAMING = 0.55
_ENOUGH_SCHOOLS = 20


@dataclass(frozen=True)
class Match:
    """A column that is gone, and the new one that it may be now."""

    gone: str
    new: str
    score: float
    """0 to 1; see the weights above."""
    why: str
    others: tuple[tuple[str, float], ...] = ()
    """Further columns that it may be, best first."""


def matches(before: Profile, now: Profile, gone: list[str], new: list[str]) -> list[Match]:
    """Pair columns that are gone with new ones, each at most once, best pairs first.

    Pairs are chosen together, so that the sum of their scores is largest. Figures of
    earlier years are paired with figures as many years back.
    """
    if not gone or not new:
        return []
    parts = {
        "name": _names(before, now, gone, new),
        "metadata": _labels(before, now, gone, new),
        "values": _values(before, now, gone, new),
        "place": _places(before, now, gone, new),
    }
    possible = _same_year(before, now, gone, new)
    worth = possible & (_score(parts) >= _WORTH_NAMING)
    parts["schools"] = _schools(before, now, gone, new, worth)
    score = np.where(possible, _score(parts), 0.0)
    rows, columns = linear_sum_assignment(score, maximize=True)
    found = []
    for row, column in zip(rows, columns, strict=True):
        if score[row, column] < LIKELY:
            continue
        best = np.argsort(-score[row], kind="stable")
        others = tuple(
            (new[i], round(float(score[row, i]), 2))
            for i in best[:3]
            if i != column and score[row, i] >= _WORTH_NAMING
        )
        why = ", ".join(
            f"{name} {part[row, column]:.2f}"
            for name, part in parts.items()
            if not np.isnan(part[row, column])
        )
        value = round(float(score[row, column]), 2)
        found.append(Match(gone[row], new[column], value, why, others))
    return sorted(found, key=lambda match: -match.score)


def _score(parts: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Average what is known of each pair."""
    weight = sum(WEIGHTS[name] * ~np.isnan(part) for name, part in parts.items())
    total = sum(WEIGHTS[name] * np.nan_to_num(part) for name, part in parts.items())
    return np.asarray(total / weight, dtype=np.float64)


def _same_year(
    before: Profile, now: Profile, gone: list[str], new: list[str]
) -> NDArray[np.bool_]:
    then = np.array([years_back(name, before.identity.year) for name in gone])
    there = np.array([years_back(name, now.identity.year) for name in new])
    return np.asarray(then[:, None] == there[None, :], dtype=np.bool_)


def _names(
    before: Profile, now: Profile, gone: list[str], new: list[str]
) -> NDArray[np.float64]:
    old = [lasting(name, before.identity.year) for name in gone]
    young = [lasting(name, now.identity.year) for name in new]
    as_written = process.cdist(old, young, scorer=fuzz.ratio)
    # SOURCE: EXAMCONF of 2016/17 is CONFEXAM in 2022/23, and words change places too in
    # P8MEA_FSM6CLA1A_ORIG: so the order of letters and words counts for a part only.
    by_words = process.cdist(
        [name.replace("_", " ") for name in old],
        [name.replace("_", " ") for name in young],
        scorer=fuzz.token_sort_ratio,
    )
    letters = process.cdist(
        ["".join(sorted(name)) for name in old],
        ["".join(sorted(name)) for name in young],
        scorer=fuzz.ratio,
    )
    best = np.maximum(np.maximum(as_written, by_words), 0.8 * letters)
    return np.asarray(best, dtype=np.float64) / 100


def _places(
    before: Profile, now: Profile, gone: list[str], new: list[str]
) -> NDArray[np.float64]:
    """Compare the nearest columns on either side that both files have.

    Among several that changed at one place, the order of the columns counts too.
    """
    year, year_now = before.identity.year, now.identity.year
    then = [lasting(name, year) for name in before.columns]
    there = [lasting(name, year_now) for name in now.columns]
    common = set(then) & set(there)
    left, right = _sides(then, common), _sides(there, common)
    out = np.zeros((len(gone), len(new)))
    for row, name in enumerate(gone):
        a = left[lasting(name, year)]
        for column, other in enumerate(new):
            b = right[lasting(other, year_now)]
            beside = 0.5 * (a[0] == b[0]) + 0.5 * (a[1] == b[1])
            out[row, column] = beside if a[2:] == b[2:] else beside / 2
    return out


def _sides(names: list[str], common: set[str]) -> dict[str, tuple[str, str, int, int]]:
    """Give for each name the nearest common one before and after, and how far they are."""
    before: dict[str, tuple[str, int]] = {}
    last, steps = "begin", 0
    for name in names:
        steps += 1
        before[name] = (last, steps)
        if name in common:
            last, steps = name, 0
    found: dict[str, tuple[str, str, int, int]] = {}
    last, steps = "end", 0
    for name in reversed(names):
        steps += 1
        found[name] = (before[name][0], last, before[name][1], steps)
        if name in common:
            last, steps = name, 0
    return found


def _labels(
    before: Profile, now: Profile, gone: list[str], new: list[str]
) -> NDArray[np.float64]:
    """Compare what the metadata say; NaN where one of the two has none."""
    old = [before.labels.get(name, "") for name in gone]
    young = [now.labels.get(name, "") for name in new]
    score = process.cdist(old, young, scorer=fuzz.token_sort_ratio).astype(np.float64) / 100
    score[[not text for text in old], :] = np.nan
    score[:, [not text for text in young]] = np.nan
    return score


def _values(
    before: Profile, now: Profile, gone: list[str], new: list[str]
) -> NDArray[np.float64]:
    return np.array(
        [[agreement(before.columns[g], now.columns[n]) for n in new] for g in gone],
        dtype=np.float64,
    )


def agreement(before: ColumnProfile, now: ColumnProfile) -> float:
    """Say how alike the values of two columns are: 0 to 1, NaN if one holds nothing."""
    if "nothing" in (before.kind, now.kind):
        return float("nan")
    if before.kind != now.kind:
        return 0.0
    if before.kind == "words":
        if bool(before.words) != bool(now.words):
            return 0.0
        if not before.words:
            return 0.5
        both = set(before.words) & set(now.words)
        return len(both) / len({*before.words, *now.words})
    spread = max(_spread(before), _spread(now), 1e-9)
    away = [abs(a - b) / spread for a, b in zip(before.points, now.points, strict=True)]
    # The ends are single schools: they count half.
    weights = [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]
    mean = sum(w * min(d, 1.0) for w, d in zip(weights, away, strict=True)) / sum(weights)
    return 1.0 - mean


def _spread(column: ColumnProfile) -> float:
    steps = [abs(b - a) for a, b in pairwise(column.points[1:-1])]
    return sum(steps)


def _schools(
    before: Profile,
    now: Profile,
    gone: list[str],
    new: list[str],
    worth: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Compare what the same schools have in two columns; NaN where that is not known.

    For numbers it is the rank correlation, for words the share of schools with the same.
    """
    out = np.full((len(gone), len(new)), np.nan)
    old = _by_school(before, [gone[i] for i in np.flatnonzero(worth.any(axis=1))])
    young = _by_school(now, [new[i] for i in np.flatnonzero(worth.any(axis=0))])
    if old is None or young is None:
        return out
    both = old.index.intersection(young.index)
    old, young = old.loc[both], young.loc[both]
    for row, column in zip(*np.nonzero(worth), strict=True):
        name, other = gone[row], new[column]
        a, b = old[name].str.strip(), young[other].str.strip()
        kinds = {before.columns[name].kind, now.columns[other].kind}
        if kinds == {"numbers"}:
            out[row, column] = _correlation(a, b)
        elif kinds == {"words"} and len(both) >= _ENOUGH_SCHOOLS:
            out[row, column] = float((a.str.upper() == b.str.upper()).mean())
    return out


def _by_school(profile: Profile, names: list[str]) -> pd.DataFrame | None:
    if profile.cells is None or profile.schools is None or not names:
        return None
    schools = profile.schools[~profile.schools.duplicated(keep=False)]
    cells = profile.cells.loc[schools.index, names]
    return cells.set_axis(pd.Index(schools), axis=0)


def _correlation(a: pd.Series, b: pd.Series) -> float:
    x, y = suppression.parse(a).value, suppression.parse(b).value
    known = x.notna() & y.notna()
    x, y = x[known], y[known]
    if len(x) < _ENOUGH_SCHOOLS or x.nunique() < 2 or y.nunique() < 2:
        return float("nan")
    found = float(x.corr(y, method="spearman"))
    return max(found, 0.0)
