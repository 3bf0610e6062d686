"""What the government publishes of pupils beside results: census and absence."""

import csv
import io
from collections.abc import Sequence

import numpy as np

from pipeline.england.arrays import Counts, Numbers, Words, words
from pipeline.england.cells import fixed, small, whole
from pipeline.england.lives import YEARS
from pipeline.england.schools import Schools
from pipeline.england.tables import YEARS_IN_SCHOOL
from pipeline.england.world import World
from pipeline.measures.measure import KeyStage

ABSENCE_YEARS = (2016, 2017, 2018, 2019, 2022, 2023, 2024)
"""No absence of 2019/20 and 2020/21 was published school by school."""
PERCENT_SIGN_FROM = 2022
# SOURCE: england_census.csv of 2018/19 (49.5) and 2024/25 (44.98%, and one column's name
# misspelled). In which year between them it changed is not known.
_TYPES: dict[str, tuple[str, str]] = {
    "ks2": ("State-funded primary", "PRI"),
    "ks4": ("State-funded secondary", "SEC"),
    "special": ("State-funded special school", "SPE"),
    "independent": ("Independent school", ""),
}
_CENSUS = """URN LA ESTAB SCHOOLTYPE NOR NORG NORB PNORG PNORB TSENELSE PSENELSE TSENELK
PSENELK NUMEAL NUMENGFL NUMUNCFL PNUMEAL PNUMENGFL PNUMUNCFL NUMFSM NUMFSMEVER
PNUMFSMEVER"""
# SOURCE: england_census.csv of 2018/19: means of the year by type of school.
_SEN = {"PRI": (0.016, 0.126), "SEC": (0.017, 0.108), "SPE": (0.983, 0.016)}
_EVER = {"PRI": 1 / 1.3, "SEC": 1.04, "SPE": 1.7}
"""Share of pupils with free school meals in six years, by that of disadvantaged ones."""
_ABSENCE = {"PRI": (4.1, 8.4), "SEC": (5.4, 13.5), "SPE": (9.9, 28.0)}
_AFTER_2020 = 1.45
"""Absence since the pandemic, with that before for one."""


