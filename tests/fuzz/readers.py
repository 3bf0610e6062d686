"""What the pipeline's own readers find in a folder, as facts to compare."""

import json
import tempfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.drift.proposal import proposals
from pipeline.publication import drift, drift_page
from pipeline.run.faults import Fault, InputFault
from pipeline.run.parameters import Evaluation
from pipeline.schools.lineage import follow_chains
from pipeline.schools.membership import read_register
from pipeline.schools.register_doctor import grid, listing, writing
from pipeline.schools.register_doctor.accept import accept
from pipeline.schools.register_doctor.diagnosis import Diagnosis
from pipeline.schools.register_doctor.directory import Directory
from pipeline.schools.register_doctor.examine import examine
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
from tests.fuzz import stages, starts
from tests.fuzz.cases import Start
from tests.fuzz.faults import BrokenPromiseError, UnclearError, check_text, unprintable
from tests.fuzz.grids import rows_of
from tests.fuzz.naive import Facts, named_cells

YEARS = range(2010, 2030)
SHOWN = stages.SHOWN


def read(start: Start, folder: Path) -> Facts:
    """Read a folder that holds the files of one case, as the pipeline would."""
    return READERS[start.reader](start, folder)


def _refuse_left_out(inventory: dict[str, Any], start: Start) -> None:
    """A file that is passed over and listed, or said not to be there, is as good as refused."""
    for entry in inventory["left_out"]:
        if entry["file"] == start.place:
            raise InputFault(entry["file"], entry["why"], expected="-", mend="-")
    if not inventory["files"]:
        raise InputFault(start.place, "the inventory lists no file", expected="-", mend="-")


def _none(value: Any) -> Any:
    """A missing value of whatever library as None."""
    return (
        None
        if value is None or value is pd.NaT or value is pd.NA or value != value
        else value
    )


def _plain(column: pd.Series) -> list[Any]:
    return [_none(value) for value in column.astype(object).tolist()]


def _days(column: pd.Series) -> list[Any]:
    return [
        None if value is pd.NaT else value.date() for value in column.dt.to_pydatetime()
    ]


def _writable(told: Any) -> None:
    """See that what was found can be written down as every stage does."""
    json.dumps(told, ensure_ascii=False, default=str).encode("utf-8")


# Performance tables --------------------------------------------------------------------


def _performance(start: Start, folder: Path) -> Facts:
    facts: Facts = {}
    # School information alone is found, told and never read.
    found = [d for d in performance_tables.find(folder, SHOWN) if d.release]
    for key_stage in ("ks2", "ks4", "ks5"):
        _writable(performance_tables.overlooked(folder, key_stage))
    for download in found:
        table = performance_tables.read(download, _declared())
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
        *(
            schools[c]
            for c in ("urn", "name", "local_authority", "record_type", "school_type")
        ),
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
    return list(
        zip(*(results[c].astype(str) for c in ("urn", "measure", "group")), strict=True)
    )


def _figures(results: pd.DataFrame) -> list[tuple[Any, ...]]:
    columns = [_plain(results[c]) for c in ("value", "reason", "pupils", "low", "high")]
    return [
        (reason if value is None else value, pupils, low, high)
        for value, reason, pupils, low, high in zip(*columns, strict=True)
    ]


def _stage(start: Start, folder: Path) -> Facts:
    """The same, as the stage `clean` writes it down."""
    return _results_of(stages.cleaned(folder, start.place), (), start)


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
        *(table[c] for c in ("urn", "linked_urn", "kind")),
        _days(table["established"]),
        strict=True,
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
        facts["count", "without a school"] = found.inventory[
            "rows_of_trusts_without_a_school"
        ]
    _refuse_broken_chains(found)
    return facts


def _refuse_broken_chains(found: establishments.RegisterOfSchools) -> None:
    """See that every establishment stands under one key, whatever links say."""
    chains = follow_chains(found.links, found.establishments)
    _writable(chains.told)
    urns = {*found.links["urn"], *found.links["linked_urn"], *found.establishments["urn"]}
    if (
        sorted(chains.table["urn"]) != sorted(urns)
        or not set(chains.table["school_key"]) <= urns
    ):
        raise BrokenPromiseError("an establishment without a key, or under a key of nobody")


def _ofsted(start: Start, folder: Path) -> Facts:
    found = inspections.read(folder, SHOWN)
    _writable(found.inventory)
    _refuse_left_out(found.inventory, start)
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
    _refuse_left_out(found.inventory, start)
    table = found.table
    keys = zip(*(table[c] for c in ("urn", "item", "group")), strict=True)
    figures = zip(_plain(table["value"]), _plain(table["pupils"]), strict=True)
    facts: Facts = dict(zip(keys, figures, strict=True))
    for entry in found.inventory["files"]:
        facts["count", "schools"] = entry["rows"]["schools"]
    return facts


