"""The department's tables of the synthetic England: one file a year and key stage."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from pipeline.england import ks2_figures, ks4_figures, ks5_figures, layout
from pipeline.england.arrays import Claims, Counts, Words, words
from pipeline.england.calibration import REGIONS
from pipeline.england.layout import Layout
from pipeline.england.lives import first_table
from pipeline.england.results import Figures
from pipeline.england.schools import Schools
from pipeline.england.world import World
from pipeline.measures.measure import KeyStage

Columns = dict[str, Words]

_RECORDS: dict[KeyStage, tuple[str, str, str]] = {
    "ks2": ("3", "4", "5"),
    "ks4": ("4", "5", "7"),
    "ks5": ("4", "5", "7"),
}
"""RECTYPE of authorities, of all schools and of state-funded schools."""
_AGES: dict[KeyStage, str] = {"ks2": "4-11", "ks4": "11-16", "ks5": "11-18"}
_ON_ROLL: dict[KeyStage, str] = {"ks2": "TOTPUPS", "ks4": "TOTPUPS", "ks5": "TPUP1618"}
"""Column in which a new school has NEW, the last one that it fills."""
YEARS_IN_SCHOOL: dict[KeyStage, float] = {"ks2": 6.8, "ks4": 5.1, "ks5": 2.1}


@dataclass(frozen=True)
class Table:
    """One year's table before it is written: all schools, then the aggregates."""

    schools: Columns
    """By column in capitals: a cell for every school, listed that year or not."""
    authorities: Columns
    nation: Columns
    """Two cells a column: all schools, and state-funded schools."""


def download(world: World, key_stage: KeyStage) -> Iterator[tuple[int, bytes]]:
    """Write the files of one key stage, year after year, as the department would."""
    tables: dict[int, Table] = {}
    plans = layout.LAYOUTS[key_stage]
    for turn, plan in enumerate(plans):
        table = _table(world, key_stage, plan)
        earlier = {
            year: _prior(tables[year], key_stage, world.schools[key_stage], year)
            for year in plan.prior
        }
        tables[plan.year] = table
        for part in earlier.values():
            table = _beside(table, part)
        header = layout.columns(key_stage, plan)
        yield plan.year, _encode([header, *_rows(world, key_stage, plan, table)], plan)
        # Only what a later file repeats is kept: a table of all England is large.
        still = {year for later in plans[turn + 1 :] for year in later.prior}
        tables = {year: kept for year, kept in tables.items() if year in still}


def _table(world: World, key_stage: KeyStage, plan: Layout) -> Table:
    schools, figures = world.schools[key_stage], world.figures[key_stage][plan.year]
    state = schools.is_state_funded
    codes = np.array(list(schools.authority_names))
    authority = np.searchsorted(codes, schools.authority)
    units = np.where(state, authority, -1)
    everyone = figures.pooled(np.zeros(len(schools), dtype=np.int64), 1)
    national = figures.pooled(np.where(state, 0, -1), 1)
    nation = _stacked(everyone, national)
    local = figures.pooled(units, len(codes))

    def write(part: Figures, of_schools: bool) -> Columns:
        count = len(part.pupils["all"])
        decimals = plan.percent_decimals
        if key_stage == "ks2":
            return ks2_figures.figures_of(part, plan, national)
        if key_stage == "ks5":
            kind = schools.kind if of_schools else words([""] * count)
            return ks5_figures.figures_of(part, plan, kind)
        types = schools.types(plan.year) if of_schools else words([""] * count)
        decimals = decimals if of_schools else plan.percent_decimals_of_aggregates
        return ks4_figures.figures_of(part, plan, national, types, decimals)

    odd = write(nation, of_schools=False)
    own = write(local, of_schools=False)
    if key_stage == "ks2":
        odd = ks2_figures.national_figures(odd)
    elif key_stage == "ks4":
        odd = ks4_figures.national_figures(odd)
    else:
        odd = ks5_figures.national_figures(odd, plan)
        own = ks5_figures.authority_figures(own, plan)
    roll = _roll(schools, figures, plan.year)
    return Table(
        schools=write(figures, of_schools=True) | _identity(schools, plan, roll, figures),
        authorities=own
        | _of_authorities(
            schools, np.bincount(authority, np.where(state, roll, 0), len(codes))
        ),
        nation=odd | _of_nation(key_stage, roll, state),
    )


