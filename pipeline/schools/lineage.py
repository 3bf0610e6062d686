"""One stable key for every school, whatever numbers it has had."""

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from pipeline.contracts.establishments import DAY, LINEAGE

FIRST = "first of its chain"
CONVERSION = "conversion"
SPONSORED = "sponsored academy"
AMALGAMATED = "amalgamation"
SPLIT = "split"
MERGED = "joined a school that was open"
# What no rule can carry on: the two are not one school after the other, or the register
# does not say which came first.
BOTH_OPEN = "both open"
NOT_OPENED = "successor that another took the place of"
PASSES_OVER = "passes over a school in between"
CIRCLE = "in a circle of links"
ITSELF = "leads to itself"

_BEGINNINGS = (CONVERSION, SPONSORED, AMALGAMATED, SPLIT)
"""Kinds of step in which the later establishment begins."""

# SOURCE: LinkType of links_edubasealldata.csv. A link stands with the old establishment
# ('Successor'), with the new one ('Predecessor'), or with both.
_IS_NEW = {"predecessor": True, "successor": False}
_WORDS = {
    "": CONVERSION,
    "merged": MERGED,
    "amalgamated": AMALGAMATED,
    "split school": SPLIT,
}
# Where the two sides of a link differ, the word that says more is taken.
_SAYS_MORE = (CONVERSION, MERGED, AMALGAMATED, SPLIT)

# SOURCE: in the spine of 2018 the numbers up to 126,600 run through the local authorities
# (90 in 100 schools follow one of their own, of the later ones 18): they went to the
# schools that were there when numbering began. From 130,000 on they are in the order of
# entry.
FIRST_IN_ORDER = "130000"

DELAY = pd.Timedelta(days=31)
"""How far apart the closing of one establishment and the opening of the next may lie.
In 98 of 100 links that give both days, the school opened on the day after."""


@dataclass(frozen=True)
class Rules:
    """Which changes of number carry a school's history on, and which make a new school.

    A conversion always carries: the same school under a new number, as when it becomes
    an academy by its own choice, or a foundation school. The department's tables print
    a converter's earlier results under its new number.
    """

    sponsored: Literal["break", "carry"] = "break"
    """A school that reopens under a sponsor: a new school, or the old one going on. The
    department's tables leave the earlier years of a sponsored academy blank."""
    merged: Literal["survivor", "carry"] = "survivor"
    """A school that joins one already open. The one that was open goes on under its key;
    the other ends there, or its earlier years count to the same key."""
    amalgamated: Literal["break", "survivor", "carry"] = "break"
    """Several schools close and one opens: it is a new school, or goes on from the only
    one whose pupils leave at the same age (the junior school of a new primary school),
    or from all of them."""
    split: Literal["break", "survivor"] = "break"
    """One school gives way to several: all are new, or the only one whose pupils leave at
    the same age goes on."""

    def __post_init__(self) -> None:
        """Raises ValueError for a word that is no rule: it would act as another."""
        known = get_type_hints(type(self))
        for rule in fields(self):
            said, words = getattr(self, rule.name), get_args(known[rule.name])
            if said not in words:
                raise ValueError(f"{rule.name}: {said!r} is none of {', '.join(words)}")


@dataclass(frozen=True)
class Lineage:
    """Every establishment under its school's key, and how the keys came about."""

    table: pd.DataFrame
    """One row for each establishment, as the contract LINEAGE says."""
    steps: pd.DataFrame
    """One row for each pair of establishments that links connect: old, new, kind,
    carried (whether both stand under one key), since, both_sides."""
    told: dict[str, Any]
    """Counts of what was found, and of what was not followed and why."""


