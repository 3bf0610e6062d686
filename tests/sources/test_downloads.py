"""What is found in a folder of downloads: loose, in zips, and what is refused."""

import io
import os
import struct
import warnings
import zipfile

import pytest

from pipeline.run.faults import Fault, InputFault
from pipeline.sources import downloads, performance_tables

KS4 = "RECTYPE,URN,TPUP,ATT8SCR\n1,100001,90,{}\n"
MEMBER = "2018-2019/england_ks4final.csv"
EES_KS4 = (
    "time_period,geographic_level,school_urn,version,breakdown_topic,breakdown,"
    "pupil_count,attainment8_average\n"
)


@pytest.fixture
def folder(project):
    made = project.folder / "downloads"
    made.mkdir()
    return made


def save(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def save_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as made:
        warnings.simplefilter("ignore")  # of two members with one name
        for name, text in members:
            made.writestr(name, text)


def find(folder):
    return downloads.find(folder, "downloads")


def attainment(download):
    results = performance_tables.read(download).results
    return results.loc[results["measure"] == "attainment_8", "value"].iloc[0]


# Names ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key_stage", ["ks2", "ks4", "ks5"])
@pytest.mark.parametrize("release", ["final", "revised", "provisional"])
def test_every_key_stage_and_release_is_known_by_its_name(folder, key_stage, release):
    save(folder / f"2018-2019/england_{key_stage}{release}.csv", "A\n1\n")
    (found,) = find(folder)
    assert (found.key_stage, found.release, found.year) == (key_stage, release, 2019)


@pytest.mark.parametrize(
    "place",
    [
        "2018-2019_england_ks4final.csv",
        "2018-2019/2018-2019_england_ks4final.csv",
        "2018-2019/england_ks4final.csv",
        "Performancetables_130242/2018-2019/england_ks4final.csv",
    ],
)
def test_the_year_is_told_by_the_name_or_the_folder_at_any_depth(folder, place):
    save(folder / place, KS4.format(50))
    (found,) = find(folder)
    assert (found.year, found.shown) == (2019, place)


def test_a_name_and_a_folder_of_two_years_are_refused(folder):
    save(folder / "2017-2018/2018-2019_england_ks4final.csv", KS4.format(50))
    with pytest.raises(InputFault, match="name two years .2017-2018 and 2018-2019."):
        find(folder)


def test_a_name_that_begins_with_no_academic_year_is_refused(folder):
    save(folder / "2018-2019/2018-2020_england_ks4final.csv", KS4.format(50))
    with pytest.raises(InputFault, match="begins with '2018-2020', which is no academic"):
        find(folder)


def test_a_table_without_year_at_the_top_is_overlooked_and_told(folder):
    save(folder / "england_ks4final.csv", KS4.format(50))
    save(folder / MEMBER, KS4.format(50))
    assert [d.shown for d in find(folder)] == [MEMBER]
    assert downloads.overlooked(folder, "ks4") == ["england_ks4final.csv"]


def test_a_table_under_a_name_of_ones_own_is_told_for_its_key_stage_only(folder):
    save(folder / "2018-2019/england_ks5final (1).csv", KS4.format(50))
    assert downloads.overlooked(folder, "ks5") == ["2018-2019/england_ks5final (1).csv"]
    assert downloads.overlooked(folder, "ks4") == []


def test_a_folder_with_a_tables_name_is_refused_when_it_is_read(folder):
    (folder / MEMBER).mkdir(parents=True)
    (found,) = find(folder)
    with pytest.raises(InputFault, match="cannot be read .it is no file."):
        performance_tables.read(found)


def test_a_pipe_with_a_tables_name_does_not_hang(folder):
    (folder / "2018-2019").mkdir()
    os.mkfifo(folder / MEMBER)
    (found,) = find(folder)
    with pytest.raises(InputFault, match="it is no file"):
        performance_tables.read(found)


# Zips -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["tables.zip", "2018-2019/Performancetables_130242.ZIP"])
def test_a_table_inside_a_zip_is_read_without_unpacking(folder, place):
    save_zip(folder / place, [(MEMBER, KS4.format(46.7)), ("meta/ks4_meta.csv", "a,b\n")])
    (found,) = find(folder)
    assert (found.year, found.shown) == (2019, f"{place}/{MEMBER}")
    assert attainment(found) == 46.7
    assert [p.name for p in folder.rglob("*") if p.is_file()] == [place.split("/")[-1]]


def test_the_hash_of_a_table_in_a_zip_is_that_of_the_table(folder):
    save_zip(folder / "tables.zip", [(MEMBER, KS4.format(50))])
    save(folder / "loose/2016-2017/england_ks4final.csv", KS4.format(50))
    of_loose, of_zip = (performance_tables.read(d).sha256 for d in find(folder))
    assert of_loose == of_zip


def test_a_zip_in_a_years_folder_gives_its_tables_that_year(folder):
    save_zip(folder / "2018-2019/t.zip", [("england_ks4final.csv", KS4.format(50))])
    (found,) = find(folder)
    assert found.year == 2019


def test_a_zip_in_the_folder_of_another_year_is_refused(folder):
    save_zip(folder / "2017-2018/t.zip", [(MEMBER, KS4.format(50))])
    with pytest.raises(InputFault, match="two years .2017-2018 and 2018-2019."):
        find(folder)


def test_a_zip_whose_tables_name_no_year_is_refused(folder):
    save_zip(folder / "new/t.zip", [("england_ks4final.csv", KS4.format(50))])
    with pytest.raises(InputFault, match="'new' names no academic year"):
        find(folder)


def test_a_table_that_is_loose_and_in_a_zip_counts_once(folder):
    save(folder / MEMBER, KS4.format(50))
    save_zip(folder / "t.zip", [(MEMBER, KS4.format(50))])
    assert [d.shown for d in find(folder)] == [MEMBER]


def test_a_table_that_differs_from_the_one_in_the_zip_stops_the_run(folder):
    save(folder / MEMBER, KS4.format(50))
    save_zip(folder / "t.zip", [(MEMBER, KS4.format(51))])
    with pytest.raises(Fault, match=f"{MEMBER} and t.zip/{MEMBER}: two different files"):
        find(folder)


def test_two_members_of_one_name_that_differ_stop_the_run(folder):
    save_zip(folder / "t.zip", [(MEMBER, KS4.format(50)), (MEMBER, KS4.format(51))])
    with pytest.raises(Fault, match="two different files of one table"):
        find(folder)


def test_the_area_and_the_release_make_another_table(folder):
    names = ["england_ks4final", "850_ks4final", "england_ks4provisional"]
    save_zip(folder / "t.zip", [(f"2018-2019/{n}.csv", KS4.format(50)) for n in names])
    assert len(find(folder)) == 3


def test_a_zip_inside_a_zip_is_told_and_not_opened(folder):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr(MEMBER, KS4.format(50))
    save(folder / MEMBER, KS4.format(50))
    save_zip(folder / "outer.zip", [("inner.zip", inner.getvalue())])
    assert [d.shown for d in find(folder)] == [MEMBER]
    assert downloads.overlooked(folder, "ks4") == ["outer.zip/inner.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/england_ks4final.csv",
        "/etc/england_ks4final.csv",
        "2018-2019/../../england_ks4final.csv",
        "C:\\2018-2019\\england_ks4final.csv",
        "2018-2019/england\x07_ks4final.csv",
    ],
)
def test_a_zip_whose_names_lead_out_of_it_is_refused(folder, name):
    save_zip(folder / "t.zip", [(name, KS4.format(50))])
    with pytest.raises(InputFault, match=r"t\.zip: it holds a file named"):
        find(folder)


