"""The cleaned results for anyone else: a data package, and files as the department's own.

A data package (specs.frictionlessdata.io) tells a machine what every table and column
holds. Beside it stands each key stage in the layout of explore-education-statistics: one
row for each school, year and group of pupils, one column for each measure, and a second
file that says what the columns are. That is the form in which England's statistics are
exchanged now, so other people's programs can read it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray
from pandera.pandas import DataFrameSchema

from pipeline.contracts import promise
from pipeline.contracts.columns import MEANINGS
from pipeline.contracts.establishments import (
    CONTEXT,
    CONTEXT_AGGREGATES,
    ESTABLISHMENTS,
    INSPECTIONS,
    LINEAGE,
    LINKS,
    TRUST_RESULTS,
    TRUST_SPELLS,
)
from pipeline.contracts.results import AGGREGATES, RESULTS, SCHOOLS
from pipeline.measures.catalogue import KEY_STAGE_LABELS, MEASURES, academic_year
from pipeline.measures.measure import GROUP_LABELS, KEY_STAGES, Group, KeyStage, Measure
from pipeline.publication.inventories import under
from pipeline.quality.digits import published_decimals
from pipeline.run import locations, parameters
from pipeline.schools.known import read_files
from pipeline.sources.clean import read_inventory
from pipeline.sources.suppression import REASONS

Numbers = NDArray[np.int64]
Claims = NDArray[np.bool_]

PARTITIONS: tuple[tuple[Group, ...], ...] = (
    ("disadvantaged", "others"),
    ("girls", "boys"),
    ("low_prior", "middle_prior", "high_prior"),
)
"""Groups that together are all pupils: one of them can be had from the others."""

# SOURCE: the symbols of explore-education-statistics: c is suppressed, z not applicable,
# x not available, u of low reliability, low rounds to zero.
_SYMBOLS: dict[str, str] = {
    REASONS["SUPP"]: "c",
    REASONS["NE"]: "z",
    REASONS["NA"]: "z",
    REASONS["LOWCOV"]: "u",
    REASONS["U"]: "u",
    REASONS["RE"]: "c",
    REASONS["SP"]: "low",
}
_NOT_AVAILABLE = "x"
_WITHHELD = "c"
_IDENTIFIERS = {
    "time_period": "Academic year, as 201819",
    "time_identifier": "Time identifier",
    "geographic_level": "Geographic level",
    "country_code": "Country code",
    "country_name": "Country name",
    "old_la_code": "Local authority, the department's three digits",
    "school_urn": "School unique reference number",
    "school_key": "The same number for every URN that one school ever had",
    "school_name": "School name",
    "version": "Release",
}
_FILTERS = {"establishment_type_group": "School type, code", "pupil_group": "Pupils"}


@dataclass(frozen=True)
class OpenTable:
    """One key stage as others exchange it."""

    table: pa.Table
    about: pd.DataFrame
    """What each column is: the `.meta.csv` of the department's own files."""
    withheld: int
    """Cells withheld here although the department publishes them."""


def open_table(key_stage: KeyStage, *, suppress_up_to: int) -> OpenTable:
    """Lay out one key stage's results as explore-education-statistics does.

    A figure of 1 to `suppress_up_to` pupils, or one that its partner groups would give
    away by subtraction, is withheld with its number of pupils, published or not.
    """
    results = promise.read(locations.results(key_stage), RESULTS)
    schools = promise.read(locations.schools(key_stage), SCHOOLS)
    withheld = is_small(results, suppress_up_to)
    measures = {measure.code: measure for measure in MEASURES[key_stage]}
    places = published_decimals(results, measures)
    results = results.assign(withheld=withheld, places=places)
    row, rows = _number(results, ["year", "urn", "group"])
    columns: dict[str, Any] = _about_schools(rows, schools)
    for measure in MEASURES[key_stage]:
        at = (results["measure"] == measure.code).to_numpy()
        columns |= _cells_of(measure, results[at], row[at], len(rows))
    return OpenTable(
        table=pa.table(columns),
        about=_about_columns(
            MEASURES[key_stage], results.groupby("measure", observed=True)["places"].max()
        ),
        withheld=int((withheld & results["value"].notna().to_numpy()).sum()),
    )


