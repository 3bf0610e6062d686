import math

import numpy as np
import pandas as pd
import pytest

from pipeline.challenges.placebo import placebo_partners, placebo_years
from pipeline.estimators.randomisation import randomise_members, weighted_gap


def mean_gap(table):
    own = table["is_partner"].to_numpy()
    return table["value"].to_numpy()[own].mean() - table["value"].to_numpy()[~own].mean()


def before_and_after(table):
    """Change of members about their own date less the change of others about 2019."""
    date = table["joined"].to_numpy(float)
    member = np.isfinite(date) & (date != 0)
    cut = np.where(member, date, np.max(date[member]))
    after = table["year"].to_numpy() >= cut
    value = table["value"].to_numpy()
    if not (after & member).any():
        raise ValueError("no member after joining")
    return (value[after & member].mean() - value[~after & member].mean()) - (
        value[after & ~member].mean() - value[~after & ~member].mean()
    )


def panel(path, *, years=range(2015, 2022), joined=2019, members=3, others=3):
    """Members' values follow `path(year)`; the others' are 0."""
    rows = [
        (f"s{n}", year, path(year) if n < members else 0.0, joined if n < members else 0)
        for n in range(members + others)
        for year in years
    ]
    return pd.DataFrame(rows, columns=["school", "year", "value", "joined"])


def test_a_change_at_the_real_date_leaves_false_dates_at_zero():
    table = panel(lambda year: 1.0 * (year >= 2019))
    assert before_and_after(table) == 1
    found = placebo_years(table, before_and_after)
    assert [(one.shift, one.estimate) for one in found] == [(1, 0), (2, 0), (3, 0)]
    assert {(one.members, one.left_out) for one in found} == {(3, 0)}


def test_a_path_that_began_earlier_shows_at_false_dates():
    found = placebo_years(panel(lambda year: year - 2015.0), before_and_after, shifts=[2])
    # Before the false date of 2017: 0 and 1; from it to 2018: 2 and 3.
    assert found[0].estimate == pytest.approx(2.5 - 0.5)


def test_years_of_membership_are_taken_away():
    seen = []

    def watch(table):
        seen.append(table)
        return 0.0

    placebo_years(panel(float), watch, shifts=[1])
    own = seen[0][seen[0]["joined"] != 0]
    assert own["year"].max() == 2018
    assert set(own["joined"]) == {2018}
    assert seen[0].loc[seen[0]["joined"] == 0, "year"].max() == 2021


def test_members_without_years_on_both_sides_are_counted():
    early = panel(float, joined=2016, members=1, others=1)
    late = panel(float).assign(school=lambda t: "late " + t["school"])
    found = placebo_years(pd.concat([early, late]), before_and_after, shifts=[1, 9])
    assert (found[0].members, found[0].left_out) == (3, 1)
    assert (found[1].estimate, found[1].members, found[1].left_out) == (None, 0, 4)
    assert "no member has a year before" in found[1].why


def test_a_refusal_of_the_estimator_is_kept_as_the_reason():
    def refuse(table):
        raise ValueError("too few schools")

    found = placebo_years(panel(float), refuse, shifts=[1])
    assert (found[0].estimate, found[0].why) == (None, "too few schools")


def schools(size=40, partners=4, seed=3):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "school": [f"s{n:02}" for n in range(size)],
            "value": rng.normal(size=size),
            "is_partner": np.arange(size) < partners,
            "region": np.where(np.arange(size) % 2 == 0, "North", "South"),
        }
    )


def test_partners_far_above_all_others_are_far_above_all_placebos():
    table = schools()
    table.loc[table["is_partner"], "value"] += 10
    found = placebo_partners(table, mean_gap, draws=99)
    assert found.share_below == 1
    assert found.p_value == 2 / 100
    assert (found.draws, found.left_out, found.schools) == (99, 0, (4, 4))
    assert found.placebo.shape == (99,)
    assert found.low <= found.placebo.mean() <= found.high < found.real


def test_real_partners_are_on_neither_side_of_a_placebo():
    table = schools()
    real = set(table.loc[table["is_partner"], "school"])
    seen = []

    def watch(variant):
        seen.append(variant)
        return mean_gap(variant)

    placebo_partners(table, watch, draws=20, strata="region")
    assert set(seen[0]["school"]) >= real  # the real estimate has them
    for variant in seen[1:]:
        assert not set(variant["school"]) & real
        assert variant["is_partner"].sum() == 4
        drawn = variant.loc[variant["is_partner"], "region"].value_counts()
        assert drawn.to_dict() == {"North": 2, "South": 2}


