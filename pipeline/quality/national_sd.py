"""The national standard deviation of pupils' scores, as far as it is known."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.measures.catalogue import academic_year
from pipeline.run import locations


@dataclass(frozen=True)
class NationalSD:
    """A published or recovered SD, or the reason why there is none."""

    sd: float | None
    said: str
    """Where it comes from, or why the department's interval is left out."""


def national_sd(measure: str, year: int, *, centred: bool) -> NationalSD:
    """Look up the pupil SD of a measure in a year.

    Only progress measures have one: the department gives no interval for attainment.
    """
    if not centred:
        return NationalSD(None, "the department gives no interval for this measure")
    path = locations.reference("national_pupil_sds.yaml")
    entry = _read(path, path.stat().st_mtime_ns).get(measure, {}).get(year)
    if entry is None:
        return NationalSD(
            None,
            f"no published national pupil SD of {academic_year(year)} was found, nor a "
            "file with bounds and numbers of pupils to recover it from",
        )
    return NationalSD(float(entry["sd"]), f"{entry['kind']}: {entry['source']}")


@lru_cache(maxsize=1)
def _read(path: Path, changed: int) -> dict[str, Any]:
    """Read the file once, and again when it has changed."""
    entries: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return entries
