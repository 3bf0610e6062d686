"""Tables whose rows, columns and separators were spoilt."""

import csv
from collections.abc import Callable
from itertools import pairwise
from random import Random

from tests.fuzz.cases import Changed, Expect, Start, content_of, is_table, mutation
from tests.fuzz.columns import body, header, read_places, sheet, top
from tests.fuzz.grids import Rows, bytes_of, sheet_name, workbook_of

COLUMNS = "columns"
ROWS = "rows"

# Readers that find a column by its name and a school by its number, wherever they stand.
BY_NAME = ("performance", "stage", "ees", "context", "trusts", "gias", "ofsted", "register")


def by_name(start: Start) -> bool:
    return start.reader in BY_NAME


def by_column(start: Start) -> bool:
    """Readers that find columns by name, and rows by their place or by name."""
    return start.reader in (*BY_NAME, "plain", "corrections", "list", "drift") and not (
        start.reader == "plain" and "" in header(start)
    )


def any_start(_: Start) -> bool:
    return True


def with_rows(start: Start, rows: Rows, expects: Expect | None = None) -> Changed:
    """Write other rows in the form of the start, titles above the header kept."""
    rows = [*sheet(start).rows[: top(start)], *rows]
    if start.is_workbook:
        return content_of(start, workbook_of(rows, sheet_name(start.content)), expects)
    return content_of(start, bytes_of(sheet(start).with_rows(rows)), expects)


def all_rows(start: Start) -> Rows:
    """The header and the rows below it, each as long as the header, to be changed."""
    names = sheet(start).rows[top(start)]
    width = len(names)
    return [list(names), *([*row, *[""] * (width - len(row))] for row in body(start))]


def each_row(start: Start, change: Callable[[list[str]], list[str]]) -> Changed:
    return with_rows(start, [change(row) for row in all_rows(start)])


@mutation("columns in another order, with their cells", COLUMNS, Expect.SAME,
          applies=by_column, weight=3)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    order = list(range(len(header(start))))
    if rng.random() < 0.3:
        order.reverse()
    else:
        rng.shuffle(order)
    return each_row(start, lambda row: [row[at] for at in order])


@mutation("two headers exchanged", COLUMNS, Expect.MISLED, applies=any_start, weight=4)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    places = read_places(start)
    if len(places) < 2:
        places = list(range(len(rows[0])))
    a, b = rng.sample(places, 2)
    rows[0][a], rows[0][b] = rows[0][b], rows[0][a]
    return with_rows(start, rows)


@mutation("a column twice", COLUMNS, Expect.TOLD, applies=any_start, weight=2)
def _(start: Start, rng: Random) -> Changed:
    at, to = rng.choice(read_places(start)), rng.randrange(len(header(start)) + 1)
    keeps = rng.random() < 0.5
    rows = all_rows(start)
    other = [rows[0][at], *(row[at] if keeps else row[at - 1] for row in rows[1:])]
    return with_rows(
        start, [[*row[:to], cell, *row[to:]] for row, cell in zip(rows, other, strict=True)]
    )


@mutation("a column lost", COLUMNS, Expect.TOLD, applies=any_start, weight=2)
def _(start: Start, rng: Random) -> Changed:
    at = rng.choice(read_places(start))
    return each_row(start, lambda row: [*row[:at], *row[at + 1 :]])


@mutation("a column that nobody knows", COLUMNS, Expect.SAME, applies=by_name, weight=1)
def _(start: Start, rng: Random) -> Changed:
    at = rng.randrange(len(header(start)) + 1)
    name = rng.choice(("NEWCOL_26", "", "=1+1", "<b>", "URN_2", "É", "P8MEA_MYSTERY"))
    rows = all_rows(start)
    cells = [name, *(rng.choice(("", "1", "x,y", "SUPP")) for _ in rows[1:])]
    return with_rows(
        start, [[*row[:at], cell, *row[at:]] for row, cell in zip(rows, cells, strict=True)]
    )


