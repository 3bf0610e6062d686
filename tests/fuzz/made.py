"""Files in layouts of which no real one was at hand, made from real figures."""

import csv
import io
from collections.abc import Callable, Iterable

from tests.fuzz.cases import Start
from tests.fuzz.grids import Rows, cut_workbook, rows_of_workbook, sheet_of, workbook_of

Cut = Callable[[bytes], bytes]
PROGRAMME = "growing-the-top"
_GROUPS = {
    "": "Total",
    "_FSM6CLA1A": "Disadvantaged",
    "_NFSM6CLA1A": "Not known to be disadvantaged",
    "_GIRLS": "Girls",
    "_BOYS": "Boys",
}
_CODES = {"SUPP": "c", "NE": "z", "NA": "z", "NP": "x", "LOWCOV": "u", "": "z"}
_KS4 = "dfe/2018-2019/936_ks4final.csv"
_KS2 = "dfe/2018-2019/850_ks2final.csv"
_KS5 = "dfe/2022-2023/england_ks5final.csv"
_INFO = "dfe/2023-2024/ks4_school_info_2024.csv"
_SPINE = "gias/2017-2018_england_spine.xlsx"
_TRUSTS = "gias/trust_links.csv"
_OFSTED = "ofsted/england_ofsted-schools.xlsx"
_PARTNERS = "registers/united-learning/partners.csv"
_HEADER = [
    "time_period",
    "time_identifier",
    "geographic_level",
    "school_laestab",
    "school_urn",
    "school_name",
    "old_la_code",
    "version",
    "establishment_type_group",
]
_LIST = ("School URN", "School name", "DfE number", "Date joined", "Date left", "Hub")


def starts(real: dict[str, bytes], cut: Cut) -> list[Start]:
    """Make every file whose real figures are there."""
    found: list[Start] = []
    if _KS4 in real:
        found.append(_ees("ees ks4", "ks4_performance_2019.csv", _ees_ks4(cut(real[_KS4]))))
    if _KS4 in real and _INFO in real:
        info = cut(real[_INFO])
        place = "ks4_performance_2024.csv"
        beside = {"ks4_school_info_2024.csv": info}
        found.append(_ees("ees ks4 2023/24", place, _ees_ks4_of_2024(info), beside))
        found.append(
            _ees(
                "ees ks4 information (dfe/2023-2024/ks4_school_info_2024.csv)",
                "ks4_school_info_2024.csv",
                info,
                {place: _ees_ks4_of_2024(info)},
            )
        )
    if _KS2 in real:
        found.append(_ees("ees ks2", "ks2_performance_2019.csv", _ees_ks2(cut(real[_KS2]))))
    if _KS5 in real:
        found.append(_ees("ees ks5", "ks5_performance_2023.csv", _ees_ks5(cut(real[_KS5]))))
    if _SPINE in real:
        spine = rows_of_workbook(cut_workbook(real[_SPINE], 200))
        found.append(_gias("edubasealldata20180901.csv", _edubase(spine)))
    if _TRUSTS in real:
        memberships = _memberships(sheet_of(cut(real[_TRUSTS])).rows)
        found.append(_gias("academiesmatmembership20220101.csv", memberships))
    if _OFSTED in real:
        found += _ofsted(rows_of_workbook(cut_workbook(real[_OFSTED], 200)))
    if _PARTNERS in real:
        found += _registers(sheet_of(real[_PARTNERS]).rows)
    return found


