from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts import promise
from pipeline.contracts.establishments import ESTABLISHMENTS, LINEAGE, LINKS
from pipeline.schools.lineage import (
    AGREES,
    AMALGAMATED,
    CONVERSION,
    FIRST,
    LATER,
    MERGED,
    NO_LINK,
    NOT_OPENED,
    ONE_SIDE,
    SEVERAL,
    SPONSORED,
    UNEXPLAINED,
    WALES,
    Rules,
    attach,
    explain_differences,
    follow_chains,
    two_in_one_year,
)

# Numbers of schools: A, B and C were entered one after another, X and Y later.
A, B, C, X, Y = "131001", "131002", "131003", "140001", "145001"
AN_OLD_ONE = "100001"


def as_promised(rows, contract):
    types = {name: column.dtype.type for name, column in contract.columns.items()}
    blank = dict.fromkeys(types) | {"source": "gias/file.csv", "row": 2, "name": "School"}
    table = pd.DataFrame([blank | row for row in rows], columns=list(types))
    return promise.check(table.astype(types), contract)


def links(*told):
    """Make links: links((X, 'Predecessor', A, '2018-09-01'), ...); the day may lack."""
    rows = [
        {
            "urn": urn,
            "kind": kind,
            "linked_urn": other,
            "established": day[0] if day else None,
        }
        for urn, kind, other, *day in told
    ]
    return as_promised(rows, LINKS)


def both_sides(old, new, day=None, kind=""):
    """Make the two links of one change: the old one's closing, the new one's opening."""
    opening = pd.Timestamp(day) if day else None
    closing = opening - pd.Timedelta(days=1) if day else None
    return [
        (old, f"Successor{kind}", new, closing),
        (new, f"Predecessor{kind}", old, opening),
    ]


def register(**told):
    """Make establishments: register(**{A: {'status': 'Closed'}})."""
    return as_promised(
        [{"urn": urn} | about for urn, about in told.items()], ESTABLISHMENTS
    )


NOTHING_KNOWN = register()


def keys(told, about=NOTHING_KNOWN, rules=None):
    table = follow_chains(links(*told), about, rules).table
    promise.check(table, LINEAGE)
    return dict(zip(table["urn"], table["school_key"], strict=True))


def kind_of(told, old, new, about=NOTHING_KNOWN):
    steps = follow_chains(links(*told), about).steps.set_index(["old", "new"])
    return steps.loc[(old, new), "kind"]


def test_a_school_that_converted_keeps_its_key():
    assert keys(both_sides(A, X, "2018-09-01")) == {A: A, X: A}


@pytest.mark.parametrize("told", [(A, "Successor", X), (X, "Predecessor", A)])
def test_a_link_that_one_side_alone_records_is_followed(told):
    assert keys([told]) == {A: A, X: A}


def test_a_school_that_converted_twice_keeps_its_first_key():
    told = both_sides(A, X, "2012-09-01") + both_sides(X, Y, "2018-09-01")
    assert keys(told) == {A: A, X: A, Y: A}


def test_a_school_that_never_changed_is_its_own_key():
    assert keys([], register(**{A: {}})) == {A: A}


def test_without_links_and_register_there_is_no_lineage():
    assert keys([]) == {}


def test_the_words_of_the_register_may_be_padded_or_in_capitals():
    assert keys([(A, " SUCCESSOR ", X)]) == {A: A, X: A}


def test_the_table_tells_how_each_establishment_began():
    told = both_sides(A, X, "2018-09-01")
    table = follow_chains(links(*told), NOTHING_KNOWN).table.set_index("urn")
    assert table.loc[A, "kind"] == FIRST
    assert table.loc[X, "kind"] == CONVERSION
    assert table.loc[X, "linked_urn"] == A
    assert table.loc[X, "since"] == pd.Timestamp("2018-09-01")


@pytest.mark.parametrize(
    "words", ["Academy sponsor led", "Academy - Sponsor led special school"]
)
def test_a_sponsored_academy_is_a_new_school(words):
    about = register(**{X: {"school_type": words}})
    told = both_sides(A, X, "2018-09-01")
    assert keys(told, about) == {A: A, X: X}
    assert kind_of(told, A, X, about) == SPONSORED


