"""Every performance table at hand is read, whole and right, by name and by column alone."""

import csv
import io
import shutil
import zipfile
from functools import cache

import pytest

from pipeline.measures.catalogue import MEASURES
from pipeline.sources import downloads, performance_tables

# File, schools, special schools or consortia, authorities; every file of these key stages.
DFE = {
    "2015-2016/england_ks4provisional.csv": (4203, 1141, 152),
    "2016-2017/850_ks2final.csv": (313, 15, 1),
    "2016-2017/850_ks4final.csv": (95, 28, 1),
    "2016-2017/936_ks4final.csv": (94, 33, 1),
    "2016-2017/england_ks5final.csv": (3206, 16, 152),
    "2017-2018/850_ks2final.csv": (312, 16, 1),
    "2017-2018/850_ks4final.csv": (92, 29, 1),
    "2017-2018/936_ks4final.csv": (92, 35, 1),
    "2018-2019/850_ks2final.csv": (315, 16, 1),
    "2018-2019/936_ks4final.csv": (94, 36, 1),
    "2018-2019/england_ks4provisional.csv": (4296, 1199, 155),
    "2022-2023/england_ks5final.csv": (2804, 12, 155),
}
NATIONAL = {
    "2015-2016/england_ks2final.csv": (15511, 651, 0),
    "2015-2016/england_ks4final.csv": (4272, 1063, 0),
    "2016-2017/england_ks2final.csv": (15623, 690, 0),
    "2016-2017/england_ks4final.csv": (4294, 1105, 0),
    "2017-2018/england_ks2final.csv": (15626, 738, 0),
    "2017-2018/england_ks4final.csv": (4324, 1195, 0),
    "2018-2019/england_ks4final.csv": (3295, 0, 0),
}
FILES = [("dfe", name) for name in DFE] + [("dfe_national", name) for name in NATIONAL]
FULL = [name for name in DFE if "provisional" not in name]
PUBLISHED = {
    ("2018-2019/936_ks4final.csv", "attainment_8", "all"): 46.7,
    ("2018-2019/936_ks4final.csv", "progress_8", "all"): -0.03,
    ("2018-2019/936_ks4final.csv", "progress_8", "disadvantaged"): -0.45,
    ("2018-2019/936_ks4final.csv", "english_maths_5", "all"): 43,
    ("2018-2019/936_ks4final.csv", "english_maths_4", "all"): 65,
    ("2018-2019/936_ks4final.csv", "ebacc_points", "all"): 4.07,
    ("2018-2019/england_ks4provisional.csv", "attainment_8", "all"): 46.5,
    ("2018-2019/850_ks2final.csv", "rwm_expected", "all"): 65,
    ("2018-2019/850_ks2final.csv", "rwm_expected", "disadvantaged"): 51,
    ("2018-2019/850_ks2final.csv", "maths_score", "all"): 105,
    ("2018-2019/850_ks2final.csv", "reading_score", "disadvantaged"): 102,
    ("2016-2017/england_ks5final.csv", "a_level_points", "all"): 31.14,
    ("2016-2017/england_ks5final.csv", "a_level_points", "disadvantaged"): 27.07,
    ("2016-2017/england_ks5final.csv", "a_level_value_added", "all"): -0.01,
    ("2016-2017/england_ks5final.csv", "a_level_value_added", "disadvantaged"): -0.07,
    ("2016-2017/england_ks5final.csv", "best_3_a_levels", "all"): 34.09,
    ("2022-2023/england_ks5final.csv", "a_level_points", "all"): 34.16,
    ("2022-2023/england_ks5final.csv", "applied_general_points", "all"): 29.52,
}


@pytest.fixture(scope="session")
def found(shared_data):
    """The downloads of a folder by the names of their files."""

    @cache
    def find_in(folder):
        listed = downloads.find(shared_data / folder, folder)
        return {d.shown: d for d in listed if d.release}

    return find_in


@pytest.fixture(scope="session")
def table(found):
    """Read one real table: table('dfe', '2018-2019/936_ks4final.csv')."""
    return cache(lambda folder, name: performance_tables.read(found(folder)[name]))


