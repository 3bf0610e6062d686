"""What a run read, what it found and did not read, and what is known of its sources."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.contracts import promise
from pipeline.contracts.establishments import (
    CONTEXT,
    ESTABLISHMENTS,
    INSPECTIONS,
    LINEAGE,
)
from pipeline.contracts.results import SCHOOLS
from pipeline.measures.catalogue import year_spans
from pipeline.measures.measure import KEY_STAGES, KeyStage
from pipeline.measures.school_types import MAINSTREAM
from pipeline.publication import areas
from pipeline.publication.inventories import rows_of, under
from pipeline.publication.quality_words import KEY_STAGES as KEY_STAGE_NAMES
from pipeline.publication.quality_words import NOT_KNOWN, share
from pipeline.publication.tables import Table, table
from pipeline.run import locations
from pipeline.sources.corrections import Correction

_SUPPLIED = "supplied"
_NAMES = {
    "gias": "Register of schools (GIAS)",
    "ofsted": "Ofsted\u2019s outcomes of inspections",
    "context": "Census, absence, destinations and trusts\u2019 tables",
}
_TABLES = {
    "census": "School census",
    "absence": "Absence",
    "destinations after age 16": "Destinations after age 16",
    "destinations after age 18": "Destinations after age 18",
    "trusts": "The department\u2019s tables of trusts",
}
_STAGES_OF: dict[str, tuple[KeyStage, ...]] = {
    "destinations after age 16": ("ks4",),
    "destinations after age 18": ("ks5",),
}
"""Key stages whose schools a table can hold, where these are not all."""
_NONE_USABLE = "none usable: its folder holds no file of a kind that is read"
_SAYS_NO_DAY = "not said by its name"


@dataclass(frozen=True)
class Matched:
    """How many of the schools that a comparison may use stand in each file."""

    schools: dict[KeyStage, set[str]]
    """State-funded mainstream schools of the results, by their keys."""
    files: dict[str, set[str]]
    """Keys of the schools of each file."""

    def share(self, files: Iterable[str], stages: Iterable[KeyStage]) -> str:
        """Say how many schools of these key stages stand in any of the files."""
        known = [self.files[file] for file in files if file in self.files]
        if not known:
            return "no schools in it"
        wanted = set().union(*(self.schools[stage] for stage in stages))
        if not wanted:
            return "no schools to match"
        found = len(wanted & set().union(*known))
        return f"{found:,} of {len(wanted):,} ({share(found, len(wanted))})"


def matched() -> Matched:
    """Match the schools of the results with every optional file, by school key."""
    keys = promise.read(locations.school_table("lineage"), LINEAGE)
    key_of = dict(zip(keys["urn"], keys["school_key"], strict=True))
    schools: dict[KeyStage, set[str]] = {}
    for stage in KEY_STAGES:
        of_stage = promise.read(locations.schools(stage), SCHOOLS)
        is_compared = (of_stage["place"] == MAINSTREAM).to_numpy(dtype=bool)
        schools[stage] = set(of_stage.loc[is_compared, "school_key"])
    files: dict[str, set[str]] = {}
    for name, contract in (
        ("establishments", ESTABLISHMENTS),
        ("inspections", INSPECTIONS),
        ("context", CONTEXT),
    ):
        held = promise.read(locations.school_table(name), contract)
        for source, urns in held.groupby("source", observed=True)["urn"]:
            files[str(source)] = {key_of.get(urn, urn) for urn in urns.unique()}
    return Matched(schools, files)


def conversions_to_unknown_types() -> tuple[int, int]:
    """Count conversions that carry a history, and those into a school of unknown type."""
    lineage = promise.read(locations.school_table("lineage"), LINEAGE)
    register = promise.read(locations.school_table("establishments"), ESTABLISHMENTS)
    converted = lineage.loc[(lineage["kind"] == "conversion").to_numpy(dtype=bool), "urn"]
    types = register.set_index(register["urn"].astype(object))["school_type"]
    return len(converted), int(converted.astype(object).map(types).isna().sum())


def optional_table(schools: dict[str, Any], found: Matched) -> Table:
    """Each optional source: its files, as at when, of which years, and whom it holds."""
    rows: list[list[str]] = []
    for name, label in _NAMES.items():
        entry = schools.get(name, {"supplied": False, "reason": "not read"})
        if not entry["supplied"]:
            rows.append([label, f"not supplied: {entry['reason']}", "", "", ""])
        elif "tables" in entry:
            for held in entry["tables"]:
                rows.append(_row(_TABLES.get(held["table"], held["table"]), held, found))
        else:
            rows.append(_row(label, entry, found))
    heads = {
        "Source": False,
        "Files, or why none": False,
        "As at": False,
        "Years": False,
        "State-funded mainstream schools of the results that stand there": False,
    }
    return table("Sources that a run can do without", heads, rows, stacks=True)


def _row(label: str, entry: dict[str, Any], found: Matched) -> list[str]:
    files = entry.get("files", [])
    if not files:
        years = _years(entry.get("years"))
        return [label, _NONE_USABLE, "", years, ""]
    names = [str(file["file"]) for file in files]
    stages = _STAGES_OF.get(str(entry.get("table")), KEY_STAGES)
    return [
        label,
        ", ".join(names),
        _days(files),
        _years(entry.get("years")),
        found.share(names, stages),
    ]


def _days(files: list[dict[str, Any]]) -> str:
    """Say as at when a source is: file by file, where its files are of several days."""
    days = [(_as_at(file), str(file["file"])) for file in files]
    if len({day for day, _ in days}) == 1:
        return days[0][0]
    return "; ".join(f"{day} ({file})" for day, file in days)


def _as_at(file: dict[str, Any]) -> str:
    day = str(file.get("known_at") or file.get("as_at") or "")
    if day == _SAYS_NO_DAY or not day:
        return "" if "year" in file else NOT_KNOWN
    try:
        on = date.fromisoformat(day)
    except ValueError:
        return day.replace("-20", "/")
    return f"{on.day} {on:%B %Y}"


def _years(states: Any) -> str:
    """Say which years of pupils a source holds, and which of the run's it does not."""
    if not states:
        return "not by year"
    if any("state" not in entry for entry in states.values()):
        parts = (f"{KEY_STAGE_NAMES[stage]}: {_years(of)}" for stage, of in states.items())
        return ". ".join(parts)
    held = [int(year) for year, entry in states.items() if entry["state"] == _SUPPLIED]
    lacking = {int(year) for year in states} - {*held}
    said = [f"pupils of {year_spans(held)}"] if held else []
    if lacking:
        said.append(f"none of {year_spans(lacking)}")
    return "; ".join(said)


