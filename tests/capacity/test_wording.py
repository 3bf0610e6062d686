"""No word here says that one thing brought about another: nothing here could show it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "data" / "reference" / "contributions_2018_19.csv"
MODULES = [
    path
    for folder in ("capacity", "contribution")
    for path in sorted((ROOT / "pipeline" / folder).glob("*.py"))
]
FILES = [*MODULES, EXAMPLE]
CAUSAL = re.compile(
    r"\b(caus\w*|because|due to|thanks to|owing to|led to|leads? to better|effects?"
    r"|impacts?|improv\w*|results? (?:in|of|from)|resulted|helps?|helped|rais(?:e|es|ed|ing)"
    r"|boost\w*|driv(?:e|es|en|ing)|enabl\w*|transform\w*|made a difference|benefit\w*"
    r"|as a (?:result|consequence)|brought about|therefore)\b",
    re.IGNORECASE,
)


def texts(path):
    """The texts of a module that are no docstrings; the whole of any other file."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return [source]
    tree = ast.parse(source)
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in told
    ]


def test_there_is_something_to_look_at():
    assert len(FILES) > 8
    assert sum(len(texts(path)) for path in FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_text_that_reaches_a_reader_is_causal(path):
    found = [match[0] for text in texts(path) for match in CAUSAL.finditer(text)]
    assert not found


@pytest.mark.parametrize(
    "causal",
    [
        "leaders improved their schools",
        "results rose because of visits",
        "the impact of reviews",
        "visits led to better teaching",
    ],
)
def test_a_causal_word_would_be_found(causal):
    assert CAUSAL.search(causal)


def test_what_is_merely_counted_would_not():
    assert not CAUSAL.search("reviews led per trained reviewer; leading at one host")
