import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.two_way import goodman_bacon, two_way_fixed_effects


def panel(joins, outcome, periods=4, first=2000):
    """Schools that join at a place in time (None: never); outcome(school, place)."""
    return pd.DataFrame(
        [
            {
                "urn": school,
                "year": first + place,
                "treated": int(start is not None and place >= start),
                "y": float(outcome(school, place)),
            }
            for school, start in enumerate(joins)
            for place in range(periods)
        ]
    )


def decompose(frame):
    return goodman_bacon(frame, "y", "treated", "urn", "year")


def coefficient(frame):
    return two_way_fixed_effects(frame, "y", "treated", "urn", "year", "urn").coefficients[
        0
    ]


def test_one_cohort_and_controls_are_one_comparison():
    # The joiner goes from 1 to 6, the other from 0 to 2: 5 less 2.
    found = decompose(panel([2, None], lambda s, t: [(1, 6), (0, 2)][s][t >= 2]))
    assert found.table.to_dict("records") == [
        {
            "kind": "treated against never treated",
            "treated_cohort": 2002,
            "control_cohort": "never",
            "weight": 1.0,
            "estimate": pytest.approx(3),
        }
    ]
    assert found.forbidden_weight == 0


def test_the_weights_can_be_done_in_the_head():
    # One school joins at 1 of 4 periods (treated 3/4), one at 3 (1/4), one never.
    # Against never: 3/4 * 1/4 each. Early against late, before it joins:
    # (3/4 - 1/4) * 1/4; late against early: (3/4 - 1/4) * 1/4. In sixteenths 3, 3, 2, 2.
    table = decompose(panel([1, 3, None], lambda s, t: s * t)).table
    weight = table.set_index(["treated_cohort", "control_cohort"])["weight"]
    assert weight[2001, "never"] == pytest.approx(0.3)
    assert weight[2003, "never"] == pytest.approx(0.3)
    assert weight[2001, 2003] == pytest.approx(0.2)
    assert weight[2003, 2001] == pytest.approx(0.2)


def test_growing_effects_turn_the_sign_of_the_forbidden_comparison():
    # The effect is 1 more in each year after joining; nothing else moves.
    joins = [1, 3]
    frame = panel(joins, lambda s, t: max(0, t - joins[s] + 1))
    found = decompose(frame)
    estimate = found.by_kind["estimate"]
    assert estimate["earlier against later treated"] > 0
    # The late joiner gains 1 in year 3; the early one has gone from 1.5 to 3.
    assert estimate["later against earlier treated"] == pytest.approx(1 - 1.5)
    assert found.forbidden_weight == pytest.approx(0.5)


def test_schools_treated_all_along_are_forbidden_controls():
    found = decompose(panel([0, 2, None], lambda s, t: (s + 1) * t))
    assert set(found.table.control_cohort) == {"always", "never"}
    assert found.forbidden_weight == pytest.approx(0.5)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([None, 0, 1, 2, 3, 4]), min_size=3, max_size=14),
    st.integers(0, 9999),
)
def test_weights_add_up_to_one_and_products_to_the_coefficient(joins, seed):
    if not {1, 2, 3, 4} & set(joins) or len(set(joins)) < 2:
        joins = [2, None, *joins]
    random = np.random.default_rng(seed)
    frame = panel(joins, lambda s, t: random.normal() + s, periods=5)
    found = decompose(frame.sample(frac=1, random_state=seed))
    assert found.table.weight.sum() == pytest.approx(1, abs=1e-12)
    assert (found.table.weight > 0).all()
    products = (found.table.weight * found.table.estimate).sum()
    assert products == pytest.approx(found.estimate, abs=1e-10)
    assert found.estimate == pytest.approx(coefficient(frame), abs=1e-10)
    assert found.by_kind.weight.sum() == pytest.approx(1)


@settings(max_examples=15)
@given(st.integers(0, 9999), st.sampled_from([-2.0, 1000.0]))
def test_each_estimate_is_the_coefficient_of_its_two_groups(seed, constant):
    random = np.random.default_rng(seed)
    joins = [1, 1, 3, None, None]
    frame = panel(joins, lambda s, t: random.normal())
    found = decompose(frame.assign(y=frame.y + constant))
    assert found.estimate == pytest.approx(decompose(frame).estimate, abs=1e-9)
    for row in found.table.itertuples():
        label = {"never": None}
        own, other = (
            label.get(c, c - 2000 if c != "never" else None)
            for c in (row.treated_cohort, row.control_cohort)
        )
        pair = frame[frame.urn.map(lambda s, p=(own, other): joins[s] in p)]
        if row.kind == "earlier against later treated":
            pair = pair[pair.year < row.control_cohort]
        if row.kind == "later against earlier treated":
            pair = pair[pair.year >= row.control_cohort]
        assert row.estimate == pytest.approx(coefficient(pair), abs=1e-9)


def test_a_truth_value_is_a_treatment_too():
    frame = panel([1, None], lambda s, t: s * t)
    assert decompose(frame.assign(treated=frame.treated == 1)).estimate == pytest.approx(
        decompose(frame).estimate
    )


GOOD = panel([1, 3, None], lambda s, t: s * t)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (GOOD.iloc[1:], "the panel is not balanced: 1 of 12 units in periods have no row"),
        (pd.concat([GOOD, GOOD.iloc[:2]]), "0 of 12 .* and 2 more than one"),
        (GOOD.assign(treated=1 - GOOD.treated), "2 units have 'treated' 1 and later 0"),
        (GOOD.assign(treated=0.5), "'treated' must be 0 or 1"),
        (GOOD.assign(treated=0), "no unit changes from 0 to 1"),
        (GOOD.assign(treated=1), "no unit changes from 0 to 1"),
        (GOOD.assign(treated=(GOOD.year > 2001) * 1), "all units join in the same period"),
        (GOOD.assign(y=np.nan), "12 rows have no value of 'y'"),
        (GOOD.assign(urn=None), "12 rows have no 'urn'"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(frame, sentence):
    with pytest.raises(ValueError, match=sentence):
        decompose(frame)
