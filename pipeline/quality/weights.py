"""How many pupils a published mean rests on, where the tables do not say it outright."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import KeyStage
from pipeline.sources import suppression, table_file

# SOURCE: ks2_meta.csv: the share of pupils with a progress score, in whole per cents. It
# is published of all pupils, not of any group of them. The number itself is not published.
COVERAGE_COLUMNS = {
    "reading_progress": "READCOV",
    "writing_progress": "WRITCOV",
    "maths_progress": "MATCOV",
}
# SOURCE: abbreviations.xlsx: LOWCOV stands in place of a figure that fewer than half of
# the pupils have. So where there is a figure, half of them or more have it.
LEAST_SHARE = 0.5
HALF_A_PER_CENT = 0.005
# SOURCE: 16 to 18 accountability guidance (pipeline/measures/ks5.py): these are means over
# entries. The tables give the number of students, each of whom enters one or more.
MEANS_OVER_ENTRIES = frozenset(
    {"a_level_points", "academic_points", "applied_general_points"}
)

_COVERAGE = ("source", "row", "measure", "coverage")

OWN = "their published number"
COVERED = "all pupils times the published coverage"
BOUNDED = "between half and all of the pupils"


def whole_cohort_columns(key_stage: KeyStage) -> frozenset[str]:
    """Name the columns that count every pupil of a group, with or without a score.

    A measure of attainment rests on all pupils, a measure of progress only on those with
    an earlier result: where a progress measure is published beside the pupils that an
    attainment measure counts, its own number is not known.
    """
    return frozenset(
        name
        for measure in MEASURES[key_stage]
        if not measure.centred_on_national
        for columns in measure.columns.values()
        for name in columns.pupils
    )


def read_coverage(files: Iterable[dict[str, Any]], folder: Path) -> pd.DataFrame:
    """Read the published coverage of progress from key stage 2 tables.

    Returns source, row, measure and coverage (0 to 1). Coverage is no result, so the
    cleaned tables do not hold it. A file that is packed or gone since gives none: numbers
    of pupils then stay between their bounds.
    """
    found = [_coverage_of(folder / file["file"], file["file"]) for file in files]
    having = [part for part in found if not part.empty]
    if not having:
        return _no_coverage()
    return pd.concat(having, ignore_index=True)


def _no_coverage() -> pd.DataFrame:
    types: dict[str, Any] = dict(zip(_COVERAGE, ("str", int, "str", float), strict=True))
    return pd.DataFrame(columns=list(_COVERAGE)).astype(types)


def _coverage_of(path: Path, shown: str) -> pd.DataFrame:
    if not path.is_file() or path.suffix.lower() != ".csv":
        return _no_coverage()
    cells = table_file.read(path, shown).cells
    parts = [
        pd.DataFrame(
            {
                "source": shown,
                "row": cells.index,
                "measure": measure,
                "coverage": suppression.parse(cells[column]).value / 100,
            }
        )
        for measure, column in COVERAGE_COLUMNS.items()
        if column in cells.columns
    ]
    return pd.concat(parts) if parts else _no_coverage()


def with_weights(
    rows: pd.DataFrame, key_stage: KeyStage, coverage: pd.DataFrame
) -> pd.DataFrame:
    """Say on how many pupils each published figure rests, and where that is from.

    Adds `weight`, `least`, `most` and `pupils_from`. Where only the whole cohort is
    published, it weighs, and what might be wrong with that is carried along: between half
    of the cohort and all of it have a score.
    """
    progress = {m.code for m in MEASURES[key_stage] if m.centred_on_national}
    pupils = rows["pupils"].astype(float).to_numpy()
    is_cohort = (
        rows["measure"].isin(progress)
        & rows["pupils_column"].isin(whole_cohort_columns(key_stage))
    ).to_numpy()
    share = np.where(is_cohort, np.nan, 1.0)
    # Coverage is published of all pupils, not of groups of them.
    of_all = is_cohort & (rows["group"] == "all").to_numpy()
    share[of_all] = _coverage_beside(rows[of_all], coverage)
    is_covered = is_cohort & np.isfinite(share)
    is_bounded = is_cohort & ~is_covered
    slack = np.where(is_covered, HALF_A_PER_CENT, 0.0)
    share = np.where(is_bounded, 1.0, share)
    least = np.where(is_bounded, LEAST_SHARE, np.clip(share - slack, 0, 1))
    said = np.zeros(len(rows), dtype=np.int64)
    said[is_covered], said[is_bounded] = 1, 2
    return rows.assign(
        weight=pupils * share,
        least=pupils * least,
        most=pupils * np.clip(share + slack, 0, 1),
        pupils_from=pd.Categorical.from_codes(
            said, categories=pd.Index([OWN, COVERED, BOUNDED])
        ),
    )


def _coverage_beside(rows: pd.DataFrame, coverage: pd.DataFrame) -> Any:
    key = ["source", "row", "measure"]
    asked = rows[key].astype({"source": "str", "measure": "str"})
    return asked.merge(coverage, on=key, how="left", validate="many_to_one")["coverage"]