def test_a_sponsored_academy_goes_on_where_the_rule_carries():
    about = register(**{X: {"school_type": "Academy sponsor led"}})
    told = both_sides(A, X, "2018-09-01")
    assert keys(told, about, Rules(sponsored="carry")) == {A: A, X: A}


def test_a_sponsored_academy_that_converts_starts_with_the_academy():
    about = register(**{X: {"school_type": "Academy sponsor led"}})
    told = both_sides(A, X, "2012-09-01") + both_sides(X, Y, "2018-09-01")
    assert keys(told, about) == {A: A, X: X, Y: X}


def test_of_merged_schools_the_survivor_keeps_its_key():
    told = both_sides(A, B, "2018-09-01", " - merged")
    assert keys(told) == {A: A, B: B}
    assert keys(told, rules=Rules(merged="carry")) == {A: A, B: A}


def test_a_successor_with_a_lower_number_was_open_before():
    told = both_sides(B, A, "2018-09-01")
    assert kind_of(told, B, A) == MERGED
    assert keys(told) == {A: A, B: B}


def test_a_successor_with_one_of_the_first_numbers_was_open_before():
    told = both_sides("100001", "100002", "2018-09-01")
    assert kind_of(told, "100001", "100002") == MERGED


def test_a_successor_that_had_opened_years_before_was_open():
    about = register(**{X: {"opened": "2012-09-01"}})
    assert kind_of(both_sides(A, X, "2018-09-01"), A, X, about) == MERGED


def test_a_successor_that_opened_on_the_day_is_a_conversion_whatever_its_number():
    about = register(**{AN_OLD_ONE: {"opened": "2018-09-01"}})
    assert keys(both_sides(A, AN_OLD_ONE, "2018-09-01"), about) == {A: A, AN_OLD_ONE: A}


def test_two_schools_that_lead_into_one_make_a_new_school():
    told = both_sides(A, X, "2018-09-01") + both_sides(B, X, "2018-09-01")
    assert keys(told) == {A: A, B: B, X: X}
    assert kind_of(told, A, X) == AMALGAMATED


def test_two_schools_that_lead_into_one_without_dates_make_a_new_school():
    told = both_sides(A, X) + both_sides(B, X)
    assert keys(told) == {A: A, B: B, X: X}


def test_a_school_that_joins_later_does_not_end_a_conversion():
    told = both_sides(A, X, "2012-09-01") + both_sides(B, X, "2018-09-01")
    assert keys(told) == {A: A, B: B, X: A}
    assert kind_of(told, B, X) == MERGED


def test_an_amalgamation_goes_on_from_the_school_whose_pupils_leave_at_the_same_age():
    infant, junior, primary = {"highest_age": 7}, {"highest_age": 11}, {"highest_age": 11}
    about = register(**{A: infant, B: junior, X: primary})
    told = both_sides(A, X, "2018-09-01") + both_sides(B, X, "2018-09-01")
    rules = Rules(amalgamated="survivor")
    assert keys(told, about, rules) == {A: A, B: B, X: B}


def test_an_amalgamation_of_two_that_leave_at_the_same_age_is_a_new_school():
    about = register(**{urn: {"highest_age": 16} for urn in (A, B, X)})
    told = both_sides(A, X, "2018-09-01") + both_sides(B, X, "2018-09-01")
    assert keys(told, about, Rules(amalgamated="survivor"))[X] == X


def test_an_amalgamation_may_carry_all_its_schools():
    told = both_sides(A, X, kind=" - amalgamated") + both_sides(B, X, kind=" - amalgamated")
    assert keys(told, rules=Rules(amalgamated="carry")) == {A: A, B: A, X: A}


def test_a_school_that_splits_gives_new_schools():
    told = both_sides(A, X, "2018-09-01") + both_sides(A, Y, "2018-09-01")
    assert keys(told) == {A: A, X: X, Y: Y}


def test_a_split_goes_on_in_the_school_whose_pupils_leave_at_the_same_age():
    about = register(
        **{A: {"highest_age": 11}, X: {"highest_age": 7}, Y: {"highest_age": 11}}
    )
    told = both_sides(A, X, "2018-09-01") + both_sides(A, Y, "2018-09-01")
    assert keys(told, about, Rules(split="survivor")) == {A: A, X: X, Y: A}


