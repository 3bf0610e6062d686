"""How much of England the files hold, and what the other schools may be called."""

from typing import Any

import pandas as pd

from pipeline.measures.measure import KEY_STAGES, KeyStage

REST_OF_ENGLAND = "the rest of England"
OTHER_SCHOOLS = "other schools in these files"
# ASSUME: files that hold nine in ten of the pupils that the department counts may be
# called England; a table without special schools or small schools holds more than that.
ENOUGH_OF_ENGLAND = 0.9


def others(
    inventories: dict[KeyStage, dict[str, Any]], national: pd.DataFrame
) -> dict[KeyStage, str]:
    """Say for each key stage whom the partners are compared with, in words.

    Files of some local authorities are not England. A file that the department names
    'england' is taken at its word, unless its national row counts many more pupils than
    its schools hold.
    """
    return {
        ks: REST_OF_ENGLAND if _covers(inventories[ks], national, ks) else OTHER_SCHOOLS
        for ks in KEY_STAGES
    }


def _covers(inventory: dict[str, Any], national: pd.DataFrame, key_stage: KeyStage) -> bool:
    supplied = [y for y in inventory["years"].values() if y["state"] == "supplied"]
    if not all(year["all_of_england"] for year in supplied):
        return False
    counted = national[(national["key_stage"] == key_stage) & (national["group"] == "all")]
    known = counted.dropna(subset=["published_pupils", "pupils"])
    share = known["pupils"].astype(float) / known["published_pupils"].astype(float)
    return bool((share >= ENOUGH_OF_ENGLAND).all())
