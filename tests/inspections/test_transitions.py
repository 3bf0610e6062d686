"""From which grade to which, what is known of the time, and what is left out."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.inspections import examine, side_by_side
from pipeline.inspections.transitions import (
    BEST,
    BETWEEN,
    FROM_JOINING,
    MIX,
    MOVED_DOWN,
    MOVED_UP,
    NOT_INSPECTED,
    STAYED,
    UP_AT_BOUND,
    WORST,
)
from tests.inspections.made_histories import (
    NO_TRUSTS,
    drawn_history,
    made_history,
    members,
)

OWN = [f"{100001 + n}" for n in range(8)]
OTHERS = [f"{200001 + n}" for n in range(16)]


def ask(history, joined, last_year=2024, trusts=NO_TRUSTS):
    found = examine.examined(history, joined, trusts, last_year, 0.95)
    for name, contract in examine.FILES.items():
        promise.check(getattr(found, name), contract)
    return found


def row(found, quantity, at=None):
    rows = found.findings[found.findings["quantity"] == quantity]
    rows = rows[rows["at"].isna() if at is None else rows["at"] == at]
    assert len(rows) == 1
    return rows.iloc[0]


def cell(found, before, after):
    table = found.transitions.set_index(["from_grade", "to"])
    return table.loc[(before, after)]


def from_good(own_up, others_up):
    """Eight members and sixteen others are good; so many of each become outstanding."""
    told = []
    for keys, up in ((OWN, own_up), (OTHERS, others_up)):
        for n, key in enumerate(keys):
            told.append((key, "2018-01-10", 2))
            told.append((key, "2022-01-10", 1 if n < up else 2))
    return made_history(*told)


@pytest.fixture(scope="module")
def plain():
    return ask(from_good(4, 4), members(*OWN))


def test_grades_at_joining_are_set_against_grades_on_the_last_day(plain):
    moved = cell(plain, "good", "outstanding")
    assert (moved["partner_schools"], moved["partner_share"]) == (4, 0.5)
    assert cell(plain, "good", "good")["partner_schools"] == 4


def test_other_schools_of_the_same_grade_stand_in_the_same_row(plain):
    moved = cell(plain, "good", "outstanding")
    assert (moved["rest_schools"], moved["rest_share"]) == (4, 0.25)


def test_a_grade_from_which_nobody_started_has_no_shares(plain):
    empty = cell(plain, "inadequate", "good")
    assert empty["partner_schools"] == 0 and pd.isna(empty["partner_share"])


def test_the_difference_has_both_sides_their_schools_and_an_interval(plain):
    up = row(plain, MOVED_UP, "good")
    assert (up["partners"], up["rest"], up["estimate"]) == (0.5, 0.25, 0.25)
    assert (up["partner_schools"], up["rest_schools"]) == (8, 16)
    assert up["low"] < 0.25 < up["high"] and up["status"] == "estimate"
    assert "errors by school" in up["said"]


def test_none_can_move_above_outstanding_or_below_inadequate(plain):
    up, down = row(plain, MOVED_UP, "outstanding"), row(plain, MOVED_DOWN, "inadequate")
    assert up["status"] == down["status"] == "not possible"
    assert up["said"] == "no grade is better than outstanding"
    assert down["said"] == "no grade is worse than inadequate"


def test_fewer_than_six_schools_of_a_side_are_not_compared(plain):
    few = row(plain, MOVED_UP, "requires improvement")
    assert few["status"] == "not possible"
    assert few["said"] == "0 members and 0 others; needed: 6 of each"


def test_up_the_same_and_down_add_up_to_all(plain):
    parts = [row(plain, q, "good")["partners"] for q in (MOVED_UP, STAYED, MOVED_DOWN)]
    assert sum(parts) == 1


def test_the_rest_is_weighed_to_the_members_mix_of_grades():
    """Six members of each grade; of the others twelve are good and stay, six weak and rise."""
    told = [(f"1{n:05}", "2018-01-10", 2 if n < 6 else 3) for n in range(12)]
    told += [(f"2{n:05}", "2018-01-10", 2 if n < 12 else 3) for n in range(18)]
    told += [(f"2{n:05}", "2022-01-10", 2) for n in range(12, 18)]
    found = ask(made_history(*told), members(*(f"1{n:05}" for n in range(12))))
    assert row(found, MOVED_UP, MIX)["rest"] == 0.5


def test_each_member_is_compared_from_its_own_day():
    """Others rose in 2020: since 2019 all of them, since 2021 none."""
    told = [(key, "2018-01-10", 3) for key in OWN]
    told += [(key, day, grade) for key in OTHERS for day, grade in (("2018-01-10", 3),)]
    told += [(key, "2020-06-10", 2) for key in OTHERS]
    early = ask(made_history(*told), members(*OWN, joined="2019-09-01"))
    assert cell(early, "requires improvement", "good")["rest_share"] == 1
    late = ask(made_history(*told), members(*OWN, joined="2021-09-01"))
    assert late.transitions["rest_schools"].sum() == 0
    assert set(late.left_out["why"]) == {side_by_side.NO_OTHER_SIDE}


def test_who_joined_before_the_first_file_starts_on_its_day():
    """Inspected in 2017 and 2018: the grade of 2016 may be told of some schools only."""
    told = [
        (key, day, g) for key in OWN for day, g in (("2015-05-05", 3), ("2018-05-05", 2))
    ]
    told += [(key, "2018-05-05", 2) for key in OTHERS]
    found = ask(made_history(*told), members(*OWN, joined="2016-09-01"))
    assert cell(found, "good", "good")["partner_schools"] == 8
    assert row(found, FROM_JOINING)["partners"] == 0
    assert "0 of 8 members" in row(found, FROM_JOINING)["said"]


def test_an_inspection_before_joining_is_no_change_since():
    told = [(key, "2018-01-10", 3) for key in [*OWN, *OTHERS]]
    told += [(key, "2021-08-30", 2) for key in [*OWN, *OTHERS]]
    found = ask(made_history(*told), members(*OWN, joined="2021-09-01"))
    assert cell(found, "good", "good")["partner_schools"] == 8


def test_a_school_not_inspected_since_keeps_its_grade_and_is_counted():
    told = [(key, "2018-01-10", 3) for key in [*OWN, *OTHERS]]
    told += [(key, "2022-01-10", 3) for key in OWN[:2]]
    found = ask(made_history(*told), members(*OWN))
    assert cell(found, "requires improvement", "requires improvement")["partner_share"] == 1
    never = row(found, NOT_INSPECTED, "requires improvement")
    assert (never["partners"], never["rest"]) == (0.75, 1)


def test_bounds_are_all_unseen_schools_of_one_side_changed_and_none_of_the_other():
    """Two of eight members and eight of sixteen others were not inspected since."""
    told = [(key, "2018-01-10", 2) for key in [*OWN, *OTHERS]]
    told += [(key, "2022-01-10", 1 if n < 2 else 2) for n, key in enumerate(OWN[:6])]
    told += [(key, "2022-01-10", 2) for key in OTHERS[:8]]
    found = ask(made_history(*told), members(*OWN))
    worst, best = (row(found, UP_AT_BOUND, case) for case in (WORST, BEST))
    assert (worst["partners"], worst["rest"]) == (0.25, 0.5)
    assert (best["partners"], best["rest"]) == (0.5, 0)
    assert worst["estimate"] < row(found, MOVED_UP, MIX)["estimate"] < best["estimate"]
    assert pd.isna(worst["low"]) and "not seen" in worst["said"]


def test_a_change_is_known_to_lie_between_two_inspections(plain):
    """All schools were seen on 10 January 2018 and 2022: four years, and one leap day."""
    years = row(plain, BETWEEN)
    assert years["unit"] == "years"
    assert years["partners"] == years["rest"] == pytest.approx(4.0, abs=0.01)


def test_the_first_inspection_since_joining_closes_the_gap():
    told = [(key, "2018-01-10", 2) for key in [*OWN, *OTHERS]]
    told += [(key, day, 2) for key in OWN for day in ("2020-01-10", "2023-01-10")]
    told += [(key, "2023-01-10", 2) for key in OTHERS]
    found = ask(made_history(*told), members(*OWN))
    assert row(found, BETWEEN)["partners"] == pytest.approx(2, abs=0.01)
    assert row(found, BETWEEN)["estimate"] == pytest.approx(-3, abs=0.01)


def test_a_school_that_closed_stands_in_the_matrix_and_in_no_difference():
    told = [(key, "2018-01-10", 2) for key in [*OWN, *OTHERS]]
    told += [(key, "2022-01-10", 1) for key in OWN[:4] + OTHERS[:4]]
    history = made_history(*told, closed={OWN[7]: "2023-08-31"})
    found = ask(history, members(*OWN))
    assert cell(found, "good", "closed")["partner_schools"] == 1
    up = row(found, MOVED_UP, "good")
    assert up["partner_schools"] == 7 and up["partners"] == pytest.approx(4 / 7)
    assert "1 members, 0 other" in row(found, MOVED_UP, MIX)["said"]


def test_every_school_left_out_is_named_with_its_reason():
    told = [(key, "2018-01-10", 2) for key in [*OWN, *OTHERS]]
    told += [("300001", "2024-06-01", 2), ("300002", "2018-01-10", 4)]
    history = made_history(*told, opened={"300003": "2023-09-01"})
    joined = members(*OWN, "300002", "999999")
    late = members("300001", joined="2024-09-01")
    found = ask(history, pd.concat([joined, late], ignore_index=True))
    why = found.left_out.set_index("school_key")["why"].to_dict()
    assert why == {
        "300001": side_by_side.TOO_LATE,
        "300002": side_by_side.NO_OTHER_SIDE,
        "999999": side_by_side.NOT_IN_RESULTS,
    }
    told_of = found.findings[found.findings["question"] == "left out"]
    assert told_of["partner_schools"].sum() == 3


def test_errors_follow_hubs_where_there_are_any():
    history = from_good(4, 4)
    hubs = members(*OWN, hub=[f"hub {n // 4}" for n in range(8)])
    by_hub = row(ask(history, hubs), MOVED_UP, "good")
    assert "errors by hub or trust" in by_hub["said"]
    # Hub 0 moved up and hub 1 did not: two pieces of evidence, not eight.
    assert by_hub["high"] > row(ask(history, members(*OWN)), MOVED_UP, "good")["high"]


def test_other_schools_of_a_members_trust_are_no_comparison():
    trust = pd.Series("1234", index=[OWN[0], *OTHERS[:4]])
    found = ask(from_good(4, 4), members(*OWN), trusts=trust)
    assert cell(found, "good", "outstanding")["rest_schools"] == 0
    assert set(found.left_out["why"]) == {side_by_side.TRUST_MATE}
    assert len(found.left_out) == 4


def test_one_trust_of_all_members_leaves_schools_as_clusters():
    trust = pd.Series("1234", index=OWN)
    found = ask(from_good(4, 4), members(*OWN), trusts=trust)
    assert "errors by school" in row(found, MOVED_UP, "good")["said"]


@pytest.mark.parametrize(
    ("files", "day"),
    [
        ((date(2019, 8, 31),), "2019-08-31"),
        ((date(2024, 12, 31), date(2025, 3, 31)), "2024-08-31"),
    ],
    ids=["one file", "two files of after the end of grades"],
)
def test_one_snapshot_shows_no_transition_and_says_so(files, day):
    told = from_good(4, 4).inspections.itertuples(index=False)
    found = ask(made_history(*told, files=files), members(*OWN, joined="2017-09-01"))
    assert found.transitions.empty
    up = row(found, MOVED_UP)
    assert up["status"] == "not possible"
    assert up["said"].startswith("one snapshot") and f"as at {day}" in up["said"]
    assert "no transition can be seen" in up["said"]


def test_a_file_of_after_the_end_of_grades_tells_of_its_last_day():
    history = made_history((OWN[0], "2018-01-10", 2), files=(date(2025, 3, 31),))
    assert history.last_day(2024) == date(2024, 8, 31)


def test_years_that_end_before_a_file_end_with_the_file_before():
    """Of August 2022 the file of 2024 does not tell all: schools were seen again since."""
    history = made_history((OWN[0], "2018-01-10", 2))
    assert history.last_day(2022) == date(2019, 8, 31)
    assert history.last_day(2018) is None
    found = ask(history, members(*OWN), last_year=2018)
    assert "no file of inspection outcomes" in row(found, MOVED_UP)["said"]
    assert "up to 2018-08-31" in row(found, MOVED_UP)["said"]


def test_without_members_every_question_says_so(plain):
    found = ask(from_good(4, 4), members())
    assert set(found.findings["said"]) == {"no school was a member in these years"}
    assert set(found.findings["question"]) == {q for q, _ in examine.ASKED}


def test_the_order_of_rows_decides_nothing():
    history, joined, trusts = drawn_history(3)
    mixed = history.inspections.sample(frac=1, random_state=1)
    turned = type(history)(
        mixed.sort_values(["school_key", "day"], ignore_index=True),
        history.schools.iloc[::-1],
        history.snapshots,
    )
    one = examine.examined(history, joined, trusts, 2024, 0.95)
    other = examine.examined(turned, joined.iloc[::-1], trusts, 2024, 0.95)
    pd.testing.assert_frame_equal(one.findings, other.findings)
    pd.testing.assert_frame_equal(one.transitions, other.transitions)


def truth_of(effect, grade, count=400_000):
    """Share of schools of a grade that move up, in so many schools that chance is gone."""
    random = np.random.Generator(np.random.PCG64(99))
    standing, luck, later, group = random.normal(size=(4, count))
    cuts = [0.9, -0.8, -1.6]
    first = 1 + sum((0.6 * standing + 0.8 * luck < c).astype(int) for c in cuts)
    z = 0.6 * standing + 0.7 * later + 0.4 * group + effect
    second = 1 + sum((z < c).astype(int) for c in cuts)
    return 0.8 * (second < first)[first == grade].mean()


@pytest.mark.parametrize(("grade", "name"), [(2, "good"), (3, "requires improvement")])
def test_what_was_planted_is_recovered(grade, name):
    """Members are raised by half an SD; luck fades on both sides, and cancels."""
    history, joined, trusts = drawn_history(5, own=1200, others=4800, effect=0.5)
    up = row(ask(history, joined, trusts=trusts), MOVED_UP, name)
    planted = truth_of(0.5, grade) - truth_of(0.0, grade)
    assert planted > 0.1
    assert up["low"] < planted < up["high"]
    assert up["low"] > 0
    assert up["rest"] == pytest.approx(truth_of(0.0, grade), abs=0.04)


def test_luck_alone_moves_weak_schools_up_on_both_sides():
    """Nothing was done: most schools that required improvement rise, members no more."""
    history, joined, trusts = drawn_history(5, own=1200, others=4800)
    up = row(ask(history, joined, trusts=trusts), MOVED_UP, "requires improvement")
    assert up["rest"] > 0.4
    assert up["low"] < 0 < up["high"]


def test_members_chosen_after_bad_luck_rise_more_and_no_weighing_mends_it():
    """Of one grade, those with bad luck stand higher: grades hide it, and it comes back."""
    history, joined, trusts = drawn_history(5, own=1200, others=4800, chosen=0.8)
    up = row(ask(history, joined, trusts=trusts), MOVED_UP, MIX)
    assert up["low"] > 0