def test_every_performance_table_at_hand_is_found_and_none_overlooked(found, shared_data):
    assert list(found("dfe")) == list(DFE)
    assert list(found("dfe_national")) == list(NATIONAL)
    for folder in ("dfe", "dfe_national"):
        for key_stage in ("ks2", "ks4", "ks5"):
            assert downloads.overlooked(shared_data / folder, key_stage) == []


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_each_table_is_read_whole(table, raw, folder, name):
    read = table(folder, name)
    schools, others, authorities = (DFE if folder == "dfe" else NATIONAL)[name]
    assert len(read.schools) == schools + others
    assert list(read.rows.values())[:3] == [schools, others, authorities]
    assert sum(read.rows.values()) == len(raw(f"{folder}/{name}"))
    cells = read.results.groupby(["measure", "group"]).size()
    assert set(cells) == {schools + others}


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_each_number_and_each_code_of_a_table_is_kept(table, raw, plain, folder, name):
    """Sums, counts of numbers and counts of blanks, by csv and plain Python."""
    read = table(folder, name)
    rows = [
        {column.upper(): cell for column, cell in row.items() if column}
        for row in raw(f"{folder}/{name}")
        if row["RECTYPE"].strip() in ("1", "2", "3")[: 3 if "ks5" in name else 2]
    ]
    checked = 0
    for about in MEASURES[read.download.key_stage]:
        for group, columns in about.columns.items():
            if about.why_not_published(read.download.year, group):
                continue
            column = columns.value_of(read.download.year).upper()
            if column not in rows[0]:
                continue
            ours = read.results[
                (read.results["measure"] == about.code) & (read.results["group"] == group)
            ]
            numbers = [n for r in rows if (n := plain(r[column])) is not None]
            assert ours["value"].notna().sum() == len(numbers)
            assert ours["value"].sum() == pytest.approx(sum(numbers), abs=1e-6)
            blank = sum(not r[column].strip() for r in rows)
            assert (ours["reason"] == "blank in the file").sum() == blank
            checked += 1
    assert checked >= 2


@pytest.mark.parametrize(("name", "measure", "group"), PUBLISHED, ids=str)
def test_the_state_funded_figure_is_the_published_one(table, name, measure, group):
    totals = table("dfe", name).aggregates
    state = totals[
        (totals["record"] == "national, state-funded")
        & (totals["measure"] == measure)
        & (totals["group"] == group)
    ]
    assert state["value"].tolist() == [PUBLISHED[name, measure, group]]


def test_the_figure_of_all_schools_is_another(table):
    totals = table("dfe", "2018-2019/936_ks4final.csv").aggregates
    one = totals[(totals["measure"] == "attainment_8") & (totals["group"] == "all")]
    value = one.set_index("record")["value"]
    assert value["national, all schools"] == 44.7
    assert value["national, state-funded"] == 46.7


# Columns ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FULL)
def test_full_files_hold_every_column_of_the_catalogue(table, name):
    """Year differences: EBACCAPS from 2017/18, value added not in 2022/23 (see `ks5`)."""
    read = table("dfe", name)
    assert read.absent == ()
    published = {
        (about.code, group)
        for about in MEASURES[read.download.key_stage]
        for group in about.columns
        if not about.why_not_published(read.download.year, group)
    }
    pairs = read.results[["measure", "group"]].drop_duplicates()
    assert set(pairs.itertuples(index=False, name=None)) == published


def header_of(shared_data, shown):
    with (shared_data / shown).open(encoding="cp1252") as file:
        return {name.upper() for name in next(csv.reader(file))}


@pytest.mark.parametrize("name", FULL)
def test_full_files_hold_every_number_of_pupils_and_every_bound(shared_data, table, name):
    columns = header_of(shared_data, f"dfe/{name}")
    read = table("dfe", name).download
    for about in MEASURES[read.key_stage]:
        for group, of_group in about.columns.items():
            if about.why_not_published(read.year, group):
                continue
            for column in (*of_group.pupils, of_group.low, of_group.high):
                assert column is None or column.upper() in columns, (about.code, group)