def follow_chains(
    links: pd.DataFrame, establishments: pd.DataFrame, rules: Rules | None = None
) -> Lineage:
    """Give all establishments that are one school one key: the number of the first.

    `links` and `establishments` are as their contracts say; neither needs to be
    complete. Each pair of establishments is taken once, whichever side recorded it.
    What changed is read from the register's words ('merged', 'amalgamated', 'split'),
    and where these are silent from the number of links and from dates: two schools that
    lead into one new school amalgamated; one that leads into a school already open
    joined it. Two schools that the register holds open at the same time are never one,
    unless a rule for merged or amalgamated schools carries both. Links that tell of no
    succession (sixth form centres, expansions) are counted and not followed. The result
    does not depend on the order of the rows.
    """
    rules = rules or Rules()
    register = establishments.set_index(establishments["urn"].astype(object))
    pairs, told = _pairs(links)
    steps = _classified(pairs, register)
    steps["carried"] = _carried(steps, register, rules)
    steps = steps[["old", "new", "kind", "carried", "since", "both_sides"]]
    urns = np.unique(
        np.concatenate(
            [
                column.to_numpy(dtype=object)
                for column in (links["urn"], links["linked_urn"], establishments["urn"])
            ]
        )
    )
    table = _table(urns, steps)
    carried = steps[steps["carried"]]
    known = pd.Series(data=True, index=register.index)
    in_register = _said_of(steps["old"], known) & _said_of(steps["new"], known)
    told |= {
        "pairs_without_a_date": int(steps["since"].isna().sum()),
        "pairs_with_an_establishment_not_in_the_register": int((~in_register).sum()),
        "pairs_into_an_establishment_of_unknown_type": int(
            steps["new"].map(register["school_type"]).isna().sum()
        ),
        "pairs_by_kind": _counts(steps["kind"]),
        "pairs_carried_by_kind": _counts(carried["kind"]),
        "establishments": len(table),
        "keys": int(table["school_key"].nunique()),
        "keys_of_several_establishments": int(
            (table["school_key"].value_counts() > 1).sum()
        ),
        "keys_with_two_open_at_once": _keys_open_at_once(table, register),
    }
    return Lineage(table=table, steps=steps, told=told)


def attach(table: pd.DataFrame, lineage: pd.DataFrame) -> pd.DataFrame:
    """Add `school_key` to a table with `urn`: the number itself where none is known."""
    keys = lineage.set_index("urn")["school_key"]
    return table.assign(school_key=table["urn"].map(keys).fillna(table["urn"]))


def two_in_one_year(table: pd.DataFrame) -> pd.DataFrame:
    """List the establishments that share both key and year with another one.

    `table` holds school_key, urn and year. A school that changes its number during a
    year stands in that year's table once, so few are expected; where both numbers have
    results, they must not be counted as two schools.
    """
    rows = table[["school_key", "year", "urn"]].drop_duplicates()
    shared = rows.duplicated(["school_key", "year"], keep=False)
    return rows[shared].sort_values(["school_key", "year", "urn"], ignore_index=True)


