"""What the pipeline's own readers find in a folder, as facts to compare."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.run.parameters import Evaluation
from pipeline.schools.membership import read_register
from pipeline.sources import (
    absence,
    census,
    corrections,
    destinations,
    establishments,
    inspections,
    performance_tables,
    suppression,
    table_file,
    trust_tables,
    workbook,
)
from tests.fuzz.cases import Start
from tests.fuzz.naive import Facts

YEARS = range(2010, 2030)
SHOWN = "downloads"


def read(start: Start, folder: Path) -> Facts:
    """Read a folder that holds the files of one case, as the pipeline would."""
    return READERS[start.reader](start, folder)


def _none(value: Any) -> Any:
    """A missing value of whatever library as None."""
    return None if value is None or value is pd.NaT or value is pd.NA or value != value else value


def _plain(column: pd.Series) -> list[Any]:
    return [_none(value) for value in column.astype(object).tolist()]


def _days(column: pd.Series) -> list[Any]:
    return [None if value is pd.NaT else value.date() for value in column.dt.to_pydatetime()]


def _writable(told: Any) -> None:
    """See that what was found can be written down as every stage does."""
    json.dumps(told, ensure_ascii=False, default=str).encode("utf-8")


# Performance tables --------------------------------------------------------------------


def _performance(start: Start, folder: Path) -> Facts:
    facts: Facts = {}
    found = performance_tables.find(folder, SHOWN)
    for key_stage in ("ks2", "ks4", "ks5"):
        _writable(performance_tables.overlooked(folder, key_stage))
    for download in found:
        table = performance_tables.read(download)
        _writable([table.download.shown, table.rows, table.absent])
        of_slice = (download.year, download.release) if start.reader == "ees" else ()
        facts |= _results_of(table, of_slice, start)
    return facts


def _results_of(
    table: performance_tables.Table, of_slice: tuple[Any, ...], start: Start
) -> Facts:
    results, facts = table.results, Facts()
    schools = table.schools
    for urn, name, authority, record, kind in zip(
        *(schools[c] for c in ("urn", "name", "local_authority", "record_type", "school_type")),
        strict=True,
    ):
        said = name if start.reader == "ees" else (name, authority, record, kind)
        facts["school", *of_slice, urn] = said
    for key, figures in zip(_keys(results), _figures(results), strict=True):
        facts[*of_slice, *key] = figures
    if start.reader == "ees":
        return facts
    facts |= {("count", name): count for name, count in table.rows.items() if count}
    totals = table.aggregates
    seen: dict[tuple[Any, ...], list[int]] = {}
    for record, authority, row, measure, group, figures in zip(
        *(totals[c] for c in ("record", "local_authority", "row", "measure", "group")),
        _figures(totals),
        strict=True,
    ):
        rows = seen.setdefault((record, authority), [])
        if row not in rows:
            rows.append(row)
        facts["total", record, authority, rows.index(row), measure, group] = figures
    return facts


def _keys(results: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(zip(*(results[c].astype(str) for c in ("urn", "measure", "group")), strict=True))


def _figures(results: pd.DataFrame) -> list[tuple[Any, ...]]:
    columns = [_plain(results[c]) for c in ("value", "reason", "pupils", "low", "high")]
    return [
        (reason if value is None else value, pupils, low, high)
        for value, reason, pupils, low, high in zip(*columns, strict=True)
    ]


# Other sources -------------------------------------------------------------------------


def _occurring(facts: Facts, key: tuple[Any, ...], value: Any) -> None:
    number = 0
    while (*key, number) in facts:
        number += 1
    facts[*key, number] = value


def _gias(start: Start, folder: Path) -> Facts:
    found = establishments.read(folder, SHOWN)
    _writable(found.inventory)
    facts: Facts = {}
    table = found.establishments
    texts = ("laestab", "school_type", "town", "postcode", "lowest_age", "highest_age")
    for urn, name, *about in zip(
        table["urn"],
        table["name"],
        *(_plain(table[c]) for c in texts),
        *(_days(table[c]) for c in ("opened", "closed")),
        strict=True,
    ):
        facts["school", urn] = (name, *about)
    table = found.links
    for key in zip(
        *(table[c] for c in ("urn", "linked_urn", "kind")), _days(table["established"]), strict=True
    ):
        _occurring(facts, ("link", *key), True)
    table = found.trust_spells
    for key in zip(
        *(table[c] for c in ("urn", "trust", "trust_name", "trust_kind")),
        *(_days(table[c]) for c in ("joined", "left")),
        strict=True,
    ):
        _occurring(facts, ("spell", *key), True)
    if len(table):
        facts["count", "without a school"] = found.inventory["rows_of_trusts_without_a_school"]
    return facts


def _ofsted(start: Start, folder: Path) -> Facts:
    found = inspections.read(folder, SHOWN)
    _writable(found.inventory)
    table = found.table
    columns = [table["urn"], *(_days(table[c]) for c in ("inspected", "published"))]
    columns.append(_plain(table["overall_effectiveness"]))
    return {("inspection", urn): tuple(about) for urn, *about in zip(*columns, strict=True)}


def _context(start: Start, folder: Path) -> Facts:
    if "_census." in start.place:
        found = census.read(folder, SHOWN, YEARS)
    elif "_abs." in start.place:
        found = absence.read(folder, SHOWN, YEARS)
    else:
        found = destinations.read(folder, SHOWN, YEARS)[0]
    _writable(found.inventory)
    table = found.table
    facts: Facts = {
        key: figures
        for key, figures in zip(
            zip(*(table[c] for c in ("urn", "item", "group")), strict=True),
            zip(_plain(table["value"]), _plain(table["pupils"]), strict=True),
            strict=True,
        )
    }
    for entry in found.inventory["files"]:
        facts["count", "schools"] = entry["rows"]["schools"]
    return facts


def _trusts(start: Start, folder: Path) -> Facts:
    found = trust_tables.read(folder, SHOWN, YEARS)
    _writable(found.inventory)
    table = found.table
    facts: Facts = {
        ("name", uid): name for uid, name in zip(table["trust"], table["trust_name"], strict=True)
    }
    for key, figures in zip(
        zip(*(table[c] for c in ("trust", "measure", "group")), strict=True),
        zip(*(_plain(table[c]) for c in ("value", "pupils", "low", "high", "schools")), strict=True),
        strict=True,
    ):
        facts[key] = figures
    return facts


def _register(start: Start, folder: Path) -> Facts:
    evaluation = Evaluation(
        title="Report",
        question="?",
        members="programmes.csv" if start.says else "partners.csv",
        programme=start.says or None,
    )
    register = read_register(folder, SHOWN, evaluation)
    if register is None:
        return {}
    facts: Facts = {}
    for spell in register.spells.to_dict("records"):
        about = (_none(spell[c]) for c in ("left", "name", "hub", "cohort"))
        facts["spell", spell["urn"], spell["joined"]] = tuple(about)
    return facts


def _cells(start: Start, folder: Path) -> Facts:
    path = folder / start.place
    if start.is_workbook:
        file = workbook.read(path, start.place)
    else:
        file = table_file.read(path, start.place)
    return _cells_of(file, keep_blank=not start.is_workbook)


def _cells_of(file: table_file.TableFile, *, keep_blank: bool = True) -> Facts:
    return {
        ("cell", int(str(number)), at): text
        for number, row in zip(file.cells.index, file.cells.to_numpy().tolist(), strict=True)
        for at, text in enumerate(row)
        if text or keep_blank
    }


@cache
def _declared() -> tuple[corrections.Correction, ...]:
    return corrections.load()


def _corrections(start: Start, folder: Path) -> Facts:
    """Every cell after the corrections; and that only declared cells were changed."""
    file = table_file.read(folder / start.place, start.place)
    before = _cells_of(file)
    corrected, applied = corrections.apply(file, _declared())
    after = _cells_of(corrected)
    changed = {key for key in before if before[key] != after[key]}
    of_headers = sum(a != b for a, b in zip(file.header, corrected.header, strict=True))
    told = sum(done.cells for done in applied)
    assert before.keys() == after.keys(), "a correction added or lost a cell"
    assert len(changed) + of_headers == told, f"{told} told, {len(changed)} changed"
    for key in changed:
        said, held = before[key].strip(), after[key].strip()
        assert held in suppression.REASONS or float(held.rstrip("%")) == round(
            100 * float(said), 9
        ), f"{said!r} became {held!r}"
    return after


READERS: dict[str, Callable[[Start, Path], Facts]] = {
    "performance": _performance,
    "ees": _performance,
    "gias": _gias,
    "ofsted": _ofsted,
    "context": _context,
    "trusts": _trusts,
    "register": _register,
    "plain": _cells,
    "workbook": _cells,
    "corrections": _corrections,
}
