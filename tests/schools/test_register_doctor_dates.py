"""Dates as people type them: only what is certain becomes a date."""

from datetime import date

import pytest

from pipeline.schools.register_doctor import dates


def read(text, column="joined", *, order=None, said=False, from_1904=False):
    return dates.read(
        text, column, order=order, said=said, from_1904=from_1904, this_year=2019
    )


@pytest.mark.parametrize(
    "text",
    [
        "2018-09-01",
        "2018/09/01",
        "2018.9.1",
        "20180901",
        "2018-09-01T00:00:00",
        "2018-09-01 00:00:00",
        "2018-09-01T00:00:00Z",
        "1 Sept 2018",
        "1st September 2018",
        "1st of September 2018",
        "Saturday 1 September 2018",
        "September 1, 2018",
        "Sept. 1st 2018",
        "01-Sep-2018",
        "2018 Sep 1",
        "43344",
        "43344.0",
    ],
)
def test_the_first_of_september_2018_written_in_a_way_that_leaves_no_doubt(text):
    assert read(text).day == date(2018, 9, 1)


def test_a_date_in_the_register_s_own_form_is_told_of_by_nobody():
    assert read("2018-09-01").why == ""
    assert read("1 Sept 2018").why != ""


def test_a_day_above_twelve_says_the_order():
    assert read("01/13/2015").day == date(2015, 1, 13)
    assert read("13/01/2015").day == date(2015, 1, 13)
    assert read("13012015").day == date(2015, 1, 13)


def test_day_and_month_of_the_same_number_need_no_order():
    assert read("03/03/2015").day == date(2015, 3, 3)


def test_a_day_up_to_twelve_is_asked_about():
    found = read("03/04/2015")
    assert (found.day, found.proposed) == (None, None)
    assert "2015-04-03 or 2015-03-04" in found.why
    assert "--dates" in found.why


def test_an_order_that_a_person_said_is_followed():
    assert read("03/04/2015", order="day-first", said=True).day == date(2015, 4, 3)
    assert read("03/04/2015", order="month-first", said=True).day == date(2015, 3, 4)


def test_an_order_that_other_rows_show_makes_a_proposal_only():
    found = read("03/04/2015", order="day-first")
    assert found.day is None
    assert found.proposed == date(2015, 4, 3)


def test_a_day_that_fits_one_order_only_is_not_bent_to_the_other():
    assert read("01/13/2015", order="day-first", said=True).day == date(2015, 1, 13)


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["13/01/2015", "03/04/2015"], {"day-first"}),
        (["01/13/2015", "03/04/2015"], {"month-first"}),
        (["13/01/2015", "01/13/2015"], {"day-first", "month-first"}),
        (["03/04/2015", "2015-09-13", "15-09-01", ""], set()),
    ],
)
def test_a_column_shows_its_order_by_days_above_twelve(texts, shown):
    assert dates.orders_shown(texts) == shown


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Sep-15", date(2015, 9, 1), date(2015, 9, 30)),
        ("September 2015", date(2015, 9, 1), date(2015, 9, 30)),
        ("09/2015", date(2015, 9, 1), date(2015, 9, 30)),
        ("2015-09", date(2015, 9, 1), date(2015, 9, 30)),
        ("Feb 2016", date(2016, 2, 1), date(2016, 2, 29)),
        ("2015/16", date(2015, 9, 1), date(2016, 8, 31)),
        ("2015-2016", date(2015, 9, 1), date(2016, 8, 31)),
        ("AY 2015/16", date(2015, 9, 1), date(2016, 8, 31)),
    ],
)
def test_a_date_without_its_day_is_proposed_from_the_first_to_the_last(text, first, last):
    joined, left = read(text), read(text, "left")
    assert (joined.day, joined.proposed) == (None, first)
    assert (left.day, left.proposed) == (None, last)


def test_a_year_alone_is_proposed_as_its_september_or_its_august():
    assert read("2015").proposed == date(2015, 9, 1)
    assert read("2015", "left").proposed == date(2015, 8, 31)


def test_2011_12_may_be_december_or_an_academic_year():
    found = read("2011/12")
    assert (found.day, found.proposed) == (None, None)
    assert "cannot be told" in found.why


def test_a_year_of_two_digits_is_proposed():
    assert read("1 Sep 15").proposed == date(2015, 9, 1)
    assert read("13/09/15").proposed == date(2015, 9, 13)
    assert read("13/09/98").proposed == date(1998, 9, 13)
    assert read("03/04/15").proposed is None
    # 15 September 2001 or 1 September 2015.
    assert read("15-09-01", order="day-first").proposed is None


def test_an_old_workbook_of_the_mac_counts_from_1904():
    # 1 September 2018 is day 43344 of the one count and day 41882 of the other.
    assert read("41882", from_1904=True).day == date(2018, 9, 1)
    assert read("41882").day == date(2014, 8, 31)


@pytest.mark.parametrize("text", ["12345", "99999", "00000"])
def test_a_number_that_counts_no_likely_day_is_no_date(text):
    assert read(text).day is None


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2015",
        "29/02/2015",
        "2015-13-01",
        "2015-02-30",
        "2015-00-10",
        "32 January 2015",
        "13/13/2015",
        "1 Septober 2015",
        "1 Ju 2015",
        "15-Sep",
        "soon",
        "?",
        "tbc",
        "#REF!",
        "010918",
        "1/9/215",
        "0015-09-01",
        "2015-09-01 to 2016-08-31",
    ],
)
def test_what_is_no_date_stays_unread(text):
    for column in ("joined", "left"):
        found = read(text, column)
        assert (found.day, found.proposed, found.blank) == (None, None, False)
        assert found.why


@pytest.mark.parametrize("text", ["present", "Ongoing", "n/a", "Current", "-", "to date"])
def test_a_member_still_has_no_date_of_leaving(text):
    assert read(text, "left").blank
    assert not read(text, "joined").blank


def test_a_time_of_day_is_left_out_and_told():
    found = read("2018-09-01 12:30:00")
    assert found.day == date(2018, 9, 1)
    assert found.doubtful
    assert "12:30" in found.why


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        # 04/03 and 05/03 became dates, 13/03 and 14/03 stayed texts.
        (["2018-04-03", "2018-05-03", "13/03/2018", "14/03/2018"], 2),
        (["2018-04-04", "13/03/2018"], 0),
        (["2018-04-13", "2018-04-03", "13/03/2018"], 0),
        (["2018-04-03", "01/03/2018", "13/03/2018"], 0),
        (["2018-04-03", "2018-05-03"], 0),
        ([], 0),
    ],
)
def test_dates_that_a_spreadsheet_may_have_swapped_are_counted(texts, count):
    assert dates.perhaps_swapped(texts) == count