def test_a_zip_bomb_is_refused_before_it_is_opened(folder):
    save_zip(folder / "t.zip", [(MEMBER, b"0" * 100_000_000)])
    with pytest.raises(InputFault, match=r"would grow from [0-9,]+ bytes to 100,000,000"):
        find(folder)


def test_a_real_table_shrinks_far_less_than_a_bomb(folder):
    cells = ",".join(["SUPP", "NE", "NA", "46.7%"] * 100)
    rows = "\n".join(f"1,{100000 + n},{cells}" for n in range(500))
    save_zip(folder / "t.zip", [("other.csv", rows), (MEMBER, KS4.format(50))])
    assert len(find(folder)) == 1


def test_a_member_that_says_it_is_too_long_is_refused(folder):
    path = folder / "t.zip"
    save_zip(path, [(MEMBER, KS4.format(50))])
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24  # its length in the list of files
    content[at : at + 4] = struct.pack("<I", downloads.MOST_BYTES + 1)
    path.write_bytes(content)
    with pytest.raises(InputFault, match="would be 1,000,000,001 bytes"):
        find(folder)


def test_files_that_overlap_in_a_zip_are_refused(folder):
    path = folder / "t.zip"
    save_zip(path, [("a.csv", os.urandom(1000)), (MEMBER, KS4.format(50))])
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 20  # the second one's length in the zip
    content[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(content)
    with pytest.raises(InputFault, match="its files overlap"):
        find(folder)


def test_a_zip_with_a_password_is_refused(folder):
    path = folder / "t.zip"
    save_zip(path, [(MEMBER, KS4.format(50))])
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(InputFault, match="is locked with a password"):
        find(folder)


def test_a_link_in_a_zip_is_refused(folder):
    link = zipfile.ZipInfo(MEMBER)
    link.external_attr = 0o120777 << 16
    save_zip(folder / "t.zip", [(link, "/etc/passwd")])
    with pytest.raises(InputFault, match="is a link"):
        find(folder)


@pytest.mark.parametrize("keep", [0, 1, 10, 100, -1, -20])
def test_a_zip_that_was_cut_off_is_refused(folder, keep):
    path = folder / "t.zip"
    save_zip(path, [(MEMBER, KS4.format(50) * 50)])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputFault, match="the zip cannot be read"):
        find(folder)


