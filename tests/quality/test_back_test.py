import pytest

from pipeline.contracts.quality import (
    AGREES,
    DIFFERS,
    EXPLAINED,
    NOT_PUBLISHED,
    NOT_RECOMPUTABLE,
)
from pipeline.measures.catalogue import MEASURES
from pipeline.quality.back_test import back_test
from pipeline.quality.weights import MEANS_OVER_ENTRIES

ALL_SCHOOLS = "national, all schools"
AUTHORITY = "local authority"


def judged(tables):
    return back_test(tables.write().published(), suppress_pupils_up_to=5)


def only(tables):
    (row,) = judged(tables).to_dict("records")
    return row


class TestATotalThatItsSchoolsGive:
    def test_is_the_mean_over_pupils_and_not_over_schools(self, tables):
        row = only(tables().school(0.1, 300).school(0.5, 100).total(0.2, 400))
        assert row["recomputed"] == 0.2
        assert (row["difference"], row["verdict"]) == (0, AGREES)
        assert (row["coverage"], row["schools"]) == ("all", 2)

    def test_may_differ_by_half_a_digit_of_both(self, tables):
        """One school: 0.20 may be 0.205, and 0.21 may be it."""
        row = only(tables().school(0.2, 100).total(0.21, 100))
        assert row["rounding"] == pytest.approx(0.01)
        assert row["verdict"] == AGREES

    def test_may_not_differ_by_more(self, tables):
        row = only(tables().school(0.2, 100).total(0.22, 100))
        assert (row["verdict"], row["difference"]) == (DIFFERS, -0.02)
        assert "further off" in row["reason"]

    def test_many_schools_round_less_than_one(self, tables):
        """100 equal schools: 0.005 for the total, 3 * 0.005 / sqrt(3 * 100) for them."""
        made = tables()
        for number in range(100):
            made.school(0.11 if number % 2 else 0.29, 10)
        row = only(made.total(0.2, 1000))
        assert row["rounding"] == pytest.approx(0.005 + 0.000866, abs=1e-4)

    def test_a_whole_percentage_is_right_to_half_of_one(self, tables):
        made = tables(measure="english_maths_5").school(43, 100).school(60, 100)
        row = only(made.total(52, 200))
        assert (row["recomputed"], row["verdict"]) == (51.5, AGREES)


class TestPupilsWhoAreInNoSchoolsFigure:
    def test_can_explain_a_difference(self, tables):
        """200 pupils have 0.20. If the other 100 have -0.10, all 300 have 0.10."""
        made = tables().school(0.15, 100).school(0.25, 100)
        row = only(made.school(None, None).school(None, None).total(0.1, 300))
        assert row["verdict"] == EXPLAINED
        assert row["rest_would_hold"] == pytest.approx(-0.1)
        assert row["possible_low"] == pytest.approx((200 * 0.2 - 100 * 7) / 300, abs=1e-3)

    def test_cannot_hold_more_than_the_measure_allows(self, tables):
        """190 of 200 have 50%. With the other ten at 100% it is 52.5%, and not 56%."""
        made = tables(measure="english_maths_5").school(49.5, 95).school(50.5, 95)
        row = only(made.total(56.0, 200))
        assert row["possible_high"] == 52.5
        assert row["verdict"] == DIFFERS

    def test_may_be_more_than_the_total_leaves_where_schools_have_no_entries(self, tables):
        """Ours 53.26 of 1,416 pupils, published 52.3 of 1,438: 30 more stand there."""
        made = tables(measure="attainment_8", area="850")
        made.school(53.2, 708).school(53.3, 708).school(45.1, 1, year=2018)
        made.school(None, 30, reason="no entries")
        row = only(made.total(52.3, 1438, record=AUTHORITY))
        assert row["verdict"] == EXPLAINED

    def test_or_stand_at_two_schools(self, tables):
        made = tables(measure="attainment_8").school(40.5, 120).school(50.5, 120)
        row = only(made.total(46.0, 200))
        assert (row["verdict"], row["coverage"]) == (EXPLAINED, "more than all")
        assert "two schools" in row["reason"]

    def test_are_not_known_where_the_total_has_no_number_of_pupils(self, tables):
        row = only(tables().school(0.15, 100).school(0.25, 100).total(0.1, None))
        assert (row["verdict"], row["recomputed"]) == (NOT_RECOMPUTABLE, 0.2)
        assert "no number of pupils" in row["reason"]


