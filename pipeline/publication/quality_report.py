"""The data-quality report: how far the figures of a run can be relied on."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from markupsafe import Markup

from pipeline.contracts import promise
from pipeline.figures.differences import differences
from pipeline.measures.measure import KEY_STAGES
from pipeline.publication import (
    pages,
    quality_counts,
    quality_prose,
    quality_sources,
    quality_tables,
)
from pipeline.publication.quality_words import records, with_places
from pipeline.quality import check
from pipeline.quality.check import Quality
from pipeline.run import locations
from pipeline.run.code_hash import code_hash
from pipeline.run.parameters import Parameters
from pipeline.run.rounding import round_tree
from pipeline.sources import corrections
from pipeline.sources.clean import read_inventory

NAME = "data-quality"
STAGE = "quality"
MAIN_GROUPS = ("all", "disadvantaged")
_PACKAGES = ("pandas", "numpy", "pandera", "seaborn", "matplotlib", "papermill", "dvc")
_ABOUT_TABLES = {
    "back_test": "every published total beside the same figure made from schools",
    "intervals": "published confidence intervals and how many are reproduced",
    "recovered_sds": "national SDs recovered from published bounds",
    "files": "the verdict on each file",
    "checks": "every check of every file",
    "rows": "rows of each file by kind",
    "codes": "schools with a figure, and with each reason in its place",
    "missing": "figures that mainstream schools lack, by size of group",
    "continuity": "schools from one year\u2019s tables to the next",
    "jumps": "figures of the same schools from year to year",
}


@dataclass(frozen=True)
class QualityReport:
    """Everything that the report says, before it is laid out."""

    found: Quality
    parameters: Parameters
    inventories: quality_prose.Inventories
    schools: dict[str, Any]
    """What the stage `link` wrote of the optional sources."""
    declared: tuple[corrections.Correction, ...]
    matched: quality_sources.Matched

    @property
    def read(self) -> list[Any]:
        """What the stages wrote about the files that they read."""
        return [*self.inventories.values(), self.schools]

    @property
    def synthetic(self) -> bool:
        """Whether the results are made up: then the whole report is marked."""
        return any(i["folder_is_synthetic"] for i in self.inventories.values())


def assemble(parameters: Parameters) -> QualityReport:
    """Gather what the checks found, and what the run read."""
    text = locations.school_inventory().read_text(encoding="utf-8")
    return QualityReport(
        found=check.read(),
        parameters=parameters,
        inventories={ks: read_inventory(ks) for ks in KEY_STAGES},
        schools=json.loads(text),
        declared=_declared(),
        matched=quality_sources.matched(),
    )


def _declared() -> tuple[corrections.Correction, ...]:
    if not locations.reference("corrections.yaml").is_file():
        return ()
    return corrections.load()


def write(report: QualityReport) -> None:
    """Write the page, its facts and its tables, all or none."""
    folder = locations.report(NAME)
    tables = report.found.tables
    promise.write_together(
        {folder / f"{name}.csv": (tables[name], check.TABLES[name]) for name in tables},
        {
            folder / "results.json": for_machines(report),
            folder / "index.html": page(report),
        },
    )


def for_machines(report: QualityReport) -> str:
    """The headlines, the verdicts and what was read, as JSON."""
    content = {
        "title": "Data quality",
        "synthetic": report.synthetic,
        "release": report.parameters.sources.release,
        "facts": [fact.as_record() for fact in report.found.facts],
        "files": records(report.found.tables["files"]),
        "optional_sources": report.schools,
        "tables": {f"{name}.csv": said for name, said in _ABOUT_TABLES.items()},
        "code_sha256": code_hash(STAGE),
    }
    return json.dumps(round_tree(content), indent=1, ensure_ascii=False) + "\n"


def page(report: QualityReport) -> str:
    """Lay the report out as one self-contained page."""
    tables, parameters = report.found.tables, report.parameters
    back_test = with_places(tables["back_test"])
    lineage = report.schools.get("gias", {}).get("lineage")
    is_main = back_test["group"].isin(MAIN_GROUPS)
    chart = differences(back_test)
    return pages.render(
        "quality.html.j2",
        synthetic=report.synthetic,
        title="Data quality",
        release=parameters.sources.release,
        headlines=report.found.facts,
        files=quality_counts.files(tables["files"]),
        # The chart is our own drawing, in which every text from data is escaped.
        chart=None if chart is None else Markup(chart.svg),
        computed_again=quality_prose.computed_again(parameters),
        verdict_counts=quality_tables.verdict_counts(back_test),
        england=quality_tables.england(
            back_test[is_main], "Figures of England: all and disadvantaged pupils"
        ),
        england_groups=quality_tables.england(
            back_test[~is_main], "Figures of England: other groups of pupils"
        ),
        authorities=quality_tables.authorities(back_test),
        that_differ=quality_tables.that_differ(back_test),
        interval_words=quality_prose.intervals(tables),
        intervals=quality_tables.intervals(tables["intervals"]),
        other_intervals=quality_tables.other_intervals(tables["intervals"]),
        sds=quality_tables.sds(tables["recovered_sds"], every_group=True),
        sds_by_group=quality_tables.sds(tables["recovered_sds"], every_group=False),
        codes=quality_counts.codes(tables["codes"]),
        missing_in_all=quality_counts.missing_in_all(tables["missing"]),
        missing=quality_counts.missing(tables["missing"]),
        checks=quality_counts.checks(tables["checks"]),
        continuity=quality_counts.continuity(tables["continuity"]),
        jumps=quality_counts.jumps(tables["jumps"]),
        left_out=quality_sources.left_out_table(report.read),
        corrections=quality_sources.corrections_table(
            report.declared, report.read, synthetic=report.synthetic
        ),
        corrected=quality_sources.corrected(report.read),
        optional_sources=quality_sources.optional_table(report.schools, report.matched),
        lineage=(
            quality_sources.lineage_words(lineage, report.schools["gias"]["files"])
            if lineage
            else []
        ),
        dimensions=quality_prose.dimensions(tables, report.inventories, parameters),
        limits=quality_prose.limits(tables),
        for_the_signatory=quality_prose.for_the_signatory(tables),
        sources=quality_sources.source_table(report.read),
        downloads=[(f"{name}.csv", said) for name, said in _ABOUT_TABLES.items()],
        code_hash=code_hash(STAGE),
        parameters=[
            ("Release of the tables", parameters.sources.release),
            ("Years", f"{parameters.years.first} to {parameters.years.last}"),
            (
                "Withheld up to so many pupils",
                parameters.disclosure.suppress_pupils_up_to,
            ),
        ],
        versions=[(name, version(name)) for name in _PACKAGES],
    )
