import pandas as pd
import pytest

from pipeline.contracts import promise
from pipeline.contracts.results import AGGREGATES, RESULTS, SCHOOLS
from pipeline.run import locations
from pipeline.run.faults import Fault
from pipeline.sources import clean

KS4 = "2018-2019/england_ks4final.csv"


def values(cleaned, measure="attainment_8", group="all"):
    found = cleaned.results
    found = found[(found["measure"] == measure) & (found["group"] == group)]
    return found.set_index("urn")["value"].to_dict()


def test_every_row_of_every_file_is_accounted_for(project, school):
    project.download(KS4, [school(100001), school(100002), school("", RECTYPE=7)])
    project.download("2018-2019/850_ks4final.csv", [school(100003, RECTYPE=2)])
    for entry in project.clean().inventory["files"]:
        lines = (project.folder / "downloads" / entry["file"]).read_text().splitlines()
        assert sum(entry["rows"].values()) == len(lines) - 1


def test_every_published_cell_holds_a_value_or_a_reason(project, school):
    project.download(KS4, [school(100001, ATT8SCR=50), school(100002, ATT8SCR="SUPP")])
    results = project.clean().results
    assert (results["value"].isna() == results["reason"].notna()).all()


@pytest.mark.parametrize("release", ["final", "provisional"])
def test_provisional_is_never_mixed_with_final(project, school, release):
    project.download(KS4, [school(100001, ATT8SCR=46.7)])
    provisional = "2018-2019/england_ks4provisional.csv"
    project.download(provisional, [school(100001, ATT8SCR=46.5)])
    project.settings["sources"]["release"] = release
    cleaned = project.clean()
    assert values(cleaned) == {"100001": 46.7 if release == "final" else 46.5}
    assert set(cleaned.results["release"]) == {release}
    (left_out,) = cleaned.inventory["left_out"]
    assert left_out["why"].endswith(f"this run reads {release}")


def test_a_school_in_englands_file_and_its_authoritys_counts_once(project, school):
    project.download(KS4, [school(100001, ATT8SCR=50), school(100002, ATT8SCR=40)])
    project.download("2018-2019/850_ks4final.csv", [school(100001, ATT8SCR=50)])
    cleaned = project.clean()
    assert values(cleaned) == {"100001": 50.0, "100002": 40.0}
    assert len(cleaned.schools) == 2
    assert cleaned.inventory["schools_in_two_files"] == 1


def test_what_only_one_of_two_files_holds_is_kept(project, school):
    project.download(KS4, [school(100001, ATT8SCR=50)])
    fuller = school(100001, ATT8SCR=50, P8MEA=0.1, P8PUP=90)
    project.download("2018-2019/850_ks4final.csv", [fuller])
    cleaned = project.clean()
    assert values(cleaned, "progress_8") == {"100001": 0.1}
    assert values(cleaned) == {"100001": 50.0}


def test_two_files_that_contradict_each_other_stop_the_run(project, school):
    project.download(KS4, [school(100001, ATT8SCR=50)])
    project.download("2018-2019/850_ks4final.csv", [school(100001, ATT8SCR=51)])
    with pytest.raises(Fault) as told:
        project.clean()
    assert "850_ks4final.csv and 2018-2019/england_ks4final.csv" in str(told.value)
    assert "100001 has two values of attainment_8 (all) in 2019" in str(told.value)
    assert "what to do" in str(told.value)


def test_a_value_in_one_file_and_a_code_in_the_other_is_a_contradiction(project, school):
    project.download(KS4, [school(100001, ATT8SCR=50)])
    project.download("2018-2019/850_ks4final.csv", [school(100001, ATT8SCR="SUPP")])
    with pytest.raises(Fault, match="two values of attainment_8"):
        project.clean()


def test_different_numbers_of_pupils_in_two_files_are_a_contradiction(project, school):
    project.download(KS4, [school(100001, ATT8SCR=50, TPUP=100)])
    project.download("2018-2019/850_ks4final.csv", [school(100001, ATT8SCR=50, TPUP=200)])
    with pytest.raises(Fault, match="100001 has two"):
        project.clean()


def test_the_same_school_in_two_years_is_no_contradiction(project, school):
    project.settings["years"]["first"] = 2018
    project.download(KS4, [school(100001, ATT8SCR=50)])
    project.download("2017-2018/england_ks4final.csv", [school(100001, ATT8SCR=40)])
    cleaned = project.clean()
    assert cleaned.results.groupby("year")["value"].max().to_dict() == {2018: 40, 2019: 50}


def test_a_key_stage_without_files_is_not_supplied_and_no_error(project, school):
    project.download(KS4, [school(100001)])
    cleaned = project.clean("ks2")
    assert cleaned.results.empty
    assert cleaned.inventory["years"]["2019"] == {
        "state": "not supplied",
        "reason": "not supplied: no key stage 2 table of 2018/19 among the sources",
    }
    clean.write(cleaned, "ks2")
    assert promise.read(locations.results("ks2"), RESULTS).empty


def test_a_year_without_file_is_not_supplied_and_a_pandemic_year_not_published(
    project, school
):
    project.settings["years"] = {"first": 2018, "last": 2021}
    project.download(KS4, [school(100001)])
    years = project.clean().inventory["years"]
    states = {year: entry["state"] for year, entry in years.items()}
    assert states == {
        "2018": "not supplied",
        "2019": "supplied",
        "2020": "not published",
        "2021": "not published",
    }


