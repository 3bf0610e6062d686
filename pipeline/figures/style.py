"""House style of all charts: colours, marks and lines that do not rely on colour."""

import re
from dataclasses import dataclass
from io import StringIO

import matplotlib as mpl
import seaborn as sns
from afcharts.af_colours import get_af_colours
from matplotlib.figure import Figure

_SALT = "partnership-evaluation"
_FONTS = "Arial, 'DejaVu Sans', sans-serif"

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
            "path.simplify": False,
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
    svg = _lighter(svg)
    svg = re.sub(r'<svg([^>]*?) width="[^"]*"', r"<svg\1", svg, count=1)
    svg = re.sub(r'<svg([^>]*?) height="[^"]*"', r"<svg\1", svg, count=1)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{_escaped(alt)}"', 1)
    return Chart(svg=svg, alt=alt, breaks=breaks)


def _lighter(svg: str) -> str:
    """Leave out of a drawing what nobody sees: a page holds dozens of them.

    Coordinates to a tenth of a point, no comments, empty groups, turns by nothing, ids
    that nothing refers to or space between elements, the fonts named once, and upright
    and level lines with one coordinate instead of two.
    """
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]+"', "<g", svg)
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"\d+\.\d{3,}", _to_tenths, tag[0]), svg)
    at = r"(-?[\d.]+)"
    svg = re.sub(rf"M {at} {at} \nL \1 {at} \n", r"M\1 \2V\3", svg)
    svg = re.sub(rf"M {at} {at} \nL {at} \2 \n", r"M\1 \2H\3", svg)
    svg = re.sub(r" ?\n([MLz]) ?", r"\1", svg)
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    svg = svg.replace(f" font-family: {_FONTS};", "")
    svg = svg.replace("<svg", f'<svg font-family="{_FONTS}"', 1)
    svg = re.sub(r">\n\s*<", "><", svg)
    while "<g/>" in svg or "<g></g>" in svg:
        svg = svg.replace("<g/>", "").replace("<g></g>", "")
    return svg


def _to_tenths(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace('"', "&quot;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
