"""The department's tables of the synthetic England: one file a year and key stage."""

import csv
import io
from dataclasses import dataclass

import numpy as np

from pipeline.england import ks2_figures, ks4_figures, layout
from pipeline.england.layout import Layout
from pipeline.england.results import Figures
from pipeline.england.schools import Claims, Counts, Schools, Words
from pipeline.england.world import World
from pipeline.measures.measure import KeyStage

Columns = dict[str, Words]

_RECORDS: dict[KeyStage, tuple[str, str, str]] = {
    "ks2": ("3", "4", "5"),
    "ks4": ("4", "5", "7"),
}
"""RECTYPE of authorities, of all schools and of state-funded schools."""
_AGES = {"ks2": "4-11", "ks4": "11-16"}
_YEARS_IN_SCHOOL = {"ks2": 6.8, "ks4": 5.1}


@dataclass(frozen=True)
class Table:
    """One year's table before it is written: all schools, then the aggregates."""

    schools: Columns
    """By column in capitals: a cell for every school, listed that year or not."""
    authorities: Columns
    nation: Columns
    """Two cells a column: all schools, and state-funded schools."""


def download(world: World, key_stage: KeyStage) -> dict[int, bytes]:
    """Write the files of one key stage, by year, as the department would."""
    tables: dict[int, Table] = {}
    files: dict[int, bytes] = {}
    for plan in layout.LAYOUTS[key_stage]:
        table = _table(world, key_stage, plan)
        for year in plan.prior:
            _add_prior(table, tables[year], key_stage, world.schools[key_stage], year)
        tables[plan.year] = table
        header = layout.columns(key_stage, plan)
        rows = _rows(world, key_stage, plan, table, header)
        files[plan.year] = _encode([header, *rows], plan)
    return files


def _table(world: World, key_stage: KeyStage, plan: Layout) -> Table:
    schools, figures = world.schools[key_stage], world.figures[key_stage][plan.year]
    state = schools.is_state_funded
    everyone = np.ones(len(state), dtype=bool)
    authorities = [state & (schools.authority == code) for code in schools.authority_names]
    national = figures.pooled([state])
    local, nation = figures.pooled(authorities), figures.pooled([everyone, state])

    def write(part: Figures, school_type: Words | None) -> Columns:
        if key_stage == "ks2":
            return ks2_figures.figures_of(part, plan, national)
        if school_type is not None:
            decimals = plan.percent_decimals
            return ks4_figures.figures_of(part, plan, national, school_type, decimals)
        blank = np.full(len(part.pupils["all"]), "", dtype=object)
        decimals = plan.percent_decimals_of_aggregates
        return ks4_figures.figures_of(part, plan, national, blank, decimals)

    whose = ks2_figures if key_stage == "ks2" else ks4_figures
    roll = _roll(schools, figures)
    return Table(
        schools=_identity(schools, plan) | write(figures, schools.school_type),
        authorities=_of_authorities(schools, roll, authorities) | write(local, None),
        nation=_of_nation(key_stage, roll, [everyone, state])
        | whose.national_figures(write(nation, None)),
    )


def _roll(schools: Schools, figures: Figures) -> Counts:
    """Count all pupils of each school, of whatever age."""
    usual = schools.size * _YEARS_IN_SCHOOL[schools.key_stage]
    return np.where(figures.pupils["all"] > 0, np.round(usual), 0).astype(np.int64)


def _identity(schools: Schools, plan: Layout) -> Columns:
    closing = schools.last_year == plan.year
    roll = np.round(schools.size * _YEARS_IN_SCHOOL[schools.key_stage]).astype(int)
    roll[closing] = 0
    new = schools.opened == plan.year
    admits = np.where(schools.kind == "mainstream", "COMP", "NA")
    cells: dict[str, object] = {
        "RECTYPE": schools.record,
        "ALPHAIND": schools.alphaind.astype(str),
        "LEA": schools.authority.astype(str),
        "ESTAB": schools.estab.astype(str),
        "URN": schools.urn.astype(str),
        "SCHNAME": schools.name,
        "TOWN": schools.town,
        "PCODE": schools.postcode,
        "NFTYPE": schools.school_type,
        "ICLOSE": np.where(closing, "1", "0"),
        "ADMPOL": np.where(schools.kind == "independent", "", admits),
        "AGERANGE": np.full(len(new), _AGES[schools.key_stage]),
        "TOTPUPS": np.where(new, "NEW", roll.astype(str)),
    }
    return {name: np.array(cell, dtype=object) for name, cell in cells.items()}


