import pytest

from pipeline.drift.examine import examine
from pipeline.drift.findings import Level
from pipeline.sources import corrections


def test_a_file_against_itself_has_no_drift(folder, ks4_rows):
    now = folder.profile("2018-2019/england_ks4final.csv", ks4_rows(2019))
    diagnosis = examine(now, now)
    assert diagnosis.exit_code == 0
    assert not diagnosis.of(Level.LOOK)


def test_the_normal_roll_of_the_years_is_no_drift(folder):
    diagnosis = folder.ks4()
    assert diagnosis.exit_code == 0
    assert diagnosis.header.gone == ()
    assert diagnosis.header.new == ()


def test_a_column_that_is_read_and_gone_breaks(folder, found):
    diagnosis = folder.ks4(ATT8SCR=None, TOTPUPS=1)
    assert diagnosis.exit_code == 2
    assert ("BREAKING", "ATT8SCR", "there", "gone") in found(diagnosis, "gone")


def test_a_column_that_is_not_read_and_gone_is_worth_a_look(folder, found):
    diagnosis = folder.ks4(SCHNAME=None)
    assert found(diagnosis, "gone")[0] == ("LOOK", "SCHNAME", "there", "gone")
    assert diagnosis.exit_code == 1


def test_a_new_column_is_worth_a_look_and_a_figure_of_an_earlier_year_is_not(folder, found):
    diagnosis = folder.ks4(SEN_ALL=5, P8MEA_17="0.1")
    assert found(diagnosis, "new") == [
        ("LOOK", "SEN_ALL", "none", "there"),
        ("NOTE", "P8MEA_17", "none", "there"),
    ]


def test_a_misprinted_column_is_found_with_its_likely_match(folder, found):
    diagnosis = folder.ks4(ATT8SCR=None, ATT8SRC=lambda n: 31 + n)
    assert found(diagnosis, "renamed") == [("BREAKING", "ATT8SCR", "ATT8SCR", "ATT8SRC")]
    assert diagnosis.exit_code == 2


def test_a_change_of_case_is_a_note(folder, found):
    diagnosis = folder.ks4(ATT8SCR=None, Att8Scr=lambda n: 30 + n)
    assert found(diagnosis, "renamed") == [("NOTE", "ATT8SCR", "ATT8SCR", "Att8Scr")]
    assert diagnosis.exit_code == 0


def test_a_fraction_in_place_of_a_percentage_breaks(folder, found):
    diagnosis = folder.ks4(PTL2BASICS_95=lambda n: f"{0.20 + n / 100:.2f}")
    assert ("BREAKING", "PTL2BASICS_95", "34.5", "0.345") in found(diagnosis, "units")


def test_a_percent_sign_that_goes_is_read_alike(folder, found):
    diagnosis = folder.ks4(PTL2BASICS_95=lambda n: 20 + n)
    assert found(diagnosis, "units") == [("LOOK", "PTL2BASICS_95", "34%", "34")]


def test_a_percent_sign_on_what_is_no_percentage_breaks(folder, found):
    diagnosis = folder.ks4(ATT8SCR=lambda n: f"{30 + n}%")
    assert found(diagnosis, "units")[0][:2] == ("BREAKING", "ATT8SCR")


def test_schools_and_england_in_different_units_break(folder, ks4_rows, found):
    rows = ks4_rows(2019, PTL2BASICS_95=lambda n: 20 + n)
    rows[-1]["PTL2BASICS_95"] = "43%"
    before = folder.profile("2017-2018/england_ks4final.csv", ks4_rows(2018))
    now = folder.profile("2018-2019/england_ks4final.csv", rows)
    levels = [level for level, *_ in found(examine(now, before), "units")]
    assert levels == ["BREAKING", "LOOK"]


def test_a_code_never_seen_breaks_and_a_known_one_is_a_note(folder, found):
    diagnosis = folder.ks4(
        ATT8SCR=lambda n: "SUPPMAT" if n == 3 else 30 + n,
        P8MEA=lambda n: "SUPP" if n == 3 else f"{n / 15 - 1:.2f}",
    )
    assert ("BREAKING", "ATT8SCR", "none", "SUPPMAT") in found(diagnosis, "codes")
    assert ("NOTE", "P8MEA", "none", "SUPP") in found(diagnosis, "codes")