def test_a_school_is_not_its_own_predecessor():
    assert keys([(A, "Successor", A)]) == {A: A}
    told = follow_chains(links((A, "Successor", A)), NOTHING_KNOWN).told
    assert told["pairs_by_kind"] == {"leads to itself": 1}


@pytest.mark.parametrize("numbers", [(A, B), (A, B, C)])
def test_links_in_a_circle_join_nothing(numbers):
    ring = zip(numbers, (*numbers[1:], numbers[0]), strict=True)
    assert keys([(old, "Successor", new) for old, new in ring]) == {u: u for u in numbers}


def test_a_link_past_a_school_in_between_makes_no_split():
    told = both_sides(A, X, "2012-09-01") + both_sides(X, Y, "2018-09-01")
    assert keys([*told, (A, "Successor", Y)]) == {A: A, X: A, Y: A}


def test_an_academy_that_was_planned_and_never_opened_makes_no_split():
    told = [*both_sides(A, Y, "2019-04-01"), (A, "Successor", X, "2018-11-30")]
    assert kind_of(told, A, X) == NOT_OPENED
    assert keys(told) == {A: A, X: X, Y: A}


def test_two_schools_that_are_both_open_are_not_one():
    about = register(
        **{A: {"status": "Open"}, X: {"status": "Open, but proposed to close"}}
    )
    assert keys(both_sides(A, X, "2018-09-01"), about) == {A: A, X: X}


def test_a_school_that_closed_long_after_its_successor_opened_only_joined_it():
    about = register(**{A: {"closed": "2019-08-31"}, X: {"opened": "2018-09-01"}})
    assert keys(both_sides(A, X, "2018-09-01"), about) == {A: A, X: X}


@pytest.mark.parametrize(
    "kind", ["Sixth Form Centre Link", "Expansion", "Closure", "Other", "Successor - else"]
)
def test_links_of_other_kinds_are_counted_and_not_followed(kind):
    lineage = follow_chains(links((A, kind, X)), NOTHING_KNOWN)
    assert lineage.table["school_key"].tolist() == [A, X]
    assert lineage.told["links_of_other_kinds"] == {kind: 1}


def test_what_was_found_is_counted():
    about = register(**{A: {"closed": "2018-08-31"}, C: {}})
    told = [*both_sides(A, X, "2018-09-01"), (B, "Successor", Y)]
    counts = follow_chains(links(*told), about).told
    assert counts["links"] == 3
    assert counts["pairs"] == 2
    assert counts["pairs_recorded_by_one_side_only"] == 1
    assert counts["pairs_without_a_date"] == 1
    assert counts["pairs_with_an_establishment_not_in_the_register"] == 2
    assert counts["pairs_into_an_establishment_of_unknown_type"] == 2
    assert counts["pairs_carried_by_kind"] == {CONVERSION: 2}
    assert (counts["establishments"], counts["keys"]) == (5, 3)
    assert counts["keys_of_several_establishments"] == 2


def test_schools_of_one_key_that_were_open_at_once_are_counted():
    about = register(**{A: {"closed": "2019-08-31"}, X: {"opened": "2018-09-01"}})
    told = links(*both_sides(A, X, "2018-09-01"))
    lineage = follow_chains(told, about, Rules(merged="carry"))
    assert lineage.told["keys_with_two_open_at_once"] == 1


def test_the_order_of_the_rows_does_not_matter():
    told = [
        (X, "Predecessor", A),
        (B, "Successor", X),
        (A, "Successor", Y),
        (Y, "Other", A),
    ]
    about = register(**{X: {}, A: {"highest_age": 11}})
    first = follow_chains(links(*told), about)
    for order in permutations(told):
        again = follow_chains(links(*order), about.iloc[::-1])
        pd.testing.assert_frame_equal(again.table, first.table)
        pd.testing.assert_frame_equal(again.steps, first.steps)


SOME = st.sampled_from(["131001", "131002", "131003", "140001", "140002", AN_OLD_ONE])
DAYS = st.sampled_from([None, "2012-09-01", "2018-08-31", "2018-09-01"])
LINKED = st.tuples(
    SOME,
    st.sampled_from(
        ["Successor", "Predecessor", "Successor - merged", "Predecessor - amalgamated"]
    ),
    SOME,
    DAYS,
)
ABOUT = st.fixed_dictionaries(
    {
        "opened": DAYS,
        "closed": DAYS,
        "highest_age": st.sampled_from([None, 7, 11]),
        "status": st.sampled_from([None, "Open", "Closed"]),
    }
)


