"""All tables of one key stage, checked against each other and written down."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals
from pandera.pandas import DataFrameSchema

from pipeline.contracts import promise
from pipeline.contracts.establishments import LINEAGE
from pipeline.contracts.results import AGGREGATES, RESULTS, SCHOOLS
from pipeline.measures.catalogue import KEY_STAGE_LABELS, MEASURES, academic_year
from pipeline.measures.measure import KeyStage
from pipeline.measures.school_types import are_one_type
from pipeline.run import locations
from pipeline.run.faults import Fault
from pipeline.run.parameters import Parameters
from pipeline.sources import corrections, performance_tables
from pipeline.sources.performance_tables import Download, Table


@dataclass(frozen=True)
class Cleaned:
    """Everything that one key stage's files hold, tidy."""

    results: pd.DataFrame
    schools: pd.DataFrame
    aggregates: pd.DataFrame
    inventory: dict[str, Any]


def clean(key_stage: KeyStage, parameters: Parameters) -> Cleaned:
    """Read every table of a key stage in the folder of sources.

    Only one release is read; files of others are listed as left out. A school that
    stands in England's file and in its local authority's is kept once, if both say the
    same; raises Fault if they do not. A year without a file is listed as not supplied,
    or as not published where the department published none.
    """
    folder = locations.root() / parameters.sources.folder
    downloads = performance_tables.find(folder, parameters.sources.folder)
    of_stage = [d for d in downloads if d.key_stage == key_stage]
    chosen = [
        d
        for d in of_stage
        if d.release == parameters.sources.release
        and parameters.years.first <= d.year <= parameters.years.last
        and d.superseded_by is None
    ]
    declared = corrections.for_folder(folder)
    tables = [performance_tables.read(download, declared) for download in chosen]
    _refuse_copies(tables)
    _refuse_contradicting_aggregates(tables)
    schools = _stack([t.schools for t in tables], SCHOOLS)
    results = _stack([t.results for t in tables], RESULTS)
    repeated = _refuse_contradictions(schools, results)
    results = results.drop_duplicates(["urn", "year", "measure", "group"])
    schools = _stated_first(schools).drop_duplicates(["urn", "year"])
    keys = _school_keys()
    return Cleaned(
        results=_keyed(results, keys, RESULTS).sort_values(
            ["year", "urn", "measure", "group"], ignore_index=True
        ),
        schools=_keyed(schools, keys, SCHOOLS).sort_values(
            ["year", "urn"], ignore_index=True
        ),
        aggregates=_typed(_stack([t.aggregates for t in tables], AGGREGATES), AGGREGATES),
        inventory={
            "key_stage": key_stage,
            "folder_is_synthetic": locations.is_synthetic(folder),
            "release": parameters.sources.release,
            "files": [_file_entry(t) for t in tables],
            "left_out": [
                {"file": d.shown, "why": _why_left_out(d, parameters)}
                for d in of_stage
                if d not in chosen
            ]
            + [
                {"file": name, "why": "its name or place is not the department's"}
                for name in performance_tables.overlooked(folder, key_stage)
            ],
            "schools_in_two_files": repeated,
            "corrected": [vars(applied) for t in tables for applied in t.corrected],
            "years": {
                str(year): _year_entry(key_stage, year, tables, of_stage)
                for year in parameters.years.all
            },
        },
    )


def write(cleaned: Cleaned, key_stage: KeyStage) -> None:
    """Write all tables of one key stage, or none."""
    promise.write_together(
        {
            locations.results(key_stage): (cleaned.results, RESULTS),
            locations.schools(key_stage): (cleaned.schools, SCHOOLS),
            locations.aggregates(key_stage): (cleaned.aggregates, AGGREGATES),
        },
        {
            locations.inventory(key_stage): json.dumps(
                cleaned.inventory, indent=1, ensure_ascii=False
            )
            + "\n"
        },
    )


def read_inventory(key_stage: KeyStage) -> dict[str, Any]:
    """Read what an earlier stage wrote about the files of a key stage."""
    text = locations.inventory(key_stage).read_text(encoding="utf-8")
    inventory: dict[str, Any] = json.loads(text)
    return inventory