def _number(table: pd.DataFrame, by: list[str]) -> tuple[Numbers, pd.DataFrame]:
    """Number the distinct combinations of some columns: each row's number, and them."""
    codes = np.zeros(len(table), dtype=np.int64)
    for name in by:
        code, distinct = pd.factorize(table[name], sort=True)
        codes = codes * (len(distinct) + 1) + code
    _, first, number = np.unique(codes, return_index=True, return_inverse=True)
    return number, table[by].iloc[first].reset_index(drop=True)


def is_small(results: pd.DataFrame, up_to: int) -> Claims:
    """Say which cells are of few pupils, or give such a cell away by subtraction."""
    pupils = results["pupils"].astype(float).to_numpy()
    small = (pupils >= 1) & (pupils <= up_to)
    withheld = small.copy()
    cell, cells = _number(results, ["urn", "year", "measure"])
    is_all = (results["group"] == "all").to_numpy() & ~np.isnan(pupils)
    everyone = np.full(len(cells), np.nan)
    everyone[cell[is_all]] = pupils[is_all]
    for partition in PARTITIONS:
        inside = results["group"].isin(partition).to_numpy()
        held = inside & ~np.isnan(pupils)
        counted = np.bincount(cell[held], weights=pupils[held], minlength=len(cells))
        left_over = everyone - counted
        gives_away = (left_over >= 1) & (left_over <= up_to)
        gives_away[cell[inside & small]] = True
        withheld |= inside & gives_away[cell]
    return withheld


def _about_schools(rows: pd.DataFrame, schools: pd.DataFrame) -> dict[str, Any]:
    about = rows.merge(schools, on=["urn", "year"], how="left", validate="many_to_one")
    period = [f"{year - 1}{year % 100:02d}" for year in about["year"]]
    known = {
        "time_period": period,
        "time_identifier": np.full(len(about), "Academic year"),
        "geographic_level": np.full(len(about), "School"),
        "country_code": np.full(len(about), "E92000001"),
        "country_name": np.full(len(about), "England"),
        "old_la_code": about["local_authority"],
        "school_urn": about["urn"],
        "school_key": about["school_key"],
        "school_name": about["name"].map(_harmless),
        "version": about["release"].astype("str").str.capitalize(),
        "establishment_type_group": about["school_type"].map(_harmless),
        "pupil_group": about["group"].astype("str").map(lambda g: GROUP_LABELS[g]),
    }
    return {name: pa.array(cells, type=pa.string()) for name, cells in known.items()}


def _harmless(text: str) -> str:
    """Put a quotation mark before a text that a spreadsheet would run as a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _cells_of(
    measure: Measure, cells: pd.DataFrame, row: Numbers, rows: int
) -> dict[str, Any]:
    """Write one measure's columns: a number, or a symbol that says why there is none."""
    symbol = np.full(rows, _NOT_AVAILABLE, dtype=object)
    symbol[row] = cells["reason"].astype(object).map(_SYMBOLS).fillna(_NOT_AVAILABLE)
    symbol[row[cells["withheld"].to_numpy()]] = _WITHHELD
    places = np.full(rows, measure.decimals)
    places[row] = cells["places"].to_numpy()
    whole, usual = np.zeros(rows, dtype=np.int64), np.full(rows, measure.decimals)
    numbers = {"": ("value", places), f"_{measure.counted}": ("pupils", whole)}
    if _has_bounds(measure):
        numbers |= {"_low": ("low", usual), "_high": ("high", usual)}
    hidden = np.ones(rows, dtype=bool)
    hidden[row] = (cells["value"].isna() | cells["withheld"]).to_numpy()
    written: dict[str, Any] = {}
    for end, (name, decimals) in numbers.items():
        number = np.full(rows, np.nan)
        number[row] = cells[name].astype(float).to_numpy()
        missing = hidden | np.isnan(number)
        text = _written(np.where(missing, 0.0, number), decimals)
        said = np.where(hidden, symbol, _NOT_AVAILABLE)
        written[measure.code + end] = pa.array(
            np.where(missing, said, text), type=pa.string()
        )
    return written


def _written(numbers: NDArray[np.float64], decimals: Numbers) -> NDArray[np.object_]:
    """Write each number with its own decimals: 104 where a file says so, 36.7 elsewhere."""
    text = np.empty(len(numbers), dtype=object)
    for places in np.unique(decimals):
        at = decimals == places
        text[at] = np.char.mod(f"%.{places}f", numbers[at]).astype(object)
    return text