def _of_authorities(
    schools: Schools,
    roll: Counts,
    units: list[Claims],
) -> Columns:
    record = _RECORDS[schools.key_stage][0]
    names = list(schools.authority_names.values())
    # SOURCE: the key stage 2 tables name the authority in its row, those of key
    # stage 4 give its code alone.
    if schools.key_stage == "ks4":
        names = [""] * len(names)
    return {
        "RECTYPE": np.full(len(names), record, dtype=object),
        "LEA": np.array([str(code) for code in schools.authority_names], dtype=object),
        "SCHNAME": np.array(names, dtype=object),
        "TOTPUPS": np.array([str(roll[unit].sum()) for unit in units], dtype=object),
    }


def _of_nation(
    key_stage: KeyStage,
    roll: Counts,
    units: list[Claims],
) -> Columns:
    return {
        "RECTYPE": np.array(_RECORDS[key_stage][1:], dtype=object),
        "TOTPUPS": np.array([str(roll[unit].sum()) for unit in units], dtype=object),
    }


def _add_prior(
    table: Table, then: Table, key_stage: KeyStage, schools: Schools, year: int
) -> None:
    """Put the figures of another year beside this year's, under a name with a suffix.

    SOURCE: the key stage 4 tables write NA where a school had no figure then, whatever
    the reason; those of key stage 2 leave the cell empty.
    """
    missing = "" if key_stage == "ks2" else "NA"
    had = schools.has_cohort(year)
    for name, cell in then.schools.items():
        gone = ~had | np.isin(cell, ["NP", "NE", ""]) & (key_stage == "ks4")
        table.schools[f"{name}_{year % 100}"] = np.where(gone, missing, cell)
    for name, cell in then.authorities.items():
        table.authorities[f"{name}_{year % 100}"] = cell
    for name, cell in then.nation.items():
        table.nation[f"{name}_{year % 100}"] = np.where(cell == "", " ", cell)


def _rows(
    world: World, key_stage: KeyStage, plan: Layout, table: Table, header: list[str]
) -> list[list[str]]:
    schools = world.schools[key_stage]
    listed = np.flatnonzero(schools.is_listed(plan.year))
    rows = _school_rows(schools, plan, table, header)
    blank = " " if key_stage == "ks2" else ""
    local = _plain_rows(table.authorities, header, blank)
    nation = _plain_rows(table.nation, header, blank)
    body: list[list[str]] = []
    if plan.shuffled:
        mixed = [rows[k] for k in listed] + local
        rng = np.random.default_rng([world.seed, 50, plan.year, int(key_stage[-1])])
        body = [mixed[k] for k in rng.permutation(len(mixed))]
    else:
        for code, row in zip(schools.authority_names, local, strict=True):
            own = listed[schools.authority[listed] == code]
            body += [rows[k] for k in own[np.argsort(schools.estab[own])]]
            body.append(row)
    body += reversed(nation) if plan.state_funded_first else nation
    return [_trimmed(row) for row in body] if plan.short_rows else body


def _school_rows(
    schools: Schools, plan: Layout, table: Table, header: list[str]
) -> list[list[str]]:
    columns = []
    for name in header:
        cell = table.schools[name.upper()]
        if name in plan.padded:
            cell = np.array([f"{text} " if text else text for text in cell])
        columns.append(cell.tolist())
    rows = [list(row) for row in zip(*columns, strict=True)]
    new = schools.opened == plan.year
    empty = ~schools.has_cohort(plan.year)
    last = header.index("TOTPUPS") + 1
    for k in np.flatnonzero(empty):
        # SOURCE: the rows of new schools, and of schools without a cohort yet, stop
        # short at key stage 2; those without a cohort are filled up at key stage 4.
        if new[k]:
            rows[k] = rows[k][:last]
        elif schools.key_stage == "ks2":
            rows[k] = [*rows[k][:last], "0"]
        else:
            rows[k] = rows[k][:last] + [""] * (len(header) - last)
    return rows


def _plain_rows(columns: Columns, header: list[str], blank: str) -> list[list[str]]:
    count = len(columns["RECTYPE"])
    empty = np.full(count, "", dtype=object)
    # SOURCE: an empty cell of an aggregate row holds one space at key stage 2.
    cells = [
        [text or blank for text in columns.get(name.upper(), empty)] for name in header
    ]
    return [list(row) for row in zip(*cells, strict=True)]


def _trimmed(row: list[str]) -> list[str]:
    filled = len(row)
    while filled and row[filled - 1] == "":
        filled -= 1
    return row[:filled]


def _encode(rows: list[list[str]], plan: Layout) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=plan.line_end).writerows(rows)
    written = text.getvalue()
    if not plan.ends_with_line_end:
        written = written.removesuffix(plan.line_end)
    return written.encode(plan.encoding)