def files_read(cleaned: Cleaned) -> pd.DataFrame:
    """Show which files were read and how many rows of each kind they hold."""
    return pd.DataFrame(
        [
            {"file": f["file"], "year": academic_year(f["year"]), **f["rows"]}
            for f in cleaned.inventory["files"]
        ]
    )


def reasons_for_absence(cleaned: Cleaned) -> pd.DataFrame:
    """Count the published cells by year: how many hold a value, how many which reason."""
    said = cleaned.results["reason"].astype("str").fillna("value")
    return pd.crosstab(said, cleaned.results["year"]).rename_axis(index="published cell")


def years_supplied(cleaned: Cleaned) -> pd.DataFrame:
    """Say for each year whether there are files, and if not, why."""
    return pd.DataFrame(
        [
            {
                "year": academic_year(int(year)),
                "state": entry["state"],
                "reason": entry.get("reason", ""),
            }
            for year, entry in cleaned.inventory["years"].items()
        ]
    )


def _stack(parts: list[pd.DataFrame], contract: DataFrameSchema) -> pd.DataFrame:
    """Put the tables of all files under each other, with the columns they promise.

    Texts that repeat are joined as categories: a country's results are millions of rows.
    """
    columns = [name for name in contract.columns if name != "school_key"]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    stacked: dict[str, Any] = {}
    for name in columns:
        cells = [part[name] for part in parts]
        if contract.columns[name].dtype.type == "category":
            words = [
                cell
                if isinstance(cell.dtype, pd.CategoricalDtype)
                else cell.astype("str").astype("category")
                for cell in cells
            ]
            stacked[name] = union_categoricals(words, sort_categories=True)
        else:
            stacked[name] = pd.concat(cells, ignore_index=True)
    return pd.DataFrame(stacked)


def _typed(table: pd.DataFrame, contract: DataFrameSchema) -> pd.DataFrame:
    types = {name: column.dtype.type for name, column in contract.columns.items()}
    return table[list(types)].astype(types)


def _school_keys() -> dict[str, str]:
    """Read under which stable key each known number of a school is followed."""
    lineage = promise.read(locations.school_table("lineage"), LINEAGE)
    return dict(zip(lineage["urn"], lineage["school_key"], strict=True))


def _keyed(
    table: pd.DataFrame, keys: dict[str, str], contract: DataFrameSchema
) -> pd.DataFrame:
    """Give each row the key of its school: its own number where no link is known."""
    code, distinct = pd.factorize(table["urn"])
    known = np.array([keys.get(urn, urn) for urn in distinct], dtype=object)
    return _typed(table.assign(school_key=known[code]), contract)


def _refuse_copies(tables: list[Table]) -> None:
    """Stop where one file stands in two years: one of them is in a wrong folder."""
    first: dict[str, Download] = {}
    for table in tables:
        earlier = first.setdefault(table.sha256, table.download)
        # One file of explore-education-statistics holds several years.
        same_file = earlier.shown == table.download.shown
        if earlier.year != table.download.year and not same_file:
            raise Fault(
                f"{earlier.shown} and {table.download.shown}: the two files are the same\n"
                "  expected: one table for each year\n"
                "  what to do: look which year the file is of, and remove the other"
            )


def _refuse_contradicting_aggregates(tables: list[Table]) -> None:
    """Stop where two files give different figures of England, or of one authority."""
    if not tables:
        return
    rows = pd.concat([table.aggregates for table in tables], ignore_index=True)
    key = ["record", "local_authority", "year", "measure", "group"]
    # SOURCE: some files leave the code of the authority blank on national rows.
    national = rows["record"].str.startswith("national")
    rows["local_authority"] = rows["local_authority"].where(~national, "")
    said = rows.dropna(subset=["value"]).groupby(key)["value"].nunique()
    if (said > 1).any():
        record, _, year, measure, group = said.index[said > 1][0]
        files = rows.loc[
            (rows["record"] == record) & (rows["year"] == year), "source"
        ].unique()
        raise Fault(
            f"{' and '.join(files)}: two figures of {measure} ({group}), {record}, {year}\n"
            "  expected: one figure, or the same in every file\n"
            "  what to do: keep the files of one release, downloaded on one day"
        )


