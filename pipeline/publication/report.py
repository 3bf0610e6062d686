"""One evaluation's report: the page that evaluators open, and its facts for machines."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pandas as pd
from markupsafe import Markup

from pipeline.comparison import compared
from pipeline.contracts import promise
from pipeline.contracts.panel import FLOW
from pipeline.contracts.results import TEXT
from pipeline.contracts.specifications import PUBLISHED
from pipeline.evidence import coverage, wording
from pipeline.evidence.facts import Fact, collect
from pipeline.figures.levels_by_year import levels_by_year
from pipeline.improvement import findings
from pipeline.measures.catalogue import KEY_STAGE_LABELS, MEASURES, academic_year
from pipeline.measures.catalogue import measure as measure_of
from pipeline.measures.measure import KEY_STAGES, KeyStage, Measure
from pipeline.publication import (
    areas,
    change_charts,
    change_tables,
    flow_tables,
    gap_tables,
    national_table,
    pages,
    prose,
)
from pipeline.publication.inventories import rows_of, under
from pipeline.publication.results_tables import measure_tables
from pipeline.publication.tables import Table, table
from pipeline.robustness import tried
from pipeline.run import locations
from pipeline.run.code_hash import code_hash
from pipeline.run.parameters import Evaluation, Parameters
from pipeline.run.rounding import round_tree
from pipeline.schools.follow import read_summary
from pipeline.schools.known import read_files
from pipeline.sources.clean import read_inventory

_PACKAGES = ("pandas", "numpy", "statsmodels", "scipy", "seaborn", "papermill", "dvc")


@dataclass(frozen=True)
class Report:
    """Everything that one report says, before it is laid out."""

    evaluation: str
    asked: Evaluation
    parameters: Parameters
    facts: list[Fact]
    flow: pd.DataFrame
    national: pd.DataFrame
    inventories: dict[KeyStage, dict[str, Any]]
    register: dict[str, Any]
    schools: dict[str, Any]
    """Which files of schools there were: the register, inspections and the rest."""
    others: dict[KeyStage, str]
    change: pd.DataFrame
    """What was found about change, and what tried to break it."""
    disadvantage: pd.DataFrame
    """The gap of disadvantaged pupils, within schools and between them."""
    spread: pd.DataFrame
    """What a typical school shows, and how schools differ."""
    specifications: pd.DataFrame
    """Every fit of the specification curves."""

    @property
    def synthetic(self) -> bool:
        """Whether anything in the run is made up: then the whole report is marked."""
        made_up = [i["folder_is_synthetic"] for i in self.inventories.values()]
        return any(made_up) or bool(self.register["register_is_synthetic"])


def assemble(evaluation: str, parameters: Parameters) -> Report:
    """Gather an evaluation's facts, with all that a reader needs to judge them."""
    found = compared.read(evaluation)
    asked = parameters.evaluation(evaluation)
    inventories = {ks: read_inventory(ks) for ks in KEY_STAGES}
    return Report(
        evaluation=evaluation,
        asked=asked,
        parameters=parameters,
        facts=collect(
            found,
            confidence_level=parameters.comparison.confidence_level,
        ),
        flow=promise.read(locations.flow(evaluation), FLOW),
        national=found.national,
        inventories=inventories,
        register=read_summary(evaluation),
        schools=read_files(),
        others=coverage.others(found, of_programme=asked.programme is not None),
        change=_change(evaluation),
        disadvantage=found.disadvantage,
        spread=found.spread,
        specifications=tried.read_specifications(evaluation),
    )


def _change(evaluation: str) -> pd.DataFrame:
    parts = [findings.read(evaluation), tried.read(evaluation)]
    return pd.concat(parts, ignore_index=True)


def headlines(report: Report) -> list[wording.Headline]:
    """The sentences at the top of the report."""
    return wording.headlines(
        report.facts,
        others=report.others,
        confidence_level=report.parameters.comparison.confidence_level,
        members=report.asked.called,
    )


def headline_table(report: Report) -> pd.DataFrame:
    """The same sentences as a table, with the verdict of each."""
    rows = [{"sentence": h.sentence, "verdict": h.verdict} for h in headlines(report)]
    return pd.DataFrame(rows).fillna("")


def latest_gaps(report: Report) -> pd.DataFrame:
    """The gap of each measure and group in the latest year that has one."""
    rows = []
    for measure in (m for ks in KEY_STAGES for m in MEASURES[ks]):
        for group in measure.columns:
            fact = wording.latest(
                report.facts, measure.key_stage, measure.code, group, "gap"
            )
            if fact is not None:
                rows.append(
                    {
                        "measure": fact.label,
                        "year": academic_year(fact.year),
                        "gap": wording.number(fact.value, measure.decimals, signed=True),
                        "interval": wording.interval(fact, signed=True),
                        "verdict": wording.verdict(fact),
                    }
                )
    return pd.DataFrame(rows, columns=["measure", "year", "gap", "interval", "verdict"])


