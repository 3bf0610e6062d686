"""The register of schools (GIAS): establishments, links between them, trusts."""

import csv
import io
from datetime import date

import numpy as np

from pipeline.england.calibration import (
    LINK_BLANK,
    LINK_ONE_SIDED,
    LINK_TWO_DATES,
    REGIONS,
)
from pipeline.england.establishments import Establishment
from pipeline.england.lives import Change
from pipeline.england.membership import REGISTERED
from pipeline.england.schools import day_before
from pipeline.england.trusts import AS_AT, TrustSchool
from pipeline.england.world import World

# SOURCE: columns of edubasealldata, in their order, from public programs that read the
# file (Charybdis GIASDataModel); no such file could be had.
_COLUMNS = """URN|LA (code)|LA (name)|EstablishmentNumber|EstablishmentName
TypeOfEstablishment (code)|TypeOfEstablishment (name)|EstablishmentTypeGroup (code)
EstablishmentTypeGroup (name)|EstablishmentStatus (code)|EstablishmentStatus (name)
ReasonEstablishmentOpened (code)|ReasonEstablishmentOpened (name)|OpenDate
ReasonEstablishmentClosed (code)|ReasonEstablishmentClosed (name)|CloseDate
PhaseOfEducation (code)|PhaseOfEducation (name)|StatutoryLowAge|StatutoryHighAge
Boarders (code)|Boarders (name)|NurseryProvision (name)|OfficialSixthForm (code)
OfficialSixthForm (name)|Gender (code)|Gender (name)|ReligiousCharacter (code)
ReligiousCharacter (name)|ReligiousEthos (name)|Diocese (code)|Diocese (name)
AdmissionsPolicy (code)|AdmissionsPolicy (name)|SchoolCapacity|SpecialClasses (code)
SpecialClasses (name)|CensusDate|NumberOfPupils|NumberOfBoys|NumberOfGirls
PercentageFSM|TrustSchoolFlag (code)|TrustSchoolFlag (name)|Trusts (code)|Trusts (name)
SchoolSponsorFlag (name)|SchoolSponsors (name)|FederationFlag (name)|Federations (code)
Federations (name)|UKPRN|FEHEIdentifier|FurtherEducationType (name)|LastChangedDate
Street|Locality|Address3|Town|County (name)|Postcode|SchoolWebsite|TelephoneNum
HeadTitle (name)|HeadFirstName|HeadLastName|HeadPreferredJobTitle
BSOInspectorateName (name)|InspectorateReport|DateOfLastInspectionVisit
NextInspectionVisit|TeenMoth (name)|TeenMothPlaces|CCF (name)|SENPRU (name)|EBD (name)
PlacesPRU|FTProv (name)|EdByOther (name)|Section41Approved (name)|SEN1 (name)|SEN2 (name)
SEN3 (name)|SEN4 (name)|SEN5 (name)|SEN6 (name)|SEN7 (name)|SEN8 (name)|SEN9 (name)
SEN10 (name)|SEN11 (name)|SEN12 (name)|SEN13 (name)|TypeOfResourcedProvision (name)
ResourcedProvisionOnRoll|ResourcedProvisionCapacity|SenUnitOnRoll|SenUnitCapacity
GOR (code)|GOR (name)|DistrictAdministrative (code)|DistrictAdministrative (name)
AdministrativeWard (code)|AdministrativeWard (name)|ParliamentaryConstituency (code)
ParliamentaryConstituency (name)|UrbanRural (code)|UrbanRural (name)|GSSLACode (name)
Easting|Northing|MSOA (name)|LSOA (name)|InspectorateName (name)|SENStat|SENNoStat
BoardingEstablishment (name)|PropsName|PreviousLA (code)|PreviousLA (name)
PreviousEstablishmentNumber|Country (name)|UPRN|SiteName|QABName (code)|QABName (name)
EstablishmentAccredited (code)|EstablishmentAccredited (name)|QABReport|CHNumber
MSOA (code)|LSOA (code)|FSM|AccreditationExpiryDate"""
COLUMNS = tuple(_COLUMNS.replace("\n", "|").split("|"))

