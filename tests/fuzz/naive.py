"""An independent reader: what a spoilt file says, by the csv module and plain Python.

It knows the catalogue's names of columns, bounds and codes, and none of the code that is
tested. A file from which no certain figure can be had is refused.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from pipeline.measures import context as context_items
from pipeline.measures import ees
from pipeline.measures.catalogue import MEASURES, TABLES
from pipeline.measures.measure import Measure
from pipeline.sources.suppression import BLANK, REASONS
from pipeline.sources.trust_tables import TABLES as TRUST_TABLES
from tests.fuzz.cases import Start
from tests.fuzz.grids import Rows, UnreadableError, rows_of, rows_of_workbook, text_of

Facts = dict[tuple[Any, ...], Any]
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:\s*%)?")
_URN = re.compile(r"[0-9]{6}")


class RefusedError(Exception):
    """A file of which a reader may give no result."""


Row = dict[str, str]


def expected(start: Start, content: bytes) -> Facts:
    """Give what a reader has to find. Raises RefusedError where it may find nothing."""
    try:
        return _READERS[start.reader](start, content)
    except UnreadableError as broken:
        raise RefusedError(str(broken)) from broken


def cell(
    text: str,
    bounds: tuple[float, float],
    *,
    percent: bool = False,
    whole: bool = False,
) -> float | str:
    """Read a published cell: a number, or the reason why there is none."""
    plain = text.strip()
    if not plain:
        return BLANK
    if plain.upper() in REASONS:
        return REASONS[plain.upper()]
    if not _NUMBER.fullmatch(plain) or (plain.endswith("%") and not percent):
        raise RefusedError(f"{text[:60]!r} is no number")
    number = float(plain.rstrip("%").strip())
    if not bounds[0] <= number <= bounds[1] or (whole and number != round(number)):
        raise RefusedError(f"{text[:60]!r} cannot be")
    return number


def table(rows: Rows, needed: tuple[str, ...] = ()) -> list[Row]:
    """Rows by column, those of nothing but blanks left out.

    A column that is there twice, and cells without a column, leave nothing certain.
    """
    if not rows:
        raise RefusedError("empty")
    header = [name.strip().upper() for name in rows[0]]
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise RefusedError(f"{twice[0][:60]} twice")
    if lacking := [name for name in needed if name not in header]:
        raise RefusedError(f"no {lacking[0]}")
    found = []
    for row in rows[1:]:
        if any(text.strip() for text in row[len(header) :]):
            raise RefusedError("cells beyond the header")
        if any(text.strip() for text in row):
            padded = [*row, *[""] * (len(header) - len(row))]
            found.append(dict(zip(header, padded, strict=False)))
    if not found:
        raise RefusedError("no rows")
    return found


def _tidy(text: str) -> str:
    return " ".join(text.split())


# Performance tables --------------------------------------------------------------------


def _performance(start: Start, content: bytes) -> Facts:
    found = re.fullmatch(r".*?20\d\d-(20\d\d)/.*_(ks[245])(\w+)\.csv", f"/{start.place}")
    assert found
    return performance(content, int(found[1]), found[2])


@cache
def _published(key_stage: str, year: int) -> list[tuple[Measure, str, Any]]:
    return [
        (measure, group, columns)
        for measure in MEASURES[key_stage]  # type: ignore[index]
        for group, columns in measure.columns.items()
        if not measure.why_not_published(year, group)
    ]


def performance(content: bytes, year: int, key_stage: str) -> Facts:
    """Every figure of the catalogue in a table of the download site."""
    about = TABLES[key_stage]  # type: ignore[index]
    rows = table(rows_of(text_of(content)), ("RECTYPE", "URN", *about.TABLE_MARKERS))
    known = about.SCHOOL_RECORDS | about.AGGREGATE_RECORDS
    facts: Facts = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        record = row["RECTYPE"].strip()
        if record not in known:
            raise RefusedError(f"record {record[:40]!r}")
        facts["count", known[record]] = facts.get(("count", known[record]), 0) + 1
        authority = row.get("LEA", "").strip()
        if record in about.SCHOOL_RECORDS:
            key: tuple[Any, ...] = (row["URN"].strip(),)
            if not _URN.fullmatch(key[0]) or key in seen:
                raise RefusedError(f"school {key[0][:40]!r}")
            kind = row.get("NFTYPE", row.get("NFTYPE/FESITYPE", "")).strip()
            kind = "CONSORTIUM" if (key_stage, record) == ("ks5", "3") else kind
            facts["school", *key] = (
                row.get("SCHNAME", "").strip(),
                authority,
                record,
                kind,
            )
        else:
            key = ("total", about.AGGREGATE_RECORDS[record], authority)
            key = (*key, seen[key])
        seen[key if len(key) == 1 else key[:-1]] += 1
        facts |= _figures(row, key, key_stage, year)
    if not any(name[0] not in ("count", "school") for name in facts):
        raise RefusedError("no column of the catalogue")
    return facts


def _figures(row: Row, key: tuple[Any, ...], key_stage: str, year: int) -> Facts:
    facts: Facts = {}
    for measure, group, columns in _published(key_stage, year):
        name = columns.value_of(year).upper()
        if name not in row:
            continue
        percent = measure.unit == "percentage points"
        value = cell(row[name], measure.bounds, percent=percent)
        counts = [
            cell(row[c.upper()], (0, 1e7), whole=True)
            for c in columns.pupils
            if c.upper() in row
        ]
        facts[*key, measure.code, group] = (
            value,
            next((n for n in counts if isinstance(n, float)), None),
            *(
                None if _is_no_bound(row, c, key_stage, year) else _bound(row, c)
                for c in (columns.low, columns.high)
            ),
        )
    return facts


def _is_no_bound(row: Row, column: str | None, key_stage: str, year: int) -> bool:
    """Whether a zero stands for bounds that nobody computed, as is declared of some files."""
    return (
        key_stage == "ks2"
        and 2017 <= year <= 2019
        and row["RECTYPE"].strip() in ("4", "5")
        and column is not None
        and column.count("_") > 1
        and row.get(column.upper(), "").strip() in ("0", "0.0")
    )


def _bound(row: Row, column: str | None) -> float | None:
    if column is None or column.upper() not in row:
        return None
    found = cell(row[column.upper()], (-200, 200))
    return found if isinstance(found, float) else None


# Tables of explore-education-statistics ------------------------------------------------

_INFORMATION = {
    "ks2": ("all TELIG", "girls GELIG", "boys BELIG", "disadvantaged TFSM6CLA1A",
            "others TNOTFSM6CLA1A"),
}  # fmt: skip
_GROUPS = {
    "total": "all",
    "girls": "girls",
    "boys": "boys",
    "disadvantaged": "disadvantaged",
    "not known to be disadvantaged": "others",
}


def _ees(start: Start, content: bytes) -> Facts:
    """The results; of a start that is the table of information, those beside it.

    Names, types and authorities of the made results are complete, so the table of
    information adds nothing to them.
    """
    beside = next(iter(start.beside.values()), None)
    is_information = "information" in start.name and beside is not None
    results, other = (beside, content) if is_information else (content, beside)
    names = {} if other is None else _names_of_information(other)
    rows = table(rows_of(text_of(results)), (ees.PERIOD, ees.LEVEL, ees.URN, ees.VERSION))
    layout = ees.layout_of(frozenset(rows[0]))
    if layout is None:
        raise RefusedError("no layout")
    facts: Facts = {}
    for row in rows:
        period = row[ees.PERIOD].strip()
        if not re.fullmatch("20[0-9]{4}", period) or (
            int(period[4:]) != (int(period[:4]) + 1) % 100
        ):
            raise RefusedError("period")
        release = row[ees.VERSION].strip().lower()
        if release not in ("final", "revised", "provisional"):
            raise RefusedError("version")
        year = int(period[:4]) + 1
        group = _ees_group(row, layout)
        if group is None:
            continue
        urn = row[ees.URN].strip()
        if urn.upper() in REASONS:
            continue
        if not _URN.fullmatch(urn):
            raise RefusedError("urn")
        of_slice = (year, release)
        name = row.get(ees.NAME, "").strip() or names.get((period, urn), "")
        facts.setdefault(("school", *of_slice, urn), name)
        part = row[layout.part].strip() if layout.part else None
        for measure in MEASURES[layout.key_stage]:
            columns = layout.columns.get(measure.code)
            if columns is None or columns.value not in row:
                continue
            if measure.why_not_published(year):
                continue
            percent = measure.unit == "percentage points"
            value = cell(row[columns.value], measure.bounds, percent=percent)
            counts = [
                cell(row[c], (0, 1e7), whole=True) for c in columns.pupils if c in row
            ]
            bounds = [_bound(row, c) for c in (columns.low, columns.high)]
            if columns.part != part or group not in measure.columns:
                continue
            if measure.why_not_published(year, group):  # type: ignore[arg-type]
                continue
            key = (*of_slice, urn, measure.code, group)
            if key in facts:
                raise RefusedError("a row twice")
            pupils = next((n for n in counts if isinstance(n, float)), None)
            facts[key] = (value, pupils, *bounds)
    if not facts:
        raise RefusedError("no school")
    return facts


def _ees_group(row: Row, layout: ees.Layout) -> str | None:
    if row[ees.LEVEL].strip().lower() != "school":
        return None
    parts = {columns.part for columns in layout.columns.values()}
    if layout.part and row[layout.part].strip() not in parts:
        return None
    filters = [row[f].strip().lower() for f in ees.FILTERS if f in row]
    said = [label for label in filters if label != "total"]
    if len(said) > 1:
        return None
    label = (
        row[ees.BREAKDOWN].strip().lower()
        if ees.BREAKDOWN in row
        else (said or ["total"])[0]
    )
    group = _GROUPS.get(label)
    if group and said and _GROUPS.get(said[0]) != group:
        return None
    return group


def _names_of_information(content: bytes) -> dict[tuple[str, str], str]:
    """Names of schools by period and number, for results that lack them."""
    rows = table(rows_of(text_of(content)), (ees.PERIOD, ees.LEVEL, ees.URN))
    return {
        (row[ees.PERIOD].strip(), row[ees.URN].strip()): row.get(ees.NAME, "").strip()
        for row in reversed(rows)
        if row[ees.LEVEL].strip().lower() == "school"
    }


# The register of schools ---------------------------------------------------------------


def _day(text: str, *forms: str) -> date | None:
    text = _tidy(text)
    if not text:
        return None
    # strptime also takes days of one digit and spaces, which no register writes.
    if not re.fullmatch(
        r"(\d\d[-/]\d\d[-/]\d{4}|\d{4}-\d\d-\d\d)([ T][0-9:.]+)?", text, re.A
    ):
        raise RefusedError(f"{text[:40]!r} is no day")
    for form in forms:
        try:
            found = datetime.strptime(re.split("[ T]", text)[0].replace("/", "-"), form)
        except ValueError:
            continue
        if found.year > 2100:
            break
        return found.date()
    raise RefusedError(f"{text[:40]!r} is no day")


def _register_day(text: str) -> date | None:
    return _day(text, "%d-%m-%Y", "%Y-%m-%d")


def _gias(start: Start, content: bytes) -> Facts:
    rows = _grid(start, content)
    name = start.place.lower()
    if name.startswith("links"):
        return _links(rows)
    if "membership" in name or name.startswith("trust_links"):
        return _memberships(rows)
    return _establishments(rows, is_spine="spine" in name)


def _grid(start: Start, content: bytes) -> Rows:
    return rows_of_workbook(content) if start.is_workbook else rows_of(text_of(content))


def _occurring(facts: Facts, key: tuple[Any, ...], value: Any) -> None:
    number = 0
    while (*key, number) in facts:
        number += 1
    facts[*key, number] = value


def _links(rows: Rows) -> Facts:
    facts: Facts = {}
    for row in table(rows, ("URN", "LINKURN", "LINKTYPE", "LINKESTABLISHEDDATE")):
        urn, linked, kind = (_tidy(row[n]) for n in ("URN", "LINKURN", "LINKTYPE"))
        if not _URN.fullmatch(urn) or not _URN.fullmatch(linked):
            raise RefusedError("urn")
        day = _register_day(row["LINKESTABLISHEDDATE"])
        _occurring(facts, ("link", urn, linked, kind, day), True)
    return facts


def _memberships(rows: Rows) -> Facts:
    is_history = "DATE JOINED GROUP" in [name.strip().upper() for name in rows[0]]
    joined = "DATE JOINED GROUP" if is_history else "JOINED DATE"
    needed = ("URN", "GROUP UID", "GROUP NAME", "GROUP TYPE", joined)
    facts: Facts = {("count", "without a school"): 0}
    for row in table(rows, (*needed, "DATE LEFT GROUP") if is_history else needed):
        urn = _tidy(row["URN"])
        if not urn:
            facts["count", "without a school"] += 1
            continue
        if not _URN.fullmatch(urn):
            raise RefusedError("urn")
        left = _register_day(row.get("DATE LEFT GROUP", ""))
        closed = "GROUP CLOSED DATE" if is_history else "CLOSED DATE"
        ended = _register_day(row.get(closed, ""))
        trust = tuple(_tidy(row[n]) for n in ("GROUP UID", "GROUP NAME", "GROUP TYPE"))
        spell = (urn, *trust, _register_day(row[joined]), left or ended)
        _occurring(facts, ("spell", *spell), True)
    return facts


def _establishments(rows: Rows, *, is_spine: bool) -> Facts:
    names = (
        ("URN", "LA", "ESTAB", "SCHNAME", "NFTYPE", "TOWN", "POSTCODE", "AGEL", "AGEH",
         "OPENDATE", "CLOSEDATE")
        if is_spine
        else ("URN", "LA (CODE)", "ESTABLISHMENTNUMBER", "ESTABLISHMENTNAME",
              "TYPEOFESTABLISHMENT (NAME)", "TOWN", "POSTCODE", "STATUTORYLOWAGE",
              "STATUTORYHIGHAGE", "OPENDATE", "CLOSEDATE")
    )  # fmt: skip
    facts: Facts = {}
    needed = (names[0], names[3], names[4]) + (() if is_spine else names[9:11])
    listed = table(rows, needed)
    if is_spine and "LA" not in listed[0] and "LEA" in listed[0]:
        names = ("URN", "LEA", *names[2:])
    for row in listed:
        cells = [_tidy(row.get(name, "")) for name in names]
        urn, authority, number, name, kind, town, postcode, *ages = cells
        if not _URN.fullmatch(urn) or ("school", urn) in facts:
            raise RefusedError("urn")
        if any(age and not re.fullmatch("[0-9]{1,2}", age) for age in ages[:2]):
            raise RefusedError("age")
        whole = re.fullmatch("[0-9]{3}", authority) and re.fullmatch("[0-9]{4}", number)
        facts["school", urn] = (
            name,
            authority + number if whole else None,
            *(text or None for text in (kind, town, postcode)),
            *(int(age) if age else None for age in ages[:2]),
            *(_register_day(day) for day in ages[2:]),
        )
    return facts


# Ofsted --------------------------------------------------------------------------------


def _ofsted(start: Start, content: bytes) -> Facts:
    """The layout of 2018: each school once, its latest inspection beside it."""
    rows = _grid(start, content)
    top = next(
        (n for n, row in enumerate(rows) if "URN" in [c.strip(' "').upper() for c in row]),
        0,
    )
    rows = (
        [[" ".join(name.split()) for name in rows[top]], *rows[top + 1 :]] if rows else []
    )
    needed = ("URN", "OVERALL EFFECTIVENESS")
    facts: Facts = {}
    for row in table(rows, needed):
        urn = row["URN"].strip()
        if not _URN.fullmatch(urn):
            if sum(bool(text.strip()) for text in row.values()) <= 1:
                continue
            raise RefusedError("urn")
        if urn in {key[1] for key in facts}:
            raise RefusedError("urn twice")
        inspected = _ofsted_day(row.get("INSPECTION DATE", ""), date(2018, 7, 31))
        published = _ofsted_day(row.get("PUBLICATION DATE", ""), date(2019, 7, 31))
        grade = row["OVERALL EFFECTIVENESS"].strip().upper().removesuffix(".0")
        if grade not in ("1", "2", "3", "4", "9", "0", "NOT JUDGED", *_NULL):
            raise RefusedError("grade")
        judged = int(grade) if grade in ("1", "2", "3", "4") else None
        if judged and not (inspected or published):
            raise RefusedError("a grade without a day")
        if inspected and published and published < inspected:
            published = None
        facts["inspection", urn] = (inspected, published, judged)
    return facts


_NULL = ("", "NULL", "NA", "N/A")


def _ofsted_day(text: str, latest: date) -> date | None:
    text = text.strip()
    if text.upper() in _NULL:
        return None
    british = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})( 0?0:00(:00)?)?", text, re.ASCII)
    iso = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)([ T]00:00:00)?", text, re.ASCII)
    try:
        if british:
            found = date(int(british[3]), int(british[2]), int(british[1]))
        elif iso:
            found = date(int(iso[1]), int(iso[2]), int(iso[3]))
        else:
            raise RefusedError("day")
    except ValueError as none:
        raise RefusedError("day") from none
    if not date(1992, 9, 1) <= found <= latest:
        raise RefusedError("day")
    return found


# Context -------------------------------------------------------------------------------


def _context(start: Start, content: bytes) -> Facts:
    about = next(t for t in context_items.TABLES if f"_{t.file}." in start.place)
    rows = table(rows_of(text_of(content)), ("URN", *about.markers))
    words = {"NAT", "LA", "ENG", "PRI", "SEC", "SPE"}
    schools = []
    for row in rows:
        said = {
            row.get(n, "").strip().upper() for n in ("RECTYPE", "URN", "LA", "LEA", "ESTAB")
        }
        is_total, is_school = bool(said & words), bool(_URN.fullmatch(row["URN"].strip()))
        if is_total == is_school:
            raise RefusedError("neither a school nor a total")
        if is_school:
            schools.append(row)
    urns = [row["URN"].strip() for row in schools]
    if len(set(urns)) < len(urns):
        raise RefusedError("a school twice")
    facts: Facts = {}
    for item in about.items:
        for group, columns in item.columns.items():
            facts |= _item(start, rows, schools, item, group, columns)
    facts["count", "schools"] = len(schools)
    return facts


def _item(
    start: Start, rows: list[Row], schools: list[Row], item: Any, group: str, columns: Any
) -> Facts:
    """One item. A value of a set of two: either is right."""
    names = [
        next((c.upper() for c in listed if c.upper() in rows[0]), None)
        for listed in (columns.value, columns.counted, columns.pupils)
    ]
    value_name, counted_name, pupils_name = names
    if value_name is None and not (counted_name and pupils_name):
        return {}
    percent = "%" in item.unit
    # Of totals only the form is checked here: they are no figures of schools.
    for row in rows:
        for name, is_share in (
            (value_name, percent),
            (counted_name, False),
            (pupils_name, False),
        ):
            if name:
                cell(row[name], (0, 1e8), percent=is_share, whole=not is_share)
    facts: Facts = {}
    fraction = bool(value_name) and _are_fractions(schools, names, item)
    for row in schools:
        counted = cell(row[counted_name], (0, 1e8), whole=True) if counted_name else BLANK
        pupils = cell(row[pupils_name], (0, 1e8), whole=True) if pupils_name else BLANK
        of = pupils if isinstance(pupils, float) else None
        share = 100 * counted / of if isinstance(counted, float) and of else None
        value: Any
        if value_name is None:
            value = share
        else:
            found = cell(row[value_name], (0, 1e8), percent=percent)
            value = found if isinstance(found, float) else None
            if value is not None and fraction and "%" not in row[value_name]:
                # The declared correction of this column keeps its decimals exact.
                exact = (item.code, start.place[:9]) == (
                    "percent_language_unknown",
                    "2024-2025",
                )
                plain = row[value_name].strip()
                value = float(100 * Decimal(plain)) if exact else 100 * value
            if (
                item.is_percentage
                and value == 0
                and counted_name
                and isinstance(counted, str)
            ):
                value = None
        if item.is_percentage and of == 0:
            value = None
        if value is not None and value > item.bounds[1]:
            above = isinstance(counted, float) and of is not None and counted > of
            if not (item.is_percentage and above):
                raise RefusedError("above the bounds")
            value = None
        facts[row["URN"].strip(), item.code, group] = (value, of)
    return facts


def _are_fractions(schools: list[Row], names: list[str | None], item: Any) -> bool:
    """Whether a column's figures without a percent sign are fractions of one."""
    value_name, counted_name, pupils_name = names
    if not (item.is_percentage and counted_name and pupils_name):
        return False
    as_fraction = as_percent = 0
    half = 0.5 * 10**-item.decimals + 1e-6
    for row in schools:
        found = [
            cell(row[n], (0, 1e8), percent=n == value_name) for n in names if n is not None
        ]
        if "%" in row[str(value_name)] or not all(isinstance(f, float) for f in found):
            continue
        value, counted, pupils = (float(f) for f in found)
        if not pupils:
            continue
        share = 100 * counted / pupils
        fits, fits_fraction = abs(value - share) <= half, abs(100 * value - share) <= 0.06
        as_percent += fits and not fits_fraction
        as_fraction += fits_fraction and not fits
    return as_fraction > as_percent


