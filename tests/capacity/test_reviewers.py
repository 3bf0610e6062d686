from pipeline.capacity import reviewers as asked
from pipeline.capacity.reviewers import reviewers


def found(made, *parts, years=(2019, 2020)):
    own = [made.member(year=year) for year in years]
    return reviewers(made.taken(own, list(parts)), made.activities()).table


def training(made, number, first=1, date="2018-10-01"):
    return made.people(number, first=first, date=date, activity="training")


def leading(made, person, date, host="100002"):
    return made.part(person, date=date, activity="leading", host=host)


def test_a_person_is_trained_once_and_stays_so(made):
    parts = training(made, 8) + training(made, 8, date="2019-10-01")
    parts += training(made, 6, first=20, date="2019-10-01")
    table = found(made, *parts)
    numbers = {
        (year, quantity): made.one(table, year=year, quantity=quantity)["numerator"]
        for year in (2019, 2020)
        for quantity in (asked.TRAINED, asked.TRAINED_SO_FAR)
    }
    assert numbers == {
        (2019, asked.TRAINED): 8,
        (2019, asked.TRAINED_SO_FAR): 8,
        (2020, asked.TRAINED): 6,
        (2020, asked.TRAINED_SO_FAR): 14,
    }


def test_three_days_at_one_host_are_one_review_and_the_next_term_is_another(made):
    parts = training(made, 12)
    parts += [leading(made, "P1", f"2018-11-{day}") for day in (13, 14, 15)]
    parts += [
        leading(made, "P1", "2019-03-01"),
        leading(made, "P1", "2019-03-01", "100003"),
    ]
    table = found(made, *parts)
    assert made.one(table, year=2019, quantity=asked.REVIEWS)["numerator"] == 3


def test_two_who_lead_together_lead_one_review(made):
    parts = training(made, 12) + [leading(made, f"P{n}", "2018-11-13") for n in range(1, 7)]
    table = found(made, *parts)
    assert made.one(table, year=2019, quantity=asked.REVIEWS)["numerator"] == 1
    row = made.one(table, year=2019, quantity=asked.LEADS)
    assert (row["numerator"], row["denominator"], row["value"]) == (6, 12, 0.5)
    row = made.one(table, year=2019, quantity=asked.WHO_LED)
    assert (row["numerator"], row["denominator"]) == (6, 12)


def test_without_a_host_one_day_is_one_review(made):
    parts = [leading(made, "P1", day, None) for day in ("2018-11-13", "2018-11-14")]
    table = found(made, *parts)
    assert made.one(table, year=2019, quantity=asked.REVIEWS)["numerator"] == 2


def test_who_leads_without_training_on_record_is_counted_apart(made):
    parts = training(made, 12) + [
        leading(made, f"Q{n}", f"2018-11-{n + 10}") for n in range(6)
    ]
    table = found(made, *parts)
    assert made.one(table, year=2019, quantity=asked.UNTRAINED)["numerator"] == 6
    row = made.one(table, year=2019, quantity=asked.LEADS)
    assert (row["numerator"], row["value"]) == (0, 0)


def test_few_reviewers_are_hidden_also_as_the_growth_of_a_total(made):
    # 8 in the first year and 2 in the second: 8 and then 10 would tell of the 2.
    parts = training(made, 8) + training(made, 2, first=20, date="2019-10-01")
    table = found(made, *parts)
    new = made.one(table, year=2020, quantity=asked.TRAINED)
    assert new["status"] == "suppressed"
    totals = table[table["quantity"] == asked.TRAINED_SO_FAR]["status"]
    assert (totals == "suppressed").any()


def test_three_who_led_are_hidden_with_how_often_they_did(made):
    parts = training(made, 12) + [leading(made, f"P{n}", "2018-11-13") for n in (1, 2, 3)]
    table = found(made, *parts)
    for quantity in (asked.WHO_LED, asked.LEADS):
        assert made.one(table, year=2019, quantity=quantity)["status"] == "suppressed"


def test_with_nobody_trained_nothing_is_divided(made):
    table = found(made, *made.people(6))
    row = made.one(table, year=2019, quantity=asked.LEADS)
    assert row["status"] == "not possible"


def test_a_year_without_record_and_records_not_supplied_are_said_to_be(made):
    table = found(made, *training(made, 8))
    assert made.one(table, year=2020, quantity=asked.REVIEWS)["status"] == "not possible"
    assert reviewers(None, None).table["status"].tolist() == ["not supplied"]