class TestWhichSchoolsATotalCounts:
    def test_independent_ones_only_where_all_are_counted(self, tables):
        made = tables(measure="attainment_8").school(40.1, 100)
        made.school(60.1, 100, kind="IND")
        made.total(40.1, 100).total(50.1, 200, record=ALL_SCHOOLS)
        found = judged(made).set_index("record")["recomputed"]
        assert found.to_dict() == {"national, state-funded": 40.1, ALL_SCHOOLS: 50.1}

    def test_only_those_of_the_authority(self, tables):
        made = tables().school(0.11, 100).school(0.91, 100, local_authority="936")
        row = only(made.total(0.11, 100, record=AUTHORITY))
        assert (row["recomputed"], row["verdict"]) == (0.11, AGREES)

    def test_files_of_one_authority_are_not_england(self, tables):
        row = only(tables(area="850").school(0.11, 100).school(0.2, 9).total(0.11, 100))
        assert (row["verdict"], row["recomputed"]) == (NOT_RECOMPUTABLE, None) or (
            row["verdict"] == NOT_RECOMPUTABLE and row["recomputed"] != row["recomputed"]
        )
        assert "all schools of England" in row["reason"]

    def test_a_national_row_in_two_files_is_one(self, tables):
        made = tables().school(0.11, 100).school(0.2, 100)
        made.total(0.16, 200).total(0.16, 200)
        assert len(judged(made)) == 1


class TestWhatCannotBeMadeAgain:
    def test_a_row_without_a_figure_says_why(self, tables):
        row = only(tables().school(0.1, 100).school(0.3, 100).total(None, 200))
        assert (row["verdict"], row["reason"]) == (NOT_PUBLISHED, "blank in the file")

    def test_a_total_without_schools_says_so(self, tables):
        row = only(tables().school(None, 100).total(0.1, 200))
        assert row["verdict"] == NOT_RECOMPUTABLE
        assert "no school has a figure" in row["reason"]

    def test_a_mean_over_entries_does(self, tables):
        made = tables(key_stage="ks5", measure="a_level_points")
        row = only(made.school(31.25, 100).school(33.5, 100).total(32.14, 200))
        assert row["verdict"] == NOT_RECOMPUTABLE
        assert "entries" in row["reason"]


class TestWhereOnlyWholeCohortsArePublished:
    """Key stage 2: 100 pupils each, of whom 50 to 100 have a score."""

    @pytest.fixture
    def two(self, tables):
        made = tables(key_stage="ks2", measure="reading_progress", area="850")
        return made.school(-1.1, 100).school(1.1, 100)

    def test_any_number_from_half_of_them_up_may_have_a_score(self, two):
        """50 of the one and 100 of the other give 1.1 * 50 / 150, or 0.37."""
        row = only(two.total(0.4, 200, record=AUTHORITY))
        assert (row["verdict"], row["recomputed"]) == (EXPLAINED, 0)
        assert "how many pupils have a score" in row["reason"]

    def test_but_no_fewer(self, two):
        row = only(two.total(0.9, 200, record=AUTHORITY))
        assert row["verdict"] == DIFFERS

    def test_published_coverage_says_how_many(self, two, project):
        """A tenth of the first school and all of the second: (-11 + 110) / 110 = 0.9."""
        rows = [
            {"URN": 100001, "READCOV": "10%"},
            {"URN": 100002, "READCOV": "100%"},
        ]
        project.download("2018-2019/850_ks2final.csv", rows)
        row = only(two.total(0.9, 200, record=AUTHORITY))
        assert (row["recomputed"], row["verdict"]) == (0.9, AGREES)


def test_the_means_over_entries_are_measures_of_the_catalogue():
    assert {m.code for m in MEASURES["ks5"]} > MEANS_OVER_ENTRIES


def test_every_published_row_is_there_once(tables):
    made = tables().school(0.11, 100).school(0.21, 200, group="girls")
    for group in ("all", "girls", "boys"):
        made.total(0.11, 100, group=group).total(None, None, group=group, record=AUTHORITY)
    found = judged(made)
    assert len(found) == 6
    assert not found.duplicated(["record", "group"]).any()
