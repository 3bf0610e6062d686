import numpy as np
import pytest
import statsmodels.api as sm

from pipeline.estimators.doubly_robust import NotEstimable, change_on_change


def constant(count):
    return np.ones((count, 1))


def compare(treated, controls, method="dr"):
    """Compare changes of one outcome without covariates."""
    return change_on_change(
        np.array([treated], float),
        np.array([controls], float),
        constant(len(treated)),
        constant(len(controls)),
        method,
    )


@pytest.mark.parametrize("method", ["dr", "reg", "ipw"])
def test_without_covariates_it_is_the_difference_of_two_means(method):
    found = compare([4, 6], [1, 2, 3], method)
    assert found.att == pytest.approx([5 - 2])
    # Each treated unit pulls by its deviation over 2, each control over 3, the other way.
    assert found.treated[0] == pytest.approx([-1 / 2, 1 / 2])
    assert found.controls[0] == pytest.approx([1 / 3, 0, -1 / 3])


def test_weighting_gives_each_control_the_odds_of_its_kind():
    # Of kind a, 2 of 4 units are treated (odds 1); of kind b, 1 of 5 (odds 1/4).
    kind_treated, kind_controls = [1, 1, 0], [1, 1, 0, 0, 0, 0]
    found = change_on_change(
        np.array([[5.0, 5.0, 5.0]]),
        np.array([[4.0, 4.0, 1.0, 1.0, 1.0, 1.0]]),
        np.column_stack([np.ones(3), kind_treated]),
        np.column_stack([np.ones(6), kind_controls]),
        "ipw",
    )
    # Controls of kind a weigh 2 * 1, those of kind b 4 * 1/4: (2 * 4 + 1 * 1)/3 = 3.
    assert found.att == pytest.approx([5 - 3])


def drawn(seed, count=400, shift=0.8):
    random = np.random.default_rng(seed)
    size = random.normal(size=(count, 2))
    joins = random.random(count) < 1 / (1 + np.exp(1 - shift * size[:, 0]))
    design = np.column_stack([np.ones(count), size])
    return random, size, joins, design


def test_many_outcomes_at_once_are_the_same_as_one_by_one():
    random, _, joins, design = drawn(1)
    change = random.normal(size=(5, len(joins)))
    sides = design[joins], design[~joins]
    whole = change_on_change(change[:, joins], change[:, ~joins], *sides)
    for at, row in enumerate(change):
        one = change_on_change(row[None, joins], row[None, ~joins], *sides)
        assert whole.att[at] == pytest.approx(one.att[0], abs=1e-12)
        np.testing.assert_allclose(whole.controls[at], one.controls[0], atol=1e-14)


def test_the_contributions_are_what_leaving_a_unit_out_moves():
    random, size, joins, design = drawn(2, count=600)
    change = size[:, 0] ** 2 + size[:, 1] + random.normal(size=len(joins))

    def att(keep):
        ours, others = keep & joins, keep & ~joins
        sides = design[ours], design[others]
        return change_on_change(change[None, ours], change[None, others], *sides)

    everybody = np.ones(len(joins), bool)
    whole = att(everybody)
    added = np.empty(len(joins))
    added[joins], added[~joins] = whole.treated[0], whole.controls[0]
    assert added.sum() == pytest.approx(0, abs=1e-12)
    for unit in range(0, 600, 40):
        keep = everybody.copy()
        keep[unit] = False
        assert whole.att[0] - att(keep).att[0] == pytest.approx(
            added[unit], rel=0.05, abs=1e-5
        )


def test_it_is_right_when_either_model_is():
    random = np.random.default_rng(3)
    size = random.normal(size=200_000)
    joins = random.random(len(size)) < 1 / (1 + np.exp(2 - size))
    linear = np.column_stack([np.ones(len(size)), size])
    curved = np.column_stack([np.ones(len(size)), size**2])
    for change, design, wrong in (
        (np.exp(size / 2), linear, "reg"),  # the logit is right, the line is not
        (size**2, curved, "ipw"),  # the line is right, the logit is not
    ):
        sides = change[None, joins], change[None, ~joins], design[joins], design[~joins]
        assert change_on_change(*sides).att[0] == pytest.approx(0, abs=0.02)
        assert abs(change_on_change(*sides, wrong).att[0]) > 0.05