def test_columns_that_years_lack_are_those_that_the_catalogue_says(shared_data):
    columns = {
        year: header_of(shared_data, f"dfe/{year}/936_ks4final.csv")
        for year in ("2016-2017", "2017-2018", "2018-2019")
    }
    assert ["EBACCAPS" in columns[year] for year in sorted(columns)] == [False, True, True]
    of_2016 = header_of(shared_data, "dfe/2015-2016/england_ks4provisional.csv")
    assert "PTL2BASICS_LL_PTQ_EE" in of_2016
    assert "PTL2BASICS_94" not in of_2016
    ks5 = {
        year: header_of(shared_data, f"dfe/{year}/england_ks5final.csv")
        for year in ("2016-2017", "2022-2023")
    }
    assert ["VA_INS_ALEV" in ks5[year] for year in sorted(ks5)] == [True, False]


def test_value_added_of_the_three_years_before_2022_23_is_blank_in_every_row(raw):
    """Why the catalogue says that none was published for 2021/22 either."""
    rows = raw("dfe/2022-2023/england_ks5final.csv")
    for year in ("20", "21", "22"):
        assert {row[f"VA_INS_ALEV_{year}"] for row in rows} == {""}
    assert sum(row["TALLPPE_ALEV_1618_22"] != "" for row in rows) > 2500


@pytest.mark.parametrize(
    ("name", "group", "column"),
    [
        ("2018-2019/936_ks4final.csv", "girls", "P8PUP_GIRLS"),
        ("2018-2019/936_ks4final.csv", "low_prior", "P8PUP_LO"),
        ("2018-2019/936_ks4final.csv", "disadvantaged", "P8PUP_FSM6CLA1A"),
    ],
)
def test_progress_8_of_a_group_rests_on_its_own_pupils(table, name, group, column):
    found = table("dfe", name).results
    found = found[(found["measure"] == "progress_8") & (found["group"] == group)]
    shown = found[found["value"].notna()]
    assert set(shown["pupils_column"]) == {column}


def test_girls_and_boys_together_are_all_pupils(table):
    """A check on the columns of numbers: in every school that gives all three."""
    found = table("dfe", "2018-2019/850_ks2final.csv").results
    found = found[found["measure"] == "rwm_expected"]
    pupils = found.pivot_table(index="urn", columns="group", values="pupils", observed=True)
    whole = pupils[["all", "girls", "boys"]].dropna()
    assert len(whole) > 250
    assert (whole["girls"] + whole["boys"] == whole["all"]).all()


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_published_bounds_lie_on_both_sides_of_their_figure(table, folder, name):
    found = table(folder, name).results.dropna(subset=["value", "low", "high"])
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()


# Key stage 5 ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "compared", "independent", "special"),
    [
        ("2016-2017/england_ks5final.csv", 2604, 598, 20),
        ("2022-2023/england_ks5final.csv", 2209, 593, 14),
    ],
)
def test_sixth_forms_colleges_and_consortia_are_compared(
    table, name, compared, independent, special
):
    places = table("dfe", name).schools["place"].value_counts().to_dict()
    assert places == {
        "state-funded mainstream": compared,
        "independent or non-maintained": independent,
        "special school": special,
    }


def test_the_state_funded_row_counts_colleges_and_consortia(table):
    """Entries with value added in 2016/17: 943,502 published, 944,709 in their rows.

    Without the colleges' 277,584 or the consortia's 14,756 entries it could not be.
    """
    read = table("dfe", "2016-2017/england_ks5final.csv")
    found = read.results[
        (read.results["measure"] == "a_level_value_added")
        & (read.results["group"] == "all")
    ].merge(read.schools[["urn", "place", "school_type"]], on="urn")
    of_state = found[found["place"] == "state-funded mainstream"]
    assert of_state["pupils"].sum() == 944_709
    totals = read.aggregates
    state = totals[
        (totals["record"] == "national, state-funded")
        & (totals["measure"] == "a_level_value_added")
        & (totals["group"] == "all")
    ]
    assert state["pupils"].tolist() == [943_502]
    colleges = of_state["school_type"].str.len() > 9
    shared = of_state["school_type"] == "CONSORTIUM"
    assert of_state.loc[colleges & ~shared, "pupils"].sum() == 277_584
    assert of_state.loc[shared, "pupils"].sum() == 14_756


