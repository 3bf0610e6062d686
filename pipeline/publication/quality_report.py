"""The data-quality report: how far the figures of a run can be relied on."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from markupsafe import Markup

from pipeline.contracts import promise
from pipeline.figures.differences import differences
from pipeline.measures.measure import KEY_STAGES
from pipeline.publication import pages, quality_counts, quality_prose, quality_tables
from pipeline.publication.quality_words import records
from pipeline.publication.tables import Table, table
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
_SOURCES = {
    "gias": "Register of schools (GIAS): establishments, links, trusts",
    "ofsted": "Ofsted\u2019s outcomes of inspections",
    "context": "Census, absence, destinations and trusts\u2019 tables",
}
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
    back_test = tables["back_test"]
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
        made_again=quality_prose.made_again(parameters),
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
        corrections=corrections_table(report),
        corrected=corrected(report),
        optional_sources=optional_table(report),
        lineage=lineage_table(report),
        dimensions=quality_prose.dimensions(tables, report.inventories, parameters),
        limits=quality_prose.limits(tables),
        for_the_signatory=quality_prose.for_the_signatory(tables),
        sources=source_table(report),
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


def corrections_table(report: QualityReport) -> Table | None:
    """Errors that published files are known to hold, and which files of the run do."""
    if not report.declared:
        return None
    read = [str(file["file"]) for file in _under("files", _read(report))]
    heads = {"Known error": False, "Why": False, "Source": False, "In this run": False}
    rows = []
    for entry in report.declared:
        meant = [] if report.synthetic else [shown for shown in read if entry.names(shown)]
        where = ", ".join(dict.fromkeys(meant)) or "no file of this run"
        rows.append([entry.name, entry.why, entry.source, where])
    return table("Known errors in published files", heads, rows)


def corrected(report: QualityReport) -> list[str]:
    """What was done about known errors, in the words of the stages that did it."""
    said: list[str] = []
    for entry in _under("corrected", _read(report)):
        said.append(str(entry["said"]) if isinstance(entry, dict) else str(entry))
    return list(dict.fromkeys(said))


def optional_table(report: QualityReport) -> Table:
    """Which optional sources the run was given."""
    rows = []
    for name, said in _SOURCES.items():
        entry = report.schools.get(name, {"supplied": False, "reason": "not read"})
        if not entry["supplied"]:
            rows.append([said, "not supplied", str(entry["reason"])])
            continue
        files = _under("files", entry)
        names = ", ".join(str(file["file"]) for file in files)
        rows.append([said, "supplied", names or "its folder holds no known file"])
    heads = {"Source": False, "State": False, "Files, or why not": False}
    return table("Sources that a run can do without", heads, rows)


def lineage_table(report: QualityReport) -> Table | None:
    """How many numbers of schools were linked into one school, and how."""
    told = report.schools.get("gias", {}).get("lineage")
    if not told:
        return None
    rows = []
    for name, value in told.items():
        words = str(name).replace("_", " ")
        if isinstance(value, dict):
            rows += [[f"{words}: {kind}", f"{count:,}"] for kind, count in value.items()]
        elif isinstance(value, int):
            rows.append([words, f"{value:,}"])
    return table(
        "Numbers of schools linked over time", {"Count of": False, "Number": True}, rows
    )


def source_table(report: QualityReport) -> Table:
    """Every file that was read, with its hash and its rows by kind."""
    rows = [
        [str(file["file"]), str(file["sha256"]), _rows_of(file.get("rows"))]
        for file in _under("files", _read(report))
    ]
    heads = {"File": False, "SHA-256": False, "Rows": False}
    return table("Files of this run", heads, rows)


def _rows_of(counts: Any) -> str:
    if isinstance(counts, dict):
        return ", ".join(f"{n:,} {kind}" for kind, n in counts.items() if n)
    return "" if counts is None else f"{counts:,}"


def _read(report: QualityReport) -> list[Any]:
    return [*report.inventories.values(), report.schools]


def _under(key: str, tree: Any) -> list[Any]:
    """Find the entries that stand in lists of this name, however deep."""
    if isinstance(tree, list):
        return [entry for branch in tree for entry in _under(key, branch)]
    if not isinstance(tree, dict):
        return []
    found: list[Any] = []
    for name, branch in tree.items():
        if name == key and isinstance(branch, list):
            found += branch
        found += _under(key, branch)
    return found
