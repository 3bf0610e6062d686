"""A service on this machine, and a folder of sources to bring its files into."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.acquire import releases
from pipeline.acquire.bring import Asked, bring
from pipeline.acquire.releases import EesDataSet
from pipeline.acquire.service import Patience
from tests.acquire.replay import DataSet, Replay, table, version

KS4 = "ks4-performance"
PLACE = "downloads/ees_ks4_performance.csv"
HEADER = "time_period,geographic_level,version,school_urn,pupil_count,attainment8_average"
ROWS = (
    f"{HEADER}\n202425,School,Final,100001,120,46.1\n202324,School,Final,100001,118,45.2\n"
)


@dataclass
class Acquiring:
    """What a person does, and what is found afterwards."""

    folder: Path
    replay: Replay
    asked: Asked
    told: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def bring(self, *only: str, **changed: Any) -> str:
        """Bring one source of 2024/25 (or what is asked for) and give its state."""
        self.told.clear()
        asked = replace(self.asked, only=only or (KS4,), **changed)
        outcomes = bring(asked, self.told.append)
        assert len(outcomes) == 1
        return outcomes[0].state

    @property
    def said(self) -> str:
        return "\n".join(self.told)

    @property
    def sources(self) -> Path:
        return self.asked.into

    @property
    def lock(self) -> Path:
        return self.folder / "data" / "reference" / releases.PINNED

    def save(self, place: str, content: str | bytes) -> Path:
        """Save a file by hand."""
        path = self.sources / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def on_disk(self) -> dict[str, bytes]:
        """Every file that is there: sources, receipts and pins, but no parts."""
        found = {
            path.relative_to(self.sources).as_posix(): path.read_bytes()
            for path in self.sources.rglob("*")
            if path.is_file() and ".partial" not in path.parts
        }
        if self.lock.is_file():
            found[releases.PINNED] = self.lock.read_bytes()
        return found

    def parts(self) -> list[str]:
        """Names of what is kept to go on from."""
        partial = self.sources / ".partial"
        return sorted(p.name for p in partial.rglob("*.part")) if partial.exists() else []


@pytest.fixture
def replay() -> Iterator[Replay]:
    service = Replay()
    yield service
    service.shutdown()
    service.server_close()


@pytest.fixture
def acquiring(project, replay) -> Acquiring:
    """A new project, with patience for seconds where people have minutes."""
    slept: list[float] = []
    asked = Asked(
        year=2025,
        into=project.folder / "data" / "sources",
        day=date(2026, 11, 20),
        services={
            "ees": f"{replay.address}/statistics/v1",
            "gias": f"{replay.address}/public",
        },
        patience=Patience(
            attempts=3, connect=1, silent=0.2, longest_download=0.6, sleep=slept.append
        ),
        now=lambda: datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    )
    return Acquiring(project.folder, replay, asked, slept=slept)


@pytest.fixture
def ks4(acquiring, replay) -> DataSet:
    """The data set of key stage 4, with one version that holds 2024/25."""
    source = releases.load().sources[KS4]
    assert isinstance(source, EesDataSet)
    made = DataSet(replay, source.data_set)
    made.publish(version("1.0", kind="Major"))
    made.table("1.0", table(ROWS))
    return made


@pytest.fixture
def real_dfe() -> Path:
    """Real downloads, where they are beside this checkout."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "dfe"
    if not folder.is_dir():
        pytest.skip("real downloads are not beside this checkout")
    return folder
