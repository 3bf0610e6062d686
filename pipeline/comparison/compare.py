"""Partners against the rest of England, for every measure, group and year."""

from dataclasses import asdict
from itertools import product
from typing import Any

import pandas as pd
from pandera.pandas import DataFrameSchema

from pipeline.comparison.cells import (
    SUPPRESSED,
    Asked,
    GapCell,
    KnownResults,
    read_known,
    usable_rows,
    why_absent,
)
from pipeline.comparison.clusters import ALL_ALIKE, TOO_FEW_CLUSTERS, clusters_of
from pipeline.comparison.compared import Compared
from pipeline.comparison.disadvantage import split_disadvantaged_gap
from pipeline.comparison.national_check import check_national
from pipeline.comparison.spread import spread_of_schools
from pipeline.comparison.strata import strata_of, why_no_randomisation
from pipeline.contracts import promise
from pipeline.contracts.estimates import DISADVANTAGE, GAPS, LINEAGE, NATIONAL, SPREAD
from pipeline.estimators.gap_to_rest import gap_to_rest
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import KEY_STAGES, Group
from pipeline.measures.school_types import MAINSTREAM
from pipeline.quality.disclosure import too_few
from pipeline.quality.national_sd import NationalSD, national_sd
from pipeline.run.parameters import Comparison, Parameters
from pipeline.run.rounding import round_floats
from pipeline.schools.follow import COMPARED_GROUPS

INTERVALS_OF_PARTNERS = (
    "partners_low",
    "partners_high",
    "low",
    "high",
    "standard_error",
    "degrees_of_freedom",
    "cr3_standard_error",
    "cr3_low",
    "cr3_high",
)


def compare(evaluation: str, parameters: Parameters) -> Compared:
    """Compare the members of one evaluation with all other schools.

    The population is the same for both sides and every year: state-funded mainstream
    schools with a published figure and number of pupils. Members are left out of the
    rest: a national average that holds the partners would hide part of their gap.
    Every cell asked for is there; one without a figure says why.
    """
    gaps: list[dict[str, Any]] = []
    national: list[dict[str, Any]] = []
    lineage: list[dict[str, Any]] = []
    spread: list[dict[str, Any]] = []
    disadvantage: list[dict[str, Any]] = []
    for key_stage in KEY_STAGES:
        known = read_known(key_stage, evaluation, parameters)
        of_cell: dict[tuple[str, int, Group], GapCell] = {}
        for measure, group, year in product(
            MEASURES[key_stage], COMPARED_GROUPS, parameters.years.all
        ):
            if group not in measure.columns:
                continue
            asked = Asked(measure, group, year)
            rows = known.rows(asked)
            sd = national_sd(measure.code, year, centred=measure.centred_on_national)
            estimate, used = _gap(rows, asked, known, sd, parameters.comparison)
            gaps.append(asked.cell | estimate)
            lineage += [asked.cell | entry for entry in _lineage(used, known)]
            national += [asked.cell | entry for entry in check_national(rows, asked, known)]
            cell = GapCell(used, estimate.get("reason"))
            of_cell[measure.code, year, group] = cell
            if measure.centred_on_national:
                spread += spread_of_schools(
                    asked, cell, sd, confidence_level=known.confidence_level
                )
        for measure, year in product(MEASURES[key_stage], parameters.years.all):
            if not {"disadvantaged", "others"} <= set(measure.columns):
                continue
            both = {group: of_cell[measure.code, year, group] for group in COMPARED_GROUPS}
            row, used = split_disadvantaged_gap(measure, year, known, both)
            disadvantage.append(row)
            others = Asked(measure, "others", year).cell
            lineage += [others | entry for entry in _lineage(used, known)]
    return Compared(
        gaps=_as_promised(gaps, GAPS),
        national=_as_promised(national, NATIONAL),
        lineage=_as_promised(lineage, LINEAGE),
        disadvantage=_as_promised(disadvantage, DISADVANTAGE),
        spread=_as_promised(spread, SPREAD),
    )


