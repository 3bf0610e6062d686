"""How far disadvantaged pupils lie from others among members and among other schools."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.comparison.cells import (
    SUPPRESSED,
    Asked,
    GapCell,
    KnownResults,
    usable_rows,
    why_absent,
)
from pipeline.comparison.clusters import ALL_ALIKE, TOO_FEW_CLUSTERS, clusters_of
from pipeline.estimators.disadvantaged_gap import (
    DisadvantagedGap,
    GapOnOneSide,
    disadvantaged_gap,
)
from pipeline.measures.measure import Group, Measure
from pipeline.measures.school_types import MAINSTREAM
from pipeline.quality.disclosure import are_too_few, too_few

PUBLISHED = "published"
ALL_LESS_DISADVANTAGED = "all pupils less the disadvantaged"
PUPILS = ["disadvantaged_pupils", "others_pupils"]


def split_disadvantaged_gap(
    measure: Measure, year: int, known: KnownResults, gaps: Mapping[Group, GapCell]
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Give one row of the split, and the rows of other pupils that it used.

    `gaps` are the cells of all and of disadvantaged pupils of that year: where the gap
    of disadvantaged pupils cannot be had, neither can the split. A school that lacks the
    figure of a group of which it has pupils is left out and counted. Where a year's file
    holds no other pupils, they are what is left of all, and `others_from` says so.

    It is withheld where a group of a side has 1 to 5 pupils, and where subtracting it
    from what the gaps show would leave as few.
    """
    cell = {"key_stage": measure.key_stage, "measure": measure.code, "year": year}
    paired = _pair(measure, year, known, gaps)
    if isinstance(paired, str):
        return cell | {"reason": paired}, None
    schools = paired.schools
    of_year = known.members[known.members["year"] == year]
    hub_of = of_year.set_index("school_key")["hub"]
    is_partner = schools.index.isin(hub_of.index)
    sides = {
        True: schools.loc[is_partner, PUPILS].sum(),
        False: schools.loc[~is_partner, PUPILS].sum(),
    }
    if any((pupils == 0).any() for pupils in sides.values()):
        return cell | {"reason": "one side has no pupils of one group"}, None
    if too_few(_shown_or_left(sides, gaps), up_to=known.suppress_pupils_up_to):
        return cell | {"reason": SUPPRESSED}, None
    clustered_by, clusters = clusters_of(schools.index.to_series(), is_partner, hub_of)
    found = disadvantaged_gap(
        schools["disadvantaged"],
        schools["others"],
        schools["disadvantaged_pupils"],
        schools["others_pupils"],
        is_partner,
        clusters,
        confidence_level=known.confidence_level,
    )
    lost = paired.left_out.isin(hub_of.index)
    row = cell | {
        "partners_schools_left_out": int(lost.sum()),
        "rest_schools_left_out": int((~lost).sum()),
        "clustered_by": clustered_by,
        "others_from": paired.others_from,
    }
    used = paired.used[paired.used["school_key"].isin(schools.index)]
    of_member = used["school_key"].isin(hub_of.index)
    return row | _described(found), used.assign(is_partner=of_member)


@dataclass(frozen=True)
class _Pairs:
    """Both groups of each school, and the schools of which one is not known."""

    schools: pd.DataFrame
    left_out: pd.Index
    used: pd.DataFrame
    """The rows that the figures of other pupils are from."""
    others_from: str


def _pair(
    measure: Measure, year: int, known: KnownResults, gaps: Mapping[Group, GapCell]
) -> _Pairs | str:
    """Put both groups of each school side by side, or say why that cannot be."""
    if gaps["disadvantaged"].used is None:
        return str(gaps["disadvantaged"].reason)
    if gaps["all"].reason == SUPPRESSED:
        return SUPPRESSED
    columns = measure.columns
    of_group = known.rows(Asked(measure, "disadvantaged", year))
    d = _of_group(of_group, "disadvantaged", columns["disadvantaged"].pupils)
    asked = Asked(measure, "others", year)
    rows, others_from = known.rows(asked), PUBLISHED
    reason = why_absent(rows, asked, known)
    if reason is None:
        o = _of_group(rows, "others", columns["others"].pupils)
    elif gaps["all"].used is None or measure.why_not_published(year, "others"):
        return reason
    else:
        rows, others_from = gaps["all"].used, ALL_LESS_DISADVANTAGED
        everyone = _of_group(rows, "all", columns["all"].pupils)
        o = _left_over(everyone, d, known.suppress_pupils_up_to)
    both = d.drop(columns="of").join(o.drop(columns="of"), how="inner").sort_index()
    both = both[both[PUPILS].sum(axis=1) > 0]
    with_figure = d.index[d["disadvantaged"].notna()].union(o.index[o["others"].notna()])
    if gaps["all"].used is not None:
        with_figure = with_figure.union(pd.Index(gaps["all"].used["school_key"]))
    left_out = with_figure.difference(both.index)
    return _Pairs(both, left_out, usable_rows(rows), others_from)


