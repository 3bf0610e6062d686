"""What was given to research and policy, when, and for how much of it there is evidence."""

from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from pipeline.capacity.participation import academic_years
from pipeline.capacity.tidy_rows import Row, as_promised, count, not_supplied, share
from pipeline.contracts import promise
from pipeline.contracts.contribution import (
    ALL_KINDS,
    CONTRIBUTION_COUNTS,
    EVIDENCED,
    ROLE_SPANS,
    TIMELINE,
    UNEVIDENCED,
)
from pipeline.contracts.records import CONTRIBUTION_KINDS
from pipeline.contracts.records import as_promised as with_types
from pipeline.records.contributions import FILE

BEGAN = "entries that began"
WITH_EVIDENCE = "entries with a link to evidence"
WITHOUT_EVIDENCE = "entries without a link to evidence"
HELD = "roles held"
OWN_ACCOUNT = "as the organisation records it"
UNCHECKED = "a link is counted as evidence; what it leads to is not judged here"


@dataclass(frozen=True)
class ContributionsFound:
    """Counts, timeline and spans of roles."""

    counts: pd.DataFrame
    """As CONTRIBUTION_COUNTS promises."""
    timeline: pd.DataFrame
    """As TIMELINE promises."""
    roles: pd.DataFrame
    """As ROLE_SPANS promises."""


def contributions_found(
    contributions: pd.DataFrame | None, years: range
) -> ContributionsFound:
    """Count the entries by kind and year, and put them in order.

    `contributions` is as CONTRIBUTIONS promises; None stands for records that were not
    supplied. `years` are the academic years that are asked of. An entry counts in the
    year in which it began, so that none counts twice; a role is also counted in each year
    in which it was held. The timeline and the counts of all years hold every entry,
    also one that began in no year that is asked of. A kind without an entry is 0 on
    record, which is no proof that there was nothing.
    """
    if contributions is None:
        counts = as_promised([not_supplied(FILE)], CONTRIBUTION_COUNTS)
        return ContributionsFound(counts, _empty(TIMELINE), _empty(ROLE_SPANS))
    entries = contributions.sort_values(["started", "row"], kind="stable")
    is_evidenced = entries["evidence"].notna()
    entries = entries.assign(
        year=academic_years(entries["started"]),
        standing=is_evidenced.map({True: EVIDENCED, False: UNEVIDENCED}),
        place=range(1, len(entries) + 1),
    )
    roles = _spans(entries[entries["kind"] == "role"], years)
    rows = [
        row | {"year": year}
        for year in (None, *years)
        for row in _counts(entries if year is None else entries[entries["year"] == year])
    ]
    rows += [
        {"year": year, "kind": "role", "quantity": HELD}
        | count(
            "entries",
            int(((roles["first_year"] <= year) & (year <= roles["last_year"])).sum()),
            said=OWN_ACCOUNT,
        )
        for year in years
    ]
    return ContributionsFound(
        counts=as_promised(rows, CONTRIBUTION_COUNTS),
        timeline=promise.check(with_types(entries, TIMELINE), TIMELINE),
        roles=promise.check(with_types(roles, ROLE_SPANS), ROLE_SPANS),
    )


def _counts(entries: pd.DataFrame) -> list[Row]:
    rows: list[Row] = []
    for kind in (ALL_KINDS, *CONTRIBUTION_KINDS):
        own = entries if kind == ALL_KINDS else entries[entries["kind"] == kind]
        linked = int(own["evidence"].notna().sum())
        figures = {
            BEGAN: count("entries", len(own), said=OWN_ACCOUNT),
            WITH_EVIDENCE: share("entries", linked, "entries", len(own), said=UNCHECKED),
            WITHOUT_EVIDENCE: share("entries", len(own) - linked, "entries", len(own)),
        }
        rows += [{"kind": kind, "quantity": q} | row for q, row in figures.items()]
    return rows


def _spans(roles: pd.DataFrame, years: range) -> pd.DataFrame:
    """Give roles the academic years that they reach over."""
    goes_on = roles["ended"].isna()
    first = academic_years(roles["started"])
    # ASSUME: a role without an end on record is still held in the last year asked of.
    to_the_end = first.clip(lower=years[-1])
    ended = academic_years(roles["ended"].fillna(roles["started"]))
    return roles.assign(
        first_year=first, last_year=to_the_end.where(goes_on, ended), goes_on=goes_on
    )


def _empty(contract: pa.DataFrameSchema) -> pd.DataFrame:
    return with_types(pd.DataFrame(columns=list(contract.columns)), contract)
