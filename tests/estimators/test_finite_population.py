import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom
from statsmodels.stats.proportion import proportion_confint

from pipeline.estimators.finite_population import finite_population_share


def test_it_is_the_published_answer_of_the_r_package_stat_extend():
    # stat.extend, tests/test-CONF.R: CONF.prop(.05, mtcars$mpg > 20, N = 1000); 14 of the
    # 32 cars.
    found = finite_population_share(14, 32, 1000)
    assert found.low == pytest.approx(0.283745994666663, abs=1e-14)
    assert found.high == pytest.approx(0.604278989534686, abs=1e-14)
    assert found.share == 0.4375


@pytest.mark.parametrize(("favourable", "answered"), [(0, 7), (3, 10), (40, 100), (9, 9)])
def test_without_an_end_to_the_population_it_is_statsmodels_wilson_interval(
    favourable, answered
):
    theirs = proportion_confint(favourable, answered, method="wilson")
    found = finite_population_share(favourable, answered, 10**12)
    assert (found.low, found.high) == pytest.approx(theirs, abs=1e-9)


def test_half_of_those_invited_tell_as_much_as_twice_as_many_less_one():
    # 25 x (50 - 1) / (50 - 25) = 49 draws out of an endless population.
    assert finite_population_share(5, 25, 50).effective_answers == pytest.approx(49)


def test_it_is_wilsons_formula_done_by_hand():
    # z = 2 (95.45%), 10 of 25 of 50: n = 49, p = 0.4. Centre (0.4 + 2/49) / (1 + 4/49),
    # half of it 2/(1 + 4/49) x sqrt(0.24/49 + 1/49^2).
    level = math.erf(math.sqrt(2))
    found = finite_population_share(10, 25, 50, confidence_level=level)
    centre = (0.4 + 2 / 49) / (53 / 49)
    half = 2 / (53 / 49) * math.sqrt(0.24 / 49 + 1 / 49**2)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half))


def test_where_everybody_answered_nothing_is_left_to_estimate():
    found = finite_population_share(3, 12, 12)
    assert (found.low, found.share, found.high) == (0.25, 0.25, 0.25)
    assert found.effective_answers is None


def test_one_answer_of_two_tells_as_much_as_one_draw():
    assert finite_population_share(1, 1, 2).effective_answers == 1


def test_it_holds_the_truth_about_as_often_as_it_says():
    # 60 invited, of whom 24 think so; every sample of 20 weighted by its chance.
    chances = hypergeom(60, 24, 20)
    covered = 0.0
    for favourable in range(21):
        found = finite_population_share(favourable, 20, 60)
        if found.low <= 24 / 60 <= found.high:
            covered += chances.pmf(favourable)
    assert 0.93 < covered < 0.98


@given(st.data())
def test_the_share_lies_inside_and_more_answers_never_widen_it(data):
    invited = data.draw(st.integers(2, 500))
    answered = data.draw(st.integers(1, invited))
    favourable = data.draw(st.integers(0, answered))
    found = finite_population_share(favourable, answered, invited)
    assert 0 <= found.low <= found.share <= found.high <= 1
    of_more = finite_population_share(favourable, answered, invited + 10)
    assert of_more.high - of_more.low >= found.high - found.low - 1e-12
    turned = finite_population_share(answered - favourable, answered, invited)
    assert (1 - turned.high, 1 - turned.low) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ((0, 0, 5), "found 0 of 5"),
        ((3, 6, 5), "found 6 of 5"),
        ((4, 3, 5), "found 4 of 3"),
        ((-1, 3, 5), "found -1 of 3"),
    ],
)
def test_counts_that_cannot_be_are_refused(given_, sentence):
    with pytest.raises(ValueError, match=sentence):
        finite_population_share(*given_)


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ValueError, match="level between 0 and 1"):
        finite_population_share(1, 2, 3, confidence_level=95)
