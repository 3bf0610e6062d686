"""Our national figures beside the published ones: a check of the cleaning."""

import pandas as pd

from pipeline.evidence.wording import number
from pipeline.measures.catalogue import academic_year, measure
from pipeline.measures.measure import GROUP_LABELS
from pipeline.publication.tables import Table, table


def words(national: pd.DataFrame) -> str:
    """Say what the check can show in these files, and where differences come from."""
    if national.empty:
        return "These files hold no national row for the measures of this report."
    if national["recomputed"].isna().all():
        return "These files do not hold all schools, so nothing can be made again."
    return (
        "Differences come from schools whose figures are suppressed or missing in the "
        "files, from rounding of schools\u2019 figures and of the published one, and from "
        "pupils whom no school row counts. The share of pupils is not known where whole "
        "cohorts had to stand in for pupils with a score."
    )


def tables(national: pd.DataFrame) -> list[Table]:
    """One line for each published national figure."""
    if national.empty:
        return []
    heads = {
        "Measure and year": False,
        "Published": True,
        "Made again": True,
        "Difference": True,
        "Share of pupils": True,
    }
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
                entry["published"],
                entry["recomputed"],
                None if ours is None or all_pupils is None else ours / all_pupils,
            )
        )
    return [table("State-funded schools in England", heads, rows)]


def _row(
    about: str, decimals: int, published: float, ours: float | None, share: float | None
) -> list[str]:
    # Whole percentages are published as such: '53.0' would claim more than is known.
    whole = decimals == 1 and float(published).is_integer()
    return [
        about,
        number(published, 0 if whole else decimals),
        "not all schools" if ours is None else number(ours, decimals),
        "" if ours is None else number(ours - published, decimals, signed=True),
        "not known" if share is None else f"{share:.1%}",
    ]
