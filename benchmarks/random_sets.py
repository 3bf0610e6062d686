"""How often each interval finds a difference where there is none: random real schools.

    python benchmarks/random_sets.py path/to/downloads

Schools drawn at random differ from the rest by nothing but luck, so an interval that leaves
out zero is wrong. The folder holds England's tables of 2017/18 and 2018/19; the figures in
reports/methods/method.md come from this command.
"""

import sys
from pathlib import Path

import numpy as np
import yaml

from pipeline.estimators.gap_to_rest import gap_to_rest
from pipeline.measures.catalogue import measure
from pipeline.measures.school_types import MAINSTREAM
from pipeline.quality.national_sd import national_sd
from pipeline.run import locations, parameters
from pipeline.sources import clean

DRAWS, SIZES = 1000, (10, 20, 100)
CELLS = (
    ("ks4", "progress_8", "all", 2019),
    ("ks4", "progress_8", "disadvantaged", 2019),
    ("ks2", "reading_progress", "all", 2018),
    ("ks2", "rwm_expected", "all", 2018),
)


def rates(cell, cleaned, drawn: int) -> tuple[float, float | None]:
    """Share of draws in which ours, and the department's, leaves out zero."""
    key_stage, code, group, year = cell
    rows = cleaned.results.merge(
        cleaned.schools[["urn", "year", "place"]], on=["urn", "year"]
    )
    rows = rows[
        (rows["measure"] == code)
        & (rows["group"] == group)
        & (rows["year"] == year)
        & (rows["place"] == MAINSTREAM)
        & rows["value"].notna()
        & (rows["pupils"] > 0)
    ]
    value, pupils = rows["value"].to_numpy(float), rows["pupils"].to_numpy(float)
    cluster = rows["urn"].to_numpy(object)
    centred = measure(key_stage, code).centred_on_national
    sd = national_sd(code, year, centred=centred).sd
    random = np.random.default_rng(drawn)
    ours = theirs = 0
    for _ in range(DRAWS):
        chosen = np.zeros(len(value), dtype=bool)
        chosen[random.choice(len(value), drawn, replace=False)] = True
        found = gap_to_rest(value, pupils, chosen, cluster, pupil_sd=sd)
        ours += not found.low <= 0 <= found.high
        theirs += sd is not None and not found.dfe_low <= 0 <= found.dfe_high
    return ours / DRAWS, None if sd is None else theirs / DRAWS


def main(folder: str) -> None:
    content = yaml.safe_load((locations.root() / "params.yaml").read_text(encoding="utf-8"))
    content["sources"]["folder"] = str(Path(folder).resolve())
    asked = parameters.check(content)
    cleaned = {key_stage: clean.clean(key_stage, asked) for key_stage in ("ks2", "ks4")}
    for cell in CELLS:
        for drawn in SIZES:
            ours, theirs = rates(cell, cleaned[cell[0]], drawn)
            shown = "none" if theirs is None else f"{theirs:.1%}"
            print(f"{' '.join(map(str, cell)):42s} {drawn:4d} schools: {ours:.1%}, {shown}")


if __name__ == "__main__":
    main(sys.argv[1])
