import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.capacity.few_persons import Sum, hidden_cells

BOTH = Sum("all", ("senior", "middle"))


def test_counts_of_six_or_more_and_of_nobody_are_shown():
    assert hidden_cells({"all": 6, "senior": 6, "middle": 0}, [BOTH]) == frozenset()


def test_a_count_of_few_is_hidden_with_what_would_give_it_away():
    # 20 in all: 17 shown would leave 3.
    found = hidden_cells({"all": 20, "senior": 17, "middle": 3}, [BOTH])
    assert found == {"senior", "middle"}


def test_two_counts_of_few_that_add_up_to_six_hide_each_other():
    hubs = Sum("all", ("a", "b", "c"))
    found = hidden_cells({"all": 16, "a": 2, "b": 4, "c": 10}, [hubs])
    assert found == {"a", "b"}


def test_two_counts_of_few_that_add_up_to_five_need_a_third():
    # a + b = 5 would tell that neither is above 5.
    hubs = Sum("all", ("a", "b", "c", "d"))
    found = hidden_cells({"all": 25, "a": 2, "b": 3, "c": 8, "d": 12}, [hubs])
    assert found == {"a", "b", "c"}


def test_a_total_of_few_is_hidden_with_all_its_parts():
    assert hidden_cells({"all": 4, "senior": 4, "middle": 0}, [BOTH]) == {"all", "senior"}


def test_a_count_that_no_table_shows_is_protected_as_well():
    # 40 took part and 38 of them came again: 2 did not.
    again = Sum("in", ("again", "gone"))
    counts = {"in": 40, "again": 38, "gone": 2}
    assert hidden_cells(counts, [again], never_shown={"gone"}) == {"gone", "again"}


def test_a_sum_of_sums_gives_nothing_away():
    # Liked 37 = 35 + 2 and not liked 3 of 40: what is left of 40 - 35 would be 5.
    counts = {"all": 40, "liked": 37, "not": 3, "very": 35, "rather": 2, "little": 3}
    sums = [
        Sum("all", ("liked", "not")),
        Sum("liked", ("very", "rather")),
        Sum("not", ("little",)),
    ]
    found = hidden_cells(counts, sums, kept={"all"})
    assert {"liked", "not", "rather", "little", "very"} == found


def test_a_count_that_another_table_shows_is_not_hidden_for_the_sake_of_others():
    # Of 20 who came, 3 came back and none is new: the 17 beside them are hidden, not the 20.
    counts = {"in": 20, "again": 17, "back": 3, "new": 0}
    one = Sum("in", ("again", "back", "new"))
    assert hidden_cells(counts, [one], kept={"in"}) == {"back", "again"}


def test_where_nothing_is_left_to_hide_it_is_refused():
    counts = {"in": 9, "again": 3, "back": 6}
    one = Sum("in", ("again", "back"))
    with pytest.raises(ValueError, match="nothing is left to hide"):
        hidden_cells(counts, [one], kept={"in", "back"})


def test_parts_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="do not add up"):
        hidden_cells({"all": 5, "senior": 3, "middle": 3}, [BOTH])


def possible_tables(total, parts):
    """Every table of so many parts with this total."""
    for cuts in itertools.combinations_with_replacement(range(total + 1), parts - 1):
        edges = (0, *cuts, total)
        yield tuple(b - a for a, b in itertools.pairwise(edges))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=4))
def test_by_trying_every_table_no_reader_can_tell_that_a_hidden_count_is_small(numbers):
    names = tuple(f"part {n}" for n in range(len(numbers)))
    counts = dict(zip(names, numbers, strict=True)) | {"all": sum(numbers)}
    hidden = hidden_cells(counts, [Sum("all", names)])
    assert all(cell in hidden for cell, number in counts.items() if 1 <= number <= 5)
    if "all" in hidden:
        return
    fits = [
        table
        for table in possible_tables(counts["all"], len(names))
        if all(n in hidden or counts[n] == table[place] for place, n in enumerate(names))
    ]
    for place, name in enumerate(names):
        if name in hidden:
            assert max(table[place] for table in fits) > 5
