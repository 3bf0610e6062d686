"""What one key stage's tables say, as the earlier stages wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.results import AGGREGATES, RESULTS, SCHOOLS
from pipeline.measures.catalogue import MEASURES
from pipeline.measures.measure import KeyStage
from pipeline.measures.school_types import is_state_funded
from pipeline.quality.digits import half_a_digit
from pipeline.quality.weights import read_coverage, with_weights
from pipeline.run import locations
from pipeline.sources.clean import read_inventory

LOCAL_AUTHORITY = "local authority"
ABOUT = ("local_authority", "place", "school_type")


@dataclass(frozen=True)
class Published:
    """Everything published of one key stage in one year that this run read."""

    key_stage: KeyStage
    year: int
    release: str
    files: list[dict[str, Any]]
    """The files of that year, as the stage `clean` lists them."""
    results: pd.DataFrame
    """One row per school, measure and group, with the school's local authority, place in
    a comparison and type, and whether it is state funded; on how many pupils it rests
    (`with_weights`), and `half` of the digit that it is rounded to."""
    schools: pd.DataFrame
    aggregates: pd.DataFrame
    """Figures of authorities and of England, with the same weights and digits."""


def read_years(key_stage: KeyStage, downloads: Path) -> Iterator[Published]:
    """Read one key stage year by year, each result beside its school and its pupils.

    A country's results of nine years do not have to be held at once.
    """
    inventory = read_inventory(key_stage)
    schools = promise.read(locations.schools(key_stage), SCHOOLS)
    coverage = read_coverage(inventory["files"] if key_stage == "ks2" else [], downloads)
    totals = _weighed(_totals(key_stage), key_stage, coverage)
    for year in sorted({int(file["year"]) for file in inventory["files"]}):
        results = _results(key_stage, year)
        of_year = schools[schools["year"] == year]
        yield Published(
            key_stage=key_stage,
            year=year,
            release=inventory["release"],
            files=[file for file in inventory["files"] if file["year"] == year],
            results=_weighed(_with_schools(results, of_year), key_stage, coverage),
            schools=of_year,
            aggregates=totals[totals["year"] == year],
        )


def _results(key_stage: KeyStage, year: int) -> pd.DataFrame:
    path = locations.results(key_stage)
    read = pd.read_parquet(path, filters=[("year", "==", year)])
    # A list of words of which a year uses none comes as plain objects.
    types = {name: column.dtype.type for name, column in RESULTS.columns.items()}
    return promise.check(read.astype(types), RESULTS)


def _totals(key_stage: KeyStage) -> pd.DataFrame:
    totals = promise.read(locations.aggregates(key_stage), AGGREGATES)
    # SOURCE: some files leave the code of the authority blank on national rows, and others
    # write a number there: it is of no authority.
    of_authority = totals["record"] == LOCAL_AUTHORITY
    return totals.assign(local_authority=totals["local_authority"].where(of_authority))


def _weighed(
    table: pd.DataFrame, key_stage: KeyStage, coverage: pd.DataFrame
) -> pd.DataFrame:
    weighed = with_weights(table, key_stage, coverage)
    measures = {measure.code: measure for measure in MEASURES[key_stage]}
    return weighed.assign(half=half_a_digit(weighed, measures))


def _with_schools(results: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Put each school's words beside its results: by place, as there are few words."""
    about = schools.assign(
        state_funded=schools["school_type"].map(
            {kind: is_state_funded(kind) for kind in schools["school_type"].unique()}
        )
    )
    key = about["urn"].astype("int64").to_numpy()
    order = np.argsort(key)
    at = order[
        np.searchsorted(key, results["urn"].astype("int64").to_numpy(), sorter=order)
    ]
    beside = {name: pd.Categorical(about[name]).take(at) for name in ABOUT}
    funded = about["state_funded"].to_numpy(dtype=bool)[at]
    return results.assign(**beside, state_funded=funded)
