"""The real trust's figures again, from the raw file by csv and plain Python.

Nothing of the pipeline stands on this side: membership, population, weights, means and
the interval are written out anew.
"""

import csv
import math

import pytest
from scipy import stats

from pipeline.evidence.facts import collect

NOT_COMPARED = {"IND", "INDSS", "INDSPEC", "NMSS"}

CELLS = {
    "ks4.progress_8.all.2019": (
        "2018-2019/england_ks4final.csv", "P8MEA", ("P8PUP", "TPUP"), (32, 3139)),
    "ks4.progress_8.disadvantaged.2019": (
        "2018-2019/england_ks4final.csv",
        "P8MEA_FSM6CLA1A",
        ("P8PUP_FSM6CLA1A", "TFSM6CLA1A"),
        (31, 3078),
    ),
    "ks2.reading_progress.all.2018": (
        "2017-2018/england_ks2final.csv", "READPROG", ("TELIG",), (18, 14657)),
    "ks4.progress_8.all.2017": (
        "2016-2017/england_ks4final.csv", "P8MEA", ("P8PUP", "TPUP"), (26, 3113)),
}  # fmt: skip


def members_of(path, year):
    """Schools that joined by 1 September and had not left before 31 August.

    Dates are written year-month-day, so their texts are in order of time.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {
            row["urn"]
            for row in csv.DictReader(file)
            if row["joined"] <= f"{year - 1}-09-01"
            and (not row["left"] or row["left"] >= f"{year}-08-31")
        }


class Side:
    """Mean of (value, pupils) pairs and its variance; every school is its own cluster.

    The variance by CR2: were errors alike and independent, the residual of a school with
    the share h of the pupils would have the variance 1 - 2h + q of an error's, where q is
    the sum of all h squared. Each squared residual is divided by that.
    """

    def __init__(self, pairs):
        self.schools = len(pairs)
        self.pupils = math.fsum(n for _, n in pairs)
        share = [n / self.pupils for _, n in pairs]
        self.mean = math.fsum(v * h for (v, _), h in zip(pairs, share, strict=True))
        self.q = math.fsum(h**2 for h in share)
        seen = [1 - 2 * h + self.q for h in share]
        self.variance = math.fsum(
            (h * (v - self.mean)) ** 2 / s
            for (v, _), h, s in zip(pairs, share, seen, strict=True)
        )
        # How the squares vary together: pairs of schools, then each with itself.
        b = [h**2 / s for h, s in zip(share, seen, strict=True)]
        none, once, twice = (
            math.fsum(x * h**power for x, h in zip(b, share, strict=True))
            for power in (0, 1, 2)
        )
        q = self.q
        self.together = (
            (q * none) ** 2 - 4 * q * none * once + 2 * none * twice + 2 * once**2
        ) + math.fsum(
            x**2 * (s**2 - (q - 2 * h) ** 2) for x, h, s in zip(b, share, seen, strict=True)
        )


@pytest.fixture(scope="module")
def facts(real_run):
    compared = real_run("dfe_national")[1]
    return {f.id: f for f in collect(compared, confidence_level=0.95)}


@pytest.fixture(scope="module")
def by_hand(raw, plain, shared_data):
    def compute(cell):
        file, column, pupils, _ = CELLS[cell]
        year = int(cell.rsplit(".", 1)[1])
        members = members_of(shared_data / "registers/united-learning/partners.csv", year)
        sides = {True: [], False: []}
        for row in raw(f"dfe_national/{file}"):
            kind = row["NFTYPE"].strip()
            # Colleges are written out ('Sixth form college'); schools have short codes.
            compared = kind.upper() not in NOT_COMPARED and "college" not in kind
            value = plain(row[column])
            count = next((n for c in pupils if (n := plain(row[c])) is not None), None)
            if row["RECTYPE"] == "1" and compared and value is not None and count:
                sides[row["URN"] in members].append((value, count))
        return Side(sides[True]), Side(sides[False])

    return compute


@pytest.mark.parametrize("cell", CELLS)
def test_partners_rest_and_gap_are_those_of_the_raw_file(facts, by_hand, cell):
    own, rest = by_hand(cell)
    assert facts[f"{cell}.partners"].value == pytest.approx(own.mean, rel=1e-9)
    assert facts[f"{cell}.rest"].value == pytest.approx(rest.mean, rel=1e-9)
    gap = facts[f"{cell}.gap"]
    assert gap.value == pytest.approx(own.mean - rest.mean, rel=1e-9)
    variance = own.variance + rest.variance
    freedom = (own.q + rest.q) ** 2 / (own.together + rest.together)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(variance)
    assert gap.standard_error == pytest.approx(math.sqrt(variance), rel=1e-8)
    assert gap.low == pytest.approx(own.mean - rest.mean - half, rel=1e-8)
    assert gap.high == pytest.approx(own.mean - rest.mean + half, rel=1e-8)


@pytest.mark.parametrize("cell", CELLS)
def test_schools_and_pupils_are_those_of_the_raw_file(facts, by_hand, cell):
    for quantity, side in zip(("partners", "rest"), by_hand(cell), strict=True):
        fact = facts[f"{cell}.{quantity}"]
        assert (fact.schools, fact.pupils) == (side.schools, side.pupils)
    counted = tuple(facts[f"{cell}.{q}"].schools for q in ("partners", "rest"))
    assert counted == CELLS[cell][3]


@pytest.mark.parametrize("cell", CELLS)
def test_the_file_and_the_number_of_its_rows_are_named(facts, by_hand, cell):
    (source,) = facts[f"{cell}.gap"].sources
    own, rest = by_hand(cell)
    assert source.file == CELLS[cell][0]
    assert source.rows == own.schools + rest.schools


def test_a_trust_is_clustered_by_school_and_says_so(facts):
    for cell in CELLS:
        assert facts[f"{cell}.gap"].interval.endswith("partners clustered by school")