def _pairs(links: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Take each pair (old, new) once: what the links say changed, when, from which side."""
    words = links["kind"].str.strip().str.casefold()
    parts = words.str.extract(r"^(?P<side>[a-z]+)(?:\s*-\s*(?P<what>.*))?$")
    is_new, says = parts["side"].map(_IS_NEW), parts["what"].fillna("").map(_WORDS)
    follows = is_new.notna() & says.notna()
    chosen, is_new = links[follows], is_new[follows].astype(bool)
    ours, theirs = chosen["urn"].astype(object), chosen["linked_urn"].astype(object)
    recorded = pd.DataFrame(
        {
            "old": theirs.where(is_new, ours),
            "new": ours.where(is_new, theirs),
            "says": says[follows].map(_SAYS_MORE.index),
            # SOURCE: the side of the old establishment has the day on which it closed,
            # that of the new one the day on which it opened, mostly the next.
            "closing": chosen["established"].where(~is_new),
            "opening": chosen["established"].where(is_new),
            "by_new": is_new,
            "by_old": ~is_new,
        }
    )
    pairs = recorded.groupby(["old", "new"], sort=True, as_index=False).agg(
        says=("says", "max"),
        closing=("closing", "min"),
        opening=("opening", "min"),
        by_new=("by_new", "any"),
        by_old=("by_old", "any"),
    )
    pairs["says"] = pairs["says"].map(dict(enumerate(_SAYS_MORE)))
    pairs["both_sides"] = pairs["by_new"] & pairs["by_old"]
    return pairs, {
        "links": len(links),
        "links_of_other_kinds": _counts(links.loc[~follows, "kind"]),
        "pairs": len(pairs),
        "pairs_recorded_by_one_side_only": int((~pairs["both_sides"]).sum()),
    }


def _classified(pairs: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Say of each pair what changed, from words, numbers of links and dates."""
    opened = _days_of(pairs["new"], register["opened"])
    closed = _days_of(pairs["old"], register["closed"])
    ended = closed.fillna(pairs["closing"]).fillna(pairs["opening"])
    steps = pairs.assign(
        since=pairs["opening"].fillna(opened).fillna(pairs["closing"]),
        kind=_without_succession(pairs),
    )
    # ASSUME: where the opening of a successor is not known, it was there before if its
    # number is lower than the predecessor's, or one of the first that were given out.
    low = (steps["new"] < steps["old"]) | (steps["new"] < FIRST_IN_ORDER)
    was_there = opened.isna() & low
    begins = ended.where(~was_there & steps["kind"].isna())
    opened = opened.fillna(begins.groupby(steps["new"]).transform("min"))
    was_there |= ended - opened > DELAY
    joins = (steps["says"] == MERGED) | (was_there & (steps["says"] != SPLIT))
    steps["kind"] = steps["kind"].mask(steps["kind"].isna() & joins, MERGED)

    leads = steps[steps["kind"].isna()]
    from_several = leads.groupby("new")["old"].transform("size") > 1
    to_several = leads.groupby("old")["new"].transform("size") > 1
    kind = leads["says"].mask(to_several & (leads["says"] == CONVERSION), SPLIT)
    kind = kind.mask(from_several, AMALGAMATED)
    plain = kind == CONVERSION
    kind = kind.mask(plain & _is_sponsored(leads["new"], register), SPONSORED)
    both_open = _is_open(leads["old"], register) & _is_open(leads["new"], register)
    kind = kind.mask(plain & both_open, BOTH_OPEN)
    steps["kind"] = steps["kind"].fillna(kind)
    return steps


def _without_succession(pairs: pd.DataFrame) -> pd.Series:
    """Name the pairs from which no succession can be read; the others have no kind yet."""
    kind: pd.Series[Any] = pd.Series(np.nan, pairs.index, dtype=object)
    itself = pairs["old"] == pairs["new"]
    urns = np.unique(pairs[["old", "new"]].to_numpy(dtype=object))
    group = _components(urns, pairs, "strong")
    circle = (pairs["old"].map(group) == pairs["new"].map(group)) & ~itself
    straight = pairs.loc[~itself & ~circle, ["old", "new"]]
    # Where 1 became 2 and 2 became 3, a link from 1 to 3 says nothing new.
    onward = straight.merge(straight, left_on="new", right_on="old")
    longer = pd.MultiIndex.from_frame(onward[["old_x", "new_y"]])
    passes_over = pd.Series(
        pd.MultiIndex.from_frame(pairs[["old", "new"]]).isin(longer), pairs.index
    )
    # A number is entered for an academy that is planned. Where the plan changed, the old
    # school keeps that link beside the one to the academy that came.
    simple = pairs["says"] == CONVERSION
    confirmed = (simple & pairs["both_sides"]).groupby(pairs["old"]).transform("any")
    not_opened = simple & confirmed & pairs["by_old"] & ~pairs["by_new"]
    for holds, word in (
        (not_opened, NOT_OPENED),
        (passes_over, PASSES_OVER),
        (circle, CIRCLE),
        (itself, ITSELF),
    ):
        kind = kind.mask(holds, word)
    return kind


def _is_sponsored(urns: pd.Series, register: pd.DataFrame) -> pd.Series:
    # SOURCE: 'Academy sponsor led' in the register, 'Academy - Sponsor led special
    # school' in the spine of 2018.
    # ASSUME: an establishment of unknown type is no sponsored academy.
    types = register["school_type"].str.casefold()
    sponsored = types.str.contains("sponsor led", regex=False, na=False)
    return _said_of(urns, sponsored)


def _is_open(urns: pd.Series, register: pd.DataFrame) -> pd.Series:
    still = register["status"].str.startswith("Open", na=False)
    return _said_of(urns, still)


def _said_of(urns: pd.Series, said: pd.Series) -> pd.Series:
    """Say of each number what is said of its establishment: no, where it is not known."""
    return pd.Series(said.reindex(urns, fill_value=False).to_numpy(bool), urns.index)


def _days_of(urns: pd.Series, days: pd.Series) -> pd.Series:
    """Give each number a day of its establishment: none, where it is not known."""
    return pd.Series(days.reindex(urns).to_numpy(DAY), urns.index)


def _carried(steps: pd.DataFrame, register: pd.DataFrame, rules: Rules) -> pd.Series:
    kind, leaves = steps["kind"], register["highest_age"]
    same_age = steps["old"].map(leaves) == steps["new"].map(leaves)
    same_age = same_age.fillna(value=False).astype(bool)
    amalgamated, split = kind == AMALGAMATED, kind == SPLIT
    carries_amalgamated = amalgamated & (rules.amalgamated == "carry")
    if rules.amalgamated == "survivor":
        heir = _only_one(same_age & amalgamated, steps["new"])
        carries_amalgamated = heir & _only_one(amalgamated, steps["old"])
    carries_split = split & (rules.split == "survivor")
    carries_split &= _only_one(same_age & split, steps["old"])
    new_start = _is_sponsored(steps["new"], register) & (rules.sponsored == "break")
    return (
        (kind == CONVERSION)
        | ((kind == SPONSORED) & (rules.sponsored == "carry"))
        | ((kind == MERGED) & (rules.merged == "carry"))
        | ((carries_amalgamated | carries_split) & ~new_start)
    )


def _only_one(candidates: pd.Series, school: pd.Series) -> pd.Series:
    """Of the candidates of each school, the one that has no rival."""
    return candidates & (candidates.groupby(school).transform("sum") == 1)


def _components(
    urns: np.ndarray, pairs: pd.DataFrame, connection: Literal["strong", "weak"]
) -> pd.Series:
    """Number the groups of establishments that pairs connect, one way or both ways."""
    old = np.searchsorted(urns, pairs["old"].to_numpy(dtype=object))
    new = np.searchsorted(urns, pairs["new"].to_numpy(dtype=object))
    graph = csr_array((np.ones(len(pairs)), (old, new)), shape=(len(urns), len(urns)))
    _, group = connected_components(graph, directed=True, connection=connection)
    return pd.Series(group, index=urns)


def _table(urns: np.ndarray, steps: pd.DataFrame) -> pd.DataFrame:
    """Say of each establishment under which key it stands and how it began.

    The key is the number of the establishment to which nothing leads; the lowest such
    number where rules carry several schools into one.
    """
    carried = steps[steps["carried"]]
    group = _components(urns, carried, "weak")
    first = group.drop(carried["new"].unique())
    key = pd.Series(first.index, index=first.to_numpy()).groupby(level=0).min()
    begun = steps[steps["kind"].isin(_BEGINNINGS)].sort_values(
        ["new", "carried", "old"], ascending=[True, False, True]
    )
    begun = begun.drop_duplicates("new").set_index("new").reindex(urns)
    text = LINEAGE.columns["urn"].dtype.type
    return pd.DataFrame(
        {
            "urn": pd.Series(urns, dtype=text),
            "school_key": pd.Series(group.map(key).to_numpy(), dtype=text),
            "kind": pd.Series(begun["kind"].fillna(FIRST).to_numpy(), dtype=text),
            "linked_urn": pd.Series(begun["old"].to_numpy(dtype=object), dtype=text),
            "since": begun["since"].to_numpy(),
        }
    )


def _keys_open_at_once(table: pd.DataFrame, register: pd.DataFrame) -> int:
    """Count the keys under which the register has two open for over a month at once."""
    spells = pd.DataFrame(
        {
            "key": table["school_key"].astype(object),
            "opened": _days_of(table["urn"], register["opened"]),
            "closed": _days_of(table["urn"], register["closed"]),
        }
    )
    spells = spells[spells["key"].duplicated(keep=False)].sort_values(
        ["key", "opened"], na_position="first"
    )
    # An earlier one of unknown closing says nothing of those before it.
    closed = spells.groupby("key")["closed"].cummax().groupby(spells["key"]).ffill()
    closed = closed.groupby(spells["key"]).shift()
    return int(spells.loc[closed - spells["opened"] > DELAY, "key"].nunique())


def _counts(words: pd.Series) -> dict[str, int]:
    return {str(k): int(n) for k, n in words.value_counts().sort_index().items()}


AGREES = "agrees"
LATER = "the other list does not know the later number"
WALES = "Wales: the other list stops here"
ONE_SIDE = "recorded by one side only: the other list stops here"
SEVERAL = "several links: the other list stops here"
ELSEWHERE = "several links: the other list takes another"
NO_LINK = "no link leads where the other list goes"
UNEXPLAINED = "unexplained"


def explain_differences(lineage: Lineage, other: pd.DataFrame) -> pd.DataFrame:
    """Compare with another list of latest numbers, and give each difference one reason.

    `other` holds urn and latest_urn, one row a number. Returns the same rows with urn,
    ours, theirs and why: 'agrees', or what sets the lists apart. Where the chain ends
    here and goes on there, that is the kind of the first step that is not carried here.
    A number that is not in the register is taken for its own latest one.
    """
    theirs = other.set_index(other["urn"].astype("str"))["latest_urn"].astype("str")
    ways = _Ways(lineage.steps)
    ours = [ways.of(urn)[-1] for urn in theirs.index]
    known = set(theirs.index)
    return pd.DataFrame(
        {
            "urn": theirs.index,
            "ours": ours,
            "theirs": theirs.to_numpy(),
            "why": [
                AGREES if our == their else ways.why(urn, their, known)
                for urn, our, their in zip(theirs.index, ours, theirs, strict=True)
            ],
        }
    )


class _Ways:
    """Where the steps lead from each establishment."""

    def __init__(self, steps: pd.DataFrame) -> None:
        # Of several carried steps, one that goes on under a number of its own comes
        # before one that joins another school.
        order = steps.assign(joins=steps["kind"] == MERGED).sort_values(
            ["old", "joins", "new"]
        )
        carried = order[order["carried"]].drop_duplicates("old")
        self._next = dict(zip(carried["old"], carried["new"], strict=True))
        self._after: dict[str, list[dict[Hashable, Any]]] = {}
        self._before: dict[str, int] = {}
        for step in order.to_dict("records"):
            self._after.setdefault(step["old"], []).append(step)
            self._before[step["new"]] = self._before.get(step["new"], 0) + 1

    def of(self, urn: str) -> list[str]:
        """All numbers of a school from this one to its latest."""
        way = [urn]
        while way[-1] in self._next:
            way.append(self._next[way[-1]])
        return way

    def why(self, urn: str, their: str, known: set[str]) -> str:
        """Tell why the other list, which knows some numbers, ends at another one."""
        way = self.of(urn)
        if their not in way:
            return self._first_step(way, their)
        following = way[way.index(their) + 1]
        if following not in known:
            return LATER
        if urn.startswith("4"):
            return WALES
        if self._before[following] > 1 or len(self._after[their]) > 1:
            return SEVERAL
        (step,) = self._after[their]
        return UNEXPLAINED if step["both_sides"] else ONE_SIDE

    def _first_step(self, way: list[str], their: str) -> str:
        """Kind of the step that leaves our way for theirs."""
        for place in reversed(way):
            for step in self._after.get(place, []):
                if step["new"] not in way and self._leads(step["new"], their):
                    kind: str = step["kind"]
                    return kind if place == way[-1] else ELSEWHERE
        return NO_LINK

    def _leads(self, start: str, end: str) -> bool:
        seen, open_ends = {start}, [start]
        while open_ends:
            place = open_ends.pop()
            if place == end:
                return True
            further = {step["new"] for step in self._after.get(place, [])} - seen
            seen |= further
            open_ends += further
        return False
