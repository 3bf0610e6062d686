"""All checks of the published figures, run together and written down."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandera.pandas import DataFrameSchema

from pipeline.contracts import promise
from pipeline.contracts.establishments import TRUST_RESULTS
from pipeline.contracts.quality import (
    BACK_TEST,
    CHECKS,
    CODES,
    CONTINUITY,
    DIFFERS,
    EVERY_GROUP,
    FILES,
    INTERVALS,
    JUMPS,
    MISSING,
    RECOVERED_SDS,
    ROWS,
)
from pipeline.measures.measure import KEY_STAGES, KeyStage
from pipeline.quality import (
    bounds,
    coherence,
    completeness,
    continuity,
    published_intervals,
    recovered_sds,
    verdicts,
)
from pipeline.quality.back_test import back_test
from pipeline.quality.headlines import Fact, headlines
from pipeline.quality.promised import as_promised, stacked
from pipeline.quality.published import Published, read_years
from pipeline.run import locations
from pipeline.run.parameters import Parameters
from pipeline.run.rounding import round_tree

TABLES: dict[str, DataFrameSchema] = {
    "back_test": BACK_TEST,
    "intervals": INTERVALS,
    "recovered_sds": RECOVERED_SDS,
    "files": FILES,
    "checks": CHECKS,
    "rows": ROWS,
    "codes": CODES,
    "missing": MISSING,
    "continuity": CONTINUITY,
    "jumps": JUMPS,
}


@dataclass(frozen=True)
class Quality:
    """What the checks found: every table by its name, and the headlines."""

    tables: dict[str, pd.DataFrame]
    facts: list[Fact]


def check(parameters: Parameters) -> Quality:
    """Hold every published figure that was read against the others.

    Totals against schools, intervals against value, pupils and SD, groups against all
    pupils, one year against the next. Nothing is changed or left out: what fails is
    counted and told.
    """
    trusts = promise.read(locations.school_table("trust_results"), TRUST_RESULTS)
    parts = [_of_key_stage(key_stage, trusts, parameters) for key_stage in KEY_STAGES]
    tables = {
        name: stacked((part[name] for part in parts), contract)
        for name, contract in TABLES.items()
    }
    return Quality(tables, headlines(tables))


@dataclass(frozen=True)
class _Year:
    """What the checks of one key stage in one year leave."""

    tables: dict[str, pd.DataFrame]
    arms: pd.DataFrame
    kept: continuity.Year
    checks: list[dict[str, Any]]
    files: list[dict[str, Any]]


def _of_key_stage(
    key_stage: KeyStage, trusts: pd.DataFrame, parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """Run every check on one key stage: year by year, then those over all years."""
    downloads = locations.root() / parameters.sources.folder
    few = parameters.disclosure.suppress_pupils_up_to
    years = [_of_year(table, few) for table in read_years(key_stage, downloads)]
    of_trusts = bounds.trust_bounds(trusts[trusts["key_stage"] == key_stage])
    arms = bounds.joined([of_trusts, *(year.arms for year in years)])
    recovered = recovered_sds.recovered_sds(arms)
    judged = published_intervals.judge_intervals(arms, recovered)
    checks = as_promised(
        [
            *(found for year in years for found in year.checks),
            *verdicts.checks_of_intervals(judged),
        ],
        CHECKS,
    )
    kept = [year.kept for year in years]
    return {
        **{
            name: stacked((year.tables[name] for year in years), TABLES[name])
            for name in ("back_test", "rows", "codes", "missing")
        },
        "intervals": published_intervals.published_intervals(judged),
        "recovered_sds": recovered,
        "files": verdicts.verdicts([f for year in years for f in year.files], checks),
        "checks": checks,
        "continuity": continuity.continuity(kept),
        "jumps": continuity.jumps(kept),
    }


def _of_year(table: Published, few: int) -> _Year:
    tested = back_test(table, suppress_pupils_up_to=few)
    return _Year(
        tables={
            "back_test": tested,
            "rows": completeness.rows_of_files(table),
            "codes": completeness.codes(table),
            "missing": completeness.missing_figures(table),
        },
        arms=bounds.published_bounds(table),
        kept=continuity.of_year(table),
        checks=[
            *completeness.checks_of_files(table),
            *coherence.checks_of_figures(table),
            *verdicts.checks_of_back_test(tested),
        ],
        files=verdicts.files_of(table),
    )


def table_path(name: str) -> Path:
    """Where one table of the checks stands."""
    return locations.root() / "data" / "quality" / f"{name}.csv"


def facts_path() -> Path:
    """Where the headlines stand, for machines."""
    return locations.root() / "data" / "quality" / "facts.json"


def write(quality: Quality) -> None:
    """Write every table and the headlines, or none of them."""
    facts = [round_tree(fact.as_record()) for fact in quality.facts]
    promise.write_together(
        {table_path(name): (table, TABLES[name]) for name, table in quality.tables.items()},
        {facts_path(): json.dumps(facts, indent=1, ensure_ascii=False) + "\n"},
    )


def read() -> Quality:
    """Read what `check` found."""
    tables = {
        name: promise.read(table_path(name), contract) for name, contract in TABLES.items()
    }
    return Quality(tables, headlines(tables))


def headline_table(quality: Quality) -> pd.DataFrame:
    """The headlines as a table: each sentence, its number, and what that number is."""
    return pd.DataFrame(
        [
            {"sentence": f.sentence, "value_is": f.value_is, "value": f.value}
            for f in quality.facts
        ]
    )


def totals_computed_again(quality: Quality) -> pd.DataFrame:
    """Count the published totals of England and of authorities by verdict."""
    table = quality.tables["back_test"]
    return pd.crosstab([table["key_stage"], table["record"]], table["verdict"])


def that_differ(quality: Quality) -> pd.DataFrame:
    """Show the published totals that nothing here explains."""
    table = quality.tables["back_test"]
    columns = ["record", "local_authority", "year", "measure", "group"]
    numbers = ["published", "recomputed", "difference", "rounding"]
    shown = table.loc[table["verdict"] == DIFFERS, columns + numbers]
    return shown.reset_index(drop=True)


def intervals_computed_again(quality: Quality) -> pd.DataFrame:
    """Count published intervals, and those that follow from value, pupils and SD."""
    table = quality.tables["intervals"]
    cell = ["key_stage", "year", "measure", "pupils_from"]
    return table.groupby(cell)[["intervals", "reproduced"]].sum()


def sds(quality: Quality) -> pd.DataFrame:
    """Show the SDs recovered from every group's bounds beside the known ones."""
    table = quality.tables["recovered_sds"]
    whole = table[table["group"] == EVERY_GROUP]
    columns = ["measure", "year", "intervals", "regression", "low", "high", "known"]
    return whole[columns].reset_index(drop=True)


def verdict_on_files(quality: Quality) -> pd.DataFrame:
    """Show each file with its verdict and the reservations."""
    return quality.tables["files"][["file", "verdict", "why"]].fillna("")
