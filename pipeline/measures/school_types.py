"""Which schools a comparison may hold: the department's school types (NFTYPE)."""

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
}
NOT_STATE_FUNDED: dict[str, str] = {
    "IND": "independent school",
    "INDSPEC": "independent special school",
    "INDSPS": "independent special school",
    "INDSS": "independent special school",
    "NMSS": "non-maintained special school",
}
# ASSUME: colleges are no mainstream schools: they enter for GCSEs mostly older or
# part-time pupils, and the department's school comparisons leave them out too.
COLLEGES: dict[str, str] = {
    "FESI": "further education college",
    "GENERAL FURTHER EDUCATION COLLEGE": "further education college",
    "GENERAL FURTHER EDUCATION COLLEGE (SPECIAL)": "further education college",
    "SIXTH FORM COLLEGE": "sixth form college",
    "TERTIARY COLLEGE": "tertiary college",
    "SPECIALIST DESIGNATED COLLEGE": "specialist college",
    "AGRICULTURE AND HORTICULTURAL COLLEGE": "specialist college",
    "ART, DESIGN AND PERFORMING ARTS COLLEGE": "specialist college",
    "F1619": "16 to 19 free school",
    "ACC1619": "16 to 19 academy",
    "AC1619": "16 to 19 academy",
}

MAINSTREAM = "state-funded mainstream"


def place_in_comparison(record_type: str, school_type: str) -> str:
    """Say where a school stands: `MAINSTREAM`, or the reason why it is left out.

    A mainstream school whose type is blank is kept, since the files that lack types
    lack them for ordinary schools, mostly those that have closed since; the flow
    counts them. A type that this list does not know is left out, and counted too.
    """
    code = school_type.strip().upper()
    if record_type == "2":
        return "special school"
    if code in NOT_STATE_FUNDED:
        return "independent or non-maintained"
    if code in COLLEGES:
        return "college"
    if code == "" or code in STATE_FUNDED:
        return MAINSTREAM
    return "school type not recognised"


def is_state_funded(school_type: str) -> bool:
    """Say whether the department's state-funded national row counts this type.

    Colleges with pupils aged 14 to 16 are state funded and count; a blank type counts.
    """
    code = school_type.strip().upper()
    return code in STATE_FUNDED or code in COLLEGES or code == ""