class Pupils:
    """Draws what is known of a school's pupils, year after year."""

    def __init__(self, world: World) -> None:
        """Draw what lasts of each school."""
        self.world = world
        self.rng = {ks: np.random.default_rng([world.seed, 70, int(ks[-1])]) for ks in _KS}
        self.eal = {ks: self._eal(ks) for ks in _KS}
        self.missing = {ks: self.rng[ks].normal(size=len(world.schools[ks])) for ks in _KS}

    def _eal(self, ks: KeyStage) -> Numbers:
        """Draw the share of pupils with English as an additional language.

        SOURCE: england_census.csv of 2018/19: half of the primary schools have below
        6.6%, one in twenty above 67%; correlation with free school meals 0.3.
        """
        schools = self.world.schools[ks]
        z = (schools.share - schools.share.mean()) / schools.share.std()
        z = 0.3 * z + np.sqrt(1 - 0.3**2) * self.rng[ks].normal(size=len(schools))
        return np.asarray(np.clip(0.07 * np.exp(1.35 * z), 0.0, 0.95))

    def census(self, year: int) -> bytes:
        """Write one year's census: pupils on roll and shares of them, totals last."""
        blocks, totals = [], []
        for ks in _KS:
            schools = self.world.schools[ks]
            at = np.flatnonzero(schools.is_listed(year))
            counts = self._counts(ks, year)
            blocks.append(self._census_rows(schools, counts, year, at))
            for kind in ("mainstream", "special"):
                inside = at[schools.kind[at] == kind]
                totals.append((ks if kind == "mainstream" else kind, counts, inside))
        header = _CENSUS.split()
        if year >= PERCENT_SIGN_FROM:
            header[header.index("PNUMUNCFL")] = "PNUMUNCLF"
            header.insert(header.index("NUMFSMEVER") + 1, "NORFSMEVER")
        rows = [row for block in blocks for row in block]
        rows += _census_totals(totals, year)
        return _encoded([header, *rows])

    def _counts(self, ks: KeyStage, year: int) -> dict[str, Counts]:
        schools, rng = self.world.schools[ks], self.rng[ks]
        figures = self.world.figures[ks][year]
        roll = np.round(schools.sizes(year) * YEARS_IN_SCHOOL[ks]).astype(np.int64)
        girls = figures.pupils["girls"] / np.maximum(figures.pupils["all"], 1)
        girls = np.where(figures.pupils["all"] > 0, 0.3 * 0.49 + 0.7 * girls, 0.49)
        girls = np.where(schools.gender == "GIRLS", 1.0, girls)
        girls = np.where(schools.gender == "BOYS", 0.0, girls)
        group = np.array([_group(ks, kind) for kind in schools.kind])
        plan, support = (
            np.array([_SEN.get(g, (0.0, 0.0))[part] for g in group]) for part in (0, 1)
        )
        luck = np.exp(0.4 * rng.normal(size=len(roll)))
        ever = np.array([_EVER.get(g, 0.0) for g in group]) * schools.share
        eal = rng.binomial(roll, self.eal[ks])
        unknown = rng.binomial(roll - eal, 0.002)
        of_age = np.round(roll * 0.92).astype(np.int64)
        return {
            "NOR": roll,
            "NORG": rng.binomial(roll, girls),
            "TSENELSE": rng.binomial(roll, np.clip(plan * luck, 0, 1)),
            "TSENELK": rng.binomial(roll, np.clip(support * luck, 0, 0.9 * (1 - plan))),
            "NUMEAL": eal,
            "NUMUNCFL": unknown,
            "NUMFSM": rng.binomial(roll, np.clip(0.68 * ever, 0, 0.95)),
            "NORFSMEVER": of_age,
            "NUMFSMEVER": rng.binomial(of_age, np.clip(ever, 0, 0.95)),
        }

    def _census_rows(
        self, schools: Schools, counts: dict[str, Counts], year: int, at: Counts
    ) -> list[tuple[str, ...]]:
        private = schools.kind[at] == "independent"
        chosen = {name: count[at] for name, count in counts.items()}
        cells = _census_cells(chosen, year)
        gone = "NA" if year < PERCENT_SIGN_FROM else ""
        for name in cells:
            if name.startswith(("NUM", "PNUM", "NORFSM")):
                cells[name] = np.where(private, gone, cells[name]).astype(object)
        kinds = np.where(
            np.isin(schools.kind[at], ["special", "independent"]),
            schools.kind[at],
            schools.key_stage,
        )
        first = {
            "URN": schools.numbers(year)[at].astype(str),
            "LA": schools.authority[at].astype(str),
            "ESTAB": schools.estab[at].astype(str),
            "SCHOOLTYPE": words([_TYPES[kind][0] for kind in kinds]),
        }
        columns = [column.tolist() for column in (first | cells).values()]
        return list(zip(*columns, strict=True))

    def absence(self, year: int) -> bytes:
        """Write one year's absence: overall and persistent, totals of the nation last.

        SOURCE: england_abs.csv of 2018/19: medians 4.2% and 8.7% of primary schools;
        persistent absence of few pupils is suppressed.
        """
        rows: list[tuple[str, ...]] = []
        summed: dict[str, Numbers] = {}
        for ks in _KS:
            schools = self.world.schools[ks]
            at = np.flatnonzero(schools.is_listed(year) & schools.is_state_funded)
            group = np.array([_group(ks, kind) for kind in schools.kind[at]])
            more = _AFTER_2020 if year > 2020 else 1.0
            usual, often = (
                more * np.array([_ABSENCE[g][part] for g in group]) for part in (0, 1)
            )
            z = 0.6 * self.missing[ks][at] + 0.5 * (schools.share[at] - 0.27) / 0.15
            z = z + 0.35 * self.rng[ks].normal(size=len(at))
            overall = usual * np.exp(0.2 * z)
            persistent = np.clip(often * np.exp(0.5 * z), 0, 90)
            roll = schools.sizes(year)[at] * YEARS_IN_SCHOOL[ks]
            hidden = small(np.round(roll * persistent / 100).astype(np.int64))
            cells = [
                schools.authority[at].astype(str),
                schools.estab[at].astype(str),
                schools.numbers(year)[at].astype(str),
                fixed(overall, 1, trailing_zeros=False),
                np.where(hidden, "SUPP", fixed(persistent, 1, trailing_zeros=False)),
            ]
            rows += list(zip(*[cell.tolist() for cell in cells], strict=True))
            for name in set(group):
                inside = group == name
                parts = [(value * roll)[inside].sum() for value in (overall, persistent)]
                own = np.array([*parts, roll[inside].sum()])
                summed[name] = summed.get(name, np.zeros(3)) + own
        totals = [
            ("NAT", name, "", *fixed(total[:2] / total[2], 1, trailing_zeros=False))
            for name, total in sorted(summed.items())
        ]
        header = ("LA", "ESTAB", "URN", "PERCTOT", "PPERSABS10")
        return _encoded([header, *rows, *totals])