def _of_group(rows: pd.DataFrame, group: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Give schools with a figure of a group, and those that have no pupil of it.

    `of` says by which of the columns of pupils, best first, they were counted.
    """
    usable = usable_rows(rows).set_index("school_key")
    place = {column: float(n) for n, column in enumerate(columns)}
    figures = pd.DataFrame(
        {
            group: usable["value"].astype(float),
            f"{group}_pupils": usable["pupils"].astype(float),
            "of": usable["pupils_column"].astype(object).map(place).astype(float),
        }
    )
    mainstream = rows[rows["place"] == MAINSTREAM]
    nobody = mainstream["pupils"].eq(0).fillna(False).astype(bool)
    empty = nobody.groupby(mainstream["school_key"]).all()
    without = empty.index[empty].difference(usable.index)
    if without.empty:
        return figures
    zero = pd.DataFrame({group: np.nan, f"{group}_pupils": 0.0, "of": np.nan}, without)
    return pd.concat([figures, zero])


def _left_over(
    everyone: pd.DataFrame, disadvantaged: pd.DataFrame, up_to: int
) -> pd.DataFrame:
    """Give what is left of all pupils when the disadvantaged are taken off.

    Schools are left out whose two numbers of pupils are not of one kind, and those with
    1 to `up_to` pupils left over: the department shows no figure of so few.
    """
    # ASSUME: where a year's file has no column of other pupils, their figure is what is
    # left of that of all: (N all - n disadvantaged) / (N - n), blurred by rounding only.
    of_d = disadvantaged.rename(columns={"of": "of_d"})
    both = everyone.join(of_d, how="inner")
    n, of_all = both["disadvantaged_pupils"], both["all_pupils"]
    left = of_all - n
    total = of_all * both["all"] - (n * both["disadvantaged"]).where(n > 0, 0.0)
    made = pd.DataFrame(
        {"others": (total / left).where(left > 0), "others_pupils": left, "of": both["of"]}
    )
    alike = (n == 0) | (both["of"] == both["of_d"])
    return made[alike & (left >= 0) & ~are_too_few(left, up_to=up_to)]


def _shown_or_left(
    sides: Mapping[bool, pd.Series], gaps: Mapping[Group, GapCell]
) -> list[int]:
    """Count the pupils that the split shows, and whom subtraction would show, by side."""
    counts = []
    for is_partner, pupils in sides.items():
        disadvantaged, others = (int(count) for count in pupils)
        shown = [disadvantaged, others]
        gap = _pupils(gaps["disadvantaged"], is_partner)
        shown.append(gap - disadvantaged)
        if gaps["all"].used is not None:
            everyone = _pupils(gaps["all"], is_partner)
            shown += [
                everyone - disadvantaged,
                everyone - others,
                everyone - disadvantaged - others,
                everyone - gap - others,
            ]
        counts += [abs(count) for count in shown]
    return counts


def _pupils(cell: GapCell, is_partner: bool) -> int:
    assert cell.used is not None
    chosen: npt.NDArray[np.bool_] = cell.used["is_partner"].to_numpy() == is_partner
    return int(cell.used.loc[chosen, "pupils"].sum())


def _described(found: DisadvantagedGap) -> dict[str, Any]:
    apart, nation = found.partners_less_rest, found.to_others_nationally
    row = _side(found.partners, "partners") | _side(found.rest, "rest")
    row |= {
        "difference": apart.difference,
        "standard_error": apart.standard_error,
        "low": apart.low,
        "high": apart.high,
        "degrees_of_freedom": apart.degrees_of_freedom,
        "to_others_nationally": nation.difference,
        "to_others_nationally_low": nation.low,
        "to_others_nationally_high": nation.high,
        "partners_clusters": found.partners.clusters,
    }
    own = found.partners.gap
    if apart.low is None:
        return row | {"interval_reason": TOO_FEW_CLUSTERS}
    if own.low is not None and own.low == own.high:
        ends = [name for name in row if name.endswith(("low", "high"))]
        none = dict.fromkeys([*ends, "standard_error", "degrees_of_freedom"])
        return row | none | {"interval_reason": ALL_ALIKE}
    return row


def _side(side: GapOnOneSide, name: str) -> dict[str, Any]:
    return {
        f"{name}_disadvantaged": side.disadvantaged,
        f"{name}_others": side.others,
        f"{name}_gap": side.gap.difference,
        f"{name}_low": side.gap.low,
        f"{name}_high": side.gap.high,
        f"{name}_within_schools": side.within_schools,
        f"{name}_between_schools": side.between_schools,
        f"{name}_schools": side.schools,
        f"{name}_schools_with_one_group": side.schools_with_one_group,
        f"{name}_disadvantaged_pupils": side.disadvantaged_pupils,
        f"{name}_other_pupils": side.other_pupils,
    }