def test_numbers_that_became_words_break(folder, found):
    diagnosis = folder.ks4(ATT8SCR="good")
    assert found(diagnosis, "types") == [("BREAKING", "ATT8SCR", "numbers", "words")]


def test_a_figure_that_no_school_has_any_more_breaks(folder, found):
    diagnosis = folder.ks4(ATT8SCR="NA")
    assert found(diagnosis, "types") == [("BREAKING", "ATT8SCR", "numbers", "nothing")]


def test_a_figure_beyond_its_bounds_breaks(folder, found):
    diagnosis = folder.ks4(ATT8SCR=lambda n: 91 if n == 29 else 30 + n)
    assert ("BREAKING", "ATT8SCR", "30 to 59", "30 to 91") in found(diagnosis, "ranges")


def test_a_level_that_moved_beyond_the_usual_is_worth_a_look(folder, found):
    diagnosis = folder.ks4(ATT8SCR=lambda n: 60 + n)
    assert found(diagnosis, "ranges") == [("LOOK", "ATT8SCR", "30 to 59", "60 to 89")]


def test_many_more_blanks_are_worth_a_look(folder, found):
    diagnosis = folder.ks4(P8MEA=lambda n: "" if n < 10 else "0.1")
    assert ("LOOK", "P8MEA", "0%", "33%") in found(diagnosis, "blanks")


def test_a_school_type_that_nobody_knows_is_worth_a_look(folder, found):
    diagnosis = folder.ks4(NFTYPE=lambda n: "XYZ" if n == 0 else "ACC")
    assert ("LOOK", "NFTYPE", "", "XYZ") in found(diagnosis, "kinds")


def test_an_unknown_type_of_record_breaks(folder, found):
    diagnosis = folder.ks4(RECTYPE=lambda n: 9 if n == 0 else 1)
    assert ("BREAKING", "9", "0 rows", "1 rows") in found(diagnosis, "rows")


def test_a_school_that_stands_twice_breaks(folder, ks4_rows, found):
    rows = ks4_rows(2019)
    before = folder.profile("2017-2018/england_ks4final.csv", ks4_rows(2018))
    now = folder.profile("2018-2019/england_ks4final.csv", [*rows, rows[0]])
    diagnosis = examine(now, before)
    assert ("BREAKING", "twice", "", "1 schools") in found(diagnosis, "schools")
    (said,) = [f.said for f in diagnosis.findings if f.about == "twice"]
    assert "100001 in rows 2 and 33" in said


def test_other_schools_than_last_year_are_worth_a_look(folder, found):
    diagnosis = folder.ks4(URN=lambda n: 100001 + n + 10)
    assert found(diagnosis, "schools") == [
        ("LOOK", "numbers (URN)", "30 schools", "30 schools")
    ]


def test_a_third_fewer_rows_are_worth_a_look(folder, ks4_rows, found):
    before = folder.profile("2017-2018/england_ks4final.csv", ks4_rows(2018))
    now = folder.profile("2018-2019/england_ks4final.csv", ks4_rows(2019)[10:])
    rows = found(examine(now, before), "rows")
    assert rows == [("LOOK", "1: mainstream", "30 rows", "20 rows")]


def test_a_file_of_another_authority_is_not_judged_by_its_schools(folder, ks4_rows):
    before = folder.profile("2017-2018/850_ks4final.csv", ks4_rows(2018))
    changes = {"URN": lambda n: 120001 + n, "SCHNAME": "another"}
    now = folder.profile("2018-2019/936_ks4final.csv", ks4_rows(2019, **changes)[5:])
    assert examine(now, before).exit_code == 0


def test_bounds_that_do_not_hold_the_figure_are_worth_a_look(folder, found):
    diagnosis = folder.ks4(P8CILOW="0.0", P8CIUPP="0.0", P8MEA="0.0")
    assert found(diagnosis, "bounds") == []
    diagnosis = folder.ks4(P8CILOW="0.0", P8CIUPP="0.0", P8MEA="0.1")
    assert found(diagnosis, "bounds") == [("LOOK", "P8MEA", "none", "30 rows")]


def test_figures_told_again_that_differ_are_worth_a_look(folder, found):
    # 2018/19 repeats the figure of 2017/18 under P8MEA_18, here a column of another.
    diagnosis = folder.ks4(P8MEA_18="5")
    assert found(diagnosis, "repeated") == [("LOOK", "P8MEA_18", "-1.00", "5")]