def test_a_member_that_was_damaged_is_refused_when_it_is_read(folder):
    path = folder / "t.zip"
    save_zip(path, [(MEMBER, KS4.format(50))], zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"100001,90", b"100001,91"))
    (found,) = find(folder)
    with pytest.raises(InputFault, match="the zip cannot be read .Bad CRC"):
        performance_tables.read(found)


def test_a_broken_table_in_a_zip_is_told_with_its_place(folder):
    save_zip(folder / "t.zip", [(MEMBER, KS4.format("fifty"))])
    (found,) = find(folder)
    with pytest.raises(InputFault, match=rf"t\.zip/{MEMBER}, row 2, column ATT8SCR"):
        performance_tables.read(found)


def test_a_table_in_windows_1252_in_a_zip_keeps_its_letters(folder):
    text = "RECTYPE,URN,SCHNAME,TPUP,ATT8SCR\n1,100001,St Zo\u00eb,90,50\n"
    save_zip(folder / "t.zip", [(MEMBER, text.encode("cp1252"))])
    (found,) = find(folder)
    assert performance_tables.read(found).schools["name"].tolist() == ["St Zo\u00eb"]


# Explore education statistics -----------------------------------------------------------


def test_a_table_is_known_by_its_columns_wherever_it_lies(folder):
    row = "202324,School,100001,Final,Total,Total,90,50\n"
    save(folder / "some/place/whatever.csv", EES_KS4 + row)
    (found,) = find(folder)
    assert (found.year, found.key_stage, found.release) == (2024, "ks4", "final")
    assert found.area == "england"


def test_each_year_and_release_of_a_file_is_a_table_of_its_own(folder):
    rows = [
        "202223,School,100001,Final,Total,Total,90,50",
        "202324,School,100001,Final,Total,Total,90,51",
        "202425,School,100001,Provisional,Total,Total,90,52",
        "202425,School,100001,Revised,Total,Total,90,53",
    ]
    save(folder / "ks4.csv", EES_KS4 + "\n".join(rows) + "\n")
    found = find(folder)
    assert [(d.year, d.release) for d in found] == [
        (2023, "final"),
        (2024, "final"),
        (2025, "provisional"),
        (2025, "revised"),
    ]
    assert [attainment(d) for d in found] == [50, 51, 52, 53]


def test_a_table_in_the_zip_of_a_release_is_found(folder):
    row = "202324,School,100001,Final,Total,Total,90,50\n"
    name = "data/202324_performance_tables_schools_final.csv"
    save_zip(folder / "ks4_2023-24.zip", [(name, EES_KS4 + row)])
    (found,) = find(folder)
    assert found.shown == f"ks4_2023-24.zip/{name}"
    assert attainment(found) == 50


INFORMATION = (
    "time_period,geographic_level,school_urn,t_allks_pupils,t_pupils,t_prior_lo\n"
    "202324,School,100001,354,90,12\n"
)


def test_school_information_without_results_is_found_and_has_no_release(folder):
    save(folder / MEMBER, KS4.format(50))
    save(folder / "2023-2024/ks4_school_info_2024.csv", INFORMATION)
    alone, table = find(folder)
    if table.shown != MEMBER:
        alone, table = table, alone
    assert (alone.shown, alone.year) == ("2023-2024/ks4_school_info_2024.csv", 2024)
    assert (alone.key_stage, alone.release) == ("ks4", "")
    assert table.information is None


