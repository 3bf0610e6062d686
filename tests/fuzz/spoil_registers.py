"""Registers and lists of members as people write them."""

from datetime import date
from random import Random

from tests.fuzz.cases import Changed, Expect, Start, mutation
from tests.fuzz.columns import header
from tests.fuzz.spoil_tables import all_rows, with_rows

PEOPLE = "registers"
_DAYS = ("JOINED", "LEFT", "DATE JOINED", "DATE LEFT")
_NUMBERS = ("URN", "SCHOOL URN")

FORMS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y", "%-d %b %y", "%d/%m/%y",
    "%Y/%m/%d", "%Y%m%d", "%d%m%Y", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z",
    "%a %d %b %Y", "%b-%y",
    "%B %Y", "%Y", "%Y-%m", "%y-%m-%d", "%dth %B %Y", "%d. %B %Y", " %Y-%m-%d ",
    "%Y-%-m-%-d", "serial",
    "serial.5", "%m/%Y", "%d/%m", "Autumn %Y", "ongoing", "-", "?", "TBC", "0000-00-00",
    "9999-12-31",
    "%Y-%d-%m", "%Y-02-30", "%Y-09-31", "1899-12-31", "-%Y-%m-%d", "%Y−%m−%d", "20١٨-09-01",
    "=TODAY()",
)  # fmt: skip


def of_people(start: Start) -> bool:
    return start.reader in ("register", "list")


def _places(start: Start, names: tuple[str, ...]) -> list[int]:
    return [at for at, name in enumerate(header(start)) if name in names]


def written(day: date, form: str) -> str:
    """Write a day in one of the forms that people use."""
    serial = (day - date(1899, 12, 30)).days
    if form.startswith("serial"):
        return form.replace("serial", str(serial))
    return day.strftime(form)


@mutation("days in other forms", PEOPLE, Expect.TOLD, applies=of_people, weight=60)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    places = _places(start, _DAYS)
    form = rng.choice(FORMS)
    mixed = rng.random() < 0.3
    share = rng.choice((0.05, 0.5, 1.0))
    for row in rows[1:]:
        for at in places:
            if row[at] and rng.random() < share:
                chosen = rng.choice(FORMS) if mixed else form
                row[at] = written(date.fromisoformat(row[at]), chosen)
    return with_rows(start, rows)


_DRESSES = (
    "URN {0}", "URN: {0}", " {0} ", "{0}.0", "{0}.00", "{1} {2}", "{1},{2}", "#{0}", "'{0}",
    '="{0}"',
    "0{0}", "{0}0", "{1}O{2}", "{1}l{2}", "{3}", "{0}/1", "{0} (closed)", "=100000+{4}",
    "{4}E+5", "{5}",
    "{0}\u200b", "{0}\u00a0", "\ufeff{0}", "-{0}", "+{0}", "{0}*", "'={0}", "{1}-{2}", "",
)  # fmt: skip


@mutation(
    "school numbers in other dress", PEOPLE, Expect.TOLD, applies=of_people, weight=40
)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    places = _places(start, _NUMBERS)
    for row in rng.sample(rows[1:], min(rng.choice((1, 5, 40)), len(rows) - 1)):
        for at in places:
            urn = row[at]
            arabic = urn.translate({ord(d): chr(0x660 + int(d)) for d in "0123456789"})
            row[at] = rng.choice(_DRESSES).format(
                urn,
                urn[:3],
                urn[3:],
                arabic,
                int(urn) - 100_000,
                f"{int(urn) / 1e5:.5f}E+05",
            )
    return with_rows(start, rows)


@mutation(
    "members twice, or left before they joined",
    PEOPLE,
    Expect.TOLD,
    applies=of_people,
    weight=20,
)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    joined, left = _places(start, _DAYS)[:2]
    for _ in range(rng.choice((1, 3))):
        row = list(rng.choice(rows[1:]))
        kind = rng.randrange(5)
        if kind == 0:
            row[left] = "1999-09-01"
        elif kind == 1:
            row[left] = row[joined]
        elif kind == 2:
            row[joined] = ""
        elif kind == 3:
            row[joined], row[left] = "2021-09-01", rng.choice(("", "2022-01-01"))
        else:
            row[joined], row[left] = (
                "1999-09-01",
                rng.choice(("2000-08-31", "", "2035-01-01")),
            )
        rows.insert(rng.randrange(1, len(rows) + 1), row)
    return with_rows(start, rows)


@mutation("the words of a header", PEOPLE, Expect.TOLD, applies=of_people, weight=20)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    at = rng.randrange(len(rows[0]))
    rows[0][at] = rng.choice(
        ("urn", "School", "Joined", "left", "To", "Start", "Joined?", "join dat",
         "Member from", "URN no.",
         "DfE", "hub", "Cluster", "Until", "date joined", "Academy", "proposed_urn",
         "accept", "Programme")
    )  # fmt: skip
    return with_rows(start, rows)


@mutation("titles above and notes below", PEOPLE, Expect.TOLD, applies=of_people, weight=6)
def _(start: Start, rng: Random) -> Changed:
    rows = all_rows(start)
    width = len(rows[0])
    above = [["Members of the partnership, 2015 to 2022"], [], ["=1+1"]][: rng.randrange(4)]
    below = [["Total", str(len(rows) - 1)], ["* closed"], ["North hub"]][: rng.randrange(4)]
    padded = [[*row, *[""] * (width - len(row))] for row in above]
    return with_rows(start, [*padded, *rows, *below])
