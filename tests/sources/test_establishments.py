import json

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts import promise
from pipeline.contracts.establishments import ESTABLISHMENTS, LINKS, TRUST_SPELLS
from pipeline.run.faults import Fault, InputFault
from pipeline.sources import establishments

REGISTER = {
    "URN": "100001",
    "LA (code)": "201",
    "LA (name)": "City of London",
    "EstablishmentNumber": "3614",
    "EstablishmentName": "The Aldgate School",
    "TypeOfEstablishment (name)": "Voluntary aided school",
    "EstablishmentStatus (name)": "Open",
    "OpenDate": "",
    "CloseDate": "",
    "StatutoryLowAge": "3",
    "StatutoryHighAge": "11",
    "Town": "London",
    "Postcode": "EC3A 5DE",
}
SPINE = {
    "URN": "100001",
    "LA": "201",
    "ESTAB": "3614",
    "SCHNAME": "Sir John Cass",
    "TOWN": "London",
    "POSTCODE": "EC3A 5DE",
    "ICLOSE": "1",
    "OPENDATE": "",
    "CLOSEDATE": "",
    "NFTYPE": "Voluntary aided school",
    "AGEL": "3",
    "AGEH": "11",
}
LINK = {
    "URN": "100001",
    "LinkURN": "140001",
    "LinkName": "Aldgate Academy",
    "LinkType": "Successor",
    "LinkEstablishedDate": "31-08-2018",
}
MEMBERSHIP = {
    "URN": "140001",
    "Group UID": "2044",
    "Group Name": "Ark Schools",
    "Group Type": "Multi-academy trust",
    "Group Closed Date": "",
    "Date Joined Group": "2018-09-01",
    "Date Left Group": "",
}
SNAPSHOT = {
    "URN": "140001",
    "Group UID": "2044",
    "Group Name": "Ark Schools",
    "Group Type": "Multi-academy trust",
    "Group Status": "Open",
    "Joined date": "2018-09-01",
    "Closed Date": "",
    "EstablishmentName": "Aldgate Academy",
    "LA (code)": "201",
}


def table(*rows):
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n"