# Trusts --------------------------------------------------------------------------------


def _trusts(start: Start, content: bytes) -> Facts:
    about = TRUST_TABLES["ks4"]
    shares = {"disadvantaged": "PFSM6CLA1A_MATPTINC", "others": "PNOTFSM6CLA1A_MATPTINC"}
    needed = ("TIME_PERIOD", "TRUST_NAME", "TRUST_UID", "NUMINST_MATPTINC", about.pupils)
    facts: Facts = {}
    for row in table(rows_of(text_of(content)), needed):
        uid = row["TRUST_UID"].strip()
        if not re.fullmatch("[0-9]{1,6}", uid) or ("name", uid) in facts:
            raise RefusedError("trust")
        if row["TIME_PERIOD"].strip() != "202223" or not row["TRUST_NAME"].strip():
            raise RefusedError("period or name")
        facts["name", uid] = row["TRUST_NAME"].strip()
        everyone = _trust_cell(row, about.pupils, whole=True)
        schools = _trust_cell(row, "NUMINST_MATPTINC", whole=True)
        for (code, group), columns in about.columns.items():
            if columns.value not in row:
                continue
            measure = next(m for m in MEASURES["ks4"] if m.code == code)
            percent = measure.unit == "percentage points"
            value = _trust_cell(row, columns.value, measure.bounds, percent=percent)
            part: float | None = 1.0
            for share in (shares.get(group), columns.coverage):
                if share is not None:
                    number = _trust_cell(row, share, (0, 100), percent=True)
                    known = part is not None and number is not None
                    part = part * number / 100 if known else None  # type: ignore[operator]
            pupils = None if part is None or everyone is None else round(everyone * part)
            bounds = [
                _trust_cell(row, c, (-200, 200)) if c and c in row else None
                for c in (columns.low, columns.high)
            ]
            facts[uid, code, group] = (value, pupils, *bounds, schools)
    if not any(len(key) == 3 for key in facts):
        raise RefusedError("no figure")
    return facts


