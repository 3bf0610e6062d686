import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.challenges.composition import decompose_change, decompose_gap


def year(**schools):
    """Schools of a year: name=(value, pupils)."""
    rows = [(name, *given) for name, given in schools.items()]
    return pd.DataFrame(rows, columns=["school", "value", "pupils"])


def test_a_change_inside_schools_is_all_within():
    found = decompose_change(year(a=(1.0, 10), b=(3.0, 10)), year(a=(2.0, 10), b=(4.0, 10)))
    assert (found.change, found.within) == (1.0, 1.0)
    assert (found.reweighting, found.entry, found.exit) == (0, 0, 0)


def test_pupils_moving_to_the_better_school_are_no_improvement_of_schools():
    # Mean 2 before; then three quarters of pupils are in b: 1/4 * 1 + 3/4 * 3 = 2.5.
    found = decompose_change(year(a=(1, 10), b=(3, 10)), year(a=(1, 5), b=(3, 15)))
    assert found.change == pytest.approx(0.5)
    assert found.reweighting == pytest.approx(0.5)
    assert found.within == 0


def test_a_strong_school_that_comes_lifts_the_mean_without_anyone_improving():
    found = decompose_change(year(a=(1, 10)), year(a=(1, 10), new=(5, 30)))
    assert found.entry == pytest.approx(3 / 4 * (5 - 1))
    assert (found.within, found.exit) == (0, 0)
    assert (found.entered, found.entered_share) == (1, 0.75)


def test_a_weak_school_that_leaves_lifts_it_too():
    found = decompose_change(year(a=(1, 10), weak=(-1, 10)), year(a=(1, 10)))
    assert found.exit == pytest.approx(1 / 2 * (1 - -1))
    assert found.change == pytest.approx(1.0)
    assert (found.left, found.left_share, found.continuing) == (1, 0.5, 1)


@st.composite
def years(draw):
    made = []
    for _ in range(2):
        names = draw(st.lists(st.sampled_from("abcdefg"), unique=True, max_size=7))
        schools = {
            name: (draw(st.integers(-30, 30)) / 10, draw(st.integers(1, 90)))
            for name in [*names, "stays"]
        }
        made.append(year(**schools))
    return made


def mean(table):
    return np.average(table["value"], weights=table["pupils"])


@settings(max_examples=40)
@given(years())
def test_the_parts_add_up_to_the_change(pair):
    before, after = pair
    found = decompose_change(before, after)
    assert found.before == pytest.approx(mean(before), abs=1e-12)
    assert found.after == pytest.approx(mean(after), abs=1e-12)
    parts = found.within + found.reweighting + found.entry + found.exit
    assert parts == pytest.approx(mean(after) - mean(before), abs=1e-12)


@settings(max_examples=25)
@given(years())
def test_time_backwards_turns_every_sign(pair):
    there, back = decompose_change(*pair), decompose_change(*pair[::-1])
    assert back.within == pytest.approx(-there.within, abs=1e-12)
    assert back.reweighting == pytest.approx(-there.reweighting, abs=1e-12)
    assert back.entry == pytest.approx(-there.exit, abs=1e-12)


@settings(max_examples=25)
@given(years(), st.integers(-50, 50), st.sampled_from([0.1, -3.0]))
def test_a_constant_moves_no_part_and_a_unit_all(pair, constant, factor):
    before = dataclasses.asdict(decompose_change(*pair))
    moved = [t.assign(value=constant + factor * t["value"])[::-1] for t in pair]
    after = dataclasses.asdict(decompose_change(*moved))
    for part in ("change", "within", "reweighting", "entry", "exit"):
        assert after[part] == pytest.approx(factor * before[part], abs=1e-11)


def test_the_gaps_parts_are_partners_less_the_rests():
    # Partners: one school 1 to 3. The rest: one school 1 to 2, and a weak one leaves.
    found = decompose_gap(
        year(a=(1, 10)), year(a=(3, 10)), year(b=(1, 10), c=(-1, 10)), year(b=(2, 10))
    )
    assert found.within == pytest.approx(2 - 1)
    assert found.exit == pytest.approx(0 - 1)
    assert found.change == pytest.approx(2 - 2)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (year(a=(1, 1)), year(b=(1, 1)), "no school is present both times"),
        (year(a=(np.nan, 1)), year(a=(1, 1)), "1 schools before have no value"),
        (year(a=(1, 1)), year(a=(1, np.inf)), "1 schools after have no value"),
        (year(a=(1, 1)), year(a=(1, 0)), "1 schools after have no pupils"),
        (pd.concat([year(a=(1, 1))] * 2), year(a=(1, 1)), "name a school a second time"),
        (year(a=(1, 1)).drop(columns="value"), year(a=(1, 1)), "no column value before"),
        (year(a=(1, 1)).assign(school=None), year(a=(1, 1)), "names no school"),
        (year(), year(a=(1, 1)), "no school is present both times"),
    ],
)
def test_what_cannot_be_split_is_refused(before, after, sentence):
    with pytest.raises(ValueError, match=sentence):
        decompose_change(before, after)
