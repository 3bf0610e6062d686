from dataclasses import replace

import pandas as pd
import pytest

from pipeline.contracts.quality import FIT, NOT_FIT, RESERVATIONS
from pipeline.quality import check, completeness, continuity
from pipeline.quality.coherence import (
    FEWER_THAN_ALL,
    MORE_THAN_ALL,
    checks_of_figures,
)
from pipeline.quality.headlines import headlines
from pipeline.quality.promised import as_promised
from pipeline.quality.verdicts import files_of, verdicts

FILE = "2018-2019/england_ks4final.csv"


BLANK = "blank in the file"
SUPPRESSED = "suppressed: few pupils, or to protect such a figure"


def rows_of(tables):
    """Give everything that was checked."""
    table = tables.write().published()
    return [*completeness.checks_of_files(table), *checks_of_figures(table)]


def row_of(tables, name):
    """Give what one check says."""
    (row,) = [row for row in rows_of(tables) if row["check"] == name]
    return row


def found(tables, name):
    """Give what one check examined and how much of it failed."""
    row = row_of(tables, name)
    return row["examined"], row["failed"]


class TestOneFigure:
    def test_lies_where_its_measure_can_lie(self, tables):
        made = tables().school(0.1, 100).school(7.2, 100)
        assert found(made, "figures the measure can have") == (2, 1)

    def test_lies_in_its_own_bounds(self, tables):
        made = tables().school(0.1, 100, low=0.0, high=0.2)
        made.school(0.3, 100, low=0.4, high=0.5)
        assert found(made, "figures within their own bounds") == (2, 1)

    def test_has_pupils_to_weigh_by(self, tables):
        made = tables().school(0.1, 100).school(0.3, None)
        assert found(made, "figures with a number of pupils") == (2, 1)

    def test_says_where_a_whole_cohort_stands_in(self, tables):
        made = tables().school(0.1, 100).school(0.3, 100, pupils_column="TPUP")
        name = "figures with the number of pupils who have a score"
        assert found(made, name) == (2, 1)


class TestGroupsOfOneSchool:
    def school(self, tables, everyone, girls, boys):
        """Make one school of 100 pupils from (value, pupils) of each group."""
        made = tables(measure="attainment_8")
        groups = (("all", everyone), ("girls", girls), ("boys", boys))
        for group, (value, pupils) in groups:
            made.school(value, pupils, group=group, urn="100001")
        return made

    def test_add_up_to_all_pupils(self, tables):
        made = self.school(tables, (50.1, 100), (51.2, 60), (48.5, 40))
        assert found(made, f"girls and boys {MORE_THAN_ALL}") == (1, 0)
        assert found(made, f"girls and boys {FEWER_THAN_ALL}") == (1, 0)

    def test_that_fall_short_are_counted_apart_from_those_that_are_too_many(self, tables):
        short = self.school(tables, (50.1, 100), (51.2, 60), (48.5, 37))
        assert found(short, f"girls and boys {MORE_THAN_ALL}") == (1, 0)
        assert found(short, f"girls and boys {FEWER_THAN_ALL}") == (1, 1)
        many = self.school(tables, (50.1, 100), (51.2, 60), (48.5, 42))
        assert found(many, f"girls and boys {MORE_THAN_ALL}") == (1, 1)
        assert found(many, f"girls and boys {FEWER_THAN_ALL}") == (1, 0)

    @pytest.mark.parametrize(("schools", "share"), [(29, None), (30, 0.03)])
    def test_say_by_how_much_many_schools_fall_short_and_never_few(
        self, tables, schools, share
    ):
        """Each school has 100 pupils, and its groups have 97."""
        made = tables(measure="attainment_8")
        for urn in range(100001, 100001 + schools):
            for group, pupils in (("all", 100), ("girls", 60), ("boys", 37)):
                made.school(50.1, pupils, group=group, urn=str(urn))
        assert row_of(made, f"girls and boys {FEWER_THAN_ALL}")["share_short"] == share

    def test_of_a_mean_over_entries_are_not_averaged_by_students(self, tables):
        """By students 0.5 * 30 + 0.5 * 20 = 25, and by entries anything between."""
        made = tables(key_stage="ks5", measure="a_level_points")
        for group, value, pupils in (("all", 27.1, 100), ("disadvantaged", 20.1, 50),
                                     ("others", 30.1, 50)):  # fmt: skip
            made.school(value, pupils, group=group, urn="100001")
        checks = {row["check"] for row in rows_of(made)}
        assert "all pupils lie between disadvantaged and other pupils" in checks
        assert "disadvantaged and other pupils average to all pupils" not in checks

    def test_have_all_pupils_between_them(self, tables):
        made = self.school(tables, (55.1, 100), (51.2, 60), (48.5, 40))
        assert found(made, "all pupils lie between girls and boys") == (1, 1)

    def test_average_to_all_pupils(self, tables):
        """0.6 * 51.2 + 0.4 * 48.5 = 50.12, published as 50.1."""
        right = self.school(tables, (50.1, 100), (51.2, 60), (48.5, 40))
        assert found(right, "girls and boys average to all pupils") == (1, 0)

    def test_that_do_not_average_to_all_pupils_are_counted(self, tables):
        wrong = self.school(tables, (50.4, 100), (51.2, 60), (48.5, 40))
        assert found(wrong, "girls and boys average to all pupils") == (1, 1)


