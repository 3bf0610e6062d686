"""How many reviewers are trained, and how many reviews they lead."""

from dataclasses import dataclass

import pandas as pd

from pipeline.capacity.few_persons import Sum, hidden_cells
from pipeline.capacity.participation import Participation
from pipeline.capacity.tidy_rows import (
    Row,
    as_promised,
    cannot,
    count,
    not_supplied,
    share,
)
from pipeline.contracts.capacity import FEW_PERSONS, REVIEWERS
from pipeline.records.engagement import FILE

TRAINED = "reviewers first trained in the year"
TRAINED_SO_FAR = "reviewers trained so far"
WHO_LED = "trained reviewers who led a review"
UNTRAINED = "people who led a review without training on record"
REVIEWS = "reviews led"
LEADS = "reviews led per trained reviewer"
SO_FAR = "trained since records begin; whoever has left since still counts"
ONE_REVIEW = (
    "leading at one host within a fortnight is one review; where no host is named, "
    "leading in one activity on one day is"
)
SEVERAL = "a review that several lead counts for each of them"
# ASSUME: days of leading one activity at one host that lie a fortnight or less apart are
# one review: a review takes a few days, and no school is reviewed twice in a month.
FORTNIGHT = pd.Timedelta(days=14)
Cell = tuple[str, int]


@dataclass(frozen=True)
class Reviewers:
    """Reviewers trained, and reviews led, year by year."""

    table: pd.DataFrame
    """As REVIEWERS promises."""


def reviewers(
    found: Participation | None,
    activities: pd.DataFrame | None,
    *,
    up_to: int = FEW_PERSONS,
) -> Reviewers:
    """Count reviewers trained, reviews led, and reviews led per trained reviewer.

    `activities` is as ACTIVITIES promises: its `counts_as` says what makes a trained
    reviewer and what is leading a review. A person is trained once, in the first year.
    Counts of 1 to `up_to` people are hidden, with what would give them away.
    """
    if found is None or activities is None:
        return Reviewers(as_promised([not_supplied(FILE)], REVIEWERS))
    kinds = activities.set_index("activity")["counts_as"]
    parts = found.parts.assign(counts_as=found.parts["activity"].map(kinds))
    trained_in = _first_years(parts[parts["counts_as"] == "reviewer_trained"])
    led = with_reviews(parts[parts["counts_as"] == "review_led"])
    years = [year for year in found.years if year in found.recorded_years]
    counts = {year: _counts(year, trained_in, led) for year in years}
    hidden = _hidden(counts, up_to)
    rows: list[Row] = []
    for year in found.years:
        why = found.why_no_record(year)
        told = _rows(year, counts[year], hidden) if why is None else _none(why)
        rows += [{"year": year} | row for row in told]
    return Reviewers(as_promised(rows, REVIEWERS))


def with_reviews(led: pd.DataFrame) -> pd.DataFrame:
    """Number the reviews that rows of leading belong to, in the column `review`."""
    ordered = led.sort_values(["date", "row"], kind="stable")
    host, activity = ordered["host_key"], ordered["activity"]
    since = ordered.groupby(["host_key", "activity"])["date"].diff()
    is_later = since.isna() | (since > FORTNIGHT)
    nth = is_later.groupby([host, activity]).cumsum()
    alone = ordered["date"].dt.strftime("%Y-%m-%d")
    within = alone.where(host.isna(), nth.astype(str))
    key = [host.fillna("no host"), activity, within]
    return ordered.assign(review=ordered.groupby(key, sort=False).ngroup())


def _first_years(trained: pd.DataFrame) -> pd.Series:
    first: pd.Series = trained.groupby("person")["year"].min()
    return first


def _counts(year: int, trained_in: pd.Series, led: pd.DataFrame) -> dict[str, int]:
    own = led[led["year"] == year]
    so_far = trained_in.index[trained_in <= year]
    is_trained = own["person"].isin(so_far)
    who = own.loc[is_trained, "person"].nunique()
    return {
        "first": int((trained_in == year).sum()),
        "so far": len(so_far),
        "led": who,
        "idle": len(so_far) - who,
        "untrained": own.loc[~is_trained, "person"].nunique(),
        "reviews": own["review"].nunique(),
        "leads": len(own.loc[is_trained, ["person", "review"]].drop_duplicates()),
    }


def _hidden(counts: dict[int, dict[str, int]], up_to: int) -> frozenset[Cell]:
    people = ("first", "so far", "led", "idle", "untrained", "leads")
    cells = {(n, year): own[n] for year, own in counts.items() for n in people}
    sums: list[Sum[Cell]] = []
    before: tuple[Cell, ...] = ()
    for year in counts:
        sums += [
            Sum(("so far", year), (*before, ("first", year))),
            Sum(("so far", year), (("led", year), ("idle", year))),
        ]
        before = (("so far", year),)
    never = [cell for cell in cells if cell[0] == "idle"]
    return hidden_cells(cells, sums, up_to=up_to, never_shown=never)


def _rows(year: int, own: dict[str, int], hidden: frozenset[Cell]) -> list[Row]:
    def is_hidden(name: str) -> bool:
        return (name, year) in hidden

    no_total = is_hidden("so far")
    trained = own["so far"]
    return [
        {"quantity": TRAINED} | count("reviewers", own["first"], hidden=is_hidden("first")),
        {"quantity": TRAINED_SO_FAR}
        | count("reviewers", trained, hidden=no_total, said=SO_FAR),
        {"quantity": WHO_LED}
        | share(
            "reviewers",
            own["led"],
            "reviewers",
            trained,
            hidden=is_hidden("led"),
            hide_denominator=no_total,
        ),
        {"quantity": UNTRAINED}
        | count("reviewers", own["untrained"], hidden=is_hidden("untrained")),
        {"quantity": REVIEWS} | count("reviews", own["reviews"], said=ONE_REVIEW),
        {"quantity": LEADS}
        | share(
            "leads",
            own["leads"],
            "reviewers",
            trained,
            hidden=is_hidden("leads") or is_hidden("led"),
            hide_denominator=no_total,
            said=SEVERAL,
        ),
    ]


def _none(why: str) -> list[Row]:
    quantities = (TRAINED, TRAINED_SO_FAR, WHO_LED, UNTRAINED, REVIEWS, LEADS)
    return [{"quantity": quantity} | cannot(why) for quantity in quantities]
