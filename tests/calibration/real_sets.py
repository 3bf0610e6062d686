"""Random sets of real schools: whatever interval finds a difference there is wrong."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from pipeline.estimators.gap_to_rest import gap_to_rest
from pipeline.measures.catalogue import measure
from pipeline.measures.school_types import MAINSTREAM
from pipeline.quality.national_sd import national_sd
from pipeline.run import locations, parameters
from pipeline.schools import link
from pipeline.sources import clean

ROOT = Path(__file__).resolve().parents[2]
DOWNLOADS = ROOT.parent / "shared" / "data" / "dfe_national"
SIZES = (20, 100, 300)
CELLS = (
    ("ks4", "progress_8", "all", 2019),
    ("ks4", "progress_8", "disadvantaged", 2019),
    ("ks2", "rwm_expected", "all", 2018),
)


def cells() -> dict[tuple[str, str, str, int], pd.DataFrame]:
    """Read the schools of each cell: value, pupils, urn. Empty without real downloads."""
    if not DOWNLOADS.is_dir():
        return {}
    asked = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    asked["sources"] = {"folder": str(DOWNLOADS), "release": "final"}
    asked["years"] = {"first": 2018, "last": 2019}
    known = parameters.check(asked)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        _as_project(Path(folder))
        link.write(link.link(known))
        cleaned = {ks: clean.clean(ks, known) for ks in ("ks2", "ks4")}
        os.environ.pop("PARTNERSHIP_ROOT", None)
        locations.root.cache_clear()
    for key_stage, code, group, year in CELLS:
        place = cleaned[key_stage].schools[["urn", "year", "place"]]
        rows = cleaned[key_stage].results.merge(place, on=["urn", "year"])
        chosen = (
            (rows["measure"] == code)
            & (rows["group"] == group)
            & (rows["year"] == year)
            & (rows["place"] == MAINSTREAM)
            & rows["value"].notna()
            & (rows["pupils"] > 0)
        )
        found[key_stage, code, group, year] = rows.loc[chosen, ["urn", "value", "pupils"]]
    return found


def _as_project(folder: Path) -> None:
    """Lay out what `clean` reads beside downloads: no school is followed by another key."""
    (folder / "dvc.yaml").touch()
    (folder / "data").mkdir()
    (folder / "data/reference").symlink_to(ROOT / "data/reference")
    os.environ["PARTNERSHIP_ROOT"] = str(folder)
    locations.root.cache_clear()


def rates(
    cell: tuple[str, str, str, int], rows: pd.DataFrame, size: int, draws: int
) -> dict[str, object]:
    """Share of draws in which each interval leaves out zero."""
    key_stage, code, group, year = cell
    centred = measure(key_stage, code).centred_on_national
    sd = national_sd(code, year, centred=centred).sd
    value, pupils = rows["value"].to_numpy(float), rows["pupils"].to_numpy(float)
    schools = rows["urn"].to_numpy(object)
    random = np.random.Generator(np.random.PCG64([size, year]))
    ours = theirs = 0
    for _ in range(draws):
        chosen = np.zeros(len(value), dtype=bool)
        chosen[random.choice(len(value), size, replace=False)] = True
        found = gap_to_rest(value, pupils, chosen, schools, pupil_sd=sd)
        ours += not found.low <= 0 <= found.high
        theirs += sd is not None and not found.dfe_low <= 0 <= found.dfe_high
    return {
        "measure": code,
        "group": group,
        "year": year,
        "schools": size,
        "draws": draws,
        "ours": ours / draws,
        "department": None if sd is None else theirs / draws,
    }