class TestAFile:
    def test_says_which_columns_it_lacks(self, tables):
        made = tables(absent=["P8MEA_LO"]).school(0.1, 100)
        examined, failed = found(made, "columns that this project reads")
        assert failed == 1
        assert examined > 30

    def test_without_a_national_row_cannot_show_that_it_is_whole(self, tables):
        assert found(tables().school(0.1, 100), "a row of England") == (1, 1)
        assert found(tables().school(0.1, 100).total(0.1, 100), "a row of England") == (
            1,
            0,
        )

    def test_without_independent_schools_is_told_but_not_of_primary_schools(self, tables):
        name = "independent schools"
        assert found(tables().school(0.1, 100), name) == (1, 1)
        assert found(tables().school(0.1, 100).school(0.2, 9, kind="IND"), name) == (1, 0)
        primary = tables(key_stage="ks2", measure="reading_progress").school(0.1, 100)
        assert found(primary, name) == (1, 0)

    def test_with_blanks_and_no_code_cannot_tell_what_was_suppressed(self, tables):
        made = tables().school(0.1, 100).school(None, 4, reason=BLANK)
        assert found(made, completeness.NO_CODES) == (1, 1)
        assert found(made.school(None, 3), completeness.NO_CODES) == (1, 0)

    def test_with_every_figure_has_nothing_suppressed(self, tables):
        assert found(tables().school(0.1, 100), completeness.NO_CODES) == (1, 0)

    def test_counts_schools_of_no_known_type(self, tables):
        made = tables().school(0.1, 100, kind="").school(0.2, 100)
        assert found(made, "types of schools given") == (2, 1)


class TestCodesAndMissingFigures:
    def test_a_cell_is_a_figure_or_has_its_reason(self, tables):
        made = tables().school(0.1, 100).school(0.2, 100).school(None, 4)
        table = completeness.codes(made.write().published())
        counts = dict(
            zip(table["reason"].fillna("a figure"), table["schools"], strict=True)
        )
        assert counts == {
            "a figure": 2,
            "suppressed: few pupils, or to protect such a figure": 1,
        }

    def test_the_smallest_schools_are_not_singled_out(self, tables):
        made = tables().school(None, 4).school(0.2, 10).school(0.3, 200).school(None, None)
        table = completeness.missing_figures(made.write().published())
        assert (table["undecided"] == 0).all()
        assert table.set_index("size")[["cells", "missing"]].to_dict("index") == {
            "up to 10": {"cells": 2, "missing": 1},
            "over 180": {"cells": 1, "missing": 0},
            "not known": {"cells": 1, "missing": 1},
        }

    def test_independent_schools_are_not_counted_among_mainstream_ones(self, tables):
        made = tables().school(0.1, 50).school(None, 50, kind="IND")
        table = completeness.missing_figures(made.write().published())
        assert table["cells"].sum() == 1


