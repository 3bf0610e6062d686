"""Every parameter of a run: typed, described and checked in one place."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.run import locations
from pipeline.run.faults import Fault

EVALUATION_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
# A folder of the rendered reports, and what papermill would read as numbers.
TAKEN_NAMES = {"notebooks", "data-quality", "nan", "inf"}


WorldName = Literal[
    "selection-and-effect",
    "no-effect",
    "constant-effect",
    "growing-effect",
    "disadvantaged-only",
    "selection-on-level",
    "selection-on-trend",
    "regression-to-the-mean",
    "anticipation",
    "spill-over",
]
"""The worlds of the synthetic England, each with another truth planted."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sources(_Section):
    """Where the government's published results lie."""

    folder: str = Field(
        min_length=1,
        description=(
            "Folder of downloads named as the department names them: "
            "`<academic year>/<LA code or england>_ks2final.csv`, `..._ks4final.csv`."
        ),
    )
    release: Literal["final", "revised", "provisional"] = Field(
        description=(
            "Which release of the tables is read. Releases are never mixed: they "
            "differ (Attainment 8 in 2018/19: 46.5 provisional, 46.7 final)."
        )
    )
    gias: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Folder with the department's register of schools (GIAS): establishments, "
            "links between them, memberships of trusts. Empty: schools are followed by "
            "their numbers alone."
        ),
    )
    ofsted: str | None = Field(
        default=None,
        min_length=1,
        description="Folder with Ofsted's outcomes of inspections, each as at a date.",
    )
    context: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Folder with census, absence, destinations and trust tables, laid out as the "
            "downloads are; it may be the same folder."
        ),
    )

    @property
    def optional(self) -> dict[str, str | None]:
        """The sources that a run can do without, and where they lie."""
        return {"gias": self.gias, "ofsted": self.ofsted, "context": self.context}


class Lineage(_Section):
    """Which changes of a school's number carry its history on.

    A conversion always does: it is the same school under a new number.
    """

    sponsored: Literal["break", "carry"] = Field(
        description=(
            "A school that reopens under a sponsor: a new school (`break`), or the old "
            "one going on (`carry`). The department's tables leave the earlier years of "
            "a sponsored academy blank."
        )
    )
    merged: Literal["survivor", "carry"] = Field(
        description=(
            "A school that joins one already open: that one goes on under its own key "
            "(`survivor`), or the earlier years of both count to it (`carry`)."
        )
    )
    amalgamated: Literal["break", "survivor", "carry"] = Field(
        description=(
            "Several schools close and one opens: a new school (`break`), or it goes on "
            "from the only one whose pupils leave at the same age (`survivor`), or from "
            "all of them (`carry`)."
        )
    )
    split: Literal["break", "survivor"] = Field(
        description=(
            "One school gives way to several: all are new (`break`), or the only one "
            "whose pupils leave at the same age goes on (`survivor`)."
        )
    )


class Registers(_Section):
    """Where the organisation's own records lie."""

    folder: str = Field(
        min_length=1,
        description=(
            "Folder with `partners.csv` (urn, name, joined, left, hub) and, where "
            "there are programmes, `programmes.csv` "
            "(programme, urn, cohort, joined, left, trio)."
        ),
    )


class Years(_Section):
    """Which academic years are evaluated, each named by the year in which it ends."""

    first: int = Field(
        ge=2016,
        le=2100,
        description=(
            "First academic year (its end). Progress 8 and the present key stage 2 "
            "progress measures begin in 2016."
        ),
    )
    last: int = Field(ge=2016, le=2100, description="Last academic year (its end).")

    @model_validator(mode="after")
    def _in_order(self) -> "Years":
        if self.last < self.first:
            raise ValueError(f"the last year ({self.last}) lies before the first")
        return self

    @property
    def all(self) -> range:
        """All years from first to last."""
        return range(self.first, self.last + 1)


