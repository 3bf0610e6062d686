"""Small builders: a made-up project folder, one school's row, one register."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from pipeline.comparison import compare, compared
from pipeline.contracts import promise
from pipeline.measures import catalogue
from pipeline.measures.measure import KEY_STAGES
from pipeline.run import locations, parameters
from pipeline.schools import follow, link
from pipeline.sources import clean

# The same examples everywhere and however busy the machine is: a test that fails here
# fails there.
hypothesis_settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("project")

ROOT = Path(__file__).parents[1]
KEY_STAGE_COLUMNS = {
    key_stage: table.TABLE_MARKERS for key_stage, table in catalogue.TABLES.items()
}


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Write rows as a table whose header is every column in order of appearance."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    lines = [header, *([str(row.get(name, "")) for name in header] for row in rows)]
    return "\n".join(",".join(line) for line in lines) + "\n"


def school(urn: int, **cells: Any) -> dict[str, Any]:
    """Make a mainstream academy's row, with the given cells."""
    about = {"RECTYPE": 1, "URN": urn, "LEA": 850, "SCHNAME": f"School {urn}"}
    return about | {"NFTYPE": "ACC"} | cells


@dataclass
class Project:
    """A project folder that holds downloads, a register and the reference figures."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def download(self, shown: str, rows: list[dict[str, Any]] | str | bytes) -> Path:
        """Save one table as the department would name it: 2018-2019/england_ks4final.csv.

        The columns that mark a table of its key stage are added where rows lack them.
        """
        path = self.folder / "downloads" / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(rows, list):
            stage = next(ks for ks in KEY_STAGES if f"_{ks}" in shown.lower())
            blank = dict.fromkeys(KEY_STAGE_COLUMNS[stage], "")
            rows = as_csv([{"RECTYPE": 1, "URN": ""} | blank | row for row in rows])
        path.write_bytes(rows if isinstance(rows, bytes) else rows.encode())
        return path

    def register(self, *rows: str, name: str = "partners.csv") -> Path:
        """Save a register; each row is written as in the file: '100001,,2015-09-01,,'."""
        path = self.folder / "registers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        header = "urn,name,joined,left,hub"
        if name == "programmes.csv":
            header = "programme,urn,cohort,joined,left,trio"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    @property
    def parameters(self) -> parameters.Parameters:
        """The settings as the pipeline reads them."""
        return parameters.check(self.settings)

    def know(self, name: str, *rows: dict[str, Any]) -> None:
        """Put rows into one table of schools, as the stage `link` would."""
        contract = link.TABLES[name]
        blank = {"source": "made.csv", "row": 2, "name": "A school", "kind": "conversion"}
        table = pd.DataFrame([blank | row for row in rows])
        table = table.reindex(columns=list(contract.columns))
        types = {column: c.dtype.type for column, c in contract.columns.items()}
        promise.write(table.astype(types), locations.school_table(name), contract)

    def link(self) -> link.Linked:
        """Read the optional sources that the settings name; everything is written."""
        linked = link.link(self.parameters)
        link.write(linked)
        return linked

    def clean(self, key_stage: str = "ks4") -> clean.Cleaned:
        """Read one key stage's files; what a test told of schools stays as it is."""
        known = link.link(self.parameters)
        for name, table in known.tables.items():
            path = locations.school_table(name)
            if not path.is_file():
                promise.write(table, path, link.TABLES[name])
        promise.write_text(json.dumps(known.files), locations.school_inventory())
        return clean.clean(key_stage, self.parameters)

    def follow(self, evaluation: str = "annual-impact") -> follow.Followed:
        """Clean all key stages, then follow the schools; everything is written."""
        for key_stage in KEY_STAGES:
            clean.write(self.clean(key_stage), key_stage)
        followed = follow.follow(evaluation, self.parameters)
        follow.write(followed, evaluation)
        return followed

    def compare(self, evaluation: str = "annual-impact") -> compared.Compared:
        """Clean, follow and compare; everything is written."""
        self.follow(evaluation)
        found = compare.compare(evaluation, self.parameters)
        compared.write(found, evaluation)
        return found

    def gap(
        self,
        measure: str = "progress_8",
        group: str = "all",
        year: int = 2019,
        evaluation: str = "annual-impact",
    ) -> dict[str, Any]:
        """Run everything and give one row of the estimates."""
        gaps = self.compare(evaluation).gaps
        row = gaps[
            (gaps["measure"] == measure) & (gaps["group"] == group) & (gaps["year"] == year)
        ]
        assert len(row) == 1
        return row.iloc[0].to_dict()


def settings_for(downloads: str, registers: str) -> dict[str, Any]:
    """Give the project's own parameters, for other folders and for the one year 2018/19."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    settings["sources"] = {"folder": downloads, "release": "final"}
    settings["sources"] |= {"gias": None, "ofsted": None, "context": None}
    settings["registers"] = {"folder": registers}
    settings["years"] = {"first": 2019, "last": 2019}
    settings["disclosure"] = {"suppress_pupils_up_to": 5}
    return settings


@contextmanager
def project_in(
    folder: Path, downloads: str = "downloads", registers: str = "registers"
) -> Iterator[Project]:
    """Work in a new project in an empty folder, far from the real one."""
    (folder / "dvc.yaml").write_text("")
    shutil.copytree(ROOT / "data" / "reference", folder / "data" / "reference")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PARTNERSHIP_ROOT", str(folder))
        locations.root.cache_clear()
        yield Project(folder, settings_for(downloads, registers))
    locations.root.cache_clear()


@pytest.fixture
def project(tmp_path):
    """Work in an empty project."""
    with project_in(tmp_path) as made:
        yield made


@pytest.fixture(name="make_project", scope="session")
def project_builder():
    """Work in a project that outlives one test: with make_project(folder) as project."""
    return project_in


@pytest.fixture(name="school", scope="session")
def school_builder():
    """Make one school's row: school(100001, TPUP=100, ATT8SCR=50)."""
    return school


@pytest.fixture(name="as_csv")
def csv_builder():
    """Write rows as a table."""
    return as_csv


@pytest.fixture
def settings():
    """Parameters that are in order, for a test to spoil."""
    return settings_for("downloads", "registers")