class TestFromYearToYear:
    def two_years(self, tables, change, **about):
        made = tables(**about)
        for number in range(40):
            value = round(0.31 + number / 100, 2)
            for year, moved in ((2018, 0), (2019, change(number, value) - value)):
                made.school(
                    round(value + moved, 2), 100, year=year, urn=str(100001 + number)
                )
        return [continuity.of_year(y) for y in made.write().years()]

    def followed(self, made):
        years = [continuity.of_year(year) for year in made.write().years()]
        return continuity.continuity(years).to_dict("records")

    def test_schools_that_stay_come_and_go_are_counted(self, tables):
        made = tables().school(0.1, 100, year=2018, urn="100001")
        made.school(0.1, 100, year=2018, urn="100002")
        made.school(0.1, 100, year=2019, urn="100002")
        made.school(0.1, 100, year=2019, urn="100003")
        (row,) = self.followed(made)
        assert (row["stayed"], row["came"], row["went"]) == (1, 1, 1)

    def test_a_file_without_independent_schools_is_no_closure_of_mainstream_ones(
        self, tables
    ):
        made = tables().school(0.1, 100, year=2018, urn="100001")
        made.school(0.1, 100, year=2018, urn="100002", kind="IND")
        made.school(0.1, 100, year=2019, urn="100001")
        told = {row["place"]: row for row in self.followed(made)}
        assert told["independent or non-maintained"]["went"] == 1
        assert told["state-funded mainstream"]["went"] == 0

    def test_a_school_that_becomes_an_academy_stays(self, tables):
        made = tables().school(0.1, 100, year=2018, urn="100001", school_key="100001")
        made.school(0.1, 100, year=2019, urn="140001", school_key="100001")
        (row,) = self.followed(made)
        assert (row["stayed"], row["came"], row["went"]) == (1, 0, 0)

    def test_another_authoritys_schools_have_not_gone(self, tables):
        """The file of 2017/18 is of all England, that of 2018/19 of one authority."""
        made = tables().school(0.1, 100, year=2018, urn="100001")
        made.school(0.1, 100, year=2018, urn="100009", local_authority="936")
        made.school(0.1, 100, year=2019, urn="100001")
        before, after = (continuity.of_year(year) for year in made.write().years())
        of_one = replace(after, areas=frozenset({"850"}))
        (row,) = continuity.continuity([before, of_one]).to_dict("records")
        assert (row["schools"], row["went"]) == (1, 0)

    def test_figures_that_hardly_move_hold_no_jump(self, tables):
        table = self.two_years(tables, lambda n, v: v + (0.05 if n % 2 else -0.05))
        (row,) = continuity.jumps(table).to_dict("records")
        assert (row["schools"], row["jumps"]) == (40, 0)
        assert row["correlation"] > 0.8

    def test_one_figure_in_another_unit_is_a_jump(self, tables):
        table = self.two_years(
            tables, lambda n, v: v + 6 if n == 7 else v + (0.05 if n % 2 else -0.05)
        )
        (row,) = continuity.jumps(table).to_dict("records")
        assert row["jumps"] == 1

    def test_few_schools_tell_nothing(self, tables):
        made = tables().school(0.1, 100, year=2018, urn="100001")
        made.school(0.2, 100, year=2019, urn="100001")
        years = [continuity.of_year(year) for year in made.write().years()]
        assert continuity.jumps(years).empty


class TestTheVerdictOnAFile:
    def verdict(self, tables):
        (row,) = tables.check().tables["files"].to_dict("records")
        return row["verdict"], row["why"]

    def sound(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100).total(0.2, 200)
        return made.school(0.3, 100, kind="IND")

    def test_is_fit_where_everything_agrees(self, tables):
        assert self.verdict(self.sound(tables))[0] == FIT

    def test_is_not_fit_where_a_national_figure_differs(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100).total(0.5, 200)
        verdict, why = self.verdict(made.school(0.3, 100, kind="IND"))
        assert verdict == NOT_FIT
        assert why == "figures of England differ from what their schools give"

    def test_is_not_fit_where_figures_cannot_be(self, tables):
        made = self.sound(tables).school(7.2, 100, kind="IND")
        verdict, why = self.verdict(made)
        assert verdict == NOT_FIT
        assert "figures lie outside -7 to 7 (1 of 4)" in why

    def test_has_reservations_where_columns_are_missing(self, tables):
        made = self.sound(tables)
        made.absent = ["P8MEA_LO", "P8MEA_HI"]
        verdict, why = self.verdict(made)
        assert verdict == RESERVATIONS
        assert "columns that this project reads are missing (2 of" in why

    def test_has_none_for_a_single_case(self, tables):
        made = self.sound(tables)
        made.absent = ["P8MEA_LO"]
        assert self.verdict(made)[0] == FIT

    def test_of_a_file_without_checks_is_fit(self, tables):
        files = files_of(self.sound(tables).write().published())
        none = as_promised([], check.TABLES["checks"])
        assert verdicts(files, none)["verdict"].tolist() == [FIT]


