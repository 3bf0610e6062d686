"""Executed notebooks as pages: prose first, code folded, marked like every page."""

import sys

# See pipeline/run/engine.py: 1.4 s at every import where JupyterLab is installed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import re  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import nbformat  # noqa: E402
from markupsafe import Markup, escape  # noqa: E402
from nbconvert.filters.markdown_mistune import markdown2html_mistune  # noqa: E402
from pygments import highlight  # noqa: E402
from pygments.formatters import HtmlFormatter  # noqa: E402
from pygments.lexers import PythonLexer  # noqa: E402

from pipeline.publication import pages  # noqa: E402


@dataclass(frozen=True)
class NotebookPage:
    """One executed notebook, ready to be laid out."""

    file_name: str
    title: str
    parameters: str
    html: str


@dataclass(frozen=True)
class _Shown:
    kind: str
    html: Markup
    number: int = 0
    outputs: tuple[Markup, ...] = ()


def notebook_page(path: Path, *, synthetic: bool) -> NotebookPage:
    """Lay out one executed notebook.

    nbconvert's own page loads scripts from elsewhere and gives pictures a stock text in
    place of alt text, so only its Markdown filter is used here. Outputs that are HTML
    come from our own tables; every other output is shown as text.
    """
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    title = _title(notebook, path)
    passed = notebook.metadata.get("papermill", {}).get("parameters", {})
    parameters = ", ".join(f"{name} = {value}" for name, value in passed.items())
    cells = [_shown(cell, number) for number, cell in enumerate(notebook.cells, start=1)]
    return NotebookPage(
        file_name=f"{path.stem}.html",
        title=title,
        parameters=parameters,
        html=pages.render(
            "notebook.html.j2",
            synthetic=synthetic,
            title=f"{title} ({parameters})" if parameters else title,
            source=notebook.metadata.get("papermill", {}).get("input_path", path.name),
            cells=cells,
        ),
    )


def _title(notebook: nbformat.NotebookNode, path: Path) -> str:
    for cell in notebook.cells:
        found = re.search(r"^# (.+)$", cell.source, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            return found[1].strip()
    return path.stem


def _shown(cell: nbformat.NotebookNode, number: int) -> _Shown:
    if cell.cell_type == "markdown":
        # The page gives the notebook's title as its heading; here it would come twice.
        source = re.sub(r"\A# .+\n*", "", cell.source)
        html = re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html_mistune(source))
        return _Shown("prose", Markup(html))
    code = highlight(cell.source, PythonLexer(), HtmlFormatter(nowrap=True))
    return _Shown(
        kind="code",
        html=Markup(code),
        number=number,
        outputs=tuple(_output(output) for output in cell.outputs),
    )


def _output(output: nbformat.NotebookNode) -> Markup:
    data = output.get("data", {})
    if "text/html" in data:
        return Markup(_accessible(_text(data["text/html"])))
    if "image/svg+xml" in data:
        return Markup(_text(data["image/svg+xml"]))
    text = _text(data.get("text/plain", output.get("text", "")))
    return Markup("<pre>") + escape(text) + Markup("</pre>")


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _accessible(html: str) -> str:
    """Give pandas' tables what a screen reader needs, and drop their own style."""
    html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    html = html.replace('<table border="1" class="dataframe">', "<table>")
    html = html.replace('<tr style="text-align: right;">', "<tr>")
    html = re.sub(r"<thead>(.*?)</thead>", _column_heads, html, flags=re.DOTALL)
    head, body, rest = html.partition("<tbody>")
    return head + body + rest.replace("<th>", '<th scope="row">')


def _column_heads(match: re.Match[str]) -> str:
    # pandas leaves the corner above the row heads empty: a head without words.
    heads = re.sub(r"<th></th>", "<td></td>", match[1])
    return "<thead>" + heads.replace("<th>", '<th scope="col">') + "</thead>"