def _has_bounds(measure: Measure) -> bool:
    return any(columns.low for columns in measure.columns.values())


def _about_columns(measures: tuple[Measure, ...], places: pd.Series) -> pd.DataFrame:
    """Say what each column is; `places` are the most decimals that a measure is given."""
    rows: list[dict[str, Any]] = [
        {"col_name": name, "col_type": "Filter", "label": label, "filter_hint": ""}
        for name, label in _FILTERS.items()
    ]
    for measure in measures:
        unit = "%" if measure.unit == "percentage points" else ""
        counted = f"_{measure.counted}"
        labels = {
            "": measure.label,
            counted: f"{measure.label}: number of {measure.counted}",
        }
        decimals = {"": int(places.get(measure.code, measure.decimals)), counted: 0}
        if _has_bounds(measure):
            labels |= {
                "_low": f"{measure.label}: lower 95% bound as published",
                "_high": f"{measure.label}: upper 95% bound as published",
            }
        rows += [
            {
                "col_name": measure.code + end,
                "col_type": "Indicator",
                "label": label,
                "indicator_grouping": measure.label,
                "indicator_unit": "" if end == counted else unit,
                "indicator_dp": decimals.get(end, measure.decimals),
            }
            for end, label in labels.items()
        ]
    names = [
        "col_name",
        "col_type",
        "label",
        "indicator_grouping",
        "indicator_unit",
        "indicator_dp",
        "filter_hint",
        "filter_grouping_column",
    ]
    table = pd.DataFrame(rows).reindex(columns=names)
    return table.astype({"indicator_dp": "Int64"})


@dataclass(frozen=True)
class Resource:
    """One table of the package."""

    path: str
    contract: DataFrameSchema
    description: str


def resources() -> dict[str, Resource]:
    """Name every table that the package holds beside the open ones."""
    held: dict[str, Resource] = {}
    for ks in KEY_STAGES:
        about = KEY_STAGE_LABELS[ks]
        for name, contract, description in (
            ("", RESULTS, "a row for each school, year, measure and group as published"),
            ("_schools", SCHOOLS, "every school of that year's table"),
            ("_aggregates", AGGREGATES, "published totals: authorities and England"),
        ):
            held[f"{ks}{name or '_results'}".replace("_", "-")] = Resource(
                f"results/{ks}{name}.parquet", contract, f"{about}: {description}"
            )
    for name, contract, description in (
        ("establishments", ESTABLISHMENTS, "the department's register of schools (GIAS)"),
        ("links", LINKS, "links between numbers of schools, as the register has them"),
        ("lineage", LINEAGE, "which numbers belong to one school"),
        ("trust_spells", TRUST_SPELLS, "which school belonged to which trust, when"),
        ("inspections", INSPECTIONS, "Ofsted's overall effectiveness as at a date"),
        ("context", CONTEXT, "census, absence and destinations of a school's pupils"),
        (
            "context_aggregates",
            CONTEXT_AGGREGATES,
            "the same for authorities and England, as published",
        ),
        ("trust_results", TRUST_RESULTS, "the department's own figures for trusts"),
    ):
        path = f"schools/{name}.parquet"
        held[name.replace("_", "-")] = Resource(path, contract, description)
    return held


def data_package(
    open_tables: dict[KeyStage, OpenTable], title: str, read: list[dict[str, Any]]
) -> dict[str, Any]:
    """Describe every table as a Frictionless data package (version 1).

    The contract that the pipeline itself checks is the schema that others read. `read`
    are the files that the tables were made from: they are the package's sources.
    """
    described: list[dict[str, Any]] = [
        {
            "name": name,
            "path": held.path,
            "format": "parquet",
            "mediatype": "application/vnd.apache.parquet",
            "description": held.description,
            # A Parquet file tells a missing cell from an empty text: '' is a text here.
            "schema": _schema(held.contract) | {"missingValues": []},
            # Without its length: frictionless cannot count the bytes of a Parquet file,
            # and would call every one of them damaged. The hash says the same.
            "hash": _fixed(held.path)["hash"],
        }
        for name, held in resources().items()
    ]
    for key_stage, written in open_tables.items():
        described.append(
            {
                "name": f"{key_stage}-open",
                "path": f"open/{key_stage}_schools.csv",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "profile": "tabular-data-resource",
                "description": (
                    f"{KEY_STAGE_LABELS[key_stage]}: a row for each school, year and "
                    "group of pupils, laid out as explore-education-statistics does"
                ),
                "schema": _schema_of_open(written),
            }
            | _fixed(f"open/{key_stage}_schools.csv")
        )
    return {
        "profile": "data-package",
        "name": "partnership-evaluation-results",
        "title": title,
        "licenses": [
            {
                "name": "OGL-UK-3.0",
                "title": "Open Government Licence v3.0",
                "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
            }
        ],
        "sources": [
            {"title": f"{file['file']} (SHA-256 {file['sha256']})"} for file in read
        ],
        "resources": described,
    }


