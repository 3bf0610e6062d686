"""Tables whose cells were spoilt: numbers, codes, names, sizes."""

from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pipeline.sources.suppression import REASONS
from tests.fuzz.cases import Changed, Expect, Start, content_of, mutation
from tests.fuzz.columns import figure_places, figures, header, read_places, text_places
from tests.fuzz.grids import Rows, Sheet, bytes_of
from tests.fuzz.spoil_tables import all_rows, any_start, by_name, with_rows

CELLS = "cells"
_Value = TypeVar("_Value")

NUMBERS = (
    "1e5", "1E-3", "1,234", "1.234,5", "٣", "３", "१२", "NaN", "nan", "-nan", "inf", "-inf",
    "Infinity", "0x10", "0b1", "1_000", "4٫5", "−5", "–5", "5-", "(5)", "--5", "+-5", "1 000",
    "1\u00a0000", "½", "²", "5..", "5.5.5", ".", "-", "+", "%", "5%%", "%5", "5 %", "$5", "5p",
    "1/2", "01/02/2018", "12:30", "#N/A", "#DIV/0!", "#REF!", "=1+1", "True", "None", "null",
    "9" * 400, "0." + "0" * 400 + "1", "1" + "0" * 400, "-" + "9" * 30, "1e400", "-0", "+0.50",
    "000012", "5.", ".5", "\u200b5", "5\u200b", "5\x0b", "\ufeff5", "5\x85", "\x1f5", "０.５",
    "100.0000001", "1e", "1d5", "0o7", "5f", "5L", "𝟓", "৳5", "5٪",
)  # fmt: skip
CODES = (
    "SUPPRESSED", "SUP", "N/A", "n/a", "*", "**", "..", ":", "~", "!", "[c]", "[z]", "cc", "zz",
    "lowcov2", "DNS", "SUPP SUPP", "S U P P", "ＳＵＰＰ", "SUPP\u200b", "SUРР", "NE;NE", "<SUPP>",
    "NEW!", "-1", "999", "9999", "-99", "unknown", "missing", "supp.",
)  # fmt: skip
NAMES = (
    "=HYPERLINK(\"http://example.org\",\"x\")", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)",
    "=1+1", "\t=1+1", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</td></tr>",
    "<!--", "&amp;&lt;", "{{ 7*7 }}", "{% raw %}", "${jndi:ldap://x}", "%s%n%d", "{0.__class__}",
    "Robert'); DROP TABLE schools;--", "../../etc/passwd", "a\\b", "\u202eloohcS", "\u200bSchool",
    "S\u0301chool", "\x1b[31mred\x1b[0m", "bell\x07", "line\nbreak", "line\r\nbreak", "tab\there",
    "a,b", 'say "hi"', "O'Brien", "ﬁ ﬂ", "İı", "ß", "🏫" * 50, "\U0010ffff", "\ufffe", "\x85",
    "\u2028", "NA", "NULL", "None", "nan", "True", "100001", "1e5", "2018-09-01", " ", "'", "''=1",
    "School\u00a0Name", "[link](javascript:alert(1))", "| a | b |", "# h", "`x`", "$x$", "\\x",
)  # fmt: skip

_ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
_NUMBER_LIKE = st.one_of(
    st.sampled_from(NUMBERS),
    st.floats(allow_nan=True).map(repr),
    st.floats(-200, 200).map("{:.3e}".format),
    st.integers().map("{:,}".format),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.text("0123456789+-.,%eE_ ٣−", max_size=12),
    st.tuples(st.sampled_from(("", " ", "\u00a0", "\t")), st.integers(-150, 150)).map(
        lambda parts: f"{parts[0]}{parts[1]}{parts[0]}"
    ),
)


