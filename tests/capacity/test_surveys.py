import pandas as pd
import pytest

from pipeline.capacity import surveys as asked
from pipeline.capacity.surveys import survey_answers
from pipeline.contracts import promise
from pipeline.contracts.records import ANSWERS, ITEMS, OPTIONS, SURVEYS, as_promised

SCALE = ("no", "unsure", "yes")


def found(given, *, invited, respondents=None, items=("worth",), **more):
    """One survey whose items have so many answers of each kind, by the same people."""
    rows = []
    for item in items:
        answers = [answer for answer, number in given.items() for _ in range(number)]
        rows += [(f"R{n}", item, answer) for n, answer in enumerate(answers)]
    people = respondents or len({row[0] for row in rows})
    # Who left the first item out still answered another one.
    rows += [(f"R{n}", "other", "yes") for n in range(people)] if respondents else []
    table = pd.DataFrame(rows, columns=["respondent", "item", "answer"])
    answers = table.assign(survey="cpd", row=range(2, len(table) + 2))
    named = [*items, *(["other"] if respondents else [])]
    asked_items = pd.DataFrame(
        {"survey": "cpd", "item": named, "text": "?", "place": range(1, len(named) + 1)}
    )
    options = pd.DataFrame(
        [
            ("cpd", item, answer, place, answer == "yes")
            for item in named
            for place, answer in enumerate(SCALE, start=1)
        ],
        columns=["survey", "item", "answer", "place", "is_favourable"],
    )
    surveys = pd.DataFrame(
        {
            "survey": ["cpd"],
            "title": ["Reviewers"],
            "programme": [None],
            "date": [pd.Timestamp("2019-07-01")],
            "invited": [invited],
            "respondents": [min(people, invited)],
            "blank_answers": [0],
        }
    )
    read = [
        promise.check(as_promised(table, contract), contract)
        for table, contract in (
            (surveys, SURVEYS),
            (asked_items, ITEMS),
            (options, OPTIONS),
            (answers, ANSWERS),
        )
    ]
    return survey_answers(*read, **more).table


def test_half_answered_and_half_of_those_favourably(made):
    # 40 of 80; 20 of them yes. 40 x 79/40 = 79 draws tell as much: 0.5 x (1 -/+ 0.2153).
    table = found({"no": 12, "unsure": 8, "yes": 20}, invited=80)
    row = made.one(table, quantity=asked.RESPONSE)
    assert (row["numerator"], row["denominator"], row["value"]) == (40, 80, 0.5)
    assert asked.NO_INFERENCE in row["said"]
    row = made.one(table, quantity=asked.NON_RESPONSE)
    assert (row["numerator"], row["denominator"]) == (40, 80)
    row = made.one(table, quantity=asked.FAVOURABLE)
    assert (row["numerator"], row["denominator"], row["value"]) == (20, 40, 0.5)
    half = 1.959964 / 2 / (79 + 1.959964**2) ** 0.5
    assert row["low"] == pytest.approx(0.5 - half, abs=1e-6)
    assert row["high"] == pytest.approx(0.5 + half, abs=1e-6)
    assert asked.NO_INFERENCE in row["said"]


def test_the_distribution_is_in_the_order_of_the_scale(made):
    table = found({"yes": 20, "no": 12, "unsure": 8}, invited=80)
    rows = table[table["quantity"] == asked.ANSWER]
    assert rows["answer"].tolist() == list(SCALE)
    assert rows["value"].tolist() == [0.3, 0.2, 0.5]


def test_where_all_answered_the_interval_is_the_share(made):
    row = made.one(found({"no": 10, "yes": 30}, invited=40), quantity=asked.FAVOURABLE)
    assert (row["low"], row["value"], row["high"]) == (0.75, 0.75, 0.75)
    assert asked.ALL_ANSWERED in row["said"]


