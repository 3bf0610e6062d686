"""Published totals, intervals and SDs held against the schools of the real files."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from pipeline.contracts.quality import AGREES, DIFFERS, EVERY_GROUP, EXPLAINED, WITHHELD
from pipeline.measures.measure import KEY_STAGES
from pipeline.publication import quality_report
from pipeline.quality import check
from pipeline.quality.coherence import FEWER_THAN_ALL, MORE_THAN_ALL
from pipeline.run import locations
from pipeline.sources import clean

ROOT = Path(__file__).parents[2]
DISADVANTAGE = "disadvantaged and other pupils"
RUNS = {
    "national": ("dfe_national", "final"),
    "authorities": ("dfe", "final"),
    "provisional": ("dfe", "provisional"),
}
# Rows that agree, are explained, and differ; as measured.
MEASURED = {
    "national": {"England": (9, 22, 0), "authorities": (0, 0, 0)},
    "authorities": {"England": (4, 2, 0), "authorities": (247, 171, 1)},
    "provisional": {"England": (0, 14, 0), "authorities": (169, 918, 1)},
}
# SDs that were published elsewhere, or learnt from a program that uses them: not one of
# them was used to recover these ranges.
PUBLISHED_SDS = {
    ("progress_8", 2023): 1.414023,
    ("reading_progress", 2019): 6.17358373,
    ("writing_progress", 2019): 5.69410663,
    ("maths_progress", 2019): 5.38985717,
}


@pytest.fixture(scope="module")
def checked(make_project, shared_data, tmp_path_factory):
    """Clean one folder of downloads and check it: tables, page and raw school names."""

    @cache
    def run(name):
        folder, release = RUNS[name]
        place = tmp_path_factory.mktemp(f"quality-{name}")
        with make_project(place, str(shared_data / folder)) as project:
            project.settings["years"] = {"first": 2016, "last": 2023}
            project.settings["sources"] |= {"release": release}
            if name == "authorities":
                project.settings["sources"]["context"] = str(shared_data / "dfe")
            project.link()
            for key_stage in KEY_STAGES:
                clean.write(project.clean(key_stage), key_stage)
            found = check.check(project.parameters)
            check.write(found)
            stages = {"stages": {"quality": {"cmd": "", "deps": ["pipeline/quality"]}}}
            (place / "dvc.yaml").write_text(yaml.safe_dump(stages))
            quality_report.write(quality_report.assemble(project.parameters))
            files = locations.report("data-quality").iterdir()
            texts = {path.name: path.read_text(encoding="utf-8") for path in files}
        return found.tables, texts

    return run


@pytest.mark.parametrize("name", RUNS)
class TestEachRun:
    def test_totals_agree_are_explained_or_differ_as_measured(self, checked, name):
        table = checked(name)[0]["back_test"]
        national = table["record"].str.startswith("national")
        for whose, rows in (
            ("England", table[national]),
            ("authorities", table[~national]),
        ):
            counts = tuple(
                (rows["verdict"] == v).sum() for v in (AGREES, EXPLAINED, DIFFERS)
            )
            assert counts == MEASURED[name][whose]

    def test_no_national_figure_differs(self, checked, name):
        table = checked(name)[0]["back_test"]
        national = table[table["record"].str.startswith("national")]
        assert not (national["verdict"] == DIFFERS).any()

    def test_every_cell_of_every_school_is_counted(self, checked, name):
        tables = checked(name)[0]
        assert tables["codes"]["schools"].sum() > 20_000
        schools = tables["rows"]["kind"].isin(["mainstream", "special"])
        listed = tables["rows"][schools].groupby(["key_stage", "year"])["rows"].sum()
        counted = tables["codes"].groupby(["key_stage", "year", "measure", "group"])
        of_all = counted["schools"].sum().groupby(["key_stage", "year"]).max()
        for key, rows in listed.items():
            # A consortium of sixth forms is a row of its own kind.
            assert of_all[key] >= rows if key[0] == "ks5" else of_all[key] == rows

    def test_names_no_school(self, checked, raw, name):
        """Neither the page nor a table beside it holds a number or name of a school."""
        texts = checked(name)[1]
        urns, names = set(), set()
        for path in texts["files.csv"].splitlines()[1:]:
            shown = re.search(r"[0-9-]{9}/\w+\.csv", path)[0]
            for row in raw(f"{RUNS[name][0]}/{shown}"):
                urns.add(row["URN"].strip())
                names.add((row.get("SCHNAME") or "").strip())
        said = "".join(text for file, text in texts.items() if file != "files.csv")
        said = re.sub(r"[0-9a-f]{64}", "", said)
        assert not urns & set(re.findall(r"(?<![\d.,])\d{6}(?!\d)", said)) - {""}
        assert not [n for n in names if len(n) > 15 and n in said]


class TestWhatThePageSays:
    def test_scaled_scores_that_are_whole_agree_to_rounding(self, checked):
        """Maths 104 beside 104.203: half a score, as reading beside it."""
        table = checked("national")[0]["back_test"]
        scores = table[table["measure"].isin(["maths_score", "reading_score"])]
        made = scores[scores["recomputed"].notna()]
        assert len(made) == 8
        assert (made["verdict"] == AGREES).all()
        assert (made["rounding"] > 0.5).all()

    def test_what_was_suppressed_is_not_known_where_codes_were_blanked(self, checked):
        missing = checked("national")[0]["missing"]
        assert missing["suppressed"].sum() == 0
        assert missing["undecided"].sum() == 19_817
        page = checked("national")[1]["index.html"]
        assert "suppressed 0.0%" not in page
        assert "the department suppressed is not known" in page

    def test_what_was_suppressed_is_known_where_codes_stand(self, checked):
        missing = checked("authorities")[0]["missing"]
        assert missing["undecided"].sum() == 0
        assert missing["suppressed"].sum() / missing["cells"].sum() == pytest.approx(
            0.161, abs=0.001
        )

    def test_groups_at_18_fall_short_of_all_students_and_never_exceed_them(self, checked):
        checks = checked("authorities")[0]["checks"]
        of_18 = checks[checks["key_stage"] == "ks5"].set_index("check")
        assert of_18.loc[f"{DISADVANTAGE} {MORE_THAN_ALL}", "failed"].sum() == 0
        short = of_18.loc[f"{DISADVANTAGE} {FEWER_THAN_ALL}"]
        entries = short[short["about"] == "Average points per A level entry"]
        found = entries.set_index("year")[["failed", "examined", "share_short"]]
        assert found.loc[2017].tolist() == [950, 1800, 0.014]
        assert found.loc[2023].tolist() == [769, 1575, 0.011]

    def test_no_mean_over_entries_is_averaged_by_students(self, checked):
        checks = checked("authorities")[0]["checks"]
        means = checks[checks["check"].str.contains("average to all pupils")]
        assert not means["about"].str.contains("points per").any()

    def test_schools_that_a_file_leaves_out_are_not_taken_for_closures(self, checked):
        """2018/19 holds no independent and no special school, only mainstream ones."""
        followed = checked("national")[0]["continuity"]
        of_2019 = followed[(followed["key_stage"] == "ks4") & (followed["year"] == 2019)]
        went = of_2019.set_index("place")["went"]
        assert went["independent or non-maintained"] == 921
        assert went["special school"] == 1195
        # Without links between numbers: conversions are counted here too.
        assert went["state-funded mainstream"] < went.sum() / 5

    def test_every_file_that_was_not_read_is_listed(self, checked):
        page = checked("authorities")[1]["index.html"]
        for name in (
            "2015-2016/england_ks4provisional.csv",
            "2018-2019/england_ks4provisional.csv",
            "2023-2024/ks4_school_info_2024.csv",
            "2024-2025/england_census.csv",
        ):
            assert name in page

    def test_figures_of_england_from_another_release_are_not_used(self, checked):
        """The rows of England of 2015/16 are provisional, in a file named final."""
        tables, texts = checked("national")
        rows = tables["back_test"]
        ours = rows[(rows["key_stage"] == "ks4") & (rows["year"] == 2016)]
        assert ours["published"].isna().all()
        assert "from the provisional tables" in texts["index.html"]


def test_the_rows_of_england_of_2015_16_are_those_of_the_provisional_table(raw):
    def england(shown):
        rows = {row["RECTYPE"]: row for row in raw(shown)}
        return {
            kind: {name: rows[kind][name] for name in ("TPUP", "ATT8SCR", "P8MEA")}
            for kind in ("5", "7")
        }

    final = england("dfe_national/2015-2016/england_ks4final.csv")
    assert final == england("dfe/2015-2016/england_ks4provisional.csv")
    assert final["7"] == {"TPUP": "541080", "ATT8SCR": "49.8", "P8MEA": "-0.03"}


def test_local_authorities_are_named_as_the_department_names_them(raw):
    published = {
        row["LEA"].strip(): row["LA Name"].strip()
        for row in raw("dfe/2018-2019/la_and_region_codes_meta.csv")
    }
    kept = yaml.safe_load((ROOT / "data/reference/local_authorities.yaml").read_text())
    assert kept == published


class TestIntervals:
    @pytest.mark.parametrize("name", ["authorities", "provisional"])
    def test_99_in_100_follow_from_value_pupils_and_sd(self, checked, name):
        found = checked(name)[0]["intervals"]
        counted = found[found["in_target"]]
        assert counted["reproduced"].sum() / counted["intervals"].sum() >= 0.99

    @pytest.mark.parametrize(
        ("name", "intervals"), [("authorities", 6116), ("provisional", 3675)]
    )
    def test_indeed_all_of_them_do(self, checked, name, intervals):
        found = checked(name)[0]["intervals"]
        counted = found[found["in_target"]]
        assert counted["intervals"].sum() == intervals
        assert counted["reproduced"].sum() == intervals

    def test_of_key_stage_2_groups_are_met_by_some_number_of_pupils(self, checked):
        found = checked("authorities")[0]["intervals"]
        groups = found[
            (found["key_stage"] == "ks2")
            & (found["record"] == "schools")
            & ~found["in_target"]
        ]
        assert groups["intervals"].sum() > 13_000
        assert groups["reproduced"].sum() / groups["intervals"].sum() > 0.999


class TestSDs:
    def ranges(self, tables):
        found = tables["recovered_sds"]
        whole = found[found["group"] == EVERY_GROUP]
        return whole.set_index(["measure", "year"])[["low", "high", "within", "regression"]]

    @pytest.mark.parametrize("cell", PUBLISHED_SDS, ids=str)
    def test_a_published_one_lies_in_the_range_recovered_from_bounds(self, checked, cell):
        found = self.ranges(checked("authorities")[0]).loc[cell]
        assert found["low"] <= PUBLISHED_SDS[cell] <= found["high"]

    @pytest.mark.parametrize("name", ["authorities", "provisional"])
    def test_one_sd_meets_every_interval_of_every_group(self, checked, name):
        assert (self.ranges(checked(name)[0])["within"] == 1).all()

    def test_3675_intervals_leave_progress_8_of_2019_eight_ten_thousandths(self, checked):
        found = self.ranges(checked("provisional")[0]).loc[("progress_8", 2019)]
        assert found["low"] == pytest.approx(1.28243, abs=1e-5)
        assert found["high"] == pytest.approx(1.28321, abs=1e-5)
        assert found["regression"] == pytest.approx(1.28266, abs=1e-5)


class TestEngland:
    def cell(self, tables, measure, group, year):
        table = tables["back_test"].set_index(["record", "measure", "group", "year"])
        return table.loc[("national, state-funded", measure, group, year)]

    def test_pupils_missing_in_2019_would_have_what_special_schools_had(self, checked):
        """-1.78 on average, which the special schools of 2017/18 had."""
        found = self.cell(checked("national")[0], "progress_8", "all", 2019)
        assert found["difference"] == pytest.approx(0.0414, abs=1e-4)
        assert found["rest_would_hold"] == pytest.approx(-1.78, abs=0.015)
        assert found["coverage"] == "97.6%"

    @pytest.mark.parametrize("year", [2017, 2018])
    def test_progress_8_lies_within_a_hundredth(self, checked, year):
        found = self.cell(checked("national")[0], "progress_8", "all", year)
        assert abs(found["difference"]) < 0.01

    def test_value_added_at_18_agrees_to_rounding(self, checked):
        table = checked("authorities")[0]["back_test"]
        rows = table[
            (table["measure"] == "a_level_value_added")
            & table["record"].str.startswith("national")
            & table["recomputed"].notna()
        ]
        assert len(rows) == 4
        assert set(rows["verdict"]) == {AGREES}


class TestAuthorities:
    def test_hampshires_progress_agrees_to_the_published_digit(self, checked):
        """Weighted by the pupils with a score: all pupils times the coverage."""
        table = checked("authorities")[0]["back_test"]
        rows = table[
            (table["local_authority"] == "850")
            & table["measure"].str.endswith("_progress")
            & (table["group"] == "all")
        ]
        assert len(rows) == 9
        assert set(rows["verdict"]) == {AGREES}

    def test_that_differ_are_two_in_all_runs(self, checked):
        """Of one or two pupils' results each: discrepancies of the published files."""
        found = []
        for name in RUNS:
            table = checked(name)[0]["back_test"]
            rows = table[table["verdict"] == DIFFERS]
            found += rows[["local_authority", "measure", "year"]].to_numpy().tolist()
        assert found == [["921", "best_3_a_levels", 2023], ["870", "english_maths_4", 2019]]

    def test_no_row_is_shown_that_lacks_one_to_five_pupils(self, checked, raw, plain):
        """By plain Python: pupils of the authority less those of schools with a figure."""
        table = checked("provisional")[0]["back_test"]
        shown = table[(table["measure"] == "attainment_8") & (table["year"] == 2019)]
        verdicts = shown.set_index("local_authority")["verdict"].to_dict()
        pupils, totals = {}, {}
        for row in raw("dfe/2018-2019/england_ks4provisional.csv"):
            count, value = plain(row["TPUP"]), plain(row["ATT8SCR"])
            if row["RECTYPE"] == "4" and value is not None:
                totals[row["LEA"]] = count
            elif row["RECTYPE"] in ("1", "2") and None not in (count, value):
                pupils[row["LEA"]] = pupils.get(row["LEA"], 0) + count
        few = [la for la, whole in totals.items() if 1 <= whole - pupils[la] <= 5]
        assert len(few) == 9
        assert {verdicts[la] for la in few} == {WITHHELD}

    def test_what_is_withheld_shows_nothing_of_ours(self, checked):
        for name in RUNS:
            table = checked(name)[0]["back_test"]
            ours = ["recomputed", "difference", "coverage", "possible_low", "schools"]
            assert table.loc[table["verdict"] == WITHHELD, ours].isna().all(axis=None)