_MAINTAINED = ("4", "Local authority maintained schools")
_ACADEMIES, _FREE = ("10", "Academies"), ("11", "Free Schools")
_SPECIAL, _INDEPENDENT = ("5", "Special schools"), ("3", "Independent schools")
_COLLEGES = ("1", "Colleges")
TYPES: dict[str, tuple[str, str, tuple[str, str]]] = {
    "CY": ("1", "Community school", _MAINTAINED),
    "VA": ("2", "Voluntary aided school", _MAINTAINED),
    "VC": ("3", "Voluntary controlled school", _MAINTAINED),
    "FD": ("5", "Foundation school", _MAINTAINED),
    "CTC": ("6", "City technology college", _INDEPENDENT),
    "CYS": ("7", "Community special school", _SPECIAL),
    "NMSS": ("8", "Non-maintained special school", _SPECIAL),
    "INDSPEC": ("10", "Other independent special school", _INDEPENDENT),
    "IND": ("11", "Other independent school", _INDEPENDENT),
    "FDS": ("12", "Foundation special school", _SPECIAL),
    "AC": ("28", "Academy sponsor led", _ACADEMIES),
    "ACS": ("33", "Academy special sponsor led", _ACADEMIES),
    "ACC": ("34", "Academy converter", _ACADEMIES),
    "ACCS": ("44", "Academy special converter", _ACADEMIES),
    "F": ("35", "Free schools", _FREE),
    "FS": ("36", "Free schools special", _FREE),
    "FUTC": ("40", "University technical college", _FREE),
    "FSS": ("41", "Studio schools", _FREE),
    "F1619": ("39", "Free schools 16 to 19", _FREE),
    "ACC1619": ("45", "Academy 16-19 converter", _ACADEMIES),
    "Sixth Form College": ("18", "Further education", _COLLEGES),
    "General Further Education College": ("18", "Further education", _COLLEGES),
    "Agriculture and Horticulture College": ("18", "Further education", _COLLEGES),
    "": ("31", "Sixth form centres", _COLLEGES),
}
"""By the code of the tables: code, name and group of the type in the register."""
_PHASES = {"ks2": ("2", "Primary"), "ks4": ("4", "Secondary"), "ks5": ("6", "16 plus")}
_GENDERS = {"MIXED": ("3", "Mixed"), "GIRLS": ("2", "Girls"), "BOYS": ("1", "Boys")}
_REASONS_OPENED = {"": "00", "Academy Converter": "10"}
_REASONS_CLOSED = {
    "": "00",
    "Closure": "02",
    "Result of Amalgamation/Merger": "04",
    "For Academy": "09",
    "Academy Converter": "10",
}


def establishments(
    world: World, listed: list[Establishment], told: list[TrustSchool]
) -> bytes:
    """Write `edubasealldata`: every establishment, open or closed, each number once."""
    of_trust = {school.urn: school for school in told}
    rows = [_row(world, entry, of_trust.get(entry.urn)) for entry in listed]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([row.get(name, "") for name in COLUMNS] for row in rows)
    return text.getvalue().encode("cp1252")