class Comparison(_Section):
    """How partners are compared with the rest."""

    confidence_level: float = Field(
        ge=0.5, le=0.999, description="Confidence level of every interval."
    )
    draws: int = Field(
        ge=0,
        le=100_000,
        description=(
            "Random sets of schools to which each gap is put, for its randomisation p. "
            "No p is below 2 / (draws + 1). With 0 there is none, and the report says so."
        ),
    )
    seed: int = Field(ge=0, description="Seed of the random sets of schools.")


class Disclosure(_Section):
    """What is too small to show."""

    suppress_pupils_up_to: int = Field(
        ge=5,
        le=100,
        description=(
            "A comparison with 1 to this many pupils on either side is not shown: "
            "partners, rest and gap are withheld together. So is a comparison of "
            "disadvantaged pupils that leaves as few others. The department's rule is 5."
        ),
    )


class Evaluation(_Section):
    """One report: who is compared with the rest of England."""

    title: str = Field(min_length=1, description="Title of the report.")
    question: str = Field(min_length=1, description="The question the report answers.")
    members: Literal["partners.csv", "programmes.csv"] = Field(
        description="File in `registers.folder` that lists the members, with dates."
    )
    programme: str | None = Field(
        default=None,
        description="Which programme's rows of `programmes.csv` count.",
    )
    called: str = Field(
        default="partner schools",
        min_length=1,
        description="What the report calls the members: 'partner schools'.",
    )
    chosen: str | None = Field(
        default=None,
        description=(
            "How the members came to take part, where that bears on their results: a "
            "sentence that stands beside the headlines."
        ),
    )

    @model_validator(mode="after")
    def _programme_named(self) -> "Evaluation":
        if (self.members == "programmes.csv") != (self.programme is not None):
            raise ValueError(
                "`programme` belongs to `members: programmes.csv`, and only there"
            )
        return self


class England(_Section):
    """The synthetic England that a run without downloads uses."""

    world: WorldName = Field(
        description=(
            "What is planted, told in `data/cards/synthetic-england.md`; `truth.json` "
            "beside the England says what an honest analysis should find."
        )
    )
    seed: int = Field(ge=0, description="Seed of every random draw.")
    primary_schools: int = Field(
        ge=60, le=20000, description="State-funded mainstream primary schools."
    )
    secondary_schools: int = Field(
        ge=40, le=5000, description="State-funded mainstream secondary schools."
    )


class Parameters(_Section):
    """All parameters of a run."""

    sources: Sources
    lineage: Lineage
    registers: Registers
    years: Years
    comparison: Comparison
    disclosure: Disclosure
    evaluations: dict[str, Evaluation] = Field(
        min_length=1,
        description=(
            "The reports, by the name of their folder in `reports/rendered/` "
            "(small letters, digits and hyphens)."
        ),
    )
    england: England

    @model_validator(mode="after")
    def _names_make_folders(self) -> "Parameters":
        for name in self.evaluations:
            if not EVALUATION_NAME.fullmatch(name) or name in TAKEN_NAMES:
                raise ValueError(
                    f"evaluation {name!r}: a name begins with a small letter and has at "
                    "most 60 small letters, digits and hyphens; 'notebooks', "
                    "'data-quality', 'nan' and 'inf' are taken"
                )
        return self

    def evaluation(self, name: str) -> Evaluation:
        """Find one evaluation. Raises Fault, with the nearest name, where there is none."""
        if name not in self.evaluations:
            raise Fault(
                f"params.yaml: no evaluation {name!r}"
                + _nearest(name, list(self.evaluations))
            )
        return self.evaluations[name]