def write(report: Report) -> None:
    """Write the page and its facts, all or none."""
    folder = locations.report(report.evaluation)
    facts = for_machines(report)
    promise.write_together(
        {folder / "specifications.csv": (marked_specifications(report), PUBLISHED)},
        {
            locations.facts(report.evaluation): facts,
            folder / "results.json": facts,
            folder / "index.html": page(report),
        },
    )


def marked_specifications(report: Report) -> pd.DataFrame:
    """Every fit of the curves, each row with what its figures are: SYNTHETIC, or which."""
    said = "SYNTHETIC" if report.synthetic else report.parameters.sources.release
    return report.specifications.assign(
        figures=pd.Series(said, report.specifications.index, dtype=TEXT)
    )


def for_machines(report: Report) -> str:
    """The facts as JSON, with floats to ten significant digits."""
    content = {
        "evaluation": report.evaluation,
        "title": report.asked.title,
        "question": report.asked.question,
        "synthetic": report.synthetic,
        "release": report.parameters.sources.release,
        "compared_with": report.others,
        "confidence_level": report.parameters.comparison.confidence_level,
        "members": report.register,
        "facts": [fact.as_record() for fact in report.facts],
        "disadvantaged_gap": _records(_labelled(report.disadvantage)),
        "typical_school": _records(_labelled(report.spread)),
        "change": _records(report.change),
        "national": _records(report.national),
        "flow": _records(report.flow),
        "files": [f for i in report.inventories.values() for f in i["files"]],
        "code_sha256": code_hash("report"),
    }
    return json.dumps(round_tree(content), indent=1, ensure_ascii=False) + "\n"


def page(report: Report) -> str:
    """The report as one self-contained HTML page."""
    stages = list(report.inventories.values())
    return pages.render(
        "report.html.j2",
        synthetic=report.synthetic,
        title=report.asked.title,
        question=report.asked.question,
        release=report.parameters.sources.release,
        years=_years_words(report),
        supplied=report.register["supplied"],
        not_supplied_reason=report.register.get("reason", ""),
        headlines=headlines(report),
        sections=[
            {
                "id": key_stage,
                "title": KEY_STAGE_LABELS[key_stage],
                "measures": [_measure(report, m) for m in MEASURES[key_stage]],
            }
            for key_stage in KEY_STAGES
        ],
        change_words=change_tables.words(report.change),
        change=change_tables.sections(report.change),
        change_charts=change_charts.charts(
            report.change,
            report.specifications,
            report.facts,
            source=_source(report),
            level=report.parameters.comparison.confidence_level,
        ),
        register=_register_words(report.register),
        flow_tables=flow_tables.headline_flows(report.flow, report.facts),
        flow_details=flow_tables.all_flows(report.flow),
        national_words=national_table.words(report.national),
        national_tables=national_table.tables(
            report.national,
            suppress_up_to=report.parameters.disclosure.suppress_pupils_up_to,
        ),
        method=prose.method(
            report.facts,
            report.parameters,
            report.asked,
            _compared_with(report),
        ),
        cautions=prose.cautions(report.facts, report.asked),
        limits=prose.limits(
            stages,
            report.parameters,
            report.asked,
            supplied=bool(report.register["supplied"]),
        ),
        lacks=prose.lacks(stages, report.register["sources_not_supplied"]),
        absent=prose.columns_absent(stages),
        source_tables=[_source_table(report)],
        code_hash=code_hash("report"),
        parameters=[
            ("Release of the tables", report.parameters.sources.release),
            ("Confidence level", report.parameters.comparison.confidence_level),
            ("Random sets of schools", report.parameters.comparison.draws),
            ("Their seed", report.parameters.comparison.seed),
            (
                "Withheld up to so many pupils",
                report.parameters.disclosure.suppress_pupils_up_to,
            ),
        ],
        versions=[(name, version(name)) for name in _PACKAGES],
    )


def _measure(report: Report, measure: Measure) -> dict[str, Any]:
    others = report.others[measure.key_stage]
    chart = levels_by_year(
        report.facts, measure, others=others, members=report.asked.called
    )
    gaps = [f for f in report.facts if f.measure == measure.code and f.quantity == "gap"]
    without = [f for f in gaps if f.reason is not None]
    conventions = sorted(
        {
            f"{academic_year(f.year)}: {f.convention.said}"
            for f in gaps
            if f.convention is not None
        }
    )
    return {
        "id": f"{measure.key_stage}.{measure.code}",
        "label": measure.label,
        "what_it_is": measure.what_it_is,
        "cannot_say": measure.cannot_say,
        # The chart is our own drawing, in which every text from data is escaped.
        "chart": None if chart is None else Markup(chart.svg),
        "active_title": wording.active_title(report.facts, measure.key_stage, measure.code),
        "caption": "" if chart is None else _caption(report, measure, chart.breaks),
        "tables": measure_tables(report.facts, measure),
        "how_sure": gap_tables.how_sure(report.facts, measure),
        "beside": [
            said
            for said in (
                gap_tables.without_random_sets(gaps, measure),
                gap_tables.split_words(report.disadvantage, measure),
                gap_tables.spread_words(report.spread, measure),
            )
            if said
        ],
        "tables_beside": _tables_beside(report, measure),
        "why_not": f"{wording.why_none(without)}." if without else "",
        "convention": (
            "Department\u2019s convention: " + "; ".join(conventions) + "."
            if measure.centred_on_national
            else "The department gives no interval for this measure."
        ),
    }


