"""What one key stage's tables say, as the earlier stages wrote it."""

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
    """Everything published of one key stage that this run read."""

    key_stage: KeyStage
    results: pd.DataFrame
    """One row per school, year, measure and group, with the school's local authority,
    place in a comparison and type, and whether it is state funded; on how many pupils it
    rests (`with_weights`), and `half` of the digit that it is rounded to."""
    schools: pd.DataFrame
    aggregates: pd.DataFrame
    """Figures of authorities and of England, with the same weights and digits."""
    inventory: dict[str, Any]

    @property
    def files(self) -> list[dict[str, Any]]:
        """The files that were read."""
        listed: list[dict[str, Any]] = self.inventory["files"]
        return listed


def read_published(key_stage: KeyStage, downloads: Path) -> Published:
    """Read one key stage, each result beside what is known of its school and its pupils."""
    schools = promise.read(locations.schools(key_stage), SCHOOLS)
    results = promise.read(locations.results(key_stage), RESULTS)
    aggregates = promise.read(locations.aggregates(key_stage), AGGREGATES)
    inventory = read_inventory(key_stage)
    coverage = read_coverage(inventory["files"] if key_stage == "ks2" else [], downloads)
    # SOURCE: some files leave the code of the authority blank on national rows, and others
    # write a number there: it is of no authority.
    of_authority = aggregates["record"] == LOCAL_AUTHORITY
    area = aggregates["local_authority"].where(of_authority)
    return Published(
        key_stage=key_stage,
        results=_weighed(_with_schools(results, schools), key_stage, coverage),
        schools=schools,
        aggregates=_weighed(aggregates.assign(local_authority=area), key_stage, coverage),
        inventory=inventory,
    )


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
    key = _number_of(about).to_numpy()
    order = np.argsort(key)
    at = order[np.searchsorted(key, _number_of(results).to_numpy(), sorter=order)]
    beside = {name: pd.Categorical(about[name]).take(at) for name in ABOUT}
    funded = about["state_funded"].to_numpy(dtype=bool)[at]
    return results.assign(**beside, state_funded=funded)


def _number_of(table: pd.DataFrame) -> pd.Series:
    return table["urn"].astype("int64") * 10_000 + table["year"]