@pytest.fixture
def gias(tmp_path):
    """Read a folder: gias({'edubasealldata20240901.csv': table(...)})."""

    def read(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                content = content.encode("cp1252")
            path.write_bytes(content)
        return establishments.read(tmp_path, "gias")

    return read


def test_an_establishment_is_read_in_the_registers_own_words(gias):
    read = gias({"edubasealldata20240901.csv": table(REGISTER)})
    (row,) = read.establishments.to_dict("records")
    assert row["urn"] == "100001"
    assert row["laestab"] == "2013614"
    assert row["name"] == "The Aldgate School"
    assert row["school_type"] == "Voluntary aided school"
    assert (row["lowest_age"], row["highest_age"]) == (3, 11)
    assert pd.isna(row["opened"])
    assert row["status"] == "Open"
    assert (row["source"], row["row"]) == ("edubasealldata20240901.csv", 2)


def test_every_table_keeps_its_promise_even_without_its_file(gias):
    read = gias({"edubasealldata20240901.csv": table(REGISTER)})
    promise.check(read.establishments, ESTABLISHMENTS)
    promise.check(read.links, LINKS)
    promise.check(read.trust_spells, TRUST_SPELLS)
    assert read.links.empty
    assert read.inventory["not_supplied"] == [
        "links between establishments (links_edubasealldata)",
        "schools of trusts, with those that left (academiesmatmembership)",
    ]


@pytest.mark.parametrize(
    "written",
    ["01-09-2018", "01/09/2018", "2018-09-01", "2018-09-01 00:00:00", " 01-09-2018 "],
)
def test_a_date_is_read_in_each_form_that_the_register_has_had(gias, written):
    read = gias({"edubasealldata.csv": table(REGISTER | {"OpenDate": written})})
    assert read.establishments["opened"].tolist() == [pd.Timestamp("2018-09-01")]


def test_a_school_may_be_older_than_most_calendars_reach(gias):
    read = gias({"edubasealldata.csv": table(REGISTER | {"OpenDate": "01-01-0627"})})
    assert str(read.establishments["opened"].iloc[0]).startswith("0627-01-01")
    promise.check(read.establishments, ESTABLISHMENTS)


@pytest.mark.parametrize("written", ["31-02-2018", "2018", "1/9/18", "soon", "01-09-2218"])
def test_a_date_that_is_none_is_told_with_its_place(gias, written):
    school = REGISTER | {"URN": "100002", "OpenDate": written}
    with pytest.raises(InputFault, match="row 3, column OPENDATE: found"):
        gias({"edubasealldata.csv": table(REGISTER, school)})


def test_an_age_that_is_none_is_told_with_its_place(gias):
    with pytest.raises(InputFault, match="row 2, column STATUTORYHIGHAGE: found '11.5'"):
        gias({"edubasealldata.csv": table(REGISTER | {"StatutoryHighAge": "11.5"})})


@pytest.mark.parametrize("urn", ["", "10001", "1000011", "10000A", "١٠٠٠٠١"])
def test_a_number_that_is_no_schools_number_is_told(gias, urn):
    content = table(REGISTER, REGISTER | {"URN": urn}).encode("utf-8")
    with pytest.raises(InputFault, match="row 3, column URN: found"):
        gias({"edubasealldata.csv": content})


def test_a_school_that_stands_there_twice_is_told(gias):
    with pytest.raises(InputFault, match="row 3, column URN: the school 100001 stands"):
        gias({"edubasealldata.csv": table(REGISTER, REGISTER)})


def test_a_school_without_a_number_in_its_authority_has_no_laestab(gias):
    school = REGISTER | {"EstablishmentNumber": ""}
    read = gias({"edubasealldata.csv": table(school)})
    assert read.establishments["laestab"].isna().all()


def test_names_may_hold_anything(gias):
    name = "St Zoë’s <b>=1+1</b>\tSchool"
    read = gias({"edubasealldata.csv": table(REGISTER | {"EstablishmentName": name})})
    assert read.establishments["name"].tolist() == ["St Zoë’s <b>=1+1</b> School"]


def test_schools_outside_england_are_kept_and_counted(gias):
    welsh = REGISTER | {"URN": "400001", "LA (code)": "", "EstablishmentNumber": ""}
    abroad = REGISTER | {
        "URN": "132000",
        "TypeOfEstablishment (name)": "British schools overseas",
    }
    read = gias({"edubasealldata.csv": table(REGISTER, welsh, abroad)})
    assert len(read.establishments) == 3
    assert read.inventory["establishments_outside_england"] == 2


def test_the_newest_file_of_a_kind_is_read_and_the_others_are_listed(gias):
    newer = table(REGISTER | {"EstablishmentName": "New name"})
    read = gias(
        {
            "edubasealldata20240901.csv": newer,
            "edubasealldata20230901.csv": table(REGISTER),
            "edubasealldata.csv": table(REGISTER),
        }
    )
    assert read.establishments["name"].tolist() == ["New name"]
    assert [entry["file"] for entry in read.inventory["left_out"]] == [
        "edubasealldata.csv",
        "edubasealldata20230901.csv",
    ]
    assert read.inventory["files"][0]["as_at"] == "2024-09-01"


def test_a_file_of_another_name_is_listed_and_not_read(gias):
    read = gias({"edubasealldata.csv": table(REGISTER), "lookup.csv": "anything"})
    assert read.inventory["left_out"] == [
        {"file": "lookup.csv", "why": "its name is not one of the register's files"}
    ]


def test_two_files_of_one_kind_and_day_are_a_fault(gias):
    files = {"2024/links_edubasealldata.csv": table(LINK)}
    with pytest.raises(Fault, match="two files of one kind without a date"):
        gias(files | {"2023/links_edubasealldata.csv": table(LINK)})


def test_an_inventory_can_be_written_down(gias):
    read = gias({"edubasealldata.csv": table(REGISTER)})
    assert json.loads(json.dumps(read.inventory)) == read.inventory


def test_the_spine_alone_tells_of_schools(gias):
    closed = SPINE | {"URN": "100002", "ICLOSE": "2", "CLOSEDATE": "2017-12-31"}
    read = gias({"2017-2018_england_spine.csv": table(SPINE, closed)})
    schools = read.establishments.set_index("urn")
    assert schools.loc["100001", "status"] == "Open"
    assert schools.loc["100002", "status"] == "Closed"
    assert schools.loc["100002", "closed"] == pd.Timestamp("2017-12-31")
    assert read.inventory["files"][0]["as_at"] == "2017-2018"


def test_the_spine_may_be_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(list(SPINE))
    row = SPINE | {"URN": 100001, "ESTAB": 3614, "OPENDATE": pd.Timestamp("2018-09-01")}
    book.active.append(list(row.values()))
    book.save(tmp_path / "2017-2018_england_spine.xlsx")
    read = establishments.read(tmp_path, "gias").establishments
    assert read["laestab"].tolist() == ["2013614"]
    assert read["opened"].tolist() == [pd.Timestamp("2018-09-01")]


def test_the_spine_adds_the_schools_that_the_register_lacks(gias):
    other = SPINE | {"URN": "100002", "SCHNAME": "Closed long ago"}
    read = gias(
        {
            "edubasealldata20240901.csv": table(REGISTER),
            "2017-2018/england_spine.csv": table(SPINE, other),
        }
    )
    assert read.establishments["name"].tolist() == ["The Aldgate School", "Closed long ago"]
    assert read.inventory["establishments_from_the_spine_alone"] == 1
    assert read.inventory["files"][1]["as_at"] == "2017-2018"


def test_the_later_names_of_the_spines_columns_are_known(gias):
    later = {
        "URN": "100001",
        "LANAME": "City of London",
        "LA": "201",
        "ESTAB": "3614",
        "SCHNAME": "The Aldgate School",
        "SCHSTATUS": "Open",
        "SCHOOLTYPE": "Voluntary aided school",
        "AGELOW": "3",
        "AGEHIGH": "11",
        "POSTCODE": "EC3A 5DE",
    }
    read = gias({"2021-2022/england_school_information.csv": table(later)})
    (row,) = read.establishments.to_dict("records")
    assert (row["status"], row["school_type"]) == ("Open", "Voluntary aided school")
    assert (row["lowest_age"], row["highest_age"]) == (3, 11)
    assert pd.isna(row["town"])


def test_a_link_is_read_as_its_side_gives_it(gias):
    read = gias({"links_edubasealldata20240901.csv": table(LINK)})
    (row,) = read.links.to_dict("records")
    assert (row["urn"], row["linked_urn"], row["kind"]) == ("100001", "140001", "Successor")
    assert row["established"] == pd.Timestamp("2018-08-31")


def test_a_link_without_a_date_is_kept_and_counted(gias):
    read = gias({"links_edubasealldata.csv": table(LINK | {"LinkEstablishedDate": ""})})
    assert len(read.links) == 1
    assert read.inventory["links_without_a_date"] == 1


def test_a_school_that_left_its_trust_has_a_spell_that_ended(gias):
    left = MEMBERSHIP | {"Date Left Group": "2020-03-31"}
    read = gias({"academiesmatmembership20240901.csv": table(MEMBERSHIP, left)})
    assert read.trust_spells["left"].isna().tolist() == [True, False]
    assert read.trust_spells["left"].iloc[1] == pd.Timestamp("2020-03-31")
    assert read.trust_spells["trust_name"].tolist() == ["Ark Schools"] * 2


def test_membership_ends_with_the_trust(gias):
    read = gias({"trust_links.csv": table(SNAPSHOT | {"Closed Date": "2021-08-31"})})
    assert read.trust_spells["left"].tolist() == [pd.Timestamp("2021-08-31")]


def test_the_history_of_trusts_is_preferred_to_the_schools_of_one_day(gias):
    read = gias(
        {
            "academiesmatmembership20200901.csv": table(MEMBERSHIP),
            "trust_links.csv": table(SNAPSHOT | {"Group Name": "Today"}),
        }
    )
    assert read.trust_spells["trust_name"].tolist() == ["Ark Schools"]
    (entry,) = read.inventory["left_out"]
    assert entry["file"] == "trust_links.csv"
    assert "schools that left" in entry["why"]


def test_a_trust_without_a_school_is_counted(gias):
    read = gias({"alllinksdata.csv": table(SNAPSHOT, SNAPSHOT | {"URN": ""})})
    assert len(read.trust_spells) == 1
    assert read.inventory["rows_of_trusts_without_a_school"] == 1


def test_a_spell_that_ends_before_it_begins_is_counted(gias):
    spell = MEMBERSHIP | {"Date Left Group": "2018-08-31"}
    read = gias({"academiesmatmembership.csv": table(spell)})
    assert read.inventory["spells_that_end_before_they_begin"] == 1


def test_a_missing_column_is_told(gias):
    link = {name: cell for name, cell in LINK.items() if name != "LinkType"}
    with pytest.raises(InputFault, match="row 1: the column LINKTYPE is missing"):
        gias({"links_edubasealldata.csv": table(link)})


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(Fault, match="gias: no such folder"):
        establishments.read(tmp_path / "none", "gias")


def test_a_folder_without_the_register_is_a_fault(gias):
    with pytest.raises(Fault, match="none of its files belongs to the register"):
        gias({"england_ks4final.csv": "URN\n100001\n"})


@given(
    place=st.integers(0, 10_000),
    byte=st.integers(0, 255),
    change=st.sampled_from(["cut", "put", "add"]),
)
def test_a_damaged_file_gives_a_fault_or_tables_that_keep_their_promise(
    tmp_path_factory, place, byte, change
):
    folder = tmp_path_factory.mktemp("damaged", numbered=True)
    content = bytearray(table(LINK, LINK | {"URN": "100002"}).encode())
    place %= len(content)
    if change == "cut":
        del content[place:]
    elif change == "put":
        content[place] = byte
    else:
        content.insert(place, byte)
    (folder / "links_edubasealldata.csv").write_bytes(bytes(content))
    try:
        links = establishments.read(folder, "gias").links
    except Fault:
        return
    promise.check(links, LINKS)
    assert set(links["linked_urn"]) <= {"140001"} or change != "cut"
