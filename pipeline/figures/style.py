"""House style of all charts: colours, marks and lines that do not rely on colour."""

import re
from dataclasses import dataclass
from io import StringIO

import matplotlib as mpl
import seaborn as sns
from afcharts.af_colours import get_af_colours
from matplotlib.figure import Figure

_SALT = "partnership-evaluation"

PARTNERS_COLOUR = str(get_af_colours("duo")[0])
# The style's focus palette greys out the rest with #BFBFBF, which stands out too little
# against white (1.8 to 1) for a mark that carries data; WCAG asks for 3 to 1.
REST_COLOUR = "#6b6b6b"
BREAK_COLOUR = "#801650"


@dataclass(frozen=True)
class Chart:
    """A drawn chart: the same bytes for the same data."""

    svg: str
    alt: str
    breaks: tuple[int, ...] = ()
    """Years before which a line says that figures are not comparable."""


def begin() -> None:
    """Set the style for the charts that follow; the same for every machine."""
    sns.set_theme(style="ticks", context="notebook")
    mpl.rcParams.update(
        {
            "figure.dpi": 100,
            "svg.hashsalt": _SALT,
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": 12,
            "axes.edgecolor": "#414042",
            "axes.labelcolor": "#0b0c0c",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "axes.axisbelow": True,
            "grid.color": "#d9d9d9",
            "xtick.color": "#0b0c0c",
            "ytick.color": "#0b0c0c",
        }
    )


def finish(figure: Figure, *, alt: str, name: str, breaks: tuple[int, ...] = ()) -> Chart:
    """Turn a figure into inline SVG with its alt text.

    `name` makes the ids of this chart unlike those of any other on the page; without it
    one chart's clipping path would cut another's.
    """
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(xlink:href|href)="#([^"]+)"', rf'\1="#{name}-\2"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = svg.replace("'DejaVu Sans'", "Arial, 'DejaVu Sans'")
    svg = re.sub(r'<svg([^>]*?) width="[^"]*"', r"<svg\1", svg, count=1)
    svg = re.sub(r'<svg([^>]*?) height="[^"]*"', r"<svg\1", svg, count=1)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{_escaped(alt)}"', 1)
    return Chart(svg=svg, alt=alt, breaks=breaks)


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace('"', "&quot;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