def _trust_cell(
    row: Row, column: str, bounds: tuple[float, float] = (0, 1e7), **how: bool
) -> float | None:
    if column not in row:
        raise RefusedError(f"no {column}")
    text = row[column].strip()
    found = cell("SUPP" if text == "SUPPMAT" else text, bounds, **how)
    return found if isinstance(found, float) else None


# Registers of members ------------------------------------------------------------------


def _register(start: Start, content: bytes) -> Facts:
    needed = ("URN", "JOINED", "LEFT") + (("PROGRAMME",) if start.says else ())
    spells: list[tuple[Any, ...]] = []
    hubs: dict[str, str] = {}
    for row in table(rows_of(text_of(content)), needed):
        told = {name: _unguarded(_tidy(text)) for name, text in row.items()}
        if start.says and told["PROGRAMME"].casefold() != start.says.casefold():
            continue
        urn, joined = told["URN"], _iso(told["JOINED"])
        left = _iso(told["LEFT"]) if told["LEFT"] else None
        if not _URN.fullmatch(urn) or joined is None or (left and left <= joined):
            raise RefusedError("spell")
        hub = told.get("HUB") or told.get("TRIO") or None
        hub = hubs.setdefault(hub.casefold(), hub) if hub else None
        about = (told.get("NAME", ""), hub, told.get("COHORT") or None)
        spells.append((urn, joined, left, *about))
    if not spells:
        raise RefusedError("nobody")
    by_school: dict[str, list[tuple[Any, ...]]] = {}
    for spell in sorted(spells, key=lambda s: (s[0], s[1])):
        earlier = by_school.setdefault(spell[0], [])
        if earlier and (earlier[-1][2] is None or earlier[-1][2] > spell[1]):
            raise RefusedError("overlap")
        earlier.append(spell)
    return {("spell", *spell[:2]): spell[2:] for spell in spells}


