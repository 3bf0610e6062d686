"""The front page, the notebooks beside the reports, and the facts that git keeps."""

import json
from pathlib import Path
from typing import Any

from pipeline.contracts import promise
from pipeline.measures.measure import KEY_STAGES
from pipeline.publication import pages
from pipeline.publication.notebook_pages import NotebookPage, notebook_page
from pipeline.run import locations, parameters
from pipeline.run.parameters import Parameters


def build() -> Path:
    """Write the front page, the notebooks' pages and the metrics; name the front page."""
    asked = parameters.load()
    reports = {name: _results(name) for name in asked.evaluations}
    synthetic = any(report["synthetic"] for report in reports.values())
    notebooks = [notebook_page(path, synthetic=synthetic) for path in _runs(asked)]
    folder = locations.rendered()
    for notebook in notebooks:
        promise.write_text(notebook.html, folder / "notebooks" / notebook.file_name)
    promise.write_text(
        _notebooks_index(notebooks, synthetic), folder / "notebooks" / "index.html"
    )
    promise.write_text(json.dumps(_metrics(reports), indent=1) + "\n", locations.metrics())
    front = folder / "index.html"
    promise.write_text(_front_page(asked, reports, synthetic), front)
    return front


def _runs(asked: Parameters) -> list[Path]:
    """Executed notebooks in the order of the story; none of an evaluation that is gone."""
    # A notebook without a key is of the whole run.
    keys = ("", *KEY_STAGES, *asked.evaluations)
    return [
        path
        for path in sorted(locations.runs().glob("*.ipynb"))
        if path.stem.partition("-")[2] in keys
    ]


def _results(evaluation: str) -> dict[str, Any]:
    text = locations.facts(evaluation).read_text(encoding="utf-8")
    results: dict[str, Any] = json.loads(text)
    return results


def _metrics(reports: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Value and interval of every fact, one per line, so that a diff names what moved."""
    return {
        name: {
            fact["id"]: {key: fact[key] for key in ("value", "low", "high")}
            for fact in report["facts"]
            if fact["value"] is not None
        }
        for name, report in reports.items()
    }


def _front_page(
    asked: Parameters, reports: dict[str, dict[str, Any]], synthetic: bool
) -> str:
    cards = [
        {"href": f"{name}/index.html", "title": entry.title, "text": entry.question}
        for name, entry in asked.evaluations.items()
    ]
    machines = [
        {
            "href": f"{name}/results.json",
            "title": f"{report['title']}: results.json",
            "text": _count(report),
        }
        for name, report in reports.items()
    ]
    review = [
        {
            "href": "notebooks/index.html",
            "title": "Executed notebooks",
            "text": "Every step of the run, with its code and what it showed.",
        },
        {
            "href": "data-quality/index.html",
            "title": "Data quality",
            "text": "How far the published figures agree with each other and with ours.",
        },
    ]
    return pages.render(
        "index.html.j2",
        synthetic=synthetic,
        title="Evaluation of a school partnership",
        lead=(
            "Results of partner schools beside those of other schools in England, from "
            "the government\u2019s published tables."
        ),
        groups=[
            {"title": "Reports", "cards": cards},
            {"title": "For reviewers", "cards": review},
            {"title": "For machines", "cards": machines},
        ],
    )


def _notebooks_index(notebooks: list[NotebookPage], synthetic: bool) -> str:
    cards = [
        {"href": page.file_name, "title": page.title, "text": page.parameters}
        for page in notebooks
    ]
    return pages.render(
        "index.html.j2",
        synthetic=synthetic,
        title="Executed notebooks of this run",
        lead="In the order of the story; each is the executed copy that made the reports.",
        groups=[
            {"title": "Notebooks", "cards": cards},
            {
                "title": "Reports",
                "cards": [
                    {
                        "href": "../index.html",
                        "title": "All reports of this run",
                        "text": "Back to the front page.",
                    }
                ],
            },
        ],
    )


def _count(report: dict[str, Any]) -> str:
    having = sum(fact["value"] is not None for fact in report["facts"])
    return f"{having} facts with a value, {len(report['facts']) - having} with a reason."


if __name__ == "__main__":
    build()