def test_englands_figure_that_jumps_is_worth_a_look_unless_the_break_is_known(
    folder, ks4_rows, found
):
    def year(of, figure):
        rows = ks4_rows(of)
        rows[-1]["ATT8SCR"] = figure
        return folder.profile(f"{of - 1}-{of}/england_ks4final.csv", rows)

    # Schools spread by about 8 points, so 44.5 to 48.5 is half of that.
    jump = examine(year(2019, 48.5), year(2018, 44.5))
    assert [row[0] for row in found(jump, "national")] == ["LOOK"]
    # In 2016/17 the reformed GCSEs changed the points, as the catalogue says.
    known = examine(year(2017, 48.5), year(2016, 44.5))
    assert found(known, "national") == []
    (figure,) = [f for f in known.national if f.column == "ATT8SCR"]
    assert "2016/17: reformed GCSEs" in figure.known_break
    assert (figure.before, figure.now) == (44.5, 48.5)


def test_the_same_file_in_two_years_breaks(folder, ks4_rows, found):
    before = folder.profile("2017-2018/england_ks4final.csv", ks4_rows(2018))
    now = folder.profile("2018-2019/england_ks4final.csv", ks4_rows(2018))
    assert found(examine(now, before), "file")[0][:2] == ("BREAKING", "year")


def test_how_the_file_is_written_is_a_note(folder, ks4_rows, as_csv, found):
    text = as_csv(ks4_rows(2019)).replace("\n", "\r\n").replace("School 1,", "École 1,")
    before = folder.profile("2017-2018/england_ks4final.csv", ks4_rows(2018))
    now = folder.profile("2018-2019/england_ks4final.csv", text.encode("cp1252"))
    diagnosis = examine(now, before)
    assert found(diagnosis, "file") == [
        ("NOTE", "encoding", "utf-8", "Windows-1252"),
        ("NOTE", "line ending", "LF", "CRLF"),
    ]
    assert diagnosis.exit_code == 0


def correction(**entry):
    about = {
        "name": "a misprint",
        "file": "england_ks4final.csv",
        "year": 2019,
        "why": "it is known",
        "source": "the metadata",
        "since": "2026-11-23",
        "reported": None,
    }
    return corrections.check([about | entry])


def test_what_a_declared_correction_mends_is_a_note(folder):
    declared = correction(what="header", found="ATT8SRC", instead="ATT8SCR")
    changes = {"ATT8SCR": None, "ATT8SRC": lambda n: 30 + n}
    diagnosis = folder.ks4(declared=declared, **changes)
    assert diagnosis.exit_code == 0
    (note,) = [f for f in diagnosis.findings if "mended by 'a misprint'" in f.said]
    assert note.topic == "renamed"
    assert folder.ks4(**changes).exit_code == 2


def test_a_correction_hides_nothing_that_it_does_not_mend(folder, found):
    declared = correction(what="header", found="ATT8SRC", instead="ATT8SCR")
    changes = {"ATT8SCR": None, "ATT8SRC": lambda n: 91 if n == 3 else 30 + n}
    diagnosis = folder.ks4(declared=declared, **changes)
    assert found(diagnosis, "ranges")[0][:2] == ("BREAKING", "ATT8SCR")


def test_a_correction_that_outlived_its_cause_breaks(folder, found):
    declared = correction(what="header", found="ATT8SRC", instead="ATT8SCR")
    diagnosis = folder.ks4(declared=declared)
    assert found(diagnosis, "file") == [("BREAKING", "a misprint", "wrong", "mended")]


@pytest.mark.parametrize("year", [2020, 2025])
def test_a_figure_that_the_catalogue_does_not_expect_may_be_gone(folder, ks4_rows, year):
    before = folder.profile("2018-2019/england_ks4final.csv", ks4_rows(2019))
    # No Progress 8 in 2024/25, nor anything in 2019/20.
    gone = {"P8MEA": None, "P8PUP": None, "ATT8SCR": None} if year == 2020 else {}
    rows = ks4_rows(year, **(gone or {"P8MEA": None, "P8PUP": None}))
    now = folder.profile(f"{year - 1}-{year}/england_ks4final.csv", rows)
    levels = {f.about: f.level for f in examine(now, before).findings if f.topic == "gone"}
    assert levels["P8MEA"] is Level.NOTE