def _unguarded(text: str) -> str:
    """An apostrophe that keeps a spreadsheet from running a text belongs to no text."""
    return text[1:] if re.match(r"'+[=+\-@\t\r]", text) else text


def _iso(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise RefusedError("day")
    try:
        found = date.fromisoformat(text)
    except ValueError as none:
        raise RefusedError("day") from none
    if found.year < 1900:
        raise RefusedError("day")
    return found


# Any table, cell by cell ---------------------------------------------------------------


def _plain(start: Start, content: bytes) -> Facts:
    rows = rows_of(text_of(content))
    table(rows)
    names = [name.strip().upper() for name in rows[0]]
    facts: Facts = {}
    for number, row in enumerate(rows[1:], start=2):
        if any(text.strip() for text in row):
            padded = [*row, *[""] * (len(names) - len(row))]
            facts |= named_cells(number, names, padded)
    return facts


def named_cells(number: int, names: list[str], row: list[str]) -> Facts:
    """Cells by row and column; those of columns without a name by their order."""
    facts: Facts = {}
    unnamed = 0
    for name, text in zip(names, row, strict=False):
        unnamed += not name
        facts["cell", number, name or unnamed] = text
    return facts


def _workbook(start: Start, content: bytes) -> Facts:
    rows = rows_of_workbook(content)
    header = [name.strip().upper() for name in rows[0]] if rows else []
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice or not any(any(text.strip() for text in row) for row in rows[1:]):
        raise RefusedError("no table")
    facts: Facts = {}
    for number, row in enumerate(rows[1:], start=2):
        facts |= {k: t.strip() for k, t in named_cells(number, header, row).items() if t}
    return facts


# Lists of members, however written -----------------------------------------------------


@cache
def _forms() -> tuple[str, ...]:
    days = ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d")
    separated = tuple(d.replace("/", s) for d in days for s in "/-. ")
    named = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%d %B %y", "%d %b %y",
             "%Y %B %d", "%Y %b %d")  # fmt: skip
    return (*separated, *named, "%Y%m%d", "%d%m%Y", "%m%d%Y")


