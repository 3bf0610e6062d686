"""How often each interval finds a difference where there is none: random real schools."""

import numpy as np
import pytest

from pipeline.estimators.gap_to_rest import gap_to_rest

SETS, SCHOOLS = 300, 100
PUPIL_SD_2018 = 1.2625


@pytest.fixture(scope="module")
def finds(raw, plain):
    """Draw sets of schools at random; say how often each interval leaves out zero."""
    pairs = [
        (plain(r["P8MEA"]), plain(r["P8PUP"]) or plain(r["TPUP"]))
        for r in raw("dfe_national/2017-2018/england_ks4final.csv")
        if r["RECTYPE"] == "1" and r["NFTYPE"] != "IND" and "college" not in r["NFTYPE"]
    ]
    value, pupils = np.array([(v, n) for v, n in pairs if v is not None and n]).T
    cluster = np.arange(len(value)).astype(object)
    random = np.random.default_rng(2018)
    headline = convention = 0
    for _ in range(SETS):
        chosen = np.zeros(len(value), dtype=bool)
        chosen[random.choice(len(value), SCHOOLS, replace=False)] = True
        found = gap_to_rest(value, pupils, chosen, cluster, pupil_sd=PUPIL_SD_2018)
        headline += not found.low <= 0 <= found.high
        convention += not found.dfe_low <= 0 <= found.dfe_high
    return headline / SETS, convention / SETS


def test_the_headline_interval_errs_about_as_often_as_it_says(finds):
    assert 0.02 <= finds[0] <= 0.08


def test_the_departments_convention_finds_a_difference_in_most_random_sets(finds):
    """It is a convention and no test: about two in three random sets would 'differ'."""
    assert finds[1] > 0.4