def drawn(strategy: st.SearchStrategy[_Value], rng: Random, count: int = 4) -> _Value:
    """Draw one example by hypothesis, the same for the same random numbers.

    The first example of every run is the plainest one, so a later one is taken.
    """
    found: list[_Value] = []

    @seed(rng.getrandbits(32))
    @settings(
        max_examples=count,
        derandomize=False,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(example: _Value) -> None:
        found.append(example)

    draw()
    return found[-1]


def of_figures(start: Start) -> bool:
    """Readers of published figures and of the codes in their place."""
    return start.reader in ("performance", "stage", "ees", "context", "trusts")


def _put(
    start: Start,
    rng: Random,
    places: list[int],
    texts: list[str],
    expects: Expect | None = None,
) -> Changed:
    """Put texts into cells of random rows."""
    rows = all_rows(start)
    for text in texts:
        if len(rows) > 1:
            rows[rng.randrange(1, len(rows))][rng.choice(places)] = text
    return with_rows(start, rows, expects)


@mutation("numbers written in other ways", CELLS, Expect.TOLD, applies=any_start, weight=6)
def _(start: Start, rng: Random) -> Changed:
    texts = [rng.choice(NUMBERS) for _ in range(rng.choice((1, 1, 1, 4)))]
    return _put(start, rng, figure_places(start), texts)


@mutation("numbers drawn by hypothesis", CELLS, Expect.TOLD, applies=any_start, weight=4)
def _(start: Start, rng: Random) -> Changed:
    texts = drawn(st.lists(_NUMBER_LIKE, min_size=1, max_size=3), rng)
    return _put(start, rng, figure_places(start), texts)


@mutation("texts drawn by hypothesis", CELLS, Expect.TOLD, applies=any_start, weight=4)
def _(start: Start, rng: Random) -> Changed:
    texts = drawn(st.lists(_ANY_TEXT, min_size=1, max_size=5), rng)
    places = read_places(start) if rng.random() < 0.5 else text_places(start)
    return _put(start, rng, places, texts)


@mutation("whole tables drawn by hypothesis", CELLS, Expect.TOLD, weight=2)
def _(start: Start, rng: Random) -> Changed:
    known = [header(start)[at] for at in read_places(start)][:60]
    names = st.lists(st.sampled_from(known), min_size=1, max_size=12)
    cells = st.one_of(
        _NUMBER_LIKE,
        _ANY_TEXT,
        st.sampled_from(("1", "4", "100001", "SUPP", "", "School", "Total")),
    )
    rows = names.flatmap(
        lambda header: st.lists(
            st.lists(cells, min_size=0, max_size=len(header) + 1), max_size=6
        ).map(lambda body: [header, *body])
    )
    table: Rows = drawn(rows, rng)
    return content_of(start, bytes_of(Sheet(table)))


@mutation(
    "numbers of the same value, written longer",
    CELLS,
    Expect.SAME,
    applies=of_figures,
    weight=2,
)
def _(start: Start, rng: Random) -> Changed:
    known = figures()
    places = [at for at, name in enumerate(header(start)) if name in known]
    rows = all_rows(start)

    def rewritten(text: str) -> str:
        plain = text.strip()
        number = plain.removesuffix("%")
        if not number or set(number.lstrip("+-")) - set("0123456789."):
            return text
        sign = "-" if number.startswith("-") else rng.choice(("", "", "+"))
        digits = number.lstrip("+-")
        digits = rng.choice(("", "0", "00")) + digits
        digits += rng.choice(("", "0")) if "." in digits else rng.choice(("", ".", ".0"))
        return f"{rng.choice(('', ' '))}{sign}{digits}{plain[len(number) :]}{rng.choice(('', ' '))}"

    for row in rows[1:]:
        for at in places:
            if rng.random() < 0.3:
                row[at] = rewritten(row[at])
    # A declared correction expects the letters of the error that it corrects.
    corrected = "2024-2025/" in start.place or "_ks2" in start.place
    return with_rows(start, rows, Expect.SAME_OR_FAULT if corrected else None)


@mutation("codes in other letters", CELLS, Expect.SAME, applies=of_figures, weight=1)
def _(start: Start, rng: Random) -> Changed:
    known = figures()
    places = [at for at, name in enumerate(header(start)) if name in known]
    change = rng.choice((str.lower, str.upper, str.title, str.swapcase))
    rows = all_rows(start)
    for row in rows[1:]:
        for at in places:
            if row[at].strip().upper() in REASONS:
                row[at] = f"{' ' * rng.randrange(2)}{change(row[at])}"
    return with_rows(start, rows)


@mutation("codes that nobody knows", CELLS, Expect.TOLD, applies=any_start, weight=2)
def _(start: Start, rng: Random) -> Changed:
    return _put(start, rng, figure_places(start), [rng.choice(CODES)])


@mutation("cells padded", CELLS, Expect.SAME, applies=by_name, weight=1)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    padding = rng.choice((" ", "  ", "\u00a0", "\t"))
    for row in rows[1:]:
        for at, text in enumerate(row):
            if text and rng.random() < 0.3:
                row[at] = rng.choice((text + padding, padding + text))
    return with_rows(start, rows)


@mutation("formulas, markup and control signs in names", CELLS, Expect.TOLD,
          applies=any_start, weight=6)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    texts = [rng.choice(NAMES) for _ in range(rng.choice((1, 3, 10)))]
    return _put(start, rng, text_places(start), texts)


@mutation("the same in every other column", CELLS, Expect.TOLD, applies=any_start, weight=3)
def _(start: Start, rng: Random) -> Changed:
    return _put(start, rng, read_places(start), [rng.choice(NAMES)])


@mutation(
    "markup and control signs in the header",
    CELLS,
    Expect.TOLD,
    applies=any_start,
    weight=2,
)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    rows[0][rng.randrange(len(rows[0]))] = rng.choice(NAMES)
    return with_rows(start, rows)


@mutation("a cell of 200 kB to 10 MB", CELLS, Expect.TOLD, applies=any_start, weight=1)
def _(start: Start, rng: Random) -> Changed:
    size = rng.choice((131_073, 1_000_000, 1_000_000, 10_000_000))
    if start.is_workbook:
        size = min(size, 1_000_000)
    text = rng.choice(("x", "9", "é", "a,b", "=", "<b>")) * size
    places = text_places(start) if rng.random() < 0.6 else read_places(start)
    return _put(start, rng, places, [text[:size]])


@mutation("a header of 1 MB", CELLS, Expect.TOLD, applies=any_start, weight=1)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    at = rng.choice(read_places(start))
    rows[0][at] = rows[0][at] + "X" * 1_000_000
    return with_rows(start, rows)
