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


def weighted(side):
    """Mean and variance of (value, pupils) pairs; every school is its own cluster."""
    total = math.fsum(n for _, n in side)
    mean = math.fsum(v * n for v, n in side) / total
    count = len(side)
    scores = math.fsum((n / total * (v - mean)) ** 2 for v, n in side)
    return mean, count / (count - 1) * scores, count, total


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
        return weighted(sides[True]), weighted(sides[False])

    return compute


@pytest.mark.parametrize("cell", CELLS)
def test_partners_rest_and_gap_are_those_of_the_raw_file(facts, by_hand, cell):
    (own, own_variance, own_count, _), (rest, rest_variance, rest_count, _) = by_hand(cell)
    assert facts[f"{cell}.partners"].value == pytest.approx(own, rel=1e-9)
    assert facts[f"{cell}.rest"].value == pytest.approx(rest, rel=1e-9)
    gap = facts[f"{cell}.gap"]
    assert gap.value == pytest.approx(own - rest, rel=1e-9)
    variance = own_variance + rest_variance
    freedom = variance**2 / (
        own_variance**2 / (own_count - 1) + rest_variance**2 / (rest_count - 1)
    )
    half = stats.t.ppf(0.975, freedom) * math.sqrt(variance)
    assert gap.standard_error == pytest.approx(math.sqrt(variance), rel=1e-8)
    assert gap.low == pytest.approx(own - rest - half, rel=1e-8)
    assert gap.high == pytest.approx(own - rest + half, rel=1e-8)


@pytest.mark.parametrize("cell", CELLS)
def test_schools_and_pupils_are_those_of_the_raw_file(facts, by_hand, cell):
    for quantity, side in zip(("partners", "rest"), by_hand(cell), strict=True):
        fact = facts[f"{cell}.{quantity}"]
        assert (fact.schools, fact.pupils) == (side[2], side[3])
    counted = tuple(facts[f"{cell}.{q}"].schools for q in ("partners", "rest"))
    assert counted == CELLS[cell][3]


@pytest.mark.parametrize("cell", CELLS)
def test_the_file_and_the_number_of_its_rows_are_named(facts, by_hand, cell):
    (source,) = facts[f"{cell}.gap"].sources
    own, rest = by_hand(cell)
    assert source.file == CELLS[cell][0]
    assert source.rows == own[2] + rest[2]


def test_a_trust_is_clustered_by_school_and_says_so(facts):
    for cell in CELLS:
        assert facts[f"{cell}.gap"].interval.endswith("partners clustered by school")