def left_out_table(read: list[Any]) -> Table | None:
    """Every file that was found and not read, and why."""
    entries = {(str(e["file"]), str(e["why"])): None for e in under("left_out", read)}
    if not entries:
        return None
    rows = [[file, why] for file, why in sorted(entries)]
    heads = {"File": False, "Why it was not read": False}
    return table("Files found and not read, and why", heads, rows, stacks=True)


def corrections_table(
    declared: tuple[Correction, ...], read: list[Any], *, synthetic: bool
) -> Table | None:
    """Errors that published files are known to hold, and which files of the run do."""
    if not declared:
        return None
    files = [(str(f["file"]), str(f["sha256"])) for f in under("files", read)]
    heads = {"Known error": False, "Why": False, "Source": False, "In this run": False}
    rows = []
    for entry in declared:
        meant = [file for file, sha in files if entry.is_of_file(file, sha)]
        where = (
            ", ".join(dict.fromkeys(() if synthetic else meant)) or "no file of this run"
        )
        rows.append([entry.name, entry.why, entry.source, where])
    return table("Known errors in published files", heads, rows, stacks=True)


def corrected(read: list[Any]) -> list[str]:
    """What was done about known errors, in the words of the stages that did it."""
    said: list[str] = []
    for entry in under("corrected", read):
        if isinstance(entry, dict):
            said.append(f"{entry['file']}, {entry['name']}: {entry['said']}.")
        else:
            said.append(str(entry))
    return list(dict.fromkeys(said))


def source_table(read: list[Any]) -> Table:
    """Every file that was read, with its area, hash and rows by kind."""
    rows = [
        [
            areas.beside(str(file["file"]), str(file.get("area", "england"))),
            str(file["sha256"]),
            rows_of(file.get("rows")),
        ]
        for file in under("files", read)
    ]
    heads = {"File": False, "SHA-256": False, "Rows": False}
    return table("Files of this run", heads, rows, stacks=True)


def lineage_words(told: dict[str, Any], files: list[dict[str, Any]]) -> list[str]:
    """Say in sentences how numbers of schools were linked, and on what that rests."""
    carried, by_kind = told["pairs_carried_by_kind"], told["pairs_by_kind"]
    converted, unknown = conversions_to_unknown_types()
    twice = told["keys_with_two_open_at_once"]
    as_at = [_as_at(file) for file in files]
    dated = ", ".join(day for day in dict.fromkeys(as_at) if day and day != NOT_KNOWN)
    broken = {k: n - carried.get(k, 0) for k, n in by_kind.items() if n > carried.get(k, 0)}
    return [
        f"The links join {told['pairs']:,} pairs of an earlier and a later number. "
        f"{told['pairs_recorded_by_one_side_only']:,} pairs stand with one of the two "
        f"schools alone, and {told['pairs_without_a_date']:,} have no date. In "
        f"{told['pairs_with_an_establishment_not_in_the_register']:,} pairs one school or "
        "both do not stand in the register of schools that was supplied"
        + (f" (as at {dated})" if dated else "")
        + ", so that their types and dates are not known.",
        f"{told['establishments']:,} numbers became {told['keys']:,} schools; "
        f"{told['keys_of_several_establishments']:,} of these had more than one number. "
        f"{sum(carried.values()):,} pairs carry a school\u2019s history on"
        + _listed(carried)
        + f"; {sum(broken.values()):,} do not"
        + _listed(broken)
        + ".",
        f"Of {converted:,} conversions, {unknown:,} lead into a school whose type is not "
        "known. It is assumed that none of these is a sponsored academy; those that are "
        "carry a history that by the rule they should not.",
        (f"{twice:,} schools have" if twice else "No school has")
        + " two numbers that the register holds open at the same time.",
    ]


_KINDS = {
    "both open": "two schools open at the same time",
    "in a circle of links": "links that lead back to where they began",
    "joined a school that was open": "a school that joined one already open",
    "passes over a school in between": "a link past a school in between",
    "successor that another took the place of": "a later number that another took the place of",
}


def _listed(counts: dict[str, int]) -> str:
    said = (f"{_KINDS.get(kind, kind)} {n:,}" for kind, n in counts.items())
    return f" ({', '.join(said)})" if counts else ""