def _fixed(path: str) -> dict[str, Any]:
    """Give the length and the hash of a table, by which a reader knows it unchanged."""
    file = locations.data_package().parent / path
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "hash": f"sha256:{digest}"}


_TYPES = {
    "int64": "integer",
    "Int64": "integer",
    "float64": "number",
}


def _schema(contract: DataFrameSchema) -> dict[str, Any]:
    fields = []
    for name, column in contract.columns.items():
        constraints: dict[str, Any] = {} if column.nullable else {"required": True}
        for check in column.checks:
            said = check.statistics or {}
            if "allowed_values" in said:
                constraints["enum"] = list(said["allowed_values"])
            if "min_value" in said:
                constraints["minimum"] = said["min_value"]
            if "max_value" in said:
                constraints["maximum"] = said["max_value"]
            if "pattern" in said:
                constraints["pattern"] = said["pattern"]
        kind = str(column.dtype)
        # The contract names days in milliseconds, and its check reads them as nanoseconds.
        is_day = kind.startswith("datetime64")
        field = {
            "name": name,
            "type": "datetime" if is_day else _TYPES.get(kind, "string"),
        }
        field["description"] = column.description or MEANINGS[str(name)]
        fields.append(field | ({"constraints": constraints} if constraints else {}))
    return {"fields": fields, "primaryKey": list(contract.unique or [])}


def _schema_of_open(written: OpenTable) -> dict[str, Any]:
    labels = _IDENTIFIERS | dict(
        zip(written.about["col_name"], written.about["label"], strict=True)
    )
    # A cell of a measure holds a number or a symbol: to a schema that is text.
    return {
        "fields": [
            {"name": name, "type": "string", "description": labels[name]}
            for name in written.table.column_names
        ],
        "primaryKey": ["time_period", "school_urn", "pupil_group"],
    }


def write() -> None:
    """Write the data package of this run: open tables, and what every table holds."""
    asked = parameters.load()
    up_to = asked.disclosure.suppress_pupils_up_to
    inventories = [read_inventory(ks) for ks in KEY_STAGES]
    synthetic = any(inventory["folder_is_synthetic"] for inventory in inventories)
    years = f"{academic_year(asked.years.first)} to {academic_year(asked.years.last)}"
    said = "SYNTHETIC, made up from end to end" if synthetic else asked.sources.release
    texts: dict[Path, str] = {}
    open_tables: dict[KeyStage, OpenTable] = {}
    for key_stage in KEY_STAGES:
        written = open_table(key_stage, suppress_up_to=up_to)
        path = locations.open_table(key_stage)
        about = path.with_suffix(".meta.csv")
        if written.table.num_rows == 0:
            # An empty table reads as a key stage in which no school had results.
            path.unlink(missing_ok=True)
            about.unlink(missing_ok=True)
            continue
        open_tables[key_stage] = written
        texts[about] = written.about.to_csv(index=False, lineterminator="\n")
        _write_csv(written.table, path)
    read = [
        file for inventory in [*inventories, read_files()] for file in _files(inventory)
    ]
    package = data_package(open_tables, f"Results of schools, {years} ({said})", read)
    texts[locations.data_package()] = json.dumps(package, indent=1) + "\n"
    locations.open_table("ks4").parent.mkdir(parents=True, exist_ok=True)
    promise.write_together({}, texts)


def _files(inventory: dict[str, Any]) -> list[dict[str, Any]]:
    return [file for file in under("files", inventory) if "sha256" in file]


def _write_csv(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    pa.csv.write_csv(table, beside, pa.csv.WriteOptions(quoting_style="needed"))
    beside.replace(path)


if __name__ == "__main__":
    write()
