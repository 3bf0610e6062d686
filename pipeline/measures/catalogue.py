"""All measures, by key stage and by code."""

from collections.abc import Iterable
from types import ModuleType

from pipeline.measures import ks2, ks4, ks5
from pipeline.measures.measure import KeyStage, Measure

TABLES: dict[KeyStage, ModuleType] = {"ks2": ks2, "ks4": ks4, "ks5": ks5}
"""What each performance table is: its record types and its measures."""

MEASURES: dict[KeyStage, tuple[Measure, ...]] = {
    "ks2": ks2.MEASURES,
    "ks4": ks4.MEASURES,
    "ks5": ks5.MEASURES,
}

KEY_STAGE_LABELS: dict[KeyStage, str] = {
    "ks2": "Key stage 2 (end of primary school, age 11)",
    "ks4": "Key stage 4 (GCSEs, age 16)",
    "ks5": "Key stage 5 (A levels and other level 3 qualifications, age 18)",
}


def measure(key_stage: KeyStage, code: str) -> Measure:
    """Find one measure.

    Raises KeyError for a code that the key stage's table does not hold.
    """
    for candidate in MEASURES[key_stage]:
        if candidate.code == code:
            return candidate
    raise KeyError(f"{key_stage} has no measure {code!r}")


def academic_year(year: int) -> str:
    """Write the academic year that ends in `year` as the department does: 2018/19."""
    return f"{year - 1}/{year % 100:02d}"


def year_spans(years: Iterable[int]) -> str:
    """Write academic years, those in a row as one span: '2015/16, 2017/18 to 2019/20'."""
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(
        academic_year(run[0]) + (f" to {academic_year(run[-1])}" if len(run) > 1 else "")
        for run in runs
    )


def folder_of_year(year: int) -> str:
    """Name the download folder of the academic year that ends in `year`: 2018-2019."""
    return f"{year - 1}-{year}"