@given(st.lists(LINKED, max_size=10), st.dictionaries(SOME, ABOUT))
def test_whatever_the_links_each_number_has_one_key_and_no_key_branches(told, about):
    lineage = follow_chains(links(*told), register(**about))
    promise.check(lineage.table, LINEAGE)
    named = {urn for urn, _, other, _ in told for urn in (urn, other)} | set(about)
    table = lineage.table.set_index("urn")["school_key"]
    assert set(table.index) == named
    assert (table[table.unique()] == table.unique()).all()
    carried = lineage.steps[lineage.steps["carried"]]
    assert carried["old"].is_unique
    assert carried["new"].is_unique


@given(st.sampled_from([(A, X), (X, A)]), ABOUT, ABOUT, DAYS)
def test_two_schools_open_at_the_same_time_are_never_one(pair, about_old, about_new, day):
    about = register(**dict(zip(pair, (about_old, about_new), strict=True)))
    lineage = follow_chains(links(*both_sides(*pair, day)), about)
    assert lineage.told["keys_with_two_open_at_once"] == 0


def test_a_key_with_two_schools_open_at_once_is_counted_along_the_whole_chain():
    about = register(**{A: {"closed": "2018-08-31"}, Y: {"opened": "2015-09-01"}})
    told = [*both_sides(A, X), *both_sides(X, Y)]
    assert follow_chains(links(*told), about).told["keys_with_two_open_at_once"] == 1


def test_a_table_is_given_its_keys():
    lineage = follow_chains(links(*both_sides(A, X)), NOTHING_KNOWN).table
    results = pd.DataFrame({"urn": [X, "999999"], "value": [1.0, 2.0]})
    assert attach(results, lineage)["school_key"].tolist() == [A, "999999"]


def test_two_numbers_of_one_school_in_one_year_are_found():
    rows = [(A, A, 2018), (A, X, 2018), (A, X, 2019), (B, B, 2018), (B, B, 2018)]
    found = two_in_one_year(pd.DataFrame(rows, columns=["school_key", "urn", "year"]))
    assert found["urn"].tolist() == [A, X]


@pytest.mark.parametrize("rule", ["sponsored", "merged", "amalgamated", "split"])
def test_a_word_that_is_no_rule_is_refused(rule):
    with pytest.raises(ValueError, match=f"{rule}: 'brake' is none of"):
        Rules(**{rule: "brake"})


def why(told, latest, about=NOTHING_KNOWN):
    """Reason for each number of another list: why(links, {A: its latest number})."""
    other = pd.DataFrame({"urn": list(latest), "latest_urn": list(latest.values())})
    found = explain_differences(follow_chains(links(*told), about), other)
    return dict(zip(found["urn"], found["why"], strict=True))


def test_lists_that_agree_need_no_reason():
    assert why(both_sides(A, X), {A: X, X: X, C: C}) == dict.fromkeys([A, X, C], AGREES)


def test_a_difference_is_explained_by_the_step_that_is_not_carried():
    about = register(**{X: {"school_type": "Academy sponsor led"}})
    told = both_sides(A, X) + both_sides(X, Y)
    assert why(told, {A: Y, X: Y, Y: Y}, about)[A] == SPONSORED


def test_a_number_that_the_other_list_does_not_know_explains_a_difference():
    assert why(both_sides(A, X), {A: A}) == {A: LATER}


def test_a_link_of_one_side_explains_a_difference():
    assert why([(A, "Successor", X)], {A: A, X: X})[A] == ONE_SIDE


def test_a_school_that_joined_explains_a_difference():
    told = both_sides(A, X, "2012-09-01") + both_sides(B, X, "2018-09-01")
    assert why(told, {A: A, X: X})[A] == SEVERAL


def test_wales_explains_a_difference():
    told = both_sides("400001", "402001")
    assert why(told, {"400001": "400001", "402001": "402001"})["400001"] == WALES


def test_a_school_that_no_link_leads_to_explains_a_difference():
    assert why([], {A: X, X: X})[A] == NO_LINK


def test_a_difference_without_a_reason_is_not_explained_away():
    assert why(both_sides(A, X), {A: A, X: X})[A] == UNEXPLAINED