@pytest.mark.parametrize("skew", [0.5, 2.0])
def test_the_logit_is_statsmodels_logit_however_skewed_the_covariate(skew):
    random, size, joins, _ = drawn(4, count=3000)
    design = np.column_stack([np.ones(len(joins)), np.exp(skew * size[:, 1]), size[:, 0]])
    design[:, 1] = (design[:, 1] - design[:, 1].mean()) / design[:, 1].std()
    change = random.normal(size=(1, len(joins)))
    sides = change[:, joins], change[:, ~joins], design[joins], design[~joins]
    found = change_on_change(*sides, "ipw")
    expected = sm.Logit(joins.astype(float), design).fit(disp=0, tol=1e-13).params
    assert found.score_coefficients == pytest.approx(expected, abs=1e-9)
    far = change_on_change(*sides, "ipw", start=np.array([3.0, -40.0, 8.0]))
    assert far.att == pytest.approx(found.att, abs=1e-10)


@pytest.mark.parametrize(
    ("treated", "controls", "reason"),
    [
        (np.empty((0, 1)), constant(3), "no treated"),
        (constant(3), np.empty((0, 1)), "no control"),
        (
            np.c_[constant(2), [1.0, 2.0]],
            np.c_[constant(3), [3.0] * 3],
            "among the controls",
        ),
        (np.c_[constant(2), [8.0, 9.0]], np.c_[constant(3), [1.0, 2.0, 3.0]], "tell the"),
    ],
)
def test_it_says_why_a_comparison_cannot_be_made(treated, controls, reason):
    changes = np.zeros((1, len(treated))), np.zeros((1, len(controls)))
    with pytest.raises(NotEstimable, match=reason):
        change_on_change(*changes, treated, controls)


def test_a_score_above_the_highest_is_refused_and_one_below_is_kept_whole():
    # A group of 2,999 treated and 1 control has the score 2999/3000; of 99 and 1, 0.99.
    for members, refused in ((2999, True), (99, False)):
        treated = np.c_[constant(members + 1), np.r_[np.ones(members), 0.0]]
        controls = np.c_[constant(2), [1.0, 0.0]]
        changes = np.ones((1, members + 1)), np.array([[10.0, 0.0]])
        if refused:
            with pytest.raises(NotEstimable, match="reaches 0.999"):
                change_on_change(*changes, treated, controls, "ipw")
        else:
            # Odds 99 and 1: the controls' mean is (99 * 10 + 1 * 0)/100.
            found = change_on_change(*changes, treated, controls, "ipw")
            assert found.att == pytest.approx([1 - 9.9])


@pytest.mark.parametrize("start", [None, [30.0, -40.0, 8.0, 20.0]])
def test_controls_of_a_kind_without_a_joiner_weigh_nothing_wherever_the_search_starts(
    start,
):
    # Joiners are few, sizes are skewed, so that many scores are low with a finite logit.
    compared = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        kind = random.random(500) < 0.3
        size, skewed = random.normal(size=500), np.exp(random.normal(size=500))
        joins = ~kind & (random.random(500) < 1 / (1 + np.exp(3 - 1.5 * size)))
        full = np.column_stack([np.ones(500), size, skewed, kind])
        change = random.normal(size=(1, 500))
        begin = None if start is None else np.array(start)
        own, others = change[:, joins], change[:, ~joins]
        of_their_kind = ~kind[~joins]
        try:
            expected = change_on_change(
                own,
                others[:, of_their_kind],
                full[joins, :3],
                full[~joins & ~kind, :3],
                "ipw",
            )
        except NotEstimable:
            continue
        compared += 1
        found = change_on_change(own, others, full[joins], full[~joins], "ipw", begin)
        assert found.att == pytest.approx(expected.att, abs=1e-9)
        np.testing.assert_allclose(found.controls[0][~of_their_kind], 0, atol=1e-12)
    assert compared > 50