def test_a_year_of_another_release_says_which_tables_were_found(project, school):
    """Provisional tables and school information are no final tables, and no silence."""
    project.settings["years"] = {"first": 2018, "last": 2024}
    project.download(KS4, [school(100001)])
    project.download("2017-2018/england_ks4provisional.csv", [school(100001)])
    information = (
        "time_period,geographic_level,school_urn,t_allks_pupils,t_pupils,t_prior_lo\n"
        "202324,School,100001,354,90,12\n"
    )
    project.download("2023-2024/ks4_school_info_2024.csv", information)
    inventory = project.clean().inventory
    assert inventory["years"]["2018"]["as"] == "supplied as provisional only"
    assert "england_ks4provisional.csv" in inventory["years"]["2018"]["reason"]
    assert inventory["years"]["2024"]["as"] == "supplied as school information only"
    assert inventory["left_out"][1] == {
        "file": "2023-2024/ks4_school_info_2024.csv",
        "why": "school information only: no results of its year stand beside it",
    }


def test_a_file_outside_the_years_of_the_run_is_left_out_and_listed(project, school):
    project.download(KS4, [school(100001)])
    project.download("2016-2017/england_ks4final.csv", [school(100001)])
    cleaned = project.clean()
    assert set(cleaned.results["year"]) == {2019}
    assert cleaned.inventory["left_out"] == [
        {
            "file": "2016-2017/england_ks4final.csv",
            "why": "2017 lies outside the years of this run",
        }
    ]


def test_a_synthetic_folder_is_known_by_its_mark(project, school):
    project.download(KS4, [school(100001)])
    assert project.clean().inventory["folder_is_synthetic"] is False
    (project.folder / "downloads" / locations.SYNTHETIC_MARK).write_text("made up")
    assert project.clean().inventory["folder_is_synthetic"] is True


def test_what_is_written_is_what_is_read_again(project, school):
    project.download(KS4, [school(100001, ATT8SCR="NA"), school("", RECTYPE=7, ATT8SCR=46)])
    cleaned = project.clean()
    clean.write(cleaned, "ks4")
    for table, place, contract in (
        (cleaned.results, locations.results("ks4"), RESULTS),
        (cleaned.schools, locations.schools("ks4"), SCHOOLS),
        (cleaned.aggregates, locations.aggregates("ks4"), AGGREGATES),
    ):
        pd.testing.assert_frame_equal(
            promise.read(place, contract),
            promise.check(table, contract),
            check_categorical=False,
        )
    assert clean.read_inventory("ks4") == cleaned.inventory


def test_cleaning_twice_writes_the_same_bytes(project, school):
    project.download(KS4, [school(100002, ATT8SCR=50), school(100001, ATT8SCR=40)])
    clean.write(project.clean(), "ks4")
    folder = locations.results("ks4").parent
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    clean.write(project.clean(), "ks4")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_recorded_paths_are_relative_to_the_folder_of_sources(project, school):
    project.download(KS4, [school(100001)])
    assert set(project.clean().results["source"]) == {KS4}


def test_reasons_and_values_of_a_year_add_up_to_its_cells(project, school):
    project.download(KS4, [school(100001, ATT8SCR=50), school(100002, ATT8SCR="SUPP")])
    cleaned = project.clean()
    counted = clean.reasons_for_absence(cleaned)
    assert counted[2019].to_dict() == {
        "suppressed: few pupils, or to protect such a figure": 1,
        "value": 1,
    }
    assert clean.files_read(cleaned).loc[0, "mainstream"] == 2


def test_the_same_file_in_two_years_is_refused(project, school):
    rows = [school(100001)]
    project.download("2017-2018/england_ks4final.csv", rows)
    project.download("2018-2019/england_ks4final.csv", rows)
    project.settings["years"] = {"first": 2018, "last": 2019}
    with pytest.raises(Fault, match="the two files are the same"):
        project.clean()


def test_two_files_that_differ_in_a_national_figure_are_refused(project, school):
    total = {"RECTYPE": 7, "P8PUP": 50}
    project.download(KS4, [school(100001), school("", P8MEA=-0.03, **total)])
    project.download(
        "2018-2019/850_ks4final.csv", [school(100002), school("", P8MEA=0.5, **total)]
    )
    with pytest.raises(Fault, match="two figures of progress_8"):
        project.clean()


def test_two_files_that_differ_in_a_schools_type_are_refused(project, school):
    project.download(KS4, [school(100001, NFTYPE="ACC")])
    project.download("2018-2019/850_ks4final.csv", [school(100001, NFTYPE="IND")])
    with pytest.raises(Fault, match="is of two types"):
        project.clean()


@pytest.mark.parametrize(
    ("of_england", "of_authority", "kept"),
    [("", "CY", "CY"), ("CY", "", "CY"), ("INDSS", "INDSPEC", "INDSPEC")],
)
def test_a_blank_type_or_another_word_for_it_is_no_contradiction(
    project, school, of_england, of_authority, kept
):
    project.download(KS4, [school(100001, NFTYPE=of_england)])
    project.download("2018-2019/850_ks4final.csv", [school(100001, NFTYPE=of_authority)])
    schools = project.clean().schools
    assert schools["school_type"].tolist() == [kept]


def test_a_school_of_two_types_is_told_with_both(project, school):
    project.download(KS4, [school(100001, NFTYPE="", RECTYPE=1)])
    special = school(100001, NFTYPE="CYS", RECTYPE=2)
    project.download("2018-2019/850_ks4final.csv", [special])
    with pytest.raises(Fault, match=r"CYS \(RECTYPE 2\) and blank \(RECTYPE 1\)"):
        project.clean()


def test_a_table_under_a_name_of_ones_own_is_listed_as_left_out(project, school):
    project.download(KS4, [school(100001)])
    project.download("2018-2019/england_ks4final (1).csv", [school(100001)])
    left_out = project.clean().inventory["left_out"]
    assert [entry["file"] for entry in left_out] == ["2018-2019/england_ks4final (1).csv"]