@mutation("a header misspelt", COLUMNS, Expect.TOLD, applies=any_start, weight=2)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    at = rng.choice(read_places(start))
    name = rows[0][at]
    rows[0][at] = rng.choice(
        (name[:-1], name + "_18", name.replace("P", "Р"), name + "\u200b", "", name[::-1],
         name.replace("_", " "), name + name, f"\ufeff{name}")
    )  # fmt: skip
    return with_rows(start, rows)


@mutation(
    "headers in other capitals, padded", COLUMNS, Expect.SAME, applies=by_column, weight=1
)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    change = rng.choice((str.lower, str.upper, str.title, str.swapcase))
    # Letters whose capital is another letter (ß) stand in no header.
    rows[0] = [change(name) + " " * rng.choice((0, 0, 2)) for name in rows[0]]
    return with_rows(start, rows)


@mutation(
    "the header lost, or in the middle", COLUMNS, Expect.TOLD, applies=any_start, weight=2
)
def _(start: Start, rng: Random) -> Changed:
    names, *rows = all_rows(start)
    at = rng.randrange(len(rows) + 1)
    if rng.random() < 0.5:
        return with_rows(start, [*rows[:at], names, *rows[at:]])
    return with_rows(start, [names, *rows[:at], names, *rows[at:]])


@mutation("very many columns", COLUMNS, Expect.TOLD, applies=any_start, weight=1)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)[: 1 + rng.choice((3, 10))]
    many = rng.choice((5_000, 16_000)) if start.is_workbook else rng.choice((5_000, 50_000))
    extra = [f"X{n}" for n in range(many)]
    return with_rows(
        start, [[*rows[0], *extra], *([*row, *["1"] * many] for row in rows[1:])]
    )


@mutation("a separator too few or too many in a row", COLUMNS, Expect.MISLED, weight=5)
def _(start: Start, rng: Random) -> Changed:
    # Short rows end where their last cell that holds something does, as published.
    rows = [list(row) for row in sheet(start).rows[top(start) :]]
    at = rng.randrange(1, len(rows)) if len(rows) > 1 else 0
    row = rows[at]
    place = rng.randrange(max(len(row) - 1, 1))
    if rng.random() < 0.5 and len(row) > 1:
        rows[at] = [*row[:place], row[place] + row[place + 1], *row[place + 2 :]]
    else:
        half = len(row[place]) // 2
        rows[at] = [*row[:place], row[place][:half], row[place][half:], *row[place + 1 :]]
    return with_rows(start, rows)


@mutation("another separator", COLUMNS, Expect.TOLD, weight=2)
def _(start: Start, rng: Random) -> Changed:
    delimiter = rng.choice((";", "\t", "|", "^", ":"))
    listed = start.reader == "list" and delimiter in ";\t|"
    return content_of(
        start,
        bytes_of(sheet(start), delimiter=delimiter),
        Expect.SAME if listed else None,
    )


@mutation("another separator in some rows", COLUMNS, Expect.TOLD, weight=1)
def _(start: Start, rng: Random) -> Changed:
    delimiter = rng.choice((";", "\t", "|"))
    lines = bytes_of(sheet(start)).split(b"\n")
    at = rng.randrange(len(lines))
    lines[at:] = [line.replace(b",", delimiter.encode()) for line in lines[at:]]
    return content_of(start, b"\n".join(lines))


@mutation("every cell in quotation marks", COLUMNS, Expect.SAME, weight=1)
def _(start: Start, rng: Random) -> Changed:
    return content_of(start, bytes_of(sheet(start), csv.QUOTE_ALL))


