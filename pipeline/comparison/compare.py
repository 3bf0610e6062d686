"""Partners against the rest of England, for every measure, group and year."""

from dataclasses import asdict
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandera.pandas import DataFrameSchema

from pipeline.comparison.cells import Asked, KnownResults, read_known, usable_rows
from pipeline.comparison.compared import BY_HUB, BY_SCHOOL, Compared
from pipeline.comparison.national_check import check_national
from pipeline.contracts import promise
from pipeline.contracts.estimates import GAPS, LINEAGE, NATIONAL
from pipeline.estimators.gap_to_rest import gap_to_rest
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import KEY_STAGES
from pipeline.measures.school_types import MAINSTREAM
from pipeline.quality.disclosure import too_few
from pipeline.quality.national_sd import national_sd
from pipeline.run.parameters import Parameters
from pipeline.run.rounding import round_floats
from pipeline.schools.follow import COMPARED_GROUPS

SUPPRESSED = (
    "suppressed: one side rests on too few pupils, or too few others would be left over"
)
INTERVALS_OF_PARTNERS = (
    "partners_low",
    "partners_high",
    "low",
    "high",
    "standard_error",
    "degrees_of_freedom",
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
    for key_stage in KEY_STAGES:
        known = read_known(key_stage, evaluation, parameters)
        for measure, group, year in product(
            MEASURES[key_stage], COMPARED_GROUPS, parameters.years.all
        ):
            if group not in measure.columns:
                continue
            asked = Asked(measure, group, year)
            rows = known.rows(asked)
            estimate, used = _gap(rows, asked, known)
            gaps.append(asked.cell | estimate)
            lineage += [asked.cell | entry for entry in _lineage(used, known)]
            national += [asked.cell | entry for entry in check_national(rows, asked, known)]
    return Compared(
        gaps=_as_promised(gaps, GAPS),
        national=_as_promised(national, NATIONAL),
        lineage=_as_promised(lineage, LINEAGE),
    )


def _gap(
    rows: pd.DataFrame, asked: Asked, known: KnownResults
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Estimate one cell and say which rows it used, or say why there is no figure."""
    reason = _why_absent(rows, asked, known)
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
    clustered_by, clusters = _clusters(usable["school_key"], is_partner, hub_of)
    sd = national_sd(
        asked.measure.code, asked.year, centred=asked.measure.centred_on_national
    )
    estimate = gap_to_rest(
        usable["value"].to_numpy(dtype=float),
        usable["pupils"].to_numpy(dtype=float),
        is_partner,
        clusters,
        pupil_sd=sd.sd,
        confidence_level=known.confidence_level,
    )
    first_choice = asked.measure.columns[asked.group].pupils[0]
    # The rest's schools are its clusters: their number is that of its schools.
    found = {name: v for name, v in asdict(estimate).items() if name != "rest_clusters"}
    entry = found | {
        "dfe_said": sd.said,
        "clustered_by": clustered_by,
        "schools_by_other_pupils": int((usable["pupils_column"] != first_choice).sum()),
    }
    if estimate.low is None:
        entry["interval_reason"] = (
            "no interval: fewer than two independent schools on one side"
        )
    elif estimate.partners_low == estimate.partners_high:
        # Published figures are rounded: a few schools may agree exactly, which shows
        # nothing of how schools differ.
        entry |= dict.fromkeys(INTERVALS_OF_PARTNERS) | {
            "interval_reason": "no interval: all members have the same figure"
        }
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


def _why_absent(rows: pd.DataFrame, asked: Asked, known: KnownResults) -> str | None:
    not_published = asked.measure.why_not_published(asked.year, asked.group)
    if not_published is not None:
        return f"not published: {not_published}"
    if not known.register["supplied"]:
        return str(known.register["reason"])
    state = known.year(asked.year)
    if state["state"] != "supplied":
        return str(state["reason"])
    if rows.empty:
        return f"not supplied: that year's files have no column {asked.column}"
    if rows["value"].isna().all():
        return f"not supplied: the column {asked.column} holds no figure that year"
    return None


def _why_no_partner(rows: pd.DataFrame, hub_of: pd.Series) -> str:
    if hub_of.empty:
        return "no school was a member that year"
    mine = rows[rows["school_key"].isin(hub_of.index)]
    if mine.empty:
        return "no member stands in that year's table"
    if (mine["place"] != MAINSTREAM).all():
        return "no member that year is a state-funded mainstream school"
    return "no member has a published figure that year"


def _clusters(
    keys: pd.Series, is_partner: npt.NDArray[np.bool_], hub_of: pd.Series
) -> tuple[str, npt.NDArray[np.object_]]:
    """Say which schools are not independent of each other.

    Partners in one hub work together and share leaders, so a hub is one cluster, and a
    partner without a hub is a cluster of its own. A partnership that is one trust, or
    one hub, would be one cluster, from which nothing can be inferred: then schools are
    the clusters, and the report says that its intervals are likely too narrow. Trusts
    of the other schools stand in no file here, so each of those is its own cluster.
    """
    own = "school " + keys.astype(object)
    hubs = keys.map(hub_of).where(is_partner)
    labels = ("hub " + hubs.astype(object)).where(hubs.notna(), own)
    if hubs.isna().all() or labels[is_partner].nunique() < 2:
        return BY_SCHOOL, own.to_numpy(dtype=object)
    return BY_HUB, labels.to_numpy(dtype=object)


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
