"""Where every table, notebook and report of a run stands."""

import os
from functools import cache
from pathlib import Path

from pipeline.measures.measure import KeyStage

SYNTHETIC_MARK = "SYNTHETIC.md"
"""A folder that holds this file is made up from end to end, and says so."""


@cache
def root() -> Path:
    """Find the project's folder: the nearest one above that holds `dvc.yaml`.

    JupyterLab starts a kernel in `notebooks/`, Papermill in the project's folder: both
    find the same place. Raises FileNotFoundError outside a project.
    """
    here = Path(os.environ.get("PARTNERSHIP_ROOT", Path.cwd())).resolve()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no dvc.yaml in {here} or above it: not a project folder")


def england() -> Path:
    """Folder of the synthetic England: downloads, registers and the planted truth."""
    return root() / "data" / "england"


def results(key_stage: KeyStage) -> Path:
    """Cleaned results: one row per school, year, measure and group of pupils."""
    return root() / "data" / "results" / f"{key_stage}.parquet"


def schools(key_stage: KeyStage) -> Path:
    """Every school row of the tables: name, type, local authority, file and row."""
    return root() / "data" / "results" / f"{key_stage}_schools.parquet"


def aggregates(key_stage: KeyStage) -> Path:
    """Published local authority and national figures, as the tables give them."""
    return root() / "data" / "results" / f"{key_stage}_aggregates.parquet"


def inventory(key_stage: KeyStage) -> Path:
    """Which files were read: hash, rows by kind, what each lacks."""
    return root() / "data" / "results" / f"{key_stage}_files.json"


def supplied() -> Path:
    """Which optional sources there are: the files of each, with their hashes."""
    return root() / "data" / "supplied.json"


def school_table(name: str) -> Path:
    """One table of what is known of schools, such as `establishments` or `lineage`."""
    return root() / "data" / "schools" / f"{name}.parquet"


def school_inventory() -> Path:
    """Which files of schools were read, what each lacks, which were not supplied."""
    return root() / "data" / "schools" / "files.json"


def data_package() -> Path:
    """What every table of results holds, for other people's programs."""
    return root() / "data" / "datapackage.json"


def open_table(key_stage: KeyStage) -> Path:
    """One key stage in the layout in which England's statistics are exchanged."""
    return root() / "data" / "open" / f"{key_stage}_schools.csv"


def panel(evaluation: str) -> Path:
    """Which school was a member in which year."""
    return root() / "data" / "panel" / evaluation / "members.csv"


def flow(evaluation: str) -> Path:
    """How many schools were listed, lost (why) and analysed, by year and measure."""
    return root() / "data" / "panel" / evaluation / "flow.csv"


def register_summary(evaluation: str) -> Path:
    """What the register holds: spells, schools, hubs, file and hash."""
    return root() / "data" / "panel" / evaluation / "register.json"


def estimates(evaluation: str) -> Path:
    """Partners, rest and gap, by measure, group and year."""
    return root() / "data" / "estimates" / evaluation / "gaps.csv"


def national_check(evaluation: str) -> Path:
    """Our recomputed national figures beside the published ones."""
    return root() / "data" / "estimates" / evaluation / "national.csv"


def disadvantage(evaluation: str) -> Path:
    """The gap of disadvantaged pupils, within schools and between them."""
    return root() / "data" / "estimates" / evaluation / "disadvantage.csv"


def spread(evaluation: str) -> Path:
    """What a typical school shows, and how schools differ."""
    return root() / "data" / "estimates" / evaluation / "spread.csv"


def lineage(evaluation: str) -> Path:
    """Which files, and how many rows of each, every estimate was made from."""
    return root() / "data" / "estimates" / evaluation / "lineage.csv"


def improvement(evaluation: str) -> Path:
    """What was found about change: growth, event study, matched comparison."""
    return root() / "data" / "improvement" / evaluation / "findings.csv"


def robustness(evaluation: str) -> Path:
    """What tried to break those findings, and what came of it."""
    return root() / "data" / "robustness" / evaluation / "findings.csv"


def specifications(evaluation: str) -> Path:
    """Every fit of the specification curves, one row each."""
    return root() / "data" / "robustness" / evaluation / "specifications.csv"


def facts(evaluation: str) -> Path:
    """Every fact of an evaluation, for machines and for the front page."""
    return root() / "data" / "facts" / f"{evaluation}.json"


def report(evaluation: str) -> Path:
    """Folder of one rendered report."""
    return root() / "reports" / "rendered" / evaluation


def rendered() -> Path:
    """Folder of everything that evaluators open."""
    return root() / "reports" / "rendered"


def runs() -> Path:
    """Folder of executed notebooks."""
    return root() / "reports" / "runs"


def failed() -> Path:
    """Folder of notebooks that stopped half-way, kept as evidence."""
    return root() / "reports" / "failed"


def metrics() -> Path:
    """Facts of the run in git, so that a diff shows which number moved."""
    return root() / "reports" / "metrics" / "facts.json"


def parameters_page() -> Path:
    """Reference of all parameters, written from their definitions."""
    return root() / "reports" / "methods" / "parameters.md"


def reference(name: str) -> Path:
    """One of the published figures that are kept with the project."""
    return root() / "data" / "reference" / name


def is_synthetic(folder: Path) -> bool:
    """Whether everything in a folder of sources or registers is made up."""
    return (folder / SYNTHETIC_MARK).is_file()


def shown(path: Path) -> str:
    """Write a path as a reader should see it: relative to the project where it can be."""
    try:
        return path.resolve().relative_to(root()).as_posix()
    except ValueError:
        return Path(os.path.relpath(path, root())).as_posix()