def _trusts(start: Start, folder: Path) -> Facts:
    found = trust_tables.read(folder, SHOWN, YEARS)
    _writable(found.inventory)
    _refuse_left_out(found.inventory, start)
    table = found.table
    facts: Facts = {
        ("name", uid): name
        for uid, name in zip(table["trust"], table["trust_name"], strict=True)
    }
    for key, figures in zip(
        zip(*(table[c] for c in ("trust", "measure", "group")), strict=True),
        zip(
            *(_plain(table[c]) for c in ("value", "pupils", "low", "high", "schools")),
            strict=True,
        ),
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
        raise InputFault(start.place, "told as no register", expected="-", mend="-")
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
    facts = _cells_of(file)
    if start.is_workbook:
        # Spaces around a text are kept by one library and not by another.
        return {key: text.strip() for key, text in facts.items() if text}
    return facts


def _cells_of(file: table_file.TableFile) -> Facts:
    names = [str(name) for name in file.cells.columns]
    facts: Facts = {}
    for number, row in zip(file.cells.index, file.cells.to_numpy().tolist(), strict=True):
        facts |= named_cells(int(str(number)), names, row)
    return facts


@cache
def _declared() -> tuple[corrections.Correction, ...]:
    return corrections.load()


def _corrections(start: Start, folder: Path) -> Facts:
    """Every cell before the corrections, having seen that only declared cells change."""
    file = table_file.read(folder / start.place, start.place)
    corrected, applied = corrections.apply(file, _declared())
    names = list(corrected.cells.columns)
    of_headers = sum(a != b for a, b in zip(file.cells.columns, names, strict=True))
    before, after = (
        file.cells.to_numpy(dtype=object),
        corrected.cells.to_numpy(dtype=object),
    )
    changed = np.argwhere(before != after)
    told = sum(done.cells for done in applied)
    if len(changed) + of_headers != told:
        raise BrokenPromiseError(f"{told} cells told, {len(changed)} changed")
    for row, column in changed.tolist():
        said, held = before[row, column].strip(), after[row, column].strip()
        if held not in suppression.REASONS and (
            not held.endswith("%") or Decimal(held[:-1]) != 100 * Decimal(said)
        ):
            raise BrokenPromiseError(f"{names[column]}: {said!r} became {held!r}")
    return _cells_of(file)


# Lists of members ----------------------------------------------------------------------

TODAY = date(2022, 9, 1)


@cache
def _directory() -> Directory | None:
    """The made register of schools, where there is one."""
    made = starts.all_starts().get("made: edubasealldata20180901.csv")
    if made is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / made.place).write_bytes(made.content)
        found = establishments.read(Path(name), SHOWN)
    return Directory(found.establishments, found.links)


def _list(start: Start, folder: Path) -> Facts:
    """What the register doctor takes as certain, and the texts of each row.

    The corrected copy, given back without an answer, may only hold the same.
    """
    found = listing.from_grid(grid.read(folder / start.place), {})
    diagnosis = examine(found, _directory(), today=TODAY)
    for text in (writing.told(diagnosis), writing.findings_table(diagnosis)):
        if bad := unprintable(text.removeprefix(writing.BYTE_ORDER_MARK)):
            raise UnclearError(f"it prints {bad!r}")
    facts: Facts = {}
    for entry in diagnosis.entries:
        for column in ("urn", "joined", "left"):
            if column in entry.settled:
                facts[column, entry.number] = entry.says[column]
        for column in ("name", "hub", "trio"):
            if column in entry.says:
                facts["text", entry.number, column] = entry.says[column]
    _refuse_other_copy(diagnosis, folder)
    return facts


def _refuse_other_copy(diagnosis: Diagnosis, folder: Path) -> None:
    """See that the corrected copy says what was found, and that no answer is no yes."""
    copy = folder / "copy.corrected.csv"
    text = writing.corrected(diagnosis)
    copy.write_text(text, encoding="utf-8", newline="")
    rows = rows_of(text.removeprefix(writing.BYTE_ORDER_MARK))[1:]
    if len(rows) != len(diagnosis.entries):
        raise BrokenPromiseError(f"{len(diagnosis.entries)} rows, {len(rows)} in the copy")
    settled = {
        e.number: [e.says[c] for c in ("urn", "joined", "left")] for e in diagnosis.entries
    }
    try:
        made = accept(copy, today=TODAY)
    except Fault as fault:
        check_text(fault, copy.name, most_lines=30)
        return
    register = rows_of(made.text.removeprefix(writing.BYTE_ORDER_MARK))
    at = [register[0].index(c) for c in ("urn", "joined", "left")]
    final = [[row[k] for k in at] for row in register[1:]]
    if final != list(settled.values()):
        raise BrokenPromiseError("the register holds what nobody said yes to")


# The drift doctor ----------------------------------------------------------------------


def _drift(start: Start, folder: Path) -> Facts:
    """The findings that matter, having seen that the report can be printed."""
    found = drift.diagnose(folder / start.place)
    proposed = proposals(found, TODAY)
    if bad := unprintable(drift.told(found, proposed)):
        raise UnclearError(f"it prints {bad!r}")
    drift_page.page(found, proposed, folder / start.place).encode("utf-8")
    return findings(found)


def findings(found: drift.Diagnosis) -> Facts:
    """What the drift doctor tells, notes apart."""
    return {
        ("finding", f.topic, f.about.upper()): int(f.level)
        for f in found.findings
        if f.level
    }


READERS: dict[str, Callable[[Start, Path], Facts]] = {
    "performance": _performance,
    "ees": _performance,
    "stage": _stage,
    "gias": _gias,
    "ofsted": _ofsted,
    "context": _context,
    "trusts": _trusts,
    "register": _register,
    "plain": _cells,
    "workbook": _cells,
    "corrections": _corrections,
    "list": _list,
    "drift": _drift,
}
