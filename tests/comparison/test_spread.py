"""What a typical school shows, and how schools differ beyond the luck of their pupils."""

import pytest

from pipeline.comparison import spread

KS4 = "2018-2019/england_ks4final.csv"


@pytest.fixture
def sides(project, school):
    """Compare members and others given by their figures, of 100,000 pupils each.

    So many pupils leave next to no luck: the mean is that of the figures.
    """

    def make(members, others, pupils=100_000):
        values = dict(enumerate([*members, *others], start=100001))
        rows = [school(urn, P8MEA=v, P8PUP=pupils) for urn, v in values.items()]
        project.download(KS4, rows)
        project.register(*(f"{100001 + n},,2015-09-01,," for n in range(len(members))))
        table = project.compare().spread
        table = table[(table["measure"] == "progress_8") & (table["group"] == "all")]
        return table.set_index("side")

    return make


TEN = [n / 10 for n in range(-3, 7)]  # -0.3 to 0.6, 0.15 on average


def test_a_typical_school_of_each_side_shows_the_mean_of_its_schools(sides):
    found = sides(TEN, [-1, 0, 1])
    assert found.loc["partners", "mean"] == pytest.approx(0.15, abs=1e-3)
    assert found.loc["rest", "mean"] == pytest.approx(0, abs=1e-3)
    assert found["schools"].tolist() == [10, 3]


def test_another_such_school_is_less_sure_than_the_mean(sides):
    one = sides(TEN, [-1, 0, 1]).loc["partners"]
    assert one["prediction_low"] < one["low"] < one["mean"] < one["high"]
    assert one["high"] < one["prediction_high"]


def test_the_share_above_zero_takes_true_values_for_normal(sides):
    one = sides(TEN, [-1, 0, 1]).loc["partners"]
    # The mean lies half an SD of 0.30 above zero.
    assert one["share_above_national"] == pytest.approx(0.69, abs=0.01)


def test_fewer_than_ten_schools_have_no_share_and_fewer_than_three_no_mean(sides):
    found = sides([0.1, 0.2], [-1, 0, 1])
    assert found.loc["partners", "reason"] == spread.TOO_FEW
    assert found.loc["rest", "share_reason"] == spread.TOO_FEW_FOR_SHARE


def test_schools_that_are_all_alike_show_nothing(sides):
    found = sides([0.1, 0.1, 0.1], [-1, 0, 1])
    assert found.loc["partners", "reason"] == spread.ALL_ALIKE


def test_where_schools_differ_by_luck_alone_there_is_no_share(sides):
    # Ten pupils scatter by 0.4 in luck, more than these schools differ.
    one = sides(TEN, [-1, 0, 1], pupils=10).loc["partners"]
    assert one["between_schools_sd"] == 0
    assert one["share_reason"] == spread.NO_MORE_THAN_LUCK


def test_what_is_withheld_as_a_gap_is_withheld_here(sides):
    found = sides([0.1, 0.2, 0.3, 0.4, 0.5], [-1, 0, 1], pupils=1)
    assert found["reason"].str.startswith("suppressed").all()
    assert found["mean"].isna().all()


def test_a_year_without_a_known_sd_says_so(project, school):
    project.settings["years"] = {"first": 2016, "last": 2016}
    rows = [school(100000 + n, READPROG=n, TELIG=10) for n in range(1, 7)]
    project.download("2015-2016/england_ks2final.csv", rows)
    project.register("100001,,2012-09-01,,")
    table = project.compare().spread
    reading = table[(table["measure"] == "reading_progress") & (table["group"] == "all")]
    said = "no published national pupil SD of 2015/16"
    assert reading["reason"].str.startswith(said).all()


def test_only_measures_that_are_centred_on_the_nation_are_asked(sides, project):
    sides(TEN, [-1, 0, 1])
    assert "attainment_8" not in set(project.compare().spread["measure"])