def _row(world: World, entry: Establishment, trust: TrustSchool | None) -> dict[str, str]:
    schools, k = world.schools[entry.key_stage], entry.place
    code = int(schools.authority[k])
    type_code, type_name, group = TYPES[entry.school_type]
    region = REGIONS[int(schools.region[k])]
    special = entry.kind == "special"
    phase = ("0", "Not applicable") if special else _PHASES[entry.key_stage]
    gender = _GENDERS[str(schools.gender[k])]
    sixth = entry.key_stage == "ks4" and bool(schools.sixth_form[k])
    is_new_start = entry.school_type == "AC" and entry.opened is not None
    district, ward = int(schools.district[k]), int(schools.ward[k])
    cells = {
        "URN": str(entry.urn),
        "LA (code)": str(code),
        "LA (name)": schools.authority_names[code],
        "EstablishmentNumber": f"{entry.estab:04d}",
        "EstablishmentName": entry.name,
        "TypeOfEstablishment (code)": type_code,
        "TypeOfEstablishment (name)": type_name,
        "EstablishmentTypeGroup (code)": group[0],
        "EstablishmentTypeGroup (name)": group[1],
        "EstablishmentStatus (code)": "1" if entry.is_open else "2",
        "EstablishmentStatus (name)": "Open" if entry.is_open else "Closed",
        "ReasonEstablishmentOpened (code)": _REASONS_OPENED[entry.why_opened],
        "ReasonEstablishmentOpened (name)": entry.why_opened
        or ("New Provision" if is_new_start else "Not applicable"),
        "OpenDate": _british(entry.opened),
        "ReasonEstablishmentClosed (code)": _REASONS_CLOSED[entry.why_closed],
        "ReasonEstablishmentClosed (name)": entry.why_closed or "Not applicable",
        "CloseDate": _british(entry.closed),
        "PhaseOfEducation (code)": phase[0],
        "PhaseOfEducation (name)": phase[1],
        "StatutoryLowAge": str(entry.ages[0]),
        "StatutoryHighAge": str(entry.ages[1]),
        "OfficialSixthForm (code)": "1" if sixth else "2",
        "OfficialSixthForm (name)": "Has a sixth form" if sixth else "No sixth form",
        "Gender (code)": gender[0],
        "Gender (name)": gender[1],
        "AdmissionsPolicy (name)": "Selective" if schools.selective[k] else "Non-selective",
        "SchoolCapacity": str(round(1.07 * entry.pupils)) if entry.is_open else "",
        "Town": str(schools.town[k]),
        "Postcode": str(schools.postcode[k]),
        "GOR (code)": region.code,
        "GOR (name)": region.name,
        "DistrictAdministrative (code)": f"E9{code}{district:03d}",
        "DistrictAdministrative (name)": f"{schools.authority_names[code]} {district + 1}",
        "AdministrativeWard (code)": f"E5{code}{ward:03d}",
        "AdministrativeWard (name)": f"Ward {ward + 1}",
        "LastChangedDate": _british(AS_AT),
        "Country (name)": "England",
    }
    if entry.is_open:
        share = float(schools.share[k]) / 1.3
        cells |= {
            "NumberOfPupils": str(entry.pupils),
            "PercentageFSM": f"{100 * share:.1f}",
        }
    if trust is not None and entry.is_open:
        cells |= {
            "TrustSchoolFlag (name)": f"Supported by a {trust.kind.lower()}",
            "Trusts (code)": str(trust.uid),
            "Trusts (name)": trust.trust,
        }
    return cells


def _british(day: date | None) -> str:
    return f"{day:%d-%m-%Y}" if day else ""


def links(world: World, listed: list[Establishment]) -> bytes:
    """Write `links_edubasealldata`: what came before and after each establishment.

    With the faults of the real one: pairs that one side alone tells of, pairs without a
    date, and pairs with a date on either side: the last day of the old number and the
    first one of the new.
    """
    rng = np.random.default_rng([world.seed, 61])
    names = {entry.urn: entry.name for entry in listed}
    rows: list[tuple[int, int, str, str, str]] = []
    for key_stage in REGISTERED:
        for change in world.schools[key_stage].changes:
            rows += _pair(rng, change, names)
    rows.sort()
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(["URN", "LinkURN", "LinkName", "LinkType", "LinkEstablishedDate"])
    writer.writerows(rows)
    return text.getvalue().removesuffix("\r\n").encode("cp1252")


_ENDINGS = {
    "converted": "",
    "sponsored": "",
    "merged": " - merged",
    "amalgamated": " - amalgamated",
    "split": " - Split School",
}


def _pair(
    rng: np.random.Generator, change: Change, names: dict[int, str]
) -> list[tuple[int, int, str, str, str]]:
    ending = _ENDINGS[change.kind]
    rows = []
    for old in change.before:
        for new in change.after:
            luck = rng.random(3)
            blank = not ending and luck[0] < LINK_BLANK
            first = "" if blank else _british(change.on)
            two = luck[1] < LINK_TWO_DATES or ending
            last = _british(day_before(change.on)) if two and not blank else first
            only_new = not ending and luck[2] < LINK_ONE_SIDED
            only_old = not ending and luck[2] > 1 - LINK_ONE_SIDED / 7
            if not only_old:
                rows.append((new, old, names[old], f"Predecessor{ending}", first))
            if not only_new:
                rows.append((old, new, names[new], f"Successor{ending}", last))
    return rows


def trust_links(told: list[TrustSchool]) -> bytes:
    """Write `trust_links.csv`: the schools of every trust on the day of the register."""
    header = "URN,Group UID,Group Name,Group Type,Group Status,Joined date,Closed Date,"
    header += "EstablishmentName,LA (code)"
    rows = [
        (
            str(school.urn),
            str(school.uid),
            school.trust,
            school.kind,
            "Open",
            school.joined.isoformat(),
            "",
            school.name,
            str(school.authority),
        )
        for school in told
    ]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header.split(","), *rows])
    return text.getvalue().encode()