def test_three_who_said_no_are_hidden_and_cannot_be_worked_out(made):
    # no 3, unsure 8, yes 29: hiding 3 alone would leave it; so the next smallest goes too.
    table = found({"no": 3, "unsure": 8, "yes": 29}, invited=80)
    status = table[table["quantity"] == asked.ANSWER].set_index("answer")["status"]
    assert status.to_dict() == {
        "no": "suppressed",
        "unsure": "suppressed",
        "yes": "shown",
    }
    assert made.one(table, quantity=asked.FAVOURABLE)["value"] == pytest.approx(29 / 40)


def test_three_who_did_not_like_it_hide_the_share_that_did(made):
    table = found({"no": 3, "yes": 37}, invited=80)
    assert made.one(table, quantity=asked.FAVOURABLE)["status"] == "suppressed"
    answers = table[table["quantity"] == asked.ANSWER].set_index("answer")["status"]
    assert answers["yes"] == answers["no"] == "suppressed"


def test_three_who_left_an_item_out_are_hidden(made):
    # 40 answered the survey; 37 of them this item.
    table = found({"no": 17, "yes": 20}, invited=80, respondents=40)
    own = table[table["item"] == "worth"]
    assert made.one(own, quantity=asked.LEFT_OUT)["status"] == "suppressed"
    assert made.one(own, quantity=asked.ITEM_RESPONSE)["status"] == "suppressed"
    row = made.one(own, quantity=asked.FAVOURABLE)
    assert (row["numerator"], row["denominator"]) == (20, 40)
    assert asked.WHO_COUNTS in row["said"]


def test_ten_who_left_an_item_out_are_stated(made):
    table = found({"no": 10, "yes": 20}, invited=80, respondents=40)
    own = table[table["item"] == "worth"]
    row = made.one(own, quantity=asked.LEFT_OUT)
    assert (row["numerator"], row["denominator"]) == (10, 40)
    row = made.one(own, quantity=asked.ITEM_RESPONSE)
    assert (row["numerator"], row["denominator"]) == (30, 80)


def test_few_who_did_not_answer_have_bounds_and_no_number(made):
    # 20 of 24: between 20 of 25 and 20 of 21, whatever the number from 1 to 5.
    table = found({"no": 10, "yes": 10}, invited=24)
    row = made.one(table, quantity=asked.RESPONSE)
    assert row["status"] == "bounded"
    assert (row["low"], row["high"]) == (0.8, pytest.approx(20 / 21))
    assert row[["value", "denominator"]].isna().all()
    assert made.one(table, quantity=asked.NON_RESPONSE)["status"] == "suppressed"


def test_no_interval_tells_how_few_did_not_answer():
    tables = [found({"no": 10, "yes": 10}, invited=invited) for invited in range(21, 26)]
    assert all(table.equals(tables[0]) for table in tables)


def test_five_respondents_are_shown_in_nothing(made):
    table = found({"no": 2, "yes": 3}, invited=40)
    assert table["value"].isna().all()
    assert table["numerator"].isna().all()
    assert made.one(table, quantity=asked.RESPONSE)["denominator"] == 40


def test_a_survey_that_nobody_answered_says_so(made):
    table = found({}, invited=40)
    row = made.one(table, quantity=asked.RESPONSE)
    assert (row["numerator"], row["value"]) == (0, 0)
    assert made.one(table, quantity=asked.FAVOURABLE)["said"] == asked.NOBODY


def test_more_answers_than_people_invited_are_refused():
    with pytest.raises(ValueError, match="cpd: 40 people answered and 30 were invited"):
        found({"yes": 40}, invited=30)


def test_surveys_that_were_not_supplied_are_said_to_be():
    table = survey_answers(None, None, None, None).table
    assert table["status"].tolist() == ["not supplied"]


def test_a_larger_threshold_hides_more(made):
    given = {"no": 8, "yes": 32}
    assert (
        made.one(found(given, invited=80), quantity=asked.FAVOURABLE)["status"] == "shown"
    )
    table = found(given, invited=80, up_to=10)
    assert made.one(table, quantity=asked.FAVOURABLE)["status"] == "suppressed"
