"""Small files of one table, as last year and as this year."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.drift import profile
from pipeline.drift.examine import examine

SCHOOLS = 30
"""Enough for what the same schools have to be compared."""


def ks4_rows(year: int, **changes: Any) -> list[dict[str, Any]]:
    """Make a small table of key stage 4: schools of growing results, and England.

    A change is one value for all schools, a list of values, or what makes a value of the
    school's number (0 to 29); None leaves the column out.
    """
    rows = []
    for number in range(SCHOOLS):
        row = {
            "RECTYPE": 1,
            "URN": 100001 + number,
            "LEA": 850,
            "SCHNAME": f"School {number}",
            "NFTYPE": "ACC" if number % 2 else "CY",
            "TPUP": 100 + number,
            "ATT8SCR": 30 + number,
            "P8PUP": 90 + number,
            "P8MEA": f"{-1 + number / 15:.2f}",
            "PTL2BASICS_95": f"{20 + number}%",
            f"P8MEA_{year - 2001}": f"{-1 + number / 15:.2f}",
        }
        for name, change in changes.items():
            row[name] = change(number) if callable(change) else change
        rows.append({name: value for name, value in row.items() if value is not None})
    england = {"RECTYPE": 7, "URN": "", "TPUP": 3000, "ATT8SCR": 44.5, "P8MEA": -0.02}
    # Attainment 8 under the names that tests give it.
    england |= {"Att8Scr": 44.5, "ATT8SRC": 44.5}
    return [*rows, {name: england.get(name, "") for name in rows[0]}]


@dataclass
class Folder:
    """A folder of downloads to compare files in."""

    path: Path
    as_csv: Any

    def save(self, shown: str, rows: list[dict[str, Any]] | str | bytes) -> Path:
        path = self.path / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        text = self.as_csv(rows) if isinstance(rows, list) else rows
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def profile(self, shown: str, rows: list[dict[str, Any]] | str | bytes):
        return profile.of_file(self.save(shown, rows), shown)

    def ks4(self, *, declared: Any = (), **changes: Any):
        """Compare a table of 2018/19 that is changed with last year's."""
        before = self.profile("2017-2018/england_ks4final.csv", ks4_rows(2018))
        now = self.profile("2018-2019/england_ks4final.csv", ks4_rows(2019, **changes))
        return examine(now, before, declared)


@pytest.fixture
def folder(tmp_path, as_csv):
    return Folder(tmp_path, as_csv)


@pytest.fixture(name="ks4_rows", scope="session")
def ks4_rows_builder():
    return ks4_rows


@pytest.fixture(scope="session")
def found():
    """List the findings of some topic as (level, column or row, before, now)."""

    def of(diagnosis, topic):
        return [
            (f.level.name, f.about, f.before, f.now)
            for f in diagnosis.findings
            if f.topic == topic
        ]

    return of