def test_value_added_recomputed_from_schools_is_the_published_one(table):
    read = table("dfe", "2016-2017/england_ks5final.csv")
    found = read.results[
        (read.results["measure"] == "a_level_value_added")
        & (read.results["group"] == "all")
    ].merge(read.schools[["urn", "place"]], on="urn")
    state = found[(found["place"] == "state-funded mainstream") & found["value"].notna()]
    weight = state["pupils"].astype(float)
    mean = (state["value"] * weight).sum() / weight.sum()
    assert round(mean, 2) == -0.01  # as published


# Zips and explore-education-statistics ----------------------------------------------------


@pytest.mark.parametrize(
    "name", ["2018-2019/936_ks4final.csv", "2017-2018/850_ks4final.csv"]
)
def test_a_real_table_in_a_zip_gives_what_it_gives_loose(
    shared_data, table, name, tmp_path
):
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for path in (shared_data / "dfe" / name).parent.glob("*.csv"):
            made.write(path, f"{name.split('/')[0]}/{path.name}")
    found = {d.shown: d for d in downloads.find(tmp_path, "downloads")}
    read = performance_tables.read(found[f"t.zip/{name}"])
    loose = table("dfe", name)
    assert read.sha256 == loose.sha256
    columns = [c for c in loose.results.columns if c != "source"]
    assert read.results[columns].equals(loose.results[columns])


def test_the_real_table_of_information_is_no_table_of_results(found):
    assert not any("ks4_school_info" in shown for shown in found("dfe"))


def test_the_real_table_of_information_is_found_beside_no_results(shared_data):
    alone = [d for d in downloads.find(shared_data / "dfe", "dfe") if not d.release]
    assert [(d.shown, d.year) for d in alone] == [
        ("2023-2024/ks4_school_info_2024.csv", 2024)
    ]


def test_school_types_and_pupils_come_from_the_real_table_of_information(
    shared_data, tmp_path
):
    """Three schools of 2023/24 with made-up results, beside the department's own file."""
    real = shared_data / "dfe/2023-2024/ks4_school_info_2024.csv"
    shutil.copy(real, tmp_path / real.name)
    with real.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["school_urn"]: row for row in csv.DictReader(file)}
    kinds = ("Converter academies", "Independent schools", "Community special school")
    urns = [
        next(u for u, r in rows.items() if r["establishment_type_group"] == kind)
        for kind in kinds
    ]
    text = io.StringIO()
    about = ["time_period", "geographic_level", "version", "breakdown", "school_urn"]
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([*about, "avg_att8"])
    writer.writerows(["202324", "School", "Final", "Total", urn, "46.7"] for urn in urns)
    (tmp_path / "results.csv").write_text(text.getvalue())
    (download,) = downloads.find(tmp_path, "downloads")
    read = performance_tables.read(download)
    assert read.schools["place"].tolist() == [
        "state-funded mainstream",
        "independent or non-maintained",
        "special school",
    ]
    assert read.schools["name"].tolist() == [rows[urn]["school_name"] for urn in urns]
    assert read.schools["local_authority"].tolist() == [
        rows[urn]["old_la_code"] for urn in urns
    ]
    assert read.results["pupils"].iloc[0] == int(rows[urns[0]]["t_pupils"])
    assert read.results["pupils_column"].iloc[0] == "t_pupils"


def test_every_school_type_that_is_written_out_is_known(raw):
    from pipeline.measures.school_types import CODES_OF_TYPE_GROUPS

    rows = raw("dfe/2023-2024/ks4_school_info_2024.csv")
    kinds = {row["establishment_type_group"].lower() for row in rows}
    assert kinds == CODES_OF_TYPE_GROUPS.keys()