def test_without_partners_of_their_own_kind_it_is_near_the_randomisation_test():
    table = schools(seed=5)
    found = placebo_partners(table, mean_gap, draws=2000)
    other = randomise_members(
        table["is_partner"].to_numpy(),
        weighted_gap(table["value"], np.ones(40)),
        draws=2000,
    )
    assert found.p_value == pytest.approx(other.p_value, abs=0.15)


def test_whole_hubs_are_drawn_and_their_sizes_told():
    table = schools(12, 3).assign(hub=list("AAABCCDDDEEF"))
    seen = []

    def watch(variant):
        seen.append(set(variant.loc[variant["is_partner"], "hub"]))
        return mean_gap(variant)

    found = placebo_partners(table, watch, cluster="hub", draws=40)
    assert set(map(len, seen)) == {1}
    assert found.schools == (1, 3)


def test_drawn_schools_are_given_the_join_dates_of_real_partners():
    table = pd.concat(
        [panel(float, members=1), panel(float, members=1, joined=2020).replace("s0", "t0")]
    ).drop_duplicates(["school", "year"])
    seen = []

    def watch(variant):
        seen.append(sorted(variant.loc[variant["joined"] != 0, "joined"].unique()))
        return 0.0

    placebo_partners(table, watch, treatment="joined", draws=5)
    assert seen == [[2019, 2020]] * 6


def test_draws_that_the_estimator_refuses_are_counted():
    table = schools()

    def only_with_s10(variant):
        if variant["school"].min() == "s04" and not variant["is_partner"].iloc[-1]:
            raise ValueError("the last school is needed")
        return mean_gap(variant)

    found = placebo_partners(table, only_with_s10, draws=60)
    assert found.draws + found.left_out == 60
    assert 0 < found.draws < 60
    assert found.why == "the last school is needed"


def test_order_and_processes_change_nothing():
    table = schools()
    one = placebo_partners(table, mean_gap, draws=30, strata="region")
    turned = placebo_partners(table[::-1], mean_gap, draws=30, strata="region")
    assert turned.placebo == pytest.approx(one.placebo, abs=1e-12)
    many = placebo_partners(table, mean_gap, draws=30, strata="region", workers=2)
    assert many == one
    np.testing.assert_array_equal(many.placebo, one.placebo)


TABLE = schools()
BOTH_SIDES = TABLE.assign(hub=["A"] * 5 + [f"h{n}" for n in range(35)])


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: placebo_partners(TABLE, mean_gap, strata="kind"), "no column kind"),
        (
            lambda: placebo_partners(TABLE.assign(is_partner=False), mean_gap),
            "no school among the partners",
        ),
        (
            lambda: placebo_partners(TABLE[:6], mean_gap),
            "has 4 partners and 2 others",
        ),
        (lambda: placebo_partners(BOTH_SIDES, mean_gap, cluster="hub"), "cluster 'A' holds"),
        (
            lambda: placebo_partners(pd.concat([TABLE, TABLE.assign(is_partner=False)]),
                                     mean_gap),
            "is_partner changes within school 's00'",
        ),
        (lambda: placebo_partners(TABLE.assign(region=None), mean_gap, strata="region"),
         "has no school or no region"),
        (lambda: placebo_partners(TABLE, mean_gap, draws=0), "a whole number from 1"),
        (lambda: placebo_partners(TABLE, lambda t: math.nan), "real partners is not a finite"),
        (lambda: placebo_partners(TABLE, lambda t: math.nan if len(t) < 40 else 1.0),
         "no draw gave an estimate"),
        (lambda: placebo_years(TABLE, mean_gap), "no column year, joined"),
        (lambda: placebo_years(panel(float), mean_gap, shifts=[0]), "at least one shift"),
        (lambda: placebo_years(panel(float, members=0), mean_gap), "no member"),
        (lambda: placebo_years(panel(float).assign(year=np.nan), mean_gap), "no school or year"),
        (
            lambda: placebo_years(panel(float).assign(joined=lambda t: t["year"]), mean_gap),
            "joined changes within school 's0'",
        ),
    ],
)  # fmt: skip
def test_what_has_no_placebo_is_refused(ask, sentence):
    with pytest.raises(ValueError, match=sentence):
        ask()
