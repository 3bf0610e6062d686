"""Our national figures beside the published ones: a check of the cleaning."""

import pandas as pd

from pipeline.evidence.wording import number
from pipeline.measures.catalogue import MEASURES, academic_year, measure
from pipeline.measures.measure import GROUP_LABELS
from pipeline.publication.tables import Table, table
from pipeline.quality.digits import published_decimals
from pipeline.quality.disclosure import coverage_in_steps


def words(national: pd.DataFrame) -> str:
    """Say what the check can show in these files, and where differences come from."""
    if national.empty:
        return "These files hold no national row for the measures of this report."
    if national["recomputed"].isna().all():
        return "These files do not hold all schools, so nothing can be computed again."
    return (
        "Differences come from schools whose figures are suppressed or missing in the "
        "files, from rounding of schools\u2019 figures and of the published one, and from "
        "pupils whom no school row counts. The share of pupils is not known where all "
        "pupils had to be counted in place of those with a score, or where their number "
        "with a score is not published. It is rounded down, as on the page about quality."
    )


def tables(national: pd.DataFrame, *, suppress_up_to: int) -> list[Table]:
    """One line for each published national figure."""
    if national.empty:
        return []
    heads = {
        "Measure and year": False,
        "Published": True,
        "Computed again": True,
        "Difference": True,
        "Share of pupils, rounded down": True,
    }
    # Figures of one year are taken for those of one file: they are in one row of England.
    rows_of_files = national.assign(value=national["published"], source=national["year"])
    measures = {m.code: m for stage in MEASURES.values() for m in stage}
    national = national.assign(places=published_decimals(rows_of_files, measures))
    plain = national.astype(object).where(national.notna(), None)
    rows = []
    for entry in plain.to_dict("records"):
        about = measure(entry["key_stage"], entry["measure"])
        ours, all_pupils = entry["pupils"], entry["published_pupils"]
        rows.append(
            _row(
                f"{about.label}, {GROUP_LABELS[entry['group']]}, "
                f"{academic_year(entry['year'])}",
                about.decimals,
                number(entry["published"], entry["places"]),
                entry["published"],
                entry["recomputed"],
                None
                if ours is None or all_pupils is None
                else coverage_in_steps(ours, all_pupils, up_to=suppress_up_to),
            )
        )
    return [table("State-funded schools in England", heads, rows)]


def _row(
    about: str,
    decimals: int,
    as_published: str,
    published: float,
    ours: float | None,
    share: str | None,
) -> list[str]:
    return [
        about,
        as_published,
        "not all schools" if ours is None else number(ours, decimals),
        "" if ours is None else number(ours - published, decimals, signed=True),
        share or "not known",
    ]
