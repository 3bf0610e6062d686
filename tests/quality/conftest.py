"""Small published tables: a few schools, the totals above them, and what is checked."""

import json
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.results import AGGREGATES, RESULTS, SCHOOLS
from pipeline.measures.catalogue import measure
from pipeline.measures.measure import KEY_STAGES
from pipeline.quality import check
from pipeline.quality.published import read_years
from pipeline.run import locations
from pipeline.schools import link

STATE_FUNDED = "national, state-funded"
ALL_SCHOOLS = "national, all schools"
AUTHORITY = "local authority"


@dataclass
class Tables:
    """One key stage as the stage `clean` would leave it."""

    project: Any
    key_stage: str = "ks4"
    measure: str = "progress_8"
    area: str = "england"
    schools: list[dict[str, Any]] = field(default_factory=list)
    totals: list[dict[str, Any]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def school(self, value, pupils, *, reason=None, kind="ACC", group="all", **more):
        """Add one school's figure; a second group of one school is told by its urn."""
        of = measure(self.key_stage, more.get("measure", self.measure))
        if value is None and reason is None:
            reason = "suppressed: few pupils, or to protect such a figure"
        about = {
            "urn": str(100001 + len(self.schools)),
            "year": 2019,
            "local_authority": "850",
            "measure": self.measure,
            "pupils_column": of.columns[group].pupils[0] if pupils is not None else None,
        }
        row = about | more | {"group": group, "value": value, "pupils": pupils}
        self.schools.append(row | {"reason": reason, "school_type": kind})
        return self

    def total(self, value, pupils, *, record=STATE_FUNDED, group="all", **more):
        """Add one published total."""
        of = measure(self.key_stage, more.get("measure", self.measure))
        about = {
            "record": record,
            "local_authority": "850" if record == AUTHORITY else "",
            "year": 2019,
            "measure": self.measure,
            "pupils_column": of.columns[group].pupils[0] if pupils is not None else None,
            "reason": "blank in the file" if value is None else None,
        }
        row = about | more | {"group": group, "value": value, "pupils": pupils}
        self.totals.append(row)
        return self

    def write(self):
        """Write the tables where the checks read them."""
        results = pd.DataFrame(self.schools).assign(release="final")
        results["row"] = range(2, len(results) + 2)
        results["source"] = [self._file(year) for year in results["year"]]
        if "school_key" not in results:
            results["school_key"] = results["urn"]
        schools = results.drop_duplicates(["urn", "year"]).assign(
            name="A school", record_type="1"
        )
        independent = schools["school_type"] == "IND"
        schools["place"] = "state-funded mainstream"
        schools.loc[independent, "place"] = "independent or non-maintained"
        totals = pd.DataFrame(self.totals, columns=[*AGGREGATES.columns])
        totals = totals.assign(release="final", row=range(500, 500 + len(totals)))
        totals["source"] = [self._file(year) for year in totals["year"]]
        for path, table, contract in (
            (locations.results(self.key_stage), results, RESULTS),
            (locations.schools(self.key_stage), schools, SCHOOLS),
            (locations.aggregates(self.key_stage), totals, AGGREGATES),
        ):
            promise.write(_typed(table, contract), path, contract)
        self._write_inventory(results, schools, totals)
        return self

    def _file(self, year):
        return f"{year - 1}-{year}/{self.area}_{self.key_stage}final.csv"

    def _write_inventory(self, results, schools, totals):
        years = sorted(set(results["year"]))
        entries = [
            {
                "file": self._file(year),
                "sha256": "a" * 64,
                "year": year,
                "area": self.area,
                "rows": {
                    "mainstream": int((schools["year"] == year).sum()),
                    "special": 1,
                    "national, state-funded": int(len(totals) > 0),
                },
                "columns_absent": self.absent,
            }
            for year in years
        ]
        inventory = {
            "key_stage": self.key_stage,
            "folder_is_synthetic": True,
            "release": "final",
            "files": entries,
            "left_out": [],
            "schools_in_two_files": 0,
            "years": {str(y): {"state": "supplied"} for y in years},
        }
        locations.inventory(self.key_stage).write_text(json.dumps(inventory))

    def years(self):
        """Read them as the checks do, year by year."""
        return list(read_years(self.key_stage, self.project.folder / "downloads"))

    def published(self):
        """Read the latest year."""
        return self.years()[-1]

    def check(self):
        """Run every check; the other key stages hold nothing."""
        self.write()
        for key_stage in KEY_STAGES:
            if not locations.inventory(key_stage).is_file():
                Tables(self.project, key_stage).write_nothing()
        for name, contract in link.TABLES.items():
            promise.write(link.empty(contract), locations.school_table(name), contract)
        return check.check(self.project.parameters)

    def write_nothing(self):
        """Write the tables of a key stage of which no file was supplied."""
        for path, contract in (
            (locations.results(self.key_stage), RESULTS),
            (locations.schools(self.key_stage), SCHOOLS),
            (locations.aggregates(self.key_stage), AGGREGATES),
        ):
            promise.write(link.empty(contract), path, contract)
        self._write_inventory(*[pd.DataFrame({"year": []})] * 3)


def _typed(table, contract):
    types = {name: column.dtype.type for name, column in contract.columns.items()}
    return table.reindex(columns=list(types)).astype(types)


@pytest.fixture
def tables(project):
    """Tables of key stage 4 in 2018/19; `tables(key_stage=..., measure=...)` for others."""

    def make(**about):
        return Tables(project, **about)

    return make