def possible_days(text: str) -> set[date]:
    """Every day that a person could read in a cell."""
    plain = unicodedata.normalize("NFC", text).strip().strip("'").casefold()
    plain = "".join(
        c for c in plain if unicodedata.category(c) not in ("Cf", "Cc") or c == " "
    )
    plain = re.sub(r"[t ]\d{1,2}:\d\d(:\d\d(\.\d+)?)?z?$", "", plain)
    plain = re.sub(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? ", "", plain)
    plain = re.sub(r"(?<=\d)(?:st|n[d]|rd|th)\b(?: of)?", "", plain).replace(",", " ")
    plain = re.sub(r"\bsept\b", "sep", re.sub(r"[\s\u00a0]+", " ", plain)).strip()
    named = re.sub(r"(?<=\d)[ ./-]*(?=[a-z])|(?<=[a-z])[ ./-]*'?(?=\d)", " ", plain)
    found = set()
    for form in _forms():
        for written in {plain, named}:
            try:
                found.add(datetime.strptime(written, form).date())
            except ValueError:
                continue
    if re.fullmatch(r"[0-9]{5}(\.\d+)?", plain):
        found.add(date.fromordinal(date(1899, 12, 30).toordinal() + int(plain[:5])))
    return {day for day in found if 1900 <= day.year <= 2100}


def possible_numbers(text: str) -> set[str]:
    """Every school number that a cell can mean without a guess: six digits."""
    if "e" in text.casefold():
        with suppress(ValueError, OverflowError):
            text = str(int(float(text)))
    digits = "".join(c for c in re.sub(r"\.0+\s*$", "", text) if c in "0123456789")
    return {digits} if len(digits) == 6 else set()


@dataclass(frozen=True)
class ListedRow:
    """One row of a list, its cells under any separator that it may have."""

    cells: frozenset[str]

    def texts(self) -> set[str]:
        """What its cells say; a formula that only says a text may be that text."""
        plain = set(map(cleaned, self.cells))
        said = {
            found
            for text in plain
            for found in re.findall(r'=.*"((?:[^"]|"")*)"\s*\)?$', text)
        }
        return {"", *plain, *(text.replace('""', '"') for text in said)}

    def numbers(self) -> set[str]:
        """School numbers that some cell says for certain."""
        return self._certain(possible_numbers)

    def days(self) -> set[date]:
        """Days that some cell says for certain."""
        return self._certain(possible_days)

    def _certain(self, possible: Callable[[str], set[Any]]) -> set[Any]:
        found: set[Any] = set()
        for text in self.cells:
            readings = possible(text) if len(text) < 100 else set()
            if len(readings) == 1:
                found |= readings
        return found


def rows_of_list(content: bytes) -> dict[int, ListedRow]:
    """Rows of a list by their number, as a spreadsheet counts.

    Neither the separator nor the columns are known here.
    """
    grids: list[Rows] = []
    if content.startswith(b"PK"):
        grids.append(rows_of_workbook(content))
    else:
        text = _text_of_list(content)
        for separator in ",;\t|":
            with suppress(UnreadableError):
                grids.append(rows_of(text, separator))
    return {
        number: ListedRow(
            frozenset(
                text for grid in grids for row in grid[number - 1 : number] for text in row
            )
        )
        for number in range(1, max(map(len, grids), default=0) + 1)
    }


def _text_of_list(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    if content[1:2] == b"\x00" and content[3:4] == b"\x00":
        return content.decode("utf-16-le", errors="replace")
    return text_of(content)


def cleaned(text: str) -> str:
    """A cell without what cannot be seen; an apostrophe before a formula goes too."""
    text = unicodedata.normalize("NFC", _unguarded(text.strip()))
    text = "".join(
        c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return " ".join(text.split())


_READERS = {
    "performance": _performance,
    "ees": _ees,
    "gias": _gias,
    "ofsted": _ofsted,
    "context": _context,
    "trusts": _trusts,
    "register": _register,
    "plain": _plain,
    "corrections": _plain,
    "stage": _performance,
    "workbook": _workbook,
}