def test_school_information_beside_results_is_part_of_them(folder):
    row = "202324,School,100001,Final,Total,Total,90,50\n"
    save(folder / "ks4.csv", EES_KS4 + row)
    save(folder / "info.csv", INFORMATION)
    (found,) = find(folder)
    assert found.information.shown == "info.csv"


def test_school_information_alone_is_no_performance_table(folder):
    save(folder / "info.csv", INFORMATION)
    with pytest.raises(Fault, match="no performance table in this folder"):
        find(folder)


def test_the_download_sites_table_of_the_same_year_is_preferred(folder):
    row = "202324,School,100001,Final,Total,Total,90,50\n"
    save(folder / "ees.csv", EES_KS4 + row)
    save(folder / "2023-2024/england_ks4final.csv", KS4.format(50))
    site, published = find(folder)
    assert site.superseded_by is None
    assert published.superseded_by == "2023-2024/england_ks4final.csv"


@pytest.mark.parametrize("release", ["850_ks4final", "england_ks4provisional"])
def test_another_area_or_release_supersedes_nothing(folder, release):
    save(folder / "ees.csv", EES_KS4 + "202324,School,100001,Final,Total,Total,90,50\n")
    save(folder / f"2023-2024/{release}.csv", KS4.format(50))
    assert all(d.superseded_by is None for d in find(folder))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2024,School,100001,Final,Total,Total,90,50", "found '2024'"),
        ("202325,School,100001,Final,Total,Total,90,50", "found '202325'"),
        ("202324,School,100001,Draft,Total,Total,90,50", "found 'Draft'"),
        ("202324,School,100001,,Total,Total,90,50", "found ''"),
    ],
)
def test_a_period_or_a_version_that_is_none_is_refused(folder, row, told):
    save(folder / "ks4.csv", EES_KS4 + row + "\n")
    with pytest.raises(InputFault, match=told):
        find(folder)


def test_a_table_that_does_not_say_its_version_is_refused(folder):
    header = EES_KS4.replace("version", "release")
    save(folder / "ks4.csv", header + "202324,School,100001,Final,Total,Total,90,50\n")
    with pytest.raises(InputFault, match="the column version is missing"):
        find(folder)


def test_tables_of_other_things_are_left_alone(folder):
    save(folder / MEMBER, KS4.format(50))
    save(
        folder / "subjects.csv",
        "time_period,geographic_level,school_urn,subject\n1,2,3,4\n",
    )
    save(folder / "noise.csv", os.urandom(2000))
    save(folder / "empty.csv", "")
    save(folder / "quote.csv", '"a\n')
    assert [d.shown for d in find(folder)] == [MEMBER]


# Zips of many files, of none, and pipes -------------------------------------------------


def test_a_zip_is_opened_once_for_all_its_files(folder, monkeypatch):
    others = [(f"other-{n}.csv", "A,B\n1,2\n") for n in range(50)]
    save_zip(folder / "2018-2019/t.zip", [*others, ("england_ks4final.csv", "A\n1\n")])
    opened = []
    whole = zipfile.ZipFile

    def counted(*args, **options):
        opened.append(args)
        return whole(*args, **options)

    monkeypatch.setattr(zipfile, "ZipFile", counted)
    (found,) = find(folder)
    assert (found.key_stage, len(opened)) == ("ks4", 1)


def test_a_table_is_found_among_a_thousand_files_and_refused_among_more(folder):
    others = [(f"other-{n}.csv", "A,B\n1,2\n") for n in range(999)]
    table = ("england_ks4final.csv", KS4.format(50))
    save_zip(folder / "2018-2019/t.zip", [*others, table])
    (found,) = find(folder)
    assert attainment(found) == 50
    save_zip(folder / "2018-2019/t.zip", [*others, table, ("more.csv", "A\n1\n")])
    with pytest.raises(InputFault, match=r"t.zip: it holds 1,001 files"):
        find(folder)


def test_a_file_without_a_name_in_a_zip_is_refused(folder):
    path = folder / "2018-2019/t.zip"
    save_zip(path, [("NAMELESS", "A\n1\n"), ("england_ks4final.csv", KS4.format(50))])
    # A name ends at its first zero byte.
    save(path, path.read_bytes().replace(b"NAMELESS", b"\0AMELESS"))
    with pytest.raises(InputFault, match="it holds a file without a name"):
        find(folder)


def test_a_pipe_named_as_a_zip_is_not_waited_for(folder):
    os.mkfifo(folder / "t.zip")
    with pytest.raises(InputFault, match=r"t.zip: .*it is no file"):
        find(folder)
