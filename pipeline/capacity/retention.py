"""Which schools and leaders take part again, and which come back after a gap."""

from dataclasses import dataclass

import pandas as pd

from pipeline.capacity.few_persons import Sum, hidden_cells
from pipeline.capacity.participation import Participation
from pipeline.capacity.tidy_rows import Row, as_promised, cannot, not_supplied, share
from pipeline.contracts.capacity import FEW_PERSONS, RETENTION
from pipeline.measures.catalogue import academic_year
from pipeline.records.engagement import FILE

AGAIN = "took part again in the next year"
NO_LONGER_MEMBER = "no longer a member in the next year"
CAME_BACK = "came back after at least a year without a part"
OF_MEMBERS = (
    "of schools that were members and had taken part before, but not the year before"
)
OF_LEADERS = "of leaders who had taken part before, but not the year before"
FIRST = "no year before the last one is on record"
Cell = tuple[str, int]
Names = set[str]


@dataclass(frozen=True)
class Retention:
    """Who took part again, year by year."""

    table: pd.DataFrame
    """As RETENTION promises."""


def retention(found: Participation | None, *, up_to: int = FEW_PERSONS) -> Retention:
    """Of schools and leaders of a year, give the share that took part in the next.

    Beside it stands which schools were no longer members, so that leaving the
    partnership is not taken for staying away; leaders who changed school stay the same
    persons where their pseudonyms do. Then the year of coming back: of those who had
    taken part in any earlier year but not in the one before, the share that took part.
    Years of which nothing is on record have no share. Nothing is estimated.

    Counts of 1 to `up_to` leaders are hidden, with what would give them away, also those
    who did not come back and those who are new, whom no row counts.
    """
    if found is None:
        return Retention(as_promised([not_supplied(FILE)], RETENTION))
    own = {year: {*found.schools.loc[found.schools["year"] == year, "school_key"]}
           for year in found.years}  # fmt: skip
    rows: list[Row] = []
    for unit, column in (("schools", "school_key"), ("leaders", "person")):
        took = _by_year(found, column)
        members = own if unit == "schools" else None
        hidden = _hidden(took, up_to) if unit == "leaders" else frozenset()
        for year in found.years:
            rows += _again(found, year, took, members, hidden)
            rows += _came_back(found, year, took, members, hidden)
    return Retention(as_promised(rows, RETENTION))


def _by_year(found: Participation, column: str) -> dict[int, Names]:
    """Who took part in each year on record that has members."""
    years = [year for year in found.years if year in found.recorded_years]
    by_year = found.parts.groupby("year")[column].agg(set)
    return {year: by_year.get(year, set()) for year in years}


def _again(
    found: Participation,
    year: int,
    took: dict[int, Names],
    members: dict[int, Names] | None,
    hidden: frozenset[Cell],
) -> list[Row]:
    unit = "leaders" if members is None else "schools"
    quantities = [AGAIN] if members is None else [AGAIN, NO_LONGER_MEMBER]
    keys = {"year": year, "unit": unit}
    why = found.why_no_record(year)
    if why is None and year + 1 not in took:
        why = found.why_no_record(year + 1) or (
            f"no school counts as a member in {academic_year(year + 1)}"
        )
    if why is not None:
        return [keys | {"quantity": quantity} | cannot(why) for quantity in quantities]
    own = took[year]
    again = share(
        unit,
        len(own & took[year + 1]),
        unit,
        len(own),
        hidden=("again", year) in hidden,
        hide_denominator=("in", year) in hidden,
    )
    rows = [keys | {"quantity": AGAIN} | again]
    if members is not None:
        left = share(unit, len(own - members[year + 1]), unit, len(own))
        rows.append(keys | {"quantity": NO_LONGER_MEMBER} | left)
    return rows


def _came_back(
    found: Participation,
    year: int,
    took: dict[int, Names],
    members: dict[int, Names] | None,
    hidden: frozenset[Cell],
) -> list[Row]:
    unit = "leaders" if members is None else "schools"
    keys = {"year": year, "unit": unit, "quantity": CAME_BACK}
    why = found.why_no_record(year) or found.why_no_record(year - 1)
    if why is None and year - 1 not in took:
        why = f"no school counts as a member in {academic_year(year - 1)}"
    if why is None and min(took) >= year - 1:
        why = FIRST
    if why is not None:
        return [keys | cannot(why)]
    away = _away(took, year)
    if members is not None:
        away &= members[year]
    figure = share(
        unit,
        len(away & took[year]),
        unit,
        len(away),
        hidden=("back", year) in hidden,
        hide_denominator=("away", year) in hidden,
        said=OF_LEADERS if members is None else OF_MEMBERS,
    )
    return [keys | figure]


def _away(took: dict[int, Names], year: int) -> Names:
    """Who had taken part in some year before, but not in the one before."""
    earlier = [names for other, names in took.items() if other < year - 1]
    return set().union(*earlier) - took[year - 1]


def _hidden(took: dict[int, Names], up_to: int) -> frozenset[Cell]:
    """Say which counts of leaders must not be shown.

    A year's leaders are those who come again and those who do not; they are also those
    who had been there the year before, those who came back and those who are new.
    """
    counts: dict[Cell, int] = {("in", year): len(names) for year, names in took.items()}
    sums: list[Sum[Cell]] = []
    for year in took:
        if year - 1 not in took:
            continue
        before, now, away = took[year - 1], took[year], _away(took, year)
        counts |= {
            ("again", year - 1): len(before & now),
            ("gone", year - 1): len(before - now),
            ("back", year): len(away & now),
            ("new", year): len(now - before - away),
            ("away", year): len(away),
            ("still away", year): len(away - now),
        }
        sums += [
            Sum(("in", year - 1), (("again", year - 1), ("gone", year - 1))),
            Sum(("in", year), (("again", year - 1), ("back", year), ("new", year))),
            Sum(("away", year), (("back", year), ("still away", year))),
        ]
    unshown = {cell for cell in counts if cell[0] in ("gone", "new", "still away")}
    # Reach shows how many took part in a year.
    kept = {cell for cell in counts if cell[0] == "in"}
    return hidden_cells(counts, sums, up_to=up_to, never_shown=unshown, kept=kept)