@mutation("quotation marks unbalanced", COLUMNS, Expect.TOLD, weight=3)
def _(start: Start, rng: Random) -> Changed:
    content = bytearray(start.content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        commas = [at for at, byte in enumerate(content) if byte == 0x2C] or [0]
        at = rng.choice(commas) + rng.choice((0, 1, 2))
        content[at:at] = rng.choice((b'"', b'"', b'""', b'"""', b'"x"y', b'\\"'))
    return content_of(start, bytes(content))


@mutation("rows twice", ROWS, Expect.TOLD, applies=any_start, weight=3)
def _(start: Start, rng: Random) -> Changed:
    names, *rows = all_rows(start)
    chosen = rng.sample(rows, min(rng.choice((1, 1, 5, len(rows))), len(rows)))
    at = rng.randrange(len(rows) + 1)
    return with_rows(start, [names, *rows[:at], *chosen, *rows[at:]])


@mutation("rows lost", ROWS, Expect.PART, applies=by_name, weight=2)
def _(start: Start, rng: Random) -> Changed:
    names, *rows = all_rows(start)
    kept = [row for row in rows if rng.random() < rng.choice((0.1, 0.5, 0.9))]
    return with_rows(start, [names, *kept])


@mutation("rows in another order", ROWS, Expect.SAME, applies=by_name, weight=1)
def _(start: Start, rng: Random) -> Changed:
    names, *rows = all_rows(start)
    rng.shuffle(rows)
    return with_rows(start, [names, *rows])


@mutation("blank rows between", ROWS, Expect.SAME, applies=by_name, weight=1)
def _(start: Start, rng: Random) -> Changed:
    names, *rows = all_rows(start)
    blank = rng.choice(([], [""], [""] * len(names), [" "] * len(names)))
    for _ in range(5):
        rows.insert(rng.randrange(len(rows) + 1), blank)
    return with_rows(start, [names, *rows])


@mutation("blank cells at the end of rows dropped", ROWS, Expect.SAME_OR_FAULT, applies=is_table,
          weight=1)  # fmt: skip
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    for row in rows[1:]:
        while len(row) > 1 and not row[-1].strip() and rng.random() < 0.9:
            row.pop()
    return with_rows(start, rows)


@mutation("many thousand rows", ROWS, Expect.TOLD, applies=any_start, weight=1)
def _(start: Start, rng: Random) -> Changed:
    names, *rows = all_rows(start)
    number = next((at for at, n in enumerate(header(start)) if n.endswith("URN")), 0)
    made = []
    few = rows[:20] or [[""] * len(names)]
    cells = 40_000 if start.is_workbook else 400_000
    for k in range(min(cells // len(names), 20_000)):
        row = list(few[k % len(few)])
        row[number] = str(200_000 + k)
        made.append(row)
    return with_rows(start, [names, *made])


@mutation(
    "links in rings, chains and stars",
    ROWS,
    Expect.TOLD,
    applies=lambda start: start.place.startswith("links_"),
    weight=30,
)
def _(start: Start, rng: Random) -> Changed:
    names, *rows = all_rows(start)
    urn, linked, kind = (names.index(n) for n in ("URN", "LinkURN", "LinkType"))
    numbers = [str(100_000 + k) for k in range(rng.choice((1, 2, 3, 50, 5_000)))]
    shape = rng.randrange(4)
    pairs = (
        list(zip(numbers, [*numbers[1:], numbers[0]], strict=True))
        if shape == 0
        else list(pairwise(numbers))
        if shape == 1
        else [(numbers[0], other) for other in numbers]
        if shape == 2
        else [(rng.choice(numbers), rng.choice(numbers)) for _ in numbers]
    )
    words = sorted(
        {row[kind] for row in rows} | {"Successor", "Predecessor", "Result of Amalgamation"}
    )
    one_word = rng.choice(words)
    made = []
    for one, other in pairs:
        row = list(rng.choice(rows))
        row[urn], row[linked] = one, other
        row[kind] = one_word if rng.random() < 0.7 else rng.choice(words)
        made.append(row)
    return with_rows(start, [names, *(rows if rng.random() < 0.5 else []), *made])