class TestHeadlines:
    def test_are_six_and_each_bound_to_one_number(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100).total(0.2, 200)
        facts = made.check().facts
        assert len(facts) == 6
        assert len({fact.id for fact in facts}) == 6
        national = facts[0]
        assert (national.value, national.of, national.table) == (1, 1, "back_test")
        assert national.sentence.startswith("Of 1 published figures of England")

    def test_do_not_call_a_figure_that_is_explained_one_that_agrees(self, tables):
        """Ours is 0.2 of 200 pupils; the other 100 could make it 0.1."""
        made = tables().school(0.15, 100).school(0.25, 100).total(0.1, 300)
        national = made.check().facts[0]
        assert (national.value_is, national.value) == ("share_agreeing", 0)
        assert "0 agree to rounding; 1 differs by no more than pupils" in national.sentence
        assert national.sentence.endswith("0 differ by more.")

    @pytest.mark.parametrize(
        ("reason", "said"),
        [
            (SUPPRESSED, "the department suppressed 50.0%."),
            (BLANK, "how many of them the department suppressed is not known"),
        ],
    )
    def test_say_what_is_suppressed_only_where_files_hold_codes(self, tables, reason, said):
        made = tables().school(0.15, 100).school(None, 4, reason=reason)
        assert said in made.check().facts[4].sentence

    def test_tell_blanks_of_one_file_from_codes_of_another(self, tables):
        """2018 holds a code, 2019 only a blank: one of four, and one not known."""
        made = tables().school(0.15, 100, year=2018).school(None, 4, year=2018)
        made.school(0.15, 100).school(None, 4, reason=BLANK)
        said = made.check().facts[4].sentence
        assert "lack 50.0% of 4 figures" in said
        assert "suppressed 25.0% at least; of 25.0% it is not known" in said

    def test_of_files_with_reservations_are_not_those_fit_without(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100)
        files = made.check().facts[5]
        assert (files.value_is, files.value) == ("share_fit", 0)
        assert "0 are fit for use without reservations, 1 with" in files.sentence

    def test_say_so_where_there_is_nothing(self, tables):
        facts = {f.id: f for f in tables().school(0.15, 100).check().facts}
        assert facts["quality.authorities"].value is None
        assert "No published figure of local authorities" in (
            facts["quality.authorities"].sentence
        )
        assert "no published interval" in facts["quality.intervals"].sentence

    def test_a_share_just_short_of_all_is_not_all(self, tables):
        quality = tables().school(0.15, 100).check()
        row = {"record": "schools", "in_target": True, "intervals": 10000}
        quality.tables["intervals"] = pd.DataFrame([row | {"reproduced": 9999}])
        said = headlines(quality.tables)[2].sentence
        assert "9,999 of 10,000 published confidence intervals (over 99.9%)" in said


class TestWhatIsWritten:
    def test_is_read_again_as_it_was(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100).school(None, 4)
        found = made.total(0.2, 204).total(0.2, None, record="local authority").check()
        check.write(found)
        again = check.read()
        for name, table in found.tables.items():
            assert again.tables[name].equals(table), name
        assert again.facts == found.facts

    def test_holds_no_number_of_pupils(self):
        for name, contract in check.TABLES.items():
            counts = [c for c in contract.columns if c in ("pupils", "missing_pupils")]
            assert not counts, name

    def test_is_shown_in_the_notebook(self, tables):
        made = tables().school(0.15, 100).school(0.25, 100).total(0.5, 200)
        found = made.check()
        assert len(check.headline_table(found)) == 6
        assert check.that_differ(found)["difference"].tolist() == [-0.3]
        assert check.totals_computed_again(found).to_numpy().sum() == 1
        assert check.intervals_computed_again(found).empty
        assert check.sds(found).empty
        assert check.verdict_on_files(found)["verdict"].tolist() == [NOT_FIT]


def test_every_row_that_was_cleaned_is_counted(tables):
    made = tables().school(0.15, 100).school(None, 4).school(0.2, None, group="girls")
    quality = made.check()
    assert quality.tables["codes"]["schools"].sum() == 3
    assert quality.tables["rows"]["rows"].sum() >= 3


@pytest.mark.parametrize("pupils", [1, 3, 5])
def test_a_total_that_few_pupils_are_lacking_from_is_written_nowhere(tables, pupils):
    """Ours is 0.185, and three pupils of 203 could be worked out from it."""
    made = tables().school(0.13, 100).school(0.24, 100).total(0.2, 200 + pupils)
    quality = made.check()
    check.write(quality)
    written = "".join(check.table_path(name).read_text() for name in check.TABLES)
    assert "0.185" not in written
    assert "withheld" in written
    assert "No published figure of England" in quality.facts[0].sentence