def _gap(
    rows: pd.DataFrame,
    asked: Asked,
    known: KnownResults,
    sd: NationalSD,
    settings: Comparison,
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Estimate one cell and say which rows it used, or say why there is no figure."""
    reason = why_absent(rows, asked, known)
    if reason is not None:
        return {"reason": reason}, None
    usable = usable_rows(rows)
    of_year = known.members[known.members["year"] == asked.year]
    hub_of = of_year.set_index("school_key")["hub"]
    is_partner = usable["school_key"].isin(hub_of.index).to_numpy()
    if not is_partner.any():
        return {"reason": _why_no_partner(rows, hub_of)}, None
    if is_partner.all():
        return {"reason": "no other school with a published figure"}, None
    own_pupils = int(usable.loc[is_partner, "pupils"].sum())
    rest_pupils = int(usable.loc[~is_partner, "pupils"].sum())
    beside = _pupils_not_disadvantaged(asked, known, hub_of, own_pupils, rest_pupils)
    if too_few((own_pupils, rest_pupils, *beside), up_to=known.suppress_pupils_up_to):
        # The whole cell is withheld: partners, rest and gap give each other away.
        return {"reason": SUPPRESSED}, None
    clustered_by, clusters = clusters_of(usable["school_key"], is_partner, hub_of)
    strata = strata_of(usable)
    no_randomisation = why_no_randomisation(
        is_partner, strata, draws=settings.draws, confidence_level=known.confidence_level
    )
    estimate = gap_to_rest(
        usable["value"].to_numpy(dtype=float),
        usable["pupils"].to_numpy(dtype=float),
        is_partner,
        clusters,
        pupil_sd=sd.sd,
        draws=settings.draws if no_randomisation is None else 0,
        strata=strata,
        seed=settings.seed,
        confidence_level=known.confidence_level,
    )
    first_choice = asked.measure.columns[asked.group].pupils[0]
    # The rest's schools are its clusters: their number is that of its schools.
    found = {name: v for name, v in asdict(estimate).items() if name != "rest_clusters"}
    entry = found | {
        "dfe_said": sd.said,
        "randomisation_reason": no_randomisation,
        "clustered_by": clustered_by,
        "schools_by_other_pupils": int((usable["pupils_column"] != first_choice).sum()),
    }
    if estimate.low is None:
        entry["interval_reason"] = TOO_FEW_CLUSTERS
    elif estimate.partners_low == estimate.partners_high:
        entry |= dict.fromkeys(INTERVALS_OF_PARTNERS) | {"interval_reason": ALL_ALIKE}
    return entry, usable.assign(is_partner=is_partner)


def _pupils_not_disadvantaged(
    asked: Asked, known: KnownResults, hub_of: pd.Series, own: int, rest: int
) -> tuple[int, ...]:
    """Count the pupils whom subtracting a group from all pupils would show, by side."""
    if asked.group == "all":
        return ()
    everyone = known.rows(Asked(asked.measure, "all", asked.year))
    usable = usable_rows(everyone)
    is_partner = usable["school_key"].isin(hub_of.index)
    return (
        int(usable.loc[is_partner, "pupils"].sum()) - own,
        int(usable.loc[~is_partner, "pupils"].sum()) - rest,
    )


def _why_no_partner(rows: pd.DataFrame, hub_of: pd.Series) -> str:
    if hub_of.empty:
        return "no school was a member that year"
    mine = rows[rows["school_key"].isin(hub_of.index)]
    if mine.empty:
        return "no member stands in that year's table"
    if (mine["place"] != MAINSTREAM).all():
        return "no member that year is a state-funded mainstream school"
    return "no member has a published figure that year"


def _lineage(used: pd.DataFrame | None, known: KnownResults) -> list[dict[str, Any]]:
    if used is None:
        return []
    hashes = {f["file"]: f["sha256"] for f in known.inventory["files"]}
    return [
        {
            "file": name,
            "sha256": hashes[name],
            "partner_rows": int(rows["is_partner"].sum()),
            "rest_rows": int((~rows["is_partner"]).sum()),
        }
        for name, rows in used.groupby("source", sort=True)
    ]


def _as_promised(rows: list[dict[str, Any]], contract: DataFrameSchema) -> pd.DataFrame:
    """Bring rows into the promised order and types, and round as everything written."""
    types = {name: c.dtype.type for name, c in contract.columns.items()}
    unknown = {name for row in rows for name in row} - set(types)
    if unknown:
        raise promise.BrokenPromise(f"{contract.name} does not promise {sorted(unknown)}")
    return round_floats(pd.DataFrame(rows).reindex(columns=list(types)).astype(types))