def load(path: Path | None = None, changes: Mapping[str, str] | None = None) -> Parameters:
    """Read and check `params.yaml`, with some values changed as `dvc exp run -S` does.

    Raises Fault that names every unknown or impossible parameter, with the nearest
    known name where there is one.
    """
    path = path or locations.root() / "params.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise Fault(
            f"{path.name}: not found. Restore it: git checkout params.yaml"
        ) from missing
    except OSError as unreadable:
        raise Fault(f"{path.name}: cannot be read ({unreadable.strerror})") from unreadable
    except UnicodeDecodeError as broken:
        raise Fault(f"{path.name}: not in UTF-8; save it as UTF-8 text") from broken
    except yaml.YAMLError as broken:
        raise Fault(f"{path.name}: not valid YAML: {broken}") from broken
    return check(_changed(content, changes or {}), name=path.name)


def _changed(content: Any, changes: Mapping[str, str]) -> Any:
    for place, text in changes.items():
        section = content
        *above, last = place.split(".")
        for key in above:
            if not isinstance(section, dict) or not isinstance(section.get(key), dict):
                known = list(section) if isinstance(section, dict) else []
                raise Fault(f"{place}: unknown parameter" + _nearest(key, known))
            section = section[key]
        section[last] = yaml.safe_load(text) if text else ""
    return content


def check(content: Any, *, name: str = "params.yaml") -> Parameters:
    """Check the content of a parameter file; see `load`."""
    if not isinstance(content, dict):
        raise Fault(f"{name}: expected sections such as 'sources:', found {content!r}")
    try:
        return Parameters.model_validate(content)
    except ValidationError as faults:
        told = [_tell(fault) for fault in faults.errors()]
        raise Fault(f"{name}:\n" + "\n".join(f"  {line}" for line in told)) from None


def _tell(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _known_keys(fault["loc"][:-1])
        return f"{place}: unknown parameter" + _nearest(str(fault["loc"][-1]), known)
    if fault["type"] == "missing":
        return f"{place}: missing; reports/methods/parameters.md describes it"
    message = fault["msg"].removeprefix("Value error, ")
    given = "" if isinstance(fault["input"], dict) else f" (found {fault['input']!r})"
    expected = fault.get("ctx", {}).get("expected")
    hint = ""
    if expected and isinstance(fault["input"], str):
        hint = _nearest(fault["input"], [v.strip("' ") for v in _split(expected)])
    return f"{place or 'parameters'}: {message}{given}{hint}"


def _split(expected: str) -> list[str]:
    return expected.replace(" or ", ",").split(",")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return "; known are " + ", ".join(repr(k) for k in known)


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Parameters
    for part in place:
        if part in model.model_fields:
            kind = model.model_fields[str(part)].annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
            elif part == "evaluations":
                model = Evaluation
    return list(model.model_fields)


def describe() -> str:
    """Write the reference of all parameters as Markdown."""
    lines = [
        "# Parameters",
        "",
        "Written by the stage `check` from `pipeline/run/parameters.py`; change it there.",
        "Values stand in `params.yaml`; one run with others:",
        "`dvc exp run -S sources.folder=... -S registers.folder=...`.",
    ]
    for section, field in Parameters.model_fields.items():
        kind = Evaluation if section == "evaluations" else field.annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            continue
        title = f"{section}.<name>" if section == "evaluations" else section
        lines += ["", f"## {title}", "", (kind.__doc__ or "").strip()]
        if field.description:
            lines += ["", field.description]
        lines += ["", "| parameter | may hold | what it is |", "| --- | --- | --- |"]
        for name, entry in kind.model_json_schema()["properties"].items():
            holds = _may_hold(entry)
            lines.append(f"| `{name}` | {holds} | {entry.get('description', '')} |")
    return "\n".join(lines) + "\n"


def _may_hold(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return " or ".join(f"`{value}`" for value in entry["enum"])
    if "anyOf" in entry:
        return "text, or left out"
    kind = {"string": "text", "integer": "whole number", "number": "number"}[entry["type"]]
    low, high = entry.get("minimum"), entry.get("maximum")
    if low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    return kind if low is None else f"{kind}, {low} or more"