_KS: tuple[KeyStage, ...] = ("ks2", "ks4")


def _group(ks: KeyStage, kind: str) -> str:
    return _TYPES[kind if kind in _TYPES else ks][1]


def _census_cells(counts: dict[str, Counts], year: int) -> dict[str, Words]:
    """Write counts and shares of one year in the order of the header."""
    sign = year >= PERCENT_SIGN_FROM

    def rate(part: Counts, total: Counts) -> Words:
        share = np.where(total > 0, 100 * part / np.maximum(total, 1), np.nan)
        if sign:
            return fixed(share, 2, trailing_zeros=True, end="%")
        return fixed(share, 1, trailing_zeros=False)

    roll, girls = counts["NOR"], counts["NORG"]
    boys, english = roll - girls, roll - counts["NUMEAL"] - counts["NUMUNCFL"]
    cells = {
        "NOR": whole(roll),
        "NORG": whole(girls),
        "NORB": whole(boys),
        "PNORG": rate(girls, roll),
        "PNORB": rate(boys, roll),
        "TSENELSE": whole(counts["TSENELSE"]),
        "PSENELSE": rate(counts["TSENELSE"], roll),
        "TSENELK": whole(counts["TSENELK"]),
        "PSENELK": rate(counts["TSENELK"], roll),
        "NUMEAL": whole(counts["NUMEAL"]),
        "NUMENGFL": whole(english),
        "NUMUNCFL": whole(counts["NUMUNCFL"]),
        "PNUMEAL": rate(counts["NUMEAL"], roll),
        "PNUMENGFL": rate(english, roll),
        # SOURCE: in 2024/25 this one share is a fraction of one, without a sign.
        "PNUMUNCFL": fixed(
            counts["NUMUNCFL"] / np.maximum(roll, 1), 4, trailing_zeros=False
        )
        if sign
        else rate(counts["NUMUNCFL"], roll),
        "NUMFSM": whole(counts["NUMFSM"]),
        "NUMFSMEVER": whole(counts["NUMFSMEVER"]),
    }
    if sign:
        cells["NORFSMEVER"] = whole(counts["NORFSMEVER"])
    return cells | {"PNUMFSMEVER": rate(counts["NUMFSMEVER"], counts["NORFSMEVER"])}


def _census_totals(
    parts: list[tuple[str, dict[str, Counts], Counts]], year: int
) -> list[tuple[str, ...]]:
    """Write the nation's rows: primary, secondary and special schools."""
    summed: dict[str, dict[str, Counts]] = {}
    for kind, counts, inside in parts:
        own = {name: np.array([count[inside].sum()]) for name, count in counts.items()}
        earlier = summed.get(kind)
        summed[kind] = {name: own[name] + earlier[name] for name in own} if earlier else own
    rows = []
    for kind, counts in summed.items():
        cells = _census_cells(counts, year)
        if year >= PERCENT_SIGN_FROM:
            # The nation's row has a share of one hundred and a sign.
            share = 100 * counts["NUMUNCFL"] / np.maximum(counts["NOR"], 1)
            cells["PNUMUNCFL"] = fixed(share, 1, trailing_zeros=True, end="%")
        told = [str(cell[0]) for cell in cells.values()]
        rows.append(("NAT", "", _TYPES[kind][1], _TYPES[kind][0], *told))
    return rows


def _encoded(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def downloads(world: World) -> list[tuple[int, str, bytes]]:
    """Write every year's files: year, table and content."""
    pupils = Pupils(world)
    files: list[tuple[int, str, bytes]] = []
    for year in YEARS:
        files.append((year, "census", pupils.census(year)))
        if year in ABSENCE_YEARS:
            files.append((year, "abs", pupils.absence(year)))
    return files