def _stated_first(schools: pd.DataFrame) -> pd.DataFrame:
    """Put rows that state a type before those that leave it blank."""
    return schools.sort_values("school_type", key=lambda types: types == "", kind="stable")


def _refuse_contradictions(schools: pd.DataFrame, results: pd.DataFrame) -> int:
    twice = schools[schools.duplicated(["urn", "year"], keep=False)]
    if twice.empty:
        return 0
    for (urn, year), rows in twice.groupby(["urn", "year"]):
        if len(set(rows["record_type"])) == 1 and are_one_type(rows["school_type"]):
            continue
        said = " and ".join(
            f"{code or 'blank'} (RECTYPE {record})"
            for code, record in zip(rows["school_type"], rows["record_type"], strict=True)
        )
        raise Fault(
            f"{' and '.join(rows['source'])}: the school {urn} is of two types in {year}: "
            f"{said}\n"
            "  expected: one type, or the same in both files\n"
            "  what to do: keep the files of one release, downloaded on one day"
        )
    cells = results.merge(twice[["urn", "year"]].drop_duplicates(), on=["urn", "year"])
    key = ["urn", "year", "measure", "group"]
    # A file that lacks the number of pupils with a score gives another column's number:
    # only numbers of one column can contradict each other.
    for what, by in (("value", key), ("pupils", [*key, "pupils_column"])):
        found = cells.groupby(by, sort=True)[what].nunique(dropna=False)
        if not (found > 1).any():
            continue
        urn, year, measure, group = found.index[found > 1][0][:4]
        files = twice.loc[(twice["urn"] == urn) & (twice["year"] == year), "source"]
        said = "values" if what == "value" else "numbers of pupils"
        raise Fault(
            f"{' and '.join(files)}: the school {urn} has two {said} of {measure} "
            f"({group}) in {year}\n"
            "  expected: one, or the same in both files\n"
            "  what to do: keep the files of one release, downloaded on one day"
        )
    return int(twice.duplicated(["urn", "year"]).sum())


def _file_entry(table: Table) -> dict[str, Any]:
    return {
        "file": table.download.shown,
        "sha256": table.sha256,
        "year": table.download.year,
        "area": table.download.area,
        "rows": table.rows,
        "columns_absent": list(table.absent),
    }


def _why_left_out(download: Download, parameters: Parameters) -> str:
    if download.release == "":
        return "school information only: no results of its year stand beside it"
    if download.release != parameters.sources.release:
        return f"{download.release}, and this run reads {parameters.sources.release}"
    if download.superseded_by is not None:
        return f"the same year stands in {download.superseded_by}"
    return f"{download.year} lies outside the years of this run"


def _year_entry(
    key_stage: KeyStage, year: int, tables: list[Table], found: list[Download]
) -> dict[str, str]:
    reasons = {m.why_not_published(year) for m in MEASURES[key_stage]}
    of_year = [t for t in tables if t.download.year == year]
    if of_year:
        return {"state": "supplied"}
    if None not in reasons:
        return {
            "state": "not published",
            "reason": next(iter(sorted(map(str, reasons)))),
        }
    others = sorted({d.release for d in found if d.year == year})
    if others:
        kinds = " and ".join(release or "school information" for release in others)
        named = ", ".join(sorted({d.shown for d in found if d.year == year}))
        return {
            "state": "not supplied",
            "as": f"supplied as {kinds} only",
            "reason": f"not supplied: {kinds} only ({named}), which this run does not read",
        }
    return {
        "state": "not supplied",
        "reason": (
            f"not supplied: no {KEY_STAGE_LABELS[key_stage].split(' (')[0].lower()} "
            f"table of {academic_year(year)} among the sources"
        ),
    }
