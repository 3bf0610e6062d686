"""What stands beside the gap of a real trust, and other pupils made from all pupils."""

import pytest

from pipeline.comparison.disadvantage import ALL_LESS_DISADVANTAGED


@pytest.fixture(scope="module")
def found(real_run):
    return real_run("dfe_national")[1]


def one(table, **cell):
    for name, value in cell.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_progress_8_of_a_real_trust_has_all_that_stands_beside_a_gap(found):
    cell = {"measure": "progress_8", "group": "all", "year": 2019}
    gap = one(found.gaps, **cell)
    assert gap["cr3_low"] < gap["low"] < gap["gap"] < gap["high"] < gap["cr3_high"]
    assert 0 < gap["randomisation_p"] < 1
    own, rest = (one(found.spread, **cell, side=s) for s in ("partners", "rest"))
    assert own["schools"] == gap["partner_schools"]
    assert own["prediction_low"] < own["low"] < own["mean"] < own["high"]
    # Schools of the nation lie about the nation's zero.
    assert rest["share_above_national"] == pytest.approx(0.5, abs=0.05)


def test_the_gap_of_disadvantaged_pupils_is_split_on_both_sides(found):
    row = one(found.disadvantage, measure="progress_8", year=2019)
    assert row["others_from"] == ALL_LESS_DISADVANTAGED
    # England's state-funded schools in 2018/19 as published: -0.45 and +0.13.
    assert row["rest_disadvantaged"] == pytest.approx(-0.45, abs=0.1)
    assert row["rest_others"] == pytest.approx(0.13, abs=0.05)
    parts = row["partners_within_schools"] + row["partners_between_schools"]
    assert parts == pytest.approx(row["partners_gap"])


def test_other_pupils_made_from_all_pupils_are_as_published(raw, plain):
    """Surrey's file has both: by plain Python, school by school, within rounding."""
    compared = 0
    for row in raw("dfe/2018-2019/936_ks4final.csv"):
        of_all, n_all = plain(row["P8MEA"]), plain(row["P8PUP"])
        d, n = plain(row["P8MEA_FSM6CLA1A"]), plain(row["P8PUP_FSM6CLA1A"])
        o, m = plain(row["P8MEA_NFSM6CLA1A"]), plain(row["P8PUP_NFSM6CLA1A"])
        if row["RECTYPE"] != "1" or None in (of_all, n_all, d, n, o, m):
            continue
        compared += 1
        assert n_all - n == m
        made = (n_all * of_all - n * d) / (n_all - n)
        assert made == pytest.approx(o, abs=0.005 + 0.005 * (n_all + n) / m + 1e-9)
    assert compared > 30