def _tables_beside(report: Report, measure: Measure) -> list[Table]:
    split = gap_tables.split_table(report.disadvantage, measure)
    spread = gap_tables.spread_tables(report.spread, measure)
    return [*([] if split is None else [split]), *spread]


def _caption(report: Report, measure: Measure, drawn: tuple[int, ...]) -> str:
    fact = wording.latest(report.facts, measure.key_stage, measure.code, "all", "gap")
    if fact is None:
        return ""
    partners = wording.latest(
        report.facts, measure.key_stage, measure.code, "all", "partners"
    )
    assert partners is not None
    level = f"{report.parameters.comparison.confidence_level:.0%}"
    breaks = "".join(
        f" Dashed line before {academic_year(year)}: {measure.breaks[year]}."
        for year in drawn
    )
    return (
        f"{measure.label} ({measure.unit_of_level}), means weighted by {measure.counted}, "
        f"with {level} cluster-robust intervals. State-funded mainstream schools; "
        f"{academic_year(fact.year)}: {partners.schools:,} {report.asked.called} with "
        f"{partners.pupils:,} {measure.counted}, "
        f"{(fact.schools or 0) - (partners.schools or 0):,} others.{breaks} Whether the two "
        "intervals overlap is no test; the interval of the gap stands in the table. "
        f"{_source(report)}"
    )


def _source(report: Report) -> str:
    return (
        "Source: Department for Education, school performance tables "
        f"({report.parameters.sources.release})"
        f"{', layout only: SYNTHETIC figures' if report.synthetic else ''}."
    )


def _compared_with(report: Report) -> list[str]:
    """Whom members are compared with, in the key stages that have figures."""
    stages = {fact.key_stage for fact in report.facts if fact.value is not None}
    return sorted({report.others[ks] for ks in stages or report.others})


def _years_words(report: Report) -> str:
    """The years whose tables were supplied, for each key stage: 2015/16 to 2018/19."""
    said = []
    for key_stage, inventory in report.inventories.items():
        runs: list[list[int]] = []
        for year in sorted({f["year"] for f in inventory["files"]}):
            if runs and year == runs[-1][-1] + 1:
                runs[-1].append(year)
            else:
                runs.append([year])
        spans = [
            academic_year(run[0])
            + (f" to {academic_year(run[-1])}" if len(run) > 1 else "")
            for run in runs
        ]
        years = " and ".join(spans) or "not supplied"
        held = {str(f["area"]) for f in inventory["files"]}
        if held and "england" not in held:
            named = " and ".join(areas.name_of(area) for area in sorted(held))
            years += f" ({named} only)"
        said.append(f"key stage {key_stage[-1]} {years}")
    return "; ".join(said)


def _register_words(register: dict[str, Any]) -> str:
    if not register["supplied"]:
        return f"The members of this evaluation were {register['reason']}."
    in_stage = register["in_key_stage"]
    return (
        f"The register lists {register['schools']:,} schools in {register['spells']:,} "
        f"spells of membership and {register['hubs']:,} hubs; {in_stage['ks2']:,} of them "
        f"stand in key stage 2 tables, {in_stage['ks4']:,} in key stage 4 tables and "
        f"{in_stage['ks5']:,} in tables of 16 to 18; {register['not_in_these_files']:,} are "
        f"not in these files.{_numbers_words(register)}"
    )


def _numbers_words(register: dict[str, Any]) -> str:
    if "gias" in register["sources_not_supplied"]:
        return ""
    several = register["listed_under_several_numbers"]
    twice = f" {several:,} of them are listed under more than one." if several else ""
    return " Schools are followed through changes of their number." + twice


def _source_table(report: Report) -> Table:
    read = [*report.inventories.values(), report.schools]
    rows = [
        [
            areas.beside(str(f["file"]), str(f.get("area", "england"))),
            str(f["sha256"]),
            rows_of(f.get("rows")),
        ]
        for f in under("files", read)
    ]
    if report.register["supplied"]:
        spells = f"{report.register['spells']:,} spells"
        rows.append([report.register["file"], report.register["sha256"], spells])
    heads = {"File": False, "SHA-256": False, "Rows": False}
    return table("Files of this run", heads, rows, stacks=True)


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    """Add what each row is about, in words, and its unit."""
    codes = zip(table["key_stage"], table["measure"], strict=True)
    about = [measure_of(key_stage, code) for key_stage, code in codes]
    return table.assign(label=[m.label for m in about], unit=[m.unit for m in about])


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {str(name): value for name, value in row.items()}
        for row in plain.to_dict("records")
    ]