def _stacked(first: Figures, second: Figures) -> Figures:
    """Put the figures of all schools and of state-funded ones one behind the other."""
    return Figures(
        {g: np.concatenate([c, second.pupils[g]]) for g, c in first.pupils.items()},
        {
            m: {g: np.concatenate([c, second.covered[m][g]]) for g, c in by.items()}
            for m, by in first.covered.items()
        },
        {
            m: {g: np.concatenate([v, second.value[m][g]]) for g, v in by.items()}
            for m, by in first.value.items()
        },
    )


def _roll(schools: Schools, figures: Figures, year: int) -> Counts:
    """Count all pupils of each school, of whatever age."""
    usual = schools.sizes(year) * YEARS_IN_SCHOOL[schools.key_stage]
    return np.where(figures.pupils["all"] > 0, np.round(usual), 0).astype(np.int64)


def _identity(schools: Schools, plan: Layout, roll: Counts, figures: Figures) -> Columns:
    closing = (schools.last_year == plan.year) & ~schools.goes_on
    usual = np.round(schools.sizes(plan.year) * YEARS_IN_SCHOOL[schools.key_stage])
    usual = np.where(closing, 0, usual).astype(np.int64)
    new = (schools.opened == plan.year) & (schools.first_cohort > plan.year)
    selective = np.where(schools.selective, "SEL", "COMP" if plan.year < 2019 else "NSE")
    admits = np.where(np.isin(schools.kind, ["mainstream", "college"]), selective, "NA")
    admits = np.where(schools.kind == "independent", "", admits)
    next_urn, next_name, opens = _next_numbers(schools, plan.year)
    ages = np.where(
        (schools.sixth_form) & (schools.key_stage == "ks4"),
        "11-18",
        _AGES[schools.key_stage],
    )
    ages = np.where(schools.kind == "college", "16+", ages)
    on_roll = np.where(new, "NEW", usual.astype(str))
    cells: dict[str, object] = {
        "RECTYPE": schools.record,
        "ALPHAIND": 10_000 + 2 * np.argsort(np.argsort(schools.urn)),
        "LEA": schools.authority,
        "ESTAB": schools.estab,
        "URN": schools.numbers(plan.year),
        "SCHNAME": schools.name,
        "TOWN": schools.town,
        "PCODE": schools.postcode,
        "URN_AC": next_urn,
        "SCHNAME_AC": next_name,
        "OPEN_AC": opens,
        "NFTYPE": schools.types(plan.year),
        "ICLOSE": np.where(closing, "1", "0"),
        "ADMPOL": admits,
        "EGENDER": schools.gender,
        "AGERANGE": ages,
        "TOTPUPS": on_roll,
    }
    if schools.key_stage == "ks5":
        empty = words([""] * len(schools))
        region = np.array([ord(r.code) - ord("A") + 1 for r in REGIONS])
        cells |= {
            "REGION": region[schools.region],
            "LASORT": schools.authority - 399,
            "CONTFLAG": words(["0"] * len(schools)),
            "FEEDER": words(["0"] * len(schools)),
            "NFTYPE/FESITYPE": cells["NFTYPE"],
            "GEND1618": schools.gender,
            "SCHNAME_AC": empty,
        }
        if new.any():
            cells["TPUP1618"] = np.where(
                new, "NEW", ks5_figures.on_roll(figures, schools.kind)
            )
    return {name: _as_words(cell) for name, cell in cells.items()}


def _as_words(cell: object) -> Words:
    values = np.asarray(cell)
    if values.dtype == object:
        return values
    return np.array(values.astype(str).tolist(), dtype=object)


def _next_numbers(schools: Schools, year: int) -> tuple[Words, Words, Words]:
    """Give the number, name and first day of the academy that a school has become since.

    SOURCE: `URN_AC`, `SCHNAME_AC` and `OPEN_AC` are filled where a school became an
    academy after the school year began and before the table came out: 20190601.
    """
    urn = words(["0"] * len(schools))
    name, opens = words([""] * len(schools)), words([""] * len(schools))
    soon = np.flatnonzero(schools.academy_from == year + 1)
    for place in soon:
        day = schools.converts[place].astype(date)
        if first_table(day) == year + 1 and day > date(year - 1, 9, 12):
            urn[place] = str(schools.academy_urn[place])
            name[place] = schools.name[place]
            opens[place] = f"{day:%Y%m%d}"
    return urn, name, opens


def _of_authorities(schools: Schools, roll: Counts) -> Columns:
    record = _RECORDS[schools.key_stage][0]
    names = list(schools.authority_names.values())
    # SOURCE: the key stage 2 tables name the authority in its row, the others give its
    # code alone.
    if schools.key_stage != "ks2":
        names = [""] * len(names)
    return {
        "RECTYPE": words([record] * len(names)),
        "LEA": words([str(code) for code in schools.authority_names]),
        "SCHNAME": words(names),
        "TOTPUPS": words([str(int(total)) for total in roll]),
    }


