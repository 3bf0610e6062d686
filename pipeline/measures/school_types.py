"""Which schools a comparison may hold: the department's school types (NFTYPE)."""

from collections.abc import Iterable

from pipeline.measures.measure import KeyStage

# SOURCE: abbreviations.xlsx (performance tables 2019) and the codes met in the tables
# themselves: the long names stand in files that others tidied, in place of codes.
STATE_FUNDED: dict[str, str] = {
    "AC": "academy, sponsor led",
    "ACC": "academy converter",
    "CY": "community school",
    "VA": "voluntary aided school",
    "VC": "voluntary controlled school",
    "FD": "foundation school",
    "CTC": "city technology college",
    "F": "free school",
    "FUTC": "university technical college",
    "UTC": "university technical college",
    "FSS": "studio school",
    "SS": "studio school",
    "STUDIO": "studio school",
    "MODFC": "school funded by another department",
    "CYS": "community special school",
    "FDS": "foundation special school",
    "ACS": "academy special school",
    "ACCS": "special academy converter",
    "FS": "special free school",
    "SP": "special free school",
    "CONSORTIUM": "sixth form that several schools share",
}
NOT_STATE_FUNDED: dict[str, str] = {
    "IND": "independent school",
    "INDSPEC": "independent special school",
    "INDSPS": "independent special school",
    "INDSS": "independent special school",
    "NMSS": "non-maintained special school",
}
# ASSUME: colleges are no mainstream schools at key stages 2 and 4: they enter for GCSEs
# mostly older or part-time pupils, and the department's school comparisons leave them
# out too. At key stage 5 they are compared: the state-funded row counts them, with three
# in ten of the A level students of the state sector.
COLLEGES: dict[str, str] = {
    "FESI": "further education college",
    "GENERAL FURTHER EDUCATION COLLEGE": "further education college",
    "GENERAL FURTHER EDUCATION COLLEGE (SPECIAL)": "further education college",
    "SIXTH FORM COLLEGE": "sixth form college",
    "TERTIARY COLLEGE": "tertiary college",
    "SPECIALIST DESIGNATED COLLEGE": "specialist college",
    "AGRICULTURE AND HORTICULTURAL COLLEGE": "specialist college",
    "AGRICULTURE AND HORTICULTURE COLLEGE": "specialist college",
    "ART, DESIGN AND PERFORMING ARTS COLLEGE": "specialist college",
    "F1619": "16 to 19 free school",
    "ACC1619": "16 to 19 academy",
    "AC1619": "16 to 19 academy",
}

# SOURCE: abbreviations.xlsx; NFTYPE in the tables of key stage 5, where special schools
# are no record type of their own.
SPECIAL = frozenset({"CYS", "FDS", "ACS", "ACCS", "FS", "SP"})

# SOURCE: establishment_type_group as in ks4_school_info_2024.csv, which writes out what
# the tables of the older site give as a code.
CODES_OF_TYPE_GROUPS: dict[str, str] = {
    "converter academies": "ACC",
    "sponsored academies": "AC",
    "free schools": "F",
    "community school": "CY",
    "voluntary aided school": "VA",
    "voluntary controlled school": "VC",
    "foundation school": "FD",
    "university technical colleges (utcs)": "UTC",
    "studio schools": "SS",
    "ctcs": "CTC",
    "fe 14-16 colleges": "FESI",
    "community special school": "CYS",
    "foundation special school": "FDS",
    "sponsored academies - special school": "ACS",
    "converter academies - special school": "ACCS",
    "free schools - special school": "FS",
    "independent schools": "IND",
    "independent special schools": "INDSS",
    "non-maintained special schools": "NMSS",
}

MAINSTREAM = "state-funded mainstream"


def place_in_comparison(
    record_type: str, school_type: str, key_stage: KeyStage = "ks4"
) -> str:
    """Say where a school stands: `MAINSTREAM`, or the reason why it is left out.

    A mainstream school whose type is blank is kept, since the files that lack types
    lack them for ordinary schools, mostly those that have closed since; the flow
    counts them. A type that this list does not know is left out, and counted too.
    At key stage 5 colleges are kept, since the state funds them as it funds sixth forms
    of schools, and special schools are told by their type.
    """
    code = school_type.strip().upper()
    if key_stage == "ks5":
        if code in COLLEGES:
            return MAINSTREAM
        if code in SPECIAL:
            return "special school"
    elif record_type == "2":
        return "special school"
    if code in NOT_STATE_FUNDED:
        return "independent or non-maintained"
    if code in COLLEGES:
        return "college"
    if code == "" or code in STATE_FUNDED:
        return MAINSTREAM
    return "school type not recognised"


def are_one_type(codes: Iterable[str]) -> bool:
    """Say whether codes may be of one type: blanks say nothing, and some are synonyms.

    The department's files write INDSPEC and INDSS for one type, UTC and FUTC for another.
    """
    known = STATE_FUNDED | NOT_STATE_FUNDED | COLLEGES
    stated = {code.strip().upper() for code in codes} - {""}
    return len({known.get(code, code) for code in stated}) < 2


def is_state_funded(school_type: str) -> bool:
    """Say whether the department's state-funded national row counts this type.

    Colleges are state funded and count, with their pupils aged 14 to 16 at key stage 4;
    a blank type counts.
    """
    code = school_type.strip().upper()
    return code in STATE_FUNDED or code in COLLEGES or code == ""


def code_of_type_group(label: str) -> str:
    """Give the code (NFTYPE) of a type that explore-education-statistics writes out.

    A label that the list does not know comes back as it is: it is then no recognised
    type, and its schools are left out and counted.
    """
    return CODES_OF_TYPE_GROUPS.get(label.strip().lower(), label.strip())


def record_type_of(code: str) -> str:
    """Give the record type (1 mainstream, 2 special) of a school whose table has none."""
    special = code in SPECIAL or code in {"INDSPEC", "INDSPS", "INDSS", "NMSS"}
    return "2" if special else "1"
