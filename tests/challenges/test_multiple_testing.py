import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.challenges.multiple_testing import adjust, adjust_families

# R 4.2: p.adjust(P, "holm"), "BH", "hommel", "BY", printed to 12 digits. The 15 values
# are those of Benjamini and Hochberg (1995), section 3.
P = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
    0.4262, 0.5719, 0.6528, 0.7590, 1.000,
]  # fmt: skip
PRINTED = {
    "holm": [0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213, *[1] * 6],
    "benjamini-hochberg": [
        0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0638571428571, 0.0638571428571, 0.0645,
        0.0765, 0.486, 0.581181818182, 0.714875, 0.753230769231, 0.813214285714, 1,
    ],
    "hommel": [
        0.0015, 0.0056, 0.0247, 0.095, 0.1608, 0.1946, 0.2086, 0.2408, 0.3213, *[1] * 6
    ],
    "benjamini-yekutieli": [
        0.00497734348984, 0.00995468697969, 0.0315231754357, 0.118211907884,
        0.200089208292, 0.211892622853, 0.211892622853, 0.214025770063, 0.253844517982,
        *[1] * 6,
    ],
}  # fmt: skip


@pytest.mark.parametrize("method", PRINTED)
def test_it_gives_what_r_prints(method):
    assert adjust(P, method) == pytest.approx(PRINTED[method], abs=1e-9)


def test_benjamini_and_hochberg_find_four_in_their_own_example_and_holm_three():
    # Benjamini and Hochberg (1995), section 3: four hypotheses, Bonferroni's way three.
    assert (adjust(P, "benjamini-hochberg") <= 0.05).sum() == 4
    assert (adjust(P, "holm") <= 0.05).sum() == 3


def test_registered_claims_and_explorations_are_adjusted_apart():
    found = adjust_families([0.02, 0.04, 0.02, 0.04], [True, True, False, False])
    assert [one.adjusted for one in found] == pytest.approx([0.04, 0.04, 0.04, 0.04])
    assert [one.method for one in found] == ["holm", "holm", *["benjamini-hochberg"] * 2]
    assert {one.tests for one in found} == {2}
    alone = adjust_families([0.02, 0.04, 0.03], [True, True, True])
    # Three times the least, then twice the next, which is the same; never decreasing.
    assert [one.adjusted for one in alone] == pytest.approx([0.06, 0.06, 0.06])
    assert not any(one.rejected for one in alone)


def test_a_family_pays_only_for_its_own_questions():
    found = adjust_families([0.01, 0.04, 0.04], [True] * 3, ["KS2", "KS4", "KS4"])
    assert [one.adjusted for one in found] == pytest.approx([0.01, 0.08, 0.08])
    assert [one.rejected for one in found] == [True, False, False]


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_adjusting_only_raises_and_knows_no_order(values):
    order = list(range(len(values)))[::-1]
    for method in PRINTED:
        found = adjust(values, method)
        assert (found >= np.array(values) - 1e-12).all()
        assert (found <= 1).all()
        again = adjust([values[n] for n in order], method)
        assert again == pytest.approx(found[order])


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: adjust([], "holm"), "at least one p value"),
        (lambda: adjust([0.1, np.nan], "holm"), "1 p values are missing or outside"),
        (lambda: adjust([1.1], "holm"), "1 p values are missing or outside"),
        (lambda: adjust([0.1], "sidak"), "no method 'sidak'"),
        (lambda: adjust_families([0.1], [1]), "registered must be true or false"),
        (lambda: adjust_families([0.1], [True, False]), "one p value, registration"),
        (lambda: adjust_families([0.1], [True], [None]), "no family"),
        (lambda: adjust_families([0.1], [True], significance=0), "between 0 and 1"),
    ],
)
def test_what_is_no_family_is_refused(ask, sentence):
    with pytest.raises(ValueError, match=sentence):
        ask()