def _of_nation(key_stage: KeyStage, roll: Counts, state: Claims) -> Columns:
    return {
        "RECTYPE": words(list(_RECORDS[key_stage][1:])),
        "TOTPUPS": words([str(int(roll.sum())), str(int(roll[state].sum()))]),
    }


def _prior(then: Table, key_stage: KeyStage, schools: Schools, year: int) -> Table:
    """Give the figures of another year under names with a suffix, to stand beside others.

    SOURCE: the key stage 4 tables write NA where a school had no figure then, whatever
    the reason; the others leave the cell empty.
    """
    missing = "NA" if key_stage == "ks4" else ""
    had = schools.has_cohort(year) & schools.is_listed(year)
    end = f"_{year % 100}"
    wanted = {
        name.upper().removesuffix(end)
        for plan in layout.LAYOUTS[key_stage]
        if year in plan.prior
        for name in layout.columns(key_stage, plan)
        if name.endswith(end)
    }
    own: Columns = {}
    for name in wanted & set(then.schools):
        cell = then.schools[name]
        gone = ~had | np.isin(cell, ["NP", "NE", ""]) & (key_stage == "ks4")
        own[name + end] = np.where(gone, missing, cell)
    return Table(
        schools=own,
        authorities={
            name + end: cell for name, cell in then.authorities.items() if name in wanted
        },
        nation={
            name + end: np.where(cell == "", " ", cell).astype(object)
            for name, cell in then.nation.items()
            if name in wanted
        },
    )


def _beside(table: Table, other: Table) -> Table:
    return Table(
        table.schools | other.schools,
        table.authorities | other.authorities,
        table.nation | other.nation,
    )


def _rows(world: World, key_stage: KeyStage, plan: Layout, table: Table) -> list[list[str]]:
    schools = world.schools[key_stage]
    header = layout.columns(key_stage, plan)
    listed = np.flatnonzero(schools.is_listed(plan.year))
    rows = _school_rows(schools, plan, table, header, listed)
    blank = " " if key_stage == "ks2" else ""
    local = _plain_rows(table.authorities, header, blank)
    nation = _plain_rows(table.nation, header, blank)
    nation = nation[::-1] if plan.state_funded_first else nation
    body: list[list[str]] = []
    if plan.shuffled:
        mixed = rows + local
        rng = np.random.default_rng([world.seed, 50, plan.year, int(key_stage[-1])])
        body = [mixed[k] for k in rng.permutation(len(mixed))]
    else:
        order = np.lexsort((schools.estab[listed], schools.authority[listed]))
        codes = np.array(list(schools.authority_names))
        ends = np.searchsorted(schools.authority[listed][order], codes, side="right")
        start = 0
        for row, end in zip(local, ends.tolist(), strict=True):
            body += [rows[k] for k in order[start:end]]
            body.append(row)
            start = end
    body = nation + body if plan.nation_first else body + nation
    return [_trimmed(row) for row in body] if plan.short_rows else body


def _school_rows(
    schools: Schools, plan: Layout, table: Table, header: list[str], listed: Counts
) -> list[list[str]]:
    columns = []
    empty = words([""] * len(listed))
    for name in header:
        cell = table.schools.get(name.upper())
        cell = empty if cell is None else cell[listed]
        if name in plan.padded:
            cell = words([f"{text} " if text else text for text in cell])
        columns.append(cell.tolist())
    rows = [list(row) for row in zip(*columns, strict=True)]
    new = (schools.opened == plan.year) & (schools.first_cohort > plan.year)
    last = header.index(_ON_ROLL[schools.key_stage]) + 1
    without = np.flatnonzero(~schools.has_cohort(plan.year)[listed])
    for k in without.tolist():
        # SOURCE: the rows of new schools, and of schools without a cohort yet, stop
        # short at key stage 2; those without a cohort are filled up elsewhere.
        if new[listed[k]]:
            rows[k] = rows[k][:last]
        elif schools.key_stage == "ks2":
            rows[k] = [*rows[k][:last], "0"]
        else:
            rows[k] = rows[k][:last] + [""] * (len(header) - last)
    return rows


def _plain_rows(columns: Columns, header: list[str], blank: str) -> list[list[str]]:
    count = len(columns["RECTYPE"])
    empty = words([""] * count)
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