def written(rows: Iterable[Iterable[str]], line_end: str = "\r\n") -> bytes:
    """Write rows as a table of text in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(rows)
    return text.getvalue().encode()


def _ees(
    what: str, place: str, content: bytes, beside: dict[str, bytes] | None = None
) -> Start:
    return Start(
        name=f"made: {what}",
        reader="ees",
        place=place,
        content=content,
        beside=beside or {},
        texts=("SCHOOL_NAME",),
    )


def _dicts(content: bytes) -> list[dict[str, str]]:
    header, *rows = sheet_of(content).rows
    names = [name.strip().upper() for name in header]
    return [dict(zip(names, row, strict=False)) for row in rows]


def _figure(row: dict[str, str], column: str) -> str:
    text = row.get(column, "").strip()
    return _CODES.get(text.upper(), text.removesuffix("%"))


def _about(row: dict[str, str], period: str, level: str = "School") -> list[str]:
    return [
        period,
        "Academic year",
        level,
        row.get("LEA", "").strip() + row.get("ESTAB", "").strip(),
        row.get("URN", "").strip() if level == "School" else "z",
        row.get("SCHNAME", "").strip(),
        row.get("LEA", "").strip(),
        "Final",
        "Converter academies",
    ]


def _ees_ks4(content: bytes) -> bytes:
    columns = {
        "pupil_count": "TPUP",
        "progress8_pupil_count": "P8PUP",
        "progress8_average": "P8MEA",
        "progress8_lower_95_ci": "P8CILOW",
        "progress8_upper_95_ci": "P8CIUPP",
        "attainment8_average": "ATT8SCR",
        "ebacc_aps_average": "EBACCAPS",
    }
    rows: Rows = [[*_HEADER, "breakdown_topic", "breakdown", "sex", *columns]]
    for row in _dicts(content):
        level = "School" if row["RECTYPE"] in ("1", "2") else "National"
        for ending, label in _GROUPS.items():
            is_sex = label in ("Girls", "Boys")
            topic = "Sex" if is_sex else "Disadvantage" if ending else "Total"
            rows.append(
                [
                    *_about(row, "201819", level),
                    topic,
                    label,
                    label if is_sex else "Total",
                    *(_figure(row, f"{column}{ending}") for column in columns.values()),
                ]
            )
    return written(rows)


def _ees_ks4_of_2024(info: bytes) -> bytes:
    """Figures are shares of pupils, taken where they lie in the bounds of a measure."""
    header = "t_pupils,avg_att8,avg_p8score,p8score_ci_low,p8score_ci_upp,t_inp8calc"
    rows: Rows = [[*_HEADER, "breakdown_topic", "breakdown", *header.split(",")]]
    for row in _dicts(info):
        about = [row.get(name.upper(), "") for name in _HEADER]
        pupils, score = row["T_PUPILS"], row["DIFFN_P8MEA"]
        share = row["PT_PRIOR_LO"]
        level = share if share.replace(".", "").isdigit() and float(share) <= 90 else "z"
        figures = [pupils, level, score, "z", "z", pupils]
        rows.append([*about, "Total", "Total", *figures])
    return written(rows)


def _ees_ks2(content: bytes) -> bytes:
    header = (
        "progress_measure_score,progress_measure_lower_conf_interval,"
        "progress_measure_upper_conf_interval,expected_standard_pupil_percent,"
        "average_scaled_score"
    )
    rows: Rows = [[*_HEADER, "breakdown_topic", "breakdown", "subject", *header.split(",")]]
    endings = {"": "Total", "_FSM6CLA1A": "Disadvantaged", "_G": "Girls", "_B": "Boys"}
    for row in _dicts(content):
        if row["RECTYPE"] not in ("1", "2"):
            continue
        for ending, label in endings.items():
            for subject, short in (("Reading", "READ"), ("Maths", "MAT")):
                progress = f"{short}PROG{ending}"
                figures = (progress, f"{progress}_LOWER", f"{progress}_UPPER")
                rows.append(
                    [
                        *_about(row, "201819"),
                        "Pupils",
                        label,
                        subject,
                        *(_figure(row, column) for column in figures),
                        "z",
                        _figure(row, f"{short}_AVERAGE{ending}"),
                    ]
                )
            rows.append(
                [
                    *_about(row, "201819"),
                    "Pupils",
                    label,
                    "Reading, writing and maths",
                    *("z", "z", "z", _figure(row, f"PTRWM_EXP{ending}"), "z"),
                ]
            )
    return written(rows)


def _ees_ks5(content: bytes) -> bytes:
    header = "aps_per_entry_student_count,aps_per_entry"
    rows: Rows = [[*_HEADER, "exam_cohort", "disadvantage_status", *header.split(",")]]
    labels = {
        "": "Total",
        "_DIS": "Disadvantaged",
        "_NOTDIS": "Not known to be disadvantaged",
    }
    cohorts = (
        ("A level", "ALEV_1618"),
        ("Academic", "ACAD_1618"),
        ("Applied general", "AGEN"),
    )
    for row in _dicts(content):
        if row["RECTYPE"] not in ("1", "3"):
            continue
        for cohort, short in cohorts:
            for ending, label in labels.items():
                rows.append(
                    [
                        *_about(row, "202223"),
                        cohort,
                        label,
                        _figure(row, f"TALLPUP_{short}{ending}"),
                        _figure(row, f"TALLPPE_{short}{ending}"),
                    ]
                )
    return written(rows)


def _gias(place: str, content: bytes) -> Start:
    names = ("ESTABLISHMENTNAME", "GROUP NAME")
    return Start(f"made: {place}", "gias", place, content, texts=names)


def _edubase(spine: Rows) -> bytes:
    names = (
        ("URN", "URN"),
        ("LA", "LA (code)"),
        ("ESTAB", "EstablishmentNumber"),
        ("SCHNAME", "EstablishmentName"),
        ("NFTYPE", "TypeOfEstablishment (name)"),
        ("TOWN", "Town"),
        ("POSTCODE", "Postcode"),
        ("AGEL", "StatutoryLowAge"),
        ("AGEH", "StatutoryHighAge"),
        ("OPENDATE", "OpenDate"),
        ("CLOSEDATE", "CloseDate"),
        ("ICLOSE", "EstablishmentStatus (name)"),
    )
    header = [cell.strip().upper() for cell in spine[0]]
    at = [header.index(theirs) for theirs, _ in names]
    rows: Rows = [[ours for _, ours in names]]
    for row in spine[1:]:
        cells = [row[place] for place in at]
        for place in (9, 10):
            year, _, rest = cells[place].partition("-")
            month, _, day = rest.partition("-")
            cells[place] = f"{day}-{month}-{year}" if day else cells[place]
        rows.append(cells)
    # The real file is in Windows-1252.
    return written(rows).decode().encode("cp1252", errors="replace")


def _memberships(trust_links: Rows) -> bytes:
    header = [name.strip() for name in trust_links[0]]
    wanted = ("URN", "Group UID", "Group Name", "Group Type", "Joined date", "Closed Date")
    at = [header.index(name) for name in wanted]
    names = ("URN", "Group UID", "Group Name", "Group Type", "Date joined group")
    rows: Rows = [[*names, "Group Closed Date", "Date left group"]]
    for number, row in enumerate(trust_links[1:]):
        left = "2021-08-31" if number % 7 == 0 else ""
        rows.append([*(row[place] for place in at), left])
    return written(rows)


def _ofsted(rows: Rows) -> list[Start]:
    day = "as at 31 Jul 2018"
    british = [rows[0], *([_british(cell) for cell in row] for row in rows[1:])]
    titled: Rows = [["State-funded schools: most recent inspections"], [day], [], *british]
    texts = ("SCHOOL NAME",)
    return [
        Start(f"made: ofsted {what}", "ofsted", f"{what} {day}.csv", content, texts=texts)
        for what, content in (
            ("latest inspections", written(british)),
            ("inspections below titles", written(titled)),
        )
    ]


def _british(cell: str) -> str:
    parts = cell.split("-")
    return "/".join(reversed(parts)) if len(parts) == 3 and len(parts[0]) == 4 else cell


def _registers(partners: Rows) -> list[Start]:
    hubs = ("North", "East Midlands", "Sussex & Hampshire", "O'Brien's")
    programme: Rows = [["programme", "urn", "name", "cohort", "joined", "left", "trio"]]
    listed: Rows = [list(_LIST)]
    for number, (urn, name, joined, left, _) in enumerate(partners[1:]):
        named = PROGRAMME if number % 3 else "another"
        programme.append(
            [named, urn, name, joined[:4], joined, left, f"trio {number // 3}"]
        )
        left = "2020-08-31" if number % 9 == 4 and joined < "2020" else left
        listed.append([urn, name, "", joined, left, hubs[number % 4]])
    titled: Rows = [["Members of the partnership"], [], *listed]
    return [
        Start(
            "made: programmes.csv",
            "register",
            "programmes.csv",
            written(programme),
            texts=("NAME", "TRIO"),
            says=PROGRAMME,
        ),
        Start("made: list.csv", "list", "list.csv", written(listed), texts=_LIST[1:2]),
        Start(
            "made: list.xlsx", "list", "list.xlsx", workbook_of(titled), texts=_LIST[1:2]
        ),
    ]
